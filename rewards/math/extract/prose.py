r"""Answers in plain writing: a response that is nothing but one, and what is said to be the answer.

Whole sentences of words are no answer, nor are refusals and questions. Values as such: `rewards.math.extract.written`.

Example:
    >>> said("The answer is not 42 but 24.")
    '24'
    >>> said("The answer is 12. Wait, actually 24.")
    '24'
    >>> bare("72 clips"), bare("It is 72.")
    ('72 clips', None)
"""

from __future__ import annotations

import re

from rewards.math.extract.assertion import SEVERAL, is_restricted, is_unconditional, offers_more
from rewards.math.extract.claims import classes, is_about_it, is_claimed, is_taken_back, is_title
from rewards.math.extract.listed import labelled_answers
from rewards.math.extract.offered import is_offered_too, offered_behind
from rewards.math.extract.plain_words import NO_ANSWER, NO_WORD, PROSE, plain_words
from rewards.math.extract.sentences import sentence_before, sentence_end, unmarked
from rewards.math.extract.spans import AROUND, VULGAR, formula, formulas, run_from, unit
from rewards.math.extract.written import COMPOUND, OR, last_value
from rewards.math.late import late

LONGEST_BARE = 200
_LONGEST_CLAUSE = 1000
_LONGEST_HEADING = 40
_MOST_WORDS = 4
_MOST_PHRASES = 200  # that are tried, from the last one on

_FILLED = late(r"[^\W_]|[√∞∅∈<>≤≥=+-]|\\[a-zA-Z{]")
_FORMS = ("\\boxed", "\\fbox", "<answer>", "</answer>", "####", "```")
_TITLE = late(r"\A(?:#{1,3}\s+|>\s+(?=\*\*))")
_LABEL = late(r"[^\W\d_]{2,}[^:→\d$\\(]*[:→][*_]*\s")
_ABBREVIATED = late(r"\W*ans[.:*]*\s", re.IGNORECASE)
_ONE_WORD = late(r"[^\W\d_]+[.!]?|\\\w+\{[^\W\d_]+\}")
_VALUE = late(rf"[\d{VULGAR}√∞∅π]|\\(?!text|mathrm|mbox)[a-zA-Z]")
_MONEY_STEPS = late(r"\d[^=]*=\s*\\?\$\s?\d[\d,.]*\s*\Z")  # `9 * $2 = $18`
_ADVERB = late(
    r"[A-Z][a-z]{2,}(?:ing|ly),\s+\$|(?:Overall|Altogether|In\s(?:total|all|summary)),\s"
)  # "Calculating, $2+3=5$"
_NOT_BUT = late(r"not\s[^,]*,?\s+but\s", re.IGNORECASE)
_SAME_AGAIN = late(
    rf"\s*[,;(]\s*(?:i\.e\.|that\sis|which\sis|or\ssimply)\s*,?\s*(?P<value>\$?[-\d{VULGAR}./\\{{}}fracsqt]+\$?)\)?\s*\Z"
)
_PLAINLY = late(
    r"(?:\(?[A-J][).]\s)?(?:(?:it )?(?:cannot|can't|can not) be determined|(?:it )?does not exist"
    r"|(?:none|all|both|neither) of (?:the above|these|them)|there (?:is|are) no (?:real |integer )?solutions?)",
    re.IGNORECASE,
)
_ARTICLE = late(r"(?:the|a|an)\s+", re.IGNORECASE)

