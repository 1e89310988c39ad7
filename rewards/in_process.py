"""Grade in the calling process, for rewards that request it and for those that no worker can import.

It replaces the workers behind a pool (`rewards.dispatch`), with the same futures and results, in one thread. It lacks
the guarantees of processes: a hang cannot be killed, memory is unlimited, and a crash takes down the caller. A call
that exceeds its deadline is abandoned and graded `ungraded`, since it is unknown whether the response or the reward is
to blame; its thread continues, and a new thread replaces it. While `MOST_STUCK` of these are still running, nothing
more is graded. Code that holds the interpreter lock stops everything.

Example:
    with GraderPool({"reward": "./mine.py:pays", "in_process": True}) as pool:
        pool.grade(requests)
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
import traceback
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, InvalidStateError

from rewards.composite import build
from rewards.coroutines import run_without_loop
from rewards.errors import GradingUnavailable
from rewards.outcome import raised, short
from rewards.pool_types import Case, Plan, PoolCounts
from rewards.spec import RewardSpec
from rewards.spec_properties import make_ready, rewards_of
from rewards.types import GradeResult
from sandbox.errors import ToolkitError

MOST_STUCK = 3
_GRACE = 0.5  # seconds after the cancellation at its deadline when an asynchronous grade is abandoned


class InProcess:
    """Executes a plan in this process until closed."""

    def __init__(self, plan: Plan, spec: RewardSpec) -> None:
        self.plan = plan
        self.spec = spec
        self.waits = any(reward.asynchronous for reward in rewards_of(spec).values())
        self.news = threading.Condition()
        self.waiting: deque[Case] = deque()
        self.closing = False
        self.answered = 0
        self.at_fault = 0
        self.stuck = 0
        self._runner: _Runner | None = None
        self._watcher = threading.Thread(target=self._watch, name=f"watching {plan.name}", daemon=True)
        self._watcher.start()

    @property
    def thread(self) -> threading.Thread:
        """The thread that grades and runs callbacks of futures."""
        return self._watcher if self._runner is None else self._runner.thread

    def submit(self, cases: Sequence[Case]) -> None:
        """Queue cases. Raises GradingUnavailable if closed."""
        with self.news:
            self._refuse_if_closed()
            hopeless = self.stuck >= MOST_STUCK
            if not hopeless:
                self.waiting.extend(cases)
                self._running().wake()
                self.news.notify_all()
        if hopeless:
            for case in cases:
                self.leave_ungraded(case, self._hanging())

    def abandon(self, futures: Sequence[Future[GradeResult]]) -> None:
        """Drop these cases if they have not begun; a running one cannot be stopped."""

    def start_all(self) -> Future[None]:
        """Load the grader now. The future completes when it is loaded, or fails with GradingUnavailable."""
        with self.news:
            self._refuse_if_closed()
            ready = self._running().ready
            self.news.notify_all()
        return ready

    def close(self) -> None:
        """Stop; pending cases fail with GradingUnavailable. A hanging call is abandoned."""
        with self.news:
            self.closing = True
            cases = [*self.waiting]
            self.waiting.clear()
            runner, self._runner = self._runner, None
            if runner is not None:
                cases += [*runner.running]
                runner.wake()
            self.news.notify_all()
        self.fail(cases, f"the pool that grades with {self.plan.name} was closed before this was graded")
        if runner is not None and not runner.running and threading.current_thread() is not runner.thread:
            runner.thread.join(timeout=1.0)

    def counts(self) -> PoolCounts:
        return PoolCounts(answered=self.answered, at_fault=self.at_fault, lost=self.at_fault)

    def disown(self) -> None:
        """Reset after a fork: the threads do not run in the child."""

    def fail(self, cases: Sequence[Case], why: str) -> None:
        for case in cases:
            case.fail(GradingUnavailable(why))

    def leave_ungraded(self, case: Case, why: str) -> None:
        self.at_fault += len(case.requests)
        reason = f"{self.plan.name} is graded in the calling process, where a call cannot be ended: {why}"
        case.resolve([GradeResult.ungraded(short(reason))] * len(case.requests))

    def deadline_of(self, case: Case) -> float:
        return self.plan.deadline + self.plan.extra_seconds(case.attempt)

    def _refuse_if_closed(self) -> None:
        if self.closing:
            raise GradingUnavailable(f"the pool that grades with {self.plan.name} is closed")

    def _running(self) -> _Runner:
        if self._runner is None or self._runner.over:
            self._runner = _Runner(self)
        return self._runner

    # --- deadlines --------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        while True:
            with self.news:
                if self.closing:
                    return
                runner = self._runner
                ends = [] if runner is None else [*runner.running.values()]
                if runner is not None and not runner.ready.done():
                    ends.append(runner.began + self.plan.start_deadline)
                now = time.monotonic()
                late = bool(ends) and min(ends) <= now
                if late and runner is not None:
                    cases, hopeless = self._give_up(runner)
                else:
                    self.news.wait(min(ends) - now if ends else None)
                    continue
            for case in cases:
                self.leave_ungraded(case, f"no answer within {self.deadline_of(case):g} s, and it goes on")
            for case in hopeless:
                self.leave_ungraded(case, self._hanging())

    def _hanging(self) -> str:
        return f"{self.stuck} calls of it hang in this process"

    def _give_up(self, runner: _Runner) -> tuple[list[Case], list[Case]]:
        """Abandon a runner. A new one takes the next case, unless too many hang.

        Returns its running cases, and those that nobody will begin.
        """
        runner.over = runner.given_up = True
        runner.wake()  # its event loop, if any, ends when the call returns
        self.stuck += 1
        cases = [*runner.running]
        runner.running.clear()
        if not runner.ready.done():
            runner.failed(f"loading took longer than {self.plan.start_deadline:g} s")
        hopeless: list[Case] = []
        if self.stuck >= MOST_STUCK:
            hopeless += self.waiting
            self.waiting.clear()
        elif self.waiting:
            self._running()
        return cases, hopeless


class _Runner:
    """One thread that grades.

    running: its current cases, and when each is abandoned. over: it takes no more cases. given_up: it was abandoned in
    a hanging call.
    """

    def __init__(self, owner: InProcess) -> None:
        self._owner = owner
        self.ready: Future[None] = Future()
        self.running: dict[Case, float] = {}
        self.over = self.given_up = False
        self.began = time.monotonic()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._work: asyncio.Event | None = None
        self.thread = threading.Thread(target=self._run, name=f"grading {owner.plan.name}", daemon=True)
        self.thread.start()

    def wake(self) -> None:
        """Signal new work, or the end."""
        if self._loop is not None and self._work is not None:
            with contextlib.suppress(RuntimeError):  # its loop is closed
                self._loop.call_soon_threadsafe(self._work.set)

    def failed(self, why: str) -> None:
        """Fail all waiting cases, because the grader could not be loaded."""
        owner = self._owner
        diagnosis = f"{owner.plan.name} cannot be made ready in this process: {why}"
        with contextlib.suppress(InvalidStateError):
            self.ready.set_exception(GradingUnavailable(diagnosis))
        with owner.news:
            cases = [*owner.waiting]
            owner.waiting.clear()
            self.over = True
        owner.fail(cases, diagnosis)

    def _run(self) -> None:
        try:
            if self._owner.waits:
                asyncio.run(self._serve_concurrently())
            else:
                self._serve()
        except BaseException as error:  # user code; report it to those who wait
            said = (
                str(error) if isinstance(error, ToolkitError) else "".join(traceback.format_exception(error, limit=-5))
            )
            if not self.given_up:  # once abandoned its cases are answered; waiting ones belong to its successor
                self.failed(said)
        finally:
            with self._owner.news:
                if self.given_up:
                    self._owner.stuck -= 1
                self.over = True

    def _serve(self) -> None:
        owner = self._owner
        make_ready(owner.spec)
        self._grader = build(owner.spec)
        run_without_loop(self._grader.set_up())
        self._loaded()
        while (case := self._next()) is not None:
            try:
                results = run_without_loop(self._grade(case))
            except RuntimeError as error:  # it waits, for which a plain function has no event loop
                results = [raised(owner.plan.name, error)] * len(case.requests)
            self._done(case, results)

    def _loaded(self) -> None:
        with contextlib.suppress(InvalidStateError):  # abandoned meanwhile: it takes no more cases
            self.ready.set_result(None)

    def _next(self) -> Case | None:
        owner = self._owner
        with owner.news:
            while not owner.waiting and not owner.closing and not self.over:
                owner.news.wait()
            return self._take()

    def _take(self) -> Case | None:
        """The next case, now running; under the lock."""
        owner = self._owner
        while owner.waiting and not owner.closing and not self.over:
            case = owner.waiting.popleft()
            now = time.monotonic()
            if case.wanted(now):
                self.running[case] = now + owner.deadline_of(case) + (_GRACE if owner.waits else 0.0)
                owner.news.notify_all()
                return case
        return None

    async def _grade(self, case: Case) -> list[GradeResult]:
        began = time.perf_counter()
        try:
            results = await self._grader.grade(case.requests)
        except BaseException as error:  # user code; becomes an ungraded result
            if self._is_cancelled():
                raise
            results = [raised(self._owner.plan.name, error)] * len(case.requests)
        spent = time.perf_counter() - began
        return [result.timed(spent / len(results)) for result in results]

    def _is_cancelled(self) -> bool:
        """Whether this runner cancelled the call, and not the reward itself."""
        task = None if self._loop is None else asyncio.current_task()
        return task is not None and task.cancelling() > 0

    def _done(self, case: Case, results: list[GradeResult]) -> None:
        owner = self._owner
        with owner.news:
            if self.running.pop(case, None) is None:
                return  # given up
            owner.answered += 1
        case.resolve(results)

    async def _serve_concurrently(self) -> None:
        owner = self._owner
        self._loop, self._work = asyncio.get_running_loop(), asyncio.Event()
        make_ready(owner.spec)
        self._grader = build(owner.spec)
        await self._grader.set_up()
        self._loaded()
        free = asyncio.Semaphore(owner.plan.concurrency)
        tasks: set[asyncio.Task[None]] = set()

        async def answer(case: Case) -> None:
            try:
                async with asyncio.timeout(owner.deadline_of(case)):
                    results = await self._grade(case)
            except TimeoutError:
                with owner.news:
                    late = self.running.pop(case, None) is not None
                if late:
                    owner.leave_ungraded(case, f"no answer within {owner.deadline_of(case):g} s")
            else:
                self._done(case, results)
            finally:
                free.release()

        while not owner.closing and not self.over:
            await free.acquire()
            while True:
                self._work.clear()
                with owner.news:
                    case = self._take()
                if case is not None or owner.closing or self.over:
                    break
                await self._work.wait()
            if case is not None:
                task = asyncio.create_task(answer(case))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
        for task in tasks:
            task.cancel()
