from __future__ import annotations

import asyncio
import json
import math
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq
import pytest

from rlvr.errors import CheckpointError, ConfigError
from rlvr.rundir import Checkpoints, MetricsFile, SamplesFolder, read_metrics
from rlvr.rundir.checkpoints import SUMS
from rlvr.rundir.directory import InputHashes, claim, open_run, revision_of
from rlvr.rundir.group_json import group_from_json, group_to_json
from rlvr.rundir.samples import DecidedGroup
from tests.rlvr.made import group


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def write(checkpoints: Checkpoints, step: int, text: str = "weights") -> Path:
    async def fill(folder: Path) -> None:
        (folder / "model.safetensors").write_text(text)

    return asyncio.run(checkpoints.write(step, trainer_state=json.dumps({"step": step}), fill=fill))


def test_the_newest_whole_checkpoint_is_found(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, keep_last=0)
    assert checkpoints.newest() is None
    for step in (9, 10, 2):
        write(checkpoints, step)
    assert checkpoints.newest() == (10, tmp_path / "step-000010")


def test_keep_last_removes_the_oldest_and_zero_keeps_all(tmp_path: Path) -> None:
    for keep, left in ((2, 2), (0, 4)):
        folder = tmp_path / str(keep)
        for step in range(4):
            write(Checkpoints(folder, keep_last=keep), step)
        assert len(list(folder.iterdir())) == left
        assert (folder / "step-000003").is_dir()


def test_a_writer_killed_half_way_leaves_the_checkpoint_before_intact(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, keep_last=1)
    write(checkpoints, 1)
    child = os.fork()
    if child == 0:

        async def die(folder: Path) -> None:
            (folder / "model.safetensors").write_text("half")
            os._exit(9)

        asyncio.run(checkpoints.write(2, trainer_state="{}", fill=die))
    os.waitpid(child, 0)
    assert checkpoints.newest() == (1, tmp_path / "step-000001")
    write(checkpoints, 2)
    assert checkpoints.newest() == (2, tmp_path / "step-000002")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["step-000002"]


def test_a_full_disk_is_a_clear_error_and_leaves_the_checkpoint_before_intact(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, keep_last=1)
    write(checkpoints, 1)

    async def fill(folder: Path) -> None:
        (folder / "model.safetensors").symlink_to("/dev/full")
        (folder / "model.safetensors").write_text("weights")

    with pytest.raises(CheckpointError, match=r"step 2 .*No space left.*step 1 is intact.*free space"):
        asyncio.run(checkpoints.write(2, trainer_state="{}", fill=fill))
    assert checkpoints.newest() == (1, tmp_path / "step-000001")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["step-000001"]


