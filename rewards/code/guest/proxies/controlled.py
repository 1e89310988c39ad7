"""In the checker: what the program answers in any case in a test, by the test's syntax alone.

A read such as `doc.undo()` measures nothing with a class of the test that also has an `undo`, if `doc` is certainly an
object of the program: it could have returned anything. The same holds for objects of a class that only the program can
create. In doubt, the answer is no.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator

from ..sources import context, counting, shapes
from ..sources.context import Function

_SCOPES = Function | ast.Lambda | ast.ClassDef
_MOCKS = ("Mock", "MagicMock", "AsyncMock", "NonCallableMock", "NonCallableMagicMock", "create_autospec")
_OF_CLASSES = ("__new__", "__call__", "__class__", "__dict__", "__func__", "__wrapped__", "__subclasses__", "__mro__")
_ASKS = ("isinstance", "issubclass", "raises", "assertIsInstance", "assertRaises", "assertIs")


told: set[str] = set()
"""Names of the program that no import brings: those that `asserts` use without binding them."""


def names_of_program(tree: ast.AST) -> set[str]:
    """The names in a tree that mean what the program defines."""
    return counting.names_of_program(tree) | told


def reads(tree: ast.Module, family: set[str]) -> Iterator[ast.expr]:
    """Attribute reads on objects of the program's classes, which it controls anyway, on what its functions return, and
    on mocks, which return what the test has set. family: names of the classes of the test that are looked at.
    """
    held = _Held(tree, family)
    for node in ast.walk(tree):
        match node:
            case (
                ast.Attribute(value=asked)
                | ast.Subscript(value=asked)
                | ast.Call(func=ast.Name(id="len"), args=[asked])
            ):
                if held.is_of_program(asked):
                    yield node


def objects(tree: ast.Module) -> set[int]:
    """The identities of the nodes that name objects which the tests made, of classes of the program or of their own
    that derive from those, and nothing else. An equality with one is the program's to answer.
    """
    ours = names_of_program(tree)
    derived = {n.name for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and _derives(n, ours)}
    return {id(n) for n in _names(tree, set(), ours | derived)}


def _derives(kind: ast.ClassDef, ours: set[str]) -> bool:
    return any(shapes.root(base) in ours for base in kind.bases)


def only_program_makes(found: list[tuple[ast.Module, list[ast.ClassDef]]], name: str, body: Iterable[str]) -> bool:
    """Whether objects of a class of the test and its subclasses can only come from the program: the tests hand the
    class over, ask for its identity, derive from it or read what the program has set on it. found: the trees, each
    with the definitions of these classes in it. body: the names that it defines.
    """
    own = {*body, *_OF_CLASSES}
    names = {name, *(kind.name for _, family in found for kind in family)}
    for tree, family in found:
        inside = {id(n) for kind in family for n in ast.walk(kind)}
        parents, held = context.parents_of(tree), _Held(tree, names)
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and node.value in names:
                above = parents[node]
                asked = above.func if isinstance(above, ast.Call) else getattr(above, "value", above)
                if not (isinstance(above, ast.Compare) or held.is_of_program(asked)):
                    return False  # `getattr(module, "Naive")`
            if not isinstance(node, ast.Name) or node.id not in names or id(node) in inside:
                continue
            match parents[node]:
                case ast.Compare(ops=ops) if all(isinstance(op, ast.Is | ast.IsNot) for op in ops):
                    continue
                case ast.Attribute(attr=attr):
                    if attr in own:
                        return False
                case ast.Call(func=called) if called is not node:
                    if context.name_of(called) not in _ASKS and not held.is_of_program(called):
                        return False
                case _:
                    return False
    return bool(found)


class _Held:
    """The names in a tree that only mean such objects."""

    def __init__(self, tree: ast.Module, family: set[str]) -> None:
        self._family = family
        ours = names_of_program(tree) - family
        bound = shapes.stored_in(tree) | shapes.parameters_in(tree)
        bound |= {n.name for n in ast.walk(tree) if isinstance(n, Function | ast.ClassDef)}
        self._imported = (ours | _calls(tree)) - bound
        self._attributes = _attributes(family)
        self._names = {id(n) for n in _names(tree, family, ours)}

    def is_of_program(self, node: ast.AST) -> bool:
        """Whether an expression is such an object, a part of one, or what the program returns."""
        while True:
            match node:
                case ast.Name(id=name):
                    return name in self._imported or id(node) in self._names
                case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name) if name in self._attributes:
                    return True
                case ast.Call(func=called):
                    if not self._family.isdisjoint(shapes.names_in(*shapes.given(node))):
                        return False
                    node = called
                case ast.Attribute(value=inner) | ast.Subscript(value=inner) | ast.Await(value=inner):
                    node = inner
                case _:
                    return False


def _calls(tree: ast.AST) -> set[str]:
    """Names of `unittest.mock.call`, whose attributes only describe calls."""
    imports = (n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module in ("unittest.mock", "mock"))
    return {alias.asname or alias.name for n in imports for alias in n.names if alias.name == "call"}


def _names(tree: ast.Module, family: set[str], ours: set[str]) -> Iterator[ast.Name]:
    shared = {n for node in ast.walk(tree) if isinstance(node, ast.Global | ast.Nonlocal) for n in node.names}
    fixtures = _fixtures(family) - _parametrized(tree)
    listed = _lists(family)
    if told:  # the cases of `asserts` share their names
        for other in context.trees():
            bound = _bindings(list(_inside(other)), ours, set(), listed)
            shared |= {name for name, is_object in bound.items() if not is_object}
    waiting: list[tuple[ast.AST, dict[str, bool]]] = [(tree, dict.fromkeys(shared, False))]
    while waiting:
        scope, above = waiting.pop()
        nodes = list(_inside(scope))
        given = _given_fixtures(scope) & fixtures if fixtures else set[str]()
        if isinstance(scope, ast.Lambda) and _orders(scope, context.parents_of(tree), listed, ours):
            given = {arg.arg for arg in scope.args.args}
        known = {**above, **_bindings(nodes, ours, given, listed), **dict.fromkeys(shared, False)}
        for node in nodes:
            if isinstance(node, ast.Name) and known.get(node.id):
                yield node
            elif isinstance(node, _SCOPES):  # methods do not see what the body of their class binds
                waiting.append((node, above if isinstance(scope, ast.ClassDef) else known))


def _inside(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a scope, without those of the scopes inside it."""
    for node in ast.iter_child_nodes(scope):
        yield node
        if not isinstance(node, _SCOPES):
            yield from _inside(node)


