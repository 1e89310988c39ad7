"""In the checker: encoding and decoding of values that cross. Objects of either side cross as numbers."""

from __future__ import annotations

from io import BytesIO, StringIO  # as they are before a test patches them
from typing import Any, ClassVar

from ..encoding.bounds import U32
from ..encoding.codec import Unsendable, Violation, plain_base, put_base
from ..guards import unbounded
from ..proxies.described import make_class, standard_classes
from ..proxies.plain import begin_plain, fill_plain, make_plain, plain_type
from ..proxies.proxies import MODULE, is_class, is_proxy, number_of
from ..proxies.raised import make_error
from ..shared import containers, records, remade, standard, wire
from ..shared.sharing import LinkDecoder, LinkEncoder, Shared
from ..sources import context
from .ours import (
    Ours,
    adds_methods,
    data_of,
    described,
    descriptor_parts,
    is_secret,
    methods_of_error,
    offered,
    offered_by,
)
from .theirs import Theirs

_DEEP = 100
# Their objects would be useless as numbers.
_TABLES = ("ast", "pandas", "polars", "pyarrow", "scipy", "sympy", "torch", "xarray", "xml")


class OfTables(Unsendable):
    """An object of a library that would be useless as a number. No program can put one into an object of a test."""


class CheckerEncoder(LinkEncoder):
    """Writes what a test passes to the program.

    Tags beside those of plain data: o, O an object of the test (known, new); a a function of it, with attributes; E an
    exception of it; U an object whose class derives from a plain type, with its content; P a descriptor; A a named
    tuple, or of a class of data that both ends have; M a stream in memory; h an object of the program; g, G a standard
    type or function by its name; m, r a shared container (new, known); V an annotation.
    """

    def __init__(self, shared: Shared, ours: Ours) -> None:
        super().__init__(shared)
        self._ours = ours

    def other(self, value: object, depth: int) -> None:
        if value is MODULE:
            self.parts.append(b"h" + U32.pack(0))
            return
        if is_class(value) and value in standard_classes:
            value = standard_classes[value]
        if is_proxy(value):
            self.parts.append(b"h" + U32.pack(number_of(value)))
            return
        if self.named(b"g", standard.name_of(value), depth):
            return
        if self.named(b"G", standard.function_name_of(value), depth):
            return
        if issubclass(type(value), BaseException):
            self._exception(value, depth)  # type: ignore[arg-type]
            return
        if (descriptor := descriptor_parts(value)) is not None:
            self.parts.append(b"P")
            self.put(descriptor, depth)
            return
        if type(value) in (StringIO, BytesIO):
            self._stream(value, depth)
            return
        if plain_base(type(value)) is not None and not remade.is_remade(value):
            self._data(value, depth)
            return
        if self.annotation(value, depth):
            return
        if (made_of := remade.parts_of(value)) is not None:
            self._remade(value, *made_of, depth)
            return
        self._object(value, depth)

    def _first(self, value: object) -> int | None:
        """The number of an object that is sent for the first time; None if it was before, and its number is written."""
        number, new = self._ours.number(value)
        if not new:
            self.parts.append(b"o" + U32.pack(number))
        return number if new else None

    def _data(self, value: Any, depth: int) -> None:
        """An object of a class that derives from a plain type."""
        kind: type = type(value)
        if (form := self._form(value)) is not None:
            self.parts.append(b"A")
            self.put((kind.__name__, form, records.content_of(value, form)), depth)
            return
        plain = data_of(kind)
        if plain is None or kind.__module__ not in self._ours.local_modules:
            super().other(value, depth)
            return
        if (number := self._first(value)) is None:
            return
        self.parts.append(b"U" + U32.pack(number))
        self._class_of(kind, depth - 1)
        if not issubclass(plain, wire.MUTABLE):
            put_base(self, value, plain, depth - 1)
            return
        sid = self.shared.add(value)
        self.shared.hold(sid)
        self.parts.append(U32.pack(sid))
        self.inside(containers.kind_of(value).content(value), depth - 1)

    def _form(self, value: Any) -> records.Form | None:
        """The form of an object that crosses as its content: of a named tuple, or of a class that the program has."""
        kind = type(value)
        form = records.form_of(kind)
        if isinstance(form, tuple):
            known = (kind.__name__, form) in self._ours.records
            if not known and kind.__module__ in self._ours.local_modules and adds_methods(kind):
                return None
            self._ours.share(kind.__name__, kind)
        elif (
            form is None
            or self._ours.records.get((kind.__name__, form)) is not kind
            or getattr(value, "__dict__", None)
        ):
            return None
        return form

    def _remade(self, value: object, kind: str, parts: tuple[Any, ...], depth: int) -> None:
        if (number := self._first(value)) is None:
            return
        self.parts.append(b"R" + U32.pack(number))
        self.put(kind, depth)
        self.put(parts, depth - 1)

    def _object(self, value: Any, depth: int) -> None:
        number, new = self._ours.number(value)
        kind = self._ours.objects[number][0]
        if kind == "type":
            kind, _ = self._ours.objects[number] = ("class", value)
        attributes = self._ours.untold(number) if kind in ("function", "async function") else {}
        if attributes:
            self.parts.append(b"a")
        if new:
            self._new_object(value, number, kind, depth)
        else:
            self.parts.append(b"o" + U32.pack(number))
        if attributes:
            self._sendable(attributes, depth)

    def _new_object(self, value: Any, number: int, kind: str, depth: int) -> None:
        if kind in ("opaque", "iterable") and type(value).__module__.partition(".")[0] in _TABLES:
            raise OfTables(f"a {type(value).__name__} of {type(value).__module__.partition('.')[0]}")
        named = kind in ("function", "async function", "exception class", "class", "type")
        name = getattr(value if named else type(value), "__name__", "")
        if kind in ("function", "async function") and value.__qualname__.rpartition(".")[2] == name:
            name = value.__qualname__
        self.parts.append(b"O" + U32.pack(number))
        self.put("class" if kind == "type" else kind, depth)
        self.put(name if type(name) is str else "", depth)
        told: Any = None
        shape: Any = tuple(sorted(offered(value, kind)))
        if kind == "exception class":
            told = tuple(b for b in value.__bases__ if issubclass(b, BaseException)) or (Exception,)
            shape = methods_of_error(value)
        elif kind in ("class", "type"):
            told = described(value, self._ours.local_modules)
            shape = tuple(sorted(offered_by(value)))
        elif kind in ("object", "callable object") and type(value).__module__ in self._ours.local_modules:
            self._class_of(type(value), depth - 1)
            self.put((), depth)
            return
        elif kind in ("function", "async function"):
            # A function that is defined within a test is there for the program, and so is its docstring.
            may_know = context.mentions("__doc__") or "<locals>" in value.__qualname__
            told = value.__doc__ if may_know and type(value.__doc__) is str else None
            shape = self._ours.shape_of(value)
        self.put(told, depth - 1)
        self.put(shape, depth)

    def _class_of(self, kind: type, depth: int) -> None:
        """The class of an object that the test hands over, which is not sent on its own."""
        if (number := self._first(kind)) is None:
            return
        self._ours.objects[number] = ("type", kind)
        self._new_object(kind, number, "type", depth)

    def _sendable(self, attributes: dict[str, Any], depth: int) -> None:
        """The attributes that can be sent, each preceded by its name, with None at the end."""
        for name, value in attributes.items():
            mark = len(self.parts)
            try:
                self.put(name, depth)
                self.put(value, depth - 1)
            except Unsendable:
                del self.parts[mark:]
        self.put(None, depth)

    def _exception(self, error: BaseException, depth: int) -> None:
        if (number := self._first(error)) is None:
            return
        self._ours.objects[number] = ("exception", error)
        self.parts.append(b"E" + U32.pack(number))
        kind: type = type(error)
        ours = kind.__module__ in self._ours.local_modules
        if not ours and standard.name_of(kind) is None:
            kind = next(k for k in kind.__mro__ if standard.name_of(k) is not None)
        self.put(kind, depth - 1)
        hidden = is_secret(type(error))
        public = {} if hidden else {k: v for k, v in error.__dict__.items() if not k.startswith("_")}
        args = () if hidden else tuple(error.args)
        if isinstance(error, OSError) and error.filename is not None and len(args) == 2:
            args = (*args, error.filename)
        self.if_possible(args, (), depth)
        self.if_possible(public, {}, depth)

    def _stream(self, value: Any, depth: int) -> None:
        number = self.shared.number(value)
        if number is not None:
            self.parts.append(b"r" + U32.pack(number))
            return
        if value.closed:
            self._object(value, depth)
            return
        self.parts.append(b"m" + U32.pack(self.shared.add(value)) + b"M")
        self.put(value.getvalue(), depth)
        self.put(value.tell(), depth)


