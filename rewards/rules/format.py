r"""The R1-Zero response format: `<think>…</think>` and then `<answer>…</answer>`, each exactly once, nothing outside.

The reward `format` pays 1 if the whole response has this form, else 0; it does not judge the answer. White space is
allowed around and between the blocks; the last block must not be blank. With `newlines` each tag is on its own line,
and nothing else is between the blocks:

    <think>\n…\n</think>\n<answer>\n…\n</answer>

A tag counts wherever it occurs, including in the thinking and in code fences, because a second `<answer>` would confuse
whoever extracts the answer. For the same reason variants of a tag are faults: `<Answer>`, `<answer id="1">`, `</
answer>`, zero-width characters inside, full-width brackets. Runs in linear time.

Example:
    >>> fault_of("<think>2+3 is 5</think> <answer>5</answer>")
    ''
    >>> fault_of("<answer>5</answer>")
    'no <think>'
    >>> fault_of("<plan>add</plan><code>x</code>", tags=("plan", "code"))
    ''
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from rewards.registry import reward
from rewards.rules.invisible import INVISIBLE, is_blank
from rewards.rules.tags import check_tags, tag_texts
from rewards.types import GradeRequest, GradeResult

TAGS = ("think", "answer")

_UNSEEN = rf"[\s{INVISIBLE}]*+"
_SHOWN = 40


@lru_cache(maxsize=64)
def _alike(tags: tuple[str, ...]) -> re.Pattern[str]:
    """A pattern for the tags and their variants. The possessive `*+` never backtracks, so matching is linear."""
    names = "|".join(_UNSEEN.join(re.escape(letter) for letter in tag) for tag in tags)
    return re.compile(
        rf"[<＜﹤]{_UNSEEN}(?:[/／]{_UNSEEN})?(?:{names})(?:{_UNSEEN}[>＞﹥]|[\s/／{INVISIBLE}][^<>＜＞﹤﹥]*+[>＞﹥])",
        re.IGNORECASE,
    )


def fault_of(response: str, *, tags: Sequence[str] = TAGS, prefilled: bool = False, newlines: bool = False) -> str:
    """What is wrong with the form of a response; empty = nothing.

    tags: the names of the blocks, in order. prefilled: the prompt ended in the first tag, so the response begins inside
    it. newlines: each tag must be on its own line.
    """
    names = tuple(tags)
    text = _from_first_tag(response, names[0], newlines) if prefilled else response
    exact = tag_texts(names)
    for match in _alike(names).finditer(text):
        if match.group() not in exact:
            return f"{match.group()[:_SHOWN]!r} is none of the tags {' '.join(exact)}"
    spans: list[tuple[int, int]] = []
    for tag in exact:
        count = text.count(tag)
        if count != 1:
            return f"no {tag}" if count == 0 else f"{tag} stands {count} times"
        start = text.index(tag)
        spans.append((start, start + len(tag)))
    if spans != sorted(spans):
        return f"the tags are not in the order {' '.join(exact)}"
    return _text_outside(text, exact, spans) or (_lines(text, exact, spans) if newlines else "") or _blank(text, spans)


def _from_first_tag(response: str, tag: str, newlines: bool) -> str:
    """Prepend the first tag, in which the prompt ended; with a newline if `newlines` requires it."""
    gap = "\n" if newlines and not response.startswith(("\n", "\r\n")) else ""
    return f"<{tag}>{gap}{response}"


def _gaps(text: str, spans: Sequence[tuple[int, int]]) -> list[str]:
    """The texts before the first block, between the blocks and after the last."""
    edges = [0, *(edge for span in spans for edge in span), len(text)]
    return [text[edges[i] : edges[i + 1]] for i in range(0, len(edges), 4)]


def _text_outside(text: str, exact: Sequence[str], spans: Sequence[tuple[int, int]]) -> str:
    for i, between in enumerate(_gaps(text, spans)):
        if seen := between.strip():
            opening = exact[2 * i] if 2 * i < len(exact) else ""
            closing = exact[2 * i - 1] if i else ""
            where = f"between {closing} and {opening}" if opening and closing else ""
            where = where or (f"before {opening}" if opening else f"after {closing}")
            return f"text {where}: {seen[:_SHOWN]!r}"
    return ""


def _lines(text: str, exact: Sequence[str], spans: Sequence[tuple[int, int]]) -> str:
    before, *between, after = (gap.replace("\r\n", "\n") for gap in _gaps(text, spans))
    if before or after not in ("", "\n") or any(gap != "\n" for gap in between):
        return "the blocks are not joined by exactly one newline, with nothing around them"
    for i in range(0, len(exact), 2):
        content = text[spans[i][1] : spans[i + 1][0]].replace("\r\n", "\n")
        if not (content.startswith("\n") and content.endswith("\n")):
            return f"{exact[i]} and {exact[i + 1]} do not stand on lines of their own"
    return ""


def _blank(text: str, spans: Sequence[tuple[int, int]]) -> str:
    return "the answer is blank" if is_blank(text[spans[-2][1] : spans[-1][0]]) else ""


def _check(*, tags: Sequence[str], prefilled: bool, newlines: bool) -> None:  # noqa: ARG001  # the reward's parameters
    check_tags(tags)


@reward("format", correctness=True, version="2", validate=_check)
def format_reward(
    request: GradeRequest, *, tags: tuple[str, ...] = TAGS, prefilled: bool = False, newlines: bool = False
) -> GradeResult:
    """1 if the response has the format, else 0; see `fault_of` for the parameters."""
    fault = fault_of(request.response, tags=tags, prefilled=prefilled, newlines=newlines)
    return GradeResult.wrong(fault) if fault else GradeResult.correct()
