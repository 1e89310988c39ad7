r"""Boxes that do not count: what their sentence, their label or the text behind them says is not the answer.

"It is not \boxed{5}", "My wrong attempt: \boxed{5}", "My friend got \boxed{5}", "\boxed{5} is a common mistake", a
box that is struck out. A letter in a box that is called wrong is kept: a choice may be a wrong one.

Example:
    >>> text = r"It is not \boxed{5}."
    >>> is_refused(text, 10, 17, 18, 19), is_refused(text[7:], 3, 10, 11, 12)
    (True, False)
"""

from __future__ import annotations

import re

from rewards.math.extract.assertion import LONGEST_SENTENCE
from rewards.math.extract.claims import is_disclaimed, is_doubted, is_taken_back, words_of
from rewards.math.late import late

_DENIED = late(
    r"(?:(?:\b(?:not|cannot|never|by no means)|n['’]t)(?:\s+(?:be|equal(?:\s+to)?))?|\brather than|\binstead of"
    r"|\bneither\s[^.\n]{0,20}\bnor|\brul(?:e|es|ed|ing)\sout|\b(?:exclud|eliminat)(?:es?|ed|ing)|\b(?:reject|discard)(?:s|ed|ing)?|(?:\b(?:do|must|should|can|will)\s*not|\bnever|n['’]t)\s+(?:write|put|box|give|say|answer)"
    r"|\b(?:told|asked|instructed|ordered)\s(?:me\s|us\s)?(?:to\s(?:write|put|box|give|say|answer|output)(?:\sdown)?|for)"
    r"|\bas\sopposed\sto|\bunlike|\bcontrary\sto(?:\sthe(?:\s\w+)?)?|\b(?:all|any|every|each|everything|anything)(?:\s\w+)?\sother\sthan|\b(?:answer|result|that|this|which)\swould\shave\s(?:been|given|gotten|got|equal{1,2}ed)"
    r"|≠|\\neq?)(?!\s*\n\s*\n)[\s$*(}]*\Z",
    re.IGNORECASE,
)
_REPUDIATED = late(  # the sentence of a box begins by saying that it is wrong, or somebody else's
    r"\W*(?:an?\s+(?:\w+\s+)?(?:wrong|incorrect|mistaken|false|mistake|error)\b|it\s+(?:is|was|would\s+be)\s+"
    r"(?:wrong|incorrect|a\s+mistake)\s+to\b|example(?:\sof\sthe\sformat|\sformat)?\s?:"
    r"|(?:please\s)?(?:write|give|enter|put|present|format|provide)\s(?:your|the)\s(?:final\s)?answer\s(?:in\sthe\sform|as|like)\b"
    r"|(?:please\s)?(?:write|give|enter|put|present|format|provide)\syour\s(?:final\s)?answer\s(?:in|inside|within)\b"
    r"|(?:for\s(?:instance|example)|e\.g\.),?\s(?:write|put|enter|box|use)\b"
    r"|the\s(?:answer\s|output\s)?format\s(?:is|should\sbe|would\sbe)\b[^\n]*,\s(?:for\s(?:instance|example)|e\.g\.|like|such\sas)"
    r"|the\s(?:(?:sample|example|required|expected|requested)\s)?(?:answer\s|output\s)?format\s(?:is|should\sbe|would\sbe)\b|(?:for\s(?:instance|example)|e\.g\.),?\sif\sthe\sanswer\b[^\n]*,"
    r"|(?:many|most|some)(?:\s(?:people|students|others))?\s(?:(?:would|might|may|could|will)\s)?"
    r"(?:say|guess|think|write|give|answer|get|obtain|claim|respond)\b"
    r"|it(?:['’]s|\sis)\s(?:impossible|unlikely|not\spossible)\s(?:for|that)\b|for\scomparison\b[^\n]*,"
    r"|(?:the\s)?(?:instructions?|prompt|template)\s(?:says?|said|reads?)\b[^\n]*[\"“:]|as\sin\sthe\sexample\b[^\n]*[\"“:]"
    r"|the\suser\s(?:wants?|asks?|asked)\b[^\n]*\b(?:like|as|in\sthe\sform)\b"
    r"|the\s(?:gold|reference|ground[-\s]truth)\s(?:answer|solution|value)\s(?:is|was|says)\b"
    r"|(?:the|my|our)\s(?:previous|earlier|initial|first|old)\s(?:answer|guess|attempt)\swas\b"
    r"|I\s(?:initially|originally|first)\s(?:had|got|wrote|thought)\b|I\s+(?:doubt|don['’]t\s+(?:think|believe))\b|nobody\b|no\s+one\b"
    r"|(?:someone|somebody|others|(?:my|a|another|the\s+other)\s+(?:friend|classmate|teacher|colleague|student|book))"
    r"\s+(?:said|says?|claims?|thinks?|gets?|got)\b|if\s+you\s+(?:get|got)\b|had\s+(?:we|I|you)\b.*\bwould\b"
    r"|(?:if\s+\w+\s+)?forget(?:s|ting)?\b(?!.*\b(?:so|thus|hence|therefore|but)\b).*,)[^,;:\n]*\Z",
    re.IGNORECASE,
)
_REPUDIATING = frozenset(
    (
        *("wrong", "incorrect", "mistaken", "false", "mistake", "error", "example", "instance", "g", "write", "give"),
        *("enter", "put", "present", "format", "provide", "initially", "originally", "first", "doubt", "think"),
        *("believe", "nobody", "one", "someone", "somebody", "others", "friend", "classmate", "teacher", "colleague"),
        *("many", "most", "some", "impossible", "unlikely", "possible", "comparison", "instructions", "instruction"),
        *("prompt", "template", "user", "gold", "reference", "truth"),
        *("say", "guess", "previous", "earlier", "initial", "old"),
        *("student", "book", "you", "had", "forget", "forgets", "forgetting"),
    )
)
"""Every match of `_REPUDIATED` contains one of these words."""
_WRONG_NAME = late(  # "My wrong attempt: "; not "the probability of a wrong answer is "
    r"(?<!\bof\s)(?<!\bof\sa\s)(?<!\bof\san\s)(?<!\bof\sthe\s)\b(?:wrong|incorrect|mistaken|failed)[\s()*]{1,3}"
    r"(?:answer|attempt|try|guess|approach|solution|result|value)\s?(?:is|was|gave|gives|:)?[\s$*(]*\Z"
    r"|(?:\A|\n)\W*(?:incorrect|wrong|distractor|rejected|discarded|trap|false)\s?:[\s$*(]*\Z"
    r"|(?:\A|\n|[.;]\s)\W*(?:not\s(?:the|an|my)\s(?:\w+\s)?answer|non-?answer|(?:example|sample)(?:\sof\s(?:the\s)?)?\s?(?:answer|output)?)"
    r"\s?:[\s$*(]*\Z",
    re.IGNORECASE,
)
_OF_ANOTHER = late(  # a second box: "Ground truth: ", "(Without the restriction: "
    r"(?:\A|\n|[.;]\s)\W*(?:old|reference(?:\sanswer)?|ground\struth|gold(?:\sanswer)?|expected(?:\s(?:answer|output))?)\s?:[\s$*(]*\Z"
    r"|\((?:without|if|had|were|under|ignoring)\s[^()\n]{1,24}[:,]\s?\$?\Z",
    re.IGNORECASE,
)
_FAILS = late(
    r"(?i)[\s$*)]*(?:(?:fails|failed)\s*[.,;!]|[,;:]\s(?:(?:it|this|that)\s)?(?:fails|failed|does(?:n['’]t|\snot)\s(?:work|satisfy|hold))\b(?!\s(?:for|if|when|at|with)\b)"
    r"|:\splugging\s(?:it\s|this\s)?in\b[^.\n]{0,40}\bcontradict|\(my\s(?:first|initial|old|previous|original)\s(?:answer|guess|attempt)\b"
    r"|is\s(?:an?|the)\s(?:common|frequent|typical|usual|classic|popular|tempting|na[iï]ve)\s(?:(?:but\s)?\w+\s)?"
    r"(?:mistake|error|trap|slip|distractor|misconception|(?:wrong|incorrect|mistaken)\s\w+)"
    r"|is\swhat\s(?:an?\s)?(?:na[iï]ve|careless|hasty|quick|wrong|incorrect|superficial)\s\w+\s(?:gives?|suggests?|yields?)\b"
    r"|and\s(?:then\s)?(?:subtract|add|multiply|divide|double|halve|square)\b[^.!?\n]{0,40}\bto\s(?:get|find|obtain)\sthe\s(?:final\s)?"
    r"(?:answer|result)\b|[✗✘❌]|was\s(?:my|the|our)\s(?:first|initial|original|earlier|previous|old)\s"
    r"|if\sI\swere\s(?:sure|certain|right)"
    r"|[\"”'’]?\s?is\swhat\s(?!(?:we|I|you|one|it)\b)(?:[a-z]+\s){1,3}(?:wrote|said|got|put|answered|claimed|claims|gave|chose)\b)"
    r"|[\s$*).]*(?:but|however|wait),?\s(?:the\s)?(?:problem|question|exercise)\s(?:asks|asked)\s(?:us\s)?for\s(?:the\s)?"
    r"(?:half|double|twice|triple|sum|product|difference|square|reciprocal|negative)\b(?![^\n]*\d)"
    r"|[\s$*).]*(?:the\s)?(?:verification|check)\s(?:fails|failed)\b"
    r"|[\s$*).,!…]*(?:actually|wait|hmm+|oh|hold\son)[,.!…]{1,3}\s+no[.!…]*\s*(?:\Z|\n)"
)
_STRUCK_OUT = late(r"\\(?:sout|st|[xb]?cancel|hcancel)\s*\{[\s$]*\Z")
_ASKED = late(r"\W*(?:is|was|could|can|might|would|should)\s+(?:it|this|that|the\s+answer)\b[^.\n]*\Z", re.IGNORECASE)
_BEFORE_A_BOX = " \t\r\n\f\v\xa0$*(}"
_DENYING = (  # what a denial right before a box ends with
    *("not", "never", "means", "n't", "n’t", "be", "equal", "to", "than", "of", "nor", "≠", "\\ne", "\\neq"),
    *("unlike", "claimed", "stated", "given", "been", "gotten", "got", "equaled", "equalled", "the"),
    *("write", "put", "box", "give", "say", "answer", "output", "down", "for"),
    *("out", "excludes", "exclude", "excluded", "excluding", "eliminate", "eliminates", "eliminated", "eliminating"),
    *("reject", "rejects", "rejected", "rejecting", "discard", "discards", "discarded", "discarding"),
)
_NAMING = (  # and what a name does
    *("is", "was", "gave", "gives", ":"),
    *("answer", "attempt", "try", "guess", "approach", "solution", "result", "value"),
)
_LONGEST_DENIAL = 30
_ANSWER_IS = late(r"\banswer\s+(?:is|was|were)\s*:?[\s$*(]*\Z", re.IGNORECASE)
_DIGIT = late(r"\d")
_LONGEST_BEHIND = 120
_SHORTEST_REMARK = len(" ✗")
_CLAUSE = late(r"(?:;|,\s(?:but|while|whereas|though|although))\s(?=[^;]*\Z)", re.IGNORECASE)
_YES = late(r"[\s$*)]*\?[\s*]*(?:yes|indeed|correct|right)\b", re.IGNORECASE)


