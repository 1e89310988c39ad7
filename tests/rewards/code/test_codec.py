"""The codec: what is written comes back exactly, and bytes of an adversary never make more than plain values."""

from __future__ import annotations

import contextlib
import datetime
import importlib
import math
import os
import re
import struct
import uuid
import zoneinfo
from array import array
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from pathlib import PurePosixPath
from types import MappingProxyType, SimpleNamespace

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from rewards.code.guest.encoding.channel import Channel, Ended
from rewards.code.guest.encoding.codec import (
    DEEPEST,
    LARGEST_INT,
    LARGEST_MESSAGE,
    Unsendable,
    Violation,
    decode,
    encode,
)
from rewards.code.guest.shared import standard

VALUES = [
    *(None, True, False, 0, -1, 1 << 62, 1 << 63, -(1 << 63), 1 << 5000, 1.5, -0.0, math.inf, 2 - 3j),
    *("", "aé\ud800", "\0", b"", b"\xff", bytearray(b"ab")),
    *([], [1, [2, [3]]], list(range(100)), [1.0] * 20, (), (1, (2,)), {}, {"a": {1: 2}}, {1, 2}, frozenset({(1, 2)})),
    *(
        OrderedDict(b=1, a=2),
        Counter("aab"),
        deque([1, 2], 3),
        defaultdict(None, {1: 2}),
        range(1, 9, 2),
        slice(1, None),
    ),
    *(
        Decimal("1.50"),
        Decimal("NaN").is_nan(),
        Fraction(1, 3),
        uuid.UUID(int=5),
        PurePosixPath("/a/b"),
        re.compile("a+", re.IGNORECASE),
    ),
    *(datetime.date(2020, 2, 29), datetime.time(1, 2, 3, 4), datetime.timedelta(days=-1, microseconds=5)),
    datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=5), "X")),
    datetime.datetime(2020, 1, 1, tzinfo=zoneinfo.ZoneInfo("UTC")),
    *(MappingProxyType({"a": 1}), SimpleNamespace(a=[1]), array("i", [1, 2]), {1: 2}.keys(), {1: 2}.items()),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: f"{type(value).__name__}-{value!r:.20}")
def test_value_comes_back_with_its_type(value):
    back = decode(encode(value))
    assert type(back) is type(value)
    assert back == value


def test_nan_and_negative_zero_come_back():
    back = decode(encode([math.nan, -0.0]))
    assert math.isnan(back[0])
    assert math.copysign(1, back[1]) == -1


@pytest.mark.parametrize(
    "array_",
    [
        np.arange(6).reshape(2, 3),
        np.array([1.5, np.nan]),
        np.array([True, False]),
        np.array(["a", "bcd"]),
        np.array([1 + 2j]),
        np.zeros((0, 3)),
        np.array(5),
        np.array(["2020-01-01"], dtype="M8[D]"),
        np.arange(10)[::2],
    ],
    ids=lambda a: f"{a.dtype}{a.shape}",
)
def test_array_comes_back_with_dtype_and_shape(array_):
    back = decode(encode(array_))
    assert back.dtype == array_.dtype
    assert back.shape == array_.shape
    np.testing.assert_array_equal(back, array_)


def test_numpy_scalar_keeps_its_type():
    assert type(decode(encode(np.float32(1.5)))) is np.float32


class Lying(int):
    def __index__(self):
        return 7

    __int__ = __index__

    def __eq__(self, other):
        return True

    __hash__ = int.__hash__


class Color(IntEnum):
    RED = 1


@pytest.mark.parametrize(
    ("value", "base"),
    [(Lying(3), 3), (Color.RED, 1), (namedtuple("P", "x y")(1, 2), (1, 2)), (type("S", (str,), {})("a"), "a")],
    ids=["int", "IntEnum", "namedtuple", "str"],
)
def test_subclass_travels_as_its_base_content(value, base):
    back = decode(encode(value))
    assert type(back) is type(base)
    assert back == base


class LyingList(list):
    def __iter__(self):
        return iter([9, 9])

    def __len__(self):
        return 2


def test_content_of_a_lying_list_is_read_below_its_methods():
    assert decode(encode(LyingList([1, 2, 3]))) == [1, 2, 3]


