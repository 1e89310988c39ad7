"""Powers, roots, exponentials, logarithms and absolute values of normal forms (`exact`).

Radicals of primes and logarithms of primes are generators of their own, so that equal values have equal forms. What is
not known to be positive or real stays opaque.
"""

from __future__ import annotations

import math
from fractions import Fraction

from rewards.math.normalise.integers import factored, radical, whole
from rewards.math.normalise.polynomials import (
    IMAGINARY,
    ONE,
    PI_GENERATOR,
    Form,
    Generator,
    Monomial,
    Poly,
    TooHard,
    Undefined,
    constant,
    generator,
    key_of,
    monomial_product,
    order,
    over,
    plus,
    poly_sum,
    times,
    unsigned,
    whole_power,
)
from rewards.math.normalise.trigonometry import cosine, sine


def power(under: Form, raised: Form) -> Form:
    """A form to the power of a form. Raises TooHard, Undefined."""
    value = raised.rational
    if value is not None and value.denominator == 1:
        if not value and not under.top:
            raise Undefined("0^0")
        return whole_power(under, int(value))
    if value is not None:
        return _rooted(under, value)
    number = under.rational
    if number is not None and number > 0:
        if number == 1:
            return constant(1)
        return exponential(times(raised, logarithm(under)))
    return generator(("power", key_of(under), key_of(raised)))


def _rooted(under: Form, exponent: Fraction) -> Form:
    """A form to a non-integer rational power (principal value)."""
    if not under.top:
        if exponent < 0:
            raise Undefined("a division by zero")
        return constant(0)
    number = under.rational
    if number is not None:
        if number > 0:
            return radical(number, exponent)
        if exponent.denominator == 2:
            return times(radical(-number, exponent), whole_power(generator(IMAGINARY), exponent.numerator))
        raise TooHard("a root of a negative number")
    if under.bottom == ONE and len(under.top) == 1:
        ((monomial, factor),) = under.top.items()
        unknown = [(name, e) for name, e in monomial if not _is_positive(name)]
        # An odd root is the product of the roots of the factors.
        if exponent.denominator % 2 and all(map(_is_real, dict(monomial))):
            raised, extra, _ = monomial_product((), tuple((name, e * exponent) for name, e in monomial))
            sign = -1 if factor < 0 and exponent.numerator % 2 else 1
            return times(radical(abs(factor), exponent), Form({raised: sign * extra}, ONE))
        if (
            exponent.denominator == 2
            and factor > 0
            and all(e % 2 == 0 and _has_real_values(name) for name, e in unknown)
        ):
            result = radical(factor, exponent)
            for one, e in monomial:
                half = (one, e * exponent)
                result = times(result, generator(*half) if _is_positive(one) else _absolute_power(*half))
            return result
        # Two variables may both be negative: then the root of the product is not the product of the roots.
        if factor > 0 and (not unknown or (len(unknown) == 1 and _is_odd(*unknown[0]))):
            raised, extra, _ = monomial_product((), tuple((name, e * exponent) for name, e in monomial))
            return times(radical(factor, exponent), Form({raised: extra}, ONE))
    if _is_turned(under):
        return over(constant(1), _rooted(over(constant(1), under), exponent))
    if under.bottom != ONE:
        return _rooted_quotient(under, exponent)
    content = _content(under.top)
    inner = {m: v / content for m, v in under.top.items()}
    name: Generator = ("root", exponent.denominator, tuple(sorted(inner.items(), key=order)))
    if exponent < 0:
        return over(constant(1), _rooted(under, -exponent))
    whole, left = divmod(exponent.numerator, exponent.denominator)
    result = times(radical(content, exponent), generator(name, left))
    return times(result, whole_power(Form(inner, ONE), whole)) if whole else result


def _is_turned(under: Form) -> bool:
    """Whether the root of a quotient is written by that of its inverse: of `x / (x + y)`, of one of `x/y` and `y/x`."""
    if len(under.top) > 1:
        return False
    ((monomial, _factor),) = under.top.items()
    return under.bottom != ONE or (bool(monomial) and min(monomial, key=repr)[1] < 0)


def _rooted_quotient(under: Form, exponent: Fraction) -> Form:
    """A root of a quotient of sums: of it, or of its inverse, and to a power between 0 and 1."""
    inverse = over(constant(1), under)
    if repr(key_of(inverse)) < repr(key_of(under)):
        under, exponent = inverse, -exponent
    whole_part, left = divmod(exponent.numerator, exponent.denominator)
    name: Generator = ("power", key_of(under), Fraction(1, exponent.denominator))
    return times(whole_power(under, whole_part), generator(name, Fraction(left)))


def _content(poly: Poly) -> Fraction:
    """The content: the largest positive rational number that divides all coefficients."""
    top = bottom = 0
    for value in poly.values():
        top = math.gcd(top, value.numerator)
        bottom = math.lcm(bottom or 1, value.denominator)
    return Fraction(top, bottom or 1) if top else Fraction(1)


def _is_positive(name: Generator) -> bool:
    return name[0] in ("p", "pi") or name == ("e", ())


def _is_real(name: Generator) -> bool:
    return name[0] == "x" or _is_positive(name) or _is_real_power(name)


def _has_real_values(name: Generator) -> bool:
    """Whether it is a variable, or a sine or cosine of an argument without i."""
    return name[0] in ("x", "abs") or (name[0] in ("sin", "cos") and repr(IMAGINARY) not in repr(name))


