"""The active runs of a local sandbox: a separate task awaits the end of each.

The caller of a run may be cancelled; its end is awaited all the same, so that its slot is freed. A run that is still on
when its sandbox is closed has no result: how it ends says nothing about the program.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from typing import Protocol

from sandbox.errors import InvalidSandbox, SandboxUnavailable
from sandbox.tasks import mark_seen
from sandbox.types import JobResult


class Run(Protocol):
    """A started program."""

    def kill(self, cause: str) -> None: ...

    async def end(self) -> JobResult: ...


class ActiveRuns:
    """The set of active runs."""

    def __init__(self) -> None:
        self._on: dict[asyncio.Task[JobResult], Run] = {}
        self._closed = False

    def start(self, run: Run) -> asyncio.Task[JobResult]:
        """Track a run; the task awaits its end."""
        task = asyncio.create_task(self._result(run))
        self._on[task] = run
        task.add_done_callback(self._ended)
        return task

    async def finish(self, run: Run) -> JobResult:
        """The result of a run. If this is cancelled the run is killed, and its slot is freed a moment later.

        Raises:
            SandboxUnavailable: the sandbox was closed before its end.
        """
        task = self.start(run)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            run.kill("cancelled")
            raise

    async def close(self, seconds: float) -> None:
        """Kill all runs and wait for their ends. May be called from another loop once their own is closed."""
        self._closed = True
        for run in list(self._on.values()):
            run.kill("closed")
        ends = [task for task in self._on if not task.get_loop().is_closed()]
        if ends:
            await asyncio.wait(ends, timeout=seconds)

    async def _result(self, run: Run) -> JobResult:
        result = await run.end()
        if self._closed:
            raise SandboxUnavailable("the sandbox was closed under a run")
        return result

    def _ended(self, task: asyncio.Task[JobResult]) -> None:
        self._on.pop(task, None)
        mark_seen(task)


def when_all_are_done(ends: Iterable[asyncio.Future[JobResult]], then: Callable[[], None]) -> None:
    """Call `then` once, when all futures are done."""
    still = set(ends)

    def one(done: asyncio.Future[JobResult]) -> None:
        still.discard(done)
        if not still:
            then()

    for end in list(still):
        end.add_done_callback(one)


def slots_or_cores(slots: int | None) -> int:
    """Concurrent programs: `slots`, or one per core available to this process. Raises InvalidSandbox."""
    if slots is not None and slots < 1:
        raise InvalidSandbox(f"slots must be at least 1, not {slots}; None means one a core")
    return slots or len(os.sched_getaffinity(0))
