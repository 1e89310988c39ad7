"""In the candidate: stand-ins for classes of the tests.

Each is a real type, and the stand-ins for its objects are instances of it: programs register handlers by `type(event)`,
walk over bases, and inspect constructors and the names of methods. What it does is decided in the checker.
"""

from __future__ import annotations

import sys
import types
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from ..shared import signatures

Fields: TypeAlias = tuple[tuple[str, Any, str], ...] | None
Back: TypeAlias = Callable[..., Any]
"""Asks something of an object of the checker: `back(what, number, ...)`."""

_METHODS = (types.FunctionType, property, classmethod, staticmethod)
_OF_STUBS = frozenset(("__init__", "__new__", "__getattr__", "__getattribute__", "__setattr__", "__delattr__"))


_registering = set[int]()  # identities of abstract classes, which ask whether they are below what they register


class Description(NamedTuple):
    """What is sent about a class. bases: stand-ins for its bases. holds: "data", or the members of an "enum", if its
    purpose is to hold them. methods: their names, and those of what replaces methods of plain data. offered: operators
    of its objects.
    """

    module: str
    qualname: str
    doc: str | None
    bases: tuple[type, ...]
    holds: str
    fields: Fields
    methods: tuple[str, ...]
    makes: bool  # it defines a constructor
    calls: bool  # its objects are callable
    data: type | tuple[str, ...] | None  # the plain type that it derives from, or the fields of a named tuple
    abstract: tuple[type, ...]  # the abstract classes, standard or of the program, that it derives from


class OfTests(type):
    """The metaclass of the stand-ins."""

    _asked: tuple[Back, int]

    def __new__(mcs, name: str, bases: tuple[type, ...], names: dict[str, Any]) -> Any:
        if "_asked" not in names:
            raise TypeError(f"a class {name!r} of the program cannot derive from one of the test")
        return super().__new__(mcs, name, bases, names)

    def _ask(cls, what: str, *args: Any) -> Any:
        back, number = cls._asked
        return back(what, number, *args)

    def __call__(cls, /, *args: Any, **kwargs: Any) -> Any:
        return cls._ask("call", args, kwargs)

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"type object {cls.__name__!r} has no attribute {name!r}")
        return cls._ask("getattr", name)

    def __instancecheck__(cls, value: Any) -> bool:
        return type.__instancecheck__(cls, value) or cls._ask("isinstance", value)

    def __subclasscheck__(cls, value: Any) -> bool:
        if id(value) in _registering:
            return False
        return type.__subclasscheck__(cls, value) or cls._ask("issubclass", value)

    def __iter__(cls) -> Iterator[Any]:
        return iter(cls.__members__.values())

    def __len__(cls) -> int:
        return len(cls.__members__)

    def __getitem__(cls, name: Any) -> Any:
        return cls.__members__[name]

    def __contains__(cls, value: Any) -> bool:
        return any(value is member for member in cls)

    def __bool__(cls) -> bool:
        return True

    @property
    def __members__(cls) -> Any:
        return cls._ask("members")

    @property  # type: ignore[misc]
    def __dict__(cls) -> Any:  # type: ignore[override]
        return cls._ask("vars")

    @property
    def __annotations__(cls) -> Any:  # type: ignore[override]
        return vars(cls).get("__annotations__", {})

    @property
    def __signature__(cls) -> Any:
        return signatures.signature_of(cls._ask("shape", True))

    @property
    def __mro__(cls) -> tuple[type, ...]:
        return (*_of_tests(type.__dict__["__mro__"].__get__(cls)), object)

    @property
    def __bases__(cls) -> tuple[type, ...]:  # type: ignore[override]
        return _of_tests(type.__dict__["__bases__"].__get__(cls)) or (object,)

    @property
    def __base__(cls) -> type:
        return cls.__bases__[0]

    def __dir__(cls) -> list[str]:
        return sorted({name for kind in cls.__mro__ for name in vars(kind)})


def _of_tests(kinds: tuple[type, ...]) -> tuple[type, ...]:
    return tuple(kind for kind in kinds if type(kind) is OfTests)


