"""Where rows come from, which of them are taken, and from which on."""

from __future__ import annotations

import datetime
import decimal
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data_prep.errors import DataNotFound
from rlvr.cli import main
from rlvr.errors import ConfigError
from rlvr.offline.ray_engine import _tasks
from rlvr.offline.selection import Selection, Start, lot, lots, numbered_rows, select
from rlvr.offline.sources import find_sources


def lines(path: Path, count: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f'{{"id": {i}, "response": "r{i}"}}\n' for i in range(count)))
    return path


def taken(names: list[str], **choice: object) -> list[tuple[str, int]]:
    sources = find_sources(names)
    selection = select(sources, **{"limit": None, "sample": None, "seed": 0, **choice})  # type: ignore[arg-type]
    return [(Path(n.row.file).name, n.row.line) for n in numbered_rows(sources, selection)]


def test_a_folder_is_all_its_files_in_order_without_what_runs_leave(tmp_path: Path) -> None:
    lines(tmp_path / "b.jsonl", 2)
    lines(tmp_path / "deep" / "a.jsonl", 1)
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b'{"response": "x"}\n'))
    pq.write_table(pa.table({"response": ["x", "y"]}), tmp_path / "c.parquet")
    lines(tmp_path / "out.jsonl", 5)
    lines(tmp_path / "old.jsonl.errors.jsonl", 5)
    lines(tmp_path / "old.parquet.partial" / "part-00000.jsonl", 5)
    lines(tmp_path / ".hidden" / "d.jsonl", 5)
    sources = find_sources([str(tmp_path)], leave_out=[tmp_path / "out.jsonl"])
    assert [Path(s.name).relative_to(tmp_path).as_posix() for s in sources] == [
        *("a.jsonl.gz", "b.jsonl", "c.parquet", "deep/a.jsonl"),
    ]
    assert len(list(numbered_rows(sources, Selection()))) == 6


def test_an_empty_folder_and_an_unknown_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataNotFound, match=r"holds no \.jsonl"):
        find_sources([str(tmp_path)])
    with pytest.raises(DataNotFound, match=r"no file 'nowhere\.jsonl'"):
        find_sources(["nowhere.jsonl"])


def test_a_link_to_nothing_in_a_folder_is_said_and_not_passed_over(tmp_path: Path) -> None:
    lines(tmp_path / "a.jsonl", 2)
    (tmp_path / "b.jsonl").symlink_to(tmp_path / "gone.jsonl")
    with pytest.raises(DataNotFound, match=r"b\.jsonl' is a link to a file that is not there"):
        find_sources([str(tmp_path)])
    (tmp_path / "b.jsonl").unlink()
    (tmp_path / "b.jsonl").symlink_to("b.jsonl")
    with pytest.raises(DataNotFound, match=r"b\.jsonl' is a link to a file that is not there"):
        find_sources([str(tmp_path)])


def test_bytes_are_no_text_to_grade(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = {"id": [1, 2], "response": [b"\\boxed{4}"] * 2, "reference": ["4"] * 2, "raw": [b"\xff"] * 2}
    pq.write_table(pa.table(table), tmp_path / "in.parquet")
    assert main(["grade", str(tmp_path / "in.parquet"), "--reward", "math", "--out", str(tmp_path / "out.jsonl")]) == 3
    assert "field 'response': expected text; its column holds bytes, write them as text" in capsys.readouterr().err
    assert (tmp_path / "out.jsonl").read_text() == ""


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("reference", {"type": "math", "answer": b"4"}),
        ("prompt", [{"role": "user", "content": b"2 + 2"}]),
        ("responses", [b"\\boxed{4}"]),
    ],
)
def test_bytes_within_a_value_are_no_text_to_grade_either(
    column: str, value: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"response": "\\boxed{4}", "reference": "4", column: value}
    if column == "responses":
        del row["response"]
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "in.parquet")
    assert main(["grade", str(tmp_path / "in.parquet"), "--reward", "math", "--out", str(tmp_path / "out.jsonl")]) == 3
    assert f"field '{column}': expected text; its column holds bytes" in capsys.readouterr().err


def test_two_columns_of_one_name_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = pa.array(["\\boxed{4}"])
    table = pa.Table.from_arrays([texts, pa.array(["4"]), texts], names=["response", "reference", "response"])
    pq.write_table(table, tmp_path / "in.parquet")
    assert main(["grade", str(tmp_path / "in.parquet"), "--reward", "math", "--out", str(tmp_path / "out.jsonl")]) == 1
    assert "more than one column is called 'response'" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["in.parquet"]


