"""The guide to rewards of your own holds: its files are written, its commands and scripts run, in their order.

Where a command would train for minutes it is run with fewer steps and rows; nothing else of it is changed. Commands of
`rlvr` that follow one another run in one process, which loads torch once.
"""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pytest
import yaml

from rewards import RewardSpec, names
from rewards.spec_properties import check
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.slow(20)
ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "guides" / "custom_reward.md").read_text()
FEWER = {
    "rlvr prep arithmetic": {"8000": "60", "--held-out 500": "--held-out 4", "50000": "50"},
    "rlvr train": {
        "steps=15": "steps=1 warmup.steps=2 warmup.batch=8 rollout.prompts=2 rollout.n=2 rollout.max_tokens=8 "
        "eval.every=1 threads=1"
    },
}
# Several commands, each with a line before what it says.
TOGETHER = """
import shlex, sys
from rlvr.cli import main
for line in sys.argv[1:]:
    print(f"$ {line}", flush=True)
    status = main(shlex.split(line)[1:])
    sys.stderr.flush()
    if status not in (0, 3):
        sys.exit(f"it ended with {status}")
"""
SAID = {
    "python -m pytest": "4 passed",
    "./kinds.py:concise": "graded",
    "kinds.py:reasons": "0.1 reasons@1",
    "reward: process": "process@1",
    "verl:./score.py": '"length": ',
}
PRINTED = {
    "try_sums.py": "correct 1.0 <think>4+5=9</think><answer>9</answer>\n"
    "wrong 0.0 <answer>9</answer>\nwrong 0.0 <think></think><answer>8</answer>\n",
    "from_python.py": "[1.0, 0.0]\n[0.0, 0.0]\ncorrect 4\nwrong 5\n",
    "client.py": "correct\n",
}


def fewer(line: str) -> str:
    """The command, with fewer steps and rows where it would take minutes."""
    for beginning, changes in FEWER.items():
        for ours, less in changes.items() if line.startswith(beginning) else ():
            assert ours in line, f"{ours} is not in {line}"
            line = line.replace(ours, less)
    return line


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code: its language and text."""

    language: str
    text: str


BLOCKS = [Block(*found) for found in re.findall(r"^```(\w+)\n(.*?)^```$", GUIDE, flags=re.MULTILINE | re.DOTALL)]


class Place:
    """A folder beside a copy of what the page takes from the repository."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("configs", "examples"):
            (folder / name).symlink_to(ROOT / name)
        bin_folder = Path(sys.executable).parent
        self.environment = {
            **os.environ,
            "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # the tests of the page need none
            "RLVR_REWARDS_TOKEN": "of-the-page",
        }
        self.port = 0
        self.serving: subprocess.Popen[str] | None = None

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=300, check=False
        )

    def commands(self, lines: Sequence[str]) -> None:
        """Commands of the page that follow one another."""
        for ours, group in groupby(map(fewer, lines), key=lambda line: line.startswith("rlvr ") and line[-1] != "&"):
            if ours:
                self.together(list(group))
                continue
            for line in group:
                if line.endswith("&"):
                    self.serve(line)
                    continue
                ran = self.run("bash", "-c", line)
                said = ran.stdout + ran.stderr
                assert ran.returncode == 0, f"{line}\n{said[-4000:]}"
                assert all(words in said for part, words in SAID.items() if part in line), f"{line}\n{said[-4000:]}"

    def together(self, lines: Sequence[str]) -> None:
        words = [sys.executable, "-c", TOGETHER, *lines]
        ran = subprocess.run(
            words, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=1200, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stdout[-4000:]
        for line in lines:
            begin = ran.stdout.index(f"$ {line}\n")
            said = ran.stdout[begin + len(line) + 2 :].partition("\n$ rlvr ")[0]
            assert all(words in said for part, words in SAID.items() if part in line), f"{line}\n{said[-4000:]}"

    def serve(self, line: str) -> None:
        words = shlex.split(line.replace("8290", "0").rstrip("& "))
        self.serving = subprocess.Popen(words, cwd=self.folder, env=self.environment, stderr=subprocess.PIPE, text=True)
        assert self.serving.stderr is not None
        self.port = int(self.serving.stderr.readline().rpartition(":")[2])
        until(self._listens, f"{line} to listen")

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
        except ConnectionError:
            return False
        return True

    def file(self, block: Block) -> None:
        """A file of the page: written; a script is run as well."""
        name = block.text.split("\n", 1)[0].removeprefix("# ")
        assert re.fullmatch(r"\w+\.(py|sh)", name), f"a block does not begin with the name of its file: {name}"
        text = block.text.replace(":8290/", f":{self.port}/") if self.port else block.text
        (self.folder / name).write_text(text)
        if name.endswith(".py"):
            ran = self.run(sys.executable, "-W", "error::UserWarning", name)
            assert ran.returncode == 0, f"{name}\n{ran.stderr[-2000:]}"
            assert ran.stdout == PRINTED.get(name, "")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    if made.serving is not None:
        made.serving.terminate()
        made.serving.communicate(timeout=PATIENCE)


def test_every_file_and_command_of_the_page_works(require: Callable[[str], None], place: Place) -> None:
    require("serve")
    require("train")
    for block in BLOCKS:
        if block.language in ("python", "bash"):
            place.file(block)
        elif block.language == "console":
            place.commands([line.removeprefix("$ ") for line in block.text.splitlines()])
    assert (place.folder / "runs" / "sums" / "metrics.jsonl").is_file()


def test_the_compositions_of_the_page_are_compositions() -> None:
    (text,) = [block.text for block in BLOCKS if block.language == "yaml"]
    spec = RewardSpec.from_dict(yaml.safe_load(text)["reward"])
    assert [leaf.label for leaf in spec.leaves()] == ["format", "math", "concise"]


def test_the_page_has_files_of_every_kind() -> None:
    kinds = {block.language for block in BLOCKS}
    assert {"python", "console", "bash", "yaml", "toml"} <= kinds
    assert "process" in names()
    check(RewardSpec.from_dict({"reward": "process", "parameters": {"command": "bash grade.sh"}}))
