"""The memory of a run's whole tree, looked at from outside, for machines on which no cgroup counts it.

A limit of each process alone (RLIMIT_DATA) does not see shared memory, nor many processes. Pages that a process still
shares with the zygote that it was forked from are counted in each; `baseline` takes them off again.
"""

from __future__ import annotations

import os


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


def of_tree(pid: int, baseline: int) -> int:
    """Bytes that a process and its descendants hold, each above `baseline`."""
    total, waiting = 0, [pid]
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
