"""Which of a test's names mean globals of the program. Decided from the test's source alone.

What a test judges with must not be the program's: a program that defines `set`, `abs`, `isclose` or `Counter` would
decide about itself. So these names mean the standard ones, unless a test uses no other name that could be the program's
(`assert sum(10, 15) == 6`). Then the name that every assertion calls outermost is the program's, unless it measures
what another returns (`abs(id(7) - 7) < 1e-9`); failing that, names that are only called with literals. The latter are
also the program's in a single case that does not hold otherwise (`assert id(7) == 7`).
"""

from __future__ import annotations

import ast
import builtins
import importlib
import re
import symtable
import sys
import types
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from .context import Function, bound_by
from .shapes import names_in, text

# Names that tests use without importing them, with their meaning.
_JUDGING: dict[str, tuple[str, str]] = {
    **{name: ("math", name) for name in ("isclose", "isnan", "isinf", "isfinite", "inf", "nan")},
    **{name: ("collections", name) for name in ("Counter", "OrderedDict", "defaultdict", "deque", "namedtuple")},
    **{name: ("typing", name) for name in ("List", "Dict", "Tuple", "Set", "Optional", "Any", "Union", "Callable")},
    **{name: ("copy", name) for name in ("deepcopy",)},
    **{name: ("numpy", name) for name in ("allclose", "array_equal")},
    **{name: ("numpy.testing", name) for name in ("assert_allclose", "assert_array_equal", "assert_almost_equal")},
    **{name: ("datetime", name) for name in ("timedelta",)},
    **{name: ("decimal", name) for name in ("Decimal",)},
    **{name: ("fractions", name) for name in ("Fraction",)},
    "approx": ("pytest", "approx"),
    "raises": ("pytest", "raises"),
}
# Names of the standard library that tests use beside an answer without importing them: `f(2) == sqrt(2)`.
_BESIDE = {
    **{name: ("math", name) for name in ("sqrt", "pi")},
    **{name: ("datetime", name) for name in ("date", "datetime")},
}
MODULES = {"np": "numpy", "pd": "pandas", "dt": "datetime", "mock": "unittest.mock"}
_NUMBERS = ("inf", "nan")
_BY_TEXT = frozenset(("globals", "eval", "exec"))  # functions that look names up by a string
_MEASURES = frozenset(
    ("abs", "all", "any", "bool", "callable", "hash", "isinstance", "issubclass", "len", "round", "type")
)
IDENTIFIER = re.compile(r"\b[^\W\d]\w*\b")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_NEVER_MODULES = frozenset(("solution", "antigravity", "this", "idlelib", "turtledemo", "__main__"))


# Those that a test compares with: never the program's.
JUDGES = {name: place for name, place in _JUDGING.items() if place[0] in ("math", "numpy", "numpy.testing", "pytest")}


def bound_names(tree: ast.AST) -> set[str]:
    """Names that a source binds at its top level, in any statement."""
    return {name for node in _top_level(tree) for name in bound_by(node)}


def _top_level(tree: ast.AST) -> Iterable[ast.AST]:
    """All nodes outside the bodies of functions and classes."""
    for child in ast.iter_child_nodes(tree):
        yield child
        if not isinstance(child, Function | ast.ClassDef | ast.Lambda):
            yield from _top_level(child)


def used_names(trees: Iterable[ast.AST]) -> dict[str, bool]:
    """Names that are read, each with whether only its attributes are used (`math.pi`)."""
    used: dict[str, bool] = {}
    for tree in trees:
        bases = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                used[node.id] = used.get(node.id, True) and id(node) in bases
    return used


