"""In the checker: proxies, which stand for the program's objects: a number each, and what the test has done with it.

`handles.py` has what they do, and `refusing.py` what they refuse. Every request goes over the link, which registers
itself here.
"""

from __future__ import annotations

import contextlib
import types
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, NoReturn, Protocol

from ..shared import wire
from ..sources import context


class UnsupportedTest(BaseException):
    """The test needs something that a proxy cannot provide. This says nothing about the program."""


class ProgramLost(BaseException):
    """The program ended, or sent invalid bytes. No `except Exception` of a test catches this."""


class Refused(TypeError):
    """An operator or builtin would have let an object of the program decide the verdict."""


class Root:
    """Base of all proxies. The number is in the instance dictionary, under a key that is no identifier."""


class Asking(Root):
    """Base of proxies that are no exceptions: the program changes, lists and copies what they stand for."""

    def __setattr__(self, name: str, value: Any) -> None:
        ask("setattr", self, name, value)

    def __delattr__(self, name: str) -> None:
        ask("delattr", self, name)

    def __dir__(self) -> Any:
        return ask("__dir__", self)

    def __copy__(self) -> Any:
        return keep_made(self, ask("forwarded", "copy", "copy", self))

    def __deepcopy__(self, _memo: Any) -> Any:
        return keep_made(self, ask("forwarded", "copy", "deepcopy", self))


class RootOfObjects(Asking):
    """Base of proxies that are neither data nor exceptions."""


class RootOfClasses(type):
    """Metaclass of the proxies for classes of the program."""


class RootOfModules(types.ModuleType):  # no docstring: the module's is the program's
    pass


class _Module:
    """Stands for the module `solution` in requests."""


MODULE = _Module()


