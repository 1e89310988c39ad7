"""In the checker: the program's objects as the tests see them. Each is a number; what it does happens in the program.

Three rules make a proxy harmless to the verdict:

- A handle never equals plain data. Equality and order between two handles are asked of the program, which learns
  nothing from them.
- An operator or builtin that mixes a handle with test data fails, and the other operand is never sent.
- The truth of a handle is no verdict: it fails in an assertion.

A failure of these kinds stays, whatever the test catches. Where the test itself built the object from a class of the
program (`Vector(1, 2) * 3`), it needs what the proxy cannot give, and the case is unsupported instead of wrong.

An instance of a subclass of a plain type is a real instance of that type here, with its base content; only attributes
that the plain type lacks, and methods that the program overrides, are asked of the program.
"""

from __future__ import annotations

import contextlib
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

from . import context, wire

if TYPE_CHECKING:
    from .link import Link

# Names that are never asked of the program: numpy, pickle and others would take the answer for data.
NEVER = frozenset(
    (
        *("__array__", "__array_interface__", "__array_struct__", "__array_priority__", "__array_function__"),
        *("__array_wrap__", "__array_finalize__", "__array_prepare__", "__array_namespace__", "__dlpack__"),
        *("__float__", "__int__", "__index__", "__complex__", "__bool__", "__trunc__", "__length_hint__"),
        *("__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__getnewargs__", "__getnewargs_ex__"),
        *("__instancecheck__", "__subclasscheck__", "__subclasshook__", "__set_name__", "__prepare__"),
        *("__del__", "__getattribute__", "__setattr__", "__delattr__", "__get__", "__set__", "__delete__"),
        *("__buffer__", "__release_buffer__", "__conform__", "__sizeof__", "__init_subclass__", "__eq__", "__ne__"),
        *("__lt__", "__le__", "__gt__", "__ge__", "__contains__", "__test__", "__pytest_wrapped__"),
        *("__unittest_skip__", "__unittest_skip_why__", "__unittest_expecting_failure__", "__tracebackhide__"),
        *("__dataframe__", "__geo_interface__", "__cuda_array_interface__", "__array_api_version__"),
    )
)


class UnsupportedTest(BaseException):
    """The test needs what a proxy cannot give; it says nothing about the program."""


class ProgramLost(BaseException):
    """The program ended, or sent bytes that mean nothing. No `except Exception` of a test swallows it."""


class Refused(TypeError):
    """An operator or builtin that would have let an object of the program decide."""


class Root:
    """What all proxies derive from. The number lives in the instance dictionary, under a name that none can ask for."""


# What is known of a proxy here.
state_of: Callable[[Any], dict[str, Any]] = Root.__dict__["__dict__"].__get__
NUMBER, _MADE, _GIVEN, _HASH = "\0number", "\0made", "\0given", "\0hash"
_link: Link
capabilities_of: dict[type, int] = {}
class_numbers: dict[type, int] = {}
_evaluating: list[None] = []
_made: list[None] = []  # not empty once the test has made an object
_named: dict[type, str] = {}  # classes that the test reached by a name in capitals


def connect(link: Link) -> None:
    global _link
    _link = link
    _made.clear()


def the_link() -> Link:
    return _link


def ask(name: str, /, *args: Any, **kwargs: Any) -> Any:
    """Have the program do something; its result, or what it raised."""
    return _link.ask(name, *args, **kwargs)


def is_proxy(value: object) -> bool:
    """Whether it stands for an object of the program. Asks the real type only."""
    kind = type(value)
    return kind is HandleMeta or kind is SolutionModule or issubclass(kind, Root)


def number_of(value: Any) -> int:
    kind = type(value)
    if kind is HandleMeta:
        return class_numbers[value]
    if kind is SolutionModule:
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


def made_of_class(value: Any) -> bool:
    """Whether the test made it of what it uses as a class, and not as a function, and has it from nowhere else."""
    from . import classes

    return (
        was_made(value) and _GIVEN not in state_of(value) and classes.is_class(state_of(value)[_MADE], context.trees())
    )


@contextlib.contextmanager
def evaluation() -> Iterator[None]:
    """What text of the program makes is not made by the test."""
    _evaluating.append(None)
    try:
        yield
    finally:
        _evaluating.pop()


def _gives_object() -> bool:
    """Whether the test that uses an operator at this moment asks an object of what it gives."""
    from . import classes

    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_globals.get("__package__") == __package__:
        frame = frame.f_back
    return frame is not None and frame.f_code.co_filename in context.SOURCES and classes.expects_object(frame)


