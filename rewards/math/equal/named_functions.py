r"""Compare functions by names and variables: `f(x) = x^2` equals `f(t) = t^2`, but not `g(x) = x^2`.

`same_value` compares two values. Derivatives have several notations: `f'(x)`, `y'`, `\frac{dy}{dx}`,
`\frac{\partial f}{\partial x}`, `f_x`.

Example:
    >>> are_one_derivative("y'", r"\fracdydx"), are_one_derivative(r"\fracdydx", r"\fracdxdy")
    (True, False)
    >>> are_one_derivative("y''", "y'")
    False
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

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


# --- derivatives ------------------------------------------------------------------------------------------------------

_D = r"(?:d|\\partial)"
_FRACTION = re.compile(
    rf"\\frac{_D}(?:\^(\d))?([a-zA-Z])?(?:\([^()]*\))?{_D}([a-zA-Z])(?:\^(\d))?(?:([a-zA-Z])(?:\(([a-z])\))?)?"
)
_STROKE = re.compile(r"d(?:\^(\d))?([a-zA-Z])/d([a-zA-Z])(?:\^(\d))?")
_PRIMES = re.compile(r"([a-zA-Z])('+)(?:\(([a-z])\))?")
_INDEX = re.compile(r"([fgFuvwz])_([xyzt])")


class _Derivative(NamedTuple):
    function: str
    variable: str  # "" where it is not said
    order: int


def _read(name: str) -> _Derivative | None:
    """Parse a name without spaces and braces; None if it is not a derivative."""
    if found := _FRACTION.fullmatch(name):
        order, function, variable, again, behind, _of = found.groups()
        if bool(function) == bool(behind) or order != again:
            return None
        return _Derivative(function or behind, variable, int(order or 1))
    if found := _STROKE.fullmatch(name):
        return _Derivative(found[2], found[3], int(found[1] or 1)) if found[1] == found[4] else None
    if found := _PRIMES.fullmatch(name):
        return _Derivative(found[1], found[3] or "", len(found[2]))
    found = _INDEX.fullmatch(name)
    return None if found is None else _Derivative(found[1], found[2], 1)


def are_one_derivative(one: str, other: str) -> bool:
    """Whether two names denote the same derivative; `y` is a function of `x`."""
    a, b = _read(one), _read(other)
    if a is None or b is None or a.order != b.order:
        return False
    if a.variable and b.variable and a.variable != b.variable:
        return False
    return a.function == b.function or ("y" in (a.function, b.function) and {a.function, b.function} <= set("yfgh"))
