r"""Compare intervals, unions and inequalities as sets of real numbers.

A region is normalised to sorted disjoint intervals whose ends can be computed. Inequalities in one variable are solved
directly if they are linear or quadratic, in the variable or in an absolute value; else by sympy.
"""

from __future__ import annotations

import math
from fractions import Fraction

from rewards.math.equal import decide, engine, numeric, quadratics, zeros
from rewards.math.equal.decide import Answer, all_of, yes_if
from rewards.math.expressions import (
    INFINITY,
    MINUS_INFINITY,
    ZERO,
    Expr,
    Num,
    Op,
    Sym,
    add,
    divide,
    free_variables,
    negative,
    number,
)
from rewards.math.normalise import exact, polynomials
from rewards.math.normalise.exact import NO_FORM, linear
from rewards.math.values import REALS, Inequality, Interval, Many, Meet, Minus, Named, Scalar, Union, Value, Words

_MOST_PARTS = 40
_LEAST = {"all integers": None, "all positive integers": 1, "all nonnegative integers": 0, "all natural numbers": 0}
_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "!=": "!="}


class NoRegion(Exception):
    """Not a set of real numbers, or not one that can be written as intervals."""


class Unsolved(NoRegion):
    """Possibly a set of real numbers, but it could not be solved."""


def same_region(gold: Value, answer: Value) -> Answer:
    """Whether two sets of real numbers are equal."""
    if (of_letters := _same_with_letters(gold, answer)) is Answer.YES:
        return of_letters
    try:
        names = _variables(gold), _variables(answer)
        if all(names) and names[0] != names[1]:
            return Answer.NO
        ours, theirs = region(gold), region(answer)
    except Unsolved:
        return Answer.UNDECIDED
    except NoRegion:
        return Answer.NO
    if len(ours) != len(theirs):
        return Answer.NO
    return all_of(_same_interval(*pair) for pair in zip(ours, theirs, strict=True))


def _same_interval(a: Interval, b: Interval) -> Answer:
    if (a.low_closed, a.high_closed) != (b.low_closed, b.high_closed):
        return Answer.NO
    return all_of(_same_end(*pair) for pair in ((a.low, b.low), (a.high, b.high)))


def _same_with_letters(gold: Value, answer: Value) -> Answer:
    r"""Compare intervals with variables in their ends: `[2k\pi, 2k\pi + \pi]` and `2k\pi \le x \le (2k + 1)\pi`."""
    (name, one), (also, other) = _with_letters(gold), _with_letters(answer)
    if one is None or other is None or (name and also and name != also):
        return Answer.NO
    return _same_interval(one, other)


def _with_letters(value: Value) -> tuple[str, Interval | None]:
    """The variable said to lie in an interval with variables in its ends, and the interval (None if it is not one)."""
    match value:
        case Named(name=name, value=inner):
            return name, _with_letters(inner)[1]
        case Inequality(members=(low, Sym(name), high), relations=("<" | "<=" as left, "<" | "<=" as right)):
            found = Interval(low, high, left == "<=", right == "<=")
        case Many(items=(Scalar(expression=low), Scalar(expression=high)), opening="(" | "[", closing=")" | "]"):
            name, found = "", Interval(low, high, value.opening == "[", value.closing == "]")
        case Interval():
            name, found = "", value
        case _:
            return "", None
    letters = free_variables(found.low) | free_variables(found.high)
    return name, found if letters and name not in letters else None


def _plain(expression: Expr) -> Expr:
    """Replace a function value, `g(x)`, by a variable."""
    if isinstance(expression, Op) and expression.name.endswith("()"):
        return Sym(f"{expression.name[:-2]}({expression.args})")
    return expression


def are_intervals(value: Many) -> bool:
    """Whether the list consists of intervals, at least one of which cannot be a point."""
    pairs = [
        item for item in value.items if isinstance(item, Many) and item.opening in ("(", "[") and len(item.items) == 2
    ]
    if value.opening or len(pairs) != len(value.items):
        return False
    return any(
        {pair.opening, pair.closing} in ({"(", "]"}, {"[", ")"})
        or any(isinstance(end, Scalar) and _infinity(end.expression) for end in pair.items)
        for pair in pairs
    )


