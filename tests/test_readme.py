"""What the README says to type works: commands run or at least parse, code runs and prints what it says it prints."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from rlvr.cli import main
from rlvr.command_line import parser
from rlvr.config import load_config

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


COMMANDS = [
    line.removeprefix("$ ") for block in blocks("console") for line in block.splitlines() if line.startswith("$ ")
]
# What needs minutes, a network or a trained model is checked by its parser; the rest is run.
LONG = ("rlvr prep gsm8k", "rlvr validate", "rlvr train", "rlvr eval", "rlvr sample")
# What prepares the environment is checked by tests of its own.
ENVIRONMENT = ("make ", "source ", "pip install ")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder in which the README's relative paths lead to the repository's files."""
    for name in ("configs", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def test_the_readme_has_commands_of_each_kind() -> None:
    assert {command.split()[0] for command in COMMANDS} >= {"make", "rlvr"}
    assert "make demo" in COMMANDS
    assert "make test" in COMMANDS


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("make ")])
def test_every_make_target_is_there(command: str) -> None:
    target = command.split()[1]
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)


def test_the_environment_that_make_makes_is_active_before_the_first_command_in_it() -> None:
    assert COMMANDS.index("source .venv/bin/activate") < min(i for i, c in enumerate(COMMANDS) if c.startswith("rlvr "))
    assert re.search(r"^VENV \?= \.venv$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("pip install ")])
def test_pip_installs_extras_that_are_there(command: str) -> None:
    (extras,) = re.findall(r"\.\[([\w,]+)\]", command)
    assert set(extras.split(",")) <= PROJECT["optional-dependencies"].keys()
    assert "--constraint constraints.txt" in command


def test_what_reads_the_hub_is_installed_before_the_first_command_that_reads_it() -> None:
    reads = next(i for i, c in enumerate(COMMANDS) if "--from hub" in c)
    installs = next(i for i, c in enumerate(COMMANDS) if re.match(r"pip install .*\[.*\bhub\b.*\]", c))
    assert installs < reads


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith(LONG)])
def test_long_commands_parse_and_name_files_that_exist(command: str) -> None:
    words = shlex.split(command)[1:]
    options = parser().parse_args(words)
    if words[0] == "train":
        load_config(ROOT / options.config, options.overrides)
    assert [word for word in words if word.startswith(("configs/", "examples/")) and not (ROOT / word).exists()] == []


SHORT = [c for c in COMMANDS if not c.startswith((*ENVIRONMENT, *LONG))]


@pytest.mark.parametrize("command", [c for c in SHORT if c.startswith("rlvr ")])
def test_short_commands_run(
    command: str, clone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(clone)
    assert main(shlex.split(command)[1:]) == 0
    assert capsys.readouterr().out or "--out" in command


@pytest.mark.parametrize("command", [c for c in SHORT if not c.startswith("rlvr ")])
def test_short_commands_of_a_shell_run(command: str, clone: Path) -> None:
    scripts = clone / "bin"
    scripts.mkdir()
    rlvr = scripts / "rlvr"
    rlvr.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m rlvr.cli "$@"\n')
    rlvr.chmod(0o755)
    environment = {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, shell=True, cwd=clone, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout or "--out" in command


@pytest.mark.parametrize("code", [block for block in blocks("python") if "@reward" not in block])
def test_python_code_prints_what_it_says(code: str, clone: Path) -> None:
    expected = re.findall(r"^print\(.*\)  # (.*)$", code, flags=re.MULTILINE)
    assert expected
    script = clone / "script.py"
    script.write_text(code)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, str(script)], cwd=clone, env=environment, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == expected


@pytest.fixture(scope="module")
def demo() -> ModuleType:
    spec = importlib.util.spec_from_file_location("demo", ROOT / "examples" / "demo.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["demo"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_the_demo_is_its_config_and_nothing_else(demo: ModuleType) -> None:
    changed = demo.overrides(Path("runs/demo-data"), 0)
    assert load_config(demo.CONFIG, changed) == load_config(demo.CONFIG, [])


def test_the_demo_counts_right_answers_and_not_the_tosses_that_paid(demo: ModuleType, tmp_path: Path) -> None:
    values = {"greedy_accuracy": 0.5, "greedy_strict": 0.1, "sampled_accuracy": 0.5, "sampled_strict": 0.2}
    line = {f"eval/held_out/{name}": value for name, value in {**values, "greedy_length_mean": 7.0}.items()}
    (tmp_path / "metrics.jsonl").write_text(json.dumps({"step": 0, **line}) + "\n")
    made = demo.row(tmp_path, "coin")
    assert (made.greedy, made.sampled) == (0.1, 0.2)


def test_the_demo_runs_in_a_folder_of_any_name(demo: ModuleType) -> None:
    folder = Path("my runs, #1 {a: 'b'}")
    config = load_config(demo.CONFIG, demo.overrides(folder, 3))
    assert [source.path for source in config.data.train] == [str(folder / "train.jsonl")]
    assert config.eval.sets == (str(folder / "held_out.jsonl"),)
    assert config.warmup.data == str(folder / "demonstrations.jsonl")
    assert config.seed == config.model.init.seed == 3


def test_the_custom_reward_is_the_file_that_it_says_it_is() -> None:
    (shown,) = [block for block in blocks("python") if "@reward" in block]
    assert shown.strip() in (ROOT / "examples" / "concise.py").read_text()
