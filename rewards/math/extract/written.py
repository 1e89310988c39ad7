r"""The last value of a running text, where its sentence states it.

Values that "or", "and" or a comma joins are taken together, since an answer that is one of several is none.

Only the end of a long text is searched; every step is linear in its length.

Example:
    >>> last_value("Each of the 8 people gets 56/8 = 7 oranges.")
    '7 oranges'
    >>> last_value("The roots are $2$ or $3$.")
    '$2$ or $3$'
"""

from __future__ import annotations

import re

from rewards.math.extract.assertion import LONGEST_SENTENCE, SEVERAL
from rewards.math.extract.boxes import is_cut_off
from rewards.math.extract.claims import (
    holds_for,
    is_claimed,
    is_of_another_time,
    is_stated,
    is_supposed,
    is_taken_back,
    is_title,
)
from rewards.math.extract.echoed import is_echoed
from rewards.math.extract.listed import is_choice_of_many, is_marker, is_option, several, total_of_parts
from rewards.math.extract.modified import changed_from
from rewards.math.extract.on_the_way import is_on_the_way
from rewards.math.extract.pairs import of_two
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
    rf"[\s$*)}}]*(?:,\s*(?:{OR}|and)?|\b{OR}\b(?:,\s*{OR}\s*,)?|\band\b|[-–;/]|(?<=\s):(?=\s)|\bto\b|\\text\{{\s*(?:or|and)\s*\}}){_NAMED}"
    rf"|[\s$*),]*{_WORDS_BETWEEN},?\s*\(?\b{OR}\b\s*{_WORDS_BETWEEN}{_NAMED}"
    rf"|[^\S\n]*(?:{_COMPOUND}|°|′|')[^\S\n]*,?[^\S\n]*(?:and[^\S\n]+)?",
    re.IGNORECASE,
)
_DETERMINED = (
    r"(?:(?:the|his|her|their|its|our|your|those|an?)\s)?(?:original\s|initial\s|given\s|first\s|total\s)*[\s$*(]*\Z"
)
_BESIDE = late(  # what a value is compared with, taken from, or found in: "12 marbles in the 3 boxes"
    rf"(?<![^\W_])(?:versus|vs\.?|in contrast to|as opposed to|compared (?:with|to)|unlike|from|rather than|instead of"
    rf"|against|past|off|out of a total of|short of (?:the|his|her|its|their) \w+ of|accounts for all"
    rf"|(?<=[a-z]\s)out of|having (?:started|begun) with|after (?:losing|giving away|spending|using|eating|selling)"
    rf"|not (?:counting|including)|apart from|aside from|(?<=,\s)(?:down|up))\s{_DETERMINED}"
    rf"|(?<![\d./])\d+\sof\s{_DETERMINED}|\b(?:left|all)\sof\s{_DETERMINED}"
    r"|\bof\s(?:the|his|her|their|its)\s(?:original|initial|starting)\s[\s$*(]*\Z"
    r"|\b(?:in|on|for|with|among|between|of|over|across|during|throughout)\s(?:all\s)?(?:the|his|her|their|these|those)\s[\s$*(]*\Z"
    r"|\bto\s[a-z]+\s(?:all\s)?(?:the|these|those)\s[\s$*(]*\Z"  # "to store the 72 pencils"
    r"|\b(?:from|by|for|after)\s[a-z]+ing\s(?:all\s(?:the\s|these\s|of\s(?:the|her|his|their)\s)?|(?:the|these|those|his|her|their)\s)[$*(]*\Z"
    r"|\b(?:to\s[a-z]+|for|holds?)\sall\s[\s$*(]*\Z"
    r"|\b(?:each|all of (?:them|which))\s(?:[a-z]+\s){0,2}(?:with|of|having|holding|containing)\s[\s$*(]*\Z"
    r"|,\s(?:when|at\swhich\s(?:point|time|moment))\s(?:the|its|his|her)\s(?!max|min|value|total|sum|number)[a-z]+\sis\s[\s$*]*\Z"
    r"|,?\s(?:given that|assuming(?:\sthat)?)\s[^.;\d$\n]{0,40}\Z"
    r"|,\sgiven\s(?:the|an?|his|her|their)\s[^.;\d$\n]{0,40}\Z"
    r"|,\s(?:and\s)?(?:the\s)?next\s(?:one\s)?(?:being|is|would\sbe)\s[$*]*\Z"
    r"|(?:\b(?:whereas|unlike)|,\swhile)\b(?![^.,;\n\d]*\b(?:total|left|remain\w*|answer|so|thus)\b)[^.,;\n\d]*\Z"
    r"|\bbefore\s(?:he|she|they|it|[A-Z][a-z]+)\s(?:spent|gave|bought|sold|lost|used|ate|paid)\s[\s$*]*\Z"
    r"|(?:≈|\\approx)[\s$]*\Z"
    r"|,\shaving\s(?:already\s)?[a-z]+\s[\s$*]*\Z|\bas\s[a-z]+\sas\s[a-z]+,\swho\s(?:is|has|was|had)\s[\s$*]*\Z"
    r"|\s[–—]\s?an?\s(?:saving|discount)\sof\s[\s$*]*\Z"
    r"|\bas\s(?:many|much)\sas\s[^.,;\n\d]{0,30}\Z",
    re.IGNORECASE,
)
_CONTRASTED = late(  # "This is different from ", in a sentence of its own
    r"\b(?:this|that|it|which)\s(?:(?:is|was)\s(?:different|distinct|not\sto\sbe\sconfused\swith|not\sthe\ssame\sas)(?:\sfrom)?"
    rf"|differs\sfrom|should\snot\sbe\sconfused\swith)\s{_DETERMINED}",
    re.IGNORECASE,
)
_OTHERS = late(  # "The other 22 are gone", "after 22 were lost"
    r"(?:(?:\A|[.;,–—-])\W*(?:the|all)\sothers?|\bafter(?:\s(?:the|all))?)\s[\s$*(]*\Z", re.IGNORECASE
)
_TWO_AMOUNTS = late(
    r"[\s$*]*(?P<unit>[a-z]+)\s(?:from|to|in|on|at|for|with|of)\s[^.;:\d$\n]{1,40}[,\s(]\s?and\s[\s$*]*"
)
_FIRST_WORD = late(r"[\s$*]*([a-z]+)\b")
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
_PERCENT_AGAIN = late(r"(\d[\d.,/]*)\s\((\d[\d.,/]*(?:\s?\\?%)?)\)")  # "3/10 (30%)"
_FOR_SOMEBODY = late(r"[\s$*]*[a-z]+\sto\s[a-z]+\s")  # "8 days for 4 workers to finish the job"
_IS_THE_NUMBER = late(  # "40 is the total number of pages she reads in 5 days"
    r"[\s$*]*\sis\sthe\s(?:total\s)?(?:number|amount|total|sum|cost|price|answer)\b[^.;:,\d$\n]{0,60}"
    r"\s(?:in|for|of|over|on|at|after|every|per|from)\s(?:the\s|all\s)?[\s$*]*"
)
_NO_SUBJECT = late(r"[\s$*]*(?:(?:so|thus|hence|therefore|overall|in\s(?:all|total)),?\s)?[\s$*]*", re.IGNORECASE)
_NOT_ASKED = late(r"[\s$*]*,\swhich\s(?:is|was)\snot\s(?:what\s(?:is|was)\s)?(?:asked|needed|required|wanted)\b")
_TWO_READINGS = late(  # "In the first case it is 5. In the second it is ", where the first is not ruled out
    r"\b(?:in|under)\sthe\sfirst\b(?![^.!?\n]*(?:\b(?:no|not|impossible|contradict\w*|reject\w*|negative|invalid|extraneous)\b|n['’]t\b))"
    r"[^.!?\n]*\d[^!?\n]{0,80}[.;,]\s+(?:and\s|but\s)?(?:in|under)\sthe\ssecond\b[^.!?;\n]*\b(?:is|are|be|get|gives?)\s[$*]*\Z"
    # "Case 1: n even. There is 1 solution. Case 2: n odd. There are "
    r"|\bcase\s(?:1|i|a)\b[^?\n]*\bthere\s(?:is|are)\s\$?[1-9][^?\n]{0,60}\s+[*#]*case\s(?:2|ii|b)\b[^?\n]{0,80}"
    r"[.:,]\sthere\s(?:is|are)\s[$*]*\Z"
    # "If we read it as a square: 36. If as a triangle: "
    r"|\bif\b[^.!?\n]{0,80}[:,]\s[$*]*-?\d[\d.,/]*[$*]*(?:\s[a-z]+){0,2}[.;]\s+(?:(?:but|and)\s)?if\b[^.!?\n\d]{0,80}[:,]\s[$*]*\Z",
    re.IGNORECASE,
)
_DEFINED, _DEFINING = late(r"\bwhere\s[$*]*\Z"), late(r"[\s$*]*\s(?:is|denotes|stands\sfor)\s(?:an?|the|any|some)\b")
_USED = late(  # "= 84 dollars in ", "= 28 hours to sew "; not "= 60 dollars for a total of "
    r"(?![^\n]*\b(?:total|sum|minimum|maximum|values?|remainder|answer|that|which|shows?|we|so|and|then|giving|leaving|making|plus|minus|or|is|was|has|have|get|find|reach|give)\b)"
    r"[\s$)]*[^.,;:\n\d=$]{0,60}\b(?:for|in|on|after|per|every|of|to\s[a-z]+)\s(?:(?:the|his|her|their|its|all)\s)?[$*(]*\Z"
)
_BY_WORDS = late(r"[^\d,;:=]{0,40}\Z")
_WITH = late(r"\d[^.;\n\d]*\bwith\b[^.;\n\d]*[,;]\s(?:and\s)?[\s$*]*\Z")  # "10 with replacement, "
_WITHOUT = late(r"[\s$*)]*without\W*\Z")
_AND_MORE = late(r"[\s$*]*(?:[a-z]+\s){1,4}?(?P<and>and\s)[\s$*]*")
_TIMES = late(r"\stimes\sas\b")
_MOVED = late(  # "rose from 70 "
    r"\b(?:rose|rises|went|goes|fell|falls|grew|grows|drop|increas|decreas|rais|reduc|lower|chang|climb)\w*\s[^.\n]*"
    r"\b(?:from|by)\s[$*(]*\Z"
)
_REFERENCE = late(  # the number of a part of the text
    r"\b(?:step|problem|question|part|equation|method|formula|section|line|lemma|theorem|exercise|figure|rule|example"
    r"|page|chapter)s?"
    r"\s[\s$*(]*\Z",
    re.IGNORECASE,
)
_ANSWER = late(r"(?:\b(?:the|an?|our|my|your|its|this)|['’]s)\s(?:\w+\s){0,2}answer\b", re.IGNORECASE)
_NAME_OF_ANSWER = late(r"\b([^\W_]+)_answer\W*\Z", re.IGNORECASE)  # `"wrong_answer": "`
_LABEL = late(r"(?:\A|[.;]\s)[\s#*_>-]*([^\W\d_][^.;:\d]{1,60}?)\s?[*_]*:[\s$*_]*\Z")  # "Wrong answer: "
_NO_VALUE = late(
    r"(?:(?:a|the|first|rough|initial)\s)?(?:(?:lower|upper)\sbound|estimate|counter-?example|(?:\w+\s){0,2}guess)",
    re.IGNORECASE,
)
_TO_DO = late(r"\b(?:TODO|To-?do|FIXME|TBD)\s?:[^:\n]*\Z")
_MOST_WORDS_OF_A_LABEL = 2
_COUNTING = late(r"\b(?:number|total|count|sum|amount|percentage|fraction|how\smany)\b", re.IGNORECASE)
_OF_ANOTHER = late(  # "Answer to a similar problem: ", "in last year's exam"
    r"\b(?:to|for|of|in)\s(?:an?|the|our|last)\s?(?:other|similar|simpler|related|analogous|warm-?up|practice|example|sample"
    r"|previous|earlier|easier|follow-?up|year['’]s|week['’]s)\b",
    re.IGNORECASE,
)
_SAMPLE = late(
    r"\b(?:sample|example|old|former|previous|earlier|initial|student['’]s|rejected|not)\s(?:\w+\s)?answers?\b"
    r"|\banswers?\sformat\b|\banswers?\s\((?:wrong|incorrect|rejected|old)\)|\b(?:for\sexample|for\sinstance|e\.g\.),?\W*\Z",
    re.IGNORECASE,
)
_GIVEN_UP = late(
    r"\b(?:I|we)\s(?:(?:was|am|were|are)\s(?:not\sable|unable)\sto|could\snot|couldn['’]t|cannot|can['’]t|did\snot|didn['’]t)"
    r"\s(?:\w+\s){0,2}(?:finish|complete|solve|determine|give|provide|find|reach)\s(?:\w+\s){0,3}"
    r"(?:answer|solution|computation|calculation|problem|value|it|them)\b"
    r"|\b(?:I|we)\s(?:could\snot|couldn['’]t|cannot|can['’]t)\s(?:solve|determine|answer|compute|decide|tell)(?:\s(?:this|that|it|one))?\s*[.!]"
    r"|\b(?:I|we)\s(?:do\snot|don['’]t)\sknow\s(?:the\s)?(?:answer|how)\b",
    re.IGNORECASE,
)
_ALTERNATIVE = late(rf"\b{OR}\b", re.IGNORECASE)
COMPOUND = late(rf"\s*{_COMPOUND}\s*,?\s*(?:and\s+)?\d", re.IGNORECASE)
"""A unit with another number behind it: `5 feet 3 inches`."""
_DENIED = late(
    r"(?:\b(?:not|cannot|pas|nicht|non|no es)|(?<=, )no|n['’]t)"
    r"(?:\s+(?:equal\s+to|(?!\w+ly\b|just\b|quite\b|even\b)\w+))?[\s$*(]*\Z",
    re.IGNORECASE,
)
_LONGEST_DENIAL = 20
_LONGEST_LABEL = 70
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
_GOES_ON = late(
    r"[\s$*)]*(?:(?:[a-z]+\s)?or\s(?:more|less|fewer|larger|smaller|above|below|something|another)\b|(?:one|another|the\sother)\sway\b|at\s(?:most|least|minimum|maximum|the\svery)\b"
    r"|or\sso\b|to\sthe\s\w+\spower\b|degrees\sbelow\b|times\s(?:as|the|that|this|its|his|her|their|more|less|fewer|what)\b|(?:[a-z]+\s)?(?:only\s(?:if|when)|if\s\w+\swere)\b"
    r"|(?:squared|cubed|factorial)\b|,?\sunless\b|,\sif\snot\s\$?\d|is\swhat\s(?:you|one|we|they|people)\s(?:would\s)?(?:gets?|finds?|obtains?)\s(?:when|if)\b|and\sa\s(?:half|third|quarter)|mod(?:ulo)?\s\$?\d"
    r"|cases\sto\s(?:consider|check|treat|distinguish)\b|(?:possible\s|different\s)?(?:approaches|interpretations|hints|ways\sto\s(?:interpret|read|approach))\b"
    r"|was\s[^.\n]{0,40}\blast\s(?:year|week|month|time)\b|,?\s*but\s(?:\w+\s){1,3}(?:must|has\sto|cannot)\b|in\slast\s(?:year|week|month)['’]s\b)",
    re.IGNORECASE,
)
_COUNTED = late(  # "there are 8 integers less than 20"
    r"\bthere\s(?:are|is|were|will\sbe)\s(?:exactly\s|only\s|thus\s|therefore\s|a\stotal\sof\s)?[$*]*(\d[\d,]*)[$*]*\s(?!more\b|fewer\b)[^\d,;]*\Z",
    re.IGNORECASE,
)
_BOUND, _ASSIGNED = late(r"\s*([a-zA-Z])\s*(?:[<>≤≥]|\\[lg](?:eq?|t)?(?![a-z]))"), late(r"\s*([a-zA-Z])\s*=")
_BOUNDED_BY, _ASSIGNED_TO = late(r"([a-zA-Z])\s*[<>≤≥]=?\s*\Z"), late(r"([a-zA-Z])\s*=\s*\Z")
_HOW_MANY = late(  # "there are $8$ integers $n$ with $1 < n < 20$": what is counted may be told in formulas
    r"\b[Tt]here\s(?:are|is|were|will\sbe)\s(?:exactly\s|only\s|thus\s|therefore\s|a\stotal\sof\s)?\$?(\d[\d,]*)\$?\s"
    r"(?!(?:or|fewer|more|less|times|other|of)\b)[a-z](?=[^\n]*\$)"
    r"(?![^\n]*\b(?:or|but|so|and|which|if|then|than|giving|leaving|missing|from|not|fewer|more|less)\b)"
    r"(?:[^$\d.,;:!?=\n]|\$[^$\n=]{1,60}\$)*(?:(?<=such\sthat\s)\$[^$\n]{1,80}\$)?[.\s]*\Z"
)
_ASKED_ALONE = late(r"[^\s?]{1,20}(?:\s[a-z]{2,}){0,3}\s*\?")
_RESIDUE = late(r"\d[\s$(]+\\?[bp]?mod(?:ulo)?\s*\$?\Z")  # "it is 5 mod 7"
_ONE_IN = late(r"\d[\s$*]+(?:in|out\sof)\s[\s$*]*\Z")  # "5 in 12" at the end is one value
_OFFERED = late(r"\bcould\s(?:also\s|well\s)?be[\s$*]*\Z|\bfirst[\s$*]*\Z", re.IGNORECASE)


