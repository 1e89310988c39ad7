"""Functions of whole and rational numbers, on normal forms (`exact`): factorials, binomials, rounding, divisors.

What is too large to compute stays opaque, and still equals itself.
"""

from __future__ import annotations

import math
from fractions import Fraction

from rewards.math.normalise.polynomials import Form, TooHard, Undefined, constant, generator, key_of, times

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
