r"""Compare sums, products and integrals that differ in the bound variable, the start index, or the form of a term.

`\sum_{k=1}^\infty \frac{x^k}{k}` equals `\sum_{n=0}^\infty \frac{x^{n+1}}{n+1}`: shifted to start at 0, their terms are
equal.

Example:
    >>> from rewards.math.parse.reading import readings
    >>> one, other = (readings(text)[0].expression for text in (r"\sum_{k=1}^9 k!", r"\sum_{n=0}^8 (1+n)!"))
    >>> alike(one, other)
    True
"""

from __future__ import annotations

from rewards.math.expressions import (
    BINDING,
    INFINITY,
    MINUS_ONE,
    ZERO,
    Expr,
    Num,
    Op,
    Sym,
    add,
    free_variables,
    has_any,
    in_order,
    multiply,
    negative,
    number,
    power,
    substituted,
    walk,
)
from rewards.math.normalise.exact import quadratic, same_in_form

WHOLE = frozenset("jklmnKLMN")
"""Letters that denote integers if they are rounded or an exponent of -1."""
_WITH_TERMS = ("sum", "prod", "int")


def alike(gold: Expr, answer: Expr) -> bool:
    """Whether two expressions are proven equal after normalising their sums; False means "not proven"."""
    if not (has_any(gold, BINDING) and has_any(answer, BINDING)):
        return False
    a, b = _renamed(gold, 0), _renamed(answer, 0)
    if in_order(a) == in_order(b):
        return True
    if not (isinstance(a, Op) and isinstance(b, Op) and a.name == b.name and a.name in _WITH_TERMS):
        return False
    if len(a.args) != len(b.args) or a.args[1] != b.args[1]:
        return False
    return all(same_in_form(*pair) for pair in zip((*a.args[2:], a.args[0]), (*b.args[2:], b.args[0]), strict=True))


def counts(expression: Expr) -> frozenset[str]:
    """The integer variables of an expression: in bounds of sums and products, in double factorials, and letters of
    `WHOLE` that are rounded.
    """
    found: frozenset[str] = frozenset()
    for one in walk(expression):
        if isinstance(one, Op) and one.name in ("floor", "ceil"):
            found |= free_variables(one) & WHOLE
        if isinstance(one, Op) and one.name in ("sum", "prod", "!!"):
            found = found.union(*map(free_variables, one.args if one.name == "!!" else one.args[2:]))
    return found


def _renamed(expression: Expr, depth: int) -> Expr:
    """Rename bound variables to unique names, and shift sums and products to start at 0."""
    if not isinstance(expression, Op):
        return expression
    if expression.name not in BINDING or len(expression.args) < 3 or not isinstance(expression.args[1], Sym):
        return Op(expression.name, tuple(_renamed(arg, depth) for arg in expression.args))
    body, variable, *bounds = expression.args
    assert isinstance(variable, Sym)
    name = Sym(f"bound {depth}")
    instead: Expr = name
    is_sum = expression.name in ("sum", "prod")
    if is_sum and len(bounds) == 2 and isinstance(first := bounds[0], Num) and first.value:
        instead = add(name, first)
        bounds = [ZERO, bounds[1] if bounds[1] == INFINITY else _less(bounds[1], first)]
    body = substituted(_renamed(body, depth + 1), variable.name, instead)
    if is_sum:
        body = _with_signs(body, name.name)
    return Op(expression.name, (body, name, *(_renamed(one, depth) for one in bounds)))


def _less(value: Expr, by: Num) -> Expr:
    return number(value.value - by.value) if isinstance(value, Num) else add(value, negative(by))


def _with_signs(expression: Expr, index: str) -> Expr:
    """Rewrite `(-1)^{n+3}` as `-(-1)^n`, for an integer n."""
    if not isinstance(expression, Op):
        return expression
    args = tuple(_with_signs(arg, index) for arg in expression.args)
    if expression.name != "^" or args[0] != MINUS_ONE:
        return Op(expression.name, args)
    found = quadratic(args[1], index)
    if found is None or found[0] or any(one.denominator != 1 for one in found):
        return Op(expression.name, args)
    _square, slope, offset = (one.numerator for one in found)
    sign = number((-1) ** (offset % 2))
    if slope % 2 == 0:
        return sign
    return multiply(sign, power(MINUS_ONE, Sym(index)))
