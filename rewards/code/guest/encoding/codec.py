"""The closed, tagged, data-only format in which values cross between processes. No code, no class names to import.

Every value is a tag byte and its content. `Encoder` writes exact builtin types, and the base content of their
subclasses, read by C-level accessors. `Decoder` rebuilds exact builtin types and nothing else. What is not data is
written by the method `other` of the two ends of a proxy, and read by their further tags.

The reader trusts nothing: it checks lengths before it allocates, bounds nesting and integers, and raises `Violation`
for bytes without meaning. The writer raises `Unsendable` for values that are too large or too deep.

Example:
    >>> decode(encode({"a": [1, 2.5, (None, True)], "b": {3}}))
    {'a': [1, 2.5, (None, True)], 'b': {3}}
"""

from __future__ import annotations

from typing import Any

from .bounds import DEEPEST, LARGEST_INT, LARGEST_MESSAGE, Unsendable, Violation
from .decoder import Decoder
from .encoder import Encoder, plain_base, put_base


def encode(value: object) -> bytes:
    """One message of plain data. Raises Unsendable."""
    encoder = Encoder()
    encoder.put(value)
    return encoder.message()


def decode(raw: bytes) -> Any:
    """The value of a message of plain data. Raises Violation."""
    return Decoder(raw).whole()


__all__ = [
    "DEEPEST",
    "LARGEST_INT",
    "LARGEST_MESSAGE",
    "Decoder",
    "Encoder",
    "Unsendable",
    "Violation",
    "decode",
    "encode",
    "plain_base",
    "put_base",
]
