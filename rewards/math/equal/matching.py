r"""Compare two typed values: one rule per pair of types, following `docs/guides/math_grader.md`.

Values of different types differ if no rule relates them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TypeAlias

from rewards.math.equal import (
    assignments,
    choices,
    equations,
    named_functions,
    rows,
    scalars,
    sets,
    zeros,
)
from rewards.math.equal.branches import same_function, same_pieces
from rewards.math.equal.decide import Answer, all_of, any_of, yes_if
from rewards.math.equal.formulas import is_formula
from rewards.math.equal.statements import same_statements
from rewards.math.expressions import free_variables, renamed
from rewards.math.parse.congruences import MODULO, same_residues
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
    Pieces,
    Ratio,
    Scalar,
    Statement,
    Steps,
    Terms,
    Union,
    Value,
    Words,
)

_MOST_PAIRS = 60
_SETS = ("\\{", "\\}")
_SEGMENT = re.compile(r"\|([A-Z]{2})\||overline([A-Z]{2})")  # its length, by any of its names
_INDEXED = re.compile(r"([a-zA-Z]+)_([ijkmn])")
_OF_CURVES = (Named, Equation, Many)


# --- values -----------------------------------------------------------------------------------------------------------


def same_value(gold: Value, answer: Value, terms: Terms = EXACT) -> Answer:
    """Whether an answer's value equals the gold's: what wraps a value is taken off, then `_RULES` decides by types."""
    if gold == answer or _solve_alike(gold, answer):
        return Answer.YES
    if isinstance(gold, Many) and isinstance(answer, Named) and "=" in answer.name:
        return same_value(gold, _each(answer), terms)
    if isinstance(gold, Named) and "=" in gold.name and isinstance(answer, Many):
        return same_value(_each(gold), answer, terms)
    if isinstance(gold, Named) or isinstance(answer, Named):
        return _named(gold, answer, terms)
    if isinstance(gold, Steps):
        return same_value(gold.last, answer, terms)
    if isinstance(answer, Steps):
        return _steps(gold, answer, terms)
    if isinstance(answer, Equation) and not isinstance(gold, Equation):
        return equations.worked(gold, answer, terms, same_value)
    if isinstance(gold, Equation) and isinstance(answer, Scalar):
        return equations.true_gold(gold, answer, terms, same_value)
    if isinstance(answer, Many) and answer.hedged and not isinstance(gold, Many) and not _is_region(gold):
        return _one_in_several_forms(gold, answer, terms)
    if isinstance(gold, Many) and gold.hedged and isinstance(answer, Scalar) and isinstance(gold.items[0], Scalar):
        return _one_in_several_forms(answer, gold, terms)
    if isinstance(answer, Choice) and not isinstance(gold, Choice):
        return choices.value_and_choice(gold, answer, terms, same_value)
    kinds = type(gold), type(answer)
    if (rule := _RULES.get(kinds) or _EITHER_WAY.get(kinds)) is not None:
        return rule(gold, answer, terms)
    if (rule := _EITHER_WAY.get(kinds[::-1])) is not None:
        return rule(answer, gold, terms)
    if _is_region(gold) and _is_region(answer):
        return sets.same_region(gold, answer)
    return Answer.NO


def _solve_alike(gold: Value, answer: Value) -> bool:
    """Whether the answer is all roots of the gold's equation, or both are proven to be the same curve."""
    if isinstance(gold, Equation) and isinstance(answer, Named | Many):
        zero = equations.zero_form(gold)
        if zero is not None and zeros.same_roots(zero, answer) is Answer.YES:
            return True
    return isinstance(gold, _OF_CURVES) and isinstance(answer, _OF_CURVES) and equations.are_same_curves(gold, answer)


def _steps(gold: Value, answer: Steps, terms: Terms) -> Answer:
    """Compare the last of several steps, each of which must equal the one before; a formula may stand first."""
    members = answer.members
    numbers = [one.expression for one in members if isinstance(one, Scalar)]
    members = members[1:] if len(numbers) == len(members) and is_formula(numbers) else members
    links = all_of(same_value(*pair) for pair in pairwise(members))
    return links if links is not Answer.YES else same_value(gold, answer.last, terms)


