"""Fetching a run's files when all its processes are gone. They are the program's doing: no link is followed.

They are read here, by the supervisor, through a descriptor of the run's folder: in the slot they would count as the
run's memory, of which a program can see to it that there is none left.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable

_OURS = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)


def collect(folder: int, paths: Iterable[str], most: int) -> dict[str, bytes]:
    """The regular files below a folder, at most so many bytes of them together; what cannot be read is left out.

    Raises OSError where that is this process's own trouble.
    """
    held: dict[str, bytes] = {}
    for path in paths:
        try:
            source = _open_below(folder, path)
            try:
                about = os.fstat(source)
                if stat.S_ISREG(about.st_mode) and about.st_size <= most:
                    with open(source, "rb", closefd=False) as file:
                        held[path] = file.read(most)
                    most -= len(held[path])
            finally:
                os.close(source)
        except OSError as error:
            if error.errno in _OURS:
                raise
    return held


def _open_below(folder: int, path: str) -> int:
    *folders, name = path.split("/")
    at = os.dup(folder)
    try:
        for part in folders:
            if part in ("", "."):
                continue
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at)
            os.close(at)
            at = inner
        return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=at)
    finally:
        os.close(at)
