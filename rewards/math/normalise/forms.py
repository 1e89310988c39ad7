r"""Questions about the normal forms of expressions that may have none.

Example:
    >>> from rewards.math import budget
    >>> from rewards.math.expressions import Sym, ZERO, add, multiply, number, power
    >>> budget.begin()
    >>> x = Sym("x")
    >>> linear(add(multiply(number(2), x), number(3)), "x"), linear(multiply(x, x), "x")
    ((Fraction(2, 1), Fraction(3, 1)), None)
    >>> same_in_form(multiply(x, x), power(x, number(2))), form_of(power(ZERO, number(-1))) is None
    (True, True)
"""

from __future__ import annotations

from fractions import Fraction

from rewards.math.expressions import Expr
from rewards.math.normalise.exact import normal
from rewards.math.normalise.polynomials import ONE, Form, TooHard, Undefined, same_form

NO_FORM = (TooHard, Undefined, RecursionError, OverflowError)
"""What `normal`, and arithmetic with its results, may raise."""


def form_of(expression: Expr) -> Form | None:
    """The normal form; None if the expression is undefined, or too hard."""
    try:
        return normal(expression)
    except NO_FORM:
        return None


def same_in_form(one: Expr, other: Expr) -> bool:
    """Whether normal forms prove that two expressions are equal."""
    try:
        return same_form(normal(one), normal(other))
    except NO_FORM:
        return False


def quadratic(expression: Expr, name: str) -> tuple[Fraction, Fraction, Fraction] | None:
    """The rational coefficients (a, b, c) of a x^2 + b x + c, of which any may be 0; None for other expressions."""
    form = form_of(expression)
    square, variable = ((("x", name), Fraction(2)),), ((("x", name), Fraction(1)),)
    if form is None or form.bottom != ONE or not form.top.keys() <= {(), variable, square}:
        return None
    a, b, c = (form.top.get(power, Fraction(0)) for power in (square, variable, ()))
    return a, b, c


def linear(expression: Expr, name: str) -> tuple[Fraction, Fraction] | None:
    """(slope, offset) of an expression that is linear in the variable with rational coefficients; None for others."""
    found = quadratic(expression, name)
    return None if found is None or found[0] or not found[1] else found[1:]
