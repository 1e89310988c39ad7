r"""Compare unions of curves: `y = \pm 2x` equals `y^2 = 4x^2`, and the list `2x - y = 0`, `2x + y = 0`.

Only for equations in several variables: equations in one variable stand for their solutions, a list of numbers.

Example:
    >>> from rewards.math import budget
    >>> from rewards.math.parse.reading import readings
    >>> budget.begin()
    >>> one, other, third = (readings(text)[0] for text in (r"y = \pm 2x", "y^2 = 4x^2", "y = 2x"))
    >>> are_the_same(one, other), are_the_same(one, third)
    (True, False)
"""

from __future__ import annotations

from collections.abc import Iterator

from rewards.math.equal import zeros
from rewards.math.equal.decide import Answer
from rewards.math.expressions import Expr, Op, add, free_variables, has_signs, multiply, negative
from rewards.math.values import Equation, Many, Named, Scalar, Value

_MOST = 6


def are_the_same(gold: Value, answer: Value) -> bool:
    """Whether both are proven to be the same curves, if at least one side has several."""
    if not (_may_be_several(gold) or _may_be_several(answer)):
        return False
    ours, theirs = _zeros(gold), _zeros(answer)
    if max(len(ours), len(theirs)) < 2 or not 1 <= min(len(ours), len(theirs)) <= _MOST:
        return False
    return zeros.same_equation(multiply(*ours), multiply(*theirs)) is Answer.YES


def _may_be_several(value: Value) -> bool:
    return isinstance(value, Many | Equation) or (isinstance(value, Named) and isinstance(value.value, Many))


def _zeros(value: Value) -> list[Expr]:
    """An expression for each curve that is zero on it; empty if unknown, or if all have only one variable."""
    found = list(_each(value))
    zeros = [zero for zero in found if zero is not None]
    if len(zeros) < len(found) or not all(map(free_variables, zeros)):
        return []
    return zeros if any(len(free_variables(zero)) > 1 for zero in zeros) else []


def _each(value: Value) -> Iterator[Expr | None]:
    match value:
        case Named(expression=left, value=Scalar(expression=right)) if left is not None and not value.parameters:
            yield add(left, negative(right))
        case Named(expression=left, value=Many(items=items, opening="")) if left is not None:
            for item in items:
                yield add(left, negative(item.expression)) if isinstance(item, Scalar) else None
        case Equation(members=(left, right)):
            zero = add(left, negative(right))
            yield from (zero,) if not has_signs(zero) else (_with_sign(zero, 1), _with_sign(zero, -1))
        case Many(items=items, opening="") if value.hedged or _is_one_name(value):
            for item in items:
                yield from _each(item)
        case _:
            yield None


def _is_one_name(value: Many) -> bool:
    """Whether a list such as `y = 2x, y = -2x` means two lines, not a system of equations."""
    return len({item.name if isinstance(item, Named) else "" for item in value.items} - {""}) == 1 and all(
        isinstance(item, Named) for item in value.items
    )


def _with_sign(expression: Expr, sign: int) -> Expr:
    if not isinstance(expression, Op):
        return expression
    args = tuple(_with_sign(arg, sign) for arg in expression.args)
    if expression.name not in ("pm", "mp"):
        return Op(expression.name, args)
    return args[0] if (sign > 0) == (expression.name == "pm") else negative(args[0])
