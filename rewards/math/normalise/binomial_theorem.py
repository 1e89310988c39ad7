r"""Sums by the binomial theorem: `\sum_{k=0}^n \binom{n}{k} a^k b^{n-k}` is `(a+b)^n`, with a factor k `na(a+b)^{n-1}`.

For a sum with a later start, the first terms are subtracted. A sum of products of two binomials is one by Vandermonde's
identity: `\sum_{k=0}^r \binom{m}{k} \binom{n}{r-k}` is `\binom{m+n}{r}`, and `\sum_{k=0}^n \binom{m}{k} \binom{n}{k}`
is `\binom{m+n}{n}`.

Example:
    >>> from rewards.math.parse.reading import readings
    >>> one, other = (readings(text)[0].expression for text in (r"\sum_{k=0}^n \binom{n}{k} 2^k", "(2+1)^n"))
    >>> summed(one) == other
    True
"""

from __future__ import annotations

from collections.abc import Sequence

from rewards.math.expressions import (
    MINUS_ONE,
    ONE,
    Expr,
    Num,
    Op,
    Sym,
    add,
    flattened,
    free_variables,
    has_any,
    multiply,
    negative,
    number,
    power,
)

_LAST_FIRST = 3
_SUM_ARGUMENTS = 4
_TWO = number(2)


def summed(expression: Expr) -> Expr:
    """Replace such sums by their closed forms."""
    if not has_any(expression, ("sum",)):
        return expression
    return _summed(expression)


def _summed(expression: Expr) -> Expr:
    if not isinstance(expression, Op):
        return expression
    args = tuple(map(_summed, expression.args))
    if expression.name == "sum" and len(args) == _SUM_ARGUMENTS and (closed := _closed(args)) is not None:
        return closed
    return Op(expression.name, args)


def _closed(args: Sequence[Expr]) -> Expr | None:
    body, index, first, last = args
    if not isinstance(index, Sym) or not isinstance(first, Num) or isinstance(last, Num):
        return None
    if first.value.denominator != 1 or not 0 <= first.value <= _LAST_FIRST:
        return None
    factors = _factors(body)
    if (product := _of_two(factors, index, first, last)) is not None:
        return product
    chosen = Op("binom", (last, index))
    if factors.count(chosen) != 1:
        return None
    factors.remove(chosen)
    of_k: list[Expr] = []
    of_rest: list[Expr] = []
    constants: list[Expr] = []
    times = factors.count(index)
    rest = {Op("+", (last, negative(index))), Op("+", (last, Op("*", (MINUS_ONE, index))))}
    for factor in factors:
        if index.name not in free_variables(factor):
            constants.append(factor)
        elif isinstance(factor, Op) and factor.name == "^" and index.name not in free_variables(factor.args[0]):
            if factor.args[1] == index:
                of_k.append(factor.args[0])
            elif factor.args[1] in rest:
                of_rest.append(factor.args[0])
            else:
                return None
        elif factor != index:
            return None
    if times > 2 or (times and first.value > 1):
        return None
    a, b = multiply(*of_k) if of_k else ONE, multiply(*of_rest) if of_rest else ONE
    whole = add(a, b)
    if times:
        once = multiply(last, a, power(whole, add(last, MINUS_ONE)))
        twice = multiply(last, add(last, MINUS_ONE), a, a, power(whole, add(last, number(-2))))
        return multiply(*constants, once if times == 1 else add(once, twice))
    before = [_term(last, a, b, at) for at in range(int(first.value))]
    total = add(power(whole, last), *map(negative, before)) if before else power(whole, last)
    return multiply(*constants, total) if constants else total


def _factors(body: Expr) -> list[Expr]:
    """The factors of a product; a square is two of them."""
    found: list[Expr] = []
    for factor in flattened(body, "*"):
        is_square = isinstance(factor, Op) and factor.name == "^" and factor.args[1] == _TWO
        found += [factor.args[0]] * 2 if is_square and isinstance(factor, Op) else [factor]
    return found


def _of_two(factors: Sequence[Expr], index: Sym, first: Num, last: Expr) -> Expr | None:
    """The sum of the product of two binomials, from 0 or 1; None for others."""
    of_index = [one for one in factors if index.name in free_variables(one)]
    constants = [one for one in factors if index.name not in free_variables(one)]
    pair = [one for one in of_index if isinstance(one, Op) and one.name == "binom"]
    if first.value > 1 or len(pair) != 2 or len(of_index) != 2:
        return None
    (m, one), (n, other) = sorted((one.args for one in pair), key=lambda args: args[1] != index)
    if one != index or index.name in free_variables(m) | free_variables(n):
        return None
    below = n if other == index else _whole(other, index)
    if below is None or last not in (m, below):
        return None
    at_zero = ONE if other == index else Op("binom", (n, below))
    whole = Op("binom", (add(m, n), last if other == index else below))
    return multiply(*constants, add(whole, negative(at_zero)) if first.value else whole)


def _whole(difference: Expr, index: Sym) -> Expr | None:
    """The r of `r - k`; None for other expressions."""
    terms = flattened(difference)
    rest = [one for one in terms if one != negative(index)]
    if len(rest) != len(terms) - 1 or not rest or any(index.name in free_variables(one) for one in rest):
        return None
    return add(*rest)


def _term(last: Expr, a: Expr, b: Expr, at: int) -> Expr:
    chosen: Expr = ONE if at == 0 else last if at == 1 else Op("binom", (last, number(at)))
    return multiply(chosen, power(a, number(at)), power(b, add(last, number(-at)) if at else last))
