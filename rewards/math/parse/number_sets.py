r"""Named sets of numbers: `\mathbb{R}_{>0}`, `\mathbb{N}_0`, "all positive integers".

Sets of real numbers are intervals. Sets of integers, rational and complex numbers are words, one per set. Since
conventions differ on whether 0 is a natural number, `\mathbb{N}` is just "the natural numbers".

Example:
    >>> from rewards.math.notation.tokens import tokens
    >>> by_sign(tokens(r"\mathbb{Z}_{\ge 0}")), by_words("non-negative integers")
    (Words(text='all nonnegative integers'), Words(text='all nonnegative integers'))
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rewards.math.expressions import INFINITY, MINUS_INFINITY, ZERO, number
from rewards.math.notation.tokens import Token
from rewards.math.values import REALS, Interval, Union, Value, Words

EMPTY = Union(())

_NOUNS = {"Z": "integers", "N": "natural numbers", "Q": "rational numbers", "C": "complex numbers"}
_MARKS = {
    **dict.fromkeys(("", "^1"), ""),
    **dict.fromkeys(("^+", "_+", "_>0", "^>0", "^*_+", "_+^*", "^++", "_++"), "positive"),
    **dict.fromkeys(("^-", "_-", "_<0", "^<0"), "negative"),
    **dict.fromkeys((r"_\ge0", "_0^+", "^+_0", r"^\ge0"), "nonnegative"),
    **dict.fromkeys((r"_\le0", "_0^-", "^-_0", r"^\le0"), "nonpositive"),
    **dict.fromkeys(("^*", "_*", r"^\times", r"_\ne0"), "nonzero"),
}
_OF_NATURALS = {
    **dict.fromkeys(("_0", r"_\ge0", "^0"), "nonnegative"),
    **dict.fromkeys(("^+", "_+", "^*", "_*", "_>0", r"_\ge1", "_1"), "positive"),
}
_REAL: dict[str, Value] = {
    "": REALS,
    "positive": Interval(ZERO, INFINITY, False, False),
    "negative": Interval(MINUS_INFINITY, ZERO, False, False),
    "nonnegative": Interval(ZERO, INFINITY, True, False),
    "nonpositive": Interval(MINUS_INFINITY, ZERO, False, True),
    "nonzero": Union((Interval(MINUS_INFINITY, ZERO, False, False), Interval(ZERO, INFINITY, False, False))),
}
_BOUND = re.compile(r"[_^](<|>|\\[gl]e|\\ne)(-?\d+)")
_IN_WORDS = re.compile(
    r"(?:the )?(?:set of )?(?:all |any |every )?(?:the )?"
    r"(?:(?P<sign>positive|negative|non-?\s?negative|non-?\s?positive|non-?\s?zero) )?(?:(?P<real>real )?"
    r"(?P<noun>integer|natural|rational|complex|real|number)(?:s|(?P<number>(?<!number) numbers?)))(?: [a-z])?"
)
_PARITY = re.compile(
    r"(?:the )?(?:set of )?(?:all |any |every )?(?:the )?(?:(?P<before>positive|negative) )?(?P<kind>odd|even)"
    r"(?: (?P<sign>positive|negative))?(?: (?:whole )?(?:integer|number|value)s?)?(?: [a-z])?"
    r"|[a-z] (?:is |are )?(?:all )?(?P<said>odd|even)(?: (?:integer|number)s?)?"
)
_MULTIPLES = re.compile(
    r"(?:the )?(?:set of )?(?:all |any |every )?(?:the )?(?:(?P<sign>positive|negative) )?(?:integer )?"
    r"multiples? of (?P<of>\d+)"
    r"|(?:[a-z] (?:is|are) )(?:(?:a |any |all )?multiples? of|divisible by) (?P<said>\d+)"
)
_FULL_NAMES = {"integer": "integers", "natural": "natural numbers", "rational": "rational numbers"}


def by_sign(found: Sequence[Token]) -> Value | None:
    """A blackboard letter with superscripts and subscripts; None for others."""
    texts = [token.text.strip() for token in found if token.text not in ("{", "}")]
    if texts and texts[0] == "\\R":
        texts[:1] = ["\\mathbb", "R"]
    if len(texts) < 2 or texts[0] not in ("\\mathbb", "\\mathbf") or (texts[0] == "\\mathbf" and texts[1] != "R"):
        return None
    letter, mark = texts[1], "".join(texts[2:])
    if letter == "R":
        return _REAL.get(_MARKS[mark]) if mark in _MARKS else _half_line(mark)
    if letter not in _NOUNS:
        return None
    if letter == "N" and mark in _OF_NATURALS:
        return _named(_OF_NATURALS[mark], "integers")
    return _named(_MARKS[mark], _NOUNS[letter]) if mark in _MARKS and letter + mark != "N-" else None


def _half_line(mark: str) -> Value | None:
    r"""The half-line `\mathbb{R}_{>1}`; None for other marks."""
    found = _BOUND.fullmatch(mark)
    if found is None:
        return None
    bound, relation = number(int(found[2])), found[1]
    if relation == "\\ne":
        return Union((Interval(MINUS_INFINITY, bound, False, False), Interval(bound, INFINITY, False, False)))
    if relation in (">", "\\ge"):
        return Interval(bound, INFINITY, relation == "\\ge", False)
    return Interval(MINUS_INFINITY, bound, False, relation == "\\le")


def by_words(text: str) -> Value | None:
    """A set of numbers named in words; None for others."""
    if (parity := _PARITY.fullmatch(text.lower())) is not None and len(text) > len("even"):
        signs = " ".join(filter(None, (parity["before"], parity["sign"])))
        return _named(f"{signs} {parity['kind'] or parity['said']}".strip(), "integers")
    if (multiples := _MULTIPLES.fullmatch(text.lower())) is not None:
        return _named(multiples["sign"] or "", f"multiples of {multiples['of'] or multiples['said']}")
    match = _IN_WORDS.fullmatch(text.lower())
    if match is None:
        return _EMPTY_NAMES.get(text.lower().removeprefix("the "))
    sign, noun = re.sub(r"[-\s]", "", match["sign"] or ""), match["noun"]
    if noun == "real" or (match["real"] and noun == "number"):
        return _REAL[sign]
    if match["real"] or noun == "number" or (noun == "complex" and (sign or not match["number"])):
        return None
    return _named(sign, _FULL_NAMES.get(noun, f"{noun} numbers"))


_EMPTY_NAMES: dict[str, Value] = dict.fromkeys(
    (
        *("empty set", "null set", "no solution", "no solutions", "no solution exists", "no solutions exist"),
        *("no real solution", "no real solutions", "none"),
    ),
    EMPTY,
)


def _named(sign: str, noun: str) -> Words:
    return Words(" ".join(filter(None, ("all", sign, noun))))
