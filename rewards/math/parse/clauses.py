r"""Restricting clauses after an answer: `2n - 1, n \in \mathbb{N}^*`, `\frac{1}{x} (x > 0)`.

The clause is cut off before the answer is parsed, and compared separately: different clauses make different answers.
That the index of a sequence starts at 0 or 1 is not a restriction.

Example:
    >>> text = r"a_n = 2n-1 (n \ge 1)"
    >>> text[: clause(text)], sorted(conditions(text))
    ('a_n = 2n-1', ['index'])
"""

from __future__ import annotations

import re

from rewards.math.notation.standard import standardised

_WORDED = re.compile(
    r",?\s*“?\s*(?<![a-zA-Z])"
    r"(?:for (?:all|any|every|each|real|integers?|some|positive|natural|non-?negative|whole)|where|with)\b[^“”]*”?.*$"
    r"|,\s*[a-z]\s*“\s*(?:(?:is|are)\s+)?(?:(?:an?|any)\s+)?(?:(?:positive|negative|non-?negative)\s+)?integers?\s*”\s*$"
)
_RELATION = re.compile(r"[<>]|\\[lg]e(?![a-z])|\\ne(?![a-z]).*\\ne(?![a-z])|\\in(?![a-z])|\\[{]")
_EXCEPTION = re.compile(
    r",\s*(?:“\s*(?:where|if|for|when)?\s*”\s*)?[a-zA-Z]\s*\\ne(?![a-zA-Z])[^,=<>]*$"
    r"|\(\s*[a-zA-Z]\s*\\ne(?![a-zA-Z])[^,=<>()]*\)\s*$"
)
_BEFORE = r"(?:,\s*\(?|\s*“\s*,?\s*(?:for|where|with)(?: all)?\s*”\s*\(?|\s+for\s+|\s*\(\s*|,?\s*\\forall\s*)\s*"
_SET = r"(?:\\mathbb\s*\{?\s*[A-Z]\s*\}?|[NZQR](?![a-zA-Z]))(?:\s*[_^]\s*(?:\{[^{}]*\}|[*+\d]))*"
_IN_NUMBERS = re.compile(rf"{_BEFORE}([a-zA-Z])\s*\\in\s*({_SET})\s*\)?\s*$")
_PI = r"\\pi(?![a-zA-Z])"
_FRACTION = rf"\\frac\s*\{{\s*(?:\d+|(?:\d+\s*)?{_PI})\s*\}}\s*\{{\s*\d+\s*\}}"
_SIDE = rf"(?:-?\s*(?:\d+(?:\.\d+)?(?:\s*{_PI})?|{_FRACTION}|{_PI}|[a-z]))"
_SIGN = r"(?:[<>]|\\[lg]e(?![a-z])|\\ne(?![a-z]))"
_BOUNDED = re.compile(
    rf"(?:{_BEFORE}|\s+)(?:{_SIDE}\s*{_SIGN}\s*)?(?<![a-zA-Z\\])([a-zA-Z])\s*{_SIGN}\s*{_SIDE}\s*\)?\s*$"
)
_BOUNDED_BEFORE = re.compile(rf"(?:{_BEFORE}|\s+){_SIDE}\s*{_SIGN}\s*(?<![a-zA-Z\\])([a-zA-Z])\s*\)?\s*$")
_END = r"[^()\[\],]{1,40}"
_IN_INTERVAL = re.compile(rf"{_BEFORE}([a-zA-Z])\s*\\in\s*[(\[]{_END},{_END}[)\]]\s*\)?\s*$")
_COUNTED = re.compile(rf"{_BEFORE}([a-zA-Z])\s*=\s*([01]),\s*\d+,\s*(?:\d+,\s*)*(?:\\ldots|\.\.\.)\s*\)?\s*$")
_LEADING = re.compile(
    r"\A(?:[\s,(“”]|\\forall(?![a-zA-Z])|(?<![a-zA-Z\\])(?:for|where|with|when|if|all|any|every|each|real)(?![a-zA-Z]))*"
)
_HEDGING = re.compile(
    r"\b(?:or|else|others?|otherwise|but|also|if|unless|without|except|possibl[ey]|maybe|wrong|incorrect)\b"
)
_OFFERING = re.compile(r"\bor\b[\s”]*\Z")  # `y = x^2 \text{ or } x > 0`
_COMPARED = re.compile(r"[<>;]|\\(?:[lg]e|ne|in|approx|begin)(?![a-zA-Z])")
_SIGNS_IN_CLAUSE = re.compile(
    r"\\mathbb\s*\{?\s*([A-Z])|\b(positive|negative|odd|even)|\b(integer|real|natural|rational)|(\d+|[<>]=?|\\[lg]e|\\notin|\\ne)"
)
_OF_SOME = re.compile(r"[a-zA-Z]\s*\(\s*([a-z])\s*\)\s*=.*\bfor some\b[^”]*”?\s*\1(?![a-zA-Z])")  # not a general rule
_SETS_OF_NUMBERS = {"integer": "Z", "real": "R", "natural": "N", "rational": "Q"}
_INDEX = re.compile(  # starting at 0 or 1, which is a convention
    r".*?(?<![a-zA-Z\\])([ijkmn])\s*(?:\\in\s*(?:(?:\\mathbb\s*\{?\s*N\s*\}?|N)(?:\s*+[_^]\s*+(?:\{\s*+)?(?:[*+01]\s*+)?\}?)*"
    r"|(?:\\mathbb\s*\{?\s*Z\s*\}?|Z)\s*[_^]\s*\{?\s*(?:\+|>\s*0|\\ge\s*[01])\s*\}?)"
    r"|\\ge\s*[01](?![\d./])|>\s*0(?![\d./])"
    r"|\s*“?\s*(?:is|are)? ?(?:an? )?(?:positive integers?|natural numbers?|non-?negative integers?)\s*”?)"
    r"\s*\)?\s*”?\s*"
    r"|.*?“?(?:positive|natural|non-?negative)(?: integers?| numbers?)?\s*”?\s*([ijkmn])\s*”?\s*",
    re.DOTALL,
)
_FROM_ZERO = re.compile(r"\\ge\s*0|non-?negative|_\W*0")
_FROM_ONE = re.compile(r"\\ge\s*1|>\s*0|positive|[+*]|_\W*1")
_OF_INDEX = re.compile(r"\\ge(?![a-z])|>|integer|natural")
_COMMAND = re.compile(r"\\[a-zA-Z]+")
_VARIABLE = re.compile(r"[a-z](?!\s*\()")
_UNFINISHED = re.compile(r"(?:[-+*/^(|]|\\(?:cdot|times|pm|mp|div))\s*$")
INDEX = "index"
"""The condition of an index that ranges over all integers from its first value on."""