def is_condition(value: Value) -> bool:
    """Whether the value consists of joined inequalities."""
    return isinstance(value, Many) and bool(value.items) and all(isinstance(item, Inequality) for item in value.items)


def _same_end(a: Expr, b: Expr) -> Answer:
    infinite = _infinity(a), _infinity(b)
    if any(infinite):
        return yes_if(infinite[0] == infinite[1])
    return decide.same(a, b)


def _infinity(expression: Expr) -> int:
    return decide.sign_of_infinity(expression)


def _variables(value: Value) -> frozenset[str]:
    """The variable of a condition; empty for a set without one."""
    if isinstance(value, Inequality):
        return frozenset().union(*(free_variables(_plain(member)) for member in value.members))
    if isinstance(value, Named):
        return frozenset((value.name,))
    if isinstance(value, Many) and not value.opening:
        return frozenset().union(*map(_variables, value.items))
    return frozenset()


def region(value: Value) -> list[Interval]:
    """The real numbers in a set, or that satisfy a condition, as normalised intervals. Raises NoRegion."""
    return joined(_region(value))


def _region(value: Value) -> list[Interval]:
    if isinstance(value, Interval):
        return [value]
    if isinstance(value, Union):
        return [part for one in value.parts for part in _region(one)]
    if isinstance(value, Inequality):
        return _solved(value)
    if isinstance(value, Named):
        return _region(value.value)
    if isinstance(value, Scalar):
        return [Interval(value.expression, value.expression, True, True)]
    if isinstance(value, Many):
        return _region_of_many(value)
    if isinstance(value, Meet):
        return _met(value)
    if isinstance(value, Minus):
        return _intersection([region(value.whole), complement(region(value.taken))])
    raise NoRegion


def _met(value: Meet) -> list[Interval]:
    r"""The intersection of two regions, or the integers of one: `[-1, 2] \\cap \\mathbb{Z}`."""
    for one, other in ((value.one, value.other), (value.other, value.one)):
        if isinstance(other, Words):
            return _integers(region(one), other.text)
    return _intersection([region(value.one), region(value.other)])


def _integers(parts: list[Interval], of: str) -> list[Interval]:
    """The integers of one kind within bounded intervals; that 0 is natural is not agreed. Raises NoRegion."""
    found: list[Interval] = []
    for part in parts if of in _LEAST else ():
        if not (isinstance(part.low, Num) and isinstance(part.high, Num)):
            raise NoRegion
        low, high = math.floor(part.low.value), math.ceil(part.high.value)
        if high - low > _MOST_PARTS:
            raise NoRegion
        points = (number(one) for one in range(low, high + 1) if _LEAST[of] is None or one >= (_LEAST[of] or 0))
        found += _intersection([[part], [Interval(one, one, True, True) for one in points]])
    if of not in _LEAST or (of == "all natural numbers" and any(one.low == ZERO for one in found)):
        raise NoRegion
    return found


def _region_of_many(value: Many) -> list[Interval]:
    if value.opening in ("(", "[") and value.closing in (")", "]") and len(value.items) == 2:
        low, high = value.items
        if isinstance(low, Scalar) and isinstance(high, Scalar):
            if (value.opening, value.closing) != ("[", "]") and compare(low.expression, high.expression) >= 0:
                raise NoRegion  # a point
            return [Interval(low.expression, high.expression, value.opening == "[", value.closing == "]")]
        raise NoRegion
    if value.opening == "\\{":
        if not all(isinstance(item, Scalar) for item in value.items):
            raise NoRegion
        return [part for item in value.items for part in _region(item)]
    if are_intervals(value):
        return [part for item in value.items for part in _region(item)]
    if value.hedged:
        if any(
            len(_variables(Many(tuple(item for item in value.items if isinstance(item, kind))))) > 1
            for kind in (Inequality, Named)
        ):
            raise NoRegion
        return [part for item in value.items for part in _region(item)]
    if len(_variables(value)) > 1:
        raise NoRegion
    if all(isinstance(item, Inequality) for item in value.items):
        regions = [_region(item) for item in value.items]
        if _all_not_equal(value):
            return _intersection(regions)
        met = _intersection(regions)
        if value.conjoined:
            return met
        # "x < 1, x > 2" can only mean the union; "x > 1, x < 2" the intersection.
        return met or [part for one in regions for part in one]
    if value.conjoined and all(isinstance(item, Inequality | Named) for item in value.items):
        return _intersection([_region(item) for item in value.items])
    raise NoRegion


