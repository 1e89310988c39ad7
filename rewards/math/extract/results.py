r"""What the last value of a text comes to: the last member of its equations, a number without words that are no unit.

A second reading, beside the value as it stands: `x + y = 5` is an equation, and who ends with it may have been asked
for `x + y`; "7 dozen eggs" may be 84 or 7. Of several equations it is the last, where the ones before only lead to it:
`m = -1` and `m + b = 5`, or `6^b = 36` and `b = 2`. Several values of one kind have none.

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
_KNOWN = late(r"\\(?:begin|end)\{[a-z]+\}|\\(?:text|mathrm|mbox)\s*\{[^{}]*\}|\\[a-zA-Z]+")
_NUMBER = late(r"(-?\s?\\?\$?\s?\d[\d,]*(?:\.\d+)?(?:/\d+)?)\s+([a-zA-Z][a-zA-Z ]*)")
_NO_UNIT = frozenset(("dozen", "less", "fewer", "more", "between", "score", "scores"))
_LONGEST = 400


def result(text: str, *, is_worked: bool = False) -> str | None:
    """What the last value of a text comes to; None where that is the value itself, or cannot be told.

    is_worked: worked steps stand before it (`84/12 = 7 dozen eggs`).
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
    if left.isdecimal() and right.isdecimal() and int(left) != int(right):  # a false one
        return None
    if steps and not _lead_to(steps, members[0], _OR.search(plain) is not None):
        return None
    found = members[-1].strip(" .,;")
    return _measured(found) or found


def _pieces(text: str) -> list[str]:
    """The parts that are joined, brackets kept whole."""
    found, begin = [], 0
    for joint in _JOINT.finditer(text):
        part = text[begin : joint.start()]
        if all(part.count(a) == part.count(b) for a, b in ("()", "[]", "{}")):
            found.append(part)
            begin = joint.end()
    return [*found, text[begin:]]


def _lead_to(steps: list[str], name: str, chosen: bool) -> bool:
    """Whether equations only lead to the one behind them: values of names to an expression, an equation to a name."""
    sides = [_EQUALS.split(step) for step in steps]
    if any(len(side) < 2 for side in sides):
        return False
    if _NAME.fullmatch(name) is None:
        return not chosen
    return all(_NAME.fullmatch(side[0]) is None or not _is_value(side[-1]) for side in sides)


def _is_value(text: str) -> bool:
    """It has no variables, and is more than the zero of an equation."""
    words = _KNOWN.sub(" ", text.replace("\\left", "").replace("\\right", ""))
    return bool(text.strip(" .0")) and (
        not re.search(r"[a-zA-Z]", words) or _NUMBER.fullmatch(text.strip()) is not None
    )


def _measured(text: str) -> str | None:
    """A number with its unit, without the word behind them that is none."""
    number = _NUMBER.fullmatch(text)
    if number is None:
        return None
    words = number[2].split()
    at = next((at for at, word in enumerate(words) if word.lower() in _NO_UNIT), None)
    if at is None or read_unit(" ".join(words[:at])) is None:
        return None
    return " ".join((number[1], *words[:at]))