def _are_texts(names: object) -> bool:
    return type(names) is tuple and all(type(name) is str for name in names)


class CheckerDecoder(LinkDecoder):
    """Reads what the program sends: the tags of `exports.CandidateEncoder`. Raises Violation."""

    def __init__(self, raw: bytes, shared: Shared, ours: Ours, theirs: Theirs) -> None:
        super().__init__(raw, shared, theirs=1)
        self._ours = ours
        self._sent = theirs

    def not_finite(self, value: Any) -> Any:
        return value if unbounded.are_named() else unbounded.marked(value)

    def deeper(self) -> None:
        super().deeper()
        if self.depth > _DEEP:
            self._sent.gave_much = True

    def _object(self) -> Any:
        """An object of the tests."""
        if (number := self.number()) not in self._ours.objects:
            raise Violation("a number of no object")
        return self._ours.objects[number][1]

    def _new(self) -> tuple[int, Any]:
        """The number of something of the program that is new here, and what is told of it."""
        number = self.number()
        self._sent.check_new(number)
        self.deeper()
        told = self.get()
        self.depth -= 1
        return number, told

    def _handle(self) -> Any:
        number, kind = self._new()
        self._sent.check_new(number)
        made = self._sent.hold(number, kind)
        self._sent.received(number)
        return made

    def _class(self) -> Any:
        number, description = self._new()
        return self._sent.keep(number, make_class(number, description))

    def _record(self) -> Any:
        """An object of a class of data that the tests have handed over, or that both ends have."""
        parts = self.get()
        if type(parts) is not tuple or len(parts) != 3 or type(parts[0]) is not str:
            raise Violation("an object of a class of data without its parts")
        form = parts[1]
        kind = self._ours.records.get(parts[:2]) if type(form) is str or _are_texts(form) else None
        if kind is None or not records.fits(parts[2], form):
            raise Violation("an object of a class of data that the tests have not handed over")
        return records.made(kind, form, parts[2])

    def _plain(self) -> Any:
        sent = self._sent
        number = self.number()
        sent.check_new(number)
        self.deeper()
        kind = self.get()
        if not issubclass(plain_type(kind), wire.MUTABLE):
            content = self.get()
            self.depth -= 1
            return sent.keep(number, make_plain(number, kind, content))
        made = sent.keep(number, begin_plain(number, kind))
        if self.raw[self.at : self.at + 1] == b"m":
            self.at += 1
            sid = self.number()
            if sid % 2 != 1:
                raise Violation("a shared container with a number of ours")
            self.shared.learn(sid, made)
            self.shared.hold(sid)
        content = self.get()
        self.depth -= 1
        fill_plain(made, content)
        return made

    def _exception(self) -> Any:
        number = self.number()
        if number:
            self._sent.check_new(number)
        self.deeper()
        kind, args, text, attributes = self.get(), self.get(), self.get(), self.get()
        direct, cause = self.get(), self.get()
        self.depth -= 1
        made = make_error(number, kind, args, text, attributes)
        if number:
            self._sent.keep(number, made)
        if isinstance(cause, BaseException) and cause is not made:
            if type(direct) is tuple:  # (True, whether it is also the context)
                made.__cause__ = cause
            if type(direct) is not tuple or direct[1:] == (True,):
                made.__context__ = cause
        if direct is None:  # `raise ... from None`
            made.__suppress_context__ = True
        return made

    readers: ClassVar = {
        **LinkDecoder.readers,
        b"h": lambda self: self._sent.get(self.number()),
        b"o": _object,
        b"A": _record,
        b"G": lambda self: standard.computing_by_name(self.get()),
        b"g": lambda self: standard.by_name(self.get()),
        b"H": _handle,
        b"C": _class,
        b"u": _plain,
        b"E": _exception,
    }
