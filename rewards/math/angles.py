"""Sums of inverse trigonometric functions, decided exactly.

Two sums of `atan`, `asin` and `acos` of algebraic numbers and multiples of pi, whose values agree to many digits, are
equal exactly where e^(i n x) of their difference x is 1, for a whole n that clears the denominators: such powers are
algebraic numbers, and the digits exclude all multiples of 2 pi / n but zero.
"""

from __future__ import annotations

import math
from fractions import Fraction

from rewards.math import engine, exact, polynomials
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
_LARGEST = 60


def equal(a: Expr, b: Expr) -> bool:
    """Whether two numbers, which agree to many digits, are proven equal as sums of angles."""
    terms = _terms(add(a, negative(b)), Fraction(1))
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
    whole = multiply(*product)
    try:
        if polynomials.same_form(exact.normal(whole), polynomials.constant(1)):
            return True
    except (polynomials.TooHard, polynomials.Undefined, RecursionError):
        pass
    return engine.equal(whole, ONE) is True


def _terms(expression: Expr, factor: Fraction) -> list[tuple[Fraction, Expr]] | None:
    """A sum of rational multiples of angles and of pi; None where it is something else."""
    if expression == PI:
        return [(factor, PI)]
    if isinstance(expression, Num):
        return [] if not expression.value else None
    if not isinstance(expression, Op):
        return None
    if expression.name == "+":
        parts = [_terms(arg, factor) for arg in expression.args]
        return None if None in parts else [term for part in parts if part is not None for term in part]
    if expression.name == "*":
        numbers, others = Fraction(1), []
        for arg in expression.args:
            if isinstance(arg, Num):
                numbers *= arg.value
            elif isinstance(arg, Op) and arg.name == "^" and arg.args[1] == MINUS_ONE and isinstance(arg.args[0], Num):
                numbers /= arg.args[0].value or 1
            else:
                others.append(arg)
        return _terms(others[0], factor * numbers) if len(others) == 1 else None
    return [(factor, expression)] if expression.name in _INVERSE else None


def _turned(angle: Op) -> Expr:
    """e^(i angle) as an algebraic number."""
    (x,) = angle.args
    square = power(x, number(2))
    if angle.name == "atan":
        root = Op("root", (add(ONE, square), number(2)))
        return multiply(add(ONE, multiply(IMAGINARY_UNIT, x)), power(root, MINUS_ONE))
    root = Op("root", (add(ONE, negative(square)), number(2)))
    return add(multiply(IMAGINARY_UNIT, x), root) if angle.name == "asin" else add(x, multiply(IMAGINARY_UNIT, root))
