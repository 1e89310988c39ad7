r"""Compare equations by their solutions: `|x| = 2` equals `x^2 = 4`, and `x^2 = 4` equals `x = \pm 2`.

Example:
    >>> from rewards.math import budget
    >>> budget.begin()
    >>> x, two = Sym("x"), Num(Fraction(2))
    >>> same_equation(add(Op("abs", (x,)), negative(two)), add(power(x, two), Num(Fraction(-4))))
    <Answer.YES: 'yes'>
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

from rewards.math.equal import engine, numeric
from rewards.math.equal.decide import Answer, yes_if
from rewards.math.expressions import (
    ZERO,
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
)
from rewards.math.normalise import exact, polynomials
from rewards.math.normalise.exact import NO_FORM
from rewards.math.values import Many, Named, Scalar, Value

_MOST_ROOTS = 40
_POINTS = (Fraction(13, 7), Fraction(2, 11), Fraction(29, 9), Fraction(5, 3))


def same_equation(a: Expr, b: Expr) -> Answer:
    """Whether two expressions have the same zeros, as one is a nonzero multiple of the other."""
    if free_variables(a) != free_variables(b):
        return Answer.NO
    a, b = _squared(a), _squared(b)
    try:
        ours, theirs = exact.normal(a), exact.normal(b)
        if not ours.top or not theirs.top:  # identically true, or never
            return yes_if(not ours.top and not theirs.top)
        if _hides_zeros(ours, theirs) or _hides_zeros(theirs, ours):
            return Answer.NO
        if polynomials.ratio(_cleared(ours.top), _cleared(theirs.top)):
            return Answer.YES
        ratio = polynomials.over(ours, theirs)
        if not polynomials.free_of_variables(ratio):
            if not (_is_polynomial(ours) or _is_polynomial(theirs)) and _is_no_multiple(a, b):
                return Answer.NO
            reduced = engine.constant_ratio(a, b)
            return Answer.UNDECIDED if reduced is None else yes_if(reduced)
        return Answer.YES
    except NO_FORM:
        found = engine.constant_ratio(a, b)
        return Answer.UNDECIDED if found is None else yes_if(found)


def _is_polynomial(form: polynomials.Form) -> bool:
    """Whether the form is a polynomial in variables."""
    return all(
        name[0] in ("p", "i", "pi") or (name[0] == "x" and exponent.denominator == 1)
        for poly in (form.top, form.bottom)
        for monomial in poly
        for name, exponent in monomial
    )


def _is_no_multiple(a: Expr, b: Expr) -> bool:
    """Whether the ratio of values differs between two points."""
    names = sorted(free_variables(a))
    known = []
    for shift in range(len(_POINTS)):
        at = {name: _POINTS[(shift + k) % len(_POINTS)] + k for k, name in enumerate(names)}
        try:
            known.append((numeric.value(a, at), numeric.value(b, at)))
        except numeric.NoValue:
            continue
    return any(numeric.differ(x * v, u * y) for (x, y), (u, v) in pairwise(known))


def _squared(zero: Expr) -> Expr:
    r"""Rewrite `|p| - c` as `p^2 - c^2` and `\sqrt{p} - c` as `p - c^2`, which have the same zeros for c >= 0."""
    found = levelled(zero)
    if found is None or found[2] < 0:
        return zero
    return add(_square_of(found[0]) or ZERO, Num(-(found[2] ** 2)))


def levelled(zero: Expr) -> tuple[Op, Fraction, Fraction] | None:
    r"""Split `2|p| - 6` (or with `\sqrt{p}`) into (`|p|`, factor 2, level 3); None for other forms."""
    found, factor, rest = None, Fraction(1), Fraction(0)
    for term in flattened(zero):
        factors = flattened(term, "*")
        numbers = math.prod(one.value for one in factors if isinstance(one, Num))
        others = [one for one in factors if not isinstance(one, Num)]
        if not others:
            rest += numbers
        elif found is None and numbers and len(others) == 1 and _square_of(others[0]) is not None:
            found, factor = others[0], Fraction(numbers)
        else:
            return None
    return None if not isinstance(found, Op) else (found, factor, -rest / factor)


def _square_of(expression: Expr) -> Expr | None:
    """The square of an absolute value or a square root; None for others."""
    match expression:
        case Op(name="abs", args=(inner,)):
            return power(inner, number(2))
        case Op(name="root", args=(inner, Num(value=degree))) if degree == 2:
            return inner
    return None


def _dividing(top: polynomials.Poly) -> set[polynomials.Generator]:
    """The variables with negative exponents."""
    return {name for monomial in top for name, exponent in monomial if exponent < 0 and name[0] == "x"}


def _cleared(top: polynomials.Poly) -> polynomials.Poly:
    """Multiply by the powers of variables in the denominator."""
    for name in _dividing(top):
        lowest = min(dict(monomial).get(name, Fraction(0)) for monomial in top)
        top = polynomials.poly_product(top, {((name, -lowest),): Fraction(1)})
    return top


def _hides_zeros(one: polynomials.Form, other: polynomials.Form) -> bool:
    """Whether one side divides by a variable that the other does not, which may then have more solutions."""
    cleared = _cleared(one.top)
    for name in _dividing(one.top) - _dividing(other.top):
        left = [monomial for monomial in cleared if not dict(monomial).get(name)]
        if any(part[0] == "x" for monomial in left for part, _exponent in monomial):
            return True
    if one.bottom == other.bottom or polynomials.free_of_variables(polynomials.Form(one.bottom, polynomials.ONE)):
        return False
    parts = {monomial for monomial in one.bottom if monomial}
    if len(parts) != 1 or len(next(iter(parts))) != 1 or next(iter(parts))[0][1] != 1:
        return False
    ((((name, _),), slope),) = ((monomial, one.bottom[monomial]) for monomial in parts)
    at = -one.bottom.get((), Fraction(0)) / slope
    there: dict[polynomials.Monomial, Fraction] = {}
    for monomial, value in one.top.items():
        exponent = dict(monomial).get(name, Fraction(0))
        if exponent.denominator != 1 or (exponent < 0 and not at):
            return False
        rest = tuple(pair for pair in monomial if pair[0] != name)
        there[rest] = there.get(rest, Fraction(0)) + value * at ** int(exponent)
    left = [monomial for monomial, value in there.items() if value]
    return not left or any(part[0] == "x" for monomial in left for part, _exponent in monomial)


def _is_in(item: Named) -> bool:
    r"""Whether the item is of the form `x \in \{1, 2\}`."""
    return item.expression is None and item.name.isalpha() and isinstance(item.value, Many) and bool(item.value.opening)


def same_roots(equation: Expr, answer: Value) -> Answer:
    """Whether an answer such as `x = 2 or x = -2` gives all solutions of an equation (an expression that is zero)."""
    items = answer.items if isinstance(answer, Many) and answer.opening in ("", "\\{") else (answer,)
    names, roots = set[str](), list[Expr]()
    if isinstance(answer, Many) and answer.opening and len(free_variables(equation)) == 1:
        names.update(free_variables(equation))
    for item in items:
        if isinstance(item, Scalar) and names:
            roots.append(item.expression)
            continue
        if not isinstance(item, Named) or not (isinstance(item.expression, Sym) or _is_in(item)):
            return Answer.NO
        names.add(item.name)
        several = isinstance(item.value, Many) and item.value.opening in ("", "\\{")
        inner = item.value.items if several and isinstance(item.value, Many) else (item.value,)
        roots += [one.expression for one in inner if isinstance(one, Scalar)]
        if not all(isinstance(one, Scalar) for one in inner):
            return Answer.NO
    if len(names) != 1 or len(roots) > _MOST_ROOTS:
        return Answer.NO
    variable = Sym(min(names))
    return same_equation(equation, multiply(*(add(variable, negative(root)) for root in roots)))
