"""Detects values that a sentence mentions next to the one that it states: a comparison, a price, a remainder.

A part of the question that is repeated after the value ("15 hours to clean 45 rooms", "135 m in 5 minutes") has a
number of the question.

Example:
    >>> repeated = "It would take 15 hours to clean 45 rooms."
    >>> is_echoed(repeated, Span(14, 16), Span(32, 34)), is_echoed("She adds 7 to get 12.", Span(9, 10), Span(18, 20))
    (True, False)
    >>> from rewards.math.extract.spans import values
    >>> text = "She has 24 left, down from 36."
    >>> is_beside(text, list(values(text)))
    True
"""

from __future__ import annotations

import re

from rewards.math.extract.claims import is_of_another_time
from rewards.math.extract.modified import changed_from
from rewards.math.extract.sentences import sentence_before, sentence_end
from rewards.math.extract.spans import Span
from rewards.math.late import late

_NEAR = 40  # characters before a value that say what it is
_LONGEST_CLAUSE = 300
_LONGEST_DELIMITER = 20

_DETERMINED = (
    r"(?:(?:the|his|her|their|its|our|your|those|an?)\s)?(?:original\s|initial\s|given\s|first\s|total\s)*[\s$*(]*\Z"
)
_AT_IT = r"[\s$*(]*\Z"
_COMPARED = (  # "24, down from 36", "17 rather than the usual 20", "3 out of 12"
    rf"(?<![^\W_])(?:versus|vs\.?|in contrast to|as opposed to|compared (?:with|to)|unlike|from|rather than|instead of"
    rf"|against|past|off|out of a total of|short of (?:the|his|her|its|their) \w+ of|accounts for all"
    rf"|(?<=[a-z]\s)out of|having (?:started|begun) with|after (?:losing|giving away|spending|using|eating|selling)"
    rf"|(?<=,\s)(?:including|which\sincludes?|(?:[a-z]+er|more|less)\sthan)"
    rf"|not (?:counting|including)|apart from|aside from|(?<=,\s)(?:down|up))\s{_DETERMINED}"
    rf"|(?<![\d./])\d+\sof\s{_DETERMINED}|\b(?:left|all)\sof\s{_DETERMINED}"
    rf"|\bof\s(?:the|his|her|their|its)\s(?:original|initial|starting)\s{_AT_IT}"
    r"|\bas\s(?:many|much)\sas\s[^.,;\n\d]{0,30}\Z"
    r"|(?:≈|\\approx)[\s$]*\Z"
)
_KNOWN = (  # "12 marbles in the 3 boxes", "to store the 72 pencils"
    rf"\b(?:in|on|for|with|among|between|of|over|across|during|throughout)\s(?:all\s)?(?:the|his|her|their|these|those)\s{_AT_IT}"
    rf"|\bto\s[a-z]+\s(?:all\s)?(?:the|these|those)\s{_AT_IT}"
    r"|\b(?:from|by|for|after)\s[a-z]+ing\s(?:all\s(?:the\s|these\s|of\s(?:the|her|his|their)\s)?"
    r"|(?:the|these|those|his|her|their)\s)[$*(]*\Z"
    rf"|\b(?:to\s[a-z]+|for|holds?|so\sthat)\sall\s(?:of\s)?(?:the\s|these\s)?{_AT_IT}"
    rf"|\b(?:each|all of (?:them|which))\s(?:[a-z]+\s){{0,2}}(?:with|of|having|holding|containing)\s{_AT_IT}"
)
_GIVEN = (  # "…, given that she has 3", "…, when the width is 3"
    r",?\s(?:given that|assuming(?:\sthat)?)\s[^.;\d$\n]{0,40}\Z"
    r"|,\sgiven\s(?:the|an?|his|her|their)\s[^.;\d$\n]{0,40}\Z"
    r"|,\s(?:when|at\swhich\s(?:point|time|moment))\s(?:the|its|his|her)\s(?!max|min|value|total|sum|number)[a-z]+\sis\s[\s$*]*\Z"
)
_OF_ANOTHER = (  # "…, whereas Bob has 3", "…, the next one being 31", "before he spent 3", "though she hoped for 30"
    r"(?:\b(?:whereas|unlike)|,\swhile)\b(?![^.,;\n\d]*\b(?:total|left|remain\w*|answer|so|thus)\b)[^.,;\n\d]*\Z"
    r"|,\s(?:and\s)?(?:the\s)?next\s(?:one\s)?(?:being|is|would\sbe)\s[$*]*\Z"
    r"|\bbefore\s(?:he|she|they|it|[A-Z][a-z]+)\s(?:spent|gave|bought|sold|lost|used|ate|paid)\s[\s$*]*\Z"
    r"|,?\s(?:although|though|but)\s[^.,;\n\d]{0,20}\b(?:hoped|planned|wanted|expected|aimed|budgeted)"
    r"\s(?:(?:for|on|to\s[a-z]+)\s)?[\s$*]*\Z"
    r"|,\shaving\s(?:already\s)?[a-z]+\s[\s$*]*\Z|\bas\s[a-z]+\sas\s[a-z]+,\swho\s(?:is|has|was|had)\s[\s$*]*\Z"
    r"|\s[–—]\s?an?\s(?:saving|discount)\sof\s[\s$*]*\Z"
)
_BESIDE = late("|".join((_COMPARED, _KNOWN, _GIVEN, _OF_ANOTHER)), re.IGNORECASE)
"""The words before a value that the sentence only sets beside the value that it states."""
_CONTRASTED = late(  # "This is different from ", in a sentence of its own
    r"\b(?:this|that|it|which)\s(?:(?:is|was)\s(?:different|distinct|not\sto\sbe\sconfused\swith|not\sthe\ssame\sas)(?:\sfrom)?"
    rf"|differs\sfrom|should\snot\sbe\sconfused\swith)\s{_DETERMINED}",
    re.IGNORECASE,
)
_OTHERS = late(  # "The other 22 are gone", "after 22 were lost"
    r"(?:(?:\A|[.;,–—-])\W*(?:the|all)\sothers?|\bafter(?:\s(?:the|all))?)\s[\s$*(]*\Z", re.IGNORECASE
)
_GONE = late(r"[\s$*)]*(?:[a-z]+\s){0,2}(?:are|were|was|is|have\sbeen|had\sbeen|has\sbeen)\s", re.IGNORECASE)
_LEFT_OVER = late(
    r"[\s$*]*(?:[a-z]+\s?){0,3}(?:(?:are|is)\sleft)?(?:[;,]|\sand)\s[\s$*]*\Z"
)  # "79 petals; 22 are gone"
_LOST = late(r"[\s$*]*(?:[a-z]+\s){0,2}(?:are|were|have\sbeen)\s(?:gone|lost|missing|broken|eaten)\b")
_LEFT_BEFORE = late(r"\b(?:still\shas|has|have)\s[^;.\n]{0,60}\Z")
_LOSING = late(
    r"[^;.\n\d]*;\s(?:she|he|it|they)\s(?:(?:has|had|have)\s)?(?:lost|gave\saway|broke|ate|threw\saway)\s[$*]*"
)
_PAID_FOR = late(r"[\s*]*(?:[a-z]+\s){0,2}for\s(?:all\s|these\s)?[*]*")  # "pays $64 for 16 glasses"
_ON = late(r"\son\s(?:[a-z]+\s){1,3}of\s[*]*")  # "a profit of $20 on sales of $120"
_ORDINAL = late(r"(?:st|nd|rd|th)\s[a-z]")  # "17 is the 7th prime"
_OF = late(r"[a-z]\s(?:of|with|holding|containing)\s[\s$*]*\Z")
_EACH = late(r"[\s$*]*(?:[a-z]+\s){0,2}(?:each|apiece)\b")  # "9 boxes of 8 pencils each"
_FAILS = late(  # "$n = 4$ works, while $n = 5$ does not"
    r"[\s$*)]*,?\s*(?:(?:it|this)\s)?(?:fails|(?:does\snot|doesn['’]t)(?:\s(?:work|satisfy|hold|suffice)\b|[.\s]*\Z))",
    re.IGNORECASE,
)
_THERE = late(r"\b[Tt]here\s(?:are|is|were|will\sbe)\s(?:exactly\s|only\s|thus\s|therefore\s)?[$*]*\Z")
_OF_THINGS = late(r"[\s$*]+[a-z]+(?:\s[a-z]+){0,3}\s(?:of|from|among)\s(?:the\s)?[\s$*]*")  # "6 permutations of 3"
_IN_APPOSITION = late(r"[a-z],\s[$*]*\Z")  # "the maximum, 50, occurs when $n = 49$"
_OCCURS = late(r"[$*]*,\s(?:(?:(?:is|are)\s)?[a-z]+\s)?(?:only\s)?(?:when|at|if)\s[^.,;\n]*")
_FOR_SOMEBODY = late(r"[\s$*]*[a-z]+\sto\s[a-z]+\s")  # "8 days for 4 workers to finish the job"
_IS_THE_NUMBER = late(  # "40 is the total number of pages she reads in 5 days"
    r"[\s$*]*\sis\sthe\s(?:total\s)?(?:number|amount|total|sum|cost|price|answer)\b[^.;:,\d$\n]{0,60}"
    r"\s(?:in|for|of|over|on|at|after|every|per|from)\s(?:the\s|all\s)?[\s$*]*"
)
_NO_SUBJECT = late(r"[\s$*]*(?:(?:so|thus|hence|therefore|overall|in\s(?:all|total)),?\s)?[\s$*]*", re.IGNORECASE)
_NOT_ASKED = late(r"[\s$*]*,\swhich\s(?:is|was)\snot\s(?:what\s(?:is|was)\s)?(?:asked|needed|required|wanted)\b")
_DEFINED, _DEFINING = late(r"\bwhere\s[$*]*\Z"), late(r"[\s$*]*\s(?:is|denotes|stands\sfor)\s(?:an?|the|any|some)\b")
_USED = late(  # "= 84 dollars in ", "= 28 hours to sew "; not "= 60 dollars for a total of "
    r"(?![^\n]*\b(?:total|sum|minimum|maximum|values?|remainder|answer|that|which|shows?|we|so|and|then|giving|leaving|making|plus|minus|or|is|was|has|have|get|find|reach|give)\b)"
    r"[\s$)]*[^.,;:\n\d=$]{0,60}\b(?:for|in|on|after|per|every|of|to\s[a-z]+)\s(?:(?:the|his|her|their|its|all)\s)?[$*(]*\Z"
)
_BY_WORDS = late(r"[^\d,;:=]{0,40}\Z")
_AND_MORE = late(r"[\s$*]*(?:[a-z]+\s){1,4}?(?P<and>and\s)[\s$*]*")
_TIMES = late(r"\stimes\sas\b")
_REFERENCE = late(  # the number of a part of the text
    r"\b(?:step|problem|question|part|equation|method|formula|section|line|lemma|theorem|exercise|figure|rule|example"
    r"|page|chapter)s?"
    r"\s[\s$*(]*\Z",
    re.IGNORECASE,
)


