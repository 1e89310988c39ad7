"""Stream requests through a pool: a separate thread reads ahead, results are returned in order.

A source may be slow to produce its next request (it samples from a model, or waits for a server). Finished results are
returned meanwhile: the consumer never waits for the source while a result is available. At most `ahead` requests are in
flight; the reader then waits.

Example:
    for result in graded(pool, requests, ahead=64):
        print(result.verdict)
"""

from __future__ import annotations

import contextvars
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import TypeAlias

from rewards.errors import InvalidRow
from rewards.pool import GraderPool
from rewards.types import GradeRequest, GradeResult

_Answer: TypeAlias = "GradeResult | Future[GradeResult]"


def graded(pool: GraderPool, requests: Iterable[GradeRequest], *, ahead: int) -> Iterator[GradeResult]:
    """Yield one result per request, in order. ahead: most requests in flight, or one call if that is larger.

    Raises InvalidRow, GradingUnavailable, and whatever `requests` raises, after all earlier results.
    """
    reader = _Reader(requests, pool.batched, ahead)
    pending: deque[_Answer] = deque()
    rung: Future[GradeResult] | None = None
    over, trouble = False, None
    try:
        while True:
            head = pending[0] if pending else None
            known = head is not None and (not isinstance(head, Future) or head.done())
            if head is None and over:
                break
            if isinstance(head, Future) and not known and head is not rung:
                rung = head
                head.add_done_callback(reader.ring)
            read = None if over and known else reader.news(wait=not known)
            if isinstance(read, list):
                try:
                    pending.extend(pool.begin(read))
                except InvalidRow as error:
                    read = error
            if isinstance(read, _End | BaseException):
                over, trouble = True, trouble or (read if isinstance(read, BaseException) else None)
                reader.wanted = False
            if read is None and known:
                yield _known(pending.popleft())
                reader.taken()
        if trouble is not None:
            raise trouble
    finally:
        reader.stop()
        pool.abandon([answer for answer in pending if isinstance(answer, Future)])


def _known(answer: _Answer) -> GradeResult:
    return answer.result() if isinstance(answer, Future) else answer


class _End:
    """Marks the end of a source."""


_END = _End()


def _together(first: GradeRequest, request: GradeRequest) -> bool:
    """Whether a batched reward grades two requests in one call."""
    return isinstance(request, GradeRequest) and bool(request.group_id) and request.group_id == first.group_id


_Read: TypeAlias = "list[GradeRequest] | BaseException | _End | None"


class _Reader:
    """Groups requests into calls of the grader: one group each for a batched reward, else one request each."""

    def __init__(self, requests: Iterable[GradeRequest], batched: bool, ahead: int) -> None:
        self._requests = requests
        self._batched = batched
        self._ahead = ahead
        self._held = 0
        self._room = threading.Condition()
        self._news: SimpleQueue[_Read] = SimpleQueue()
        self.wanted = True
        here = contextvars.copy_context()  # the source runs with the caller's context variables
        # A daemon thread: the source may block for ever on its next request.
        threading.Thread(target=here.run, args=(self._run,), name="reading requests to grade", daemon=True).start()

    def news(self, *, wait: bool) -> _Read:
        """The next call, the end of the source, or None (`ring` was called, or nothing is available)."""
        try:
            return self._news.get(block=wait)
        except Empty:
            return None

    def ring(self, _done: object = None) -> None:
        """Wake up `news`."""
        self._news.put(None)

    def taken(self) -> None:
        """Record that a result was consumed, which makes room for another request."""
        with self._room:
            self._held -= 1
            self._room.notify()

    def stop(self) -> None:
        """Stop reading; a pending read of the source is abandoned."""
        with self._room:
            self.wanted = False
            self._room.notify()

    def _run(self) -> None:
        try:
            for call in self._calls():
                self._news.put(call)
                if not self.wanted:
                    return
        except BaseException as error:  # the caller's iterable; re-raised in the consumer
            self._news.put(error)
        else:
            self._news.put(_END)

    def _calls(self) -> Iterator[list[GradeRequest]]:
        group: list[GradeRequest] = []
        requests = iter(self._requests)
        try:
            while self._has_room(len(group)):
                request = next(requests, _END)
                if group and (isinstance(request, _End) or not _together(group[0], request)):
                    yield self._counted(group)
                    group = []
                if isinstance(request, _End):
                    return
                group.append(request)
                if not self._batched:
                    yield self._counted(group)
                    group = []
        except Exception:  # the caller's iterable may raise anything; earlier requests are still graded
            if group:
                yield self._counted(group)
            raise

    def _has_room(self, gathered: int) -> bool:
        """Wait until another request may be read. A single call may exceed the limit. False = stopped."""
        with self._room:
            self._room.wait_for(lambda: not self.wanted or not self._held or self._held + gathered < self._ahead)
            return self.wanted

    def _counted(self, call: list[GradeRequest]) -> list[GradeRequest]:
        with self._room:
            self._held += len(call)
        return call
