"""A complete output replaces an earlier one: at any moment, kills included, one of the two is there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rlvr.offline import finalise
from rlvr.offline.finalise import finalise_output
from rlvr.offline.outputs import partial_of, state_of

# Put an output in place and be killed before the call number KILL of those that change a folder.
KILLED = """
import os, shutil, signal, sys
from pathlib import Path
from rlvr.offline import finalise

left = int(sys.argv[2])

def counted(call):
    def ending(*args, **options):
        global left
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        return call(*args, **options)
    return ending

methods = [(Path, name) for name in ("replace", "write_text", "unlink")]
for owner, name in [*methods, (shutil, "rmtree"), (os, "unlink"), (os, "rmdir"), (finalise, "_exchange")]:
    setattr(owner, name, counted(getattr(owner, name)))
finalise.finalise_output(Path(sys.argv[1]), bad=False)
"""


def parts(folder: Path, text: str, count: int) -> None:
    folder.mkdir(parents=True)
    for part in range(count):
        (folder / f"part-{part:05d}.parquet").write_text(text)


def replacing(folder: Path) -> Path:
    """A new output of two parts is whole; an earlier one of three parts has its name."""
    out = folder / "out.parquet"
    parts(out, "old", 3)
    parts(partial_of(out), "new", 2)
    state_of(out).mkdir()
    return out


def texts(folder: Path) -> list[str]:
    return [part.read_text() for part in sorted(folder.iterdir())]


def killed_at_each_step(folder: Path) -> Iterator[tuple[int, Path]]:
    """The output after a kill before each step, until none is left before the end."""
    for steps in range(30):
        out = replacing(folder / str(steps))
        words = [sys.executable, "-c", KILLED, str(out), str(steps)]
        ended = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
        assert ended.returncode in (0, -signal.SIGKILL), ended.stderr
        yield steps, out
        if ended.returncode == 0:
            return
    raise AssertionError("it does not end")


def test_an_output_killed_at_any_step_of_taking_its_place_is_there_and_gets_it_again(tmp_path: Path) -> None:
    steps = 0
    for steps, out in killed_at_each_step(tmp_path):
        assert texts(out) in (["old"] * 3, ["new"] * 2), f"before step {steps}"
        finalise_output(out, bad=False)
        assert texts(out) == ["new"] * 2, f"after step {steps}"
        assert not partial_of(out).exists()
    assert steps > 5


def test_where_folders_cannot_change_places_the_new_one_comes_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finalise, "_exchange", lambda _one, _other: False)
    out = replacing(tmp_path)
    finalise_output(out, bad=False)
    assert texts(out) == ["new"] * 2
    assert not partial_of(out).exists()


def test_a_reader_who_looks_all_the_time_always_finds_a_folder(tmp_path: Path) -> None:
    out = replacing(tmp_path)
    looks = "import os,sys\nprint(flush=True)\nwhile os.path.isdir(sys.argv[1]): pass\nprint('gone', flush=True)"
    reader = subprocess.Popen([sys.executable, "-c", looks, str(out)], stdout=subprocess.PIPE, text=True)
    assert reader.stdout is not None
    assert reader.stdout.readline() == "\n"
    for _ in range(300):
        finalise_output(out, bad=False)
        parts(partial_of(out), "newer", 1)
        (state_of(out) / "whole").unlink()
    gone = reader.poll()
    reader.kill()
    reader.communicate()
    assert gone is None


def test_the_name_of_a_file_is_taken_over(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("old")
    partial_of(out).write_text("new")
    before = os.stat(partial_of(out)).st_ino
    finalise_output(out, bad=False)
    assert (out.read_text(), os.stat(out).st_ino) == ("new", before)
