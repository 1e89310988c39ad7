r"""Sums of rational multiples of terms, and products equal to 1; used by `angles` and `logarithms`.

Example:
    >>> from rewards.math.expressions import PI, Num, multiply
    >>> weighted(multiply(Num(Fraction(2)), PI), lambda term: term == PI)
    [(Fraction(2, 1), Const(name='pi'))]
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from rewards.math.equal import engine
from rewards.math.expressions import MINUS_ONE, ONE, Expr, Num, Op
from rewards.math.normalise.forms import same_in_form


def weighted(
    expression: Expr, is_term: Callable[[Expr], bool], factor: Fraction = Fraction(1)
) -> list[tuple[Fraction, Expr]] | None:
    """The terms of a sum with their rational factors; None if it has other terms."""
    if is_term(expression):
        return [(factor, expression)]
    if isinstance(expression, Num):
        return None if expression.value else []
    if not isinstance(expression, Op):
        return None
    if expression.name == "+":
        parts = [weighted(arg, is_term, factor) for arg in expression.args]
        return None if None in parts else [term for part in parts if part is not None for term in part]
    if expression.name != "*":
        return None
    others: list[Expr] = []
    for arg in expression.args:
        if isinstance(arg, Num):
            factor *= arg.value
        elif isinstance(arg, Op) and arg.name == "^" and arg.args[1] == MINUS_ONE and isinstance(arg.args[0], Num):
            factor /= arg.args[0].value or 1
        else:
            others.append(arg)
    return weighted(others[0], is_term, factor) if len(others) == 1 else None


def is_one(product: Expr) -> bool:
    """Whether a product is proven to be 1."""
    return same_in_form(product, ONE) or engine.equal(product, ONE) is True
