"""In the candidate: stubs for the checker's objects. Each is a number; what it can do is decided in the checker."""

from __future__ import annotations

import gc
import types
import weakref
from collections.abc import Callable, Coroutine, Generator, Iterator
from typing import Any

from ..encoding.codec import plain_base
from ..shared import records, signatures, wire
from . import standing
from .standing import Back, Description


class Stub:
    """A stub for an object of the checker."""

    def __init__(self, back: Back, number: int) -> None:
        self._back = back
        self._number = number

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            self._back("lacking", self._number, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


def _name_of(stub: Stub, name: str) -> Any:
    """What something that can be called is called. Other names with underscores are not asked for."""
    if name in wire.CALLED:
        return stub._back("getattr", stub._number, name)
    raise AttributeError(f"{type(stub).__name__!r} object has no attribute {name!r}")


class StubIterable(Stub):
    """An iterable or iterator."""

    def __iter__(self) -> Iterator[Any]:
        return self._back("iter", self._number)  # type: ignore[no-any-return]

    def __next__(self) -> Any:
        return self._back("next", self._number)


class StubGenerator(StubIterable):
    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return types.GeneratorType  # for `isinstance`

    def __getattr__(self, name: str) -> Any:
        if name not in (*wire.OF_GENERATORS, *wire.CALLED):
            raise AttributeError(name)
        return self._back("getattr", self._number, name)


class StubNamed(Stub):
    """Something that has the name of a function."""

    def __getattr__(self, name: str) -> Any:
        return _name_of(self, name) if name.startswith("_") else super().__getattr__(name)


class StubCallable(StubNamed):
    """A builtin, a partial function, an exception class: it can be called, and nothing more."""

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        return self._back("call", self._number, args, kwargs)


class StubObject(Stub):
    """An instance of a class that the test defines, or a mock: has public attributes and methods; see `standing.py`."""

    def __getattr__(self, name: str) -> Any:
        return _name_of(self, name) if name.startswith("_") else self._back("getattr", self._number, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_") or self._back("setattr", self._number, name, value) is False:
            object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        try:
            object.__delattr__(self, name)
        except AttributeError:
            if name.startswith("_"):
                raise
            self._back("delattr", self._number, name)


class StubCallableObject(StubObject, StubCallable):
    """The same, but callable."""


def stub_of(kind: type[Stub], back: Back, number: int, *content: Any) -> Stub:
    """Make an instance of the stand-in for a class of the tests. content: of one that derives from a plain type."""
    made = (plain_base(kind) or object).__new__(kind, *content)
    Stub.__init__(made, back, number)
    return made


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


class StubAwaitable(StubNamed, Coroutine[Any, Any, Any]):
    """A coroutine or future, which runs on the checker's loop. It can be wrapped in a task."""

    _run: Generator[Any, Any, Any] | None = None

    def __await__(self) -> Generator[Any, Any, Any]:
        from .awaiting import of_checker

        return of_checker(self)

    def send(self, value: Any) -> Any:
        self._run = self._run or self.__await__()
        return self._run.send(value)

    def throw(self, *error: Any) -> Any:
        self._run = self._run or self.__await__()
        return self._run.throw(*error)

    def close(self) -> None:
        if self._run is not None:
            self._run.close()


def stub_function(back: Back, number: int, name: str, doc: object, is_async: bool, shape: tuple[Any, ...]) -> Any:
    """Make a real function, so that it binds like a method and `inspect` recognises it. name: its qualified name."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return back("call", number, args, kwargs)

    made = signatures.function_of(shape, call, is_async)
    made.__name__, made.__qualname__ = name.rpartition(".")[2], name
    made.__doc__ = doc if isinstance(doc, str) else None
    return made


STUBS: dict[str, type[Stub]] = {
    "callable": StubCallable,
    "callable object": StubCallableObject,
    "iterable": StubIterable,
    "generator": StubGenerator,
    "awaitable": StubAwaitable,
    "object": StubObject,
    "stream": StubStream,
    "context": Stub,
    "opaque": Stub,
}


_NOTES = "__notes__"


def _shown(stub: Any) -> dict[str, Any]:
    """What the program may have set on a function: attributes, and its names. Of an exception, public attributes."""
    names, hidden = ((), "_") if isinstance(stub, BaseException) else (wire.SHOWN, "__")
    held = {name: value for name, value in vars(stub).items() if not name.startswith(hidden)}
    return held | {name: getattr(stub, name) for name in names if hasattr(stub, name)}


class Imports:
    """The checker's objects that were handed to the program."""

    def __init__(self) -> None:
        self._stubs: dict[int, Any] = {}
        self._numbers: dict[int, int] = {}
        self.types: dict[int, int] = {}  # of standard classes that the tests handed over, by their ids
        # Functions and exceptions, each with the attributes that both ends know.
        self.given_to: dict[int, tuple[Any, dict[str, Any]]] = {}
        self._kinds: dict[tuple[Any, ...], type[Stub]] = {}
        self._records: dict[tuple[str, records.Form], Any] = {}  # classes of data that both ends have
        self._forms: dict[type, records.Form] = {}
        self._grafted: dict[str, dict[str, Any]] = {}  # attributes, by the name of the class
        self.back: Back = _no_back
        self.own: Callable[[str], object] | None = None

    def number(self, value: object) -> int | None:
        """The number of an object of the checker; None for one of the program."""
        return self._numbers.get(id(value))

    def get(self, number: int) -> Any:
        """The stub for the object of that number, or None."""
        return self._stubs[number]

    def tell(self) -> None:
        """Attributes that the program has set on functions of the test, as decorators do, and on its exceptions."""
        for number, (stub, told) in list(self.given_to.items()):
            for name, value in _shown(stub).items():
                if name not in told or told[name] is not value:
                    told[name] = value
                    self.back("mark", number, name, value)
            if told.get(_NOTES, 0) != (count := len(getattr(stub, _NOTES, ()))):
                told[_NOTES] = count
                self.back("mark", number, _NOTES, list(stub.__notes__))

    def give(self, stub: Any, name: str, value: Any) -> None:
        """Set attributes that a test has set on a function. A bound method has those of its function, `__func__`."""
        _, told = self.given_to[self._numbers[id(stub)]]
        if name == wire.OF_METHOD:
            told |= vars(value)
            stub.__dict__ = value.__dict__
        else:
            told[name] = vars(stub)[name] = value

    def kind(self, kind: str, name: str, offered: tuple[str, ...]) -> type[Stub]:
        """The stub class for objects that are of no class of the tests, such as mocks; alike objects share one."""
        key = (kind, name, offered)
        if key not in self._kinds:
            names = standing.names_of_objects(name, offered, self.own, kind == "callable object")
            self._kinds[key] = self._grafted_on(name, type(name or "object", (STUBS[kind],), names))
        return self._kinds[key]

    def class_of_tests(self, number: int, name: str, told: Description, offered: tuple[str, ...]) -> type:
        """The stand-in for a class of the tests."""
        base = StubCallableObject if told.calls else StubObject
        made: Any = standing.make(self.back, number, name, told, offered, self.own, base)
        self._kinds["class", name, number] = self._grafted_on(name, made)
        return made  # type: ignore[no-any-return]

    def error_of_tests(self, name: str, bases: tuple[type, ...], methods: tuple[str, ...]) -> type:
        """The class that stands for an exception class of the tests. An error that the program made has no methods."""

        def method(attribute: str) -> property:
            def get(error: BaseException) -> Any:
                if (number := self.number(error)) is None:
                    raise AttributeError(f"{name!r} object has no attribute {attribute!r}")
                return self.back("getattr", number, attribute)

            return property(get)

        def text(attribute: str) -> Callable[[BaseException], Any]:
            def say(error: BaseException) -> Any:
                if (number := self.number(error)) is None:
                    return getattr(super(made, error), attribute)()
                return self.back("operate", number, attribute, ())

            return say

        parts = {n: text(n) if n in wire.TEXTS_OF_ERRORS else method(n) for n in methods}
        made: type = type(name, bases, parts)
        return made

    def _grafted_on(self, name: str, kind: type[Stub]) -> type[Stub]:
        for attribute, value in self._grafted.get(name, {}).items():
            type.__setattr__(kind, attribute, value)
        return kind

    def graft(self, name: str, attribute: str, value: Any) -> None:
        """The program sets an attribute on a class that the tests lend: stand-ins for its objects get it, too."""
        self._grafted.setdefault(name, {})[attribute] = value
        for (_, of, *_), kind in self._kinds.items():
            if of == name:
                type.__setattr__(kind, attribute, value)

    def share(self, name: str, kind: type) -> None:
        """Let objects of a class of the program cross as their content: the tests have the same class."""
        form = records.form_of(kind) if kind.__name__ == name else None
        if form is not None:
            self._records[name, form], self._forms[kind] = kind, form

    def record(self, name: str, form: records.Form, content: Any) -> Any:
        """An object of a class of data of the tests; of one equal to it if they have made it with `namedtuple`."""
        from collections import namedtuple

        if isinstance(form, tuple) and (name, form) not in self._records:
            self.share(name, namedtuple(name, form))
        kind = self._records.get((name, form))
        return content if kind is None else records.made(kind, form, content)

    def let_go(self, number: int) -> bool:
        """Drop a stub, whose object the test has dropped. Returns whether nothing of the program holds it."""
        stub, (_, told) = self._stubs.pop(number), self.given_to.pop(number, (None, None))
        self._numbers.pop(id(stub))
        held = weakref.ref(stub)
        del stub, _
        gc.collect()
        if (found := held()) is None:
            return True
        self.hold(number, found)
        if told is not None:
            self.given_to[number] = found, told
        return False

    def form_of(self, value: Any) -> records.Form | None:
        """The form of an object whose class the tests have, too, if its content is all that it holds."""
        form = self._forms.get(type(value))
        return form if form is None or not getattr(value, "__dict__", None) else None

    def hold(self, number: int, stub: Any) -> Any:
        """Let a value stand for the object of that number, for good."""
        self._stubs[number] = stub
        self._numbers[id(stub)] = number
        return stub

    def hold_type(self, number: int, kind: type) -> type:
        """Let a standard class stand for the one of that number; objects of it are the program's."""
        self._stubs[number] = kind
        self.types[id(kind)] = number
        return kind


def _no_back(*_: object) -> Any:
    raise RuntimeError("the test is not listening")
