"""Expressions as trees: what the grammar reads and equality decides on. Nothing in them is computed.

A decimal is a `Num` that knows how it was written, since an exact answer refuses a short decimal.

Example:
    >>> power(Sym("x"), Const("pi"))
    Op(name='^', args=(Sym(name='x'), Const(name='pi')))
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Num:
    """A rational number. digits: significant digits where it was written as a decimal that ends, else 0."""

    value: Fraction
    digits: int = 0
    places: int = 0


@dataclass(frozen=True, slots=True)
class Const:
    """`pi`, `e`, `i` or `oo`."""

    name: str


@dataclass(frozen=True, slots=True)
class Sym:
    """A variable, by its name in one spelling: `x`, `x_1`, `theta`."""

    name: str


@dataclass(frozen=True, slots=True)
class Op:
    """An operation on expressions.

    `+`, `*`, `^`, `root` (of, degree), `abs`, `floor`, `ceil`, `!`, `!!`, `binom`, `perm`, `gcd`, `lcm`, `max`, `min`,
    `mod`, `det` (rows one after the other), `log` (of, base), `ln`, the trigonometric functions and their inverses
    (`asin`, ...), `sum`, `prod`, `int` (body, variable, from, to), `lim` (body, variable, at), `diff`, `re`, `im`,
    `conj`, `arg`, `deg` (degrees), and `f()` for a function f that is only named.
    """

    name: str
    args: tuple[Expr, ...]


Expr: TypeAlias = "Num | Const | Sym | Op"

ZERO, ONE, MINUS_ONE, HALF = (Num(Fraction(value)) for value in (0, 1, -1, Fraction(1, 2)))
PI, E, IMAGINARY_UNIT, INFINITY = Const("pi"), Const("e"), Const("i"), Const("oo")

TRIGONOMETRIC = frozenset(("sin", "cos", "tan", "cot", "sec", "csc"))
FUNCTIONS = (
    TRIGONOMETRIC
    | {f"a{name}" for name in TRIGONOMETRIC}
    | {"sinh", "cosh", "tanh", "coth", "sech", "csch", "asinh", "acosh", "atanh"}
)
BINDING = frozenset(("sum", "prod", "int", "lim", "diff"))
"""Operations whose second argument is a variable that they bind."""
INDEXED = "_()"
"""How the name of a function ends that is a letter with an index: at a whole number it is the variable `a_3`."""

_LARGEST_DEGREE = 1000
# What asks to be computed, and is no value yet.
OPERATORS = (
    TRIGONOMETRIC
    | BINDING
    | {"abs", "floor", "ceil", "!", "!!", "binom", "perm", "gcd", "lcm", "max", "min", "mod", "det"}
    | {"re", "im", "conj", "arg"}
)


def number(value: int | Fraction) -> Num:
    return Num(Fraction(value))


def add(*terms: Expr) -> Expr:
    return terms[0] if len(terms) == 1 else Op("+", terms)


def multiply(*factors: Expr) -> Expr:
    return factors[0] if len(factors) == 1 else Op("*", factors)


def power(base: Expr, exponent: Expr) -> Expr:
    return Op("^", (base, exponent))


def real_power(base: Expr, exponent: Expr) -> Expr:
    """A power as it is written: of a variable, an odd root is the real one, so that `x^{2/3}` is there for all x."""
    degree = exponent.value.denominator if isinstance(exponent, Num) and not exponent.digits else 1
    if degree % 2 == 0 or not 1 < degree <= _LARGEST_DEGREE or not any(isinstance(one, Sym) for one in walk(base)):
        return power(base, exponent)
    assert isinstance(exponent, Num)
    return power(root(base, degree), number(exponent.value.numerator))


def negative(value: Expr) -> Expr:
    """`-value`; a number is negated where it stands."""
    if isinstance(value, Num):
        return Num(-value.value, value.digits, value.places)
    return Op("*", (MINUS_ONE, value))


def divide(top: Expr, bottom: Expr) -> Expr:
    """`top / bottom`; of two whole numbers the fraction."""
    if isinstance(top, Num) and isinstance(bottom, Num) and bottom.value and not top.digits and not bottom.digits:
        return Num(top.value / bottom.value)
    return Op("*", (top, Op("^", (bottom, MINUS_ONE))))


def root(of: Expr, degree: int = 2) -> Expr:
    return Op("root", (of, number(degree)))


def walk(expression: Expr) -> Iterator[Expr]:
    """The expression and all that it is made of."""
    pending = [expression]
    while pending:
        one = pending.pop()
        yield one
        if isinstance(one, Op):
            pending.extend(one.args)


def free_variables(expression: Expr) -> frozenset[str]:
    """Names of the variables that no sum, integral or limit binds."""
    if isinstance(expression, Sym):
        return frozenset((expression.name,))
    if not isinstance(expression, Op):
        return frozenset()
    if expression.name in BINDING and len(expression.args) > 1 and isinstance(expression.args[1], Sym):
        body, variable, *bounds = expression.args
        inner = free_variables(body)
        if bounds:  # an indefinite integral and a derivative are functions of their variable
            inner -= {expression.args[1].name}
        return inner.union(*map(free_variables, bounds)) if bounds else inner | free_variables(variable)
    return frozenset().union(*map(free_variables, expression.args))


def renamed(expression: Expr, names: dict[str, str]) -> Expr:
    """With other variable names."""
    if isinstance(expression, Sym):
        return Sym(names.get(expression.name, expression.name))
    if isinstance(expression, Op):
        return Op(expression.name, tuple(renamed(arg, names) for arg in expression.args))
    return expression


def substituted(expression: Expr, name: str, value: Expr) -> Expr:
    """With an expression in the place of a variable."""
    if isinstance(expression, Sym):
        return value if expression.name == name else expression
    if isinstance(expression, Op):
        return Op(expression.name, tuple(substituted(arg, name, value) for arg in expression.args))
    return expression


def flattened(expression: Expr, name: str = "+") -> list[Expr]:
    """The terms of a sum, or the factors of a product, those of its own kind within opened."""
    if not isinstance(expression, Op) or expression.name != name:
        return [expression]
    return [part for arg in expression.args for part in flattened(arg, name)]


def indexed(function: str, numbers: Sequence[Fraction]) -> str | None:
    """The variable that such a function is at whole numbers; None where it is another one, or at others."""
    if not function.endswith(INDEXED) or any(one.denominator != 1 for one in numbers):
        return None
    if len(numbers) > 1 and not all(0 <= one <= 9 for one in numbers):
        return None
    return f"{function.removesuffix(INDEXED)}_{''.join(str(one.numerator) for one in numbers)}"


def has_signs(expression: Expr) -> bool:
    """It has two values, by a sign that is plus or minus."""
    return any(isinstance(one, Op) and one.name in ("pm", "mp") for one in walk(expression))


def is_decimal(expression: Expr) -> bool:
    """It holds a number that was written as a decimal."""
    return any(isinstance(one, Num) and one.digits for one in walk(expression))


def in_order(expression: Expr) -> Expr:
    """With the terms of each sum and the factors of each product in one order."""
    if not isinstance(expression, Op):
        return expression
    args = [in_order(arg) for arg in expression.args]
    if expression.name not in ("+", "*"):
        return Op(expression.name, tuple(args))
    return Op(expression.name, tuple(sorted(flattened(Op(expression.name, tuple(args)), expression.name), key=repr)))
