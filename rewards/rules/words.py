"""The words of a text, for rewards that count them.

A word is a run of letters and digits, of at most `LONGEST_WORD`: a longer run counts as several, so that one word
repeated without blanks is seen. A Han or Kana character is a word of its own, for these scripts have no blanks, and so
is every mark that is no white space: `!!!!` are four.

Example:
    >>> list(words("Go, go 東京!"))
    ['Go', ',', 'go', '東', '京', '!']
"""

from __future__ import annotations

import re
from collections.abc import Iterator

LONGEST_WORD = 20

_ALONE = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_WORD = re.compile(rf"[{_ALONE}]|[^\W{_ALONE}]{{1,{LONGEST_WORD}}}|[^\w\s]")


def words(text: str) -> Iterator[str]:
    """The words in order. Linear in the length."""
    return (match.group() for match in _WORD.finditer(text))
