"""Collect the output files of a finished run. The files are untrusted: no link is followed.

The supervisor reads them through a descriptor of the run's folder; in the slot they would count as the run's memory,
which a program can exhaust. Files that the program made unreadable are made readable first if the supervisor runs as
the same user.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterable

_OURS = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)


def collect(folder: int, paths: Iterable[str], most: int) -> dict[str, bytes]:
    """The regular files below a folder, up to `most` bytes in total; unreadable files are skipped.

    Raises OSError for this process's own failures.
    """
    held: dict[str, bytes] = {}
    for path in paths:
        try:
            source = _open_readable(folder, path)
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


def _open_readable(folder: int, path: str) -> int:
    try:
        return _open_below(folder, path)
    except PermissionError:  # never if this process is root and can read everything
        _unlock(folder, path)
        return _open_below(folder, path)


def _open_below(folder: int, path: str) -> int:
    *folders, name = _parts(path)
    at = os.dup(folder)
    try:
        for part in folders:
            at = _step(at, part, os.O_RDONLY)
        return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=at)
    finally:
        os.close(at)


def _unlock(folder: int, path: str) -> None:
    """Make a file and its parent folders readable for their owner."""
    *folders, name = _parts(path)
    at = os.dup(folder)
    try:
        _permit(at, 0o500)
        for part in folders:
            at = _step(at, part, os.O_PATH)
            _permit(at, 0o500)
        file = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at)
        try:
            _permit(file, 0o400)
        finally:
            os.close(file)
    finally:
        os.close(at)


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]


def _step(at: int, part: str, how: int) -> int:
    """Open a subfolder by name, and close this one."""
    inner = os.open(part, how | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at)
    os.close(at)
    return inner


def _permit(descriptor: int, bits: int) -> None:
    mode = os.fstat(descriptor).st_mode
    if mode & bits != bits and not stat.S_ISLNK(mode):
        with contextlib.suppress(PermissionError):  # another user's
            os.chmod(f"/proc/self/fd/{descriptor}", stat.S_IMODE(mode) | bits)
