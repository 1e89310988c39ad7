"""In the checker: which classes of the standard library the program's classes derive from, as `isinstance` is told.

`class Worker(Thread)` has a stand-in here that derives from a stand-in of `Thread`. So that `isinstance(worker,
Thread)` is true its objects show `Thread` as their `__class__`; who asks for that attribute by name is given the class
itself. It gives them nothing else: all that they do is still asked, or refused.
"""

from __future__ import annotations

import dis
import sys
from types import FrameType
from typing import Any

from . import proxies, standard

# Modules whose classes a test may ask for; what is data, abstract or of a testing library is none of them.
_MODULES = frozenset(
    (
        *("argparse", "ast", "asyncio", "cmd", "code", "collections", "concurrent", "configparser", "contextlib"),
        *("csv", "dataclasses", "datetime", "email", "enum", "functools", "graphlib", "html", "http", "io", "_io"),
        *("itertools", "json", "logging", "queue", "_queue", "random", "_random", "re", "sched", "selectors"),
        *("shelve", "shlex", "socketserver", "sqlite3", "string", "subprocess", "tempfile", "textwrap", "threading"),
        *("_thread", "types", "weakref", "xml", "zipfile", "zoneinfo", "decimal", "ctypes", "struct", "_struct"),
        *("inspect", "traceback"),
    )
)
_BY_NAME = ("LOAD_ATTR", "LOAD_METHOD")
of_prompt: dict[str, type] = {}  # classes of a prompt or setup that the program may define itself, or derive from
REAL: dict[type, type] = {}  # stand-ins of classes that derive from one which both ends know by name


def is_standard(module: str) -> bool:
    """Whether a class that says it is of this module may stand for one of the standard library."""
    return module.partition(".")[0] in _MODULES


def standard_of(kind: type) -> type | None:
    """The nearest class above a stand-in that is of the prompt, or of the standard library, where it is loaded here."""
    for above in kind.__mro__:
        if is_of_prompt(above):
            return of_prompt[above.__name__]
        if above in REAL:
            return REAL[above]
        if proxies.is_class(above) and is_standard(above.__module__):
            found: Any = sys.modules.get(above.__module__)
            for part in type.__dict__["__qualname__"].__get__(above).split("."):
                found = getattr(found, part, None)
            if isinstance(found, type) and standard.name_of(found) is None:  # what is data crosses by its name
                return found
    return None


def is_of_prompt(kind: type) -> bool:
    """Whether a class of the program stands for one of the prompt, in its own definition of it."""
    return kind.__name__ in of_prompt and proxies.is_class(kind)


def derives(kind: Any, of: Any) -> bool:
    """`issubclass` as tests call it: a class of the program derives from that of the prompt for which a base stands."""
    if issubclass(kind, of):
        return True
    above = kind.__mro__ if proxies.is_class(kind) else ()
    return any(issubclass(of_prompt[each.__name__], of) for each in above if is_of_prompt(each))


def _asked_by_name(frame: FrameType) -> bool:
    """Whether the code of a frame reads an attribute, and does not call what looks at one."""
    return dis.opname[frame.f_code.co_code[frame.f_lasti]] in _BY_NAME


def _shown(value: Any) -> type:
    kind = type(value)
    return kind if _asked_by_name(sys._getframe(1)) else standard_of(kind) or kind


SHOWN = property(_shown)


def as_enum(kind: type) -> None:
    """Have a class of the program that derives from `Enum` do so for `issubclass`; a flag is as true as its value."""
    import enum

    enum.EnumType.__subclasscheck__ = _derives  # type: ignore[method-assign]
    standard = standard_of(kind)
    if standard is not None and issubclass(standard, enum.Flag):
        type.__setattr__(kind, "__bool__", _flag_truth)


def wrapped_by(kind: type) -> type | None:
    """The plain type that a class of the program wraps by the standard library's means: `class Title(UserString)`."""
    standard = standard_of(kind)
    if standard is None or standard.__module__ != "collections":
        return None
    return {"UserDict": dict, "UserList": list, "UserString": str}.get(standard.__name__)


def _flag_truth(value: Any) -> bool:
    """By its number, which is data, and not by what its class says of itself."""
    number = proxies.ask("getattr", value, "_value_")
    return type(number) is int and number != 0


def _derives(kind: type, other: type) -> bool:
    if type.__subclasscheck__(kind, other) or not proxies.is_class(other):
        return type.__subclasscheck__(kind, other)
    standard = standard_of(other)
    return standard is not None and type.__subclasscheck__(kind, standard)
