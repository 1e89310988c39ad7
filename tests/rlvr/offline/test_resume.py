"""A run that is killed goes on with the same command, grades nothing twice, and ends like one that was not."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from rlvr.cli import main
from rlvr.offline import outputs
from tests.waiting import PATIENCE, until

ROOT = Path(__file__).resolve().parents[3]
# A reward that leaves a trace of every grade it makes, and takes its time; past HOLD, until it is killed.
REWARD = """
import os, time
from length import HUNDRED
def traced(request):
    with open(os.environ["TRACE"], "a") as file:
        file.write(request.response + "\\n")
        traced = file.tell()
    time.sleep(600 if traced > float(os.environ.get("HOLD", "inf")) else 0.004)
    if "odd" in request.response:
        return None
    return len(request.response) / HUNDRED
"""
BESIDE = "HUNDRED = 40 + 60\n"


def make_rows(folder: Path, count: int) -> Path:
    """Rows of one and of several responses, of repeated ids, bad ones and blank lines among them."""
    made = []
    for i in range(count):
        if i % 17 == 5:
            made.append("no json")
        elif i % 11 == 3:
            made.append("")
        elif i % 5 == 0:
            made.append(json.dumps({"id": i % 7, "responses": [f"{i} a", f"{i} bb", f"{i} odd"]}))
        else:
            made.append(json.dumps({"id": i % 7, "response": f"{i} ü", "tags": [f"t{i % 3}"]}, ensure_ascii=False))
    path = folder / "in.jsonl"
    path.write_text("".join(f"{line}\n" for line in made))
    (folder / "own.py").write_text(REWARD)
    (folder / "length.py").write_text(BESIDE)
    return path


def command(folder: Path, *options: str, out: str = "out.jsonl") -> list[str]:
    reward = f"{folder / 'own.py'}:traced"
    return [
        "grade",
        str(folder / "in.jsonl"),
        "--reward",
        reward,
        "--out",
        str(folder / out),
        "--workers",
        "2",
        *options,
    ]


def start(
    arguments: list[str], trace: Path, stdin: int = subprocess.DEVNULL, *, hold: float = float("inf")
) -> subprocess.Popen[bytes]:
    """hold: bytes of the trace past which no grade ends, so that it is not done before it is killed."""
    return subprocess.Popen(
        [sys.executable, "-m", "rlvr.cli", *arguments],
        cwd=ROOT, env={**os.environ, "TRACE": str(trace), "HOLD": str(hold)},
        stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def read(path: Path) -> list[dict[str, object]]:
    """Graded rows without what a clock says."""
    if path.is_dir():
        rows = [row for part in sorted(path.glob("*.parquet")) for row in pq.read_table(part).to_pylist()]
    else:
        rows = [json.loads(line) for line in path.read_text().splitlines()]
    return [{k: v for k, v in row.items() if k != "seconds"} for row in rows]


def summary(path: Path) -> dict[str, object]:
    found = json.loads(path.read_text())
    del found["slowest"]
    return found


def kill_until_done(arguments: list[str], trace: Path, seed: int, kills: int) -> None:
    """Kill it so many times, at moments drawn by lot when it has got on; then let it end."""
    draw = random.Random(seed)
    for _ in range(kills):
        size = trace.stat().st_size if trace.exists() else 0
        process = start(arguments, trace, hold=size + 700)
        until(lambda size=size: trace.exists() and trace.stat().st_size > size, "rows to be graded")
        time.sleep(draw.uniform(0.0, 0.15))
        assert process.poll() is None
        process.kill()
        process.communicate()
    process = start(arguments, trace)
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 3, told.decode()
    assert b"going on behind " in told


@pytest.mark.parametrize(
    ("out", "options"), [("out.jsonl", []), ("out.parquet", []), ("out.jsonl", ["--unordered"])], ids=str
)
def test_a_run_that_is_killed_again_and_again_ends_like_one_that_is_not(
    tmp_path: Path, out: str, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_rows(tmp_path, 240)
    trace = tmp_path / "trace"
    options = [*options, "--summary", str(tmp_path / "killed.json")]
    kills = 2
    kill_until_done(command(tmp_path, *options, out=out), trace, seed=len(out) + len(options), kills=kills)
    killed = read(tmp_path / out)
    responses = [str(row["response"]) for row in killed]
    assert len(set(responses)) == len(responses), "no row twice"
    graded = trace.read_text().splitlines()
    # Two workers hold a few calls each when they are killed; what was written is never graded again.
    assert len(graded) <= len(responses) + 24 * kills
    errors = (tmp_path / f"{out}.errors.jsonl").read_text()
    left = {"in.jsonl", "killed.json", "own.py", "length.py", out, f"{out}.errors.jsonl", "trace"}
    assert {p.name for p in tmp_path.iterdir()} - {"__pycache__"} == left
    monkeypatch.setenv("TRACE", str(tmp_path / "other"))
    options[-1] = str(tmp_path / "whole.json")
    assert main(command(tmp_path, *options, out=f"whole-{out}")) == 3
    whole = read(tmp_path / f"whole-{out}")
    if "--unordered" in options:
        killed, whole = (sorted(rows, key=lambda row: str(row["response"])) for rows in (killed, whole))
        assert sorted(errors.splitlines()) == sorted((tmp_path / f"whole-{out}.errors.jsonl").read_text().splitlines())
    else:
        assert errors == (tmp_path / f"whole-{out}.errors.jsonl").read_text()
    assert killed == whole
    assert summary(tmp_path / "killed.json") == summary(tmp_path / "whole.json")


def written(folder: Path, bytes_: int = 0) -> bool:
    partial = folder / "out.jsonl.partial"
    return partial.exists() and partial.stat().st_size > bytes_


@pytest.fixture(scope="module")
def killed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was killed when it had written some rows."""
    folder = tmp_path_factory.mktemp("killed")
    make_rows(folder, 150)
    process = start(command(folder), folder / "trace", hold=700)
    until(lambda: written(folder, 2000), "rows to be written")
    process.kill()
    process.communicate()
    return folder


