r"""Compare a published solution with its row's gold: the answer it states, and whether it computes the gold.

Example:
    >>> stated("So it is \\boxed{7}, or rather \\boxed{8}."), stated("2 + 2 = 4\n#### 4"), stated("It is 4.")
    ('8', '4', '')
    >>> supports("2 + 2 = 4, so four.\n#### 5", ["5"]), supports("2 + 2 = 4, so four.\n#### 4", ["4"])
    (False, True)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from data_prep.sources.answers import after_hashes, last_boxed

_NUMBER = re.compile(r"(?:\d{1,3}(?:[ ,]\d{3})+|\d+)(?:\.\d+)?|\.\d+")
NAMED = {
    name: Fraction(number)
    for number, name in enumerate(
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"), 1
    )
}
_UNITS = (1, 100, Fraction(1, 100))  # cents and dollars, fractions and per cent
_WORKED = 2  # least number of different numbers in a worked solution


def stated(solution: str) -> str:
    """The content of the last box, else the text after the last ####; empty if the solution has neither."""
    return (last_boxed(solution) or after_hashes(solution) or "").strip()


def supports(solution: str, golds: Sequence[str]) -> bool:
    """Whether a worked solution contains the gold before `####`; True without `####`, or if the gold is no number."""
    head, mark, _ = solution.rpartition("####")
    if not mark:
        return True
    found = _values(head) | {NAMED[word] for word in re.findall("[a-z]+", head.lower()) if word in NAMED}
    wanted = [
        value for gold in golds if re.fullmatch(r"-?\$?[\d,]+(\.\d+)?%?", gold.strip()) for value in _values(gold)
    ]
    if len(found) < _WORKED or len(wanted) < len(golds):
        return True
    return any(value * unit in found for value in wanted for unit in _UNITS)


def comes_to(solution: str) -> str:
    """The last number of a solution before `####`; empty = none."""
    return next(reversed(_NUMBER.findall(solution.rpartition("####")[0])), "")


def _values(text: str) -> set[Fraction]:
    return {Fraction(re.sub("[ ,]", "", number)) for number in _NUMBER.findall(text)} | {
        Fraction(number) for number in re.findall(r"\d+(?:\.\d+)?", text) if len(number) < 30
    }
