"""The dispatcher thread of a pool: sends calls, enforces deadlines, applies the retry policy to each case.

One thread owns all workers and pipes (`rewards.worker_supervisor`), so there is nothing to lock but `rewards.inbox`.

A worker gets several calls ahead (about 20 ms of work), so that it never waits for the pipe, and answers them in order.
If it hangs, only the current call is suspected; the others are requeued first. Calls that must run *alone* (repeats,
controls) go to unused workers. Requests that their texts alone may decide come in chunks (`rewards.chunks`).

Two circuit breakers keep a broken grader from costing a deadline for every response. After three failed starts in a
row, all queued calls fail at once, with the diagnosis. After three lost control calls in a row, queued calls of the
same rows fail (a reference can hang a grader), and one control call of another row, the probe, decides about the rest:
answered, all continue; lost, all fail. Until a call is answered, a probe precedes new work.
"""

from __future__ import annotations

import json
import logging
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from itertools import count
from typing import Any, TypeAlias

from rewards.call_queue import CallQueue
from rewards.chunks import Chunks
from rewards.errors import GradingUnavailable
from rewards.inbox import Inbox, Received
from rewards.outcome import short
from rewards.pool_types import Call, Case, Chunk, Plan, PoolCounts, encode, row_of
from rewards.retry_policy import GRADING_LIMIT, HARMLESS, Answered, Attempt, Lost, Outcome, control_of
from rewards.types import GradeResult
from rewards.worker_supervisor import Worker, WorkerSupervisor

Message: TypeAlias = dict[str, "int | bool | str | list[object]"]

_LOG = logging.getLogger("rewards.pool")
_SECONDS_AHEAD = 0.02
_MOST_AHEAD = 64
_TRIES = 3
_BEFORE_NEXT_TRY = 0.05
_BETWEEN_TURNS = 0.001  # seconds to pause while all workers have calls queued, so that one turn reads several answers


