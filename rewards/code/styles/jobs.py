"""What the jobs of all styles have in common, except for `stdio`: the program's file, time to start, libraries."""

from __future__ import annotations

import re

from sandbox.types import MIB

PROGRAM_FILE = "solution.py"
START_SECONDS = 3.0
"""For starting the processes of a job, in addition to the program's time."""
OUTPUT_BYTES = 4 * MIB
_NUMPY = re.compile(r"\b(numpy|np)\b")


def source_bytes(source: str) -> bytes:
    """Encode a source for a file; lone surrogates become invalid Python, as they should."""
    return source.encode("utf-8", "surrogatepass")


def preloads(*sources: str) -> tuple[str, ...]:
    """Libraries to preload in the interpreters that run these sources."""
    return ("numpy",) if any(_NUMPY.search(source) for source in sources) else ()