def clause(text: str) -> int:
    """Where the restricting clause begins; the end of the text if there is none, or if it is a hedge."""
    found = _WORDED.search(text) or _of_a_letter(text)
    if found is None and "\\ne" in text and not _RELATION.search(text):
        found = _EXCEPTION.search(text)
    if found is None or _HEDGING.search(found.group()) or _OFFERING.search(text, 0, found.start()):
        return len(text)
    return found.start()


def _of_a_letter(text: str) -> re.Match[str] | None:
    r"""A clause that says that a letter of the answer is in a set of numbers, or within bounds."""
    if "\\in" in text and (found := _IN_NUMBERS.search(text)) is not None:
        return found if _holds(text, found) or found[2].startswith("\\") else None
    found = _COUNTED.search(text) if "..." in text or "\\ldots" in text else None
    found = found or (_bounds(text) if _COMPARED.search(text) else None)
    if found is None or _COMPARED.search(text, 0, found.start()):
        return None
    return found if _holds(text, found) else None


def _bounds(text: str) -> re.Match[str] | None:
    r"""Bounds after a formula: `x > 2`, `0 < x < 1`, `2 < x`, `x \in [0, 1]`."""
    if "\\in" in text and (found := _IN_INTERVAL.search(text)) is not None:
        return found
    return _BOUNDED.search(text) or _BOUNDED_BEFORE.search(text)


def _holds(text: str, found: re.Match[str]) -> bool:
    """Whether the letter of a clause occurs in the answer, which is complete without the clause."""
    left, _, answer = text[: found.start()].rpartition("=")
    if _UNFINISHED.search(answer):  # `x^2 - x > 6`
        return False
    on_left = set(_VARIABLE.findall(_COMMAND.sub(" ", left)))
    if len(on_left) > 1 and found[1] in on_left and re.search(r"\d", found.group()):
        return True  # a part of a curve, `x^2 - y^2 = 1 (x > 0)`
    return re.search(rf"(?<![a-zA-Z\\]){found[1]}(?![a-zA-Z])|(?<=\d){found[1]}(?![a-zA-Z])", answer) is not None


def conditions(text: str) -> frozenset[str]:
    """The conditions in the clause: its numbers, relations and sets of numbers."""
    plain = standardised(text)
    said = plain[clause(plain) :]
    of_some = frozenset(("some",) if "some" in plain and _OF_SOME.match(plain) else ())
    if said and (_INDEX.fullmatch(said) or _COUNTED.fullmatch(said)):
        return of_some | {INDEX}
    found = _SIGNS_IN_CLAUSE.findall(re.sub(r"\\in\s*([NZQR])(?![a-zA-Z])", r"\\in \\mathbb{\1}", said))
    return of_some | frozenset(a or b or _SETS_OF_NUMBERS.get(c, "") or d for a, b, c, d in found)


def relations(text: str) -> str:
    """The text of the clause, without introductory words and brackets."""
    plain = standardised(text)
    said = _LEADING.sub("", plain[clause(plain) :], count=1).rstrip(" ”.,")
    is_open = sum(map(said.count, ")]")) > sum(map(said.count, "(["))
    return said.removesuffix(")").rstrip() if is_open else said


def is_bounded(text: str) -> bool:
    """Whether the clause bounds a letter of the formula."""
    plain = standardised(text)
    found = _bounds(plain)
    return found is not None and found.start() == clause(plain) and "\\ne" not in found.group()


def index(text: str) -> str:
    """The letter that the clause declares as an index; empty = none."""
    plain = standardised(text)
    said = plain[clause(plain) :]
    found = (_INDEX.fullmatch(said) or _COUNTED.fullmatch(said)) if said else None
    return "" if found is None else found[1] or found[2]


def first(text: str) -> int | None:
    """The first value of the index, 0 or 1; None if it is not given, or there is no index."""
    plain = standardised(text)
    said = plain[clause(plain) :]
    if not _INDEX.fullmatch(said):
        return None
    return 0 if _FROM_ZERO.search(said) else 1 if _FROM_ONE.search(said) else None


def unnamed(text: str) -> str | None:
    r"""Rename the letter of `k\pi, k \in \mathbb{Z}` to a reserved one, since its name does not matter; else None."""
    family = _IN_NUMBERS.search(text) if "\\in" in text else None
    at = clause(text) if family or _OF_INDEX.search(text) else len(text)
    if family is None and at < len(text):
        family = _INDEX.fullmatch(text[at:])
    if family is None:
        return None
    letter = family[1] or family[2]
    return re.sub(rf"(?<![a-zA-Z\\]){letter}(?![a-zA-Z])", r"\\aleph ", text[:at])
