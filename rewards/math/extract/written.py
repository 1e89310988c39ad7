r"""The last value of a running text, if its sentence states it.

Values joined by "or", "and" or a comma are returned together, since one of several values is no answer.

Only the end of a long text is searched. Every step takes time linear in the length of the text.

Example:
    >>> last_value("Each of the 8 people gets 56/8 = 7 oranges.")
    '7 oranges'
    >>> last_value("The roots are $2$ or $3$.")
    '$2$ or $3$'
"""

from __future__ import annotations

import re

from rewards.math.extract.assertion import LONGEST_SENTENCE, SEVERAL
from rewards.math.extract.attributed import is_not_asserted
from rewards.math.extract.beside import is_beside, is_beside_with, is_numbering
from rewards.math.extract.box_positions import is_cut_off
from rewards.math.extract.claims import classes, holds_for, is_claimed, is_stated, is_supposed, is_taken_back
from rewards.math.extract.listed import is_marker, is_option, is_table_row, several, total_of_parts
from rewards.math.extract.modified import changed_from
from rewards.math.extract.offered import is_offered_too
from rewards.math.extract.on_the_way import is_on_the_way
from rewards.math.extract.one_part import is_one_part
from rewards.math.extract.pairs import in_order
from rewards.math.extract.parallel import alike
from rewards.math.extract.sentences import SENTENCE_END, sentence_before, sentence_end, unmarked
from rewards.math.extract.spans import NAME, Span, formula, joined, number, values
from rewards.math.late import late

