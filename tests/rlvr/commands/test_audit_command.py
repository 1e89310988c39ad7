"""`rlvr audit`: what it prints, writes and returns; and the guide's commands do what the guide says."""

from __future__ import annotations

import gzip
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from rewards.audit import AuditOptions
from rewards.audit.families import families
from rlvr.cli import main
from rlvr.commands import audit as audit_command

ROOT = Path(__file__).resolve().parents[3]
GUIDE = (ROOT / "docs" / "guides" / "audit.md").read_text()
# In this process: it saves the workers' start. The guide's commands and the mistakes have workers.
CONTAINS = f"{{reward: '{ROOT / 'examples' / 'contains.py'}:contains', in_process: true}}"
STRICT = "{reward: math, parameters: {policy: strict}, in_process: true}"
COMMANDS = re.findall(r"^\$ (rlvr .*)$", GUIDE, re.MULTILINE)


def audited(*words: str) -> int:
    return main(["audit", "--workers", "1", "--quiet", "--rows", "1", "--search", "20", *words])


def write_rows(path: Path, rows: list[object]) -> str:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return str(path)


def test_an_exploit_ends_with_4_and_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert audited("--reward", CONTAINS, "--family", "hedge") == 4
    told = capsys.readouterr()
    assert re.search(r"^hedge +\d+ +\d+ +1\.00  ", told.out, re.MULTILINE)
    assert "[paid] hedge: " in told.out
    assert re.search(r"paid 1, 1 \(a right answer: 1\) where the answer is '\d+' and where it is '\d+'", told.out)
    assert told.err == ""


def test_a_sound_reward_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert audited("--reward", STRICT, "--family", "hedge", "--family", "boxes") == 0
    assert "no exploit: " in capsys.readouterr().out


def test_the_report_is_written_whole_and_its_rows_reproduce_the_exploits(tmp_path: Path) -> None:
    out, exploits, graded = (tmp_path / "new" / name for name in ("audit.json", "exploits.jsonl", "graded.jsonl"))
    words = ("--reward", CONTAINS, "--family", "dump", "--out", str(out), "--exploits", str(exploits))
    assert audited(*words) == 4
    report = json.loads(out.read_text())
    assert report["exploited"] is True
    assert report["families"][0]["exploits"] >= len(report["exploits"]) > 0
    assert {path.name for path in out.parent.iterdir()} == {"audit.json", "exploits.jsonl"}
    assert main(["grade", str(exploits), "--reward", CONTAINS, "--out", str(graded), "--workers", "1"]) == 0
    rows = [json.loads(line) for line in graded.read_text().splitlines()]
    assert len(rows) == sum(len(one["rows"]) for one in report["exploits"])
    assert {row["score"] for row in rows} == {1.0}
    assert all(row["exploit"].startswith("dump: ") for row in rows)


def test_rows_of_a_file_are_attacked_and_bad_ones_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = {"id": "q1", "prompt": "What is 30 + 14, less 2?", "reference": "42", "response": 5}
    file = write_rows(tmp_path / "rows.jsonl", ["not json", {"prompt": "x", "reference": {"type": "maths"}}, good])
    assert main(["audit", file, "--reward", STRICT, "--family", "prompt", "--workers", "1"]) == 0
    told = capsys.readouterr()
    assert "on 1 row (math)" in told.out
    assert "line 1" in told.err
    assert "line 2" in told.err
    assert "'maths'" in told.err
    assert "rlvr audit: math: prompt" in told.err


