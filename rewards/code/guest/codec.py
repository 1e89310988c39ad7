"""The closed, tagged, data-only form in which values cross between processes. No code, no class names to import.

Every value is a tag byte and its content; `Encoder` writes exact builtin types and their subclasses' base content read
by C-level accessors, `Decoder` rebuilds exact builtin types and nothing else. What is no data is left to the methods
`other` (writing) and `extension` (reading), which the two ends of a proxy fill in.

The reader trusts nothing: lengths are checked before anything is allocated, nesting and integers are bounded, and bytes
that mean nothing raise `Violation`. The writer raises `Unsendable` for what is too large or too deep.

Example:
    >>> decode(encode({"a": [1, 2.5, (None, True)], "b": {3}}))
    {'a': [1, 2.5, (None, True)], 'b': {3}}
"""

from __future__ import annotations

import datetime
import re
import struct
import sys
import uuid
from array import array
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from decimal import Decimal
from fractions import Fraction
from pathlib import PosixPath, PurePosixPath
from types import MappingProxyType, SimpleNamespace
from typing import Any

DEEPEST = 250
LARGEST_INT = 1 << 20  # bytes
LARGEST_MESSAGE = 32 << 20
_PACKED_FROM = 16  # a list of so many equal numbers travels as an array

_U32 = struct.Struct(">I")
_I64 = struct.Struct(">q")
_F64 = struct.Struct(">d")
_C128 = struct.Struct(">dd")
_U32_pack, _I64_pack, _F64_pack = _U32.pack, _I64.pack, _F64.pack


class Violation(Exception):
    """Bytes that no honest writer sends."""


class Unsendable(Exception):
    """A value that is too large or too deeply nested to cross."""


# --- writing --------------------------------------------------------------------------------------------------------


