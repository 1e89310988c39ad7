"""Chunks: requests that a worker grades with `at_once`, many in one message.

A reward's `at_once` grades from the text alone, and takes less time than a round trip to a worker, so the caller's
process does this itself. To use more than one core, a pool of several workers also sends them chunks, a few ahead per
worker, after its calls. A worker answers a chunk once, with null for each request that `at_once` does not decide: these
become calls, each with its own deadline and retry policy. No response is blamed for a lost chunk: if its worker dies,
all its requests become calls.

If no worker can start on a chunk soon, it is given back, and the caller grades it: chunks wait neither for a worker to
start nor behind a slow call.

Only the dispatcher's thread uses this module.
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
"""Most chunks per worker: enough to keep it busy while the caller's process reads an answer and sends another."""
_TAKEN_BACK_AFTER = 0.25
"""A chunk that has waited this many seconds behind another call of its worker is given back to the caller."""


class Chunks:
    """The chunks that wait for a worker, and those that workers hold.

    numbers: the call numbers of the pool. deadline: seconds for one chunk.
    """

    def __init__(self, supervisor: WorkerSupervisor, numbers: Iterator[int], deadline: float) -> None:
        self._supervisor = supervisor
        self._numbers = numbers
        self._deadline = deadline
        self._waiting: deque[Chunk] = deque()
        self._known: set[Chunk] = set()

    def take(self, offered: Sequence[Chunk]) -> None:
        """Add chunks to the queue."""
        self._waiting.extend(offered)
        self._known.update(offered)

    def hand_out(self, open_to: Sequence[Worker]) -> int:
        """Send each waiting chunk to the worker with the fewest, or give it back. Returns how many more fit."""
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
        """Give back chunks that wait behind a slow call. Returns the seconds until each of the others is due.

        A worker may still grade a chunk that was given back; its answer is then dropped.
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
        """Queue chunks again whose worker ended before it started on them."""
        self._waiting.extendleft(reversed(parts))

    def answer(self, chunk: Chunk, results: Sequence[GradeResult | None], penalty: Penalty) -> list[Case]:
        """Answer a chunk. Returns cases for the requests that are not decided, if somebody waits for them."""
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
                cases.append(Case([request], penalty, chunk.batch))
            except InvalidRow as error:
                # the caller has changed it since, into something that is not JSON
                answers.append(GradeResult.ungraded(short(str(error))))
            else:
                answers += cases[-1].futures
        return cases if chunk.resolve(answers) else []

    def abandon(self, futures: Set[Future[Any]]) -> None:
        """Mark the chunks of these futures as abandoned: if one is lost, its requests are not graded."""
        for chunk in [chunk for chunk in self._known if chunk.future in futures]:
            chunk.abandoned = time.monotonic()

    def end(self, error: Exception) -> None:
        """Fail all chunks, because the pool was closed."""
        for chunk in self._known:
            chunk.fail(error)
