"""Grades that nobody waits for any more, and rewards that raise SystemExit or the like: no other call hangs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from rewards import GradeRequest, GraderPool, GradingUnavailable, Verdict, reward
from rewards.code import sandboxes
from rewards.event_loops import new_event_loop
from rewards.in_process import MOST_STUCK
from rewards.outcome import raised
from tests.rewards.pools import PATIENCE, requests
from tests.waiting import until


@reward("given_up_odd", in_process=True)
def odd(request: GradeRequest) -> float:
    raise {"cancelled": asyncio.CancelledError, "closed": GeneratorExit, "ended": SystemExit}[request.response]


@reward("given_up_odd_later", in_process=True)
async def odd_later(request: GradeRequest) -> float:
    await asyncio.sleep(0)
    return odd(request)


@reward("given_up_stubborn", in_process=True, concurrency=4)
async def stubborn(request: GradeRequest) -> float:
    for _ in range(30 if request.response == "stubborn" else 0):
        try:
            await asyncio.sleep(0.05)
        except asyncio.CancelledError:
            continue
    return 1.0


@pytest.mark.parametrize("name", ["given_up_odd", "given_up_odd_later"])
def test_a_reward_in_this_process_that_raises_what_is_no_exception_has_failed_and_no_more(name: str) -> None:
    with GraderPool(name, deadline=PATIENCE) as pool:
        for result in pool.grade(requests("cancelled", "closed", "ended")):
            assert result.verdict is Verdict.UNGRADED
            assert "raised" in result.reason


def test_what_is_raised_is_said_with_the_line_of_the_reward_also_where_the_worker_is_the_main_module() -> None:
    space: dict[str, object] = {"__name__": "__main__", "__spec__": SimpleNamespace(name="rewards.worker"), "odd": odd}
    exec(compile("def call(request): odd(request)", "worker.py", "exec"), space)
    with pytest.raises(GeneratorExit) as caught:
        space["call"](requests("closed")[0])  # type: ignore[operator]
    line = odd.__code__.co_firstlineno + 2
    said = raised("odd", caught.value.with_traceback(caught.tb.tb_next)).reason  # without this test's own frame
    assert said == f"reward 'odd' raised GeneratorExit (test_given_up.py, line {line})"


def test_calls_of_this_process_that_come_back_after_all_make_room_again() -> None:
    with GraderPool("given_up_stubborn", deadline=0.1) as pool:
        for _ in range(MOST_STUCK):
            assert pool.grade(requests("stubborn"))[0].verdict is Verdict.UNGRADED
        until(lambda: pool.grade(requests("a"))[0].score == 1.0, "room where calls came back")


def test_a_reward_that_ends_a_program_where_it_loads_is_said_at_once(tmp_path: Path) -> None:
    file = tmp_path / "ends.py"
    file.write_text(
        "import sys\nclass Ends:\n  def setup(self): sys.exit('enough')\n  def grade(self, requests): return [1.0]\n"
    )
    with (
        GraderPool({"reward": f"{file}:Ends", "in_process": True}, start_deadline=3 * PATIENCE) as pool,
        pytest.raises(GradingUnavailable, match="enough"),
    ):
        pool.start()


OF_ITS_OWN = """
import sys, time
from rewards import reward

def odd(request):
    sys.exit("no answer")

@reward("odd_seconds", seconds=odd)
def seconds(request) -> float:
    return 1.0

@reward("odd_controls", seconds=lambda request: 0.0, controls=odd)
def controls(request) -> float:
    if request.response == "hang":
        time.sleep(600)
    return 1.0
"""


def test_what_a_reward_says_of_a_request_does_not_end_the_pool(tmp_path: Path) -> None:
    file = tmp_path / "of_its_own.py"
    file.write_text(OF_ITS_OWN)
    with GraderPool(f"{file}:seconds", workers=1) as pool:
        assert [f.result(PATIENCE).score for f in pool.submit_batch(requests("a", "b"))] == [1.0, 1.0]
    with GraderPool(f"{file}:controls", workers=1, deadline=0.3) as pool:
        assert [f.result(PATIENCE).score for f in pool.submit_batch(requests("hang", "a"))] == [0.0, 1.0]


def test_all_who_wait_hear_of_it_when_the_thread_of_a_pool_fails() -> None:
    pool = GraderPool("countdown", workers=1)
    pool._plan = replace(pool._plan, extra_seconds=lambda _attempt: 1 / 0)
    for future in pool.submit_batch(requests("a", "b", "c")):
        with pytest.raises(GradingUnavailable, match="ZeroDivisionError"):
            future.result(PATIENCE)
    pool.close()


def test_an_interrupt_while_a_pool_is_woken_does_not_leave_it_asleep(monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    interrupts = [True]

    def interrupted(descriptor: int, data: bytes) -> int:
        if data == b"w" and interrupts.pop():
            raise KeyboardInterrupt
        return write(descriptor, data)

    with GraderPool("countdown", workers=1) as pool:
        pool.start()
        until(lambda: pool._dispatcher and pool._dispatcher.inbox.asleep, "the pool to sleep")  # type: ignore[union-attr]
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", interrupted)
            with pytest.raises(KeyboardInterrupt):
                pool.submit(requests("a")[0])
        assert pool.submit(requests("b")[0]).result(PATIENCE)


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, new_event_loop])
def test_a_loop_that_is_closed_leaves_nothing_to_grade(
    tmp_path: Path, new_loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    file = tmp_path / "long.py"
    file.write_text(
        "import time\ndef waits(request):\n  if 'long' in request.response:\n"
        f"    open({str(tmp_path / 'begun')!r}, 'w').close()\n    time.sleep(600)\n  return 1.0\n"
    )
    with GraderPool(f"{file}:waits", workers=1, deadline=1200) as pool:
        loop = new_loop()
        left = loop.create_task(pool.agrade(requests("long", "long", "short")))
        loop.call_later(0.01, _stop_when, loop, (tmp_path / "begun").exists)
        loop.run_forever()
        loop.close()
        assert pool.submit(requests("short")[0]).result(PATIENCE).score == 1.0
        assert not left.done()
        left._log_destroy_pending = False  # type: ignore[attr-defined]  # asyncio would say that it is


def _stop_when(loop: asyncio.AbstractEventLoop, happened: Callable[[], bool]) -> None:
    if happened():
        loop.stop()
    else:
        loop.call_later(0.01, _stop_when, loop, happened)


def test_a_sandbox_that_several_wait_for_is_opened_once_though_who_asked_first_gives_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place, opened, asked = sandboxes.Place(backend="weak", allow_weak=True, slots=1), sandboxes.opened, []

    async def counted(which: sandboxes.Place) -> sandboxes.Opened:
        asked.append(which)
        return await opened(which)

    async def within() -> None:
        first, second = (asyncio.create_task(sandboxes.held(place)) for _ in range(2))
        await asyncio.sleep(0.01)
        first.cancel()
        assert await second is await sandboxes.held(place)
        await sandboxes.close_held()

    monkeypatch.setattr(sandboxes, "opened", counted)
    asyncio.run(within())
    assert asked == [place]
