"""Sums of inverse trigonometric functions, decided exactly.

Let x be the difference of two sums of `atan`, `asin`, `acos` and the inverses of their reciprocals, of algebraic
numbers, and of multiples of pi, whose values agree to many digits. Then x is 0 if and only if e^(i n x) = 1, for an
integer n that clears the denominators: these powers are algebraic numbers, and the digits exclude all multiples of
2 pi / n except 0.
"""

from __future__ import annotations

import math

from rewards.math.equal.weighted import is_one, weighted
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

_INVERSE = ("atan", "asin", "acos")
_OF_RECIPROCAL = {"acot": "atan", "acsc": "asin", "asec": "acos"}
_LARGEST = 60


def equal(a: Expr, b: Expr) -> bool:
    """Whether two numbers that agree to many digits are proven equal as sums of angles."""
    terms = weighted(add(a, negative(b)), _is_angle)
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
    return is_one(multiply(*product))


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