def _is_not_asserted(text: str, at: int) -> bool:
    """Whether it is the answer of somebody else, or of a supposition."""
    before = sentence_before(text, at)
    if (name := _NAME_OF_ANSWER.search(before)) is not None:
        return not is_title(name[1])
    is_sample = (
        "answer" in before or "e.g." in before or "or example" in before or "or instance" in before
    ) and _SAMPLE.search(before) is not None
    if is_sample or (":" in before[-_LONGEST_LABEL:] and _is_mislabelled(before)):
        return True
    answer = _ANSWER.search(before, max(map(before.rfind, (": ", "; "))) + 1)
    return answer is not None and not is_claimed(before[: answer.end() - len("answer")])


def _stop(text: str, at: int) -> int:
    """Behind the stop of the sentence that stands there."""
    end = sentence_end(text, at)
    return end + text.startswith((".", "!"), end)


def _plainly(text: str, span: Span) -> str:
    """A value without its name and delimiters: what is denied is not stated by an equation before, either."""
    return text[span.start : span.end].rpartition("=")[2].strip("$\\()[] .,")


def _is_mislabelled(before: str) -> bool:
    """Whether the label that a value follows calls it wrong, or the answer of something else."""
    if _TO_DO.search(before[-_LONGEST_LABEL:]) is not None:
        return True
    found = _LABEL.search(before[-_LONGEST_LABEL:])
    if found is None or _COUNTING.search(found[1]) is not None or found[1].lower().endswith("no"):
        return False
    if _NO_VALUE.fullmatch(found[1]) is not None:
        return True
    if len(found[1].split()) <= _MOST_WORDS_OF_A_LABEL and not is_title(found[1]):
        return True
    return "answer" in found[1].lower() and _OF_ANOTHER.search(found[1]) is not None