def mark_named(kind: Any, name: str, is_used: bool = False) -> None:
    """The test reaches a class of the program by this name. A star import reaches for names that it never uses."""
    if type(kind) is HandleMeta and (is_used or context.uses_name(name)):
        _named[kind] = name


def is_known(value: Any) -> bool:
    """Whether the tests know what it is: they made it, or name its class or one that it derives from. What methods of a
    `Solution` give is data, and never one.
    """
    if was_made(value) and _GIVEN not in state_of(value):
        return True
    return any(kind in _named and _named[kind] != "Solution" for kind in type(value).__mro__)


def _can(kind: type, name: str) -> bool:
    return bool(capabilities_of.get(kind, 0) & wire.BITS[name])


# Methods that assertions call on what they are given, with what is expected: assertSetEqual(first, second).
_OF_ASSERTIONS = ("difference", "symmetric_difference")
# Methods of plain types that say yes or no. An object of a class that the tests do not name is no such data: it would
# answer for itself.
_VERDICTS = frozenset(
    (
        *("issubset", "issuperset", "isdisjoint", "startswith", "endswith", "is_integer"),
        *(name for name in dir(str) if name.startswith("is")),
    )
)


def in_assertion(frame: FrameType) -> bool:
    """Whether unittest, pytest or a container of the standard library that compares itself asks, and not the test."""
    file = frame.f_code.co_filename
    return file.endswith(("/unittest/case.py", "/collections/__init__.py")) or "/_pytest/" in file


def attribute(owner: Any, name: str) -> Any:
    """An attribute of an object of the program. Raises Refused where it would catch the test's failed assertions."""
    from . import uses

    value = ask("getattr", owner, name)
    if type(value) in (type, tuple) and uses.catches_assertions(name, value):
        _link.refuse(f"what it calls {name} catches failed assertions of the tests")
        raise Refused(f"{name} catches failed assertions")
    return value


def refuse(value: Any, what: str) -> NoReturn:
    """Fail for good: an object of the program was mixed with test data, or asked to be the verdict."""
    name = type(value).__name__
    if made_of_class(value) or _gives_object():
        _link.unsupported(f"{what} of a {name} object")
    _link.refuse(f"{what} of an object of type {name}: the test expects plain data")
    raise Refused(f"{what} of an object of type {name} is not for the program to decide")


# --- classes of the program -----------------------------------------------------------------------------------------


class HandleMeta(type):
    """The type of classes that stand for classes of the program."""

    def __new__(mcs, name: str, bases: tuple[type, ...], names: dict[str, Any], **_: Any) -> HandleMeta:
        if mcs is HandleMeta and "\0internal" not in names:
            _link.unsupported(f"a class of the test that derives from {bases[0].__name__}")
        return super().__new__(mcs, name, bases, names)

    def __call__(cls, /, *args: Any, **kwargs: Any) -> Any:
        result = ask("call", cls, *args, **kwargs)
        if cls in _named and not _evaluating:
            mark_made(result, _named[cls])
        return result

    def __getattr__(cls, name: str) -> Any:
        if name in NEVER or cls not in class_numbers or (name in _VERDICTS and cls not in _named):
            raise AttributeError(f"type object {type.__repr__(cls)} has no attribute {name!r}")
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
        from . import views

        return views.begins(cls, ask("__iter__", cls))  # type: ignore[no-any-return]

    def __len__(cls) -> int:
        from . import views

        return views.told_length(cls, size(ask("__len__", cls)))

    def __getitem__(cls, key: Any) -> Any:
        return ask("__getitem__", cls, key)

    def __contains__(cls, item: Any) -> bool:
        if is_proxy(item):
            return truth(ask("__contains__", cls, item))
        _link.refuse(f"`in` of class {cls.__name__}: the test expects plain data")
        raise Refused(f"`in` of class {cls.__name__} is not for the program to decide")

    def __bool__(cls) -> bool:
        if context.truth_decides(sys._getframe(1)):
            _link.refuse(f"the truth of class {cls.__name__}: the test expects plain data")
            raise Refused(f"the truth of class {cls.__name__} is no verdict")
        return True

    def __instancecheck__(cls, value: Any) -> bool:
        if type.__instancecheck__(cls, value):
            return True
        if cls in class_numbers and is_proxy(value):
            return truth(ask("__instancecheck__", cls, value))
        return False

    @property  # type: ignore[misc]
    def __dict__(cls) -> Any:  # type: ignore[override]
        return ask("getattr", cls, "__dict__")

    @property
    def __annotations__(cls) -> Any:  # type: ignore[override]
        return ask("getattr", cls, "__annotations__")

    @property
    def __signature__(cls) -> Any:
        raise AttributeError("__signature__")


