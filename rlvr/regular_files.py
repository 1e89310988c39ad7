"""Open files of a run without ever waiting: if there is a pipe in a file's place, `open` would wait for its other end.

Names of open streams (`/dev/stdin`, and `/dev/fd/63` of a shell's `<(...)`) have another end, and are opened as usual.

Example:
    with open(path, "rb", opener=regular) as file:
        ...
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

_STREAMS = ("/dev/", "/proc/")


def regular(path: str | os.PathLike[str], flags: int) -> int:
    """An opener for `open`. Raises OSError if the path is a pipe or a socket."""
    name = os.fspath(path)
    if os.path.abspath(name).startswith(_STREAMS):
        return os.open(name, flags)
    try:
        descriptor = os.open(name, flags | os.O_NONBLOCK, 0o666)
    except OSError as error:
        if error.errno == errno.ENXIO:  # a pipe that nobody reads, or a socket
            raise _irregular(name) from error
        raise
    if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _irregular(name)
    return descriptor


def read_bytes(path: Path) -> bytes:
    """What a regular file holds. Raises OSError."""
    with open(path, "rb", opener=regular) as file:
        return file.read()


def read_text(path: Path) -> str:
    """What a regular file of UTF-8 holds. Raises OSError, UnicodeDecodeError."""
    with open(path, encoding="utf-8", opener=regular) as file:
        return file.read()


def _irregular(name: str) -> OSError:
    return OSError(errno.EINVAL, "it is a pipe, and no regular file", name)
