"""In the checker: handles, the tests' view of the program's objects, classes and module. The program does their work.

Classes of handles get the operators that the program's class supports (`operators.py`, `described.py`).
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterable, Iterator, Mapping
from types import FrameType
from typing import Any

from .. import PACKAGE
from ..encoding.extended import VERDICTS
from ..sources import context, truth
from . import ancestry, classes, contents, derived, membership, operands, proxies, uses, views, witnessed
from .proxies import (
    NUMBER,
    RootOfClasses,
    RootOfModules,
    RootOfObjects,
    ask,
    class_numbers,
    in_assertion,
    is_class,
    is_known,
    is_proxy,
    is_true,
    length_of,
    name_in_tests,
    offers,
    state_of,
    text_of,
    the_link,
    was_made,
)
from .refusing import NEVER, OF_ASSERTIONS, attribute, made_of_class, refuse

_HASH = "\0hash"


_MRO, _BASES = type.__dict__["__mro__"].__get__, type.__dict__["__bases__"].__get__


def _without_ours(kinds: Iterable[type]) -> list[type]:
    """Classes as the program has them, without bases that only the proxies have."""
    return [kind for kind in kinds if kind in class_numbers or not kind.__module__.startswith(f"{PACKAGE}.")]


def _says_itself(kind: type) -> bool:
    """Whether a class of the program may say what is in it, by a metaclass of the program: `"x" in Registry`."""
    frame = uses.test_frame() if name_in_tests(kind) else None
    return frame is not None and membership.denies_too(frame)


def _may_follow(kind: type) -> bool:
    """Whether a class is one of the test, which may follow a protocol of the program. What a test raises does not."""
    return kind.__module__ in the_link().local_modules and not type.__subclasscheck__(BaseException, kind)


class HandleMeta(RootOfClasses):
    """The metaclass of proxies for classes of the program."""

    def __new__(mcs, name: str, bases: tuple[type, ...], names: dict[str, Any], /, **keywords: Any) -> Any:
        if "\0internal" not in names:
            return derived.make(name, bases, names, keywords)
        return type.__new__(mcs, name, bases, names)  # another metaclass would ask the class, which is not complete

    def __init__(cls, /, *_: Any, **_keywords: Any) -> None:
        """Does nothing: a class that the program has created is complete."""

    def __call__(cls, /, *args: Any, **kwargs: Any) -> Any:
        if issubclass(cls, HandleMeta) and tuple(map(type, args)) == (str, tuple, dict):
            held = {"__module__": sys._getframe(1).f_globals.get("__name__", "solution"), **args[2]}
            return derived.make(args[0], args[1], held, {**kwargs, "metaclass": cls})
        if cls in derived.decorated:
            derived.finish(cls)
        result = ask("call", cls, *args, **kwargs)
        witnessed.constructed(cls, args, kwargs, result)
        if proxies.is_evaluating():
            proxies.mark_evaluated(result)
        elif name := name_in_tests(cls):
            proxies.mark_made(result, name)
        return result

    def __getattr__(cls, name: str) -> Any:
        if name in NEVER or cls not in class_numbers or (name in VERDICTS and not name_in_tests(cls)):
            raise AttributeError(f"type object {type.__repr__(cls)} has no attribute {name!r}")
        witnessed.refuse_of_class(cls, name)
        return attribute(cls, name)

    def __setattr__(cls, name: str, value: Any) -> None:
        if cls not in class_numbers:
            type.__setattr__(cls, name, value)
        else:
            ask("setattr", cls, name, value)

    def __delattr__(cls, name: str) -> None:
        ask("delattr", cls, name)

    def __dir__(cls) -> Any:
        return ask("__dir__", cls)

    def __iter__(cls) -> Iterator[Any]:
        return views.begins(cls, ask("__iter__", cls))  # type: ignore[no-any-return]

    def __len__(cls) -> int:
        return views.told_length(cls, length_of(ask("__len__", cls)))

    def __getitem__(cls, key: Any) -> Any:
        return ask("__getitem__", cls, key)

    def __contains__(cls, item: Any) -> bool:
        if is_proxy(item) or (type(item) in operands.ATOMS and _says_itself(cls)):  # of a metaclass: `"x" in Registry`
            return is_true(ask("__contains__", cls, item))
        raise proxies.refused(f"`in` of class {cls.__name__}: the test expects plain data")

    def __bool__(cls) -> bool:
        if not name_in_tests(cls) and truth.decides(sys._getframe(1)):
            raise proxies.refused(f"the truth of class {cls.__name__}: the test expects plain data")
        return True

    def __instancecheck__(cls, value: Any) -> bool:
        if type.__instancecheck__(cls, value):
            return True
        if cls in class_numbers and (is_proxy(value) or _may_follow(type(value))):
            return is_true(ask("__instancecheck__", cls, value))
        return False

    def __subclasscheck__(cls, other: Any) -> bool:
        if type.__subclasscheck__(cls, other):
            return True
        if cls in class_numbers and (is_class(other) or _may_follow(other)):
            return is_true(ask("__subclasscheck__", cls, other))
        return False

    @property  # type: ignore[misc]
    def __dict__(cls) -> Any:  # type: ignore[override]
        return ask("getattr", cls, "__dict__")

    def mro(cls) -> list[type]:
        found = type.mro(cls)
        return _without_ours(found) if cls in class_numbers else found

    @property
    def __mro__(cls) -> tuple[type, ...]:
        return tuple(_without_ours(_MRO(cls)))

    @property
    def __bases__(cls) -> tuple[type, ...]:  # type: ignore[override]
        return tuple(_without_ours(_BASES(cls))) or (object,)

    @property
    def __base__(cls) -> type:
        return cls.__bases__[0]

    @property  # type: ignore[misc]
    def __class__(cls) -> Any:
        return ancestry.class_of_class(cls)

    @property
    def __annotations__(cls) -> Any:  # type: ignore[override]
        return ask("getattr", cls, "__annotations__")

    @property
    def __signature__(cls) -> Any:
        raise AttributeError("__signature__")


def _is_logger(handle: Any) -> bool:
    standard = ancestry.standard_of(type(handle))
    return standard is not None and (standard.__module__, standard.__name__) == ("logging", "Logger")


class Handle(RootOfObjects):
    """An object of the program that is not data. Subclasses add the operators that its class supports."""

    __array_ufunc__ = None  # numpy then leaves operators to us, and refuses its own functions

    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        return ask("getattr", self, "__dict__")

    def __getattr__(self, name: str) -> Any:
        if (
            name in NEVER
            or (name in OF_ASSERTIONS and in_assertion(sys._getframe(1)))
            or (name in VERDICTS and not name_in_tests(type(self)))
        ):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        if name == "exception" and sys.exc_info()[1] is not None and _is_logger(self):
            the_link().unsupported("the program's logger records an exception of the test")
        value = attribute(self, name)
        if name in ("count", "index") and callable(value) and offers(type(self), "__iter__") and not is_known(self):
            return views.looking(self, name)
        return value

    def __str__(self) -> str:
        return text_of(ask("__str__", self), "__str__")

    def __repr__(self) -> str:
        return text_of(ask("__repr__", self), "__repr__")

    def __format__(self, spec: str) -> str:
        return text_of(ask("__format__", self, spec), "__format__")

    def __eq__(self, other: object) -> Any:
        if self is other:
            return True if not offers(type(self), "__eq__") else _same(self, other)
        return _same(self, other) if is_proxy(other) else _with_data(self, "__eq__", other, sys._getframe(1))

    def __ne__(self, other: object) -> Any:
        if not is_proxy(other):
            return _with_data(self, "__ne__", other, sys._getframe(1))
        if offers(type(self), "__eq__") or offers(type(self), "__ne__"):
            return ask("__ne__", self, other)
        return self is not other

    def __hash__(self) -> int:
        state = state_of(self)
        if _HASH not in state:
            kind = type(self)
            if offers(kind, "__eq__") or offers(kind, "__hash__"):
                value = ask("__hash__", self)
                if type(value) is not int:
                    raise TypeError("__hash__ method should return an integer")
                state[_HASH] = hash(value)
            else:
                state[_HASH] = object.__hash__(self)
        return int(state[_HASH])

    def __bool__(self) -> bool:
        kind = type(self)
        asks = offers(kind, "__bool__") or offers(kind, "__len__")
        known = was_made(self) or is_known(self) or (not asks and _is_standard(kind))
        if not known and (asks or truth.decides(sys._getframe(1))) and not _is_called_by_tests(kind):
            refuse(self, "the truth")
        return is_true(ask("__bool__", self)) if asks else True

    def __reduce_ex__(self, _protocol: Any) -> Any:
        return proxies.pickled(self)

    def __del__(self) -> None:
        state = state_of(self)
        if NUMBER in state:
            the_link().gone(state[NUMBER], type(self))


def _is_called_by_tests(kind: type) -> bool:
    """Whether the tests call a class by its name, in small letters, and treat what they get as objects."""
    name = kind.__name__
    if not classes.gives_objects(name):
        return False
    try:
        return the_link().global_value(name) is kind
    except AttributeError:
        return False


def _is_standard(kind: type) -> bool:
    """Whether it is the proxy of a class of the standard library: of a match, or a lock. If it defines no truth, its
    objects are as true as True.
    """
    return ancestry.is_standard(kind.__module__) and ancestry.standard_of(kind) is not None


def _is_condition(frame: FrameType) -> bool:
    """Whether a test makes a condition for the program there: `users.where(F.age == 3)`."""
    return context.is_test(frame) and operands.goes_to_program(frame)


def _with_data(value: Handle, name: str, other: Any, frame: FrameType) -> Any:
    """`==` or `!=` of an object and data. NotImplemented falls back to identity: they are not equal."""
    if offers(type(value), name) and _is_condition(frame):
        return ask(name, value, other)
    if uses.is_called_by_name(frame, name):
        return _called_by_name(value, name, other, frame)
    if ancestry.stands_for(value, other):
        if ancestry.is_of_library(type(other).__module__):
            refuse(value, f"`{name.strip('_')}`", is_made=True)
        the_link().doubts(value, other)  # the test's object may still find that it is equal
    return name == "__eq__" if contents.equals(value, other) else NotImplemented


def _same(a: Any, b: Any) -> Any:
    if offers(type(a), "__eq__") or offers(type(b), "__eq__"):
        return ask("__eq__", a, b)
    return a is b


def not_implemented(value: Any, name: str, other: Any) -> Any:
    """NotImplemented if a method of the program returns it, else None. The test asks for nothing else."""
    return NotImplemented if ask("call", ask("getattr", value, name), other) is NotImplemented else None


def _called_by_name(value: Any, name: str, other: Any, frame: FrameType) -> Any:
    """`Point(1).__eq__(3)`: a method of an object that the test made. Of any other, NotImplemented would be true."""
    if uses.expects_not_implemented(frame, name):
        return not_implemented(value, name, other)
    if not made_of_class(value):
        refuse(value, f"`{name.strip('_')}`")
    return ask("call", ask("getattr", value, name), other)


class _Globals(Mapping[str, Any]):
    """The program's globals, read individually."""

    def __getitem__(self, name: str) -> Any:
        try:
            return the_link().global_value(name)
        except AttributeError:
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        return iter(the_link().public_names)

    def __len__(self) -> int:
        return len(the_link().public_names)


