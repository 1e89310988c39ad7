"""Training on programs: the sandbox dies in the middle, the run goes on, and nothing is left of it."""

from __future__ import annotations

import os
import signal
import string
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")

from data_prep.files import read_problems, write_problems
from data_prep.problem import Problem
from rlvr.rundir import read_metrics
from rlvr.runner import run_training
from tests.e2e import tiny
from tests.sandbox.processes import descendants, sandboxes_below
from tests.waiting import until

CHARACTERS = string.ascii_letters + string.digits + string.punctuation + " \n"


def zygotes(others: Collection[int]) -> list[int]:
    """The sandbox zygotes below this process, without those that were there before."""
    return [pid for pid, name in sandboxes_below(others).items() if name == "rlvr-zygote"]


@contextmanager
def sandbox_killed(*, after: int, run: Path, others: Collection[int]) -> Iterator[list[int]]:
    """Kill every zygote, again and again while two steps are made, from the moment that so many are done."""
    killed: list[int] = []
    over = threading.Event()
    metrics = run / "metrics.jsonl"

    def done() -> int:
        return len(metrics.read_text().splitlines()) if metrics.exists() else 0

    def kill() -> None:
        while not over.is_set() and done() <= after:
            time.sleep(0.02)
        while not over.is_set() and done() <= after + 2:
            for pid in zygotes(others):
                try:
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)
                except ProcessLookupError:
                    continue
            time.sleep(0.02)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()


@pytest.mark.slow(20)
@pytest.mark.usefixtures("isolation")
def test_a_run_on_programs_survives_the_death_of_its_sandbox(shared_data: Path, tmp_path: Path) -> None:
    from rlvr.cli import main

    everything = tmp_path / "mbpp.jsonl"
    assert (
        main(["prep", "mbpp", "--from", str(shared_data / "mbpp"), "--split", "train", "--out", str(everything)]) == 0
    )
    short = [problem for problem in read_problems(everything) if len(problem.messages[-1].content) < 700][:12]
    # Whatever the model writes is run as it is: one that knows nothing would rarely write a fenced block.
    problems = [
        Problem.make(
            question=p.messages,
            reference=replace(p.reference, extract="code"),  # type: ignore[arg-type, call-arg]
            reward=p.reward,
            source=p.source,
        )
        for p in short
    ]
    tiny.make_data(tmp_path)
    write_problems(tmp_path / "train.jsonl", problems)
    run = tmp_path / "run"
    config = tiny.config(
        tmp_path,
        steps=6,
        recipe="grpo",
        reward={"reward": "code", "parameters": {"slots": 2}},
        tokenizer={"characters": CHARACTERS},
        model={"init": {"hidden_size": 32, "layers": 1, "heads": 2, "max_positions": 1024}},
        data={"train": [{"path": str(tmp_path / "train.jsonl")}], "template": "plain", "max_prompt_tokens": 900},
        warmup={},
        rollout={"prompts": 4, "n": 4, "max_tokens": 40},
        grading={"workers": 2, "deadline": 20, "max_ungraded_share": 1.0},
        dynamic={},
        eval={"sets": []},
    )
    others = descendants(os.getpid())  # a pool of graders, which another test has left warm, goes on
    with sandbox_killed(after=2, run=run, others=others) as killed:
        assert run_training(config, out=run) == 0
    rows = list(read_metrics(run / "metrics.jsonl"))
    assert killed
    assert [row["step"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert sum(int(row["grading/ungraded"] or 0) for row in rows) > 0
    assert int(rows[0]["grading/ungraded"] or 0) == 0
    until(lambda: not zygotes(others), "its sandboxes to end")
