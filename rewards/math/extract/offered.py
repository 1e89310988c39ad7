r"""A second answer beside the first: "another valid answer is 4", "failing that", "it might also be", "backup answer".

Who offers two answers has given none, whichever stands last. A correction is no offer, nor is another way to the same
value: who asks here compares the two values.

Example:
    >>> is_offered_too("It might also be ", "."), is_offered_too("Another way to see it is ", ".")
    (True, False)
    >>> is_offered_too("", " is equally plausible."), offered_behind(". Another valid answer is 4.")
    (True, '4')
"""

from __future__ import annotations

import re

from rewards.math.late import late

_LONGEST = 120
_ANSWER = r"(?:answers?|values?|solutions?|possibilit(?:y|ies)|candidates?|options?|choices?|guess(?:es)?|results?)"
_LIKELY = r"(?:possible|plausible|likely|acceptable|valid|correct|right|reasonable|defensible)"
_WRONG = r"(?:marked\s|graded\s|judged\s)?(?:as\s)?(?:wrong|incorrect|not\s(?:right|correct|accepted|it))"
_OFFER = (
    rf"(?:(?:might|may|could)\s(?:(?:also|equally|just\sas\swell)\sbe|as\swell\sbe)\b|also\s{_LIKELY}"
    rf"|(?:another|alternative|alternate|secondary|backup|fallback)\s(?:(?:\w+ly\s)?{_LIKELY}\s)?{_ANSWER}"
    rf"|less\slikely\)?\s*:|failing\sthat|so\sis\s|equally,|answers?\s(?:is|are)\s+(?:also|equally)\b"
    rf"|if\s(?:that|this|it|the\s(?:first|former)(?:\sone)?)\s(?:(?:is|turns\sout|was)\s(?:to\sbe\s)?)?{_WRONG})"
)
_BEFORE = late(rf"\b{_OFFER}[^.!?\n]{{0,40}}\Z", re.IGNORECASE)
_TOO = rf"(?:is|would\sbe|could\sbe)\s(?:an?\s)?{_LIKELY}(?:\s{_ANSWER})?,?\s(?:too|as\swell)\b"
_BEHIND = late(
    rf"[\s$*)]*(?:(?:is|are|would\sbe|could\sbe|may\sbe|might\sbe|seems|looks|works?)\s(?:equally|just\sas|about\sas)\b"
    rf"|(?:is|would\sbe|could\sbe)\s(?:another|an\salternative|a\sclose\ssecond|my\ssecond\schoice)\b|{_TOO})",
    re.IGNORECASE,
)
_VALUE = r"(?:\$[^$\n]{1,60}\$|-?(?:\d|\\(?=[a-zA-Z]))[^\s;!?]{0,40}|[a-z]\s?=\s?[^\s;!?]{1,40}|(?-i:[A-H])(?![\w'’]))"
_ANOTHER = late(
    r"[\s$*).,;!–—-]*(?:(?:but|and|though|although|however|still|or|also|either\sway|equally|alternatively|it|this),?\s)*"
    rf"(?:{_OFFER}(?:\s(?:is|are|be|(?:would|could|may|might)\sbe))?\s?[:,]?[\s(*]*(?P<value>{_VALUE})"
    rf"|(?P<acceptable>{_VALUE})\s{_TOO})",
    re.IGNORECASE,
)


def is_offered_too(before: str, behind: str) -> bool:
    """Whether the sentence of a value, by what stands before and behind it, offers it beside another one."""
    return _BEFORE.search(before[-_LONGEST:]) is not None or _BEHIND.match(behind) is not None


def offered_behind(behind: str) -> str | None:
    """The other answer that is offered right behind one."""
    found = _ANOTHER.match(behind)
    return None if found is None else (found["value"] or found["acceptable"]).strip("$*.,:)")
