r"""Several numbered answers in a row: "Answer 1: 8", "Answer (version 2): 9".

They form one list, like boxes with such labels, and cannot be right if the question asks for one value.

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
    """The list of numbered answers at the end of a text, or None."""
    end = text[-_LONGEST:]
    if end.lower().count("answer") < 2:
        return None
    found = list(_ANNOUNCED.finditer(end))
    labels = [(one["ordinal"] or one["number"] or "").lower() for one in found]
    if len(found) < 2 or not all(labels) or len(set(labels)) != len(labels) or end[found[-1].end() :].strip():
        return None
    return ", ".join(dict.fromkeys(one["value"].strip(" $*.") for one in found))