_SAID = late(
    r"""(?P<final>\bfinal[\s_*]+)?(?P<answer>answers?|(?<=final\s)(?:results?|values?)|\bans(?=[.:*]|\s[\d$\\-]))
    (?:["'*_`\s]*(?::|[=-]>|=|–|—|→|⇒|-(?=\s))["'*_`\s]*
      |[*_`\s]+(?:is|are)(?![^\W_])\s*:?
      |['’]s\s+(?=[$\\*\d-])
      |\s(?P<about>(?:to|for|in|of|we|that|here)\b[^.:?!\n]{0,50}?)\s(?:is|are)(?![^\W_]|\s(?:\w+ing\sfor|asked|told)\b)\s*:?
      |(?<=ans)\.?[^\S\n]+(?=\S)
      |,\s(?=[^,\n]{1,40},\s(?:is|was|are)\b)
      |[*_]*[^\S\n]*\n)
    |(?:(?:correct|right)\s(?:option|choice|letter)|\bmy\schoice)(?:\sis|\s?:)
    |\bbest\s(?:option|choice)\sis(?=\s\(?[A-J]\b)
    |\b(?:correct|true|right)\s(?:statements|options|choices)\sare(?=:?\s\(?[A-J]\b)""",
    re.IGNORECASE | re.VERBOSE,
)
_COMPLETE = late(r"[:=–—,.-]|(?:\b(?:is|are)|['’]s)\s*\Z", re.IGNORECASE)
_CHOSEN = late(
    r"(?<!\bnot )(?:\b(?i:option|choice)\s\(?|\()([A-J])\)?\sis\s(?:the\s)?(?:correct|right|best)"
    r"(?:\s(?:answer|option|choice))?(?![^\W_])"
    r"|(?:\A|(?<=[.!\n]\s)|(?<=\n))(?:(?i:so|thus|hence|therefore),?\s)?\**([A-J])\**\s(?i:is\s(?:the\s)?(?:correct|right|best)(?:\s(?:answer|option|choice))?)"
    r"(?=[.!*\s]*(?:\Z|\n))"
    r"|\b(?:I|[Ww]e)(?:['’]d|['’]ll)?\s(?:would\s|will\s)?(?:choose|pick|select|go with)\s(?:the\s)?"
    r"(?:option\s|choice\s|answer\s)?\(?([A-J])\)?(?=[.!\s]*(?:\Z|\n))"
    r"|\b(?i:so|thus|hence|therefore),?\s(?:option|choice)\s\(?([A-J])\)?(?=[.!\s]*\Z)"
    r"|(?:\A|(?<=[.!\n]\s)|(?<=\n))(?i:(?:so|thus|hence|therefore),?\s)?(?i:this|that|it)\s(?:matches|corresponds\sto|agrees\swith)\s(?:option|choice|answer)\s\(?([A-J])\)?(?=[.!\s]*\Z)"
    r"|\bthe\s(?:value|result)\s(?:(?!\b(?:not|no)\b)[^.\n]){0,30}\s(?:matches|corresponds\sto)\s(?:option|choice|answer)\s\(?([A-J])\)?(?=[.!\s]*\Z)"
    r"|\bchoices\s(?:\w+\s)?given,\s\(?([A-J])\)?\smatches\s(?:our|the|this)\s\w+(?=[.!\s]*\Z)|(?:⇒|=>)\s?\(?([B-HJ])\)?(?=[.!\s]*\Z)"
    r"|(?<=,\s)so\s\(?([B-HJ])\)?(?=[.!\s]*\Z)|\bthe\s(?:correct\s)?answer\s\(?([A-J])\)?(?=[.!\s]*(?:\Z|\n))"
    r"|(?:\A|(?<=[.!\n]\s)|(?<=\n)|(?<=,\s)(?=so\b|it\smust|the\sanswer\smust))(?:(?i:so|thus|hence|therefore),?\s)?(?:\(?([A-J])\)?\sis\sthe\sanswer"
    r"|(?i:it|this|the\sanswer)\smust\sbe\s(?:(?i:option|choice)\s)?\(?([A-J])\)?)(?=[.!\s]*(?:\Z|\n))"
)
_ANNOUNCING = ("ans", "final", "correct", "right", "best", "true", "choice")
"""One of them is in whatever `_SAID` finds, and of the next in what `_CHOSEN` does."""
_CHOOSING = (
    "⇒",
    "=>",
    "correct",
    "right",
    "best",
    "choose",
    "pick",
    "select",
    "go with",
    "option",
    "choice",
    "answer",
    "must",
)
_WOULD_CHOOSE = late(r"(?:I|we)['’](?:d|ll)\s", re.IGNORECASE)
_TITLED = late(r"\W*(?:[a-z]{4,}\s){1,2}", re.IGNORECASE)  # "Boxed answer: "
_HEADING = late(r"[#*_\s>]*(?:the\s+)?(?:final\s+)?\Z", re.IGNORECASE)
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
    r"(?:[:=\s]|(?<==)>|(?:only|(?:none|nothing) other than|in fact|merely|thus|then|therefore|hence|simply|just"
    r"|exactly|indeed|now"
    r"|clearly|equal to|given by|as follows|still|again|also|obviously|precisely|definitely|certainly|actually|always"
    r"|approximately|about|roughly"
    r"|(?:found|seen|shown) to be|a total of|the (?:integer|whole number)(?=\s[$\d(-])"
    r"|the (?:number|value)(?! of)|(?:option|choice|letter)(?=\s\(?[A-Z]\b))(?![^\W_])[,:]?)+",
    re.IGNORECASE,
)
_FORMULA_END = late(r"\$|\\[\])]")
_DOTS = late(r"\A(?:\.{2,}|…|\s)+")
_ASSIGNED = late(r"\s*\\?[a-zA-Z]+(?:_\{?\w+\}?)?\s*=")
_JOINED = late(r"\s*\(?(?:,|;|,?\s*and\b)\s*")
_DENIED = late(r"not\b(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_INSTEAD = late(
    r"(?:\bbut(?:\srather)?|\bit(?:\sis|['’]s)|\brather|\binstead)(?![^\W_])\s*(?P<rest>.+)", re.IGNORECASE | re.DOTALL
)
_HEDGE = late(
    rf"(?<![^\W_])(?:{OR}(?!\s+(?:about|approximately|roughly)\b)|else|otherwise|depending|vs|versus)(?![^\W_])",
    re.IGNORECASE,
)
_INSTEAD_NEXT = late(  # "The answer is not 101. It is 79."
    r"[.;]\s+(?:instead,?\s|rather,?\s)?(?:it\sis|it['’]s|it\s(?:equals|must\sbe|should\sbe))\s(?P<rest>[^\n]+)",
    re.IGNORECASE,
)
_OR_AGAIN = late(  # "12/25 (or 0.48)", ", or equivalently 48%"
    r"[\s$*]*[,(]?\s*\(?or(?:,?\s(?:equivalently|simply))?,?\s"
    r"(?P<value>\$[^$\n]{1,60}\$|-?\d[\d.,/]*(?:\\?%)?)\)?[\s.*]*\Z",
    re.IGNORECASE,
)
_PARTS = late(  # "(a) 10; (b) 3"
    r"\(a\)\s*([^;,()]+)[;,]\s*(?:and\s)?\(b\)\s*([^;,()]+)(?:[;,]\s*(?:and\s)?\(c\)\s*([^;,()]+))?\s*"
)
_REASON = late(r",?\s+(?:because|since)\s", re.IGNORECASE)
_CUT_OFF_BOX = late(r"[\s$*:]*(?:\\[\[(]\s*)?\\(?:f?boxed(?![a-z])|(?:b|bo|box|boxe)?\Z)")
_ALSO = late(r"[\s*]*(?:also|equally)\b", re.IGNORECASE)
_ONE_OF = late(r"(?:either\s)?one\sof\s[^.\n]*[,;]", re.IGNORECASE)
_RULED_OUT = late(  # "$12$; $13$ fails the test"
    r"[;,]\s(?:and\s|but\s)?\$[^$\n]{1,40}\$\s(?:fails|is\s(?:rejected|extraneous|impossible|invalid)|does\snot\s(?:work|satisfy))\b"
    r"(?![^\n]*\b(?:or|if|so|unless)\b)"
)
_REASONED = late(  # what stands behind a value and says why it is, or where; `12 by 5` are two sides
    r"[\s*)]*[,;:]?\s*(?:no matter|regardless|irrespective|whatever|to the nearest|namely|from (?=\()"
    r"|by(?!\s+(?:\$?\d|one\b|some\b))|(?:is\s)?(?:attained|achieved|reached|obtained)"
    r"|(?:and\s|as\s|since\s)?neither)(?![^\W_])|,\s+an?\s(?:\w+\s)?(?:number|integer|square|cube|prime|power)\W*\Z",
    re.IGNORECASE,
)
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
    rf"[\s$*)]*\s(?:for|{_CASE})[^.\n]{{1,80}}\.\s+(?:but\s|and\s)?(?:for|{_CASE})[^.\n]{{1,60}}\b(?:is|are|get)\s[$*]*-?\d",
    re.IGNORECASE,
)
_NOT_THAT = late(r",?\s*\(?(?:and\s+)?(?:not|nothing else|rather than|instead of)\b", re.IGNORECASE)
_BOUND = late(
    r"(?:at (?:least|most)|(?:no |not )?(?:more|less|fewer|greater|larger|smaller|lower|higher) than|up to"
    r"|anything but)\s+(?:\$?\d[\d.,]*|[^\s,;]+)(?:\s[^\W\d_]+)*",
    re.IGNORECASE,
)
_YES_OR_NO = late(r"(?:yes|no|true|false)(?=\s*[,;:–—])", re.IGNORECASE)
_CHOICES = late(r"(?<!\w)[A-J](?!\w).*(?<!\w)[A-J](?!\w)")
_BY_VERB = late(r"\b(?:is|are)\s*\Z", re.IGNORECASE)
_LONGEST_VERB = 10
_WHETHER = late(r"\b(?:whether|no matter|regardless)\b", re.IGNORECASE)
_THAT = late(r"that\s", re.IGNORECASE)
_DENYING = late(r"(?:no|not|never|wrong|incorrect|false|un\w+|in\w+)\b", re.IGNORECASE)
_REFERRED = late(r"\b(?:equation|eq\.|line|step|table|theorem|lemma|figure|section|part|page)\s*\(?\d", re.IGNORECASE)
_APPOSITION = late(  # "the total, 42", "half of 84, i.e. 42", "forty-two (42)"
    r"(?:[,(:]|\bwhich (?:is|equals)\b|(?<![\w.])\d[\d\s.+*/()×-]*=)\s*(?:or|so|i\.e\.,?|that is,?|namely|which is)?\s*"
    r"(?P<value>\$[^$\n]{1,80}\$|[$]?[-+−]?\\?\$?\d[\d.,/]*(?:\s?\\?%)?[$]?)[)*\s.]*\Z",
    re.IGNORECASE,
)
_TO_BASE = late(
    r"\s\(?(?:in\s)?base[\s-](?:\d+|two|three|four|five|six|seven|eight|nine|ten|sixteen)\b\)?", re.IGNORECASE
)
_LISTED = late(
    r"[\s$*)]*(?:(?:,\s*(?:and)?|and(?![^\W\d_])|[-–;|/&~]|to(?![^\W\d_]))[\s$*(]*[-+−]?\s*[\d.\\(])", re.IGNORECASE
)
_REMARK_BEHIND = late(  # `204 minutes (3 hours and 24 minutes)`
    r"(?<=[\w%])\s+\((?=[^()]*\s)(?=[^()]*[a-zA-Z]{3})"
    r"(?![^()]*(?:\\|\b(?:or|if|maybe|otherwise|else|but|perhaps|possibly|alternatively|either|could|might|unless"
    r"|when|for|not|base|mod)\b))[^()]*\)\Z"
    r"|,\s+(?:obviously|clearly|indeed|naturally|exactly)\Z",
    re.IGNORECASE,
)
_IN_BRACKETS = late(
    r"\s*\((?=[^()]*[a-zA-Z]{2})"
    r"(?![^()]*\b(?:or|if|maybe|otherwise|else|but|perhaps|possibly|alternatively|either|could|might|unless|when|for)\b)"
    r"[^()]*\)?\s*"
)  # a remark
_NOT_ANOTHER = late(r"(?P<value>[A-J]|[a-z]{2,})(?:,\s+|\s+\(|\s+and\s)(?:not|rather than)\s", re.IGNORECASE)
_CHOICE_LIST = late(r"\(?[A-J]\)?(?:(?:\s*,)?\s*(?:and\s|or\s)?\s*\(?[A-J]\)?)+")
_OTHER_CHOICE = late(
    r"\(?[A-J]\)?[\s,](?!.*\bnot\b).*(?:\b(?:and|or|but)|[,;])\s+"
    r"(?:maybe\s|in which case\s|it is\s|it['’]s\s|otherwise\s|then\s|the answer is\s)*\(?[B-J]\)?(?!\w)"
)
_CHANGED = late(
    r"[\s$*)]+(?:times(?!\W*\Z)|degrees below|plus|minus|multiplied|divided|over|choose|mod(?:ulo)?|squared"
    r"|cubed|factorial|below|above"
    r"|short of|away from|point|to the power"
    r"|(?:[^\W\d_]+\s){0,2}(?:(?!rather)\w+er than|(?:more|less) than|per ?cent of))\b"
    r"|[\s$*)]+,?\s*(?:only\s(?:if|when)|assuming|supposing|(?:reduced|increased|decreased)\sby)\b"
    r"|[\s$*)]+(?:for|in)\s(?:the|an?)\s(?:other|similar|previous|original|next)\s(?:problem|question|version|part|case|exercise)\b"
    r"|\s+digits\slong\b|\s+more\s*\Z|\s*\\?%\s+of\b|[\s$*)]*,?\s+(?:unless|except)\b"
    r"|[\s$*)]+(?:raised\b|(?:with\s)?(?:a\s)?remainder\b|out\sof\s\$?\d|to\s\d|(?:of|in|per)\s+\$?\\?(?:\d|[dt]?frac))",
    re.IGNORECASE,
)
_RECKONED = late(r"[\s*)]*(?:[+*/<>→≤≥]|to\s+\$)")  # a formula that is part of another


