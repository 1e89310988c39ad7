"""In the checker: whether a test compares the program's answers with results of a class that the program may influence.

In `solve(xs) == Naive().solve(xs)`, a program that creates `Naive` controls both sides: `Naive` is a *yardstick*. A
class is no yardstick if everything that it defines is only called, or compared with values in the test's text:
`Dog().sound() == "woof"`. Decided from the source alone; in doubt, a class is a yardstick.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from ..shared import wire
from ..sources import context, shapes
from ..sources.context import Function
from . import controlled, marks, said, steady

_WRITTEN = (
    *(ast.Constant, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.BinOp, ast.UnaryOp, ast.keyword),
    *(ast.expr_context, ast.operator, ast.unaryop),
)
_PARTS = (*_WRITTEN, ast.Compare, ast.cmpop, ast.Name, ast.Attribute, ast.Call, ast.Subscript)
_PASSED_ON = ("approx", *(name for name in vars(builtins) if not name.startswith("_")))
# Modules of which what tests write is a value, or makes one: `math.pi`, `date(2020, 1, 1)`.
_STANDARD = ("pytest", "math", "datetime", "date", "timedelta", "decimal", "Decimal", "fractions", "Fraction")
# Methods that are not called by name: construction, texts, `with`, and ordering (which is asked of the program
# whenever two objects are compared). Any other operator may produce what the test expects.
_HARMLESS = """
    __init__ __new__ __post_init__ __init_subclass__ __class_getitem__ __set_name__ __repr__ __enter__ __exit__ __del__
    __aenter__ __aexit__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__ __hash__ __module__ __qualname__ __doc__ __slots__
    __match_args__ __annotations__ __annotate__ __annotate_func__ __classcell__ __static_attributes__ __firstlineno__
    __parameters__ __orig_bases__ __abstractmethods__ __type_params__ __dict__ __weakref__
"""
_SPECIAL = frozenset(_HARMLESS.split())
# Methods that are called without their name. Any other with such a name is read by it, as `__tablename__` is.
_CALLED_UNNAMED = """
    __getattr__ __getattribute__ __class__ __dir__ __get__ __set__ __delete__ __copy__ __deepcopy__ __replace__
    __reduce__ __reduce_ex__ __getstate__ __setstate__ __instancecheck__ __subclasscheck__ __subclasshook__
    __sizeof__ __length_hint__ __prepare__ __mro_entries__
