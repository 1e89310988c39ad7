r"""Quadratic inequalities in one variable: `x^2 - 2x - 3 \le 0` holds on `[-1, 3]`.

Example:
    >>> from rewards.math import budget
    >>> from rewards.math.expressions import Sym, add, number, power
    >>> budget.begin()
    >>> len(solved(add(power(Sym("x"), number(2)), number(-4)), ">", "x")), solved(power(Sym("x"), number(2)), "<", "x")
    (2, [])
    >>> zeros(add(power(Sym("x"), number(2)), number(-4)), "x") == [number(-2), number(2)]
    True
"""

from __future__ import annotations

import math
from fractions import Fraction

from rewards.math.expressions import INFINITY, MINUS_INFINITY, Expr, Num, Sym, add, multiply, number, root
from rewards.math.normalise.exact import quadratic
from rewards.math.values import REALS, Interval


def solved(expression: Expr, relation: str, name: str) -> list[Interval] | None:
    """The intervals where `expression relation 0` holds; None unless it is quadratic with rational coefficients."""
    known = quadratic(expression, name)
    if known is None or not known[0]:
        return None
    a, middle, under = known[0], *_middle(*known)
    outside = relation == "!=" or (relation.startswith(">") == (a > 0))
    closed = relation.endswith("=") and relation != "!="
    if under < 0:
        return [REALS] if outside else []
    low, high = _ends(middle, under)
    between = [Interval(low, high, False, False)] if relation == "!=" and under else []
    if not outside:
        return [Interval(low, high, closed, closed)] if closed or under else []
    if closed and not under:
        return [REALS]
    return [Interval(MINUS_INFINITY, low, False, closed), *between, Interval(high, INFINITY, closed, False)]


def zeros(expression: Expr, name: str) -> list[Expr] | None:
    """The real zeros of a linear or quadratic expression, sorted; None for others."""
    known = quadratic(expression, name)
    if known is None or not any(known[:2]):
        return None
    a, b, c = known
    if not a:
        return [number(-c / b)]
    middle, under = _middle(a, b, c)
    if under <= 0:
        return [] if under else [number(middle)]
    return [*_ends(middle, under)]


def plain(expression: Expr, name: str) -> Expr | None:
    """A linear or quadratic expression in expanded form; None for others."""
    known = quadratic(expression, name)
    if known is None or not any(known[:2]):
        return None
    a, b, c = map(number, known)
    return add(multiply(add(multiply(a, Sym(name)), b), Sym(name)), c)


def square_root(expression: Expr, name: str) -> Expr | None:
    """The linear expression whose square it is; None if there is none."""
    known = quadratic(expression, name)
    if known is None or known[0] <= 0:
        return None
    middle, under = _middle(*known)
    return None if under else multiply(root(Num(known[0])), add(Sym(name), number(-middle)))


def _middle(a: Fraction, b: Fraction, c: Fraction) -> tuple[Fraction, Fraction]:
    """The midpoint of both roots, and their squared distance from it."""
    return -b / (2 * a), (b * b - 4 * a * c) / (4 * a * a)


def _ends(middle: Fraction, under: Fraction) -> tuple[Expr, Expr]:
    """Both roots, from their midpoint and squared distance."""
    top, bottom = math.isqrt(under.numerator), math.isqrt(under.denominator)
    if top * top == under.numerator and bottom * bottom == under.denominator:
        apart = Fraction(top, bottom)
        return number(middle - apart), number(middle + apart)
    distance = root(Num(under))
    return add(number(middle), multiply(number(-1), distance)), add(number(middle), distance)
