"""Measure the memory and CPU time of a run's process tree from outside, on machines without a cgroup that counts them.

A limit for each process alone (RLIMIT_DATA) covers neither shared memory nor many processes. Pages that a process still
shares with the zygote that it was forked from are counted in each of them; `baseline` subtracts them. Nor does the
kernel add up the CPU time of processes that nobody waits for; without it, a program that occupies the cores itself
would look like a busy machine.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

_TICKS = os.sysconf("SC_CLK_TCK")
_MOST_THREADS = 64  # whose waiting is read


def resident(pid: int) -> int:
    """Bytes of anonymous and shared memory that a process holds; 0 if it is gone."""
    held = 0
    try:
        with open(f"/proc/{pid}/status") as status:
            for line in status:
                if line.startswith(("RssAnon:", "RssShmem:")):
                    held += int(line.split()[1]) * 1024
    except OSError:
        return 0
    return held


def of_trees(roots: Iterable[int], baseline: int, computed: dict[int, float]) -> int:
    """Bytes that processes and their descendants hold, counting for each what exceeds `baseline`.

    A run has two roots: the program, and its init, which adopts daemons. computed: receives the CPU seconds of each
    process so far, and keeps those of processes that are gone.
    """
    total, waiting = 0, list(roots)
    while waiting:
        at = waiting.pop()
        total += max(0, resident(at) - baseline)
        try:
            with open(f"/proc/{at}/stat", "rb") as status:
                fields = status.read().rpartition(b")")[2].split()  # behind its name, which may hold anything
            computed[at] = (int(fields[11]) + int(fields[12])) / _TICKS
            for thread in os.listdir(f"/proc/{at}/task"):
                with open(f"/proc/{at}/task/{thread}/children") as children:
                    waiting += [int(child) for child in children.read().split()]
        except OSError:  # it ended meanwhile
            continue
    return total


def own_wait() -> float:
    """Seconds that this process, which has one thread, could have run and had no core; 0 if the kernel does not tell.

    A process that is stopped is not among those that wait for a core.
    """
    try:
        with open("/proc/self/schedstat") as counts:
            return int(counts.read().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


def longest_wait(pid: int, before: tuple[float, float]) -> tuple[float, float]:
    """Seconds that a thread of a process waited for a core, and its CPU seconds, for the thread that waited longest.

    before: what this returned earlier, since threads end.
    """
    try:
        threads = os.listdir(f"/proc/{pid}/task")[:_MOST_THREADS]
    except OSError:  # it is gone
        return before
    longest = before
    for thread in threads:
        try:
            with open(f"/proc/{pid}/task/{thread}/schedstat") as counts:
                computed, waited, *_ = counts.read().split()
        except (OSError, ValueError):  # it ended meanwhile, or this kernel does not tell
            continue
        longest = max(longest, (int(waited) / 1e9, int(computed) / 1e9))
    return longest