def test_lots_are_even_and_the_same_one_by_one() -> None:
    many = lots(3, 5, np.arange(1, 5001, dtype=np.uint64))
    assert [int(n) for n in many[:200]] == [lot(3, 5, line) for line in range(1, 201)]
    assert 0.45 < float((many < np.uint64(1 << 63)).mean()) < 0.55
    assert len({lot(seed, file, 1) for seed in range(50) for file in range(50)}) == 2500


def test_a_sample_has_the_number_asked_for_and_depends_on_the_seed_alone(tmp_path: Path) -> None:
    names = [str(lines(tmp_path / f"{i}.jsonl", 400)) for i in range(3)]
    first = taken(names, sample=100)
    assert len(first) == 100
    assert {file for file, _ in first} == {"0.jsonl", "1.jsonl", "2.jsonl"}
    assert first == taken(names, sample=100)
    assert first != taken(names, sample=100, seed=1)
    assert taken(names, sample=5000) == taken(names)
    assert 60 < len(taken(names, sample=0.1)) < 180
    assert taken(names, sample=100, limit=7) == first[:7]


def test_blank_lines_are_no_rows_of_a_sample(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("\n" * 500 + '{"response": "x"}\n' * 20)
    assert len(taken([str(path)], sample=20)) == 20


def test_rows_are_numbered_alike_from_any_place_on(tmp_path: Path) -> None:
    names = [str(lines(tmp_path / f"{i}.jsonl", 50)) for i in range(3)]
    sources = find_sources(names)
    selection = Selection(below=1 << 63, limit=60)
    every = list(numbered_rows(sources, selection))
    assert len(every) == 60
    for at in (0, 1, 30, 59):
        start = Start(file=every[at].file, line=every[at].row.line, index=every[at].index)
        rest = list(numbered_rows(sources, selection, start))
        assert [(n.index, n.file, n.row.line) for n in rest] == [(n.index, n.file, n.row.line) for n in every[at:]]


@pytest.mark.parametrize("end", ["", "\n", "\n\n"])
@pytest.mark.parametrize("size", [1, 300, 100_000])
def test_spans_of_a_file_of_lines_are_its_rows(
    tmp_path: Path, size: int, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rlvr.offline.sources._READ", 64)  # bytes at a time
    made = ["\ufeff{}", "", "no json", *(f'{{"id": {i}, "response": "{"ü" * (i % 90)}"}}' for i in range(60))]
    path = tmp_path / "a.jsonl"
    path.write_text("\r\n".join(made) + end)
    held_together(path, size, fewest={1: 30, 300: 8, 100_000: 1}[size])


@pytest.mark.parametrize(("size", "spans"), [(1, 9), (100_000, 1)])
def test_spans_of_a_table_are_its_row_groups(tmp_path: Path, size: int, spans: int) -> None:
    table = pa.table({"id": range(85), "response": [f"r{i}" * 50 for i in range(85)]})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=10)
    assert held_together(tmp_path / "a.parquet", size, fewest=spans) == spans
    pq.write_table(table.slice(0, 0), tmp_path / "none.parquet")
    assert held_together(tmp_path / "none.parquet", size, fewest=1) == 1


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_an_empty_file_is_one_span(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(gzip.compress(b"") if name.endswith("gz") else b"")
    assert held_together(tmp_path / name, 1, fewest=1) == 1


def held_together(path: Path, size: int, *, fewest: int) -> int:
    """The rows of all spans are those of the file, from any line on; returns how many spans there are."""
    (source,) = find_sources([str(path)])
    whole = [(row.line, str(row)) for row in source.rows()]
    spans = source.spans(size)
    assert len(spans) >= fewest
    for line in {1, *(row[0] for row in whole[::7])}:
        left = [task.span for task in _tasks([source], Start(line=line), size)]
        assert [(row.line, str(row)) for span in left for row in source.rows_of(span)] == [
            row for row in whole if row[0] >= line
        ]
    return len(spans)


def test_a_stream_has_no_number_of_rows_to_draw_from() -> None:
    with pytest.raises(ConfigError, match="give a share"):
        select(find_sources(["-"]), limit=None, sample=10, seed=0)


def test_what_a_table_holds_and_json_has_no_form_for_is_graded_all_the_same(tmp_path: Path) -> None:
    table = {
        "response": ["\\boxed{4}"],
        "answer": [4.0],
        "when": [datetime.datetime(2024, 5, 1, 12)],
        "raw": [b"ab"],
        "exact": [decimal.Decimal("1.50")],
        "weights": [[0.5, float("nan")]],
        "missing": [float("nan")],
        "metadata": [{"day": datetime.date(2024, 5, 1)}],
    }
    pq.write_table(pa.table(table), tmp_path / "a.parquet")
    for out in ("out.jsonl", "out.parquet"):
        command = ["grade", str(tmp_path / "a.parquet"), "--reward", "math", "--out", str(tmp_path / out)]
        assert main([*command, "--workers", "1"]) == 0
    row = json.loads((tmp_path / "out.jsonl").read_text())
    assert row["score"] == 1.0
    assert {name: row[name] for name in table} == {
        "response": "\\boxed{4}",
        "answer": 4.0,
        "when": "2024-05-01T12:00:00",
        "raw": "YWI=",
        "exact": "1.50",
        "weights": [0.5, None],
        "missing": None,
        "metadata": {"day": "2024-05-01"},
    }
    (stored,) = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert stored["weights"] == [0.5, None]
    assert json.loads(stored["metadata"]) == {"day": "2024-05-01"}


@pytest.mark.parametrize(
    "values",
    [
        [2.5, "none"],
        ["none", 2.5],
        [True, "no"],
        [1, 2.5, None, [1]],
        [{"a": 1.5}, {"a": "x"}],
        [[0.5], ["x"]],
        [1.5, {"a": {}}],
        [2.5, 2**70, 10**400],
        [2.5, False],
        [2**53 + 1, None, 2.5],
        [2.5, 8, -(2**53) - 1],
        [[2.5], [2**53 + 1]],
        [{"a": 2**60 + 1, "b": 0}, {"a": 0.5, "b": 0}],
    ],
    ids=[
        *("float", "text", "flag", "list", "objects", "lists", "object", "integers", "flag_later"),
        *("rounded", "rounded_late", "rounded_in_a_list", "rounded_in_an_object"),
    ],
)
@pytest.mark.parametrize(("rows_of_a_part", "rows_of_a_group"), [(1, 1), (9, 1), (9, 4096)])
def test_values_without_a_common_type_are_json_text_in_parquet(
    values: list[object],
    rows_of_a_part: int,
    rows_of_a_group: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rlvr.offline.outputs.PART_ROWS", rows_of_a_part)
    monkeypatch.setattr("data_prep.parquet_rows._GROUP_ROWS", rows_of_a_group)
    rows = [{"response": "\\boxed{1}", "reference": "1", "mixed": value} for value in values]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    out = tmp_path / "out.parquet"
    assert main(["grade", str(tmp_path / "in.jsonl"), "--reward", "math", "--out", str(out), "--workers", "1"]) == 0
    stored = [row["mixed"] for row in pq.read_table(out).to_pylist()]
    texts = [value if value is None or isinstance(value, str) else json.dumps(value) for value in values]
    assert stored == texts


def test_a_column_called_metadata_may_hold_anything(tmp_path: Path) -> None:
    rows = [{"response": "x", "metadata": value} for value in ("text", 5, '{"a": 1}', ["b"], None, "{no json")]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "own.py").write_text("def own(request):\n    return float(len(request.metadata))\n")
    out = tmp_path / "out.jsonl"
    assert main(["grade", str(tmp_path / "in.jsonl"), "--reward", f"{tmp_path / 'own.py'}:own", "--out", str(out)]) == 0
    graded = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(g["metadata"], g["score"]) for g in graded] == [
        (row["metadata"], score) for row, score in zip(rows, [0, 0, 1, 0, 0, 0], strict=True)
    ]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, require: Callable[[str], None]) -> Path:
    """A data set in the hub's format, as `owner/name` in the current folder."""
    del require
    pytest.importorskip("datasets")
    folder = tmp_path / "owner" / "name"
    folder.mkdir(parents=True)
    for split, count in (("train", 3), ("test", 2)):
        rows = [{"question": f"{i}+1?", "completion": f"\\boxed{{{i + 1}}}", "answer": i + 1} for i in range(count)]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_data_set_of_the_hub_is_graded_by_name(hub: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = hub / "out.jsonl"
    command = ["grade", "hub:owner/name", "--reward", "math", "--out", str(out), "--workers", "1"]
    assert main(command) == 1
    assert "has the splits train, test; name one with --split" in capsys.readouterr().err
    assert main([*command, "--split", "test"]) == 0
    graded = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(g["score"], g["completion"]) for g in graded] == [(1.0, "\\boxed{1}"), (1.0, "\\boxed{2}")]
    out.unlink()
    assert main([*command, "--split", "train", "--sample", "2"]) == 0
    assert len(out.read_text().splitlines()) == 2
