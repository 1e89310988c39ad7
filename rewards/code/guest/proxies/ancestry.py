"""In the checker: standard library bases of the program's classes, as `isinstance` sees them.

The proxy of `class Worker(Thread)` derives from a proxy of `Thread`. To make `isinstance(worker, Thread)` true, its
objects report `Thread` as their `__class__`; code that reads that attribute by name gets the proxy class itself. They
gain nothing else from it: everything they do is still requested, or refused.

The same holds for the libraries that the tests import (`isinstance(frame, pd.DataFrame)`), but there only tests are
shown the class: the library's own code would take the proxy for what it is not. What it does with one is unsupported.
"""

from __future__ import annotations

import abc
import ast
import dis
import enum
import functools
import sys
from types import FrameType
from typing import Any

from ..shared import standard
from ..sources import context
from . import proxies

# Modules of the standard library of whose classes no object is shown to be: plain data is of a real class, abstract
# classes are registered (`described.register`), and nothing of a testing library comes from the program.
_OF_OTHERS = frozenset(("builtins", "abc", "numbers", "typing", "unittest", "doctest"))
_WRAPS: dict[tuple[str, str], type] = {
    **{("collections", f"User{name}"): kind for name, kind in (("Dict", dict), ("List", list), ("String", str))},
    ("collections", "ChainMap"): dict,
    **{("collections.abc", f"{more}Mapping"): dict for more in ("", "Mutable")},
    **{("collections.abc", f"{more}Set"): set for more in ("", "Mutable")},
}
_OF_METACLASSES = ("abc", "enum")
_BY_NAME = ("LOAD_ATTR", "LOAD_METHOD")
of_prompt: dict[str, type] = {}  # classes of a prompt or setup that the program may define itself, or derive from
METACLASSES: dict[str, type] = {"ABCMeta": abc.ABCMeta, "EnumType": enum.EnumType}
METACLASS: dict[type, type] = {}  # the standard metaclasses of proxies' classes
REAL: dict[type, type] = {}  # proxies of classes that derive from one which both ends know by name


def is_standard(module: str) -> bool:
    """Whether a class that claims to be of this module may stand for a standard one."""
    root = module.partition(".")[0]
    return root in sys.stdlib_module_names and root not in _OF_OTHERS


def is_of_library(module: str) -> bool:
    """Whether a class that claims to be of this module may stand for one of a library that the tests import."""
    return module.partition(".")[0] in _libraries(len(context.SOURCES))


@functools.cache
def _libraries(_known: int) -> frozenset[str]:
    """The libraries that the tests import, but for those whose values are data, or that test."""
    found = set[str]()
    for node in context.nodes():
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(str(node.module).partition(".")[0])
    own = {name.partition(".")[0] for name in proxies.the_link().local_modules}
    return frozenset(found - own - sys.stdlib_module_names - {"solution", "numpy", "pytest", "hypothesis"})


def claims_library(value: Any) -> bool:
    """Whether an object of the program claims to be one of a library that the tests import."""
    above = type(value).__mro__ if proxies.is_proxy(value) and not proxies.is_class(value) else ()
    return any(proxies.is_class(kind) and is_of_library(kind.__module__) for kind in above)


def meets_library(error: BaseException) -> bool:
    """Whether an error comes from the code of a library that the tests import, to which they gave an object of the
    program that claims to be of it: `assert_frame_equal(solve(), expected)`.
    """
    trace = error.__traceback__
    while trace is not None:
        frame, trace = trace.tb_frame, trace.tb_next
        is_its_code = is_of_library(str(frame.f_globals.get("__name__")))
        if is_its_code and any(map(claims_library, list(frame.f_locals.values()))):
            return True
    return False


def standard_of(kind: type) -> type | None:
    """The nearest base of a proxy that is of the prompt, or of a library or the standard one, and loaded here."""
    for above in kind.__mro__:
        if is_of_prompt(above):
            return of_prompt[above.__name__]
        if above in REAL:
            return REAL[above]
        if proxies.is_class(above) and (is_standard(above.__module__) or is_of_library(above.__module__)):
            found: Any = sys.modules.get(above.__module__)
            for part in type.__dict__["__qualname__"].__get__(above).split("."):
                found = getattr(found, part, None)
            if isinstance(found, type) and standard.name_of(found) is None:  # data types cross by name
                return found
    return None


def stands_for(value: Any, other: Any) -> bool:
    """Whether an object of the program claims to be of the class of an object of the test that is no data: a network
    (`ipaddress`), a table of a library. Those of a prompt's class are compared as it says.
    """
    standard = standard_of(type(value)) if proxies.is_proxy(value) else None
    return standard is not None and standard is type(other) and standard not in of_prompt.values()


def is_of_prompt(kind: type) -> bool:
    """Whether a class of the program is its own definition of one of the prompt."""
    return kind.__name__ in of_prompt and proxies.is_class(kind)


def derives(kind: Any, of: Any) -> bool:
    """`issubclass` as tests call it: a class of the program derives from a prompt's class if a base stands for it."""
    if issubclass(kind, of):
        return True
    above = kind.__mro__ if proxies.is_class(kind) else ()
    return any(issubclass(of_prompt[each.__name__], of) for each in above if is_of_prompt(each))


def _asked_by_name(frame: FrameType) -> bool:
    """Whether the code of a frame reads the attribute itself, rather than calling `isinstance` or the like."""
    return dis.opname[frame.f_code.co_code[frame.f_lasti]] in _BY_NAME


def _shown(value: Any) -> type:
    kind, frame = type(value), sys._getframe(1)
    if _asked_by_name(frame) or is_of_library(str(frame.f_globals.get("__name__"))):
        return kind
    return standard_of(kind) or kind


SHOWN = property(_shown)


def class_of_class(kind: type) -> type:
    """The `__class__` of a class of the program: for `isinstance`, a standard metaclass that it has or derives from."""
    metaclass = type(kind)
    if _asked_by_name(sys._getframe(2)) and proxies.is_class(metaclass):
        return metaclass
    names = (
        above.__name__
        for above in type.mro(metaclass)
        if proxies.is_class(above) and above.__module__ in _OF_METACLASSES
    )
    return METACLASS.get(kind) or METACLASSES.get(next(names, ""), metaclass)


def as_enum(kind: type) -> None:
    """Let a class of the program that derives from `Enum` do so for `issubclass`; flags are as true as their value."""
    enum.EnumType.__subclasscheck__ = _derives  # type: ignore[method-assign]
    standard = standard_of(kind)
    if standard is not None and issubclass(standard, enum.Flag):
        type.__setattr__(kind, "__bool__", _flag_truth)


def wrapped_by(kind: type) -> type | None:
    """The plain type that a class of the program wraps by a standard base, `class Title(UserString)`, or is by one:
    `class Config(Mapping)`.
    """
    standard = standard_of(kind)
    return content_type(standard) if standard is not None else None


def content_type(standard: type) -> type | None:
    """The plain type that holds the content of such a class of the standard library."""
    return _WRAPS.get((standard.__module__, standard.__name__))


def _flag_truth(value: Any) -> bool:
    """The truth value of a flag: that of its number, which is data, whatever its class defines."""
    number = proxies.ask("getattr", value, "_value_")
    return type(number) is int and number != 0


def _derives(kind: type, other: type) -> bool:
    if type.__subclasscheck__(kind, other) or not proxies.is_class(other):
        return type.__subclasscheck__(kind, other)
    standard = standard_of(other)
    return standard is not None and type.__subclasscheck__(kind, standard)
