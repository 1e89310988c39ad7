"""JSON that others wrote, read in one way: an object has each of its keys once, and a fault is said in plain words.

Of two values for one key Python keeps the last without a word; which of them was meant, only the writer knows.

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
"""A value that JSON can say."""


class JsonFault(ValueError):
    """A text is no JSON; the message says why, for whoever wrote it."""


class KeyTwice(JsonFault):
    """An object has two values for one key."""


def read_json(text: str | bytes) -> Any:
    """The value that a text holds. Raises JsonFault, KeyTwice."""
    try:
        return json.loads(text, object_pairs_hook=each_key_once)
    except JsonFault:
        raise
    except RecursionError as error:
        raise JsonFault("it is nested too deeply") from error
    except (json.JSONDecodeError, UnicodeError) as error:
        raise JsonFault(str(error)) from error
    except ValueError as error:  # a whole number; Python's own words are for programmers
        digits = sys.get_int_max_str_digits()
        fault = f"a whole number in it has more than {digits} digits; write it as text, in quotes"
        raise JsonFault(fault) from error


def each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of its pairs. Raises KeyTwice."""
    made = dict(pairs)
    if len(made) < len(pairs):
        twice, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise KeyTwice(f"the key {twice!r:.80} stands twice in one object")
    return made