def bare(text: str) -> str | None:
    """A response that is nothing but an answer: one short line that is no sentence, a value or a few words."""
    line = _TITLE.sub("", text.strip())
    if not line or "\n" in line or len(line) > LONGEST_BARE or not _FILLED.search(line):
        return None
    if _MONEY_STEPS.search(line) or _NOT_BUT.match(line) or _ADVERB.match(line):
        return None
    if any(mark in line for mark in _FORMS) or line.endswith("?") or line.startswith("\\begin{align"):
        return None
    if "answer is" in line.lower() or _WOULD_CHOOSE.match(line):
        return None
    if _PLAINLY.fullmatch(line.rstrip(".")) or _BOUND.fullmatch(line.rstrip(".")):
        return line
    found = plain_words(line)
    if _ABBREVIATED.match(line):
        return None
    refused = NO_WORD if _ONE_WORD.fullmatch(line) else PROSE
    if len(found) > _MOST_WORDS or not refused.isdisjoint(found) or _LABEL.match(line.lstrip("*_")):
        return None
    value = _VALUE.search(line)
    return line if value is None or len(plain_words(line[: value.start()])) <= 1 else None


def few_words(text: str) -> str | None:
    """A response of a few words that are plainly an answer and no sentence."""
    line = text.strip().strip(AROUND).rstrip(".")
    return line if plain_words(line) and bare(line) else None


