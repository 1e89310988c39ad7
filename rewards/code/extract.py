"""Extract the program from a response.

Thinking is ignored: text inside `<think>…</think>`, or before a lone `</think>`; after an unclosed `<think>` there is
no program. If there is an `<answer>` outside of all fences, only the last one is searched.

`fenced` takes the last non-blank fenced block that can be the program: its tag names the program's language, or it has
another tag or none, but is Python that does something (or continues the prompt of a `check` reference). So commands and
outputs behind the program do not replace it, while a last program that is broken does. If no block can be the program,
the last one is it. Without a block, it is the whole text if that parses (or is in a language that is not parsed here).
`code` takes the whole text.

Tokens that end a turn are dropped at the end of the text. A fence is three or more backticks or tildes, ended by at
least as many of the same; the opening one may follow text on its line, be indented or stand in a block quote (`> `),
and then its block is dedented. A block that is never closed reaches to the end. A fence that names a language inside an
open block opens a block in it: it belongs to the outer one (a docstring's example), unless the outer one is Markdown,
or was left open and does not parse. Fences that name nothing, in a text of a Python program, end no block: what stands
around them parses with them, and not without. Linear in the length, but for parsing, which is capped.

Example:
    >>> program_of("First:\\n```python\\nx = 1\\n```\\nBetter:\\n~~~py\\nx = 2\\n~~~")
    'x = 2\\n'
    >>> program_of("print(1)")
    'print(1)'
    >>> program_of("I would print one.") is None
    True
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from rewards.code.references import Extraction
from rewards.math.extract import visible, without_end_of_turn

LONGEST_PARSED = 100_000
"""In characters; a longer text without fences is not a program."""

_FENCE = re.compile(
    r"(?:(?P<before>[^`\n]*?)(?P<ticks>`{3,})(?P<info>[^`\n]*)|(?P<indent>[ \t]*)(?P<tildes>~{3,})(?P<rest>.*))\Z"
)
_INFO = re.compile(r"[ \t]*(?:\{?\.?(?P<language>[\w+#.-]+)[^\n]*)?\Z")
_TAG = re.compile(r"</?answer>")
_MARKDOWN = {"markdown", "md"}
_DEEPEST = 3
_UNSEEN = " \xa0\u3000\t\r\n\f\v\u200b\u200c\u200d\u2060\ufeff"
_QUOTED = re.compile(r"(?:[ \t]*>)+[ \t]*\Z")  # a block quote
_QUOTES = re.compile(r"\"{3}|'{3}")
_MOST_IN_TEXTS = 6  # blocks
_TAGS = {
    "python": re.compile(r"py(?:thon)?[\d.]*"),
    "c": re.compile(r"c\d*"),
    "cpp": re.compile(r"(?:c\+\+|cpp|cxx|cc)\d*"),
    "java": re.compile(r"java"),
    "javascript": re.compile(r"javascript|js|mjs|node(?:js)?"),
    "go": re.compile(r"go(?:lang)?"),
    "rust": re.compile(r"rust|rs"),
    "bash": re.compile(r"bash|sh|shell"),
}
_ACTS = (ast.Call, ast.Await, ast.NamedExpr, ast.Yield, ast.YieldFrom)
_SKIPPED = 1_000  # for each block that is no program, in addition to its length, of `LONGEST_PARSED`


@dataclass(slots=True)
class _Block:
    """A fenced block with content from `start` to `end`. inner: blocks opened inside it."""

    fence: str
    indent: str
    language: str
    start: int
    end: int
    closed: bool = False
    inner: list[_Block] = field(default_factory=list)


def program_of(
    response: str,
    extract: Extraction = "fenced",
    *,
    language: str = "python",
    prompt: str = "",
    prefilled: bool = False,
) -> str | None:
    """The program in a response; None if there is none.

    language: of the program; only Python is parsed. prompt: code that the program may continue (HumanEval).
    prefilled: the prompt ended in `<think>`, so the response begins inside it.
    """
    text = visible(without_end_of_turn(response).removeprefix("\ufeff"), prefilled=prefilled)
    if text is None or not text.strip():
        return None
    if extract == "code":
        return text

    def is_program(source: str) -> bool:
        return language == "python" and (parses(source) or (bool(prompt) and parses(prompt + source)))

    blocks = _blocks(text)
    start, end = _answer(text, blocks)
    if found := [block for block in blocks if start <= block.start <= end]:
        return _last_program(text, found, end, language, is_program)
    whole = _without_blank_lines_around(text[start:end])
    return whole if whole and (language != "python" or is_program(whole)) else None


def _last_program(
    text: str, blocks: list[_Block], limit: int, language: str, is_program: Callable[[str], bool]
) -> str | None:
    """The last block that can be the program, else the last block; None if all are blank. What is after the last block
    that can be the program is parsed, for a bounded time, unless there is only one block.
    """
    last = None
    to_read = LONGEST_PARSED
    for at, tag, content in _contents(text, blocks, limit, is_program):
        if last is None:
            last = content
            before = blocks[: at + 1]
            if language == "python" and (whole := _around_fences_in_texts(text, before, limit, is_program, content)):
                return whole
            if len(blocks) == 1 and not blocks[0].inner:
                return content
        if _can_be(tag, content, language, is_program):
            return content
        to_read -= len(content) + _SKIPPED
        if to_read < 0:
            break
    return last


def _can_be(tag: str, source: str, language: str, is_program: Callable[[str], bool]) -> bool:
    """Whether a block can be the program, by its tag, or as Python that does something."""
    if language == "python" and source.lstrip().startswith(">>>"):  # a session
        return False
    if _TAGS[language].fullmatch(tag):
        return True
    tree = _tree(source) if language == "python" else None
    return is_program(source) if tree is None else _acts(tree)


def parses(source: str) -> bool:
    """Whether the text parses as Python. Never raises; False for texts longer than `LONGEST_PARSED`."""
    return _tree(source) is not None


def _tree(source: str) -> ast.Module | None:
    if len(source) > LONGEST_PARSED:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about escape sequences and comparisons in the program
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return None


def _acts(tree: ast.Module) -> bool:
    """Whether a program does something: `True`, `[1, 2]` and `Time: O(n)` are outputs or notes that also parse."""
    return any(
        statement.value is not None
        if isinstance(statement, ast.AnnAssign)
        else not isinstance(statement, ast.Expr) or any(isinstance(node, _ACTS) for node in ast.walk(statement))
        for statement in tree.body
    )


# --- fences -----------------------------------------------------------------------------------------------------------


def _blocks(text: str) -> list[_Block]:
    """The outermost fenced blocks, in order."""
    found: list[_Block] = []
    opened: list[_Block] = []
    for start, end in _lines(text):
        fence = _fence(text[start:end])
        if fence is None:
            continue
        if opened and fence.closes(opened[-1]):
            opened[-1].end, opened[-1].closed = start, True
            opened.pop()
            continue
        if fence.language is None or (opened and not (fence.alone and fence.language)):
            continue
        if len(opened) == _DEEPEST:  # too many unclosed blocks: start over with this one
            for block in opened:
                block.end = start
            opened.clear()
        made = _Block(fence.mark, fence.indent, fence.language, start=min(end + 1, len(text)), end=len(text))
        (opened[-1].inner if opened else found).append(made)
        opened.append(made)
    return found


class _Fence(NamedTuple):
    """A line with a fence. alone: nothing precedes it. language: the tag after it; None if it is not a language tag."""

    mark: str
    indent: str
    alone: bool
    language: str | None
    bare: bool

    def closes(self, block: _Block) -> bool:
        return self.alone and self.bare and self.mark.startswith(block.fence)


def _fence(line: str) -> _Fence | None:
    if "```" not in line and "~~~" not in line:
        return None
    match = _FENCE.match(line.rstrip(_UNSEEN))
    if match is None:
        return None
    mark, before = match["ticks"] or match["tildes"], match["before"] or match["indent"] or ""
    rest = match["info"] or match["rest"] or ""
    info = _INFO.match(rest)
    alone = not before.strip() or _QUOTED.match(before) is not None
    return _Fence(
        mark=mark,
        indent=before if alone else "",
        alone=alone,
        language=None if info is None else (info["language"] or "").lower(),
        bare=not rest.strip(),
    )


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each line, without its newline."""
    start = 0
    while start <= len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield start, end
        start = end + 1


