"""A temporary folder goes with the process that made it, however that ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.temporary import removed_at_the_end, temporary_folder
from tests.conftest import ROOT
from tests.waiting import until

HOLD = """
import os, signal, sys
from pathlib import Path
from sandbox.temporary import removed_at_the_end
with removed_at_the_end(Path(sys.argv[1])) as folder:
    (folder / "inner").mkdir()
    (folder / "inner" / "text").write_text("x")
    print("made", flush=True)
    sys.stdin.read()
    if sys.argv[2] == "raised":
        raise ValueError("on its way out")
"""


@pytest.mark.parametrize("how", ["killed", "raised", "ended"])
def test_a_folder_goes_with_its_process(tmp_path: Path, how: str) -> None:
    folder = tmp_path / "made"
    command = [sys.executable, "-c", HOLD, str(folder), how]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"made\n"
        assert (folder / "inner" / "text").exists()
        assert folder.stat().st_mode & 0o777 == 0o700
        if how == "killed":
            holder.kill()
        holder.communicate()
    until(lambda: not folder.exists(), "the folder to go")


def test_folders_have_names_of_their_own_and_are_made_anew(tmp_path: Path) -> None:
    with temporary_folder("rlvr-test-") as one, temporary_folder("rlvr-test-") as other:
        assert one != other
        assert one.name.startswith("rlvr-test-")
    assert not one.exists()
    kept = tmp_path / "kept"
    kept.mkdir()
    with pytest.raises(FileExistsError), removed_at_the_end(kept):
        pass
    assert kept.exists()