def is_refused(text: str, start: int, content_start: int, content_end: int, end: int) -> bool:
    """Whether the box between these positions does not count. The content is between the inner two."""
    before = text[max(0, start - _LONGEST_DENIAL) : start]
    if before.endswith("~~") and text.startswith("~~", end):
        return True
    if before.rstrip(" $").endswith("{") and _STRUCK_OUT.search(before):
        return True
    ending = before.rstrip(_BEFORE_A_BOX).lower()
    if (ending.endswith(_DENYING) and _DENIED.search(before)) or (
        ending.endswith(_NAMING) and _WRONG_NAME.search(before)
    ):
        return True
    behind = text[end : end + _LONGEST_BEHIND].removeprefix("$")  # which closes the formula of the box
    is_asked = behind.lstrip("*) ").startswith("?") and _YES.match(behind) is None
    is_wrong = (
        not is_asked and len(behind) >= _SHORTEST_REMARK and (is_taken_back(behind) or _FAILS.match(behind) is not None)
    )
    if is_wrong and _DIGIT.search(text, content_start, content_end):  # a choice may be a wrong one
        return True
    begin = beginning(text, start)
    sentence = text[begin:start]
    words = words_of(sentence)
    if not _REPUDIATING.isdisjoint(words) and _is_repudiated(sentence):
        return True
    if ending.endswith((":", ",")) and _OF_ANOTHER.search(before) is not None and "boxed" in text[:start]:
        return True
    if is_asked and _ASKED.match(sentence) is not None:
        return True
    said = _ANSWER_IS.search(sentence) if "answer" in before else None
    if said is not None and is_disclaimed(sentence[: said.start()]):
        return True
    return is_doubted(sentence, words)


def _is_repudiated(sentence: str) -> bool:
    if _REPUDIATED.match(sentence) is not None:
        return True
    clause = _CLAUSE.search(sentence) if ";" in sentence or "," in sentence else None
    return clause is not None and _REPUDIATED.match(sentence, clause.end()) is not None


def beginning(text: str, at: int) -> int:
    """Where the sentence around a position begins, or the part of it that is looked at."""
    low = max(0, at - LONGEST_SENTENCE)
    low = max(low, text.rfind("\n", low, at) + 1)
    low = max(low, text.rfind(". ", low, at) + 1)
    low = max(low, text.rfind(".$", low, at) + 1)
    low = max(low, text.rfind("? ", low, at) + 1)
    return max(low, text.rfind("! ", low, at) + 1)
