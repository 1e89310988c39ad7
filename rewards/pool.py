"""`GraderPool`: grades in worker processes that can be killed, from any thread and any event loop.

    with GraderPool("math", workers=4, deadline=5.0) as pool:
        pool.start()                               # fail now, not at the first grade
        results = pool.grade(requests)             # in the order of the requests
        future = pool.submit(request)              # one at a time, as completions finish
        results = await pool.agrade(requests)      # inside an event loop

Every call of the grader has a wall-clock deadline. A worker that exceeds it is killed (SIGKILL, with its process group)
and replaced; so is one that dies or exceeds its memory. `rewards.retry_policy` decides who is to blame. The design and
its alternatives are in docs/design/grading_pool.md.

Workers start on demand, or with `start`. They die with this process, however it ends. After a fork the child starts its
own workers. A pool lives until `close` (or the end of the process).
"""

from __future__ import annotations

import atexit
import contextlib
import math
import os
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rewards.clock import DEADLINE
from rewards.declared import Reward
from rewards.dispatch import Dispatcher
from rewards.errors import GradedInProcess, GradingUnavailable, InvalidReward, InvalidRow
from rewards.finite import finite
from rewards.installed import warn_of_hidden
from rewards.json_lines import IN_WORKER, line
from rewards.offloading import RequestCost, offloading_pays
from rewards.outcome import users_level
from rewards.pool_types import Answer, Case, Chunk, Plan, PoolCounts, is_plain
from rewards.retry_policy import Attempt, Penalty
from rewards.sources import Shipped, shipped
from rewards.spec import RewardSpec
from rewards.spec_properties import (
    at_once,
    check,
    concurrency,
    extra_seconds,
    has_right_and_wrong,
    identity,
    lowest,
    rewards_of,
)
from rewards.types import GradeRequest, GradeResult

if TYPE_CHECKING:
    from rewards.in_process import InProcess

MEMORY_BYTES = 2 << 30
START_DEADLINE = 60.0
_CHUNK = 64  # requests graded here, or sent to a worker, at a time
_CHUNK_CHARACTERS = 1 << 20  # most characters of responses in a chunk that is sent
_LONG = 0.25  # seconds after which a batch starts the workers


def default_workers() -> int:
    """One per core available to this process, at most eight."""
    affinity = getattr(os, "sched_getaffinity", None)
    return max(1, min(8, len(affinity(0)) if affinity else os.cpu_count() or 1))