def _one_in_several_forms(gold: Value, answer: Many, terms: Terms) -> Answer:
    """Compare `1/2 or 0.5`: one value in several forms is no hedge."""
    first, *others = answer.items
    alike = all_of(same_value(first, other) for other in others)
    return alike if alike is not Answer.YES else all_of(same_value(gold, item, terms) for item in answer.items)


def _each(chain: Named) -> Many:
    """Rewrite `x = y = 2` as `x = 2, y = 2`."""
    return Many(tuple(Named(name, chain.value) for name in chain.name.split("=")))


_INTERVALS = (Interval, Union, Inequality, Meet, Minus)


def _is_region(value: Value) -> bool:
    """Whether the value may be a set of real numbers with more than isolated points."""
    if isinstance(value, Many):
        if value.opening in ("(", "[") and len(value.items) == 2:
            return True
        return (
            (bool(value.items) and all(isinstance(item, Inequality | Named) for item in value.items))
            or value.opening == "\\{"
            or sets.are_intervals(value)
        )
    return isinstance(value, _INTERVALS)


def _named(gold: Value, answer: Value, terms: Terms) -> Answer:
    if isinstance(gold, Named) and isinstance(answer, Named):
        if gold.parameters and answer.parameters and len(gold.parameters) == len(answer.parameters):
            return named_functions.same(gold, answer, terms, same_value)
        if "=" in answer.name and gold.name in answer.name.split("="):  # the requested part of `x = y = 2`
            return same_value(gold.value, answer.value, terms)
        if _plain_name(gold.name) != _plain_name(answer.name):
            if (indexed := _with_its_index(gold, answer)) is not None:
                return same_value(gold.value, indexed, terms)
            if (
                _is_its_value(gold, answer)
                or _is_its_value(answer, gold)
                or named_functions.are_one_derivative(gold.name, answer.name)
            ):
                return same_value(gold.value, answer.value, terms)
            return equations.as_equations(gold, answer)
        return same_value(alone(gold.value), alone(answer.value), terms)
    if isinstance(gold, Named):
        answer = alone(answer)
        if isinstance(answer, Equation):
            return equations.as_equations(gold, answer)
        if isinstance(answer, Inequality) or _is_region(answer):
            region = sets.same_region(gold, answer)
            if region is Answer.YES:
                return region
        return same_value(alone(gold.value, answer), answer, terms)
    assert isinstance(answer, Named)
    if _is_region(gold) and not _is_region(answer.value) and sets.same_region(gold, answer) is Answer.YES:
        return Answer.YES
    if _is_constant_map(answer):
        return Answer.NO
    if choices.is_letter_of_choice(answer.name) and choices.is_letter(answer.value):
        return Answer.NO  # two choices are no answer
    if isinstance(gold, Equation):
        return equations.as_equations(gold, answer)
    return same_value(gold, alone(answer.value), terms)


def _with_its_index(gold: Named, answer: Named) -> Value | None:
    """The value of the gold's `a_n` according to `a_k = 2k - 1`; None if it does not give it."""
    ours, theirs = _INDEXED.fullmatch(_plain_name(gold.name)), _INDEXED.fullmatch(_plain_name(answer.name))
    if ours is None or theirs is None or ours[1] != theirs[1] or not isinstance(answer.value, Scalar):
        return None
    letters = free_variables(answer.value.expression)
    if theirs[2] not in letters or ours[2] in letters:
        return None
    return replace(answer.value, expression=renamed(answer.value.expression, {theirs[2]: ours[2]}))


def _is_constant_map(value: Named) -> bool:
    r"""Whether a value is a constant function, `n \\mapsto 3`, which is not a number."""
    if value.name or not isinstance(value.value, Scalar):
        return False
    return free_variables(value.value.expression).isdisjoint(value.parameters)


