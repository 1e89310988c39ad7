"""What a text is read as: one typed value for each form that an answer takes, several where it is ambiguous."""

from __future__ import annotations

import time
from fractions import Fraction

import pytest

from rewards.math.expressions import (
    IMAGINARY_UNIT,
    INFINITY,
    PI,
    Const,
    Expr,
    Num,
    Op,
    Sym,
    add,
    divide,
    multiply,
    negative,
    number,
    power,
    root,
)
from rewards.math.parse import readings
from rewards.math.units import Unit
from rewards.math.values import (
    Based,
    Choice,
    Clock,
    Date,
    Equation,
    Inequality,
    Interval,
    Many,
    Matrix,
    Minus,
    Named,
    Ratio,
    Scalar,
    Truth,
    Union,
    Value,
    Words,
)

X, Y = Sym("x"), Sym("y")
REALS = Interval(negative(INFINITY), INFINITY, low_closed=False, high_closed=False)
MINUTE = Unit((("time", 1),), Fraction(60))


def value(expression: Expr | int, unit: Unit | None = None, *, percent: bool = False) -> Scalar:
    tree = number(expression) if isinstance(expression, int) else expression
    return Scalar(tree, percent=percent) if unit is None else Scalar(tree, unit, percent)


def values(*items: int) -> tuple[Scalar, ...]:
    return tuple(map(value, items))


