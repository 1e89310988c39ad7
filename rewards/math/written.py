r"""Values as they are written in running text, and the last of them.

A value is a formula between delimiters, or what is written without them: a number, or the run of mathematics that it
is part of (`8x - 1`, `(2, 3)`, `\frac{1}{2}`), with the unit behind it. Values that "or", "and" or a comma joins are
taken together, since an answer that is one of several is none.

Only the end of a long text is searched; every step is linear in its length.

Example:
    >>> last_value("Each of the 8 people gets 56/8 = 7 oranges.")
    '7 oranges'
    >>> last_value("The roots are $2$ or $3$.")
    '$2$ or $3$'
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from rewards.math.assertion import LONGEST_SENTENCE, SEVERAL
from rewards.math.boxes import is_cut_off
from rewards.math.claims import is_claimed, is_of_another_time, is_stated, is_supposed, is_taken_back, is_title
from rewards.math.modified import changed_from
from rewards.math.plain_words import FUNCTION, NOT_A_UNIT, plain_words

LONGEST_SEARCHED = 20_000
_LONGEST_FORMULA = 1000
_LONGEST_SENTENCE = 1000
_LONGEST_RUN = 300
_LONGEST_JOINT = 40
_LONGEST_UNIT = 80
_MOST_UNIT_WORDS = 3

AROUND = " \t\n\r*_`\"'“”«»"
"""What stands around a value and is no part of it."""
VULGAR = "¼-¾⅐-⅞↉"
_SCALE = r"(?:\s(?:dozen|hundred|thousand|million|billion|trillion)\b)?"
_NUMBER = (
    rf"(?:\\?[$€£¥]\s?)?(?:\d+(?:(?:,|\{{,\}}|,\\!|\\,)\d+)*(?:\.\d+)?(?:\.\.\.|…)?[{VULGAR}]?|\.\d+|[{VULGAR}])"
    rf"(?:[eE][+-]?\d+)?(?:/\d+)?(?:\s?\\?[%％])?{_SCALE}"
)
_PLAIN = re.compile(rf"(?<![\w.)])[-+−]?\s?{_NUMBER}|{_NUMBER}")

OR = r"(?:or|maybe|perhaps|possibly|alternatively)"
_COMPOUND = r"(?:hours?|minutes?|feet|foot|ft|yards?|dollars?|degrees?|days?|weeks?|years?|months?|pounds?|lbs?)"
_WORDS_BETWEEN = r"(?:[^\W\d_]+\s+){0,3}"
_NAMED_BEFORE = re.compile(r"(?<!\w)[a-zA-Z]\s*=\s*\Z")
_NAMED = r"[\s$*({]*(?:[^\W\d_]\s*=\s*)?"
_BETWEEN = re.compile(
    rf"[\s$*)}}]*(?:,\s*(?:{OR}|and)?|\b{OR}\b(?:,\s*{OR}\s*,)?|\band\b|[-–;/]|(?<=\s):(?=\s)|\bto\b|\\text\{{\s*(?:or|and)\s*\}}){_NAMED}"
    rf"|[\s$*),]*{_WORDS_BETWEEN},?\s*\(?\b{OR}\b\s*{_WORDS_BETWEEN}{_NAMED}"
    rf"|\s*(?:{_COMPOUND}|°|′|')\s*,?\s*(?:and\s+)?",
    re.IGNORECASE,
)
_DETERMINED = (
    r"(?:(?:the|his|her|their|its|our|your|those|an?)\s)?(?:original\s|initial\s|given\s|first\s|total\s)*[\s$*(]*\Z"
)
_BESIDE = re.compile(  # what a value is compared with, or taken from
    rf"(?<![^\W_])(?:versus|vs\.?|in contrast to|as opposed to|compared (?:with|to)|unlike|from|rather than|instead of"
    rf"|against|past|off|out of a total of|short of (?:the|his|her|its|their) \w+ of|accounts for all)\s{_DETERMINED}"
    rf"|(?<![\d./])\d+\sof\s{_DETERMINED}|\b(?:left|all)\sof\s{_DETERMINED}|\b(?:whereas|unlike)\b[^.,;\n\d]*\Z"
    r"|\bas\s(?:many|much)\sas\s[^.,;\n\d]{0,30}\Z",
    re.IGNORECASE,
)
_USED = re.compile(  # "= 84 dollars in ", "= 28 hours to sew "; not "= 60 dollars for a total of "
    r"(?![^\n]*\b(?:total|sum|minimum|maximum|values?|remainder|answer|that|which|shows?|we|so|and|then|giving|leaving|making|plus|minus|or|is|was|has|have|get|find|reach|give)\b)"
    r"[\s$)]*[^.,;:\n\d=$]{0,60}\b(?:for|in|on|after|per|every|of|to\s[a-z]+)\s(?:(?:the|his|her|their|its|all)\s)?[$*(]*\Z"
)
_BY_WORDS = re.compile(r"[^\d,;:=]{0,40}\Z")
_TIMES = re.compile(r"\stimes\sas\b")
_MOVED = re.compile(  # "rose from 70 "
    r"\b(?:rose|rises|went|goes|fell|falls|grew|grows|drop|increas|decreas|rais|reduc|lower|chang|climb)\w*\s[^.\n]*"
    r"\b(?:from|by)\s[$*(]*\Z"
)
_REFERENCE = re.compile(  # the number of a part of the text
    r"\b(?:step|problem|question|part|equation|method|formula|section|line|lemma|theorem|exercise|figure|rule|example)s?"
    r"\s[\s$*(]*\Z",
    re.IGNORECASE,
)
_GOING_ON = re.compile(r"[\s$*)]*[.!:]\s+(?:now|next)\b(?![^.\n]*\b(?:you|done|finished)\b)", re.IGNORECASE)
_ANSWER = re.compile(r"(?:\b(?:the|an?|our|my|your|its|this)|['’]s)\s(?:\w+\s){0,2}answer\b", re.IGNORECASE)
_NAME_OF_ANSWER = re.compile(r"\b([^\W_]+)_answer\W*\Z", re.IGNORECASE)  # `"wrong_answer": "`
_UNIT_POWER = re.compile(r"(?:[ckm]?m|ft|in|yd|mi)\^\{?\Z")
_ALTERNATIVE = re.compile(rf"\b{OR}\b", re.IGNORECASE)
COMPOUND = re.compile(rf"\s*{_COMPOUND}\s*,?\s*(?:and\s+)?\d", re.IGNORECASE)
"""A unit with another number behind it: `5 feet 3 inches`."""

_LETTER = r"(?![²³¹⁰-₟¼-¾⅐-⅞])[^\W\d_]"
MATHEMATICS = re.compile(
    rf"(?>(?:\\(?:text|mathrm|mbox|operatorname)\{{[^{{}}]*\}}|\\[a-zA-Z]++|(?:{FUNCTION})(?!{_LETTER})"
    rf"|{_LETTER}(?!{_LETTER})|(?<=[\d^*/=+])[a-zA-Z]{{2,3}}(?!{_LETTER})|[\d_²³¹⁰-₟¼-¾⅐-⅞]|[^\w\s])+)\Z",
    re.IGNORECASE,
)
"""A token with no word in it."""
_ATTACHED = re.compile(r"\s?[a-zA-Z]{1,4}(?![\w-])|[!°′″]|\^\{?\w+\}?")
_EXCLAIMED = re.compile(r"(?<=\w\s)[-+−]?\\?\$?\d[\d.,]*!+[*_\s]*(?=\Z|\n|\s[A-Z])")  # at the end of a sentence
_NAME = re.compile(r"\s*(?!\\(?:pi|infty|emptyset|varnothing)(?![a-zA-Z]))\\?[a-zA-Z]+\w?(?:_\{?\w\}?)?'?\s*")
_IN_BRACKETS = re.compile(r"\(\s*\\?[$€£][\d.,]+\s*\)")  # "eight dollars ($8)"
_LETTERS = re.compile(r"(?<![a-zA-Z\\])[a-zA-Z](?![a-zA-Z])")
_SCALAR = re.compile(r"(?:[\d\s./{}+-]|\\(?:[dt]?frac|sqrt|pi|cdot|times)(?![a-zA-Z])|\\[,!])+\Z")
_SEVERAL = re.compile(r",(?!\d{3}(?!\d)|\\!)(?!\})|;|\\(?:text|mbox|quad|qquad|land|lor)(?![a-zA-Z])")

_OPENING = re.compile(r"\$\$|(?<!\\)\$|\\\(|\\\[|\\begin\{(?:align|gather|equation)\*?\}")
_CLOSING = {"$$": "$$", "$": "$", "\\(": "\\)", "\\[": "\\]"}
_DOLLAR = re.compile(r"(?<!\\)\$")
_ALIGNED = re.compile(
    r"\\begin\{(?:align|aligned|gather|gathered|split|eqnarray|equation)\*?\}(.*?)(?:\\end\{[a-z]+\*?\}|\Z)", re.DOTALL
)
_IMPLIES = re.compile(r"\\(?:Rightarrow|implies|Longrightarrow|iff|Leftrightarrow|therefore)(?![a-zA-Z])|⇒|=>|⟹")
_SENTENCE_END = re.compile(  # the stop first, for speed
    r"[.!?](?<!\.[.!?])(?<!\b(?:Rs|No|sq|cu)[.!?])(?<!\b(?:i\.e|e\.g)[.!?])(?!\.)(?!(?<=\d!)\))(?=[\s\"'*_)}\]$]|\Z)|\n|[。！？]"
)
_DENIED = re.compile(
    r"(?:\b(?:not|cannot|pas|nicht|non|no es)|(?<=, )no|n['’]t)"
    r"(?:\s+(?:equal\s+to|(?!\w+ly\b|just\b|quite\b|even\b)\w+))?[\s$*(]*\Z",
    re.IGNORECASE,
)
_LONGEST_DENIAL = 20
_CALLED_WRONG = re.compile(
    r"[\s$*)]*(?:is|was)(?:\s(?:wrong|incorrect)\b|(?:\snot|n['’]t)\s(?:correct|right|(?:the|an?)\s(?:correct\s|right\s)?"
    r"answer)\b)",
    re.IGNORECASE,
)
_TIME = r"\d{1,2}:\d{2}(?:\s?[ap]\.?m\b\.?)?"
_TWO_TIMES = re.compile(  # "Ann leaves at 3:30 pm and Bob leaves at 4:15 pm"
    rf"\b[A-Z]\w+(?P<verb>(?:\s[a-z]+){{1,4}})\s{_TIME},?\s(?:and|while|but)\s[A-Z]\w+(?:(?P=verb)|\sat)\s{_TIME}[.\s]*\Z"
)
_QUESTION = re.compile(
    r"\W*(?:what|how|which|who|whom|whose|why|when|where|is|are|was|were|do|does|did|can|could|would|will|should|find|has"
    r"|have|if|please)\b",
    re.IGNORECASE,
)
_BOLD = re.compile(
    r"(?<![\w)])(?:\*{2,3}|__)|(?:\*{2,3}|__)(?![\w(])|`+|</?(?:b|strong|i|em|u)>|[“‘](?=[\d$\\])|(?<=[\d$])[”’]",
    re.IGNORECASE,
)


_GOES_ON = re.compile(
    r"[\s$*)]*(?:(?:[a-z]+\s)?or\s(?:more|less|fewer|larger|smaller|above|below|something|another)\b|at\s(?:most|least|minimum|maximum|the\svery)\b"
    r"|to\sthe\s\w+\spower\b|degrees\sbelow\b|times\s(?:as|the|that|this|its|his|her|their|more|less|fewer|what)\b|(?:[a-z]+\s)?(?:only\s(?:if|when)|if\s\w+\swere)\b"
    r"|(?:squared|cubed|factorial)\b|and\sa\s(?:half|third|quarter)|mod(?:ulo)?\s\$?\d"
    r"|,?\s*but\s(?:\w+\s){1,3}(?:must|has to|cannot)\b)",
    re.IGNORECASE,
)


_COUNTED = re.compile(  # "there are 8 integers less than 20"
    r"\bthere\s(?:are|is|were|will\sbe)\s(?:exactly\s|only\s|thus\s|therefore\s|a\stotal\sof\s)?[$*]*(\d[\d,]*)[$*]*\s[^\d,;]*\Z",
    re.IGNORECASE,
)
_ASKED_ALONE = re.compile(r"[^\s?]{1,20}\s*\?")
_RESIDUE = re.compile(r"\d[\s$(]+\\?[bp]?mod(?:ulo)?\s*\$?\Z")  # "it is 5 mod 7"


class Span(NamedTuple):
    """Where a value stands, and what is between its delimiters; a number has none."""

    start: int
    end: int
    inner_start: int = -1
    inner_end: int = -1


def unmarked(text: str) -> str:
    """Without marks of Markdown around values."""
    return _BOLD.sub("", text)


def sentence_end(text: str, start: int) -> int:
    """Where the sentence or the line ends that stands there."""
    found = _SENTENCE_END.search(text, start)
    return found.start() if found else len(text)


def sentence_before(text: str, at: int) -> str:
    """What stands before in the same sentence."""
    begin = max(0, at - LONGEST_SENTENCE)
    for found in _SENTENCE_END.finditer(text, begin, at):
        begin = found.end()
    return text[begin:at]


def _is_not_asserted(text: str, at: int) -> bool:
    """Whether it is the answer of somebody else, or of a supposition."""
    before = sentence_before(text, at)
    if (name := _NAME_OF_ANSWER.search(before)) is not None:
        return not is_title(name[1])
    answer = _ANSWER.search(before, max(map(before.rfind, (": ", "; "))) + 1)
    return answer is not None and not is_claimed(before[: answer.end() - len("answer")])


def last_value(text: str, *, stated: bool = False) -> str | None:
    """The last formula or number, with those that are joined to it and the unit behind it; None in a question.

    stated: nothing says that it is the answer, so that its sentence has to state it.
    """
    text = unmarked(text[-LONGEST_SEARCHED:])
    spans = list(_values(text))
    while spans and (
        (len(spans) > 1 and (_is_name(text, spans[-1]) or _is_beside(text, spans)))
        or _is_denied(text, spans[-1].start)
        or _CALLED_WRONG.match(text, spans[-1].end)
        or _is_not_asserted(text, spans[-1].start)
    ):
        spans.pop()
    if not spans or _is_asked(text, spans[-1].start):
        return None
    first = last = spans[-1]
    for span in reversed(spans[:-1]):
        between = text[span.end : first.start]
        if len(between) > _LONGEST_JOINT or not _BETWEEN.fullmatch(between) or _is_denied(text, span.start):
            break
        if between.strip(" $*)") == "to" and _MOVED.search(sentence_before(text, span.start)):
            break
        if _is_step(text, span) and not _ALTERNATIVE.search(between):
            break
        first = span
    together = _TWO_TIMES.search(text, max(0, len(text) - _LONGEST_RUN)) if ":" in text[-_LONGEST_JOINT:] else None
    if together is not None:
        return together.group()
    changed = changed_from(text, first.start)
    if changed is not None:
        counted = _COUNTED.search(sentence_before(text, first.start)) if stated else None
        return counted[1] if counted is not None else SEVERAL + text[changed : last.end]
    if _RESIDUE.search(text, max(0, first.start - _LONGEST_JOINT), first.start):
        return SEVERAL + text[first.start : last.end]
    behind = text[last.end : last.end + LONGEST_SENTENCE]
    if is_taken_back(behind):
        return None
    before = sentence_before(text, first.start)
    if (
        _GOES_ON.match(behind)
        or (stated and _GOING_ON.match(behind))
        or is_supposed(before)
        or (stated and _ASKED_ALONE.match(text, last.start))
    ):
        return SEVERAL + text[first.start : last.end]
    if stated and first is last and not is_stated(before, text[last.end : sentence_end(text, last.end)]):
        return SEVERAL + text[first.start : last.end]
    cut_off = is_cut_off(text)
    if cut_off is not None and cut_off < last.start and "\n" not in text[cut_off : last.start]:
        return text[cut_off : last.end]
    if first is not last:
        return _joined(text, first, last)
    return formula(text, last) if last.inner_start >= 0 else _number(text, last)


def _values(text: str) -> Iterator[Span]:
    at = 0
    for found in (*formulas(text), Span(len(text), len(text))):
        for number in _PLAIN.finditer(text, at, found.start):
            if _UNIT_POWER.search(text, max(0, number.start() - 4), number.start()):  # `cm^2`
                continue
            blanks = len(number.group()) - len(number.group().lstrip())
            yield Span(number.start() + blanks, number.end())
        at = found.end
        if found.inner_start >= 0 and text[found.inner_start : found.inner_end].strip():
            yield found


def formulas(text: str) -> Iterator[Span]:
    r"""Formulas between `$`, `$$`, `\(`, `\[` or in an aligned block."""
    absent: set[str] = set()
    at = 0
    while (found := _OPENING.search(text, at)) is not None:
        mark, begin = found.group(), found.end()
        closing = _CLOSING.get(mark, "\\end{" + mark[len("\\begin{") :])
        at = begin
        if closing in absent:
            continue
        if mark == "$":
            line = text.find("\n", begin)
            dollar = _DOLLAR.search(text, begin, len(text) if line < 0 else line)
            if dollar is None or not _is_formula(text[begin : dollar.start()]):
                at = dollar.start() if dollar else begin
                continue
            end = dollar.start()
        else:
            end = text.find(closing, begin)
            if end < 0:
                absent.add(closing)
                continue
        at = end + len(closing)
        yield Span(found.start(), at, begin, end)


def _is_formula(content: str) -> bool:
    """Not what stands between two amounts of money."""
    if not content.strip() or len(content) > _LONGEST_FORMULA:
        return False
    if not content.lstrip()[0].isdigit():
        return True
    return not plain_words(content) and not (content[-1] in " (" and content[0] != " ")


def _is_name(text: str, span: Span) -> bool:
    """Whether it only names something again: "for every $n$". A capital may be a choice."""
    name = text[span.inner_start : span.inner_end].strip() if span.inner_start >= 0 else ""
    return _NAME.fullmatch(name) is not None and name[0] == name[0].lower()


def _is_beside(text: str, spans: list[Span]) -> bool:
    """Whether the last value only numbers a part of the text, is what another one of its sentence is compared with or
    used for, or of another time than those before its sentence, and none of them.
    """
    other, span = spans[-2:]
    if _REFERENCE.search(text, max(0, span.start - _LONGEST_JOINT), span.start):
        return True
    if sentence_end(text, other.end) > span.start and (
        _BESIDE.search(text, other.start, span.start) is not None
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
    return bool(equals) and _NAME.fullmatch(left) is None


def _is_asked(text: str, at: int) -> bool:
    """Whether what stands there is part of a question."""
    if not text.startswith("?", sentence_end(text, at)):
        return False
    begin = 0
    for found in _SENTENCE_END.finditer(text, max(0, at - _LONGEST_SENTENCE), at):
        begin = found.end()
    return _QUESTION.match(text, begin) is not None or "answer" in text[begin:at]


def formula(text: str, span: Span) -> str | None:
    """What a formula says: its last line, behind the last implication, the last member of worked steps; its unit."""
    content = text[span.inner_start : span.inner_end].strip()
    opened = _ALIGNED.search(content)
    if opened or text.startswith("\\begin", span.start):
        rows = (opened.group(1) if opened else content).split(r"\\")
        last = next((row for row in reversed(rows) if row.strip()), "")
        content = last.replace("&", "").strip().lstrip("= ")
    content = _last_member(_IMPLIES.split(content)[-1].strip()).rstrip(".,; ")
    return (content + (unit(text, span.end) if _SCALAR.match(content) else "")).strip() or None


def _last_member(content: str) -> str:
    """The last member of worked steps or of a definition; an equation in unknowns and a list stay whole."""
    members = re.split(r"(?<![<>!:\\])=", content)
    if len(members) == 1 or "\\begin" in content or _SEVERAL.search(content):
        return content
    depth = 0
    for mark in content:
        depth += (mark in "({[") - (mark in ")}]")
        if mark == "=" and depth > 0:
            return content
    left, right = members[-2].strip(), members[-1].strip()
    is_worked = len(members) > 2 or not _LETTERS.search(left)
    is_worked = is_worked or (_NAME.fullmatch(left) is not None and not _LETTERS.search(right))
    return right if right and is_worked else content


def _joined(text: str, first: Span, last: Span) -> str:
    """Several values as they stand; numbers with the mathematics around them."""
    begin, end = first.start, last.end
    if first.inner_start < 0 and last.inner_start < 0 and "\n" not in text[begin:end]:
        begin, end = _widened(text, begin, end)
        named = _NAMED_BEFORE.search(text, max(0, begin - 10), begin)
        begin = named.start() if named else begin
    if text[begin:end].count("(") > text[begin:end].count(")") and text.startswith(")", end):
        end += 1
    return (text[begin:end] + unit(text, end)).strip(" ,;:")


def _number(text: str, span: Span) -> str:
    begin, end = _widened(text, span.start, span.end)
    if _IN_BRACKETS.fullmatch(text, begin, end):
        begin, end = span.start, span.end
    if text[end - 1] == "!" and _EXCLAIMED.match(text, begin):
        end = begin + len(text[begin:end].rstrip("!"))
    return (_last_member(_IMPLIES.split(text[begin:end])[-1].strip()) + unit(text, end)).strip(" ,;:")


def unit(text: str, at: int) -> str:
    """The words of a unit behind a value, with the blank before them; nothing where a sentence goes on."""
    end = at
    for count, piece in enumerate(re.finditer(r"[^\S\n]+([^\W\d_][^\s,;:!?()$]*)", text[at : at + _LONGEST_UNIT])):
        word = piece.group(1).lower().rstrip(".")
        if at + piece.start() != end or count >= _MOST_UNIT_WORDS or word in NOT_A_UNIT or word == "the":
            break
        if word in ("a", "an"):  # `dollars a day`
            following = text[at + piece.end() :].split(maxsplit=1)
            if not count or not following or following[0].lower().rstrip(".,;:") in NOT_A_UNIT:
                break
        end = at + piece.end()
        if piece.group(1).endswith(".") and word not in ("p.m", "a.m"):
            break
    return text[at:end].rstrip(".*_ ")


def run_from(text: str) -> str:
    """The mathematics that a text begins with, "and" and "or" between two pieces of it included."""
    end = 0
    for piece in re.finditer(r"\S+", text[:_LONGEST_RUN]):
        token = piece.group()
        if token.startswith(("i.e.", "e.g.", "(i.e.")):
            break
        if token in ("a", "I") or not _is_mathematics(token):
            following = text[piece.end() :].split(maxsplit=1)
            goes_on = bool(following) and following[0] != "a" and _is_mathematics(following[0])
            if token.lower() not in ("and", "or") or not end or not goes_on:
                break
        end = piece.end()
    return _closed(text[:end]).rstrip(" ,;:")


def _closed(run: str) -> str:
    """Without an explanation that a bracket begins: `42 (6 groups of 7)`."""
    opened = run.rfind(" (")
    return run[:opened] if opened > 0 and run.find(")", opened) < 0 else run


def _widened(text: str, begin: int, end: int) -> tuple[int, int]:
    """The run of mathematics on its line that a number is part of: `8x - 1`, `f(5)`, `[0, ∞)`; `5cm` whole, too."""
    line = max(text.rfind("\n", 0, begin) + 1, begin - _LONGEST_RUN)
    stop = text.find("\n", end, end + _LONGEST_RUN)
    pieces = [
        (line + piece.start(), line + piece.end())
        for piece in re.finditer(r"\S+", text[line : stop if stop >= 0 else end + _LONGEST_RUN])
    ]
    first = next(index for index, piece in enumerate(pieces) if piece[1] > begin)
    last = next(index for index, piece in reversed(list(enumerate(pieces))) if piece[0] < end)
    alone, lone = first, last
    if not all(_is_mathematics(text[slice(*piece)]) for piece in pieces[first : last + 1]):
        attached = _ATTACHED.match(text, end)
        return begin, attached.end() if attached else end
    while first > 0 and _leads(text, pieces, first, text[pieces[first][0] : end]):
        first -= 1
    run = text[pieces[first][0] : pieces[last][1]]
    while last + 1 < len(pieces) and _follows(text[slice(*pieces[last + 1])], run):
        last += 1
        run = text[pieces[first][0] : pieces[last][1]]
    if sum(map(run.count, "([{")) != sum(map(run.count, ")]}")):
        first, run = alone, text[pieces[alone][0] : pieces[lone][1]]
    return pieces[first][0], pieces[first][0] + len(_without_stop(run))


def _without_stop(run: str) -> str:
    """Without the stops at the end, but for the dots of an endless decimal."""
    run = run.rstrip(",;:?" + AROUND)
    return run if re.search(r"\d\.\d+\.\.\.\Z", run) else run.rstrip(".,;:?" + AROUND)


def _is_mathematics(token: str) -> bool:
    core = token.rstrip(".,;:!?*_") or token
    return MATHEMATICS.match(core) is not None


def _leads(text: str, pieces: list[tuple[int, int]], first: int, run: str) -> bool:
    """Whether the piece before the run belongs to it."""
    token = text[slice(*pieces[first - 1])]
    inside = sum(map(run.count, ")]}")) > sum(map(run.count, "([{"))
    if token in ("a", "I", "A", "|", "•", "–", "—", "->", "→") or not _is_mathematics(token):
        return False
    if first == 1 and (token in ("-", "*", ">", "+") or re.fullmatch(r"[\w(]{1,3}[.)]", token)):
        return False
    return inside or token[-1] not in ",;:.?!"


def _follows(token: str, run: str) -> bool:
    """Whether a piece behind the run belongs to it."""
    inside = sum(map(run.count, "([{")) > sum(map(run.count, ")]}"))
    if token in ("a", "I", "|", "•", "–", "—") or not _is_mathematics(token) or (token[0] in "([" and not inside):
        return False
    return inside or run[-1] not in ",;:.?!"