def last_value(text: str, *, stated: bool = False) -> str | None:
    """The last formula or number, with those that are joined to it and the unit behind it; None in a question.

    stated: nothing says that it is the answer, so that its sentence has to state it.
    """
    text = unmarked(text[-LONGEST_SEARCHED:])
    if stated and (many := _how_many(text)) is not None:
        return many
    if stated and (total := total_of_parts(text)) is not None:
        return total
    if stated and (both := of_two(text)) is not None:
        return both
    if stated and (answers := several(text)) is not None:
        return answers
    if stated and is_choice_of_many(text):
        return SEVERAL + text[-_LONGEST_JOINT:]
    spans = list(values(text))
    refused: set[str] = set()
    while spans:
        last = spans[-1]
        if len(spans) > 2 and _is_beside_with(text, spans):
            del spans[-2:]
        elif (len(spans) > 1 and (_is_name(text, last) or _is_beside(text, spans))) or is_marker(
            text, last.start, last.end
        ):
            spans.pop()
        elif (
            _is_denied(text, last.start)
            or _CALLED_WRONG.match(text, last.end)
            or _is_not_asserted(text, last.start)
            or _plainly(text, last) in refused
        ):
            refused.add(_plainly(text, last))
            spans.pop()
        else:
            break
    if not spans or _is_asked(text, spans[-1].start):
        return None
    if stated and (
        _GIVEN_UP.search(text, spans[-1].end) is not None
        or is_option(text, spans[-1].start)
        or _is_numbering(text, spans[-1])
    ):
        return SEVERAL + text[spans[-1].start : spans[-1].end]
    first = last = spans[-1]
    for span in reversed(spans[:-1]):
        between = text[span.end : first.start]
        if len(between) > _LONGEST_JOINT or not _BETWEEN.fullmatch(between) or _is_denied(text, span.start):
            break
        if between.strip(" $*)") == "to" and _MOVED.search(sentence_before(text, span.start)):
            break
        if _is_bound(text, span, first) or (_is_step(text, span) and not _ALTERNATIVE.search(between)):
            break
        first = span
    together = _TWO_TIMES.search(text, max(0, len(text) - _LONGEST_TIMES)) if ":" in text[-_LONGEST_JOINT:] else None
    if together is not None:
        return together.group()
    changed = changed_from(text, first.start)
    if changed is not None:
        before = sentence_before(text, first.start)
        counted = _COUNTED.search(before) if stated else None
        if counted is not None and is_claimed(before[: counted.start()]):
            return counted[1]
        return SEVERAL + text[changed : last.end]
    near = max(0, first.start - _LONGEST_JOINT)
    if (
        _RESIDUE.search(text, near, first.start)
        or (stated and _OFFERED.search(text, near, first.start))
        or (_ONE_IN.search(text, near, first.start) and not text[last.end :].strip(" .*$"))
    ):
        return SEVERAL + text[first.start : last.end]
    behind = text[last.end : last.end + LONGEST_SENTENCE]
    if is_taken_back(behind):
        return None
    before = sentence_before(text, first.start)
    is_range = stated and holds_for(before, text[first.start : last.end])
    if (
        _GOES_ON.match(behind)
        or (stated and _TWO_READINGS.search(text, max(0, first.start - _LONGEST_TIMES), first.start))
        or (stated and is_on_the_way(text, last.end))
        or (_WITHOUT.match(text, last.end) and _WITH.search(before))
        or (is_supposed(before) and not is_range)
        or (stated and _ASKED_ALONE.match(text, last.start))
    ):
        return SEVERAL + text[first.start : last.end]
    if stated and first is last and not is_range and not is_stated(before, text[last.end : _stop(text, last.end)]):
        return SEVERAL + text[first.start : last.end]
    if stated and first is last and len(spans) > 1 and _is_one_of_two(text, *spans[-2:]):
        return SEVERAL + text[spans[-2].start : last.end]
    cut_off = is_cut_off(text)
    if cut_off is not None and cut_off < last.start and "\n" not in text[cut_off : last.start]:
        return text[cut_off : last.end]
    if first is not last:
        return joined(text, first, last)
    if last.inner_start >= 0:
        return formula(text, last)
    found = number(text, last)
    again = _PERCENT_AGAIN.fullmatch(found)
    return found if again is None else rf"{again[1]} \text{{ or }} {again[2]}"