class Encoder:
    """Writes values. One encoder writes one message."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def message(self) -> bytes:
        """All that was written. Raises Unsendable."""
        whole = b"".join(self.parts)
        if len(whole) > LARGEST_MESSAGE:
            raise Unsendable(f"a value of {len(whole)} bytes is too large to cross (the most is {LARGEST_MESSAGE})")
        return whole

    def put(self, value: object, depth: int = DEEPEST) -> None:
        """Write one value. Raises Unsendable."""
        write = _WRITERS.get(type(value))
        if write is not None:
            write(self, value, depth)
        elif (special := _numpy_writer(value)) is not None:
            special(self, value, depth)
        else:
            self.other(value, depth)

    def mutable(self, value: object, depth: int) -> bool:  # noqa: ARG002
        """Called before a mutable container is written; True = it has been written."""
        return False

    def other(self, value: object, depth: int) -> None:
        """Write what is no exact plain type."""
        base = plain_base(type(value))
        if base is None:
            raise Unsendable(f"a value of type {type(value).__name__} is no plain data")
        _WRITERS[base](self, value, depth)

    def sequence(self, tag: bytes, values: Iterable[Any], count: int, depth: int) -> None:
        if depth <= 0:
            raise Unsendable(f"a value is nested more than {DEEPEST} levels deep")
        self.parts.append(tag + _U32_pack(count))
        depth -= 1
        put = self.put
        for value in values:
            put(value, depth)

    def extended(self, name: str, depth: int, *fields: object) -> None:
        """A value that is rebuilt from plain fields by the function of that name."""
        self.parts.append(b"x" + bytes((_EXTENDED_CODES[name],)))
        self.sequence(b"t", fields, len(fields), depth)


Writer = Callable[[Encoder, Any, int], None]


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


def _write_pairs(encoder: Encoder, tag: bytes, value: dict[Any, Any], depth: int) -> None:
    if depth <= 0:
        raise Unsendable(f"a value is nested more than {DEEPEST} levels deep")
    encoder.parts.append(tag + _U32_pack(dict.__len__(value)))
    depth -= 1
    put = encoder.put
    for key in dict.__iter__(value):
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
        encoder.parts.append(b"Q")
        encoder.put(deque.__dict__["maxlen"].__get__(value), depth - 1)
        encoder.sequence(b"l", list(deque.__iter__(value)), deque.__len__(value), depth)


def _write_timezone(encoder: Encoder, value: datetime.tzinfo, depth: int) -> None:
    encoder.extended("timezone", depth, value.utcoffset(None), value.tzname(None))


def _write_zone(value: object) -> object:
    """A tzinfo as something that can be written: fixed offsets, and zones by their key."""
    key = getattr(value, "key", None)
    if type(value).__name__ == "ZoneInfo" and type(value).__module__ == "zoneinfo" and isinstance(key, str):
        return key
    return value


def _write_datetime(encoder: Encoder, value: datetime.datetime, depth: int) -> None:
    at = datetime.datetime.timetuple(value)[:6]
    encoder.extended("datetime", depth, *at, value.microsecond, _write_zone(value.tzinfo), value.fold)


def _simple(name: str, *attributes: str) -> Writer:
    def write(encoder: Encoder, value: object, depth: int) -> None:
        encoder.extended(name, depth, *(getattr(value, attribute) for attribute in attributes))

    return write


def _write_named(name: str) -> Writer:
    return lambda encoder, _value, _depth: encoder.parts.append(name.encode())


def _write_namespace(encoder: Encoder, value: SimpleNamespace, depth: int) -> None:
    encoder.extended("namespace", depth, dict(value.__dict__))


def _write_array(encoder: Encoder, value: array[Any], depth: int) -> None:
    encoder.extended("array", depth, value.typecode, value.tobytes())


_WRITERS: dict[type, Writer] = {
    type(None): _write_named("N"),
    bool: lambda encoder, value, _depth: encoder.parts.append(b"T" if value else b"F"),
    int: _write_int,
    float: lambda encoder, value, _depth: encoder.parts.append(b"f" + _F64_pack(value)),
    complex: lambda encoder, value, _depth: encoder.parts.append(
        b"c" + _C128.pack(complex.__pos__(value).real, complex.__pos__(value).imag)
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
    range: _simple("range", "start", "stop", "step"),
    slice: _simple("slice", "start", "stop", "step"),
    Decimal: lambda encoder, value, depth: encoder.extended("decimal", depth, Decimal.__str__(value)),
    Fraction: _simple("fraction", "numerator", "denominator"),
    datetime.date: _simple("date", "year", "month", "day"),
    datetime.time: lambda encoder, v, depth: encoder.extended(
        "time", depth, v.hour, v.minute, v.second, v.microsecond, _write_zone(v.tzinfo), v.fold
    ),
    datetime.datetime: _write_datetime,
    datetime.timedelta: _simple("timedelta", "days", "seconds", "microseconds"),
    datetime.timezone: _write_timezone,
    uuid.UUID: _simple("uuid", "int"),
    PosixPath: lambda encoder, value, depth: encoder.extended("path", depth, str(value), True),
    PurePosixPath: lambda encoder, value, depth: encoder.extended("path", depth, str(value), False),
    re.Pattern: _simple("pattern", "pattern", "flags"),
    type({}.keys()): lambda encoder, value, depth: encoder.extended("keys", depth, tuple(value)),
    type({}.values()): lambda encoder, value, depth: encoder.extended("values", depth, tuple(value)),
    type({}.items()): lambda encoder, value, depth: encoder.extended("items", depth, tuple(value)),
    MappingProxyType: lambda encoder, value, depth: encoder.extended("mappingproxy", depth, dict(value)),
    memoryview: lambda encoder, value, depth: encoder.extended("memoryview", depth, value.tobytes()),
    SimpleNamespace: _write_namespace,
    array: _write_array,
}

# Subclasses of these travel as their base content; the first that fits.
_PLAIN_BASES = (
    *(int, str, float, tuple, OrderedDict, defaultdict, Counter, dict, list, set, frozenset, bytes, bytearray),
    *(complex, deque, Decimal, Fraction, datetime.datetime, datetime.date, datetime.timedelta, datetime.time),
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
    OrderedDict: lambda encoder, value, depth: _write_pairs(encoder, b"d", value, depth),
    Counter: lambda encoder, value, depth: _write_pairs(encoder, b"d", value, depth),
    defaultdict: lambda encoder, value, depth: _write_pairs(encoder, b"d", value, depth),
    set: lambda encoder, value, depth: encoder.sequence(b"S", set.__iter__(value), set.__len__(value), depth),
    deque: lambda encoder, value, depth: encoder.sequence(b"l", list(deque.__iter__(value)), len(value), depth),
    bytearray: lambda encoder, value, _depth: _write_bytes(
        encoder, bytes(bytearray.__getitem__(value, slice(None))), 0
    ),
}


def put_base(encoder: Encoder, value: object, base: type, depth: int) -> None:
    """Write the base content of an instance of a subclass, whatever the subclass says about itself."""
    _BASE_WRITERS.get(base, _WRITERS[base])(encoder, value, depth)


# --- numpy: plain dtypes only, as bytes -----------------------------------------------------------------------------

_DTYPE = re.compile(r"[<>|=]([biufc]\d{1,2}|[mM]8(\[\w{1,4}\])?)\Z")


def _numpy_writer(value: object) -> Writer | None:
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return None
    if isinstance(value, numpy.ndarray):
        return _write_ndarray if value.dtype.kind in "biufcmMOUS" and value.dtype.names is None else None
    if isinstance(value, numpy.generic):
        return _write_scalar if value.dtype.kind in "biufcmMUS" and value.dtype.names is None else None
    return None


def _write_ndarray(encoder: Encoder, value: Any, depth: int) -> None:
    if encoder.mutable(value, depth):
        return
    kind, shape = value.dtype.kind, tuple(value.shape)
    if kind in "OUS":
        encoder.extended("ndarray", depth, value.dtype.str, shape, tuple(value.reshape(-1).tolist()))
    else:
        encoder.extended("ndarray", depth, value.dtype.str, shape, value.tobytes())


def _write_scalar(encoder: Encoder, value: Any, depth: int) -> None:
    if value.dtype.kind in "US":
        encoder.put(value.item(), depth)
    else:
        encoder.extended("scalar", depth, value.dtype.str, value.tobytes())


def _read_ndarray(dtype: str, shape: tuple[int, ...], raw: Any) -> object:
    numpy = sys.modules.get("numpy")
    if numpy is None:
        import numpy
    assert numpy is not None
    if len(shape) > 32 or any(type(n) is not int or not 0 <= n <= LARGEST_MESSAGE for n in shape):
        raise Violation("an array of an impossible shape")
    count = 1
    for n in shape:
        count *= n
    if isinstance(raw, tuple):
        if len(raw) != count:
            raise Violation("an array whose shape is not that of its content")
        if dtype == "|O":
            made = numpy.empty(count, dtype=object)
            for index, item in enumerate(raw):
                made[index] = item
            return made.reshape(shape)
        kind = {"U": str, "S": bytes}.get(dtype[1:2])
        if kind is None or any(type(item) is not kind for item in raw):
            raise Violation("an array of text that holds something else")
        width = max([len(item) for item in raw], default=1)
        if width * count > LARGEST_MESSAGE:
            raise Violation("an array of text that is too wide")
        return numpy.array(raw, dtype=f"{dtype[1]}{max(width, 1)}").reshape(shape)
    if not isinstance(raw, bytes) or not _DTYPE.match(dtype):
        raise Violation(f"an array of dtype {dtype!r:.40}")
    if dtype[1] == "b":
        return (numpy.frombuffer(raw, dtype=numpy.uint8) != 0).reshape(shape)
    kind = numpy.dtype(dtype)
    if kind.itemsize * count != len(raw):
        raise Violation("an array whose shape is not that of its bytes")
    return numpy.frombuffer(raw, dtype=kind).reshape(shape).copy()


def _read_scalar(dtype: str, raw: bytes) -> object:
    made: Any = _read_ndarray(dtype, (1,), raw)
    return made[0]


# --- reading --------------------------------------------------------------------------------------------------------


def _read_timezone(offset: datetime.timedelta, name: str) -> datetime.timezone:
    plain = datetime.timezone(offset)
    return plain if plain.tzname(None) == name else datetime.timezone(offset, name)


def _zone(value: object) -> datetime.tzinfo | None:
    if value is None or type(value) is datetime.timezone:
        return value
    if type(value) is str and re.match(r"[A-Za-z0-9_+\-]+(/[A-Za-z0-9_+\-]+)*\Z", value):
        import zoneinfo

        return zoneinfo.ZoneInfo(value)
    raise Violation("a time zone of an unknown kind")


def _read_datetime(*fields: Any) -> datetime.datetime:
    year, month, day, hour, minute, second, micro, zone, fold = fields
    return datetime.datetime(year, month, day, hour, minute, second, micro, tzinfo=_zone(zone), fold=fold)


def _read_time(*fields: Any) -> datetime.time:
    hour, minute, second, micro, zone, fold = fields
    return datetime.time(hour, minute, second, micro, tzinfo=_zone(zone), fold=fold)


def _read_pattern(pattern: str | bytes, flags: int) -> object:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return re.compile(pattern, flags & ~re.DEBUG)


def _read_pairs(items: tuple[Any, ...]) -> dict[Any, Any]:
    made: dict[Any, Any] = {}
    for item in items:
        if type(item) is not tuple or len(item) != 2:
            raise Violation("an item that is no pair")
        made[item[0]] = item[1]
    return made


def _read_array(code: str, raw: bytes) -> array[Any]:
    if code not in "bBhHiIlLqQfd":
        raise Violation("an array of an unknown type")
    made: array[Any] = array(code)
    made.frombytes(raw)
    return made


def _read_namespace(content: dict[str, object]) -> SimpleNamespace:
    if any(key.startswith("__") for key in content):
        raise Violation("a namespace with an underscored name")
    return SimpleNamespace(**content)


_EXTENDED: dict[str, tuple[tuple[type, ...] | None, Callable[..., object]]] = {
    "range": ((int, int, int), range),
    "slice": (None, slice),
    "decimal": ((str,), Decimal),
    "fraction": ((int, int), Fraction),
    "date": ((int, int, int), datetime.date),
    "time": (None, _read_time),
    "datetime": (None, _read_datetime),
    "timedelta": ((int, int, int), datetime.timedelta),
    "timezone": ((datetime.timedelta, str), _read_timezone),
    "uuid": ((int,), lambda number: uuid.UUID(int=number)),
    "path": ((str, bool), lambda text, real: PosixPath(text) if real else PurePosixPath(text)),
    "pattern": (None, _read_pattern),
    "keys": ((tuple,), lambda keys: dict.fromkeys(keys).keys()),
    "values": ((tuple,), lambda values: dict(enumerate(values)).values()),
    "items": ((tuple,), lambda items: _read_pairs(items).items()),
    "mappingproxy": ((dict,), MappingProxyType),
    "memoryview": ((bytes,), memoryview),
    "namespace": ((dict,), _read_namespace),
    "array": ((str, bytes), _read_array),
    "ndarray": (None, _read_ndarray),
    "scalar": ((str, bytes), _read_scalar),
}
_EXTENDED_CODES = {name: code for code, name in enumerate(_EXTENDED)}
_EXTENDED_READERS = tuple(_EXTENDED.values())


class Decoder:
    """Reads one message. Raises Violation for bytes that no `Encoder` writes."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.at = 0
        self.depth = 0

    def whole(self) -> Any:
        """The only value of the message."""
        try:
            value = self.get()
        except Violation:
            raise
        except (TypeError, ValueError, OverflowError, ArithmeticError, LookupError, struct.error, re.error) as error:
            raise Violation(f"a value that cannot be: {type(error).__name__}") from None
        except (RecursionError, MemoryError) as error:
            raise Violation(f"a value that is too large: {type(error).__name__}") from None
        if self.at != len(self.raw):
            raise Violation("bytes behind the end of a message")
        return value

    def get(self) -> Any:
        at = self.at
        read = _READERS.get(self.raw[at : at + 1])
        self.at = at + 1
        if read is None:
            return self.extension(self.raw[at : at + 1])
        return read(self)

    def extension(self, tag: bytes) -> Any:
        """Read what has a tag that plain data has not."""
        raise Violation(f"an unknown tag {tag!r}")

    def made(self, value: Any) -> None:
        """Called with a mutable container before its content is read."""

    def count(self) -> int:
        """A number of following values, each of one byte at least."""
        (n,) = _U32.unpack_from(self.raw, self.at)
        self.at += 4
        if n > len(self.raw) - self.at:
            raise Violation("a length beyond the end of the message")
        return int(n)

    def number(self) -> int:
        (n,) = _U32.unpack_from(self.raw, self.at)
        self.at += 4
        return int(n)

    def take(self) -> bytes:
        n = self.count()
        self.at += n
        return self.raw[self.at - n : self.at]

    def several(self) -> Iterable[Any]:
        n = self.count()
        self.deeper()
        get = self.get
        for _ in range(n):
            yield get()
        self.depth -= 1

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST + 8:
            raise Violation("a value that is nested too deeply")

    def fill_pairs(self, made: dict[Any, Any]) -> None:
        n = self.count()
        self.deeper()
        get = self.get
        for _ in range(n):
            key = get()
            made[key] = get()
        self.depth -= 1


