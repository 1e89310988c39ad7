"""Admission control for servers: a sandbox with a bounded queue, which tells rejected clients when to retry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from sandbox.errors import SandboxBusy
from sandbox.protocol import Sandbox, Session
from sandbox.tasks import Background
from sandbox.types import Job, JobResult

_MEMORY = 0.1  # weight of the latest run in the moving average


class Places:
    """The count of a bounded queue: `slots` running and `most_waiting` waiting.

    held: number of places in use, running or waiting. what: plural noun for messages.
    """

    def __init__(self, *, slots: int, most_waiting: int, what: str = "runs") -> None:
        self.slots = slots
        self.most_waiting = most_waiting
        self.what = what
        self.held = 0
        self.refused = 0
        self._mean = 1.0

    @contextmanager
    def place(self, count: int = 1) -> Iterator[None]:
        """Hold `count` places while this lasts. Raises SandboxBusy where fewer are free."""
        if self.held + count > self.slots + self.most_waiting:
            self.refused += count
            after = max(0.1, self._mean * (self.held + count - self.slots) / self.slots)
            most = self.slots + self.most_waiting
            raise SandboxBusy(f"{self.held} {self.what} are at work or in line, and at most {most} may be", after)
        self.held += count
        try:
            yield
        finally:
            self.held -= count

    def took(self, seconds: float) -> None:
        """Record a duration; the mean gives `retry_after` of SandboxBusy."""
        self._mean += _MEMORY * (seconds - self._mean)


class QueuedSandbox:
    """Forwards runs and sessions to a sandbox with `slots`, and queues up to `most_waiting` more. Counts them."""

    def __init__(self, sandbox: Sandbox, *, slots: int, most_waiting: int) -> None:
        self._sandbox = sandbox
        self._places = Places(slots=slots, most_waiting=most_waiting)
        self.ended: Counter[str] = Counter()
        self.failed = 0
        self.seconds = 0.0
        self._followers = Background()

    @property
    def slots(self) -> int:
        return self._places.slots

    @property
    def held(self) -> int:
        """Runs and session programs, running or waiting."""
        return self._places.held

    def place(self, count: int = 1) -> AbstractContextManager[None]:
        """Hold `count` places while this lasts. Raises SandboxBusy where fewer are free."""
        return self._places.place(count)

    async def run(self, job: Job) -> JobResult:
        """See `sandbox.protocol.Sandbox`. Raises SandboxBusy too."""
        with self.place():
            return await self.run_placed(job)

    async def run_placed(self, job: Job) -> JobResult:
        """Run a job that already has a place."""
        try:
            result = await self._sandbox.run(job)
        except Exception:  # counted, whatever it is, and passed on
            self.failed += 1
            raise
        self._count(result)
        return result

    async def open(self, job: Job, peer: Job | None = None) -> Session:
        """See `sandbox.protocol.Sandbox`. Raises SandboxBusy too."""
        place = self.place()
        place.__enter__()
        try:
            session = await self._sandbox.open(job, peer)
        except BaseException:  # cancellation too: give the place back
            place.__exit__(None, None, None)
            raise

        async def follow() -> None:
            try:
                self._count(await session.result())
            except Exception:  # counted here, and raised where the result is awaited
                self.failed += 1
            finally:
                place.__exit__(None, None, None)

        self._followers.start(follow())
        return session

    async def close(self) -> None:
        """Close the wrapped sandbox."""
        await self._sandbox.close()

    def metrics(self) -> str:
        """Counters in Prometheus' text format."""
        running = min(self.held, self.slots)
        rows = [
            "# HELP rlvr_sandbox_runs_total Programs that have ended, by how.",
            "# TYPE rlvr_sandbox_runs_total counter",
            *(f'rlvr_sandbox_runs_total{{ended="{name}"}} {count}' for name, count in sorted(self.ended.items())),
        ]
        for name, kind, text, value in (
            ("run_seconds_total", "counter", "Wall time of programs.", self.seconds),
            ("failed_total", "counter", "Runs that the sandbox itself failed.", self.failed),
            ("refused_total", "counter", "Runs refused because the line was full.", self._places.refused),
            ("running", "gauge", "Programs at work.", running),
            ("waiting", "gauge", "Programs in line.", self.held - running),
            ("slots", "gauge", "Programs that may run at once.", self.slots),
        ):
            rows += [f"# HELP rlvr_sandbox_{name} {text}", f"# TYPE rlvr_sandbox_{name} {kind}"]
            rows.append(f"rlvr_sandbox_{name} {value:g}")
        return "\n".join(rows) + "\n"

    def _count(self, result: JobResult) -> None:
        self.ended[result.ended.value] += 1
        self.seconds += result.seconds
        self._places.took(result.seconds)
