r"""Compare piecewise functions with each other and with expressions: `|x|` is `x` for `x \ge 0` and `-x` for `x < 0`.

The real line is cut at the ends of all conditions. On each part, and at each cut, each side has one expression, and
these must be proven equal. Absolute values are replaced by the sign of their argument, after further cuts at its zeros.
Conditions on two variables are conditions on their difference: `a \le b` on `a - b`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cmp_to_key
from typing import TypeAlias

from rewards.math.equal import decide, numeric, quadratics, sets, whole_numbers
from rewards.math.equal.decide import Answer, all_of, yes_if
from rewards.math.equal.whole_numbers import OTHERWISE, Unknown, branches_of
from rewards.math.expressions import (
    HALF,
    INFINITY,
    MINUS_INFINITY,
    MINUS_ONE,
    ONE,
    ZERO,
    Expr,
    Num,
    Op,
    Sym,
    add,
    divide,
    free_variables,
    multiply,
    negative,
    number,
    renamed,
    replaced,
    substituted,
    walk,
)
from rewards.math.normalise.exact import form_of, linear
from rewards.math.values import Inequality, Interval, Many, Named, Pieces, Scalar, Value, Words

_Same: TypeAlias = Callable[[Value, Value], Answer]
_Branch: TypeAlias = tuple[Expr, Value]
_Part: TypeAlias = tuple[Expr, list[Interval]]

_DIFFERENCE = "the difference"
_MOST_CUTS = 20
_TWO = number(2)


def same_pieces(gold: Pieces, answer: Pieces, same: _Same) -> Answer:
    """Whether both are the same function, or have the same pieces with the same conditions."""
    found = same_function(gold, answer)
    return Answer.YES if found is not Answer.YES and _are_the_same(gold, answer, same) else found


def _are_the_same(gold: Pieces, answer: Pieces, same: _Same) -> bool:
    if len(gold.branches) != len(answer.branches):
        return False
    left = list(answer.branches)
    for value, condition in gold.branches:
        for at, (other, beside) in enumerate(left):
            if same(condition, beside) is Answer.YES and same(value, other) is Answer.YES:
                del left[at]
                break
        else:
            return False
    return True


def with_names(value: Pieces, names: dict[str, str]) -> Pieces:
    """Rename variables in values and conditions."""
    return Pieces(tuple((_named(one, names), _named(condition, names)) for one, condition in value.branches))


def _named(value: Value, names: dict[str, str]) -> Value:
    match value:
        case Scalar():
            return replace(value, expression=renamed(value.expression, names))
        case Inequality():
            return replace(value, members=tuple(renamed(one, names) for one in value.members))
        case Many():
            return replace(value, items=tuple(_named(one, names) for one in value.items))
        case Named(name=name, value=inner, expression=Sym()) if not value.parameters:
            return Named(names.get(name, name), _named(inner, names), Sym(names.get(name, name)))
    return value


def same_function(gold: Value, answer: Value) -> Answer:
    """Whether two functions, at least one of them piecewise, have the same values everywhere."""
    if (of_whole_numbers := whole_numbers.same_function(gold, answer)) is not None:
        return yes_if(of_whole_numbers)
    try:
        ours, theirs = _branches(gold), _branches(answer)
        name = _of_one_letter(ours, theirs)
        return _compared(_parts(ours, name), _parts(theirs, name), name)
    except sets.Unsolved:
        return Answer.UNDECIDED
    except (Unknown, sets.NoRegion):
        return Answer.NO


def _branches(value: Value) -> list[_Branch]:
    """The expressions of a value with their conditions. Raises Unknown."""
    return [(_with_moduli(one), condition) for one, condition in branches_of(value)]


def _with_moduli(expression: Expr) -> Expr:
    r"""Rewrite `max`, `min` and `\sqrt{x^2}` with absolute values."""
    if not isinstance(expression, Op):
        return expression
    args = tuple(map(_with_moduli, expression.args))
    match expression.name, args:
        case "max" | "min", (a, b):
            distance = Op("abs", (add(a, negative(b)),))
            return multiply(HALF, add(a, b, distance if expression.name == "max" else negative(distance)))
        case "root", (Op(name="^", args=(base, two)), degree) if two == degree == _TWO:
            return Op("abs", (base,))
        case "root", (inner, degree) if degree == _TWO and len(names := free_variables(inner)) == 1:
            squared = quadratics.square_root(inner, min(names))
            return Op("root", args) if squared is None else Op("abs", (squared,))
    return Op(expression.name, args)


# --- one letter -------------------------------------------------------------------------------------------------------


def _of_one_letter(ours: list[_Branch], theirs: list[_Branch]) -> str:
    """The variable of all conditions; if they have several, the name of their difference. Raises Unknown."""
    names = frozenset().union(*(_variables(condition) for _value, condition in (*ours, *theirs)))
    if len(names) == 1:
        return min(names)
    conditions = [condition for _value, condition in (*ours, *theirs) if isinstance(condition, Inequality)]
    if not names or not conditions or len(conditions[0].members) != 2:
        raise Unknown
    left, right = conditions[0].members
    name = min(free_variables(left) | free_variables(right))
    rest = add(left, negative(right))
    offset = substituted(rest, name, ZERO)
    slope = _number(add(substituted(rest, name, ONE), negative(offset)))
    instead = divide(add(Sym(_DIFFERENCE), negative(offset)), Num(slope))
    for branches in (ours, theirs):
        branches[:] = [(substituted(value, name, instead), _within(one, name, instead)) for value, one in branches]
    return _DIFFERENCE


def _number(expression: Expr) -> Fraction:
    """The value of a nonzero rational number. Raises Unknown."""
    form = form_of(expression)
    if form is None or not form.rational:
        raise Unknown
    return form.rational


def _variables(condition: Value) -> frozenset[str]:
    match condition:
        case Inequality(members=members):
            return frozenset().union(*map(free_variables, members))
        case Named(name=name, value=Scalar(expression=value)):
            return free_variables(value) | {name}
        case Many(items=items):
            return frozenset().union(*map(_variables, items))
        case Words() if condition == OTHERWISE:
            return frozenset()
    raise Unknown


def _within(condition: Value, name: str, instead: Expr) -> Value:
    """Rewrite a condition in terms of the difference. Raises Unknown."""
    if condition == OTHERWISE:
        return condition
    if not isinstance(condition, Inequality) or len(condition.members) != 2:
        raise Unknown
    left, right = (substituted(one, name, instead) for one in condition.members)
    line = linear(add(left, negative(right)), _DIFFERENCE)
    if line is None:
        raise Unknown
    return Inequality((multiply(Num(line[0]), Sym(_DIFFERENCE)), Num(-line[1])), condition.relations)


# --- parts of the line ------------------------------------------------------------------------------------------------


def _parts(branches: list[_Branch], name: str) -> list[_Part]:
    """The expressions with the intervals on which they hold. Raises sets.NoRegion, Unknown."""
    known = [(value, sets.region(condition)) for value, condition in branches if condition != OTHERWISE]
    others = [value for value, condition in branches if condition == OTHERWISE]
    if len(others) > 1 or any(_variables(condition) - {name} for _value, condition in branches):
        raise Unknown
    covered = sets.joined([interval for _value, intervals in known for interval in intervals])
    return [*known, *((value, sets.complement(covered)) for value in others)]


def _compared(ours: list[_Part], theirs: list[_Part], name: str) -> Answer:
    cuts = _cuts([*ours, *theirs])
    found: list[Answer] = []
    for low, high in _atoms(cuts):
        own, others = (
            [value for value, intervals in parts if _holds(intervals, low, high) and _has_value(value, name, low, high)]
            for parts in (ours, theirs)
        )
        if bool(own) != bool(others):
            return Answer.NO
        found.append(all_of(_agree(one, other, name, low, high) for one in own for other in others))
        if found[-1] is Answer.NO:
            return Answer.NO
    return all_of(found)


def _cuts(parts: Sequence[_Part]) -> list[Expr]:
    """The ends of the intervals, sorted."""
    ends = [end for _value, intervals in parts for one in intervals for end in (one.low, one.high)]
    finite = [end for end in ends if not decide.sign_of_infinity(end)]
    kept: list[Expr] = []
    for end in sorted(finite, key=cmp_to_key(sets.compare)):
        if not kept or sets.compare(kept[-1], end) < 0:
            kept.append(end)
    if len(kept) > _MOST_CUTS:
        raise Unknown
    return kept


def _atoms(cuts: Sequence[Expr]) -> Iterator[tuple[Expr, Expr]]:
    """Yield the cuts as points, and the open intervals between them, from minus infinity on."""
    low: Expr = MINUS_INFINITY
    for cut in cuts:
        yield low, cut
        yield cut, cut
        low = cut
    yield low, INFINITY


def _holds(intervals: Sequence[Interval], low: Expr, high: Expr) -> bool:
    """Whether a part of the line that contains no end lies in one of the intervals."""
    is_point = low == high
    for one in intervals:
        below, above = sets.compare(one.low, low), sets.compare(high, one.high)
        if is_point and ((below == 0 and not one.low_closed) or (above == 0 and not one.high_closed)):
            continue
        if below <= 0 and above <= 0:
            return True
    return False


def _has_value(value: Expr, name: str, low: Expr, high: Expr) -> bool:
    """Whether the expression is defined there (no division by zero)."""
    if low != high or free_variables(value) - {name}:
        return True
    try:
        numeric.value(substituted(value, name, low))
    except numeric.NoValue:
        return False
    return True


def _agree(one: Expr, other: Expr, name: str, low: Expr, high: Expr) -> Answer:
    """Whether two expressions are proven equal at a point, or between two points."""
    if low == high:
        known = [_has_value(side, name, low, high) for side in (one, other)]
        if not all(known):
            return yes_if(not any(known))
        return decide.same(substituted(one, name, low), substituted(other, name, low))
    inner = _in_a_modulus(one, name) or _in_a_modulus(other, name)
    plain = None if inner is None else quadratics.plain(inner, name)
    if inner is None or plain is None:
        return decide.same(one, other)
    for zero in quadratics.zeros(plain, name) or ():
        if sets.compare(low, zero) < 0 and sets.compare(zero, high) < 0:
            parts = ((low, zero), (zero, zero), (zero, high))
            return all_of(_agree(one, other, name, *part) for part in parts)
    is_negative = sets.compare(substituted(plain, name, _between(low, high)), ZERO) < 0
    signed = negative(inner) if is_negative else inner
    modulus = Op("abs", (inner,))
    own, others = (replaced(side, lambda part: signed if part == modulus else None) for side in (one, other))
    return _agree(own, others, name, low, high)


def _in_a_modulus(expression: Expr, name: str) -> Expr | None:
    """The argument of an absolute value that contains no other one and has degree 1 or 2; None if there is none."""
    for one in walk(expression):
        if isinstance(one, Op) and one.name == "abs" and quadratics.plain(one.args[0], name) is not None:
            return one.args[0]
    return None


def _between(low: Expr, high: Expr) -> Expr:
    if decide.sign_of_infinity(low):
        return ZERO if decide.sign_of_infinity(high) else add(high, MINUS_ONE)
    return add(low, ONE) if decide.sign_of_infinity(high) else multiply(HALF, add(low, high))
