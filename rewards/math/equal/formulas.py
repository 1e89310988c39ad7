r"""Equations that state the value of a quantity: `m + n = 7`, `\cos\theta = \frac{3}{5}`; others are conditions.

Example:
    >>> is_formula((Op("+", (Sym("m"), Sym("n"))), ZERO)), is_formula((Op("+", (Sym("x"), Sym("y"))), ZERO))
    (True, False)
"""

from __future__ import annotations

from collections.abc import Sequence

from rewards.math.expressions import TRIGONOMETRIC, ZERO, Expr, Num, Op, Sym, free_variables, walk

_QUANTITIES = frozenset((*TRIGONOMETRIC, "int", "sum", "prod", "lim"))
_COORDINATES = frozenset("xyz")


def is_formula(members: Sequence[Expr]) -> bool:
    r"""Whether an equation such as `x + y = 3 + 4 = 7` states a value: the quantity first, then steps with numbers.

    Without steps it needs several names other than coordinates: `m + n = 7` states a sum, but `2x = 10` does not state
    x, and `x + y = 1` is a line. If the value is 0, the other side must be a sum of names. An unknown function value,
    `\cos\theta` or `\int_0^1 f(x)\,dx`, is a quantity, too.
    """
    unknowns = _unknowns(members[0])
    if not unknowns or any(map(_unknowns, members[1:])):
        return False
    if len(members) > 2 or (isinstance(members[0], Op) and members[0].name in _QUANTITIES):
        return True
    if len(_apart(members[0])) < 2 or not unknowns.isdisjoint(_COORDINATES) or _is_negative(members[0]):
        return False
    return members[-1] != ZERO or (isinstance(members[0], Op) and all(isinstance(one, Sym) for one in members[0].args))


def _is_negative(expression: Expr) -> bool:
    """Whether an expression is negative, such as `-ab`, which is not a quantity that is asked for."""
    first = expression.args[0] if isinstance(expression, Op) and expression.name == "*" else None
    return isinstance(first, Num) and first.value < 0


def _apart(expression: Expr) -> frozenset[object]:
    """The unknowns of an expression, without arguments of functions."""
    if isinstance(expression, Op) and not expression.name.endswith("()"):
        return frozenset().union(*map(_apart, expression.args))
    return frozenset((expression,)) if isinstance(expression, Op | Sym) else frozenset()


def _unknowns(expression: Expr) -> frozenset[object]:
    """The variables and unknown functions of an expression."""
    named = (one for one in walk(expression) if isinstance(one, Op) and one.name.endswith("()"))
    return frozenset((*free_variables(expression), *named))