def _read_int(decoder: Decoder) -> int:
    at = decoder.at
    decoder.at = at + 8
    return int(_I64.unpack_from(decoder.raw, at)[0])


def _read_big(decoder: Decoder) -> int:
    raw = decoder.take()
    if len(raw) > LARGEST_INT:
        raise Violation("an integer that is too large")
    return int.from_bytes(raw, "big", signed=True)


def _read_float(decoder: Decoder) -> float:
    at = decoder.at
    decoder.at = at + 8
    return float(_F64.unpack_from(decoder.raw, at)[0])


def _read_complex(decoder: Decoder) -> complex:
    at = decoder.at
    decoder.at = at + 16
    return complex(*_C128.unpack_from(decoder.raw, at))


def _read_packed(decoder: Decoder) -> list[Any]:
    kind = decoder.raw[decoder.at : decoder.at + 1]
    decoder.at += 1
    if kind not in (b"q", b"d"):
        raise Violation("numbers of an unknown kind")
    numbers: array[Any] = array(kind.decode())
    numbers.frombytes(decoder.take())
    made = numbers.tolist()
    decoder.made(made)
    return made


def _read_list(decoder: Decoder) -> list[Any]:
    made: list[Any] = []
    decoder.made(made)
    made.extend(decoder.several())
    return made