def _how_many(text: str) -> str | None:
    """How many there are, by a last sentence that tells in formulas of what."""
    begin = max(0, len(text) - LONGEST_SENTENCE)
    found = _HOW_MANY.search(text, begin) if text.find("here ", begin) >= 0 else None
    if found is None:
        return None
    before = sentence_before(text, found.start(1))
    if is_supposed(before) or not is_stated(before, "") or not is_claimed(before[: before.lower().rindex("there")]):
        return None
    return found[1]


def _is_name(text: str, span: Span) -> bool:
    """Whether it only names something again: "for every $n$". A capital may be a choice."""
    name = text[span.inner_start : span.inner_end].strip() if span.inner_start >= 0 else ""
    return NAME.fullmatch(name) is not None and name[0] == name[0].lower()


def _is_numbering(text: str, span: Span) -> bool:
    """Whether it is the number of a part of a text: "line 10"."""
    near = max(0, span.start - _LONGEST_JOINT)
    return text[span.start : span.end].isdigit() and _REFERENCE.search(text, near, span.start) is not None


def _is_beside(text: str, spans: list[Span]) -> bool:
    """Whether the last value only numbers a part of the text, is what another one of its sentence is compared with or
    used for, or of another time than those before its sentence, and none of them.
    """
    other, span = spans[-2:]
    near = max(0, span.start - _LONGEST_JOINT)
    if text.endswith(" the ", 0, span.start) and _ORDINAL.match(text, span.end):
        return True
    if _REFERENCE.search(text, near, span.start) or _CONTRASTED.search(text, near, span.start):
        return True
    if _GONE.match(text, span.end) and _OTHERS.search(text, near, span.start):
        return True
    same_sentence = sentence_end(text, other.end) > span.start
    if same_sentence and _IS_THE_NUMBER.fullmatch(text, other.end, span.start) is not None:
        return _NO_SUBJECT.fullmatch(sentence_before(text, other.start)) is not None
    if _NOT_ASKED.match(text, span.end) or (
        _DEFINED.search(text, near, span.start) and _DEFINING.match(text, span.end)
    ):
        return True
    between = text[other.end : span.start]
    if same_sentence and (
        (_LEFT_OVER.match(between) and _LOST.match(text, span.end))
        or (_LEFT_BEFORE.search(text, max(0, other.start - _LONGEST_TIMES), other.start) and _LOSING.fullmatch(between))
    ):
        return True
    if same_sentence and _ON.fullmatch(between) and _is_money(text, other) and _is_money(text, span):
        return True
    if same_sentence and _PAID_FOR.fullmatch(between) and _is_money(text, other) and not _is_money(text, span):
        return True
    if same_sentence and (
        _BESIDE.search(text, other.start, span.start) is not None
        or (between.rstrip(" $*").endswith(" for") and _FOR_SOMEBODY.match(text, span.end))
        or ("=" in text[other.end : span.end] and _FAILS.match(text, span.end) is not None)
        or (_EACH.match(text, span.end) and _OF.search(text, other.end, span.start))
        or is_echoed(text, other, span)
        or (_TIMES.match(text, span.end) and text[other.end : span.start].endswith(", "))
        or (
            _is_result(text, other)
            and "=" not in text[span.start : span.end]
            and _USED.match(text[other.end : span.start]) is not None
            and _BY_WORDS.match(text[span.end : sentence_end(text, span.end)]) is not None
        )
    ):
        return True
    before = sentence_before(text, span.start)
    if not is_of_another_time(before):
        return False
    stated = [one for one in spans if one.end <= span.start - len(before)]
    return bool(stated) and text[stated[-1].start : stated[-1].end] != text[span.start : span.end]