def said(text: str) -> str | None:
    """What is last said to be the answer; where that is taken back ("wait, actually 24"), what is said then."""
    place = _last_phrase(text)
    value = None if place is None else labelled_answers(text, place) or _stated(text, place)
    if value is None:
        if not _has_any(text, _CHOOSING):
            return None
        chosen = [next(filter(None, found.groups())) for found in _CHOSEN.finditer(text)]
        return chosen[-1] if chosen else None
    if place is not None and (_TWO_CASES.search(sentence_before(text, place)) or _is_second_case(text, place)):
        return SEVERAL + value
    if place is not None and _CASE_BEHIND.match(text, max(0, text.find(value, place)) + len(value)) is not None:
        return SEVERAL + value
    if place is not None and (other := _offered_beside(text, place, value)) is not None:
        return f"{other} or {value}"
    taken_back = None
    for found in _CORRECTION.finditer(text, place or 0):
        taken_back = found.end()
    corrected = None if taken_back is None else last_value(text[taken_back:])
    if corrected is None and place is not None and (begin := text.find(value, place)) >= 0:
        return None if is_taken_back(text[begin + len(value) :][:_LONGEST_CLAUSE].lstrip("$*")) else value
    return corrected or value


def _offered_beside(text: str, place: int, value: str) -> str | None:
    """The answer that one is offered beside: said before ("Equally, the answer is"), or behind ("Another one is 4")."""
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


