r"""Decide whether an answer equals the gold: the single entry point for all math rewards.

First the texts: if their normalised forms are the same, they are equal. Then each reading of the gold is compared with
each reading of the answer, by the rules of `docs/guides/math_grader.md`. Equality of values is proven (`decide`), never
sampled.

Example:
    >>> compare(r"\frac{1}{2}", "0.5")
    <Equality.SAME: 'same'>
    >>> compare("3", "3 or 4")
    <Equality.DIFFERENT: 'different'>
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from rewards.math import budget
from rewards.math.equal import finished
from rewards.math.equal.by_text import Equality, by_text, gold_of
from rewards.math.equal.constants import are_one_family, has_constants, renamings, shows_constants
from rewards.math.equal.decide import Answer, any_of
from rewards.math.equal.families import Family, are_alike, between_turns, family
from rewards.math.equal.matching import alone, same_value
from rewards.math.equal.matrix_products import same_products
from rewards.math.expressions import ONE, free_variables
from rewards.math.measures import is_unit
from rewards.math.notation.decorations import has_arrows, with_arrows
from rewards.math.notation.standard import LONGEST, key, standardised, unwrapped
from rewards.math.notation.words import words_of
from rewards.math.parse.clauses import INDEX, conditions, first, index, is_bounded, relations
from rewards.math.parse.congruences import MODULO
from rewards.math.parse.reading import gold_readings, readings, readings_of_spelled
from rewards.math.units import Unit
from rewards.math.values import (
    EXACT,
    Based,
    Equation,
    Inequality,
    Interval,
    Many,
    Meet,
    Minus,
    Named,
    Scalar,
    Terms,
    Union,
    Value,
)
from rewards.types import AnyOf

__all__ = ["Equality", "compare", "compare_all", "compare_with"]

_REGIONS = (Interval, Union, Meet, Minus, Inequality, Many)
_NO_RESTRICTION = frozenset(("R", "C"))
_NARROWING = frozenset(("odd", "even", "negative"))
_GLUED = re.compile(r"([-+]?\d[\d.,]*)m\s*\^\s*\{?([23])\}?")
_LETTER_UNIT = re.compile(r"([-+]?\d[\d.,]*)([a-zA-Z])")
_CALLED: dict[tuple[tuple[str, int], ...], tuple[re.Pattern[str], str]] = {  # names shared by several units
    (("sterling", 1),): (re.compile(r"\bpounds?\b"), "gbp"),
    (("yuan", 1),): (re.compile(r"¥\s*(\d[\d.,]*)"), r"\1 yuan"),
}
_INDEX = re.compile(r"(?<![a-zA-Z\\])[kmn](?![a-zA-Z])")
_OF_UNKNOWN = re.compile(r"\|\s*[xy]\s*\|\s*=")
_LENGTH = (("length", 1),)
_PRIME = "'"
_PRIMED = re.compile(r"(\d[\d.]*)\s*('{1,2}|\")")
_SIZE = re.compile(r"(\d+)\s*\\times\s*(\d+)\s*(“?\s*(?:matrix|matrices|array|table)\s*”?)?")
_FOUND = {Answer.YES: Equality.SAME, Answer.NO: Equality.DIFFERENT, Answer.UNDECIDED: Equality.UNDECIDED}


def compare_with(answer: str | tuple[str, ...] | AnyOf, text: str, terms: Terms) -> Equality:
    """Compare an extracted answer with a reference's answer: one, all of several, or any of several."""
    if isinstance(answer, str):
        return compare(answer, text, terms)
    if isinstance(answer, tuple):
        return compare_all(answer, text, terms)
    found = [compare(option, text, terms) for option in answer.answers]
    for best in (Equality.SAME, Equality.UNREADABLE_GOLD, Equality.UNDECIDED, Equality.UNFINISHED):
        if best in found:
            return best
    return found[0]


