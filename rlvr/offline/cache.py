"""A content-addressed cache of grades in a folder that several runs share.

The key is a hash of everything that a grade may depend on: the reward with its parameters and version, the bytes of its
source file, the deadline, and the request (without ids). For a reward that compares responses, the key covers all of
them. Ungraded responses and those that hit a time limit are not cached, since they may end differently next time.

Example:
    with GradeCache(Path("~/.cache/grades").expanduser(), about="math@6") as cache:
        (key,) = cache.keys([request])
        cache.keep(key, result)
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from rewards.errors import InvalidRow
from rewards.retry_policy import GRADING_LIMIT
from rewards.types import GradeRequest, GradeResult
from rlvr.errors import ConfigError

_WAITING = 1000  # grades buffered before they are written
_PATIENCE = 60.0  # seconds to wait for another writing process


class GradeCache:
    """A SQLite file in a folder; a context manager."""

    def __init__(self, folder: Path, *, about: str) -> None:
        """about: everything that the grades depend on besides the request.

        Raises:
            ConfigError: the folder or the file in it cannot be used.
        """
        self._about = about.encode()
        self._waiting: dict[bytes, str] = {}
        path = folder / "grades.sqlite"
        with contextlib.ExitStack() as undone:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                self._open = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
                undone.callback(self._open.close)
                self._open.execute("PRAGMA journal_mode = WAL")
                self._open.execute("PRAGMA synchronous = NORMAL")
                self._open.execute("CREATE TABLE IF NOT EXISTS grades (key BLOB PRIMARY KEY, grade TEXT) WITHOUT ROWID")
            except FileExistsError as error:
                raise ConfigError(f"--cache {str(folder)!r} is no folder; name one that can be written") from error
            except (OSError, sqlite3.Error) as error:
                raise ConfigError(
                    f"--cache {str(folder)!r} cannot be used: {error}; name a folder that can be written"
                ) from error
            undone.pop_all()

    def keys(self, requests: Sequence[GradeRequest]) -> list[bytes]:
        """The cache keys of requests that are graded in one call. Raises InvalidRow if one is not JSON."""
        try:
            contents = [json.dumps(_content(request), sort_keys=True).encode() for request in requests]
        except (TypeError, ValueError) as error:
            raise InvalidRow(f"a request has no form in JSON: {error}") from error
        digest = hashlib.blake2b(self._about, digest_size=16)
        for content in contents:
            digest.update(b"%d\0%s" % (len(content), content))
        key = digest.digest()
        return [key] if len(contents) == 1 else [key + place.to_bytes(4, "big") for place in range(len(contents))]

    def find(self, keys: Sequence[bytes]) -> Mapping[bytes, GradeResult]:
        """The cached grades."""
        found = {key: self._waiting[key] for key in keys if key in self._waiting}
        for start in range(0, len(keys), 500):
            some = keys[start : start + 500]
            marks = ",".join("?" * len(some))
            try:
                found |= dict(self._open.execute(f"SELECT key, grade FROM grades WHERE key IN ({marks})", some))
            except sqlite3.Error as error:
                raise ConfigError(f"--cache cannot be read: {error}; remove the folder, or leave it out") from error
        return {key: GradeResult.from_dict(json.loads(text)) for key, text in found.items()}

    def keep(self, key: bytes, result: GradeResult) -> None:
        """Cache a grade, if it is reproducible."""
        if result.score is None or result.reason.startswith(GRADING_LIMIT):
            return
        self._waiting[key] = json.dumps(result.to_dict())
        if len(self._waiting) >= _WAITING:
            self.flush()

    def flush(self) -> None:
        """Write the buffer."""
        if not self._waiting:
            return
        rows, self._waiting = list(self._waiting.items()), {}
        try:
            self._open.execute("BEGIN IMMEDIATE")
            self._open.executemany("INSERT OR REPLACE INTO grades VALUES (?, ?)", rows)
            self._open.execute("COMMIT")
        except sqlite3.Error as error:
            raise ConfigError(
                f"--cache cannot be written: {error}; make room, name a folder that can be written to, or leave it out"
            ) from error

    def __enter__(self) -> GradeCache:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.flush()
        finally:
            self._open.close()


def _content(request: GradeRequest) -> Mapping[str, object]:
    row = request.to_dict()
    return {name: value for name, value in row.items() if name not in ("id", "group", "sample")}
