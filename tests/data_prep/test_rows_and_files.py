"""Problem files: four formats, streamed, atomic, with every bad row named."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from data_prep import (
    BadFile,
    BadRow,
    BadRowFile,
    DataNotFound,
    Problem,
    data_hash,
    iter_problems,
    read_problems,
    write_problems,
)
from data_prep.rows import _rows_at_once, iter_rows, parse_line
from data_prep.writing import write_rows
from rewards.types import AnyOf, CountdownReference, DataReference, MathReference, Message, NoReference

FORMATS = (".jsonl", ".jsonl.gz", ".jsonl.zst", ".parquet")

PROBLEMS = [
    Problem.make(question="1+1=?", reference=MathReference(answer="2"), source="a", tags=("x", "y"), reward="math"),
    Problem.make(question="roots", reference=MathReference(answer=("1", "-1"), policy="strict")),
    Problem.make(question="π ≈ ?\u2028", reference=MathReference(answer=AnyOf(("3.14", "22/7")))),
    Problem.make(question="reach 6", reference=CountdownReference(numbers=(1, 2, 3), target=6)),
    Problem.make(question="free", reference=NoReference()),
    Problem.make(question="own", reference=DataReference(value={"a": [1, None, "{"], "type": "x"})),
    Problem.make(
        question=(Message(role="system", content="Be brief."), Message(role="user", content="Hi\nthere")),
        reference=MathReference(answer='{"not": "json"'),
    ),
    Problem.make(question="a set", reference=MathReference(answer="{1,2}")),
]


@pytest.mark.parametrize("suffix", FORMATS)
def test_problems_come_back_as_they_were_written(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"some{suffix}"
    assert write_problems(path, PROBLEMS) == len(PROBLEMS)
    assert read_problems(path) == PROBLEMS


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_same_problems_give_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    first, second = tmp_path / f"first{suffix}", tmp_path / f"second{suffix}"
    write_problems(first, PROBLEMS)
    write_problems(second, PROBLEMS)
    assert first.read_bytes() == second.read_bytes()
    assert data_hash(first) == data_hash(second)


def test_the_data_hash_is_that_of_the_files_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"1\n")
    assert data_hash(path) == hashlib.sha256(b"1\n").hexdigest()  # what `sha256sum a.jsonl` prints
    with pytest.raises(DataNotFound, match=r"nowhere\.jsonl"):
        data_hash(tmp_path / "nowhere.jsonl")


@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip), max_size=5))
def test_any_text_survives_every_format(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    problems = [Problem.make(question=text, reference=MathReference(answer=text), tags=(text,)) for text in texts]
    folder = tmp_path_factory.mktemp("texts")
    for suffix in FORMATS:
        write_problems(folder / f"x{suffix}", problems)
        assert read_problems(folder / f"x{suffix}") == problems


def test_a_parquet_file_of_others_is_read_with_struct_and_text_references(tmp_path: Path) -> None:
    struct, text = tmp_path / "struct.parquet", tmp_path / "text.parquet"
    fields = {"type": "math", "answer": "4", "policy": None}
    parquet.write_table(pa.table({"prompt": ["2+2"], "reference": [fields]}), struct)
    parquet.write_table(pa.table({"prompt": ["2+2"], "reference": ["{1, 2}"]}), text)
    assert read_problems(struct)[0].reference == MathReference(answer="4")
    assert read_problems(text)[0].reference == MathReference(answer="{1, 2}")


def test_a_parquet_file_holds_its_references_after_another_program_rewrote_it(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    write_problems(path, PROBLEMS)
    plain = pa.Table.from_pylist(parquet.read_table(path).to_pylist())  # no metadata of ours is left
    parquet.write_table(plain, path)
    assert read_problems(path) == PROBLEMS


def test_ids_of_the_file_are_kept_and_missing_ones_are_made(tmp_path: Path) -> None:
    path = tmp_path / "ids.jsonl"
    path.write_text('{"id": 0, "prompt": "a", "reference": 3}\n{"prompt": "a", "reference": 3}\n')
    first, second = read_problems(path)
    assert first.id == "0"
    assert second.id == Problem.make(question="a", reference=MathReference(answer="3")).id


# --- bad rows ---------------------------------------------------------------------------------------------------------

GOOD = '{"prompt": "a", "reference": "1"}'

BAD_LINES = [
    ("{broken", "", "JSON object"),
    ("[1, 2]", "", "object"),
    ('"text"', "", "object"),
    ('{"reference": "1"}', "messages", "messages"),
    ('{"prompt": "  ", "reference": "1"}', "prompt", "not empty"),
    ('{"prompt": 7, "reference": "1"}', "prompt", "7"),
    ('{"messages": [{"role": "user"}], "reference": "1"}', "messages", "content"),
    ('{"prompt": "a", "reference": ""}', "reference", "not empty"),
    ('{"prompt": "a", "reference": {"type": "math", "answer": ["1", " "]}}', "reference", "not empty"),
    ('{"prompt": "a", "reference": {"type": "maths"}}', "reference", "maths"),
    ('{"prompt": "a", "reference": NaN}', "reference", "finite"),
    ('{"prompt": "a", "reference": "1", "tags": "x"}', "tags", "list"),
    ('{"prompt": "half \\ud83d", "reference": "1"}', "", "UTF-8"),
    ("[" * 100_000, "", "JSON"),
    ('{"prompt": "a", "reference": ' + "9" * 5000 + "}", "", "JSON"),
]


@pytest.mark.parametrize(("line", "field", "expected"), BAD_LINES, ids=[line[:30] for line, _, _ in BAD_LINES])
def test_a_bad_row_is_named_by_file_line_field_and_what_was_expected(
    tmp_path: Path, line: str, field: str, expected: str
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(f"{GOOD}\n\n{line}\n{GOOD}\n")
    with pytest.raises(BadRow) as caught:
        read_problems(path)
    assert (caught.value.file, caught.value.line, caught.value.field) == (str(path), 3, field)
    assert expected in caught.value.reason
    assert str(caught.value).startswith(f"{path}, line 3")
    assert len(str(caught.value)) < 600


def test_bytes_that_are_not_utf8_are_a_bad_row(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(GOOD.encode() + b'\n{"prompt": "\xff"}\n')
    with pytest.raises(BadRow, match=r"line 2: expected UTF-8"):
        read_problems(path)


@pytest.mark.parametrize("fault", [b"\xff", b"\\ud800"], ids=["bytes", "surrogate"])
def test_a_fault_of_encoding_has_one_reason_wherever_it_is(fault: bytes) -> None:
    """Reports count rows by reason."""
    reasons = set()
    for line in (b'{"prompt": "%b"}', b'{"question": "%b"}'):
        with pytest.raises(BadRow, match="expected UTF-8") as caught:
            parse_line("a.jsonl", 2, line % fault)
        reasons.add(caught.value.reason)
    assert len(reasons) == 1


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.encode() + b"\r\n" + GOOD.encode())
    assert len(read_problems(path)) == 2


def test_bad_rows_are_skipped_and_written_aside_with_their_reason(tmp_path: Path) -> None:
    path, out = tmp_path / "in.jsonl.gz", tmp_path / "out.parquet"
    with gzip.open(path, "wt") as stream:
        stream.write("\n".join([GOOD, *(line for line, _, _ in BAD_LINES), GOOD]))
    with BadRowFile(out) as bad:
        assert write_problems(out, iter_problems(path, on_bad=bad)) == 2
    records = [json.loads(line) for line in (tmp_path / "out.parquet.bad.jsonl").read_text().splitlines()]
    assert bad.count == len(records) == len(BAD_LINES)
    assert [record["line"] for record in records] == list(range(2, 2 + len(BAD_LINES)))
    assert [record["field"] for record in records] == [field for _, field, _ in BAD_LINES]
    assert [record["row"] for record in records] == [line for line, _, _ in BAD_LINES]
    assert all(record["reason"] and record["file"] == str(path) for record in records)


def test_a_run_without_bad_rows_removes_the_bad_rows_of_an_earlier_one(tmp_path: Path) -> None:
    aside = tmp_path / "out.jsonl.bad.jsonl"
    aside.write_text("old\n")
    with BadRowFile(tmp_path / "out.jsonl"):
        pass
    assert not aside.exists()


def test_a_run_that_fails_leaves_the_bad_rows_of_an_earlier_one(tmp_path: Path) -> None:
    aside = tmp_path / "out.jsonl.bad.jsonl"
    aside.write_text("old\n")

    def interrupted() -> None:
        with BadRowFile(tmp_path / "out.jsonl") as bad:
            bad(BadRow("new"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert aside.read_text() == "old\n"
    assert [path.name for path in tmp_path.iterdir()] == [aside.name]


# --- whole files ------------------------------------------------------------------------------------------------------


def test_a_gzip_file_that_is_cut_off_says_after_which_line(tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl.gz"
    whole = gzip.compress("".join(f'{{"prompt": "{n}", "reference": {n}}}\n' for n in range(5000)).encode())
    path.write_bytes(whole[: len(whole) // 2])
    rows = iter_problems(path, on_bad=lambda _error: None)
    with pytest.raises(BadFile, match=r"cut\.jsonl\.gz: cannot be read after line \d{3}"):
        list(rows)


def test_files_that_are_not_what_their_name_says_are_named(tmp_path: Path) -> None:
    for name in ("a.jsonl.gz", "a.parquet"):
        (tmp_path / name).write_text("no such format")
        with pytest.raises(BadFile, match=name.replace(".", r"\.")):
            read_problems(tmp_path / name)
    with pytest.raises(BadFile, match=r"\.jsonl, \.jsonl\.gz, \.jsonl\.zst, \.parquet"):
        read_problems(tmp_path / "a.csv")
    with pytest.raises(DataNotFound, match=r"none\.jsonl"):
        read_problems(tmp_path / "none.jsonl")
    (tmp_path / "folder.jsonl").mkdir()
    with pytest.raises(DataNotFound, match="folder"):
        read_problems(tmp_path / "folder.jsonl")


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    write_problems(path, PROBLEMS[:1])

    def failing() -> Iterator[Problem]:
        yield PROBLEMS[1]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_problems(path, failing())
    assert read_problems(path) == PROBLEMS[:1]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_full_disk_is_an_error_with_a_message(suffix: str, tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no /dev/full here")
    target = tmp_path / f"x{suffix}"
    (tmp_path / f"{target.name}.{os.getpid()}.partial").symlink_to(full)
    with pytest.raises(BadFile, match="No space left"):
        write_problems(target, PROBLEMS * 2000)
    assert not target.exists()


def test_a_file_can_be_rewritten_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "same.jsonl"
    write_problems(path, PROBLEMS)
    assert write_problems(path, (problem for problem in iter_problems(path) if problem.source == "a")) == 1
    assert read_problems(path) == PROBLEMS[:1]


MEASURE = """
import re, sys
from pathlib import Path
import pyarrow.parquet
from data_prep import Problem, iter_problems, write_problems
from rewards.types import MathReference

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) // 1024

