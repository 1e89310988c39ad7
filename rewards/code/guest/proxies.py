"""In the checker: the program's objects as all else here knows them: a number, and what the test has done with it.

What they do stands in `handles.py`, what they are refused in `refusing.py`; every question goes over the link, which
connects itself here.
"""

from __future__ import annotations

import contextlib
import types
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, NoReturn, Protocol

from . import context, wire


class UnsupportedTest(BaseException):
    """The test needs what a proxy cannot give; it says nothing about the program."""


class ProgramLost(BaseException):
    """The program ended, or sent bytes that mean nothing. No `except Exception` of a test swallows it."""


class Refused(TypeError):
    """An operator or builtin that would have let an object of the program decide."""


class Root:
    """What all proxies derive from. The number lives in the instance dictionary, under a name that none can ask for."""


class RootOfObjects(Root):
    """What those derive from that are neither data nor exceptions."""


class RootOfClasses(type):
    """The type of the classes that stand for classes of the program."""


class RootOfModules(types.ModuleType):
    # What the module `solution` derives from. Its docstring is the program's.
    pass


class _Module:
    """Stands for the module `solution` in what is asked."""


MODULE = _Module()


class Conversation(Protocol):
    """The link to the program (`link.py`), or what stands in its place."""

    public_names: tuple[str, ...]
    lost: str  # why there is no program any more

    @property
    def local_modules(self) -> frozenset[str]:
        """Modules that hold tests."""

    def ask(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """Have the program do something; its result, or what it raised. Raises ProgramLost."""

    def refuse(self, reason: str) -> None:
        """Note that an object of the program was asked to decide: the case is wrong, whatever the test catches."""

    def unsupported(self, what: str) -> NoReturn:
        """The test needs something that cannot be given. Raises UnsupportedTest."""

    def gone(self, number: int, kind: type) -> None:
        """A proxy was collected, in whatever thread."""

    def global_value(self, name: str) -> Any:
        """A global of the program, by the name that the test uses. Raises what reading it raises."""

    def warning_of(self, names: list[str], message: str) -> Warning:
        """A warning of the first of these classes that is known here."""

    def error_of(self, names: list[str], message: str) -> Exception:
        """An error of the first of these classes that is known here."""


# What is known of a proxy here.
state_of: Callable[[Any], dict[str, Any]] = Root.__dict__["__dict__"].__get__
NUMBER, _MADE, _GIVEN = "\0number", "\0made", "\0given"
_link: Conversation
capabilities_of: dict[type, int] = {}
class_numbers: dict[type, int] = {}
_evaluating: list[None] = []
_made: list[None] = []  # not empty once the test has made an object
_named: dict[type, str] = {}  # classes that the test reached by a name in capitals
_told: set[str] = set()  # names of classes by the task itself


def pickled(value: Any) -> Any:
    """How an object of the program is pickled: as a pickle that the program makes, and loads."""
    made = ask("forwarded", "pickle", "dumps", value)
    if type(made) is not bytes:
        raise TypeError(f"cannot pickle {type(value).__name__!r} object")
    return unpickled, (made, state_of(value)[_MADE] if was_made(value) else "")


def unpickled(data: bytes, name: str) -> Any:
    """What `pickled` gives is loaded by this. name: of the class of which the test made it, if it did."""
    found = ask("forwarded", "pickle", "loads", data)
    if name:
        mark_made(found, name)
    return found


def connect(link: Conversation) -> None:
    """From here on everything is asked over this link."""
    global _link
    _link = link
    _made.clear()


def the_link() -> Conversation:
    """The link that was connected last."""
    return _link


def ask(name: str, /, *args: Any, **kwargs: Any) -> Any:
    """Have the program do something; its result, or what it raised."""
    return _link.ask(name, *args, **kwargs)


def is_proxy(value: object) -> bool:
    """Whether it stands for an object of the program. Asks the real type only."""
    return issubclass(type(value), (Root, RootOfClasses, RootOfModules))


def is_class(value: object) -> bool:
    """Whether it stands for a class of the program."""
    return issubclass(type(value), RootOfClasses)


def is_module(value: object) -> bool:
    """Whether it is the module `solution`."""
    return issubclass(type(value), RootOfModules)


def number_of(value: Any) -> int:
    """The number of what stands for an object of the program."""
    if is_class(value):
        return class_numbers[value]
    if is_module(value):
        return 0
    return int(state_of(value)[NUMBER])


def was_made(value: Any) -> bool:
    """Whether the test itself made it, by calling a class of the program."""
    return issubclass(type(value), Root) and _MADE in state_of(value)


def mark_made(value: Any, name: str) -> None:
    """Note that the test made it, by calling this name."""
    if issubclass(type(value), Root):
        state_of(value)[_MADE] = name
        if not _made:
            _made.append(None)


def mark_given(value: Any) -> None:
    """Note that the program gave it where a test asked for a value: `account.total()` is the account."""
    state_of(value)[_GIVEN] = True


def name_made_by(value: Any) -> str:
    """The name by whose call the test itself made it, and has it from nowhere else; empty = it did not."""
    if not was_made(value) or _GIVEN in state_of(value):
        return ""
    return str(state_of(value)[_MADE])


def made_parts(value: Any, depth: int = 3) -> Iterator[Any]:
    """The objects that the test made, in what the program gave: itself, or in a container."""
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
    """What text of the program makes is not made by the test."""
    _evaluating.append(None)
    try:
        yield
    finally:
        _evaluating.pop()


def is_evaluating() -> bool:
    """Whether a test evaluates text of the program."""
    return bool(_evaluating)


def mark_named(kind: Any, name: str, is_used: bool = False) -> None:
    """The test reaches a class of the program by this name. A star import reaches for names that it never uses."""
    if is_class(kind) and (is_used or context.uses_name(name)):
        _named[kind] = name


def mark_told(kind: Any, name: str) -> None:
    """The task itself asks for a class of this name (`class Trie:` in a prompt), whatever the tests call it."""
    _named[kind] = name
    _told.add(name)


def is_told(name: str) -> bool:
    """Whether the task itself says that this is a class."""
    return name in _told


def is_known(value: Any) -> bool:
    """Whether the tests know what it is: they made it, or name its class or one that it derives from. What methods of a
    `Solution` give is data, and never one.
    """
    if name_made_by(value):
        return True
    return any(kind in _named and _named[kind] != "Solution" for kind in type(value).__mro__)


def name_in_tests(kind: type) -> str:
    """The name by which the test reached a class of the program; empty = by none."""
    return _named.get(kind, "")


def offers(kind: type, name: str) -> bool:
    """Whether objects of a class of the program offer an operator or builtin, as it was described."""
    return bool(capabilities_of.get(kind, 0) & wire.BITS[name])


def in_assertion(frame: FrameType) -> bool:
    """Whether unittest, pytest or a container of the standard library that compares itself asks, and not the test."""
    file = frame.f_code.co_filename
    return file.endswith(("/unittest/case.py", "/collections/__init__.py")) or "/_pytest/" in file


def keep_made(original: Any, result: Any) -> Any:
    """What came of an object that the test made is made by the test."""
    if was_made(original):
        mark_made(result, state_of(original)[_MADE])
    return result


# --- what the program gives where Python asks for a certain type ---


def length_of(value: Any) -> int:
    """Raises TypeError."""
    if type(value) is not int or value < 0:
        raise TypeError("__len__() of an object of the program gave no length")
    return value


def is_true(value: Any) -> bool:
    """Whether it is True itself: anything else is taken for no."""
    return value is True


def text_of(value: Any, what: str) -> str:
    """what: the method that gave it. Raises TypeError."""
    if type(value) is not str:
        raise TypeError(f"{what} returned non-string (type {type(value).__name__})")
    return value