def test_metrics_after_the_checkpoint_and_a_torn_line_are_cut(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    metrics = MetricsFile(path)
    for step in range(4):
        metrics.append({"step": step, "reward/mean": step / 3, "reward/std": math.nan})
    with path.open("a") as file:
        file.write('{"step": 4, "rew')
    assert [row["step"] for row in read_metrics(path)] == [0, 1, 2, 3]
    before = path.read_text().splitlines()[:3]
    assert metrics.cut_after(2) == 0
    assert path.read_text().splitlines() == before
    assert json.loads(before[1]) == {"step": 1, "reward/mean": 1 / 3, "reward/std": None}


@pytest.mark.parametrize(
    ("found", "lost"),
    [(b'{"step": 0}\n{"step": 1}\n{"step": 2}\n', 0), (b'{"step": 2}\n{"step": 3}\n', 1), (bytes(99), 2), (None, 2)],
)
def test_lines_of_metrics_that_something_else_has_removed_are_counted(
    tmp_path: Path, found: bytes | None, lost: int
) -> None:
    path = tmp_path / "metrics.jsonl"
    if found is not None:
        path.write_bytes(found)
    assert MetricsFile(path).cut_after(2) == lost


def test_samples_hold_every_sample_with_its_decision(tmp_path: Path) -> None:
    samples = SamplesFolder(tmp_path / "samples")
    path = samples.write(
        3,
        [
            DecidedGroup(group=group(0, [1.0, 0.0]), decision="trained", advantages={0: 0.7, 1: -0.7}),
            DecidedGroup(group=group(1, [None, 0.0]), decision="too_few_graded", advantages={}),
        ],
    )
    assert path.name == "step-000003.parquet"
    rows = pq.read_table(path).to_pylist()
    assert [(r["draw"], r["sample"], r["decision"]) for r in rows] == [
        (0, 0, "trained"), (0, 1, "trained"), (1, 0, "too_few_graded"), (1, 1, "too_few_graded"),
    ]  # fmt: skip
    assert [r["advantage"] for r in rows] == [0.7, -0.7, None, None]
    assert rows[2]["verdict"] == "ungraded"
    assert rows[2]["score"] is None
    assert rows[2]["reason"] == "the grader died"


def test_an_empty_step_writes_an_empty_samples_file(tmp_path: Path) -> None:
    assert pq.read_table(SamplesFolder(tmp_path).write(1, [])).num_rows == 0


def test_samples_after_the_checkpoint_are_cut(tmp_path: Path) -> None:
    samples = SamplesFolder(tmp_path)
    for step in (1, 2, 3):
        samples.write(step, [])
    samples.cut_after(1)
    assert [p.name for p in tmp_path.iterdir()] == ["step-000001.parquet"]


def test_a_group_comes_back_from_json_exactly() -> None:
    made = group(5, [1.0, None, 0.0], version=3)
    odd = replace(
        made.samples_G[0],
        completion=replace(made.samples_G[0].completion, logprobs=(-0.1, -1 / 3)),
        text="π\n\u2028 </answer>",
        shaping={"overlong": -1 / 7},
    )
    made = replace(made, samples_G=(odd, *made.samples_G[1:]))
    assert group_from_json(json.loads(json.dumps(group_to_json(made)))) == made


def test_one_process_at_a_time_holds_a_run_directory(tmp_path: Path) -> None:
    with claim(tmp_path / "run"):
        child = os.fork()
        if child == 0:
            try:
                with claim(tmp_path / "run"):
                    os._exit(0)
            except ConfigError as error:
                os._exit(7 if f"(process {os.getppid()} on " in str(error) else 8)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    with claim(tmp_path / "run"):
        pass


INPUTS: InputHashes = {"data.train": {"a.jsonl": "bb"}, "reward": {"./mine.py": "aa"}}
OTHER: InputHashes = {**INPUTS, "reward": {"./mine.py": "cc"}}


def begin(folder: Path, config: Mapping[str, object]) -> None:
    open_run(folder, config, inputs=INPUTS, threads=1)
    MetricsFile(folder / "metrics.jsonl").append({"step": 1})


CONFIG = {"steps": 3, "optimizer": {"lr": 1e-6, "schedule": "constant"}, "checkpoint": {"every": 10}}


def test_a_run_directory_of_another_config_is_refused_naming_key_and_both_values(tmp_path: Path) -> None:
    begin(tmp_path, CONFIG)
    with pytest.raises(ConfigError, match=r"optimizer\.lr was 1e-06 and is 1e-05"):
        open_run(tmp_path, {**CONFIG, "optimizer": {"lr": 1e-5, "schedule": "constant"}}, inputs=INPUTS, threads=1)


def test_a_machine_with_other_cores_goes_on_where_the_threads_are_named_as_the_message_says(tmp_path: Path) -> None:
    begin(tmp_path, CONFIG)  # on one thread, which the config did not name
    with pytest.raises(ConfigError, match="Add threads=1 to the command"):
        open_run(tmp_path, CONFIG, inputs=INPUTS, threads=2)
    open_run(tmp_path, {**CONFIG, "threads": 1}, inputs=INPUTS, threads=1)


def test_what_does_not_change_the_results_may_change_when_a_run_resumes(tmp_path: Path) -> None:
    begin(tmp_path, CONFIG)
    open_run(tmp_path, {**CONFIG, "checkpoint": {"every": 2}, "steps": 9}, inputs=INPUTS, threads=1)


def test_bounds_that_only_stop_a_run_may_be_others_when_it_goes_on(tmp_path: Path) -> None:
    bounds = {"grading": {"max_ungraded_share": 0.1}, "dynamic": {"max_empty_steps": 5}}
    begin(tmp_path, {**CONFIG, **bounds})
    higher = {"grading": {"max_ungraded_share": 0.5}, "dynamic": {"max_empty_steps": 50}}
    open_run(tmp_path, {**CONFIG, **higher}, inputs=INPUTS, threads=1)


def test_more_steps_are_refused_where_the_schedule_depends_on_them(tmp_path: Path) -> None:
    cosine = {**CONFIG, "optimizer": {"lr": 1e-6, "schedule": "cosine"}}
    begin(tmp_path, cosine)
    with pytest.raises(ConfigError, match="steps was 3 and is 9"):
        open_run(tmp_path, {**cosine, "steps": 9}, inputs=INPUTS, threads=1)


@pytest.mark.parametrize(
    ("inputs", "threads", "says"),
    [
        (OTHER, 1, r"Changed: reward \./mine\.py \(SHA-256 was aa and is cc\)\. Restore"),
        ({**INPUTS, "eval.sets": {"b.jsonl": "dd"}}, 1, r"Changed: eval\.sets b\.jsonl \(SHA-256 was not recorded and"),
        (INPUTS, 2, "threads 1 and now it is 2"),
    ],
)
def test_other_files_or_threads_are_refused_because_the_run_could_not_go_on_exactly(
    tmp_path: Path, inputs: InputHashes, threads: int, says: str
) -> None:
    begin(tmp_path, CONFIG)
    with pytest.raises(ConfigError, match=says):
        open_run(tmp_path, CONFIG, inputs=inputs, threads=threads)


def test_a_run_that_recorded_no_hashes_goes_on_with_a_warning_and_records_them(tmp_path: Path) -> None:
    begin(tmp_path, CONFIG)
    path = tmp_path / "environment.json"
    path.write_text(json.dumps({"threads": 1, "data_hash": "of an earlier version", "revision": "abc"}))
    assert "cannot be told" in open_run(tmp_path, CONFIG, inputs=INPUTS, threads=1)
    assert json.loads(path.read_text()) == {
        "threads": 1,
        "data_hash": "of an earlier version",
        "revision": "abc",
        "data_hashes": INPUTS,
    }
    assert open_run(tmp_path, CONFIG, inputs=INPUTS, threads=1) == ""
    with pytest.raises(ConfigError, match="Changed: reward"):
        open_run(tmp_path, CONFIG, inputs=OTHER, threads=1)


def test_a_run_that_did_not_record_the_files_of_its_model_goes_on_with_a_warning_and_records_them(
    tmp_path: Path,
) -> None:
    begin(tmp_path, CONFIG)
    model = {"model.path": {"base/model.safetensors": "ee"}}
    assert "(of model.path)" in open_run(tmp_path, CONFIG, inputs={**INPUTS, **model}, threads=1)
    assert open_run(tmp_path, CONFIG, inputs={**INPUTS, **model}, threads=1) == ""
    with pytest.raises(ConfigError, match=r"Changed: model\.path base/model\.safetensors"):
        open_run(tmp_path, CONFIG, inputs={**INPUTS, "model.path": {"base/model.safetensors": "ff"}}, threads=1)
    with pytest.raises(ConfigError, match=r"base/model\.safetensors \(SHA-256 was ee and is gone"):
        open_run(tmp_path, CONFIG, inputs={**INPUTS, "model.path": {}}, threads=1)


def test_a_directory_in_which_nothing_was_computed_yet_takes_another_config(tmp_path: Path) -> None:
    open_run(tmp_path, CONFIG, inputs=INPUTS, threads=1)
    open_run(tmp_path, {**CONFIG, "seed": 5}, inputs=OTHER, threads=2)
    MetricsFile(tmp_path / "metrics.jsonl").append({"step": 1})
    open_run(tmp_path, {**CONFIG, "seed": 5}, inputs=OTHER, threads=2)
    with pytest.raises(ConfigError, match="seed was 5"):
        begin(tmp_path, CONFIG)


@pytest.mark.parametrize("name", ["config.yaml", "environment.json"])
@pytest.mark.parametrize("text", [None, "", "[1, 2]", "{"])
def test_a_run_that_lost_what_it_says_of_itself_is_refused_with_the_file(
    tmp_path: Path, name: str, text: str | None
) -> None:
    begin(tmp_path, CONFIG)
    (tmp_path / name).unlink()
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError, match=rf"(?s){name}.* restore the file"):
        open_run(tmp_path, CONFIG, inputs=INPUTS, threads=1)


