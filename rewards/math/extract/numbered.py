r"""Answers that are announced one after the other, each with its number: "Answer 1: 8", "Answer (version 2): 9".

They are one list, as boxes with such labels are: no answer where one value is asked for.

Example:
    >>> numbered_answers("Answer 1: 8\nAnswer 2: 9"), numbered_answers("Answer: 8"), numbered_answers("Answer 1: 8")
    ('8, 9', None, None)
"""

from __future__ import annotations

from rewards.math.late import late

_LONGEST = 600
_ANNOUNCED = late(
    r"(?:\A|\n)[#*_>\s-]*(?:my\s|the\s)?(?:(?P<ordinal>[Ff]irst|[Ss]econd|[Tt]hird)\s)?(?:[Ff]inal\s)?[Aa]nswer"
    r"(?:\s\(?#?(?:(?:[Vv]ersion|[Oo]ption|[Tt]ry|[Aa]ttempt|[Pp]art)\s)?(?P<number>\d|[A-Ha-h]|i{1,3})\)?)?[*_]*\s?[:=][*_]*\s*"
    r"(?P<value>[^\n]{1,80})"
)


def numbered_answers(text: str) -> str | None:
    """The list of the answers that a text ends with, each announced by its number; None where there are none."""
    end = text[-_LONGEST:]
    if end.lower().count("answer") < 2:
        return None
    found = list(_ANNOUNCED.finditer(end))
    labels = [(one["ordinal"] or one["number"] or "").lower() for one in found]
    if len(found) < 2 or not all(labels) or len(set(labels)) != len(labels) or end[found[-1].end() :].strip():
        return None
    return ", ".join(dict.fromkeys(one["value"].strip(" $*.") for one in found))