# How a star import is compiled: by Python 3.11, and since 3.12.
_STARS = ("IMPORT_STAR", "CALL_INTRINSIC_1")
_STARRED = "\0starred"


def starred(module: types.ModuleType) -> list[str]:
    """The names that `from solution import *` brings, as a list that can be changed."""
    held: Any = vars(types.ModuleType)["__dict__"]
    found: list[str] = held.__get__(module).setdefault(_STARRED, [])
    return found


class SolutionModule(RootOfModules):
    # The module `solution` as tests import it. Its docstring is the program's.

    @property
    def __doc__(self) -> Any:  # type: ignore[override]
        return the_link().global_value("__doc__")

    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        return _Globals()

    @property
    def __all__(self) -> Any:
        """What a star import brings, which leaves out what the tests define; for all else, the program's own list."""
        import dis

        frame = sys._getframe(1)
        return (
            starred(self)
            if dis.opname[frame.f_code.co_code[frame.f_lasti]] in _STARS
            else the_link().global_value("__all__")
        )

    def __getattr__(self, name: str) -> Any:
        if name in ("__path__", "__wrapped__", "__bases__", "__warningregistry__") or name in NEVER:
            raise AttributeError(f"module 'solution' has no attribute {name!r}")
        return the_link().global_value(name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("__spec__", "__loader__", "__file__", "__package__", "__cached__"):
            types.ModuleType.__setattr__(self, name, value)
        else:
            ask("setattr", self, name, value)

    def __delattr__(self, name: str) -> None:
        ask("delattr", self, name)

    def __dir__(self) -> Any:
        return ask("__dir__", self)
