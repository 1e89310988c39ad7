r"""Detects a second answer beside the first: "another valid answer is 4", "failing that", "it might also be".

A response that offers two answers has given none, whichever comes last. A correction is not an offer, and neither is
another way to the same value. The caller compares the two values.

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
    rf"(?:(?:might|may|could)\s(?:(?:also|equally|just\sas\swell)\sbe|as\swell\sbe)\b|also\s(?:{_LIKELY}|considered|tried)"
    rf"|(?:another|alternative|alternate|secondary|backup|fallback)\s(?:(?:\w+ly\s)?{_LIKELY}\s)?{_ANSWER}"
    rf"|less\slikely\)?\s*:|failing\sthat|second\schoice|so\sis\s|(?-i:Equally),|answers?\s(?:is|are)\s+(?:also|equally)\b"
    rf"|if\s(?:that|this|it|the\s(?:first|former)(?:\sone)?)\s(?:(?:is|turns\sout|was)\s(?:to\sbe\s)?)?{_WRONG})"
)
_BEFORE = late(rf"\b{_OFFER}[^.!?\n]{{0,40}}\Z", re.IGNORECASE)
_TOO = (
    rf"(?:(?:is|would\sbe|could\sbe)\s(?:an?\s)?{_LIKELY}(?:\s{_ANSWER})?,?\s(?:too|as\swell)\b"
    rf"|(?:is\s|would\s|could\s)?also\s(?:be\s)?{_LIKELY}\b|(?:would|could|might|may)\salso\s(?:make\ssense|work|fit|do)\b"
    r"|(?:works|fits|is\sfine|is\sok(?:ay)?|seems\sright)\s(?:too|as\swell)\b)"
)
_BEHIND = late(
    rf"[\s$*)]*(?:(?:is|are|would\sbe|could\sbe|may\sbe|might\sbe|seems|looks|works?)\s(?:equally|just\sas|about\sas)\b"
    rf"|(?:is|would\sbe|could\sbe)\s(?:another|an\salternative|a\sclose\ssecond|my\ssecond\schoice)\b|{_TOO})",
    re.IGNORECASE,
)
_VALUE = (
    r"(?:\$(?:\\\$)?[^$\n]{1,60}\$|-?(?:\d|\\(?=[a-zA-Z]))[^\s;!?]{0,40}"
    r"|[a-z]\s?=\s?[^\s;!?]{1,40}|(?-i:[A-H])(?![\w'’]))"
)
_ANOTHER = late(
    r"[\s$*().,;!–—-]*(?:(?:but|and|though|although|however|still|or|also|either\sway|on\sthe\sother\shand|equally|alternatively|it|this),?\s)*"
    rf"(?:{_OFFER}(?:\s(?:is|are|be|(?:would|could|may|might)\sbe))?\s?[:,]?[\s(*]*(?P<value>{_VALUE})"
    rf"|(?P<acceptable>{_VALUE})\s{_TOO}"
    rf"|the\sother\s(?:solution|root|zero|value|answer)\sis\s(?P<second>{_VALUE})(?=[.!\s*)]*\Z)"
    r"|(?:(?:alternatively,?\s(?:(?:the|an)\sanswer\s(?:is|(?:could|may|might|would)\sbe)\s)?|alternative\s?:\s"
    r"|(?:(?:the\sanswer|that|it)\s)?(?:could|might|may)\s(?:(?:also|instead|well|equally|possibly)\s)?be\s"
    r"|(?:maybe|perhaps|possibly|or\sequivalently,?|or)\s(?:even\s)?)"
    rf"(?P<other>{_VALUE})(?=(?:\s(?:though|too|instead|as\swell))?[.!\s*)]*(?:\n|\Z)))"
    r"|(?<=alternatively,\s)(?:if|when|assuming)\b[^.!?\n\d$\\]{0,80}\b(?:is|be|gives?|get|becomes)\s[$*]*"
    r"(?P<conditional>-?\d(?:[\d.,/]*\d)?))",
    re.IGNORECASE,
)
_COMPARED = late(  # between two values: "5 is equally plausible as 6"
    rf"\s(?:is|are|would\sbe|could\sbe|seems|looks)\s(?:equally|just\sas|about\sas|as)\s(?:{_LIKELY}|good)\s(?:as|with)[\s$*(]*\Z"
    rf"|\b(?:might|could|may)\s(?:(?:also|instead|equally|just\sas\swell|well|possibly)\s)?be[\s:$*(]*\Z|\bor\sis\sit[\s$*(]*\Z"
    rf"|\b(?:other|another|alternative|alternate|equivalently|also|equally)\s{_LIKELY}(?:\s{_ANSWER})?\s?:?[\s$*(]*\Z"
    r"|\bargue\sfor[\s$*(]*\Z|\b(?:interpretation|reading|convention|definition)\s(?:(?:I|we)\s(?:get|have)|it\sis|gives)[\s$*(]*\Z"
    r"|\breading\sit\s\w+,[\s$*(]*\Z|\A[^.!?\n]*,\sor[\s$*(]*\Z"
    r"|\bunder\sthe\sother\s\w+[\s,$*(]*\Z|\bothers?\s(?:say|says|claim|claims|get|gets|give)[\s,:$*(]*\Z"
    r"|\d\s?\\?%\s(?:chance|probability|likely)[\s,:$*(]*\Z|\A[^.\n]{0,10}\bwith\s(?:confidence|probability)\s[\d.]+\\?%?[;,]\s[$*(]*\Z"
    r"|\bunless\b[^.\n]*\bin\swhich\scase\b[^.\n]{0,20}\Z",
    re.IGNORECASE,
)
_FAILING_THAT = late(
    r"\bin\scase\s(?:that|it|this)(?:['’]s|\sis)\s(?:wrong|incorrect|not\s\w+)[\s,:$*(]*\Z", re.IGNORECASE
)
_NO_OFFER = late(  # the one before is put aside, or leads to the one behind
    r"\b(?:not|no|wrong|incorrect|impossible|reject(?:ed|s)?|extraneous|wait|actually|so|thus|hence|therefore|since|because"
    r"|mistake|error|double[ -]?counts?|overcounts?|rather)\b|n['’]t\b",
    re.IGNORECASE,
)
_AS_WELL = late(  # behind the second of two boxes: "yet 6 seems right as well"
    r"[\s$*)]*(?:(?:seems|looks|is|sounds)\s(?:right|fine|plausible|possible|ok(?:ay)?|correct|good)\s(?:too|as\swell|also)\b"
    r"|also\s(?:works|fits|qualifies|satisfies)\b|(?:works|fits|qualifies)\s(?:too|as\swell|also)\b"
    r"|(?:is\s)?(?:next|second)\s*(?:[.\n]|\Z)|;?\s*pick\s(?:whichever|either|one)\b)",
    re.IGNORECASE,
)
_BESIDES = late(  # behind a value that is offered: "another possible answer is 6, besides 5"
    rf"[\s$*)]*,?\s(?:besides|in\saddition\sto|along\swith|as\swell\sas|apart\sfrom|next\sto)\s[$*(]*(?P<value>{_VALUE})",
    re.IGNORECASE,
)


def is_offered_too(before: str, behind: str) -> bool:
    """Whether the sentence around a value offers it in addition to another one."""
    return _BEFORE.search(before[-_LONGEST:]) is not None or _BEHIND.match(behind) is not None


def offered_behind(behind: str) -> str | None:
    """The second answer that is offered directly after one."""
    found = _ANOTHER.match(behind)
    if found is None:
        return None
    offered: str = next(filter(None, found.groups()))
    return offered.strip("$*.,:)")


def offered_besides(before: str, behind: str) -> str | None:
    """The first answer, in the same sentence, that another one is offered in addition to."""
    found = _BESIDES.match(behind)
    if found is None or _BEFORE.search(before[-_LONGEST:]) is None:
        return None
    return found["value"].strip("$*.,:)")


def is_compared_with(between: str) -> bool:
    """Whether the text between two values says that both are equally likely, or that either may be right."""
    near = between[-_LONGEST:]
    if _FAILING_THAT.search(near) is not None:
        return True
    return _COMPARED.search(near) is not None and _NO_OFFER.search(between) is None


def is_as_good(between: str, behind: str) -> bool:
    """Whether the text after the second of two values says that it is as good as the first."""
    return _AS_WELL.match(behind) is not None and _NO_OFFER.search(between) is None
