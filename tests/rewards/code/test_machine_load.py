from __future__ import annotations

import asyncio
import io
from contextlib import nullcontext
from contextvars import ContextVar

import pytest

from rewards.code import machine_load
from rewards.code.grader import CodeGrader
from rewards.code.references import (
    AssertsReference,
    CodeLimits,
    FunctionCase,
    FunctionReference,
    StdioCase,
    StdioReference,
)
from rewards.code.sandboxes import close_held
from rewards.code.styles.asserts import judge_by_checker
from rewards.code.styles.function import judge_function
from rewards.code.styles.stdio import judge_stdio
from rewards.types import GradeRequest, GradeResult, Json, Verdict
from sandbox.namespaces import NamespaceSandbox
from sandbox.protocol import Sandbox, Session
from sandbox.types import Job, JobResult, Limits
from tests.rewards.code.boxes import inside
from tests.rewards.code.judging import asserts, fates, function


@pytest.mark.parametrize(
    ("text", "cores", "expected"),
    [
        ("0.10 0.20 0.30 1/200 999", 2, 1.0),
        ("3.00 0.20 0.30 1/200 999", 2, 1.5),
        ("0.10 0.20 0.30 6/200 999", 2, 3.0),
        ("40.0 0.20 0.30 90/200 999", 2, machine_load.LONGEST),
    ],
)
def test_limits_stretch_by_what_is_runnable_on_a_core(monkeypatch, text: str, cores: int, expected: float) -> None:
    monkeypatch.setattr("builtins.open", lambda *_: io.StringIO(text))
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    assert machine_load.measured() == expected