path, rows, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
reference = MathReference(answer="1")
write_problems(path, [Problem.make(question="0", reference=reference)])  # load what is loaded late
list(iter_problems(path))
before = peak()
problems = (Problem.make(question=f"{n} " + "x" * size, reference=reference) for n in range(rows))
assert write_problems(path, problems) == rows
assert sum(1 for _ in iter_problems(path)) == rows
print(peak() - before)
"""


@pytest.mark.parametrize(
    ("suffix", "rows", "size", "bound"),
    [(".jsonl", 100_000, 100, 30), (".parquet", 40_000, 2000, 90)],  # MB; held together they take 70 and 130
)
def test_rows_are_written_and_read_one_after_the_other_never_held(
    tmp_path: Path, suffix: str, rows: int, size: int, bound: int
) -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("peak memory is read from /proc")
    arguments = [sys.executable, "-c", MEASURE, str(tmp_path / f"many{suffix}"), str(rows), str(size)]
    shown = subprocess.run(arguments, capture_output=True, text=True, check=True, timeout=300).stdout
    assert int(shown) < bound


def test_reading_begins_before_the_file_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(f"{GOOD}\n{{broken\n")
    rows = iter_rows(path)
    assert next(rows).line == 1
    with pytest.raises(BadRow, match="line 2"):
        next(rows)


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".jsonl.zst", ".parquet"])
def test_rows_that_are_passed_over_are_counted(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows{suffix}"
    write_rows(path, [{"id": str(i), "source": ""} for i in range(2500)], {"id": "text", "source": "text"})
    for after in (0, 1, 512, 1024, 1500, 2499, 2500, 3000):  # Parquet: groups of 1,024 rows, read by 512
        read = [(row.line, row.fields["id"]) for row in iter_rows(path, after=after)]
        assert read == [(i + 1, str(i)) for i in range(after, 2500)]


def test_a_zstandard_stream_may_have_several_frames_but_not_break_off(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl.zst"
    write_rows(path, [{"id": str(i * 7919), "source": ""} for i in range(500)], {})
    frame = path.read_bytes()
    path.write_bytes(frame * 2)
    assert sum(1 for _ in iter_rows(path)) == 1000
    path.write_bytes(frame[: len(frame) // 2])
    with pytest.raises(BadFile, match="Truncated"):
        list(iter_rows(path))


@pytest.mark.parametrize(("length", "most"), [(10, 512), (1 << 20, 16), (20 << 20, 1)])
def test_few_long_rows_of_a_parquet_file_are_held_at_a_time(tmp_path: Path, length: int, most: int) -> None:
    texts = [f"{i}" + "x" * length for i in range(3)]
    parquet.write_table(pa.table({"prompt": texts}), tmp_path / "p.parquet", compression="none", use_dictionary=False)
    metadata = parquet.read_metadata(tmp_path / "p.parquet")
    assert max(1, most // 2) <= _rows_at_once(metadata, [0]) <= most
    assert _rows_at_once(metadata, []) == 512
