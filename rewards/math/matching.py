r"""Whether a value is another: one rule for each pair of kinds, by the rules of `docs/guides/math_grader.md`.

Where there is no rule, two values of different kinds differ.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fractions import Fraction

from rewards.math import decide, sets
from rewards.math.decide import Answer, all_of, any_of, yes_if
from rewards.math.expressions import (
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
    renamed,
    substituted,
)
from rewards.math.reading import readings
from rewards.math.spelling import words_of
from rewards.math.units import Unit
from rewards.math.values import (
    EXACT,
    Based,
    Choice,
    Clock,
    Date,
    Equation,
    Inequality,
    Interval,
    Many,
    Matrix,
    Meet,
    Minus,
    Named,
    Ratio,
    Scalar,
    Terms,
    Union,
    Value,
    Words,
)

_MOST_PAIRS = 60
_SETS = ("\\{", "\\}")


# --- values -----------------------------------------------------------------------------------------------------------


def same_value(gold: Value, answer: Value, terms: Terms = EXACT) -> Answer:
    """Whether an answer's value is the gold's."""
    if gold == answer:
        return Answer.YES
    if isinstance(gold, Named) or isinstance(answer, Named):
        return _named(gold, answer, terms)
    if isinstance(answer, Equation) and not isinstance(gold, Equation):
        return _worked(gold, answer, terms)
    if isinstance(gold, Equation) and isinstance(answer, Scalar):
        return _true_gold(gold, answer, terms)
    if isinstance(answer, Many) and answer.hedged and not isinstance(gold, Many) and not _is_region(gold):
        return all_of(same_value(gold, item) for item in answer.items)  # one value, said in several ways, is no hedge
    rule = _RULES.get((type(gold), type(answer)))
    if rule is not None:
        return rule(gold, answer, terms)
    if _is_region(gold) and _is_region(answer):
        return sets.same_region(gold, answer)
    return Answer.NO


def _is_region(value: Value) -> bool:
    """It may be a set of real numbers that is more than points."""
    if isinstance(value, Many):
        if value.opening in ("(", "[") and len(value.items) == 2:
            return True
        return (
            bool(value.items) and all(isinstance(item, Inequality | Named) for item in value.items)
        ) or value.opening == "\\{"
    return isinstance(value, Interval | Union | Inequality | Meet | Minus)


def _named(gold: Value, answer: Value, terms: Terms) -> Answer:
    if isinstance(gold, Named) and isinstance(answer, Named):
        if gold.parameters and answer.parameters and len(gold.parameters) == len(answer.parameters):
            return _functions(gold, answer, terms)
        if _plain_name(gold.name) != _plain_name(answer.name):
            return _as_equations(gold, answer)
        return same_value(gold.value, answer.value, terms)
    if isinstance(gold, Named):
        if isinstance(answer, Equation):
            return _as_equations(gold, answer)
        if isinstance(answer, Inequality) or _is_region(answer):
            region = sets.same_region(gold, answer)
            if region is Answer.YES:
                return region
        return same_value(gold.value, answer, terms)
    assert isinstance(answer, Named)
    if isinstance(gold, Equation):
        return _as_equations(gold, answer)
    return same_value(gold, answer.value, terms)


def _plain_name(name: str) -> str:
    return re.sub(r"\\mathrm|[\s{}\\“”()]", "", name)


def _functions(gold: Named, answer: Named, terms: Terms) -> Answer:
    """`f(x) = …` and `f(t) = …` are the same; `f` and `g` are not."""
    if gold.name and answer.name and gold.name.partition("(")[0] != answer.name.partition("(")[0]:
        return Answer.NO
    if isinstance(gold.value, Scalar) and isinstance(answer.value, Scalar):
        names = dict(zip(answer.parameters, gold.parameters, strict=True))
        return decide.same(gold.value.expression, renamed(answer.value.expression, names))
    return same_value(gold.value, answer.value, terms)


def _zero_form(value: Value) -> Expr | None:
    """An equation as what is zero."""
    if isinstance(value, Named) and value.expression is not None and isinstance(value.value, Scalar):
        return add(value.expression, negative(value.value.expression))
    if isinstance(value, Equation) and len(value.members) == 2:
        return add(value.members[0], negative(value.members[1]))
    return None


def _as_equations(gold: Value, answer: Value) -> Answer:
    left, right = _zero_form(gold), _zero_form(answer)
    if left is None or right is None:
        return Answer.NO
    return sets.same_equation(left, right)


def _worked(gold: Value, answer: Equation, terms: Terms) -> Answer:
    """`5·2 = 10`: true, and its last member is the gold."""
    links = [decide.same(one, other) for one, other in zip(answer.members, answer.members[1:], strict=False)]
    steps = all_of(links)
    if steps is not Answer.YES:
        return steps
    return same_value(gold, Scalar(answer.members[-1]), terms)


def _true_gold(gold: Equation, answer: Value, terms: Terms) -> Answer:
    """A gold that says one value in several forms: any of them."""
    if all_of(decide.same(*pair) for pair in zip(gold.members, gold.members[1:], strict=False)) is not Answer.YES:
        return Answer.NO
    return any_of(same_value(Scalar(member), answer, terms) for member in gold.members)


def _equations(gold: Equation, answer: Equation, _terms: Terms) -> Answer:
    found = _as_equations(gold, answer)
    if found is Answer.YES or len(gold.members) != len(answer.members):
        return found
    return all_of(decide.same(*pair) for pair in zip(gold.members, answer.members, strict=True))


# --- scalars ----------------------------------------------------------------------------------------------------------


def _scalars(gold: Scalar, answer: Scalar, terms: Terms) -> Answer:
    if gold.unit.conflicts(answer.unit):
        return _angles(gold, answer)
    a, b = gold.expression, answer.expression
    if gold.unit.dimension and answer.unit.dimension and gold.unit.factor != answer.unit.factor:
        a, b = _scaled(a, gold.unit), _scaled(b, answer.unit)
    if gold.percent != answer.percent:
        return _percent(a, b, gold_has_it=gold.percent)
    return _same(a, b, terms)


def _same(gold: Expr, answer: Expr, terms: Terms) -> Answer:
    found = decide.same(gold, answer)
    if found is Answer.NO and terms.tolerance is not None:
        return yes_if(decide.within(gold, answer, terms.tolerance))
    return found


def _scaled(expression: Expr, unit: Unit) -> Expr:
    if isinstance(expression, Num):
        return Num(expression.value * unit.factor, expression.digits, expression.places)
    return multiply(Num(unit.factor), expression)


_RADIANS, _DEGREES = (("radian", 1),), (("angle", 1),)


def _angles(gold: Scalar, answer: Scalar) -> Answer:
    """Degrees and radians, where both say which."""
    sides = [
        Op("deg", (_scaled(side.expression, side.unit),)) if side.unit.dimension == _DEGREES else side.expression
        for side in (gold, answer)
    ]
    if {gold.unit.dimension, answer.unit.dimension} != {_RADIANS, _DEGREES}:
        return Answer.NO
    return decide.same(*sides)


def _percent(gold: Expr, answer: Expr, *, gold_has_it: bool) -> Answer:
    """`50%` is 0.5, and written without its sign 50; below 1 the sign is needed."""
    hundredth = Num(Fraction(1, 100))
    with_sign, without = (gold, answer) if gold_has_it else (answer, gold)
    as_value = with_sign.value / 100 if isinstance(with_sign, Num) else None
    exact = Num(as_value) if as_value is not None else multiply(hundredth, with_sign)
    pair = (exact, without) if gold_has_it else (without, exact)
    found = decide.same(*pair)
    if found is Answer.YES:
        return found
    if isinstance(with_sign, Num) and 0 < abs(with_sign.value) < 1:
        return found
    return decide.same(gold, answer)


def _based_and_scalar(gold: Based, answer: Scalar, _terms: Terms) -> Answer:
    """A base that is left out is the gold's."""
    value = answer.expression
    return yes_if(isinstance(value, Num) and not value.digits and str(value.value) == gold.digits.lstrip("0"))


