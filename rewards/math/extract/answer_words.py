r"""Answers that are a word: in the last sentence, or a yes or no at the beginning.

Example:
    >>> word_at_last("Hence the graph is a **parabola**."), word_at_last("So the function is even.")
    ('parabola', 'even')
    >>> verdict_first("Yes, it is prime."), verdict_first("Yes, it is prime. But wait.") is None
    ('Yes', True)
"""

from __future__ import annotations

import re

from rewards.math.extract.claims import is_stated
from rewards.math.extract.plain_words import NO_ANSWER, plain_words
from rewards.math.extract.sentences import sentence_before
from rewards.math.late import late

_WORD_AT_LAST = late(  # "Hence the graph is a **parabola**."
    r"\b(?:is|was|are|must\sbe)\s(?:an?\s|the\s)?(?:\*\*|\$?\\text(?:bf)?\{)"
    r"([A-Za-z][A-Za-z'’ -]{2,30})(?:\*\*|\}\$?)[.!\s]*\Z"
)
_NO_SOLUTION = late(r"\b(?:has|have|there\s(?:is|are))\s(no\s(?:real\s|integer\s)?solutions?)[.!\s]*\Z")
_WORD_AT_FIRST = late(  # "So **Evelyn** has the greatest speed."
    r"(?:\A|[.\n])\s*(?:(?i:so|thus|hence|therefore),?\s)?\*\*([A-Z][A-Za-z'’ -]{1,30})\*\*"
    r"(\s(?:is|has|had|was|were|will|wins|won|finishes|finished)\s"
    r"(?![^.\n]*(?:[,;]|\b(?:but|so|while|than|thought|said|one\sof)\b))[^.\n*]{1,120})[.!\s]*\Z"
)
_DAYS = "Mon|Tues|Wednes|Thurs|Fri|Satur|Sun"
_WORD_CONCLUDED = late(  # "..., so the function is even."
    r"(?:(?:[.!,;:\n]\s*|\A)(?i:so|thus|hence|therefore),?\s(?!(?:it|this|that)\s)|\A\s*(?=[Tt]he\s(?!answer\b|result\b|solution\b)[^,\n]*\Z))(?P<before>[^.!?;\n\d$\\]{1,80}\s(?:is|are)\s)"
    r"(?:an?\s)?(?P<word>[A-Za-z][a-z-]{2,20})[.!]?\s*\Z"
    # "So the 100th day is a Tuesday."
    rf"|(?:\A|[.!?\n])(?P<before_day>(?!\s*(?i:it|this|that|no)\b)[^.!?\n]{{0,80}}\s(?:is|was)\s)(?:an?\s)?(?P<day>(?:{_DAYS})day)[.!]?\s*\Z"
)
_DATE = late(  # "In 100 days it will be a Friday."
    r"(?:\A|(?<=[.!?\n]))(?P<before>[^.!?\n]{0,80}\b(?:will\sbe|falls\son|will\sfall\son)\s)(?:on\s)?(?:an?\s)?"
    rf"(?P<word>(?:{_DAYS})day)[.!]?\s*\Z"
)
_VERDICT_FIRST = late(r"\A[\s*_]*(Yes|No)[*_]*[,.][*_]*\s(?=(?i:it|there|they|we|the|such|every|all)\b)(?![^\n]*\?)")
_STATEMENT = late(  # all of a response
    r"(?:(?i:so|thus|hence|therefore),?\s)?(?i:the|this)\s(?:given\s)?(?:statement|claim|assertion|proposition|conjecture)"
    r"\sis\s([Tt]rue|[Ff]alse)[.!\s]*"
)
_VERDICT_LATER = late(r"\b(?:yes|no(?=[,.!])|wait|actually|answer|but|however)\b", re.IGNORECASE)
_LONGEST_END = 300


def word_at_last(text: str) -> str | None:
    """The answer word of the last sentence, if marked or stated as a conclusion; or a yes or no at the beginning."""
    if (verdict := verdict_first(text)) is not None:
        return verdict
    end = text[-_LONGEST_END:]
    if (concluded := _WORD_CONCLUDED.search(end)) is not None:
        word = concluded["word"] or concluded["day"]
        is_answer = word not in NO_ANSWER and is_stated(concluded["before"] or concluded["before_day"], "")
        return word if is_answer else None
    if end.rstrip(" .!\n").endswith("day") and (date := _DATE.search(end)) is not None:
        return date["word"] if is_stated(date["before"], "") else None
    if "no " in end and (none := _NO_SOLUTION.search(end)) is not None:
        before = sentence_before(end, none.start(1))
        return none[1] if "such that" not in before and "for which" not in before and is_stated(before, "") else None
    if "** " in end and (first := _WORD_AT_FIRST.search(end)) is not None:
        return first[1] if set(plain_words(first[1])).isdisjoint(NO_ANSWER) and is_stated("", first[2]) else None
    if not end.rstrip(" .!\n").endswith(("**", "}", "}$")) or (found := _WORD_AT_LAST.search(end)) is None:
        return None
    words = set(plain_words(found[1]))
    return None if words & NO_ANSWER or not is_stated(sentence_before(end, found.start(1)), "") else found[1]


def verdict_first(text: str) -> str | None:
    """The yes or no that the text begins with, if it is not taken back later."""
    verdict = _VERDICT_FIRST.match(text) or _STATEMENT.fullmatch(text)
    return None if verdict is None or _VERDICT_LATER.search(text, verdict.end()) else verdict[1]
