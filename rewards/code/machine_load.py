"""Stretch wall-clock limits on an overloaded machine.

A program within its limit on a quiet machine must not be wrong on a busy one. The sandbox limits CPU time, which is
never stretched; but a program that waits for a core uses no CPU time, and a fixed wall-clock limit would blame it.

A case that exceeds its limit is excused only for the time it can have waited for a core (`Clock`): the load of the
machine excuses neither a program that sleeps nor one that computes too long.

A case that was ended by its limit, though it had waited for so long, says nothing about the program (`Starved`): it is
judged once more, with a much longer limit and precedence over other runs (`cpu_weight`).
"""

from __future__ import annotations

import math
import os
import time
from contextvars import ContextVar
from dataclasses import dataclass, field

from sandbox.types import JobResult, Limits

LONGEST = 4.0
"""The largest stretch factor: a program must not keep its slot indefinitely by keeping the machine busy."""
PATIENT = 16.0
"""The factor for a program that was starved."""
_FRESH_SECONDS = 0.1
_SPARE = 0.25  # of a second, or of a shorter limit: for start-up and wake-up
_MOST_SLEPT = 2.0  # seconds of sleep for each second of waiting, in a case that was starved
_CORES = os.cpu_count() or 1
_USUAL_WEIGHT = Limits().cpu_weight
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


def cpu_weight() -> int:
    """`Limits.cpu_weight` for what this task judges: as much more than usual as its limit is longer."""
    return round(_least.get() * _USUAL_WEIGHT)


def stretch() -> float:
    """The current factor for limits. Cheap to call for each case."""
    return max(load(), _least.get())


def load() -> float:
    """`measured`, at most ten times a second."""
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


@dataclass(frozen=True, slots=True)
class Usage:
    """What the runs of one judgement used: a program's, and its tests' beside it.

    cpu_seconds, unwatched_seconds, waits: `sandbox.types.JobResult`'s, of each run.
    """

    cpu_seconds: float
    unwatched_seconds: float
    waits: tuple[tuple[tuple[float, float], ...], ...] = ()

    @classmethod
    def of(cls, *results: JobResult) -> Usage:
        return cls(
            sum(result.cpu_seconds for result in results),
            sum(result.unwatched_seconds for result in results),
            tuple(((math.inf, result.waited), *result.waits) for result in results),
        )

    def waited(self, first: float, last: float) -> float:
        """Seconds of waiting from `first` to `last` seconds before the end; at most 0.1 s more than that."""
        return sum(
            min(since for ago, since in run if ago >= first)
            - max((since for ago, since in run if ago <= last), default=0.0)
            for run in self.waits
        )


@dataclass(frozen=True, slots=True)
class _Case:
    """A case that exceeded its limit. limit: without stretch. end: in monotonic time."""

    seconds: float
    limit: float
    stretched: float
    end: float

    @property
    def late(self) -> float:
        return self.seconds - self.limit

    def waited(self, usage: Usage) -> float:
        since = time.monotonic() - self.end
        return usage.waited(since + self.seconds, since)


@dataclass(slots=True)
class Clock:
    """The wall time of one run, and its cases that exceeded their limit.

    ended: the case that was ended by its limit. over: seconds after which it should have been: this process was
    stopped, or had no core. own: seconds that this process had no core while cases were late, or in the 0.1 s before.
    load: of the machine, before the program could do anything for it. read: what `own` is counted from. unread: seconds
    of cases since then.
    """

    limit: float
    load: float = LONGEST
    wall: float = 0.0
    late: dict[int, _Case] = field(default_factory=dict)
    ended: _Case | None = None
    over: float = 0.0
    own: float = 0.0
    read: float = field(default_factory=lambda: _own_wait())
    unread: float = 0.0

    def took(self, case: int, seconds: float, stretched: float, *, passed: bool = True) -> None:
        """Record a case's seconds and stretch factor. A failed case does not count as late."""
        self.wall += seconds
        self.unread += seconds
        late = passed and seconds > self.limit
        if late or self.unread > _FRESH_SECONDS:
            before, self.read, self.unread = self.read, _own_wait(), 0.0
            self.own += self.read - before if late else 0.0
        if late:
            self.late[case] = _Case(seconds, self.limit, stretched, time.monotonic())

    def was_ended(self, seconds: float, stretched: float, *, limit: float, over: float) -> None:
        """Record a case that was ended by its limit (without stretch). over: seconds after it should have been."""
        self.wall += seconds
        self.ended = _Case(seconds, limit, stretched, time.monotonic())
        self.over = max(0.0, over)

    def overslept(self, usage: Usage) -> tuple[int, ...]:
        """The late cases, if waiting for a core does not explain it; else empty.

        What one case waited excuses no other. This process may have taken an answer late as well.
        """
        if not self.late:
            return ()
        cases = self.late.values()
        stretched = max(case.stretched for case in cases)
        unexplained = sum(max(0.0, case.late - case.waited(usage)) for case in cases)
        waited = self._waited(usage, max(self.own, self._estimate(usage, stretched)))
        return tuple(self.late) if unexplained > waited + self._spare(stretched) else ()

    def check_starved(self, usage: Usage) -> None:
        """Raise Starved if waiting explains that a case was ended by its limit.

        What this process waited explains only how late it looked. A program that slept for most of the time did not
        reach its limit because of the little that it waited.
        """
        case = self.ended
        if case is None:
            return
        computed = max(0.0, usage.cpu_seconds - (self.wall - case.seconds))  # at least, in this case
        known = self.over + case.waited(usage)
        patient = _least.get() >= PATIENT  # then an estimate does not do
        waited = self._waited(usage, known if patient else max(known, self._estimate(usage, case.stretched)))
        slept = case.seconds - computed - waited
        if (
            computed < case.limit
            and case.late <= waited + self._spare(case.stretched)
            and slept <= _MOST_SLEPT * waited
        ):
            raise Starved(
                f"a case ran for {case.seconds:.1f} s, and waited for a core or for the sandbox most of that time"
            )

    def _waited(self, usage: Usage, seconds: float) -> float:
        """Seconds of waiting: at most the wall time without CPU use."""
        return min(max(0.0, self.wall - usage.cpu_seconds), seconds)

    def _estimate(self, usage: Usage, stretched: float) -> float:
        """Seconds of waiting of the threads and processes of which the kernel does not tell it.

        One second per CPU second for each other process that shared the core, by the load of the machine.
        """
        return (min(LONGEST, self.load, stretched) - 1.0) * usage.unwatched_seconds

    def _spare(self, stretched: float) -> float:
        return _SPARE * min(1.0, self.limit) if stretched > 1.0 else 0.0


def _own_wait() -> float:
    """Seconds that this thread could have run and had no core, since it began."""
    try:
        counts = os.open("/proc/thread-self/schedstat", os.O_RDONLY | os.O_CLOEXEC)  # `open` costs ten times as much
        try:
            return int(os.read(counts, 128).split()[1]) / 1e9
        finally:
            os.close(counts)
    except (OSError, ValueError, IndexError):  # another system
        return 0.0