@pytest.fixture
def killed(killed_once: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """That run, in a state of its own: paths are part of what a run is, so it stands in the same place each time."""
    monkeypatch.setenv("TRACE", str(killed_once / "trace"))
    kept = killed_once.with_name("kept")
    shutil.copytree(killed_once, kept)
    yield killed_once
    shutil.rmtree(killed_once)
    kept.rename(killed_once)


def test_half_a_row_half_a_record_and_half_a_label_are_cut_off(killed: Path) -> None:
    for file, rest in (
        ("out.jsonl.partial", b'{"id": 3, "resp'),
        ("out.jsonl.resume/journal", b"\x07" * 13),
        ("out.jsonl.resume/causes.jsonl", b'"half a'),
        ("out.jsonl.errors.jsonl.partial", b'{"file"'),
    ):
        with (killed / file).open("ab") as stream:
            stream.write(rest)
    assert main(command(killed)) == 3
    assert main(command(killed, out="whole.jsonl")) == 3
    assert read(killed / "out.jsonl") == read(killed / "whole.jsonl")
    assert (killed / "out.jsonl.errors.jsonl").read_text() == (killed / "whole.jsonl.errors.jsonl").read_text()


@pytest.mark.parametrize(
    ("file", "rest"),
    [("journal", b"\xff" * 1000), ("journal", b"\0" * 1000), ("causes.jsonl", b'{"id": 1}\n'), ("tags.jsonl", b"\0\n")],
)
def test_a_state_that_is_damaged_is_said_and_nothing_is_touched(
    killed: Path, file: str, rest: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    with (killed / "out.jsonl.resume" / file).open("ab") as stream:
        stream.write(rest)
    before = (killed / "out.jsonl.partial").read_bytes()
    assert main(command(killed)) == 1
    told = capsys.readouterr().err
    assert f"{file}' holds what no run has written: it is damaged; begin anew with --restart" in told
    assert (killed / "out.jsonl.partial").read_bytes() == before


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ("in.jsonl", [], "the content of"),
        ("own.py", [], "a file of the reward has changed"),
        ("length.py", [], "a file of the reward has changed"),
        ("", ["--limit", "9"], "--limit was not given, now 9"),
        ("", ["--deadline", "3"], "--deadline was 10.0, now 3.0"),
        ("", ["--group", "id"], "the column of group was not given, now id"),
        ("", ["--unordered"], "the order (--unordered) was true, now false"),
        ("", ["in.jsonl"], "the input was"),
    ],
)
def test_what_differs_is_named_and_nothing_is_touched(
    killed: Path, capsys: pytest.CaptureFixture[str], change: str, options: list[str], message: str
) -> None:
    if change:
        path = killed / change
        stat = path.stat()
        path.write_text(path.read_text().replace("4", "5"))
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # neither size nor time tells
    before = (killed / "out.jsonl.partial").read_bytes()
    options = [str(killed / o) if o.endswith(".jsonl") else o for o in options]
    assert main(command(killed, *options)) == 1
    told = capsys.readouterr().err
    assert message in told
    assert "--restart" in told
    assert (killed / "out.jsonl.partial").read_bytes() == before
    assert main(command(killed, *options, "--restart", "--limit", "3")) in (0, 3)
    assert not (killed / "out.jsonl.partial").exists()


