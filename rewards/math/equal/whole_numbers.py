r"""Compare expressions in integer variables: `\lfloor\frac{n+1}{2}\rfloor` equals `\lceil\frac{n}{2}\rceil`.

For n = r modulo L, rounding subtracts a fixed fraction from a polynomial, a power of -1 is a sign, and a cosine of a
multiple of pi is a number. So in each residue class modulo L both sides are polynomials, which agree there if and only
if they are identical. That decides equality in both directions; if a side is not a polynomial, only equality can be
proven.

Example:
    >>> from rewards.math import budget
    >>> from rewards.math.parse.reading import readings
    >>> budget.begin()
    >>> texts = (r"\lfloor\frac{n+1}{2}\rfloor", r"\lceil\frac{n}{2}\rceil", r"\lceil\frac{n+1}{2}\rceil")
    >>> one, same, other = (readings(text)[0].expression for text in texts)
    >>> equal(one, same), equal(one, other)
    (True, False)
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product

from rewards.math.equal.bound import WHOLE
from rewards.math.expressions import (
    MINUS_ONE,
    PI,
    ZERO,
    Const,
    Expr,
    Num,
    Op,
    add,
    free_variables,
    multiply,
    number,
    replaced,
    substituted,
    walk,
)
from rewards.math.normalise import exact, polynomials
from rewards.math.normalise.exact import NO_FORM, same_in_form
from rewards.math.values import Named, Pieces, Scalar, Value, Words

_ROUNDED = frozenset(("floor", "ceil", "mod"))
_WAVES = frozenset(("cos", "sin"))
_MOST_CLASSES = 144

_Classes = dict[str, int]


OTHERWISE = Words("otherwise")
"""The condition of a branch that has none."""


class Unknown(Exception):
    """The expression contains something that this module cannot decide."""


def equal(gold: Expr, answer: Expr) -> bool | None:
    """Whether two expressions are equal for all integers (True) or not (False); None if neither is proven."""
    return _equal(((gold, None),), ((answer, None),))


def same_function(gold: Value, answer: Value) -> bool | None:
    """Like `equal`, for values of which at least one is piecewise, with conditions on residues of its variable."""
    try:
        return _equal(_branches(gold), _branches(answer))
    except Unknown:
        return None


# --- branches ---------------------------------------------------------------------------------------------------------

_Condition = tuple[str, int, int] | None  # (letter, residue, modulus); None = otherwise
_Branches = Sequence[tuple[Expr, _Condition]]


def _branches(value: Value) -> _Branches:
    """Raises Unknown."""
    return [(one, _condition(said)) for one, said in branches_of(value)]


def branches_of(value: Value) -> Iterator[tuple[Expr, Value]]:
    """The expressions of a value with their conditions; without any, it holds otherwise. Raises Unknown."""
    for one, condition in value.branches if isinstance(value, Pieces) else ((value, OTHERWISE),):
        if not isinstance(one, Scalar) or not one.is_bare:
            raise Unknown
        yield one.expression, condition


def _condition(said: Value) -> _Condition:
    match said:
        case Words("otherwise"):
            return None
        case Words(text) if text[:-4].strip() in WHOLE and text.endswith("even"):
            return text[:-4].strip(), 0, 2
        case Words(text) if text[:-3].strip() in WHOLE and text.endswith("odd"):
            return text[:-3].strip(), 1, 2
        case Named(name=name, value=residue) if name in WHOLE:
            match getattr(residue, "items", ()):
                case (Scalar(expression=Num(left)), Scalar(expression=Num(modulus))) if modulus > 0:
                    return name, int(left), int(modulus)
    raise Unknown


def _chosen(branches: _Branches, classes: _Classes) -> Expr:
    """The branch that applies in a residue class. Raises Unknown."""
    holding = [one for one, asked in branches if asked is not None and classes[asked[0]] % asked[2] == asked[1]]
    holding = holding or [one for one, asked in branches if asked is None]
    if len(holding) != 1:
        raise Unknown
    return holding[0]


# --- classes ----------------------------------------------------------------------------------------------------------


def _equal(gold: _Branches, answer: _Branches) -> bool | None:
    try:
        expressions = [one for one, _asked in (*gold, *answer)]
        asked = [condition for _one, condition in (*gold, *answer) if condition is not None]
        periods = [period for one in expressions for period in _periods(one)] + [one[2] for one in asked]
        if not periods:
            return None
        names = frozenset().union(*map(free_variables, expressions)) | {one[0] for one in asked}
        period = math.lcm(*periods)
        if not names or not names <= WHOLE or period ** len(names) > _MOST_CLASSES:
            return None
        found: list[bool | None] = []
        for residues in product(range(period), repeat=len(names)):
            classes = dict(zip(sorted(names), residues, strict=True))
            pair = (_in_class(_chosen(branches, classes), classes) for branches in (gold, answer))
            found.append(_same_polynomial(*pair))
            if found[-1] is not True:
                return found[-1]
    except (Unknown, *NO_FORM):
        return None
    return True


def _same_polynomial(one: Expr, other: Expr) -> bool | None:
    a, b = exact.normal(one), exact.normal(other)
    if polynomials.same_form(a, b):
        return True
    return False if _is_polynomial(a) and _is_polynomial(b) else None


def _is_polynomial(form: polynomials.Form) -> bool:
    return form.bottom == polynomials.ONE and all(
        name[0] == "x" and exponent > 0 and exponent.denominator == 1
        for monomial in form.top
        for name, exponent in monomial
    )


def _periods(expression: Expr) -> Iterator[int]:
    """Yield the periods of the parts of an expression that depend on residues of its letters."""
    for one in walk(expression):
        if not isinstance(one, Op):
            continue
        if (argument := _argument(one)) is not None and free_variables(argument):
            if _is_sign(one) or one.name in _WAVES:
                yield 2 * _bottom(argument)
            elif one.name in _ROUNDED and not any(isinstance(i, Op) and i.name in _ROUNDED for i in walk(argument)):
                yield _bottom(argument)


def _argument(one: Op) -> Expr | None:
    """The argument of a rounding, the exponent of -1, or the factor of pi in a cosine; None for others."""
    if one.name in ("floor", "ceil"):
        return one.args[0]
    if one.name == "mod" and isinstance(one.args[1], Num) and one.args[1].value > 0:
        return multiply(Num(1 / one.args[1].value), one.args[0])
    if _is_sign(one):
        return one.args[1]
    if one.name in _WAVES and any(isinstance(part, Const) and part == PI for part in walk(one.args[0])):
        return _with_pi(one.args[0], number(1)) if _is_of_pi(one.args[0]) else None
    return None


def _with_pi(expression: Expr, value: Expr) -> Expr:
    return replaced(expression, lambda one: value if one == PI else None)


def _is_of_pi(angle: Expr) -> bool:
    """Whether an angle is a multiple of pi."""
    return same_in_form(_with_pi(angle, ZERO), ZERO)


def _is_sign(one: Op) -> bool:
    return one.name == "^" and one.args[0] == MINUS_ONE


def _bottom(argument: Expr) -> int:
    """The common denominator of a polynomial. Raises Unknown, TooHard."""
    form = exact.normal(argument)
    if not _is_polynomial(form):
        raise Unknown
    return math.lcm(*(value.denominator for value in form.top.values())) if form.top else 1


def _in_class(expression: Expr, classes: _Classes) -> Expr:
    """The expression restricted to a residue class of its letters."""
    if not isinstance(expression, Op):
        return expression
    argument = _argument(expression)
    if argument is None or not free_variables(argument):
        return Op(expression.name, tuple(_in_class(arg, classes) for arg in expression.args))
    left = _value(argument, classes)
    if _is_sign(expression):
        if left.denominator != 1:
            raise Unknown
        return number((-1) ** (left.numerator % 2))
    if expression.name in _WAVES:
        return Op(expression.name, (multiply(Num(left % 2), PI),))
    if expression.name == "mod":
        assert isinstance(expression.args[1], Num)
        return Num(left % 1 * expression.args[1].value)
    rounded = math.floor(left) if expression.name == "floor" else math.ceil(left)
    return add(argument, Num(rounded - left))


def _value(argument: Expr, classes: _Classes) -> Fraction:
    for name, residue in classes.items():
        argument = substituted(argument, name, number(residue))
    value = exact.normal(argument).rational
    if value is None:
        raise Unknown
    return value
