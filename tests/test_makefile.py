"""The Makefile: what it says of a machine that lacks something, and that it does nothing twice.

Python is replaced by a script that records its calls, so that nothing is installed here.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = ("demo", "test", "lint", "bench", "clean")
PEERS = ("peers", "peers_verifiers")  # folders of other trainers

# Answers as a Python of the named version would; OLD, NO_VENV, NO_ENSURE, HALF_PIP, NO_PIP and NO_PEERS each make it
# fail in one way.
PYTHON = """#!/bin/sh
echo "$*" >> "$CALLS"
case "$*" in
    --version) echo "Python ${OLD:-3.11.9}" ;;
    *sys.version_info*) [ -z "$OLD" ] ;;
    *ensurepip*) [ -z "$NO_VENV" ] ;;
    "-m venv"*)
        for folder; do :; done
        mkdir -p "$folder/bin"; cp "$0" "$folder/bin/python"
        [ -z "$NO_ENSURE" ] || { touch "$folder/half"; exit 1; } ;;
    "-m pip --version") [ -z "$HALF_PIP" ] ;;
    "-m pip install"*--target*) [ -z "$NO_PEERS" ] ;;
    "-m pip install"*) [ -z "$NO_PIP" ] ;;
esac
"""


class Clone:
    """A folder with the files that the Makefile depends on, and the scripted Python."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("Makefile", "pyproject.toml", "constraints.txt"):
            shutil.copy(ROOT / name, folder / name)
        (folder / "tests").mkdir()
        for name in PEERS:
            shutil.copy(ROOT / "tests" / f"{name}.txt", folder / "tests" / f"{name}.txt")
        self.python = folder / "python"
        self.python.write_text(PYTHON)
        self.python.chmod(0o755)
        self.calls_file = folder / "calls"

    def make(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run make; `calls` then lists how it called Python."""
        self.calls_file.write_text("")
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
        return subprocess.run(
            ["make", f"PYTHON={self.python}", *arguments],
            cwd=self.folder,
            env=clean | {"CALLS": str(self.calls_file)} | variables,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    def installs(self) -> list[str]:
        calls = self.calls_file.read_text().splitlines()
        return [call for call in calls if call.startswith("-m pip install") and "--target" not in call]

    def installs_of_peers(self) -> list[str]:
        """The installations of other trainers, which have a folder of their own."""
        calls = self.calls_file.read_text().splitlines()
        return [call for call in calls if call.startswith("-m pip install") and "--target" in call]


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def test_help_is_the_default_and_lists_every_command(clone: Clone) -> None:
    done = clone.make()
    assert done.returncode == 0
    listed = re.findall(r"^make (\w+)  +\S.*$", done.stdout, flags=re.MULTILINE)
    assert listed == ["help", *COMMANDS]
    assert clone.make("help").stdout == done.stdout


def test_a_second_run_installs_nothing(clone: Clone) -> None:
    assert clone.make("test").returncode == 0
    assert len(clone.installs()) == 1
    assert clone.make("test").returncode == 0
    assert clone.installs() == []
    assert clone.make("lint").returncode == 0
    assert clone.installs() == []
    assert clone.make("demo").returncode == 0, "what tests need covers what the demo needs"
    assert clone.installs() == []


def test_other_trainers_are_installed_for_tests_alone_and_their_absence_stops_nothing(clone: Clone) -> None:
    assert clone.make("lint").returncode == 0
    assert clone.installs_of_peers() == []
    without = clone.make("test", NO_PEERS="1")
    assert without.returncode == 0
    for name in PEERS:
        assert f"not all of tests/{name}.txt could be installed; the tests that need it are skipped" in without.stderr
    assert clone.make("test").returncode == 0
    for name, install in zip(PEERS, clone.installs_of_peers(), strict=True):
        assert install.endswith(f"--no-deps --upgrade --target .venv/{name} --requirement tests/{name}.txt")
    assert clone.make("test").returncode == 0
    assert clone.installs_of_peers() == []


def test_a_demo_installs_what_training_needs_and_tests_then_the_rest(clone: Clone) -> None:
    assert clone.make("demo").returncode == 0
    assert "examples/demo.py" in clone.calls_file.read_text()
    (install,) = clone.installs()
    assert "--constraint constraints.txt --editable .[train,view]" in install
    assert clone.make("test").returncode == 0
    (install,) = clone.installs()
    assert install.endswith(".[dev]")


@pytest.mark.parametrize("changed", ["pyproject.toml", "constraints.txt"])
def test_a_changed_dependency_is_installed(clone: Clone, changed: str) -> None:
    clone.make("test")
    stamp = (clone.folder / ".venv" / ".installed-dev").stat().st_mtime
    os.utime(clone.folder / changed, (stamp + 5, stamp + 5))
    clone.make("test")
    assert len(clone.installs()) == 1


def test_an_interrupted_installation_is_done_again(clone: Clone) -> None:
    assert clone.make("test", NO_PIP="1").returncode != 0
    assert not (clone.folder / ".venv" / ".installed-dev").exists()
    assert clone.make("test").returncode == 0
    assert len(clone.installs()) == 1


def test_an_environment_that_was_left_half_made_is_made_again(clone: Clone) -> None:
    assert clone.make("test", NO_ENSURE="1").returncode != 0
    assert (clone.folder / ".venv" / "half").exists()
    done = clone.make("test")
    assert done.returncode == 0
    assert "making .venv with Python 3.11.9" in done.stdout
    assert not (clone.folder / ".venv" / "half").exists()
    assert "making" not in clone.make("test").stdout


def test_an_environment_that_somebody_else_made_is_used_or_refused_and_never_removed(clone: Clone) -> None:
    theirs = clone.folder / "theirs"
    (theirs / "bin").mkdir(parents=True)
    (theirs / "bin" / "python").symlink_to(clone.python)
    refused = clone.make("test", "VENV=theirs", HALF_PIP="1")
    assert refused.returncode != 0
    assert "theirs is no environment of Python 3.11 or newer with pip; remove it, or name another" in refused.stderr
    assert clone.make("test", "VENV=theirs").returncode == 0
    assert (theirs / "bin" / "python").readlink() == clone.python
    assert "-m venv" not in clone.calls_file.read_text()


def test_an_old_python_is_refused_with_the_version_seen(clone: Clone) -> None:
    done = clone.make("test", OLD="3.9.2")
    assert done.returncode != 0
    assert "is Python 3.9.2; Python 3.11 or newer is needed" in done.stderr
    assert not (clone.folder / ".venv").exists()


def test_a_python_without_venv_is_refused_with_the_package_to_install(clone: Clone) -> None:
    done = clone.make("test", NO_VENV="1")
    assert done.returncode != 0
    assert "apt-get install python3-venv" in done.stderr
    assert not (clone.folder / ".venv").exists()


def test_no_python_at_all_is_refused(clone: Clone) -> None:
    done = clone.make("PYTHON=", "test")
    assert done.returncode != 0
    assert "no Python 3.11 or newer found" in done.stderr