def test_what_a_killed_process_left_half_written_goes_and_nothing_else_does(tmp_path: Path) -> None:
    begin(tmp_path, CONFIG)
    before = sorted(tmp_path.rglob("*"))
    for name in (
        ".metrics.jsonl.partial",
        "samples/.step-000002.parquet.partial",
        "checkpoints/.step-000002.partial/model.safetensors",
        "eval/step-000002/held_out-greedy.samples.jsonl.123.partial",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("half")
    (tmp_path / "mine.partial").write_text("of the user")
    begin(tmp_path, CONFIG)
    after = [p for p in sorted(tmp_path.rglob("*")) if p.is_file()]
    assert after == sorted([*(p for p in before if p.is_file()), tmp_path / "mine.partial"])


def test_every_file_of_a_checkpoint_can_be_read_by_whom_the_umask_allows(tmp_path: Path) -> None:
    async def fill(folder: Path) -> None:
        (folder / "model.safetensors").write_bytes(b"weights")
        (folder / "model.safetensors").chmod(0o600)

    folder = asyncio.run(Checkpoints(tmp_path, keep_last=1).write(1, trainer_state="{}", fill=fill))
    assert len({path.stat().st_mode for path in folder.iterdir()}) == 1


def test_a_checkpoint_that_lost_its_state_is_named_and_never_passed_over_in_silence(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, keep_last=0)
    for step in (2, 4):
        write(checkpoints, step)
    (tmp_path / "step-000004" / "trainer.json").unlink()
    with pytest.raises(CheckpointError, match=r"step-000004 has no trainer\.json.*on from the checkpoint of step 2"):
        checkpoints.newest()


def test_every_file_of_a_checkpoint_is_checked_against_the_hash_that_was_written_with_it(tmp_path: Path) -> None:
    async def fill(folder: Path) -> None:
        (folder / "adapter").mkdir()
        for name in ("model.safetensors", "learner.pt", "adapter/adapter_model.safetensors"):
            (folder / name).write_text(f"weights of {name}")

    checkpoints = Checkpoints(tmp_path, keep_last=0)
    write(checkpoints, 2)
    folder = asyncio.run(checkpoints.write(4, trainer_state="{}", fill=fill))
    checkpoints.check(4)
    (folder / "learner.pt").write_text("weights of learner.pT")
    (folder / "adapter" / "adapter_model.safetensors").unlink()
    (folder / "notes.txt").write_text("of the user")
    with pytest.raises(CheckpointError) as caught:
        checkpoints.check(4)
    assert str(caught.value) == (
        f"{folder} is damaged: adapter/adapter_model.safetensors (missing), learner.pt (not as it was written); "
        "restore it, or remove that folder to go on from the checkpoint of step 2"
    )


@pytest.mark.parametrize("text", [None, "no list\n", "", "00  trainer.json\n\n\0 no entry"])
def test_a_checkpoint_without_the_list_of_its_hashes_is_damaged(tmp_path: Path, text: str | None) -> None:
    checkpoints = Checkpoints(tmp_path, keep_last=0)
    folder = write(checkpoints, 2)
    (folder / SUMS).unlink() if text is None else (folder / SUMS).write_text(text)
    with pytest.raises(CheckpointError, match=f"step-000002 is damaged: {SUMS}.*on from the start"):
        checkpoints.check(2)


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum on PATH")
def test_the_list_of_hashes_is_one_that_sha256sum_reads_and_makes_again(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "a path", keep_last=0)
    folder = write(checkpoints, 2)
    said = subprocess.run(["sha256sum", "--check", SUMS], cwd=folder, capture_output=True, text=True, check=True).stdout
    assert said == "model.safetensors: OK\ntrainer.json: OK\n"
    (folder / SUMS).unlink()
    with pytest.raises(CheckpointError) as caught:
        checkpoints.check(2)
    subprocess.run(re.search(r"cd .* > SHA256SUMS", str(caught.value))[0], shell=True, check=True)
    checkpoints.check(2)


def test_a_place_where_no_run_can_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(ConfigError, match=f"as a run directory: .*: {place};"), claim(place):
            pass


@pytest.mark.parametrize("error", [RuntimeError("PytorchStreamWriter failed"), OSError("os error 28")])
def test_a_full_disk_is_named_whatever_the_library_says_of_it(
    tmp_path: Path, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fill(_: Path) -> None:
        raise CheckpointError(f"cannot write: {error}") from error

    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(10, 10, 0))
    with pytest.raises(CheckpointError, match=r"No space left on device; no earlier checkpoint exists; free space"):
        asyncio.run(Checkpoints(tmp_path, keep_last=1).write(2, trainer_state="{}", fill=fill))


def test_metrics_and_samples_that_cannot_be_written_name_the_file(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").symlink_to("/dev/full")
    (tmp_path / "samples").write_text("no folder")
    with pytest.raises(CheckpointError, match=r"cannot write .*metrics\.jsonl: No space left on device; make room"):
        MetricsFile(tmp_path / "metrics.jsonl").append({"step": 1})
    with pytest.raises(CheckpointError, match=r"cannot write .*step-000001\.parquet: "):
        SamplesFolder(tmp_path / "samples").write(1, [])


@pytest.mark.skipif(shutil.which("git") is None, reason="no git on PATH")
def test_the_revision_is_that_of_the_source_and_never_of_a_repository_it_is_installed_inside(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        return subprocess.check_output(["git", "-C", str(tmp_path), *who, *words], text=True).strip()

    source, installed = tmp_path / "rlvr" / "a.py", tmp_path / ".venv" / "a.py"
    for file in (source, installed):
        file.parent.mkdir()
        file.write_text("")
    assert revision_of(source) is None, "no repository"
    git("init", "--quiet")
    git("add", "rlvr")
    git("commit", "--quiet", "--message=one")
    assert revision_of(installed) is None, "another's repository"
    installed.unlink()
    assert revision_of(source) == git("rev-parse", "HEAD")
    source.write_text("changed = True")
    assert revision_of(source) == f"{git('rev-parse', 'HEAD')}+changes"


def test_without_git_there_is_no_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert revision_of(Path(__file__)) is None