_REMARK = late(  # "a common one", "less than 40" is said of the answer, and is none
    r"(?:[^\W\d_]+(?:-[^\W\d_]+)?\s+){2,}[^\W\d_]+[.!]?|(?:less|more|greater|smaller|larger|fewer|independent|divisible)\s.*",
    re.IGNORECASE | re.DOTALL,
)


def said_finally(text: str) -> str | None:
    """What an explicit "final answer is" gives, where it gives a value, and not a box that is cut off."""
    place = _last_phrase(text, only_final=True)
    if place is not None and _CUT_OFF_BOX.match(text, place) is not None:
        return None
    value = None if place is None else _stated(text, place)
    if place is not None and _REMARK.fullmatch(text[place : sentence_end(text, place)].strip()):
        return None
    if value is None or place is None or _DENIED.match(value) or _REMARK.fullmatch(value) or value.startswith(SEVERAL):
        return None
    if is_restricted(text[text.find(value, place) + len(value) : sentence_end(text, place)]):
        return None
    is_reasoned = _VALUE.search(value) is None and _REASON.search(text[: sentence_end(text, place)], place) is not None
    return None if is_reasoned else value  # "positive, because …" is said of the answer


def _last_phrase(text: str, *, only_final: bool = False) -> int | None:
    """Behind the last phrase that announces an answer."""
    if not _has_any(text, _ANNOUNCING):
        return None
    phrases = [found for found in _SAID.finditer(text) if not only_final or found.group("final")]
    for found in reversed(phrases[-_MOST_PHRASES:]):
        if only_final and not is_unconditional(sentence_before(text, found.start())):
            continue
        if _announces(text, found):
            return found.end()
    return None


