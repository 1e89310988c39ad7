"""How much longer a wall-clock limit is on a machine that has more to run than cores.

A program that is within its limit on a quiet machine must not be wrong on a busy one. CPU time is counted by the
sandbox and never stretched; but a program that waits for its turn uses none, and a limit on the wall clock would blame
it.
"""

from __future__ import annotations

import os
import time

LONGEST = 4.0
"""The most that a limit is stretched by: a program must not hold its slot for ever by keeping the machine busy."""
_FRESH_SECONDS = 0.1
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