def _scalar_and_based(gold: Scalar, answer: Based, _terms: Terms) -> Answer:
    value = gold.expression
    return yes_if(isinstance(value, Num) and answer.base == 10 and str(value.value) == answer.digits)


def _based(gold: Based, answer: Based, _terms: Terms) -> Answer:
    return yes_if(gold.base == answer.base and _significant(gold.digits) == _significant(answer.digits))


def _significant(digits: str) -> str:
    """Digits to a base without needless zeros."""
    whole, _, behind = digits.lstrip("-").partition(".")
    sign = "-" if digits.startswith("-") else ""
    return f"{sign}{whole.lstrip('0') or '0'}.{behind.rstrip('0')}"


def _ratios(gold: Ratio, answer: Ratio, _terms: Terms) -> Answer:
    if len(gold.parts) != len(answer.parts):
        return Answer.NO
    first, second = gold.parts[0], answer.parts[0]
    return all_of(
        decide.same(multiply(first, b), multiply(second, a))
        for a, b in zip(gold.parts[1:], answer.parts[1:], strict=True)
    )


def _ratio_and_scalar(gold: Ratio, answer: Scalar, _terms: Terms) -> Answer:
    if len(gold.parts) != 2 or answer.unit != Unit() or answer.percent:
        return Answer.NO
    return decide.same(divide(*gold.parts), answer.expression)


