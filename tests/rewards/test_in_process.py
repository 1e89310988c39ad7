"""Grading in the calling process: the same results, deadlines as far as they go, no hang of the caller."""

# ruff: noqa: ARG001  # a reward takes its request

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from rewards import (
    GradeRequest,
    GradeResult,
    GraderPool,
    GradingUnavailable,
    RewardSpec,
    Verdict,
    agrade,
    grade,
    reward,
)
from rewards.in_process import MOST_STUCK
from tests.waiting import PATIENCE, until

GO_ON = threading.Event()
FOUR = asyncio.Barrier(4)


@reward("test_here", correctness=True, in_process=True)
def here(request: GradeRequest) -> float:
    if "hang" in request.response:
        GO_ON.wait(PATIENCE)
    if "interrupt" in request.response:
        raise KeyboardInterrupt
    if "raise" in request.response:
        raise ValueError("odd")
    return float(request.response == str(os.getpid()))


@reward("test_here_later", in_process=True, concurrency=4)
async def here_later(request: GradeRequest) -> float:
    """Comes back once four are at it; never where the response says so."""
    await (FOUR.wait() if "hang" not in request.response else asyncio.sleep(PATIENCE))
    return 1.0


@reward("test_here_together", in_process=True, batched=True)
def here_together(requests: Sequence[GradeRequest]) -> list[float]:
    return [float(len(requests))] * len(requests)


LOADED = [threading.Event(), threading.Event()]
LOADING = threading.Event()
LOADS: list[threading.Thread] = []


def load() -> int:
    """Whoever loads waits for an event of its own; the second one says that it has begun."""
    LOADS.append(threading.current_thread())
    if len(LOADS) == 2:
        LOADING.set()
    LOADED[len(LOADS) - 1].wait(PATIENCE)
    return 1


@reward("test_here_loads", in_process=True, setup=load)
def here_loads(request: GradeRequest, loaded: int) -> float:
    return float(loaded)


@reward("test_anywhere")
def anywhere(request: GradeRequest) -> float:
    return float(os.getpid())


def of(*responses: str) -> list[GradeRequest]:
    return [GradeRequest(response=response) for response in responses]


def test_a_reward_that_asks_for_it_is_graded_in_the_calling_process() -> None:
    results = grade("test_here", of(str(os.getpid()), "1", "raise", "interrupt", "2"))
    assert [r.verdict.value for r in results] == ["correct", "wrong", "ungraded", "ungraded", "wrong"]
    assert re.fullmatch(
        r"reward 'test_here' raised ValueError \(test_in_process\.py, line \d+\): odd", results[2].reason
    )
    spec = {"reward": "test_anywhere", "in_process": True}
    assert grade(spec, of("a"))[0].score == os.getpid()
    assert grade("test_anywhere", of("a"), workers=1)[0].score != os.getpid()
    assert RewardSpec.from_dict(spec).to_dict() == spec


