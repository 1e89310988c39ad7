"""Parse foreign JSON: rejects duplicate keys, and reports errors in plain words.

Python silently keeps the last value of a duplicate key, which may not be the intended one.

Example:
    >>> read_json('{"answer": "4"}')
    {'answer': '4'}
    >>> read_json('{"answer": "4", "answer": "5"}')
    Traceback (most recent call last):
    sandbox.json_text.KeyTwice: the key 'answer' stands twice in one object
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
"""A JSON value."""


class JsonFault(ValueError):
    """The text is not JSON; the message, for its author, says why."""


class KeyTwice(JsonFault):
    """An object has a duplicate key."""


def read_json(text: str | bytes) -> Any:
    """Parse a JSON text. Raises JsonFault, KeyTwice."""
    try:
        if isinstance(text, str) and not text.startswith("\ufeff"):
            return _DECODER.decode(text)
        return json.loads(text, object_pairs_hook=each_key_once)
    except JsonFault:
        raise
    except RecursionError as error:
        raise JsonFault("it is nested too deeply") from error
    except (json.JSONDecodeError, UnicodeError) as error:
        raise JsonFault(str(error)) from error
    except ValueError as error:  # an integer with too many digits; Python's message is for programmers
        digits = sys.get_int_max_str_digits()
        fault = f"a whole number in it has more than {digits} digits; write it as text, in quotes"
        raise JsonFault(fault) from error


def each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object from its pairs. Raises KeyTwice."""
    made = dict(pairs)
    if len(made) < len(pairs):
        twice, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise KeyTwice(f"the key {twice!r:.80} stands twice in one object")
    return made


_DECODER = json.JSONDecoder(object_pairs_hook=each_key_once)  # `json.loads` would make one for each text