def decimal(text: str) -> Num:
    """A decimal that knows how it was written."""
    places = len(text.partition(".")[2])
    return Num(Fraction(text), digits=len(text.replace(".", "").lstrip("0")), places=places)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        # numbers
        ("42", value(42)),
        ("-7", value(-7)),
        ("−7", value(-7)),
        ("１２", value(12)),
        ("1,234,567", value(1234567)),
        (r"10{,}000", value(10000)),
        (r"12\,345", value(12345)),
        ("0.750", value(decimal("0.750"))),
        (r"\frac{3}{4}", value(number(Fraction(3, 4)))),
        (r"\tfrac34", value(number(Fraction(3, 4)))),
        ("½", value(number(Fraction(1, 2)))),
        (r"3\frac{1}{2}", value(number(Fraction(7, 2)))),
        (r"0.\overline{3}", value(number(Fraction(1, 3)))),
        (r"0.1\overline{6}", value(number(Fraction(1, 6)))),
        ("6.02e23", value(602 * 10**21)),
        (r"3 \times 10^{8}", value(multiply(number(3), power(number(10), number(8))))),
        # with something beside them
        (r"50\%", value(50, percent=True)),
        (r"\$12.50", value(decimal("12.50"), Unit((("money", 1),)))),
        (r"5\text{ cm}", value(5, Unit((("length", 1),), Fraction(1, 100)))),
        (r"90\text{ km/h}", value(90, Unit((("length", 1), ("time", -1)), Fraction(5, 18)))),
        (r"2\text{ hours }30\text{ minutes}", value(150, MINUTE)),
        (r"45^\circ", value(45, Unit((("angle", 1),)))),
        # closed forms
        ("3+4i", value(add(number(3), multiply(number(4), IMAGINARY_UNIT)))),
        (r"2\sqrt{3}", value(multiply(number(2), root(number(3))))),
        ("√2", value(root(number(2)))),
        (r"\sqrt[3]{5}", value(root(number(5), 3))),
        (r"\log_2 8", value(Op("log", (number(8), number(2))))),
        (r"\ln 2", value(Op("ln", (number(2),)))),
        (r"\sin 30^\circ", value(Op("sin", (Op("deg", (number(30),)),)))),
        (r"\frac{\pi}{2}", value(divide(PI, number(2)))),
        ("e^{2}", value(power(Const("e"), number(2)))),
        (r"\infty", value(INFINITY)),
        (r"\binom{5}{2}", value(Op("binom", (number(5), number(2))))),
        ("5!", value(Op("!", (number(5),)))),
        (r"\lfloor x \rfloor", value(Op("floor", (X,)))),
        ("|{-3}|", value(Op("abs", (number(-3),)))),
        (r"\gcd(12, 18)", value(Op("gcd", (number(12), number(18))))),
        (r"10 \bmod 3", value(Op("mod", (number(10), number(3))))),
        (r"\int_0^1 x^2\,dx", value(Op("int", (power(X, number(2)), X, number(0), number(1))))),
        (r"\sum_{k=1}^{10} k", value(Op("sum", (Sym("k"), Sym("k"), number(1), number(10))))),
        (r"\begin{vmatrix}1&2\\3&4\end{vmatrix}", value(Op("det", tuple(map(number, (1, 2, 3, 4)))))),
        ("x^2 - 1", value(add(power(X, number(2)), number(-1)))),
        ("x_{1}", value(Sym("x_1"))),
        # sets, lists, tuples
        ("(1, 2)", Many(values(1, 2), "(", ")")),
        ("[1, 2)", Many(values(1, 2), "[", ")")),
        (r"\left[1, 2\right)", Many(values(1, 2), "[", ")")),
        (r"\{1, 2, 2\}", Many(values(1, 2, 2), r"\{", r"\}")),
        (r"\langle 1, 2\rangle", Many(values(1, 2), r"\langle", r"\rangle")),
        (r"(0,1)\cup(2,3]", Union((Many(values(0, 1), "(", ")"), Many(values(2, 3), "(", "]")))),
        (r"\emptyset", Union(())),
        (r"\mathbb{R} \setminus \{0\}", Minus(REALS, Many(values(0), r"\{", r"\}"))),
        ("1, 2, 3", Many(values(1, 2, 3))),
        (r"1 \text{ or } 2", Many(values(1, 2), hedged=True)),
        (r"1 \text{ and } 2", Many(values(1, 2), conjoined=True)),
        (r"\pm 2", Many(values(2, -2), conjoined=True)),
        ("3:4", Ratio((number(3), number(4)))),
        # matrices: a column is no row
        (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", Matrix(((number(1), number(2)), (number(3), number(4))))),
        (r"\begin{bmatrix}1\\2\end{bmatrix}", Matrix(((number(1),), (number(2),)))),
        # statements
        ("x = 5", Named("x", value(5), X)),
        ("f(x) = x^2", Named("f(x)", value(power(X, number(2))), Op("f()", (X,)), ("x",))),
        ("2x = y", Equation((multiply(number(2), X), Y))),
        ("x > 3", Inequality((X, number(3)), (">",))),
        (r"1 \le x < 4", Inequality((number(1), X, number(4)), ("<=", "<"))),
        (r"x \ne 2", Inequality((X, number(2)), ("!=",))),
        # what is no formula
        ("1011_2", Based("1011", 2)),
        (r"2\mathrm{F}_{16}", Based("2F", 16)),
        (r"12:30 \text{ pm}", Clock(45_000, "pm")),
        (r"\text{March 5, 2024}", Date(3, 5, 2024)),
        (r"\text{(B)}", Choice("B")),
        (r"\text{(B) } 17", Choice("B", "17")),
        (r"\text{true}", Truth(value=True)),
        (r"\text{No}", Truth(value=False)),
        (r"\text{The Moon}.", Words("moon")),
        ("twelve", Words("twelve")),
    ],
)
def test_the_likeliest_reading_of_a_text(text: str, read: Value) -> None:
    assert readings(text)[0] == read


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("1,5", (value(decimal("1.5")), Many(values(1, 5)))),
        ("5 m", (value(5, Unit((("length", 1),))), value(multiply(number(5), Sym("m"))))),
        ("B", (Choice("B"), value(Sym("B")))),
    ],
)
def test_an_ambiguous_text_has_all_its_readings(text: str, kinds: tuple[Value, ...]) -> None:
    assert readings(text) == kinds


@pytest.mark.parametrize(
    "text", ["", " ", "$$", r"\frac{1}{", "1 +", "(1, 2", ")(", r"\sqrt{}", "^2", "3 = ", "{" * 50]
)
def test_what_is_no_mathematics_and_no_words_has_no_reading(text: str) -> None:
    assert readings(text) == ()


@pytest.mark.parametrize("text", ["9^{9^{9^{9}}}", "10^{1000000000}", "99999999!!", r"\binom{10^9}{5\cdot 10^8}"])
def test_reading_computes_nothing(text: str) -> None:
    began = time.process_time()
    assert all(isinstance(one, Scalar) and isinstance(one.expression, Op) for one in readings(text))
    assert readings(text)
    assert time.process_time() - began < 5, "the numbers themselves would take for ever"


@pytest.mark.parametrize(
    "text",
    ["(" * 400 + "1" + ")" * 400, r"\frac{1}{" * 400 + "1" + "}" * 400, "-" * 3000 + "1", "1," * 4000, "7" * 5000],
)
def test_what_is_too_deep_or_too_long_has_no_reading(text: str) -> None:
    assert readings(text) == ()
