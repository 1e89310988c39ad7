"""In the checker: which names tests define for the program to use, by their source.

In the data sets that the styles `asserts` and `check` come from, tests and program share a namespace: a program may
create a `ListNode` that the setup defines, call its `isBadVersion(n)`, or use a module that it imports. So these names
are lent: imports, classes that only hold data, and functions that the tests themselves never use. What a test judges
with is never lent: a function that it calls may be the one that knows the answer, and one with assertions would reveal
it. Nor is anything whose name says that it is the answer (`reference`, `expected_sum`, or `solve_slow` if the tests
call `solve`).
"""

from __future__ import annotations

import ast
import builtins
import itertools
import math
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from ..shared import likeness
from . import defined_data
from .context import Function, name_of
from .names import bound_names, words_of
from .shapes import called, names_in, parameters_in, read_in, stored_in

_DEFINES = re.compile(
    r"^(\w+\s*=.*\bnamedtuple\(|"
    r"class\s|async def\s|import\s|from\s|def\s+(?!check\b)|(?!METADATA\b)\w+\s*(:.*)?=\s*[-\dfmTFN'\"\[({])",
    re.MULTILINE,
)
_MAKERS = frozenset(("int", "float", "str", "bool", "list", "tuple", "dict", "set", "deque", "defaultdict"))
_BASES = ("object", "")
_INFINITE = r"float\('-?inf'\)|math\.inf"
_NUMBER = re.compile(
    rf"-?(?:{_INFINITE}|\d{{1,18}}|10 ?\*\* ?\d\d?(?: ?[+-] ?\d{{1,3}})?|1 ?<< ?\d\d?|\d{{1,9}}\.\d{{1,18}}|1e-?\d\d?)"
)

# Words in names of what an answer is compared with.
_ANSWERS = frozenset(
    (
        *("ref", "reference", "expect", "expected", "oracle", "brute", "bruteforce", "force", "naive", "golden"),
        *("gold", "truth", "groundtruth", "correct", "answer", "answers", "solution", "canonical", "judge", "want"),
        *("check", "checker", "verify", "validate", "grade", "grader"),
    )
)
_SAY_NOTHING = frozenset(("METADATA", "__all__"))
_NO_POSITION = re.compile(r"\b(?:ClassVar\b|kw_only=True|init=False)")
_NAME = re.compile(r"\w+")


def lent(sources: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """Names with their kinds: `("class", its fields by position, its hashes)`, `("late exception", its hashes)`,
    `("function",)`, `("async function",)`, `("import", module, name)`, `("number", value)`, or `("literal", source)`.
    `("record", its hashes, source)` is a named tuple.
    Under keys that are no identifiers: `("star", module)`, for all names of a star import, and `("base", name,
    source)`, for classes to derive from.
    """
    if not any(_DEFINES.search(source) for source in sources):
        return {}
    trees = [ast.parse(source) for source in sources]
    found = {**dict(_imported(trees)), **_constants(trees)}
    defined = {node.name: node for tree in trees for node in tree.body if isinstance(node, Function | ast.ClassDef)}
    bound = set().union(*(bound_names(tree) for tree in trees))
    for name, made in defined_data.named_tuples(node for tree in trees for node in tree.body):
        if _stands_alone(made, defined, bound) and all(map(_is_blank, defined_data.defaults_of(made))):
            marks = likeness.marks_of(made) if isinstance(made, ast.ClassDef) else ()
            found[name] = ("record", marks, ast.unparse(made))
    for name, node in defined.items():
        if found.get(name, ("",))[0] == "record":
            continue
        if isinstance(node, ast.ClassDef):
            if _is_to_derive_from(node) and _is_only_told(name, node, trees):
                shown = _without_judges(node)
                if _stands_alone(shown, defined, bound):
                    found[f"base {name}"] = ("base", name, ast.unparse(shown))
            if _is_exception(node):
                found[name] = ("late exception", likeness.marks_of(node))
            elif _is_enumeration(node):
                found[name] = ("class", (), likeness.marks_of(node))
            elif only_holds(node) or (not _is_used(name, node, trees) and _stands_alone(node, defined, bound)):
                found[name] = ("class", _matched(node), likeness.marks_of(node))
        elif not (node.decorator_list or _is_used(name, node, trees)) and _stands_alone(node, defined, bound):
            found[name] = ("async function" if isinstance(node, ast.AsyncFunctionDef) else "function",)
    calls = (n.func for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Call))
    tested = {called.id for called in calls if isinstance(called, ast.Name)} - bound
    return {name: what for name, what in found.items() if what[0] in _KEPT or not is_answer(name, tested)}


