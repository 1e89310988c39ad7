"""Types used inside a pool: its plan, cases and chunks, and the calls made for them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, replace
from typing import TypeAlias

from rewards.errors import InvalidRow
from rewards.json_lines import text
from rewards.retry_policy import Attempt, AttemptSequence, Penalty, attempt_sequence
from rewards.types import Finish, GradeRequest, GradeResult
from rewards.wire import grade_from, request_row


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The settings of a pool. Times in seconds.

    name: the reward's identity, for messages. setup: the first line to each worker.
    deadline: for one call. extra_seconds: extra time for an attempt, as declared by the rewards (`seconds`).
    start_deadline: for starting a worker, and for whatever it loads off the clock.
    concurrency: calls that a worker runs at the same time.
    """

    name: str
    setup: bytes
    workers: int
    deadline: float
    start_deadline: float
    concurrency: int
    penalty: Penalty
    extra_seconds: Callable[[Attempt], float] = lambda _attempt: 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolCounts:
    """Counters of a pool.

    answered: calls answered. lost: calls that hung, killed their worker, or were ended with it when nobody waited.
    blamed: responses graded wrong for it.
    at_fault: responses left ungraded because the grader did not answer its control request, or could not start.
    started: worker processes started.
    """

    answered: int = 0
    lost: int = 0
    blamed: int = 0
    at_fault: int = 0
    started: int = 0


Answer: TypeAlias = "GradeResult | Future[GradeResult]"


class Case:
    """One requested call of the grader, and its futures.

    abandoned: time since which nobody waits for it, although it may have begun; 0 = not abandoned.
    batch: whatever tells its batch from others, which get their turns (`rewards.call_queue`).
    """

    __slots__ = ("abandoned", "attempts", "batch", "began", "futures", "payload", "requests")

    def __init__(self, requests: Sequence[GradeRequest], penalty: Penalty, batch: object = None) -> None:
        self.batch = batch
        self.requests = requests
        self.futures: list[Future[GradeResult]] = [Future() for _ in requests]
        self.payload = encode(requests)
        self.attempts: AttemptSequence = attempt_sequence(requests, penalty)
        self.began = 0.0
        self.abandoned = 0.0

    @property
    def attempt(self) -> Attempt:
        """The first attempt, for which the reward's `seconds` is called."""
        return Attempt(self.requests, alone=False)

    def wanted(self, now: float) -> bool:
        """Whether somebody still waits for it. The first call marks its futures as running: from then on none can be
        cancelled."""
        if not self.began and not self.abandoned:
            self.began = now
            waiting = [future.set_running_or_notify_cancel() for future in self.futures]
            self.abandoned = 0.0 if any(waiting) else now
        return not self.abandoned

    def resolve(self, results: Sequence[GradeResult]) -> None:
        for future, result in zip(self.futures, results, strict=True):
            with contextlib.suppress(InvalidStateError):  # cancelled, perhaps at this moment
                future.set_result(result)

    def fail(self, error: Exception) -> None:
        for future in self.futures:
            with contextlib.suppress(InvalidStateError):
                future.set_exception(error)


class Chunk:
    """Requests that a worker grades with `at_once`, in one message.

    future: one answer per request, in order: a grade, or the future of a separate call if `at_once` did not decide. Its
    result is None if no worker started on the chunk, and then the caller grades it. It is never marked as running, so
    the caller can cancel it at any time before it is answered.
    """

    __slots__ = ("abandoned", "batch", "future", "payload", "requests")

    def __init__(self, requests: Sequence[GradeRequest], batch: object = None) -> None:
        """Raises InvalidRow if a request cannot be encoded without loss."""
        if not all(type(request.sample_id) is int for request in requests):
            raise InvalidRow("a sample_id is no whole number")
        self.batch = batch
        self.requests = requests
        self.payload = encode(requests)
        self.future: Future[list[Answer] | None] = Future()
        self.abandoned = 0.0

    @property
    def wanted(self) -> bool:
        """Whether somebody still waits for a worker's answer."""
        return not self.future.done()

    def resolve(self, answers: list[Answer] | None) -> bool:
        """Set the answers. Returns False if nobody waits for them any more."""
        try:
            self.future.set_result(answers)
        except InvalidStateError:
            return False
        return True

    def fail(self, error: Exception) -> None:
        with contextlib.suppress(InvalidStateError):
            self.future.set_exception(error)

    def call_off(self) -> list[Future[GradeResult]]:
        """Cancel the chunk. If it was answered already, returns the futures of the calls made for it."""
        if self.future.cancel() or self.future.cancelled() or self.future.exception() is not None:
            return []
        return [answer for answer in self.future.result() or () if isinstance(answer, Future)]


class Call:
    """One attempt at a case, or at a chunk, and its deadline in seconds.

    `case` is None for a probe of a grader that had stopped answering.
    """

    __slots__ = ("attempt", "case", "deadline", "number", "payload", "sent")

    def __init__(
        self, number: int, case: Case | Chunk | None, attempt: Attempt, payload: bytes, deadline: float
    ) -> None:
        self.number = number
        self.case = case
        self.attempt = attempt
        self.payload = payload
        self.deadline = deadline
        self.sent = 0.0

    def grades(self, rows: object) -> list[GradeResult | None]:
        """Decode a worker's answer: one grade per request, none for a control call; in a chunk, None if not decided.

        Raises LookupError, TypeError, ValueError, OverflowError if it is malformed.
        """
        expected = 0 if self.attempt.control else len(self.attempt.requests)
        if not isinstance(rows, list) or len(rows) != expected:
            raise ValueError(f"{len(rows) if isinstance(rows, list) else 'no'} grades, not one a request")
        if isinstance(self.case, Chunk):
            return [None if row is None else grade_from(row) for row in rows]
        return [grade_from(row) for row in rows]

    def cancelled(self) -> bytes:
        return b'{"cancel":%d}\n' % self.number

    def encoded(self) -> bytes:
        if isinstance(self.case, Chunk):
            return b'{"call":%d,"chunk":true,"requests":%s}\n' % (self.number, self.payload)
        control = b"true" if self.attempt.control else b"false"
        return b'{"call":%d,"control":%s,"requests":%s}\n' % (self.number, control, self.payload)


def encode(requests: Sequence[GradeRequest]) -> bytes:
    """Encode requests as JSON. Raises InvalidRow if a request holds a value that is not JSON."""
    try:
        for request in requests:
            if not isinstance(request, GradeRequest):
                raise TypeError(f"it is {request!r:.80}, not a GradeRequest (GradeRequest.from_dict(row) makes one)")
            if not isinstance(request.response, str):
                raise TypeError(f"its response is {request.response!r:.80}, not text")
        return text([request_row(request) for request in requests]).encode("ascii")
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        raise InvalidRow(f"a request cannot be sent to a worker: {error}; metadata and references are JSON") from error


_PLAIN = frozenset((str, int, float, bool, type(None)))


def is_plain(request: GradeRequest) -> bool:
    """Whether a request can certainly be encoded as JSON: its texts are str, its metadata maps str to scalars."""
    return (
        type(request.response) is str
        # most have neither, and comparing takes a fifth of the time
        and (request.messages == () or all(type(m.content) is str and type(m.role) is str for m in request.messages))
        and (request.metadata == {} or all(type(n) is str and type(v) in _PLAIN for n, v in request.metadata.items()))
    )


def row_of(requests: Sequence[GradeRequest]) -> bytes:
    """Encode what requests share with other samples of the same problem: everything except the response."""
    return encode([replace(r, response="", sample_id=0, finish=Finish.STOP) for r in requests])
