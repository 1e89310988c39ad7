"""The closed, tagged, data-only form in which values cross between processes. No code, no class names to import.

Every value is a tag byte and its content; `Encoder` writes exact builtin types and their subclasses' base content read
by C-level accessors, `Decoder` rebuilds exact builtin types and nothing else. What is no data is left to the methods
`other` (writing) and `extension` (reading), which the two ends of a proxy fill in.

The reader trusts nothing: lengths are checked before anything is allocated, nesting and integers are bounded, and bytes
that mean nothing raise `Violation`. The writer raises `Unsendable` for what is too large or too deep.

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