LONGEST_SEARCHED = 20_000
_LONGEST_SENTENCE = 1000
_LONGEST_JOINT = 40
_LONGEST_TIMES = 300
OR = r"(?:or|maybe|perhaps|possibly|alternatively)"
_COMPOUND = r"(?:hours?|minutes?|feet|foot|ft|yards?|dollars?|degrees?|days?|weeks?|years?|months?|pounds?|lbs?)"
_WORDS_BETWEEN = r"(?:[^\W\d_]+\s+){0,3}"
_NAMED = r"[\s$*({]*(?:[^\W\d_]\s*=\s*)?"
_BETWEEN = late(
    rf"[\s$*)}}]*(?:,\s*(?:{OR}|and)?|\.\s+(?-i:Or|Maybe|Perhaps|Possibly|Alternatively)\b,?|\b{OR}\b(?:,\s*{OR}\s*,)?|\band\b|[-–;/]|(?<=\s):(?=\s)|\bto\b|\\text\{{\s*(?:or|and)\s*\}}){_NAMED}"
    rf"|[\s$*),]*{_WORDS_BETWEEN},?\s*\(?\b{OR}\b\s*{_WORDS_BETWEEN}{_NAMED}"
    rf"|[^\S\n]*(?:{_COMPOUND}|°|′|')[^\S\n]*,?[^\S\n]*(?:and[^\S\n]+)?",
    re.IGNORECASE,
)
_AND_ANOTHER = late(r"[\s$*]*(?P<own>(?:[^\W\d_][\w'’-]*[\s,]{0,2}){1,6})\sand\s[\s$*]*")
_TO_THE_END = late(r"[\s$*]*(?P<its>(?:[^\W\d_][\w'’-]*\s?){1,6})[*.!\s]*\Z")
_USED = late(r"\b(?:of|from|for|by|with|[a-z]{2,}ing)\s[\s$*]*\Z")
_VERB = late(r"[bmhOWReS]")
_AGAIN = late(r"(\d[\d.,/]*)\s\((?:or\s)?(\d[\d.,/]*(?:\s?\\?%)?)\)?")  # "3/10 (30%)"
_TWO_READINGS = late(  # "In the first case it is 5. In the second it is ", unless the first is ruled out
    r"\b(?:in|under)\sthe\sfirst\b(?![^.!?\n]*(?:\b(?:no|not|impossible|contradict\w*|reject\w*|negative|invalid|extraneous)\b|n['’]t\b))"
    r"[^.!?\n]*\d[^!?\n]{0,80}[.;,]\s+(?:and\s|but\s)?(?:in|under)\sthe\ssecond\b[^.!?;\n]*\b(?:is|are|be|get|gives?)\s[$*]*\Z"
    # "Case 1: n even. There is 1 solution. Case 2: n odd. There are "
    r"|\bcase\s(?:1|i|a)\b[^?\n]*\bthere\s(?:is|are)\s\$?[1-9][^?\n]{0,60}\s+[*#]*case\s(?:2|ii|b)\b[^?\n]{0,80}"
    r"[.:,]\sthere\s(?:is|are)\s[$*]*\Z"
    # "If we read it as a square: 36. If as a triangle: "
    r"|\bif\b[^.!?\n]{0,80}[:,]\s[$*]*-?\d[\d.,/]*[$*]*(?:\s[a-z]+){0,2}[.;]\s+(?:(?:but|and)\s)?if\b[^.!?\n\d]{0,80}[:,]\s[$*]*\Z",
    re.IGNORECASE,
)
_WITH = late(r"\d[^.;\n\d]*\bwith\b[^.;\n\d]*[,;]\s(?:and\s)?[\s$*]*\Z")  # "10 with replacement, "
_WITHOUT = late(r"[\s$*)]*without\W*\Z")
_MOVED = late(  # "rose from 70 "
    r"\b(?:rose|rises|went|goes|fell|falls|grew|grows|drop|increas|decreas|rais|reduc|lower|chang|climb)\w*\s[^.\n]*"
    r"\b(?:from|by)\s[$*(]*\Z"
)
_GIVEN_UP = late(
    r"\b(?:I|we)\s(?:(?:was|am|were|are)\s(?:not\sable|unable)\sto|could\snot|couldn['’]t|cannot|can['’]t|did\snot|didn['’]t)"
    r"\s(?:\w+\s){0,2}(?:finish|complete|solve|determine|give|provide|find|reach)\s(?:\w+\s){0,3}"
    r"(?:answer|solution|computation|calculation|problem|value|it|them)\b"
    r"|\b(?:I|we)\s(?:could\snot|couldn['’]t|cannot|can['’]t)\s(?:solve|determine|answer|compute|decide|tell)(?:\s(?:this|that|it|one))?\s*[.!]"
    r"|\b(?:I|we)\s(?:do\snot|don['’]t)\sknow\s(?:the\s)?(?:answer|how)\b",
    re.IGNORECASE,
)
_ERRED = late(r"\bI\s(?:must\shave\s)?made\san?\s(?:error|mistake)\b[^.,;\n]*[.!\s]*\Z")
_ALTERNATIVE = late(rf"\b{OR}\b", re.IGNORECASE)
_ARE = late(r"\bare[\s$*:]*\Z")
COMPOUND = late(rf"\s*{_COMPOUND}\s*,?\s*(?:and\s+)?\d", re.IGNORECASE)
"""A unit followed by another number: `5 feet 3 inches`."""
_DENIED = late(
    r"(?:\b(?:not|cannot|pas|nicht|non|no es)|(?<=, )no|n['’]t)"
    r"(?:\s+(?:equal\s+to|(?!\w+ly\b|just\b|quite\b|even\b)\w+))?[\s$*(]*\Z",
    re.IGNORECASE,
)
_LONGEST_DENIAL = 20
_CALLED_WRONG = late(
    r"[\s$*)]*(?:is|was)(?:\s(?:wrong|incorrect)\b|(?:\snot|n['’]t)\s(?:correct|right|(?:the|an?)\s(?:correct\s|right\s)?"
    r"answer)\b)",
    re.IGNORECASE,
)
_TIME = r"\d{1,2}:\d{2}(?:\s?[ap]\.?m\b\.?)?"
_TWO_TIMES = late(  # "Ann leaves at 3:30 pm and Bob leaves at 4:15 pm"
    rf"\b[A-Z]\w+(?P<verb>(?:\s[a-z]+){{1,4}})\s{_TIME},?\s(?:and|while|but)\s[A-Z]\w+(?:(?P=verb)|\sat)\s{_TIME}[.\s]*\Z"
)
_QUESTION = late(
    r"\W*(?:what|how|which|who|whom|whose|why|when|where|is|are|was|were|do|does|did|can|could|would|will|should|find|has"
    r"|have|if|please)\b",
    re.IGNORECASE,
)
_OR_SO = (
    r"(?:[a-z]+\s)?or\s(?:more|less|fewer|larger|smaller|above|below|something|another)\b"
    r"|(?:one|another|the\sother)\sway\b|at\s(?:most|least|minimum|maximum|the\svery)\b|or\sso\b"
)
_MADE_OF_IT = (  # what is asked for may be made of the value: "5 times as many", "5 mod 3", "5 more than that"
    r"(?:[a-z]+\s)?(?:more|less|fewer|larger|smaller)\sthan\s(?:that|this|it)\s*(?:[.!\n]|\Z)|to\sthe\s\w+\spower\b|degrees\sbelow\b|times\s(?:as|the|that|this|its|his|her|their|more|less|fewer|what)\b"
    r"|(?:squared|cubed|factorial)\b|and\sa\s(?:half|third|quarter)|mod(?:ulo)?\s\$?\d"
)
_IF_SO = (
    r"(?:[a-z]+\s)?(?:only\s(?:if|when)|if\s\w+\swere)\b|,?\sunless\b|,\sif\snot\s\$?\d"
    r"|is\swhat\s(?:you|one|we|they|people|I)\s(?:would\s)?(?:gets?|finds?|obtains?)\s(?:when|if)\b"
    r"|,?\s*but\s(?:\w+\s){1,3}(?:must|has\sto|cannot)\b"
)
_NOT_ASKED_FOR = (  # "3 cases to consider", "5 was the number last year"
    r"cases\sto\s(?:consider|check|treat|distinguish)\b"
    r"|(?:possible\s|different\s)?(?:approaches|interpretations|hints|ways\sto\s(?:interpret|read|approach))\b"
    r"|was\s[^.\n]{0,40}\blast\s(?:year|week|month|time)\b|in\slast\s(?:year|week|month)['’]s\b"
)
_GOES_ON = late(rf"[\s$*)]*(?:{_OR_SO}|{_MADE_OF_IT}|{_IF_SO}|{_NOT_ASKED_FOR})", re.IGNORECASE)
_COUNTED = late(  # "there are 8 integers less than 20"
    r"\bthere\s(?:are|is|were|will\sbe)\s(?:exactly\s|only\s|thus\s|therefore\s|a\stotal\sof\s)?[$*]*(\d[\d,]*)[$*]*\s(?!more\b|fewer\b)[^\d,;]*\Z",
    re.IGNORECASE,
)
_BOUND, _ASSIGNED = late(r"\s*([a-zA-Z])\s*(?:[<>≤≥]|\\[lg](?:eq?|t)?(?![a-z]))"), late(r"\s*([a-zA-Z])\s*=")
_BOUNDED_BY, _ASSIGNED_TO = late(r"([a-zA-Z])\s*[<>≤≥]=?\s*\Z"), late(r"([a-zA-Z])\s*=\s*\Z")
_HOW_MANY = late(  # "there are $8$ integers $n$ with $1 < n < 20$"
    r"\b[Tt]here\s(?:are|is|were|will\sbe)\s(?:exactly\s|only\s|thus\s|therefore\s|a\stotal\sof\s)?\$?(\d[\d,]*)\$?\s"
    r"(?!(?:or|fewer|more|less|times|other|of)\b)[a-z](?=[^\n]*\$)"
    r"(?![^\n]*\b(?:or|but|so|and|which|if|then|than|giving|leaving|missing|from|not|fewer|more|less)\b)"
    r"(?:[^$\d.,;:!?=\n]|\$[^$\n=]{1,60}\$)*(?:(?<=such\sthat\s)\$[^$\n]{1,80}\$)?[.\s]*\Z"
)
_ASKED_ALONE = late(r"[^\s?]{1,20}(?:\s[a-z]{2,}){0,3}\s*\?")
_STEP = late(r"(?:\d[a-zA-Z]|[\w)]\s?[-+*/^]\s?[\w(]+)\s=\s\Z")  # "3n = 72", "n + 5 = 29"
_RESIDUE = late(r"\d[\s$(]+\\?[bp]?mod(?:ulo)?\s*\$?\Z")  # "it is 5 mod 7"
_ONE_IN = late(r"\d[\s$*]+(?:in|out\sof)\s[\s$*]*\Z")  # "5 in 12" at the end is one value
_OFFERED = late(r"\bcould\s(?:also\s|well\s)?be[\s$*]*\Z|\bfirst[\s$*]*\Z", re.IGNORECASE)


