"""Rows on their way: bounded, in order or as they finish, errors in their place, and a cache of grades."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from data_prep.rows import Row
from rewards import GraderPool
from rlvr.cli import main
from rlvr.offline.selection import Numbered
from rlvr.offline.stream import GradingStream, Item, _Reader
from tests.waiting import PATIENCE

# Leaves a trace, and waits at one row until so many lines of it are there.
SLOW = """
import os, time
trace = os.path.join(os.path.dirname(__file__), "trace")
def slow(request):
    with open(trace, "a") as file:
        file.write("x\\n")
    while request.response == "0" and os.path.getsize(trace) < 2 * 15:
        time.sleep(0.01)
    return 1.0
"""
# The first three are graded at once, the others when they may.
HELD_BACK = """
import os, time
go = os.path.join(os.path.dirname(__file__), "go")
def own(request):
    while int(request.response) > 2 and not os.path.exists(go):
        time.sleep(0.01)
    return 1.0
"""


def numbered(count: int) -> Iterator[Numbered]:
    for index in range(count):
        yield Numbered(index, 0, Row(file="f", line=index + 1, fields={"response": str(index)}))


def items(stream: GradingStream) -> list[Item]:
    return [item for batch in stream for item in batch]


@pytest.mark.parametrize("waits", [False, True])
def test_a_fast_reader_waits_for_the_graders(waits: bool) -> None:
    read = 0

    def rows() -> Iterator[Numbered]:
        nonlocal read
        for one in numbered(2000):
            read += 1
            yield one

    with GraderPool("format", workers=1) as pool:
        stream = GradingStream(rows(), pool, window=10, waits=waits)
        batches = iter(stream)
        taken = len(next(batch for batch in batches if batch))
        time.sleep(0.3)
        assert read <= taken + 3 * 10 + 32  # the window, the reader's, and one look ahead
        assert taken + sum(map(len, batches)) == 2000
        assert read == 2000


def test_rows_are_read_up_to_the_window_while_no_grade_is_known(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(HELD_BACK.replace("int(request.response) > 2 and ", ""))

    def rows() -> Iterator[Numbered]:
        for one in numbered(100):
            if one.index == 99:  # no grade is made before
                (tmp_path / "go").touch()
            yield one

    with GraderPool(f"{tmp_path / 'own.py'}:own", workers=1) as pool:
        assert [item.result.score for item in items(GradingStream(rows(), pool, window=128))] == [1.0] * 100


@pytest.mark.parametrize("waits", [False, True])
def test_an_error_of_the_rows_comes_after_the_rows_before_it(waits: bool) -> None:
    def rows() -> Iterator[Numbered]:
        yield from numbered(3)
        raise OSError("the disk is gone")

    with GraderPool("format", workers=1) as pool:
        seen: list[int] = []
        with pytest.raises(OSError, match="the disk is gone"):
            seen.extend(item.index for batch in GradingStream(rows(), pool, waits=waits) for item in batch)
        assert seen == ([0, 1, 2] if waits else seen)


def test_order_is_kept_and_without_it_a_slow_one_is_overtaken(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    with GraderPool(f"{tmp_path / 'slow.py'}:slow", workers=2) as pool:
        assert [item.index for item in items(GradingStream(numbered(20), pool))] == list(range(20))
        (tmp_path / "trace").unlink()
        found = [item.index for item in items(GradingStream(numbered(20), pool, ordered=False))]
        assert sorted(found) == list(range(20))
        assert found.index(0) > 5


@pytest.mark.parametrize("ordered", [True, False])
def test_a_stop_takes_back_what_no_worker_has_begun(tmp_path: Path, ordered: bool) -> None:
    (tmp_path / "own.py").write_text(HELD_BACK)
    with GraderPool(f"{tmp_path / 'own.py'}:own", workers=1) as pool:
        stream = GradingStream(numbered(1000), pool, ordered=ordered)
        seen: list[int] = []
        stopped = False
        for batch in stream:
            seen += [item.index for item in batch]
            if stopped:  # and what waited has been taken back
                (tmp_path / "go").touch()
            elif len(seen) == 3:
                stream.stop()
                stopped = True
        assert 3 <= len(seen) < 20
        assert seen == sorted(seen)


def test_a_stop_that_comes_while_rows_are_read_leaves_out_none_before_the_last(tmp_path: Path) -> None:
    """As a signal does: what it takes back stands at the end, and nothing behind it is read."""
    (tmp_path / "own.py").write_text("import time\ndef own(request):\n    time.sleep(0.01)\n    return 1.0\n")

    def rows() -> Iterator[Numbered]:
        for one in numbered(1000):
            if one.index == 100:
                stream.stop()
            yield one

    with GraderPool(f"{tmp_path / 'own.py'}:own", workers=1) as pool:
        stream = GradingStream(rows(), pool)
        found = [item.index for item in items(stream)]
    assert found == list(range(len(found)))
    assert len(found) < 150


def test_a_caller_that_stops_ends_the_reader() -> None:
    reader = _Reader(numbered(10_000), 4, lambda *_: None)
    reader.start()
    while not reader.some(1):
        time.sleep(0.01)
    reader.wanted.clear()
    reader.join(timeout=PATIENCE)
    assert not reader.is_alive()


# --- the cache -------------------------------------------------------------------------------------------------------


def grade(folder: Path, *options: str, reward: str = "math") -> tuple[int, list[dict[str, object]], dict[str, object]]:
    report = folder / "summary.json"
    out = folder / "out.jsonl"
    command = ["grade", str(folder / "in.jsonl"), "--reward", reward, "--out", str(out), "--summary", str(report)]
    status = main([*command, "--cache", str(folder / "cache"), *options])
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    return status, rows, json.loads(report.read_text())


def test_grades_are_taken_from_the_cache_and_hits_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"id": i, "response": f"it is {i}", "reference": str(i % 3)} for i in range(10)]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    _, first, said = grade(tmp_path)
    assert said["cached"] == 0
    (tmp_path / "in.jsonl").write_text("".join(json.dumps({**row, "id": "new"}) + "\n" for row in rows[::-1]))
    _, second, said = grade(tmp_path)
    assert said["cached"] == 10
    assert "10 of 10 grades were known from before (--cache)" in capsys.readouterr().err
    assert [row["score"] for row in second] == [row["score"] for row in first][::-1]
    _, _, said = grade(tmp_path, reward="{reward: math, parameters: {policy: strict}}")
    assert said["cached"] == 0


def test_a_changed_reward_and_what_could_not_be_judged_are_graded_again(tmp_path: Path) -> None:
    own = tmp_path / "own.py"
    own.write_text("def own(request):\n    return None if request.response == 'x' else 1.0\n")
    (tmp_path / "in.jsonl").write_text('{"response": "x"}\n{"response": "y"}\n')
    reward = f"{own}:own"
    assert grade(tmp_path, reward=reward)[2]["cached"] == 0
    status, _, said = grade(tmp_path, reward=reward)
    assert (status, said["cached"]) == (3, 1)


def test_a_reward_that_compares_is_known_by_all_it_compares(tmp_path: Path) -> None:
    (tmp_path / "rank.py").write_text(
        "from rewards import reward\n"
        "@reward('longest', batched=True)\n"
        "def longest(requests):\n"
        "    top = max(len(r.response) for r in requests)\n"
        "    return [float(len(r.response) == top) for r in requests]\n"
    )
    (tmp_path / "in.jsonl").write_text('{"responses": ["a", "bb"]}\n{"responses": ["a"]}\n')
    reward = f"{tmp_path / 'rank.py'}:longest"
    assert [row["score"] for row in grade(tmp_path, reward=reward)[1]] == [0.0, 1.0, 1.0]
    _, rows, said = grade(tmp_path, reward=reward)
    assert [row["score"] for row in rows] == [0.0, 1.0, 1.0]
    assert said["cached"] == 3
    (tmp_path / "in.jsonl").write_text('{"responses": ["a", "bb", "ccc"]}\n')
    _, rows, said = grade(tmp_path, reward=reward)
    assert [row["score"] for row in rows] == [0.0, 0.0, 1.0]
    assert said["cached"] == 0


def test_a_cache_that_cannot_be_used_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in.jsonl").write_text('{"response": "x"}\n')
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "grades.sqlite").write_text("no database, " * 100)
    assert main(["grade", str(tmp_path / "in.jsonl"), "--reward", "format", "--cache", str(tmp_path / "cache")]) == 1
    assert "cannot be used" in capsys.readouterr().err


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("column", ["response", "more"])
def test_long_rows_are_read_a_few_ahead(column: str, waits: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many characters are on their way, however few rows they are."""
    for name, value in (("WINDOW_BYTES", 10_000), ("_CHUNK_BYTES", 1_000)):
        monkeypatch.setattr(f"rlvr.offline.stream.{name}", value)
    read = 0

    def rows() -> Iterator[Numbered]:
        nonlocal read
        for index in range(300):
            read += 1
            yield Numbered(index, 0, Row(file="f", line=index + 1, fields={"response": "x", column: "x" * 1000}))

    with GraderPool("format", workers=1) as pool:
        batches = iter(GradingStream(rows(), pool, waits=waits))
        taken = len(next(batch for batch in batches if batch))
        time.sleep(0.3)
        assert read <= taken + 2 * 10 + 5
        assert taken + sum(map(len, batches)) == 300
