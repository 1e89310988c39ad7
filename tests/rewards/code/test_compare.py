"""When output and values are as expected, by hand, and with values made to be slow or to raise."""

from __future__ import annotations

import math
import sys
import time

import pytest

from rewards.code.compare import same_output, same_value

OUTPUTS = [
    ("3", b"3", True),
    ("3", b"3\n", True),
    ("3\n", b"3", True),
    ("1 2\n3", b"1 2  \n3\t\n\n \n", True),
    ("1\r\n2\r\n", b"1\n2", True),
    ("1\n2", b"1\r\n2\r\n", True),
    ("", b"\n \n", True),
    ("é\n", "é".encode(), True),
    ("3", b"", False),
    ("", b"0", False),
    ("3", b"4", False),
    ("3", b" 3", False),
    ("3", b"\n3", False),
    ("1 2", b"1  2", False),
    ("1\n2", b"1\n\n2", False),
    ("1\n2", b"1 2", False),
    ("3", b"3.0", False),
    ("Yes", b"yes", False),
    ("3", b"3\x00", False),
    ("3", b"3\xff", False),
    ("a", b"a\x0b", False),
]


@pytest.mark.parametrize(("expected", "output", "same"), OUTPUTS)
def test_output_is_equal_up_to_blanks_at_the_ends_and_cr(expected: str, output: bytes, same: bool) -> None:
    assert same_output(expected, output) is same


TOKENS = [
    ("0.5", b"0.5000001", True),
    ("0.5", b".5", True),
    ("0.5 1.5", b"0.5  1.5000001", True),
    ("100000.0", b"100000.05", True),  # relative above 1
    ("0.0", b"-0.0000001", True),
    ("3", b"3.0000001", True),
    ("3", b"3.0", True),
    ("1e-9", b"0", True),
    ("nan", b"nan", True),
    ("inf", b"inf", True),
    ("0.5", b"0.50001", False),
    ("0.5", b"0.5 0.5", False),
    ("0.5\n0.5", b"0.5 0.5", False),
    ("1000000000", b"1000000001", False),  # integers stay exact
    ("1000000000", b"1000000001.0", False),
    ("nan", b"NaN", False),
    ("inf", b"1e999", False),
    ("1e999", b"1e998", False),
    ("0.5", b"nan", False),
    ("inf", b"0.5", False),
    ("0.5", b"5_0e-2", False),
    ("16.0", b"0x10", False),
    ("1.0", "\u0661.0".encode(), False),
    ("abc", b"abd", False),
    ("0.5", b"0.5.0", False),
    ("0001", b"1.0", False),
    ("0001", b"1", False),
    ("0001", b"0001", True),
    ("00.5", b"0.5", True),
    ("0.5", b"0.5\x0c", False),
    ("0.5 1.5", b"0.5\x0b1.5", False),
    ("0.5 1.5", b"0.5\t1.5", True),
]


@pytest.mark.parametrize(("expected", "output", "same"), TOKENS)
def test_with_a_tolerance_numbers_are_compared_token_by_token(expected: str, output: bytes, same: bool) -> None:
    assert same_output(expected, output, tolerance=1e-6) is same


VALUES: list[tuple[object, object, bool]] = [
    (1, 1, True),
    (2, 2.0, True),
    (2.0, 2, True),
    ([1, 2], (1, 2), True),
    ((1, 2), [1, 2], True),
    ({"1": "a"}, {1: "a"}, True),
    ({"true": 1, "null": 2, "1.5": 3}, {True: 1, None: 2, 1.5: 3}, True),
    ({"a": [1, {"b": None}]}, {"a": (1, {"b": None})}, True),
    (None, None, True),
    (True, True, True),
    (math.inf, math.inf, True),
    ({1, 2}, {2.0, 1}, True),
    ({1, 2}, frozenset({1, 2}), True),
    ({(1, 2)}, {(1, 2)}, True),
    (1j, 1j, True),
    (b"a", b"a", True),
    ({(1, 2): 3}, {(1, 2): 3}, True),
    ({1: 2}, {1: 2}, True),
    (10**5000, 10**5000, True),
    ("\ud800", "\ud800", True),
    (0.1 + 0.2, 0.3, False),
    (1, True, False),
    (True, 1, False),
    (0, False, False),
    (1, "1", False),
    ("1", 1, False),
    ("a", b"a", False),
    (None, 0, False),
    (None, [], False),
    ([], {}, False),
    ([], "", False),
    ([1], [1, 2], False),
    ([1, 2], {1, 2}, False),
    ({1, 2}, [1, 2], False),
    ({1}, {True}, False),
    ({1}, {1, 2}, False),
    ({1: 2}, {"1": 2}, False),  # the keys are tagged: they are compared as they are
    ({"1": "a"}, {1: "a", "1": "a"}, False),
    ({"1": "a", "2": "b"}, {1: "a", "1": "b"}, False),
    ({"a": 1}, {"b": 1}, False),
    ({"a": 1}, [("a", 1)], False),
    ({"(1, 2)": 1}, {(1, 2): 1}, False),
    (math.nan, math.nan, False),
    ([math.nan], [math.nan], False),
    ({math.nan}, {math.nan}, False),
    (1, 1 + 1j, False),
    (1, 1 + 0j, False),
    ({1.5}, {1.5 + 0j}, False),
    (2 + 0j, 2, True),
    (10**5000, 1.5, False),
    (10**5000, math.inf, False),
    (1, object(), False),
    ([1], range(1, 2), False),
]