def last_value(text: str, *, stated: bool = False) -> str | None:
    """The last formula or number, with its unit and the values joined to it; None in a question.

    stated: no words announce it as the answer, so its sentence must state it. If the sentence does not, the result is
        marked by `SEVERAL`, which makes it wrong.
    """
    text = unmarked(text[-LONGEST_SEARCHED:])
    if stated and (found := _of_a_form(text)) is not None:
        return found
    spans = _candidates(text)
    if not spans or _is_asked(text, spans[-1].start):
        return None
    last = spans[-1]
    if stated and (
        _GIVEN_UP.search(text, last.end)
        or is_option(text, last.start)
        or is_numbering(text, last)
        or is_one_part(text, last.start, last.end)
    ):
        return SEVERAL + text[last.start : last.end]
    first = _first_joined(text, spans)
    if ":" in text[-_LONGEST_JOINT:]:
        two_times = _TWO_TIMES.search(text, max(0, len(text) - _LONGEST_TIMES))
        if two_times is not None:
            return two_times.group()
    changed = changed_from(text, first.start)
    if changed is not None:
        counted = _counted(text, first) if stated else None
        return counted or SEVERAL + text[changed : last.end]
    if _is_part_of_another(text, first, last, stated=stated):
        return SEVERAL + text[first.start : last.end]
    if is_taken_back(text[last.end : last.end + LONGEST_SENTENCE]) or (stated and _ERRED.search(text, last.end)):
        return None
    if _is_qualified(text, first, last, stated=stated):
        return SEVERAL + text[first.start : last.end]
    if stated and first is last and len(spans) > 1 and _is_one_of_two(text, *spans[-2:]):
        return SEVERAL + text[spans[-2].start : last.end]
    return _whole(text, first, last)


