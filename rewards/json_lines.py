"""The line protocol between pool and worker: one JSON value per line, ASCII, over a pipe.

JSON instead of pickle, so that data from a worker cannot execute code here. ASCII escapes preserve lone surrogates, and
JSON text never contains a raw newline.
"""

from __future__ import annotations

import json
from collections.abc import Callable

EXIT_MEMORY = 77
"""Exit code of a worker that reached its memory limit; handled like a hang."""
EXIT_ENDED = 79
"""Exit code of a worker whose grader process ended, as reported on standard error."""
EXIT_SETUP = 78
"""Exit code of a worker that could not build its grader, after reporting why."""

IN_WORKER = "RLVR_GRADING_WORKER"
"""Environment variable that holds the worker's pid, and `ready` once it grades. Before that a pool that is made in the
worker is refused: it is a script that makes it, which the worker imports. After that it grades in the worker itself."""


class LineSplitter:
    """Splits a byte stream into lines, in linear time for any chunking."""

    def __init__(self) -> None:
        self._partial: list[bytes] = []

    @property
    def holds_more(self) -> bool:
        """Whether an incomplete line is buffered."""
        return any(self._partial)

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that this chunk completes, without their newlines."""
        first, *rest = chunk.split(b"\n")
        self._partial.append(first)
        if not rest:
            return []
        lines = [b"".join(self._partial), *rest[:-1]]
        self._partial = [rest[-1]]
        return lines


text: Callable[[object], str] = json.JSONEncoder(separators=(",", ":")).encode
"""Encode a value as ASCII JSON. Raises TypeError, ValueError if it is not JSON."""


def line(value: object) -> bytes:
    """Encode a value as a line. Raises TypeError, ValueError if it is not JSON."""
    return text(value).encode("ascii") + b"\n"