def _is_beside_with(text: str, spans: list[Span]) -> bool:
    """Whether the last one is the second of two that stand beside a value: "6 dollars for 2 pens and 4 pencils"."""
    more = _AND_MORE.fullmatch(text, spans[-2].end, spans[-1].start)
    if more is None or sentence_end(text, spans[-3].end) < spans[-1].start:
        return False
    value, first = spans[-3:-1]
    if _is_money(text, value) and not _is_money(text, first) and _PAID_FOR.fullmatch(text, value.end, first.start):
        return True
    return is_echoed(f"{text[: more.start('and')].rstrip()}.", value, first)


def _is_money(text: str, span: Span) -> bool:
    return span.inner_start < 0 and "$" in text[span.start : span.end]


def _is_one_of_two(text: str, other: Span, span: Span) -> bool:
    """Whether the sentence gives two amounts of one thing: "27 miles from A, and 18 miles from B"."""
    both = _TWO_AMOUNTS.fullmatch(text, other.end, span.start)
    behind = None if both is None else _FIRST_WORD.match(text, span.end)
    return both is not None and behind is not None and behind[1] == both["unit"]


def _is_result(text: str, span: Span) -> bool:
    """Whether it is what an equation comes to."""
    if span.inner_start < 0:
        return text[max(0, span.start - _LONGEST_DENIAL) : span.start].rstrip(" $*\\").endswith("=")
    return "=" in text[span.inner_start : span.inner_end] and text[span.inner_end - 1] not in ",;."