"""
_UNNAMED = frozenset((*wire.CAPABILITIES, *_CALLED_UNNAMED.split())) - _SPECIAL
_BY_ITEM, _BY_LENGTH = frozenset(("__getitem__", "__missing__")), frozenset(("__len__",))  # seen by their syntax


class Asked(NamedTuple):
    """What tests ask objects of a class of theirs that the program creates, and what is therefore compared with what
    the test's own code has set or answered.
    """

    marks: frozenset[str] = frozenset()  # attributes (`marks.py`)
    answers: frozenset[str] = frozenset()  # methods and properties (`steady.py`)
    fields: frozenset[str] = frozenset()  # attributes on which these answers depend


def measured_by(name: str, body: Collection[str], place: str) -> Asked | None:
    """What tests ask of a class; None if the class is a yardstick. body: the names that the class defines. place: its
    qualified name.
    """
    special = {n for n in body if n.startswith("__") and n.endswith("__")}
    if controlled.only_program_makes([(tree, _family(tree, name)) for tree in context.trees()], name, body):
        return Asked()
    if special & _UNNAMED - _BY_ITEM - _BY_LENGTH:
        return None
    marked, answers = set[str](), set[str]()
    for tree in context.trees():
        own = set(body) - (special & _SPECIAL)
        if (measured := _measured(tree, name, own, place)) is None:
            return None
        marked |= measured[0]
        answers |= measured[1]
    fields = set[str]()
    if answers:
        line = [kind for tree in context.trees() for kind in _line(tree, name)]
        found = steady.fields(line)
        if found is None or not steady.are_methods(line, answers):
            return None
        fields = found
    return Asked(frozenset(marked), frozenset(answers), frozenset(fields))


def _measured(tree: ast.Module, name: str, body: set[str], place: str) -> tuple[set[str], set[str]] | None:
    """The marks that are asked for, and the other names by which the test measures. None if it is not by names."""
    family = _family(tree, name)
    inside = {id(n) for kind in [*family, *_made_there(tree)] for n in ast.walk(kind)}
    own = (body - _filled_by_program(tree, name)) | {n for kind in family for n in _kept(kind)}
    sound = {id(n) for n in _all_sound(tree)} - {id(n) for n in _verdicts(tree, family)}
    names = {name, *(kind.name for kind in family)}  # each case of `asserts` is a tree of its own
    controls = {id(n) for n in controlled.reads(tree, names)}
    elsewhere = (_of_itself(tree, names), _out_of_sight(tree, place), _annotations(tree), _of_others(tree, names))
    sound |= controls | {id(n) for part in elsewhere for n in part}
    outside = [n for n in ast.walk(tree) if id(n) not in inside]
    measuring = [n for n in outside if id(n) not in sound and _reads(n, own)]
    if not measuring:
        return set(), set()
    marked = marks.names(family, [n for n in outside if id(n) not in controls])
    parents = context.parents_of(tree)
    asked = {
        n.attr for n in measuring if isinstance(n, ast.Attribute) and n.attr in marked and marks.is_asked(n, parents)
    }
    others = [n for n in measuring if not (isinstance(n, ast.Attribute) and n.attr in asked)]
    answers = {n.attr for n in others if isinstance(n, ast.Attribute)}
    is_named = all(isinstance(n, ast.Attribute) for n in others)
    by_marks = all(marks.is_asked(n, parents) for n in measuring if isinstance(n, ast.Attribute) and n.attr in asked)
    return (asked, answers) if is_named and by_marks else None


def _filled_by_program(tree: ast.Module, name: str) -> set[str]:
    """Names to which the body of a class only binds what the program makes of values in the test's text: `Field(int)`.
    None of the test's code is in what is read by them.
    """
    ours = controlled.names_of_program(tree)
    found: dict[str, bool] = {}
    for kind in (n for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and n.name == name):
        for node in kind.body:
            made = isinstance(node, ast.Assign | ast.AnnAssign) and _is_made(node.value, ours)
            for bound in shapes.stored_in(node) | {getattr(node, "name", "")}:
                found[bound] = found.get(bound, True) and made
    return {bound for bound, made in found.items() if made}


def _is_made(value: ast.expr | None, ours: set[str]) -> bool:
    """Whether the program makes a value, and gets no code of the test for it."""
    known = (*_PASSED_ON, *ours)
    parts = [n for n in ast.walk(value) if isinstance(n, ast.expr)] if isinstance(value, ast.Call) else []
    return (
        isinstance(value, ast.Call)
        and shapes.root(value.func) in ours
        and all(isinstance(n, _PARTS) and (not isinstance(n, ast.Name) or n.id in known) for n in parts)
    )


def _verdicts(tree: ast.Module, family: list[ast.ClassDef]) -> Iterator[ast.expr]:
    """Calls, in statements of their own, of methods that fail if something is not right: who answers such a call may
    leave that out.
    """
    judging = {n.name for kind in family for n in ast.walk(kind) if isinstance(n, Function) and _may_fail(n)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            yield from (n for n in ast.walk(node) if isinstance(n, ast.Attribute) and n.attr in judging)


def _may_fail(function: ast.AST) -> bool:
    return any(
        isinstance(n, ast.Assert) or (isinstance(n, ast.stmt) and context.calls_assertion(n))
        for n in ast.walk(function)
    )


def _out_of_sight(tree: ast.Module, place: str) -> Iterator[ast.AST]:
    """The nodes of the tests other than the one that defines a class in its body: none of them can use it."""
    around, local, _ = place.partition(".<locals>.")
    own = around.rpartition(".")[2]
    for node in ast.walk(tree) if local and own.startswith("test") else ():
        if isinstance(node, Function) and node.name.startswith("test"):
            yield from ast.walk(node) if node.name != own else ()


def _annotations(tree: ast.Module) -> Iterator[ast.AST]:
    """The nodes of annotations: `def make(kind: type[Cache])` reads no item of an object."""
    for node in ast.walk(tree):
        annotation = getattr(node, "returns", None) or getattr(node, "annotation", None)
        yield from ast.walk(annotation) if annotation is not None else ()


def _of_others(tree: ast.Module, names: set[str]) -> Iterator[ast.AST]:
    """Reads on modules and on other classes of the tests: `time.time()`, `Color.RED`. names: those of the family."""
    if context.mentions("setattr", "patch"):
        return
    bound: dict[str, bool] = dict.fromkeys(names, False)
    for node in ast.walk(tree):
        names_bound = node.names if isinstance(node, ast.Global | ast.Nonlocal) else context.bound_by(node)
        for name in names_bound:
            bound[name] = bound.get(name, True) and _is_other(node, name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and bound.get(node.value.id):
            yield node


def _is_other(node: ast.AST, name: str) -> bool:
    """Whether a node binds a name to a module or an object of the standard library, or to a class."""
    modules: list[str] = []
    if isinstance(node, ast.Import):
        modules = [alias.name for alias in node.names if name in (alias.asname, alias.name.partition(".")[0])]
    elif isinstance(node, ast.ImportFrom):
        modules = [node.module or ""]
    standard = [module.partition(".")[0] in sys.stdlib_module_names for module in modules]
    return isinstance(node, ast.ClassDef) or (bool(standard) and all(standard))


def is_measure(attribute: str) -> bool:
    """Whether a test may compare an attribute of that name with anything but values in its own text."""
    for tree in context.trees():
        sound = {id(n) for n in _all_sound(tree)}
        if any(_reads(node, {attribute}) and id(node) not in sound for node in ast.walk(tree)):
            return True
    return attribute == "__doc__" and (context.mentions("getdoc") or context.mentions("doctest"))


def makes_measure(name: str) -> bool:
    """Whether a test may compare something with a result of a new object of that class: `== Naive().solve(xs)`."""
    for tree in context.trees():
        sound = {id(n) for n in _all_sound(tree)}
        reads = (n for n in ast.walk(tree) if isinstance(n, ast.Attribute) and shapes.is_call(n.value, (name,)))
        if any(id(node) not in sound for node in reads):
            return True
    return False


def _family(tree: ast.Module, name: str) -> list[ast.ClassDef]:
    """The class and its subclasses: what they do with their own attributes is the test's."""
    kinds = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    names = {name}
    for _ in kinds:
        names |= {kind.name for kind in kinds if any(context.name_of(base) in names for base in kind.bases)}
    return [kind for kind in kinds if kind.name in names and not kind.name.startswith("Test")]


