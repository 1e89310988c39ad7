"""In the candidate: its objects as the checker sees them, by number, and the checker's objects as it sees them.

An object that is no data gets a number and stays here; its class is described once, by names and by what it offers to
operators. Nothing here is a guard: the program shares this interpreter and can say what it likes. What it says is
checked at the other end.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from . import signatures, standard, wire
from .bounds import U32
from .codec import DEEPEST, Unsendable, plain_base, put_base
from .sharing import LinkDecoder, LinkEncoder, Shared

_LOOKALIKE = {kind: number for number, kind in enumerate(wire.LOOKALIKES, 1)}
_LONGEST_TEXT = 1 << 16
# Fields of standard exceptions that stand neither in their arguments nor among their attributes.
_NAMED_ERRORS = (ImportError, AttributeError, NameError)
_NAMED = {
    **dict.fromkeys(("ImportError", "ModuleNotFoundError"), ("name", "path")),
    **dict.fromkeys(("AttributeError", "NameError", "UnboundLocalError"), ("name",)),
}

Back = Callable[..., Any]


class Exports:
    """The numbers of the program's objects. Each sending counts, so that a late release does not lose an object."""

    def __init__(self) -> None:
        self._next = 1
        self.objects: dict[int, Any] = {}
        self._numbers: dict[int, int] = {}
        self._sent: dict[int, int] = {}

    def number(self, value: object) -> tuple[int, bool]:
        """Its number, and whether it is new."""
        number = self._numbers.get(id(value))
        if number is None:
            number = self._next
            self._next += 1
            self.objects[number] = value
            self._numbers[id(value)] = number
            self._sent[number] = 1
            return number, True
        self._sent[number] += 1
        return number, False

    def put_at(self, number: int, value: object) -> None:
        """Give an object a number that both ends know beforehand."""
        self.objects[number] = value
        self._numbers[id(value)] = number
        self._sent[number] = 1 << 60

    def release(self, released: tuple[int, ...], shared: Shared) -> None:
        """Numbers and counts, flat, that the checker has let go of."""
        for at in range(0, len(released), 2):
            number, count = released[at], released[at + 1]
            if number in self._sent:
                self._sent[number] -= count
                if self._sent[number] <= 0:
                    value = self.objects.pop(number)
                    del self._sent[number], self._numbers[id(value)]
                    sid = shared.number(value)
                    if sid is not None:
                        shared.forget((sid,))
                    del value


class Stub:
    """An object of the checker: a number. What it can do is decided there."""

    def __init__(self, back: Back, number: int) -> None:
        self._back = back
        self._number = number


class StubIterable(Stub):
    def __iter__(self) -> Iterator[Any]:
        return self._back("iter", self._number)  # type: ignore[no-any-return]

    def __next__(self) -> Any:
        return self._back("next", self._number)


class StubCallable(Stub):
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


def stub_kind(kind: str, name: str, offered: tuple[str, ...], own: Callable[[str], object] | None = None) -> type[Stub]:
    """The class of an object of the test, under the name of its class there, with the operators that it offers.

    own: what the program calls so, where both share one namespace: `isinstance(x, Node)` holds for its own `Node`, too.
    """
    names: dict[str, Any] = {operator: _operator(operator) for operator in offered}
    if "__eq__" in names:
        names.setdefault("__hash__", None)
    names["__dict__"] = property(lambda self: self._back("vars", self._number))
    names["__copy__"] = lambda self: self._back("copied", self._number, False)
    names["__deepcopy__"] = lambda self, _memo: self._back("copied", self._number, True)
    if own is not None:

        def class_of(self: Stub) -> type:
            found = own(name)
            return found if type(found) is type else type(self)

        names["__class__"] = property(class_of)
    return type(name or "object", (_STUBS[kind],), names)


class StubClass(StubCallable):
    """A class that the test defines: it can be called, and asked whether something is one of its instances."""

    def __init__(self, back: Back, number: int) -> None:
        super().__init__(back, number)
        self.__name__ = self.__qualname__ = ""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._back("getattr", self._number, name)

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


