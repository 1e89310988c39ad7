"""Invisible characters: zero-width and formatting characters, fillers, control characters.

They can be inside a word or tag without being seen, so comparisons drop them and searches for tags skip them. White
space is not included.

Example:
    >>> without_invisible("Pa\\u200bris\\ufeff")
    'Paris'
    >>> is_blank(" \\u200b\\n")
    True
"""

from __future__ import annotations

import re

INVISIBLE = (
    r"\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    r"\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""The inside of a regular expression's character class."""

_INVISIBLE = re.compile(f"[{INVISIBLE}]+")
_BLANK = re.compile(rf"[\s{INVISIBLE}]*+")


def without_invisible(text: str) -> str:
    """The text without its invisible characters."""
    return _INVISIBLE.sub("", text)


def is_blank(text: str) -> bool:
    """Whether the text has only white space and invisible characters."""
    return _BLANK.fullmatch(text) is not None
