"""In the candidate: its objects, which the checker knows by number, and how values of both ends are written and read.

An object that is not data gets a number and stays here. Its class is described once, by names and supported operators.
Nothing here is a safeguard: the program shares this interpreter and can send what it likes. The other end checks it.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import ItemsView, KeysView, ValuesView
from io import BytesIO, StringIO  # as they are before a test patches them
from typing import Any, ClassVar

from ..encoding.bounds import U32
from ..encoding.codec import DEEPEST, Unsendable, plain_base, put_base
from ..shared import containers, records, remade, standard, wire
from ..shared.sharing import LinkDecoder, LinkEncoder, Shared
from .standing import Description
from .stubs import STUBS, Imports, stub_function, stub_of

_LOOKALIKE = {kind: number for number, kind in enumerate(wire.LOOKALIKES, 1)}
_LONGEST_TEXT = 1 << 16
# Methods of a mapping of the program that may be used to read it like a dictionary.
_VIEWS: dict[type, str] = {KeysView: "keys", ValuesView: "values", ItemsView: "items"}
# Fields of standard exceptions that are neither among their arguments nor in their `__dict__`.
_NAMED_ERRORS = (ImportError, AttributeError, NameError)
_NAMED = {
    **dict.fromkeys(("ImportError", "ModuleNotFoundError"), ("name", "path")),
    **dict.fromkeys(("AttributeError", "NameError", "UnboundLocalError"), ("name",)),
}


def _fields(error: BaseException) -> dict[str, Any]:
    """Fields that an exception of the program has from a standard base; other attributes are asked for when needed."""
    names = (n for kind, fields in wire.FIELDS_OF_ERRORS.items() if isinstance(error, kind) for n in fields)
    found = {name: getattr(error, name, None) for name in names}
    return {name: value for name, value in found.items() if type(value) in (str, int)}


class Exports:
    """The numbers of the program's objects. Each time one is sent is counted, so a late release loses no object."""

    def __init__(self) -> None:
        self._next = 1
        self.objects: dict[int, Any] = {}
        self._numbers: dict[int, int] = {}
        self._sent: dict[int, int] = {}

    def number(self, value: object) -> tuple[int, bool]:
        """The number of an object, and whether it is new."""
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
        """Give an object a number that both ends know in advance."""
        self.objects[number] = value
        self._numbers[id(value)] = number
        self._sent[number] = 1 << 60

    def release(self, released: tuple[int, ...], shared: Shared) -> None:
        """Numbers and counts, as a flat list, that the checker has released."""
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


def _offered(kind: type, names: list[Any]) -> int:
    known = wire.OF_ERRORS if issubclass(kind, BaseException) else wire.CAPABILITIES
    return sum(wire.BITS[n] for n in known if next((held[n] for held in names if n in held), None) is not None)


def offered_by(kind: type) -> int:
    """The operators that a class defines at present."""
    return _offered(kind, [vars(above) for above in kind.__mro__[:-1]])