class Conversation(Protocol):
    """The link to the program (`link.py`), or a substitute."""

    public_names: tuple[str, ...]
    lost: str  # why the program is gone

    @property
    def local_modules(self) -> frozenset[str]:
        """Modules that hold tests."""

    def ask(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """Ask the program to do something. Returns its result or raises what it raised; raises ProgramLost."""

    def refuse(self, reason: str) -> None:
        """Record that an object of the program was asked to decide: the case is wrong, whatever the test catches."""

    def unsupported(self, what: str) -> NoReturn:
        """The test needs something that cannot be provided. Raises UnsupportedTest."""

    def suspect(self, what: str) -> None:
        """What makes the case unsupported if all its assertions hold."""

    def doubts(self, value: Any, other: Any) -> None:
        """An object of the program does not equal data, but might say that it does."""

    def gone(self, number: int, kind: type) -> None:
        """A proxy was garbage-collected, in any thread."""

    def global_value(self, name: str) -> Any:
        """A global of the program, by the name that the test uses. Raises what reading it raises."""

    def warning_of(self, names: list[str], message: str) -> Warning:
        """A warning of the first of these classes that exists here."""

    def error_of(self, names: list[str], message: str) -> Exception:
        """An error of the first of these classes that exists here."""


# What is recorded about proxies.
state_of: Callable[[Any], dict[str, Any]] = Root.__dict__["__dict__"].__get__
NUMBER, _MADE, _GIVEN, _EVALUATED = "\0number", "\0made", "\0given", "\0evaluated"
_link: Conversation
capabilities_of: dict[type, int] = {}
class_numbers: dict[type, int] = {}
_evaluating: list[None] = []
_made: list[None] = []  # not empty once the test has created an object
_named: dict[type, str] = {}  # classes that the test reached by a name in capitals
_told: set[str] = set()  # names of classes that the task itself asks for


def pickled(value: Any) -> Any:
    """How an object of the program is pickled: as a pickle that the program itself creates and loads."""
    made = ask("forwarded", "pickle", "dumps", value)
    if type(made) is not bytes:
        raise TypeError(f"cannot pickle {type(value).__name__!r} object")
    return unpickled, (made, state_of(value)[_MADE] if was_made(value) else "")


def unpickled(data: bytes, name: str) -> Any:
    """Load what `pickled` returned. name: of the class that the test called to make the object, if it did."""
    found = ask("forwarded", "pickle", "loads", data)
    if name:
        mark_made(found, name)
    return found


def connect(link: Conversation) -> None:
    """Use this link from now on."""
    global _link
    _link = link
    _made.clear()


def the_link() -> Conversation:
    """The link that was connected last."""
    return _link


def ask(name: str, /, *args: Any, **kwargs: Any) -> Any:
    """Ask the program to do something. Returns its result or raises what it raised."""
    return _link.ask(name, *args, **kwargs)


def refused(reason: str) -> Refused:
    """Fail the case, whatever the test catches. Returns the exception to raise."""
    _link.refuse(reason)
    return Refused(reason)


def is_proxy(value: object) -> bool:
    """Whether a value is a proxy. Looks only at its real type."""
    return issubclass(type(value), (Root, RootOfClasses, RootOfModules))


def is_class(value: object) -> bool:
    """Whether a value is the proxy of a class."""
    return issubclass(type(value), RootOfClasses)


def is_module(value: object) -> bool:
    """Whether a value is the module `solution`."""
    return issubclass(type(value), RootOfModules)


def number_of(value: Any) -> int:
    """The number of a proxy."""
    if is_class(value):
        return class_numbers[value]
    if is_module(value):
        return 0
    return int(state_of(value)[NUMBER])


def was_made(value: Any) -> bool:
    """Whether the test itself created it, by calling a class of the program."""
    return issubclass(type(value), Root) and _MADE in state_of(value)


def mark_made(value: Any, name: str) -> None:
    """Record that the test created it, by calling this name."""
    if issubclass(type(value), Root):
        state_of(value)[_MADE] = name
        if not _made:
            _made.append(None)


def mark_given(value: Any) -> None:
    """Record that the program returned it where a test wanted a value: `account.total()` returning the account."""
    state_of(value)[_GIVEN] = True


def mark_evaluated(value: Any) -> None:
    """Record that it was created by text of the program that the test evaluated."""
    if issubclass(type(value), Root):
        state_of(value)[_EVALUATED] = True


def was_evaluated(value: Any) -> bool:
    """Whether it was created by text of the program that the test evaluated."""
    return _EVALUATED in state_of(value)


def was_given(value: Any) -> bool:
    """Whether the program returned it where a test wanted a value."""
    return _GIVEN in state_of(value)


def name_made_by(value: Any) -> str:
    """The name that the test called to create it; empty if it did not, or also got it from elsewhere."""
    if not was_made(value) or was_given(value):
        return ""
    return str(state_of(value)[_MADE])


def made_parts(value: Any, depth: int = 3) -> Iterator[Any]:
    """The objects created by the test in a result of the program: the result itself, or items of a container."""
    if not _made:
        return
    if issubclass(type(value), Root):
        if _MADE in state_of(value):
            yield value
    elif depth and type(value) in (list, tuple, dict):
        parts = list(value.values()) if type(value) is dict else value
        if any(kind in (list, tuple, dict) or issubclass(kind, Root) for kind in set(map(type, parts))):
            for part in parts:
                yield from made_parts(part, depth - 1)


@contextlib.contextmanager
def evaluation() -> Iterator[None]:
    """While this lasts, text of the program is evaluated: objects that it creates are not the test's."""
    _evaluating.append(None)
    try:
        yield
    finally:
        _evaluating.pop()


def is_evaluating() -> bool:
    """Whether text of the program is being evaluated."""
    return bool(_evaluating)


def mark_named(kind: Any, name: str, is_used: bool = False) -> None:
    """Record that the test gets a class of the program by this name. (A star import also gets names it never uses.)"""
    if is_class(kind) and (is_used or context.uses_name(name)):
        _named[kind] = name


def mark_told(kind: Any, name: str) -> None:
    """Record that the task asks for a class of this name (`class Trie:` in a prompt), whatever the tests call it."""
    _named[kind] = name
    _told.add(name)


def is_told(name: str) -> bool:
    """Whether the task itself asks for this class."""
    return name in _told


def is_known(value: Any) -> bool:
    """Whether the tests know what an object is: they created it, or mention its class or a base of it. Results of
    methods of a `Solution` are data, so they never count.
    """
    if name_made_by(value):
        return True
    return any(kind in _named and _named[kind] != "Solution" for kind in type(value).__mro__)


def name_in_tests(kind: type) -> str:
    """The name by which the test got a class of the program; empty = by none."""
    return _named.get(kind, "")


def offers(kind: type, name: str) -> bool:
    """Whether objects of a class of the program support an operator or builtin, by its description."""
    return bool(capabilities_of.get(kind, 0) & wire.BITS[name])


_CALLING = ("raises", "warns", "handle")  # of pytest and unittest: they call a function of the test's choice


def in_assertion(frame: FrameType) -> bool:
    """Whether the caller is unittest, pytest, or a standard container that compares itself, rather than the test.

    `raises(Empty, stack.pop)` calls what the test would.
    """
    file = frame.f_code.co_filename
    if frame.f_code.co_name in _CALLING:
        return False
    return file.endswith(("/unittest/case.py", "/collections/__init__.py")) or "/_pytest/" in file


def keep_made(original: Any, result: Any) -> Any:
    """Record that a result derived from an object of the test counts as made by the test."""
    if was_made(original):
        mark_made(result, state_of(original)[_MADE])
    return result


# --- results of the program for which Python requires a certain type ---


def length_of(value: Any) -> int:
    """The length that the program returned. Raises TypeError."""
    if type(value) is not int or value < 0:
        raise TypeError("__len__() of an object of the program gave no length")
    return value


def is_true(value: Any) -> bool:
    """Whether the result is exactly True; anything else counts as false."""
    return value is True


def text_of(value: Any, what: str) -> str:
    """The text that the program returned. what: the method that returned it. Raises TypeError."""
    if not issubclass(type(value), str):
        raise TypeError(f"{what} returned non-string (type {type(value).__name__})")
    return str.__str__(value)  # of a class of its own: its content
