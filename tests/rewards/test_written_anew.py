"""A file of rewards that changes while the process goes on: what it has now grades, and nothing that it had."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from rewards import GradeRequest, InvalidReward, UnknownReward, find, grade

REQUEST = GradeRequest(response="so thus")


def test_a_file_that_is_written_anew_grades_anew(tmp_path: Path) -> None:
    file = tmp_path / "written.py"
    registered = (
        "from rewards import reward\n@reward('written_anew')\ndef g(request): return {0}\ndef f(request): return {0}\n"
    )
    for score in (1.0, 0.25, 3.0):
        file.write_text(registered.format(score))
        os.utime(file, ns=(0, int(1e9 * score)))  # also where it is written twice in a tick of the clock
        assert [grade(f"{file}:{name}", [REQUEST], workers=1)[0].score for name in ("f", "g", "f")] == [score] * 3
    file.write_text("def f(request: return")
    with pytest.raises(InvalidReward, match="SyntaxError"):
        grade(f"{file}:f", [REQUEST], workers=1)


def test_a_file_of_the_same_size_that_is_written_in_the_same_second_grades_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    file = tmp_path / "written_soon.py"
    for score in (0.25, 0.75):
        file.write_text(f"def f(request): return {score}\n")
        os.utime(file, ns=(0, int(1e9 * score)))
        assert grade({"reward": f"{file}:f", "in_process": True}, [REQUEST])[0].score == score


def test_a_part_of_a_package_that_is_written_anew_grades_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It imports relatively, and so it is imported under its name in the package."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    package = tmp_path / "anew_package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "beside.py").write_text("BEFORE = 0\n")
    file = package / "written.py"
    for score in (0.25, 0.75, 0.125):
        file.write_text(f"from .beside import BEFORE\ndef f(request): return BEFORE + {score}\n")
        os.utime(file, ns=(0, int(1e9 * score)))
        assert [grade(f"{file}:f", [REQUEST], workers=1)[0].score for _ in "ab"] == [score] * 2
        assert grade({"reward": f"{file}:f", "in_process": True}, [REQUEST])[0].score == score


def test_a_file_that_is_written_anew_has_the_rewards_that_it_has_now(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"

    def scores(name: str, function: str, score: float) -> float | None:
        path.write_text(f"from rewards import reward\n@reward('{name}')\ndef {function}(request): return {score}\n")
        (result,) = grade(f"{path}:{function}", [REQUEST], workers=1)
        return result.score

    assert scores("of_then", "f", 0.25) == 0.25
    assert scores("of_now", "f", 0.125) == 0.125
    assert scores("of_now", "renamed", 0.0625) == 0.0625
    with pytest.raises(UnknownReward):
        find("of_then")
