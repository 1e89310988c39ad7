"""Give a complete output its final name, replacing that of an earlier run.

A file is renamed over the old one. Folders are exchanged atomically (Linux `renameat2`), and then the old one is
removed. The new folder's inode is recorded first, so that a run that is killed in between and resumed does not exchange
them back. Where folders cannot be exchanged (other systems, some network file systems) the old one is moved aside
first, and for a moment neither has the name.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from pathlib import Path

from rlvr.offline.outputs import errors_of, partial_of, state_of, trouble
from rlvr.regular_files import read_text

_HERE = -100  # AT_FDCWD
_EXCHANGE = 2  # RENAME_EXCHANGE


def finalise_output(path: Path, *, bad: bool) -> None:
    """Give a complete output its final name, replacing an existing one. Safe to repeat after a kill.

    bad: whether there are bad rows; if not, those of an earlier run are removed.

    Raises:
        BadFile: the output cannot be renamed.
    """
    with trouble(path):
        partial, errors = partial_of(path), errors_of(path)
        if partial.is_dir() and path.is_dir():
            _replace_folder(path, partial)
        elif partial.exists():
            partial.replace(path)
        if not bad:
            errors.unlink(missing_ok=True)
            partial_of(errors).unlink(missing_ok=True)
        elif partial_of(errors).exists():
            partial_of(errors).replace(errors)


def _replace_folder(path: Path, partial: Path) -> None:
    whole = state_of(path) / "whole"
    if not whole.exists():
        noted = partial_of(whole)
        noted.write_text(_number(partial), encoding="utf-8")
        noted.replace(whole)
    if read_text(whole) == _number(path) or _exchange(partial, path):
        _remove(partial)
        return
    aside = state_of(path) / "replaced"
    _remove(aside)
    path.replace(aside)
    partial.replace(path)


def _number(path: Path) -> str:
    """Device and inode of a folder, independent of its name."""
    stat = path.lstat()
    return f"{stat.st_dev} {stat.st_ino}"


def _remove(path: Path) -> None:
    if path.is_symlink():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names atomically. False if the system or file system cannot."""
    if sys.platform != "linux":
        return False
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    if rename is None:
        return False
    return bool(rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0)
