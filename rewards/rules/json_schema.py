r"""The reward `json_schema`: 1 if the response contains JSON that satisfies the reference's schema, else 0.

By default the JSON is the last fenced block of the answer whose language is `json` or not given, else the whole answer
(the last `<answer>…</answer>`, else everything after the thinking). It is parsed strictly: NaN, infinities (also
`1e999`), duplicate keys, text after the value, more than `DEEPEST` levels, `LONGEST_JSON` characters or `MOST_DIGITS`
digits in a number make the response wrong.

Example:
    >>> read_json('{"a": 1, "a": 2}')
    Traceback (most recent call last):
    sandbox.json_text.KeyTwice: the key 'a' stands twice in one object
    >>> located('Here:\n```json\n[1]\n```\n', "any")
    '[1]\n'
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, NoReturn, TypeAlias

from rewards.outcome import short
from rewards.registry import reward
from rewards.rules.places import ABSENT, Place, place_of
from rewards.rules.references import JsonSchemaReference
from rewards.rules.schema import DEEPEST, depth_of, fault
from rewards.types import GradeRequest, GradeResult, Json
from sandbox.json_text import each_key_once

Source: TypeAlias = Literal["any", "response", "fenced", "answer"]

LONGEST_JSON = 1_000_000
MOST_DIGITS = 300

_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})[ \t]*([^\s`]*)[^`\n]*$", re.MULTILINE)
_SHOWN = 200


def read_json(text: str) -> Json:
    """Parse a text that is one JSON value. Raises ValueError, and nothing else; the message says what is wrong."""
    if len(text) > LONGEST_JSON:
        raise ValueError(f"it has {len(text)} characters; {LONGEST_JSON} are read at most")
    try:
        value: Json = json.loads(
            text, object_pairs_hook=each_key_once, parse_constant=_constant, parse_float=_float, parse_int=_integer
        )
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise ValueError(f"nested more than {DEEPEST} deep") from error
    if depth_of(value) > DEEPEST:
        raise ValueError(f"nested more than {DEEPEST} deep")
    return value


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _float(digits: str) -> float:
    _check_digits(digits)
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"the number {digits:.40} is too large")
    return value


def _integer(digits: str) -> int:
    _check_digits(digits)
    return int(digits)


def _check_digits(digits: str) -> None:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"a number has {len(digits)} characters; {MOST_DIGITS} are read at most")


_PLACES: dict[Source, Place] = {"any": "final", "response": "response", "fenced": "visible", "answer": "answer"}


def located(response: str, source: Source, *, prefilled: bool = False) -> str | None:
    """The part of a response that should be JSON; None if it has no such part."""
    text = place_of(response, _PLACES[source], prefilled=prefilled)
    if text is None or source in ("response", "answer"):
        return text
    block = last_block(text)
    return text if block is None and source == "any" else block


def last_block(text: str) -> str | None:
    """The content of the last closed fenced block with language `json` or none. Runs in linear time."""
    found: str | None = None
    opened: tuple[str, bool, int] | None = None
    for fence in _FENCE.finditer(text):
        mark, language = fence[1], fence[2].lower()
        if opened is None:
            opened = (mark, language in ("", "json"), fence.end() + 1)
        elif not language and mark.startswith(opened[0]):
            if opened[1]:
                found = text[opened[2] : fence.start()]
            opened = None
    return found


def _controls(request: GradeRequest) -> Sequence[GradeRequest]:
    """Control requests: an empty response and minimal values; a schema that hangs on these is at fault itself."""
    return tuple(replace(request, response=response) for response in ("", "{}", "[]", '""'))


@reward("json_schema", version="2", correctness=True, controls=_controls, references=(JsonSchemaReference.type,))
def json_schema(request: GradeRequest, *, source: Source = "any", prefilled: bool = False) -> GradeResult:
    """1 if the JSON of the response satisfies the schema, else 0.

    source: where the JSON is: `any` as above, `response` (all of it, including thinking), `fenced` (only the last
    block), `answer` (the whole `<answer>`). prefilled: the prompt ended in `<think>`.
    """
    reference = request.reference
    if not isinstance(reference, JsonSchemaReference):
        return GradeResult.ungraded(f"json_schema needs a reference of type 'json_schema', not {reference.type!r}")
    text = located(request.response, source, prefilled=prefilled)
    if text is None or not text.strip():
        absent = "there is no fenced block of JSON" if source == "fenced" else ABSENT[_PLACES[source]]
        return GradeResult.no_answer(absent if text is None else "there is nothing where the JSON should stand")
    extracted = text.strip()[:_SHOWN]
    try:
        value = read_json(text.strip())
    except ValueError as error:
        return GradeResult.wrong(short(str(error)), extracted=extracted)
    try:
        why = fault(reference.schema, value)
    except ValueError as error:
        return GradeResult.ungraded(short(f"the schema of the reference: {error}"))
    except RecursionError:
        return GradeResult.wrong("the schema goes deeper into the value than can be followed", extracted=extracted)
    return GradeResult.wrong(short(why), extracted=extracted) if why else GradeResult.correct(extracted=extracted)
