"""CPU time of a whole process tree: this process, its living descendants, and all that these have waited for."""

from __future__ import annotations

import os
from pathlib import Path

_TICK = 1.0 / os.sysconf("SC_CLK_TCK")


def cpu_seconds(root: int | None = None) -> float:
    """User and system seconds of a process and its descendants, including those that ended and were waited for.

    The difference of two such sums is the time used in between, if every process of the tree that ends is waited for.
    """
    rows: dict[int, tuple[int, float]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        rows[int(entry.name)] = int(fields[1]), sum(int(field) for field in fields[11:15]) * _TICK
    tree = {root or os.getpid()}
    while more := {pid for pid, (parent, _) in rows.items() if parent in tree} - tree:
        tree |= more
    return sum(rows[pid][1] for pid in tree if pid in rows)
