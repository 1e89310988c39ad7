"""The reward `code`: in worker processes and in this one, with a real sandbox, a dying one and none at all."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from rewards import GradeRequest, GradeResult, GraderPool, GradingUnavailable, InvalidReward, RewardSpec, grade
from rewards.code import grader, sandboxes
from rewards.code.grader import CodeGrader, grade_of, seconds
from rewards.code.judgement import CaseOutcome, Fate, Judgement
from rewards.code.references import AssertsReference, StdioCase, StdioReference
from rewards.code.sandboxes import Place, close_held
from rewards.composite import build
from rewards.spec_properties import concurrency, extra_seconds
from rewards.types import reference_from
from sandbox.errors import SandboxUnavailable
from tests.rewards.code.boxes import isolation
from tests.sandbox.processes import name_of
from tests.waiting import until

SUMS = {"type": "stdio", "cases": [{"stdin": "1 2", "stdout": "3"}, {"stdin": "2 5", "stdout": "7"}]}
RIGHT = "```python\nprint(sum(map(int, input().split())))\n```"
HALF = "```python\nprint(3)\n```"
WRONG = "```python\nprint(0)\n```"


def request(response: str, reference: object = None, **changes: object) -> GradeRequest:
    return GradeRequest(
        response=response, reference=reference_from({**SUMS, **changes} if reference is None else reference)
    )


def here(*requests: GradeRequest, spec: object = "code") -> list[GradeResult]:
    """Grade in this process."""

    async def run() -> list[GradeResult]:
        try:
            return await build(RewardSpec.from_dict(spec)).grade(requests)  # type: ignore[arg-type]
        finally:
            await close_held()

    return asyncio.run(run())


@pytest.mark.usefixtures("isolation")
def test_programs_are_graded_in_workers_by_name() -> None:
    results = grade("code", [request(RIGHT), request(HALF), request(WRONG), request("Sorry, no.")], workers=1)
    assert [result.score for result in results] == [1.0, 0.0, 0.0, 0.0]
    assert [result.verdict.value for result in results] == ["correct", "wrong", "wrong", "no_answer"]
    assert dict(results[0].parts) == {"passed": 2.0, "cases": 2.0}
    assert dict(results[1].parts) == {"passed": 1.0, "cases": 2.0}
    assert results[1].reason == "case 2: wrong: another output than expected"
    assert results[0].extracted == "print(sum(map(int, input().split())))\n"
    details = results[0].details
    assert (details["isolation"], details["weak"]) == (isolation(), False)
    assert [case["fate"] for case in details["cases"]] == ["passed", "passed"]  # type: ignore[index, union-attr, call-overload]


@pytest.mark.usefixtures("isolation")
def test_a_case_that_did_not_run_decides_nothing() -> None:
    """Methods of a `unittest` class run in the order of their names."""
    methods = ("z(self): assert f(1) == 1", "a(self): BODY", "b(self): assert f(2) == 0")
    tests = "import unittest, sys\nfrom solution import f\nclass T(unittest.TestCase):\n" + "".join(
        f"    def test_{method}\n" for method in methods
    )
    reasons = []
    for body in ("pass", "open(sys.modules['solution'].__file__)"):
        files = {"test_it.py": tests.replace("BODY", body)}
        row = {"response": "```python\ndef f(x): return x\n```", "reference": {"type": "pytest", "files": files}}
        result = here(GradeRequest.from_dict(row))[0]
        reasons.append((result.verdict.value, result.reason.partition(" ")[0]))
    assert reasons == [("wrong", "test_it.py::T::test_b:"), ("ungraded", "test_it.py::T::test_a:")]


@pytest.mark.usefixtures("isolation")
def test_with_partial_the_share_is_paid() -> None:
    results = here(*(request(response, partial=True) for response in (RIGHT, HALF, WRONG)))
    assert [(result.score, result.verdict.value) for result in results] == [
        (1.0, "correct"),
        (0.5, "partial"),
        (0.0, "wrong"),
    ]


@pytest.mark.usefixtures("isolation")
def test_a_gate_of_format_stands_before_the_program() -> None:
    thought = f"<think>add</think><answer>{RIGHT}</answer>"
    wrong = f"<think>add</think><answer>{WRONG}</answer>"
    results = here(*map(request, (thought, RIGHT, wrong)), spec={"gate": "format", "then": "code"})
    assert [result.score for result in results] == [1.0, 0.0, 0.0]
    assert dict(results[0].parts) == {"format": 1.0, "code": 1.0, "code.passed": 2.0, "code.cases": 2.0}
    assert results[0].details["code"]["isolation"] == isolation()  # type: ignore[index, call-overload]
    assert "code" not in results[1].details  # it was not run


def test_other_references_and_overlong_programs() -> None:
    long = "```python\n" + "#" * 1_000_001 + "\n```"
    results = here(request(RIGHT, "3"), request(long), request("<think>so", partial=True))
    assert results[0].reason == "code needs a reference of type stdio, function, asserts, check, pytest, not 'math'"
    assert [result.verdict.value for result in results] == ["ungraded", "wrong", "no_answer"]
    assert "1000002 characters; 1000000 are run at most" in results[1].reason


@pytest.mark.usefixtures("isolation")
def test_a_lone_surrogate_in_a_program_is_its_own_trouble() -> None:
    results = here(request("```python\nprint(sum(map(int, input().split())))  # \ud800\n```"))
    assert results[0].score == 1.0


@pytest.mark.usefixtures("isolation")
def test_a_program_that_takes_longer_than_the_pools_deadline_is_graded() -> None:
    sleeps = "```python\nimport time; time.sleep(2); print(sum(map(int, input().split())))\n```"
    with GraderPool("code", workers=1, deadline=0.5) as pool:  # a busy machine may stretch 0.3 s to 1.2
        results = pool.grade([request(sleeps, limits={"time_s": 10}), request(sleeps, limits={"time_s": 0.3})])
        assert [result.score for result in results] == [1.0, 0.0]
        assert results[1].reason == "case 1: time limit"
        assert pool.counts().lost == 0


def test_the_time_of_a_request_follows_from_its_cases_alone() -> None:
    few, many = request(RIGHT, limits={"time_s": 2}), request(RIGHT, limits={"time_s": 4})
    assert 2 * 2 * 2 < seconds(few) < seconds(many)
    assert seconds(request(RIGHT + "x" * 1000)) == seconds(request(WRONG))
    assert seconds(request(RIGHT, "3")) == 0.0
    assert extra_seconds(RewardSpec.from_dict("code"), [few], control=True) > seconds(few)


def test_slots_are_how_many_requests_a_worker_is_at() -> None:
    assert concurrency(RewardSpec.named("code", slots=5)) == 5
    assert concurrency(RewardSpec.named("code")) == Place().programs >= 1
    assert Place(backend="remote", urls=("http://a:1",)).programs == 16


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"backend": "podman"}, "backend"),
        ({"slots": -1}, "slots is -1"),
        ({"backend": "remote"}, "needs urls"),
        ({"allow_week": True}, "did you mean 'allow_weak'"),
    ],
)
def test_wrong_parameters_are_refused_before_anything_starts(parameters: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidReward, match=message):
        GraderPool({"reward": "code", "parameters": parameters})


@pytest.mark.usefixtures("isolation")
def test_a_pool_leaves_no_process_behind() -> None:
    before = {process.pid for process in psutil.process_iter()}
    ours = psutil.Process()
    with GraderPool("code", workers=2) as pool:
        results = pool.grade(
            [request(RIGHT), request("```python\nimport os\nwhile os.fork(): pass\n```"), request(RIGHT)]
        )
        assert [result.score for result in results] == [1.0, 0.0, 1.0]
        started = {process.pid for process in ours.children(recursive=True)} - before
        assert len(started) > 2  # workers and what runs the programs
    until(lambda: not any(map(name_of, started)), "all that it had started to end")


# --- a sandbox that is not there, or dies -----------------------------------------------------------------------------


def test_where_nothing_isolates_no_worker_starts_and_the_error_says_what_to_do() -> None:
    spec = {"reward": "code", "parameters": {"backend": "weak"}}  # which is none, unless it is asked for by name
    with GraderPool(spec, workers=1) as pool, pytest.raises(GradingUnavailable, match="code cannot be graded here"):
        pool.start()


def test_the_command_stops_with_that_error(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps({"response": RIGHT, "reference": SUMS}) + "\n")
    reward = "{reward: code, parameters: {backend: weak}}"
    ran = subprocess.run(
        [sys.executable, "-m", "rlvr.cli", "grade", str(rows), "--reward", reward], capture_output=True, text=True
    )
    assert ran.returncode == 1
    assert "allow_weak" in ran.stderr
    assert "Traceback" not in ran.stderr
    command = [sys.executable, "-m", "rlvr.cli", "grade", str(rows), "--allow-weak", "--reward"]
    allowed = subprocess.run([*command, reward], capture_output=True, text=True)
    assert json.loads(allowed.stdout)["details"]["weak"] is True
    refused = subprocess.run([*command, "math"], capture_output=True, text=True)
    assert refused.returncode == 1
    assert "--allow-weak concerns the reward 'code'" in refused.stderr


def test_a_weak_sandbox_must_be_asked_for_and_is_recorded() -> None:
    spec = {"reward": "code", "parameters": {"backend": "weak", "allow_weak": True}}
    result = here(request(RIGHT), spec=spec)[0]
    assert result.score == 1.0
    assert result.details["weak"] is True
    assert str(result.details["isolation"]).startswith("weak")


class Dying:
    """A sandbox whose first so many runs die under it."""

    name = "namespaces"

    def __init__(self, deaths: int) -> None:
        self.deaths = deaths
        self.closed = 0

    async def run(self, job: object) -> object:
        del job
        self.deaths -= 1
        if self.deaths >= 0:
            raise SandboxUnavailable("the sandbox died under a run, twice: killed")
        from sandbox.types import Ended, JobResult

        return JobResult(ended=Ended.EXITED, exit_code=0, stdout=b"3\n", isolation="namespaces")

    async def close(self) -> None:
        self.closed += 1


@contextmanager
def replaced(dying: Dying) -> Iterator[list[Dying]]:
    made: list[Dying] = []

    async def open_dying(*_: object, **__: object) -> Dying:
        made.append(dying)
        return dying

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sandboxes, "open_sandbox", open_dying)
        yield made


ONE = {"type": "stdio", "cases": [{"stdin": "1 2", "stdout": "3"}]}


def test_a_sandbox_that_dies_once_is_tried_again() -> None:
    with replaced(Dying(1)) as made:
        assert here(request(RIGHT, ONE))[0].score == 1.0
        assert len(made) == 1


def test_a_sandbox_that_dies_twice_leaves_the_response_ungraded_and_is_replaced() -> None:
    dying = Dying(2)

    async def run() -> list[GradeResult]:
        grader_ = CodeGrader()
        results = [(await grader_.grade([request(RIGHT, ONE)]))[0] for _ in range(2)]
        await close_held()
        return results

    with replaced(dying) as made:
        results = asyncio.run(run())
    assert [result.score for result in results] == [None, 1.0]
    assert results[0].reason.startswith("the sandbox is unavailable: the sandbox died under a run, twice")
    assert len(made) == 2
    assert dying.closed == 2


class ClosedUnderOthers(Dying):
    """Each run of one program dies under it; that of another dies once, and is then on until the sandbox is closed."""

    def __init__(self) -> None:
        super().__init__(1)
        self.was_closed = asyncio.Event()

    async def run(self, job: Any) -> object:
        if b"dies" in job.files["main.py"] or self.deaths:
            self.deaths = 0
            raise SandboxUnavailable("the sandbox died under a run, twice: killed")
        await self.was_closed.wait()
        raise SandboxUnavailable("this sandbox is closed")

    async def close(self) -> None:
        self.was_closed.set()


def test_a_sandbox_that_one_request_gives_up_costs_the_others_no_try(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Dying] = []

    async def open_next(*_: object, **__: object) -> Dying:
        made.append(Dying(0) if made else ClosedUnderOthers())
        return made[-1]

    async def run() -> list[GradeResult]:
        try:
            return await CodeGrader(slots=2).grade([request(RIGHT, ONE), request(f"{RIGHT[:-3]}# dies\n```", ONE)])
        finally:
            await close_held()

    monkeypatch.setattr(sandboxes, "open_sandbox", open_next)
    assert [result.score for result in asyncio.run(run())] == [1.0, None]
    assert len(made) == 2


# --- from a judgement to a grade --------------------------------------------------------------------------------------

ASSERTS = AssertsReference(asserts=("a", "b", "c"))
PARTIAL = AssertsReference(asserts=("a", "b", "c"), partial=True)


def judged(*fates: Fate) -> Judgement:
    return Judgement(cases=tuple(CaseOutcome(fate=fate, name=f"case {i}") for i, fate in enumerate(fates)))


P, W, S, U = Fate.PASSED, Fate.WRONG, Fate.SKIPPED, Fate.UNSUPPORTED
GRADES = [
    (judged(P, P, P), 1.0, 1.0),
    (judged(P, W, P), 0.0, 2 / 3),
    (judged(W, W, W), 0.0, 0.0),
    (judged(P, S, P), 1.0, 1.0),
    (judged(P, S, W), 0.0, 0.5),
    (judged(S, S), None, None),
    (judged(), None, None),
    (judged(P, U, P), None, None),
    (judged(U, W), None, None),
    (judged(W, U), 0.0, None),  # it had failed before; a share cannot be told
    (Judgement(fault="broken"), None, None),
    (Judgement(failure="no such function"), 0.0, 0.0),
]


@pytest.mark.parametrize(("judgement", "whole", "share"), GRADES, ids=range(len(GRADES)))
def test_what_a_judgement_is_worth(judgement: Judgement, whole: float | None, share: float | None) -> None:
    assert grade_of(judgement, ASSERTS, "x").score == whole
    assert grade_of(judgement, PARTIAL, "x").score == (None if share is None else pytest.approx(share))


def test_the_reason_names_the_case_that_decides() -> None:
    graded = grade_of(judged(P, Fate.TIME, W), ASSERTS, "x")
    assert graded.reason == "case 1: time limit"
    unsupported = Judgement(cases=(CaseOutcome(fate=U, reason="patches the clock"),))
    assert grade_of(unsupported, ASSERTS, "x").reason == "case 1: unsupported test: patches the clock"


def test_of_an_early_stop_all_cases_count() -> None:
    reference = StdioReference(cases=(StdioCase(stdin="", stdout=""),) * 10)
    assert dict(grade_of(judged(P, W), reference, "x").parts) == {"passed": 1.0, "cases": 10.0}


@pytest.mark.usefixtures("isolation")
def test_the_judges_of_all_styles_are_there() -> None:
    for reference in (
        {"type": "function", "entry_point": "f", "cases": [{"args": [], "expected": 1}]},
        {"type": "asserts", "asserts": ["assert f() == 1"]},
        {"type": "check", "prompt": "", "entry_point": "f", "test": "def check(candidate): assert candidate() == 1"},
        {"type": "pytest", "files": {"test_f.py": "from solution import f\ndef test_f(): assert f() == 1"}},
    ):
        right, wrong = here(request("def f(): return 1", reference), request("def f(): return 2", reference))
        assert (right.score, wrong.score) == (1.0, 0.0), (reference, right, wrong)
    assert callable(grader.seconds)
