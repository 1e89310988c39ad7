r"""Compare functions up to arbitrary constants in which they are linear: antiderivatives and general solutions.

`\frac12\sin^2 x + C` and `-\frac14\cos 2x + C` differ by a number; `C_1 e^x + C_2 e^{-x}` equals `A\cosh x + B\sinh x`.
Two are the same family if the functions multiplied by their constants span the same space, and their parts without
constants differ by an element of it. Coefficients are estimated from values and then proven.

Example:
    >>> from rewards.math import budget
    >>> from rewards.math.parse.reading import readings
    >>> budget.begin()
    >>> gold, answer, other = (readings(text)[0] for text in (r"\ln|x| + C", r"\ln|2x| + C", r"\ln|x + 1| + C"))
    >>> are_one_family(gold, answer, frozenset("C"), frozenset("C")), are_one_family(gold, other, *2 * [frozenset("C")])
    (True, False)
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from rewards.math.equal import decide, numeric
from rewards.math.equal.decide import Answer
from rewards.math.expressions import (
    IMAGINARY_UNIT,
    ONE,
    ZERO,
    Expr,
    Num,
    Sym,
    add,
    divide,
    free_variables,
    multiply,
    negative,
    substituted,
)
from rewards.math.normalise import polynomials
from rewards.math.normalise.derivation import derivative
from rewards.math.values import Named, Scalar, Value

_POINTS = tuple(Num(Fraction(*pair)) for pair in ((1, 1), (2, 3), (7, 5), (1, 7), (11, 4), (3, 2)))
_BOTH_SIDES = (*_POINTS, *(Num(-point.value) for point in _POINTS))
_LARGEST_BOTTOM = 60
_PARTS = tuple(Num(Fraction(1, bottom)) for bottom in range(1, 13))
_CLOSE = Fraction(1, 10**25)


def are_one_family(gold: Value, answer: Value, own: frozenset[str], others: frozenset[str]) -> bool:
    """Whether two functions of one variable are proven to be the same family. own, others: their constants."""
    one, other = _expression(gold), _expression(answer)
    if one is None or other is None or len(own) != len(others):
        return False
    letters = free_variables(one) - own
    if len(letters) != 1 or free_variables(other) - others != letters:
        return False
    (letter,) = letters
    ours, theirs = parts(one, sorted(own)), parts(other, sorted(others))
    if ours is None or theirs is None:
        return False
    rest = add(theirs[0], negative(ours[0]))
    if not _are_real_together(ours[0], theirs[0], letter):
        return False
    if len(own) == 1:  # `\frac{x^3 + C}{3}` is usual, `2C` is not
        is_part = any(decide.same(theirs[1], multiply(one, ours[1])) is Answer.YES for one in _PARTS)
        return is_part and _is_number(divide(rest, ours[1]), letter)
    rows = [_combination(part, ours[1:], letter) for part in theirs[1:]]
    if any(row is None for row in rows) or _combination(rest, ours[1:], letter) is None:
        return False
    return numeric.are_independent([row for row in rows if row is not None])


def _expression(value: Value) -> Expr | None:
    if isinstance(value, Named):
        value = value.value
    return value.expression if isinstance(value, Scalar) and value.unit.is_nothing else None


def parts(expression: Expr, names: Sequence[str]) -> list[Expr] | None:
    """The part without constants, then the factor of each constant; None if not proven to be linear in them."""
    bare = _with(expression, names, "")
    found = [add(_with(expression, names, name), negative(bare)) for name in names]
    whole = add(bare, *(multiply(Sym(name), part) for name, part in zip(names, found, strict=True)))
    return [bare, *found] if decide.same(expression, whole) is Answer.YES else None


def _with(expression: Expr, names: Sequence[str], single: str) -> Expr:
    """Substitute 1 for one of the names, and 0 for the others."""
    for name in names:
        expression = substituted(expression, name, ONE if name == single else ZERO)
    return expression


def _is_number(expression: Expr, letter: str) -> bool:
    """Whether the derivative is proven to be zero."""
    try:
        return decide.same(derivative(expression, letter), ZERO) is Answer.YES
    except polynomials.TooHard:
        return False


def _are_real_together(one: Expr, other: Expr, letter: str) -> bool:
    r"""Whether both are real at the same points, unlike `\ln x` and `\ln|x|`."""
    return all(_is_real(substituted(one, letter, at)) == _is_real(substituted(other, letter, at)) for at in _BOTH_SIDES)


def _is_real(expression: Expr) -> bool:
    try:
        numeric.real_fraction(numeric.value(expression))
    except numeric.NoValue:
        return False
    return True


def _combination(expression: Expr, parts: Sequence[Expr], letter: str) -> list[Any] | None:
    """Coefficients with which the expression is proven to be a combination of the parts; None if there are none."""
    rows, values = [], []
    for point in _POINTS:
        try:
            rows.append([numeric.value(substituted(part, letter, point)) for part in parts])
            values.append(numeric.value(substituted(expression, letter, point)))
        except numeric.NoValue:
            rows = rows[: len(values)]
        if len(values) == len(parts):
            break
    else:
        return None
    solved = numeric.solution(rows, values)
    if solved is None:
        return None
    try:
        numbers = [_rational(one) for one in solved]
    except numeric.NoValue:
        return None
    if None in numbers:
        return None
    whole = add(ZERO, *(multiply(one, part) for one, part in zip(numbers, parts, strict=True) if one is not None))
    return solved if decide.same(expression, whole) is Answer.YES else None


def _rational(number: Any) -> Expr | None:
    """A complex number with rational parts; None if its parts have no small denominators."""
    found: list[Num] = []
    for part in (number.real, number.imag):
        value = numeric.real_fraction(part) if part else Fraction(0)
        near = value.limit_denominator(_LARGEST_BOTTOM)
        if abs(value - near) > _CLOSE:
            return None
        found.append(Num(near))
    return add(found[0], multiply(IMAGINARY_UNIT, found[1])) if found[1].value else found[0]