def _read_dict(decoder: Decoder) -> dict[Any, Any]:
    made: dict[Any, Any] = {}
    decoder.made(made)
    decoder.fill_pairs(made)
    return made


def _read_set(decoder: Decoder) -> set[Any]:
    made: set[Any] = set()
    decoder.made(made)
    made.update(decoder.several())
    return made


def _read_bytearray(decoder: Decoder) -> bytearray:
    made = bytearray(decoder.take())
    decoder.made(made)
    return made


def _read_ordered(decoder: Decoder) -> OrderedDict[Any, Any]:
    made: OrderedDict[Any, Any] = OrderedDict()
    decoder.made(made)
    decoder.fill_pairs(made)
    return made


def _read_counter(decoder: Decoder) -> Counter[Any]:
    made: Counter[Any] = Counter()
    decoder.made(made)
    decoder.fill_pairs(made)
    return made


def _read_default(decoder: Decoder) -> defaultdict[Any, Any]:
    made: defaultdict[Any, Any] = defaultdict()
    decoder.made(made)
    factory = decoder.get()
    if factory is not None and not callable(factory):
        raise Violation("a default that cannot be called")
    made.default_factory = factory
    if decoder.raw[decoder.at : decoder.at + 1] != b"d":
        raise Violation("a default dictionary without content")
    decoder.at += 1
    decoder.fill_pairs(made)
    return made