def complement(parts: list[Interval]) -> list[Interval]:
    """The complement of sorted disjoint intervals."""
    rest: list[Interval] = []
    low: Expr = MINUS_INFINITY
    low_closed = False
    for part in parts:
        if compare(low, part.low) < 0 or (compare(low, part.low) == 0 and low_closed and not part.low_closed):
            rest.append(Interval(low, part.low, low_closed, not part.low_closed and not _infinity(part.low)))
        low, low_closed = part.high, not part.high_closed
    if _infinity(low) <= 0:
        rest.append(Interval(low, INFINITY, low_closed, False))
    return rest


def _all_not_equal(value: Many) -> bool:
    return any(isinstance(item, Inequality) and "!=" in item.relations for item in value.items)


def _intersection(regions: list[list[Interval]]) -> list[Interval]:
    current = regions[0]
    for more in regions[1:]:
        met = []
        for a in current:
            for b in more:
                low, low_closed = _later((a.low, a.low_closed), (b.low, b.low_closed))
                high, high_closed = _earlier((a.high, a.high_closed), (b.high, b.high_closed))
                order = compare(low, high)
                if order < 0 or (order == 0 and low_closed and high_closed):
                    met.append(Interval(low, high, low_closed, high_closed))
        current = met
    return current


def _later(a: tuple[Expr, bool], b: tuple[Expr, bool]) -> tuple[Expr, bool]:
    order = compare(a[0], b[0])
    return (a[0], a[1] and b[1]) if order == 0 else (a if order > 0 else b)


def _earlier(a: tuple[Expr, bool], b: tuple[Expr, bool]) -> tuple[Expr, bool]:
    order = compare(a[0], b[0])
    return (a[0], a[1] and b[1]) if order == 0 else (a if order < 0 else b)


def compare(a: Expr, b: Expr) -> int:
    """Compare two real numbers: -1, 0 or 1. Raises NoRegion if they are not real."""
    signs = _infinity(a), _infinity(b)
    if any(signs):
        return (signs[0] > signs[1]) - (signs[0] < signs[1])
    if decide.same(a, b) is Answer.YES:
        return 0
    try:
        x, y = numeric.value(a), numeric.value(b)
    except numeric.NoValue:
        raise NoRegion from None
    if x.imag != 0 or y.imag != 0:
        raise NoRegion
    return 1 if x.real > y.real else -1


def joined(parts: list[Interval]) -> list[Interval]:
    """Sort intervals and merge those that overlap or touch. Raises NoRegion."""
    if len(parts) > _MOST_PARTS:
        raise NoRegion
    kept: list[Interval] = []
    for part in parts:
        order = compare(part.low, part.high)
        if order > 0:
            raise NoRegion
        if order < 0 or (part.low_closed and part.high_closed):
            kept.append(part)
    ordered: list[Interval] = []
    for part in kept:
        at = 0
        while at < len(ordered) and _before(ordered[at], part):
            at += 1
        ordered.insert(at, part)
    merged: list[Interval] = []
    for part in ordered:
        if merged and _touches(merged[-1], part):
            last = merged.pop()
            high, closed = last.high, last.high_closed
            order = compare(part.high, last.high)
            if order > 0:
                high, closed = part.high, part.high_closed
            elif order == 0:
                closed = closed or part.high_closed
            low_closed = last.low_closed or (compare(last.low, part.low) == 0 and part.low_closed)
            merged.append(Interval(last.low, high, low_closed, closed))
        else:
            merged.append(part)
    return merged


