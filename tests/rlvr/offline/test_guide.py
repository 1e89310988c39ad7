"""The guide to batch grading is true: its commands run, in its order, and print what it shows."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from rlvr.cli import main
from rlvr.command_line import parser
from rlvr.offline import columns

ROOT = Path(__file__).resolve().parents[3]
GUIDE = (ROOT / "docs" / "guides" / "batch_grading.md").read_text()
# What needs a network or a cluster is parsed; tests of its own run it.
ELSEWHERE = ("owner/name", "--ray")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, flags=re.MULTILINE | re.DOTALL)


COMMANDS = [line.removeprefix("$ ") for block in blocks("console") for line in block.splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files that the guide speaks of."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (rows,) = blocks("jsonl")
    (tmp_path / "answers.jsonl").write_text(rows)
    (tmp_path / "bin").mkdir()
    rlvr = tmp_path / "bin" / "rlvr"
    rlvr.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m rlvr.cli "$@"\n')
    rlvr.chmod(0o755)
    return tmp_path


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False
    )


def test_the_commands_of_the_guide_run_and_print_what_it_shows(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    ran = [command for command in COMMANDS if not any(word in command for word in ELSEWHERE)]
    assert len(ran) >= 8
    monkeypatch.chdir(folder)
    told = {}
    for command in ran:
        if "|" in command:  # the shell's part; the others run in this process, which saves their start
            done = run(command, folder)
            assert done.returncode == 0, command + done.stdout + done.stderr
            told[command] = done.stderr
            continue
        capfd.readouterr()
        few = [] if "--workers" in command else ["--workers", "1"]
        assert main([*shlex.split(command)[1:], *few]) == 0, command
        told[command] = capfd.readouterr().err
    (shown,) = blocks("text")
    (command,) = [c for c in ran if "--summary" in c]
    assert shown in told[command]
    assert "6 of 6 grades" not in told[next(c for c in ran if "--cache" in c)]
    assert (folder / "both.parquet" / "part-00000.parquet").exists()


@pytest.mark.parametrize("command", [c for c in COMMANDS if any(word in c for word in ELSEWHERE)])
def test_what_needs_more_than_this_machine_is_parsed(command: str) -> None:
    parser().parse_args(shlex.split(command)[1:])


def test_the_python_of_the_guide_prints_what_it_says(folder: Path) -> None:
    (code,) = blocks("python")
    (folder / "script.py").write_text(code)
    done = run(f"{shlex.quote(sys.executable)} script.py", folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == re.findall(r"# (\S+)$", code, flags=re.MULTILINE)


def test_the_guide_names_every_option_and_every_guessed_column() -> None:
    shown = parser()
    (choices,) = [action for action in shown._actions if action.dest == "run" or hasattr(action, "choices")][-1:]
    grade = choices.choices["grade"]  # type: ignore[index]
    visible = [action for action in grade._actions if action.help != argparse.SUPPRESS]  # type: ignore[union-attr]
    options = {option for action in visible for option in action.option_strings if option.startswith("--")}
    passed = {"--help", "--no-progress", "--allow-weak"}
    assert [option for option in sorted(options - passed) if f"{option}" not in GUIDE] == []
    plurals = {f"{name}s" for name in columns.RESPONSES}
    plurals |= {f"{name}s" for name in columns.FINISHES}
    names = [*columns.FINISHES, *columns.RESPONSES, *columns.CHATS, *columns.PROMPTS, *columns.IDS, *columns.TAGS]
    assert [name for name in names if f"`{name}`" not in GUIDE and name not in plurals] == []