def _bindings(nodes: list[ast.AST], ours: set[str], given: set[str], listed: Collection[str] = ()) -> dict[str, bool]:
    """The names that a scope binds, and whether each only means such an object there. given: parameters that do.
    listed: names of lists of such objects.
    """
    found: dict[str, bool] = {}
    made = set[int]()
    for node in nodes:
        if isinstance(node, ast.Assign):
            pairs = (pair for target in node.targets for pair in _assigned(target, node.value))
            made |= {id(target) for target, value in pairs if _makes_object(value, ours) or _makes_mock(value)}
        elif isinstance(node, ast.For | ast.comprehension) and (
            context.name_of(node.iter) in listed or _lists_objects(node.iter, ours)
        ):
            made.add(id(node.target))
    for node in nodes:
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found[node.id] = found.get(node.id, True) and id(node) in made
    for node in nodes:
        if isinstance(node, ast.arg) and node.arg in given:
            found[node.arg] = found.get(node.arg, True)
        elif not isinstance(node, ast.Name):
            found.update(dict.fromkeys(context.bound_by(node), False))
    return found


def _assigned(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """The targets of an assignment, each with its value: `a, b = Mock(), Mock()`."""
    if not (isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List)):
        yield target, value
    elif len(target.elts) == len(value.elts) and not any(
        isinstance(n, ast.Starred) for n in (*target.elts, *value.elts)
    ):
        yield from zip(target.elts, value.elts, strict=True)


def _makes_mock(value: ast.expr) -> bool:
    """`Mock()`, unless it returns what something else returns."""
    return shapes.is_call(value, _MOCKS) and not any(
        keyword.arg in (None, "wraps", "side_effect") for keyword in getattr(value, "keywords", ())
    )


def _makes_object(value: ast.expr, ours: set[str]) -> bool:
    """Whether an expression creates an object: `Document("x")`, `solution.Document("x")`."""
    called = value.func if isinstance(value, ast.Call) else None
    return called is not None and shapes.root(called) in ours and context.is_class_name(context.name_of(called))


def _lists_objects(value: ast.expr, ours: set[str]) -> bool:
    """Whether an expression is a list of new objects: `[Square(1), Circle(2)]`."""
    return (
        isinstance(value, ast.List | ast.Tuple)
        and bool(value.elts)
        and all(_makes_object(part, ours) for part in value.elts)
    )


