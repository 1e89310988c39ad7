r"""Detects parts of the question that are repeated after the value: "15 hours to clean 45 rooms", "135 m in 5 minutes".

A response that repeats the question at the end of its answer has a number of the question after its own.

Example:
    >>> text = "It would take 15 hours to clean 45 rooms."
    >>> is_echoed(text, Span(14, 16), Span(32, 34)), is_echoed("She adds 7 to get 12.", Span(9, 10), Span(18, 20))
    (True, False)
"""

from __future__ import annotations

import re

from rewards.math.extract.modified import changed_from
from rewards.math.extract.sentences import sentence_end
from rewards.math.extract.spans import Span
from rewards.math.late import late

_NEAR = 40
_TIME = r"(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|decades?)"
_ECHOED = late(
    r"(?![^\n]*\b(?:total|sum|minimum|maximum|values?|remainder|answer|that|which|shows?|we|so|and|then|giving|leaving"
    r"|making|plus|minus|or|is|was|are|were|has|have|adds?|adding)\b)[\s*]*(?P<own>[a-z][a-z'’-]*\s)(?:[a-z'’-]+\s){0,5}?"
    r"(?:(?P<during>(?:in|over|during|within|after)\s)"
    r"|to\s(?!(?:the|an?|get|obtain|find|give|become|be|total|equal|yield|form)\b)[a-z]+\s(?:[a-z'’]+\s){0,4}?)[$*(]*"
)
_ENDS = late(r"[^\d,;:=]{0,40}\Z")
_IN_TIME = late(rf"[\s*]*(?:more\s|full\s)?{_TIME}\W*\Z")
_OF_TIME = late(rf"{_TIME}\s")
_GIVEN = late(  # a number of the question itself, or one that is reckoned with
    r"\b(?:the|all|these|those|this|his|her|their|its|our|every|each|first|last|next|of)\s[\s$*(]*\Z"
    r"|\b(?:add|adds|adding|added|increas\w+|rais\w+|ris\w+|grows?|grew)\s[^.\n]{0,40}\Z",
    re.IGNORECASE,
)
_BECOMES = late(r"\b(?:will\s(?:be|turn|have|reach)|turns|becomes)\s|['’]ll\sbe\s[$*]*\Z")  # "She will be 8 in 3 years"
_AGO = late(rf"[\s*]*{_TIME}\s(?:from\snow|later|ago|hence)\W*\Z")
_PERCENTAGE = late(r"\b(?:after|with|including|before)\s(?:the|an?|his|her|their|its|this|that)\s[\s$*(]*\Z")


def is_echoed(text: str, other: Span, span: Span) -> bool:
    """Whether a value only says what the previous value in its sentence is for, or when that was."""
    behind = text[span.end : sentence_end(text, span.end)]
    if "%" in text[span.start : span.end]:
        is_circumstance = _PERCENTAGE.search(text, other.end, span.start) is not None
        return is_circumstance and _ENDS.match(behind) is not None
    if _GIVEN.search(text, max(0, other.start - _NEAR), other.start) or changed_from(text, other.start) is not None:
        return False
    if "=" in text[other.end : span.end]:
        return False
    if text[other.end : span.start].strip() in ("in", "after") and _IN_TIME.match(behind) is not None:
        return _BECOMES.search(text, max(0, other.start - _NEAR), other.start) is not None
    if _AGO.match(behind) is not None:
        return text[other.end : span.start].strip() not in ("", "in", "after")
    echoed = _ECHOED.fullmatch(text, other.end, span.start)
    if echoed is None or _ENDS.match(behind) is None:
        return False
    return echoed["during"] is None or (_IN_TIME.match(behind) is not None and _OF_TIME.match(echoed["own"]) is None)
