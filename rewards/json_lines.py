"""The wire between pool and worker: one JSON value a line, ASCII, over a pipe.

JSON and not pickle: what comes from a worker cannot run anything here. ASCII escapes keep lone surrogates whole, and a
JSON text never holds a raw newline.
"""

from __future__ import annotations

import json
from collections.abc import Callable

EXIT_MEMORY = 77
"""Exit code of a worker that ran into its memory limit: handled like a hang."""
EXIT_ENDED = 79
"""Exit code of a worker whose grader was a process that ended; it has said so on standard error."""
EXIT_SETUP = 78
"""Exit code of a worker that could not make its grader; it has said why before."""

IN_WORKER = "RLVR_GRADING_WORKER"
"""Environment variable that holds the worker's pid, and `ready` once it grades. Before that a pool that is made in the
worker is refused: it is a script that makes it, which the worker imports. After that it grades in the worker itself."""


class LineSplitter:
    """Cuts a stream of bytes into lines, in time linear in the bytes, however they are chunked."""

    def __init__(self) -> None:
        self._partial: list[bytes] = []

    @property
    def holds_more(self) -> bool:
        """Whether a part of a line has come in."""
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
"""One value as JSON in ASCII. Raises TypeError, ValueError where it is not JSON."""


def line(value: object) -> bytes:
    """One value as a line. Raises TypeError, ValueError where it is not JSON."""
    return text(value).encode("ascii") + b"\n"
