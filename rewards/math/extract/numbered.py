r"""Several numbered answers in a row: "Answer 1: 8", "Answer (version 2): 9", or answers to the parts of a question:
"**Part B:** 9".

They form one list, like boxes with such labels, and cannot be right if the question asks for one value.

Example:
    >>> numbered_answers("Answer 1: 8\nAnswer 2: 9"), numbered_answers("Answer: 8"), numbered_answers("Answer 1: 8")
    ('8, 9', None, None)
"""

from __future__ import annotations

import re

from rewards.math.late import late

_LONGEST = 600
_LABEL = r"(?:\d|[A-Ha-h]|i{1,3})"
_ANSWER = (
    r"(?:my\s|the\s)?(?:(?P<ordinal>first|second|third)\s)?(?:final\s)?answer"
    rf"(?:\s\(?#?(?:(?:version|option|try|attempt|part)\s)?(?P<number>{_LABEL})\)?)?[*_]*\s?[:=][*_]*\s*(?P<value>[^\n]{{1,80}})"
)
_PART = (
    rf"(?:part|question|problem)\s\(?(?P<part>{_LABEL})\)?[*_]*\s?[:=][*_]*\s*(?:the\sanswer\sis\s)?"
    r"(?P<its>\$[^$\n]{1,60}\$|-?\$?\d[\d.,/%]*(?:\s[a-z]+)?)[*_.\s]*(?=\n|\Z)"
)
_ANNOUNCED = late(rf"(?:\A|\n)[#*_>\s-]*(?:{_ANSWER}|{_PART})", re.IGNORECASE)
_WORDS = ("answer", "part", "question", "problem")


def numbered_answers(text: str) -> str | None:
    """The list of numbered answers at the end of a text, or None."""
    end = text[-_LONGEST:]
    if max(map(end.lower().count, _WORDS)) < 2:
        return None
    found = list(_ANNOUNCED.finditer(end))
    labels = [(one["ordinal"] or one["number"] or one["part"] or "").lower() for one in found]
    if len(found) < 2 or not all(labels) or len(set(labels)) != len(labels) or end[found[-1].end() :].strip():
        return None
    return ", ".join(dict.fromkeys((one["value"] or one["its"]).strip(" $*.") for one in found))
