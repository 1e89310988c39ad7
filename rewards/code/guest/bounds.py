"""What the codec allows to cross, how its numbers lie in bytes, what it raises, and what writers of types may use."""

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
    """Bytes that no honest writer sends."""


class Unsendable(Exception):
    """A value that is too large or too deeply nested to cross."""


class Writing(Protocol):
    """What the writer of one type needs of the `Encoder`. depth: how many levels there may be below."""

    def put(self, value: object, depth: int) -> None:
        """Write one value. Raises Unsendable."""

    def mutable(self, value: object, depth: int) -> bool:
        """Called before a mutable container is written; True = it has been written."""

    def extended(self, name: str, depth: int, *fields: object) -> None:
        """Write a value that is rebuilt from plain fields by the function of that name."""


Writer: TypeAlias = Callable[[Any, Any, int], None]
"""Writes a value of one type: `(encoder, value, depth)`."""