def is_beside(text: str, spans: list[Span]) -> bool:
    """Whether the last of two or more values is only mentioned: it is the number of a step, is compared with another
    value of its sentence or used for it, or belongs to a sentence about another time.
    """
    other, span = spans[-2:]
    if _is_referred_to(text, span):
        return True
    if sentence_end(text, other.end) > span.start:
        if _IS_THE_NUMBER.fullmatch(text, other.end, span.start) is not None:
            return _NO_SUBJECT.fullmatch(sentence_before(text, other.start)) is not None
        if _is_left_over(text, other, span) or _is_price(text, other, span) or _is_compared(text, other, span):
            return True
    return _is_explained(text, span) or _is_new_at_another_time(text, spans)


def is_beside_with(text: str, spans: list[Span]) -> bool:
    """Whether the last two of at least three values are mentioned next to one: "6 dollars for 2 pens and 4 pencils"."""
    more = _AND_MORE.fullmatch(text, spans[-2].end, spans[-1].start)
    if more is None or sentence_end(text, spans[-3].end) < spans[-1].start:
        return False
    value, first = spans[-3:-1]
    if _is_money(text, value) and not _is_money(text, first) and _PAID_FOR.fullmatch(text, value.end, first.start):
        return True
    return is_echoed(f"{text[: more.start('and')].rstrip()}.", value, first)


