r"""The letter of the option that a response chooses.

Example:
    >>> chosen("I would choose option C."), option_at_last("It is 12. Answer D")
    ('C', 'D')
    >>> chosen("Is it B or C?") is None
    True
"""

from __future__ import annotations

from rewards.math.extract.claims import is_stated, is_supposed
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
    rf"{_BEGINS}(?:{_SO})?(?i:only)\s\**{_LETTER}\**\s(?:works|fits|remains|is\s(?:correct|right|left))"
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
    rf"(?<=,\s)so\s{_NOT_I}{_ENDS}",
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