def test_it_is_called_from_threads_and_running_event_loops() -> None:
    async def inside() -> list[GradeResult]:
        return grade("test_here", of("1")) + await agrade("test_here", of("2"))

    assert [r.score for r in asyncio.run(inside())] == [0.0, 0.0]
    found: list[GradeResult] = []
    threads = [threading.Thread(target=lambda: found.extend(grade("test_here", of("1", "2")))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(found) == 8


def test_what_awaits_is_graded_side_by_side_and_given_up_at_its_deadline() -> None:
    with GraderPool("test_here_later", deadline=PATIENCE) as pool:
        assert [r.score for r in pool.grade(of("a", "b", "c", "d"))] == [1.0] * 4
    with GraderPool("test_here_later", deadline=1.0) as pool:
        (hung,) = pool.grade(of("hang"))
    assert hung.score is None
    assert "no answer within 1 s" in hung.reason


def test_a_batch_is_one_call_and_a_group_is_a_batch() -> None:
    assert [r.score for r in grade("test_here_together", of("a", "b", "c"))] == [3.0] * 3
    grouped = [GradeRequest(response="a", group_id=group) for group in "xxy"]
    assert [r.score for r in grade("test_here_together", grouped)] == [2.0, 2.0, 1.0]


def test_a_call_that_hangs_is_ungraded_and_does_not_stop_the_others() -> None:
    GO_ON.clear()
    with GraderPool("test_here", deadline=0.3) as pool:
        hung, after = pool.grade(of("hang", "1"))
        assert (hung.verdict, after.verdict) == (Verdict.UNGRADED, Verdict.WRONG)
        assert "test_here@1 is graded in the calling process, where a call cannot be ended" in hung.reason
        *_, behind = pool.grade(of(*["hang"] * (MOST_STUCK - 1), "1"))
        assert f"{MOST_STUCK} calls of it hang" in behind.reason, "it was never begun"
        assert f"{MOST_STUCK} calls of it hang" in pool.grade(of("1"))[0].reason
        assert pool.counts().at_fault == MOST_STUCK + 2
        GO_ON.set()
        until(lambda: pool.grade(of("1"))[0].verdict is Verdict.WRONG, "room again where calls came back")


def test_a_closed_pool_and_a_reward_that_cannot_load_say_so(tmp_path: Path) -> None:
    pool = GraderPool("test_here").start()
    pool.close()
    with pytest.raises(GradingUnavailable, match="is closed"):
        pool.grade(of("a"))
    file = tmp_path / "loads.py"
    file.write_text(
        "class Loads:\n  def setup(self): raise OSError('no weights')\n  def grade(self, r): return [1.0]\n"
    )
    with GraderPool({"reward": f"{file}:Loads", "in_process": True}) as broken:
        with pytest.raises(GradingUnavailable, match=r"(?s)cannot be made ready in this process.*no weights"):
            broken.start()
        with pytest.raises(GradingUnavailable, match="no weights"):
            broken.grade(of("a"))


def test_a_load_that_ends_after_it_was_given_up_changes_nothing_for_the_next() -> None:
    with GraderPool("test_here_loads", start_deadline=1.0) as pool:
        with pytest.raises(GradingUnavailable, match="loading took longer than 1 s"):
            pool.start()
        next_one = pool.submit(GradeRequest(response="a"))
        assert LOADING.wait(PATIENCE)
        LOADED[0].set()
        LOADS[0].join(PATIENCE)
        assert not LOADS[0].is_alive()
        assert not next_one.done()
        LOADED[1].set()
        assert next_one.result(PATIENCE).score == 1.0


def test_a_process_with_a_hanging_grade_in_it_still_ends(tmp_path: Path) -> None:
    script = tmp_path / "ends.py"
    script.write_text(
        "import time\nfrom rewards import GradeRequest, GraderPool, grade, reward\n"
        "@reward('sleeps', in_process=True)\ndef sleeps(request): time.sleep(600)\n"
        "@reward('later', in_process=True)\nasync def later(request): return 1.0\n"
        "print(grade('later', [GradeRequest(response='a')])[0].score)\n"
        "GraderPool('sleeps').submit(GradeRequest(response='a'))\n"
        "print('bye')\n"
    )
    ran = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (ran.stdout, ran.stderr, ran.returncode) == ("1.0\nbye\n", "", 0)


@pytest.mark.filterwarnings("ignore::rewards.errors.GradedInProcess")
def test_threads_that_hand_over_functions_get_the_grades_of_their_own() -> None:
    wrong: list[tuple[float, float | None]] = []

    def hand_over(first: int) -> None:
        for value in range(first, first + 10):
            (result,) = grade(lambda _request, value=value: float(value), of("a"))  # type: ignore[misc]
            if result.score != value:
                wrong.append((value, result.score))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=hand_over, args=(first,)) for first in range(0, 400, 100)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
    finally:
        sys.setswitchinterval(interval)
    assert wrong == []


@reward("test_here_waits", in_process=True)
def here_waits(request: GradeRequest) -> object:
    """A plain function that hands back what another one awaits."""
    return asyncio.sleep(float(request.response), 1.0)


@pytest.mark.parametrize("seconds", ["0", "0.01"])
def test_a_plain_function_that_returns_what_must_be_awaited_is_told_so(seconds: str) -> None:
    with GraderPool("test_here_waits", workers=1, deadline=PATIENCE) as pool:
        (first,) = pool.grade([GradeRequest(response=seconds)])
        (second,) = pool.grade([GradeRequest(response=seconds)])
    assert first.score is None
    assert "make it `async def`" in first.reason
    assert second.reason == first.reason
