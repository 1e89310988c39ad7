"""Rational powers of rational numbers: prime factors with exponents between 0 and 1."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

from rewards.math.normalise.polynomials import ONE, Form, TooHard, constant, monomial_product, times, whole_power

_LARGEST_FACTORED = 10**12


@lru_cache(maxsize=1024)
def factored(value: int) -> tuple[tuple[int, int], ...]:
    """Prime factors of a positive integer, with exponents. Raises TooHard if a large factor remains."""
    factors: list[tuple[int, int]] = []
    for prime in (2, 3, 5, 7, 11, 13):
        count = 0
        while value % prime == 0:
            value //= prime
            count += 1
        if count:
            factors.append((prime, count))
    divisor = 17
    while divisor * divisor <= value:
        if divisor > 2000 and value > _LARGEST_FACTORED:
            raise TooHard("a large number to factor")
        count = 0
        while value % divisor == 0:
            value //= divisor
            count += 1
        if count:
            factors.append((divisor, count))
        divisor += 2
    if value > 1:
        factors.append((value, 1))
    return tuple(factors)


def radical(value: Fraction, exponent: Fraction) -> Form:
    """A positive rational number to a rational power."""
    if exponent.denominator == 1:
        return whole_power(constant(value), int(exponent))
    if exponent.denominator > 1000:
        raise TooHard("a root of a high degree")
    result = constant(1)
    for part, sign in ((value.numerator, 1), (value.denominator, -1)):
        for prime, count in factored(part):
            raised, factor, _ = monomial_product((), ((("p", prime), exponent * count * sign),))
            result = times(result, Form({raised: factor}, ONE))
    return result
