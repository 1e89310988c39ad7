r"""Compare functions by names and variables: `f(x) = x^2` equals `f(t) = t^2`, but not `g(x) = x^2`.

`same_value` compares two values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from rewards.math.equal import decide
from rewards.math.equal.branches import with_names
from rewards.math.equal.decide import Answer
from rewards.math.expressions import Expr, Op, free_variables, renamed
from rewards.math.values import Named, Pieces, Scalar, Terms, Value

_Same: TypeAlias = Callable[[Value, Value, Terms], Answer]


def same(gold: Named, answer: Named, terms: Terms, same_value: _Same) -> Answer:
    """Whether two functions are the same: names must match; variables may differ, but not the events of `P(A) = 1`."""
    letters = {one.name.partition("(")[0] for one in (gold, answer)}
    if gold.name and answer.name and len(letters) > 1 and not _is_polynomial(letters, gold, answer):
        return Answer.NO
    if gold.name and answer.name and gold.parameters != answer.parameters and _are_values(gold, answer):
        is_swapped = sorted(gold.parameters) == sorted(answer.parameters) and _has_no_order(gold.expression)
        return same_value(gold.value, answer.value, terms) if is_swapped else Answer.NO
    names = dict(zip(answer.parameters, gold.parameters, strict=True))
    if isinstance(answer.value, Pieces):
        return same_value(gold.value, with_names(answer.value, names), terms)
    if isinstance(gold.value, Scalar) and isinstance(answer.value, Scalar):
        if (free_variables(answer.value.expression) - set(answer.parameters)) & set(gold.parameters):
            return Answer.NO
        return decide.same(gold.value.expression, renamed(answer.value.expression, names))
    return same_value(gold.value, answer.value, terms)


def _is_polynomial(letters: set[str], *functions: Named) -> bool:
    """Whether the letters are `P` and `p`, as in `P(x)` and `p(x)`."""
    return letters == {"P", "p"} and all(name.islower() for one in functions for name in one.parameters)


def _are_values(*functions: Named) -> bool:
    """Whether one is a value such as `P(A)`: another name than f or a capital argument, and constant in it."""
    return any(
        (_is_known(one) or any(name[:1].isupper() for name in one.parameters))
        and isinstance(one.value, Scalar)
        and free_variables(one.value.expression).isdisjoint(one.parameters)
        for one in functions
    )


def _has_no_order(function: Expr | None) -> bool:
    return isinstance(function, Op) and function.name in ("gcd", "lcm", "max", "min")


def _is_known(function: Named) -> bool:
    """Whether the function is not just a letter applied to a variable."""
    of_letter = len(function.name.partition("(")[0]) == 1 and all(map(str.islower, function.parameters))
    return isinstance(function.expression, Op) and not function.expression.name.endswith("()") and not of_letter
