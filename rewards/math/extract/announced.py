r"""What a response says is its answer: "the answer is 24", "Answer: 24", "I choose B".

If the text takes an answer back ("wait, actually 24"), the replacement counts.

Example:
    >>> said("The answer is not 42 but 24.")
    '24'
    >>> said("The answer is 12. Wait, actually 24.")
    '24'
"""

from __future__ import annotations

import re

from rewards.math.extract.assertion import SEVERAL, is_restricted, is_unconditional
from rewards.math.extract.bare import VALUE
from rewards.math.extract.claims import classes, is_about_it, is_claimed, is_taken_back, is_title
from rewards.math.extract.listed import labelled_answers
from rewards.math.extract.offered import is_offered_too, offered_behind
from rewards.math.extract.on_the_way import is_cut_off_behind
from rewards.math.extract.one_part import is_one_part
from rewards.math.extract.opening import DENIED, REASON, opening
from rewards.math.extract.options import chosen
from rewards.math.extract.replaced import replaced
from rewards.math.extract.sentences import sentence_before, sentence_end, unmarked
from rewards.math.extract.spans import AROUND
from rewards.math.extract.written import last_value
from rewards.math.late import late

_LONGEST_CLAUSE = 1000
_LONGEST_HEADING = 40
_MOST_PHRASES = 200  # that are examined, beginning with the last
_SAID = late(
    r"""(?P<final>\bfinal[\s_*]+)?(?P<answer>answers?|(?<=final\s)(?:results?|values?)|\bans(?=[.:*]|\s[\d$\\-]))
    (?:["'*_`\s]*(?::(?:\}(?=\s+\$))?|[=-]{1,2}>|=|–|—|→|⇒|-(?=\s))["'*_`\s]*
      |[*_`\s]+(?:is|are)(?![^\W_])\s*:?
      |\sto\sbe(?=\s[$\\*\d-])
      |['’]s\s+(?=[$\\*\d-])
      |\s(?P<about>(?:to|for|in|of|we|that|here)\b[^.:?!\n]{0,50}?)\s(?:is|are)(?![^\W_]|\s(?:\w+ing\sfor|asked|told)\b)\s*:?
      |(?<=ans)\.?[^\S\n]+(?=\S)
      |,\s(?=[^,\n]{1,40},\s(?:is|was|are)\b)
      |[*_]*[^\S\n]*\n
      |\.[*_}]*[^\S\n]+(?=[$\\\d-]))
    |(?:(?:correct|right)\s(?:option|choice|letter)|\bmy\schoice)(?:\sis|\s?:)
    |\bbest\s(?:option|choice)\sis(?=\s\(?[A-J]\b)
    |\b(?:correct|true|right)\s(?:statements|options|choices)\sare(?=:?\s\(?[A-J]\b)""",
    re.IGNORECASE | re.VERBOSE,
)
_COMPLETE = late(r"[:=–—,.-]|(?:\b(?:is|are|to be)|['’]s)\s*\Z", re.IGNORECASE)
_ANNOUNCING = ("ans", "final", "correct", "right", "best", "true", "choice")
"""Every match of `_SAID` contains one of these words. Most texts do not, and that is checked first."""
_FOUND = late(
    r"\b(?:I|we)\s(?:find|found|computed?|calculated?|determined?)\s(?:the|my|our)\s(?:\w+\s)?\Z", re.IGNORECASE
)
_TITLED = late(r"\W*(?:[a-z]{4,}\s){1,2}", re.IGNORECASE)  # "Boxed answer: "
_HEADING = late(r"[#*_\s>]*(?:\\textbf\{)?(?:the\s+)?(?:final\s+)?\Z", re.IGNORECASE)
_CORRECTION = late(
    r"\b(?:wait|actually|correction|sorry|oops|(?:scratch|strike) that|edit(?=:)|i mean|hold on"
    r"|on (?:second thoughts?|(?:further |closer )?reflection)"
    r"|(?:however|but),? (?:this|that|it)(?: \w+){0,2} (?:overlooks|misses|ignores|forgets|omits|neglects"
    r"|(?:double|over|under)[ -]?counts)"
    r"|make that|just kidding"
    r"|no(?=[,:;!.—–-])|but\s(?:the\s)?(?:correct|actual|true|right)\s\w+\sis"
    r"|(?<=[.\n]\s)(?:so|thus|hence|therefore),?\s+the\s(?:possible|only)\s\w+\s(?:are|is))\b",
    re.IGNORECASE,
)
_FIELD = late(r"([^\"\n]+)\"\s*[,}]")  # of JSON: `{"answer": "12", "steps": 3}`
_FENCE = late(r"\s*```[a-zA-Z]*\s*\n(.*?)(?:\n\s*```|\Z)", re.DOTALL)
_LEAD = late(
    r"(?>(?:[:=\s]|(?<==)>|(?:only|(?:none|nothing) other than|in fact|merely|thus|then|therefore|hence|simply|just"
    r"|exactly|indeed|now"
    r"|clearly|equal to|given by|as follows|still|again|also|obviously|precisely|definitely|certainly|actually|always"
    r"|approximately|about|roughly"
    r"|(?:found|seen|shown) to be|a total of|the (?:integer|whole number)(?=\s[$\d(-])"
    r"|the (?:number|value)(?! of)|(?:option|choice|letter)(?=\s\(?[A-Z]\b))(?![^\W_])[,:]?)+)",
    re.IGNORECASE,
)
_FORMULA_END = late(r"\$|\\[\])]")
_DOTS = late(r"\A(?:\.{2,}+|…|\s)+")
_CUT_OFF_BOX = late(r"[\s$*:]*(?:\\[\[(]\s*)?\\(?:f?boxed(?![a-z])|(?:b|bo|box|boxe)?\Z)")
_ALSO = late(r"[\s*]*(?:also|equally)\b", re.IGNORECASE)
_TWO_CASES = late(  # "in case 1 the answer is 4 and in case 2 "
    r"\b(?:in\s(?:the\s)?(?:\w+\s)?(?:case|scenario)|for\s(?:even|odd|positive|negative|all|other))\b.*\banswers?\s(?:is|are)\b"
    r".*(?:\b(?:and|but|while)|[,;])\s+(?:in\s(?:the\s)?(?:\w+\s)?(?:case|scenario)|for\s(?:even|odd|positive|negative|all|other))"
    r"\b[^;]*\Z",
    re.IGNORECASE | re.DOTALL,
)
_CASE = r"(?:if|when|whenever|assuming|unless|otherwise)\b"
_ONE_CASE = late(rf"\A(?:(?:but|and|however,?)\s)?{_CASE}", re.IGNORECASE)
_OTHER_CASE = late(
    rf"(?:\A|[.!\n]\s*){_CASE}[^.!?\n]*\b(?:answer|result|value|total)\s(?:is|are|equals)\s[^.!?\n]*\d[^.!?\n]*[.!\n]\s*"
    rf"(?:(?:but|and|however,?)\s)?{_CASE}[^.!?\n]*\Z",
    re.IGNORECASE,
)
_CASE_BEHIND = late(  # "15 when n is odd. When n is even, it is 16"
    rf"(?:[^\S\n]|[$*)])*[^\S\n](?:for|{_CASE})[^.\n]{{1,80}}\.\s+(?:but\s|and\s)?(?:for|{_CASE})[^.\n]{{1,60}}\b(?:is|are|get)\s[$*]*-?\d",
    re.IGNORECASE,
)
_AGAIN = late(r"[c,]*q?g*")
_BY_VERB = late(r"\b(?:is|are)\s*\Z", re.IGNORECASE)
_LONGEST_VERB = 10
_REMARK = late(  # "a common one", "less than 40": it describes the answer
    r"(?:[^\W\d_]+(?:-[^\W\d_]+)?\s+){2,}[^\W\d_]+[.!]?|(?:less|more|greater|smaller|larger|fewer|independent|divisible)\s.*",
    re.IGNORECASE | re.DOTALL,
)


