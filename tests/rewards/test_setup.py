"""Rewards with state: loaded once a process, before the first grade and off its clock."""

# ruff: noqa: ARG001  # signatures are what is tested here

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from rewards import GradeRequest, GraderPool, GradingUnavailable, InvalidReward, find, grade, reward


def note() -> None:
    with Path(os.environ.get("RLVR_TEST_LOADS", os.devnull)).open("a") as stream:
        stream.write("x")


def load(*, base: int = 1, slowly: float = 0.0) -> dict[str, int]:
    note()
    time.sleep(slowly)
    return {"base": base}


@reward("test_stateful", setup=load)
def stateful(request: GradeRequest, state: dict[str, int], *, scale: float = 1.0) -> float:
    if "hang" in request.response:
        time.sleep(60)
    state["base"] += 1
    return scale * state["base"]


async def connect(*, base: int = 1) -> asyncio.Lock:
    note()
    await asyncio.sleep(0)
    return asyncio.Lock()


@reward("test_connected", setup=connect)
async def connected(request: GradeRequest, lock: asyncio.Lock) -> float:
    async with lock:  # it belongs to the loop that made it
        await asyncio.sleep(0)
    return 1.0


@reward("test_loads")
class Loads:
    def __init__(self, *, word: str = "so") -> None:
        self.word = word

    async def setup(self) -> None:
        note()
        await asyncio.sleep(0)
        self.loaded = self.word

    def grade(self, requests: Sequence[GradeRequest]) -> list[float]:
        return [float(r.response.count(self.loaded)) for r in requests]


def of(*responses: str) -> list[GradeRequest]:
    return [GradeRequest(response=response) for response in responses]


@pytest.fixture
def loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where each load leaves a mark."""
    path = tmp_path / "loads"
    path.write_text("")
    monkeypatch.setenv("RLVR_TEST_LOADS", str(path))
    return path


@pytest.mark.parametrize("in_process", [False, True])
def test_a_function_takes_what_its_setup_loaded_once(loads: Path, in_process: bool) -> None:
    parameters = {"base": 3, "scale": 2.0}
    spec = {"reward": "test_stateful", "parameters": parameters, "in_process": in_process}
    with GraderPool(spec, workers=1) as pool:
        assert [r.score for r in pool.grade(of("a", "b"))] == [8.0, 10.0]
    assert loads.read_text() == "x"


@pytest.mark.parametrize("in_process", [False, True])
@pytest.mark.parametrize("name", ["test_connected", "test_loads"])
def test_setup_may_await_and_a_class_has_its_own(loads: Path, name: str, in_process: bool) -> None:
    with GraderPool({"reward": name, "in_process": in_process}, workers=1) as pool:
        assert [r.score for r in pool.grade(of("so", "so"))] == [1.0, 1.0]
    assert loads.read_text() == "x"


def test_loading_is_not_the_responses_time(loads: Path) -> None:
    spec = {"reward": "test_stateful", "parameters": {"slowly": 2.0}}
    with GraderPool(spec, workers=1, deadline=1.5) as pool:
        assert pool.grade(of("a"))[0].score == 2.0
    assert loads.read_text() == "x"


def test_a_control_request_finds_the_state_loaded(loads: Path) -> None:
    """Loading takes longer than the deadline: a control that loaded again would be lost."""
    spec = {"reward": "test_stateful", "parameters": {"slowly": 2.0}}
    with GraderPool(spec, workers=1, deadline=1.5) as pool:
        assert pool.grade(of("hang"))[0].reason.startswith("grading limit")
    assert len(loads.read_text()) == 3, "one worker for each attempt, one load for each worker"


def test_parameters_of_setup_are_checked_with_the_functions_own() -> None:
    assert set(find("test_stateful").parameters) == {"base", "slowly", "scale"}
    with pytest.raises(InvalidReward, match="parameter 'base' is 'x' but must be int"):
        grade({"reward": "test_stateful", "parameters": {"base": "x"}}, of("a"))
    with pytest.raises(InvalidReward, match="give the class a method `setup"):
        reward("test_refused", setup=load)(Loads)
    with pytest.raises(InvalidReward, match=r"takes no request|second argument"):
        reward("test_refused", setup=load)(lambda: 1.0)


def test_a_setup_that_fails_is_told_with_its_error(tmp_path: Path) -> None:
    file = tmp_path / "no_weights.py"
    file.write_text(
        "from rewards import reward\ndef load(): raise OSError('no weights here')\n"
        "@reward('weighs', setup=load)\ndef weighs(request, weights): return 1.0\n"
    )
    with GraderPool(f"{file}:weighs", workers=1) as pool, pytest.raises(GradingUnavailable, match="no weights here"):
        pool.start()