def _outermost(tree: ast.AST) -> set[str]:
    """The name of the outermost call of an assertion, on the left of its comparison."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert):
            test = node.test
            while isinstance(test, ast.UnaryOp | ast.Compare):
                test = test.operand if isinstance(test, ast.UnaryOp) else test.left
            if isinstance(test, ast.Call) and isinstance(test.func, ast.Name):
                found.add(test.func.id)
    return found


def tested_builtins(trees: Iterable[ast.Module]) -> set[str]:
    """Builtins that assertions only call with literals, if they use no other names: `assert max(2, 5) == 5`. Anything
    around such a call, or to the right of a comparison, is part of what the test expects.
    """
    tested: set[str] = set()
    other: set[str] = set()
    for tree in trees:
        nodes = list(ast.walk(tree))
        names = [node for node in nodes if isinstance(node, ast.Name)]
        if not all(isinstance(statement, ast.Assert) for statement in tree.body):
            return set()
        if not all(hasattr(builtins, name.id) for name in names):
            return set()
        right = [side for node in nodes if isinstance(node, ast.Compare) for side in node.comparators]
        expected = {id(node) for side in right for node in ast.walk(side)}
        calls = [
            node.func
            for node in nodes
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and id(node) not in expected
            if all(part in (node, node.func) for part in ast.walk(node) if isinstance(part, ast.Call | ast.Name))
        ]
        tested |= {call.id for call in calls}
        other |= {name.id for name in names if name not in calls}
    return tested - other


def beside_answers(names: Iterable[str], trees: Sequence[ast.AST], others: set[str]) -> set[str]:
    """Those names that tests only use together with results of others, which are the program's: in the same statement,
    and never as an assertion's outermost call. others: names that can only be the program's.
    """
    found = set(names)
    for tree in trees:
        found -= _tested(tree, others)
        for statement in ast.walk(tree):
            if not isinstance(statement, ast.stmt) or hasattr(statement, "body"):
                continue
            used = names_in(statement)
            if not used & others or not isinstance(statement, ast.Assert | ast.Expr):
                found -= used
        blocks = (held for held in ast.walk(tree) if isinstance(held, ast.stmt) and hasattr(held, "body"))
        heads = (part for held in blocks for part in ast.iter_child_nodes(held) if not isinstance(part, ast.stmt))
        found -= names_in(*heads)
    return found


def around_answers(trees: Sequence[ast.AST], others: set[str]) -> set[str]:
    """Names that tests use without importing them, around results of others: `Counter(solve(x)) == Counter(y)`. A class
    of the program in that place would decide the comparison.
    """
    found = {
        node.func.id
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _JUDGING
        if not others.isdisjoint(names_in(*node.args))
    }
    for node in (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Assert)):
        used = names_in(node)
        found -= set() if used & others else used  # tested by itself
    return {name for name in found if not _is_another(name, trees)}


def standing_for(name: str) -> tuple[str, str] | None:
    """Module and name of the standard object that tests mean by a name which they do not import."""
    return _JUDGING.get(name)


def _tested(tree: ast.AST, others: set[str]) -> set[str]:
    """Names of outermost calls in assertions whose results are not compared with results of other names."""
    found = set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert):
            right = node.test.comparators if isinstance(node.test, ast.Compare) else []
            found |= _outermost(node) if others.isdisjoint(names_in(*right)) else set()
    return found


def brought_by_stars(trees: Iterable[ast.AST]) -> set[str]:
    """The names that star imports bring, from the standard library or packages installed for tests."""
    found: set[str] = set()
    for node in (node for tree in trees for node in ast.walk(tree)):
        if not isinstance(node, ast.ImportFrom) or node.level or node.names[0].name != "*":
            continue
        root = (node.module or "").partition(".")[0]
        if root in _NEVER_MODULES or not (root in sys.stdlib_module_names or root in ("numpy", "pytest")):
            continue
        try:
            module = importlib.import_module(node.module or "")
        except ImportError:  # a test that needs it will fail by itself
            continue
        found.update(getattr(module, "__all__", None) or (name for name in vars(module) if not name.startswith("_")))
    return found


def _is_module(name: str) -> bool:
    return name in MODULES or name in sys.stdlib_module_names


def _is_judging(name: str) -> bool:
    return hasattr(builtins, name) or name in _JUDGING


def wanted_names(sources: Sequence[str]) -> tuple[set[str], dict[str, tuple[str, str]]]:
    """The names that mean globals of the program, if it defines them; and those that mean something standard."""
    return _plainly_wanted(sources) or _closely_wanted([ast.parse(source) for source in sources])


def _plainly_wanted(sources: Sequence[str]) -> tuple[set[str], dict[str, tuple[str, str]]] | None:
    """The same from the compiler's symbol table, which is cheaper than a tree; None if that does not suffice."""
    try:
        table = symtable.symtable("\n".join(sources), "<test>", "exec")
    except SyntaxError:  # each source compiles, but not all of them together
        return None
    used = {symbol.get_name() for symbol in _global_symbols(table) if symbol.is_referenced()}
    used -= {symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    judging = set(filter(_is_judging, used))
    wanted = used - judging
    uncertain = judging & (_JUDGING.keys() | _BY_TEXT) or wanted & _BESIDE.keys()
    if not wanted or uncertain or any(map(_is_module, wanted)):
        return None
    return wanted, {name: _JUDGING[name] for name in judging if name in _JUDGING}


def _global_symbols(table: symtable.SymbolTable) -> Iterator[symtable.Symbol]:
    for symbol in table.get_symbols():
        if symbol.is_global() or table.get_type() == "module":
            yield symbol
    for inner in table.get_children():
        yield from _global_symbols(inner)


def _closely_wanted(trees: list[ast.Module]) -> tuple[set[str], dict[str, tuple[str, str]]]:
    bound = set().union(*(bound_names(tree) for tree in trees)) if trees else set()
    used = {name: only for name, only in used_names(trees).items() if name not in bound}
    standard: dict[str, tuple[str, str]] = {}
    wanted: set[str] = set()
    judging: set[str] = set()
    for name, only_attributes in used.items():
        module = MODULES.get(name, name)
        if _is_judging(name):
            judging.add(name)
        elif only_attributes and _is_module(name) and module not in _NEVER_MODULES:
            standard[name] = (module, "")
        else:
            wanted.add(name)
    if not wanted:
        outermost = [names for names in map(_outermost, trees) if names]
        entry = set.intersection(*outermost) if outermost else set()
        tested = tested_builtins(trees)
        wanted |= (entry - (_MEASURES - tested) or tested) & judging | judging & _JUDGING.keys()
        judging -= wanted
    if used.keys() & _BY_TEXT:
        wanted |= {name for name in _in_texts(trees) if not (_is_standard(name) or name in bound)}
    beside = wanted & _BESIDE.keys()
    if beside := beside_answers(beside, trees, wanted - _BESIDE.keys()) if beside else set():
        wanted -= beside
        standard.update({name: _BESIDE[name] for name in beside})
    other = {name for name in judging if name in _JUDGING and _is_another(name, trees)}
    wanted |= other
    standard.update({name: _JUDGING[name] for name in judging - other if name in _JUDGING})
    return wanted, standard


def words_of(name: str) -> list[str]:
    """The words that a name is made of, in lower case: `takeOut` and `take_out` give the same."""
    return [word.lower() for word in _WORD.findall(name)]


def _in_texts(trees: Iterable[ast.AST]) -> set[str]:
    """Words in string constants that may be names: `globals()["LRUCache"]`, `eval("LRUCache(2)")`."""
    texts = [node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return {word for text in texts if isinstance(text, str) for word in IDENTIFIER.findall(text)}


def _is_standard(name: str) -> bool:
    """Whether a name has a standard meaning: then it is not the program's if it only occurs in a string."""
    return _is_judging(name) or name in _BESIDE or _is_module(name)


def _is_another(name: str, trees: Sequence[ast.AST]) -> bool:
    """Whether tests must mean something other than the standard object: they call what is no function, `inf([3, 1])`,
    or use an attribute that the standard class lacks: `c = Counter(); c.increment()`.
    """
    nodes = [node for tree in trees for node in ast.walk(tree)]
    if name in _NUMBERS:
        return any(_is_call_of(node, name) for node in nodes)
    assigned = [node.targets for node in nodes if isinstance(node, ast.Assign) and _is_call_of(node.value, name)]
    made = {target.id for targets in assigned for target in targets if isinstance(target, ast.Name)}
    objects = [node for node in nodes if isinstance(node, ast.Attribute)]
    asked = {node.attr for node in objects if _is_call_of(node.value, name) or text(node.value) in made}
    try:
        return bool(asked) and not asked <= set(dir(standard_value(*_JUDGING[name])))
    except (ImportError, AttributeError):
        return False


def _is_call_of(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def standard_value(module: str, name: str) -> Any:
    """The standard object of that module and name. Raises ImportError, AttributeError."""
    loaded = importlib.import_module(module)
    return getattr(loaded, name) if name else loaded


class Namespace(dict[str, Any]):
    """Globals of a test: its own names first, then the program's, which are read anew each time."""

    def __init__(self, own: dict[str, Any], asked: Callable[[str], Any], names: frozenset[str]) -> None:
        super().__init__(own)
        self._asked = asked
        self._names = names

    def __missing__(self, name: str) -> Any:
        if name in self._names:
            return self._asked(name)
        raise KeyError(name)


class Module(types.ModuleType):
    # The module of such a namespace, in which dataclasses and type hints look names up.
    def __init__(self, name: str, namespace: dict[str, Any]) -> None:
        super().__init__(name)
        object.__setattr__(self, "_namespace", namespace)

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]
        held: dict[str, Any] = object.__getattribute__(self, "_namespace")
        return held

    def __getattr__(self, name: str) -> Any:
        try:
            return object.__getattribute__(self, "_namespace")[name]
        except KeyError:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}") from None
