"""What the codec allows to cross, how its numbers lie in bytes, and what it raises."""

from __future__ import annotations

import struct

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
