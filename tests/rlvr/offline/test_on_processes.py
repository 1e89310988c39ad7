"""Many processes grade as one does: the same rows in the same order, whatever is killed, stopped or broken."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pyarrow
import pyarrow.parquet as pq
import pytest

from rewards.errors import GradingUnavailable
from rewards.spec import RewardSpec
from rewards.types import Json
from rlvr.cli import main
from rlvr.offline import job, process_engine
from rlvr.offline.columns import Columns
from rlvr.offline.engine import Setup
from rlvr.offline.process_engine import ProcessEngine
from rlvr.offline.recorder import Written
from rlvr.offline.selection import Selection, Start
from rlvr.offline.sources import FileSource, find_sources
from tests.waiting import PATIENCE, until

ROOT = Path(__file__).resolve().parents[3]
PROCESS = "rlvr.offline.grading_process"
# Leaves a trace of every grade that it makes, takes its time, and past HOLD until it is killed.
TRACED = """
import os, time
def traced(request):
    with open(os.environ["TRACE"], "a") as file:
        file.write(request.response + "\\n")
        traced = file.tell()
    time.sleep(600 if traced > float(os.environ.get("HOLD", "inf")) else float(os.environ.get("SLOW", "0")))
    return len(request.response) / 100
"""


def lines(count: int) -> list[str]:
    """Right and wrong answers, rows of several responses, bad rows, blank lines."""
    made = []
    for i in range(count):
        if i % 17 == 5:
            made.append("no json" if i % 2 else json.dumps({"reference": "1"}))
        elif i % 11 == 3:
            made.append(" \t" if i % 2 else "\u00a0")  # blank for text, though not for bytes
        elif i % 5 == 0:
            responses = [f"\\boxed{{{i}}}", f"so it is {i} or {i + 1}", f"\\boxed{{\\sqrt{{{i * i}}}}}"]
            made.append(json.dumps({"id": i % 7, "responses": responses, "reference": f"{i}"}))
        else:
            made.append(json.dumps({"id": i % 7, "response": f"ü $\\frac{{{2 * i}}}{{2}}$", "reference": f"{i}"}))
    return made


def read(path: Path) -> list[dict[str, object]]:
    """Graded rows without what a clock says."""
    if not path.exists():
        return []
    return [{k: v for k, v in json.loads(row).items() if k != "seconds"} for row in path.read_text().splitlines()]


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file is large enough for many processes."""
    monkeypatch.setattr(job, "LARGE_BYTES", 0)


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> list[ProcessEngine]:
    """The engines that are made meanwhile."""
    made: list[ProcessEngine] = []
    before = ProcessEngine.__init__

    def noted(self: ProcessEngine, *given: object, **named: object) -> None:
        before(self, *given, **named)  # type: ignore[arg-type]
        made.append(self)

    monkeypatch.setattr(ProcessEngine, "__init__", noted)
    return made


def graded(folder: Path, *options: str, workers: int) -> tuple[int, list[dict[str, object]], list[dict[str, object]]]:
    """The command's exit status, the graded rows, the bad ones."""
    out = folder / f"out-{workers}.jsonl"
    code = main(["grade", *options, "--out", str(out), "--workers", str(workers), "--no-progress"])
    return code, read(out), read(out.with_name(f"{out.name}.errors.jsonl"))


def written(folder: Path, kind: str) -> list[str]:
    """The same rows as files of one kind."""
    made = lines(300)
    if kind == "two files":
        (folder / "a.jsonl").write_text("\n".join(made[:140]))
        (folder / "b.jsonl").write_text("\n".join(made[140:]))
        return [str(folder / "a.jsonl"), str(folder / "b.jsonl")]
    path = folder / f"in{kind}"
    if kind == ".parquet":
        rows = [{"id": str(i), "response": f"\\boxed{{{i % 9}}}", "reference": "4"} for i in range(700)]
        pq.write_table(pyarrow.Table.from_pylist(rows), path)
    elif kind == ".jsonl.gz":
        path.write_bytes(gzip.compress("\n".join(made).encode()))
    else:
        path.write_text("\n".join(made))
    return [str(path)]


@pytest.mark.parametrize("kind", [".jsonl.gz", ".parquet", "two files"])
@pytest.mark.usefixtures("large")
def test_the_output_is_that_of_one_process(tmp_path: Path, kind: str, engines: list[ProcessEngine]) -> None:
    files = written(tmp_path, kind)
    many = graded(tmp_path, *files, "--reward", "math", workers=3)
    assert len(engines) == 1
    assert many == graded(tmp_path, *files, "--reward", "math", workers=1)
    assert len(engines) == 1
    assert len(many[1]) > 300


