r"""Reads the answer field of a JSON object at the end of a response.

An answer field without a value (`null`, empty) is an answer that cannot be right, marked by `SEVERAL` ("… "). An object
without an answer field is read as running text.

Example:
    >>> field('So: {"steps": 3, "answer": {"value": 12, "unit": "cm"}}'), field('{"x": 3}') is None
    ('12 \\text{ cm}', True)
    >>> field('{"answer": null, "guess": 12}')
    '… null'
"""

from __future__ import annotations

import json
import re

from rewards.math.extract.assertion import SEVERAL
from rewards.math.extract.claims import is_title
from rewards.math.late import late

_LONGEST = 5_000
_LONGEST_UNIT = 40
_DEEPEST = 3
_NAMES = ("final_answer", "finalanswer", "final answer", "answer", "answers", "result", "final_result", "solution")
_CONFIRMING = ("correct", "is_correct", "valid", "is_valid", "final", "is_final", "verified", "accepted")
_VALUES = ("value", "answer", "number", "text")
_ALTERNATIVE = late(  # a name of a second answer
    r"or|alternatives?|alternate|(?:alternative|alternate|alt|other|another|second|secondary|backup|fallback)[_ ]?"
    r"(?:final[_ ]?)?(?:answer|result|solution|value|guess)s?|(?:final[_ ]?)?answer[_ ]?2"
)
_COMMAND = late(r"(?<!\\)\\(?=[a-zA-Z]{2})")  # of LaTeX, its backslash not doubled
_FENCE_END = late(r"\s*```\s*\Z")
_NAMED = late(r"\"(?:final[_ ]?)?(?:answers?|result|solution)\"\s*:", re.IGNORECASE)


def field(text: str) -> str | None:
    """The answer field of the JSON object at the end of a text, or None."""
    end = text[-_LONGEST:].rstrip()
    if end.endswith("```"):
        end = _FENCE_END.sub("", end)
    if not end.endswith("}") or _NAMED.search(end) is None:
        return None
    begin = _beginning(end)
    if begin < 0:
        return None
    try:
        read = json.loads(_COMMAND.sub(r"\\\\", end[begin:]), parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        return None
    return _answer(read, 0) if isinstance(read, dict) else None


def _beginning(text: str) -> int:
    """The position of the brace that the last one closes, or -1. Unmatched braces within strings may mislead it."""
    depth = 0
    for at in range(len(text) - 1, -1, -1):
        depth += (text[at] == "}") - (text[at] == "{")
        if depth == 0:
            return at
    return -1


def _answer(read: dict[str, object], depth: int) -> str | None:
    named = {name.strip().lower(): value for name, value in read.items()}
    if any(named.get(name) is False for name in _CONFIRMING):
        return f"{SEVERAL}null"
    for name in _NAMES:
        if name in named:
            unit = named.get("unit", named.get("units"))
            shown = _shown(named[name], unit, depth)
            others = [_shown(named[one], unit, depth) for one in named if _ALTERNATIVE.fullmatch(one) and named[one]]
            return shown if shown is None or not others else " or ".join((shown, *filter(None, others)))
    if any(
        isinstance(value, dict) and not is_title(name) for name, value in named.items()
    ):  # `{"wrong": {"answer": 5}}`
        return f"{SEVERAL}null"
    return None


def _shown(value: object, unit: object, depth: int) -> str | None:
    """A value of the object as text, with its unit."""
    if isinstance(value, dict):
        if depth >= _DEEPEST:
            return None
        inner = _answer(value, depth + 1)
        if inner is None:
            name = next((name for name in _VALUES if name in value), None)
            inner = None if name is None else _shown(value[name], value.get("unit", unit), depth + 1)
        return inner
    if isinstance(value, list):
        items = [_shown(one, None, _DEEPEST) for one in value]
        return ", ".join(one for one in items if one) if items and all(items) else f"{SEVERAL}null"
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str) or not value.strip():
        return f"{SEVERAL}null"
    is_measured = isinstance(unit, str) and 0 < len(unit) <= _LONGEST_UNIT and unit.replace(" ", "").isalpha()
    return rf"{value.strip()} \text{{ {unit} }}".replace("  ", " ").replace(" }", "}") if is_measured else value.strip()
