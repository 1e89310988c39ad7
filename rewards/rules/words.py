"""Split a text into words, for rewards that count them.

A word is a run of at most `LONGEST_WORD` letters and digits; a longer run counts as several, so that a word repeated
without spaces is noticed. Each Han or Kana character is one word, because these scripts have no spaces, and so is each
punctuation character or symbol: `!!!!` is four words. Accents and vowel signs belong to their letters; invisible
characters are skipped.

Example:
    >>> list(words("Go, go 東京!"))
    ['Go', ',', 'go', '東', '京', '!']
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from rewards.rules.invisible import without_invisible

LONGEST_WORD = 20

_ALONE = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"


@lru_cache(maxsize=64)
def _word(signs: str) -> re.Pattern[str]:
    """signs: the combining characters of the text; `re` has no class for them."""
    return re.compile(rf"[{_ALONE}]|(?:[^\W{_ALONE}]|[{signs}]){{1,{LONGEST_WORD}}}|[^\w\s]")


def words(text: str) -> Iterator[str]:
    """Yield the words in order. Runs in linear time."""
    seen = without_invisible(text)
    signs = "".join(sorted(character for character in set(seen) if unicodedata.category(character).startswith("M")))
    return (match.group() for match in _word(signs or "\u0300").finditer(seen))
