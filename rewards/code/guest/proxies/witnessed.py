"""In the checker: answers of a class of the test that the program creates, each compared with what its code returned.

`assert Positive().is_valid(3)`: the program could answer this itself. So the run of the test's own `is_valid` is noted,
with what it was given and what it returned; if that is not what the test gave and got, the test is unsupported. This
holds for a *steady* class, in which only constructors set attributes, to their parameters: then an answer depends on
nothing that the program does. Whether a class is one is read from its text.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import types
from collections.abc import Callable, Collection, Iterator
from typing import Any

from ..sources import context, shapes
from . import marks
from .proxies import NUMBER, RootOfObjects, state_of, the_link

_FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef
_OF_TEXTS = frozenset(dir(str))
_ATOMS = (type(None), bool, int, float, complex, str, bytes)
_Frozen = tuple[Any, ...]


# --- by the text of the tests -----------------------------------------------------------------------------------------


def fields(family: list[ast.ClassDef]) -> set[str] | None:
    """The attributes of a steady class and its subclasses: constructors set them, or they are constants of the class.
    None if it is no steady class, or has a decorator, which may put another class in its place.
    """
    if any(kind.decorator_list for kind in family):
        return None
    methods = [part for kind in family for part in kind.body if isinstance(part, _FUNCTION)]
    begun = [_begun(part) for part in methods if part.name == "__init__"]
    set_there = {name for names in begun if names is not None for name in names}
    parents = {inner: node for kind in family for node in ast.walk(kind) for inner in ast.iter_child_nodes(node)}
    constants = {
        target.id
        for kind in family
        for part in kind.body
        if isinstance(part, ast.Assign) and isinstance(part.value, ast.Constant)
        for target in part.targets
        if isinstance(target, ast.Name)
    }
    known = {part.name for part in methods} | set_there | constants
    for part in methods:
        if part.name != "__init__" and not all(_is_steady(n, parents, known) for n in ast.walk(part)):
            return None
    found = set_there | constants
    return found if None not in begun and found.isdisjoint(part.name for part in methods) else None


def _begun(constructor: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str] | None:
    """What a constructor sets, each to a parameter or a constant; None if it does anything else."""
    found: list[str] = []
    for statement in constructor.body:
        match statement:
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                continue
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=above, attr="__init__"))) if _is_super(above):
                continue
            case ast.Assign(targets=[target], value=value):
                targets = target.elts if isinstance(target, ast.Tuple) else [target]
                values = value.elts if isinstance(value, ast.Tuple) and len(targets) > 1 else [value]
                if len(values) != len(targets) or not all(isinstance(v, ast.Name | ast.Constant) for v in values):
                    return None
                if not all(isinstance(n, ast.Attribute) and _is_self(n.value) for n in targets):
                    return None
                found += [n.attr for n in targets if isinstance(n, ast.Attribute)]
            case _:
                return None
    return found


def _is_super(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and context.name_of(node.func) == "super" and not node.args


def _is_self(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


def _is_steady(node: ast.AST, parents: dict[ast.AST, ast.AST], known: set[str]) -> bool:
    """Whether a node in a method changes nothing that another answer may depend on, and reads nothing of the program's.
    known: methods and fields of the class.
    """
    if isinstance(node, ast.Global | ast.Nonlocal | ast.NamedExpr) or shapes.is_call(
        node, ("super", "vars", "getattr")
    ):
        return False
    if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
        return False
    if not _is_self(node):
        return True
    read = parents[node]
    if shapes.is_call(read, ("type",)):  # `type(self).__name__`
        return getattr(parents[read], "attr", "") == "__name__"
    if not (isinstance(read, ast.Attribute) and read.attr in known and isinstance(read.ctx, ast.Load)):
        return False
    above = parents[read]
    return not isinstance(above, ast.Attribute) or above.attr in _OF_TEXTS or above.attr in known


def are_methods(family: list[ast.ClassDef], asked: Collection[str]) -> bool:
    """Whether all of these names are methods of the class that tests only call, or properties."""
    parts = [part for kind in family for part in kind.body]
    methods = {p.name for p in parts if isinstance(p, ast.FunctionDef) and not p.decorator_list}
    read = {
        p.name
        for p in parts
        if isinstance(p, ast.FunctionDef) and [context.name_of(mark) for mark in p.decorator_list] == ["property"]
    }
    if not set(asked) <= methods ^ read:
        return False
    for tree in context.trees():
        parents = context.parents_of(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in asked and node.attr in methods:
                above = parents[node]
                if not (isinstance(above, ast.Call) and above.func is node):
                    return False
    return True


# --- while the tests run ----------------------------------------------------------------------------------------------

_bodies: dict[type, dict[str, Any]] = {}  # classes of the test that the program has created: what their bodies define
_functions: dict[int, types.FunctionType] = {}  # the functions of these, by identity
_asked: dict[type, Collection[str]] = {}  # of some: the methods and properties whose answers are compared
_runs: list[tuple[int, _Frozen, _Frozen]] = []  # of such a function: what it was given, what it returned
_waiting: list[None] = []  # one for each answer that is awaited
_begun_by: dict[int, list[tuple[int, _Frozen]]] = {}  # by the number of an object: runs of its constructors
_passed_on: list[tuple[int, _Frozen]] = []  # runs of constructors that another constructor of the test has asked for
_made: dict[int, tuple[Any, int]] = {}  # objects that a test has made: each with the number of those runs
_set: dict[int, dict[str, Any]] = {}  # by the number of an object: what constructors have set
_kept: list[Any] = []  # these objects, which keep their numbers while they are here


def register(made: type, names: dict[str, Any]) -> None:
    """Remember what the body of a class defines."""
    _bodies[made] = names
    for value in names.values():
        function = value.fget if isinstance(value, property) else value
        if isinstance(function, types.FunctionType):
            _functions[id(function)] = function


def watch(made: type, answers: Collection[str], fields: Collection[str]) -> bool:
    """Compare what a class's objects answer with what its functions return. fields: the attributes that these read.
    Returns whether that is possible.
    """
    if not answers:
        return True
    if not issubclass(made, RootOfObjects):
        return False
    _asked[made] = answers
    read, write = marks.method_of(made, "__getattr__"), marks.method_of(made, "__setattr__")

    def __getattr__(self: Any, name: str) -> Any:  # noqa: N807  # it is one
        if name not in answers:
            found = read(self, name)
            return _field(self, name, found) if name in fields else found
        given, started = freeze((self,)), len(_runs)
        with _awaited():
            found = read(self, name)
            if isinstance(_defined(self, name), property):
                _compare(self, name, given, found, started)
                return found
        return found if isinstance(found, _Witnessed) else _Witnessed(self, name, found)

    def __setattr__(self: Any, name: str, value: Any) -> None:  # noqa: N807  # it is one
        write(self, name, value)
        if name in fields:
            _kept.append(self)
            _set.setdefault(state_of(self)[NUMBER], {})[name] = value

    type.__setattr__(made, "__getattr__", __getattr__)
    type.__setattr__(made, "__setattr__", __setattr__)
    return True


@contextlib.contextmanager
def _awaited() -> Iterator[None]:
    """While an answer is awaited, runs are noted."""
    _waiting.append(None)
    try:
        yield
    finally:
        _waiting.pop()
        if not _waiting:
            _runs.clear()


def refuse_of_class(kind: type, name: str) -> None:
    """A method that is read from the class itself is not compared."""
    if any(name in _asked.get(above, ()) for above in kind.__mro__):
        the_link().unsupported(f"`{name}` of class {kind.__name__}, and with which the test measures")


class _Witnessed:
    """A method of an object that the program keeps. Its answer has to be that of the test's own function."""

    def __init__(self, owner: Any, name: str, method: Any) -> None:
        self._owner, self._name, self._method = owner, name, method

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        function, started = _defined(self._owner, self._name), len(_runs)
        given = freeze(_bound(function, (self._owner, *args), kwargs))
        with _awaited():
            found = self._method(*args, **kwargs)
            _compare(self._owner, self._name, given, found, started)
        return found


