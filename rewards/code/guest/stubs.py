"""In the candidate: the checker's objects as the program sees them: each a number, what it can do is decided there."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from . import signatures, wire

Fields: TypeAlias = tuple[tuple[str, Any, str], ...] | None
Back: TypeAlias = Callable[..., Any]
"""Asks something of an object of the checker: `back(what, number, ...)`."""


class Stub:
    """An object of the checker: a number. What it can do is decided there."""

    def __init__(self, back: Back, number: int) -> None:
        self._back = back
        self._number = number

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            self._back("lacking", self._number, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


class StubIterable(Stub):
    """Something that can be walked over, or an iterator."""

    def __iter__(self) -> Iterator[Any]:
        return self._back("iter", self._number)  # type: ignore[no-any-return]

    def __next__(self) -> Any:
        return self._back("next", self._number)


class StubGenerator(StubIterable):
    def __getattr__(self, name: str) -> Any:
        if name not in wire.OF_GENERATORS:
            raise AttributeError(name)
        return self._back("getattr", self._number, name)


class StubCallable(Stub):
    """A builtin, a partial function, an exception class: something that can be called, and nothing more."""

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        return self._back("call", self._number, args, kwargs)


class StubObject(Stub):
    """An instance of a class that the test defines, or a mock: public attributes and methods; see `stub_kind`."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._back("getattr", self._number, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_") or self._back("setattr", self._number, name, value) is False:
            object.__setattr__(self, name, value)


class StubCallableObject(StubObject, StubCallable):
    """The same, and it can be called."""


def _operator(name: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any) -> Any:
        return self._back("operate", self._number, name, args)

    def leave(self: Any, kind: Any, error: Any, _trace: Any) -> Any:
        return self._back("operate", self._number, name, (kind, error, None))

    return leave if name in ("__exit__", "__aexit__") else method


class _Fields:
    """`__dataclass_fields__` of what stands for a dataclass of the test, made when it is first asked for."""

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


class _OfData(type):
    """The type of classes that stand for classes of the test whose objects only hold data: the program may make more
    of them (`type(node)(0)`, `dataclasses.replace`).
    """

    def __call__(cls, /, *args: Any, **kwargs: Any) -> Any:
        back, number = cls._first  # type: ignore[attr-defined]
        return back("anew", number, args, kwargs)


class _OfEnum(type):
    """The type of classes that stand for enumerations of the test: the program may go through the members."""

    __members__ = property(lambda cls: cls._first[0]("members", cls._first[1]))

    def __iter__(cls) -> Iterator[Any]:
        return iter(cls.__members__.values())

    def __len__(cls) -> int:
        return len(cls.__members__)

    def __getitem__(cls, name: Any) -> Any:
        return cls.__members__[name]

    def __contains__(cls, value: Any) -> bool:
        return any(value is member for member in cls)


_METHODS = (types.FunctionType, property, classmethod, staticmethod)
_OF_STUBS = frozenset(("__init__", "__new__", "__getattr__", "__getattribute__", "__setattr__", "__delattr__"))
_CLASSES: dict[str, type] = {"": type, "data": _OfData, "enum": _OfEnum}


def stub_of(kind: type[Stub], back: Back, number: int) -> Stub:
    """An object of a class that `stub_kind` made."""
    made = object.__new__(kind)
    Stub.__init__(made, back, number)
    if type(kind) is not type and "_first" not in vars(kind):
        type.__setattr__(kind, "_first", (back, number))
    return made


def stub_class(fields: Fields) -> type[StubClass]:
    """The type of what stands for a class of the test."""
    return StubClass if fields is None else type("StubClass", (StubClass,), {"__dataclass_fields__": _Fields(fields)})


def _methods_of(kind: object, names: Mapping[str, Any]) -> dict[str, Any]:
    """What the program's own class of that name gives its objects, beside these: in one namespace it is the class."""
    held = vars(kind) if type(kind) is type else {}
    return {
        name: value
        for name, value in held.items()
        if isinstance(value, _METHODS) and name not in names and name not in _OF_STUBS
    }


def stub_kind(
    kind: str,
    name: str,
    offered: tuple[str, ...],
    own: Callable[[str], object] | None = None,
    holds: str = "",
    fields: Fields = None,
) -> type[Stub]:
    """The class of an object of the test, under the name of its class there, with the operators that it offers.

    own: what the program calls so, where both share one namespace: `isinstance(x, Node)` holds for its own `Node`, too.
    holds: what its class is made for, "data" or the members of an "enum", if it is.
    """
    names: dict[str, Any] = {operator: _operator(operator) for operator in offered}
    if "__eq__" in names:
        names.setdefault("__hash__", None)
    names["__dict__"] = property(lambda self: self._back("vars", self._number))
    names["__copy__"] = lambda self: self._back("copied", self._number, False)
    names["__deepcopy__"] = lambda self, _memo: self._back("copied", self._number, True)
    if kind == "callable object":
        names["__signature__"] = property(lambda self: signatures.signature_of(self._back("shape", self._number)))
    if fields is not None:
        names["__dataclass_fields__"] = _Fields(fields)
    if own is not None:

        def class_of(self: Stub) -> type:
            found = own(name)
            return found if type(found) is type else type(self)

        names["__class__"] = property(class_of)
        names |= _methods_of(own(name), names)
    made: type[Stub] = _CLASSES[holds](name or "object", (STUBS[kind],), names)
    return made