def _is_denied(text: str, at: int) -> bool:
    """Whether the word right before what stands there says that it is not so."""
    return _DENIED.search(text[max(0, at - _LONGEST_DENIAL) : at]) is not None


def _is_step(text: str, span: Span) -> bool:
    """Whether it is an equation that only leads to what follows: one with no name on its left."""
    left, equals, _ = text[max(span.inner_start, 0) : max(span.inner_end, 0)].partition("=")
    return bool(equals) and NAME.fullmatch(left) is None


def _is_bound(text: str, span: Span, following: Span) -> bool:
    """Whether it only bounds the name that the next one gives a value: `k >= 11.2`, `k = 12`."""
    if span.inner_start < 0 and following.inner_start < 0:
        near = (text[max(0, one.start - _LONGEST_DENIAL) : one.start] for one in (span, following))
        bounding, naming = _BOUNDED_BY.search(next(near)), _ASSIGNED_TO.search(next(near))
        return bounding is not None and naming is not None and bounding[1] == naming[1]
    bounded = _BOUND.match(text, max(span.inner_start, 0), max(span.inner_end, 0))
    named = None if bounded is None else _ASSIGNED.match(text, max(following.inner_start, 0))
    return bounded is not None and named is not None and named[1] == bounded[1]


def _is_asked(text: str, at: int) -> bool:
    """Whether what stands there is part of a question."""
    if not text.startswith("?", sentence_end(text, at)):
        return False
    begin = 0
    for found in SENTENCE_END.finditer(text, max(0, at - _LONGEST_SENTENCE), at):
        begin = found.end()
    return _QUESTION.match(text, begin) is not None or "answer" in text[begin:at]