class GraderPool:
    """Worker processes that grade with a reward.

    spec: a reward's name, `file.py:function`, a composition, or a `RewardSpec`.
    workers: most processes; None = one per core, at most eight. deadline: wall seconds per call (one response, or one
    batch for a batched reward), plus the reward's `seconds` if declared (as for programs).
    memory_bytes: private memory of a worker; None = no limit.
    start_deadline: wall seconds for a worker to import what it needs, and for what it loads later off the clock.

    Raises:
        UnknownReward, InvalidReward: the specification is invalid.
        GradingUnavailable: created inside a worker, by a script that the worker imports.

    If a reward has `in_process`, or cannot be imported by a worker (with a warning), the pool grades in this process:
    see `rewards.in_process`.
    """

    def __init__(
        self,
        spec: RewardSpec | str | Mapping[str, object] | Callable[..., object],
        *,
        workers: int | None = None,
        deadline: float = DEADLINE,
        memory_bytes: int | None = MEMORY_BYTES,
        start_deadline: float = START_DEADLINE,
    ) -> None:
        inside = _is_inside_worker()
        self.spec = RewardSpec.from_dict(spec)
        rewards = check(self.spec).values()
        self.workers = default_workers() if workers is None else whole("workers", workers)
        self.deadline = _positive("deadline", deadline)
        self.batched = any(reward.batched for reward in rewards)
        self.identity = identity(self.spec)
        for reward in rewards:
            if reward.source.module.partition(".")[0] == "rewards" and not inside:
                warn_of_hidden(reward.name)
        sources, why_here = shipped([*rewards])
        # A pool made inside a worker (by a reward that calls `grade`) starts no workers of its own: it grades in that
        # worker, under that worker's deadline.
        expected = inside or _asked_in_process(self.spec, rewards)
        self.in_process = expected or bool(why_here)
        if why_here and not expected:
            warnings.warn(
                f"{why_here}; so {self.identity} is graded in this process, where a hang cannot be ended (its grade is "
                "ungraded after the deadline) and memory has no limit; put it at the top level of a file, or say "
                "in_process: true",
                GradedInProcess,
                stacklevel=users_level(),
            )
        self._plan = Plan(
            name=self.identity,
            setup=_setup(self.spec, sources, self.deadline, memory_bytes),
            workers=self.workers,
            deadline=self.deadline,
            start_deadline=_positive("start_deadline", start_deadline),
            concurrency=concurrency(self.spec),
            penalty=_penalty(self.spec),
            extra_seconds=_extra_seconds_of(self.spec),
        )
        self._ask_at_once = at_once(self.spec)
        self._chunking = (
            self._ask_at_once is not None
            and self.workers > 1
            and not any(reward.asynchronous for reward in rewards)  # a worker with an event loop accepts no chunks
            and not self.batched
            and not self.in_process
        )
        self._grading_here, self._handing_over = RequestCost(), RequestCost()
        self._lock = threading.Lock()
        self._dispatcher: Dispatcher | InProcess | None = None
        self._closed = False
        _POOLS.add(self)

    def start(self) -> GraderPool:
        """Start all workers now and wait until the first is ready.

        Raises:
            GradingUnavailable: they cannot be started; includes the worker's message.
        """
        self._running().start_all().result()
        return self

    def submit(self, request: GradeRequest) -> Future[GradeResult]:
        """Queue one request; the future holds its grade.

        It fails only with GradingUnavailable (closed, or no worker can be started). Its callbacks run in the pool's
        thread and must be quick. Raises InvalidRow if the request is not JSON.
        """
        return self.submit_batch([request])[0]

    def submit_batch(self, requests: Sequence[GradeRequest]) -> list[Future[GradeResult]]:
        """Queue requests; a batched reward gets each group (`group_id`) in one call, other rewards one request per
        call.
        """
        futures = []
        for answer in self.begin(requests):
            if isinstance(answer, Future):
                futures.append(answer)
            else:
                futures.append(Future[GradeResult]())
                futures[-1].set_result(answer)
        return futures

    def begin(self, requests: Sequence[GradeRequest], batch: object = None) -> list[Answer]:
        """Like `submit_batch`, but returns grades that needed no worker directly, since a future would cost as much.

        batch: what `requests` are a part of, as other calls may be; batches get workers in turns.
        """
        made = self._at_once(requests)
        cases = self._queue([request for request, result in zip(requests, made, strict=True) if result is None], batch)
        queued = (future for case in cases for future in case.futures)
        return [next(queued) if result is None else result for result in made]

    def grade(self, requests: Sequence[GradeRequest]) -> list[GradeResult]:
        """Grade in order, blocking this thread. Raises GradingUnavailable."""
        batch = _Batch(self, requests)
        try:
            for _ in batch:
                pass
            chunks, futures = batch.chunks(), batch.futures
            if (chunks or futures) and self._is_inside():
                raise RuntimeError("grade() was called in a callback of a grade; it would wait for itself")
            # Wait for the last future first: it is usually done last, so this thread wakes up about once, not once a
            # grade.
            for place, part in reversed(chunks):
                batch.answer(place, part.future.result())
            for future in reversed(batch.futures if chunks else futures):
                future.result()
            return batch.results()
        except BaseException:  # including KeyboardInterrupt: the caller is leaving, so abandon its grades
            batch.cancel()
            raise

    async def agrade(self, requests: Sequence[GradeRequest]) -> list[GradeResult]:
        """Grade in order without blocking the event loop. Raises GradingUnavailable."""
        import asyncio

        from rewards.event_loops import when_closed  # imports asyncio, for callers that use it only

        batch = _Batch(self, requests)
        forget = when_closed(asyncio.get_running_loop(), batch.cancel)
        try:
            for _ in batch:
                await asyncio.sleep(0)
            for place, part in batch.chunks():
                batch.answer(place, await asyncio.wrap_future(part.future))
            await asyncio.gather(*map(asyncio.wrap_future, batch.futures))
            return batch.results()
        except BaseException:  # including CancelledError: the caller is leaving, so abandon its grades
            batch.cancel()
            raise
        finally:
            forget()

    def _is_inside(self) -> bool:
        """Whether this is the thread that completes futures, inside a callback."""
        dispatcher = self._dispatcher
        return dispatcher is not None and threading.current_thread() is dispatcher.thread

    def _queue(self, requests: Sequence[GradeRequest], batch: object) -> list[Case]:
        """Queue for the workers. Raises InvalidRow if a request is not JSON, GradingUnavailable if closed."""
        if not requests:
            return []
        calls = _groups(requests) if self.batched else ([request] for request in requests)
        cases = [Case(call, self._plan.penalty, batch) for call in calls]
        self._running().submit(cases)
        return cases

    def abandon(self, futures: Sequence[Future[Any]]) -> None:
        """Abandon these futures: calls that have not begun are dropped, and hanging ones are not repeated."""
        for future in futures:
            future.cancel()
        if futures and (dispatcher := self._dispatcher) is not None:
            dispatcher.abandon(futures)

    def _offer(self, requests: Sequence[GradeRequest], batch: object) -> Chunk | None:
        """Send requests to a worker that grades them from their texts, if one could begin soon."""
        dispatcher = self._dispatcher
        if not isinstance(dispatcher, Dispatcher) or dispatcher.inbox.room <= 0:
            return None
        if not offloading_pays(self._grading_here, self._handing_over, self.workers):
            return None
        try:
            if sum(len(request.response) for request in requests) > _CHUNK_CHARACTERS:
                return None
            part = Chunk(requests, batch)
        except (InvalidRow, TypeError, AttributeError):
            # a malformed request: `begin`, which grades them here, says which
            return None
        return part if dispatcher.inbox.offer(part) else None

    def _at_once(self, requests: Sequence[GradeRequest]) -> list[GradeResult | None]:
        """The grades that need no worker, each with its seconds; None for the others."""
        if self._closed:
            raise GradingUnavailable(f"the pool that grades with {self.identity} is closed")
        ask = self._ask_at_once
        if ask is None:
            return [None] * len(requests)
        made: list[GradeResult | None] = []
        began = time.perf_counter()
        for request in requests:
            try:
                result = ask(request) if is_plain(request) else None
            except Exception:  # a malformed request (a field of the wrong type): encoding it for a worker says which
                result = None
            ended = time.perf_counter()
            made.append(_lasted(result, ended - began) if isinstance(result, GradeResult) else None)
            began = ended
        return made

    def counts(self) -> PoolCounts:
        """Counters of this pool."""
        return PoolCounts() if self._dispatcher is None else self._dispatcher.counts()

    def close(self) -> None:
        """Kill the workers; pending grades fail with GradingUnavailable. Idempotent."""
        with self._lock:
            dispatcher, self._dispatcher = self._dispatcher, None
            self._closed = True
        if dispatcher is not None:
            dispatcher.close()

    def __enter__(self) -> GraderPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _running(self) -> Dispatcher | InProcess:
        with self._lock:
            if self._closed:
                raise GradingUnavailable(f"the pool that grades with {self.identity} is closed")
            if self._dispatcher is None:
                try:
                    self._dispatcher = self._opened()
                except OSError as error:
                    raise GradingUnavailable(f"a grading pool cannot be opened: {error}") from error
            return self._dispatcher

    def _opened(self) -> Dispatcher | InProcess:
        if not self.in_process:
            return Dispatcher(self._plan)
        # imports asyncio, which takes as long as everything else here together
        from rewards.in_process import InProcess

        return InProcess(self._plan, self.spec)

    def _forked(self) -> None:
        """In a forked child: let go of the parent's workers."""
        self._lock = threading.Lock()
        dispatcher, self._dispatcher = self._dispatcher, None
        if dispatcher is not None:
            with contextlib.suppress(OSError):
                dispatcher.disown()


