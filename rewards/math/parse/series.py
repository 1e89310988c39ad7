r"""Sums with dots: `1 + 2 + \cdots + n`, `1^2 + 2^2 + \cdots + n^2`, `1 + 2 + 4 + \cdots + 2^{n-1}`; products with
dots: `1 \cdot 3 \cdots (2n-1)`, `n(n-1)\cdots(n-k+1)`, whose factors have equal steps.

The terms before the dots determine the rule: equal steps, one exponent over equal steps, or powers of the base of the
last term. If they fit no rule, or several, the sum cannot be parsed.

Example:
    >>> from rewards.math.expressions import Sym
    >>> body, term, first, last = summed([number(1), number(3)], Sym("n")).args
    >>> body == add(number(1), multiply(number(2), term)), first == ZERO
    (True, True)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise

from rewards.math.expressions import ZERO, Expr, Num, Op, Sym, add, divide, multiply, negative, number, power
from rewards.math.normalise.exact import form_of
from rewards.math.notation.tokens import NotMaths
from rewards.math.parse.geometric import geometric

_TERM = Sym("the term")
_HIGHEST = 100  # highest power of a base to look for


def summed(shown: Sequence[Expr], last: Expr) -> Op:
    """The sum from the terms before the dots to the last one. Raises NotMaths."""
    try:
        return _in_steps(shown, last)
    except NotMaths:
        return geometric(shown, last)


def _in_steps(shown: Sequence[Expr], last: Expr) -> Op:
    exponent = _common_exponent([*shown, last])
    if exponent is None and isinstance(last, Op) and last.name == "^" and isinstance(base := last.args[0], Num):
        until = last.args[1]
        exponents = [_exponent(one, base) for one in shown]
        if len(shown) < 3 and all(isinstance(one, Num) for one in shown):
            raise NotMaths("equal steps or powers")
        return _sum(exponents, until, lambda at: power(base, at))
    if exponent is None:
        return _sum([_whole(one) for one in shown], last, lambda at: at)
    bases = [one.args[0] for one in (*shown, last) if isinstance(one, Op)]
    return _sum([_whole(one) for one in bases[:-1]], bases[-1], lambda at: power(at, exponent))


def multiplied(shown: Sequence[Expr], last: Expr) -> Expr:
    """The product from the factors before the dots to the last one, up or down in equal steps. Raises NotMaths."""
    steps = {_difference(a, b) for a, b in pairwise(shown)}
    step = steps.pop()
    if steps or not step or (isinstance(last, Op) and last.name == "^"):  # `2 \cdot 4 \cdots 2^n` may be of powers
        raise NotMaths("a product with dots whose steps differ")
    low, high = (shown[0], last) if step > 0 else (last, shown[0])
    size = abs(step)
    if size == 1:
        if isinstance(low, Num) and low.value < 1:
            raise NotMaths("a product with dots from a number below 1")
        found = divide(Op("!", (high,)), Op("!", (add(low, number(-1)),)))
    else:
        until = divide(add(high, negative(low)), number(size))
        found = Op("prod", (add(low, multiply(number(size), _TERM)), _TERM, ZERO, until))
    if isinstance(low, Num) and isinstance(high, Num):
        beyond = abs(low.value - high.value) - size * (len(shown) - 1) if low.value < high.value else -1
        if beyond <= 0 or beyond % size:
            raise NotMaths("a product with dots whose last factor is none of it")
    return found


def _difference(a: Expr, b: Expr) -> Fraction:
    """b - a, if it is a number. Raises NotMaths."""
    form = form_of(add(b, negative(a)))
    if form is None or form.rational is None:
        raise NotMaths("a product with dots of factors without steps")
    return form.rational


def _sum(steps: Sequence[Fraction], until: Expr, body: Callable[[Expr], Expr]) -> Op:
    """The sum of `body` over an arithmetic progression up to `until`."""
    first, step = steps[0], (steps[1] - steps[0] if len(steps) > 1 else Fraction(0))
    if step <= 0 or any(b - a != step for a, b in pairwise(steps)):
        raise NotMaths("a sum with dots whose steps differ")
    if isinstance(until, Num) and ((until.value - steps[-1]) % step or until.value <= steps[-1]):
        raise NotMaths("a sum with dots whose last term is none of it")
    if step == 1:
        return Op("sum", (body(_TERM), _TERM, number(first), until))
    upper = divide(add(until, number(-first)), number(step))
    return Op("sum", (body(add(number(first), multiply(number(step), _TERM))), _TERM, ZERO, upper))


def _whole(term: Expr) -> Fraction:
    if not isinstance(term, Num) or term.value.denominator != 1 or term.digits:
        raise NotMaths("a sum with dots of other terms than whole numbers")
    return term.value


def _common_exponent(terms: Sequence[Expr]) -> Num | None:
    """The common exponent: 2 for `1^2, 2^2, n^2`; None if there is none."""
    exponents = {one.args[1] for one in terms if isinstance(one, Op) and one.name == "^"}
    exponent = exponents.pop() if exponents else None
    is_one = not exponents and all(isinstance(one, Op) and one.name == "^" for one in terms)
    return exponent if is_one and isinstance(exponent, Num) else None


def _exponent(term: Expr, base: Num) -> Fraction:
    """The exponent of the term as a power of the base."""
    if isinstance(term, Op) and term.name == "^" and term.args[0] == base:
        return _whole(term.args[1])
    value, base_value = _whole(term), _whole(base)
    found = next((at for at in range(_HIGHEST) if base_value**at >= value), _HIGHEST) if base_value > 1 else 0
    if base_value**found != value:
        raise NotMaths("a sum with dots of other terms than powers")
    return Fraction(found)