class Imports:
    """The checker's objects that the program has been handed."""

    def __init__(self) -> None:
        self._stubs: dict[int, Any] = {}
        self._numbers: dict[int, int] = {}
        self.functions: dict[int, tuple[Any, dict[str, Any]]] = {}  # with the attributes that were told
        self._kinds: dict[tuple[str, str, tuple[str, ...]], type[Stub]] = {}
        self._tuples: dict[tuple[str, tuple[str, ...]], Any] = {}
        self.back: Back = _no_back
        self.own: Callable[[str], object] | None = None

    def number(self, value: object) -> int | None:
        return self._numbers.get(id(value))

    def get(self, number: int) -> Any:
        return self._stubs[number]

    def tell(self) -> None:
        """Attributes that the program has given to functions of the test, as decorators do."""
        for number, (stub, told) in list(self.functions.items()):
            for name, value in list(vars(stub).items()):
                if not name.startswith("_") and (name not in told or told[name] is not value):
                    told[name] = value
                    self.back("mark", number, name, value)

    def kind(self, kind: str, name: str, offered: tuple[str, ...]) -> type[Stub]:
        """Objects of one class of the test are of one class here."""
        if (kind, name, offered) not in self._kinds:
            self._kinds[kind, name, offered] = stub_kind(kind, name, offered, self.own)
        return self._kinds[kind, name, offered]

    def named_tuple(self, name: str, fields: tuple[str, ...]) -> Any:
        """A class like one that the test has made with `namedtuple`."""
        from collections import namedtuple

        if (name, fields) not in self._tuples:
            self._tuples[name, fields] = namedtuple(name, fields)
        return self._tuples[name, fields]

    def hold(self, number: int, stub: Any) -> Any:
        self._stubs[number] = stub
        self._numbers[id(stub)] = number
        return stub


def _no_back(*_: object) -> Any:
    raise RuntimeError("the test is not listening")


class CandidateEncoder(LinkEncoder):
    """Writes what the program returns, raises or passes."""

    def __init__(self, shared: Shared, exports: Exports, imports: Imports) -> None:
        super().__init__(shared)
        self._exports = exports
        self._imports = imports
        self._fresh: list[int] = []

    def undo(self) -> None:
        """Nothing that this encoder wrote will be sent."""
        self.shared.undo()
        for number in self._fresh:
            self._exports.release((number, 1 << 62), self.shared)

    def other(self, value: object, depth: int) -> None:
        number = self._imports.number(value)
        if number is not None:
            self.parts.append(b"o" + U32.pack(number))
            return
        name = standard.name_of(value)
        if name is not None:
            self.parts.append(b"g")
            self.put(name, depth)
            return
        if isinstance(value, BaseException):
            self._exception(value, depth)
            return
        if self.annotation(value, depth):
            return
        number, new = self._exports.number(value)
        if not new:
            self.parts.append(b"h" + U32.pack(number))
            return
        self._fresh.append(number)
        if depth <= 0:
            raise Unsendable(f"a value is nested more than {DEEPEST} levels deep")
        if isinstance(value, type):
            self._class(value, number, depth - 1)
            return
        base = plain_base(type(value))
        if base is None:
            self.parts.append(b"H" + U32.pack(number))
            self.put(type(value), depth - 1)
            return
        self.parts.append(b"u" + U32.pack(number))
        self.put(type(value), depth - 1)
        if issubclass(base, wire.MUTABLE):
            sid = self.shared.add(value)
            self.shared.hold(sid)
            self.parts.append(b"m" + U32.pack(sid))
        put_base(self, value, base, depth - 1)

    def _class(self, kind: type, number: int, depth: int) -> None:
        getter = type.__dict__
        mro = getter["__mro__"].__get__(kind)
        bases = tuple(base for base in getter["__bases__"].__get__(kind) if base is not object)
        plain = plain_base(kind)
        capabilities, overridden, below = 0, [], set(mro[mro.index(plain) :] if plain else ()) | {object}
        ours = [vars(k) for k in mro if k not in below]
        if isinstance(kind, type) and not issubclass(kind, BaseException):
            for bit, name in enumerate(wire.CAPABILITIES):
                found = next((names[name] for names in ours if name in names), None)
                if found is not None:
                    capabilities |= 1 << bit
            if plain is not None:
                overridden = [n for names in ours for n in names if not n.startswith("__") and hasattr(plain, n)]
        self.parts.append(b"C" + U32.pack(number))
        names = [getter[n].__get__(kind) for n in ("__name__", "__qualname__", "__module__")]
        texts = tuple(name if type(name) is str else "" for name in names)
        doc = kind.__doc__ if type(kind.__doc__) is str else None
        look = _LOOKALIKE.get(kind, 0)
        self.put((*texts, doc, bases, capabilities, tuple(overridden), look), depth)

    def _exception(self, error: BaseException, depth: int, causes: int = 3) -> None:
        """Class, arguments, text, attributes, cause. One of a class of the program's own is an object of it, too."""
        kind = type(error)
        number = 0
        if standard.name_of(kind) is None:
            number, new = self._exports.number(error)
            if not new:
                self.parts.append(b"h" + U32.pack(number))
                return
            self._fresh.append(number)
        if depth <= 0:
            raise Unsendable(f"a value is nested more than {DEEPEST} levels deep")
        self.parts.append(b"E" + U32.pack(number))
        self.put(kind, depth - 1)
        args = list(error.args)
        if kind is StopIteration:
            args = [error.value] if error.value is not None else []  # type: ignore[attr-defined]
        elif isinstance(error, OSError) and error.filename is not None and len(args) == 2:
            args.append(error.filename)
        self._if_possible(tuple(args), (), depth)
        text = ""
        with contextlib.suppress(BaseException):  # whatever its __str__ does
            text = str.__str__(str(error))[:_LONGEST_TEXT]
        self.put(text, depth)
        attributes = {k: v for k, v in vars(error).items() if not k.startswith("_")}
        for field in _NAMED.get(kind.__name__, ()) if isinstance(error, _NAMED_ERRORS) else ():
            attributes[field] = getattr(error, field, None)
        if (notes := getattr(error, "__notes__", None)) and all(type(note) is str for note in notes):
            attributes["__notes__"] = list(notes)
        self._if_possible(attributes, {}, depth)
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        self.put(error.__cause__ is not None or error.__suppress_context__, depth)
        if cause is None or causes == 0 or cause is error:
            self.put(None, depth)
        elif (known := self._imports.number(cause)) is not None:
            self.parts.append(b"o" + U32.pack(known))
        else:
            self._exception(cause, depth - 1, causes - 1)

    def _if_possible(self, value: object, otherwise: object, depth: int) -> None:
        mark = len(self.parts)
        try:
            self.put(value, depth - 1)
        except Unsendable:
            del self.parts[mark:]
            self.put(otherwise, depth)