def is_numbering(text: str, span: Span) -> bool:
    """Whether a value is the number of a part of the text: "line 10"."""
    return text[span.start : span.end].isdigit() and _REFERENCE.search(text, _near(span), span.start) is not None


def _near(span: Span) -> int:
    return max(0, span.start - _NEAR)


def _is_referred_to(text: str, span: Span) -> bool:
    """Whether a value is an ordinal or the number of a step, or the answer is said to differ from it."""
    near = _near(span)
    return bool(
        (text.endswith(" the ", 0, span.start) and _ORDINAL.match(text, span.end))
        or _REFERENCE.search(text, near, span.start)
        or _CONTRASTED.search(text, near, span.start)
        or (_GONE.match(text, span.end) and _OTHERS.search(text, near, span.start))
    )


def _is_explained(text: str, span: Span) -> bool:
    """Whether the text says that a value was not asked for, or defines it as a letter."""
    return bool(
        _NOT_ASKED.match(text, span.end)
        or (_DEFINED.search(text, _near(span), span.start) and _DEFINING.match(text, span.end))
    )


def _is_left_over(text: str, other: Span, span: Span) -> bool:
    """Whether the other value is the rest after this one has been lost."""
    between = text[other.end : span.start]
    return bool(
        (_LEFT_OVER.match(between) and _LOST.match(text, span.end))
        or (
            _LEFT_BEFORE.search(text, max(0, other.start - _LONGEST_CLAUSE), other.start) and _LOSING.fullmatch(between)
        )
    )