def _is_its_value(function: Named, other: Named) -> bool:
    """Whether one is `f(x) = …` or `y(x) = …`, and the other `y = …`."""
    name = function.name.partition("(")[0]
    if len(function.parameters) != 1 or other.parameters:
        return False
    return other.name == name or (other.name == "y" and "'" not in name)


def alone(value: Value, beside: Value | None = None) -> Value:
    """Unwrap a set with one value, but not when it is compared with an interval."""
    is_of_one = isinstance(value, Many) and value.opening == "\\{" and len(value.items) == 1
    if not is_of_one or isinstance(beside, _INTERVALS):
        return value
    assert isinstance(value, Many)
    inner = value.items[0]
    return inner if isinstance(inner, Scalar | Words) or (isinstance(inner, Many) and inner.opening == "(") else value


def _plain_name(name: str) -> str:
    plain = re.sub(r"\\mathrm|[\s{}\\“”()]", "", name)
    segment = _SEGMENT.fullmatch(plain)
    return plain if segment is None else segment[1] or segment[2]


# --- several values ---------------------------------------------------------------------------------------------------


def _unnamed(many: Many, beside: Many) -> Many:
    """Remove names from `x = 1, 2` and `x = 1 or x = 2`; beside a tuple from `x = 1, y = 2`, sorted by name."""
    assigned = assignments.by_name(many)
    if assigned is not None and not any(isinstance(item, Named) and item.parameters for item in many.items):
        if beside.opening and beside.opening != "\\{":
            return Many(tuple(assigned[name] for name in sorted(assigned, key=assignments.in_alphabet)), "(", ")")
        return Many(tuple(assigned.values()), many.opening, many.closing, many.hedged)
    if any(isinstance(item, Named) and not item.parameters for item in many.items):
        items = tuple(i.value if isinstance(i, Named) else i for i in many.items)
        return Many(items, many.opening, many.closing, many.hedged)
    return many


def _many(gold: Many, answer: Many, terms: Terms) -> Answer:
    if gold.labelled and answer.labelled:
        return match_in_order(gold.items, answer.items, terms)
    by_name, also = assignments.by_name(gold), assignments.by_name(answer)
    if by_name is not None and also is not None:
        if by_name.keys() != also.keys() or (assignments.of_several(by_name) and gold.hedged != answer.hedged):
            return Answer.NO
        return all_of(same_value(value, also[name], terms) for name, value in by_name.items())
    several = by_name is not None and assignments.of_several(by_name)
    if _are_equations(gold, answer) and match_all(gold.items, answer.items, terms) is Answer.YES:
        return Answer.YES
    if any(one.opening in ("(", "[") and _are_of_one_name(other) for one, other in ((gold, answer), (answer, gold))):
        return Answer.NO  # two values of `x` are not a point
    if _are_of_others(gold, answer, also) or (several and answer.opening == "\\{"):
        return Answer.NO
    is_both = gold.conjoined or answer.conjoined or not gold.hedged
    if gold.hedged != answer.hedged and is_both and all(map(choices.is_chosen, gold.items)):
        return Answer.NO  # "A or C" is not "A and C"
    bounds = answer.conjoined and any(isinstance(item, Inequality) for item in answer.items)
    if sets.is_condition(gold) or sets.is_condition(answer) or (gold.hedged and bounds):
        return _conditions(gold, answer)
    if (_are_cases(gold) or _are_cases(answer)) and sets.same_region(gold, answer) is Answer.YES:
        return Answer.YES
    if by_name is not None and several:
        if gold.hedged or answer.hedged or any(isinstance(item, Named) for item in answer.items):
            return Answer.NO
        if not answer.opening:  # the values of a bare list may be in the order of writing or of the names
            if match_in_order(tuple(by_name.values()), answer.items, terms) is Answer.YES:
                return Answer.YES
            answer = Many(answer.items, "(", ")")
    if also is not None and (answer.hedged or gold.hedged) and assignments.of_several(also):
        return Answer.NO  # "x = 2 or y = 3" is not "2 or 3", nor is "x = 2 and y = 3"
    return _unlabelled(_unnamed(gold, answer), _unnamed(answer, gold), terms)


