r"""Sums by the binomial theorem: `\sum_{k=0}^n \binom{n}{k} a^k b^{n-k}` is `(a+b)^n`, with a factor k `na(a+b)^{n-1}`.

For a sum with a later start, the first terms are subtracted.

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
    multiply,
    negative,
    number,
    power,
    walk,
)

_LAST_FIRST = 3
_SUM_ARGUMENTS = 4


def summed(expression: Expr) -> Expr:
    """Replace such sums by their closed forms."""
    if not any(isinstance(one, Op) and one.name == "sum" for one in walk(expression)):
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
    factors = flattened(body, "*")
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
    if times > 1 or (times and first.value > 1):
        return None
    a, b = multiply(*of_k) if of_k else ONE, multiply(*of_rest) if of_rest else ONE
    whole = add(a, b)
    if times:
        return multiply(*constants, last, a, power(whole, add(last, MINUS_ONE)))
    before = [_term(last, a, b, at) for at in range(int(first.value))]
    total = add(power(whole, last), *map(negative, before)) if before else power(whole, last)
    return multiply(*constants, total) if constants else total


def _term(last: Expr, a: Expr, b: Expr, at: int) -> Expr:
    chosen: Expr = ONE if at == 0 else last if at == 1 else Op("binom", (last, number(at)))
    return multiply(chosen, power(a, number(at)), power(b, add(last, number(-at)) if at else last))
