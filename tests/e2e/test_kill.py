"""A run that is killed, stopped or starved ends as one that was left in peace. Real processes, real signals."""

from __future__ import annotations

import gc
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("torch")

from data_prep.errors import DataNotFound
from data_prep.files import data_hash
from rlvr.cli import main
from rlvr.config import load_config
from rlvr.errors import CheckpointError, ConfigError
from rlvr.rundir import read_metrics
from rlvr.runner import run_training
from sandbox.errors import ToolkitError
from tests.conftest import ROOT
from tests.e2e import tiny
from tests.e2e.launcher import Launcher
from tests.sandbox.processes import about, processes
from tests.shares import is_whole
from tests.waiting import until

pytestmark = pytest.mark.slow(130)
# Right or wrong by the text alone, a third of the time: groups are informative, and surplus ones are carried.
REWARD = """
import zlib
from rewards import reward

@reward("a_third_is_right", correctness=True)
def a_third_is_right(request):
    return float(zlib.crc32(request.response.encode()) % 3 == 0)
"""

CHANGES: dict[str, object] = {
    "steps": 14,
    "warmup__steps": 12,
    "rollout__prompts": 3,
    "rollout__max_tokens": 24,
    "rollout__max_batch": 6,  # rows leave and others join all the time, in slices of wall time
    "dynamic__oversample": 2.0,
    "eval__every": 3,
    "eval__limit": 4,
    "checkpoint__every": 2,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kill")
    tiny.make_data(folder)
    (folder / "reward.py").write_text(REWARD)
    tiny.write_config(folder, reward=f"{folder / 'reward.py'}:a_third_is_right", **CHANGES)
    return folder


@pytest.fixture(scope="module")
def launcher() -> Iterator[Launcher]:
    with Launcher(ROOT) as launcher:
        yield launcher


@pytest.fixture(scope="module")
def whole(folder: Path, launcher: Launcher) -> Path:
    """The run that nobody interrupts."""
    assert launcher.run(train(folder, "whole"), log=folder / "whole.log") == 0, (folder / "whole.log").read_text()
    return folder / "whole"


def train(folder: Path, name: str) -> list[str]:
    return ["train", str(folder / "tiny.yaml"), "--out", str(folder / name)]


def copy_of(run: Path, name: str) -> Path:
    """Another run directory at the same place in its life."""
    return Path(shutil.copytree(run, run.with_name(name)))


def lines(run: Path) -> int:
    path = run / "metrics.jsonl"
    return len(path.read_text().splitlines()) if path.exists() else 0


def workers_of(pid: int) -> list[int]:
    """Grading workers that were started by a process, alive or not yet reaped."""
    lines = {process: about(process, "cmdline").split(b"\0") for process in processes()}
    return [process for process, words in lines.items() if b"rewards.worker" in words and str(pid).encode() in words]


def leftovers(run: Path) -> list[str]:
    return [str(p.relative_to(run)) for p in run.rglob("*.partial")]


def weights(run: Path) -> bytes:
    return max((run / "checkpoints").glob("step-*")).joinpath("model.safetensors").read_bytes()


def assert_equal(run: Path, whole: Path) -> None:
    assert tiny.comparable_metrics(run) == tiny.comparable_metrics(whole)
    assert tiny.comparable_samples(run) == tiny.comparable_samples(whole)
    assert weights(run) == weights(whole)
    assert sorted(p.name for p in run.rglob("*")) == sorted(p.name for p in whole.rglob("*"))


def test_the_run_that_is_killed_below_carries_groups_refills_its_batch_and_evaluates(whole: Path) -> None:
    rows = list(read_metrics(whole / "metrics.jsonl"))
    assert [row["step"] for row in rows] == list(range(15))
    at_a_checkpoint = [int(row["groups/carried"] or 0) for row in rows[2::2]]
    assert sum(carried > 0 for carried in at_a_checkpoint) >= 2, at_a_checkpoint
    assert sum(int(row.get("groups/carried_in") or 0) for row in rows) >= 6
    assert sum("eval/held_out/sampled_accuracy" in row for row in rows) == 6
    assert leftovers(whole) == []


def test_killed_at_random_moments_a_run_ends_as_if_left_in_peace(folder: Path, whole: Path, launcher: Launcher) -> None:
    run, log = folder / "killed", folder / "killed.log"
    chance = random.Random(7)
    few: list[tuple[str, int] | None] = [
        ("eval/step-000000", 5),  # in the baseline, when a file of it is written and has not its name yet
        ("samples/.step-000003", 1),
        (".step-000004.partial", chance.randint(2, 14)),  # behind the line of a step, in its checkpoint
        None,  # by the clock
    ]
    many: list[tuple[str, int] | None] = [
        ("killed/warmup.jsonl", chance.randint(2, 9)),  # in the warm-up
        (".step-000000.partial", chance.randint(2, 8)),  # in its checkpoint
        *few[:3],
        ("killed/metrics.jsonl", 3),  # behind the samples of a step, before its line
        None,  # a step or two further on: what comes next lies behind that
        ("eval/step-000009", chance.randint(2, 8)),
        ("removed.partial", 2),  # in the removal of an old checkpoint
        None,
    ]
    moments = many if is_whole("kills") else few
    torn: set[str] = set()
    for moment in moments:
        begun = lines(run)
        pid = launcher.start(train(folder, "killed"), log=log, kill_at=moment)
        if moment is None:
            until(lambda: lines(run) != begun, "a step", longest=0.01)  # noqa: B023
            time.sleep(chance.uniform(0.0, 0.1))
            os.kill(pid, signal.SIGKILL)
        assert launcher.wait() == -signal.SIGKILL, (moment, log.read_text())
        until(lambda: not workers_of(pid), "the grading workers to die with the run")  # noqa: B023
        torn |= {name.split("/")[0] for name in leftovers(run)}
    assert torn == {"checkpoints", "eval", "samples"}
    assert launcher.run(train(folder, "killed"), log=log) == 0, log.read_text()
    assert_equal(run, whole)


def test_sigterm_and_sigint_finish_the_step_and_the_run_that_goes_on_equals_the_whole_one(
    folder: Path, whole: Path, launcher: Launcher
) -> None:
    run, log = folder / "stopped", folder / "stopped.log"
    for number in (signal.SIGTERM, signal.SIGINT):
        begun = lines(run)
        pid = launcher.start(train(folder, "stopped"), log=log)
        until(lambda: lines(run) > begun + 1, "two more steps")  # noqa: B023
        os.kill(pid, number)
        assert launcher.wait() == 0, log.read_text()
        last = list(read_metrics(run / "metrics.jsonl"))[-1]["step"]
        assert (run / "checkpoints" / f"step-{last:06d}" / "trainer.json").exists()
        assert f"{number.name}: finishing this step" in log.read_text()
        assert not workers_of(pid)
    assert launcher.run(train(folder, "stopped"), log=log) == 0, log.read_text()
    assert tiny.comparable_metrics(run) == tiny.comparable_metrics(whole)
    assert tiny.comparable_samples(run) == tiny.comparable_samples(whole)
    assert weights(run) == weights(whole)


def test_a_second_sigint_stops_at_once_and_a_second_process_is_refused_meanwhile(
    folder: Path, launcher: Launcher, capsys: pytest.CaptureFixture[str]
) -> None:
    log, begun = folder / "stuck.log", folder / "stuck.begun"
    stuck = f"    open({str(begun)!r}, 'w').close()\n    __import__('time').sleep(600)\n    return"
    (folder / "slow.py").write_text(REWARD.replace("    return", stuck))
    slow = [f"reward={folder / 'slow.py'}:a_third_is_right", "grading.deadline=6000", "warmup.steps=0", "eval.every=0"]
    pid = launcher.start([*train(folder, "stuck"), *slow], log=log)
    until(begun.exists, "a grade of a step")
    assert main([*train(folder, "stuck"), *slow]) == 1
    assert "another process is training in" in capsys.readouterr().err
    os.kill(pid, signal.SIGINT)
    until(lambda: "once more: stop at once" in log.read_text(), "the first signal to be heard")
    os.kill(pid, signal.SIGINT)
    assert launcher.wait() == 130, log.read_text()  # the step would take hours
    until(lambda: not workers_of(pid), "the grading workers to die with the run")
    assert "Traceback" not in log.read_text()


def cut_back(whole: Path, folder: Path, name: str) -> Path:
    """The whole run as it was when its last checkpoint was not yet written: it has two steps to go."""
    run = Path(shutil.copytree(whole, folder / name))
    shutil.rmtree(run / "checkpoints" / "step-000014")
    return run


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"needs to mount a small file system: {mounted.stderr.strip()}")
    yield disk
    gc.collect()  # an error that was raised holds the file that could not be written
    # a killed process lets go of its files a moment after it is gone
    until(lambda: subprocess.run(["umount", disk], capture_output=True).returncode == 0, "the disk to be let go of")