def said(text: str) -> str | None:
    """The answer that the text states last, or its replacement if it is taken back ("wait, actually 24"); else None."""
    place = _last_phrase(text)
    value = None if place is None else labelled_answers(text, place) or _stated(text, place)
    if value is None:
        return chosen(text)
    if place is not None and (
        _TWO_CASES.search(sentence_before(text, place))
        or _is_second_case(text, place)
        or is_one_part(text, place, place)
    ):
        return SEVERAL + value
    if place is not None and _CASE_BEHIND.match(text, max(0, text.find(value, place)) + len(value)) is not None:
        return SEVERAL + value
    if place is not None and (other := _offered_beside(text, place, value)) is not None:
        return f"{other} or {value}"
    begin = -1 if place is None else text.find(value, place)
    behind = "" if begin < 0 else text[begin + len(value) :]
    if (instead := replaced(behind)) is not None:
        return last_value(behind) or instead or SEVERAL + value
    taken_back = None
    for found in _CORRECTION.finditer(text, place or 0):
        taken_back = found.end()
    corrected = None if taken_back is None else last_value(text[taken_back:])
    if corrected is None and taken_back is not None and is_cut_off_behind(behind):
        return SEVERAL + value
    if corrected is None and is_taken_back(behind[:_LONGEST_CLAUSE].lstrip("$*")):
        return None
    return corrected or value