def _scalar_and_ratio(gold: Scalar, answer: Ratio, terms: Terms) -> Answer:
    return _ratio_and_scalar(answer, gold, terms)


def _clock_and_ratio(gold: Clock, answer: Ratio, _terms: Terms) -> Answer:
    parts = [part.value for part in answer.parts if isinstance(part, Num)]
    if gold.half or len(parts) != 2:
        return Answer.NO
    return yes_if(parts[0] * 3600 + parts[1] * 60 == gold.seconds)


# --- words ------------------------------------------------------------------------------------------------------------


def _words(gold: Words, answer: Words, _terms: Terms) -> Answer:
    return yes_if(gold.text == answer.text)


def _choices(gold: Choice, answer: Choice, terms: Terms) -> Answer:
    if gold.letter != answer.letter:
        return Answer.NO
    if gold.text and answer.text:
        return any_of(same_value(a, b, terms) for a in readings(gold.text) for b in readings(answer.text))
    return Answer.YES


def _choice_and_words(gold: Choice, answer: Words, _terms: Terms) -> Answer:
    return yes_if(bool(gold.text) and words_of(gold.text) == answer.text)


def _choice_and_value(gold: Choice, answer: Value, terms: Terms) -> Answer:
    """A choice by what stands behind its letter, or a variable of that name."""
    if isinstance(answer, Scalar) and answer.expression in (Sym(gold.letter), Sym(gold.letter.lower())):
        return Answer.YES
    if not gold.text:
        return Answer.NO
    return any_of(same_value(one, answer, terms) for one in readings(gold.text))


def _value_and_choice(gold: Value, answer: Choice, _terms: Terms) -> Answer:
    if isinstance(gold, Scalar) and gold.expression == Sym(answer.letter):
        return Answer.YES
    return Answer.NO


def _clocks(gold: Clock, answer: Clock, _terms: Terms) -> Answer:
    if gold.half and answer.half and gold.half != answer.half:
        return Answer.NO
    if gold.half and not answer.half and answer.seconds >= 13 * 3600:
        return yes_if((gold.seconds % (12 * 3600)) + (12 * 3600 if gold.half == "pm" else 0) == answer.seconds)
    return yes_if(gold.seconds == answer.seconds)