def _is_price(text: str, other: Span, span: Span) -> bool:
    """Whether the other value is an amount of money that is earned on this one, or paid for it."""
    if not _is_money(text, other):
        return False
    joint = _ON if _is_money(text, span) else _PAID_FOR
    return joint.fullmatch(text[other.end : span.start]) is not None


def _is_compared(text: str, other: Span, span: Span) -> bool:
    """Whether the words between two values, or after the second, say that the sentence states the first."""
    between = text[other.end : span.start]
    return bool(
        _BESIDE.search(text, other.start, span.start)
        or (between.rstrip(" $*").endswith(" for") and _FOR_SOMEBODY.match(text, span.end))
        or ("=" in text[other.end : span.end] and _FAILS.match(text, span.end))
        or (_EACH.match(text, span.end) and _OF.search(text, other.end, span.start))
        or is_echoed(text, other, span)
        or (_OF_THINGS.fullmatch(between) and _THERE.search(text, max(0, other.start - _NEAR), other.start))
        or (_OCCURS.fullmatch(between) and _IN_APPOSITION.search(text, _near(other), other.start))
        or (_TIMES.match(text, span.end) and between.endswith(", "))
        or (
            _is_result(text, other)
            and "=" not in text[span.start : span.end]
            and _USED.match(between)
            and _BY_WORDS.match(text[span.end : sentence_end(text, span.end)])
        )
    )