@pytest.mark.parametrize("room", [4 << 10, 120 << 10], ids=["lines", "checkpoint"])
def test_a_full_disk_is_an_error_that_says_so_and_the_run_goes_on_once_there_is_room(
    folder: Path, whole: Path, small_disk: Path, room: int
) -> None:
    run = cut_back(whole, small_disk, "run")
    intact = {p: p.read_bytes() for p in (run / "checkpoints").rglob("*") if p.is_file()}
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(shutil.disk_usage(small_disk).free - room))
    config = load_config(folder / "tiny.yaml")
    with pytest.raises(ToolkitError, match=r"No space left on device.* the same command"):
        run_training(config, out=run)
    assert {p: p.read_bytes() for p in (run / "checkpoints").rglob("*") if p.is_file()} == intact
    ballast.unlink()
    assert run_training(config, out=run) == 0
    assert_equal(run, whole)


def test_a_run_directory_on_a_read_only_disk_is_refused(folder: Path, whole: Path, small_disk: Path) -> None:
    run = cut_back(whole, small_disk, "run")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(ConfigError, match="Read-only file system"):
        run_training(load_config(folder / "tiny.yaml"), out=run)


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def one_bit(path: Path) -> None:
    """No library looks at the sums of its own bytes: the run would go on with another model."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("name", ["model.safetensors", "learner.pt", "trainer.json", "config.json"])
@pytest.mark.parametrize("harm", [truncated, one_bit, Path.unlink])
def test_a_damaged_checkpoint_is_an_error_that_names_it(
    folder: Path, whole: Path, tmp_path: Path, name: str, harm: Callable[[Path], None]
) -> None:
    run = cut_back(whole, tmp_path, "run")
    before = (run / "metrics.jsonl").read_bytes()
    harm(run / "checkpoints" / "step-000012" / name)
    with pytest.raises(CheckpointError, match="step-000012"):
        run_training(load_config(folder / "tiny.yaml"), out=run)
    assert (run / "metrics.jsonl").read_bytes() == before


@pytest.mark.parametrize("text", ["{}", '{"run": {}, "collector": {}}', '{"run": 3, "collector": []}', "null"])
def test_a_checkpoint_whose_state_is_that_of_another_version_is_an_error_that_names_it(
    folder: Path, whole: Path, tmp_path: Path, text: str
) -> None:
    run = cut_back(whole, tmp_path, "run")
    checkpoint = run / "checkpoints" / "step-000012"
    (checkpoint / "trainer.json").write_text(text)
    sums = [line for line in (checkpoint / "SHA256SUMS").read_text().splitlines() if "trainer.json" not in line]
    (checkpoint / "SHA256SUMS").write_text(
        "\n".join([*sums, f"{data_hash(checkpoint / 'trainer.json')}  trainer.json\n"])
    )
    with pytest.raises(CheckpointError, match=r"step-000012.trainer\.json is not what this version writes"):
        run_training(load_config(folder / "tiny.yaml"), out=run)


def test_deleted_data_is_an_error_that_names_the_file(folder: Path, whole: Path, tmp_path: Path) -> None:
    run = cut_back(whole, tmp_path, "run")
    away = (folder / "train.jsonl").rename(folder / "away.jsonl")
    try:
        with pytest.raises(DataNotFound, match=r"train\.jsonl"):
            run_training(load_config(folder / "tiny.yaml"), out=run)
    finally:
        away.rename(folder / "train.jsonl")
