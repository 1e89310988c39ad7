"""Odd files are refused with their location, or read as they are; none raises an unexpected exception."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from data_prep import BadFile, BadRow, BadRowFile, DataError, Problem, read_problems
from data_prep.rows import iter_rows
from data_prep.sources.columns import Columns, read
from data_prep.sources.countdown import Kind
from data_prep.sources.jsonl import read_rows

ROW = '{"question": "1+1", "answer": "2"}\n'


def of_column(answer: object, form: str = "value") -> Problem:
    return read({"question": "?", "answer": answer}, Columns(question=("question",), answer=("answer",), form=form))


def write_parquet(path: Path, columns: dict[str, object]) -> None:
    parquet.write_table(pa.table(columns), path)


@pytest.mark.parametrize("damaged", [range(4, 60), range(-120, -20)], ids=["pages", "footer"])
def test_parquet_that_is_damaged_inside_is_a_bad_file(tmp_path: Path, damaged: range) -> None:
    path = tmp_path / "rows.parquet"
    write_parquet(path, {"question": ["1", "2"], "answer": ["1", "2"]})
    content = bytearray(path.read_bytes())
    for place in damaged:
        content[place] ^= 0x5A
    path.write_bytes(content)
    with pytest.raises(BadFile, match=r"rows\.parquet: cannot be read as Parquet"):
        list(iter_rows(path))


def test_parquet_values_that_python_cannot_hold_are_a_bad_file(tmp_path: Path) -> None:
    not_utf8 = pa.StringArray.from_buffers(
        1, pa.py_buffer(b"\x00\x00\x00\x00\x02\x00\x00\x00"), pa.py_buffer(b"\xff\xfe")
    )
    for column in (not_utf8, pa.array([1 << 62], pa.duration("s"))):
        path = tmp_path / "rows.parquet"
        write_parquet(path, {"question": ["1"], "answer": ["2"], "more": column})
        with pytest.raises(BadFile, match=r"cannot be read as Parquet after row 0"):
            list(iter_rows(path))


def test_a_key_that_stands_twice_in_a_row_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"question": "1", "answer": "2", "answer": "3"}\n')
    with pytest.raises(BadRow, match=r"line 1: expected a JSON object.*'answer' stands twice"):
        list(iter_rows(path))


def test_a_key_that_stands_twice_in_a_reference_of_a_table_is_refused_and_the_rest_is_read(tmp_path: Path) -> None:
    path, bad = tmp_path / "rows.parquet", list[BadRow]()
    right, twice = '{"type": "math", "answer": "1"}', '{"type": "math", "answer": "1", "answer": "2"}'
    write_parquet(path, {"question": ["1", "2", "3"], "reference": [right, twice, r"{1, 2}"]})
    read = [row.fields["reference"] for row in iter_rows(path, bad.append)]
    assert read == [{"type": "math", "answer": "1"}, r"{1, 2}"]
    assert [(error.line, error.field) for error in bad] == [(2, "reference")]
    assert "the key 'answer' stands twice" in bad[0].reason


@pytest.mark.parametrize("field", ["question", "answer", "reference"])
@pytest.mark.parametrize("depth", [50, 900, 970, 980, 985, 2000, 100_000])
def test_no_depth_of_nesting_ends_in_a_recursion_error(tmp_path: Path, field: str, depth: int) -> None:
    path = tmp_path / "rows.jsonl"
    nested = "[" * depth + "]" * depth
    row = {"question": '"1"', "reference": '"1"'}
    row[field] = f'{{"type": "data", "value": {nested}}}' if field == "reference" else nested
    path.write_text("{" + ", ".join(f'"{name}": {value}' for name, value in row.items()) + "}\n")
    bad: list[BadRow] = []
    rows = list(iter_rows(path, bad.append))
    if depth < 200:
        assert len(rows) == 1
    else:
        assert not rows
        assert "nested" in bad[0].reason


def test_a_whole_number_too_long_for_python_is_refused_in_our_words(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(f'{{"question": "1", "answer": {"9" * 5000}}}\n')
    with pytest.raises(BadRow, match=r"a whole number in it has more than 4300 digits; write it as text, in quotes$"):
        list(iter_rows(path))


def test_whole_numbers_of_any_length_are_read_or_refused() -> None:
    assert of_column(10**400).reference.to_dict()["answer"] == "1" + "0" * 400
    for answer in ("--5", "-", "5-", "9" * 5000):
        with pytest.raises(BadRow, match="expected a whole number"):
            of_column(answer, "integer")
    assert of_column("-073", "integer").reference.to_dict()["answer"] == "-73"


def test_what_is_written_can_be_read_again_so_blank_questions_and_answers_are_bad_rows() -> None:
    columns = Columns(question=("messages",), answer=("reference",))
    blank = {"messages": [{"role": "user", "content": " "}], "reference": "2"}
    with pytest.raises(BadRow, match="field 'messages': expected a text that is not empty"):
        read(blank, columns)
    nothing = {"messages": [{"role": "user", "content": "?"}], "reference": {"type": "math", "answer": " "}}
    with pytest.raises(BadRow, match="field 'reference': expected an answer that is not empty"):
        read(nothing, columns)


def test_a_reference_with_a_number_that_json_lacks_is_a_bad_row_of_its_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"messages": [{"role": "user", "content": "?"}], "reference": {"type": "data", "value": 1e999}}\n')
    with pytest.raises(BadRow, match=r"rows\.jsonl, line 1, field 'reference'"):
        read_problems(path)


def test_a_file_without_rows_is_named(tmp_path: Path) -> None:
    path = tmp_path / "empty.jsonl"
    path.write_text("\n")
    with pytest.raises(DataError, match=r"empty\.jsonl"):
        read_rows(iter_rows(path), file=str(path))


def test_a_published_file_in_place_of_problems_says_how_problems_are_made(tmp_path: Path) -> None:
    path = tmp_path / "test.jsonl"
    path.write_text(ROW)
    with pytest.raises(BadRow, match=r"line 1, field 'messages': .*rlvr prep"):
        read_problems(path)


def test_a_name_that_is_too_long_for_the_file_system_is_a_bad_file() -> None:
    with pytest.raises(BadFile, match="too long"):
        list(iter_rows("a" * 5000 + ".jsonl"))


@pytest.mark.skipif(os.geteuid() != 0, reason="another user's folder takes root to make")
def test_a_folder_that_may_not_be_entered_is_a_bad_file(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "rows.jsonl").write_text(ROW)
    code = (
        "import os, sys, traceback\n"
        "from data_prep.rows import iter_rows\n"
        "from data_prep.errors import BadFile\n"
        "os.setuid(65534)\n"
        "try:\n"
        "    list(iter_rows(sys.argv[1]))\n"
        "except BadFile as error:\n"
        "    print(error)\n"
    )
    for folder in (tmp_path, *tmp_path.parents):
        folder.chmod(folder.stat().st_mode | 0o011)
        if folder == Path("/tmp"):
            break
    asked = [sys.executable, "-c", code, str(closed / "rows.jsonl")]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=300, check=False)
    assert "Permission denied" in done.stdout, done.stderr


def test_bad_rows_that_cannot_be_written_at_the_end_are_a_bad_file(tmp_path: Path) -> None:
    (tmp_path / "out.jsonl.bad.jsonl").mkdir()  # stands where the file of bad rows goes
    with pytest.raises(BadFile, match=r"out\.jsonl\.bad\.jsonl"), BadRowFile(tmp_path / "out.jsonl") as bad:
        bad(BadRow(field="answer", expected="a number", found="x"))
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl.bad.jsonl"]


def test_countdown_numbers_beyond_what_is_drawn_are_refused() -> None:
    with pytest.raises(DataError, match="largest is"):
        Kind(largest=10**23)
