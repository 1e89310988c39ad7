r"""The answer to one part of a question, as in "(a) The sum is 7. (b) The product is 9", is not the whole answer.

A value is taken for that of one part if a part next to it has a value, too.

Example:
    >>> text = "For (a), we get 7. For (b), we get 9."
    >>> is_one_part(text, text.rindex("9"), len(text) - 1), is_one_part("For (b), we get 9.", 16, 17)
    (True, False)
    >>> is_one_part(r"\boxed{7} for part (a). Part (b) is 9.", 0, 9)
    True
"""

from __future__ import annotations

import re

from rewards.math.extract.refused import beginning
from rewards.math.late import late

_ORDERS = ("abcdefgh", ("i", "ii", "iii", "iv"), ("first", "second", "third"), "123456789")
_QUESTION = r"(?:question|problem)\s(?P<digit>[1-9])(?=[.:)*])"
_NAME = r"(?P<name>[a-h]|i{1,3}|iv)"
_LABEL = (
    rf"(?:(?:(?:for|in|to)\s)?(?:\({_NAME}\)|(?-i:(?P<letter>[a-h]))[.)](?=[\s*])"
    rf"|part\s\(?{_NAME.replace('name', 'part')}(?![\w'’])\)?)"
    rf"|(?:for|in|to)\s(?:the\s(?P<ordinal>first|second|third)\spart\b|part\s(?P<part_number>[1-9])\b)|{_QUESTION})"
)
_OPENING = r"[\s#*_>-]{0,9}"
_BEGINS = rf"(?:\A|\n|[.;!?,]\s(?:(?:and|but|while)\s)?){_OPENING}"
_HEADING = late(rf"{_OPENING}{_QUESTION}", re.IGNORECASE)
_OWN = late(_BEGINS + _LABEL, re.IGNORECASE)
_BEHIND = late(rf"(?![\s$*)]*\n\s*\n)[\s$*)]*(?:is\s)?(?=for|in){_LABEL}", re.IGNORECASE)
_WITH_A_VALUE = late(rf"{_BEGINS}{_LABEL}(?:[^\n]|\n(?!\n)){{0,400}}?(?:\d|\\f?boxed)", re.IGNORECASE)
_OF_ALL = late(r"\b(?:thus|hence|therefore|total|altogether|together|overall)\b", re.IGNORECASE)
_LONGEST_BEFORE, _LONGEST_BEHIND = 2000, 400


def is_one_part(text: str, start: int, end: int) -> bool:
    """Whether the value between two positions answers one part of a question, and a part next to it has a value."""
    own = _label_of(text, start, end) if _has_parts(text) else None
    if own is None:
        return False
    return any(
        _number(found) == own - 1 if found.start() < start else _number(found) == own + 1
        for found in _WITH_A_VALUE.finditer(text, max(0, start - _LONGEST_BEFORE), end + _LONGEST_BEHIND)
    )


def are_parts(text: str, first: tuple[int, int], second: tuple[int, int]) -> bool:
    """Whether two values, given by their starts and ends, answer two parts of a question that follow each other."""
    own = _label_of(text, *first) if _has_parts(text) else None
    return own is not None and _label_of(text, *second) == own + 1


def _has_parts(text: str) -> bool:
    """Whether a text may have a label of a second part. Most have none, and that is checked first."""
    lower = text.lower()
    return any(label in lower for label in ("b)", "part", "(ii)", "b. ", "b.*", "question 2", "problem 2"))


def _label_of(text: str, start: int, end: int) -> int | None:
    """The number of the part that the sentence or the line of a value begins with, or that stands right behind it."""
    begin = beginning(text, start)
    labels = list(_OWN.finditer(text[begin:start]))
    if not labels:  # of a line with several parts, the last sentence may be about all of them
        begin = text.rfind("\n", 0, start) + 1
        labels = list(_OWN.finditer(text[begin:start]))
        labels = labels if len(labels) == 1 and labels[0].start() == 0 else []
    if labels:
        return _number(labels[-1]) if _OF_ALL.search(text, begin + labels[-1].end(), start) is None else None
    if (behind := _BEHIND.match(text, end)) is not None:
        return _number(behind)
    heading = _HEADING.match(text, max(0, text.rfind("\n\n", 0, start)))
    return None if heading is None else _number(heading)


def _number(label: re.Match[str]) -> int:
    """Different numbers for labels of different kinds; of one kind, those of parts that follow each other do, too."""
    name: str = next(filter(None, label.groups())).lower()
    kind = next(kind for kind, names in enumerate(_ORDERS) if name in names)
    return 100 * kind + _ORDERS[kind].index(name)
