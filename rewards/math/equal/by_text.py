r"""Whether an answer is the gold answer, as far as its text says it: the same spelling, or two plain numbers.

This decides most answers in microseconds and always first; what it leaves open is read as mathematics (`equality`).
It is linear in the length of texts that are capped, so it may run in the caller's process.

Example:
    >>> by_text("1,000", "1000"), by_text(r"\frac{1}{2}", "3"), by_text("x+1", "1+x")
    (<Equality.SAME: 'same'>, <Equality.DIFFERENT: 'different'>, None)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from rewards.math.equal.plain_values import Plain, plain_value
from rewards.math.extract import extract
from rewards.math.extract.assertion import SEVERAL
from rewards.math.spell.spelling import LONGEST, key, spelled
from rewards.math.units import read_unit
from rewards.math.values import EXACT, Terms


class Equality(StrEnum):
    """What a comparison found."""

    SAME = "same"
    DIFFERENT = "different"
    UNDECIDED = "undecided"
    UNFINISHED = "unfinished"
    UNREADABLE_GOLD = "unreadable gold"
    UNREADABLE_ANSWER = "unreadable answer"


_MEASURED = re.compile(r"(?:\\text\{ ?([a-zA-Z/ ]{1,40})\}(?:\^\{?[23]\}?)?|\^\s?\{?\s?\\circ\s?\})\Z")


_STATED = frozenset(("bare", "said", "boxed"))


@dataclass(frozen=True, slots=True)
class Gold:
    """A reference's answer: its text outside of boxes, what it shares with texts that are spelled alike, its value."""

    text: str
    key: str
    value: Plain | None


@lru_cache(maxsize=1024)
def gold_of(text: str) -> Gold:
    """What is known of a gold answer before it is read. An empty key: it cannot be read."""
    inner = _extracted(text)
    if len(inner) > LONGEST:
        return Gold(inner, "", None)
    return Gold(inner, key(spelled(inner)), plain_value(inner))


def _extracted(gold: str) -> str:
    """A gold that is a whole solution, stands in a box or is said to be the answer: its answer."""
    in_a_form = any(mark in gold for mark in ("boxed", "fbox", "####", "<answer>"))
    if in_a_form and (found := extract(gold, policy="strict")) is not None:
        return found.text
    if (
        ("nswer" in gold or "\\\\boxed" in gold)
        and (said := extract(gold, policy="lenient")) is not None
        and said.form in _STATED
    ):
        return gold if said.text.startswith(SEVERAL) else said.text
    return "" if in_a_form else gold


def _is_measure(found: re.Match[str]) -> bool:
    if found[1] is None:
        return True
    unit = read_unit(found[1])
    return unit is not None and bool(unit.dimension)


def by_text(gold: str, answer: str, terms: Terms = EXACT) -> Equality | None:
    """What the texts say; None: they must be read."""
    if gold == answer and gold.strip():
        return Equality.SAME
    known = gold_of(gold)
    if not known.key:
        return Equality.UNREADABLE_GOLD
    if len(answer) > LONGEST:
        return None
    measured = _MEASURED.search(answer) if answer.endswith(("}", "2", "3")) else None
    if measured is not None and not terms.unit and not terms.simplified:
        bare = answer[: measured.start()]
        # Of a gold without a unit: one that only the answer has says nothing.
        if not any(mark in bare for mark in ("$", "%", "circ", "pi")) and _is_measure(measured):
            if key(spelled(bare)) == known.key:
                return Equality.SAME
            if known.value is not None and terms.tolerance is None and (value := plain_value(bare)) is not None:
                return Equality.DIFFERENT if value != known.value and known.value.is_number else None
    if known.value is not None and (value := plain_value(answer)) is not None:
        found = _by_value(known.value, value, answer, terms)
        if found is not None or not value.is_point:
            return found
    return Equality.SAME if key(spelled(answer)) == known.key else None


def _by_value(gold: Plain, value: Plain, answer: str, terms: Terms) -> Equality | None:
    """What two plain values say; None where what the reference asks beyond equality has to be looked at."""
    if gold != value:
        return Equality.DIFFERENT if terms.tolerance is None and not terms.unit else None
    asked = "sqrt" in answer or (terms.simplified and "frac" in answer)
    return None if gold.is_point or (asked and (terms.simplified or terms.evaluated)) else Equality.SAME
