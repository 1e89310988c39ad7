r"""Finds values in running text, and how far each of them extends.

A value is a formula between delimiters or, without delimiters, a number or the run of mathematics that it is part of
(`8x - 1`, `(2, 3)`, `\frac{1}{2}`), with the unit after it.

Example:
    >>> text = "So $x = 3$ and 7 oranges are left."
    >>> [text[span.start : span.end] for span in values(text)]
    ['$x = 3$', '7']
    >>> number(text, list(values(text))[1])
    '7 oranges'
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from rewards.math.extract.plain_words import FUNCTION, NOT_A_UNIT, plain_words
from rewards.math.late import late

_LONGEST_FORMULA = 1000
_LONGEST_RUN = 300
_LONGEST_UNIT = 80
_MOST_UNIT_WORDS = 3
_LATER = late(
    r"\s(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\s"
    r"(?:minutes?|hours?|days?|weeks?|months?|years?)\s(?:later|ago|from\snow|hence|earlier)\b"
)
_EVERY = late(r"\s(?:an?|per|each|every|in|this|last|daily|weekly)\s")  # "3 times a day"
AROUND = " \t\n\r*_`\"'“”«»"
"""Characters around a value that are not part of it."""
VULGAR = "¼-¾⅐-⅞↉"
_SCALE = r"(?:\s(?:dozen|hundred|thousand|million|billion|trillion)\b)?"
_NUMBER = (
    rf"(?:\\?[$€£¥]\s?)?(?:\d+(?:(?:,|\{{,\}}|,\\!|\\,)\d+)*(?:\.\d+)?(?:\.\.\.|…)?[{VULGAR}]?|\.\d+|[{VULGAR}])"
    rf"(?:[eE][+-]?\d+)?(?:/\d+)?(?:\s?\\?[%％])?{_SCALE}"
)
_PLAIN = late(rf"(?<![\w.)])[-+−]?\s?{_NUMBER}|{_NUMBER}")
_NAMED_BEFORE = late(r"(?<!\w)[a-zA-Z]\s*=\s*\Z")
_UNIT_POWER = late(r"(?:[ckm]?m|ft|in|yd|mi)\^\{?\Z")
_LETTER = r"(?![²³¹⁰-₟¼-¾⅐-⅞])[^\W\d_]"
MATHEMATICS = late(
    rf"(?>(?:\\(?:text|mathrm|mbox|operatorname)\{{[^{{}}]*\}}|\\[a-zA-Z]++|(?:{FUNCTION})(?!{_LETTER})"
    rf"|{_LETTER}(?!{_LETTER})|(?<=[\d^*/=+])[a-zA-Z]{{2,3}}(?!{_LETTER})|[\d_²³¹⁰-₟¼-¾⅐-⅞]|[^\w\s])+)\Z",
    re.IGNORECASE,
)
"""A token that is mathematics: it contains no word."""
_ATTACHED = late(r"\s?[a-zA-Z]{1,4}(?![\w-])|[!°′″]|\^\{?\w+\}?")
_EXCLAIMED = late(r"(?<=[\w,:–—-]\s)[-+−]?\\?\$?\d[\d.,]*!+[*_\s]*(?=\Z|\n|\s[A-Z])")  # at the end of a sentence
NAME = late(r"\s*(?!\\(?:pi|infty|emptyset|varnothing)(?![a-zA-Z]))\\?[a-zA-Z]+\w?(?:_\{?\w\}?)?'?\s*")
_IN_BRACKETS = late(r"\(\s*\\?[$€£][\d.,]+\s*\)")  # "eight dollars ($8)"
_ONE_LETTER = late(r"\s*[a-zA-Z]\s*")
_LETTERS = late(r"(?<![a-zA-Z\\])[a-zA-Z](?![a-zA-Z])")
_SCALAR = late(r"(?:[\d\s./{}+-]|\\(?:[dt]?frac|sqrt|pi|cdot|times)(?![a-zA-Z])|\\[,!])+\Z")
_SEVERAL = late(r",(?!\d{3}(?!\d)|\\!)(?!\})|;|\\(?:text|mbox|quad|qquad|land|lor)(?![a-zA-Z])")
_OPENING = late(r"\$\$|(?<!\\)\$|\\\(|\\\[|\\begin\{(?:align|gather|equation)\*?\}")
_CLOSING = {"$$": "$$", "$": "$", "\\(": "\\)", "\\[": "\\]"}
_DOLLAR = late(r"(?<!\\)\$")
_ALIGNED = late(
    r"\\begin\{(?:align|aligned|gather|gathered|split|eqnarray|equation)\*?\}(.*?)(?:\\end\{[a-z]+\*?\}|\Z)", re.DOTALL
)
_IMPLIES = late(r"\\(?:Rightarrow|implies|Longrightarrow|iff|Leftrightarrow|therefore)(?![a-zA-Z])|⇒|=>|⟹")


_MINUS = ("–", "—", "+", "-", "*", "/", "×", "÷")


class Span(NamedTuple):
    """The position of a value, and of the content between its delimiters; a number has no delimiters."""

    start: int
    end: int
    inner_start: int = -1
    inner_end: int = -1


def values(text: str) -> Iterator[Span]:
    """All formulas and numbers of a text, in order."""
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
    """Whether the content is a formula, and not the text between two amounts of money."""
    if not content.strip() or len(content) > _LONGEST_FORMULA:
        return False
    if not content.lstrip()[0].isdigit():
        return True
    return not plain_words(content) and not (content[-1] in " (" and content[0] != " ")


def formula(text: str, span: Span) -> str | None:
    """The value of a formula, with its unit: on its last line, after the last implication, the last member of worked
    steps.
    """
    content = text[span.inner_start : span.inner_end].strip()
    opened = _ALIGNED.search(content)
    if opened or text.startswith("\\begin", span.start):
        rows = (opened.group(1) if opened else content).split(r"\\")
        last = next((row for row in reversed(rows) if row.strip()), "")
        content = last.replace("&", "").strip().lstrip("= ")
    content = _last_member(_IMPLIES.split(content)[-1].strip()).rstrip(".,; ")
    return (content + (unit(text, span.end) if _SCALAR.match(content) else "")).strip() or None


def _last_member(content: str, *, is_whole: bool = True) -> str:
    """The last member of worked steps or of a definition; an equation in unknowns and a list stay whole."""
    members = re.split(r"(?<![<>!:\\])=", content)
    if len(members) == 1 or "\\begin" in content or _SEVERAL.search(content):
        return content
    if len(members) > 2 and all(map(_ONE_LETTER.fullmatch, members[:-1])):  # `a = b = -2`
        return content
    depth = 0
    for mark in content:
        depth += (mark in "({[") - (mark in ")}]")
        if mark == "=" and depth > 0:
            return content
    left, right = members[-2].strip(), members[-1].strip()
    if is_whole and left.isdecimal() and right.isdecimal() and int(left) != int(right):  # a false one
        return content
    if right[:1].islower() and NAME.fullmatch(right) is not None and not _LETTERS.search(left):  # `7 = x`
        return content
    is_worked = len(members) > 2 or not _LETTERS.search(left)
    is_worked = is_worked or (NAME.fullmatch(left) is not None and not _LETTERS.search(right))
    return right if right and is_worked else content


def joined(text: str, first: Span, last: Span) -> str:
    """Several values as written; numbers with the mathematics around them."""
    begin, end = first.start, last.end
    if first.inner_start < 0 and last.inner_start < 0 and "\n" not in text[begin:end]:
        begin, end = _widened(text, begin, end)
        named = _NAMED_BEFORE.search(text, max(0, begin - 10), begin)
        begin = named.start() if named else begin
    if text[begin:end].count("(") > text[begin:end].count(")") and text.startswith(")", end):
        end += 1
    return (text[begin:end] + unit(text, end)).strip(" ,;:")


def number(text: str, span: Span) -> str:
    """A number as written, with the mathematics that it is part of and its unit."""
    begin, end = _widened(text, span.start, span.end)
    if _IN_BRACKETS.fullmatch(text, begin, end):
        begin, end = span.start, span.end
    if text[end - 1] == "!" and _EXCLAIMED.match(text, begin):
        end = begin + len(text[begin:end].rstrip("!"))
    is_whole = not text[max(0, begin - 3) : begin].rstrip().endswith(_MINUS)
    last = _last_member(_IMPLIES.split(text[begin:end])[-1].strip(), is_whole=is_whole)
    return (last + unit(text, end)).strip(" ,;:")


def unit(text: str, at: int) -> str:
    """The unit words after a value, with the space before them; empty if the words continue the sentence."""
    end = at
    for count, piece in enumerate(re.finditer(r"[^\S\n]+([^\W\d_][^\s,;:!?()$]*)", text[at : at + _LONGEST_UNIT])):
        word = piece.group(1).lower().rstrip(".")
        if at + piece.start() != end or count >= _MOST_UNIT_WORDS or word in NOT_A_UNIT or word == "the":
            break
        if word in ("a", "an"):  # `dollars a day`
            following = text[at + piece.end() :].split(maxsplit=1)
            if not count or not following or following[0].lower().rstrip(".,;:") in NOT_A_UNIT:
                break
        if _LATER.match(text, at + piece.start()) is not None:
            break
        end = at + piece.end()
        if word == "times" and _EVERY.match(text, end) is not None:
            break
        if piece.group(1).endswith(".") and word not in ("p.m", "a.m"):
            break
    return text[at:end].rstrip(".*_ ")


def run_from(text: str) -> str:
    """The mathematics at the beginning of a text, including "and" and "or" between two pieces of it."""
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
    """The run without an explanation in brackets: `42 (6 groups of 7)`."""
    opened = run.rfind(" (")
    return run[:opened] if opened > 0 and run.find(")", opened) < 0 else run


def _widened(text: str, begin: int, end: int) -> tuple[int, int]:
    """The run of mathematics around a number, on its line: `8x - 1`, `f(5)`, `[0, ∞)`, `5cm`."""
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
    """The run without full stops at its end, except the dots of an endless decimal."""
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
    """Whether the piece after the run belongs to it."""
    inside = sum(map(run.count, "([{")) > sum(map(run.count, ")]}"))
    if token in ("a", "I", "|", "•", "–", "—") or not _is_mathematics(token) or (token[0] in "([" and not inside):
        return False
    return inside or run[-1] not in ",;:.?!"