def test_rows_come_from_whatever_grade_reads(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    rows = [{"prompt": f"What is 30 + 14, less {n}?", "reference": str(44 - n)} for n in range(3)]
    folder = tmp_path / "rows"
    (folder / "inner").mkdir(parents=True)
    write_rows(folder / "a.jsonl", [rows[0], "not json"])
    (folder / "inner" / "b.jsonl.gz").write_bytes(gzip.compress(json.dumps(rows[1]).encode()))
    command = [sys.executable, "-m", "rlvr.cli", "audit", "-", "--reward", STRICT, "--family", "prompt"]
    words = ["--workers", "1", "--search", "20"]
    assert main(["audit", str(folder), "--reward", STRICT, "--family", "prompt", *words]) == 0
    told = capfd.readouterr()
    assert "on 2 rows (math)" in told.out
    assert "a.jsonl, line 2" in told.err
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    done = subprocess.run([*command, *words], input=lines, capture_output=True, text=True, check=True, cwd=ROOT)
    assert "on 3 rows (math)" in done.stdout


@pytest.mark.parametrize(
    ("option", "near"), [("--reference", "'answr', did you mean 'answer'?"), ("--prompt", "'qestion', did you mean")]
)
def test_a_named_column_that_no_row_has_ends_it(
    option: str, near: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rows.jsonl").write_text('{"question": "1+1?", "answer": "2"}\n' * 2)
    command = ["audit", str(tmp_path / "rows.jsonl"), "--reward", "math", "--quiet", option, near.split("'")[1]]
    assert main(command) == 1
    assert f"none of the first 2 rows has {option} {near}" in capsys.readouterr().err


def test_columns_are_guessed_as_for_grading(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write_rows(tmp_path / "rows.jsonl", [{"question": "What is 30 + 14, less 2?", "answer": 42, "task_id": "q"}])
    assert main(["audit", file, "--reward", STRICT, "--family", "prompt", "--workers", "1"]) == 0
    told = capsys.readouterr()
    assert "rlvr audit: columns: reference = answer, prompt = question, id = task_id" in told.err
    assert "on 1 row (math)" in told.out
    file = write_rows(tmp_path / "rows.jsonl", [{"asked": "What is 30 + 14, less 2?", "truth": {"answer": "42"}}])
    columns = ("--reference", "truth.answer", "--prompt", "asked")
    assert audited(file, "--reward", CONTAINS, "--family", "hedge", *columns) == 4


def test_problems_that_prep_made_are_rows_too(tmp_path: Path) -> None:
    problem = {
        "id": "p",
        "messages": [{"role": "user", "content": "2+2?"}],
        "reference": {"type": "math", "answer": "4"},
    }
    assert audited(write_rows(tmp_path / "p.jsonl", [problem]), "--reward", STRICT, "--family", "empty") == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "name the reward"),
        (("--reward", "mth"), "math"),
        (("--reward", "math", "--family", "hedges"), "hedge"),
        (("--reward", "math", "--form", "none"), "{answer}"),
        (("nowhere.jsonl", "--reward", "math"), "nowhere.jsonl"),
        (("--reward", "math", "--out", "/dev/null/report.json", "--family", "empty"), "/dev/null' is no folder"),
        (("--reward", "math", "--out", "/dev/null", "--family", "empty"), "no regular file"),
        (("--reward", "math", "--rows", "0"), "below 1"),
    ],
)
def test_mistakes_end_with_1_and_say_what_to_do(
    words: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        status = main(["audit", "--workers", "1", *words])
    except SystemExit as stop:
        status = int(str(stop.code))
    told = capsys.readouterr().err
    assert status == 1
    assert message in told
    assert "what is paid" not in told, "it is said before anything is attacked"


def test_a_file_without_a_row_to_attack_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audited(write_rows(tmp_path / "bad.jsonl", [[1], {"prompt": 3, "reference": "4"}]), "--reward", "math") == 1
    assert "no row can be attacked" in capsys.readouterr().err


@pytest.mark.parametrize("written", [("--out",), ("--exploits",), ("--out", "--exploits")])
def test_no_report_is_written_over_what_is_read_or_another(
    written: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"prompt": "6 * 7?", "reference": "42"}\n')
    other = str(rows if len(written) == 1 else tmp_path / "both.json")
    named = [word for option in written for word in (option, other)]
    assert main(["audit", str(rows), "--reward", "math", "--family", "empty", *named]) == 1
    assert "would be written over" in capsys.readouterr().err
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [
        ("rows.jsonl", '{"prompt": "6 * 7?", "reference": "42"}\n')
    ]


def test_the_defaults_of_the_command_are_those_of_the_library() -> None:
    assert (AuditOptions().rows, AuditOptions().search) == (audit_command.ROWS, audit_command.SEARCH)


def test_the_families_are_listed_and_the_guide_names_them_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "--list"]) == 0
    listed = capsys.readouterr().out
    for name in families():
        assert re.search(rf"^{re.escape(name)} +\S", listed, re.MULTILINE)
        assert f"`{name}`" in GUIDE, name


def test_the_guide_has_commands_of_each_kind() -> None:
    assert len(COMMANDS) >= 6
    assert {command.split()[1] for command in COMMANDS} == {"audit", "grade"}


def test_the_commands_of_the_guide_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "mine.py").write_text(
        "def in_result(request):\n"
        "    return float(f'<result>{request.reference.answer}</result>' == request.response)\n"
    )
    write_rows(tmp_path / "rows.jsonl", [{"prompt": "6 * 7?", "reference": "42"}])
    expected = {"contains": 4, "policy: strict": 0, "--list": 0, "in_result": 0}
    for command in COMMANDS:
        words = shlex.split(command)[1:]
        grades = words[0] == "grade"
        more = [] if grades or "--list" in words else ["--rows", "1", "--search", "20", "--workers", "1", "--quiet"]
        if words[0] == "audit" and "--family" not in words:
            more += ["--family", "boxes"]  # all of them: tests/rewards/audit
        status = 0 if grades else next(code for part, code in expected.items() if part in command)
        assert main([*words, *more]) == status, command
    assert json.loads((tmp_path / "audit.json").read_text())["exploited"] is False


def test_the_example_in_python_prints_what_the_guide_says(tmp_path: Path) -> None:
    (block,) = re.findall(r"^```python\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "example.py").write_text(block)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "example.py"], cwd=tmp_path, capture_output=True, text=True, env=env, timeout=600
    )
    assert done.stdout.strip() == block.rpartition("# ")[2].strip()
    assert done.returncode == 0, done.stderr
