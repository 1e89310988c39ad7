"""What `--clean` keeps of a user's own rows."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data_prep.files import read_problems
from data_prep.validation.run import dropped_path, validate
from data_prep.validation.validator import Settings

ROWS = [
    {"question": f"How much is {n} + {n}?", "answer": str(2 * n), "level": n, "about": {"page": [n, None]}}
    for n in range(11, 16)
]


def cleaned(data: Path, clean: Path) -> list[dict[str, object]]:
    """The rows that are kept, as they are written."""
    validate(str(data), settings=Settings(near=False), clean=clean, workers=1)
    assert len(read_problems(clean)) > 0  # they can be trained on
    if clean.suffix == ".parquet":
        return list(pq.read_table(clean).to_pylist())
    return [json.loads(line) for line in clean.read_text().splitlines()]


def lines(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("clean", ["fit.jsonl", "fit.parquet"])
def test_the_columns_of_a_users_rows_are_kept(tmp_path: Path, clean: str) -> None:
    kept = cleaned(lines(tmp_path / "in.jsonl", [dict(row) for row in ROWS]), tmp_path / clean)
    assert [{name: row[name] for name in ROWS[0]} for row in kept] == ROWS
    assert [row["messages"] for row in kept] == [[{"role": "user", "content": row["question"]}] for row in ROWS]


def test_a_row_that_is_dropped_keeps_its_columns_too(tmp_path: Path) -> None:
    bad = {"question": "What is 8 + 1? The answer is 9.", "answer": "9", "level": "easy", "line": 70}
    cleaned(lines(tmp_path / "in.jsonl", [*map(dict, ROWS), bad]), tmp_path / "fit.jsonl")
    (dropped,) = map(json.loads, dropped_path(tmp_path / "fit.jsonl").read_text().splitlines())
    assert (dropped["level"], dropped["line"], dropped["reference"]["answer"]) == ("easy", 6, "9")


@pytest.mark.parametrize("clean", ["fit.jsonl", "fit.parquet"])
def test_id_source_and_tags_of_a_row_are_those_of_the_problem(tmp_path: Path, clean: str) -> None:
    named: list[dict[str, object]] = [
        {**ROWS[0], "id": 7, "source": "mine", "tags": ["a", "b"]},
        {**ROWS[1], "id": "x", "source": None, "tags": "a"},
        {**ROWS[2], "id": None, "tags": None},
    ]
    cleaned(lines(tmp_path / "in.jsonl", named), tmp_path / clean)
    problems = read_problems(tmp_path / clean)
    assert [(one.source, one.tags) for one in problems] == [("mine", ("a", "b")), ("", ("a",)), ("", ())]
    assert [one.id for one in problems[:2]] == ["7", "x"]
    assert len(problems[2].id) == 16  # by its content


def test_cleaning_again_changes_nothing(tmp_path: Path) -> None:
    once = cleaned(lines(tmp_path / "in.jsonl", [dict(row) for row in ROWS]), tmp_path / "once.jsonl")
    assert cleaned(tmp_path / "once.jsonl", tmp_path / "twice.jsonl") == once


@pytest.mark.parametrize("clean", ["fit.jsonl", "fit.parquet"])
def test_values_that_json_lacks_are_kept_in_a_form_that_it_has(tmp_path: Path, clean: str) -> None:
    when = datetime.datetime(2024, 5, 1)
    rows = [{**row, "when": when, "share": float("nan"), "raw": b"ab"} for row in ROWS]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "in.parquet")
    kept = cleaned(tmp_path / "in.parquet", tmp_path / clean)
    assert {(row["when"], row["share"], row["raw"]) for row in kept} == {(when.isoformat(), None, "YWI=")}