def _has_any(text: str, words: tuple[str, ...]) -> bool:
    """Whether one of the words is in it: most texts have none, and that is seen in a tenth of the time."""
    lower = text.lower()
    return any(word in lower for word in words)


def _announces(text: str, found: re.Match[str]) -> bool:
    """Where it is asserted; a word alone at the end of its line only where it is a heading."""
    before = sentence_before(text, found.start())
    if not is_claimed(before) and not (":" in found.group() and _TITLED.fullmatch(before) and is_title(before)):
        return False
    about = found["about"] or ""
    if found.group().endswith(", "):  # "the answer, when doubled, is"
        about = text[found.end() : text.find(",", found.end())]
    if not is_about_it(classes(about)):
        return False
    if found.group("answer") is None or _COMPLETE.search(found.group()) is not None:
        return True
    begin = text.rfind("\n", max(0, found.start() - _LONGEST_HEADING), found.start()) + 1
    before = text[begin : found.start("answer")]
    return len(before) < _LONGEST_HEADING and _HEADING.match(before) is not None


def _stated(text: str, place: int) -> str | None:
    """The value that follows a phrase."""
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
    return _begun(rest[lead.end() if lead else 0 :].lstrip(AROUND + ":"), is_verb=is_verb)


def _unreasoned(after: str) -> str:
    return _WHETHER.split(after)[0]


def _begun(rest: str, *, is_verb: bool = False) -> str | None:
    """The formula that a text begins with, or what its first clause says; None in a question."""
    begun = next(formulas(rest), None) if rest.startswith(("$", "\\(", "\\[")) else None
    if _ONE_OF.match(rest):
        return SEVERAL + rest[: sentence_end(rest, 0)]
    if begun is not None and begun.start == 0:
        end = sentence_end(rest, begun.end)
        after = rest[begun.end : end]
        if rest.startswith("?", end):
            return None
        if _RULED_OUT.match(after):
            return formula(rest, begun)
        if (again := _OR_AGAIN.fullmatch(after)) is not None and not again["value"].strip("$").isdigit():
            return rf"{formula(rest, begun)} \text{{ or }} {again['value'].strip('$')}"
        if _LISTED.match(after) or _HEDGE.search(_unreasoned(after)):
            return rest[:end].rstrip()
        if (assigned := _assignments(rest)) is not None:
            return assigned
        if _CHANGED.match(after) or _RECKONED.match(after) or offers_more(after, rest[: begun.end], rest[end:]):
            return SEVERAL + rest[:end].rstrip()
        return formula(rest, begun)
    end = sentence_end(rest, 0)
    if rest.startswith("?", end):
        return None
    clause = _REMARK_BEHIND.sub("", _REASON.split(rest[:end])[0].rstrip(AROUND + ",;:"))
    denied = _DENIED.match(clause)
    if denied:
        instead = _INSTEAD.search(denied.group("rest")) or _INSTEAD_NEXT.match(rest, end)
        return (
            _begun(instead.group("rest"), is_verb=is_verb)
            if instead
            else clause
            if _FILLED.search(denied.group("rest"))
            else None
        )
    if clause.count("}") > clause.count("{"):
        clause = clause.rstrip("}]" + AROUND)
    if clause.endswith(")") and clause.count(")") > sum(map(clause.count, "([")):  # "(answer: 12)"
        clause = clause[:-1]
    if offers_more("", clause, rest[end:]):
        return SEVERAL + clause
    return _clause(clause, is_verb=is_verb)


