"""How much of the long suites a run takes: by default a share, the same one every time.

RLVR_WHOLE names the suites that are taken whole, as a comma list or `all`. CI takes all but `redteam` whole.

Example:
    rows = share("sets", rows, 8, key=lambda row: row.name)  # one of eight, or all under RLVR_WHOLE=sets
"""

from __future__ import annotations

import gzip
import json
import os
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest

T = TypeVar("T")

SUITES = {
    "sets": "every row of the published sets of programming problems (five minutes on two cores)",
    "redteam": "every hostile and every honest program (an hour)",
    "examples": "every example that is drawn by chance (a minute)",
    "kills": "every moment at which a run is killed, and many more workers (half a minute)",
}


def is_whole(suite: str) -> bool:
    """Whether this run takes all of a suite. Raises pytest.UsageError for a name that is none."""
    named = {name.strip() for name in os.environ.get("RLVR_WHOLE", "").split(",")} - {""}
    if unknown := named - SUITES.keys() - {"all"}:
        raise pytest.UsageError(f"RLVR_WHOLE names {sorted(unknown)}; known: all, {', '.join(SUITES)}")
    return suite in named or "all" in named


def share(suite: str, rows: Sequence[T], one_of: int, key: Callable[[T], str]) -> list[T]:
    """All rows where the suite is taken whole, else one of so many."""
    return list(rows) if is_whole(suite) else sample(rows, one_of, key)


def sample(rows: Sequence[T], one_of: int, key: Callable[[T], str]) -> list[T]:
    """One row of so many, chosen by its key."""
    return [row for row in rows if zlib.crc32(key(row).encode()) % one_of == 0]


def examples(whole: int) -> int:
    """How many examples a test draws by chance: a quarter, or all."""
    return whole if is_whole("examples") else whole // 4


def published_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a published set of programming problems that this run takes: one of six, or all."""
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as stream:
        rows = [json.loads(line) for line in stream]
    return share("sets", rows, 6, lambda row: str(row["task_id"]))
