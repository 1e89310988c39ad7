"""Detects that the text behind an answer replaces it.

", I mean 6", "Oops, the answer is 6", "Hmm, I forgot one. So 6."

Example:
    >>> replaced(". Wait, actually 6."), replaced(". Oops, the answer is six."), replaced(". Indeed, it is.")
    ('6', '', None)
"""

from __future__ import annotations

import re

from rewards.math.late import late
from rewards.math.lexicon import listed

_MARKS = r"[\s$*).!,;—–-]*"
_ENDS = r"[.!\s]*(?:\Z|\n)"
_NUMBER = r"\$?-?\d(?:[\d.,/]*\d)?\$?"
_FORMULA = r"\$[^$\n]{1,40}\$"
_CHOICE = r"\(?(?-i:[A-HJ])(?![\w'’])\)?"
_TAKEN_BACK = (
    r"(?:scratch|strike)\sthat|on\s(?:second\sthoughts?|(?:further\s|closer\s)?reflection)|hold\son|wait|actually|rather|no"
    r"|(?<![.!]\s)i\smean|i\smeant(?:\sto\ssay)?|(?:make|let\sme\smake)\s(?:that|it)|more\sprecisely"
    r"|let\sme\s(?:re-?(?:compute|calculate|count|do|check|consider|think)|correct|fix)(?:\s(?:that|this|it))?"
)
_EXCUSED = (
    r"oops|sorry|apologies|my\s(?:mistake|bad|error)"
    r"|i(?:['’]ve|\shave)?\smade\san?\s(?:[a-z]+\s)?(?:error|mistake|slip)(?:\s(?:above|here|earlier|there))?"
)
_LABELLED = r"correction|errat(?:um|a)|p\.?\s?s(?=\.)|(?:update|edit|corrected(?:\s(?:answer|value|result))?)(?=\s?:)"
_INTERJECTION = rf"(?:(?:oh|ah|hmm+|but|and|or),?\s)?(?:{_TAKEN_BACK}|{_EXCUSED}|{_LABELLED})\b[,.:!;—–-]*\s*"
_IT_IS = (
    r"(?:(?:it|that|the\s(?:answer|result|total|value|count))(?:['’]s|\sis|\sshould\s(?:be|read)|\smust\sbe|\smakes|\sgives)\s"
    r"|we\s(?:get|have)\s)?"
)
_ERROR = (
    r"\b(?:forgot(?:ten)?|miss(?:ed|es)?|overlook(?:ed|s)?|misread|mistakes?|errors?|slip|wrong"
    r"|did(?:n['’]t|\snot)\s(?:count|include|consider)|(?:double|over|under)[- ]?count(?:ed|s)?|miscounted)\b"
)
_SO = (
    r"(?:(?:so|thus|hence|therefore),?\s|(?:fixing|correcting|redoing)\s(?:this|that|it),?\s(?:gives|yields|we\sget)\s"
    r"|(?=(?:it|that)\s(?:should|must)\sbe\s)|(?:the\s)?(?:correct|right|true|actual|real)\s\w+\s(?:is|should\sbe)\s"
    r"(?:actually\s)?)"
)
_MISSED = (  # "Hmm, I forgot the endpoint. So 8.", "Edit: I misread the question. It should be 8 instead."
    rf"(?:hmm+[,.!…]*\s|{_INTERJECTION})+(?!\d)[^.!?\n$]{{0,40}}{_ERROR}[^.!?\n$]{{0,60}}[.!;:,]\s+{_SO}"
)
_ANNOUNCED = r"[^.\n]{0,40}\banswer\s(?:is|should\sbe)\b|replace\s[^\n]{1,40}\s(?:by|with)\s"
_REPLACED = late(
    rf"{_MARKS}(?:(?:{_INTERJECTION})+(?:{_ANNOUNCED}|(?:{_SO})?{_IT_IS}(?P<value>{_NUMBER}|{_FORMULA}|{_CHOICE}){_ENDS})"
    rf"|{_MISSED}{_IT_IS}[*]*(?P<then>{_NUMBER}|{_FORMULA})(?:\sinstead)?[*.!\s]*(?:\Z|\n))",
    re.IGNORECASE,
)
_FIRST_WORD = late(rf"{_MARKS}([a-zA-Z]+)")
_BEGINNINGS = listed(
    "oh ah hm hmm hmmm but and or scratch strike on oops sorry apologies erratum errata p ps",
    "correction hold update edit corrected wait actually rather no i make let more my",
)
"""Every match of `_REPLACED` begins with one of these words."""


def replaced(behind: str) -> str | None:
    """The value (maybe "") with which the text after an answer replaces it, or None if it does not."""
    first = _FIRST_WORD.match(behind)
    found = None if first is None or first[1].lower() not in _BEGINNINGS else _REPLACED.match(behind)
    return None if found is None else (found["value"] or found["then"] or "").strip("$ ")
