"""Detects intermediate values: the text goes on to say what is to be done next, or is cut off there.

Example:
    >>> is_on_the_way("The sum is 8. Now we halve it.", 12), is_on_the_way("The sum is 8. Then", 12)
    (True, True)
    >>> is_on_the_way("The sum is 8. And we are done.", 12)
    False
"""

from __future__ import annotations

import re

from rewards.math.late import late

_LONGEST = 200
_GOES_ON = late(  # the value is one on the way
    r"[\s$*)]*(?:\s[a-z]+){0,3}[.!:]\s+(?:now|next|it\s(?:still\s)?remains\sto|(?:I|we)\sstill\s(?:need|have)\sto|what\sremains\sis\b"
    r"|then\s(?:he|she|it|they|we|I)\b)\b(?![^.\n]*\b(?:you|done|finished|answer)\b)",
    re.IGNORECASE,
)
_TO_BE_CHANGED = late(  # ", so we must halve it.", ". This needs to be doubled."
    r"[\s$*)]*(?:\s[a-z]+){0,3}[.,;]\s(?:so\s|but\s)?(?:(?:this|it|that)\s(?:still\s)?(?:must|has\sto|needs\sto)\sbe"
    r"|(?:we|I)\s(?:must|have\sto|need\sto))\s(?:then\s|still\s|now\s)?"
    r"(?:halv|doubl|tripl|squar|cub|subtract|add|divid|multipl|reduc|increas)[^.,;=\d]*[.\s]*\Z",
    re.IGNORECASE,
)
_CUT_OFF = late(
    r"[^,;=\n]*[.!]\s+(?:for|in|next|now|then|case|the\ssecond)\b[^.!?=\d]*,\s*\Z"
    # "Then", "Then y =": cut off in the next sentence
    r"|[^,;=\n]{0,80}[.!\n]\s*(?:then|next|now|so|thus|hence|therefore|finally|and|but)"
    r"(?:[,:]?|\b[^.!?\d\n]{0,40}(?:=|\b(?:by|to|of|the|an?|and|is|are|with|from)))\s*\Z",
    re.IGNORECASE,
)


_UNFINISHED = late(  # however many sentences follow on its line, or after a word that goes on
    r"(?:[^\n]*[^\s.])?[.!](?:[^\S\n]+|\s+(?:however|but|so|then|now|next),?\s)(?:[^\s.!?]+\s+){2,}[^\s.!?]*[a-z,=({\\+-]\s*\Z",
    re.IGNORECASE,
)


_ANNOUNCED_ONLY = late(
    r"[^\n]*\n[^`]*(?:[^\s:`][*_]*:[*_]*|(?<=\n)(?:#{1,6}\s|[*_]*step\s\d)[^\n]*)\s*\Z", re.IGNORECASE
)


def is_cut_off_behind(behind: str) -> bool:
    """Whether the text after a value ends in the middle of another sentence, or with a heading."""
    return len(behind) < _LONGEST and bool(_UNFINISHED.fullmatch(behind) or _ANNOUNCED_ONLY.fullmatch(behind))


def is_on_the_way(text: str, end: int) -> bool:
    """Whether another step follows the value that ends at this position."""
    if _TO_BE_CHANGED.fullmatch(text, end) is not None:
        return True
    return _GOES_ON.match(text[end : end + _LONGEST]) is not None or _CUT_OFF.fullmatch(text, end) is not None