class _Batch:
    """Processes requests chunk by chunk, so that workers begin with the first while the rest is processed.

    With several workers, a chunk is sent to one of them if there is room, to be graded from its texts. The others are
    graded here: this thread acts as another worker, and keeps the last chunk so as not to be idle.
    """

    def __init__(self, pool: GraderPool, requests: Sequence[GradeRequest]) -> None:
        self._pool = pool
        self._requests = requests
        self._chunk = max(len(requests), 1) if pool.batched else _CHUNK
        self._parts: list[list[Answer] | Chunk] = []
        self._tag = object()

    def __iter__(self) -> Iterator[None]:
        """Grade, queue or send one chunk per step."""
        pool, count = self._pool, len(self._requests)
        chunking = pool._chunking and count > self._chunk and not pool._is_inside()
        began, starting = time.monotonic(), not chunking
        for start in range(0, count, self._chunk):
            chosen = self._requests[start : start + self._chunk]
            more = start + self._chunk < count
            self._parts.append(self._step(chosen, offered=more) if chunking else pool.begin(chosen, self._tag))
            yield
            if more and not starting and time.monotonic() - began > _LONG:
                starting = True
                with contextlib.suppress(GradingUnavailable):  # no worker can be started: everything is graded here
                    pool._running().start_all()

    def _step(self, chosen: Sequence[GradeRequest], *, offered: bool) -> list[Answer] | Chunk:
        """Send a chunk if possible, or else process it here; measure the cost."""
        pool, began = self._pool, time.thread_time()
        if offered and (part := pool._offer(chosen, self._tag)) is not None:
            pool._handing_over.took(time.thread_time() - began, len(chosen))
            return part
        answers = pool.begin(chosen, self._tag)
        pool._grading_here.took(time.thread_time() - began, len(chosen))
        pool._handing_over.fade()
        return answers

    def chunks(self) -> list[tuple[int, Chunk]]:
        """Chunks that were sent and are not answered yet, with their positions."""
        return [(place, part) for place, part in enumerate(self._parts) if isinstance(part, Chunk)]

    def answer(self, place: int, answers: list[Answer] | None) -> None:
        """Take the answers of a chunk; None = grade it here."""
        part = self._parts[place]
        assert isinstance(part, Chunk)
        self._parts[place] = self._pool.begin(part.requests, self._tag) if answers is None else answers

    @property
    def futures(self) -> list[Future[GradeResult]]:
        """The futures of all calls so far, except those of unanswered chunks."""
        known = [part for part in self._parts if not isinstance(part, Chunk)]
        return [answer for part in known for answer in part if isinstance(answer, Future)]

    def results(self) -> list[GradeResult]:
        """All grades in order, when all is done."""
        known = [part for part in self._parts if not isinstance(part, Chunk)]
        return [answer.result() if isinstance(answer, Future) else answer for part in known for answer in part]

    def cancel(self) -> None:
        chunks = [part for _place, part in self.chunks()]
        calls = [future for part in chunks for future in part.call_off()]
        self._pool.abandon([*(part.future for part in chunks), *calls, *self.futures])


