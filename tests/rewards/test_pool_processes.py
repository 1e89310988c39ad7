"""How the pool starts and ends: slow and failing starts, closing, kills, leaks, forks, a parent that dies."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Collection
from pathlib import Path

import psutil
import pytest

from rewards import (
    GradeRequest,
    GraderPool,
    GradingUnavailable,
    InvalidReward,
    InvalidRow,
    MathReference,
    RewardError,
    UnknownReward,
    Verdict,
    agrade,
    grade,
    stray_processes,
)
from tests.rewards.pools import FILE, Pools, open_pools, requests, scores
from tests.shares import is_whole
from tests.waiting import PATIENCE, until

__all__ = ["open_pools"]


# --- starting and closing -------------------------------------------------------------------------------------------


def test_making_a_grader_does_not_count_against_the_first_grade(pool: Pools) -> None:
    one = pool("slow_to_load", deadline=0.4)
    assert scores(one.grade(requests("a"))) == [1.0]
    assert one.counts().lost == 0


def test_loading_sympy_does_not_count_against_the_grade_that_needs_it() -> None:
    with GraderPool("math", workers=1, deadline=0.5) as one:
        result = one.grade([GradeRequest(response=r"\boxed{\sqrt{8}}", reference=MathReference(answer=r"2\sqrt{2}"))])[
            0
        ]
        assert result.verdict is Verdict.CORRECT
        assert one.counts().lost == 0
        assert result.seconds < 0.5


def test_workers_that_cannot_start_are_an_error_that_says_why(tmp_path: Path) -> None:
    file = tmp_path / "broken_in_workers.py"
    file.write_text(
        "import os\nfrom rewards import reward\n"
        "if 'RLVR_GRADING_WORKER' in os.environ: raise ImportError('no such accelerator')\n"
        "@reward('broken')\ndef broken(request): return 1.0\n"
    )
    with GraderPool(f"{file}:broken", workers=2) as one:
        with pytest.raises(GradingUnavailable, match="no such accelerator"):
            one.start()
        with pytest.raises(GradingUnavailable, match="no such accelerator"):
            one.grade(requests("a", "b"))


def test_workers_that_die_while_they_start_are_given_up_after_three(tmp_path: Path) -> None:
    file = tmp_path / "dies_in_workers.py"
    file.write_text(
        "import os, sys\nfrom rewards import reward\n"
        "if 'RLVR_GRADING_WORKER' in os.environ: print('out of luck', file=sys.stderr, flush=True); os._exit(3)\n"
        "@reward('dies')\ndef dies(request): return 1.0\n"
    )
    with GraderPool(f"{file}:dies", workers=1) as one:
        with pytest.raises(GradingUnavailable, match=r"exited with code 3.*out of luck.*3 workers in a row"):
            one.start()
        assert one.counts().started == 3


def test_a_file_that_grades_while_a_worker_imports_it_is_told_to_guard_it(tmp_path: Path) -> None:
    script = tmp_path / "unguarded.py"
    script.write_text(
        "import rewards\nfrom rewards import GradeRequest, reward\n"
        "@reward('mine')\ndef mine(request): return 1.0\n"
        "rewards.grade('mine', [GradeRequest(response='a')], workers=1)\n"
    )
    with pytest.raises(RewardError, match=r"if __name__ == .__main__.:"):
        grade(f"{script}:mine", requests("a"), workers=1)


def test_a_bad_name_or_option_is_refused_before_any_worker_starts() -> None:
    with pytest.raises(UnknownReward, match="did you mean 'math'"):
        grade("maths", requests("a"))
    with pytest.raises(InvalidReward, match=r"workers must be a whole number of at least 1, not 0"):
        GraderPool("math", workers=0)
    with pytest.raises(InvalidReward, match=r"deadline must be a positive number of seconds, not nan"):
        GraderPool("math", deadline=float("nan"))
    with pytest.raises(InvalidRow, match="metadata and references are JSON"):
        grade("math", [GradeRequest(response="a", metadata={"x": object()})])  # type: ignore[dict-item]


def test_a_closed_pool_says_so_and_fails_what_it_had_not_graded(pool: Pools) -> None:
    one = pool("misbehaves").start()
    waiting = [one.submit(GradeRequest(response="sleep")) for _ in range(50)]
    one.close()
    with pytest.raises(GradingUnavailable, match="closed before this was graded"):
        waiting[-1].result(PATIENCE)
    with pytest.raises(GradingUnavailable, match="is closed"):
        one.grade(requests("fine"))
    one.close()


def test_nothing_to_grade_is_no_trouble() -> None:
    assert grade("math", []) == []
    assert asyncio.run(agrade(f"{FILE}:ranks", [])) == []


# --- processes and descriptors --------------------------------------------------------------------------------------


def gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def children() -> list[int]:
    return [child.pid for child in psutil.Process().children(recursive=True)]


def test_kills_leak_no_process_thread_or_descriptor(pool: Pools) -> None:
    killers = 9 if is_whole("kills") else 3  # responses; each kills six workers
    before, threads = set(children()), set(threading.enumerate())
    descriptors = set(os.listdir("/dev/fd"))
    one = pool("misbehaves", workers=2)
    results = one.grade(requests(*["kill", "fine"] * killers))
    assert scores(results) == [0.0, 1.0] * killers
    assert one.counts().lost == 6 * killers
    one.close()
    assert set(children()) <= before
    assert set(threading.enumerate()) <= threads  # those of earlier tests may end meanwhile
    assert set(os.listdir("/dev/fd")) <= descriptors


def test_a_killed_worker_takes_with_it_what_a_reward_had_started(pool: Pools) -> None:
    one = pool("misbehaves", deadline=0.5)
    assert one.grade(requests("fork"))[0].verdict is Verdict.WRONG
    one.close()
    sleepers = [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", "987"]]
    assert not sleepers


@pytest.mark.parametrize("deed", ["daemons", "daemons_and_exit"])
def test_daemons_that_a_reward_started_end_with_its_worker(
    pool: Pools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    written = tmp_path / "daemons"
    written.touch()
    monkeypatch.setenv("RLVR_TEST_DAEMONS", str(written))
    one = pool("misbehaves")
    (result,) = one.grade(requests(deed))
    if deed == "daemons":  # they serve as long as their worker does
        until(lambda: written.read_text().count("\n") == 2, "both to run")
    daemons = living(written)
    if deed == "daemons":
        assert result.score == 1.0
        assert not any(map(gone, daemons))
    one.close()
    until(lambda: all(map(gone, daemons)), "them to end")


def living(written: Path) -> list[psutil.Process]:
    """Those whose ids are written there, as far as they have not ended."""
    found = []
    for pid in map(int, written.read_text().split()):
        with contextlib.suppress(psutil.NoSuchProcess):
            found.append(psutil.Process(pid))
    return found


def daemons_left(one: GraderPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[psutil.Process]:
    """What a worker has started, which has ended meanwhile."""
    written = tmp_path / "daemons"
    written.touch()
    monkeypatch.setenv("RLVR_TEST_DAEMONS", str(written))
    one.grade(requests("daemons"))
    until(lambda: written.read_text().count("\n") == 2, "both to run")
    return [psutil.Process(pid) for pid in map(int, written.read_text().split())]


def test_no_grade_waits_for_the_look_at_all_processes(
    pool: Pools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking, go_on = threading.Event(), threading.Event()
    look = stray_processes.end_marked

    def slow(marks: Collection[str]) -> None:
        looking.set()
        assert go_on.wait(PATIENCE)
        look(marks)

    monkeypatch.setattr(stray_processes, "end_marked", slow)
    one = pool("misbehaves")
    daemons = daemons_left(one, tmp_path, monkeypatch)
    assert scores(one.grade(requests("kill", "fine"))) == [0.0, 1.0]
    assert looking.wait(PATIENCE)
    assert not any(map(gone, daemons))
    go_on.set()
    one.close()
    until(lambda: all(map(gone, daemons)), "them to end")


def test_what_a_worker_of_a_program_that_a_worker_started_leaves_carries_both_marks(
    pool: Pools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(*next(iter(stray_processes.marked("0123abcd").items())))
    daemons = daemons_left(pool("misbehaves"), tmp_path, monkeypatch)
    stray_processes.end_marked(["0123abcd"])
    until(lambda: all(map(gone, daemons)), "them to end")


PARENT = """
import sys, threading, time
from rewards import GradeRequest, GraderPool
if __name__ == "__main__":
    pool = GraderPool(sys.argv[1], workers=2, deadline=600.0)
    starter = threading.Thread(target=pool.start)   # the thread that asks for the workers is gone before they are
    starter.start()
    starter.join()
    futures = [pool.submit(GradeRequest(response=sys.argv[2])) for _ in range(2)]
    print("ready", flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize(
    ("reward", "response"), [("loops", "loop"), ("holds_the_lock", "loop"), ("misbehaves", "fine")]
)
def test_a_killed_parent_leaves_no_worker_even_when_one_is_stuck(tmp_path: Path, reward: str, response: str) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    parent = subprocess.Popen(
        [sys.executable, str(script), f"{FILE}:{reward}", response], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    with parent.stdout:
        assert parent.stdout.readline() == "ready\n"
    until(lambda: len(psutil.Process(parent.pid).children()) == 2, "the workers to start")
    workers = psutil.Process(parent.pid).children()
    if response == "loop":  # a worker needs less to start
        until(lambda: any(worker.cpu_times().user > 0.5 for worker in workers), "one to be stuck")
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    until(lambda: all(map(gone, workers)), "the workers to end with it")


def test_a_forked_child_grades_with_workers_of_its_own(pool: Pools) -> None:
    one = pool("loops").start()
    mine = set(children())
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            score = one.grade(requests("right"))[0].score
            own = set(children())
            one.close()
            os.write(write, b"fine" if score == 1.0 and own and not own & mine else b"bad")
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as answer:
        assert answer.read() == b"fine"
    os.waitpid(child, 0)
    assert scores(one.grade(requests("right"))) == [1.0]
    assert one.counts().started == 1
