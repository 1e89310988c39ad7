"""Reserve standard output for rows.

A reward may print on import, when graded in this process, or from a program that it starts, which would corrupt the
JSON lines. So everything except rows is redirected to standard error.

Example:
    with rows_alone() as stream:
        output = StandardOutput(stream)
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
from typing import IO

from data_prep.errors import BadFile
from rlvr.errors import ConfigError


@contextmanager
def rows_alone() -> Iterator[IO[bytes]]:
    """Yield the stream for rows. Raises ConfigError if standard output is closed."""
    if sys.stdout is None:
        raise ConfigError("standard output is closed; name a file with --out")
    sys.stdout.flush()
    with ExitStack() as stack:
        try:
            number = sys.stdout.fileno()
        except OSError:  # in tests, sys.stdout has no descriptor
            stream: IO[bytes] = sys.stdout.buffer
        else:
            # Duplicate above 2: if standard error is closed, descriptor 2 would receive its output.
            stream = os.fdopen(fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 3), "wb")
            stack.callback(_let_go, stream)
            stack.callback(os.dup2, stream.fileno(), number)
            stack.callback(_write_out, sys.stdout)
            _to_standard_error(number)
        stack.enter_context(redirect_stdout(sys.stderr))
        yield stream


def _to_standard_error(number: int) -> None:
    try:
        os.dup2(2, number)
    except OSError:  # it is closed
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, number)
        os.close(nowhere)


def _write_out(printed: IO[str]) -> None:
    """Flush what Python or the C library has buffered, which would otherwise appear among the rows."""
    with suppress(OSError):
        printed.flush()
    ctypes.CDLL(None).fflush(None)


def _let_go(stream: IO[bytes]) -> None:
    with suppress(OSError):  # fails only after an earlier write failed, which was reported
        stream.close()


class StandardOutput:
    """An output that writes rows to a stream."""

    part = sum = 0
    full = False

    def __init__(self, stream: IO[bytes]) -> None:
        self._waiting: list[bytes] = []
        self._stream = stream

    def write(self, line: bytes) -> int:
        self._waiting.append(line)
        return 0

    def flush(self) -> None:
        if not self._waiting:
            return
        data = b"".join(self._waiting)
        self._waiting.clear()
        try:
            self._stream.write(data)
            self._stream.flush()
        except BrokenPipeError:  # the reader is gone
            raise
        except OSError as error:
            raise BadFile(f"cannot write standard output: {error.strerror or error}") from error

    def finish(self) -> None:
        self.flush()

    def close(self) -> None:
        """The owner of the stream closes it."""