class _Method:
    """A method of a class of the tests, as a descriptor."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, value: Any, kind: Any) -> Any:
        return kind._ask("getattr", self._name) if value is None else value._back("getattr", value._number, self._name)


class _Maker:
    """The constructor of a class of the tests: shows its signature, and nothing more."""

    def __get__(self, _value: object, kind: Any) -> Any:
        def made(*_args: Any, **_kwargs: Any) -> Any:
            raise TypeError(f"an object of class {kind.__name__} is made by a call of the class")

        function = signatures.function_of(kind._ask("shape", False), made, False)
        function.__name__, function.__qualname__ = "__init__", f"{kind.__qualname__}.__init__"
        return function


class _Fields:
    """`__dataclass_fields__` of the stand-in for a dataclass of the test, made when it is first read."""

    def __init__(self, fields: Any) -> None:
        self._fields = fields
        self._made: dict[str, Any] = {}

    def __get__(self, _owner: object, _kind: type) -> dict[str, Any]:
        import dataclasses

        for name, kind, default in self._fields if not self._made else ():
            made: Any = dataclasses.field()
            made.default = ... if default == "value" else dataclasses.MISSING
            made.default_factory = list if default == "made" else dataclasses.MISSING
            made.name, made.type, made._field_type = name, kind, dataclasses._FIELD  # type: ignore[attr-defined]
            self._made[name] = made
        return self._made


def _operator(name: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any) -> Any:
        return self._back("operate", self._number, name, args)

    def leave(self: Any, kind: Any, error: Any, _trace: Any) -> Any:
        return self._back("operate", self._number, name, (kind, error, None))

    return leave if name in ("__exit__", "__aexit__") else method


def _methods_of(kind: object, names: Mapping[str, Any]) -> dict[str, Any]:
    """What the program's own class of that name adds to its objects: in a single namespace it would be the class."""
    held = vars(kind) if type(kind) is type else {}
    return {
        name: value
        for name, value in held.items()
        if isinstance(value, _METHODS) and name not in names and name not in _OF_STUBS
    }


def names_of_objects(
    name: str, offered: tuple[str, ...], own: Callable[[str], object] | None, calls: bool
) -> dict[str, Any]:
    """The attributes of a class of stand-ins for objects of the tests, which carry the name of their class there.

    own: the program's class of that name, if both share a namespace: `isinstance(x, Node)` then holds for its `Node`.
    """
    names: dict[str, Any] = {operator: _operator(operator) for operator in offered}
    if "__eq__" in names:
        names.setdefault("__hash__", None)
    names["__dict__"] = property(lambda self: self._back("vars", self._number))
    names["__copy__"] = lambda self: self._back("copied", self._number, False)
    names["__deepcopy__"] = lambda self, _memo: self._back("copied", self._number, True)
    if calls:
        names["__signature__"] = property(lambda self: signatures.signature_of(self._back("shape", self._number, True)))
    if own is not None:

        def class_of(self: Any) -> type:
            found = own(name)
            return found if type(found) is type else type(self)

        names["__class__"] = property(class_of)
        names |= _methods_of(own(name), names)
    return names


_enums: set[Any] = set()  # stand-ins for enumerations


def _class_of_member(member: Any, own: object) -> type:
    """`__class__` of a member of an enumeration of the tests: of `isinstance`, which looks for `Enum`; of code that
    reads it by name, its own. own: the program's class of that name.
    """
    import dis
    import enum

    if type(own) is type:
        return own
    asking = sys._getframe(2)
    by_name = dis.opname[asking.f_code.co_code[asking.f_lasti]] in ("LOAD_ATTR", "LOAD_METHOD")
    return type(member) if by_name else enum.Enum


def _derives_from_enum(kind: type, other: type) -> bool:
    import enum

    return type.__subclasscheck__(kind, other) or (kind is enum.Enum and other in _enums)


def _as_enum(made: OfTests) -> None:
    import enum

    _enums.add(made)
    enum.EnumMeta.__subclasscheck__ = _derives_from_enum  # type: ignore[method-assign]


def make(
    back: Back, number: int, name: str, told: Description, offered: tuple[str, ...], own: Any, base: type
) -> OfTests:
    """Make the stand-in for a class of the tests. base: the base class of the stand-ins for its objects."""
    data, names = told.data, names_of_objects(name, offered, own, told.calls)
    if isinstance(data, tuple):
        data, names["_make"] = namedtuple(name, data), classmethod(lambda cls, items: cls(*items))
    shown = told.methods if own is None else [method for method in told.methods if hasattr(data, method)]
    names = {**{method: _Method(method) for method in shown}, **names}
    if told.makes:
        names["__init__"] = _Maker()
    if told.fields is not None:
        names["__dataclass_fields__"] = _Fields(told.fields)
    names |= {"_asked": (back, number), "__module__": told.module, "__qualname__": told.qualname, "__doc__": told.doc}
    if told.holds == "enum":
        names["__class__"] = property(lambda self: _class_of_member(self, own and own(name)))
    above = {k for kind in told.bases for k in type.__dict__["__mro__"].__get__(kind)}
    below = (kind for kind in (base, data) if kind is not None and kind not in above)
    made: OfTests = OfTests(name, (*told.bases, *below), names)
    if told.holds == "enum":
        _as_enum(made)
    _registering.update(map(id, told.abstract))
    for kind in told.abstract:
        kind.register(made)  # type: ignore[attr-defined]
    return made
