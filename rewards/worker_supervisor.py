"""Supervise the worker processes of a pool: start, send calls, read answers, check deadlines, kill and reap.

Lines from workers are passed on as bytes; `rewards.dispatch` interprets them. All of this runs in the dispatcher
thread, because the kernel's parent-death signal is tied to the thread that started a process.
"""

from __future__ import annotations

import contextlib
import selectors
import time
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from rewards.pool_types import Call, Case, Chunk, Plan
from rewards.stray_processes import Search
from rewards.worker_process import WorkerProcess

Worker: TypeAlias = WorkerProcess[Call]

_REAP_EVERY = 0.02


class WorkerSupervisor:
    """At most `plan.workers` processes and the pipes to them.

    hear: called with a worker, the lines it wrote, and whether it has closed its pipe.
    """

    def __init__(self, plan: Plan, hear: Callable[[Worker, list[bytes], bool], None]) -> None:
        self._plan = plan
        self._hear = hear
        self._selector = selectors.DefaultSelector()
        self._dying: list[Worker] = []
        self._leftovers = Search()
        self.workers: list[Worker] = []
        self.started = 0

    def listen(self, descriptor: int, then: Callable[[], None]) -> None:
        """Call `then` whenever there is something to read."""
        self._selector.register(descriptor, selectors.EVENT_READ, then)

    def wait(self, timeout: float | None) -> None:
        """Wait for events, at most until the next deadline or `timeout`, and process them."""
        next_end = self._until_next_end()
        waits = [seconds for seconds in (next_end, timeout) if seconds is not None]
        for key, _events in self._selector.select(min(waits) if waits else None):
            key.data()
        self._dying = [worker for worker in self._dying if not worker.reaped()]

    @property
    def is_busy(self) -> bool:
        """Whether workers have more than four calls each on average, so that none waits for this thread.

        A worker that grades concurrently has no queue: it starts on each call that it receives.
        """
        return self._plan.concurrency == 1 and sum(len(one.in_flight) for one in self.workers) > 4 * len(self.workers)

    # --- one worker -------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start one more worker. Raises OSError if there are no processes or descriptors left."""
        worker: Worker = WorkerProcess(self._plan.setup, time.monotonic())
        self.started += 1
        self.workers.append(worker)
        for descriptor, then in ((worker.output, self.read), (worker.errors, self._show)):
            self._selector.register(descriptor, selectors.EVENT_READ, partial(self._if_there, worker, then))
        self._watch_input(worker)

    def give(self, worker: Worker, calls: list[Call]) -> None:
        """Send calls to a worker. If it was idle, the deadline of the first runs from now."""
        now = time.monotonic()
        for call in calls:
            call.sent = now
        if not worker.in_flight:
            worker.since = now
        worker.fresh = False
        worker.in_flight.extend(calls)
        worker.chunks += sum(isinstance(call.case, Chunk) for call in calls)
        worker.send(b"".join([call.encoded() for call in calls]))
        self._watch_input(worker)

    def cancel(self, case: Case) -> None:
        """Tell the workers that a case is abandoned.

        A worker that grades concurrently cancels the grade. If it cannot, or the grade never awaits, it may continue
        for as long as it took to start, since a new worker would take that long too; then it is killed.
        """
        for worker in self.workers:
            if calls := [call for call in worker.in_flight if call.case is case]:
                worker.send(b"".join([call.cancelled() for call in calls]))
                self._watch_input(worker)

    def done(self, worker: Worker, call: Call) -> None:
        """A call was answered: the deadline of the next one starts now."""
        worker.in_flight.remove(call)
        worker.chunks -= isinstance(call.case, Chunk)
        worker.alone = False
        worker.since = time.monotonic()

    def stop_clock(self, worker: Worker, stopped: bool) -> None:
        """Stop or restart the deadlines of a worker while it loads a library (`rewards.clock`)."""
        now = time.monotonic()
        if stopped:
            worker.clock_stopped = now
        elif worker.clock_stopped is not None:
            still = now - worker.clock_stopped
            worker.since += still
            for call in worker.in_flight:
                call.sent += still
            worker.clock_stopped = None

    def dismiss(self, *workers: Worker) -> None:
        """Kill workers and their descendants; they are reaped in a later turn."""
        for worker in workers:
            self.workers.remove(worker)
            for descriptor in (worker.input, worker.output, worker.errors):
                with contextlib.suppress(KeyError):
                    self._selector.unregister(descriptor)
            worker.kill()
            self._dying.append(worker)
        self._leftovers.end([worker.mark for worker in workers])

    def read(self, worker: Worker) -> None:
        """Pass on a worker's output."""
        lines, closed = worker.read()
        if lines or closed:
            self._hear(worker, lines, closed)

    def _show(self, worker: Worker) -> None:
        if not worker.show_output():
            self._selector.unregister(worker.errors)

    def _if_there(self, worker: Worker, then: Callable[[Worker], None]) -> None:
        """Do what an event asks for, unless an event before it in the same round ended the worker."""
        if worker in self.workers:
            then(worker)

    def _watch_input(self, worker: Worker) -> None:
        """Ask to be told when the pipe takes more, while something waits."""
        watched = worker.input in self._selector.get_map()
        flushed = worker.flush()
        if not flushed and not watched:
            again = partial(self._if_there, worker, self._watch_input)
            self._selector.register(worker.input, selectors.EVENT_WRITE, again)
        elif flushed and watched:
            self._selector.unregister(worker.input)

    # --- deadlines --------------------------------------------------------------------------------------------------

    def overdue(self) -> list[tuple[Worker, str]]:
        """The workers whose time is up, and what they were late with. What they have written counts first."""
        late: list[tuple[Worker, str]] = []
        for worker in list(self.workers):
            if self._is_late(worker):
                self.read(worker)  # the answer may be in the pipe: this thread may be the one that is late
                if worker in self.workers and self._is_late(worker):
                    late.append((worker, self._lateness(worker)))
        return late

    def _is_late(self, worker: Worker) -> bool:
        end = self._end_of_work(worker)
        return end is not None and end <= time.monotonic()

    def _end_of_work(self, worker: Worker) -> float | None:
        """When a worker has to have started, loaded or answered (monotonic clock); None = it has nothing to do."""
        if not worker.ready:
            return worker.started + self._plan.start_deadline
        if not worker.in_flight:
            return None
        if worker.clock_stopped is not None:
            return worker.clock_stopped + self._plan.start_deadline
        end = self._end_of_call(worker, self._most_urgent(worker))
        unwanted = self._unwanted_since(worker)
        return end if unwanted is None else min(end, unwanted + worker.start_seconds)

    def _unwanted_since(self, worker: Worker) -> float | None:
        """Since when nobody waits for anything that a worker grades; None = somebody does."""
        since = worker.since
        for call in worker.in_flight:
            if call.case is None or not call.case.abandoned:
                return None
            since = max(since, call.case.abandoned)
            if self._plan.concurrency == 1:  # calls run one at a time, and this is the one that runs
                break
        return since

    def _end_of_call(self, worker: Worker, call: Call) -> float:
        """When a call's time is up: concurrent calls each have a clock of their own; else only the first one runs."""
        return (call.sent if self._plan.concurrency > 1 else worker.since) + call.deadline

    def _most_urgent(self, worker: Worker) -> Call:
        if self._plan.concurrency == 1:
            return worker.in_flight[0]
        return min(worker.in_flight, key=lambda call: call.sent + call.deadline)

    def _lateness(self, worker: Worker) -> str:
        if not worker.ready:
            return f"a worker was not ready within {self._plan.start_deadline:g} s"
        if worker.clock_stopped is not None:
            return f"loading took longer than {self._plan.start_deadline:g} s"
        if self._unwanted_since(worker) is not None:
            return "nobody waits for what it grades any more"
        return f"no answer within {self._most_urgent(worker).deadline:g} s"

    def _until_next_end(self) -> float | None:
        """Seconds until the next deadline; None = there is none."""
        now = time.monotonic()
        ends = [end for worker in self.workers if (end := self._end_of_work(worker)) is not None]
        if self._dying:
            ends.append(now + _REAP_EVERY)
        return max(0.0, min(ends) - now) if ends else None

    # --- the end ----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Kill all workers and wait until they are gone (after SIGKILL, five seconds is ample)."""
        self.dismiss(*list(self.workers))
        limit = time.monotonic() + 5.0
        while any(not worker.reaped() for worker in self._dying) and time.monotonic() < limit:
            time.sleep(0.001)
        self._leftovers.finish()
        self._selector.close()

    def disown(self) -> None:
        """In a forked child: close inherited descriptors, without touching any process."""
        for worker in [*self.workers, *self._dying]:
            worker.disown()
        self._selector.close()
