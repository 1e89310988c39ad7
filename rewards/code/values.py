"""Encode values that JSON lacks, in the cases of a `function` reference, as tagged objects with a single key.

    {"$tuple": [1, 2]}        {"$set": [1, 2]}         {"$frozenset": [1, 2]}    {"$complex": [0.0, 1.0]}
    {"$bytes": "aGk="}        {"$float": "nan"}        {"$dict": [[1, "one"], [2, "two"]]}

`$float` is for nan, inf and -inf; `$dict` for non-string keys, and for plain objects that look like tags. An object
with any other single key is a plain object. `untagged` decodes JSON to Python, `tagged` encodes it.

Example:
    >>> untagged([{"$set": [1, 2]}, {"$tuple": [1, {"$float": "inf"}]}])
    [{1, 2}, (1, inf)]
    >>> tagged((1, {2: 3j}))
    {'$tuple': [1, {'$dict': [[2, {'$complex': [0.0, 3.0]}]]}]}
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # this file also runs alone, next to a program whose answers it encodes
    from sandbox.json_text import Json

DEEPEST = 200
_AS_THEY_ARE = (str, int, float, type(None))
_FLOATS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def untagged(value: object, depth: int = DEEPEST) -> object:
    """Decode a JSON value of a case to a Python value.

    Raises ValueError if a tag has invalid content, or nesting exceeds `DEEPEST` levels.
    """
    if isinstance(value, _AS_THEY_ARE):
        return value
    if depth == 0:
        raise ValueError(f"it is nested more than {DEEPEST} levels deep")
    if isinstance(value, list | tuple):
        return [untagged(v, depth - 1) for v in value]
    if not isinstance(value, Mapping):
        raise ValueError(f"{value!r:.80} is not JSON")
    if len(value) == 1:
        ((tag, content),) = value.items()
        if tag in _TAGS:
            try:
                return _TAGS[tag](content, depth - 1)
            except (TypeError, ValueError, OverflowError) as error:
                raise ValueError(f"{{{tag!r}: {content!r:.60}}} is no tagged value: {error}") from error
    for key in value:
        if not isinstance(key, str):
            raise ValueError(f'the keys of an object are strings, not {key!r:.60}; other keys: {{"$dict": [[k, v]]}}')
    return {key: untagged(v, depth - 1) for key, v in value.items()}


def _items(content: object, depth: int) -> list[object]:
    if not isinstance(content, list | tuple):
        raise TypeError("its content must be a list")
    return [untagged(v, depth) for v in content]


def _complex(content: object, depth: int) -> complex:
    parts = _items(content, depth)
    numbers = [float(v) for v in parts if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) != 2 or len(parts) != 2:
        raise TypeError("its content must be two numbers")
    return complex(*numbers)


def _dict(content: object, depth: int) -> dict[object, object]:
    made: dict[object, object] = {}
    for pair in _items(content, depth):
        if not isinstance(pair, list) or len(pair) != 2:
            raise TypeError("its content must be a list of [key, value]")
        made[pair[0]] = pair[1]
    return made


def _bytes(content: object, _depth: int) -> bytes:
    if not isinstance(content, str):
        raise TypeError("its content must be base64 text")
    try:
        return base64.b64decode(content, validate=True)
    except binascii.Error as error:
        raise ValueError(f"its content is not base64: {error}") from error


def _float(content: object, _depth: int) -> float:
    if not isinstance(content, str) or content not in _FLOATS:
        raise ValueError("its content must be 'nan', 'inf' or '-inf'")
    return _FLOATS[content]


_TAGS: dict[str, Callable[[object, int], object]] = {
    "$tuple": lambda content, depth: tuple(_items(content, depth)),
    "$set": lambda content, depth: set(_items(content, depth)),
    "$frozenset": lambda content, depth: frozenset(_items(content, depth)),
    "$complex": _complex,
    "$dict": _dict,
    "$bytes": _bytes,
    "$float": _float,
}


def tagged(value: object, depth: int = DEEPEST) -> Json:
    """Encode a Python value of plain types as JSON. Raises ValueError for other types, and for excessive nesting."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$float": str(value)}
    if isinstance(value, complex):
        return {"$complex": [tagged(value.real), tagged(value.imag)]}
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode("ascii")}
    if depth == 0:
        raise ValueError(f"it is nested more than {DEEPEST} levels deep")
    if isinstance(value, list):
        return [tagged(v, depth - 1) for v in value]
    if isinstance(value, tuple):
        return {"$tuple": [tagged(v, depth - 1) for v in value]}
    if isinstance(value, set | frozenset):
        members: Json = [tagged(v, depth - 1) for v in sorted(value, key=repr)]  # equal values have equal encodings
        return {"$set" if isinstance(value, set) else "$frozenset": members}
    if isinstance(value, Mapping):
        looks_tagged = len(value) == 1 and next(iter(value)) in _TAGS
        if all(isinstance(key, str) for key in value) and not looks_tagged:
            return {str(key): tagged(v, depth - 1) for key, v in value.items()}
        return {"$dict": [[tagged(k, depth - 1), tagged(v, depth - 1)] for k, v in value.items()]}
    raise ValueError(f"a value of type {type(value).__name__} has no JSON form in a case")