def test_a_system_without_a_load_figure_stretches_nothing(monkeypatch) -> None:
    def missing(*_: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr("builtins.open", missing)
    assert machine_load.measured() == 1.0


@pytest.mark.parametrize(
    ("seconds", "cpu", "stretched", "late"),
    [
        (0.9, 0.1, 4.0, False),
        (1.4, 0.7, 4.0, False),  # it waited half of the time
        (3.6, 0.9, 4.0, False),
        (1.2, 0.05, 2.0, False),  # it was woken late
        (1.5, 0.02, 2.0, True),  # it slept
        (1.5, 0.02, 4.0, True),
        (3.9, 0.02, 4.0, True),
        (2.5, 2.4, 4.0, True),  # it computed, alone on its core
    ],
)
def test_late_is_what_did_not_wait_for_a_core(seconds: float, cpu: float, stretched: float, late: bool) -> None:
    clock = machine_load.Clock(1.0)
    clock.took(3, seconds, stretched)
    assert clock.overslept(_usage(cpu)) == ((3,) if late else ())


def _usage(cpu: float, waited: float = 0.0, *, unwatched: float | None = None) -> machine_load.Usage:
    """Of one run; what its processes waited is known of the rest of its CPU seconds."""
    return machine_load.Usage(cpu, cpu if unwatched is None else unwatched, (((60.0, waited),),))


def test_cases_in_time_do_not_excuse_one_that_slept() -> None:
    clock = machine_load.Clock(1.0)
    for case in range(5):
        clock.took(case, 0.02, 4.0)
    clock.took(5, 2.5, 4.0)
    assert clock.overslept(_usage(0.1)) == (5,)


GROWTH = ((12.0, 6.0), (6.0, 6.0), (3.0, 3.0), (0.0, 0.0))  # it waited in its last six seconds only


def _taken(clock: machine_load.Clock, monkeypatch, *ends: float) -> None:
    """Cases of 2 s that ended so many seconds ago."""
    for case, ago in enumerate(ends):
        monkeypatch.setattr(machine_load.time, "monotonic", lambda ago=ago: 100.0 - ago)
        clock.took(case, 2.0, 3.0)
    monkeypatch.setattr(machine_load.time, "monotonic", lambda: 100.0)


@pytest.mark.parametrize(
    ("ends", "late"),
    [((3.5,), ()), ((9.0,), (0,)), ((3.5, 9.0), (0, 1)), ((0.5,), ())],
)
def test_what_a_run_waited_excuses_only_the_cases_that_waited(monkeypatch, ends, late) -> None:
    clock = machine_load.Clock(1.0)
    _taken(clock, monkeypatch, *ends)
    assert clock.overslept(machine_load.Usage(1.0, 0.0, (GROWTH,))) == late


def test_a_program_that_waited_while_it_was_loaded_and_then_slept_was_not_starved() -> None:
    clock = machine_load.Clock(1.0, wall=40.0)
    clock.was_ended(16.0, 16.0, limit=1.0, over=0.0)
    clock.check_starved(machine_load.Usage(20.0, 0.0, (((56.0, 36.0), (16.5, 0.5), (0.0, 0.0)),)))


def test_a_program_cannot_make_the_load_by_which_its_children_are_excused() -> None:
    clock = machine_load.Clock(1.0, 1.0)
    clock.took(0, 2.0, 4.0)
    assert clock.overslept(_usage(0.6)) == (0,)


def test_an_estimate_of_the_waiting_of_children_is_not_enough_after_patience(monkeypatch) -> None:
    clock = machine_load.Clock(1.0, wall=40.0)
    clock.was_ended(16.0, 16.0, limit=1.0, over=0.0)
    with pytest.raises(machine_load.Starved):
        clock.check_starved(_usage(6.0))
    monkeypatch.setattr(machine_load, "_least", ContextVar("least", default=machine_load.PATIENT))
    clock.check_starved(_usage(6.0))


def test_a_program_that_sleeps_is_late_however_busy_the_machine_is(monkeypatch) -> None:
    monkeypatch.setattr(machine_load, "stretch", lambda: machine_load.LONGEST)
    limits = CodeLimits(time_s=0.5, memory_mb=256)
    slow = "import time\ndef f(x):\n    time.sleep(x)\n    return 3"
    judged = function(slow, ((0.0,), 3), ((1.2,), 3), limits=limits)
    assert fates(judged) == ["passed", "time limit"]
    reference = StdioReference(cases=(StdioCase(stdin="", stdout="3"),), limits=limits)
    judged = inside(lambda box: judge_stdio(box, "import time\ntime.sleep(1.2)\nprint(3)", reference))
    assert fates(judged) == ["time limit"]
    assert fates(asserts(slow, "assert f(0.0) == 3", "assert f(1.4) == 3", time_s=0.5)) == ["passed", "time limit"]


@pytest.mark.parametrize(
    ("seconds", "cpu", "waited", "over", "starved"),
    [
        (4.0, 0.9, 3.1, 0.0, True),  # it had no core
        (4.0, 0.2, 0.1, 2.9, True),  # this process was stopped, and looked too late
        (4.0, 0.02, 0.1, 0.0, False),  # it slept
        (4.0, 1.1, 2.9, 0.0, False),  # it computed for as long as it may
        (9.0, 0.5, 2.0, 0.0, False),  # it waited, and slept as well
        (1.05, 0.2, 0.06, 0.0, False),  # it slept, and waited now and then
    ],
)
def test_a_case_that_was_ended_while_it_waited_says_nothing(
    monkeypatch, seconds: float, cpu: float, waited: float, over: float, starved: bool
) -> None:
    monkeypatch.setattr(machine_load, "_own_wait", lambda: 0.0)
    clock = machine_load.Clock(1.0)
    clock.took(0, 0.0, 1.0)
    clock.was_ended(seconds, 1.0, limit=1.0, over=over)
    with pytest.raises(machine_load.Starved) if starved else nullcontext():
        clock.check_starved(_usage(cpu, waited))


def test_what_this_process_waited_excuses_no_case_that_was_ended_in_time(monkeypatch) -> None:
    own = iter([0.0, 20.0])
    monkeypatch.setattr(machine_load, "_own_wait", lambda: next(own))
    clock = machine_load.Clock(1.0)
    clock.was_ended(16.0, 16.0, limit=1.0, over=0.0)
    clock.check_starved(_usage(0.5, 4.0))


class _Recorder:
    """A sandbox that notes the weights of its jobs."""

    def __init__(self, box: Sandbox) -> None:
        self._box = box
        self.weights: set[int] = set()

    async def run(self, job: Job) -> JobResult:
        self.weights.add(job.limits.cpu_weight)
        return await self._box.run(job)

    async def open(self, job: Job, peer: Job | None = None) -> Session:
        self.weights |= {each.limits.cpu_weight for each in (job, peer) if each is not None}
        return await self._box.open(job, peer)

    async def close(self) -> None:
        raise AssertionError("it is not ours")


@pytest.mark.parametrize("style", ["stdio", "function", "asserts"])
def test_what_is_judged_with_patience_has_precedence(style: str) -> None:
    async def weights(box: Sandbox) -> list[set[int]]:
        found = []
        for begin in (lambda: None, machine_load.be_patient):
            begin()
            recorder = _Recorder(box)
            if style == "stdio":
                cases = (StdioCase(stdin="", stdout="3"),)
                await judge_stdio(recorder, "print(3)", StdioReference(cases=cases))
            elif style == "function":
                calls = (FunctionCase(args=(3,), expected=3),)
                await judge_function(recorder, "def f(x): return x", FunctionReference(entry_point="f", cases=calls))
            else:
                await judge_by_checker(recorder, "def f(x): return x", AssertsReference(asserts=("assert f(3) == 3",)))
            found.append(recorder.weights)
        return found

    assert inside(weights) == [{100}, {1600}]


def test_patience_is_not_taken_for_load(monkeypatch) -> None:
    monkeypatch.setattr(machine_load, "_own_wait", lambda: 0.0)
    clock = machine_load.Clock(1.05)
    clock.was_ended(16.05, machine_load.PATIENT, limit=1.05, over=0.0)
    clock.check_starved(_usage(1.02, 1.0))  # fifteen others would have taken 15.3 s


WAITS = """
import os, time
CORE = min(os.sched_getaffinity(0))
os.sched_setaffinity(0, {CORE})
def compute(seconds):
    until = time.process_time() + seconds
    while time.process_time() < until: pass
"""


def _crowd() -> list[Job]:
    """Programs that keep one core busy, by themselves: eight of them."""
    source = WAITS + "os.write(1, b'x')\nwhile True: pass"
    limits = Limits(wall_seconds=600, cpu_seconds=600)
    return [Job(argv=("python", "-c", source), limits=limits) for _ in range(8)]


@pytest.mark.parametrize("style", ["function", "stdio", "asserts"])
def test_an_honest_program_that_has_no_core_is_not_late(monkeypatch, style: str) -> None:
    """Nine programs of one core: each has a ninth of it. What the load figure says is not looked at."""
    monkeypatch.setattr(machine_load, "measured", lambda: 1.0)
    honest = WAITS + "def f(x):\n    compute(0.2)\n    return x\n"
    row: dict[str, Json] = {
        "function": {"type": "function", "entry_point": "f", "cases": [{"args": [3], "expected": 3}]},
        "stdio": {"type": "stdio", "cases": [{"stdin": "3", "stdout": "3"}]},
        "asserts": {"type": "asserts", "asserts": ["assert f(3) == 3", "assert isinstance(f(4), int)"]},
    }[style]
    program = honest + ("print(f(int(input())))" if style == "stdio" else "")
    request = GradeRequest.from_dict(
        {"response": f"```python\n{program}\n```", "reference": {**row, "limits": {"time_s": 0.5}}}
    )

    async def beside() -> GradeResult:
        crowd = NamespaceSandbox(slots=8)
        hogs = [asyncio.create_task(crowd.run(job)) for job in _crowd()]
        try:
            (result,) = await CodeGrader(backend="namespaces", slots=2).grade([request])
            return result
        finally:
            for hog in hogs:
                hog.cancel()
            await asyncio.gather(*hogs, return_exceptions=True)
            await crowd.close()
            await close_held()

    result = asyncio.run(beside())
    assert result.verdict is Verdict.CORRECT, result.reason
