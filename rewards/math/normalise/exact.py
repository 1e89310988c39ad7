r"""Normal forms: expressions with the same normal form are proven equal.

An expression becomes a quotient of two sums of monomials. A monomial is a product of *generators* with rational
exponents: variables, pi, i (with i² = -1), primes with exponents between 0 and 1 (so `\sqrt{8}` is 2·2^(1/2); such
radicals are linearly independent over the rationals, A. S. Besicovitch 1940), logarithms of primes, powers of e to the
monomials of their exponents, and opaque terms (`\sin x`, a root of a sum), identified by the normal form of their
argument.

Equal forms prove equality. Different forms prove a difference only if no generator is opaque and at most one of pi, e
and the logarithms occurs; otherwise other methods must decide. All sizes are bounded; beyond them `TooHard` is raised.

Example:
    >>> from rewards.math.expressions import multiply, number, root
    >>> from rewards.math.normalise.polynomials import same_form
    >>> budget.begin()
    >>> same_form(normal(root(number(8))), normal(multiply(number(2), root(number(2)))))
    True
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from rewards.math import budget
from rewards.math.expressions import Const, Expr, Num, Op, Sym, indexed, negative, substituted
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
from rewards.math.normalise.radicals import factored, radical
from rewards.math.normalise.trigonometry import cosine, sine

_MOST_SUMMED = 500
_LARGEST_OPAQUE = 10**30  # a larger factorial or binomial stays opaque, and still equals itself


# --- expressions ------------------------------------------------------------------------------------------------------


def normal(expression: Expr) -> Form:
    """The normal form. Raises TooHard, Undefined."""
    if isinstance(expression, Num):
        return constant(expression.value)
    if not budget.spend("exact", 1):
        raise TooHard("a comparison of many steps")
    if isinstance(expression, Sym):
        return generator(("x", expression.name))
    if isinstance(expression, Const):
        return _constant(expression.name)
    handler = _HANDLERS.get(expression.name)
    if handler is not None:
        result: Form = handler(*expression.args)
        return result
    return _opaque(expression)


def _constant(name: str) -> Form:
    if name == "pi":
        return generator(PI_GENERATOR)
    if name == "e":
        return generator(("e", ()))
    if name == "i":
        return generator(IMAGINARY)
    raise TooHard("infinity")


def _opaque(expression: Op) -> Form:
    if expression.name in ("pm", "mp", "lim", "int", "diff"):
        raise TooHard(f"{expression.name} has no normal form")
    forms = [normal(arg) for arg in expression.args]
    numbers = [form.rational for form in forms]
    if None not in numbers and (name := indexed(expression.name, [one for one in numbers if one is not None])):
        return generator(("x", name))
    return generator((expression.name, tuple(map(key_of, forms))))


def _add(*terms: Expr) -> Form:
    total = constant(0)
    for term in terms:
        total = plus(total, normal(term))
    return total


def _multiply(*factors: Expr) -> Form:
    total = constant(1)
    for factor in factors:
        total = times(total, normal(factor))
    return total


def _power(base: Expr, exponent: Expr) -> Form:
    raised = normal(exponent)
    value = raised.rational
    under = normal(base)
    if value is not None and value.denominator == 1:
        if not value and not under.top:
            raise Undefined("0^0")
        return whole_power(under, int(value))
    if value is not None:
        return _rooted(under, value)
    if isinstance(base, Const) and base.name == "e":
        return exponential(raised)
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


def _rooted_quotient(under: Form, exponent: Fraction) -> Form:
    """A root of a quotient whose denominator is a sum, as one root divided by the denominator."""
    return generator(("power", key_of(under), exponent))


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


def _root(of: Expr, degree: Expr) -> Form:
    """A root; real if the degree is odd."""
    if not isinstance(degree, Num) or degree.value.denominator != 1 or degree.value < 2:
        raise TooHard("a root of a degree that is no whole number")
    under = normal(of)
    number = under.rational
    count = int(degree.value)
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


def _log(value: Expr, base: Expr) -> Form:
    return over(logarithm(normal(value)), logarithm(normal(base)))


def _inverse_tangent(value: Expr) -> Form:
    """Inverse hyperbolic tangent: half the logarithm of (1 + x) / (1 - x)."""
    number = normal(value).rational
    if number is None or not -1 < number < 1:
        raise TooHard("an inverse hyperbolic tangent of no rational number within the unit")
    return times(constant(Fraction(1, 2)), _log_of((1 + number) / (1 - number)))


def _absolute(value: Expr) -> Form:
    inner = normal(value)
    number = inner.rational
    if number is not None:
        return constant(abs(number))
    return over(_absolute_sum(inner.top), _absolute_sum(inner.bottom))


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


def _whole(value: Expr) -> int:
    number = normal(value).rational
    if number is None or number.denominator != 1:
        raise TooHard("not a whole number")
    return int(number)


def _factorial(value: Expr) -> Form:
    inner = normal(value)
    number = inner.rational
    if number is None:
        return generator(("!", key_of(inner)))
    if number.denominator != 1 or number < 0:
        raise TooHard("a factorial of no natural number")
    if number > _LARGEST_OPAQUE:
        raise TooHard("a large factorial")
    return constant(math.factorial(int(number))) if number <= 1500 else generator(("!", int(number)))


def _double_factorial(value: Expr) -> Form:
    count = _whole(value)
    if not 0 <= count <= 1500:
        raise TooHard("a large factorial")
    return constant(math.prod(range(count, 0, -2)))


def _binomial(n: Expr, k: Expr) -> Form:
    top, bottom = _whole(n), _whole(k)
    if top < 0 or top > _LARGEST_OPAQUE:
        raise TooHard("a large binomial coefficient, or one of a negative number")
    if not 0 <= bottom <= top:
        return constant(0)
    bottom = min(bottom, top - bottom)
    if top > 100_000 or bottom > 1500:
        return generator(("binom", top, bottom)) if bottom > 1 else constant(top**bottom)
    return constant(math.comb(top, bottom))


def _arrangements(n: Expr, k: Expr) -> Form:
    top, taken = _whole(n), _whole(k)
    if not 0 <= top <= 1500 or not 0 <= taken <= top:
        raise TooHard("a large number of arrangements, or none")
    return constant(math.perm(top, taken))


def _rationals(*values: Expr) -> list[Fraction]:
    numbers = [normal(value).rational for value in values]
    if None in numbers:
        raise TooHard("no rational numbers")
    return [number for number in numbers if number is not None]


def _floor(value: Expr) -> Form:
    form = normal(value)
    return generator(("floor", key_of(form))) if form.rational is None else constant(math.floor(form.rational))


def _ceiling(value: Expr) -> Form:
    return times(constant(-1), _floor(negative(value)))


def _modulo(value: Expr, by: Expr) -> Form:
    a, b = _rationals(value, by)
    if not b:
        raise Undefined("modulo zero")
    return constant(a % b)


def _gcd(*values: Expr) -> Form:
    return constant(math.gcd(*map(_whole, values)))


def _lcm(*values: Expr) -> Form:
    return constant(math.lcm(*map(_whole, values)))


def _largest(*values: Expr) -> Form:
    return constant(max(_rationals(*values)))


def _smallest(*values: Expr) -> Form:
    return constant(min(_rationals(*values)))


def _summed(body: Expr, variable: Expr, low: Expr, high: Expr) -> Form:
    return _ranged(body, variable, low, high, plus, constant(0))


def _multiplied(body: Expr, variable: Expr, low: Expr, high: Expr) -> Form:
    return _ranged(body, variable, low, high, times, constant(1))


def _ranged(body: Expr, variable: Expr, low: Expr, high: Expr, join: Any, start: Form) -> Form:
    first, last = _whole(low), _whole(high)
    if last - first > _MOST_SUMMED or not isinstance(variable, Sym):
        raise TooHard("a sum of many terms")
    for at in range(first, last + 1):
        start = join(start, normal(substituted(body, variable.name, Num(Fraction(at)))))
    return start


def _determinant(*cells: Expr) -> Form:
    size = math.isqrt(len(cells))
    rows = [[normal(cell) for cell in cells[at * size : (at + 1) * size]] for at in range(size)]
    if size > 6:
        raise TooHard("a large determinant")
    return _expanded(rows)


def _expanded(rows: list[list[Form]]) -> Form:
    if len(rows) == 1:
        return rows[0][0]
    total = constant(0)
    for at, cell in enumerate(rows[0]):
        minor = _expanded([row[:at] + row[at + 1 :] for row in rows[1:]])
        total = plus(total, times(cell, minor), -1 if at % 2 else 1)
    return total


def _degrees(value: Expr) -> Form:
    return times(normal(value), Form({((PI_GENERATOR, Fraction(1)),): Fraction(1, 180)}, ONE))


_HANDLERS: dict[str, Any] = {
    "+": _add,
    "*": _multiply,
    "^": _power,
    "root": _root,
    "abs": _absolute,
    "atanh": _inverse_tangent,
    "!": _factorial,
    "!!": _double_factorial,
    "binom": _binomial,
    "perm": _arrangements,
    "floor": _floor,
    "ceil": _ceiling,
    "mod": _modulo,
    "gcd": _gcd,
    "lcm": _lcm,
    "max": _largest,
    "min": _smallest,
    "sum": _summed,
    "prod": _multiplied,
    "det": _determinant,
    "deg": _degrees,
    "log": _log,
    "ln": lambda value: logarithm(normal(value)),
    "sin": lambda angle: sine(normal(angle)),
    "cos": lambda angle: cosine(normal(angle)),
    "tan": lambda angle: over(sine(normal(angle)), cosine(normal(angle))),
    "cot": lambda angle: over(cosine(normal(angle)), sine(normal(angle))),
    "sec": lambda angle: over(constant(1), cosine(normal(angle))),
    "csc": lambda angle: over(constant(1), sine(normal(angle))),
}
