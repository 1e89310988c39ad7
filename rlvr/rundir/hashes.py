"""Hashes of files that a run reads, remembered in its folder: a file that nobody touched is not read again.

A file is taken for the same where device, inode, size and both times (of its content, and of its inode, which no user
sets back) are as they were. One that was written less than two seconds before it was hashed is hashed again: a later
write may have left it the same times.

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
from rlvr.rundir.files import write_text, writing

_SETTLED_NS = 2_000_000_000


class RememberedHashes:
    """SHA-256 by path. file: where they are kept; one that cannot be read remembers nothing."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._before: dict[str, object] = {}
        self._now: dict[str, object] = {}
        with suppress(OSError, ValueError):
            if isinstance(held := json.loads(file.read_text(encoding="utf-8")), dict):
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
        """Keep what was asked for. Raises CheckpointError."""
        if self._now != self._before:
            with writing(self._file):
                write_text(self._file, json.dumps(self._now))


def _stamp(path: str) -> list[int]:
    """What changes with a file, its times first; nothing where there is none."""
    try:
        held = os.stat(path)
    except (OSError, ValueError):
        return []
    return [held.st_mtime_ns, held.st_ctime_ns, held.st_size, held.st_ino, held.st_dev]