class CandidateDecoder(LinkDecoder):
    """Reads what the checker asks."""

    def __init__(self, raw: bytes, shared: Shared, exports: Exports, imports: Imports) -> None:
        super().__init__(raw, shared, theirs=0)
        self._exports = exports
        self._imports = imports

    def extension(self, tag: bytes) -> Any:
        if tag == b"h":
            return self._exports.objects[self.number()]
        if tag == b"o":
            return self._imports.get(self.number())
        if tag == b"O":
            return self._stub()
        if tag == b"g":
            return standard.by_name(self.get())
        if tag == b"G":
            return standard.function_by_name(self.get())
        if tag == b"E":
            return self._exception()
        if tag == b"M":
            return self._stream()
        if tag == b"A":
            name, fields, items = self.get()
            return self._imports.named_tuple(name, fields)(*items)
        if tag == b"P":
            kind, *functions = self.get()
            return {"property": property, "staticmethod": staticmethod, "classmethod": classmethod}[kind](*functions)
        return super().extension(tag)

    def _stub(self) -> Any:
        number = self.number()
        kind, name, base, offered = self.get(), self.get(), self.get(), self.get()
        back = self._imports.back
        made: Any
        if kind in ("function", "async function"):
            made = stub_function(back, number, name, base, kind == "async function", offered)
            self._imports.functions[number] = (made, {})
        elif kind == "exception class":
            made = type(name, base if isinstance(base, tuple) else (Exception,), {})
        elif kind in ("object", "callable object", "context"):
            made = self._imports.kind(kind, name, offered)(back, number)
        else:
            made = _STUBS[kind](back, number)
            if kind == "class":
                made.__name__ = made.__qualname__ = name
        return self._imports.hold(number, made)

    def _exception(self) -> BaseException:
        number, kind, args = self.number(), self.get(), self.get()
        try:
            made = kind(*args)
        except Exception:  # a signature of its own
            made = kind.__new__(kind, *args)
            made.args = args
        self._imports.hold(number, made)
        for name, value in self.get().items():
            with contextlib.suppress(Exception):  # a class of the program's may refuse
                setattr(made, name, value)
        return made  # type: ignore[no-any-return]

    def _stream(self) -> Any:
        import io

        maker = self.pending()
        content, at = self.get(), self.get()
        made: Any = io.StringIO(content) if isinstance(content, str) else io.BytesIO(content)
        made.seek(at)
        if maker is not None:
            maker(made)
        return made


_STUBS: dict[str, type[Stub]] = {
    "callable": StubCallable,
    "callable object": StubCallableObject,
    "iterable": StubIterable,
    "awaitable": StubAwaitable,
    "object": StubObject,
    "class": StubClass,
    "stream": StubStream,
    "context": Stub,
    "opaque": Stub,
}
