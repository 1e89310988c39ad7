"""Detects what weakens a stated answer: a second answer offered with it, or a condition.

Example:
    >>> offers_more(" in most cases, 4 in others", "3"), offers_more(" because 3 times 4 is 12", "12")
    (True, False)
"""

from __future__ import annotations

import re

from rewards.math.late import late

LONGEST_SENTENCE = 200

_CONDITIONAL = late(r"\W*(?:if|for|had|were|when|whenever|suppose|assume|unless|in the case)\b", re.IGNORECASE)
_RESTRICTED = late(r"[\s$*)]*,?\s*(?:if|when|whenever|unless|for|provided|only|in)\b", re.IGNORECASE)

_REASON = late(
    r"\b(?:because|since|which(?!\s+case)|using|by(?!\s+(?:one|some)\b)|obtained|attained|achieved|neither"
    r"|given that|rounded|namely|from(?=\s\()|i\.e\.|that is|whether|no matter"
    r"|regardless)\b"
    r"|(?<!well )\bas(?!\s+(?:well|an))\b",
    re.IGNORECASE,
)
_SOME, _NONE = "\x01", "\x02"  # in the place of a formula: a value, a mere name or an assignment
_VALUE = r"[\s$(*]*([-+−]?\\?\$?\s?\d(?:[\d.,/]*\d)?|\x01)"
_NUMBER = rf"{_VALUE}(?![\d^]|[\s$)]*[=<>^*/+]|[\s$)]*(?:times|decimal|digits?|places)\b)"
_FORMULA = late(r"\$((?:\\\$|[^$\n]){1,120})\$|(\(\s*-?\d[^()a-zA-Z]*,[^()a-zA-Z]*\))")
_NAMED = late(r"\s*\\?[a-zA-Z]+\s*(?:(?:[=<>]|\\[lg]eq?).*)?")
_IS_NUMBER = late(r"\s*[-+−]?\\?\$?\d[\d.,]*\s*")
_SMALL = (
    r"(?>(?:\s*\b(?:it|is|it['’]s|could|can|really|rather|actually"
    r"|in fact|in truth|may|might|would|also|be|even|then|exactly|precisely|maybe|possibly|perhaps|another|possibility"
    r"|the|other|in which case)\b,?)*)"
)
_CIRCUMSTANCE = r"(?:if|when|for|without|under|assuming|counting|including|excluding|ignoring)"
_GENERIC = r"\b(?:it\sis|it['’]s|there\s(?:are|is)|(?:we|you)\s(?:get|have)|the\sanswer\sis)"
_OTHER = late(
    rf"(?:\b(?:and|but|or|though|although|while|whereas|otherwise|else|(?:as well|together|along) (?:as|with))\b|[,;:])"
    rf"{_SMALL}{_NUMBER}|\bwith{_NUMBER}[$)]*\s+as\s"
    rf"|\({_NUMBER}\s(?:if|when|counting|including|excluding)\b"
    rf"|\b(?:and|but)\s(?:about|around|roughly|nearly|approximately){_NUMBER}[^.;\n\d]*\b(?:if|when|with|without)\b"
    rf"|[;,]\s*(?:(?:however|but|though|and|while|whereas),?\s)?{_CIRCUMSTANCE}\b[^.;\n\d]{{0,60}}?{_GENERIC}\s{_NUMBER}"
    rf"|[;,]\s*(?:however|but|though),?\s(?:if|when)\b[^.;\n\d]{{0,60}}(?:,|\b(?:it\sis|it['’]s|then|is|get|becomes))\s{_NUMBER}",
    re.IGNORECASE,
)
_NEXT = late(  # "12. (Or 13 if we count it twice.)"
    rf"[\s$*)]*[.!]\s*(?:\(?(?:or|perhaps|maybe|possibly)|\((?=[^()\n]*\b(?:if|when)\b)){_SMALL}{_NUMBER}",
    re.IGNORECASE,
)


SEVERAL = "… "
"""The prefix that marks several values, or a value that means another one: not an answer as written."""


def is_unconditional(before: str) -> bool:
    """Whether the sentence begins without a condition, unlike "For n = 2 the final answer is 3"."""
    return _CONDITIONAL.match(before) is None


def is_restricted(after: str) -> bool:
    """Whether the text after a value restricts when it holds."""
    return _RESTRICTED.match(after) is not None


def offers_more(after: str, value: str, later: str = "") -> bool:
    """Whether another value is offered after this one, in the same sentence or as an afterthought in the later text."""
    plain = value.strip("$*() ")
    after = _FORMULA.sub(lambda found: _placed(found, value), after)
    reason = _REASON.search(after)
    found = _OTHER.search(after if reason is None else after[: reason.start()]) or _NEXT.match(later)
    return found is not None and next(filter(None, found.groups())).strip("$ ") != plain


def _placed(found: re.Match[str], value: str) -> str:
    """The placeholder for a formula. A number stays as it is; an equation counts as a value if the answer is an
    equation.
    """
    inner = found[1] or found[2]
    if _IS_NUMBER.fullmatch(inner):
        return inner
    is_named = _NAMED.fullmatch(inner) is not None and not ("=" in inner and "=" in value)
    return _NONE if is_named or ("=" in inner and "=" not in value) else _SOME