@pytest.mark.parametrize("value", [object(), len, type, lambda: 0, iter([])], ids=lambda v: type(v).__name__)
def test_what_is_no_data_is_not_sent(value):
    with pytest.raises(Unsendable):
        encode(value)


def test_too_deep_a_value_is_refused_on_both_sides():
    deep: list[object] = []
    for _ in range(DEEPEST + 5):
        deep = [deep]
    with pytest.raises(Unsendable):
        encode(deep)
    with pytest.raises(Violation):
        decode((b"l" + struct.pack(">I", 1)) * 100_000 + b"N")


def test_cyclic_list_is_refused():
    cycle: list[object] = []
    cycle.append(cycle)
    with pytest.raises(Unsendable):
        encode(cycle)


def test_too_large_an_integer_is_refused_on_both_sides():
    with pytest.raises(Unsendable):
        encode(1 << (8 * LARGEST_INT + 8))
    with pytest.raises(Violation):
        decode(b"I" + struct.pack(">I", LARGEST_INT + 1) + b"\1" * (LARGEST_INT + 1))


HOSTILE = {
    "empty": b"",
    "unknown tag": b"\x00",
    "length beyond the end": b"l" + struct.pack(">I", 1 << 31),
    "text beyond the end": b"s" + struct.pack(">I", 100) + b"a",
    "cut integer": b"i\0\0",
    "cut float": b"f\0",
    "bad utf-8": b"s" + struct.pack(">I", 1) + b"\xff",
    "bytes behind": b"NN",
    "unhashable key": b"d" + struct.pack(">I", 1) + b"l\0\0\0\0N",
    "unhashable member": b"S" + struct.pack(">I", 1) + b"l\0\0\0\0",
    "unknown extension": b"x\xff" + b"t\0\0\0\0",
    "range without fields": b"x\0" + b"t\0\0\0\0",
    "packed of an odd length": b"pq" + struct.pack(">I", 7) + b"\0" * 7,
    "packed of another kind": b"pu" + struct.pack(">I", 8) + b"\0" * 8,
    "deque of a negative length": b"Q" + b"i" + struct.pack(">q", -1) + b"l\0\0\0\0",
    "default without content": b"DNN",
    "default that is data": b"D" + b"i" + struct.pack(">q", 1) + b"d\0\0\0\0",
    "proxy tags": b"h\0\0\0\1",
    "reference to nothing": b"r\0\0\0\1",
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_bytes_that_mean_nothing_are_a_violation(raw):
    with pytest.raises(Violation):
        decode(raw)


@hypothesis.given(st.binary(max_size=200))
def test_random_bytes_make_a_value_or_a_violation(raw):
    with contextlib.suppress(Violation):
        decode(raw)


@hypothesis.given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
        max_leaves=20,
    ),
    st.integers(min_value=0, max_value=10_000),
    st.binary(min_size=1, max_size=3),
)
def test_damaged_bytes_make_a_value_or_a_violation(value, at, patch):
    raw = bytearray(encode(value))
    at %= len(raw)
    raw[at : at + len(patch)] = patch
    with contextlib.suppress(Violation):
        decode(bytes(raw))


def test_channel_bounds_the_length_before_it_reads():
    read, write = os.pipe()
    try:
        os.write(write, struct.pack(">I", LARGEST_MESSAGE + 1))
        with pytest.raises(Violation):
            Channel(read).receive()
        os.close(write)
        with pytest.raises(Ended):
            Channel(read).receive()
    finally:
        os.close(read)


def test_exceptions_of_the_library_are_called_as_this_python_calls_them():
    modules = [importlib.import_module(name) for name in sorted(standard._OF_CLASSES)]
    found = {
        f"{module.__name__}.{name}": kind
        for module in modules
        for name, kind in vars(module).items()
        if isinstance(kind, type) and issubclass(kind, BaseException)
        if (kind.__module__, kind.__qualname__) == (module.__name__, name)
    }
    for path, kind in found.items():
        name = standard.name_of(kind)
        assert name is not None, path
        assert standard.by_name(name) is kind, path
    assert {"json.decoder.JSONDecodeError", "_csv.Error", "http.client.ResponseNotReady"} <= found.keys()


def test_nothing_else_of_the_library_is_found_by_its_name():
    for name in ("json.decoder:JSONDecoder", "http.client:HTTPConnection", "antigravity:Error", "socket:socket"):
        with pytest.raises(Violation):
            standard.by_name(name)
