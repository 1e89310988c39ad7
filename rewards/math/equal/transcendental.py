r"""Sums of rational multiples of logarithms or of inverse trigonometric functions, decided exactly.

Let x be the difference of two sums that agree to many digits.

- Logarithms of positive numbers, `2\ln(1+\sqrt2)` and `\ln(3+2\sqrt2)`: x is 0 if and only if the product of the
  powers is 1.
- `atan`, `asin`, `acos` and the inverses of their reciprocals, of algebraic numbers, and multiples of pi: x is 0 if and
  only if e^(i n x) = 1, for an integer n that clears the denominators: these powers are algebraic numbers, and the
  digits exclude all multiples of 2 pi / n except 0.

Normal forms or minimal polynomials decide whether the product, an algebraic number, is 1.

Example:
    >>> _weighted(multiply(Num(Fraction(2)), PI), lambda term: term == PI)
    [(Fraction(2, 1), Const(name='pi'))]
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from rewards.math.equal import engine, numeric
from rewards.math.expressions import (
    IMAGINARY_UNIT,
    MINUS_ONE,
    ONE,
    PI,
    E,
    Expr,
    Num,
    Op,
    add,
    multiply,
    negative,
    number,
    power,
)
from rewards.math.normalise.exact import same_in_form


def equal(a: Expr, b: Expr) -> bool:
    """Whether two numbers that agree to many digits are proven equal as sums of angles, or of logarithms."""
    return _equal_as_angles(a, b) or _equal_as_logarithms(a, b)


def _weighted(
    expression: Expr, is_term: Callable[[Expr], bool], factor: Fraction = Fraction(1)
) -> list[tuple[Fraction, Expr]] | None:
    """The terms of a sum with their rational factors; None if it has other terms."""
    if is_term(expression):
        return [(factor, expression)]
    if isinstance(expression, Num):
        return None if expression.value else []
    if not isinstance(expression, Op):
        return None
    if expression.name == "+":
        parts = [_weighted(arg, is_term, factor) for arg in expression.args]
        return None if None in parts else [term for part in parts if part is not None for term in part]
    if expression.name != "*":
        return None
    others: list[Expr] = []
    for arg in expression.args:
        if isinstance(arg, Num):
            factor *= arg.value
        elif isinstance(arg, Op) and arg.name == "^" and arg.args[1] == MINUS_ONE and isinstance(arg.args[0], Num):
            factor /= arg.args[0].value or 1
        else:
            others.append(arg)
    return _weighted(others[0], is_term, factor) if len(others) == 1 else None


def _is_one(product: Expr) -> bool:
    """Whether a product is proven to be 1."""
    return same_in_form(product, ONE) or engine.equal(product, ONE) is True


_INVERSE = ("atan", "asin", "acos")
_OF_RECIPROCAL = {"acot": "atan", "acsc": "asin", "asec": "acos"}
_LARGEST = 60


def _equal_as_angles(a: Expr, b: Expr) -> bool:
    """Whether two numbers that agree to many digits are proven _equal_as_angles as sums of angles."""
    terms = _weighted(add(a, negative(b)), _is_angle)
    if terms is None or not any(isinstance(angle, Op) for _factor, angle in terms):
        return False
    clears = math.lcm(*(factor.denominator for factor, angle in terms if angle != PI))
    if any(abs(factor * clears) > _LARGEST for factor, _angle in terms):
        return False
    product: list[Expr] = []
    for factor, angle in terms:
        if angle == PI:
            product.append(power(E, multiply(Num(factor * clears), PI, IMAGINARY_UNIT)))
        elif isinstance(angle, Op):
            product.append(power(_turned(angle), number(factor * clears)))
    return _is_one(multiply(*product))


def _is_angle(one: Expr) -> bool:
    return one == PI or (isinstance(one, Op) and one.name in (*_INVERSE, *_OF_RECIPROCAL))


def _turned(angle: Op) -> Expr:
    """e^(i angle) as an algebraic number."""
    (x,) = angle.args
    if angle.name in _OF_RECIPROCAL:
        return _turned(Op(_OF_RECIPROCAL[angle.name], (power(x, MINUS_ONE),)))
    square = power(x, number(2))
    if angle.name == "atan":
        root = Op("root", (add(ONE, square), number(2)))
        return multiply(add(ONE, multiply(IMAGINARY_UNIT, x)), power(root, MINUS_ONE))
    root = Op("root", (add(ONE, negative(square)), number(2)))
    return add(multiply(IMAGINARY_UNIT, x), root) if angle.name == "asin" else add(x, multiply(IMAGINARY_UNIT, root))


def _equal_as_logarithms(a: Expr, b: Expr) -> bool:
    """Whether two numbers that agree to many digits are proven _equal_as_logarithms as sums of logarithms."""
    logarithms = _weighted(add(a, negative(b)), _is_logarithm)
    if not logarithms:
        return False
    terms = [(factor, one.args[0]) for factor, one in logarithms if isinstance(one, Op)]
    clears = math.lcm(*(factor.denominator for factor, _of in terms))
    if any(abs(factor * clears) > _LARGEST for factor, _of in terms) or not all(_is_positive(of) for _f, of in terms):
        return False
    return _is_one(multiply(*(power(of, number(factor * clears)) for factor, of in terms)))


def _is_positive(value: Expr) -> bool:
    try:
        return numeric.real_fraction(numeric.value(value)) > 0
    except numeric.NoValue:
        return False


def _is_logarithm(one: Expr) -> bool:
    return isinstance(one, Op) and one.name == "ln"
