"""Detects that the text behind an answer replaces it.

", I mean 6", "Oops, the answer is 6", "Hmm, I forgot one. So 6.", "However, the ends do not count, which leaves 6."

Example:
    >>> replaced(". Wait, actually 6."), replaced(". Oops, the answer is six."), replaced(". Indeed, it is.")
    ('6', '', None)
"""

from __future__ import annotations

import re

from rewards.math.extract.assertion import SEVERAL
from rewards.math.extract.sentences import sentence_before
from rewards.math.extract.written import last_value
from rewards.math.late import late
from rewards.math.lexicon import listed

_MARKS = r"[\s$*).!,;—–-]*"
_ENDS = r"[.!\s]*(?:\Z|\n)"
_NUMBER = r"\$?-?\d(?:[\d.,/]*\d)?\$?"
_FORMULA = r"\$[^$\n]{1,40}\$"
_LONGEST = 600
_AROUND = " $*"
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
_ANNOUNCED = r"[^.\n]{0,40}\banswer\s(?:is|should\sbe)\b|replace\s[^\n]{1,40}\s(?:by|with)\s"
_REPLACED = late(
    rf"{_MARKS}(?:{_INTERJECTION})+"
    rf"(?:{_ANNOUNCED}|(?:so\s)?{_IT_IS}(?P<value>{_NUMBER}|{_FORMULA}|{_CHOICE}){_ENDS})",
    re.IGNORECASE,
)
_TURNED = late(  # another sentence that goes against the answer
    rf"[\s$*)]*(?:[.!;…—–]+[\s$*)]+|\n)\s*(?!no\s(?!wait)[a-z])(?:(?:but|however|hmm+|oh|ah|i\srealized?)[,.!…]*\s+(?!if\b)|{_INTERJECTION})",
    re.IGNORECASE,
)
_CHECKING = late(r"\b(?:check|verif|confirm|indeed|yes|consistent|match|note|no\s(?:mistake|error))", re.IGNORECASE)
_RECKONED = late(r"(?!.*\b(?:so|thus|hence|therefore|get|gives)\b).*=\s*\Z", re.DOTALL)
_SIGNS = late(r"[-−]|\d+|\\(?:sqrt|pi)|[A-J](?![\w'’])")
_FIRST_WORD = late(rf"{_MARKS}([a-zA-Z]+)")
_BEGINNINGS = listed(
    "oh ah hm hmm hmmm however i but and or scratch strike on oops sorry apologies erratum errata p ps",
    "correction hold update edit corrected wait actually rather no i make let more my",
)
"""Every match of `_REPLACED` or `_TURNED` begins with one of these words."""


def replaced(behind: str) -> str | None:
    """The value (maybe "") with which the text after an answer replaces it, or None if it does not."""
    first = _FIRST_WORD.match(behind)
    if first is None or first[1].lower() not in _BEGINNINGS:
        return None
    found = _REPLACED.match(behind)
    return _concluded(behind) if found is None else (found["value"] or "").strip("$ ")


def is_turned(behind: str) -> bool:
    """Whether a new thought against an answer follows it."""
    first = _FIRST_WORD.match(behind)
    return first is not None and first[1].lower() in _BEGINNINGS and _TURNED.match(behind) is not None


def is_replaced(answer: str, behind: str) -> bool:
    """Whether the text after an answer replaces it by another one, in whatever spelling."""
    instead = replaced(behind)
    return instead is not None and (not instead or _SIGNS.findall(instead) != _SIGNS.findall(answer))


def _concluded(behind: str) -> str | None:
    """The value that a new thought against the answer ends with: "But the ends do not count, so it is 6."."""
    turned = _TURNED.match(behind) if len(behind) < _LONGEST else None
    if turned is None or _CHECKING.search(behind) is not None:
        return None
    thought = behind[turned.end() :].rstrip(" \n.!*").removesuffix(" instead").rstrip(_AROUND)
    value = last_value(f"{thought}.", stated=True)
    plain = "" if value is None or value.startswith(SEVERAL) else value.strip(_AROUND)
    before = thought.removesuffix(plain)
    if not plain or before == thought or _RECKONED.fullmatch(sentence_before(before, len(before))) is not None:
        return None
    return plain