def size(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise TypeError("__len__() of an object of the program gave no length")
    return value


def truth(value: Any) -> bool:
    return value is True


def text_of(value: Any, what: str) -> str:
    if type(value) is not str:
        raise TypeError(f"{what} returned non-string (type {type(value).__name__})")
    return value


class Handle(Root):
    """An object of the program that is no data. Operators are added for those that its class offers."""

    __array_ufunc__ = None  # numpy leaves operators to us, and refuses its own functions

    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        return ask("getattr", self, "__dict__")

    def __getattr__(self, name: str) -> Any:
        if (
            name in NEVER
            or (name in _OF_ASSERTIONS and in_assertion(sys._getframe(1)))
            or (name in _VERDICTS and type(self) not in _named)
        ):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        if name in ("count", "index") and _can(type(self), "__iter__") and not is_known(self):
            from . import views

            return views.looking(self, name)
        return attribute(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        ask("setattr", self, name, value)

    def __delattr__(self, name: str) -> None:
        ask("delattr", self, name)

    def __dir__(self) -> Any:
        return ask("__dir__", self)

    def __str__(self) -> str:
        return text_of(ask("__str__", self), "__str__")

    def __repr__(self) -> str:
        return text_of(ask("__repr__", self), "__repr__")

    def __format__(self, spec: str) -> str:
        return text_of(ask("__format__", self, spec), "__format__")

    def __eq__(self, other: object) -> Any:
        if self is other:
            return True if not _can(type(self), "__eq__") else _same(self, other)
        if not is_proxy(other):
            return NotImplemented  # falls back to identity: never equal
        return _same(self, other)

    def __ne__(self, other: object) -> Any:
        if not is_proxy(other):
            return NotImplemented
        if _can(type(self), "__eq__") or _can(type(self), "__ne__"):
            return ask("__ne__", self, other)
        return self is not other

    def __hash__(self) -> int:
        state = state_of(self)
        if _HASH not in state:
            kind = type(self)
            if _can(kind, "__eq__") or _can(kind, "__hash__"):
                value = ask("__hash__", self)
                if type(value) is not int:
                    raise TypeError("__hash__ method should return an integer")
                state[_HASH] = hash(value)
            else:
                state[_HASH] = object.__hash__(self)
        return int(state[_HASH])

    def __bool__(self) -> bool:
        kind = type(self)
        asks = _can(kind, "__bool__") or _can(kind, "__len__")
        if not was_made(self) and (asks or context.truth_decides(sys._getframe(1))):
            refuse(self, "the truth")
        return truth(ask("__bool__", self)) if asks else True

    def __copy__(self) -> Any:
        return keep_made(self, ask("forwarded", "copy", "copy", self))

    def __deepcopy__(self, _memo: Any) -> Any:
        return keep_made(self, ask("forwarded", "copy", "deepcopy", self))

    def __reduce_ex__(self, _protocol: Any) -> NoReturn:
        refuse(self, "pickling")

    def __del__(self) -> None:
        state = state_of(self)
        if NUMBER in state:
            _link.gone(state[NUMBER], type(self))


def keep_made(original: Any, result: Any) -> Any:
    if was_made(original):
        mark_made(result, state_of(original)[_MADE])
    return result


def _same(a: Any, b: Any) -> Any:
    if _can(type(a), "__eq__") or _can(type(b), "__eq__"):
        return ask("__eq__", a, b)
    return a is b


class _Globals(Mapping[str, Any]):
    """The program's globals, read one by one."""

    def __getitem__(self, name: str) -> Any:
        try:
            return _link.global_value(name)
        except AttributeError:
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        return iter(_link.public_names)

    def __len__(self) -> int:
        return len(_link.public_names)


class SolutionModule(types.ModuleType):
    # The module `solution` as tests import it. Its docstring is the program's.

    @property
    def __doc__(self) -> Any:  # type: ignore[override]
        return _link.global_value("__doc__")

    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        return _Globals()

    def __getattr__(self, name: str) -> Any:
        if name in ("__path__", "__wrapped__", "__bases__", "__warningregistry__") or name in NEVER:
            raise AttributeError(f"module 'solution' has no attribute {name!r}")
        if name == "__all__":
            return list(_link.public_names)
        return _link.global_value(name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("__spec__", "__loader__", "__file__", "__package__", "__cached__"):
            types.ModuleType.__setattr__(self, name, value)
        else:
            ask("setattr", self, name, value)

    def __delattr__(self, name: str) -> None:
        ask("delattr", self, name)

    def __dir__(self) -> Any:
        return ask("__dir__", self)
