r"""Geometric sums with dots: `1 + x + \cdots + x^n`, `\frac{1}{2} + \frac{1}{4} + \cdots`.

The ratio of the terms before the dots is the rule, and the last term must be the first one times a power of it. An
endless sum must consist of numbers that get smaller.

Example:
    >>> from rewards.math.expressions import Sym
    >>> geometric([ONE, Sym("x")], power(Sym("x"), Sym("n"))).args[3]
    Sym(name='n')
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

from rewards.math.expressions import (
    INFINITY,
    ONE,
    ZERO,
    Expr,
    Num,
    Op,
    Sym,
    add,
    divide,
    flattened,
    multiply,
    negative,
    number,
    power,
)
from rewards.math.notation.tokens import NotMaths

_TERM = Sym("the term")
_FEWEST = 3  # whole numbers that show powers: `2, 4` may also be followed by 6
_HIGHEST = 60
_LARGEST = 10**12


@dataclass(slots=True)
class _Monomial:
    """coefficient * number^exponent * the product of letter^exponent, with at most one number."""

    coefficient: Fraction = Fraction(1)
    base: Fraction | None = None
    exponent: Expr = ZERO
    letters: dict[str, Expr] = field(default_factory=dict)


def geometric(shown: Sequence[Expr], last: Expr) -> Op:
    """The sum from the terms before the dots to the last one. Raises NotMaths."""
    terms = [_monomial(one) for one in shown]
    first, ratio = terms[0], _ratio(terms)
    if not ratio.letters and len(terms) < _FEWEST and all(one.coefficient.denominator == 1 for one in terms):
        raise NotMaths("equal steps or powers")
    until = _power_of(ratio, first, _monomial(last))
    if isinstance(until, Num) and (until.value.denominator != 1 or until.value < len(terms)):
        raise NotMaths("a sum with dots whose last term is none of it")
    return Op("sum", (multiply(shown[0], _raised(ratio)), _TERM, ZERO, until))


def endless(shown: Sequence[Expr]) -> Op:
    """The sum of all terms that begin like these. Raises NotMaths."""
    ratio = _ratio([_monomial(one) for one in shown])
    if len(shown) < _FEWEST or ratio.letters or abs(ratio.coefficient) >= 1:
        raise NotMaths("an endless sum that follows no rule")
    return Op("sum", (multiply(shown[0], power(number(ratio.coefficient), _TERM)), _TERM, ZERO, INFINITY))


def _monomial(term: Expr) -> _Monomial:
    found = _Monomial()
    for factor in flattened(term, "*"):
        base: Expr = factor
        exponent: Expr = ONE
        if isinstance(base, Num) and max(abs(base.value.numerator), base.value.denominator) > _LARGEST:
            raise NotMaths("a sum with dots of long numbers")
        while isinstance(base, Op) and base.name == "^":
            base, times = base.args
            exponent = times if exponent == ONE else multiply(times, exponent)
        match base, exponent:
            case Sym(name=name), _:
                found.letters[name] = add(found.letters[name], exponent) if name in found.letters else exponent
            case Num(value=value), Num(value=whole) if value and whole.denominator == 1 and abs(whole) <= _HIGHEST:
                found.coefficient *= value ** int(whole)
            case Num(value=value), _ if found.base is None and value > 0 and value != 1:
                found.base, found.exponent = value, exponent
            case _:
                raise NotMaths("a sum with dots of other terms than powers")
    return found


def _ratio(terms: Sequence[_Monomial]) -> _Monomial:
    """The common ratio: a number and whole powers of letters. Raises NotMaths."""
    ratios = [_quotient(after, before) for before, after in pairwise(terms)]
    if not ratios or any(one != ratios[0] for one in ratios) or ratios[0] == _Monomial():
        raise NotMaths("a sum with dots whose terms have no common ratio")
    return ratios[0]


def _quotient(top: _Monomial, bottom: _Monomial) -> _Monomial:
    if top.base is not None or bottom.base is not None or not top.coefficient or not bottom.coefficient:
        raise NotMaths("a sum with dots whose first terms are no numbers and letters")
    names = sorted({*top.letters, *bottom.letters})
    exponents = {name: _difference(top.letters.get(name, ZERO), bottom.letters.get(name, ZERO)) for name in names}
    return _Monomial(top.coefficient / bottom.coefficient, letters={k: v for k, v in exponents.items() if v != ZERO})


def _difference(one: Expr, other: Expr) -> Num:
    if not isinstance(one, Num) or not isinstance(other, Num):
        raise NotMaths("a sum with dots whose first exponents are no numbers")
    return number(one.value - other.value)


def _raised(ratio: _Monomial) -> Expr:
    """The power of the ratio from the first term to the current one."""
    for name, step in ratio.letters.items():
        return power(Sym(name), _TERM if step == ONE else multiply(step, _TERM))
    return power(number(ratio.coefficient), _TERM)


def _power_of(ratio: _Monomial, first: _Monomial, last: _Monomial) -> Expr:
    """The m of `last = first * ratio^m`. Raises NotMaths."""
    if not ratio.letters:
        if first.letters != last.letters:
            raise NotMaths("a sum with dots whose last term has other letters")
        return _power_of_number(ratio.coefficient, last, last.coefficient / first.coefficient)
    name, step = next(iter(ratio.letters.items()))
    others, last_others = ({k: v for k, v in one.letters.items() if k != name} for one in (first, last))
    is_alike = last.base is None and last.coefficient == first.coefficient and last_others == others
    if len(ratio.letters) > 1 or ratio.coefficient != 1 or not is_alike:
        raise NotMaths("a sum with dots whose last term is none of it")
    return _steps(last.letters.get(name, ZERO), first.letters.get(name, ZERO), step)


def _steps(high: Expr, low: Expr, step: Expr) -> Expr:
    if isinstance(high, Num) and isinstance(low, Num) and isinstance(step, Num):
        return number((high.value - low.value) / step.value)
    difference = high if low == ZERO else add(high, negative(low))
    return difference if step == ONE else divide(difference, step)


def _power_of_number(ratio: Fraction, last: _Monomial, quotient: Fraction) -> Expr:
    """The m of `ratio^m = quotient * base^exponent`, the base and exponent of the last term. Raises NotMaths."""
    if last.base is None:
        return number(_logarithm(quotient, ratio))
    until = divide(last.exponent, number(_logarithm(ratio, last.base)))
    if (more := _logarithm(quotient, ratio)) == 0:
        return until
    return add(until, number(more))


def _logarithm(value: Fraction, base: Fraction) -> int:
    """The exponent of a power of the base. Raises NotMaths."""
    found = next((at for at in range(-_HIGHEST, _HIGHEST) if base**at == value), None) if abs(base) != 1 else None
    if found is None:
        raise NotMaths("a sum with dots whose last term is no power of the ratio")
    return found