def _read_deque(decoder: Decoder) -> deque[Any]:
    maker = decoder.pending() if hasattr(decoder, "pending") else None
    longest = decoder.get()
    if longest is not None and (type(longest) is not int or longest < 0):
        raise Violation("a deque of an impossible length")
    made: deque[Any] = deque(maxlen=longest)
    if maker is not None:
        maker(made)
    if decoder.raw[decoder.at : decoder.at + 1] != b"l":
        raise Violation("a deque without content")
    decoder.at += 1
    made.extend(decoder.several())
    return made


def _read_extended(decoder: Decoder) -> object:
    code = decoder.raw[decoder.at]
    decoder.at += 1
    if code >= len(_EXTENDED_READERS):
        raise Violation("an unknown kind of value")
    maker = decoder.pending() if hasattr(decoder, "pending") else None
    types, make = _EXTENDED_READERS[code]
    fields = decoder.get()
    if type(fields) is not tuple or (types is not None and tuple(map(type, fields)) != types):
        raise Violation("a value with the wrong fields")
    made = make(*fields)
    if maker is not None:
        maker(made)
    return made


_READERS: dict[bytes, Callable[[Any], Any]] = {
    b"N": lambda _: None,
    b"T": lambda _: True,
    b"F": lambda _: False,
    b"i": _read_int,
    b"I": _read_big,
    b"f": _read_float,
    b"c": _read_complex,
    b"s": lambda decoder: decoder.take().decode("utf-8", "surrogatepass"),
    b"b": lambda decoder: decoder.take(),
    b"l": _read_list,
    b"p": _read_packed,
    b"t": lambda decoder: tuple(decoder.several()),
    b"d": _read_dict,
    b"S": _read_set,
    b"Z": lambda decoder: frozenset(decoder.several()),
    b"y": _read_bytearray,
    b"W": _read_ordered,
    b"K": _read_counter,
    b"D": _read_default,
    b"Q": _read_deque,
    b"x": _read_extended,
}


def encode(value: object) -> bytes:
    """One message of plain data. Raises Unsendable."""
    encoder = Encoder()
    encoder.put(value)
    return encoder.message()


def decode(raw: bytes) -> Any:
    """The value of a message of plain data. Raises Violation."""
    return Decoder(raw).whole()
