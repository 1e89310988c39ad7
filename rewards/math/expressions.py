"""Expression trees, made by the parser and compared by `equal`. Building them computes nothing.

A decimal is a `Num` that records its digits, because a short decimal does not equal an exact value.

Example:
    >>> power(Sym("x"), Const("pi"))
    Op(name='^', args=(Sym(name='x'), Const(name='pi')))
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Num:
    """A rational number. digits, places: significant digits and decimal places if written as a decimal, else 0."""

    value: Fraction
    digits: int = 0
    places: int = 0


@dataclass(frozen=True, slots=True)
class Const:
    """`pi`, `e`, `i` or `oo`."""

    name: str


@dataclass(frozen=True, slots=True)
class Sym:
    """A variable with a normalised name: `x`, `x_1`, `theta`."""

    name: str


@dataclass(frozen=True, slots=True)
class Op:
    """An operation on expressions.

    `+`, `*`, `^`, `root` (of, degree), `abs`, `floor`, `ceil`, `!`, `!!`, `binom`, `perm`, `gcd`, `lcm`, `max`, `min`,
    `mod`, `det` (rows one after the other), `log` (of, base), `ln`, the trigonometric functions and their inverses
    (`asin`, ...), `sum`, `prod`, `int` (body, variable, from, to), `lim` (body, variable, at), `diff`, `re`, `im`,
    `conj`, `arg`, `deg` (degrees), and `f()` for an unknown function f.
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
"""Operations whose second argument is a bound variable."""
INDEXED = "_()"
"""Suffix of a function name for a letter with an index; at an integer it is the variable `a_3`."""

_LARGEST_DEGREE = 1000
_SIGNS = ("pm", "mp")


def number(value: int | Fraction) -> Num:
    return Num(Fraction(value))


def add(*terms: Expr) -> Expr:
    return terms[0] if len(terms) == 1 else Op("+", terms)


def multiply(*factors: Expr) -> Expr:
    return factors[0] if len(factors) == 1 else Op("*", factors)


def power(base: Expr, exponent: Expr) -> Expr:
    return Op("^", (base, exponent))


def real_power(base: Expr, exponent: Expr) -> Expr:
    """A power; odd roots of variables are real, so that `x^{2/3}` is defined for all x."""
    degree = exponent.value.denominator if isinstance(exponent, Num) and not exponent.digits else 1
    if degree % 2 == 0 or not 1 < degree <= _LARGEST_DEGREE or not any(isinstance(one, Sym) for one in walk(base)):
        return power(base, exponent)
    assert isinstance(exponent, Num)
    return power(root(base, degree), number(exponent.value.numerator))


def negative(value: Expr) -> Expr:
    """`-value`; numbers are negated directly."""
    if isinstance(value, Num):
        return Num(-value.value, value.digits, value.places)
    return Op("*", (MINUS_ONE, value))


MINUS_INFINITY = negative(INFINITY)


def divide(top: Expr, bottom: Expr) -> Expr:
    """`top / bottom`; for two integers, the rational number."""
    if isinstance(top, Num) and isinstance(bottom, Num) and bottom.value and not top.digits and not bottom.digits:
        return Num(top.value / bottom.value)
    return Op("*", (top, Op("^", (bottom, MINUS_ONE))))


def root(of: Expr, degree: int = 2) -> Expr:
    return Op("root", (of, number(degree)))


def walk(expression: Expr) -> Iterator[Expr]:
    """Yield the expression and all its subexpressions."""
    pending = [expression]
    while pending:
        one = pending.pop()
        yield one
        if isinstance(one, Op):
            pending.extend(one.args)


def free_variables(expression: Expr) -> frozenset[str]:
    """The names of the free variables."""
    if isinstance(expression, Sym):
        return frozenset((expression.name,))
    if not isinstance(expression, Op):
        return frozenset()
    if expression.name in BINDING and len(expression.args) > 1 and isinstance(expression.args[1], Sym):
        body, variable, *bounds = expression.args
        inner = free_variables(body)
        if bounds:  # without bounds (indefinite integrals, derivatives) the variable remains free
            inner -= {expression.args[1].name}
        return inner.union(*map(free_variables, bounds)) if bounds else inner | free_variables(variable)
    return frozenset().union(*map(free_variables, expression.args))


def replaced(expression: Expr, instead: Callable[[Expr], Expr | None]) -> Expr:
    """Replace the outermost subexpressions for which `instead` gives another one; None keeps them."""
    if (found := instead(expression)) is not None:
        return found
    if isinstance(expression, Op):
        return Op(expression.name, tuple(replaced(arg, instead) for arg in expression.args))
    return expression


def renamed(expression: Expr, names: dict[str, str]) -> Expr:
    """Rename variables."""
    return replaced(expression, lambda one: Sym(names.get(one.name, one.name)) if isinstance(one, Sym) else None)


def substituted(expression: Expr, name: str, value: Expr) -> Expr:
    """Substitute an expression for a variable."""
    return replaced(expression, lambda one: value if isinstance(one, Sym) and one.name == name else None)


def flattened(expression: Expr, name: str = "+") -> list[Expr]:
    """The terms of a sum, or the factors of a product (`name`), with nested ones flattened."""
    if not isinstance(expression, Op) or expression.name != name:
        return [expression]
    return [part for arg in expression.args for part in flattened(arg, name)]


def indexed(function: str, numbers: Sequence[Fraction]) -> str | None:
    """The variable name of an indexed function at integers; None for other functions or arguments."""
    if not function.endswith(INDEXED) or any(one.denominator != 1 for one in numbers):
        return None
    if len(numbers) > 1 and not all(0 <= one <= 9 for one in numbers):
        return None
    return f"{function.removesuffix(INDEXED)}_{''.join(str(one.numerator) for one in numbers)}"


def has_any(expression: Expr, names: Container[str]) -> bool:
    """Whether it contains an operation with one of these names."""
    return any(isinstance(one, Op) and one.name in names for one in walk(expression))


def has_signs(expression: Expr) -> bool:
    """Whether it contains a plus-minus sign."""
    return has_any(expression, _SIGNS)


def with_sign(expression: Expr, *, upper: bool) -> Expr:
    """Take the upper signs of all plus-minus signs, or all lower ones."""

    def instead(one: Expr) -> Expr | None:
        if not isinstance(one, Op) or one.name not in _SIGNS:
            return None
        inner = replaced(one.args[0], instead)
        return inner if upper == (one.name == "pm") else negative(inner)

    return replaced(expression, instead)


def is_decimal(expression: Expr) -> bool:
    """Whether it contains a number written as a decimal."""
    return any(isinstance(one, Num) and one.digits for one in walk(expression))


def in_order(expression: Expr) -> Expr:
    """Sort the terms of sums and the factors of products."""
    if not isinstance(expression, Op):
        return expression
    args = [in_order(arg) for arg in expression.args]
    if expression.name not in ("+", "*"):
        return Op(expression.name, tuple(args))
    return Op(expression.name, tuple(sorted(flattened(Op(expression.name, tuple(args)), expression.name), key=repr)))
