"""The codec's limits, number formats and exceptions, and the interface that writers of single types use."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

DEEPEST = 250
LARGEST_INT = 1 << 20  # bytes
LARGEST_MESSAGE = 32 << 20

U32 = struct.Struct(">I")
I64 = struct.Struct(">q")
F64 = struct.Struct(">d")
C128 = struct.Struct(">dd")


class Violation(Exception):
    """Bytes that no honest encoder writes."""


class Unsendable(Exception):
    """A value that is too large or too deeply nested to cross."""


class Writing(Protocol):
    """The part of `Encoder` that the writer of one type uses. depth: how many more levels are allowed."""

    def put(self, value: object, depth: int) -> None:
        """Write one value. Raises Unsendable."""

    def mutable(self, value: object, depth: int) -> bool:
        """Called before a mutable container is written. Returns True if that wrote it."""

    def extended(self, name: str, depth: int, *fields: object) -> None:
        """Write a value as plain fields, from which the reader function of that name rebuilds it."""


Writer: TypeAlias = Callable[[Any, Any, int], None]
"""Writes a value of one type: `(encoder, value, depth)`."""
