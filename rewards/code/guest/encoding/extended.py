"""Standard library values that cross as plain fields: dates, fractions, ranges, patterns, dictionary views and others.

Each has a name, whose position in `READERS` is its code in a message; most have fields of the types given there.
"""

from __future__ import annotations

import re
import uuid
from array import array
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone, tzinfo  # what the modules hold, tests may patch
from decimal import Decimal
from fractions import Fraction
from pathlib import PosixPath, PurePosixPath
from types import MappingProxyType, SimpleNamespace
from typing import Any

from . import arrays
from .bounds import Unsendable, Violation, Writer, Writing

# --- writing --------------------------------------------------------------------------------------------------------


def _write_timezone(encoder: Writing, value: tzinfo, depth: int) -> None:
    encoder.extended("timezone", depth, value.utcoffset(None), value.tzname(None))


def _write_zone(value: datetime | time) -> object:
    """A value's tzinfo in a form that can be written: zones as their key, others as their present UTC offset."""
    zone = value.tzinfo
    key = getattr(zone, "key", None)
    if type(zone).__name__ == "ZoneInfo" and type(zone).__module__ == "zoneinfo" and isinstance(key, str):
        return key
    if zone is None or type(zone) is timezone:
        return zone
    try:
        offset, name = value.utcoffset(), value.tzname()
        if isinstance(offset, timedelta):
            return timezone(offset) if name is None else timezone(offset, name)
    except Exception as error:  # a tzinfo class may raise anything
        raise Unsendable(f"a time zone that does not say its offset: {type(error).__name__}") from None
    raise Unsendable("a time zone without an offset")


def _write_datetime(encoder: Writing, value: datetime, depth: int) -> None:
    at = datetime.timetuple(value)[:6]
    encoder.extended("datetime", depth, *at, value.microsecond, _write_zone(value), value.fold)


def _simple(name: str, *attributes: str) -> Writer:
    def write(encoder: Writing, value: object, depth: int) -> None:
        encoder.extended(name, depth, *(getattr(value, attribute) for attribute in attributes))

    return write


def _write_namespace(encoder: Writing, value: SimpleNamespace, depth: int) -> None:
    if not encoder.mutable(value, depth):
        encoder.extended("namespace", depth, dict(value.__dict__))


def _write_array(encoder: Writing, value: array[Any], depth: int) -> None:
    if not encoder.mutable(value, depth):
        encoder.extended("array", depth, value.typecode, value.tobytes())


WRITERS: dict[type, Writer] = {
    range: _simple("range", "start", "stop", "step"),
    slice: _simple("slice", "start", "stop", "step"),
    Decimal: lambda encoder, value, depth: encoder.extended("decimal", depth, Decimal.__str__(value)),
    Fraction: _simple("fraction", "numerator", "denominator"),
    date: _simple("date", "year", "month", "day"),
    time: lambda encoder, v, depth: encoder.extended(
        "time", depth, v.hour, v.minute, v.second, v.microsecond, _write_zone(v), v.fold
    ),
    datetime: _write_datetime,
    timedelta: _simple("timedelta", "days", "seconds", "microseconds"),
    timezone: _write_timezone,
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


# --- reading --------------------------------------------------------------------------------------------------------


def _read_timezone(offset: timedelta, name: str) -> timezone:
    plain = timezone(offset)
    return plain if plain.tzname(None) == name else timezone(offset, name)


def _zone(value: object) -> tzinfo | None:
    if value is None or type(value) is timezone:
        return value
    if type(value) is str and re.match(r"[A-Za-z0-9_+\-]+(/[A-Za-z0-9_+\-]+)*\Z", value):
        import zoneinfo

        return zoneinfo.ZoneInfo(value)
    raise Violation("a time zone of an unknown kind")


def _read_datetime(*fields: Any) -> datetime:
    year, month, day, hour, minute, second, micro, zone, fold = fields
    return datetime(year, month, day, hour, minute, second, micro, tzinfo=_zone(zone), fold=fold)


def _read_time(*fields: Any) -> time:
    hour, minute, second, micro, zone, fold = fields
    return time(hour, minute, second, micro, tzinfo=_zone(zone), fold=fold)


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
    check_names(content)
    return SimpleNamespace(**content)


# Methods of plain types with a yes-or-no answer. An object of a class that the tests do not mention has none: it would
# answer for itself.
VERDICTS = frozenset(
    (
        *("issubset", "issuperset", "isdisjoint", "startswith", "endswith", "is_integer"),
        *(name for name in dir(str) if name.startswith("is")),
    )
)


def check_names(content: dict[Any, object]) -> None:
    """Raise Violation for a namespace that answers in place of a text: `SimpleNamespace(isupper=lambda: True)`."""
    for key, value in content.items():
        if key.startswith("__") or (key in VERDICTS and callable(value)):
            raise Violation("a namespace with a name that it may not have")


_BY_NAME: dict[str, tuple[tuple[type, ...] | None, Callable[..., object]]] = {
    "range": ((int, int, int), range),
    "slice": (None, slice),
    "decimal": ((str,), Decimal),
    "fraction": ((int, int), Fraction),
    "date": ((int, int, int), date),
    "time": (None, _read_time),
    "datetime": (None, _read_datetime),
    "timedelta": ((int, int, int), timedelta),
    "timezone": ((timedelta, str), _read_timezone),
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
    "ndarray": (None, arrays.read_array),
    "scalar": ((str, bytes), arrays.read_scalar),
}
CODES = {name: code for code, name in enumerate(_BY_NAME)}
READERS = tuple(_BY_NAME.values())
