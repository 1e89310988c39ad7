"""Detects values that are not the response's own answer: those of other people, samples, or other questions.

Example:
    >>> is_not_asserted("Tom's answer is 72.", 16), is_not_asserted("Wrong answer: 72", 14)
    (True, True)
    >>> is_not_asserted("The answer is 72.", 14)
    False
"""

from __future__ import annotations

import re

from rewards.math.extract.claims import is_claimed, is_title
from rewards.math.extract.sentences import sentence_before
from rewards.math.late import late

_ANSWER = late(r"(?:\b(?:the|an?|our|my|your|its|this)|['’]s)\s(?:\w+\s){0,2}answer\b", re.IGNORECASE)
_NEW_CLAUSES = (": ", "; ", ", but it ", ", but I ", ", but the ")
_NAME_OF_ANSWER = late(r"\b([^\W_]+)_answer\W*\Z", re.IGNORECASE)  # `"wrong_answer": "`
_LABEL = late(r"(?:\A|[.;]\s)[\s#*_>-]*([^\W\d_][^.;:\d]{1,60}?)\s?[*_]*:[\s$*_]*\Z")  # "Wrong answer: "
_SHARE_OF_ONE = late(  # "Ann's age"; not "Ann's answer"
    r"[^\W\d_]+['’]s\s(?!answers?\b|guess|solution|result|response|attempt|claim|try\b|value\b)(?=[a-z]{2})",
    re.IGNORECASE,
)
_NO_VALUE = late(
    r"(?:(?:a|the|first|rough|initial)\s)?(?:(?:lower|upper)\sbound|estimate|counter-?example|(?:\w+\s){0,2}guess"
    r"|non-?answers?|(?:placeholder|dummy)(?:\s\w+)?)",
    re.IGNORECASE,
)
_TO_DO = late(r"\b(?:TODO|To-?do|FIXME|TBD)\s?:[^:\n]*\Z")
_MOST_WORDS_OF_A_LABEL = 2
_COUNTING = late(r"\b(?:number|total|count|sum|amount|percentage|fraction|how\smany)\b", re.IGNORECASE)
_OF_ANOTHER = late(  # "Answer to a similar problem: ", "in last year's exam"
    r"\b(?:to|for|of|in)\s(?:an?|the|our|last)\s?(?:other|similar|simpler|related|analogous|warm-?up|practice|example|sample"
    r"|previous|earlier|easier|follow-?up|year['’]s|week['’]s)\b",
    re.IGNORECASE,
)
_SAMPLE = late(
    r"\b(?:sample|example|old|former|previous|earlier|initial|student['’]s|rejected|not)\s(?:\w+\s)?answers?\b"
    r"|\banswers?\sformat\b|\banswers?\s\((?:wrong|incorrect|rejected|old)\)|\b(?:for\sexample|for\sinstance|e\.g\.),?\W*\Z",
    re.IGNORECASE,
)
_LONGEST_LABEL = 70


def is_not_asserted(text: str, at: int) -> bool:
    """Whether the text before a position attributes the value there to somebody else, a sample or another question."""
    before = sentence_before(text, at)
    if (name := _NAME_OF_ANSWER.search(before)) is not None:
        return not is_title(name[1])
    is_sample = (
        "answer" in before or "e.g." in before or "or example" in before or "or instance" in before
    ) and _SAMPLE.search(before) is not None
    if is_sample or (":" in before[-_LONGEST_LABEL:] and _is_mislabelled(before)):
        return True
    answer = _ANSWER.search(before, max(map(before.rfind, _NEW_CLAUSES)) + 1)
    return answer is not None and not is_claimed(before[: answer.end() - len("answer")])


def _is_mislabelled(before: str) -> bool:
    """Whether the label before a value calls it wrong, unfinished, or the answer of something else."""
    if _TO_DO.search(before[-_LONGEST_LABEL:]) is not None:
        return True
    found = _LABEL.search(before[-_LONGEST_LABEL:])
    if found is None or _COUNTING.search(found[1]) is not None or found[1].lower().endswith("no"):
        return False
    if _NO_VALUE.fullmatch(found[1]) is not None:
        return True
    title = _SHARE_OF_ONE.sub("", found[1])
    if len(found[1].split()) <= _MOST_WORDS_OF_A_LABEL and not is_title(title):
        return True
    return "answer" in found[1].lower() and _OF_ANOTHER.search(found[1]) is not None
