"""`grade` and `agrade` by name, and the pools they keep."""

from __future__ import annotations

import asyncio
import copy
import pickle
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from rewards import GradeRequest, GraderPool, MathReference, RewardSpec, agrade, grade, reward, stream
from rewards.errors import InvalidRow
from rewards.grading import KEPT
from tests.waiting import PATIENCE

FIVE = GradeRequest(response=r"\boxed{5}", reference=MathReference(answer="5"))


@reward("test_limit")
def limit(request: GradeRequest, *, limit: int) -> float:
    return float(len(request.response) + limit)


def workers() -> set[int]:
    return {child.pid for child in psutil.Process().children()}


def test_a_second_call_finds_the_workers_of_the_first() -> None:
    spec = RewardSpec.named("math", policy="strict")
    assert grade(spec, [FIVE], workers=1)[0].score == 1.0
    before = workers()
    assert grade(spec.to_dict(), [FIVE], workers=1)[0].score == 1.0
    assert asyncio.run(agrade(spec, [FIVE], workers=1))[0].score == 1.0
    assert workers() == before


def test_requests_and_grades_can_be_copied_and_sent_to_another_process() -> None:
    row = {"response": r"\boxed{4}", "reference": {"type": "math", "answer": "4"}, "metadata": {"a": [1]}, "id": "x"}
    request = GradeRequest.from_dict(row)
    (result,) = grade("math", [request])
    for one in (request, GradeRequest(response="4"), result):
        for made in (pickle.loads(pickle.dumps(one)), copy.deepcopy(one)):
            assert made == one
            assert made.to_dict() == one.to_dict()
    with pytest.raises(TypeError):
        pickle.loads(pickle.dumps(request)).metadata["b"] = 1


@pytest.mark.parametrize("given", [FIVE, None])
def test_one_request_in_the_place_of_a_list_is_named(given: GradeRequest | None) -> None:
    for call in (grade, stream, lambda *words: asyncio.run(agrade(*words))):
        with pytest.raises(InvalidRow, match=r"must be a list of GradeRequest, also for one, not (GradeRequest|None)"):
            call("math", given)  # type: ignore[operator]


def test_only_so_many_pools_are_kept() -> None:
    before = workers()
    for i in range(KEPT + 3):
        spec = {"reward": "test_limit", "parameters": {"limit": i}}
        assert grade(spec, [GradeRequest(response="ab")], workers=1)[0].score == 2.0 + i
    assert len(workers() - before) <= KEPT


def test_a_relative_path_means_where_the_caller_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    request = GradeRequest(response="a")
    for folder, score in (("one", 1.0), ("two", 2.0)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.py").write_text(f"def pays(request): return {score}\n")
        monkeypatch.chdir(tmp_path / folder)
        assert grade("./mine.py:pays", [request], workers=1)[0].score == score
    with GraderPool("./mine.py:pays", workers=1) as pool:
        monkeypatch.chdir(tmp_path)
        assert pool.grade([request])[0].score == 2.0


def test_a_request_of_forty_megabytes_is_graded_within_its_deadline() -> None:
    request = GradeRequest(response="x" * 40_000_000 + r" \boxed{5}", reference=MathReference(answer="5"))
    with GraderPool("math", workers=1, deadline=60.0) as pool:
        assert pool.grade([request])[0].score == 1.0
        assert pool.counts().lost == 0


def test_importing_rewards_is_light_and_loads_no_algebra() -> None:
    """Compared with importing the standard library's `asyncio` and `http.client` in the same process."""
    code = (
        "import sys, time; began = time.process_time(); import asyncio, http.client, email.message; "
        "standard = time.process_time(); from rewards import *; find('math'); ended = time.process_time(); "
        "heavy = [m for m in ('sympy', 'mpmath', 'torch', 'numpy') if m in sys.modules]; "
        "print((ended - standard) / (standard - began), heavy)"
    )
    ratios = []
    for _ in range(3):
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        ratio, loaded = ran.stdout.split(maxsplit=1)
        assert loaded.strip() == "[]"
        ratios.append(float(ratio))
    assert min(ratios) < 6.0


def test_a_process_that_ends_with_grades_pending_ends_at_once(tmp_path: Path) -> None:
    file = Path(__file__).parent / "misbehaving.py"
    script = tmp_path / "leaves.py"
    script.write_text(
        "from rewards import GradeRequest, GraderPool\n"
        "if __name__ == '__main__':\n"
        f"    pool = GraderPool('{file}:loops', workers=2, deadline=600.0).start()\n"
        "    futures = [pool.submit(GradeRequest(response='loop')) for _ in range(3)]\n"
        "    print('bye')\n"
    )
    ran = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (ran.stdout, ran.stderr, ran.returncode) == ("bye\n", "", 0)
