"""Sentences of running text: where they begin and end, and Markdown around their values.

Example:
    >>> sentence_before("It is 3. So x = 4", 16), sentence_end("It is 3.5 cm. So", 0)
    (' So x = ', 12)
"""

from __future__ import annotations

import re

from rewards.math.extract.assertion import LONGEST_SENTENCE
from rewards.math.late import late

SENTENCE_END = late(  # the stop first, for speed
    r"[.!?](?<!\.[.!?])(?<!\b(?:Rs|No|sq|cu)[.!?])(?<!\b(?:i\.e|e\.g)[.!?])(?!\.)(?!(?<=\d!)\))(?=[\s\"'*_)}\]$]|\Z)|\n|[。！？]"
)
_BOLD = late(
    r"(?<![\w)])(?:\*{2,3}|__)|(?:\*{2,3}|__)(?![\w(])|`+|</?(?:b|strong|i|em|u)>|[“‘](?=[\d$\\])|(?<=[\d$])[”’]",
    re.IGNORECASE,
)


def unmarked(text: str) -> str:
    """The text without Markdown marks around values."""
    return _BOLD.sub("", text)


def sentence_end(text: str, start: int) -> int:
    """The end of the sentence (or line) around a position."""
    found = SENTENCE_END.search(text, start)
    return found.start() if found else len(text)


def sentence_before(text: str, at: int) -> str:
    """The text before a position, within its sentence."""
    begin = max(0, at - LONGEST_SENTENCE)
    for found in SENTENCE_END.finditer(text, begin, at):
        begin = found.end()
    return text[begin:at]
