"""numpy arrays in the codec's format: plain dtypes only, as bytes. numpy is imported when the first one is read."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any

from .bounds import LARGEST_MESSAGE, Violation, Writer, Writing


def _as_it_is(array: Any) -> Any:
    return array


given: Callable[[Any], Any] = _as_it_is  # what to make of an array or number that is read
_DTYPE = re.compile(r"[<>|=]([biufc]\d{1,2}|[mM]8(\[\w{1,4}\])?)\Z")


def writer_of(value: object) -> Writer | None:
    """The writer for a numpy array or scalar; None if the value is neither, or its dtype cannot cross."""
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return None
    if isinstance(value, numpy.ndarray):
        return _write_ndarray if value.dtype.kind in "biufcmMOUS" and value.dtype.names is None else None
    if isinstance(value, numpy.generic):
        return _write_scalar if value.dtype.kind in "biufcmMUS" and value.dtype.names is None else None
    return None


def _write_ndarray(encoder: Writing, value: Any, depth: int) -> None:
    if encoder.mutable(value, depth):
        return
    kind, shape = value.dtype.kind, tuple(value.shape)
    if kind in "OUS":
        encoder.extended("ndarray", depth, value.dtype.str, shape, tuple(value.reshape(-1).tolist()))
    else:
        encoder.extended("ndarray", depth, value.dtype.str, shape, value.tobytes())


def _write_scalar(encoder: Writing, value: Any, depth: int) -> None:
    if value.dtype.kind in "US":
        encoder.put(value.item(), depth)
    else:
        encoder.extended("scalar", depth, value.dtype.str, value.tobytes())


def read_array(dtype: str, shape: tuple[int, ...], raw: Any) -> object:
    """Rebuild an array. raw: the bytes of all items, or a tuple of items (objects, text). Raises Violation."""
    return given(_read(dtype, shape, raw))


def _read(dtype: str, shape: tuple[int, ...], raw: Any) -> Any:
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


def read_scalar(dtype: str, raw: bytes) -> object:
    """Rebuild a numpy scalar. Raises Violation."""
    return given(_read(dtype, (1,), raw)[0])
