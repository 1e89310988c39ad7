"""A disk that is full ends a run with a message, what it holds stays whole, and no device becomes a file."""

from __future__ import annotations

import errno
import json
import os
import re
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from data_prep.errors import BadFile
from rlvr.cli import main
from rlvr.errors import ConfigError
from rlvr.offline import outputs
from rlvr.offline.groups import Piles
from rlvr.offline.journal import RECORD, Journal
from rlvr.offline.manifest import write_manifest
from rlvr.offline.outputs import check_output, trouble


@contextmanager
def room(bytes_: int) -> Iterator[None]:
    """No file of this process grows beyond so many bytes: the write that crosses them is short, the next one fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def append(journal: Journal, ordinals: range) -> None:
    for ordinal in ordinals:
        values = {"ordinal": ordinal, "row": ordinal + 1}
        journal.append(*(values.get(name, 0) for name in RECORD.names or ()))


def test_records_that_a_full_disk_cuts_short_are_an_error_and_the_next_ones_stand_in_line(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        append(journal, range(10))
        with room(RECORD.itemsize * 7 + 5), pytest.raises(BadFile, match="journal"):
            journal.flush()
    with Journal(tmp_path) as journal:
        assert journal.recover().low == 7
        append(journal, range(7, 12))
        journal.flush()
        assert [int(o) for records in journal.chunks() for o in records["ordinal"]] == list(range(12))


def test_a_full_disk_says_that_the_same_command_goes_on(tmp_path: Path) -> None:
    told = "No space left on device; make room, and the same command goes on"
    with pytest.raises(BadFile, match=told), trouble(tmp_path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if Path("/dev/full").exists():
        (tmp_path / "run.json.partial").symlink_to("/dev/full")
        with pytest.raises(BadFile, match=told):
            write_manifest(tmp_path / "run.json", {"format": 1})


def test_a_run_that_fails_says_how_far_it_has_come_and_the_same_command_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        json.dumps({"id": i, "response": f"\\boxed{{{i}}}", "reference": str(i), "more": "x" * 2000})
        for i in range(200)
    ]
    (tmp_path / "in.jsonl").write_text("\n".join(rows))
    command = ["grade", str(tmp_path / "in.jsonl"), "--reward", "math", "--out", str(tmp_path / "out.jsonl")]
    with room(200_000):  # of some 450 thousand
        assert main(command) == 1
    assert re.search(
        r"interrupted after \d+ responses; the same command goes on from .*partial", capsys.readouterr().err
    )
    assert main(command) == 0
    assert "going on behind " in capsys.readouterr().err
    assert [json.loads(line)["id"] for line in (tmp_path / "out.jsonl").read_text().splitlines()] == list(range(200))


@pytest.mark.parametrize("text", ["tags", "causes"])
def test_texts_for_which_there_is_no_room_are_an_error_that_names_their_file(tmp_path: Path, text: str) -> None:
    with Journal(tmp_path) as journal:
        getattr(journal, text).number("x" * 100)
        append(journal, range(1))
        with room(50), pytest.raises(BadFile, match=rf"{text}\.jsonl"):
            journal.flush()
        assert not len(journal)


def test_no_room_for_sorting_by_problem_is_an_error_that_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rlvr.offline.groups.PILE", 10)
    records = np.zeros(1000, RECORD)
    with room(5000), pytest.raises(BadFile, match="pile-0"), Piles(lambda: [records], tmp_path, count=1000):
        pass


def test_what_is_no_regular_file_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.jsonl").write_text('{"response": "1", "reference": "1"}\n')
    os.mkfifo("pipe")
    for out in ("pipe", f"{tmp_path}/pipe"):
        assert main(["grade", "rows.jsonl", "--reward", "math", "--out", out]) == 1
        assert "no regular file" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pipe", "rows.jsonl"]
    assert Path("pipe").is_fifo()


@pytest.mark.parametrize("name", ["/dev/null", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_names_of_devices_and_of_open_streams_are_no_outputs(name: str) -> None:
    with pytest.raises(BadFile, match="no regular file"):
        check_output(Path(name))


@pytest.mark.parametrize("name", ["graded.csv", "graded.XLSX", "graded.arrow"])
def test_a_name_of_a_form_that_is_not_written_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"name it \.jsonl or \.parquet"):
        check_output(tmp_path / name)


@pytest.mark.parametrize("name", ["link.jsonl", "link.parquet", "dangling.jsonl"])
def test_a_link_is_no_output_for_what_it_leads_to_would_stay_as_it_was(name: str, tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "link.jsonl").symlink_to(__file__)
    (tmp_path / "link.parquet").symlink_to("parts")
    (tmp_path / "dangling.jsonl").symlink_to("nowhere.jsonl")
    with pytest.raises(BadFile, match="name what it leads to"):
        check_output(tmp_path / name)


@pytest.mark.parametrize(
    ("summary", "message"),
    [
        ("rows.jsonl", "would be written over"),
        ("./out.jsonl", "would be written over"),
        (".", "is a folder"),
        ("-", "name one, such as summary.json"),
        ("rows.jsonl/summary.json", "no folder that can be written to"),
        ("/dev/null", "no regular file"),
    ],
)
def test_a_summary_that_could_not_be_written_is_refused_before_anything_is_graded(
    summary: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    row = '{"response": "1", "reference": "1"}\n'
    (tmp_path / "rows.jsonl").write_text(row)
    assert main(["grade", "rows.jsonl", "--reward", "math", "--out", "out.jsonl", "--summary", summary]) == 1
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["rows.jsonl"]
    assert (tmp_path / "rows.jsonl").read_text() == row


def test_a_summary_is_not_written_over_data_in_a_folder_that_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    row = '{"response": "\\\\boxed{1}", "reference": "1"}\n'
    (tmp_path / "rows.jsonl").write_text(row)
    (tmp_path / "summary.json").write_text("of another run")
    command = ["grade", ".", "--reward", "math", "--out", "out.jsonl", "--summary"]
    assert main([*command, "rows.jsonl"]) == 1
    assert "--summary 'rows.jsonl' is read" in capsys.readouterr().err
    assert main([*command, "summary.json"]) == 0
    assert (tmp_path / "rows.jsonl").read_text() == row


def test_a_folder_that_is_replaced_is_never_there_in_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in.jsonl").write_text("".join(f'{{"response": "{i}"}}\n' for i in range(9)))
    monkeypatch.setattr("rlvr.offline.outputs.PART_ROWS", 3)
    out = tmp_path / "out.parquet"
    command = ["grade", str(tmp_path / "in.jsonl"), "--reward", "format", "--out", str(out), "--workers", "1"]
    assert main(command) == 0
    before = sorted(path.name for path in out.iterdir())
    removed = shutil.rmtree

    def seen(path: Path, *_: object, **__: object) -> None:
        assert path != out  # what has this name is renamed as a whole
        removed(path, ignore_errors=True)

    monkeypatch.setattr("shutil.rmtree", seen)
    assert main(command) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.parquet"]
    assert sorted(path.name for path in out.iterdir()) == before == [f"part-0000{i}.parquet" for i in range(3)]


def test_a_part_that_somebody_has_changed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.jsonl").write_text("".join(f'{{"response": "{i}"}}\n' for i in range(9)))
    monkeypatch.setattr("rlvr.offline.outputs.PART_ROWS", 3)
    out = tmp_path / "out.parquet"
    finish = outputs.ParquetParts._unify

    def damaged(parts: outputs.ParquetParts) -> None:
        parts._finished(1).write_bytes(b"no Parquet")
        finish(parts)

    monkeypatch.setattr(outputs.ParquetParts, "_unify", damaged)
    assert main(["grade", str(tmp_path / "in.jsonl"), "--reward", "format", "--out", str(out), "--workers", "1"]) == 1
    assert "somebody has changed it; begin anew with --restart" in capsys.readouterr().err
