"""What holds for every answer: equality is reflexive and symmetric, what is printed is read, near is not equal."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from rewards.math.equal.equality import Equality, compare
from tests.rewards.math.test_cases import FILES, cases
from tests.shares import examples


def golds() -> list[str]:
    found: dict[str, None] = {}
    for file in FILES:
        for case in cases(file):
            if case["expected"] == "ungraded":
                continue
            gold = case["gold"]
            options = gold["any_of"] if isinstance(gold, dict) else gold if isinstance(gold, list) else [gold]
            found.update(dict.fromkeys(map(str, options)))
    return list(found)


GOLDS = golds()


def test_every_gold_of_the_cases_is_itself() -> None:
    assert len(GOLDS) > 500
    assert [gold for gold in GOLDS if compare(gold, gold) is not Equality.SAME] == []


def test_every_gold_of_the_cases_is_itself_in_another_spelling() -> None:
    """Braces keep the text from being the same, so that it is read; with commas and equations they mean more."""
    several = "The answer is 72 or 73."  # a gold that says two is compared by its text alone
    chosen = [gold for gold in GOLDS if not set(gold) & set(",=_") and not any(mark in gold for mark in _MORE)]
    chosen.remove(several)
    assert len(chosen) > 300
    assert [gold for gold in chosen if compare(gold, f" {{{gold}}} ") not in (Equality.SAME, *_NOT_READ)] == []


_WHOLE_SOLUTIONS = ("####", "boxed", "<answer>", "Answer: ")  # a gold gives its answer, a response does not
_MORE = ("cases", *_WHOLE_SOLUTIONS)
# A gold that no number solves as it stands is read as what it must mean; an equation is no solution, its roots are.
# A clause that says for what a gold holds may be left out, and may not be added.
_ONE_WAY = (r"x < 2 \text{ and } x > 3", r"x=3\text{ or }x=-1", "(x>0)")
_FOR_SOME = re.compile(r"= [^,]+, (?:\w+ \\in|-?\w+ ?(?:[<>]|\\[gl]e))")  # "f(x) = x^2, x \in [-1,1)"
_NOT_READ = (Equality.UNREADABLE_ANSWER, Equality.UNREADABLE_GOLD)


def _for_some(gold: str) -> bool:
    return _FOR_SOME.search(gold) is not None


def pairs_of_golds() -> Iterator[tuple[str, str]]:
    """Neighbours in the files, where the cases of one rule stand together, and others drawn by chance."""
    marks = ("_", "base", *_WHOLE_SOLUTIONS, *_ONE_WAY)
    symmetric = [gold for gold in GOLDS if not any(mark in gold for mark in marks)]
    yield from pairwise(symmetric)
    drawn = random.Random(0)
    yield from ((drawn.choice(symmetric), drawn.choice(symmetric)) for _ in range(examples(1500)))


def test_equality_of_golds_is_symmetric() -> None:
    """But for bases: one that is left out is the gold's, and never the response's."""
    lopsided = []
    for one, other in pairs_of_golds():
        found = {compare(one, other), compare(other, one)} - set(_NOT_READ)
        if found == {Equality.DIFFERENT, Equality.UNDECIDED} and _for_some(one) != _for_some(other):
            continue  # wrong both ways: one has a clause too many, the other is not decided
        if len(found) > 1:
            lopsided.append((one, other, found))
    assert lopsided == []


# --- sympy's objects, printed -----------------------------------------------------------------------------------------

X, Y = sympy.symbols("x y", real=True)
_rationals = st.builds(Fraction, st.integers(-40, 40), st.integers(1, 12)).map(
    lambda value: sympy.Rational(value.numerator, value.denominator)
)
_surds = st.tuples(_rationals, st.integers(2, 30), _rationals).map(lambda p: p[0] + sympy.sqrt(p[1]) * p[2])
_closed = st.one_of(
    _rationals,
    _surds,
    _rationals.map(lambda value: value * sympy.pi),
    st.tuples(_rationals, _rationals).map(lambda pair: pair[0] + pair[1] * sympy.pi),
    st.tuples(_rationals, st.integers(2, 20)).map(lambda pair: pair[0] * sympy.log(pair[1])),
    st.tuples(_rationals, st.integers(-5, 5)).map(lambda pair: pair[0] * sympy.exp(pair[1])),
    st.tuples(_rationals, _rationals).map(lambda pair: pair[0] + pair[1] * sympy.I),
    st.integers(1, 11).map(lambda k: sympy.sin(sympy.pi * k / 12)),
    st.tuples(_surds, _surds).filter(lambda pair: pair[1] != 0).map(lambda pair: pair[0] / pair[1]),
)
_polynomials = st.lists(_rationals, min_size=2, max_size=5).map(
    lambda values: sum((value * X**power for power, value in enumerate(values)), sympy.Integer(0))
)
_in_two = st.lists(st.tuples(st.integers(-9, 9), st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=5).map(
    lambda terms: sum((c * X**a * Y**b for c, a, b in terms), sympy.Integer(0))
)
_quotients = st.tuples(_polynomials, _polynomials).filter(lambda pair: pair[1] != 0).map(lambda pair: pair[0] / pair[1])
_expressions = st.one_of(_closed, _polynomials, _in_two, _quotients)


@settings(max_examples=examples(400), deadline=None)
@given(_expressions)
def test_what_sympy_prints_is_read_as_what_it_was(value: Any) -> None:
    printed = sympy.latex(value)
    assert compare(f"{printed} + 0", printed) is Equality.SAME  # the text differs, so both are read


@settings(max_examples=examples(200), deadline=None)
@given(_expressions)
def test_another_way_of_writing_it_is_the_same(value: Any) -> None:
    printed = sympy.latex(value)
    for written in (sympy.latex(sympy.expand(value)), sympy.latex(sympy.factor(value))):
        assert compare(printed, written) is Equality.SAME, written


@settings(max_examples=examples(400), deadline=None)
@given(_expressions, st.sampled_from(("1", "-1", "1/7", "pi/1000", "sqrt(2)/10**9", "10**-40", "x/10**6")))
def test_what_is_a_little_off_is_never_accepted(value: Any, off: str) -> None:
    moved = value + sympy.sympify(off, locals={"x": X})
    assert compare(sympy.latex(value), sympy.latex(moved)) is not Equality.SAME
    assert compare(sympy.latex(moved), sympy.latex(value)) is not Equality.SAME


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(_closed, min_size=2, max_size=4, unique=True), st.sampled_from(("tuple", "list", "set")), st.randoms())
def test_lists_and_sets_have_no_order_and_tuples_have(values: list[Any], kind: str, by: random.Random) -> None:
    brackets = {"tuple": ("(", ")"), "list": ("", ""), "set": (r"\{", r"\}")}[kind]

    def printed(items: list[Any]) -> str:
        return brackets[0] + ", ".join(map(sympy.latex, items)) + brackets[1]

    shuffled = by.sample(values, len(values))
    same = compare(printed(values), printed(shuffled)) is Equality.SAME
    assert same == (kind != "tuple" or shuffled == values)
    assert compare(printed(values), printed([*values[:-1], values[-1] + 1])) is not Equality.SAME


@pytest.mark.parametrize("size", [(1, 2), (2, 1), (2, 2), (2, 3), (3, 3)])
@settings(max_examples=20, deadline=None)
@given(st.data())
def test_matrices_come_round_and_a_changed_cell_is_seen(size: tuple[int, int], data: st.DataObject) -> None:
    rows, columns = size
    cells = data.draw(st.lists(_closed, min_size=rows * columns, max_size=rows * columns))
    matrix = sympy.Matrix(rows, columns, cells)
    printed = sympy.latex(matrix)
    round_ones = printed.replace("matrix", "pmatrix").replace(r"\left[", "").replace(r"\right]", "")
    assert compare(printed, round_ones) is Equality.SAME
    matrix[data.draw(st.integers(0, rows - 1)), data.draw(st.integers(0, columns - 1))] += 1
    assert compare(printed, sympy.latex(matrix)) is not Equality.SAME