def _orders(function: ast.Lambda, parents: dict[ast.AST, ast.AST], listed: Collection[str], ours: set[str]) -> bool:
    """Whether a function is the key by which such objects are ordered: `max(shapes, key=lambda s: s.area())`."""
    word = parents[function]
    call = parents.get(word)
    if not (isinstance(word, ast.keyword) and word.arg == "key" and isinstance(call, ast.Call) and call.args):
        return False
    walked = isinstance(call.func, ast.Name) and call.func.id in ("max", "min", "sorted") and len(call.args) == 1
    return walked and (context.name_of(call.args[0]) in listed or _lists_objects(call.args[0], ours))


_LEAVE = frozenset(("len", "sum", "max", "min", "sorted", "any", "all", "enumerate", "reversed"))


def _lists(family: set[str]) -> set[str]:
    """Names that tests bind to lists of such objects alone, and only walk or index."""
    found: dict[str, bool] = {}
    for tree in context.trees():
        ours = names_of_program(tree) - family
        parents = context.parents_of(tree)
        for node, above in parents.items():
            if isinstance(node, ast.arg | ast.alias):
                found[node.arg if isinstance(node, ast.arg) else node.asname or node.name] = False
            if not isinstance(node, ast.Name):
                continue
            match above:
                case ast.Assign(targets=[target]) if target is node:
                    kept = _lists_objects(above.value, ours)
                case ast.For(iter=walked) | ast.comprehension(iter=walked):
                    kept = walked is node
                case ast.Call(func=ast.Name(id=name)):
                    kept = name in _LEAVE and above.func is not node
                case ast.Subscript(value=indexed, ctx=ast.Load()):
                    kept = indexed is node
                case _:
                    kept = False
            found[node.id] = found.get(node.id, True) and kept
    return {name for name, is_list in found.items() if is_list}


# --- fixtures, and attributes of tests --------------------------------------------------------------------------------


def _is_fixture(node: ast.AST) -> bool:
    return isinstance(node, Function) and any(map(counting.is_fixture, node.decorator_list))


def _fixtures(family: set[str]) -> set[str]:
    """Names of fixtures, each of which only gives such an object, wherever it is defined."""
    found: dict[str, bool] = {}
    for tree in context.trees():
        ours = names_of_program(tree) - family
        for node in filter(_is_fixture, ast.walk(tree)):
            nodes = list(_inside(node))
            bound = _bindings(nodes, ours, set())
            gives = [n.value for n in nodes if isinstance(n, ast.Return | ast.Yield | ast.YieldFrom)]
            made = [
                value is not None
                and (_makes_object(value, ours) or bool(isinstance(value, ast.Name) and bound.get(value.id)))
                for value in gives
            ]
            name = getattr(node, "name", "")
            found[name] = found.get(name, True) and bool(made) and all(made)
    return {name for name, is_object in found.items() if is_object}


def _given_fixtures(scope: ast.AST) -> set[str]:
    """The parameters of a test or fixture."""
    if not isinstance(scope, Function) or not (scope.name.startswith("test") or _is_fixture(scope)):
        return set()
    return {arg.arg for arg in (*scope.args.args, *scope.args.kwonlyargs)}


def _parametrized(tree: ast.Module) -> set[str]:
    """Names that marks give other values, as far as the text shows."""
    calls = (n for n in ast.walk(tree) if shapes.is_call(n, ("parametrize", "fixture")))
    texts = (n.value for call in calls for n in ast.walk(call) if isinstance(n, ast.Constant))
    return {name for text in texts if isinstance(text, str) for name in re.findall(r"\w+", text)}


def _attributes(family: set[str]) -> set[str]:
    """Attributes that tests set on themselves, and nowhere to anything but such an object: `self.doc = Document()`."""
    found: dict[str, bool] = {}
    for tree in context.trees():
        ours = names_of_program(tree) - family
        made = {
            id(target)
            for n in ast.walk(tree)
            if isinstance(n, ast.Assign) and _makes_object(n.value, ours)
            for target in n.targets
        }
        others = _others_bound(tree)
        for n in ast.walk(tree):
            if isinstance(n, ast.Attribute) and not isinstance(n.ctx, ast.Load):
                own = isinstance(n.value, ast.Name) and n.value.id in ("self", "cls")
                found[n.attr] = found.get(n.attr, True) and own and id(n) in made
        found.update(dict.fromkeys(others, False))
    return {name for name, is_object in found.items() if is_object}


def _others_bound(tree: ast.Module) -> Iterable[str]:
    """Names that a body of a class binds, or that the text has as a string, as `setattr` needs."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            for n in _inside(node):
                if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store):
                    yield n.id
                elif isinstance(n, Function | ast.ClassDef):
                    yield n.name
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
            yield node.value
