"""How much longer a wall-clock limit is on a machine that has more to run than cores.

A program that is within its limit on a quiet machine must not be wrong on a busy one. CPU time is counted by the
sandbox and never stretched; but a program that waits for its turn uses none, and a limit on the wall clock would blame
it.

What took longer than its limit must have waited for that long (`Clock`): a program that sleeps is not excused by others
that compute, nor one that computes by others that wait.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field

LONGEST = 4.0
"""The most that a limit is stretched by: a program must not hold its slot for ever by keeping the machine busy."""
_FRESH_SECONDS = 0.1
_SPARE = 0.25  # of a second, or of a shorter limit: for being started and woken
_CORES = os.cpu_count() or 1
_last = (float("-inf"), 1.0)  # when it was measured, and what it was


def stretch() -> float:
    """What limits are multiplied by at the moment. It is asked for with each case, and measured ten times a second."""
    global _last
    now = time.monotonic()
    if now - _last[0] > _FRESH_SECONDS:
        _last = now, measured()
    return _last[1]


def measured() -> float:
    """Runnable processes for each core, from 1 to `LONGEST`: now, or over the last minute, whichever is more."""
    try:
        with open("/proc/loadavg") as file:
            minute, _, _, now, _ = file.read().split()
    except (OSError, ValueError):  # another system
        return 1.0
    runnable = max(float(minute), float(now.partition("/")[0]))
    return min(LONGEST, max(1.0, runnable / _CORES))


@dataclass(slots=True)
class Clock:
    """The wall time of one run, and the cases in it that took longer than their limit."""

    limit: float
    wall: float = 0.0
    late: dict[int, tuple[float, float]] = field(default_factory=dict)  # seconds beyond the limit, and its stretch

    def took(self, case: int, seconds: float, stretched: float, *, passed: bool = True) -> None:
        """Note how long a case took, and by what its limit was multiplied. One that failed is late no more."""
        self.wall += seconds
        if passed and seconds > self.limit:
            self.late[case] = seconds - self.limit, stretched

    def overslept(self, cpu_seconds: float) -> tuple[int, ...]:
        """The cases that were late, where waiting for a core does not explain it. cpu_seconds: of the whole run.

        A program waits when it neither computes nor sleeps: no longer than the time that it did not compute, and for
        each second that it computed one second for each further process that could run on its core.
        """
        if not self.late:
            return ()
        others = max(stretched for _, stretched in self.late.values()) - 1.0
        waited = min(max(0.0, self.wall - cpu_seconds), others * cpu_seconds)
        spare = _SPARE * min(1.0, self.limit) if others else 0.0
        return tuple(self.late) if sum(late for late, _ in self.late.values()) > waited + spare else ()