def compare(gold: str, answer: str, terms: Terms = EXACT) -> Equality:
    """Compare two answers, as written in a reference and a response."""
    found = by_text(gold, answer, terms)
    if found is not None:
        return found
    if len(answer) > LONGEST:
        return Equality.UNREADABLE_ANSWER
    budget.begin()
    gold, answer = _alike_vectors(gold_of(gold).text, answer)
    if _swapped(standardised(gold), standardised(answer)):
        return Equality.DIFFERENT
    if (products := same_products(standardised(gold), standardised(answer))) is not None:
        return Equality.SAME if products else Equality.DIFFERENT
    golds = gold_readings(gold)
    if not golds:
        return Equality.UNREADABLE_GOLD
    if (families := _families(gold, answer)) is not None and are_alike(*families):
        return Equality.SAME
    plain = standardised(answer)
    if _differ_in_conditions(gold, answer, golds):
        return Equality.DIFFERENT
    if isinstance(golds[0], Scalar) and _OF_UNKNOWN.match(plain):  # two values, perhaps of another letter
        return Equality.DIFFERENT
    answers = (*readings(answer), *_beside(golds[0], plain)) if key(plain) else ()
    if "mod" in plain:  # a residue with another modulus is wrong
        golds = tuple(one for one in golds if not (isinstance(one, Scalar) and _is_residue(golds[0]))) or golds
    if not answers:
        return Equality.UNREADABLE_ANSWER
    if terms.unit:
        golds = tuple(_with_unit(one, terms.unit) for one in golds)
    alike = _up_to_constants(golds, answers, gold)
    if not alike:
        pairs = [(one, other) for one in golds for other in answers]
        compared = _FOUND[any_of(same_value(alone(one, other), alone(other, one), terms) for one, other in pairs)]
        if compared is not Equality.SAME:
            alike = _with_its_constants(golds, answers, gold, terms)
            if not alike:
                return compared
    if terms.evaluated and finished.is_left_to_do(answer) and not finished.is_left_to_do(gold):
        return Equality.UNFINISHED
    return _carried_out(golds, alike or answers, answer, terms)


def _up_to_constants(golds: Sequence[Value], answers: Sequence[Value], gold: str) -> tuple[Value, ...]:
    """The answers that equal a gold with arbitrary constants (`+ C`) for some values of these."""
    of_families = [one for one in golds if has_constants(one, gold)]
    alike = tuple(other for one in of_families for other in answers if are_one_family(one, other, gold))
    if of_families:
        return alike
    pairs = [(one, other) for one in golds for other in answers if shows_constants(one, other)]
    return tuple(other for one, other in pairs if are_one_family(other, one))


def _differ_in_conditions(gold: str, answer: str, golds: Sequence[Value]) -> bool:
    """Whether the clauses that say for what an answer holds (`x > 0`) make the two answers different."""
    ours, theirs = conditions(gold), conditions(answer)
    if ours and theirs:
        if INDEX in ours & theirs:
            starts = first(gold), first(answer)
            are_terms = _are_terms(golds, index(gold))
            differ = ours != theirs or (None not in starts and starts[0] != starts[1] and not are_terms)
        elif ours == theirs and ours <= _NO_RESTRICTION:
            differ = False
        else:
            differ = _differ(relations(gold), relations(answer), otherwise=ours != theirs)
        return differ
    if theirs:
        if bool(theirs & _NARROWING) and any(isinstance(gold, Scalar) and gold.has_letters for gold in golds):
            return True
        if _restricts(theirs, golds, answer) and any(map(_varies, golds)):
            return True
        return bool(theirs - {INDEX}) and isinstance(golds[0], Scalar) and is_bounded(answer)
    if ours and isinstance(golds[0], _REGIONS):
        return _drops(ours, standardised(answer))
    return bool(ours) and isinstance(golds[0], Equation) and is_bounded(gold)  # the gold is a part of the curve