def _of_a_form(text: str) -> str | None:
    """The answer of a text in one of a few fixed forms, in which the last value alone would mislead; else None."""
    for form in (_how_many, total_of_parts, in_order, several, alike):
        if (found := form(text)) is not None:
            return found
    return SEVERAL + text[-_LONGEST_JOINT:] if is_table_row(text) else None


def _candidates(text: str) -> list[Span]:
    """The values of a text, up to the last one that may be its answer."""
    spans = list(values(text))
    refused: set[str] = set()
    while spans:
        last = spans[-1]
        if len(spans) > 2 and is_beside_with(text, spans):
            del spans[-2:]
        elif (len(spans) > 1 and (_is_name(text, last) or is_beside(text, spans))) or is_marker(
            text, last.start, last.end
        ):
            spans.pop()
        elif (
            _is_denied(text, last.start)
            or _CALLED_WRONG.match(text, last.end)
            or is_not_asserted(text, last.start)
            or _plainly(text, last) in refused
        ):
            refused.add(_plainly(text, last))
            spans.pop()
        else:
            break
    return spans


def _first_joined(text: str, spans: list[Span]) -> Span:
    """The first of the values that are joined to the last one by "or", "and" or a comma; else the last one itself."""
    first = spans[-1]
    for span in reversed(spans[:-1]):
        between = text[span.end : first.start]
        if len(between) > _LONGEST_JOINT or not _BETWEEN.fullmatch(between) or _is_denied(text, span.start):
            break
        if between.strip(" $*)") == "to" and _MOVED.search(sentence_before(text, span.start)):
            break
        is_listed = _ALTERNATIVE.search(between) or _ARE.search(text, max(0, span.start - _LONGEST_DENIAL), span.start)
        if _is_bound(text, span, first) or (_is_step(text, span) and not is_listed):
            break
        first = span
    return first


def _counted(text: str, first: Span) -> str | None:
    """The number of things, if the last value only describes them: "there are 8 integers less than 20"; else None."""
    before = sentence_before(text, first.start)
    counted = _COUNTED.search(before)
    return counted[1] if counted is not None and is_claimed(before[: counted.start()]) else None


def _is_part_of_another(text: str, first: Span, last: Span, *, stated: bool) -> bool:
    """Whether words before a value make it part of another ("5 in 12", "5 mod 7"), or only offer it ("could be 5")."""
    near = max(0, first.start - _LONGEST_JOINT)
    return bool(
        _RESIDUE.search(text, near, first.start)
        or (stated and (_OFFERED.search(text, near, first.start) or is_offered_too(text[near : first.start], "")))
        or (_ONE_IN.search(text, near, first.start) and not text[last.end :].strip(" .*$"))
    )


def _is_qualified(text: str, first: Span, last: Span, *, stated: bool) -> bool:
    """Whether the sentence qualifies a value: continues it, supposes it, gives it for one of two cases, or does not
    state it although it must.
    """
    before = sentence_before(text, first.start)
    is_range = stated and holds_for(before, text[first.start : last.end])
    if (
        _GOES_ON.match(text[last.end : last.end + LONGEST_SENTENCE])
        or (_WITHOUT.match(text, last.end) and _WITH.search(before))
        or (is_supposed(before) and not is_range)
    ):
        return True
    if not stated:
        return False
    if (
        _TWO_READINGS.search(text, max(0, first.start - _LONGEST_TIMES), first.start)
        or is_on_the_way(text, last.end)
        or _ASKED_ALONE.match(text, last.start)
    ):
        return True
    return first is last and not is_range and not is_stated(before, text[last.end : _stop(text, last.end)])


