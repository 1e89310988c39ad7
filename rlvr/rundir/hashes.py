"""Hashes of a run's input files, cached in its folder, so that unchanged files are not read again.

A file is unchanged if device, inode, size, mtime and ctime (which users cannot set back) are the same. A file written
less than two seconds before it was hashed is hashed again: a later write may have left equal times.

Example:
    hashes = RememberedHashes(run / ".hashes.json")
    hashes.of("base/model.safetensors")
    hashes.save()
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from pathlib import Path

from data_prep.files import data_hash
from rlvr.regular_files import read_text
from rlvr.rundir.files import write_text, writing

_SETTLED_NS = 2_000_000_000


class RememberedHashes:
    """SHA-256 by path. file: the cache; an unreadable one counts as empty."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._before: dict[str, object] = {}
        self._now: dict[str, object] = {}
        with suppress(OSError, ValueError):
            if isinstance(held := json.loads(read_text(file)), dict):
                self._before = held

    def of(self, path: str) -> str:
        """The hash of a file. Raises DataNotFound, BadFile."""
        place = os.path.abspath(path)
        stamp = _stamp(path)
        held = self._before.get(place)
        if stamp and isinstance(held, dict) and held.get("stamp") == stamp and isinstance(held.get("sha256"), str):
            self._now[place] = held
            return str(held["sha256"])
        began = time.time_ns()
        found = data_hash(path)
        if stamp and _stamp(path) == stamp and max(stamp[:2]) < began - _SETTLED_NS:
            self._now[place] = {"stamp": stamp, "sha256": found}
        return found

    def save(self) -> None:
        """Save the hashes that were asked for. Raises CheckpointError."""
        if self._now != self._before:
            with writing(self._file):
                write_text(self._file, json.dumps(self._now))


def _stamp(path: str) -> list[int]:
    """A stamp that changes with the file, times first; empty if there is no file."""
    try:
        held = os.stat(path)
    except (OSError, ValueError):
        return []
    return [held.st_mtime_ns, held.st_ctime_ns, held.st_size, held.st_ino, held.st_dev]
