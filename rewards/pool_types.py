"""The values inside a pool: its plan, cases and chunks, and the calls made for them."""

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
    deadline: of one call. patience: what the rewards ask for beyond it.
    start_deadline: of a worker's start, and of whatever it loads off the clock.
    concurrency: calls that a worker is at at once.
    """

    name: str
    setup: bytes
    workers: int
    deadline: float
    start_deadline: float
    concurrency: int
    penalty: Penalty
    patience: Callable[[Attempt], float] = lambda _attempt: 0.0


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
    """

    __slots__ = ("abandoned", "attempts", "began", "futures", "payload", "requests")

    def __init__(self, requests: Sequence[GradeRequest], penalty: Penalty) -> None:
        self.requests = requests
        self.futures: list[Future[GradeResult]] = [Future() for _ in requests]
        self.payload = encode(requests)
        self.attempts: AttemptSequence = attempt_sequence(requests, penalty)
        self.began = 0.0
        self.abandoned = 0.0

    @property
    def attempt(self) -> Attempt:
        """Its first attempt, from which the reward's `seconds` are asked."""
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
    """Requests that a worker is asked to grade from their texts, all in one message.

    future: their answers, in order: a grade, or the future of a call of its own where the text does not decide it. Its
    result is None where no worker began with them: then the caller grades them. It is never marked as running, so that
    the caller can cancel it at any time until it is answered.
    """

    __slots__ = ("abandoned", "future", "payload", "requests")

    def __init__(self, requests: Sequence[GradeRequest]) -> None:
        """Raises InvalidRow where a request cannot be sent, or would not arrive as what it is."""
        if not all(type(request.sample_id) is int for request in requests):
            raise InvalidRow("a sample_id is no whole number")
        self.requests = requests
        self.payload = encode(requests)
        self.future: Future[list[Answer] | None] = Future()
        self.abandoned = 0.0

    @property
    def wanted(self) -> bool:
        """Whether somebody waits for a worker's answer."""
        return not self.future.done()

    def resolve(self, answers: list[Answer] | None) -> bool:
        """False = nobody waits for it any more."""
        try:
            self.future.set_result(answers)
        except InvalidStateError:
            return False
        return True

    def fail(self, error: Exception) -> None:
        with contextlib.suppress(InvalidStateError):
            self.future.set_exception(error)

    def call_off(self) -> list[Future[GradeResult]]:
        """Nobody waits any more: the futures of its calls, where it has been answered."""
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
        """What a worker answered: one each, none to a control; of a chunk None where the text does not say it.

        Raises LookupError, TypeError, ValueError, OverflowError where it is no answer.
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
    """Requests as JSON. Raises InvalidRow where a request holds what JSON has no form for."""
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
    """Whether a request surely has a form in JSON: the texts are texts, the metadata plain values by name."""
    return (
        type(request.response) is str
        and all(type(message.content) is str and type(message.role) is str for message in request.messages)
        and all(type(name) is str and type(value) in _PLAIN for name, value in request.metadata.items())
    )


def row_of(requests: Sequence[GradeRequest]) -> bytes:
    """What requests share with other samples of the same problem: everything but the response."""
    return encode([replace(r, response="", sample_id=0, finish=Finish.STOP) for r in requests])
