"""Read values in the codec's format. The input is not trusted, and only plain constructors are called."""

from __future__ import annotations

import math
import re
import struct
from array import array
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from . import extended
from .bounds import C128, DEEPEST, F64, I64, LARGEST_INT, U32, Violation


class Decoder:
    """Reads one message. Raises Violation for bytes that no `Encoder` writes.

    readers: by tag. Decoders of more than plain data have more of them.
    """

    readers: ClassVar[Mapping[bytes, Callable[[Any], Any]]]

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
        """The next value. Raises Violation, or an error that `whole` turns into one."""
        at = self.at
        read = self.readers.get(self.raw[at : at + 1])
        self.at = at + 1
        if read is None:
            raise Violation(f"a value with the unknown tag {self.raw[at : at + 1]!r}")
        return read(self)

    def not_finite(self, value: Any) -> Any:
        """Called with NaN and infinities. Returns the value to use instead."""
        return value

    def made(self, value: Any) -> None:
        """Called with a new mutable container before its content is read."""

    def pending(self) -> Callable[[Any], None] | None:
        """Called before a container that is built after its content. Returns a function to call with it, or None."""
        return None

    def count(self) -> int:
        """Read how many values follow; each takes at least one byte."""
        (n,) = U32.unpack_from(self.raw, self.at)
        self.at += 4
        if n > len(self.raw) - self.at:
            raise Violation("a length beyond the end of the message")
        return int(n)

    def number(self) -> int:
        """Read a number that identifies something: a container, an object."""
        (n,) = U32.unpack_from(self.raw, self.at)
        self.at += 4
        return int(n)

    def take(self) -> bytes:
        """Read bytes, preceded by their length."""
        n = self.count()
        self.at += n
        return self.raw[self.at - n : self.at]

    def several(self) -> list[Any]:
        """Read the values of a sequence, one level deeper."""
        n = self.count()
        self.deeper()
        get = self.get
        found: list[Any] = []
        for _ in range(n):
            found.append(get())  # noqa: PERF401  # a comprehension would be one more frame for each level
        self.depth -= 1
        return found

    def deeper(self) -> None:
        """Go one level deeper. The caller decrements `depth` when it is done."""
        self.depth += 1
        if self.depth > DEEPEST + 8:
            raise Violation("a value that is nested too deeply")

    def fill_pairs(self, made: dict[Any, Any]) -> None:
        """Read keys and values into a dictionary."""
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
    return int(I64.unpack_from(decoder.raw, at)[0])


def _read_big(decoder: Decoder) -> int:
    raw = decoder.take()
    if len(raw) > LARGEST_INT:
        raise Violation("an integer that is too large")
    return int.from_bytes(raw, "big", signed=True)


def _read_float(decoder: Decoder) -> float:
    at = decoder.at
    decoder.at = at + 8
    value = float(F64.unpack_from(decoder.raw, at)[0])
    return value if value - value == 0.0 else decoder.not_finite(value)


def _read_complex(decoder: Decoder) -> complex:
    at = decoder.at
    decoder.at = at + 16
    value = complex(*C128.unpack_from(decoder.raw, at))
    return value if value - value == 0.0 else decoder.not_finite(value)


def _read_packed(decoder: Decoder) -> list[Any]:
    kind = decoder.raw[decoder.at : decoder.at + 1]
    decoder.at += 1
    if kind not in (b"q", b"d"):
        raise Violation("numbers of an unknown kind")
    numbers: array[Any] = array(kind.decode())
    numbers.frombytes(decoder.take())
    made = numbers.tolist()
    if kind == b"d" and not all(map(math.isfinite, made)):
        made = [value if value - value == 0.0 else decoder.not_finite(value) for value in made]
    decoder.made(made)
    return made


def _read_list(decoder: Decoder) -> list[Any]:
    made: list[Any] = []
    decoder.made(made)
    made.extend(decoder.several())
    return made


def _reader_of_pairs(kind: type[dict[Any, Any]]) -> Callable[[Decoder], dict[Any, Any]]:
    def read(decoder: Decoder) -> dict[Any, Any]:
        made = kind()
        decoder.made(made)
        decoder.fill_pairs(made)
        return made

    return read


def _read_set(decoder: Decoder) -> set[Any]:
    made: set[Any] = set()
    decoder.made(made)
    made.update(decoder.several())
    return made


def _read_bytearray(decoder: Decoder) -> bytearray:
    made = bytearray(decoder.take())
    decoder.made(made)
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
    maker = decoder.pending()
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
    if code >= len(extended.READERS):
        raise Violation("an unknown kind of value")
    maker = decoder.pending()
    types, make = extended.READERS[code]
    fields = decoder.get()
    if type(fields) is not tuple or (types is not None and tuple(map(type, fields)) != types):
        raise Violation("a value with the wrong fields")
    made = make(*fields)
    if maker is not None:
        maker(made)
    return made


Decoder.readers = {
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
    b"d": _reader_of_pairs(dict),
    b"S": _read_set,
    b"Z": lambda decoder: frozenset(decoder.several()),
    b"y": _read_bytearray,
    b"W": _reader_of_pairs(OrderedDict),
    b"K": _reader_of_pairs(Counter),
    b"D": _read_default,
    b"Q": _read_deque,
    b"x": _read_extended,
}
