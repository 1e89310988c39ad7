"""A pipe in the place of a file of a run is an error, where a plain `open` would wait for ever for its other end."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rlvr.config import load_config
from rlvr.offline.journal import Journal
from rlvr.offline.manifest import read_manifest
from rlvr.offline.outputs import Held, Lines
from rlvr.offline.state import RunState
from rlvr.rundir import Checkpoints, MetricsFile, read_metrics
from rlvr.rundir.checkpoints import SUMS, TRAINER_STATE
from rlvr.rundir.directory import CONFIG, HASHED, LOCK, claim, open_run
from rlvr.rundir.hashes import RememberedHashes
from sandbox.errors import ToolkitError
from tests.waiting import PATIENCE


@pytest.fixture(autouse=True)
def alarm() -> Iterator[None]:
    """An `open` that waits is interrupted, which fails the test."""

    def ring(*_: object) -> None:
        raise TimeoutError("it waits for the other end of a pipe")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(int(PATIENCE))
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def a_run(folder: Path) -> None:
    (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
    if not (folder / CONFIG).exists():
        (folder / CONFIG).write_text("{}")
    open_run(folder, {}, inputs={}, threads=1)


def a_checkpoint(folder: Path) -> None:
    Checkpoints(folder, keep_last=0).check(1)


def a_claim(folder: Path) -> None:
    with claim(folder):
        pass


def a_state(folder: Path) -> None:
    RunState.open(folder / "out", {}, restart=False)


def a_journal(folder: Path) -> None:
    with Journal(folder) as journal:
        journal.recover()


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("config.yaml", lambda folder: load_config(folder / "config.yaml")),
        (LOCK, a_claim),
        (CONFIG, a_run),
        ("environment.json", a_run),
        (HASHED, lambda folder: RememberedHashes(folder / HASHED).of(str(folder / HASHED))),
        ("metrics.jsonl", lambda folder: list(read_metrics(folder / "metrics.jsonl"))),
        ("metrics.jsonl", lambda folder: MetricsFile(folder / "metrics.jsonl").append({"step": 1})),
        (f"step-000001/{SUMS}", a_checkpoint),
        (f"step-000001/{TRAINER_STATE}", lambda folder: Checkpoints(folder, keep_last=0).newest()),
        ("out.resume/lock", a_state),
        ("out.resume/run.json", a_state),
        ("run.json", lambda folder: read_manifest(folder / "run.json")),
        ("journal", a_journal),
        ("tags.jsonl", a_journal),
        ("causes.jsonl", a_journal),
        ("out.partial", lambda folder: Lines(folder / "out.partial")),
        ("out.partial", lambda folder: Lines(folder / "out.partial", Held(rows=1, end=1, sum=1))),
    ],
)
def test_a_pipe_in_the_place_of_a_file_is_an_error_that_names_it(
    name: str, read: Callable[[Path], object], tmp_path: Path
) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(tmp_path / name)
    with pytest.raises((ToolkitError, OSError)) as told:
        read(tmp_path)
    assert not isinstance(told.value, TimeoutError)
    assert (tmp_path / name).name in str(told.value)


def test_a_config_may_come_from_a_command_of_the_shell() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"seed: 7\nmodel: {path: here}\ndata: {train: [{path: x.jsonl}]}\n")
    os.close(writing)
    try:
        assert load_config(Path(f"/dev/fd/{reading}")).seed == 7
    finally:
        os.close(reading)
