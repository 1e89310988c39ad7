"""Stretch wall-clock limits on an overloaded machine.

A program within its limit on a quiet machine must not be wrong on a busy one. The sandbox limits CPU time, which is
never stretched; but a program that waits for a core uses no CPU time, and a fixed wall-clock limit would blame it.

A case that exceeds its limit is excused only for the time it can have waited for a core (`Clock`): the load of the
machine excuses neither a program that sleeps nor one that computes too long.

A case that was ended by its limit, though it had waited for so long, says nothing about the program (`Starved`): it is
judged once more, with much more patience.
"""

from __future__ import annotations

import os
import time
from contextvars import ContextVar
from dataclasses import dataclass, field

LONGEST = 4.0
"""The largest stretch factor: a program must not keep its slot indefinitely by keeping the machine busy."""
PATIENT = 16.0
"""The factor for a program that was starved."""
_FRESH_SECONDS = 0.1
_SPARE = 0.25  # of a second, or of a shorter limit: for start-up and wake-up
_MOST_SLEPT = 2.0  # seconds of sleep for each second of waiting, in a case that was starved
_CORES = os.cpu_count() or 1
_last = (float("-inf"), 1.0)  # time and value of the last measurement
_least: ContextVar[float] = ContextVar("least", default=1.0)  # for what the current task judges


class Starved(Exception):
    """A case exceeded its limit while it waited for a core."""


def be_patient() -> None:
    """Stretch limits by `PATIENT` for all that this task judges from now on."""
    _least.set(PATIENT)


def longest() -> float:
    """The largest stretch factor for what this task judges."""
    return max(LONGEST, _least.get())


def stretch() -> float:
    """The current factor for limits. Cheap to call for each case: measured at most ten times a second."""
    global _last
    now = time.monotonic()
    if now - _last[0] > _FRESH_SECONDS:
        _last = now, measured()
    return max(_last[1], _least.get())


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
    """The wall time of one run, and its cases that exceeded their limit.

    late: seconds beyond the limit, stretch factor. ended: wall and limit of the case that was ended by its limit.
    over: seconds after which it should have been: this process was stopped, or had no core.
    """

    limit: float
    wall: float = 0.0
    late: dict[int, tuple[float, float]] = field(default_factory=dict)
    ended: tuple[float, float] | None = None
    over: float = 0.0
    began: float = field(default_factory=lambda: _own_wait())

    def took(self, case: int, seconds: float, stretched: float, *, passed: bool = True) -> None:
        """Record a case's seconds and stretch factor. A failed case does not count as late."""
        self.wall += seconds
        if passed and seconds > self.limit:
            self.late[case] = seconds - self.limit, stretched

    def was_ended(self, case: int, seconds: float, stretched: float, *, limit: float, over: float) -> None:
        """Record a case that was ended by its limit (without stretch). over: seconds after it should have been."""
        self.took(case, seconds, stretched, passed=False)
        self.late[case] = seconds - limit, stretched
        self.ended = seconds, limit
        self.over += max(0.0, over)

    def overslept(self, cpu_seconds: float, waited: float = 0.0) -> tuple[int, ...]:
        """The late cases, if waiting for a core does not explain it; else empty.

        cpu_seconds: of the whole run. waited: seconds that its processes waited for a core, as far as that is known.
        This process may have taken an answer late as well.
        """
        if not self.late:
            return ()
        late = sum(late for late, _ in self.late.values())
        waited = self._waited(cpu_seconds, waited + self.over + _own_wait() - self.began)
        return tuple(self.late) if late > waited + self._spare() else ()

    def check_starved(self, cpu_seconds: float, waited: float) -> None:
        """Raise Starved if waiting explains that a case was ended by its limit. The parameters are `overslept`'s.

        What this process waited explains only how late it looked. A program that slept for most of the time did not
        reach its limit because of the little that it waited.
        """
        if self.ended is None:
            return
        seconds, limit = self.ended
        computed = cpu_seconds - (self.wall - seconds)  # at least, in this case
        late = sum(late for late, _ in self.late.values())
        waited = self._waited(cpu_seconds, waited + self.over)
        slept = seconds - max(0.0, computed) - waited
        if computed < limit and late <= waited + self._spare() and slept <= _MOST_SLEPT * waited:
            raise Starved(f"a case ran for {seconds:.1f} s, and waited for a core or for the sandbox most of that time")

    def _waited(self, cpu_seconds: float, known: float) -> float:
        """Seconds of waiting: what is known, or else an estimate, at most the wall time without CPU use.

        The kernel tells it of the first thread alone. The estimate is one second per CPU second for each other process
        that shared the core, by the load of the machine; patience with a program says nothing about the load.
        """
        return min(max(0.0, self.wall - cpu_seconds), max(known, self._others() * cpu_seconds))

    def _others(self) -> float:
        return min(LONGEST, max((stretched for _, stretched in self.late.values()), default=1.0)) - 1.0

    def _spare(self) -> float:
        return _SPARE * min(1.0, self.limit) if self._others() else 0.0


def _own_wait() -> float:
    """Seconds that this thread could have run and had no core, since it began."""
    try:
        with open("/proc/thread-self/schedstat") as counts:
            return int(counts.read().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):  # another system
        return 0.0