def _field(owner: Any, name: str, found: Any) -> Any:
    """A field, as the constructor has set it. Containers could have other content by now."""
    known = _set.get(state_of(owner)[NUMBER], {}).get(name, _defined(owner, name))
    if freeze((found,)) != freeze((known,)) or not _is_fixed(found):
        the_link().unsupported(f"`{name}` of an object of the test, which the program may have changed")
    return found


def _compare(owner: Any, name: str, given: _Frozen, found: Any, started: int) -> None:
    number, defined = state_of(owner)[NUMBER], _defined(owner, name)
    function = defined.fget if isinstance(defined, property) else defined
    is_made = number in _made and _made[number][1] == len(_begun_by.get(number, ()))
    if not (is_made and _is_fixed(found) and (id(function), given, freeze((found,))) in _runs[started:]):
        the_link().unsupported(f"`{name}` of an object of the test, which the program may have answered itself")


def _defined(owner: Any, name: str) -> Any:
    """What the test has defined under a name in the class of an object."""
    return next((names[name] for kind in type(owner).__mro__ if name in (names := _bodies.get(kind, {}))), None)


@contextlib.contextmanager
def noted(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[list[Any]]:
    """While the program runs a function of the tests. Yields a list that gets its result."""
    result: list[Any] = []
    if not _asked or id(function) not in _functions:
        yield result
        return
    given = freeze(_bound(function, args, kwargs))
    if function.__name__ == "__init__" and args and isinstance(args[0], RootOfObjects):
        _kept.append(args[0])
        _begun_by.setdefault(state_of(args[0])[NUMBER], []).append((id(function), given))
    yield result
    if _waiting:
        _runs.append((id(function), given, freeze(tuple(result))))


def constructed(kind: type, args: tuple[Any, ...], kwargs: dict[str, Any], made: Any) -> None:
    """Note an object that a test has created, if its constructors ran once, and got what the test gave."""
    if not _asked or not any(above in _bodies for above in kind.__mro__):
        return
    if type(made) is not kind:
        if any(above in _asked for above in kind.__mro__):
            the_link().unsupported(f"a class of the test of which the program makes no {kind.__name__}")
        return
    begun = _begun_by.get(state_of(made)[NUMBER], [])
    constructor = _defined(made, "__init__")
    given = [] if constructor is None else [(id(constructor), freeze(_bound(constructor, (made, *args), kwargs)))]
    if [run for run in begun if run not in _passed_on] == given:
        _made[state_of(made)[NUMBER]] = made, len(begun)


def passing_on(kind: type, owner: Any, found: Callable[..., Any]) -> Callable[..., Any]:
    """`super().__init__` in a constructor: what it gives to the constructor of another class of the test is noted."""
    above = next((names for base in kind.__mro__[1:] if "__init__" in (names := _bodies.get(base, {}))), None)
    if not _asked or above is None:
        return found
    constructor = above["__init__"]

    def call(*args: Any, **kwargs: Any) -> Any:
        _passed_on.append((id(constructor), freeze(_bound(constructor, (owner, *args), kwargs))))
        return found(*args, **kwargs)

    return call


def _bound(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """What the parameters of a function stand for in a call; as given if it does not fit."""
    try:
        bound = inspect.signature(function).bind(*args, **kwargs)
    except (TypeError, ValueError):
        return args
    bound.apply_defaults()
    return tuple(bound.arguments.values())


def freeze(values: tuple[Any, ...], depth: int = 6) -> _Frozen:
    """The content of values at this moment. Objects count by identity."""
    return tuple(_frozen(value, depth) for value in values)


def _frozen(value: Any, depth: int) -> _Frozen:
    kind = type(value)
    if kind in _ATOMS:
        return kind, repr(value)
    if kind in (list, tuple, set, frozenset) and depth:
        parts = [_frozen(part, depth - 1) for part in value]
        return kind, *(sorted(parts, key=repr) if kind in (set, frozenset) else parts)
    if kind is dict and depth:
        return kind, *((_frozen(key, depth - 1), _frozen(part, depth - 1)) for key, part in value.items())
    return object, id(value)


def _is_fixed(value: Any) -> bool:
    """Whether a value stays as it is: nothing in it could be changed by the program."""
    if type(value) in (tuple, frozenset):
        return all(map(_is_fixed, value))
    return type(value) not in (list, dict, set, bytearray)