class Dispatcher:
    """Executes a plan in its own thread until closed."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.inbox = Inbox(plan.name)
        # Everything below is used by the dispatcher thread only, and needs no lock.
        self._supervisor = WorkerSupervisor(plan, self._hear)
        self._supervisor.listen(self.inbox.wakes, self.inbox.woken)
        self._numbers = count(1)
        self._chunks = Chunks(self._supervisor, self._numbers, plan.deadline)
        self._cases: set[Case] = set()
        self._queue = CallQueue()
        self._alone: deque[Call] = deque()
        self._starting_for: list[Future[None]] = []
        self._keep_all = False
        self._ever_ready = False
        self._probing = False
        self._failed_starts = self._lost_controls = 0
        self._lost_rows: set[bytes] = set()
        self._short_of_workers = False
        self._mean_seconds = _SECONDS_AHEAD / 4
        self._answered = self._lost_calls = self._blamed = self._at_fault = 0
        self.thread = threading.Thread(target=self._run, name=f"grading {plan.name}", daemon=True)
        self.thread.start()

    # --- called from any thread -------------------------------------------------------------------------------------

    def submit(self, cases: Sequence[Case]) -> None:
        """Queue cases. Raises GradingUnavailable if closed."""
        self.inbox.submit(cases)

    def abandon(self, futures: Sequence[Future[Any]]) -> None:
        """Abandon these futures. A case without other futures is cancelled, and not repeated if lost."""
        self.inbox.abandon(futures)

    def start_all(self) -> Future[None]:
        """Start all workers and keep them. The future completes when one is ready, or fails with GradingUnavailable."""
        return self.inbox.ask()

    def close(self) -> None:
        """Kill the workers and end the thread; pending cases fail with GradingUnavailable."""
        self.inbox.close()
        if threading.current_thread() is not self.thread:
            self.thread.join()

    def counts(self) -> PoolCounts:
        return PoolCounts(
            answered=self._answered,
            lost=self._lost_calls,
            blamed=self._blamed,
            at_fault=self._at_fault,
            started=self._supervisor.started,
        )

    def disown(self) -> None:
        """In a forked child, where the thread does not run: close inherited descriptors, touch no process."""
        self._supervisor.disown()
        self.inbox.close_pipe()

    # --- the thread -------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        reason = f"the pool that grades with {self._plan.name} was closed before this was graded"
        try:
            while self._turn():
                pass
        except BaseException:  # `_end` fails the futures, whose callers would otherwise wait forever
            reason = f"the thread that grades with {self._plan.name} failed:\n{traceback.format_exc()}"
            _LOG.error(reason)
        finally:
            self._end(reason)

    def _turn(self) -> bool:
        """One turn: send calls, wait, read answers, check deadlines. False = closing."""
        if not self.inbox.sleep(self._hand_out()):
            return False
        timeout: float | None = 0.0
        if self.inbox.asleep:
            soon = [_BEFORE_NEXT_TRY] if self._short_of_workers else []
            timeout = min(soon + self._chunks.take_back(), default=None)
        if self._supervisor.is_busy:
            time.sleep(_BETWEEN_TURNS)
        self._supervisor.wait(timeout)
        received = self.inbox.take(self._register)
        self._enqueue(received.cases)
        self._abandon(received.abandoned)
        if received.askers:
            self._keep_all = True
            self._tell_askers(None)
        for worker, lateness in self._supervisor.overdue():
            if worker.ready:
                self._lose(worker, lateness)
            else:
                self._supervisor.dismiss(worker)
                self._failed_start(lateness)
        return True

    def _register(self, received: Received) -> None:
        """Hold what has come: if anything raises from here on, `_end` fails the futures of all these."""
        self._cases.update(received.cases)
        self._chunks.take(received.offered)
        self._starting_for += received.askers

    def _abandon(self, futures: set[Future[Any]]) -> None:
        self._chunks.abandon(futures)
        for case in [case for case in self._cases if futures.issuperset(case.futures)] if futures else ():
            case.abandoned = time.monotonic()
            self._supervisor.cancel(case)
            for call in [call for call in self._alone if call.case is case]:
                self._alone.remove(call)
                self._drop(case)

    def _end(self, reason: str) -> None:
        self.inbox.end(self._register)
        try:
            self._supervisor.close()
        finally:
            for case in [*self._cases]:
                case.fail(GradingUnavailable(reason))
            self._chunks.end(GradingUnavailable(reason))
            for asker in self._starting_for:
                asker.set_exception(GradingUnavailable(reason))
        self.inbox.close_pipe()

    # --- handing out ------------------------------------------------------------------------------------------------

    def _call(self, case: Case | None, attempt: Attempt, payload: bytes) -> Call:
        return Call(
            next(self._numbers), case, attempt, payload, self._plan.deadline + self._plan.extra_seconds(attempt)
        )

    def _enqueue(self, cases: Sequence[Case]) -> None:
        self._queue.extend(self._call(case, next(case.attempts), case.payload) for case in cases)

    @property
    def _silent(self) -> bool:
        """Whether the grader does not even answer its control requests."""
        return self._lost_controls >= _TRIES

    def _hand_out(self) -> int:
        """Send waiting calls to workers. Returns how many more chunks they would accept."""
        if self._silent and self._queue and not self._probing:
            self._probe()
        for worker in self._supervisor.workers:
            if self._alone and worker.ready and worker.fresh:
                worker.alone = True
                self._supervisor.give(worker, [self._alone.popleft()])
        draining = self._make_room()
        open_to = [
            w for w in self._supervisor.workers if w.ready and not w.alone and w not in draining and not self._silent
        ]
        if self._queue and open_to:
            starting = sum(not worker.ready for worker in self._supervisor.workers)
            held = sum(len(worker.in_flight) - worker.chunks for worker in open_to)
            share = -(-(len(self._queue) + held) // (len(open_to) + starting))
            for worker in open_to:
                self._fill(worker, share)
        self._start_workers()
        room = self._chunks.hand_out(open_to)
        return 0 if self._queue else room

    def _probe(self) -> None:
        """Send one control call, for a waiting row whose control has not been lost."""
        waiting = [*self._queue]
        others = (call.attempt.requests for call in reversed(waiting) if not self._has_lost_row(call))
        attempt = control_of(next(others, waiting[-1].attempt.requests))
        self._alone.append(self._call(None, attempt, encode(attempt.requests)))
        self._probing = True

    def _has_lost_row(self, call: Call) -> bool:
        return row_of(call.attempt.requests) in self._lost_rows

    def _start_workers(self) -> None:
        """Start workers: all if they are kept, else as needed. A used worker cannot run a call alone."""
        busy = sum(bool(worker.in_flight) for worker in self._supervisor.workers)
        starting = sum(not worker.ready for worker in self._supervisor.workers)
        wanted = max(len(self._queue) + busy, len(self._supervisor.workers) - starting + len(self._alone))
        wanted = self._plan.workers if self._keep_all else min(wanted, self._plan.workers)
        self._short_of_workers = False
        try:
            while len(self._supervisor.workers) < wanted:
                self._supervisor.start()
        except OSError as error:  # no processes or descriptors left
            self._short_of_workers = True
            if not self._supervisor.workers:  # otherwise the running ones do all the work
                self._failed_start(f"a worker process cannot be started: {error}")

    def _make_room(self) -> list[Worker]:
        """Replace used workers, as many as there are calls to run alone; busy ones drain first."""
        starting = sum(not worker.ready for worker in self._supervisor.workers)
        missing = len(self._alone) - starting - (self._plan.workers - len(self._supervisor.workers))
        if missing <= 0:
            return []
        used = sorted((w for w in self._supervisor.workers if w.ready and not w.alone), key=lambda w: len(w.in_flight))
        for worker in used[:missing]:
            if not worker.in_flight:
                self._supervisor.dismiss(worker)
        return used[:missing]

    def _fill(self, worker: Worker, share: int) -> None:
        """Fill a worker's queue up to its share of the calls, or about `_SECONDS_AHEAD` of work."""
        if self._plan.concurrency > 1:
            most = self._plan.concurrency
        else:
            most = max(1, min(_MOST_AHEAD, int(_SECONDS_AHEAD / self._mean_seconds)))
        room = min(most, share) - (len(worker.in_flight) - worker.chunks)
        calls: list[Call] = []
        while len(calls) < room and self._queue:
            call = self._queue.pop()
            if not isinstance(call.case, Case) or call.case.wanted(time.monotonic()):
                calls.append(call)
            else:
                self._drop(call.case)
        if calls:
            self._supervisor.give(worker, calls)

    # --- hearing ----------------------------------------------------------------------------------------------------

    def _hear(self, worker: Worker, lines: list[bytes], closed: bool) -> None:
        """Process a worker's output. closed: it has closed its pipe."""
        for received in lines:
            try:
                message = json.loads(received)
                hear = self._HEAR[next(iter(message.keys()))]
            except (ValueError, KeyError, AttributeError, StopIteration, RecursionError):
                self._lose(worker, f"the worker wrote what is no answer: {received[:80]!r}")
                return
            hear(self, worker, message)
            if worker not in self._supervisor.workers:
                return
        if closed:
            self._gone(worker)

    def _hear_ready(self, worker: Worker, _message: Message) -> None:
        worker.ready = self._ever_ready = True
        worker.start_seconds = time.monotonic() - worker.started
        self._tell_askers(None)

    def _hear_failed(self, worker: Worker, message: Message) -> None:
        if worker.ready:  # valid only before `ready`: the reward itself wrote to the pipe
            self._lose(worker, "the worker says that it cannot start, and has started")
            return
        self._supervisor.dismiss(worker)
        self._give_up_starting(str(message["failed"]))

    def _hear_clock(self, worker: Worker, message: Message) -> None:
        self._supervisor.stop_clock(worker, bool(message["clock"]))

    def _hear_call(self, worker: Worker, message: Message) -> None:
        call = next((c for c in worker.in_flight if c.number == message["call"]), None)
        if call is None:
            self._lose(worker, "the worker answered a call that it was not given")
            return
        try:
            results = call.grades(message["results"])
        except (LookupError, TypeError, ValueError, OverflowError) as error:
            self._lose(worker, f"the worker wrote what is no answer: {error}")
            return
        self._supervisor.done(worker, call)
        self._failed_starts = 0
        if isinstance(call.case, Chunk):  # does not prove that calls are answered, so leave the breaker as it is
            self._answer_chunk(call.case, results)
            return
        self._answered += 1
        self._lost_controls = 0
        self._lost_rows.clear()
        graded = [result for result in results if result is not None]
        if graded:
            spent = sum(result.seconds for result in graded)
            self._mean_seconds += 0.1 * (max(spent, 1e-6) - self._mean_seconds)
        self._advance(call, Answered(graded))

    _HEAR: dict[str, Callable[..., None]] = {  # noqa: RUF012  # a table, never changed
        "ready": _hear_ready,
        "failed": _hear_failed,
        "clock": _hear_clock,
        "call": _hear_call,
    }

    def _gone(self, worker: Worker) -> None:
        """The worker closed its pipe: it died, or is about to."""
        worker.end()
        worker.drain_output()
        cause = worker.ending()
        if not worker.ready or not worker.in_flight:
            self._supervisor.dismiss(worker)
            self._failed_start(cause)
        else:
            self._lose(worker, cause, killed=worker.killed)

    # --- losing -----------------------------------------------------------------------------------------------------

    def _lose(self, worker: Worker, cause: str, *, killed: bool = False) -> None:
        """Kill a worker that did not answer: suspect its current call, and requeue those behind it first."""
        suspects = len(worker.in_flight) if self._plan.concurrency > 1 else 1
        calls = list(worker.in_flight)
        behind = calls[suspects:]
        self._queue.put_back(call for call in behind if not isinstance(call.case, Chunk))
        self._chunks.take_again([call.case for call in behind if isinstance(call.case, Chunk)])
        _LOG.info("grading worker %d (%s) ended: %s", worker.pid, self._plan.name, cause)
        self._supervisor.dismiss(worker)
        if not calls:
            self._failed_start(cause)
        for call in calls[:suspects]:
            self._lost_calls += 1
            if isinstance(call.case, Chunk):
                self._answer_chunk(call.case, [None] * len(call.case.requests))
                continue
            if call.attempt.control and not (call.case and call.case.abandoned):
                self._lost_controls += 1
                self._lost_rows.add(row_of(call.attempt.requests))
            self._advance(call, Lost(cause, killed))
        if self._silent:
            self._give_up_grading(cause, every_row=any(call.case is None for call in calls[:suspects]))

    def _failed_start(self, cause: str) -> None:
        self._failed_starts += 1
        if self._failed_starts >= _TRIES:
            self._give_up_starting(f"{cause}; {_TRIES} workers in a row")

    def _give_up_starting(self, why: str) -> None:
        diagnosis = f"workers that grade with {self._plan.name} cannot be started: {why}"
        self._failed_starts = 0
        self._keep_all = False
        self._tell_askers(GradingUnavailable(diagnosis))
        for case in self._take_waiting():
            if self._ever_ready:
                self._leave_ungraded(case, diagnosis)
            else:
                case.fail(GradingUnavailable(diagnosis))
                self._cases.discard(case)

    def _give_up_grading(self, cause: str, every_row: bool) -> None:
        reason = f"the grader is at fault: {HARMLESS} was not graded either, {_TRIES} times in a row: {cause}"
        for case in self._take_waiting(lambda call: every_row or self._has_lost_row(call)):
            self._leave_ungraded(case, reason)

    def _take_waiting(self, which: Callable[[Call], bool] = lambda _call: True) -> list[Case]:
        """Remove and return all waiting calls."""
        alone = [(call, which(call)) for call in self._alone]
        self._alone = deque(call for call, take in alone if not take)
        taken = [*self._queue.take(which), *(call for call, take in alone if take)]
        self._probing = self._probing and not any(call.case is None for call in taken)
        return [call.case for call in taken if isinstance(call.case, Case)]

    def _leave_ungraded(self, case: Case, reason: str) -> None:
        case.attempts.close()
        self._at_fault += len(case.requests)
        self._cases.discard(case)
        case.resolve([GradeResult.ungraded(short(reason))] * len(case.requests))

    # --- the attempts of a case -------------------------------------------------------------------------------------

    def _advance(self, call: Call, outcome: Outcome) -> None:
        """Report the outcome of a call to its retry policy, and make the next attempt, if any."""
        case = call.case
        if case is None:
            self._probing = False
            return
        assert isinstance(case, Case)
        if case.abandoned:
            self._drop(case)
            return
        try:
            attempt = case.attempts.send(outcome)
        except StopIteration as decided:
            results: list[GradeResult] = decided.value
            if call.attempt.alone:
                self._blamed += sum(result.reason.startswith(GRADING_LIMIT) for result in results)
                self._at_fault += sum(result.score is None for result in results)
                spent = time.monotonic() - case.began
                results = [result if result.seconds else result.timed(spent) for result in results]
            self._cases.discard(case)
            case.resolve(results)
        else:
            self._alone.append(self._call(case, attempt, encode(attempt.requests)))

    def _drop(self, case: Case) -> None:
        """Drop an abandoned case."""
        case.attempts.close()
        self._cases.discard(case)

    def _answer_chunk(self, chunk: Chunk, results: Sequence[GradeResult | None]) -> None:
        cases = self._chunks.answer(chunk, results, self._plan.penalty)
        self._cases.update(cases)
        self._enqueue(cases)

    def _tell_askers(self, error: GradingUnavailable | None) -> None:
        if error is None and not any(worker.ready for worker in self._supervisor.workers):
            return
        askers, self._starting_for = self._starting_for, []
        for asker in askers:
            if error is None:
                asker.set_result(None)
            else:
                asker.set_exception(error)
