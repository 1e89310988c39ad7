"""What a person sees of a run, and that the run does not depend on being seen."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from rlvr.progress import Progress


def test_a_run_goes_on_where_the_reader_of_its_lines_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", buffering=1) as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        with Progress(total=3) as progress:
            for step in (1, 2, 3):
                progress.show({"step": step, "reward/mean": 0.5})
        assert os.path.samestat(os.fstat(stream.fileno()), os.stat(os.devnull)), "nothing is left that fails at exit"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_run_goes_on_where_the_disk_below_its_log_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = open("/dev/full", "w", buffering=1)  # noqa: SIM115  # closing it fails, too
    monkeypatch.setattr(sys, "stderr", stream)
    with Progress(total=1) as progress:
        progress.say("lost")
        progress.say("lost, too")
    with pytest.raises(OSError, match="No space left"):
        stream.close()


def test_lines_are_seen_where_somebody_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "log").open("w", buffering=1) as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        Progress(total=2).show({"step": 1, "reward/mean": 0.5})
    assert (tmp_path / "log").read_text() == "step 1/2  reward 0.500\n"


def test_a_run_without_standard_error_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    Progress(total=2).say("to nobody")