def _are_cases(many: Many) -> bool:
    """Whether the value is `x < 3 or x = 3`."""
    kinds = {type(item) for item in many.items}
    return many.hedged and not many.opening and kinds == {Inequality, Named}


def _are_of_one_name(many: Many) -> bool:
    """Whether they are values of one letter, `x = 2, x = 3` or `x = 2, 3`; others may be points."""
    first, *others = [item.name if isinstance(item, Named) else "" for item in many.items] or [""]
    if many.opening or not others or not first:
        return False
    is_letter = first.removeprefix("\\").isalpha() and not first[:1].isupper()
    return set(others) == {first} or (is_letter and all(isinstance(item, Scalar) for item in many.items[1:]))


def _are_of_others(gold: Many, answer: Many, assigned: dict[str, Value] | None) -> bool:
    """Whether the values have other names than the gold's: values of `x` are not values of `y`, or of `x` and `y`.

    assigned: the answer's values by name.
    """
    asked, given = (
        {i.name for i in many.items if isinstance(i, Named) and not i.parameters} for many in (gold, answer)
    )
    if len(asked) != 1:
        return False
    if len(given) == 1 and _plain_name(min(asked)) != _plain_name(min(given)):
        return True
    return assigned is not None and assignments.of_several(assigned) and all(isinstance(i, Named) for i in gold.items)


def _are_equations(gold: Many, answer: Many) -> bool:
    """Whether both are lists without brackets that contain equations other than assignments."""
    alike = gold.hedged == answer.hedged and not (gold.opening or answer.opening)
    return alike and any(isinstance(item, Equation) for item in (*gold.items, *answer.items))


def _conditions(gold: Many, answer: Many) -> Answer:
    """Compare inequalities one by one, including names; else the sets of numbers that they describe."""
    if not gold.hedged and not answer.hedged and all(isinstance(i, Inequality) for i in (*gold.items, *answer.items)):
        found = match_all(gold.items, answer.items)
        if found is Answer.YES:
            return found
    return sets.same_region(gold, answer)


def _unlabelled(gold: Many, answer: Many, terms: Terms) -> Answer:
    """Compare lists, sets and tuples of unnamed values."""
    if max(len(gold.items), len(answer.items)) > _MOST_PAIRS:
        return Answer.NO
    if _SETS in ((gold.opening, gold.closing), (answer.opening, answer.closing)):
        return _sets(gold, answer, terms)
    if not gold.opening and not answer.opening:
        return match_all(gold.items, answer.items, terms)
    return match_in_order(gold.items, answer.items, terms) if _are_alike(gold, answer) else Answer.NO


def _are_alike(gold: Many, answer: Many) -> bool:
    """Whether the brackets of two lists, of which at least one has some, are compatible.

    A tuple of three or more values may have square brackets; with two values they would mean an interval.
    """
    if len(gold.items) != len(answer.items):
        return False
    is_long = len(gold.items) > 2
    kinds = {rows.kind_of((many.opening, many.closing)) for many in (gold, answer) if many.opening}
    if gold.opening and answer.opening:
        return len(kinds) == 1 or (is_long and kinds == {"tuple", "list"})
    if gold.hedged or gold.conjoined or answer.hedged or answer.conjoined:  # "2 and 5" is unordered
        return False
    bare = answer if gold.opening else gold
    if any(isinstance(item, Many) and item.opening for item in bare.items):
        return False  # `(1,2), 3` is not `((1,2), 3)`
    return kinds == {"tuple"} or (is_long and kinds == {"list"})


def _sets(gold: Many, answer: Many, terms: Terms) -> Answer:
    """Compare sets: unordered, and repeated values count once."""
    if (gold.opening and gold.opening != "\\{") or (answer.opening and answer.opening != "\\{"):
        return Answer.NO
    if not answer.opening and len(answer.items) != len(gold.items):
        return Answer.NO
    if not gold.opening and len(gold.items) != len(answer.items):
        return Answer.NO
    forward = all_of(any_of(same_value(g, a, terms) for a in answer.items) for g in gold.items)
    backward = all_of(any_of(same_value(g, a, terms) for g in gold.items) for a in answer.items)
    return all_of((forward, backward))


