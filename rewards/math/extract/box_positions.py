r"""Where the boxes of a text are: the complete ones, one that is cut off, and what is left without them.

Example:
    >>> [box.end for box in boxes(r"\boxed{3} and \boxed{4}")], is_cut_off(r"so \boxed{3"), unboxed(r"so \boxed{3}.")
    ([9, 23], 3, 'so .')
"""

from __future__ import annotations

import re
from typing import NamedTuple

from rewards.math.late import late

_MARK = late(
    r"""\\(?:boxed|fbox)(?![a-zA-Z])\s*(?:
        (?P<open>\{)
      | (?P<plain>[-+−]?(?:\\?\$)?\d[\w.,/]* | [a-zA-Z](?![a-zA-Z]) | \\[a-zA-Z]+(?:\s?\w+|(?:\{[^{}]*\})*))
    )?
    | \\. | [{}]""",
    re.VERBOSE | re.DOTALL,
)
_COMMAND = late(r"\\(?:boxed|fbox)(?![a-zA-Z])")


class Box(NamedTuple):
    """The position of a box: of its command, of its content, and of the first character after it."""

    start: int
    content_start: int
    content_end: int
    end: int


def boxes(text: str) -> list[Box]:
    """The complete boxes that are not inside another one, in order."""
    found: list[Box] = []
    open_braces: list[tuple[int, int]] = []  # start of the box, or -1; behind the brace
    has_both = "\\fbox" in text
    begin = _next_command(text, 0, has_both)
    while begin >= 0:
        for mark in _MARK.finditer(text, begin):
            kind, seen = mark.lastgroup, mark.group()
            if kind == "plain":
                end = mark.end() - len(seen) + len(seen.rstrip(".,/"))
                found.append(Box(mark.start(), mark.start("plain"), end, end))
            elif kind == "open":
                open_braces.append((mark.start(), mark.end()))
            elif seen == "{":
                open_braces.append((-1, mark.end()))
            elif seen == "}" and open_braces:
                start, content = open_braces.pop()
                if start >= 0:
                    while found and found[-1].start > start:  # they stand in this one
                        found.pop()
                    found.append(Box(start, content, mark.start(), mark.end()))
                    if not open_braces:  # what stands between boxes changes nothing
                        begin = _next_command(text, mark.end(), has_both)
                        break
        else:
            break
    return found


def _next_command(text: str, at: int, has_both: bool) -> int:
    """Where to continue: at the backslashes before the next box, or -1 if there is none.

    has_both: `\\fbox` is searched for as well.
    """
    if has_both:
        found = _COMMAND.search(text, at)
        begin = -1 if found is None else found.start()
    else:
        begin = text.find("\\boxed", at)
    while begin > at and text[begin - 1] == "\\":  # a pair of them is a line break
        begin -= 1
    return begin


def is_cut_off(text: str) -> int | None:
    """Where the last box that is opened and never closed begins, or None."""
    open_braces: list[int] = []
    for mark in _MARK.finditer(text):
        if mark.group("open"):
            open_braces.append(mark.start())
        elif mark.group() == "{":
            open_braces.append(-1)
        elif mark.group() == "}" and open_braces:
            open_braces.pop()
    return next((start for start in reversed(open_braces) if start >= 0), None)


def unboxed(text: str) -> str:
    """The text without its complete boxes."""
    kept, at = [], 0
    for box in boxes(text):
        kept.append(text[at : box.start])
        at = box.end
    return "".join((*kept, text[at:])) if kept else text


def opened(content: str) -> str:
    """The content without the commands of boxes inside it. A content that is only a box gives that box's content."""
    if not _COMMAND.search(content):
        return content
    content = _COMMAND.sub("", content).strip()
    closing: dict[int, int] = {}
    open_braces: list[int] = []
    for mark in _MARK.finditer(content):
        if mark.group() == "{":
            open_braces.append(mark.start())
        elif mark.group() == "}" and open_braces:
            closing[open_braces.pop()] = mark.start()
    begin, end = 0, len(content)
    while begin < end and closing.get(begin) == end - 1:
        begin, end = begin + 1, end - 1
        while begin < end and content[begin].isspace():
            begin += 1
        while begin < end and content[end - 1].isspace():
            end -= 1
    return content[begin:end]
