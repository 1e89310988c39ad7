"""Immutable data that a test hands over comes back as the same object, where the tests ask for identity."""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import asserts, is_wrong, passes, pytest_files

SETUP = """
import datetime, decimal, uuid
from collections import namedtuple
P = namedtuple("P", "x y")
T, S, N, D = (1, "a"), "some longer text", 10**30, decimal.Decimal("1.50")
PS, DAY = [P(1, 2), P(3, 4)], datetime.date(2024, 2, 29)
"""
PROGRAM = """
def same(x): return x
def pick(xs, k): return next((x for x in xs if x == k), None)
class Box:
    def __init__(self, v): self.v = v
    def get(self): return self.v
"""
SAME = [
    "assert same(T) is T and same(S) is S and same(N) is N",
    "assert same(D) is D and same(DAY) is DAY and Box(T).get() is T",
    "assert pick(PS, (3, 4)) is PS[1] and pick(PS, P(3, 4)).x == 3",
    "assert all(same(p) is p for p in PS)",
    "assert id(same(S)) == id(S)",
    "from pathlib import Path\npath = Path('a', 'b')\nassert same(path) is path",
    "import unittest\nunittest.TestCase().assertIs(same(T), T)",
]


@pytest.mark.parametrize("test", SAME)
def test_what_is_handed_back_is_what_was_handed_over(test: str) -> None:
    assert passes(judgement := asserts(PROGRAM, test, setup=SETUP)), judgement
    other = PROGRAM.replace("return x\n", "return [x][:0] or (x, 1)\n").replace("self.v\n", "[self.v]\n")
    assert is_wrong(asserts(other.replace("if x == k", "if x != k"), test, setup=SETUP))


def test_so_it_is_for_the_arguments_of_callbacks() -> None:
    test = "got = []\napply(got.append, T)\nassert got[0] is T"
    assert passes(asserts("def apply(f, x): f(x)", test, setup=SETUP))
    assert is_wrong(asserts("def apply(f, x): f(list(x))", test, setup=SETUP))


def test_what_only_looks_the_same_is_not() -> None:
    for program in ("def same(x): return 1.0", "def same(x): return True", "def same(x): return (1,)"):
        assert is_wrong(asserts(program, "one = 1\nassert same(one) is one and same((one, 2)) == (1, 2)"))
    lie = "class T(tuple):\n    def __eq__(self, other): return True\ndef same(x): return T((7,))"
    assert is_wrong(asserts(lie, "assert same(T) is T", setup="T = (1, 2)"))


def test_number_that_is_none_stays_one() -> None:
    made = "x = 1e308 * 10\nx = x - x\nr = same(x)\n"
    assert is_wrong(asserts("def same(x): return x", made + "assert r is x or not abs(r - 3) > 1"))
    assert passes(asserts("def same(x): return x", "x = 2.5\nr = same(x)\nassert r is x or not abs(r - 3) > 1"))


def test_copies_are_no_originals_where_a_test_says_so() -> None:
    test = "from solution import moved\nP = (1, 2)\ndef test_it():\n    assert moved(P) is not P and moved(P) == P\n"
    assert passes(pytest_files("def moved(p): return tuple(list(p))", test))