def _dates(gold: Date, answer: Date, _terms: Terms) -> Answer:
    years = gold.year == answer.year or not (gold.year and answer.year)
    return yes_if((gold.month, gold.day) == (answer.month, answer.day) and years)


# --- several values ---------------------------------------------------------------------------------------------------


def _assigned(many: Many) -> dict[str, Value] | None:
    """`x = 1, y = 2` by names; None where it is not that."""
    found: dict[str, Value] = {}
    for item in many.items:
        if not isinstance(item, Named) or item.name in found:
            return None
        found[item.name] = item.value
    return found if len(found) > 1 else None


def _unnamed(many: Many, beside: Many) -> Many:
    """`x = 1, 2` and `x = 1 or x = 2` as their values; `x = 1, y = 2` in the order of the names beside a tuple."""
    assigned = _assigned(many)
    if assigned is not None:
        if beside.opening and beside.opening != "\\{":
            return Many(tuple(assigned[name] for name in sorted(assigned)), "(", ")")
        return Many(tuple(assigned.values()), many.opening, many.closing, many.hedged)
    if any(isinstance(item, Named) and not item.parameters for item in many.items):
        items = tuple(i.value if isinstance(i, Named) else i for i in many.items)
        return Many(items, many.opening, many.closing, many.hedged)
    return many


def _many(gold: Many, answer: Many, terms: Terms) -> Answer:
    by_name, also = _assigned(gold), _assigned(answer)
    if by_name is not None and also is not None:
        if by_name.keys() != also.keys():
            return Answer.NO
        return all_of(same_value(value, also[name], terms) for name, value in by_name.items())
    if sets.is_condition(gold) or sets.is_condition(answer):
        return sets.same_region(gold, answer)
    gold, answer = _unnamed(gold, answer), _unnamed(answer, gold)
    ours, theirs = (gold.opening, gold.closing), (answer.opening, answer.closing)
    if max(len(gold.items), len(answer.items)) > _MOST_PAIRS:
        return Answer.NO
    if _SETS in (ours, theirs):
        return _sets(gold, answer, terms)
    if not gold.opening and not answer.opening:
        return match_all(gold.items, answer.items, terms)
    if len(gold.items) != len(answer.items):
        return Answer.NO
    kinds = {_kind(ours), _kind(theirs)}
    # A tuple of three or more may stand in square brackets; with two they would be an interval's.
    alike = len(kinds) == 1 or (len(gold.items) > 2 and kinds == {"tuple", "list"})
    if gold.opening and answer.opening and not alike:
        return Answer.NO
    if "" in (gold.opening, answer.opening):
        kind = _kind(theirs if not gold.opening else ours)
        if kind != "tuple" and not (kind == "list" and len(gold.items) > 2):
            return Answer.NO
    return all_of(same_value(*pair, terms) for pair in zip(gold.items, answer.items, strict=True))


def _kind(brackets: tuple[str, str]) -> str:
    if brackets in (("(", ")"), ("\\langle", "\\rangle")):
        return "tuple"
    if brackets == ("[", "]"):
        return "list"
    return f"interval {brackets[0]}{brackets[1]}"


def _sets(gold: Many, answer: Many, terms: Terms) -> Answer:
    """Unordered; a set says nothing of repeats."""
    if (gold.opening and gold.opening != "\\{") or (answer.opening and answer.opening != "\\{"):
        return Answer.NO
    if not answer.opening and len(answer.items) != len(gold.items):
        return Answer.NO
    if not gold.opening and len(gold.items) != len(answer.items):
        return Answer.NO
    forward = all_of(any_of(same_value(g, a, terms) for a in answer.items) for g in gold.items)
    backward = all_of(any_of(same_value(g, a, terms) for g in gold.items) for a in answer.items)
    return all_of((forward, backward))