def _is_inside_worker() -> bool:
    """Whether this process is a grading worker. Raises GradingUnavailable in one that is still importing its reward."""
    said = os.environ.get(IN_WORKER, "").split()
    if said[:1] != [str(os.getpid())]:
        return False
    if said[-1] != "ready":
        raise GradingUnavailable(
            "a grading pool is being made inside a grading worker, which imports the file of your reward; put what "
            "the file does beside defining rewards under `if __name__ == '__main__':`"
        )
    return True


def _setup(spec: RewardSpec, sources: Sequence[Shipped], deadline: float, memory_bytes: int | None) -> bytes:
    """The first line to a worker: how to build the grader. Raises InvalidReward."""
    return line(
        {
            "spec": spec.to_dict(),
            "sources": [source.to_dict() for source in sources],
            "path": [os.path.join(folder(), entry) for entry in sys.path],
            "argv": sys.argv,  # a script may read its options on import
            "folder": folder(),  # a reward may be named by a relative path
            "deadline": deadline,
            "memory": None if memory_bytes is None else whole("memory_bytes", memory_bytes),
        }
    )


def _asked_in_process(spec: RewardSpec, rewards: Iterable[Reward]) -> bool:
    return any(reward.in_process for reward in rewards) or any(leaf.named.in_process for leaf in spec.leaves())


def _lasted(result: GradeResult, seconds: float) -> GradeResult:
    """The grade with its wall time. One that has none gets it in place: a copy costs a tenth of the cheapest grades."""
    if result.seconds:
        return result.timed(seconds)
    object.__setattr__(result, "seconds", seconds)
    return result


def _groups(requests: Sequence[GradeRequest]) -> Iterator[Sequence[GradeRequest]]:
    """Split requests at changes of the group."""
    start = 0
    for end in range(1, len(requests) + 1):
        if end == len(requests) or requests[end].group_id != requests[start].group_id:
            yield requests[start:end]
            start = end


def _penalty(spec: RewardSpec) -> Penalty:
    """The score of a response that hangs the grader. Raises InvalidReward if it exceeds the range of floats."""
    score = lowest(spec)
    if not math.isfinite(score):
        raise InvalidReward(f"the lowest score of {identity(spec)} is {score}: weights times floors are too large")
    return Penalty(score=score, right_and_wrong=has_right_and_wrong(spec))


def _extra_seconds_of(spec: RewardSpec) -> Callable[[Attempt], float]:
    """The function for extra seconds of a call; a constant 0 if no reward declares any."""
    if all(reward.seconds is None for reward in rewards_of(spec).values()):
        return lambda _attempt: 0.0
    return lambda attempt: extra_seconds(spec, attempt.requests, control=attempt.control)


def folder() -> str:
    """The current folder; empty if it is gone."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def whole(name: str, value: int) -> int:
    """Validate a count option. Raises InvalidReward."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidReward(f"{name} must be a whole number of at least 1, not {value!r}")
    return value


def _positive(name: str, value: float) -> float:
    seconds = finite(value)
    if seconds is None or seconds <= 0:
        raise InvalidReward(f"{name} must be a positive number of seconds, not {value!r:.80}")
    return seconds


_POOLS: weakref.WeakSet[GraderPool] = weakref.WeakSet()


def _close_all() -> None:
    for pool in list(_POOLS):
        pool.close()


def _forked_all() -> None:
    for pool in list(_POOLS):
        pool._forked()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked_all)