def _line(tree: ast.Module, name: str) -> list[ast.ClassDef]:
    """The family of a class, and the classes of the test that they derive from."""
    kinds = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    found = _family(tree, name)
    for _ in kinds:
        above = {context.name_of(base) for kind in found for base in kind.bases}
        found += [kind for kind in kinds if kind.name in above and kind not in found]
    return found


def _made_there(tree: ast.Module) -> list[ast.ClassDef]:
    """Classes that derive from the program's and compare nothing. Each is looked at itself when it is created there."""
    ours = controlled.names_of_program(tree)
    kinds = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and not node.name.startswith("Test")]
    derived = [kind for kind in kinds if any(shapes.root(base) in ours for base in kind.bases)]
    return [kind for kind in derived if not any(isinstance(n, _CHOOSES) for n in ast.walk(kind))]


_CHOOSES = ast.Compare | ast.Assert | ast.If | ast.IfExp | ast.Match | ast.BoolOp


def _kept(kind: ast.ClassDef) -> Iterator[str]:
    """Attributes that its methods set."""
    for node in ast.walk(kind):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


def _of_itself(tree: ast.Module, family: set[str]) -> Iterator[ast.AST]:
    """Comparisons of what such a class contains, with nothing else: `Size.SMALL < Size.BIG`, `Size(5) is Size.BIG`.
    Or of something with itself: `lazy.v is lazy.v`. What its methods return may be right for other answers, too.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            held: list[ast.expr] = [node]
            if len(set(map(ast.dump, shapes.sides(node)))) == 1:
                yield from ast.walk(node)
        elif shapes.is_call(node, ("isinstance", "assertIsInstance")) and isinstance(node, ast.Call):
            held = node.args[:1]
        else:
            continue
        parts = [n for side in held for n in ast.walk(side)]
        named = {n.id for n in parts if isinstance(n, ast.Name)}
        whole = all(isinstance(n, _PARTS) for n in parts) and named <= family.union(_PASSED_ON)
        if whole and all(isinstance(n.func, ast.Name) for n in parts if isinstance(n, ast.Call)):
            yield from parts


def _reads(node: ast.AST, own: set[str]) -> bool:
    if isinstance(node, ast.Subscript) and own & _BY_ITEM:
        return isinstance(node.ctx, ast.Load)
    if shapes.is_call(node, ("len",)) and own & _BY_LENGTH:
        return True
    if shapes.is_call(node, ("getitem", "itemgetter", "length_hint")) and own & (_BY_ITEM | _BY_LENGTH):
        return True
    if isinstance(node, ast.Attribute):
        read = isinstance(node.ctx, ast.Load) and node.attr in own
        return read and not shapes.is_call(node.value, ("super",))
    return shapes.is_call(node, ("getattr", "attrgetter", "methodcaller")) and any(
        isinstance(part, ast.Constant) and part.value in own for part in ast.walk(node)
    )


def _all_sound(tree: ast.Module) -> Iterator[ast.expr]:
    """The sound reads of a tree."""
    objects = controlled.objects(tree)
    for node in ast.walk(tree):
        yield from _sound(node, objects)
        if isinstance(node, Function) and (names := said.said_names(node, _is_said)):
            yield from (n for inner in ast.walk(node) for n in _sound(inner, names | objects))


def _sound(node: ast.AST, known: Collection[str | int]) -> Iterator[ast.expr]:
    """Attribute reads whose result is discarded, or compared with a value in the test's text, or with an object that
    the program controls anyway. known: names of such values, and the identities of nodes that name such objects.
    """
    if isinstance(node, ast.Expr):
        called = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(called, ast.Call):
            yield called.func
        yield called
        return
    if isinstance(node, ast.Compare):
        sides = shapes.sides(node)
    elif isinstance(node, ast.Call) and shapes.compares(node):
        sides = node.args[:2]
    else:
        return
    if any(_is_said(side, known) for side in sides):
        for side in sides:
            yield from _spine(side)
            for part in _items(side) if not any(map(_says_yes_or_no, sides)) else ():
                yield from _spine(part)


def _is_said(side: ast.expr, known: Collection[str | int] = ()) -> bool:
    """Whether an expression is a literal value other than True, False or None. known: as for `_sound`."""
    if isinstance(side, ast.Constant) and (side.value is None or isinstance(side.value, bool)):
        return False
    return all(
        isinstance(n, _WRITTEN)
        or (isinstance(n, ast.Name) and (n.id in known or id(n) in known))
        or (isinstance(n, ast.Call | ast.Name | ast.Attribute) and context.name_of(shapes.called(n)) in _PASSED_ON)
        or (isinstance(n, ast.Call | ast.Name | ast.Attribute) and shapes.root(shapes.called(n)) in _STANDARD)
        for n in ast.walk(side)
    )


def _says_yes_or_no(side: ast.expr) -> bool:
    values = (node.value for node in ast.walk(side) if isinstance(node, ast.Constant))
    return any(value is None or isinstance(value, bool) for value in values)


def _items(side: ast.expr) -> Sequence[ast.expr]:
    """What is compared item by item: `[s.area() for s in shapes] == [1, 2]`."""
    match side:
        case ast.Call(func=ast.Name(id="list" | "tuple" | "sorted"), args=[only], keywords=[]):
            return _items(only)
        case ast.ListComp(elt=item) | ast.GeneratorExp(elt=item) | ast.SetComp(elt=item):
            return item.elts if isinstance(item, ast.Tuple) else [item]
        case ast.Tuple(elts=items) | ast.List(elts=items):
            return items
    return ()


def _spine(side: ast.expr) -> Iterator[ast.expr]:
    """The chain of an expression such as `a.b().c[0]`, without arguments; also of one whose distance to a value in the
    test's text is compared: `abs(a.b() - 1.5) < 1e-6`.
    """
    while True:
        match side:
            case ast.BinOp(left=asked, op=ast.Sub(), right=value) if _is_said(value):
                side = asked
            case ast.Call(func=ast.Name(id=name), args=[only], keywords=[]) if name in _PASSED_ON:
                yield side
                side = only
            case ast.Call(func=asked):
                side = asked
            case ast.Attribute(value=asked):
                yield side
                side = asked
            case ast.Subscript(value=asked):
                yield side
                side = asked
            case ast.Await(value=asked):
                side = asked
            case _:
                return
