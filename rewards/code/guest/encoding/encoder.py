"""Write values in the codec's format: exact builtin types, and the base content of their subclasses."""

from __future__ import annotations

import struct
from array import array
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from . import arrays, extended
from .bounds import C128, DEEPEST, F64, I64, LARGEST_INT, LARGEST_MESSAGE, U32, Unsendable, Writer

_PACKED_FROM = 16  # a list of at least this many numbers of one type travels as an array
_U32_pack, _I64_pack, _F64_pack = U32.pack, I64.pack, F64.pack


class Encoder:
    """Writes values. One encoder writes one message."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def message(self) -> bytes:
        """The whole message. Raises Unsendable."""
        whole = b"".join(self.parts)
        if len(whole) > LARGEST_MESSAGE:
            raise Unsendable(f"a value of {len(whole)} bytes is too large to cross (the most is {LARGEST_MESSAGE})")
        return whole

    def put(self, value: object, depth: int = DEEPEST) -> None:
        """Write one value. Raises Unsendable."""
        write = _WRITERS.get(type(value))
        if write is not None:
            write(self, value, depth)
        elif (special := arrays.writer_of(value)) is not None:
            special(self, value, depth)
        else:
            self.other(value, depth)

    def mutable(self, value: object, depth: int) -> bool:  # noqa: ARG002
        """Called before a mutable container is written. Returns True if that wrote it."""
        return False

    def other(self, value: object, depth: int) -> None:
        """Write a value that is not of an exact plain type."""
        base = plain_base(type(value))
        if base is None:
            raise Unsendable(f"a value of type {type(value).__name__} is no plain data")
        _WRITERS[base](self, value, depth)

    def sequence(self, tag: bytes, values: Iterable[Any], count: int, depth: int) -> None:
        """Write a tag and `count` values. Raises Unsendable."""
        if depth <= 0:
            raise Unsendable(f"a value is nested more than {DEEPEST} levels deep")
        self.parts.append(tag + _U32_pack(count))
        depth -= 1
        put = self.put
        for value in values:
            put(value, depth)

    def extended(self, name: str, depth: int, *fields: object) -> None:
        """Write a value as plain fields, from which the reader function of that name rebuilds it."""
        self.parts.append(b"x" + bytes((extended.CODES[name],)))
        self.sequence(b"t", fields, len(fields), depth)


def _write_int(encoder: Encoder, value: int, _depth: int) -> None:
    try:
        encoder.parts.append(b"i" + _I64_pack(value))
    except struct.error:
        size = int.bit_length(value) // 8 + 1
        if size > LARGEST_INT:
            raise Unsendable(f"an integer of {size} bytes is too large to cross (the most is {LARGEST_INT})") from None
        encoder.parts.append(b"I" + _U32_pack(size) + int.to_bytes(value, size, "big", signed=True))


def _write_int_subclass(encoder: Encoder, value: int, depth: int) -> None:
    _write_int(encoder, int.__index__(value), depth)


def _write_str(encoder: Encoder, value: str, _depth: int) -> None:
    raw = str.encode(value, "utf-8", "surrogatepass")
    encoder.parts.append(b"s" + _U32_pack(len(raw)))
    encoder.parts.append(raw)


def _write_bytes(encoder: Encoder, value: bytes, _depth: int) -> None:
    raw = value if type(value) is bytes else bytes.__getitem__(value, slice(None))
    encoder.parts.append(b"b" + _U32_pack(len(raw)))
    encoder.parts.append(raw)


def _packed(values: Any) -> tuple[bytes, bytes] | None:
    kinds = set(map(type, values))
    if len(kinds) != 1:
        return None
    kind = kinds.pop()
    if kind is int:
        try:
            return b"q", array("q", values).tobytes()
        except OverflowError:
            return None
    return (b"d", array("d", values).tobytes()) if kind is float else None


def _write_list(encoder: Encoder, value: list[Any], depth: int) -> None:
    if encoder.mutable(value, depth):
        return
    if len(value) >= _PACKED_FROM and (packed := _packed(value)) is not None:
        encoder.parts.append(b"p" + packed[0] + _U32_pack(len(packed[1])))
        encoder.parts.append(packed[1])
        return
    encoder.sequence(b"l", list.__iter__(value), list.__len__(value), depth)


def _write_tuple(encoder: Encoder, value: tuple[Any, ...], depth: int) -> None:
    encoder.sequence(b"t", tuple.__iter__(value), tuple.__len__(value), depth)


def _write_pairs(encoder: Encoder, tag: bytes, value: dict[Any, Any], depth: int, order: Any = dict.__iter__) -> None:
    if depth <= 0:
        raise Unsendable(f"a value is nested more than {DEEPEST} levels deep")
    encoder.parts.append(tag + _U32_pack(dict.__len__(value)))
    depth -= 1
    put = encoder.put
    for key in order(value):
        put(key, depth)
        content = dict.__getitem__(value, key)  # an `items()` tuple would hold one more reference
        put(content, depth)


def _write_dict(encoder: Encoder, value: dict[Any, Any], depth: int) -> None:
    if not encoder.mutable(value, depth):
        _write_pairs(encoder, b"d", value, depth)


def _write_set(encoder: Encoder, value: set[Any], depth: int) -> None:
    if not encoder.mutable(value, depth):
        encoder.sequence(b"S", set.__iter__(value), set.__len__(value), depth)


def _write_frozenset(encoder: Encoder, value: frozenset[Any], depth: int) -> None:
    encoder.sequence(b"Z", frozenset.__iter__(value), frozenset.__len__(value), depth)


def _write_bytearray(encoder: Encoder, value: bytearray, depth: int) -> None:
    if not encoder.mutable(value, depth):
        raw = bytes(bytearray.__getitem__(value, slice(None)))
        encoder.parts.append(b"y" + _U32_pack(len(raw)))
        encoder.parts.append(raw)


def _write_ordered(encoder: Encoder, value: OrderedDict[Any, Any], depth: int) -> None:
    if not encoder.mutable(value, depth):
        keys = list(OrderedDict.__iter__(value))
        encoder.sequence(b"W", (item for key in keys for item in (key, dict.__getitem__(value, key))), len(keys), depth)


def _write_default(encoder: Encoder, value: defaultdict[Any, Any], depth: int) -> None:
    if not encoder.mutable(value, depth):
        encoder.parts.append(b"D")
        encoder.put(defaultdict.__dict__["default_factory"].__get__(value), depth - 1)
        _write_pairs(encoder, b"d", value, depth)


def _write_counter(encoder: Encoder, value: Counter[Any], depth: int) -> None:
    if not encoder.mutable(value, depth):
        _write_pairs(encoder, b"K", value, depth)


def _write_deque(encoder: Encoder, value: deque[Any], depth: int) -> None:
    if not encoder.mutable(value, depth):
        _write_items(encoder, value, depth)


def _write_items(encoder: Encoder, value: deque[Any], depth: int) -> None:
    encoder.parts.append(b"Q")
    encoder.put(deque.__dict__["maxlen"].__get__(value), depth - 1)
    encoder.sequence(b"l", list(deque.__iter__(value)), deque.__len__(value), depth)


def _write_named(name: str) -> Writer:
    return lambda encoder, _value, _depth: encoder.parts.append(name.encode())


_WRITERS: dict[type, Writer] = {
    type(None): _write_named("N"),
    bool: lambda encoder, value, _depth: encoder.parts.append(b"T" if value else b"F"),
    int: _write_int,
    float: lambda encoder, value, _depth: encoder.parts.append(b"f" + _F64_pack(value)),
    complex: lambda encoder, value, _depth: encoder.parts.append(
        b"c" + C128.pack(complex.__pos__(value).real, complex.__pos__(value).imag)
    ),
    str: _write_str,
    bytes: _write_bytes,
    list: _write_list,
    tuple: _write_tuple,
    dict: _write_dict,
    set: _write_set,
    frozenset: _write_frozenset,
    bytearray: _write_bytearray,
    OrderedDict: _write_ordered,
    defaultdict: _write_default,
    Counter: _write_counter,
    deque: _write_deque,
    **extended.WRITERS,
}

# Subclasses of these travel as their base content; the first match counts.
_PLAIN_BASES = (
    *(int, str, float, tuple, OrderedDict, defaultdict, Counter, dict, list, set, frozenset, bytes, bytearray),
    *(complex, deque, Decimal, Fraction, datetime, date, timedelta, time),
)


def plain_base(kind: type) -> type | None:
    """The plain type that a class derives from."""
    mro = type.__dict__["__mro__"].__get__(kind)
    for base in _PLAIN_BASES:
        if base in mro:
            return base
    return None


_BASE_WRITERS: dict[type, Writer] = {
    int: _write_int_subclass,
    float: lambda encoder, value, _depth: encoder.parts.append(b"f" + _F64_pack(float.__pos__(value))),
    list: lambda encoder, value, depth: encoder.sequence(b"l", list.__iter__(value), list.__len__(value), depth),
    dict: lambda encoder, value, depth: _write_pairs(encoder, b"d", value, depth),
    OrderedDict: lambda encoder, value, depth: _write_pairs(encoder, b"d", value, depth, OrderedDict.__iter__),
    Counter: lambda encoder, value, depth: _write_pairs(encoder, b"d", value, depth),
    defaultdict: lambda encoder, value, depth: _write_pairs(encoder, b"d", value, depth),
    set: lambda encoder, value, depth: encoder.sequence(b"S", set.__iter__(value), set.__len__(value), depth),
    deque: _write_items,
    bytearray: lambda encoder, value, _depth: _write_bytes(
        encoder, bytes(bytearray.__getitem__(value, slice(None))), 0
    ),
}


def put_base(encoder: Encoder, value: object, base: type, depth: int) -> None:
    """Write the base content of an instance of a subclass, ignoring everything that the subclass overrides."""
    _BASE_WRITERS.get(base, _WRITERS[base])(encoder, value, depth)
