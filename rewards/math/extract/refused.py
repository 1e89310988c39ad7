r"""Boxes that do not count: what their sentence, their label or the text behind them says is not the answer.

"It is not \boxed{5}", "My wrong attempt: \boxed{5}", "My friend got \boxed{5}", "\boxed{5} is a common mistake", a
box that is struck out or does not show. A letter in a box that is called wrong is kept: a choice may be a wrong one.

Every rule is a pattern for one of five places: right before the box, its label, the beginning of its sentence, right
behind it, and the command that it is an argument of. Sets of words decide first whether a pattern can match at all.

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


def _any(*forms: str) -> str:
    return f"(?:{'|'.join(forms)})"


_SAY = _any("write", "put", "box", "give", "say", "answer")
_AN_EXAMPLE = r"(?:for\s(?:instance|example)|e\.g\.)"

# --- right before the box ---------------------------------------------------------------------------------------------

_NOT = r"(?:(?:\b(?:not|cannot|never|by no means)|n['’]t)(?:\s+(?:be|equal(?:\s+to)?))?)"
_IN_NO_CASE = r"\b(?:under|in|on)\sno\s(?:circumstances?|case|account|way)"
_NOT_TO_SAY = rf"(?:(?:\b(?:do|must|should|can|will)\s*not|\bnever|n['’]t)\s+{_SAY})"
_LEFT_OUT = _any(  # "is ruled out: ", "we reject"
    r"\brul(?:e|es|ed|ing)\sout", r"\b(?:exclud|eliminat)(?:es?|ed|ing)", r"\b(?:reject|discard)(?:s|ed|ing)?"
)
_CONTRASTED = _any(
    r"\brather than",
    r"\binstead of",
    r"\bneither\s[^.\n]{0,20}\bnor",
    r"\bas\sopposed\sto",
    r"\bunlike",
    r"\bcontrary\sto(?:\sthe(?:\s\w+)?)?",
    r"[≠✗✘❌]",
    r"\\neq?",
)
_ANY = r"\b(?:all|any|every|each|everything|anything)(?:\s\w+)?"
_OTHER_THAN = rf"{_ANY}\sother\sthan"
_TOLD = (  # "I was told to write", but "we are asked to give"
    r"(?<!\bwe\sare\s)\b(?:told|asked|instructed|ordered)\s(?:me\s|us\s)?"
    rf"(?:to\s{_any('write', 'put', 'box', 'give', 'say', 'answer', 'output')}(?:\sdown)?|for)"
)
_WOULD_HAVE = r"\b(?:answer|result|that|this|which)\swould\shave\s(?:been|given|gotten|got|equal{1,2}ed)"
_ONE_POSSIBILITY = r"\bone\s(?:possibility|option|candidate|possible\s\w+)\s(?:is|would\sbe)"
_ONLY_ONE = rf"(?:\b{_AN_EXAMPLE}|{_ONE_POSSIBILITY}|\bsuch\sas|\bsomething\slike),?:?"
_DENIED = late(
    _any(_NOT, _IN_NO_CASE, _NOT_TO_SAY, _LEFT_OUT, _CONTRASTED, _OTHER_THAN, _TOLD, _WOULD_HAVE, _ONLY_ONE)
    + r"(?:(?<=\bis\snot)|(?!\s*\n\s*\n))[\s$*(}]*\Z",
    re.IGNORECASE,
)
_EXCEPTED = late(  # "all of them except"; of "defined for all $x$ except", it is the answer
    r"\b(?:all|any|each|every\sone|most)\sof\s(?:them|these|those)\s(?:except(?:ing)?(?:\sfor)?|(?:apart|aside)\sfrom)"
    r"[\s$*(]*\Z",
    re.IGNORECASE,
)
_EXCEPTED_SUBJECT = late(  # "Every value apart from \\boxed{8} works"
    rf"\A\W*{_ANY}\s(?:except(?:ing)?(?:\sfor)?|(?:apart|aside)\sfrom|but)[\s$*(]*\Z", re.IGNORECASE
)
_VERB_BEHIND = late(r"[\s$*)]*\s[a-z]+")
_EXCEPTING = ("but", "except", "excepting", "for", "from")
_DENYING = (  # what a denial right before a box ends with
    *("not", "never", "means", "is", "n't", "n’t", "be", "equal", "to", "than", "of", "nor", *"≠✗✘❌", "\\ne", "\\neq"),
    *("unlike", "claimed", "stated", "given", "been", "gotten", "got", "equaled", "equalled", "the"),
    *("write", "put", "box", "give", "say", "answer", "output", "down", "for"),
    *("out", "excludes", "exclude", "excluded", "excluding", "eliminate", "eliminates", "eliminated", "eliminating"),
    *("reject", "rejects", "rejected", "rejecting", "discard", "discards", "discarded", "discarding"),
    *("circumstance", "circumstances", "case", "account", "way", "as", "like", "e.g.", "example", "instance", ",", ":"),
)

# --- the label of the box ---------------------------------------------------------------------------------------------

_WRONGLY_MADE = (  # "My wrong attempt: "; not "the probability of a wrong answer is "
    r"(?<!\bof\s)(?<!\bof\sa\s)(?<!\bof\san\s)(?<!\bof\sthe\s)\b(?:wrong|incorrect|mistaken|failed)[\s()*]{1,3}"
    r"(?:answer|attempt|try|guess|approach|solution|result|value)\s?(?:is|was|gave|gives|:)?[\s$*(]*\Z"
)
_LINE = r"(?:\A|\n)\W*"
_STATEMENT = r"(?:\A|\n|[.;]\s)\W*"
_CALLED_WRONG = rf"{_LINE}(?:incorrect|wrong|distractor|rejected|discarded|trap|false)\s?:[\s$*(]*\Z"
_NOT_FILLED_IN = (
    rf"{_STATEMENT}(?:placeholder|dummy|template|to-?do|fixme|tbd)(?:\s(?:answer|output|value|box))?\s?:[\s$*(]*\Z"
)
_NO_ANSWER = (
    rf"{_STATEMENT}(?:not\s(?:the|an|my)\s(?:\w+\s)?answer|non-?answer"
    r"|(?:previous|earlier|former)\s(?:answer|attempt|result|output)"
    r"|(?:example|sample)(?:\sof\s(?:the\s)?)?\s?(?:answer|output)?)\s?:[\s$*(]*\Z"
)
_WRONG_NAME = late("|".join((_WRONGLY_MADE, _CALLED_WRONG, _NOT_FILLED_IN, _NO_ANSWER)), re.IGNORECASE)
_NAMING = (  # what a wrong name ends with
    *("is", "was", "gave", "gives", ":"),
    *("answer", "attempt", "try", "guess", "approach", "solution", "result", "value"),
)
_OF_ANOTHER = late(  # a second box: "Ground truth: ", "(Without the restriction: "
    rf"{_STATEMENT}(?:old|reference(?:\sanswer)?|ground\struth|gold(?:\sanswer)?|expected(?:\s(?:answer|output))?)\s?:[\s$*(]*\Z"
    r"|\((?:without|if|had|were|under|ignoring)\s[^()\n]{1,24}[:,]\s?\$?\Z",
    re.IGNORECASE,
)

# --- the beginning of its sentence ------------------------------------------------------------------------------------

_PRESENT = r"(?:please\s)?(?:write|give|enter|put|present|format|provide)"
_FORMAT = r"format\s(?:is|should\sbe|would\sbe)\b"
_MISTAKEN = _any(
    r"an?\s+(?:\w+\s+)?(?:wrong|incorrect|mistaken|false|mistake|error)\b",
    r"it\s+(?:is|was|would\s+be)\s+(?:wrong|incorrect|a\s+mistake|tempting|na[iï]ve)\s+to\b",
)
_FORM_ALONE = _any(  # how an answer is to be written
    r"example(?:\sof\sthe\sformat|\sformat)?\s?:",
    rf"{_PRESENT}\s(?:your|the)\s(?:final\s)?answer\s(?:in\sthe\sform|as|like)\b",
    rf"{_PRESENT}\syour\s(?:final\s)?answer\s(?:in|inside|within)\b",
    rf"{_AN_EXAMPLE},?\s(?:write|put|enter|box|use)\b",
    rf"{_AN_EXAMPLE},?\sif\sthe\sanswer\b[^\n]*,",
    rf"the\s(?:answer\s|output\s)?{_FORMAT}[^\n]*,\s(?:{_AN_EXAMPLE}|like|such\sas)",
    rf"the\s(?:(?:sample|example|required|expected|requested)\s)?(?:answer\s|output\s)?{_FORMAT}",
    r"(?:the\s)?(?:instructions?|prompt|template)\s(?:says?|said|reads?)\b(?:[^\n]*[\"“:]|\sto\b)",
    r"as\sin\sthe\sexample\b[^\n]*[\"“:]",
    r"the\suser\s(?:wants?|asks?|asked)\b[^\n]*\b(?:like|as|in\sthe\sform)\b",
)
_TO_ANSWER = r"(?:say|guess|think|write|give|answer|claim|respond)\b"
_PERSON = (
    r"(?:someone|somebody|others|(?:my|a|another|the\s+other)\s+(?:friend|classmate|teacher|colleague|student|book))"
)
_OF_OTHERS = _any(
    rf"(?:many|most|some|others)(?:\s(?:people|students|others))?\s(?:(?:would|might|may|could|will)\s)?{_TO_ANSWER}",
    r"(?:the|my)\s(?:book|textbook|answer\skey|solution\smanual|teacher)\s(?:says?|said|claims?)\b",
    r"answer\skey\s(?:says?|said)\b",
    rf"{_PERSON}\s+(?:said|says?|claims?|thinks?|gets?|got)\b",
    r"the\s(?:gold|reference|ground[-\s]truth)\s(?:answer|solution|value)\s(?:is|was|says)\b",
    r"(?:nobody|no\s+one)\b(?![^\n]*\bprobability\b)",
)
_GIVEN_UP = _any(
    r"(?:the|my|our)\s(?:previous|earlier|initial|first|old)\s(?:answer|guess|attempt)\swas\b",
    r"I\s(?:initially|originally|first)\s(?:had|got|wrote|thought)\b",
    r"I\s+(?:doubt|don['’]t\s+(?:think|believe))\b",
)
_FORCED = r"(?:forced|pressed|pushed|made|obliged)\b"
_SUPPOSED = _any(
    r"it(?:['’]s|\sis)\s(?:impossible|unlikely|not\spossible)\s(?:for|that)\b",
    r"for\scomparison\b[^\n]*,",
    r"if\s+you\s+(?:get|got)\b",
    r"if\b[^,;:\n]*\bwere(?=[\s$*(]*\Z)",  # "If it were \boxed{12}"
    rf"if\s(?:I\s(?:were|was|am)\s)?{_FORCED}(?:,|\sI\b|\sto\s(?:guess|answer|say|choose)\b(?:[^\n]*,)?)",
    r"(?:let\sus|let['’]s)\s(?:assume|suppose|pretend|imagine)\b",
    r"had\s+(?:we|I|you)\b.*(?:\bwould|['’]d)\b",
    r"(?:if\s+\w+\s+)?forget(?:s|ting)?\b(?!.*\b(?:so|thus|hence|therefore|but)\b).*,",
)
_REPUDIATED = late(  # the sentence of a box begins by saying that it is wrong, or somebody else's
    rf"\W*{_any(_MISTAKEN, _FORM_ALONE, _OF_OTHERS, _GIVEN_UP, _SUPPOSED)}[^,;:\n]*\Z",
    re.IGNORECASE,
)
_REPUDIATING = frozenset(
    (
        *("wrong", "incorrect", "mistaken", "false", "mistake", "error", "example", "instance", "g", "write", "give"),
        *("enter", "put", "present", "format", "provide", "initially", "originally", "first", "doubt", "think"),
        *("believe", "nobody", "one", "someone", "somebody", "others", "friend", "classmate", "teacher", "colleague"),
        *("many", "most", "some", "impossible", "unlikely", "possible", "comparison", "instructions", "instruction"),
        *("prompt", "template", "user", "gold", "reference", "truth", "tempting", "naive", "naïve"),
        *("say", "guess", "previous", "earlier", "initial", "old"),
        *("forced", "pressed", "pushed", "made", "obliged", "assume", "suppose", "pretend", "imagine"),
        *("student", "book", "textbook", "key", "manual", "were", "you", "had", "forget", "forgets", "forgetting"),
    )
)
"""Every match of `_REPUDIATED` contains one of these words."""
_MANY_GET = late(  # "Many get \boxed{5}."; not "Some students would get \boxed{35} marks"
    r"\W*(?:many|most|some)(?:\s(?:people|students|others))?\s(?:(?:would|might|may|could|will)\s)?(?:get|obtain)\b[^,;:\n]*\Z",
    re.IGNORECASE,
)
_COUNTED = late(  # " marks"
    r"[\s$*]*(?!(?:and|as|because|but|by|for|from|here|if|instead|is|or|since|so|was|when|which|while|wrongly)\b)[a-z]+",
    re.IGNORECASE,
)
_ASKED = late(r"\W*(?:is|was|could|can|might|would|should)\s+(?:it|this|that|the\s+answer)\b[^.\n]*\Z", re.IGNORECASE)
_CLAUSE = late(r"[;,]\s(?:(?:but|and|while|whereas|though|although)\s)?(?=[^;,]*\Z)", re.IGNORECASE)

# --- right behind the box ---------------------------------------------------------------------------------------------

_COMMON = r"(?:common|frequent|typical|usual|classic|popular|tempting|na[iï]ve)"
_ERROR = r"(?:mistake|error|trap|slip|distractor|misconception|(?:wrong|incorrect|mistaken)\s\w+)"
_HASTY = r"(?:na[iï]ve|careless|hasty|quick|wrong|incorrect|superficial)"
_DOES_NOT_HOLD = _any(
    r"(?:fails|failed)\s*[.,;!]",
    r"is\soff\s(?:\.|,|;|!|by\b)",
    r"(?:is|would\sbe)\s(?:just\s|only\s)?one\s(?:possibility|option|candidate|possible\s\w+)\b",
    r",?\s?(?:more\sor\sless|or\ssomething\s(?:like\sthat|similar)|or\sthereabouts)\b",
    r"[,;]?\s?but\s(?:it|this|that)(?:['’]s|\sis)\soff\s*[.,;!]",
    r"[,;:]\s(?:(?:it|this|that)\s)?(?:fails|failed|does(?:n['’]t|\snot)\s(?:work|satisfy|hold))\b(?!\s(?:for|if|when|at|with)\b)",
    r":\splugging\s(?:it\s|this\s)?in\b[^.\n]{0,40}\bcontradict",
    r"[✗✘❌]",
)
_IS_AN_ERROR = _any(
    rf"is\s(?:an?|the)\s{_COMMON}\s(?:(?:but\s)?\w+\s)?{_ERROR}",
    rf"is\swhat\s(?:an?\s)?{_HASTY}\s\w+\s(?:gives?|suggests?|yields?)\b",
    r"[\"”'’]?\s?is\swhat\s(?!(?:we|I|you|one|it)\b)(?:[a-z]+\s){1,3}"
    r"(?:wrote|said|got|put|answered|claimed|claims|gave|chose)\b",
)
_TRUE = r"(?:true|actual|correct|real|right)\s(?:answer|value|result|number|one|total)"
_CORRECTED = _any(  # ", but the true value is 7", ", but that ignores the sign"
    rf"[^.\n]{{0,50}}[,;]\s(?:but|while|whereas)\sthe\s{_TRUE}\s(?:is|should|must)\b",
    r"[.,;]?\s(?:but|however),?\s(?:this|that|it)\s(?:\w+\s){0,2}"
    r"(?:overlooks|misses|ignores|forgets|omits|neglects|(?:double|over|under)[ -]?counts)\b",
)
_IS_NOT_LAST = _any(  # it was, or is still to be worked on
    r"\(my\s(?:first|initial|old|previous|original)\s(?:answer|guess|attempt)\b",
    r"was\s(?:my|the|our)\s(?:first|initial|original|earlier|previous|old)\s",
    r"(?:must|should|has\sto|needs\sto|is\sstill\sto)\s(?:then\s|still\s)?be\s"
    r"(?:doubled|tripled|halved|squared|cubed|multiplied|divided|reduced|increased)\b",
    r"and\s(?:then\s)?(?:subtract|add|multiply|divide|double|halve|square)\b[^.!?\n]{0,40}\bto\s(?:get|find|obtain)\sthe\s(?:final\s)?"
    r"(?:answer|result)\b",
)
_UNSURE = rf"if\s(?:I\swere\s(?:sure|certain|right)|(?:I(?:['’]m|\sam|\swere|\swas)\s)?{_FORCED})"
_OTHER_IS_ASKED = (
    r"(?:but|however|wait),?\s(?:the\s)?(?:problem|question|exercise)\s(?:asks|asked)\s(?:us\s)?for\s(?:the\s)?"
    r"(?:half|double|twice|triple|sum|product|difference|square|reciprocal|negative)\b(?![^\n]*\d)"
)
_ACTUALLY_NO = r"(?:actually|wait|hmm+|oh|hold\son)[,.!…]{1,3}\s+no[.!…]*\s*(?:\Z|\n)"
_FAILS = late(
    rf"(?i)[\s$*)]*{_any(_DOES_NOT_HOLD, _IS_AN_ERROR, _CORRECTED, _IS_NOT_LAST, _UNSURE)}"
    rf"|[\s$*).]*{_OTHER_IS_ASKED}"
    r"|[\s$*).]*(?:the\s)?(?:verification|check)\s(?:fails|failed)\b"
    rf"|[\s$*).,!…]*{_ACTUALLY_NO}"
)
_YES = late(r"[\s$*)]*\?[\s*]*(?:yes|indeed|correct|right)\b", re.IGNORECASE)

# --- around it --------------------------------------------------------------------------------------------------------

_UNSEEN = late(r"\\(?:sout|st|[xb]?cancel|hcancel|[hv]?phantom)\s*\{[\s$]*\Z")  # struck out, or invisible
_STRUCK = late(r"\\f?boxed\s*\{\s*(?:\\text\s*\{)?\s*~~[^{}]*~~[\s}]*")
_COMMENTED = late(r"[^\S\n]*%")
_BEFORE_A_BOX = " \t\r\n\f\v\xa0$*(}"
_LONGEST_DENIAL = 30
_ANSWER_IS = late(r"\banswer\s+(?:is|was|were)\s*:?[\s$*(]*\Z", re.IGNORECASE)
_DIGIT = late(r"\d")
_LONGEST_BEHIND = 120
_SHORTEST_REMARK = len(" ✗")


def is_refused(text: str, start: int, content_start: int, content_end: int, end: int) -> bool:
    """Whether the box between these positions does not count. The content is between the inner two."""
    before = text[max(0, start - _LONGEST_DENIAL) : start]
    if _is_unseen(text, before, start, end) or _is_denied(before):
        return True
    behind = text[end : end + _LONGEST_BEHIND].removeprefix("$")  # which closes the formula of the box
    is_asked = behind.lstrip("*) ").startswith("?") and _YES.match(behind) is None
    is_wrong = (
        not is_asked and len(behind) >= _SHORTEST_REMARK and (is_taken_back(behind) or _FAILS.match(behind) is not None)
    )
    if is_wrong and _DIGIT.search(text, content_start, content_end):  # a choice may be a wrong one
        return True
    sentence = text[beginning(text, start) : start]
    words = words_of(sentence)
    if not _REPUDIATING.isdisjoint(words) and _is_repudiated(sentence, behind):
        return True
    ending = before.rstrip(_BEFORE_A_BOX).lower()
    if ending.endswith((":", ",")) and _OF_ANOTHER.search(before) is not None and "boxed" in text[:start]:
        return True
    if ending.endswith(_EXCEPTING) and _is_excepted(sentence, behind):
        return True
    if is_asked and _ASKED.match(sentence) is not None:
        return True
    said = _ANSWER_IS.search(sentence) if "answer" in before else None
    if said is not None and is_disclaimed(sentence[: said.start()]):
        return True
    return is_doubted(sentence, words)


def _is_unseen(text: str, before: str, start: int, end: int) -> bool:
    """Whether the box is struck out, invisible, or in a comment of TeX."""
    if before.endswith("~~") and text.startswith("~~", end):
        return True
    if text.find("~~", start, end) > 0 and _STRUCK.fullmatch(text, start, end):
        return True
    if before.rstrip(" $").endswith("{") and _UNSEEN.search(before) is not None:
        return True
    return "%" in before and _COMMENTED.match(text, text.rfind("\n", 0, start) + 1) is not None


def _is_denied(before: str) -> bool:
    """Whether the words or the label right before the box deny it."""
    ending = before.rstrip(_BEFORE_A_BOX).lower()
    return (ending.endswith(_DENYING) and _DENIED.search(before) is not None) or (
        ending.endswith(_NAMING) and _WRONG_NAME.search(before) is not None
    )


def _is_excepted(sentence: str, behind: str) -> bool:
    """Whether the sentence states something of all values but the one in the box."""
    if _EXCEPTED.search(sentence) is not None:
        return True
    return _EXCEPTED_SUBJECT.search(sentence) is not None and _VERB_BEHIND.match(behind) is not None


def _is_repudiated(sentence: str, behind: str) -> bool:
    if _REPUDIATED.match(sentence) is not None:
        return True
    if _MANY_GET.match(sentence) is not None and _COUNTED.match(behind) is None:
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
