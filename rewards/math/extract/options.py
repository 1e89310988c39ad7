r"""Answers that are no value: the letter of an option that is chosen, a word at the end, a yes or no at the beginning.

Example:
    >>> word_at_last("Hence the graph is a **parabola**."), word_at_last("So the function is even.")
    ('parabola', 'even')
    >>> verdict_first("Yes, it is prime."), verdict_first("Yes, it is prime. But wait.") is None
    ('Yes', True)
    >>> chosen("I would choose option C."), option_at_last("It is 12. Answer D")
    ('C', 'D')
    >>> chosen("Is it B or C?") is None
    True
"""

from __future__ import annotations

import re

from rewards.math.extract.claims import is_stated, is_supposed
from rewards.math.extract.plain_words import NO_ANSWER, plain_words
from rewards.math.extract.sentences import sentence_before
from rewards.math.late import late

_LETTER = r"\(?([A-J])\)?"
_NOT_I = r"\(?([B-HJ])\)?"  # where `A` and `I` may be words
_OPTION = r"(?:option|choice|answer)"
_BEGINS = r"(?:\A|(?<=[.!\n]\s)|(?<=\n))"
_ENDS = r"(?=[.!\s]*\Z)"
_LINE_ENDS = r"(?=[.!\s]*(?:\Z|\n))"
_SO = r"(?i:so|thus|hence|therefore),?\s"
_OTHERS_ARE_NOT = (  # ", and A, C, D are not"
    r"[,;]\s(?:(?:and|while|but|whereas)\s)?[A-J](?:(?:,|,?\s(?:and|or))\s[A-J])*\s"
    r"(?:[a-z]+\s){0,2}(?:not|fails?|wrong|incorrect|false|(?:ruled\s)?out)"
)
_RIGHT = rf"is\s(?:the\s)?(?:correct|right|best)(?:\s{_OPTION})?"

_IS_RIGHT = (
    rf"(?<!\bnot )(?:\b(?i:option|choice)\s\(?|\()([A-J])\)?\s{_RIGHT}(?![^\W_])",
    rf"{_BEGINS}(?:{_SO})?\**([A-J])\**\s(?i:{_RIGHT})(?=(?:{_OTHERS_ARE_NOT})?[.!*\s]*(?:\Z|\n))",
    rf"(?:{_BEGINS}(?:{_SO})?|(?<=,\s))(?i:only)\s\**{_LETTER}\**\s(?:works|fits|remains|is\s(?:correct|right|left))"
    rf"(?=(?:{_OTHERS_ARE_NOT})?[.!\s]*\Z)",
)
_I_CHOOSE = (
    r"\b(?:I|[Ww]e)(?:['’]d|['’]ll)?\s(?:would\s|will\s)?(?:choose|pick|select|go with)\s(?:the\s)?"
    rf"(?:option\s|choice\s|answer\s)?{_LETTER}{_LINE_ENDS}",
)
_IT_MATCHES = (
    rf"{_BEGINS}(?:{_SO})?(?i:this|that|it)\s(?:matches|corresponds\sto|agrees\swith)\s{_OPTION}\s{_LETTER}{_ENDS}",
    rf"\bthe\s(?:value|result)\s(?:(?!\b(?:not|no)\b)[^.\n]){{0,30}}\s(?:matches|corresponds\sto)\s{_OPTION}\s{_LETTER}{_ENDS}",
    rf"\bchoices\s(?:\w+\s)?given,\s{_LETTER}\smatches\s(?:our|the|this)\s\w+{_ENDS}",
)
_CONCLUDED = (
    rf"\b{_SO}(?:option|choice)\s{_LETTER}{_ENDS}",
    rf"(?:⇒|=>)\s?{_NOT_I}{_ENDS}",
    rf"(?<=[,;] )(?:so|hence|thus|therefore),?\s{_NOT_I}{_ENDS}",
    rf"\bleav(?:es|ing)\s(?:only\s|us\swith\s)?(?:(?:option|choice)\s)?{_NOT_I}{_ENDS}",
)
_IS_THE_ANSWER = (
    rf"\bthe\s(?:correct\s)?answer\s{_LETTER}{_LINE_ENDS}",
    r"(?:\A|(?<=[.!\n]\s)|(?<=\n)|(?<=,\s)(?=so\b|it\smust|the\sanswer\smust))"
    rf"(?:{_SO})?(?:{_LETTER}\sis\sthe\sanswer|(?i:it|this|the\sanswer)\s(?:must|has\sto)\sbe\s\**(?:(?i:option|choice)\s)?{_LETTER})\**{_LINE_ENDS}",
)
_CHOSEN = late("|".join((*_IS_RIGHT, *_I_CHOOSE, *_IT_MATCHES, *_CONCLUDED, *_IS_THE_ANSWER)))
_CHOOSING = (
    *("⇒", "=>", "correct", "right", "best", "choose", "pick", "select", "go with"),
    *("option", "choice", "answer", "must", "has to", "only", "leav"),
    *(f"{mark} {word}" for mark in ",;" for word in ("so", "hence", "thus", "therefore")),
)
"""Every match of `_CHOSEN` contains one of these words. Most texts do not, and that is checked first."""

