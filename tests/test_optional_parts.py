"""Absent optional parts skip visibly, and fail where they are required: the mechanism of tests/conftest.py."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

TESTS = """
def test_reads_the_data(shared_data):
    assert shared_data.is_dir()

def test_needs_nothing():
    pass
"""


@pytest.fixture
def run(tmp_path: Path):
    """Run two small tests under a copy of our conftest, in an environment; returns exit code and output."""
    (tmp_path / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path / "tests" / "conftest.py")
    shutil.copy(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    (tmp_path / "tests" / "test_small.py").write_text(TESTS)

    def in_environment(**variables: str) -> tuple[int, str]:
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("RLVR_", "PYTEST_"))}
        clean["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # half of a start, and neither test asks for one
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
        done = subprocess.run(
            command, cwd=tmp_path, env=clean | variables, capture_output=True, text=True, timeout=600, check=False
        )
        return done.returncode, done.stdout + done.stderr

    return in_environment


def test_absent_data_is_skipped_and_listed_with_what_to_set(run) -> None:
    code, output = run(RLVR_DATA="/nonexistent")
    assert code == 0
    assert "1 passed, 1 skipped" in output
    assert "data: 1 skipped: no data folder at /nonexistent; set RLVR_DATA" in output


def test_without_the_variable_the_data_is_looked_for_beside_the_repository(run, tmp_path: Path) -> None:
    code, output = run()
    assert code == 0
    assert f"no data folder at {tmp_path.parent / 'shared' / 'data'}" in output


@pytest.mark.parametrize("parts", ["all", "data", "docker, data"])
def test_absent_data_fails_where_it_is_required(run, parts: str) -> None:
    code, output = run(RLVR_DATA="/nonexistent", RLVR_REQUIRE=parts)
    assert code == 1
    assert "1 passed, 1 error" in output
    assert f"(RLVR_REQUIRE={parts} asks for it)" in output


def test_present_data_is_used(run, tmp_path: Path) -> None:
    (tmp_path / "somewhere" / "gsm8k").mkdir(parents=True)
    code, output = run(RLVR_DATA=str(tmp_path / "somewhere"), RLVR_REQUIRE="data")
    assert code == 0
    assert "2 passed" in output
    assert "optional parts that are absent" not in output


def test_a_misspelt_part_is_refused(run) -> None:
    code, output = run(RLVR_REQUIRE="dokcer")
    assert code == 4
    assert "RLVR_REQUIRE names ['dokcer']; known: all, data, docker" in output