def _answer(text: str, blocks: list[_Block]) -> tuple[int, int]:
    """The span to search: inside the last `<answer>`, or everything. An unclosed block does not hide the end of an
    answer.
    """
    covered = [(block.start, block.end) for block in blocks if block.closed]
    opened = closed = None
    at = 0
    for tag in _TAG.finditer(text):
        while at < len(covered) and covered[at][1] <= tag.start():
            at += 1
        if at < len(covered) and covered[at][0] <= tag.start():
            continue
        if tag.group() == "<answer>":
            opened, closed = tag.end(), None
        elif opened is not None and closed is None:
            closed = tag.start()
    if opened is None:
        return 0, len(text)
    return opened, len(text) if closed is None else closed


def _contents(
    text: str, blocks: list[_Block], limit: int, is_program: Callable[[str], bool]
) -> Iterator[tuple[int, str, str]]:
    """The blocks that are not blank, from the last to the first: the index, the tag and the content of each. What is
    inside a block comes instead of it, if the block is Markdown, or was left open and is no program.
    """
    for at in reversed(range(len(blocks))):
        block = blocks[at]
        content = _dedented(text[block.start : min(block.end, limit)], block.indent).removeprefix("\ufeff")
        if not block.closed:
            content = _without_fence_at_end(content, block.fence)
        inside = False
        if block.inner and (block.language in _MARKDOWN or not (block.closed or is_program(content))):
            for _, tag, found in _contents(text, block.inner, limit, is_program):
                inside = True
                yield at, tag, found
        if not inside and content.strip():
            yield at, block.language, content