_KEPT = ("class", "late exception", "import", "star", "base")
_OF_PROMPTS = frozenset(("object", "ABC"))
_ENUMERATIONS = frozenset(("Enum", "IntEnum", "StrEnum", "Flag", "IntFlag"))
_OF_MEMBERS = frozenset(("str", "int", "float", "bytes"))
_MARKS_OF_CLASSES = frozenset(("dataclass", "total_ordering", "unique"))


def lent_by_prompt(prompt: str, entry_point: str, test: str) -> dict[str, tuple[Any, ...]]:
    """Classes that a prompt defines beside the entry point, `("class", ...)` as above, `("exception", ...)`,
    `("enumeration", its members)`, `("record", its hashes)`: a named tuple, or derived from `str` or `int`; and
    `("plain",)`: derived from another plain type.

    Test and program mean the same classes by these names: objects that the program creates and those handed to it are
    of the prompt's class, even if the program redefines it, and members of enumerations correspond by name. If the test
    mentions none of them, the program uses its own, which needs no communication.
    """
    if "class " not in prompt and "namedtuple(" not in prompt:
        return {}
    try:
        tree = ast.parse(prompt)
    except (SyntaxError, ValueError):  # the prompt stops in the middle of a function
        return {}
    found: dict[str, tuple[Any, ...]] = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name != entry_point and (kind := _kind_of(node, found)):
            found[node.name] = (kind, *_details(kind, node))
    found |= {
        name: ("record", ()) for name, made in defined_data.named_tuples(tree.body) if isinstance(made, ast.Assign)
    }
    words = set(_NAME.findall(test))
    for node in tree.body:
        if isinstance(node, Function) and node.name in words - {entry_point}:  # a helper that the test calls
            words.update(_NAME.findall(ast.unparse(node)))
    return found if words & found.keys() else {}


def _details(kind: str, definition: ast.ClassDef) -> tuple[Any, ...]:
    if kind in ("class", "exception"):
        return _matched(definition), likeness.marks_of(definition)
    return {"enumeration": (_members(definition),), "record": (likeness.marks_of(definition),)}.get(kind, ())


def _kind_of(definition: ast.ClassDef, found: dict[str, tuple[Any, ...]]) -> str:
    """Whether it is an ordinary class, an exception class or one of data; "" if it is created in some special way."""
    if kind := defined_data.kind_of(definition):
        return kind
    if definition.keywords or not _decorators(definition) <= _MARKS_OF_CLASSES:
        return ""
    kinds = set()
    for base in map(name_of, definition.bases):
        standard = getattr(builtins, base, None)
        if isinstance(standard, type) and issubclass(standard, Exception):
            kinds.add("exception")
        elif base in _ENUMERATIONS or (base in _OF_MEMBERS and len(definition.bases) > 1):
            kinds.add("enumeration")
        else:
            kinds.add(found[base][0] if base in found else "class" if base in _OF_PROMPTS else "")
    return kinds.pop() if len(kinds) == 1 else "" if kinds else "class"


def _decorators(definition: ast.ClassDef) -> set[str]:
    return {name_of(called(mark)) for mark in definition.decorator_list}


def _members(definition: ast.ClassDef) -> tuple[str, ...]:
    assigned = (node.targets[0] for node in definition.body if isinstance(node, ast.Assign))
    return tuple(target.id for target in assigned if isinstance(target, ast.Name) and not target.id.startswith("_"))


def is_answer(name: str, called: Iterable[str] = ()) -> bool:
    """Whether a name says that it is the answer, or another implementation of what the tests call."""
    if not _ANSWERS.isdisjoint(words_of(name)):
        return True
    return any(len(other) > 2 and other in name and not name.replace(other, "").isdigit() for other in called)