def _families(gold: str, answer: str) -> tuple[Family, Family] | None:
    """Both as values for all whole numbers k; of a gold that counts turns it need not be said that k is whole.

    If neither says so, k may be given, as in the sum of angles `(k-2)\\pi`, unless both begin between two turns.
    """
    whole, other = family(gold), family(answer)
    if whole is None and other is not None:
        whole = _turning(gold)
    elif whole is None and _counts_turns(answer):
        whole, other = _turning(gold), _turning(answer)
        if whole is None or other is None or not (between_turns(whole) and between_turns(other)):
            return None
    return None if whole is None or other is None else (whole, other)


def _counts_turns(text: str) -> bool:
    return ("pi" in text or "π" in text or "circ" in text or "°" in text) and len(set(_INDEX.findall(text))) == 1


def _turning(text: str) -> Family | None:
    """The family of an answer that counts turns, of which it does not say that its only index is whole."""
    if not _counts_turns(text) or conditions(text):
        return None
    return family(rf"{unwrapped(text)}, {_INDEX.findall(text)[0]} \in \mathbb{{Z}}")


def _with_its_constants(golds: Sequence[Value], answers: Sequence[Value], gold: str, terms: Terms) -> tuple[Value, ...]:
    """Readings of the answer with arbitrary constants renamed to the gold's; empty if none matches."""
    for one in golds:
        for other in answers:
            for named in renamings(one, other, gold):
                if same_value(one, named, terms) is Answer.YES:
                    return (named,)
    return ()


def _differ(ours: str, theirs: str, *, otherwise: bool) -> bool:
    """Whether two restricting clauses differ: as relations, or, if they cannot be parsed, by their signs."""
    golds, answers = ([one for one in readings_of_spelled(text) if _is_region(one)] for text in (ours, theirs))
    if not golds or not answers:
        return otherwise
    found = any_of(same_value(one, other, EXACT) for one in golds for other in answers)
    return otherwise if found is Answer.UNDECIDED else found is Answer.NO


def _is_region(value: Value) -> bool:
    return isinstance(value.value if isinstance(value, Named) else value, _REGIONS)


def _is_residue(value: Value) -> bool:
    return isinstance(value, Many) and value.opening == MODULO


def _restricts(said: frozenset[str], golds: Sequence[Value], answer: str) -> bool:
    """Whether a clause after an answer restricts it; declaring the index `n` of `a_n` does not."""
    if said != {INDEX}:
        return bool(said - _NO_RESTRICTION)
    return not _are_terms(golds, index(answer))


def _are_terms(golds: Sequence[Value], letter: str) -> bool:
    """Whether the golds are terms of a sequence indexed by the letter; the start index does not matter."""
    return any(isinstance(one, Named) and re.search(rf"_\W*{letter}|\({letter}\)", one.name) for one in golds)


def _drops(restriction: frozenset[str], answer: str) -> bool:
    """Whether an answer omits excluded numbers, or, without naming the variable, that it is an integer."""
    return "\\ne" in restriction or (
        bool(restriction & {"Z", "N", INDEX}) and not re.search(r"(?<![\\a-zA-Z])[a-zA-Z]", answer)
    )


def _beside(gold: Value, answer: str) -> tuple[Value, ...]:
    """Additional readings of an answer, given this gold: digits without base, feet and inches by primes, `100m^2`."""
    if isinstance(gold, Based) and (digits := key(answer)).isalnum():
        return readings(f"{digits.upper()}_{{{gold.base}}}")
    if glued := _GLUED.fullmatch(answer):  # an area, if the gold has no variable m
        return readings(f"{glued[1]} m^{glued[2]}")
    if isinstance(gold, Scalar) and gold.unit.dimension and (of_letter := _LETTER_UNIT.fullmatch(answer)):
        return readings(f"{of_letter[1]} {of_letter[2]}") if is_unit(of_letter[2]) else ()
    if isinstance(gold, Scalar) and (called := _CALLED.get(gold.unit.dimension)) and called[0].search(answer):
        return readings_of_spelled(called[0].sub(called[1], answer))
    is_length = isinstance(gold, Scalar) and gold.unit.dimension == _LENGTH
    if is_length and (primed := _PRIMED.fullmatch(answer)):
        return readings(f"{primed[1]} {'feet' if primed[2] == _PRIME else 'inches'}")
    return ()