def _assignments(rest: str) -> str | None:
    """`$x = 1$, $y = 2$` and no more of it; None where there is one only."""
    end = count = 0
    for span in formulas(rest):
        joined = not count or _JOINED.fullmatch(rest[end : span.start])
        if not joined or not _ASSIGNED.match(rest, span.inner_start):
            break
        end, count = span.end, count + 1
    return rest[:end] if count > 1 else None


def _clause(clause: str, *, is_verb: bool = False) -> str | None:
    """What a clause begins with, all of it where it offers several or is nothing but an answer, else its last value.

    is_verb: "is" or "are" stands before it, so that other words than plain ones make another value of the one behind.
    """
    if not _FILLED.search(clause):
        return None
    if _BOUND.fullmatch(clause):
        return clause
    if (parts := _PARTS.fullmatch(clause)) is not None:
        return ", ".join(part.strip() for part in parts.groups() if part)
    run = run_from(clause)
    based = _TO_BASE.match(clause, len(run))
    if based is not None and run.isalnum() and not _HEDGE.search(clause, based.end()):
        return clause[: based.end()]
    if _VALUE.search(run):
        after = clause[len(run) :]
        if (again := _OR_AGAIN.fullmatch(after)) is not None and not (run.isdigit() and again["value"].isdigit()):
            return rf"{run} \text{{ or }} {again['value'].strip('$')}"
        if _HEDGE.search(_unreasoned(after)) or _LISTED.match(after):
            return clause
        if _NOT_THAT.match(after):
            return run
        if again := _SAME_AGAIN.fullmatch(after):
            return f"{run} = {again['value'].strip('$.')}"
        if _CHANGED.match(after) or offers_more(after, run):
            return SEVERAL + clause
        if COMPOUND.match(after):
            return last_value(clause)
        if _IN_BRACKETS.fullmatch(after) or _REASONED.match(after):
            return run
        measured = unit(clause, len(run))
        if not measured and is_restricted(after):
            return run
        return run.rstrip("–—") + measured if measured or not bare(clause) else clause
    denial = _NOT_ANOTHER.match(clause)
    if denial is not None:
        return denial.group("value")
    if re.fullmatch(r"[A-J]\s\([^()]*\)", clause):
        return SEVERAL + clause if _HEDGE.search(clause) else clause[0]
    if _OTHER_CHOICE.match(clause) and not _CHOICE_LIST.fullmatch(clause):
        return SEVERAL + clause
    if ((run or _CHOICES.search(clause)) and _HEDGE.search(clause)) or " " in run:
        return clause
    if bare(clause) is not None:
        first = plain_words(_ARTICLE.sub("", clause))[:1]
        return None if first and first[0] in NO_ANSWER and not _VALUE.search(clause) else clause.rstrip(".")
    verdict = _YES_OR_NO.match(clause)
    if verdict and not _VALUE.search(clause):
        return verdict.group()
    letter = run.strip("().: ")
    if len(letter) == 1 and letter.isupper():
        return run
    if is_verb and _VALUE.search(clause) and not _THAT.match(clause):
        at_last = None if _DENYING.match(clause) or _REFERRED.search(clause) else _APPOSITION.search(clause)
        return at_last.group("value") if at_last else SEVERAL + clause
    return last_value(clause)