class StubClass(StubCallable):
    """A class that the test defines: it can be called, and asked whether something is one of its instances."""

    def __init__(self, back: Back, number: int) -> None:
        super().__init__(back, number)
        self.__name__ = self.__qualname__ = ""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._back("getattr", self._number, name)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._back("members", self._number).values())

    def __len__(self) -> int:
        return len(self._back("members", self._number))

    def __getitem__(self, name: Any) -> Any:
        return self._back("members", self._number)[name]

    def __contains__(self, value: Any) -> bool:
        return any(value is member for member in self)

    @property
    def __members__(self) -> Any:
        return self._back("members", self._number)

    def __bool__(self) -> bool:
        return True

    def __instancecheck__(self, value: Any) -> bool:
        return self._back("isinstance", self._number, value)  # type: ignore[no-any-return]

    def __subclasscheck__(self, value: Any) -> bool:
        return self._back("issubclass", self._number, value)  # type: ignore[no-any-return]


class StubStream(Stub):
    """A file that the test has opened."""

    def __getattr__(self, name: str) -> Any:
        if name in wire.STREAM:
            return lambda *args: self._back("stream", self._number, name, args)
        if name in ("name", "mode", "closed", "encoding"):
            return self._back("stream", self._number, name, ())
        raise AttributeError(name)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class StubAwaitable(Stub):
    """A coroutine or a future: it runs on the checker's loop."""

    def __await__(self) -> Any:
        from .awaiting import of_checker

        return of_checker(self)


def stub_function(back: Back, number: int, name: str, doc: object, is_async: bool, shape: tuple[Any, ...]) -> Any:
    """A real function, so that it binds as a method does and `inspect` calls it one."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return back("call", number, args, kwargs)

    made = signatures.function_of(shape, call, is_async)
    made.__name__ = made.__qualname__ = name
    made.__doc__ = doc if isinstance(doc, str) else None
    return made


STUBS: dict[str, type[Stub]] = {
    "callable": StubCallable,
    "callable object": StubCallableObject,
    "iterable": StubIterable,
    "generator": StubGenerator,
    "awaitable": StubAwaitable,
    "object": StubObject,
    "class": StubClass,
    "stream": StubStream,
    "context": Stub,
    "opaque": Stub,
}


class Imports:
    """The checker's objects that the program has been handed."""

    def __init__(self) -> None:
        self._stubs: dict[int, Any] = {}
        self._numbers: dict[int, int] = {}
        self.functions: dict[int, tuple[Any, dict[str, Any]]] = {}  # with the attributes that were told
        self._kinds: dict[tuple[Any, ...], type[Stub]] = {}
        self._tuples: dict[tuple[str, tuple[str, ...]], Any] = {}
        self._fields: dict[type, tuple[str, ...]] = {}
        self._grafted: dict[str, dict[str, Any]] = {}  # attributes, by the name of the class
        self.back: Back = _no_back
        self.own: Callable[[str], object] | None = None

    def number(self, value: object) -> int | None:
        """The number of an object of the checker; None where it is the program's own."""
        return self._numbers.get(id(value))

    def get(self, number: int) -> Any:
        """What stands for the object of that number."""
        return self._stubs[number]

    def tell(self) -> None:
        """Attributes that the program has given to functions of the test, as decorators do."""
        for number, (stub, told) in list(self.functions.items()):
            for name, value in list(vars(stub).items()):
                if not name.startswith("_") and (name not in told or told[name] is not value):
                    told[name] = value
                    self.back("mark", number, name, value)

    def give(self, stub: Any, name: str, value: Any) -> None:
        """What a test has put on a function is there, too."""
        _, told = self.functions[self._numbers[id(stub)]]
        told[name] = vars(stub)[name] = value

    def kind(self, kind: str, name: str, offered: tuple[str, ...], data: tuple[str, Fields]) -> type[Stub]:
        """Objects of one class of the test are of one class here. data: what it is made for, and its fields."""
        key = (kind, name, offered, data)
        if key not in self._kinds:
            self._kinds[key] = made = stub_kind(kind, name, offered, self.own, *data)
            for attribute, value in self._grafted.get(name, {}).items():
                type.__setattr__(made, attribute, value)
        return self._kinds[key]

    def graft(self, name: str, attribute: str, value: Any) -> None:
        """The program puts it on a class that the tests lend: what stands for objects of that class has it."""
        self._grafted.setdefault(name, {})[attribute] = value
        for (_, of, *_), kind in self._kinds.items():
            if of == name:
                type.__setattr__(kind, attribute, value)

    def named_tuple(self, name: str, fields: tuple[str, ...]) -> Any:
        """A class like one that the test has made with `namedtuple`."""
        from collections import namedtuple

        if (name, fields) not in self._tuples:
            self._tuples[name, fields] = made = namedtuple(name, fields)
            self._fields[made] = fields
        return self._tuples[name, fields]

    def fields_of(self, kind: type) -> tuple[str, ...] | None:
        """The fields of a class that `named_tuple` made."""
        return self._fields.get(kind)

    def hold(self, number: int, stub: Any) -> Any:
        """Have it stand for the object of that number, for good."""
        self._stubs[number] = stub
        self._numbers[id(stub)] = number
        return stub


def _no_back(*_: object) -> Any:
    raise RuntimeError("the test is not listening")
