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

import sys
import types
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from . import context, wire
from .codec import Violation

if TYPE_CHECKING:
    from .link import Link

# Names that are never asked of the program: numpy, pickle and others would take the answer for data.
_NEVER = frozenset(
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


_state: Callable[[Any], dict[str, Any]] = Root.__dict__["__dict__"].__get__
_NUMBER, _MADE, _HASH = "\0number", "\0made", "\0hash"
_link: Link
_capabilities: dict[type, int] = {}
_class_numbers: dict[type, int] = {}
_named: set[type] = set()  # classes that the test reached by a name in capitals


def connect(link: Link) -> None:
    global _link
    _link = link


def the_link() -> Link:
    return _link


def state_of(value: Any) -> dict[str, Any]:
    """What is known of a proxy here."""
    return _state(value)


def is_proxy(value: object) -> bool:
    """Whether it stands for an object of the program. Asks the real type only."""
    kind = type(value)
    return kind is HandleMeta or kind is SolutionModule or issubclass(kind, Root)


def number_of(value: Any) -> int:
    kind = type(value)
    if kind is HandleMeta:
        return _class_numbers[value]
    if kind is SolutionModule:
        return 0
    return int(_state(value)[_NUMBER])


def was_made(value: Any) -> bool:
    """Whether the test itself made it, by calling a class of the program."""
    return issubclass(type(value), Root) and _MADE in _state(value)


def mark_made(value: Any) -> None:
    if issubclass(type(value), Root):
        _state(value)[_MADE] = True


def mark_named(kind: Any) -> None:
    if type(kind) is HandleMeta:
        _named.add(kind)


def _can(kind: type, name: str) -> bool:
    return bool(_capabilities.get(kind, 0) & wire.BITS[name])


def refuse(value: Any, what: str) -> NoReturn:
    """Fail for good: an object of the program was mixed with test data, or asked to be the verdict."""
    name = type(value).__name__
    if was_made(value):
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

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        result = _link.ask("call", cls, *args, **kwargs)
        if cls in _named:
            mark_made(result)
        return result

    def __getattr__(cls, name: str) -> Any:
        if name in _NEVER or cls not in _class_numbers:
            raise AttributeError(f"type object {type.__repr__(cls)} has no attribute {name!r}")
        return _link.ask("getattr", cls, name)

    def __setattr__(cls, name: str, value: Any) -> None:
        if name == "__abstractmethods__" or cls not in _class_numbers:
            type.__setattr__(cls, name, value)
        else:
            _link.ask("setattr", cls, name, value)

    def __delattr__(cls, name: str) -> None:
        _link.ask("delattr", cls, name)

    def __dir__(cls) -> Any:
        return _link.ask("__dir__", cls)

    def __iter__(cls) -> Iterator[Any]:
        return _link.ask("__iter__", cls)  # type: ignore[no-any-return]

    def __len__(cls) -> int:
        return _size(_link.ask("__len__", cls))

    def __getitem__(cls, key: Any) -> Any:
        return _link.ask("__getitem__", cls, key)

    def __contains__(cls, item: Any) -> bool:
        if is_proxy(item):
            return _truth(_link.ask("__contains__", cls, item))
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
        if cls in _class_numbers and is_proxy(value):
            return _truth(_link.ask("__instancecheck__", cls, value))
        return False

    @property  # type: ignore[misc]
    def __dict__(cls) -> Any:  # type: ignore[override]
        return _link.ask("getattr", cls, "__dict__")

    @property
    def __annotations__(cls) -> Any:  # type: ignore[override]
        return _link.ask("getattr", cls, "__annotations__")

    @property
    def __signature__(cls) -> Any:
        raise AttributeError("__signature__")


def _size(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise TypeError("__len__() of an object of the program gave no length")
    return value


def _truth(value: Any) -> bool:
    return value is True


def _text(value: Any, what: str) -> str:
    if type(value) is not str:
        raise TypeError(f"{what} returned non-string (type {type(value).__name__})")
    return value


class Handle(Root):
    """An object of the program that is no data. Operators are added for those that its class offers."""

    __array_ufunc__ = None  # numpy leaves operators to us, and refuses its own functions

    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        return _link.ask("getattr", self, "__dict__")

    def __getattr__(self, name: str) -> Any:
        if name in _NEVER:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return _link.ask("getattr", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        _link.ask("setattr", self, name, value)

    def __delattr__(self, name: str) -> None:
        _link.ask("delattr", self, name)

    def __dir__(self) -> Any:
        return _link.ask("__dir__", self)

    def __str__(self) -> str:
        return _text(_link.ask("__str__", self), "__str__")

    def __repr__(self) -> str:
        return _text(_link.ask("__repr__", self), "__repr__")

    def __format__(self, spec: str) -> str:
        return _text(_link.ask("__format__", self, spec), "__format__")

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
            return _link.ask("__ne__", self, other)
        return self is not other

    def __hash__(self) -> int:
        state = _state(self)
        if _HASH not in state:
            kind = type(self)
            if _can(kind, "__eq__") or _can(kind, "__hash__"):
                value = _link.ask("__hash__", self)
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
        return _truth(_link.ask("__bool__", self)) if asks else True

    def __copy__(self) -> Any:
        return _keep_made(self, _link.ask("forwarded", "copy", "copy", self))

    def __deepcopy__(self, _memo: Any) -> Any:
        return _keep_made(self, _link.ask("forwarded", "copy", "deepcopy", self))

    def __reduce_ex__(self, _protocol: Any) -> NoReturn:
        _link.unsupported(f"pickling a {type(self).__name__} object")

    def __del__(self) -> None:
        state = _state(self)
        if _NUMBER in state:
            _link.gone(state[_NUMBER], type(self))


def _keep_made(original: Any, result: Any) -> Any:
    if was_made(original):
        mark_made(result)
    return result


def _same(a: Any, b: Any) -> Any:
    if _can(type(a), "__eq__") or _can(type(b), "__eq__"):
        return _link.ask("__eq__", a, b)
    return a is b


# --- operators, added to a class by its capabilities ----------------------------------------------------------------


def _call(self: Any, *args: Any, **kwargs: Any) -> Any:
    return _link.ask("call", self, *args, **kwargs)


def _iterate(self: Any) -> Any:
    return _link.ask("__iter__", self)


def _next(self: Any) -> Any:
    return _link.ask("__next__", self)


def _len(self: Any) -> int:
    return _size(_link.ask("__len__", self))


def _get_item(self: Any, key: Any) -> Any:
    return _link.ask("__getitem__", self, key)


def _set_item(self: Any, key: Any, value: Any) -> None:
    _link.ask("__setitem__", self, key, value)


def _delete_item(self: Any, key: Any) -> None:
    _link.ask("__delitem__", self, key)


def _contains(self: Any, item: Any) -> bool:
    if is_proxy(item):
        return _truth(_link.ask("__contains__", self, item))
    refuse(self, "`in`")


def _enter(self: Any) -> Any:
    return _keep_made(self, _link.ask("__enter__", self))


def may_suppress(answer: Any, error: Any) -> bool:
    """No context manager of the program makes a failed assertion, or one of our own failures, disappear."""
    return answer is True and isinstance(error, Exception) and not isinstance(error, AssertionError | Refused)


def _exit(self: Any, kind: Any, error: Any, _trace: Any) -> bool:
    return may_suppress(_link.ask("__exit__", self, kind, error), error)


def _index_like(name: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any) -> Any:
        if not was_made(self) or args:
            refuse(self, f"`{name.strip('_')}`")
        return _keep_made(self, _link.ask(name, self))

    return method


def _binary(name: str, ordering: bool = False) -> Callable[..., Any]:
    reflected = name.startswith("__r") and name != "__rshift__"
    straight = "__" + name[3:] if reflected else name

    def method(self: Any, other: Any) -> Any:
        if not is_proxy(other):
            refuse(self, "ordering" if ordering else f"`{name.strip('_')}`")
        pair = (other, self) if reflected else (self, other)
        return _keep_made(self, _link.ask(straight, *pair))

    return method


def _text_method(name: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any) -> Any:
        return _text(_link.ask(name, self, *args), name)

    return method


_ORDERINGS = ("__lt__", "__le__", "__gt__", "__ge__")
_TEMPLATES: dict[str, Callable[..., Any]] = {
    "__call__": _call,
    "__iter__": _iterate,
    "__next__": _next,
    "__len__": _len,
    "__getitem__": _get_item,
    "__setitem__": _set_item,
    "__delitem__": _delete_item,
    "__contains__": _contains,
    "__enter__": _enter,
    "__exit__": _exit,
    "__reversed__": lambda self: _link.ask("__reversed__", self),
    "__fspath__": lambda self: _text(_link.ask("__fspath__", self), "__fspath__"),
    **{name: _binary(name, ordering=True) for name in _ORDERINGS},
}
for _name in wire.CAPABILITIES:
    if _name in _TEMPLATES or _name in ("__eq__", "__ne__", "__hash__", "__bool__", "__missing__", "__ipow__"):
        continue
    if _name in ("__str__", "__repr__", "__format__"):
        continue
    if _name in (
        *("__neg__", "__pos__", "__abs__", "__invert__", "__round__", "__trunc__", "__floor__", "__ceil__"),
        *("__int__", "__float__", "__complex__", "__index__", "__bytes__"),
    ):
        _TEMPLATES[_name] = _index_like(_name)
    elif "await" not in _name and "_a" not in _name[1:3]:
        _TEMPLATES[_name] = _binary(_name)
for _name in ("__add__", "__and__", "__radd__", "__rand__"):
    _TEMPLATES[_name] = _binary(_name)

# What a class that derives from a plain type may have answered by the program; comparison is not among it.
_PLAIN_ASKED = ("__call__", "__enter__", "__exit__")
_CONTAINER_ASKED = ("__getitem__", "__setitem__", "__delitem__", "__len__", "__iter__")
_TEXTS = ("__str__", "__repr__", "__format__")


def _plain_binary(name: str) -> Callable[..., Any]:
    """Between two objects of the program it is theirs; with test data the plain type's own, here."""

    def method(self: Any, other: Any) -> Any:
        if is_proxy(other):
            reflected = name.startswith("__r") and name != "__rshift__"
            pair = (other, self) if reflected else (self, other)
            return _keep_made(self, _link.ask("__" + name[3:] if reflected else name, *pair))
        for base in type(self).__mro__:
            if base.__module__ != "\0" and type(base) is type and name in base.__dict__:
                return base.__dict__[name](self, other)
        return NotImplemented

    return method


def _asked_method(name: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return _link.ask("call", _link.ask("getattr", self, name), *args, **kwargs)

    method.__name__ = name
    return method


# --- making classes and objects from what the program says ----------------------------------------------------------

_LOOK_TYPES: dict[int, type] = {
    1: types.FunctionType,
    2: types.BuiltinFunctionType,
    3: types.MethodType,
    4: types.GeneratorType,
    5: types.CoroutineType,
    6: types.AsyncGeneratorType,
    7: types.ModuleType,
}


class PlainHandle(Root):
    """Mixed into classes that derive from a plain type: attributes that the type lacks are the program's."""

    def __getattr__(self, name: str) -> Any:
        if name in _NEVER or name.startswith("\0"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return _link.ask("getattr", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        _link.ask("setattr", self, name, value)

    def __reduce_ex__(self, _protocol: Any) -> Any:
        _link.unsupported(f"pickling a {type(self).__name__} object")

    def __copy__(self) -> Any:
        return _keep_made(self, _link.ask("forwarded", "copy", "copy", self))

    def __deepcopy__(self, _memo: Any) -> Any:
        return _keep_made(self, _link.ask("forwarded", "copy", "deepcopy", self))


class ErrorHandle(Root):
    """Mixed into exception classes of the program."""

    def __getattr__(self, name: str) -> Any:
        if name in _NEVER or _NUMBER not in _state(self):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return _link.ask("getattr", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("__"):
            BaseException.__setattr__(self, name, value)
        else:
            _link.ask("setattr", self, name, value)

    def __str__(self) -> str:
        return str(_state(self).get("\0text", ""))


_MUTABLE = (list, dict, set, bytearray)


def _asynchronous() -> dict[str, Callable[..., Any]]:
    from .awaited import METHODS

    return METHODS


def _coroutine() -> dict[str, Callable[..., Any]]:
    from .awaited import COROUTINE

    return COROUTINE


_COROUTINE = 5
_ASYNC = ("__await__", "__aiter__", "__anext__", "__aenter__", "__aexit__")


def make_class(number: int, description: Any) -> type:
    """The class that stands for one of the program, from its description. Raises Violation."""
    if type(description) is not tuple or len(description) != 8:
        raise Violation("a class without a description")
    name, qualname, module, doc, bases, capabilities, overridden, look = description
    if any(type(text) is not str or "\0" in text or len(text) > 1000 for text in (name, qualname, module)):
        raise Violation("a class with a name that is none")
    if type(bases) is not tuple or type(capabilities) is not int or type(overridden) is not tuple:
        raise Violation("a class without a description")
    if any(not isinstance(base, type) for base in bases) or any(type(text) is not str for text in overridden):
        raise Violation("a class without a description")
    error = next((b for b in bases if issubclass(b, BaseException)), None)
    plain = next((b for b in bases if not issubclass(b, BaseException) and _plain_of(b)), None)
    names: dict[str, Any] = {"\0internal": True, "__module__": module, "__qualname__": qualname}
    names["__doc__"] = doc if type(doc) is str else None
    if error is not None:
        usable = tuple(b for b in bases if issubclass(b, BaseException))
        real = (*(b for b in usable if type(b) is HandleMeta), ErrorHandle)
        attempts = [(*real, *(b for b in usable if type(b) is not HandleMeta)), (ErrorHandle, _standard_error(error))]
    elif plain is not None:
        names.update(_plain_names(_plain_of(plain), capabilities, overridden))
        mixed = tuple(b for b in bases if type(b) is HandleMeta and not _plain_of(b))
        base = plain if type(plain) is HandleMeta else None
        attempts = [
            (base, *mixed) if base else (PlainHandle, *mixed, plain),
            (PlainHandle, _plain_of(plain) or object),
        ]
    else:
        names.update(
            {n: _TEMPLATES[n] for bit, n in enumerate(wire.CAPABILITIES) if capabilities >> bit & 1 and n in _TEMPLATES}
        )
        if capabilities & (wire.BITS["__iter__"] | wire.BITS["__getitem__"]):
            names["__contains__"] = _contains
        if capabilities & wire.BITS["__getitem__"] and "__iter__" not in names:
            names["__iter__"] = _iterate
        if any(capabilities & wire.BITS[n] for n in _ASYNC):
            names.update({n: m for n, m in _asynchronous().items() if capabilities & wire.BITS[n]})
            if look == _COROUTINE:
                names.update(_coroutine())
        if look in _LOOK_TYPES:
            kind = _LOOK_TYPES[look]
            names["__class__"] = property(lambda _self: kind)
            names["__doc__"] = property(lambda self: _link.ask("getattr", self, "__doc__"))
        attempts = [tuple(b for b in bases if type(b) is HandleMeta) or (Handle,), (Handle,)]
    made = _build(name, attempts, names)
    _capabilities[made] = capabilities
    for ancestor in made.__mro__[1:]:
        _capabilities[made] |= _capabilities.get(ancestor, 0)
    _class_numbers[made] = number
    return made


def _build(name: str, attempts: list[tuple[Any, ...]], names: dict[str, Any]) -> type:
    for bases in attempts:
        try:
            return HandleMeta(name, bases, dict(names))
        except TypeError:  # an order or a layout that cannot be
            continue
    raise Violation(f"a class {name[:80]!r} that cannot be")


def _standard_error(kind: type) -> type:
    return next(b for b in kind.__mro__ if type(b) is type and issubclass(b, BaseException))


def _plain_of(kind: type) -> type | None:
    """The plain type among its bases."""
    from .codec import plain_base

    return plain_base(kind)


def _plain_names(plain: type | None, capabilities: int, overridden: tuple[str, ...]) -> dict[str, Any]:
    assert plain is not None
    asked = [n for n in _PLAIN_ASKED if capabilities & wire.BITS[n]]
    if issubclass(plain, _MUTABLE):
        asked += [n for n in _CONTAINER_ASKED if capabilities & wire.BITS[n]]
    names: dict[str, Any] = {n: _TEMPLATES[n] for n in asked}
    names.update({n: _text_method(n) for n in _TEXTS if capabilities & wire.BITS[n]})
    for name in wire.CAPABILITIES:
        straight = name[3:-2] if name[2] in "ri" else name[2:-2]
        if capabilities & wire.BITS[name] and straight in _ARITHMETIC and not name.startswith("__i"):
            names[name] = _plain_binary(name)
    names.update({n: _asked_method(n) for n in overridden if not n.startswith("_") and "\0" not in n})
    return names


_ARITHMETIC = (
    *("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "divmod", "pow"),
    *("lshift", "rshift", "and", "xor", "or"),
)
_STANDARD_OBJECTS = (object, enumerate, zip, map, filter, reversed, property, classmethod, staticmethod, super)
_standard_classes: dict[type, type] = {}


def _standard_class(kind: type) -> type:
    """Objects of a type that both ends have, but that are no data: an iterator, a property."""
    import collections

    if kind not in (*_STANDARD_OBJECTS, collections.ChainMap):
        raise Violation(f"an object of type {kind.__name__} that is not sent as its content")
    if kind not in _standard_classes:
        below = kind.__mro__[:-1]
        capabilities = sum(1 << bit for bit, n in enumerate(wire.CAPABILITIES) if any(n in vars(k) for k in below))
        names: dict[str, Any] = {
            n: _TEMPLATES[n] for n in wire.CAPABILITIES if capabilities & wire.BITS[n] and n in _TEMPLATES
        }
        if "__iter__" in names:
            names["__contains__"] = _contains
        names |= {"\0internal": True, "__module__": "builtins", "__class__": property(lambda _self: kind)}
        made = HandleMeta(kind.__name__, (Handle,), names)
        _capabilities[made] = capabilities
        _standard_classes[kind] = made
    return _standard_classes[kind]


def make_handle(number: int, kind: Any) -> Any:
    """An object of a class of the program. Raises Violation."""
    if not isinstance(kind, type):
        raise Violation("an object of a class that is none")
    if type(kind) is not HandleMeta:
        kind = _standard_class(kind)
    if not issubclass(kind, Handle):
        raise Violation(f"an object of class {kind.__name__} that is not sent as its content")
    made = object.__new__(kind)
    _state(made)[_NUMBER] = number
    return made


def make_plain(number: int, kind: Any, content: Any, register: Callable[[Any], None]) -> Any:
    """An instance of a class that derives from a plain type, with its content. Raises Violation."""
    plain = _plain_of(kind) if isinstance(kind, type) else None
    if plain is None or type(kind) is not HandleMeta or not issubclass(kind, PlainHandle):
        raise Violation("content of a class that has none")
    if not _fits(plain, content):
        raise Violation(f"content of another type than {plain.__name__}")
    make: Callable[..., Any] = plain.__new__
    made: Any
    if issubclass(plain, dict):
        made = make(kind)
        dict.update(made, content)
    elif issubclass(plain, _MUTABLE) or plain.__name__ == "deque":
        made = make(kind)
        plain.__init__(made, content)  # type: ignore[call-arg]
    elif plain.__module__ == "datetime":
        made = make(kind, *_datetime_fields(content))
    elif plain.__name__ == "Fraction":
        made = make(kind, content.numerator, content.denominator)
    else:
        made = make(kind, content)
    _state(made)[_NUMBER] = number
    register(made)
    return made


def _fits(plain: type, content: Any) -> bool:
    kind = type(content)
    if issubclass(plain, dict):
        return kind is dict
    if plain is bytearray:
        return kind is bytes
    return kind is (list if plain.__name__ == "deque" else plain)


def _datetime_fields(value: Any) -> tuple[Any, ...]:
    import datetime

    if isinstance(value, datetime.datetime):
        return (*value.timetuple()[:6], value.microsecond, value.tzinfo)
    if isinstance(value, datetime.date):
        return value.year, value.month, value.day
    if isinstance(value, datetime.timedelta):
        return value.days, value.seconds, value.microseconds
    return value.hour, value.minute, value.second, value.microsecond, value.tzinfo


def _bare_error(kind: type, args: tuple[Any, ...]) -> BaseException:
    """An exception without its constructor."""
    make: Any = _standard_error(kind).__new__
    try:
        made = make(kind, *args)
    except (TypeError, ValueError):
        made = BaseException.__new__(kind)
    BaseException.__dict__["args"].__set__(made, args)
    return made  # type: ignore[no-any-return]


def make_error(number: int, kind: Any, args: Any, text: Any, attributes: Any) -> BaseException:
    """An exception of the program, of a standard class or one of its own. Raises Violation."""
    if not (isinstance(kind, type) and issubclass(kind, BaseException)):
        raise Violation("an exception of a class that is none")
    if type(args) is not tuple or type(text) is not str or type(attributes) is not dict:
        raise Violation("an exception without its parts")
    made: BaseException
    if type(kind) is HandleMeta:
        made = _bare_error(kind, args)
        _state(made).update({_NUMBER: number, "\0text": text})
        return made
    try:
        made = kind(*args)
    except Exception:  # a signature of its own
        made = _bare_error(kind, args or (text,))
    if type(made) is not kind:  # OSError chooses its own class
        made = _bare_error(kind, args)
    for name, value in attributes.items():
        if type(name) is str and (not name.startswith("_") or name == "__notes__"):
            try:
                setattr(made, name, value)
            except (AttributeError, TypeError, ValueError):
                continue
    return made


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
    """The module `solution` as tests import it."""

    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        return _Globals()

    def __getattr__(self, name: str) -> Any:
        if name in ("__path__", "__wrapped__", "__bases__", "__warningregistry__") or name in _NEVER:
            raise AttributeError(f"module 'solution' has no attribute {name!r}")
        if name == "__all__":
            return list(_link.public_names)
        return _link.global_value(name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("__spec__", "__loader__", "__file__", "__package__", "__cached__"):
            types.ModuleType.__setattr__(self, name, value)
        else:
            _link.ask("setattr", self, name, value)

    def __delattr__(self, name: str) -> None:
        _link.ask("delattr", self, name)

    def __dir__(self) -> Any:
        return _link.ask("__dir__", self)
