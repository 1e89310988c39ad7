"""Functions of whole and rational numbers, on normal forms (`exact`): factorials, binomials, rounding, divisors;
and rational powers, as prime factors with exponents between 0 and 1.

What is too large to compute stays opaque, and still equals itself.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache

from rewards.math.normalise.polynomials import (
    ONE,
    Form,
    TooHard,
    Undefined,
    constant,
    generator,
    key_of,
    monomial_product,
    times,
    whole_power,
)

_LARGEST_COMPUTED = 1500  # factorials
_MOST_BITS = 26_000  # of a binomial coefficient
_LARGEST_OPAQUE = 10**30


def whole(value: Form) -> int:
    """The value of a whole number. Raises TooHard."""
    number = value.rational
    if number is None or number.denominator != 1:
        raise TooHard("not a whole number")
    return int(number)


def factorial(value: Form) -> Form:
    number = value.rational
    if number is None:
        return generator(("!", key_of(value)))
    if number.denominator != 1 or number < 0:
        raise TooHard("a factorial of no natural number")
    if number > _LARGEST_OPAQUE:
        raise TooHard("a large factorial")
    return constant(math.factorial(int(number))) if number <= _LARGEST_COMPUTED else generator(("!", int(number)))


def double_factorial(value: Form) -> Form:
    count = whole(value)
    if not 0 <= count <= _LARGEST_COMPUTED:
        raise TooHard("a large factorial")
    return constant(math.prod(range(count, 0, -2)))


def binomial(n: Form, k: Form) -> Form:
    top, bottom = whole(n), whole(k)
    if top < 0 or top > _LARGEST_OPAQUE:
        raise TooHard("a large binomial coefficient, or one of a negative number")
    if not 0 <= bottom <= top:
        return constant(0)
    bottom = min(bottom, top - bottom)
    if bottom * top.bit_length() > _MOST_BITS:
        return generator(("binom", top, bottom))
    return constant(math.comb(top, bottom))


def arrangements(n: Form, k: Form) -> Form:
    """The number of ordered choices of k out of n."""
    top, taken = whole(n), whole(k)
    if not 0 <= taken <= min(top, _LARGEST_COMPUTED) or top > _LARGEST_OPAQUE:
        raise TooHard("a large number of arrangements, or none")
    return constant(math.perm(top, taken))


def _rationals(*values: Form) -> list[Fraction]:
    numbers = [value.rational for value in values]
    if None in numbers:
        raise TooHard("no rational numbers")
    return [number for number in numbers if number is not None]


def floor(value: Form) -> Form:
    return generator(("floor", key_of(value))) if value.rational is None else constant(math.floor(value.rational))


def ceiling(value: Form) -> Form:
    return times(constant(-1), floor(times(constant(-1), value)))


def modulo(value: Form, by: Form) -> Form:
    a, b = _rationals(value, by)
    if not b:
        raise Undefined("modulo zero")
    return constant(a % b)


def gcd(*values: Form) -> Form:
    return constant(math.gcd(*map(whole, values)))


def lcm(*values: Form) -> Form:
    return constant(math.lcm(*map(whole, values)))


def largest(*values: Form) -> Form:
    return constant(max(_rationals(*values)))


def smallest(*values: Form) -> Form:
    return constant(min(_rationals(*values)))


# --- rational powers --------------------------------------------------------------------------------------------------

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
