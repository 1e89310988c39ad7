"""In the checker: what an object of a test's own class shows the test, compared with what the test's own code did.

Where the program creates the class (`derived.py`), it keeps the objects, too. So it could answer `plugin.started` and
`Positive().is_valid(3)` itself. But the functions of the class belong to the test and run here, where these are noted:

- what they set. An attribute that is read has to be what was set last (`marks.py`).
- what they were given, and returned. An answer of a method or property has to be what the test's own function returned
  for these arguments, in an object that its own constructors made of what the test gave (`steady.py`).

If anything else is shown, the test is unsupported. Of which attributes and answers this holds, `yardsticks.py` says.
"""

from __future__ import annotations

import contextlib
import inspect
import types
from collections.abc import Callable, Collection, Iterator
from typing import Any

from .operands import ATOMS
from .proxies import NUMBER, RootOfObjects, state_of, the_link
from .yardsticks import Asked

_Frozen = tuple[Any, ...]
_Run = tuple[int, _Frozen]  # of a function, by its identity, with what it was given
_ABSENT = object()

_bodies: dict[type, dict[str, Any]] = {}  # classes of the test that the program has created: what their bodies define
_asked: dict[type, Collection[str]] = {}  # of some: the methods and properties whose answers are compared
_functions: dict[int, types.FunctionType] = {}  # what the bodies define, by identity
_runs: list[tuple[_Run, _Frozen]] = []  # runs of these while an answer is awaited, with what they returned
_awaited: list[None] = []  # one for each answer that is awaited
_passed_on: list[_Run] = []  # runs of constructors that another constructor of the test has asked for


class _Seen:
    """What the test's code has done with an object. The object is held here, so that it keeps its number."""

    def __init__(self, owner: Any) -> None:
        self.owner = owner
        self.set: dict[str, Any] = {}
        self.begun: list[_Run] = []  # of its constructors
        self.made = -1  # how many of these there were when the test had made it of what it gave; -1 = it did not


_seen: dict[int, _Seen] = {}  # by the number of the object
_NOTHING = _Seen(None)


def _known(owner: Any) -> _Seen:
    return _seen.get(state_of(owner)[NUMBER], _NOTHING)


def _noting(owner: Any) -> _Seen:
    return _seen.setdefault(state_of(owner)[NUMBER], _Seen(owner))


def watch(made: type, asked: Asked, names: dict[str, Any]) -> bool:
    """Compare what the objects of a class show from now on. names: what its body defines. Returns whether that is
    possible.
    """
    _bodies[made] = names
    for value in names.values():
        function = value.fget if isinstance(value, property) else value
        if isinstance(function, types.FunctionType):
            _functions[id(function)] = function
    if not (asked.marks or asked.answers):
        return True
    if not issubclass(made, RootOfObjects):
        return False
    if asked.answers:
        _asked[made] = asked.answers
    read, write = _method_of(made, "__getattr__"), _method_of(made, "__setattr__")

    def __getattr__(self: Any, name: str) -> Any:  # noqa: N807  # it is one
        if name in asked.answers:
            return _answer(self, name, lambda: read(self, name))
        found = read(self, name)
        if name in asked.marks or name in asked.fields:
            known = _known(self).set.get(name, _defined(self, name))
            is_same = found is known or freeze((found,)) == freeze((known,))
            if not (is_same and (name not in asked.fields or _is_fixed(found))):
                the_link().unsupported(f"`{name}` of an object of the test, which the program may have changed")
        return found

    def __setattr__(self: Any, name: str, value: Any) -> None:  # noqa: N807  # it is one
        write(self, name, value)
        if name in asked.marks or name in asked.fields:
            _noting(self).set[name] = value

    type.__setattr__(made, "__getattr__", __getattr__)
    type.__setattr__(made, "__setattr__", __setattr__)
    return True