def match_all(golds: Sequence[Value], answers: Sequence[Value], terms: Terms = EXACT) -> Answer:
    """Whether the answers are the golds in any order, each once."""
    if len(golds) != len(answers):
        return Answer.NO
    left = list(answers)
    found = Answer.YES
    for gold in golds:
        verdicts = [same_value(gold, one, terms) for one in left]
        if Answer.YES in verdicts:
            del left[verdicts.index(Answer.YES)]
        elif Answer.UNDECIDED in verdicts:
            del left[verdicts.index(Answer.UNDECIDED)]
            found = Answer.UNDECIDED
        else:
            return Answer.NO
    return found


def _matrices(gold: Matrix, answer: Matrix, _terms: Terms) -> Answer:
    if len(gold.rows) != len(answer.rows) or len(gold.rows[0]) != len(answer.rows[0]):
        return Answer.NO
    return all_of(
        decide.same(a, b)
        for ours, theirs in zip(gold.rows, answer.rows, strict=True)
        for a, b in zip(ours, theirs, strict=True)
    )


def _matrix_and_tuple(gold: Matrix, answer: Many, _terms: Terms) -> Answer:
    """A vector may be written as a tuple; a matrix may not."""
    cells = [cell for row in gold.rows for cell in row]
    if 1 not in (len(gold.rows), len(gold.rows[0])) or _kind((answer.opening, answer.closing)) != "tuple":
        return Answer.NO
    if len(cells) != len(answer.items):
        return Answer.NO
    items = [item.expression for item in answer.items if isinstance(item, Scalar)]
    if len(items) != len(cells):
        return Answer.NO
    return all_of(decide.same(*pair) for pair in zip(cells, items, strict=True))


def _tuple_and_matrix(gold: Many, answer: Matrix, terms: Terms) -> Answer:
    return _matrix_and_tuple(answer, gold, terms)


def _components(value: Scalar) -> Many | None:
    """`3\\mathbf{i} - 2\\mathbf{j}` as a tuple."""
    names = {name for name in free_variables(value.expression) if name.startswith("basis ")}
    if not names:
        return None
    size = max(int(name[-1]) for name in names)
    parts: list[Value] = []
    for axis in range(1, size + 1):
        expression = value.expression
        for other in range(1, 4):
            expression = substituted(expression, f"basis {other}", ONE if other == axis else ZERO)
        parts.append(Scalar(expression))
    return Many(tuple(parts), "(", ")")


def _scalar_and_many(gold: Scalar, answer: Many, terms: Terms) -> Answer:
    parts = _components(gold)
    if parts is not None:
        return _many(parts, answer, terms)
    return Answer.NO


def _many_and_scalar(gold: Many, answer: Scalar, terms: Terms) -> Answer:
    parts = _components(answer)
    if parts is not None:
        return _many(gold, parts, terms)
    return Answer.NO


_RULES: dict[tuple[type, type], Callable[..., Answer]] = {
    (Scalar, Scalar): _scalars,
    (Based, Scalar): _based_and_scalar,
    (Scalar, Based): _scalar_and_based,
    (Based, Based): _based,
    (Ratio, Ratio): _ratios,
    (Ratio, Scalar): _ratio_and_scalar,
    (Scalar, Ratio): _scalar_and_ratio,
    (Clock, Ratio): _clock_and_ratio,
    (Words, Words): _words,
    (Choice, Choice): _choices,
    (Choice, Words): _choice_and_words,
    (Choice, Scalar): _choice_and_value,
    (Choice, Many): _choice_and_value,
    (Scalar, Choice): _value_and_choice,
    (Clock, Clock): _clocks,
    (Date, Date): _dates,
    (Many, Many): _many,
    (Many, Scalar): _many_and_scalar,
    (Scalar, Many): _scalar_and_many,
    (Matrix, Matrix): _matrices,
    (Matrix, Many): _matrix_and_tuple,
    (Many, Matrix): _tuple_and_matrix,
    (Equation, Equation): _equations,
    (Inequality, Inequality): lambda gold, answer, _terms: sets.same_inequality(gold, answer),
}