def _alike_vectors(gold: str, answer: str) -> tuple[str, str]:
    """Write vectors with arrows in both texts if one uses arrows and the other bold letters."""
    if has_arrows(gold) == has_arrows(answer):
        return gold, answer
    return (gold, with_arrows(answer)) if has_arrows(gold) else (with_arrows(gold), answer)


def _swapped(gold: str, answer: str) -> bool:
    r"""Whether two matrix sizes, `3 \times 4 \text{ matrix}`, have rows and columns swapped."""
    if "\\times" not in gold or not (ours := _SIZE.fullmatch(gold)) or not (theirs := _SIZE.fullmatch(answer)):
        return False
    return bool(ours[3] or theirs[3]) and ours.groups()[:2] != theirs.groups()[:2]


def _varies(value: Value) -> bool:
    """Whether the value is a set or an equation in variables, which a condition restricts."""
    match value:
        case Interval() | Union() | Meet() | Minus() | Inequality():
            return True
        case Equation():
            return any(map(free_variables, value.members))
        case Named():
            return isinstance(value.value, Scalar) and value.value.has_letters
        case Many():
            return bool(value.opening) and value.opening != "\\{" and len(value.items) == 2
    return False


def compare_all(golds: Sequence[str], answer: str, terms: Terms = EXACT) -> Equality:
    """Whether an answer is a list of all the golds, in any order."""
    if len(golds) == 1:
        return compare(golds[0], answer, terms)
    budget.begin()
    wanted: list[Value] = []
    for gold in golds:
        found = readings(gold_of(gold).text)
        if not found:
            return Equality.UNREADABLE_GOLD
        value = _with_unit(found[0], terms.unit) if terms.unit else found[0]
        wanted += value.items if isinstance(value, Many) and not value.opening else [value]
    answers = readings(answer)
    if not answers:
        return Equality.UNREADABLE_ANSWER
    whole = Many(tuple(wanted))
    found_all = _FOUND[any_of(same_value(whole, other, terms) for other in answers)]
    if found_all is not Equality.SAME:
        return found_all
    return _carried_out((whole,), answers, answer, terms)


def _carried_out(golds: Sequence[Value], answers: Sequence[Value], answer: str, terms: Terms) -> Equality:
    """SAME, unless the reference requires an evaluated or simplified answer and this one is not."""
    if terms.evaluated and not any(
        finished.is_evaluated(one, beside=golds)
        for one in answers
        if len(answers) == 1
        or any(same_value(alone(gold, one), alone(one, gold), terms) is Answer.YES for gold in golds)
    ):
        return Equality.UNFINISHED
    if terms.simplified and not finished.is_simplified(standardised(answer)):
        return Equality.UNFINISHED
    return Equality.SAME


def _with_unit(value: Value, text: str) -> Value:
    """Add the reference's unit to a gold."""
    if isinstance(value, Scalar) and value.is_bare:
        one = _one(text)
        return Scalar(value.expression, one.unit, one.percent)
    if isinstance(value, Many):
        return Many(tuple(_with_unit(item, text) for item in value.items), value.opening, value.closing, value.hedged)
    return value


@lru_cache(maxsize=256)
def _one(text: str) -> Scalar:
    """A unit as the scalar 1 with that unit; an unknown unit differs from all known ones."""
    for written in (f"1 {unwrapped(text)}", f"1{text}"):
        for found in readings(written):
            if isinstance(found, Scalar) and found.expression == ONE and not found.is_bare:
                return found
    return Scalar(ONE, Unit(words=frozenset((words_of(standardised(text)),))))
