r"""Where the answer of a response stands. One extractor for every reward; two named policies.

What the model thinks is no answer: text inside `<think>…</think>` never counts, nor what stands before a lone
`</think>`; after a `<think>` that never ends there is no answer at all.

`strict` looks at three forms, in this order, and takes the last of the first that is present:

1. `\boxed{…}` (or `\fbox{…}`), the last complete one; a box that holds nothing but a box is opened;
2. `<answer>…</answer>`, the last pair;
3. `#### …` to the end of its line, the last one.

`lenient` takes a response that is nothing but an answer (one line, no prose), then those three, then what follows the
last "answer is" or "answer:", then the last number, with the maths or the expression that it is part of; numbers joined
by `or`, `and` or a comma are taken together, since an answer that is one of several is none. Of several boxes only the
last counts, also where `or` stands between them: official solutions of MATH box two forms of one answer so. A response
of a few words with no number is an answer as it stands.

`form` names one of the three forms; then that is the only place looked at, under either policy.

Every step is linear in the length of the response.

Example:
    >>> extract(r"so \boxed{3}, no: \boxed{4}", policy="strict")
    Extracted(text='4', form='boxed')
    >>> extract("<think>it is 5</think>", policy="lenient") is None
    True
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from rewards.types import Policy

Form: TypeAlias = Literal["any", "boxed", "answer_tag", "hash"]

_THINK = re.compile(r"</?think>")
_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")
_BARE_BOX = re.compile(r"\\(?:boxed|fbox)\s+(-?\w[\w.,/]*)")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_SAID = re.compile(r"answer\**(?:\s+is|\s*:|\s*=)\s*:?(?:(?<=:)\*\*)?", re.IGNORECASE)
_SCALE = r"(?:\s(?:hundred|thousand|million|billion|trillion)\b)?"
_NUMBER = rf"(?:[$€£]\s?)?(?:\d+(?:,\d+)*(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?(?:/\d+)?(?:\s?%)?{_SCALE}"
_SIGNED = rf"(?<![\w.)]){'[-+−]'}?\s?{_NUMBER}|{_NUMBER}"
_LAST = re.compile(_SIGNED)
_JOINED = re.compile(r"\s*(?:,\s*(?:or|and)?|\bor\b|\band\b|[-–]|\bto\b)\s*", re.IGNORECASE)
_BETWEEN = re.compile(rf"[\s$*)]*{_JOINED.pattern}[\s$*(]*", re.IGNORECASE)
_AFTER_NUMBER = re.compile(r"$|,?\s+[^\W\d_]{2,}|\s*\(")
# Further on in the sentence: another value may be meant.
_HEDGE = re.compile(r"(?<![^\W\d_])(?:or|maybe|perhaps|possibly|alternatively)(?![^\W\d_])\D{0,20}\d", re.IGNORECASE)
# Right behind a value: it goes on with another one.
_GOES_ON = re.compile(
    r"[\s$*)]*(?:,?\s*or(?![^\W\d_])|(?:,\s*(?:and)?|and(?![^\W\d_])|[-–;|/&~]|to(?![^\W\d_]))[\s$*(]*[-+−]?\s*[\d.\\])",
    re.IGNORECASE,
)
# What makes a number part of an expression: a mark of mathematics on either side, or a letter or bracket at it.
_PART_BEFORE = re.compile(r"(?:[\w^{}\\(=/*|!.]|\d:)$")
_PART_AFTER = re.compile(r"[a-zA-Z](?![a-zA-Z])|[a-zA-Z]?[\^_(\\{}]|[!+*/](?=\w)")
_BEFORE = re.compile(r"\S+\Z")
_BEHIND = re.compile(r"\S+")
_AROUND = "*.,;:!?\"'`$"
_COMMAND = re.compile(r"\\(?:text|mathrm|mbox|textbf|operatorname)\s*\{[^{}]*\}|\\[a-zA-Z]+")
_WORD = re.compile(r"[^\W\d_]{2,}")
_MATHS = re.compile(r"\$([^$\n]+)\$|\\\((.+?)\\\)|\\\[(.+?)\\\]", re.DOTALL)
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|\n")
_LONGEST_BARE = 200
_LONGEST_SAID = 1000
_LONGEST_JOINT = 20
_LONGEST_LINE = 1000
_MOST_NESTED = 3


@dataclass(frozen=True, slots=True)
class Extracted:
    """An answer as it stands in the response, and the form it was found in."""

    text: str
    form: str


def visible(response: str, *, prefilled: bool = False) -> str | None:
    """The response without its thinking; None when the thinking never ends.

    prefilled: the prompt ended in `<think>`, so the response begins inside it.
    """
    kept: list[str] = []
    inside, at = prefilled, 0
    for tag in _THINK.finditer(response):
        if tag.group() == "<think>":
            if not inside:
                kept.append(response[at : tag.start()])
            inside = True
        else:
            if not inside:
                kept.clear()
            inside = False
        at = tag.end()
    if inside:
        return None
    kept.append(response[at:])
    return "".join(kept)


def last_box(text: str) -> str | None:
    r"""The content of the last complete `\boxed{…}` that stands in no other box."""
    starts = {match.end() - 1 for match in _BOX.finditer(text)}
    # TeX lets a box go without braces, around one token: `\\boxed 9`.
    closed = [(match.start(1) - 1, match.end(1)) for match in _BARE_BOX.finditer(text)]
    if not starts and not closed:
        return None
    open_braces: list[int] = []
    for match in _BRACE.finditer(text):
        if match.group() == "{":
            open_braces.append(match.start())
        elif match.group() == "}" and open_braces:
            start = open_braces.pop()
            if start in starts:
                closed.append((start, match.start()))
    last: tuple[int, int] | None = None
    for start, end in sorted(closed):
        if last is None or start > last[1]:
            last = (start, end)
    if last is None:
        return None
    content = text[last[0] + 1 : last[1]].strip()
    for _ in range(_MOST_NESTED):
        inner = _BOX.match(content)
        if inner is None or not _closes_at_end(content, inner.end() - 1):
            break
        content = content[inner.end() : -1].strip()
    return content


def _closes_at_end(text: str, start: int) -> bool:
    """Whether the brace at `start` is closed by the last character."""
    depth = 0
    for match in _BRACE.finditer(text, start):
        depth += {"{": 1, "}": -1}.get(match.group(), 0)
        if depth == 0:
            return match.end() == len(text)
    return False


def answer_tag(text: str) -> str | None:
    """What stands in the last `<answer>…</answer>`."""
    end = text.rfind("</answer>")
    start = text.rfind("<answer>", 0, max(end, 0))
    if end < 0 or start < 0:
        return None
    content = text[start + len("<answer>") : end].strip()
    boxed = last_box(content)
    return content if boxed is None else boxed


def hash_line(text: str) -> str | None:
    """What follows the last `####` on its line."""
    start = text.rfind("####")
    return None if start < 0 else text[start + 4 :].partition("\n")[0].strip()


def bare(text: str) -> str | None:
    """A response that is nothing but an answer: one short line without prose."""
    line = text.strip()
    if not line or "\n" in line or len(line) > _LONGEST_BARE:
        return None
    if any(mark in line for mark in ("\\boxed", "\\fbox", "<answer>", "####")):
        return None
    return None if _WORD.search(_COMMAND.sub(" ", line)) else line


def said(text: str) -> str | None:
    """What follows the last "answer is" or "answer:": the maths or bold that begins it, else the sentence's value.

    Where the sentence goes on with another value, all of it, which is then no single answer.
    """
    place = None
    for match in _SAID.finditer(text):
        place = match.end()
    if place is None:
        return None
    rest = text[place : place + _LONGEST_SAID].lstrip()
    begun = _MATHS.match(rest)
    if begun and not _goes_on(rest, begun.end()):
        return next(group for group in begun.groups() if group is not None).strip()
    bold = rest.find("**", 2) if rest.startswith("**") else -1
    if bold > 0 and not _goes_on(rest, bold + 2):
        rest = rest[2:bold].strip()
    sentence = rest[: _sentence_end(rest, 0)].strip().strip("*").rstrip(".,;:")
    number = _LAST.match(sentence)
    if number and not _goes_on(sentence, number.end()) and _AFTER_NUMBER.match(sentence, number.end()):
        return number.group().strip()
    return sentence or None


def _sentence_end(text: str, start: int) -> int:
    end = _SENTENCE_END.search(text, start)
    return end.start() if end else len(text)


def _goes_on(text: str, at: int) -> bool:
    """Whether what follows a value, up to the end of its sentence, offers another one."""
    if _GOES_ON.match(text, at):
        return True
    return _HEDGE.search(text, at, _sentence_end(text, at)) is not None


def last_number(text: str) -> str | None:
    """The last number, with those that `or`, `and` or a comma join to it, or the expression that it is part of."""
    first: int | None = None
    end = 0
    for match in _LAST.finditer(text):
        near = first is not None and match.start() - end <= _LONGEST_JOINT
        if not (near and _BETWEEN.fullmatch(text, end, match.start())):
            first = match.start()
        end = match.end()
    if first is None:
        return None
    first += len(text[first:end]) - len(text[first:end].lstrip())
    return _maths_around(text, first, end) or _expression_around(text, first, end)


def _maths_around(text: str, first: int, end: int) -> str | None:
    """The maths on this line that holds what stands there, without the left sides of its equations."""
    begin = text.rfind("\n", max(0, first - _LONGEST_LINE), first) + 1
    if not begin and first > _LONGEST_LINE:
        return None
    for maths in _MATHS.finditer(text, begin, end + _LONGEST_LINE):
        if maths.start() <= first and end <= maths.end():
            content = next(group for group in maths.groups() if group is not None)
            return content.rpartition("=")[2].strip() or content.strip()
    return None


def _expression_around(text: str, first: int, end: int) -> str:
    """A number as it stands; where more is written right at it (`5x`, `10^5`), all up to the next white space."""
    before = next((m for m in _BEFORE.finditer(text, max(0, first - _LONGEST_BARE), first)), None)
    begin = before.start() if before else first
    if _PART_BEFORE.search(text, begin, first) or _PART_AFTER.match(text, end):
        behind = _BEHIND.match(text, end, end + _LONGEST_BARE)
        whole = text[begin : behind.end() if behind else end].strip(_AROUND)
        return whole.rpartition("=")[2] or whole
    return text[first:end].rstrip(" ,")


def words(text: str) -> str | None:
    """A response of a few words with no number in it."""
    line = text.strip().strip("*").rstrip(".")
    return line if line and "\n" not in line and len(line.split()) <= 4 and len(line) <= 60 else None


_FORMS: dict[str, Callable[[str], str | None]] = {"boxed": last_box, "answer_tag": answer_tag, "hash": hash_line}
_STEPS: dict[Policy, dict[str, Callable[[str], str | None]]] = {
    "strict": _FORMS,
    "lenient": {"bare": bare, **_FORMS, "said": said, "number": last_number, "words": words},
}


def extract(response: str, *, policy: Policy, form: Form = "any", prefilled: bool = False) -> Extracted | None:
    """The answer that a policy finds, or None. An empty box, tag or line is no answer under `strict`."""
    text = visible(response, prefilled=prefilled)
    if text is None:
        return None
    steps = _STEPS[policy] if form == "any" else {form: _FORMS[form]}
    for name, step in steps.items():
        found = step(text)
        if found is None:
            continue
        if found:
            return Extracted(found, name)
        if policy == "strict":
            return None
    return None
