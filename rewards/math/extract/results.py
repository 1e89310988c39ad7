r"""The result of the last value of a text: the last member of an equation, or a number without words that are not a
unit.

This is a second reading in addition to the value as written: a text that ends with `x + y = 5` may have been asked for
`x + y`, and "7 dozen eggs" may mean 84 or 7. Of several equations the last one counts, if the others only lead to it:
`m = -1` and `m + b = 5`, or `6^b = 36` and `b = 2`. Several values of one kind have no result.

Example:
    >>> result("$m=-1$, $b=6$, and $m+b=-1+6=5$"), result("7 dozen eggs", is_worked=True), result("x + y = 5")
    ('5', '7', '5')
    >>> result("$x = 2$ and $y = 3$"), result("$x = 2$ or $x = 3$"), result("5 cm")
    (None, None, None)
"""

from __future__ import annotations

import re

from rewards.math.late import late
from rewards.math.units import read_unit

_DELIMITER = late(r"(?<!\\)\$|\\[\[\]()]")
_JOINT = late(r"\s*(?:[,;]\s+(?:and\s|or\s)?|\s(?:and|or)\s)\s*")
_OR = late(r"\bor\b")
_EQUALS = late(r"(?<![<>!:\\=])=(?!=)")
_OTHER_RELATION = late(r"[<>≈≠≤≥∈]|\\(?:approx|ne|neq|le|leq|ge|geq|lt|gt|in|equiv|to|cup|sim|pm)(?![a-zA-Z])")
_NAME = late(r"\s*\\?[a-zA-Z]+(?:_\{?\w+\}?)?'?\s*")
_UNKNOWN = r"(?:[a-zA-Z]|\\(?!pi)[a-z]+)"
_MULTIPLE = late(  # `2n`, `-n`, `\frac{1}{2}n`, `n/2`
    rf"(?:[-−]\s?)?(?:\d[\d.]*|\\[dt]?frac\s*\{{?\d+\}}?\s*\{{?\d+\}}?)\s*\*?\s*{_UNKNOWN}|[-−]\s?{_UNKNOWN}"
    rf"|{_UNKNOWN}\s*/\s*\d+"
)
_KNOWN = late(r"\\(?:begin|end)\{[a-z]+\}|\\(?:text|mathrm|mbox)\s*\{[^{}]*\}|\\[a-zA-Z]+")
_NUMBER = late(r"(-?\s?\\?\$?\s?\d[\d,]*(?:\.\d+)?(?:/\d+)?)\s+([a-zA-Z][a-zA-Z ]*)")
_NO_UNIT = frozenset(("dozen", "less", "fewer", "more", "between", "score", "scores"))
_LONGEST = 400


def result(text: str, *, is_worked: bool = False, is_named: bool = False) -> str | None:
    """The result of the last value of a text; None if that is the value itself, or is unclear.

    is_worked: worked steps come before it (`84/12 = 7 dozen eggs`). is_named: words before it say what its left side
        is ("the distance is `2c = 24`").
    """
    if len(text) > _LONGEST:
        return None
    plain = _DELIMITER.sub("", text).strip(" .,;")
    *steps, last = _pieces(plain)
    if "=" not in last:
        return _measured(last) if is_worked and not steps else None
    members = _EQUALS.split(last)
    if len(members) < 2 or _OTHER_RELATION.search(last) or not _is_value(members[-1]):
        return None
    left, right = members[-2].strip(), members[-1].strip()
    if (
        not (steps or is_named) and len(members) == 2 and _MULTIPLE.fullmatch(left) is not None
    ):  # `2n = 18` is not solved
        return None
    if left.isdecimal() and right.isdecimal() and int(left) != int(right):  # a false one
        return None
    if steps and not _lead_to(steps, members[0], _OR.search(plain) is not None):
        return None
    found = members[-1].strip(" .,;")
    return _measured(found) or found


def _pieces(text: str) -> list[str]:
    """The parts of the text between joining words and commas; brackets are not split."""
    found, begin = [], 0
    for joint in _JOINT.finditer(text):
        part = text[begin : joint.start()]
        if all(part.count(a) == part.count(b) for a, b in ("()", "[]", "{}")):
            found.append(part)
            begin = joint.end()
    return [*found, text[begin:]]


def _lead_to(steps: list[str], name: str, chosen: bool) -> bool:
    """Whether these equations only lead to the one after them: from values of names to an expression, or to a name's
    value.
    """
    sides = [_EQUALS.split(step) for step in steps]
    if any(len(side) < 2 for side in sides):
        return False
    if _NAME.fullmatch(name) is None:
        return not chosen
    return all(_NAME.fullmatch(side[0]) is None or not _is_value(side[-1]) for side in sides)


def _is_value(text: str) -> bool:
    """Whether the text has no variables, and is not just the zero of an equation."""
    words = _KNOWN.sub(" ", text.replace("\\left", "").replace("\\right", ""))
    return bool(text.strip(" .0")) and (
        not re.search(r"[a-zA-Z]", words) or _NUMBER.fullmatch(text.strip()) is not None
    )


def _measured(text: str) -> str | None:
    """The number with its unit, without a following word that is not a unit."""
    number = _NUMBER.fullmatch(text)
    if number is None:
        return None
    words = number[2].split()
    at = next((at for at, word in enumerate(words) if word.lower() in _NO_UNIT), None)
    if at is None or read_unit(" ".join(words[:at])) is None:
        return None
    return " ".join((number[1], *words[:at]))