def match_in_order(golds: Sequence[Value], answers: Sequence[Value], terms: Terms = EXACT) -> Answer:
    """Whether the answers equal the golds, in order."""
    if len(golds) != len(answers):
        return Answer.NO
    return all_of(same_value(*pair, terms) for pair in zip(golds, answers, strict=True))


def match_all(golds: Sequence[Value], answers: Sequence[Value], terms: Terms = EXACT) -> Answer:
    """Whether the answers equal the golds in any order, each once."""
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


def _sides(golds: Sequence[Value], answers: Sequence[Value], gold: Value, answer: Value) -> Answer:
    """Compare two unions or intersections: by their sets, which may only have names, or as sets of real numbers."""
    found = match_all(golds, answers)
    return found if found is Answer.YES else any_of((found, sets.same_region(gold, answer)))


def _scalar_and_many(gold: Scalar, answer: Many, terms: Terms) -> Answer:
    if answer.opening == MODULO:
        return _many_and_scalar(answer, gold, terms)
    parts = rows.components(gold)
    if parts is not None:
        return _many(parts, answer, terms)
    return Answer.NO


def _many_and_scalar(gold: Many, answer: Scalar, terms: Terms) -> Answer:
    if gold.opening == MODULO:
        return yes_if(same_residues(gold, answer.expression))
    parts = rows.components(answer)
    if parts is not None:
        return _many(gold, parts, terms)
    return Answer.NO


_Rules: TypeAlias = dict[tuple[type, type], Callable[..., Answer]]
_EITHER_WAY: _Rules = {  # whichever of the two is the gold
    (Ratio, Scalar): scalars.ratio_and_scalar,
    (Words, Many): lambda words, letters, _terms: yes_if(choices.are_letters(words, letters)),
    (Matrix, Many): rows.matrix_and_tuple,
    (Matrix, Scalar): rows.matrix_and_scalar,
}
_RULES: _Rules = {
    (Scalar, Scalar): scalars.same_scalars,
    (Based, Scalar): scalars.based_and_scalar,
    (Scalar, Based): scalars.scalar_and_based,
    (Based, Based): scalars.same_based,
    (Ratio, Ratio): scalars.same_ratios,
    (Clock, Ratio): scalars.clock_and_ratio,
    (Words, Words): lambda gold, answer, _terms: yes_if(gold.text == answer.text),
    (Choice, Choice): lambda gold, answer, terms: choices.same_choices(gold, answer, terms, same_value),
    (Choice, Words): lambda gold, answer, _terms: choices.choice_and_words(gold, answer),
    (Choice, Scalar): lambda gold, answer, terms: choices.choice_and_value(gold, answer, terms, same_value),
    (Choice, Many): lambda gold, answer, terms: choices.choice_and_value(gold, answer, terms, same_value),
    (Clock, Clock): scalars.same_clocks,
    (Date, Date): scalars.same_dates,
    (Many, Many): _many,
    (Many, Scalar): _many_and_scalar,
    (Scalar, Many): _scalar_and_many,
    (Matrix, Matrix): rows.same_matrices,
    (Equation, Equation): lambda gold, answer, terms: equations.same_equations(gold, answer, terms, same_value),
    (Pieces, Pieces): lambda gold, answer, _terms: same_pieces(gold, answer, same_value),
    (Statement, Statement): lambda gold, answer, _terms: same_statements(gold, answer, same_value),
    (Pieces, Scalar): lambda gold, answer, _terms: same_function(gold, answer),
    (Scalar, Pieces): lambda gold, answer, _terms: same_function(gold, answer),
    (Union, Union): lambda gold, answer, _terms: _sides((*gold.parts,), (*answer.parts,), gold, answer),
    (Meet, Meet): lambda gold, answer, _terms: _sides((gold.one, gold.other), (answer.one, answer.other), gold, answer),
    (Inequality, Inequality): lambda gold, answer, _terms: sets.same_inequality(gold, answer),
}