def _imported(trees: Iterable[ast.Module]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for node in (node for tree in trees for node in tree.body):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname or "." not in alias.name:
                    yield alias.asname or alias.name, ("import", alias.name, "")
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                if alias.name == "*":
                    yield f"* of {node.module}", ("star", node.module)
                else:
                    yield alias.asname or alias.name, ("import", node.module, alias.name)


def _constants(trees: Sequence[ast.Module]) -> dict[str, tuple[Any, ...]]:
    """Constants that the tests define and never use: `inf = float("inf")`, `GRID = ["..#"]`; or of numbers, only to
    take remainders: `MOD = 10**9 + 7`.
    """
    found: dict[str, tuple[Any, ...]] = {}
    for node in (node for tree in trees for node in tree.body):
        target = node.targets[0] if isinstance(node, ast.Assign) and len(node.targets) == 1 else None
        target = node.target if isinstance(node, ast.AnnAssign) else target
        value = getattr(node, "value", None)
        if isinstance(target, ast.Name) and isinstance(value, ast.expr):
            name, text = target.id, ast.unparse(value)
            if _NUMBER.fullmatch(text) and ("inf" in text or not _is_used(name, node, trees, _moduli(trees))):
                found[name] = ("number", eval(text, {"__builtins__": {"float": float}, "math": math}))
            elif name not in _SAY_NOTHING and _is_written(value) and not _is_used(name, node, trees):
                found[name] = ("literal", text)
    return found


def _moduli(trees: Iterable[ast.Module]) -> set[int]:
    """What the tests divide by to take a remainder, which says no answer: `want % MOD`, `pow(2, n, MOD)`."""
    found: set[int] = set()
    for node in (node for tree in trees for node in ast.walk(tree)):
        match node:
            case ast.BinOp(left=ast.Constant(value=str()) | ast.JoinedStr(), op=ast.Mod()):
                continue
            case ast.BinOp(op=ast.Mod(), right=modulus) | ast.Call(func=ast.Name(id="pow"), args=[_, _, modulus]):
                found.add(id(modulus))
    return found


def _is_used(name: str, definition: ast.AST, trees: Iterable[ast.Module], beside: Collection[int] = ()) -> bool:
    """Whether the tests mention it outside its definition, including in strings: `globals()["f"]`. beside: nodes that
    do not count.
    """
    own = {*map(id, ast.walk(definition)), *beside}
    for node in (node for tree in trees for node in ast.walk(tree) if id(node) not in own):
        if isinstance(node, ast.Name) and node.id == name:
            return True
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and name in node.value:
            return True
    return False


def _is_to_derive_from(definition: ast.ClassDef) -> bool:
    """Whether it leaves methods to subclasses: `@abstractmethod`, `raise NotImplementedError`."""
    if definition.keywords or definition.decorator_list or is_answer(definition.name):
        return False
    if any(name_of(base) not in ("object", "ABC") for base in definition.bases):
        return False
    methods = (node for node in definition.body if isinstance(node, Function))
    return not names_in(*methods).isdisjoint(("abstractmethod", "NotImplementedError"))


def _without_judges(definition: ast.ClassDef) -> ast.ClassDef:
    body = [node for node in definition.body if not judges(node)]
    return ast.ClassDef(**{**dict(ast.iter_fields(definition)), "body": body})


def judges(method: ast.stmt) -> bool:
    """Whether a method asserts, or compares its object's answer with a value: `self.solve([3, 1]) == [1, 3]`."""
    if isinstance(method, Function) and any(isinstance(node, ast.Assert) for node in ast.walk(method)):
        return True
    compared = (node for node in ast.walk(method) if isinstance(method, Function) and isinstance(node, ast.Compare))
    for sides in ([node.left, *node.comparators] for node in compared):
        calls = [n for side in sides for n in ast.walk(side) if isinstance(n, ast.Call)]
        asked = (n for n in calls if isinstance(n.func, ast.Attribute) and isinstance(n.func.value, ast.Name))
        if any(n.args and all(map(_is_written, n.args)) for n in asked) and any(map(_is_written, sides)):
            return True
    return False


def _is_written(value: ast.expr) -> bool:
    allowed = ast.Constant | ast.List | ast.Tuple | ast.Set | ast.Dict | ast.UnaryOp | ast.unaryop | ast.expr_context
    return all(isinstance(node, allowed) for node in ast.walk(value))


def _is_only_told(name: str, definition: ast.AST, trees: Iterable[ast.Module]) -> bool:
    """Whether the tests only use the class to check which objects are of it: `isinstance(shape, Shape)`."""
    own = set(map(id, ast.walk(definition)))
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Call) and name_of(node.func) in ("isinstance", "issubclass"):
            own.update(id(inner) for inner in ast.walk(node))
    nodes = (node for tree in trees for node in ast.walk(tree))
    return not any(isinstance(n, ast.Name) and n.id == name and id(n) not in own for n in nodes)


def _stands_alone(definition: ast.AST, defined: Iterable[str], bound: set[str]) -> bool:
    """Whether it asserts nothing, and needs nothing that the program or another definition of the tests provides."""
    nodes = list(ast.walk(definition))
    if any(isinstance(node, ast.Assert) for node in nodes):
        return False
    own = parameters_in(definition) | stored_in(definition)
    own |= {node.name for node in nodes if isinstance(node, Function | ast.ClassDef)}
    used = read_in(definition) - own
    return not used & set(defined) and all(name in bound or hasattr(builtins, name) for name in used)


def only_holds(definition: ast.ClassDef) -> bool:
    """Whether its objects consist of their arguments alone: nodes of lists, trees and graphs, points, intervals."""
    if any(name_of(base) not in _BASES for base in definition.bases) or definition.keywords:
        return False
    if not _decorators(definition) <= {"dataclass"}:
        return False
    makes = bool(definition.decorator_list)
    for node in definition.body:
        if isinstance(node, ast.FunctionDef):
            if node.name == "__init__":
                makes = _only_keeps(node)
                if not makes:
                    return False
            elif not (node.name.startswith("__") or _is_plain_method(node, definition.name)):
                return False
        elif not (isinstance(node, ast.Pass | ast.Expr) or _says_little(node)):
            return False
    return makes


