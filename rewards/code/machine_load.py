"""Stretch wall-clock limits on an overloaded machine.

A program within its limit on a quiet machine must not be wrong on a busy one. The sandbox limits CPU time, which is
never stretched; but a program that waits for a core uses no CPU time, and a fixed wall-clock limit would blame it.

A case that exceeds its limit is excused only for the time it can have waited for a core (`Clock`): the load of the
machine excuses neither a program that sleeps nor one that computes too long.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field

LONGEST = 4.0
"""The largest stretch factor: a program must not keep its slot indefinitely by keeping the machine busy."""
_FRESH_SECONDS = 0.1
_SPARE = 0.25  # of a second, or of a shorter limit: for start-up and wake-up
_CORES = os.cpu_count() or 1
_last = (float("-inf"), 1.0)  # time and value of the last measurement


def stretch() -> float:
    """The current factor for limits. Cheap to call for each case: measured at most ten times a second."""
    global _last
    now = time.monotonic()
    if now - _last[0] > _FRESH_SECONDS:
        _last = now, measured()
    return _last[1]


def measured() -> float:
    """Runnable processes per core, now or over the last minute, whichever is more; clamped to 1..`LONGEST`."""
    try:
        with open("/proc/loadavg") as file:
            minute, _, _, now, _ = file.read().split()
    except (OSError, ValueError):  # another system
        return 1.0
    runnable = max(float(minute), float(now.partition("/")[0]))
    return min(LONGEST, max(1.0, runnable / _CORES))


@dataclass(slots=True)
class Clock:
    """The wall time of one run, and its cases that exceeded their limit."""

    limit: float
    wall: float = 0.0
    late: dict[int, tuple[float, float]] = field(default_factory=dict)  # seconds beyond the limit, stretch factor

    def took(self, case: int, seconds: float, stretched: float, *, passed: bool = True) -> None:
        """Record a case's seconds and stretch factor. A failed case does not count as late."""
        self.wall += seconds
        if passed and seconds > self.limit:
            self.late[case] = seconds - self.limit, stretched

    def overslept(self, cpu_seconds: float) -> tuple[int, ...]:
        """The late cases, if waiting for a core does not explain it; else empty. cpu_seconds: of the whole run.

        The waiting time is at most the wall time without CPU use, and at most one second per CPU second for each other
        process that shared its core.
        """
        if not self.late:
            return ()
        others = max(stretched for _, stretched in self.late.values()) - 1.0
        waited = min(max(0.0, self.wall - cpu_seconds), others * cpu_seconds)
        spare = _SPARE * min(1.0, self.limit) if others else 0.0
        return tuple(self.late) if sum(late for late, _ in self.late.values()) > waited + spare else ()