def _overridden(plain: type, ours: list[Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of a plain type that a class uses for methods of its own, and for values: a field called `count`."""
    own = {name: value for names in reversed(ours) for name, value in names.items()}
    own = {name: value for name, value in own.items() if not name.startswith("__") and hasattr(plain, name)}
    methods = tuple(name for name, value in own.items() if callable(value) or isinstance(value, classmethod))
    return methods, tuple(name for name in own if name not in methods)


def _metaclass(kind: type) -> type | str:
    """The metaclass of a class, if it is the program's own, or else its name."""
    module = type.__dict__["__module__"].__get__(type(kind))
    standard_module = type(module) is str and module.partition(".")[0] in sys.stdlib_module_names
    return type(kind).__name__ if standard_module else type(kind)


class CandidateEncoder(LinkEncoder):
    """Writes what the program returns, raises or passes.

    Tags beside those of plain data: h, H an object of the program (known, new); u one with content of a plain type; C a
    class; E an exception; o an object of the test; g a standard type, by its name, and G a function that only
    computes; m, r a shared container (new, known); V an annotation.
    """

    def __init__(self, shared: Shared, exports: Exports, imports: Imports) -> None:
        super().__init__(shared)
        self._exports = exports
        self._imports = imports
        self._fresh: list[int] = []
        self._describing = False  # the class of an object, rather than one that the program gives

    def undo(self) -> None:
        """Undo the effects of a message that will not be sent."""
        self.shared.undo()
        for number in self._fresh:
            self._exports.release((number, 1 << 62), self.shared)

    def _first(self, value: object, depth: int) -> int | None:
        """The number of an object that is sent for the first time; None if it was before, and its number is written."""
        number, new = self._exports.number(value)
        if not new:
            self.parts.append(b"h" + U32.pack(number))
            return None
        self._fresh.append(number)
        self._check_depth(depth)
        return number

    @staticmethod
    def _check_depth(depth: int) -> None:
        if depth <= 0:
            raise Unsendable(f"a value is nested more than {DEEPEST} levels deep")

    def other(self, value: object, depth: int) -> None:
        if self._put_known(value, depth):
            return
        if (number := self._first(value, depth)) is None:
            return
        if isinstance(value, type):
            self._class(value, number, depth - 1)
            return
        base = plain_base(type(value))
        if base is None:
            self.parts.append(b"H" + U32.pack(number))
            self._describe(type(value), depth - 1)
            return
        self.parts.append(b"u" + U32.pack(number))
        self._describe(type(value), depth - 1)
        if issubclass(base, wire.MUTABLE):
            sid = self.shared.add(value)
            self.shared.hold(sid)
            self.parts.append(b"m" + U32.pack(sid))
        outside, self._inside = self._inside, True  # the object holds what is in it
        put_base(self, value, base, depth - 1)
        self._inside = outside

    def _put_known(self, value: object, depth: int) -> bool:
        """Write what both ends know, or what is sent by content, and return whether it is such a value."""
        number = self._imports.number(value)
        if number is not None:
            self.parts.append(b"o" + U32.pack(number))
            return True
        if self.named(b"g", standard.name_of(value), depth):
            return True
        if self.named(b"G", standard.computing_name_of(value), depth):
            return True
        if isinstance(value, BaseException):
            self._exception(value, depth)
            return True
        if type(value) in (StringIO, BytesIO) and (held := self.shared.number(value)) is not None:
            self.parts.append(b"r" + U32.pack(held))
            return True
        if (form := self._imports.form_of(value)) is not None:
            self.parts.append(b"A")
            self.put((type(value).__name__, form, records.content_of(value, form)), depth)
            return True
        if self.annotation(value, depth):
            return True
        if (name := _VIEWS.get(type(value))) is not None:
            items: tuple[object, ...] | None = None
            with contextlib.suppress(Exception):  # the program's mapping may raise anything
                items = tuple(value)  # type: ignore[arg-type]
            if items is not None:
                self.extended(name, depth, items)
                return True
        if not self._describing and (known := self._imports.types.get(id(value))) is not None:
            self.parts.append(b"o" + U32.pack(known))
            return True
        return False

    def _describe(self, kind: type, depth: int) -> None:
        outside, self._describing = self._describing, True
        self.put(kind, depth)
        self._describing = outside

    def _class(self, kind: type, number: int, depth: int) -> None:
        getter = type.__dict__
        mro = getter["__mro__"].__get__(kind)
        bases = tuple(base for base in getter["__bases__"].__get__(kind) if base is not object)
        plain = plain_base(kind)
        below = set(mro[mro.index(plain) :] if plain else ()) | {object}
        ours = [vars(k) for k in mro if k not in below]
        capabilities = _offered(kind, ours)
        self.parts.append(b"C" + U32.pack(number))
        names = [getter[n].__get__(kind) for n in ("__name__", "__qualname__", "__module__")]
        texts = tuple(name if type(name) is str else "" for name in names)
        doc = kind.__doc__ if type(kind.__doc__) is str else None
        look = _LOOKALIKE.get(kind, 0)
        overridden = _overridden(plain, ours) if plain is not None else ((), ())
        self.put((*texts, doc, bases, capabilities, overridden, look, _metaclass(kind)), depth)

    def _exception(self, error: BaseException, depth: int, causes: int = 3) -> None:
        """Write class, arguments, text, attributes and cause. One of the program's class is sent as an object, too."""
        kind = type(error)
        number = 0
        if standard.name_of(kind) is not None:
            self._check_depth(depth)
        elif (first := self._first(error, depth)) is None:
            return
        else:
            number = first
        self.parts.append(b"E" + U32.pack(number))
        self.put(kind, depth - 1)
        args = list(error.args)
        if kind is StopIteration:
            args = [error.value] if error.value is not None else []  # type: ignore[attr-defined]
        elif isinstance(error, OSError) and error.filename is not None and len(args) == 2:
            args.append(error.filename)
        self.if_possible(tuple(args), (), depth)
        text = ""
        with contextlib.suppress(BaseException):  # its __str__ may raise anything
            text = str.__str__(str(error))[:_LONGEST_TEXT]
        self.put(text, depth)
        attributes = {k: v for k, v in vars(error).items() if not k.startswith("_")}
        for field in _NAMED.get(kind.__name__, ()) if isinstance(error, _NAMED_ERRORS) else ():
            attributes[field] = getattr(error, field, None)
        if number:
            attributes = _fields(error)
        if (notes := getattr(error, "__notes__", None)) and all(type(note) is str for note in notes):
            attributes["__notes__"] = list(notes)
        self.if_possible(attributes, {}, depth)
        cause = error.__cause__ or error.__context__
        is_context = cause is error.__context__
        self.put(
            (True, is_context) if error.__cause__ is not None else None if error.__suppress_context__ else False, depth
        )
        if cause is None or causes == 0 or cause is error:
            self.put(None, depth)
        elif (known := self._imports.number(cause)) is not None:
            self.parts.append(b"o" + U32.pack(known))
        else:
            self._exception(cause, depth - 1, causes - 1)


class CandidateDecoder(LinkDecoder):
    """Reads what the checker asks."""

    def __init__(self, raw: bytes, shared: Shared, exports: Exports, imports: Imports) -> None:
        super().__init__(raw, shared, theirs=0)
        self._exports = exports
        self._imports = imports

    def _function(self) -> Any:
        """A function, with the attributes that the test has set on it."""
        function = self.get()
        while (name := self.get()) is not None:
            self._imports.give(function, name, self.get())
        return function

    def _remade(self) -> Any:
        number, kind, parts = self.number(), self.get(), self.get()
        made = remade.make(kind, parts)
        return (self._imports.hold_type if kind == remade.STANDARD_TYPE else self._imports.hold)(number, made)

    def _descriptor(self) -> Any:
        kind, *functions = self.get()
        return {"property": property, "staticmethod": staticmethod, "classmethod": classmethod}[kind](*functions)

    def _stub(self) -> Any:
        number = self.number()
        kind, name, base, offered = self.get(), self.get(), self.get(), self.get()
        back = self._imports.back
        made: Any
        if kind in ("function", "async function"):
            made = stub_function(back, number, name, base, kind == "async function", offered)
            self._imports.given_to[number] = (made, {n: getattr(made, n, None) for n in wire.SHOWN[:3]})
        elif kind == "exception class":
            made = self._imports.error_of_tests(name, base if isinstance(base, tuple) else (Exception,), offered)
        elif kind == "class":
            made = self._imports.class_of_tests(number, name, Description(*base), offered)
        elif isinstance(base, type):
            made = stub_of(base, back, number)
        elif kind in ("object", "callable object", "context", "opaque") or offered:
            made = stub_of(self._imports.kind(kind, name, offered), back, number)
        else:
            made = STUBS[kind](back, number)
        return self._imports.hold(number, made)

    def _data(self) -> Any:
        """An object of a class of the tests that derives from a plain type."""
        number, kind = self.number(), self.get()
        if not issubclass(plain_base(kind) or object, wire.MUTABLE):
            return self._imports.hold(number, stub_of(kind, self._imports.back, number, self.get()))
        made = self._imports.hold(number, stub_of(kind, self._imports.back, number))
        self.shared.learn(self.number(), made)
        containers.kind_of(made).apply(made, self.get())
        return made

    def _exception(self) -> BaseException:
        number, kind, args = self.number(), self.get(), self.get()
        try:
            made = kind(*args)
        except Exception:  # it has its own signature
            made = kind.__new__(kind, *args)
            made.args = args
        self._imports.hold(number, made)
        for name, value in self.get().items():
            with contextlib.suppress(Exception):  # a class of the program may refuse
                setattr(made, name, value)
        self._imports.given_to[number] = (made, dict(vars(made)))
        return made  # type: ignore[no-any-return]

    def _stream(self) -> Any:
        maker = self.pending()
        content, at = self.get(), self.get()
        made: Any = StringIO(content) if isinstance(content, str) else BytesIO(content)
        made.seek(at)
        if maker is not None:
            maker(made)
        return made

    readers: ClassVar = {
        **LinkDecoder.readers,
        b"h": lambda self: self._exports.objects[self.number()],
        b"o": lambda self: self._imports.get(self.number()),
        b"O": _stub,
        b"U": _data,
        b"a": _function,
        b"g": lambda self: standard.by_name(self.get()),
        b"G": lambda self: standard.function_by_name(self.get()),
        b"E": _exception,
        b"M": _stream,
        b"R": _remade,
        b"A": lambda self: self._imports.record(*self.get()),
        b"P": _descriptor,
    }