def _is_new_at_another_time(text: str, spans: list[Span]) -> bool:
    """Whether a sentence about another time gives another value than the sentences before it."""
    span = spans[-1]
    before = sentence_before(text, span.start)
    if not is_of_another_time(before):
        return False
    stated = [one for one in spans if one.end <= span.start - len(before)]
    return bool(stated) and text[stated[-1].start : stated[-1].end] != text[span.start : span.end]


def _is_money(text: str, span: Span) -> bool:
    return span.inner_start < 0 and "$" in text[span.start : span.end]


def _is_result(text: str, span: Span) -> bool:
    """Whether a value is the result of an equation."""
    if span.inner_start < 0:
        return text[max(0, span.start - _LONGEST_DELIMITER) : span.start].rstrip(" $*\\").endswith("=")
    return "=" in text[span.inner_start : span.inner_end] and text[span.inner_end - 1] not in ",;."


# --- parts of the question --------------------------------------------------------------------------------------------

_TIME = r"(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|decades?)"
_ECHOED = late(
    r"(?![^\n]*\b(?:total|sum|minimum|maximum|values?|remainder|answer|that|which|shows?|we|so|and|then|giving|leaving"
    r"|making|plus|minus|or|is|was|are|were|has|have|adds?|adding)\b)[\s*]*(?P<own>[a-z][a-z'’-]*\s)(?:[a-z'’-]+\s){0,5}?"
    r"(?:(?P<during>(?:in|over|during|within|after)\s)"
    r"|to\s(?!(?:the|an?|get|obtain|find|give|become|be|total|equal|yield|form)\b)[a-z]+\s(?:[a-z'’]+\s){0,4}?)[$*(]*"
)
_ENDS = late(r"[^\d,;:=]{0,40}\Z")
_IN_TIME = late(rf"[\s*]*(?:more\s|full\s)?{_TIME}\W*\Z")
_OF_TIME = late(rf"{_TIME}\s")
_OF_QUESTION = late(  # a number of the question itself, or one that is reckoned with
    r"\b(?:the|all|these|those|this|his|her|their|its|our|every|each|first|last|next|of)\s[\s$*(]*\Z"
    r"|\b(?:add|adds|adding|added|increas\w+|rais\w+|ris\w+|grows?|grew)\s[^.\n]{0,40}\Z",
    re.IGNORECASE,
)
_BECOMES = late(r"\b(?:will\s(?:be|turn|have|reach)|turns|becomes)\s|['’]ll\sbe\s[$*]*\Z")  # "She will be 8 in 3 years"
_AGO = late(rf"[\s*]*{_TIME}\s(?:from\snow|later|ago|hence)\W*\Z")
_PERCENTAGE = late(r"\b(?:after|with|including|before)\s(?:the|an?|his|her|their|its|this|that)\s[\s$*(]*\Z")


def is_echoed(text: str, other: Span, span: Span) -> bool:
    """Whether a value only says what the previous value in its sentence is for, or when that was."""
    behind = text[span.end : sentence_end(text, span.end)]
    if "%" in text[span.start : span.end]:
        is_circumstance = _PERCENTAGE.search(text, other.end, span.start) is not None
        return is_circumstance and _ENDS.match(behind) is not None
    if (
        _OF_QUESTION.search(text, max(0, other.start - _NEAR), other.start)
        or changed_from(text, other.start) is not None
    ):
        return False
    if "=" in text[other.end : span.end]:
        return False
    if text[other.end : span.start].strip() in ("in", "after") and _IN_TIME.match(behind) is not None:
        return _BECOMES.search(text, max(0, other.start - _NEAR), other.start) is not None
    if _AGO.match(behind) is not None:
        return text[other.end : span.start].strip() not in ("", "in", "after")
    echoed = _ECHOED.fullmatch(text, other.end, span.start)
    if echoed is None or _ENDS.match(behind) is None:
        return False
    return echoed["during"] is None or (_IN_TIME.match(behind) is not None and _OF_TIME.match(echoed["own"]) is None)