def _around_fences_in_texts(
    text: str, blocks: list[_Block], limit: int, is_program: Callable[[str], bool], last: str
) -> str | None:
    """The program ending in the last block, if earlier fences are inside one of its string literals; else None.

    last: the content of the last block, which is parsed only if an earlier block has such a literal.
    """
    earlier = blocks[-2 : -2 - _MOST_IN_TEXTS : -1]
    opening = [block for block in earlier if _QUOTES.search(text, block.start, block.end)]
    if not opening or is_program(last):
        return None
    end = min(blocks[-1].end, limit)
    for first in opening:
        content = _dedented(text[first.start : end], first.indent)
        if is_program(content):
            return content
    return None


def _dedented(content: str, indent: str) -> str:
    """Remove the indentation of the fence, or its marks of a block quote, as far as each line has them."""
    if not indent:
        return content
    if marks := indent.count(">"):
        mark = re.compile(rf"(?:[ \t]*>){{1,{marks}}} ?")
        return "\n".join(mark.sub("", line, count=1) if mark.match(line) else line for line in content.split("\n"))
    lines = content.split("\n")
    kept = []
    for line in lines:
        shared = 0
        while shared < len(indent) and shared < len(line) and line[shared] in " \t":
            shared += 1
        kept.append(line[shared:])
    return "\n".join(kept)


def _without_fence_at_end(content: str, fence: str) -> str:
    """Remove a closing fence at the end of the last line of an unclosed block."""
    stripped = content.rstrip()
    return stripped[: -len(fence)].rstrip() + "\n" if stripped.endswith(fence) else content


def _without_blank_lines_around(text: str) -> str:
    """Strip blank lines around; the first line keeps its indentation, since it may continue a function."""
    for start, end in _lines(text):
        if text[start:end].strip():
            return text[start:].rstrip()
    return ""
