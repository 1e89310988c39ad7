"""`rlvr grade`: rows in, graded rows out, whatever the rows hold."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data_prep.errors import BadRow
from data_prep.rows import Row
from rlvr.cli import main
from rlvr.offline.asking import requests_of
from tests.waiting import PATIENCE

TEXT, OBJECT = "response must be a string", "expected a JSON object"
ROOT = Path(__file__).resolve().parents[3]
BOXED = {"response": "so \\boxed{4}", "reference": "4"}


def write_lines(path: Path, rows: Sequence[object]) -> Path:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def read_lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def grade_file(path: Path, *options: str, reward: str = "math") -> tuple[int, list[dict[str, object]]]:
    out = path.with_name("graded.jsonl")
    status = main(["grade", str(path), "--reward", reward, "--out", str(out), "--workers", "1", *options])
    return status, read_lines(out)


def test_a_row_becomes_a_graded_row_with_its_own_columns(tmp_path: Path) -> None:
    row = {"id": "q7", "prompt": "2+2?", **BOXED, "finish": "stop", "level": [3, {"a": None}], "note": "ä"}
    status, (graded,) = grade_file(write_lines(tmp_path / "in.jsonl", [row]))
    assert status == 0
    assert {name: graded[name] for name in row} == row
    assert graded["sample"] == 0
    assert (graded["score"], graded["correctness"], graded["verdict"]) == (1.0, 1.0, "correct")
    assert graded["extracted"] == "4"
    assert str(graded["reward"]).startswith("math@")
    assert {"reason", "parts", "seconds"} <= graded.keys()
    assert "steps" not in graded


def test_responses_become_one_row_each(tmp_path: Path) -> None:
    row = {"id": 5, "responses": ["\\boxed{4}", "\\boxed{5}", ""], "reference": {"type": "math", "answer": ["4"]}}
    status, graded = grade_file(write_lines(tmp_path / "in.jsonl", [row]))
    assert status == 0
    assert [g["sample"] for g in graded] == [0, 1, 2]
    assert [g["response"] for g in graded] == row["responses"]
    assert [g["score"] for g in graded] == [1.0, 0.0, 0.0]
    assert all(g["id"] == 5 and "responses" not in g and g["reference"] == row["reference"] for g in graded)


def test_a_row_without_an_id_is_known_by_its_line(tmp_path: Path) -> None:
    _, graded = grade_file(write_lines(tmp_path / "in.jsonl", [BOXED, "", BOXED]))
    assert [g["id"] for g in graded] == [1, 3]


def test_a_null_id_is_no_id(tmp_path: Path) -> None:
    _, graded = grade_file(write_lines(tmp_path / "in.jsonl", [{"id": None, **BOXED}]))
    assert [g["id"] for g in graded] == [1]


def test_bad_rows_are_named_and_the_rest_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows: list[object] = [
        BOXED,
        "not json",
        [1],
        {"reference": "4"},
        {"response": "4", "responses": ["4"]},
        {"response": 4, "reference": "4"},
        {"responses": [], "reference": "4"},
        {"responses": ["4", 5], "reference": "4"},
        {"response": "4", "reference": {"type": "maths"}},
        {"response": "4", "reference": "4", "finish": "why"},
        '{"response": "4", "reference": "4", "x": NaN}',
        '{"response": "\\ud83d", "reference": "4"}',
        {"response": "4", "refrence": "4"},
        {"response": "4", "reference": {"type": "choice", "answer": "A"}},
        BOXED,
    ]
    path = write_lines(tmp_path / "in.jsonl", rows)
    status, graded = grade_file(path)
    assert status == 3
    assert [g["id"] for g in graded] == [1, 15]
    errors = read_lines(tmp_path / "graded.jsonl.errors.jsonl")
    assert [e["line"] for e in errors] == list(range(2, 15))
    told = capsys.readouterr().err
    for error, expected in zip(
        errors,
        [
            "JSON object",
            "JSON object",
            "neither",
            "both",
            TEXT,
            "at least one text",
            TEXT,
            "'maths'",
            "'why'",
            "what JSON has a form for",
            "UTF-8",
            "has no reference, and math@22 needs a reference of type math; name its column with --reference",
            "needs a reference of type math, not choice",
        ],
        strict=True,
    ):
        assert expected in str(error["reason"]), error
        assert str(error["reason"]) in told
        assert f"line {error['line']}" in told
    assert "13 bad rows" in told


def test_of_bad_rows_alike_a_few_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    alike = ['{"response": "5"}'] * 60
    path = write_lines(tmp_path / "in.jsonl", [*alike, "nonsense", BOXED])
    status, graded = grade_file(path)
    told = capsys.readouterr().err
    assert (status, len(graded)) == (3, 1)
    assert len(read_lines(tmp_path / "graded.jsonl.errors.jsonl")) == 61
    assert [f"line {n}," in told or f"line {n}:" in told for n in (1, 5, 6, 60, 61)] == [True, True, False, False, True]
    assert "further rows with this fault are counted: reference: the row has no reference" in told
    assert "61 bad rows" in told


def test_errors_of_an_earlier_run_do_not_stay(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "in.jsonl", ["nonsense"])
    assert grade_file(path) == (3, [])
    assert (tmp_path / "graded.jsonl.errors.jsonl").exists()
    write_lines(path, [BOXED])
    assert grade_file(path)[0] == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["graded.jsonl", "in.jsonl"]


def test_a_response_that_cannot_be_judged_is_status_3(tmp_path: Path) -> None:
    rewards = tmp_path / "lazy_rewards.py"
    rewards.write_text("def lazy(request):\n    return None if 'x' in request.response else 1.0\n")
    rows = [{"response": "a"}, {"response": "x"}]
    status, graded = grade_file(write_lines(tmp_path / "in.jsonl", rows), reward=f"{rewards}:lazy")
    assert status == 3
    assert [(g["score"], g["verdict"]) for g in graded] == [(1.0, "scored"), (None, "ungraded")]


def test_a_composition_is_named_as_yaml(tmp_path: Path) -> None:
    rows = [
        {"response": "<think>a</think><answer>4</answer>", "reference": "4"},
        {"response": "\\boxed{4}", "reference": "4"},
    ]
    status, graded = grade_file(write_lines(tmp_path / "in.jsonl", rows), reward="{gate: format, then: math}")
    assert status == 0
    assert [g["score"] for g in graded] == [1.0, 0.0]
    assert graded[0]["parts"] == {"format": 1.0, "math": 1.0}


def test_a_reward_that_compares_gets_the_responses_of_a_row_together(tmp_path: Path) -> None:
    rewards = tmp_path / "rank_rewards.py"
    rewards.write_text(
        "from rewards import reward\n"
        "@reward('most', batched=True)\n"
        "def most(requests):\n"
        "    top = max(len(r.response) for r in requests)\n"
        "    return [len(r.response) == top for r in requests]\n"
    )
    rows = [{"responses": ["a", "bbb", "cc"]}, {"responses": ["a", "b"]}]
    _, graded = grade_file(write_lines(tmp_path / "in.jsonl", rows), reward=f"{rewards}:most")
    assert [g["score"] for g in graded] == [0.0, 1.0, 0.0, 1.0, 1.0]


@pytest.mark.parametrize("suffix", [".jsonl.gz", ".parquet"])
def test_packed_files_are_read_too(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"in{suffix}"
    rows = [{"id": "a", **BOXED}, {"id": "b", "response": "\\boxed{5}", "reference": "4"}]
    if suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        path.write_bytes(gzip.compress("".join(json.dumps(r) + "\n" for r in rows).encode()))
    status, graded = grade_file(path)
    assert status == 0
    assert [(g["id"], g["score"]) for g in graded] == [("a", 1.0), ("b", 0.0)]


def test_graded_rows_can_be_graded_again(tmp_path: Path) -> None:
    _, once = grade_file(write_lines(tmp_path / "in.jsonl", [{"id": "a", "sample": 3, **BOXED}]))
    (tmp_path / "graded.jsonl").rename(tmp_path / "again.jsonl")
    _, twice = grade_file(tmp_path / "again.jsonl")
    assert [{**g, "seconds": 0} for g in once] == [{**g, "seconds": 0} for g in twice]
    assert once[0]["sample"] == 3


def test_graded_rows_are_not_written_over_while_they_are_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    grade_file(write_lines(tmp_path / "in.jsonl", [BOXED]))
    graded = tmp_path / "graded.jsonl"
    before = graded.read_bytes()
    assert main(["grade", str(graded), "--reward", "math", "--out", str(graded)]) == 1
    assert "is one of the files to grade" in capsys.readouterr().err
    assert graded.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.jsonl", "--reward", "math"], "no file 'nowhere.jsonl'"),
        (["in.jsonl", "--reward", "maht"], "did you mean 'math'"),
        (["in.jsonl", "--reward", "{gate: format"], "is not YAML"),
        (["in.jsonl", "--reward", "{reward:math}"], "a colon of YAML needs a blank behind it"),
        (["in.jsonl", "--reward", "math:strict"], "parameters of math are given as '{reward: math, parameters:"),
        (["in.jsonl", "--reward", "math", "--workers", "0"], "workers must be"),
        (["in.jsonl", "--reward", "math", "--deadline", "0"], "deadline must be a positive number of seconds, not 0"),
        (["in.jsonl", "--reward", "math", "--out", "out.jsonl.gz"], "written as JSONL or Parquet"),
        (["in.jsonl", "--reward", "math", "--out", "in.jsonl"], "no graded row: it would be written over"),
        ([".", "--reward", "math", "--out", "in.jsonl"], "no graded row: it would be written over"),
        (["in.jsonl", "--reward", "math", "--limit", "0"], "--limit is 0"),
        (["in.jsonl", "--reward", "math", "--sample", "1.5"], "--sample is 1.5"),
        (["in.jsonl", "--reward", "math", "--split", "test"], "concern data sets of the hub"),
        (["in.csv", "--reward", "math"], "no file 'in.csv'"),
        (["-", "-", "--reward", "math"], "named twice"),
        (["", "--reward", "math"], "the name of a file is ''"),
        (["in.jsonl", "--reward", "math", "--out", ""], "--out is ''"),
        (["in.jsonl", "--reward", "math", "--out", "in.jsonl/x"], "cannot write"),
    ],
)
def test_a_mistake_is_status_1_and_says_what_is_wrong(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    write_lines(tmp_path / "in.jsonl", [BOXED])
    assert main(["grade", *arguments]) == 1
    assert message in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["in.jsonl"]


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["grade", "in.jsonl", "--rewrad", "math"], "'--rewrad' is not known, did you mean '--reward'?"),
        (
            ["grade", "in.jsonl", "--reward", "math", "--wrokers=2"],
            "'--wrokers' is not known, did you mean '--workers'",
        ),
        (["grade", "in.jsonl", "--reward", "math", "--reward", "format"], "'math' and 'format'; combine them, as in"),
        (["gade", "in.jsonl"], "'gade' is not known, did you mean 'grade'?"),
        (
            ["grade", "x.jsonl", "--reward", "math", "--resume"],
            "--resume; the same command resumes by itself what was int",
        ),
        (["audit", "--kind", "x"], "unrecognized arguments: --kind (rlvr audit --help"),
        (["prep", "gsm8kk", "--out", "x.jsonl"], "'gsm8kk' is not known, did you mean 'gsm8k'?"),
    ],
)
def test_a_misspelt_option_or_command_is_told_the_nearest(
    arguments: list[str], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(arguments)
    assert meant in capsys.readouterr().err


@pytest.mark.parametrize("command", ["grade", "validate", "audit", "eval", "serve-rewards"])
def test_seconds_for_one_grade_have_one_name(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    told = capsys.readouterr().out
    assert "--deadline S" in told
    assert "--timeout" not in told


def test_the_former_name_of_the_deadline_is_understood(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = write_lines(tmp_path / "in.jsonl", [BOXED])
    assert main(["grade", str(rows), "--reward", "math", "--timeout", "7", "--dry-run"]) == 0
    assert "7 s for a grade" in capsys.readouterr().out


def test_files_named_twice_and_files_that_change_meanwhile_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_lines(tmp_path / "in.jsonl", [BOXED])
    before = (tmp_path / "in.jsonl").stat().st_size
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text("def grows(request):\n    open('in.jsonl', 'a').write('\\n')\n    return 1.0\n")
    assert main(["grade", "in.jsonl", "./in.jsonl", "--reward", "./own.py:grows", "--out", "out.jsonl"]) == 0
    told = capsys.readouterr().err
    assert "in.jsonl is named more than once; its rows are graded each time" in told
    assert f"in.jsonl had {before} bytes when the run began and has {before + 2} now" in told


def test_a_file_that_breaks_off_leaves_what_was_graded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    packed = gzip.compress(
        "".join(json.dumps({"id": i, **BOXED, "pad": os.urandom(50).hex()}) + "\n" for i in range(500)).encode()
    )
    (tmp_path / "in.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    out = tmp_path / "graded.jsonl"
    assert main(["grade", str(tmp_path / "in.jsonl.gz"), "--reward", "math", "--out", str(out), "--workers", "1"]) == 1
    assert "cannot be read after line" in capsys.readouterr().err
    assert not out.exists()
    partial = read_lines(tmp_path / "graded.jsonl.partial")
    assert 0 < len(partial) < 500
    assert [g["id"] for g in partial] == list(range(len(partial)))


# --- as a process ---------------------------------------------------------------------------------------------------


def start(
    *arguments: str, code: str = "import sys; from rlvr.cli import main; sys.exit(main())"
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", code, "grade", *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip


def test_each_answer_is_written_before_the_next_row_comes() -> None:
    process = start("-", "--reward", "math", "--workers", "1")
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        for index in range(3):
            process.stdin.write(json.dumps({"id": index, **BOXED}).encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == index  # while standard input is still open
        rest, told = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert (process.returncode, rest) == (0, b"")
    assert b"graded 3 responses: 3 correct" in told


def test_answers_keep_the_order_of_the_rows_when_the_first_is_the_slowest(tmp_path: Path) -> None:
    rewards = tmp_path / "slow_rewards.py"
    rewards.write_text(
        "import time\ndef slow(request):\n    time.sleep(0.5 if request.problem_id == '0' else 0)\n    return 1.0\n"
    )
    rows = [{"id": i, "response": "r"} for i in range(20)]
    _, graded = grade_file(write_lines(tmp_path / "in.jsonl", rows), "--workers", "2", reward=f"{rewards}:slow")
    assert [g["id"] for g in graded] == list(range(20))


def test_grading_needs_no_torch() -> None:
    blocked = (
        "import sys\n"
        "for name in ('torch', 'transformers', 'peft', 'safetensors', 'tokenizers'): sys.modules[name] = None\n"
        "from rlvr.cli import main\n"
        "sys.exit(main())\n"
    )
    process = start("-", "--reward", "math", "--workers", "1", code=blocked)
    answer, told = process.communicate(json.dumps(BOXED).encode() + b"\n", timeout=PATIENCE)
    assert process.returncode == 0, told.decode()
    assert json.loads(answer)["score"] == 1.0


def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    process = start("-", "--reward", "format", "--workers", "1")
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdout.close()
    process.stdin.write(b'{"response": "a"}\n' * 50)
    process.stdin.flush()
    with process.stderr:  # type: ignore[union-attr]
        told = process.stderr.read()  # type: ignore[union-attr]
    assert process.wait(timeout=PATIENCE) in (0, 1)
    assert b"Traceback" not in told
    assert b"Fatal" not in told
    process.stdin.close()


def test_a_full_disk_and_closed_streams_are_errors_with_a_message(tmp_path: Path) -> None:
    rows = write_lines(tmp_path / "in.jsonl", [BOXED])
    grade = f"{sys.executable} -m rlvr.cli grade {{}} --reward format --workers 1"
    for redirected, message in (
        (grade.format(rows) + " > /dev/full", "rlvr: cannot write standard output: No space left on device"),
        (grade.format(rows) + " >&-", "rlvr: standard output is closed; name a file with --out"),
        (grade.format("-") + " <&-", "rlvr: standard input is closed; name a file, or give rows on standard input"),
    ):
        ran = subprocess.run(redirected, shell=True, capture_output=True, text=True, cwd=ROOT, timeout=300, check=False)
        assert (ran.returncode, ran.stderr.splitlines()) == (1, [message])


def test_an_output_that_cannot_grow_leaves_its_partial_file(tmp_path: Path) -> None:
    rows = write_lines(tmp_path / "in.jsonl", [BOXED] * 50)
    (tmp_path / "graded.jsonl.partial").symlink_to("/dev/full")
    process = start(str(rows), "--reward", "format", "--workers", "1", "--out", str(tmp_path / "graded.jsonl"))
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert told.decode().startswith("rlvr: cannot write ")
    assert b"No space left on device" in told
    assert b"Traceback" not in told
    assert not (tmp_path / "graded.jsonl").exists()


def test_an_empty_column_of_a_parquet_file_is_no_response() -> None:
    fields = {"response": None, "responses": ["a", "b"]}
    assert [r.response for r in requests_of(Row(file="f", line=1, fields=fields))] == ["a", "b"]
    with pytest.raises(BadRow, match="nothing in 'response'"):
        requests_of(Row(file="f", line=1, fields={"response": None}))


def test_help_says_everything(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["grade", "--help"])
    assert stopped.value.code == 0
    text = capsys.readouterr().out
    for word in ("--reward", "--out", "--workers", "--deadline", "responses", "Exit status", "countdown"):
        assert word in text


def test_a_closed_standard_error_changes_nothing_of_what_is_written(tmp_path: Path) -> None:
    rows = write_lines(tmp_path / "in.jsonl", [BOXED, "nonsense"])
    command = f"{sys.executable} -m rlvr.cli grade {rows} --reward math --workers 1 2>&-"
    ran = subprocess.run(command, shell=True, capture_output=True, text=True, cwd=ROOT, timeout=300, check=False)
    assert ran.returncode == 3
    assert [json.loads(line)["score"] for line in ran.stdout.splitlines()] == [1.0]


def test_a_pipe_with_a_name_is_read_as_a_stream(tmp_path: Path) -> None:
    rows = write_lines(tmp_path / "in.jsonl", [BOXED, BOXED])
    command = f"{sys.executable} -m rlvr.cli grade <(cat {rows}) --reward math --workers 1"
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=ROOT, timeout=300, check=False)
    assert (ran.returncode, len(ran.stdout.splitlines())) == (0, 2), ran.stderr


PRINTS = """
import ctypes, os, sys
print("imported")
os.write(1, b"as bytes\\n")
def prints(request):
    print("graded")
    os.system("echo from a program")
    sys.__stdout__.write("held back\\n")
    ctypes.CDLL(None).printf(b"from C\\n")
    return 1.0
