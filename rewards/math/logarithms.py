r"""Sums of natural logarithms, decided exactly: `2\ln(1+\sqrt2)` and `\ln(3+2\sqrt2)`.

A sum of rational multiples of logarithms of positive numbers is zero exactly where the product of their powers is 1; of
algebraic numbers that is decided by normal forms or minimal polynomials.
"""

from __future__ import annotations

import math
from fractions import Fraction

from rewards.math import engine, exact, numeric, polynomials
from rewards.math.expressions import MINUS_ONE, ONE, Expr, Num, Op, add, multiply, negative, number, power

_LARGEST = 60


def equal(a: Expr, b: Expr) -> bool:
    """Whether two numbers, which agree to many digits, are proven equal as sums of logarithms."""
    terms = _terms(add(a, negative(b)), Fraction(1))
    if not terms:
        return False
    clears = math.lcm(*(factor.denominator for factor, _of in terms))
    if any(abs(factor * clears) > _LARGEST for factor, _of in terms) or not all(_is_positive(of) for _f, of in terms):
        return False
    whole = multiply(*(power(of, number(factor * clears)) for factor, of in terms))
    try:
        if polynomials.same_form(exact.normal(whole), polynomials.constant(1)):
            return True
    except (polynomials.TooHard, polynomials.Undefined, RecursionError):
        pass
    return engine.equal(whole, ONE) is True


def _is_positive(value: Expr) -> bool:
    try:
        return numeric.real_fraction(numeric.value(value)) > 0
    except numeric.NoValue:
        return False


def _terms(expression: Expr, factor: Fraction) -> list[tuple[Fraction, Expr]] | None:
    """Rational multiples of logarithms, by their factors and what they are of; None where it is something else."""
    if isinstance(expression, Num):
        return [] if not expression.value else None
    if not isinstance(expression, Op):
        return None
    if expression.name == "ln":
        return [(factor, expression.args[0])]
    if expression.name == "+":
        parts = [_terms(arg, factor) for arg in expression.args]
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
    return _terms(others[0], factor) if len(others) == 1 else None