def _method_of(made: type, name: str) -> Callable[..., Any]:
    """The method that a class of proxies has by now, its own or one of a base. (`__mro__` is what the program says.)"""
    own = type.__dict__["__dict__"].__get__(made).get(name)
    return own if own is not None else lambda self, *args: getattr(super(made, self), name)(*args)


def _defined(owner: Any, name: str) -> Any:
    """What the test has defined under a name in the class of an object."""
    found = (names[name] for kind in type(owner).__mro__ if name in (names := _bodies.get(kind, {})))
    return next(found, _ABSENT)


# --- answers ----------------------------------------------------------------------------------------------------------


class _Method:
    """A method of such an object, each of whose answers is compared."""

    def __init__(self, owner: Any, name: str, method: Any) -> None:
        self._owner, self._name, self._method = owner, name, method

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        function = _defined(self._owner, self._name)
        given = freeze(_bound(function, (self._owner, *args), kwargs))
        return _compared(self._owner, self._name, (id(function), given), lambda: self._method(*args, **kwargs))


def _answer(owner: Any, name: str, read: Callable[[], Any]) -> Any:
    """A method whose answers are compared, or the answer of a property."""
    if isinstance(defined := _defined(owner, name), property):
        return _compared(owner, name, (id(defined.fget), freeze((owner,))), read)
    method = read()
    return method if isinstance(method, _Method) else _Method(owner, name, method)


def _compared(owner: Any, name: str, run: _Run, ask: Callable[[], Any]) -> Any:
    """The program's answer, if the test's function gave it in such a run."""
    started = len(_runs)
    _awaited.append(None)
    try:
        found = ask()
        is_made = _known(owner).made == len(_known(owner).begun)
        if not (is_made and _is_fixed(found) and (run, freeze((found,))) in _runs[started:]):
            the_link().unsupported(f"`{name}` of an object of the test, which the program may have answered itself")
        return found
    finally:
        _awaited.pop()
        if not _awaited:
            _runs.clear()


def refuse_of_class(kind: type, name: str) -> None:
    """A method that is read from the class itself is not compared."""
    if any(name in _asked.get(above, ()) for above in kind.__mro__):
        the_link().unsupported(f"`{name}` of class {kind.__name__}, and with which the test measures")


@contextlib.contextmanager
def noted(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[list[Any]]:
    """While the program runs a function of the tests. Yields a list that gets its result."""
    result: list[Any] = []
    if not _asked or id(function) not in _functions:
        yield result
        return
    run = id(function), freeze(_bound(function, args, kwargs))
    if function.__name__ == "__init__" and args and isinstance(args[0], RootOfObjects):
        _noting(args[0]).begun.append(run)
    yield result
    if _awaited:
        _runs.append((run, freeze(tuple(result))))


# --- objects that the test makes --------------------------------------------------------------------------------------


def constructed(kind: type, args: tuple[Any, ...], kwargs: dict[str, Any], made: Any) -> None:
    """Note an object that a test has created, if its constructors ran once, and got what the test gave."""
    if not _asked or not any(above in _bodies for above in kind.__mro__):
        return
    if type(made) is not kind:
        if any(above in _asked for above in kind.__mro__):
            the_link().unsupported(f"a class of the test of which the program makes no {kind.__name__}")
        return
    constructor, seen = _defined(made, "__init__"), _noting(made)
    wanted = [] if constructor is _ABSENT else [(id(constructor), freeze(_bound(constructor, (made, *args), kwargs)))]
    if [run for run in seen.begun if run not in _passed_on] == wanted:
        seen.made = len(seen.begun)


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


# --- values -----------------------------------------------------------------------------------------------------------


def freeze(values: tuple[Any, ...]) -> _Frozen:
    """The content of values at this moment. Objects count by identity."""
    return tuple(map(_frozen, values))


def _frozen(value: Any, depth: int = 6) -> _Frozen:
    kind = type(value)
    if kind in ATOMS:
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