@pytest.mark.parametrize(("expected", "given", "same"), VALUES, ids=range(len(VALUES)))
def test_values_are_compared_as_json(expected: object, given: object, same: bool) -> None:
    assert same_value(expected, given) is same


CLOSE: list[tuple[object, object, bool]] = [
    (0.3, 0.1 + 0.2, True),
    ([0.3, {"a": 0.3}], (0.1 + 0.2, {"a": 0.1 + 0.2}), True),
    (3, 3.0000000001, True),
    (1e10, 1e10 + 1, True),
    ({0.3, 5.0}, {0.1 + 0.2, 5}, True),
    (1j, 1.0000000001j, True),
    (0.3, 0.31, False),
    (10**10, 10**10 + 1, False),
    (10**10, 1e10 + 1, False),
    (10**10, complex(1e10 + 1), False),
    (0.3, 0.3 + 1e-12j, False),
    ({1.5j}, {1.5000000001j}, False),
    (10**400, 1e300, False),
    (math.inf, 1e308, False),
    (1e308, math.inf, False),
    (math.nan, 1.0, False),
    (1.0, math.nan, False),
    (1.0, True, False),
    (1.0, "1.0", False),
    ({0.3, "a"}, {0.1 + 0.2, "b"}, False),
    ({0.3}, {0.31}, False),
    (-1.7e308, 1.7e308, False),
]


@pytest.mark.parametrize(("expected", "given", "same"), CLOSE, ids=range(len(CLOSE)))
def test_with_a_tolerance_floats_are_close_and_integers_exact(expected: object, given: object, same: bool) -> None:
    assert same_value(expected, given, tolerance=1e-9) is same


class Liar(list[int]):
    """Equals everything."""

    def __eq__(self, other: object) -> bool:
        return True

    def __len__(self) -> int:
        raise RuntimeError("asked")

    __hash__ = None  # type: ignore[assignment]


def test_what_is_no_plain_value_equals_nothing() -> None:
    assert not same_value([1], Liar())
    assert not same_value(1, Liar())
    assert not same_value({"a": 1}, type("Dict", (dict,), {})({"a": 1}))


def nested(depth: int) -> list[object]:
    value: list[object] = []
    for _ in range(depth):
        value = [value]
    return value


def test_deep_values_are_walked_without_recursion() -> None:
    deep = 10 * sys.getrecursionlimit()
    assert same_value(nested(deep), nested(deep))
    assert not same_value(nested(deep), nested(deep + 1))
    assert not same_value([], nested(deep))


def test_a_value_that_holds_itself_ends() -> None:
    cyclic: list[object] = []
    cyclic.append(cyclic)
    assert not same_value(nested(50), cyclic)


def tuple_of(depth: int) -> object:
    value: object = ()
    for _ in range(depth):
        value = (value,)
    return value


def test_deep_members_of_sets_and_huge_keys_equal_nothing() -> None:
    assert not same_value({tuple_of(1000)}, {tuple_of(1000)})
    assert not same_value({"1": 0}, {10**100_000: 0})


OUTPUT_BOMBS = {
    "newlines": b"\n" * 4_000_000 + b"x",
    "blanks": b" " * 4_000_000 + b"x",
    "blanks in lines": (b" " * 100_000 + b"\n") * 40 + b"x",
    "tokens": b"1.0 " * 1_000_000,
    "digits": b"9" * 4_000_000,
    "exponent": b"1e" + b"9" * 4_000_000,
}


@pytest.mark.parametrize("tolerance", [None, 1e-6])
@pytest.mark.parametrize("output", OUTPUT_BOMBS.values(), ids=OUTPUT_BOMBS)
def test_large_outputs_are_compared_in_linear_time(output: bytes, tolerance: float | None) -> None:
    began = time.process_time()
    for _ in range(20):
        assert len(output.split(b"\n", 100)) > 0
        assert output.rstrip() is not None
        assert bytes(bytearray(output)) == output
    usual = time.process_time() - began
    began = time.process_time()
    assert not same_output("1.5", output, tolerance)
    assert not same_output("\n".join(["9"] * 40), output, tolerance)
    assert time.process_time() - began < 20 * max(usual, 0.01)
