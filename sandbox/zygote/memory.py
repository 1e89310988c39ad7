"""The memory of a run's whole tree, looked at from outside, for machines on which no cgroup counts it.

A limit of each process alone (RLIMIT_DATA) does not see shared memory, nor many processes. Pages that a process still
shares with the zygote that it was forked from are counted in each; `baseline` takes them off again.
"""

from __future__ import annotations

import os
from collections.abc import Iterable


def resident(pid: int) -> int:
    """Bytes of anonymous and shared memory that a process holds; 0 where it is gone."""
    held = 0
    try:
        with open(f"/proc/{pid}/status") as status:
            for line in status:
                if line.startswith(("RssAnon:", "RssShmem:")):
                    held += int(line.split()[1]) * 1024
    except OSError:
        return 0
    return held


def of_trees(roots: Iterable[int], baseline: int) -> int:
    """Bytes that processes and their descendants hold, each above `baseline`.

    A run has two roots: the program, and its init, to which daemons come.
    """
    total, waiting = 0, list(roots)
    while waiting:
        at = waiting.pop()
        total += max(0, resident(at) - baseline)
        try:
            for thread in os.listdir(f"/proc/{at}/task"):
                with open(f"/proc/{at}/task/{thread}/children") as children:
                    waiting += [int(child) for child in children.read().split()]
        except OSError:  # it ended meanwhile
            continue
    return total
