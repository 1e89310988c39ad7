"""The chunks of a pool: requests that a worker grades from their texts alone, many in one message.

A grade that the text alone decides (`at_once`) is quicker than one call's way to a worker and back, so the caller makes
such grades itself. But that is one core's worth; with several workers they are given chunks too, a few ahead of each,
as far as calls leave room. A worker answers a chunk once: with the grades that the texts decide, and nothing for the
rest, which become calls of their own, each with its deadline and its blame. Nobody is blamed for a chunk: if its worker
is lost, all of it becomes calls.

A chunk that no worker can begin with soon is given back, and the caller grades it: chunks never wait for a worker to
start, nor behind a slow call.

Used by the dispatcher's thread only.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence, Set
from concurrent.futures import Future
from itertools import islice
from typing import Any

from rewards.errors import InvalidRow
from rewards.outcome import short
from rewards.pool_types import Answer, Call, Case, Chunk
from rewards.retry_policy import Attempt, Penalty
from rewards.types import GradeResult
from rewards.worker_supervisor import Worker, WorkerSupervisor

_AHEAD = 4
"""Chunks that a worker holds: enough not to run dry while a busy caller's process reads an answer and sends more."""
_TAKEN_BACK_AFTER = 0.25
"""A chunk that has waited this many seconds behind another call of its worker is given back to the caller."""


class Chunks:
    """Those that wait for a worker, and those that workers have.

    numbers: of the calls of the pool. deadline: seconds of one chunk.
    """

    def __init__(self, supervisor: WorkerSupervisor, numbers: Iterator[int], deadline: float) -> None:
        self._supervisor = supervisor
        self._numbers = numbers
        self._deadline = deadline
        self._waiting: deque[Chunk] = deque()
        self._known: set[Chunk] = set()

    def take(self, offered: Sequence[Chunk]) -> None:
        """More of them."""
        self._waiting.extend(offered)
        self._known.update(offered)

    def hand_out(self, open_to: Sequence[Worker]) -> int:
        """Give each to the worker with the fewest, or else back. Returns how many more these workers would take."""
        while self._waiting:
            chunk = self._waiting.popleft()
            worker = min(open_to, key=lambda one: one.chunks, default=None)
            if not chunk.wanted:
                self._known.discard(chunk)
            elif worker is None or worker.chunks >= _AHEAD:
                self._give_back(chunk)
            else:
                attempt = Attempt(chunk.requests, alone=False)
                self._supervisor.give(
                    worker, [Call(next(self._numbers), chunk, attempt, chunk.payload, self._deadline)]
                )
        return sum(_AHEAD - worker.chunks for worker in open_to)

    def take_back(self) -> list[float]:
        """Give back those behind what takes its time. Returns the seconds until others will be.

        Where a worker begins with one in the end, its answer finds nobody.
        """
        now = time.monotonic()
        soon: list[float] = []
        for worker in self._supervisor.workers if self._known else ():
            behind = [c.case for c in islice(worker.in_flight, 1, None) if isinstance(c.case, Chunk) and c.case.wanted]
            due = worker.since + _TAKEN_BACK_AFTER - now
            if behind and due > 0:
                soon.append(due)
            for chunk in behind if due <= 0 else ():
                self._give_back(chunk)
        return soon

    def _give_back(self, chunk: Chunk) -> None:
        self._known.discard(chunk)
        chunk.resolve(None)

    def take_again(self, parts: Sequence[Chunk]) -> None:
        """A worker was ended before it began with these."""
        self._waiting.extendleft(reversed(parts))

    def answer(self, chunk: Chunk, results: Sequence[GradeResult | None], penalty: Penalty) -> list[Case]:
        """Answer a chunk. Returns the cases that its texts do not decide, if somebody waits for them."""
        self._known.discard(chunk)
        if not chunk.wanted:
            return []
        answers: list[Answer] = []
        cases: list[Case] = []
        for request, result in zip(chunk.requests, results, strict=True):
            if result is not None:
                answers.append(result)
                continue
            try:
                cases.append(Case([request], penalty))
            except InvalidRow as error:
                # changed by the caller since it was handed over, into something that is not JSON
                answers.append(GradeResult.ungraded(short(str(error))))
            else:
                answers += cases[-1].futures
        return cases if chunk.resolve(answers) else []

    def abandon(self, futures: Set[Future[Any]]) -> None:
        """Nobody waits for these any more: what is lost with them is not graded."""
        for chunk in [chunk for chunk in self._known if chunk.future in futures]:
            chunk.abandoned = time.monotonic()

    def end(self, error: Exception) -> None:
        """The pool was closed."""
        for chunk in self._known:
            chunk.fail(error)