def test_a_mended_reward_goes_on_behind_what_was_graded_where_that_is_asked_for_and_recorded(
    killed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (killed / "own.py").write_text(REWARD.replace("/ HUNDRED", "/ HUNDRED + 7"))
    before = read(killed / "out.jsonl.partial")
    assert main(command(killed)) == 1
    assert "go on behind what is graded with --keep-graded" in capsys.readouterr().err
    assert main(command(killed, "--keep-graded", "--limit", "3")) == 1  # other rows, too
    assert "--keep-graded" not in capsys.readouterr().err
    assert main(command(killed, "--keep-graded", "--restart")) == 1
    assert "give one of them" in capsys.readouterr().err
    assert main(command(killed, "--keep-graded", "--summary", str(killed / "summary.json"))) == 3
    rows = read(killed / "out.jsonl")
    assert rows[: len(before)] == before
    scores = [row["score"] for row in rows[len(before) :] if row["score"] is not None]
    assert min(map(float, scores)) > 7.0  # type: ignore[arg-type]
    changed = f"a file of the reward has changed: {killed / 'own.py'}"
    assert f"the first {len(before)} responses of the output, graded before this: {changed}" in capsys.readouterr().err
    assert json.loads((killed / "summary.json").read_text())["changes"] == [{"behind": len(before), "what": [changed]}]


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("out.jsonl.partial", lambda data: data[:100], "is shorter than what has been graded"),
        ("out.jsonl.partial", lambda data: data.replace(b'"score": 0.0', b'"score": 0.9', 1), "does not hold what was"),
        ("out.jsonl.errors.jsonl.partial", lambda data: data.replace(b"no json", b"no JSON", 1), "does not hold what"),
        ("out.jsonl.errors.jsonl.partial", None, "is shorter than what has been graded"),
    ],
    ids=["cut", "changed", "bad rows changed", "bad rows removed"],
)
def test_an_output_that_was_changed_is_not_continued(
    killed: Path,
    file: str,
    change: Callable[[bytes], bytes] | None,
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = (killed / file).read_bytes()
    if change is None:
        (killed / file).unlink()
    else:
        assert change(before) != before
        (killed / file).write_bytes(change(before))
    assert main(command(killed)) == 1
    assert message in capsys.readouterr().err
    (killed / file).write_bytes(before)
    assert main(command(killed)) == 3


def test_two_processes_do_not_write_one_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_rows(tmp_path, 20)
    process = start(command(tmp_path), tmp_path / "trace", hold=0)
    until((tmp_path / "out.jsonl.partial").exists, "rows to be written")
    assert main(command(tmp_path)) == 1
    assert "another process is writing" in capsys.readouterr().err
    process.kill()
    process.communicate()


def test_a_run_killed_while_it_puts_its_output_in_place_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRACE", str(tmp_path / "trace"))
    make_rows(tmp_path, 30)
    with monkeypatch.context() as broken:
        broken.setattr("rlvr.offline.job.finalise_output", lambda *_a, **_k: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            main(command(tmp_path))
    graded = (tmp_path / "trace").read_text()
    assert main(command(tmp_path)) == 3
    assert "all rows are graded already" in capsys.readouterr().err
    assert (tmp_path / "trace").read_text() == graded
    assert not (tmp_path / "out.jsonl.resume").exists()
    assert len(read(tmp_path / "out.jsonl")) == len(graded.splitlines())


def test_a_run_killed_while_it_removes_its_state_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"response": "r", "level": level} for level in "ab"]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    out = tmp_path / "out.jsonl"
    arguments = ["grade", str(tmp_path / "in.jsonl"), "--reward", "format", "--out", str(out), "--by", "level"]

    def killed(folder: Path, **_options: bool) -> None:
        (folder / "tags.jsonl").unlink()
        raise SystemExit("killed")

    with monkeypatch.context() as broken:
        broken.setattr("rlvr.offline.state.shutil.rmtree", killed)
        with pytest.raises(SystemExit, match="killed"):
            main([*arguments, "--workers", "1"])
    assert len(read(out)) == 2
    assert main([*arguments, "--workers", "1"]) == 0
    assert len(read(out)) == 2
    assert not (tmp_path / "out.jsonl.resume").exists()