def _before(a: Interval, b: Interval) -> bool:
    order = compare(a.low, b.low)
    return order < 0 or (order == 0 and a.low_closed)


def _touches(a: Interval, b: Interval) -> bool:
    order = compare(b.low, a.high)
    return order < 0 or (order == 0 and (a.high_closed or b.low_closed))


# --- inequalities -----------------------------------------------------------------------------------------------------


def _solved(condition: Inequality) -> list[Interval]:
    """Solve a chain of inequalities in one variable. Raises NoRegion."""
    names = _variables(condition)
    if len(names) != 1:
        raise NoRegion
    (name,) = names
    regions = []
    members = [_plain(member) for member in condition.members]
    for left, relation, right in zip(members, condition.relations, members[1:], strict=False):
        regions.append(_half_line(left, relation, right, name))
    return _intersection(regions)


def _half_line(left: Expr, relation: str, right: Expr, name: str) -> list[Interval]:
    if left == Sym(name) and name not in free_variables(right):
        return _from(relation, right)
    if right == Sym(name) and name not in free_variables(left):
        return _from(_FLIPPED[relation], left)
    line = linear(add(left, negative(right)), name)
    if line is None and (found := zeros.levelled(add(left, negative(right)))) is not None and found[0].name == "abs":
        return _of_a_modulus(*found, relation, name)
    if line is None:
        solved = quadratics.solved(add(left, negative(right)), relation, name)
        return _by_engine(left, relation, right, name) if solved is None else solved
    slope, offset = line
    bound = divide(negative(Num(offset)), Num(slope))
    return _from(relation if slope > 0 else _FLIPPED[relation], bound)


def _of_a_modulus(modulus: Op, factor: Fraction, level: Fraction, relation: str, name: str) -> list[Interval]:
    """Solve an inequality between `|p|` and a level, by comparing p with the level and its negative."""
    relation = relation if factor > 0 else _FLIPPED[relation]
    if level < 0:
        return [] if relation.startswith("<") else [REALS]
    (inner,) = modulus.args
    sides = [_half_line(inner, relation, number(level), name)]
    sides.append(_half_line(inner, _FLIPPED[relation], number(-level), name))
    return joined([*sides[0], *sides[1]]) if relation.startswith(">") else _intersection(sides)


def _from(relation: str, bound: Expr) -> list[Interval]:
    if relation == "!=":
        return [Interval(MINUS_INFINITY, bound, False, False), Interval(bound, INFINITY, False, False)]
    closed = relation.endswith("=")
    if relation.startswith("<"):
        return [Interval(MINUS_INFINITY, bound, False, closed)]
    return [Interval(bound, INFINITY, closed, False)]


def _by_engine(left: Expr, relation: str, right: Expr, name: str) -> list[Interval]:
    parts = engine.solve_inequality(left, relation, right, name)
    if parts is None:
        raise Unsolved
    return parts


def same_inequality(gold: Inequality, answer: Inequality) -> Answer:
    """Compare inequalities: literally; in one variable by solutions; in several, up to a positive factor."""
    for other in (answer, _mirrored(answer)):
        if other.relations == gold.relations:
            pairs = zip(gold.members, other.members, strict=True)
            if all(decide.same(*pair) is Answer.YES for pair in pairs):
                return Answer.YES
    if len(_variables(gold)) < 2:
        return same_region(gold, answer)
    if _variables(gold) != _variables(answer) or len(gold.relations) != 1 or len(answer.relations) != 1:
        return Answer.NO
    try:
        ours, theirs = (exact.normal(add(one.members[0], negative(one.members[1]))) for one in (gold, answer))
        ratio = polynomials.ratio(ours.top, theirs.top) if ours.bottom == theirs.bottom else None
    except NO_FORM:
        return Answer.UNDECIDED
    if not ratio:
        return Answer.NO
    relation = answer.relations[0] if ratio > 0 else _FLIPPED[answer.relations[0]]
    return yes_if(relation == gold.relations[0])


def _mirrored(value: Inequality) -> Inequality:
    """The chain reversed."""
    return Inequality(value.members[::-1], tuple(_FLIPPED[relation] for relation in value.relations[::-1]))
