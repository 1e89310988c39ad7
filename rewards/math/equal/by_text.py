r"""Decide equality from the texts alone: the same normalised text, or two plain values.

This decides most answers, in microseconds, and always runs first; the rest is parsed (`equality`). It is linear in the
length of texts, which is limited, so it may run in the caller's process.

Example:
    >>> by_text("1,000", "1000"), by_text(r"\frac{1}{2}", "3"), by_text("2(x+1)", "2x+2")
    (<Equality.SAME: 'same'>, <Equality.DIFFERENT: 'different'>, None)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from rewards.math.equal.plain_values import Plain, alike, plain_value
from rewards.math.extract import extract
from rewards.math.extract.assertion import SEVERAL
from rewards.math.notation.standard import LONGEST, key, standardised
from rewards.math.units import read_unit
from rewards.math.values import EXACT, Terms


class Equality(StrEnum):
    """The result of a comparison."""

    SAME = "same"
    DIFFERENT = "different"
    UNDECIDED = "undecided"
    UNFINISHED = "unfinished"
    UNREADABLE_GOLD = "unreadable gold"
    UNREADABLE_ANSWER = "unreadable answer"


_MEASURED = re.compile(r"(?:\\text\{ ?([a-zA-Z/ ]{1,40})\}(?:\^\{?[23]\}?)?|\^\s?\{?\s?\\circ\s?\})\Z")
_NAMED = re.compile(r"[a-df-hj-zA-DF-HJ-Z]\s?=\s?(?=[^=]+\Z)")
_STATED = frozenset(("bare", "said", "boxed"))


@dataclass(frozen=True, slots=True)
class Gold:
    """A reference's answer: its text without boxes, the key shared by texts with the same normalised form, its value.

    affix: its name, currency sign, percent sign or unit, or "". number_key, number: key and value without that.
    """

    text: str
    key: str
    value: Plain | None
    affix: str = ""
    number_key: str = ""
    number: Plain | None = None


@lru_cache(maxsize=1024)
def gold_of(text: str) -> Gold:
    """Prepare a gold answer. An empty key means that it cannot be parsed."""
    inner = _extracted(text)
    if len(inner) > LONGEST:
        return Gold(inner, "", None)
    own_key, value = key(standardised(inner)), plain_value(inner)
    number, affix = _without_affix(inner)
    if not affix:
        return Gold(inner, own_key, value, "", own_key, value)
    return Gold(inner, own_key, value, affix, key(standardised(number)), plain_value(number))


def _extracted(gold: str) -> str:
    """The answer in a gold that is a solution, a box or a statement of the answer; else the gold itself."""
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


def _without_affix(text: str) -> tuple[str, str]:
    """Split a number from its name, currency sign, percent sign or unit. For other texts: the text and ""."""
    if text.endswith("%"):
        return text[:-1].rstrip("\\ "), "%"
    if text.startswith("\\$"):
        return text[2:].lstrip(), "$"
    if text.count("$") == 1 and (text[0] == "$" or text[-1] == "$"):  # a currency sign, not a math delimiter
        return text.strip("$ ").rstrip("\\ "), "$"
    if (named := _NAMED.match(text)) is not None:
        return text[named.end() :], named.group()
    measured = _MEASURED.search(text) if text.endswith(("}", "2", "3")) else None
    if measured is None or any(mark in text[: measured.start()] for mark in ("$", "%", "circ", "pi")):
        return text, ""
    return (text[: measured.start()], measured.group()) if _is_measure(measured) else (text, "")


def _is_measure(found: re.Match[str]) -> bool:
    if found[1] is None:
        return True
    unit = read_unit(found[1])
    return unit is not None and bool(unit.dimension)


def by_text(gold: str, answer: str, terms: Terms = EXACT) -> Equality | None:
    """The result if the texts decide it; None: they must be parsed."""
    if gold == answer and gold.strip():
        return Equality.SAME
    known = gold_of(gold)
    if not known.key:
        return Equality.UNREADABLE_GOLD
    if len(answer) > LONGEST:
        return None
    if not terms.unit and not terms.simplified:
        number, affix = _without_affix(answer)
        if (affix or known.affix) and (affix == known.affix or not (affix and known.affix)):
            found = _by_number(known, number, affix, terms)
            if found is not None:
                return found
    if known.value is not None and (value := plain_value(answer)) is not None:
        found = _by_value(known.value, value, answer, terms)
        if found is not None or value.multiples is not None:
            return found
    return Equality.SAME if key(standardised(answer)) == known.key else None


def _by_number(gold: Gold, number: str, affix: str, terms: Terms) -> Equality | None:
    """Compare two numbers with the same affix, or with an affix on one side only."""
    is_percent = "%" in (affix, gold.affix) and affix != gold.affix
    if not is_percent and "=" not in affix + gold.affix and key(standardised(number)) == gold.number_key:
        return Equality.SAME
    value = None if gold.number is None else plain_value(number)
    if gold.number is None or value is None or not (gold.number.is_real and value.is_real):
        return None
    if gold.number.has_pi or value.has_pi:  # may be an angle, in degrees or radians
        return None
    if is_percent and "$" not in number + gold.text:
        shown, bare = (gold.number, value) if gold.affix else (value, gold.number)
        return _by_percent(shown, bare) if terms.tolerance is None else None
    return None if is_percent else _by_value(gold.number, value, number, terms)


def _by_percent(shown: Plain, bare: Plain) -> Equality | None:
    """Compare a percentage with a bare number: `50%` is 0.5 or 50; below 1 the sign is required."""
    percents, number = shown.rational, bare.rational
    if percents is None or number is None or not (shown.is_simple and bare.is_simple):
        return None
    is_same = percents == 100 * number or (percents == number and not -1 < percents < 1)
    return Equality.SAME if is_same else Equality.DIFFERENT


def _by_value(gold: Plain, value: Plain, answer: str, terms: Terms) -> Equality | None:
    """Compare two plain values; None if the reference requires more than equality."""
    found = alike(gold, value)
    if found is None:
        return None
    if not found:
        return Equality.DIFFERENT if terms.tolerance is None and not terms.unit else None
    is_plain = value.is_simple and not (terms.simplified and "frac" in answer)
    return Equality.SAME if is_plain or not (terms.evaluated or terms.simplified) else None