"""


@pytest.mark.parametrize("how", ["./prints.py:prints", "{reward: './prints.py:prints', in_process: true}"])
def test_rows_on_standard_output_are_alone_there_whatever_a_reward_prints(tmp_path: Path, how: str) -> None:
    (tmp_path / "prints.py").write_text(PRINTS)
    write_lines(tmp_path / "in.jsonl", [BOXED, BOXED])
    command = [sys.executable, "-m", "rlvr.cli", "grade", "in.jsonl", "--reward", how, "--workers", "1"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": ""}
    ran, unheard = (
        subprocess.run(each, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=300, check=True)
        for each in (command, ["sh", "-c", 'exec "$@" 2>&-', "sh", *command])
    )
    for each in (ran, unheard):
        assert [json.loads(line)["score"] for line in each.stdout.splitlines()] == [1.0, 1.0]
    here = ("held back", "from C") if "in_process" in how else ()  # a worker ends without writing these
    for said in ("imported", "as bytes", "graded", "from a program", *here):
        assert f"\n{said}\n" in f"\n{ran.stderr}"


def test_a_reader_of_what_is_said_who_goes_away_changes_nothing_of_what_is_written(tmp_path: Path) -> None:
    write_lines(tmp_path / "in.jsonl", [BOXED, "nonsense", BOXED])
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "rlvr.cli", "grade", "in.jsonl", "--reward", "math", "--workers", "1"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran, refused = (
        subprocess.run([*command, *more], stderr=writing, cwd=tmp_path, env=environment, timeout=300, check=False)
        for more in (["--out", "out.jsonl"], ["--limit", "0"])
    )
    os.close(writing)
    assert (ran.returncode, refused.returncode) == (3, 1)
    assert [row["score"] for row in read_lines(tmp_path / "out.jsonl")] == [1.0, 1.0]
