"""The part of a response that a rule looks at.

| place | is |
|---|---|
| `response` | all of it, unchanged |
| `visible` | the text after the thinking, up to an end-of-turn token |
| `thinking` | the text inside `<think>…</think>`, before a lone `</think>`, or after a `<think>` that is never closed |
| `answer` | the last `<answer>…</answer>` of the visible text |
| `final` | `answer` if there is one, else `visible` |

A response without thinking has no `thinking`; one whose thinking is never closed has no `visible` text. Runs in linear
time.

Example:
    >>> place_of("<think>5?</think>So <answer>6</answer>", "answer")
    '6'
    >>> place_of("<think>never done <answer>6</answer>", "final") is None
    True
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, TypeAlias

from rewards.math.extract import turn, visible

Place: TypeAlias = Literal["response", "visible", "thinking", "answer", "final"]

ABSENT: dict[Place, str] = {
    "response": "there is no response",
    "visible": "the thinking never ends",
    "thinking": "there is no thinking",
    "answer": "there is no <answer>",
    "final": "the thinking never ends",
}
"""Why a place is missing, for messages."""

_THINK = re.compile(r"<(/?)think>", re.IGNORECASE | re.ASCII)
_ANSWER = re.compile(r"<(/?)answer>", re.IGNORECASE | re.ASCII)


def place_of(response: str, place: Place, *, prefilled: bool = False) -> str | None:
    """The text of a place; None if the response does not have it.

    prefilled: the prompt ended in `<think>`, so the response begins inside it.
    """
    if place == "response":
        return response
    said = turn(response)
    if place == "thinking":
        return _thinking(said, prefilled)
    text = visible(said, prefilled=prefilled)
    if text is None or place == "visible":
        return text
    answer = last_answer(text)
    return text if answer is None and place == "final" else answer


def answers(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and content of each `<answer>…</answer>`, in any letter case."""
    opened = None
    for tag in _ANSWER.finditer(text):
        if not tag[1]:
            opened = tag
        elif opened is not None:
            yield opened.start(), tag.end(), text[opened.end() : tag.start()]
            opened = None


def last_answer(text: str) -> str | None:
    """The content of the last `<answer>…</answer>`; None if there is none."""
    found = None
    for _, _, content in answers(text):
        found = content
    return found


def _thinking(text: str, prefilled: bool) -> str | None:
    spans: list[tuple[int, int]] = []
    inside, thought, at = prefilled, prefilled, 0
    for tag in _THINK.finditer(text):
        if tag[1] and not inside:  # a lone closing tag: everything before it is thinking
            spans = [(0, tag.start())]
        elif inside:
            spans.append((at, tag.start()))
        inside, thought, at = not tag[1], True, tag.end()
    if inside:
        spans.append((at, len(text)))
    return "\n".join(text[start:end] for start, end in spans) if thought else None