_LABELLED = (  # "which is option **B) 12 km**."
    r"\b(?i:(?:is|answer:?|matches|(?:corresponds|leads|points)\sto|choose|select|pick)(?:\s\*{0,2}(?:option|choice))?)"
    r"[\s*]+\(?(?P<labelled>[A-J])[).:]\s?(?=.*\w)(?![^\n]*\b(?:and|or|not|but)\b)[^\n;?A-Z]{1,30}[.*\s]*\Z"
)
_AT_LAST = (
    # "It is 12. Answer D": the value, and its letter
    r"(?<=[.!,:;\n(])[\s*]*(?i:(?:correct\s)?(?:option|choice|answer))\s\(?([A-J])\)?[.!*)\s]*\Z",
    _LABELLED,
    # "Therefore (D)."
    r"(?:\A|(?<=[.!\n]))\s*(?i:so|thus|hence|therefore)[,:]?\s+[*$]*(?:\(([A-J])\)|([A-HJ]))[.!*$\s]*\Z",
    # a letter in a paragraph of its own
    r"\n[ \t]*\n[\s*$([]*(?:([B-HJ])|([AI])(?=[).*\]]))[\s).*$\]]*\Z",
)
_CHOSEN_AT_LAST = late("|".join(_AT_LAST))
_OPTION_BEFORE = late(
    r"(?<!\w)[A-J][).:]|\b(?i:if|when|unless|suppose|assum\w+|student|friend|someone|book|says?|claims?|thinks?)\b"
)
_LONGEST_AT_LAST = 40


def chosen(text: str) -> str | None:
    """The letter of the option that a sentence of the text chooses last."""
    lower = text.lower()
    if not any(word in lower for word in _CHOOSING):
        return None
    found = [next(filter(None, one.groups())) for one in _CHOSEN.finditer(text)]
    return found[-1] if found else None


def option_at_last(text: str) -> str | None:
    """The letter of the option that the text ends with."""
    found = _CHOSEN_AT_LAST.search(text, max(0, len(text) - _LONGEST_AT_LAST))
    if found is None or (found["labelled"] is not None and not _is_chosen(sentence_before(text, found.start()))):
        return None
    letter: str = next(filter(None, found.groups()))
    return letter


def _is_chosen(before: str) -> bool:
    """Whether the sentence leads up to the option that it chooses, and names no other option."""
    return is_stated(before, "") and not is_supposed(before) and _OPTION_BEFORE.search(before) is None


# --- words ------------------------------------------------------------------------------------------------------------

_WORD_AT_LAST = late(  # "Hence the graph is a **parabola**."
    r"\b(?:is|was|are|must\sbe|falls?\son)\s(?:an?\s|the\s)?(?:\*\*|\$?\\text(?:bf)?\{)"
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
    rf"|(?:\A|[.!?\n])(?P<before_day>(?!\s*(?i:it|this|that|no)\b)[^.!?\n]{{0,80}}(?:\s(?:is|was)|['’]s)\s)(?:an?\s)?(?P<day>(?:{_DAYS})day)[.!]?\s*\Z"
)
_DATE = late(  # "In 100 days it will be a Friday."
    r"(?:\A|(?<=[.!?\n]))(?P<before>[^.!?\n]{0,80}\b(?:will\sbe|falls\son|will\sfall\son)\s)(?:on\s)?(?:an?\s)?"
    rf"(?P<word>(?:{_DAYS})day)[.!]?\s*\Z"
)
_VERDICT_FIRST = late(
    r"\A[\s*_]*(Yes|No)[*_]*[,.][*_]*\s(?=(?i:it|there|they|we|the|such|every|all|because|since)\b)(?![^\n]*\?)"
)
_VERDICT_LAST = late(r"(?:\A|[.!\n])\s*(?i:so|thus|hence|therefore),?\s\**([Yy]es|[Nn]o)\**[.!\s]*\Z")
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
    if (last := _VERDICT_LAST.search(end)) is not None:
        return last[1]
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
