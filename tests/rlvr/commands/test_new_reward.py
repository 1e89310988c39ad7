"""`rlvr new-reward`: what it writes works, and nothing is written over."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rewards import GradeRequest, grade
from rlvr.cli import main
from rlvr.commands.new_reward import write_reward
from rlvr.errors import ConfigError

ROOT = Path(__file__).resolve().parents[3]


def test_the_starter_grades_and_its_test_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new-reward", "cites", "--folder", str(tmp_path / "mine")]) == 0
    said = capsys.readouterr().out
    assert f"rlvr grade FILE --reward {tmp_path}/mine/cites.py:cites" in said
    request = GradeRequest.from_dict({"response": "so\nAnswer: 4", "reference": "4"})
    assert grade(f"{tmp_path}/mine/cites.py:cites", [request], workers=1)[0].verdict == "correct"
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path / "mine")],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
    assert ran.returncode == 0, ran.stdout
    assert "4 passed" in ran.stdout


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("two words", "cannot be a Python function's name"),
        ("class", "cannot be a Python function's name"),
        ("../escape", "cannot be a Python function's name"),
        ("__init__", "a file __init__.py would stand in for"),
        ("conftest", "a file conftest.py would stand in for"),
        ("format", "is called 'format' already; choose another, such as 'my_format'"),
    ],
)
def test_a_name_that_cannot_be_is_refused(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        write_reward(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "test_brief.py").write_text("mine")
    with pytest.raises(ConfigError, match=r"test_brief\.py is there already"):
        write_reward("brief", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["test_brief.py"]
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot write"):
        write_reward("brief", tmp_path / "file" / "folder")


def test_a_file_that_would_hide_a_module_is_refused(tmp_path: Path) -> None:
    for name in ("random", "rewards"):
        with pytest.raises(ConfigError, match=f"would stand in for Python's or our own '{name}'"):
            write_reward(name, tmp_path)
