"""Fetching a run's files when all its processes are gone. They are the program's doing: no link is followed."""

from __future__ import annotations

import contextlib
import os
import stat

from . import wire


def collect(folder: int, paths: list[str], descriptor: int, most: int) -> None:
    """Copy regular files below a folder into the memfd for them; what cannot be read is left out."""
    held: dict[str, bytes] = {}
    for path in paths:
        with contextlib.suppress(OSError):
            source = _open_below(folder, path)
            try:
                about = os.fstat(source)
                if stat.S_ISREG(about.st_mode) and about.st_size <= most:
                    with open(source, "rb", closefd=False) as file:
                        held[path] = file.read(most)
            finally:
                os.close(source)
    wire.write_outputs(descriptor, held)


def _open_below(folder: int, path: str) -> int:
    *folders, name = path.split("/")
    at = os.dup(folder)
    try:
        for part in folders:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at)
            os.close(at)
            at = inner
        return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=at)
    finally:
        os.close(at)
