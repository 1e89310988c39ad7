r"""Arithmetic progressions with dots: `\{1, 2, \ldots, 10\}` has ten elements, `1, 3, 5, \ldots` is infinite.

Example:
    >>> progression(r"\{1,2,\ldots,4\}") == progression(r"\{1,\ldots,4\}")
    True
    >>> progression(r"4,7,10,\ldots"), progression(r"2,4,8,\ldots")
    (Words(text='from 4 by 3 on'), None)
"""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise

from rewards.math.expressions import Num
from rewards.math.values import Many, Scalar, Value, Words

_NUMBERS = r"-?(?:0|[1-9]\d*)(?:\s*,\s*-?(?:0|[1-9]\d*))*"
_WITH_DOTS = re.compile(
    rf"(?P<opening>\\\{{|\(|\[)?\s*(?P<before>{_NUMBERS})\s*,?\s*(?:\\ldots|\.{{3,}})\s*,?\s*(?P<behind>{_NUMBERS})?\s*"
    r"(?P<closing>\\\}|\)|\])?"
)
_PAIRS = {"": "", "(": ")", "[": "]", "\\{": "\\}"}
_SETS = {
    (0, 1): "all nonnegative integers",
    (1, 1): "all positive integers",
    (1, 2): "all positive odd integers",
    (2, 2): "all positive even integers",
}
_MOST_WRITTEN_OUT = 60
_LONGEST = 18  # digits of a number


def progression(text: str) -> Value | None:
    """Its numbers, or a description if they are many or infinite; None if the text is not an arithmetic progression."""
    found = _WITH_DOTS.fullmatch(text.strip())
    if found is None or "," not in text:
        return None
    opening, closing = found["opening"] or "", found["closing"] or ""
    before, behind = _whole(found["before"]), _whole(found["behind"])
    if _PAIRS[opening] != closing or (not behind and len(before) < 3):
        return None
    if max(map(len, re.findall(r"\d+", text))) > _LONGEST:
        return None
    step = before[1] - before[0] if len(before) > 1 else 1
    if not step or any(b - a != step for shown in (before, behind) for a, b in pairwise(shown)):
        return None
    if not behind:
        return _named(opening, before[0], step, None)
    if (behind[0] - before[-1]) % step or (behind[0] - before[-1]) // step < 1:
        return None
    count = (behind[-1] - before[0]) // step + 1
    if count > _MOST_WRITTEN_OUT:
        return _named(opening, before[0], step, behind[-1])
    numbers = tuple(Scalar(Num(Fraction(before[0] + step * at))) for at in range(count))
    return Many(numbers, opening, closing)


def _whole(text: str | None) -> list[int]:
    return [int(one) for one in re.findall(r"-?\d+", text or "")]


def from_on(first: int, step: int) -> Words:
    """An infinite progression, as words; by the name of its set if it has one."""
    return Words(_SETS.get((first, step)) or f"from {first} by {step} on")


def _named(opening: str, first: int, step: int, last: int | None) -> Words:
    opening = opening.removeprefix("\\{")  # without repetition, the list equals the set
    if last is None and not opening:
        return from_on(first, step)
    return Words(f"{opening} from {first} by {step} {'on' if last is None else f'to {last}'}".strip())