def killed_half_way(tmp_path: Path, arguments: list[str], text: bytes) -> None:
    """Start the command, give it half of its standard input, and kill it once it has written some of its rows."""
    process = start(arguments, tmp_path / "trace", stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(text[: len(text) // 2])
    process.stdin.flush()
    until(lambda: written(tmp_path, 2000), "rows to be written")
    process.kill()
    process.communicate()


def test_a_stream_goes_on_behind_the_same_rows_and_refuses_others(tmp_path: Path) -> None:
    text = make_rows(tmp_path, 300).read_bytes()
    arguments = command(tmp_path)
    arguments[1] = "-"
    killed_half_way(tmp_path, arguments, text)
    other = start(arguments, tmp_path / "trace", stdin=subprocess.PIPE)
    _, told = other.communicate(text.replace(b'"1 ', b'"9 ', 1), timeout=PATIENCE)
    assert other.returncode == 1, told.decode()
    assert b"is not the one that was graded" in told
    graded = [json.loads(line) for line in (tmp_path / "out.jsonl.partial").read_text().splitlines()]
    last = str(graded[-1]["response"]).split()[0]
    changed = re.sub(f'"{last} (ü|a)"'.encode(), b'"another"', text)
    for fewer in (b"", text[: text.index(b"\n") + 1], changed):
        cut = start(arguments, tmp_path / "trace", stdin=subprocess.PIPE)
        _, told = cut.communicate(fewer, timeout=PATIENCE)
        assert cut.returncode == 1, told.decode()
        assert re.search(rb"ends before|is not the one", told)
        assert not (tmp_path / "out.jsonl").exists()
    same = start(arguments, tmp_path / "trace", stdin=subprocess.PIPE)
    _, told = same.communicate(text, timeout=PATIENCE)
    assert same.returncode == 3, told.decode()
    responses = [row["response"] for row in read(tmp_path / "out.jsonl")]
    assert len(responses) == len(set(responses)) == text.count(b'"response"') + 3 * text.count(b'"responses"')


def test_a_stream_without_order_is_not_resumed_and_that_is_said_first(tmp_path: Path) -> None:
    text = make_rows(tmp_path, 300).read_bytes()
    arguments = command(tmp_path, "--unordered")
    arguments[1] = "-"
    killed_half_way(tmp_path, arguments, text)
    again = start(arguments, tmp_path / "trace", stdin=subprocess.PIPE)
    _, told = again.communicate(text, timeout=PATIENCE)
    assert again.returncode == 1
    assert b"standard input with --unordered cannot be continued; begin anew with --restart" in told
    assert b"going on behind" not in told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_finishes_what_is_being_graded_and_says_how_to_go_on(
    tmp_path: Path, number: signal.Signals
) -> None:
    make_rows(tmp_path, 400)
    process = start(command(tmp_path), tmp_path / "trace")
    until(lambda: written(tmp_path), "rows to be written")
    process.send_signal(number)
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 128 + number
    assert b"the same command goes on from" in told
    assert b"Traceback" not in told
    kept = len(read(tmp_path / "out.jsonl.partial"))
    assert kept > 0
    traced = len((tmp_path / "trace").read_text().splitlines())
    assert traced - kept <= 2  # nothing that was graded is lost but what stood behind a row that was taken back
    again = start(command(tmp_path), tmp_path / "trace")
    _, told = again.communicate(timeout=PATIENCE)
    assert again.returncode == 3
    assert b"going on behind " in told
    assert len((tmp_path / "trace").read_text().splitlines()) <= len(read(tmp_path / "out.jsonl")) + 2


def test_an_interrupt_that_ends_the_reader_of_what_is_said_too_keeps_what_is_graded(tmp_path: Path) -> None:
    make_rows(tmp_path, 400)
    with start(command(tmp_path), tmp_path / "trace") as process:
        until(lambda: written(tmp_path), "rows to be written")
        assert process.stderr is not None
        process.stderr.close()  # as in `2>&1 | tee log`
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=PATIENCE) == 130
    kept = len(read(tmp_path / "out.jsonl.partial"))
    assert len((tmp_path / "trace").read_text().splitlines()) - kept <= 2


def test_parts_are_rotated_across_kills_and_share_one_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "PART_ROWS", 7)
    rows: list[dict[str, object]] = [{"id": i, "response": f"r{i}", "level": i} for i in range(20)]
    rows += [{"id": i, "response": f"r{i}", "level": 0.5, "note": {"a": [i]}} for i in range(20, 30)]
    rows += [{"id": i, "response": f"r{i}", "level": None, "note": "text", "far": 1 - i} for i in range(30, 40)]
    rows[-1]["far"] = rows[-2]["far"] = 10**20  # no number of a column of whole numbers
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    out = tmp_path / "out.parquet"
    arguments = ["grade", str(tmp_path / "in.jsonl"), "--reward", "format", "--out", str(out), "--workers", "1"]
    convert = outputs.ParquetParts._convert
    stopped = 0

    def failing(parts: outputs.ParquetParts, part: int) -> None:
        nonlocal stopped
        stopped += 1
        if stopped % 2 == 1:  # before a part is made; the next attempt makes it
            raise OSError(28, "No space left on device")
        convert(parts, part)

    monkeypatch.setattr(outputs.ParquetParts, "_convert", failing)
    attempts = 1
    while main(arguments) == 1:
        attempts += 1
        assert attempts < 20
    assert attempts == 7  # each of the six parts failed once
    parts = sorted(out.glob("*.parquet"))
    assert len(parts) == 6
    assert len({str(pq.read_schema(part)) for part in parts}) == 1
    table = pq.read_table(out).to_pylist()
    assert [row["response"] for row in table] == [f"r{i}" for i in range(40)]
    assert [row["level"] for row in table] == [*map(float, range(20)), *[0.5] * 10, *[None] * 10]
    assert [row["note"] for row in table[20:40:10]] == ['{"a": [20]}', "text"]
    assert [row["far"] for row in table[35:]] == ["-34", "-35", "-36", str(10**20), str(10**20)]


@pytest.mark.parametrize("bad", ["no json\n", ""])
def test_what_a_kill_left_of_a_bad_row_is_cut_off_though_no_other_comes(
    tmp_path: Path, bad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACE", str(tmp_path / "trace"))
    make_rows(tmp_path, 0)
    (tmp_path / "in.jsonl").write_text(bad + "".join(f'{{"response": "{i}"}}\n' for i in range(200)))
    process = start(command(tmp_path), tmp_path / "trace")
    until(lambda: written(tmp_path, 500), "rows to be written")
    process.kill()
    process.communicate()
    with (tmp_path / "out.jsonl.errors.jsonl.partial").open("ab") as stream:
        stream.write(b'{"file": "in.js')
    assert main(command(tmp_path)) == (3 if bad else 0)
    errors = tmp_path / "out.jsonl.errors.jsonl"
    assert [json.loads(line)["line"] for line in errors.read_text().splitlines()] == [1] if bad else not errors.exists()
    assert not (tmp_path / "out.jsonl.errors.jsonl.partial").exists()