def _offered_beside(text: str, place: int, value: str) -> str | None:
    """A second answer: given before this one ("Equally, the answer is") or after it ("Another one is 4"); else None."""
    begin = text.find(value, place)
    if begin >= 0 and (offered := offered_behind(text[begin + len(value) :])) is not None:
        return offered
    before = sentence_before(text, place)
    if not is_offered_too(before, "") and _ALSO.match(text, place) is None:
        return None
    earlier = _last_phrase(text[: place - len(before)])
    return None if earlier is None else _stated(text[: place - len(before)], earlier)


def _is_second_case(text: str, place: int) -> bool:
    """Whether a sentence and the one before it are two cases: "If all count, the answer is 3. If not, the answer"."""
    return _ONE_CASE.search(sentence_before(text, place).lstrip()) is not None and (
        _OTHER_CASE.search(text, max(0, place - _LONGEST_HEADING * 10), place) is not None
    )


def said_finally(text: str) -> str | None:
    """The value after an explicit "final answer is"; None if there is none, or only a box that is cut off."""
    place = _last_phrase(text, only_final=True)
    if place is not None and _CUT_OFF_BOX.match(text, place) is not None:
        return None
    value = None if place is None else _stated(text, place)
    if place is not None and _REMARK.fullmatch(text[place : sentence_end(text, place)].strip()):
        return None
    if value is None or place is None or DENIED.match(value) or _REMARK.fullmatch(value) or value.startswith(SEVERAL):
        return None
    if is_restricted(text[text.find(value, place) + len(value) : sentence_end(text, place)]):
        return None
    is_reasoned = VALUE.search(value) is None and REASON.search(text[: sentence_end(text, place)], place) is not None
    return None if is_reasoned else value  # "positive, because …" describes the answer


def _last_phrase(text: str, *, only_final: bool = False) -> int | None:
    """The position after the last phrase that announces an answer; None if there is none."""
    lower = text.lower()
    if not any(word in lower for word in _ANNOUNCING):
        return None
    phrases = [found for found in _SAID.finditer(text) if not only_final or found.group("final")]
    for found in reversed(phrases[-_MOST_PHRASES:]):
        if only_final and not is_unconditional(sentence_before(text, found.start())):
            continue
        if _announces(text, found) and not _is_repeated(text, found):
            return found.end()
    return None


def _announces(text: str, found: re.Match[str]) -> bool:
    """Whether a phrase asserts an answer; a word alone at the end of its line does so only as a heading."""
    before = sentence_before(text, found.start())
    is_found = found.group().endswith(" to be") and _FOUND.search(before) is not None
    if not (is_found or is_claimed(before)) and not (
        ":" in found.group() and _TITLED.fullmatch(before) and is_title(before)
    ):
        return False
    about = found["about"] or ""
    if found.group().endswith(", "):  # "the answer, when doubled, is"
        about = text[found.end() : text.find(",", found.end())]
    if not is_about_it(classes(about)):
        return False
    is_label = "." in found.group() and (found.group("answer") or "").lower().startswith("answer")  # "**Answer.** 42"
    if found.group("answer") is None or (_COMPLETE.search(found.group()) is not None and not is_label):
        return True
    begin = text.rfind("\n", max(0, found.start() - _LONGEST_HEADING), found.start()) + 1
    before = text[begin : found.start("answer")]
    return len(before) < _LONGEST_HEADING and _HEADING.match(before) is not None


def _is_repeated(text: str, found: re.Match[str]) -> bool:
    """Whether a phrase at the end of the text only begins to say the answer again: "Therefore, the answer is"."""
    if text[found.end() :].strip(AROUND):
        return False
    return _AGAIN.fullmatch(classes(sentence_before(text, found.start()))) is not None


def _stated(text: str, place: int) -> str | None:
    """The value that follows a phrase; None in a question."""
    rest = text[place : place + _LONGEST_CLAUSE]
    fenced = _FENCE.match(rest)
    if fenced:
        return fenced.group(1).strip() or None
    if rest.startswith("}"):  # `$\text{Answer: } 5$`
        rest = _FORMULA_END.split(rest[1:])[0]
    if text[place - 1 : place] == '"' and (field := _FIELD.match(rest)) is not None:
        return field[1].strip() or None
    rest = _DOTS.sub("", unmarked(rest).lstrip(AROUND + ":"))
    lead = _LEAD.match(rest)
    is_verb = _BY_VERB.search(text, max(0, place - _LONGEST_VERB), place) is not None
    return opening(rest[lead.end() if lead else 0 :].lstrip(AROUND + ":"), is_verb=is_verb)