def root(under: Form, degree: Form) -> Form:
    """A root; real if the degree is odd. Raises TooHard, Undefined."""
    number, count = under.rational, whole(degree)
    if count < 2:
        raise TooHard("a root of a degree below 2")
    if number is not None and number < 0 and count % 2:
        return times(radical(-number, Fraction(1, count)), constant(-1))
    if number is None and count % 2 and under.bottom == ONE:
        positive, sign = unsigned(under)
        if sign < 0:
            return times(_rooted(positive, Fraction(1, count)), constant(-1))
    return _rooted(under, Fraction(1, count))


def exponential(exponent: Form) -> Form:
    """e to the power of a form."""
    if exponent.bottom != ONE:
        positive, sign = unsigned(exponent)
        size = _content(positive.top)
        one = Form({monomial: value / size for monomial, value in positive.top.items()}, positive.bottom)
        return generator(("exp", key_of(one)), sign * size)
    result = constant(1)
    for monomial, factor in exponent.top.items():
        result = times(result, _exponential_of_term(monomial, factor))
    return result


def _exponential_of_term(monomial: Monomial, factor: Fraction) -> Form:
    if len(monomial) == 1 and monomial[0][0][0] == "ln" and monomial[0][1] == 1 and isinstance(monomial[0][0][1], int):
        return radical(Fraction(monomial[0][0][1]), factor)
    names = dict(monomial)
    if names == {IMAGINARY: Fraction(1), PI_GENERATOR: Fraction(1)}:
        angle = Form({((PI_GENERATOR, Fraction(1)),): factor}, ONE)
        return plus(cosine(angle), times(generator(IMAGINARY), sine(angle)))
    return generator(("e", monomial), factor)


def logarithm(value: Form) -> Form:
    """The natural logarithm."""
    if not value.top:
        raise Undefined("the logarithm of zero")
    number = value.rational
    if number is not None and number > 0:
        return _log_of(number)
    if value.bottom == ONE and len(value.top) == 1:
        ((monomial, factor),) = value.top.items()
        unknown = [
            (name, e) for name, e in monomial if not (_is_positive(name) or _is_real_power(name) or _is_even(name, e))
        ]
        if factor > 0 and (not unknown or (len(unknown) == 1 and _is_odd(*unknown[0]))):
            total = _log_of(factor)
            for name, exponent in monomial:
                one: Generator = (
                    ("abs", key_of(generator(name))) if name[0] == "x" and _is_even(name, exponent) else name
                )
                total = plus(total, times(constant(exponent), _log_of_generator(one)))
            return total
    if _is_quotient(value):  # use the same logarithm for a quotient and its reciprocal
        turned = over(constant(1), value)
        if not _is_quotient(turned) or order(key_of(turned)) < order(key_of(value)):
            return times(constant(-1), logarithm(turned))
    return generator(("ln", key_of(value)))


def _is_quotient(value: Form) -> bool:
    return value.bottom != ONE or (len(value.top) == 1 and any(e < 0 for (one,) in [value.top] for _name, e in one))


def _is_real_power(name: Generator) -> bool:
    """Whether it is a power of e with a real exponent for real variables."""
    return name[0] == "e" and all(part[0] in ("x", "p", "pi", "ln") for part, _ in name[1])


def _is_even(name: Generator, exponent: Fraction) -> bool:
    """Whether it is never negative: an absolute value, or an even power of a variable."""
    return name[0] == "abs" or (name[0] == "x" and exponent % 2 == 0)


def _is_odd(name: Generator, exponent: Fraction) -> bool:
    """Whether it is a power of a variable with the sign of the variable."""
    return name[0] == "x" and exponent.denominator == 1 and exponent.numerator % 2 == 1


def _log_of(value: Fraction) -> Form:
    total: Poly = {}
    for part, sign in ((value.numerator, 1), (value.denominator, -1)):
        for prime, count in factored(part):
            total = poly_sum(total, {((("ln", prime), Fraction(1)),): Fraction(count * sign)})
    return Form(total, ONE)


def _log_of_generator(name: Generator) -> Form:
    if name[0] == "p":
        return _log_of(Fraction(name[1]))
    if name[0] == "e":
        return Form({name[1]: Fraction(1)}, ONE)
    return generator(("ln", name))


def inverse_tangent(value: Form) -> Form:
    """Inverse hyperbolic tangent: half the logarithm of (1 + x) / (1 - x)."""
    number = value.rational
    if number is None or not -1 < number < 1:
        raise TooHard("an inverse hyperbolic tangent of no rational number within the unit")
    return times(constant(Fraction(1, 2)), _log_of((1 + number) / (1 - number)))


def absolute(value: Form) -> Form:
    """The absolute value, factor by factor."""
    number = value.rational
    if number is not None:
        return constant(abs(number))
    return over(_absolute_sum(value.top), _absolute_sum(value.bottom))


def _absolute_sum(poly: Poly) -> Form:
    """The absolute value of a sum, factor by factor."""
    if len(poly) != 1:
        positive, _sign = unsigned(Form(poly, ONE))
        size = _content(poly)
        one = Form({monomial: value / size for monomial, value in positive.top.items()}, ONE)
        return times(constant(size), generator(("abs", key_of(one))))
    ((monomial, factor),) = poly.items()
    result = constant(abs(factor))
    for name, exponent in monomial:
        result = times(result, _absolute_power(name, exponent))
    return result


def _absolute_power(name: Generator, exponent: Fraction) -> Form:
    if _is_positive(name) or name[0] == "abs" or (name[0] == "x" and exponent % 2 == 0):
        return generator(name, exponent)
    return generator(("abs", key_of(generator(name))), exponent)
