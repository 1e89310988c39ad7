"""Normal forms: the same for what is equal, different for near misses, none for what is too large."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.math import budget
from rewards.math.expressions import Expr, Sym, add, divide, multiply, number, power, root
from rewards.math.normalise import polynomials
from rewards.math.normalise.exact import normal as normal_form
from rewards.math.normalise.polynomials import Form, TooHard, Undefined, same_form
from rewards.math.parse import readings
from rewards.math.values import Scalar


def normal(expression: Expr) -> Form:
    budget.begin()
    return normal_form(expression)


def form(text: str) -> Form:
    read = readings(text)[0]
    assert isinstance(read, Scalar)
    return normal(read.expression)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"\frac{2}{4}", r"\frac12"),
        (r"\sqrt{8}", r"2\sqrt{2}"),
        (r"\frac{1}{\sqrt{2}}", r"\frac{\sqrt{2}}{2}"),
        (r"\sqrt{6}\cdot\sqrt{10}", r"2\sqrt{15}"),
        (r"\sqrt[3]{16}", r"2\sqrt[3]{2}"),
        (r"\frac{1}{\sqrt{3}-\sqrt{2}}", r"\sqrt{3}+\sqrt{2}"),
        (r"\sqrt{-4}", "2i"),
        ("i^7", "-i"),
        ("(1+i)^2", "2i"),
        (r"\frac{1}{1+i}", r"\frac{1-i}{2}"),
        (r"\log_2 8", "3"),
        (r"\log 50 + \log 2", r"2"),
        (r"\ln 12", r"2\ln 2 + \ln 3"),
        (r"e^{\ln 5}", "5"),
        (r"\frac{\ln 9}{\ln 3}", "2"),
        (r"\sin 30^\circ", r"\frac12"),
        (r"\cos\frac{\pi}{12}", r"\frac{\sqrt6+\sqrt2}{4}"),
        (r"\cos 36^\circ", r"\frac{1+\sqrt5}{4}"),
        (r"\tan 60^\circ", r"\sqrt3"),
        (r"\sin(-x)", r"-\sin x"),
        (r"\sin^2 x + \cos^2 x", "1"),
        ("(x+1)^2", "x^2+2x+1"),
        (r"\frac{x^2-1}{x-1}", "x+1"),
        (r"\frac1x+\frac1y", r"\frac{x+y}{xy}"),
        ("5!", "120"),
        (r"\binom{10}{3}", "120"),
        (r"\sum_{k=1}^{10} k^2", "385"),
        (r"\gcd(12, 18)", "6"),
        (r"\lfloor -2.5 \rfloor", "-3"),
        (r"17 \bmod 5", "2"),
        (r"\begin{vmatrix}1&2\\3&4\end{vmatrix}", "-2"),
        (r"|{-3}|", "3"),
        ("0.25", r"\frac14"),
    ],
)
def test_equal_expressions_have_one_form(one: str, other: str) -> None:
    assert same_form(form(one), form(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"\sqrt{2}", r"\frac{99}{70}"),
        (r"\sqrt{2}+\sqrt{3}", r"\sqrt{10}"),
        (r"\sqrt[3]{2}", r"\sqrt{2}"),
        (r"\pi", r"\frac{355}{113}"),
        (r"\ln 2 + \ln 3", r"\ln 5"),
        (r"\sqrt{x^2}", "x"),
        ("(x+y)^2", "x^2+y^2"),
        (r"\sin 2x", r"2\sin x"),
        (r"e^{\pi\sqrt{163}}", "262537412640768744"),
        ("x", "y"),
        ("i", "-i"),
    ],
)
def test_near_misses_have_two(one: str, other: str) -> None:
    assert not same_form(form(one), form(other))


@pytest.mark.parametrize("text", [r"\frac{1}{0}", r"\frac{1}{\sqrt{8}-2\sqrt{2}}", r"\ln 0", "0^0", r"\tan 90^\circ"])
def test_what_has_no_value_is_undefined(text: str) -> None:
    with pytest.raises(Undefined):
        form(text)


@pytest.mark.parametrize(
    "text", [r"(x+y+z+w+1)^{40}", r"3^{10^7}", r"\int_0^1 x^2\,dx", r"\infty", r"\sum_{k=1}^{9999} k^k"]
)
def test_what_is_too_large_or_of_no_such_kind_is_left_undecided(text: str) -> None:
    with pytest.raises(TooHard):
        form(text)


RATIONALS = st.fractions(min_value=-50, max_value=50, max_denominator=30)
LEAVES = st.one_of(RATIONALS.map(number), st.sampled_from([Sym("x"), Sym("y"), root(number(2)), root(number(3))]))
EXPRESSIONS: st.SearchStrategy[Expr] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(add, inner, inner), st.builds(multiply, inner, inner), st.builds(power, inner, st.just(number(2)))
    ),
    max_leaves=6,
)


@given(EXPRESSIONS, EXPRESSIONS, EXPRESSIONS)
def test_sums_and_products_have_one_form_in_any_order(a: Expr, b: Expr, c: Expr) -> None:
    assert same_form(normal(add(a, b)), normal(add(b, a)))
    assert same_form(normal(multiply(a, add(b, c))), normal(add(multiply(c, a), multiply(a, b))))
    assert same_form(normal(add(multiply(a, b), multiply(number(-1), b, a))), normal(number(0)))


@given(EXPRESSIONS, RATIONALS.filter(bool))
def test_what_is_added_can_be_taken_away_and_changes_the_form(a: Expr, more: Fraction) -> None:
    moved = add(a, number(more))
    assert not same_form(normal(moved), normal(a))
    assert same_form(normal(add(moved, number(-more))), normal(a))


@given(EXPRESSIONS, EXPRESSIONS)
def test_a_quotient_times_its_bottom_is_its_top(top: Expr, bottom: Expr) -> None:
    if same_form(normal(bottom), normal(number(0))):
        with pytest.raises(Undefined):
            normal(divide(top, bottom))
    else:
        assert same_form(normal(multiply(divide(top, bottom), bottom)), normal(top))


def test_a_long_product_ends_when_no_time_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    long: polynomials.Poly = {((("x", f"a_{k}"), Fraction(1)),): Fraction(1) for k in range(60)}
    short = dict(list(long.items())[:4])
    budget.begin()
    assert polynomials.poly_product(short, long)
    left = iter((1.0, 1.0, 0.0))
    monkeypatch.setattr(budget, "seconds_left", lambda: next(left))
    with pytest.raises(TooHard, match="no time"):
        polynomials.poly_product(short, long)