def _whole(text: str, first: Span, last: Span) -> str | None:
    """The text of the joined values: the whole formula, the number with its unit, or all from a box that is cut off."""
    cut_off = is_cut_off(text)
    if cut_off is not None and cut_off < last.start and "\n" not in text[cut_off : last.start]:
        return text[cut_off : last.end]
    if first is last and last.inner_start >= 0:
        return formula(text, last)
    found = number(text, last) if first is last else joined(text, first, last)
    again = _AGAIN.fullmatch(found)
    return found if again is None else rf"{again[1]} \text{{ or }} {again[2]}"


def _how_many(text: str) -> str | None:
    """The number in a last sentence that describes with formulas what is counted; else None."""
    begin = max(0, len(text) - LONGEST_SENTENCE)
    found = _HOW_MANY.search(text, begin) if text.find("here ", begin) >= 0 else None
    if found is None:
        return None
    before = sentence_before(text, found.start(1))
    if is_supposed(before) or not is_stated(before, "") or not is_claimed(before[: before.lower().rindex("there")]):
        return None
    return found[1]


def _is_name(text: str, span: Span) -> bool:
    """Whether a value is only a name, as in "for every $n$". A capital may be a choice."""
    name = text[span.inner_start : span.inner_end].strip() if span.inner_start >= 0 else ""
    return NAME.fullmatch(name) is not None and name[0] == name[0].lower()


def _is_one_of_two(text: str, other: Span, span: Span) -> bool:
    """Whether a sentence ends with two amounts: "27 miles from A, and 18 miles from B", "6 pens and 18 pencils"."""
    if "=" in text[other.start : span.end] or _USED.search(text, max(0, other.start - _LONGEST_DENIAL), other.start):
        return False
    both = _AND_ANOTHER.fullmatch(text, other.end, span.start)
    behind = None if both is None else _TO_THE_END.match(text, span.end)
    return both is not None and behind is not None and _VERB.search(classes(both["own"] + behind["its"])) is None


def _is_denied(text: str, at: int) -> bool:
    """Whether the word right before a position denies what follows."""
    return _DENIED.search(text[max(0, at - _LONGEST_DENIAL) : at]) is not None


def _is_step(text: str, span: Span) -> bool:
    """Whether a value is a step of a calculation: an equation without a name on its left."""
    if span.inner_start < 0:
        return _STEP.search(text, max(0, span.start - _LONGEST_DENIAL), span.start) is not None
    left, equals, _ = text[span.inner_start : span.inner_end].partition("=")
    return bool(equals) and NAME.fullmatch(left) is None


def _is_bound(text: str, span: Span, following: Span) -> bool:
    """Whether a value only bounds a name, and the next value defines that name: `k >= 11.2`, `k = 12`."""
    if span.inner_start < 0 and following.inner_start < 0:
        near = (text[max(0, one.start - _LONGEST_DENIAL) : one.start] for one in (span, following))
        bounding, naming = _BOUNDED_BY.search(next(near)), _ASSIGNED_TO.search(next(near))
        return bounding is not None and naming is not None and bounding[1] == naming[1]
    bounded = _BOUND.match(text, max(span.inner_start, 0), max(span.inner_end, 0))
    named = None if bounded is None else _ASSIGNED.match(text, max(following.inner_start, 0))
    return bounded is not None and named is not None and named[1] == bounded[1]


def _is_asked(text: str, at: int) -> bool:
    """Whether the sentence around a position is a question."""
    if not text.startswith("?", sentence_end(text, at)):
        return False
    begin = 0
    for found in SENTENCE_END.finditer(text, max(0, at - _LONGEST_SENTENCE), at):
        begin = found.end()
    return _QUESTION.match(text, begin) is not None or "answer" in text[begin:at]


def _stop(text: str, at: int) -> int:
    """The end of the sentence around a position, including its full stop."""
    end = sentence_end(text, at)
    return end + text.startswith((".", "!"), end)


def _plainly(text: str, span: Span) -> str:
    """A value without its name and delimiters, to recognise a denied value in an earlier equation."""
    return text[span.start : span.end].rpartition("=")[2].strip("$\\()[] .,")
