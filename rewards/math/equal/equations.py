r"""Compare equations with each other, and with the value that they state: `5 \cdot 2 = 10` is 10.

`same` compares two values.

Unions of curves may be written in several ways: `y = \pm 2x` equals `y^2 = 4x^2`, and the list `2x - y = 0`,
`2x + y = 0`. Equations in one variable stand for their solutions, a list of numbers.

Example:
    >>> from rewards.math import budget
    >>> from rewards.math.parse.reading import readings
    >>> budget.begin()
    >>> one, other, third = (readings(text)[0] for text in (r"y = \pm 2x", "y^2 = 4x^2", "y = 2x"))
    >>> are_same_curves(one, other), are_same_curves(one, third)
    (True, False)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise, permutations
from typing import TypeAlias

from rewards.math.equal import decide, zeros
from rewards.math.equal.decide import Answer, all_of, any_of
from rewards.math.equal.formulas import is_formula
from rewards.math.expressions import Expr, Sym, add, free_variables, has_signs, multiply, negative, with_sign
from rewards.math.normalise import polynomials
from rewards.math.normalise.exact import NO_FORM, form_of
from rewards.math.values import Equation, Many, Named, Scalar, Terms, Value

_MOST_MEMBERS = 4
_Same: TypeAlias = Callable[[Value, Value, Terms], Answer]


def zero_form(value: Value) -> Expr | None:
    """An equation as an expression that is zero; None if it is not an equation."""
    if isinstance(value, Named) and value.expression is not None and isinstance(value.value, Scalar):
        return add(value.expression, negative(value.value.expression))
    if isinstance(value, Equation) and len(value.members) == 2:
        return add(value.members[0], negative(value.members[1]))
    return None


def as_equations(gold: Value, answer: Value) -> Answer:
    left, right = zero_form(gold), zero_form(answer)
    if left is None or right is None:
        return Answer.NO
    if not free_variables(left) and not free_variables(right):  # `e = 5` and `e = 2` differ although both are false
        return all_of(decide.same(*pair) for pair in zip(_sides(gold), _sides(answer), strict=True))
    return zeros.same_equation(left, right)


def _sides(value: Value) -> tuple[Expr, ...]:
    if isinstance(value, Equation):
        return value.members
    assert isinstance(value, Named)
    assert value.expression is not None
    assert isinstance(value.value, Scalar)
    return value.expression, value.value.expression


def worked(gold: Value, answer: Equation, terms: Terms, same: _Same) -> Answer:
    """Whether an equation such as `5·2 = 10` is true and its last member equals the gold."""
    if len(answer.members) == 2 and isinstance(answer.members[1], Sym) and not free_variables(answer.members[0]):
        return same(gold, Scalar(answer.members[0]), terms)  # `5 = x`
    members = answer.members[1:] if is_formula(answer.members) else answer.members
    steps = all_of(decide.same(*pair) for pair in pairwise(members))
    if steps is not Answer.YES:
        return steps
    return same(gold, Scalar(members[-1]), terms)


def true_gold(gold: Equation, answer: Value, terms: Terms, same: _Same) -> Answer:
    r"""Compare with a gold that states one value in several forms: any form; for a formula and its value, the value.

    A gold that is false as parsed uses a special notation on its left, such as `\left(\frac{3}{7}\right) = -1`.
    """
    if is_formula(gold.members):
        return same(Scalar(gold.members[-1]), answer, terms)
    if all_of(decide.same(*pair) for pair in pairwise(gold.members)) is not Answer.YES:
        unknown = any(map(free_variables, gold.members))
        return Answer.NO if unknown else same(Scalar(gold.members[-1]), answer, terms)
    return any_of(same(Scalar(member), answer, terms) for member in gold.members)


def same_equations(gold: Equation, answer: Equation, terms: Terms, same: _Same) -> Answer:
    if any(map(free_variables, (*gold.members, *answer.members))):
        found = as_equations(gold, answer)
    else:  # false equations of numbers have no solutions, but differ from each other
        links = all_of(decide.same(*pair) for pair in pairwise(gold.members))
        found = worked(Scalar(gold.members[-1]), answer, terms, same) if links is Answer.YES else links
    if found is Answer.YES or len(gold.members) != len(answer.members):
        return found
    if len(gold.members) > 2 and _are_same_system(gold, answer):
        return Answer.YES
    if len(gold.members) > _MOST_MEMBERS:
        return all_of(decide.same(*pair) for pair in zip(gold.members, answer.members, strict=True))
    orders = permutations(answer.members) if len(gold.members) > 2 else (answer.members,)
    return any_of(all_of(decide.same(*pair) for pair in zip(gold.members, order, strict=True)) for order in orders)


def _are_same_system(gold: Equation, answer: Equation) -> bool:
    r"""Whether `\frac{x}{2} = \frac{y}{3} = z` and `3x = 2y = 6z` are proven to be equivalent.

    They are if each difference of two members is a combination of those of the other side.
    """
    found = [[form_of(add(one, negative(other))) for one, other in pairwise(each.members)] for each in (gold, answer)]
    known = [[form.top for form in forms if form is not None and form.bottom == polynomials.ONE] for forms in found]
    if any(len(ours) != len(gold.members) - 1 for ours in known):
        return False
    try:
        return polynomials.spanned(known[0]) == polynomials.spanned(known[1])
    except NO_FORM:
        return False


# --- unions of curves -------------------------------------------------------------------------------------------------

_MOST_CURVES = 6


def are_same_curves(gold: Value, answer: Value) -> bool:
    """Whether both are proven to be the same curves, if at least one side has several."""
    if not (_may_be_several(gold) or _may_be_several(answer)):
        return False
    ours, theirs = _zeros(gold), _zeros(answer)
    if max(len(ours), len(theirs)) < 2 or not 1 <= min(len(ours), len(theirs)) <= _MOST_CURVES:
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
            yield from (zero,) if not has_signs(zero) else (with_sign(zero, upper=True), with_sign(zero, upper=False))
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