@pytest.mark.usefixtures("large")
def test_the_same_rows_are_chosen(tmp_path: Path, engines: list[ProcessEngine]) -> None:
    files = written(tmp_path, "two files")
    choice = ["--sample", "0.4", "--seed", "3", "--limit", "71"]
    many = graded(tmp_path, *files, "--reward", "math", *choice, workers=2)
    assert engines
    assert many == graded(tmp_path, *files, "--reward", "math", *choice, workers=1)
    assert len(many[1]) + len(many[2]) > 71  # some rows have several responses


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize(
    ("reward", "options"),
    [
        ("math", ["--unordered"]),
        ("math", ["--cache", "CACHE"]),
        ("code", []),
        ("{reward: OWN, in_process: true}", []),
    ],
    ids=str,
)
def test_what_one_process_does_as_well_is_left_to_it(
    tmp_path: Path, reward: str, options: list[str], engines: list[ProcessEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACE", str(tmp_path / "trace"))
    (tmp_path / "own.py").write_text(TRACED)
    (tmp_path / "in.jsonl").write_text('{"response": "1", "reference": "1"}\n')
    options = [option.replace("CACHE", str(tmp_path / "cache")) for option in options]
    reward = reward.replace("OWN", f"{tmp_path / 'own.py'}:traced")
    graded(tmp_path, str(tmp_path / "in.jsonl"), "--reward", reward, *options, workers=2)
    assert not engines


@pytest.mark.usefixtures("large")
def test_processes_start_before_the_data_are_hashed_and_those_that_none_takes_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in.jsonl").write_text("".join(f"{line}\n" for line in lines(40)))
    told: list[int] = []
    made: list[subprocess.Popen[bytes]] = []
    started, hashed = subprocess.Popen, FileSource.fingerprint

    def start(command: list[str], **named: object) -> subprocess.Popen[bytes]:
        process: subprocess.Popen[bytes] = started(command, **named)  # type: ignore[call-overload]
        if PROCESS in command:
            made.append(process)
        return process

    def fingerprint(source: FileSource) -> dict[str, Json]:
        told.append(len(made))
        return hashed(source)

    monkeypatch.setattr(process_engine.subprocess, "Popen", start)
    monkeypatch.setattr(FileSource, "fingerprint", fingerprint)
    assert graded(tmp_path, str(tmp_path / "in.jsonl"), "--reward", "format", workers=2)[0] in (0, 3)
    assert (told, len(made)) == ([2], 2)
    with monkeypatch.context() as broken:
        broken.setattr(job, "_run", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            graded(tmp_path, str(tmp_path / "in.jsonl"), "--reward", "format", workers=2)
    assert (told, len(made)) == ([2, 4], 4)
    assert all(process.returncode is not None for process in made)


def engine_of(folder: Path, reward: str = "f1", **named: int | Start) -> ProcessEngine:
    """By default with a reward whose processes start fast."""
    setup = Setup(reward=RewardSpec.from_dict(reward), columns=Columns(), kind="text", deadline=10.0, folder="")
    sources = find_sources([str(folder / "in.jsonl")])
    return ProcessEngine(sources, Selection(), setup, processes=2, **named)  # type: ignore[arg-type]


def places(found: list[Written]) -> list[tuple[int, int, int, int]]:
    return [(one.ordinal, one.index, one.row, one.place) for one in found]


def test_grading_goes_on_within_a_row(tmp_path: Path) -> None:
    written(tmp_path, ".jsonl")
    whole = [one for batch in engine_of(tmp_path) for one in batch]
    assert [one.ordinal for one in whole] == [*range(len(whole))]
    for at in (2, 3, len(whole) - 1):
        first = whole[at - 1]
        start = Start(file=0, line=first.row, index=first.index)
        rest = engine_of(tmp_path, start=start, first=first.ordinal - first.place, passed=first.place + 1)
        assert places([one for batch in rest for one in batch]) == places(whole[at:]), at


def test_a_process_that_dies_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in.jsonl").write_text("\n".join(lines(900)))
    monkeypatch.setattr(process_engine, "_CHUNK_ROWS", 20)  # else a fast machine has few chunks to be killed in
    engine = engine_of(tmp_path)
    found: list[Written] = []
    killed: list[object] = []
    for batch in engine:
        found += batch
        if not batch or len(killed) == 4 or len(found) < 100 * len(killed):
            continue
        for worker in engine._workers:
            # A chunk at which a process dies three times ends the run: one that has lost one is left in peace.
            if worker._process not in killed and not any(one.deaths for one in worker.hands):
                worker._process.kill()
                killed.append(worker._process)
                break
    assert len(killed) == 4
    assert places(found) == places([one for batch in engine_of(tmp_path) for one in batch])


def test_a_process_that_has_stopped_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in.jsonl").write_text("\n".join(lines(900)))
    monkeypatch.setattr(process_engine, "_BEAT_SECONDS", 0.5)
    monkeypatch.setattr(process_engine, "_CHUNK_ROWS", 20)  # else a fast machine may have nothing left to be stopped at
    engine = engine_of(tmp_path)
    found: list[Written] = []
    stopped = None
    for batch in engine:
        found += batch
        if batch and stopped is None and (stopped := max(engine._workers, key=lambda worker: len(worker.hands))):
            stopped._process.send_signal(signal.SIGSTOP)
        # Those that start on a busy machine are given all the time they need.
        monkeypatch.setattr(process_engine, "_SILENT_BEATS", 10 if stopped in engine._workers else 1000)
    assert stopped is not None
    assert stopped not in engine._workers
    assert places(found) == places([one for batch in engine_of(tmp_path) for one in batch])


def test_a_stop_that_comes_after_the_end_does_nothing(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text("\n".join(lines(5)))
    engine = engine_of(tmp_path)
    list(engine)
    engine.stop()


def test_no_more_is_begun_than_memory_has_room_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = json.dumps({"response": "1", "reference": "1", "more": "x" * 9_000})
    (tmp_path / "in.jsonl").write_text("\n".join([row] * 300))
    monkeypatch.setattr(process_engine, "_CHUNK_BYTES", 10_000)
    monkeypatch.setattr(process_engine, "_AHEAD_BYTES", 50_000)
    engine = engine_of(tmp_path)
    begun = []
    count = 0
    for batch in engine:
        count += len(batch)
        begun.append(sum(len(line) for one in engine._pending for _, line in one.chunk.lines))
    assert count == 300
    assert 30_000 < max(begun) < 80_000
    assert sum(one.size for one in engine._pending) == 0


def test_a_chunk_of_a_table_with_long_texts_has_few_rows(tmp_path: Path) -> None:
    rows = [{"responses": ["x" * 90_000, "y" * 90_000], "reference": "1"}] * 100
    pq.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "in.parquet")
    reading = process_engine._Reading(find_sources([str(tmp_path / "in.parquet")]), Selection(), Start())
    chunk = reading.take(100, passed=0)
    assert chunk is not None
    assert len(chunk) == 6  # the one that goes beyond a mebibyte is the last


def test_a_chunk_whose_process_always_dies_ends_the_run(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text("\n".join(lines(50)))
    (tmp_path / "own.py").write_text(f"import os, sys\nif {PROCESS!r} in sys.orig_argv: os._exit(9)\n{TRACED}")
    engine = engine_of(tmp_path, f"{tmp_path / 'own.py'}:traced")
    with pytest.raises(GradingUnavailable, match=r"died 3 times .*9"):
        list(engine)


def test_why_a_process_cannot_grade_is_said(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text("\n".join(lines(50)))
    with pytest.raises(GradingUnavailable, match=r"no such|no file|cannot"):
        list(engine_of(tmp_path, f"{tmp_path / 'absent.py'}:traced"))


@pytest.mark.usefixtures("large")
def test_what_reading_raises_comes_after_the_rows_before_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], engines: list[ProcessEngine]
) -> None:
    rows = [json.dumps({"response": f"\\boxed{{{i}}}", "reference": "1"}) for i in range(3000)]
    packed = gzip.compress("\n".join(rows).encode())
    (tmp_path / "in.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    code, _, _ = graded(tmp_path, str(tmp_path / "in.jsonl.gz"), "--reward", "math", workers=2)
    assert code == 1
    told = capsys.readouterr().err
    assert "cannot be read after line " in told
    last = int(told.partition("after line ")[2].partition(":")[0])
    partial = read(tmp_path / "out-2.jsonl.partial")
    assert len(engines) == 1
    assert [row["response"] for row in partial] == [f"\\boxed{{{i}}}" for i in range(last)]
    assert last > 300


def test_a_stop_gives_out_what_stands_in_front(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text("\n".join(lines(20_000)))
    engine = engine_of(tmp_path)
    found: list[Written] = []
    for batch in engine:
        found += batch
        if len(found) > 500:
            threading.Thread(target=engine.stop).start()
    assert 500 < len(found) < 20_000
    assert [one.ordinal for one in found] == [*range(len(found))]


def test_a_signal_to_all_of_them_is_a_stop(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text("\n".join(lines(20_000)))
    engine = engine_of(tmp_path)
    found: list[Written] = []
    for batch in engine:
        found += batch
        if len(found) > 500 and not engine._stopped:
            engine.stop()
            for worker in engine._workers:
                worker._process.terminate()
    assert 500 < len(found) < 20_000
    assert [one.ordinal for one in found] == [*range(len(found))]


# --- the command, killed and interrupted ------------------------------------------------------------------------------


@pytest.fixture
def running(tmp_path: Path) -> list[str]:
    """A command over a file that is large, with a reward of one's own that takes its time."""
    (tmp_path / "own.py").write_text(TRACED)
    row = json.dumps({"response": "RESPONSE", "reference": "1", "more": "x" * 9_000})
    rows = [row.replace("RESPONSE", f"response {i}") for i in range(500)]
    (tmp_path / "in.jsonl").write_text("\n".join(rows))
    assert (tmp_path / "in.jsonl").stat().st_size > job.LARGE_BYTES
    reward = f"{tmp_path / 'own.py'}:traced"
    return ["grade", str(tmp_path / "in.jsonl"), "--reward", reward, "--out", str(tmp_path / "out.jsonl")]


def started(
    arguments: list[str], trace: Path, workers: int = 2, *, slow: float = 0.01, hold: float = float("inf")
) -> subprocess.Popen[bytes]:
    """hold: bytes of the trace past which no grade ends, so that it is not done before it is killed."""
    return subprocess.Popen(
        [sys.executable, "-m", "rlvr.cli", *arguments, "--workers", str(workers)],
        cwd=ROOT,
        env={**os.environ, "TRACE": str(trace), "SLOW": str(slow), "HOLD": str(hold)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def below(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def lives(process: psutil.Process) -> bool:
    """Whether it runs: who ended and was not waited for does not."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_killed_it_leaves_nothing_and_goes_on(tmp_path: Path, running: list[str]) -> None:
    trace = tmp_path / "trace"
    left: list[psutil.Process] = []
    for kill in range(3):
        enough = 60 * (kill + 1)
        process = started(running, trace, hold=len("response 100\n") * (enough + 30))
        until(lambda n=enough: trace.exists() and len(trace.read_text().splitlines()) > n, "rows to be graded")
        begun = below(process)
        assert sum(PROCESS in one.cmdline() for one in begun) == 2
        left += begun
        process.kill()
        process.communicate()
    until(lambda: not any(map(lives, left)), "all that it started to end")
    process = started(running, trace, workers=1)  # another engine takes over
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, told.decode()
    assert b"going on behind " in told
    responses = [row["response"] for row in read(tmp_path / "out.jsonl")]
    assert responses == [f"response {i}" for i in range(500)]
    # What was graded and not written when it was killed: a few tenths of a second of two processes.
    assert len(trace.read_text().splitlines()) < 500 + 3 * 150


def test_killed_while_they_start_it_leaves_nothing(tmp_path: Path, running: list[str]) -> None:
    trace = tmp_path / "trace"
    waiting = f"if {PROCESS!r} in sys.orig_argv: open(os.environ['TRACE'], 'a').close(); time.sleep(2)"
    (tmp_path / "own.py").write_text(f"import os, sys, time\n{waiting}\n{TRACED}")
    process = started(running, trace)
    until(trace.exists, "a process to load the reward")
    begun = below(process)
    process.kill()
    process.communicate()
    until(lambda: not any(map(lives, begun)), "all that it started to end")


def test_interrupted_it_says_how_to_go_on(tmp_path: Path, running: list[str]) -> None:
    trace = tmp_path / "trace"
    process = started(running, trace, slow=0.05)
    until(lambda: trace.exists() and len(trace.read_text().splitlines()) > 60, "rows to be graded")
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, told.decode()
    assert b"the same command goes on from" in told
    assert b"Traceback" not in told
    process = started(running, trace, slow=0.0)
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, told.decode()
    assert [row["response"] for row in read(tmp_path / "out.jsonl")] == [f"response {i}" for i in range(500)]


def test_a_slow_reward_gets_small_chunks() -> None:
    assert process_engine._fitting(8, 8.0) == 1
    assert process_engine._fitting(1, 0.05) == 2
    assert process_engine._fitting(8, 0.0001) == 32
    assert process_engine._fitting(1000, 0.01) == 1024
