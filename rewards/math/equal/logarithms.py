r"""Sums of natural logarithms, compared exactly: `2\ln(1+\sqrt2)` and `\ln(3+2\sqrt2)`.

A sum of rational multiples of logarithms of positive numbers is zero if and only if the product of the powers is 1,
which normal forms or minimal polynomials decide for algebraic numbers.
"""

from __future__ import annotations

import math

from rewards.math.equal import numeric
from rewards.math.equal.weighted import is_one, weighted
from rewards.math.expressions import Expr, Op, add, multiply, negative, number, power

_LARGEST = 60


def equal(a: Expr, b: Expr) -> bool:
    """Whether two numbers that agree to many digits are proven equal as sums of logarithms."""
    logarithms = weighted(add(a, negative(b)), _is_logarithm)
    if not logarithms:
        return False
    terms = [(factor, one.args[0]) for factor, one in logarithms if isinstance(one, Op)]
    clears = math.lcm(*(factor.denominator for factor, _of in terms))
    if any(abs(factor * clears) > _LARGEST for factor, _of in terms) or not all(_is_positive(of) for _f, of in terms):
        return False
    return is_one(multiply(*(power(of, number(factor * clears)) for factor, of in terms)))


def _is_positive(value: Expr) -> bool:
    try:
        return numeric.real_fraction(numeric.value(value)) > 0
    except numeric.NoValue:
        return False


def _is_logarithm(one: Expr) -> bool:
    return isinstance(one, Op) and one.name == "ln"
