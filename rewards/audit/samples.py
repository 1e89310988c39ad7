r"""Make a text that a regular expression matches, and a value that a JSON schema accepts: right answers to references.

Both are simple and may fail: what they return is graded like any right answer, and a row whose own answer is not paid
is attacked with other answers only.

Example:
    >>> text_that_matches(["(?i)\\bparis\\b"]), text_that_matches([r"\d{3}-[a-f]+"])
    ('paris', '000-a')
    >>> instance_of({"type": "object", "required": ["n"], "properties": {"n": {"type": "integer", "minimum": 3}}})
    '{"n": 3}'
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from rewards.types import Json

_DEEPEST = 12
_CLASSES = {codes.CATEGORY_DIGIT: "0", codes.CATEGORY_WORD: "a", codes.CATEGORY_SPACE: " "}
_NOT_CLASSES = {codes.CATEGORY_NOT_DIGIT: "a", codes.CATEGORY_NOT_WORD: "-", codes.CATEGORY_NOT_SPACE: "a"}


def text_that_matches(patterns: Sequence[str]) -> str:
    """A short text that all patterns match; empty if this simple walk finds none."""
    try:
        text = " ".join(_sequence(parser.parse(pattern)) for pattern in patterns)
        return text if all(re.search(pattern, text) for pattern in patterns) else ""
    except (re.error, RecursionError, NotImplementedError):
        return ""


def _sequence(items: Any) -> str:
    return "".join(_item(code, argument) for code, argument in items)


def _item(code: Any, argument: Any) -> str:
    if code is codes.LITERAL:
        return chr(argument)
    if code is codes.NOT_LITERAL:
        return "a" if argument != ord("a") else "b"
    if code is codes.ANY:
        return "a"
    if code is codes.IN:
        return _one_of(argument)
    if code is codes.BRANCH:
        return _sequence(argument[1][0])
    if code is codes.SUBPATTERN:
        return _sequence(argument[-1])
    if code in (codes.MAX_REPEAT, codes.MIN_REPEAT):
        least, _, repeated = argument
        return _sequence(repeated) * min(int(least), 200)
    if code in (codes.AT, codes.ASSERT, codes.ASSERT_NOT):
        return ""
    raise NotImplementedError(code)


def _one_of(choices: Any) -> str:
    if choices and choices[0][0] is codes.NEGATE:
        held = re.compile("".join(_class_source(choice) for choice in choices[1:]) or "a")
        return next((c for c in "a0 -x.Z" if not held.fullmatch(c)), "~")
    code, argument = choices[0]
    if code is codes.RANGE:
        return chr(argument[0])
    if code is codes.CATEGORY:
        return _CLASSES.get(argument) or _NOT_CLASSES[argument]
    return chr(argument)


def _class_source(choice: Any) -> str:
    code, argument = choice
    if code is codes.LITERAL:
        return f"[{re.escape(chr(argument))}]|"
    if code is codes.RANGE:
        return f"[{re.escape(chr(argument[0]))}-{re.escape(chr(argument[1]))}]|"
    raise NotImplementedError(code)


def instance_of(schema: Json) -> str:
    """The JSON text of a value that the schema accepts, as far as a simple walk can tell."""
    return json.dumps(_value(schema, _DEEPEST), ensure_ascii=False)


def _value(schema: Json, levels: int) -> Json:
    if not isinstance(schema, Mapping) or levels == 0:
        return {}
    if "const" in schema:
        held: Json = schema["const"]
        return held
    for key in ("enum", "examples"):
        options = schema.get(key)
        if isinstance(options, list | tuple) and options:
            first: Json = options[0]
            return first
    for key in ("oneOf", "anyOf", "allOf"):
        options = schema.get(key)
        if isinstance(options, list | tuple) and options:
            rest = {k: v for k, v in schema.items() if k != key}
            one = options[0] if isinstance(options[0], Mapping) else {}
            return _value({**rest, **one}, levels - 1)
    named = schema.get("type")
    kind = named[0] if isinstance(named, list | tuple) and named else named
    typed = _TYPED.get(str(kind or ("array" if "items" in schema else "object")))
    return {} if typed is None else typed(schema, levels)


def _object(schema: Mapping[str, Json], levels: int) -> Json:
    properties, required = schema.get("properties"), schema.get("required")
    held = properties if isinstance(properties, Mapping) else {}
    names = [str(name) for name in required] if isinstance(required, list | tuple) else []
    return {name: _value(held.get(name, {"type": "string"}), levels - 1) for name in names}


def _array(schema: Mapping[str, Json], levels: int) -> Json:
    return [_value(schema.get("items"), levels - 1) for _ in range(_whole(schema.get("minItems"), 0))]


def _number(schema: Mapping[str, Json], _levels: int) -> Json:
    least, most = schema.get("minimum"), schema.get("maximum")
    above, step = schema.get("exclusiveMinimum"), _whole(schema.get("multipleOf"), 1)
    if isinstance(above, int | float):
        least = int(above) + 1
    if not isinstance(least, int | float):
        least = min(0, most) if isinstance(most, int | float) else 0
    return math.ceil(least / step) * step


def _string(schema: Mapping[str, Json], _levels: int) -> Json:
    pattern = schema.get("pattern")
    text = text_that_matches([pattern]) if isinstance(pattern, str) else "text"
    return text.ljust(_whole(schema.get("minLength"), 0), "t")[: _whole(schema.get("maxLength"), 10_000)]


def _whole(value: Json, otherwise: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else otherwise


_TYPED: dict[str, Callable[[Mapping[str, Json], int], Json]] = {
    "object": _object,
    "array": _array,
    "number": _number,
    "integer": _number,
    "string": _string,
    "boolean": lambda _schema, _levels: True,
    "null": lambda _schema, _levels: None,
}