def _is_enumeration(definition: ast.ClassDef) -> bool:
    """Whether it is an enumeration of plain values and nothing else, and its name does not say that it is an answer."""
    if [ast.unparse(base) for base in definition.bases] not in (["Enum"], ["enum.Enum"]) or is_answer(definition.name):
        return False
    plain = not definition.keywords and not definition.decorator_list
    return plain and all(
        isinstance(node, ast.Assign)
        and (isinstance(node.value, ast.Constant) or ast.unparse(node.value) in ("auto()", "enum.auto()"))
        for node in likeness.statements(definition)
    )


def _is_exception(definition: ast.ClassDef) -> bool:
    """Whether it is an exception class that is bare (`class Overdrawn(Exception): pass`), or keeps its arguments."""
    bases = [getattr(builtins, name_of(base), None) for base in definition.bases]
    plain = not (definition.keywords or definition.decorator_list)
    return (
        plain
        and all(map(_is_of_arguments, likeness.statements(definition)))
        and all(
            isinstance(base, type) and issubclass(base, Exception) and not issubclass(base, AssertionError)
            for base in bases or (None,)
        )
    )


def _is_of_arguments(statement: ast.stmt) -> bool:
    """Whether it is a constructor or text of an exception that uses nothing but its arguments."""
    if not (isinstance(statement, ast.FunctionDef) and statement.name in ("__init__", "__str__", "__repr__")):
        return False
    nodes = list(ast.walk(statement))
    used = read_in(statement) - parameters_in(statement)
    defaults = (*statement.args.defaults, *(each for each in statement.args.kw_defaults if each is not None))
    allowed = all(map(_is_blank, defaults)) and not any(isinstance(node, ast.Assert | ast.Raise) for node in nodes)
    return allowed and used <= _IN_EXCEPTIONS


_IN_EXCEPTIONS = frozenset(("super", "str", "repr", "int", "float", "bool", "len", "Any", "Exception"))


def _matched(definition: ast.ClassDef) -> tuple[str, ...]:
    """Fields that `case Point(x, y)` matches by position: those of a dataclass."""
    marks = map(ast.unparse, definition.decorator_list)
    if not any("dataclass" in mark and "kw_only=True" not in mark for mark in marks):
        return ()
    fields = (ast.unparse(node) for node in definition.body if isinstance(node, ast.AnnAssign))
    first = itertools.takewhile(lambda field: "KW_ONLY" not in field, fields)
    return tuple(field.partition(":")[0] for field in first if not _NO_POSITION.search(field))


def _says_little(node: ast.stmt) -> bool:
    """Whether it declares a field with a default that cannot be an answer, or gives a special method another name."""
    if isinstance(node, ast.Assign):
        named = [name_of(target) for target in (*node.targets, node.value)]
        return named[0] == "__slots__" or _is_blank(node.value) or all(name.startswith("__") for name in named)
    return isinstance(node, ast.AnnAssign) and _is_blank(node.value)


def _is_blank(value: ast.expr | None) -> bool:
    """Whether a default carries no information: None, 0, `[]`, `field(...)`."""
    if isinstance(value, ast.Call):
        return name_of(value.func) == "field"
    allowed = ast.Constant | ast.List | ast.Dict | ast.Tuple | ast.expr_context
    nodes = list(ast.walk(value)) if value is not None else []
    return all(isinstance(node, allowed) and not getattr(node, "value", None) for node in nodes)


def _only_keeps(init: ast.FunctionDef) -> bool:
    """Whether a constructor only stores its arguments."""
    if len(init.args.args) + len(init.args.kwonlyargs) < 2:
        return False
    if not all(map(_is_blank, (*init.args.defaults, *init.args.kw_defaults))):
        return False
    for statement in init.body:
        if not isinstance(statement, ast.Assign | ast.AnnAssign | ast.Pass | ast.Expr | ast.If):
            return False
        for node in ast.walk(statement):
            if isinstance(node, ast.Call) and name_of(node.func) not in _MAKERS:
                return False
    return True


def _is_plain_method(method: ast.FunctionDef, class_name: str) -> bool:
    """Whether a method takes no argument, or is another constructor of such objects."""
    if any(name_of(mark) in ("classmethod", "staticmethod") for mark in method.decorator_list):
        calls = [name_of(node.func) for node in ast.walk(method) if isinstance(node, ast.Call)]
        return "cls" in calls or class_name in calls
    arguments = method.args
    return len(arguments.args) == 1 and not (arguments.kwonlyargs or arguments.vararg or arguments.kwarg)
