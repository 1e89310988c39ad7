r"""Boxes that fill the blanks of one formula: `\frac{\boxed{7}}{\boxed{8}}`, `\boxed{3}x + \boxed{4}`.

Such boxes are no list: the formula around them is the answer. Boxes with nothing but separators or labels between them
are a list (`rewards.math.extract.boxes`), and so are the sides of an equation.

Example:
    >>> text = r"It is $x = \frac{\boxed{7}}{\boxed{8}}$."
    >>> filled(text, [Part(17, "7", 26), Part(28, "8", 37)])
    '\\frac{7}{8}'
    >>> filled(r"$\boxed{7}, \boxed{8}$", [Part(1, "7", 10), Part(12, "8", 21)]) is None
    True
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from rewards.math.late import late

_LONGEST = 60
_COMMAND = (
    r"(?:[dt]?(?:frac|binom)|sqrt|pi|infty|left|right|cdot|times|div|pm|mp|cup|cap|setminus|l?og|ln|exp|sin|cos|tan"
    r"|(?:begin|end)\{[bpvBV]?matrix\})(?![a-zA-Z])"
)
_PIECE = rf"(?:[\d\s.,:+*/±|!&∪∩∞π−-]|[()\[\]{{}}^_]|(?<![a-zA-Z\\])[a-zA-Z](?![a-zA-Z])|\\{_COMMAND}|\\[{{}}\\,;:! |])"
_BETWEEN = late(rf"{_PIECE}*")
_BEFORE = late(rf"(?:\$|\\\(|\\\[|=|\\in(?![a-zA-Z]))(?P<lead>{_PIECE}*)\Z")
_BEHIND = late(rf"(?P<rest>{_PIECE}*?)[\s.,;]*(?:\$|\\\)|\\\])")
_SEPARATORS = late(r"(?:[\s.,;&]|\\[,;:! \\])*")
_ONE_TOKEN = late(r"-?[\d.]+|[a-zA-Z]|\\[a-zA-Z]+|\\?(?:[dt]?frac|sqrt)(?:\{\w+\})+")
_ROWS = ("&", "\\\\")


class Part(NamedTuple):
    """A box in a formula: where it begins, what it holds, where it ends."""

    start: int
    content: str
    end: int


def filled(text: str, row: Sequence[Part]) -> str | None:
    """The formula whose blanks these neighbouring boxes fill; None if they are a list, or one box alone."""
    between = [text[one.end : following.start] for one, following in pairwise(row)]
    before = _BEFORE.search(text, max(0, row[0].start - _LONGEST), row[0].start)
    behind = _BEHIND.match(text, row[-1].end, row[-1].end + _LONGEST)
    if before is None or behind is None:
        return None
    outside = [before["lead"], *between, behind["rest"]]
    around = "".join(outside)
    is_matrix = "matrix}" in around
    if not is_matrix and (len(row) == 1 or any(mark in around for mark in _ROWS)):
        return None
    if _SEPARATORS.fullmatch(around) is not None or _lists(around):
        return None
    contents = [one.content if _ONE_TOKEN.fullmatch(one.content) or is_matrix else f"({one.content})" for one in row]
    return "".join(part for pair in zip(outside, [*contents, ""], strict=True) for part in pair).strip()


def is_within(between: str) -> bool:
    """Whether two boxes with this text between them may be in one formula."""
    return len(between) <= _LONGEST and _BETWEEN.fullmatch(between) is not None


def _lists(around: str) -> bool:
    """Whether a comma outside of all brackets separates values."""
    depth = 0
    for mark in around.replace("\\,", " "):
        depth += (mark in "([{") - (mark in ")]}")
        if mark == "," and depth <= 0:
            return True
    return False
