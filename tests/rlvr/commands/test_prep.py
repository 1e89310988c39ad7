"""`rlvr prep` as a user calls it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from data_prep import read_problems
from data_prep.demonstrations import read_demonstrations
from data_prep.sets import NAMED_SETS
from rewards.types import CountdownReference, MathReference
from rlvr.cli import main

GSM8K = '{"question": "What is 500+500?", "answer": "It is\\n#### 1,000"}\n{"question": "1+1?", "answer": "#### 2"}\n'


@pytest.fixture(autouse=True)
def _no_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RLVR_DATA", raising=False)


def prep(*arguments: object) -> int:
    return main(["prep", *map(str, arguments)])


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".parquet"])
def test_a_named_set_becomes_a_file_of_problems(
    tmp_path: Path, suffix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = tmp_path / "rows.jsonl", tmp_path / f"out{suffix}"
    source.write_text(GSM8K)
    assert prep("gsm8k", "--from", source, "--out", out, "--reward", "math") == 0
    problems = read_problems(out)
    assert [problem.reference for problem in problems] == [MathReference(answer="1000"), MathReference(answer="2")]
    assert {(problem.source, problem.reward) for problem in problems} == {("gsm8k", "math")}
    shown = capsys.readouterr().out
    assert "2 problems read" in shown
    assert f"2 problems written to {out}" in shown
    assert "0 of 2 repeat a question" in shown


def test_all_of_gsm8k_and_math_is_prepared_from_the_data_folder(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RLVR_DATA", str(shared_data))
    train, test = tmp_path / "train.parquet", tmp_path / "test.jsonl.gz"
    assert prep("math", "--split", "test", "--out", test) == 0
    assert prep("math", "--out", train, "--against", test, "--drop-overlap", "--drop-duplicates") == 0
    shown = capsys.readouterr().out
    assert "5000 problems written" in shown
    assert "3 of 7500 repeat a question of the same file and were dropped" in shown
    assert "and were dropped" in shown
    assert len(read_problems(train)) == 7500 - 3 - 4
    for split, rows in (("train", 7473), ("test", 1319)):
        assert prep("gsm8k", "--split", split, "--out", tmp_path / "gsm8k.jsonl") == 0
        assert len(read_problems(tmp_path / "gsm8k.jsonl")) == rows


def test_a_bad_row_stops_it_with_its_place_and_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "rows.jsonl", tmp_path / "out.jsonl"
    source.write_text(GSM8K + '{"question": "?", "answer": "none"}\n')
    assert prep("gsm8k", "--from", source, "--out", out) == 1
    message = capsys.readouterr().err
    assert message.startswith(f"rlvr: {source}, line 3, field 'answer': expected a number after '####', found 'none'")
    assert "--skip-bad" in message
    assert not out.exists()


def test_skip_bad_goes_on_and_writes_bad_rows_aside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "rows.jsonl", tmp_path / "out.parquet"
    source.write_text("{broken\n" + GSM8K + '{"question": "?", "answer": "none"}\n')
    assert prep("gsm8k", "--from", source, "--out", out, "--skip-bad") == 0
    assert len(read_problems(out)) == 2
    records = [json.loads(line) for line in (tmp_path / "out.parquet.bad.jsonl").read_text().splitlines()]
    assert [(record["line"], record["field"]) for record in records] == [(1, ""), (4, "answer")]
    shown = capsys.readouterr().out
    assert re.search(r"2 bad rows skipped and written to .*out\.parquet\.bad\.jsonl; the first: .*line 1", shown)


def test_an_output_never_takes_the_place_of_what_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source, rates = tmp_path / "gsm8k" / "test.jsonl", tmp_path / "rates.jsonl"
    source.parent.mkdir()
    source.write_text(GSM8K)
    rates.write_text('{"id": "a", "pass_rate": 1}\n')
    aside = tmp_path / "out.jsonl.bad.jsonl"
    aside.write_text(GSM8K)
    monkeypatch.setenv("RLVR_DATA", str(tmp_path))
    for arguments in (
        ("jsonl", "--from", source, "--out", source),
        ("gsm8k", "--split", "test", "--out", f"{source.parent}/../gsm8k/test.jsonl"),
        ("countdown", "--count", 5, "--against", source, "--out", source),
        ("countdown", "--count", 5, "--pass-rates", rates, "--out", rates),
        ("arithmetic", "--count", 5, "--out", tmp_path / "a.jsonl", "--against", source, "--demonstrations", source),
        ("jsonl", "--from", aside, "--out", tmp_path / "out.jsonl"),
    ):
        assert prep(*arguments) == 1
        assert "give another" in capsys.readouterr().err
    assert source.read_text() == aside.read_text() == GSM8K
    assert not (tmp_path / "a.jsonl").exists()


def test_skip_bad_is_advised_only_where_it_would_help(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, rates, out = tmp_path / "rows.jsonl", tmp_path / "rates.jsonl", tmp_path / "out.jsonl"
    source.write_text(GSM8K)
    rates.write_text('{"id": "a", "pass_rate": 7}\n')
    for flags in ((), ("--skip-bad",)):
        for option in ("--pass-rates", "--against"):
            assert prep("gsm8k", "--from", source, "--out", out, option, rates, *flags) == 1
            message = capsys.readouterr().err
            assert str(rates) in message
            assert "--skip-bad" not in message


def test_when_all_rows_are_bad_the_first_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "rows.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"question": "?", "answer": "none"}\n')
    assert prep("gsm8k", "--from", source, "--out", out, "--skip-bad") == 1
    assert re.search(r"nothing is left.*\n\s+1 bad row; the first: .*line 1, field 'answer'", capsys.readouterr().err)
    assert not out.exists()


def test_ones_own_rows_are_read_by_columns_that_are_guessed_and_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = tmp_path / "mine.jsonl", tmp_path / "out.jsonl"
    source.write_text(
        '{"n": 1, "problem": "a", "expected_answer": 2.0}\n{"n": 2, "problem": "b", "expected_answer": "x"}\n'
    )
    assert prep("jsonl", "--from", source, "--out", out) == 0
    assert "columns: question from 'problem', answer from 'expected_answer' (form: value)" in capsys.readouterr().out
    assert [(p.messages[0].content, p.reference, p.source) for p in read_problems(out)] == [
        ("a", MathReference(answer="2"), "mine"),
        ("b", MathReference(answer="x"), "mine"),
    ]
    named = ("--question-field", "expected_answer", "--answer-field", "n", "--source", "swapped")
    assert prep("jsonl", "--from", source, "--out", out, *named, "--skip-bad") == 0
    assert [(p.messages[0].content, p.source) for p in read_problems(out)] == [("x", "swapped")]
    assert prep("jsonl", "--from", source, "--out", out, "--answer-field", "gold") == 1
    assert "there is no column 'gold' (the columns are n, problem, expected_answer)" in capsys.readouterr().err


def test_a_prepared_file_can_be_prepared_again(tmp_path: Path) -> None:
    first, second = tmp_path / "first.parquet", tmp_path / "second.jsonl"
    assert prep("countdown", "--count", 30, "--out", first) == 0
    assert prep("jsonl", "--from", first, "--out", second) == 0
    assert read_problems(second) == read_problems(first)


def test_arithmetic_writes_three_files_that_share_no_problem(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train, test, shown = tmp_path / "train.jsonl", tmp_path / "test.jsonl", tmp_path / "demonstrations.jsonl"
    arguments = (
        *("arithmetic", "--count", 300, "--out", train, "--seed", 4, "--terms", 3, "--operations", "+-"),
        *("--held-out", 50, "--held-out-out", test),
        *("--demonstrations", shown, "--demonstration-count", 200, "--worked-share", 0.25),
    )
    assert prep(*arguments) == 0
    assert "200 demonstrations (50 worked)" in capsys.readouterr().out
    demonstrations = read_demonstrations(shown)
    problems = [*read_problems(train), *read_problems(test), *(one.problem for one in demonstrations)]
    assert len({problem.messages for problem in problems}) == 550
    assert sum("=" in one.response for one in demonstrations) == 50
    before = [path.read_bytes() for path in (train, test, shown)]
    assert prep(*arguments) == 0
    assert [path.read_bytes() for path in (train, test, shown)] == before


def test_countdown_takes_its_ranges(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    ranges = ("--numbers", "5", "--largest", 20, "--target", "50-60", "--seed", 2)
    assert prep("countdown", "--count", 25, *ranges, "--out", out) == 0
    references = [problem.reference for problem in read_problems(out)]
    assert all(isinstance(r, CountdownReference) and len(r.numbers) == 5 and 50 <= r.target <= 60 for r in references)
    assert all(isinstance(r, CountdownReference) and max(r.numbers) <= 20 for r in references)


def test_countdown_holds_problems_out_that_are_not_trained_on(tmp_path: Path) -> None:
    train, test, whole = (tmp_path / f"{name}.jsonl" for name in ("train", "test", "whole"))
    small = ("--numbers", "3", "--largest", 9, "--seed", 3)
    assert prep("countdown", "--count", 60, *small, "--out", train, "--held-out", 20, "--held-out-out", test) == 0
    assert prep("countdown", "--count", 80, *small, "--out", whole) == 0
    assert [*read_problems(test), *read_problems(train)] == read_problems(whole)


def test_prompts_are_counted_by_the_tokenizer_and_template_of_the_run(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("transformers")
    source, out = tmp_path / "rows.jsonl", tmp_path / "out.jsonl"
    source.write_text(GSM8K + json.dumps({"question": "word " * 400, "answer": "#### 1"}) + "\n")
    tokenizer = ("--tokenizer", shared_data / "tokenizers" / "gpt2" / "tokenizer.json")
    assert prep("gsm8k", "--from", source, "--out", out, *tokenizer, "--max-prompt-tokens", 100) == 0
    assert "1 of 3 prompts are longer than 100 tokens and were dropped" in capsys.readouterr().out
    assert prep("gsm8k", "--from", source, "--out", out, *tokenizer, "--template", "r1_zero") == 0
    longest = re.search(r"the longest of 3 prompts has (\d+) tokens", capsys.readouterr().out)
    assert longest
    assert int(longest[1]) > 450, "the template's own words are part of the prompt"
    assert prep("gsm8k", "--from", source, "--out", out, *tokenizer, "--template", "chat") == 1
    assert "no chat template" in capsys.readouterr().err
    assert prep("gsm8k", "--from", source, "--out", out, "--tokenizer", source) == 1
    assert f"the tokenizer at '{source}' cannot be loaded" in capsys.readouterr().err


def test_problems_are_filtered_by_measured_pass_rates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    every, some, rates = tmp_path / "every.jsonl", tmp_path / "some.jsonl", tmp_path / "rates.jsonl"
    prep("countdown", "--count", 4, "--out", every)
    rows = [{"id": p.id, "pass_rate": rate} for p, rate in zip(read_problems(every), (0, 0.25, 0.75, 1), strict=True)]
    rates.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert prep("jsonl", "--from", every, "--out", some, "--pass-rates", rates, "--pass-rate", 0.1, 0.9) == 0
    assert read_problems(some) == read_problems(every)[1:3]
    assert "2 of 4 problems have a pass rate in [0.1, 0.9] (1 below, 1 above" in capsys.readouterr().out


def test_a_seed_draws_a_random_part(tmp_path: Path) -> None:
    every, some = tmp_path / "every.jsonl", tmp_path / "some.jsonl"
    prep("countdown", "--count", 50, "--out", every)
    assert prep("jsonl", "--from", every, "--out", some, "--limit", 10, "--seed", 1) == 0
    part = read_problems(some)
    assert len(part) == 10
    assert part != read_problems(every)[:10]
    assert {problem.id for problem in part} <= {problem.id for problem in read_problems(every)}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("gsm8k", "--out", "x.jsonl"), "Set RLVR_DATA"),
        (("gsm8k", "--from", "nope.jsonl", "--out", "x.jsonl"), "no file 'nope.jsonl'"),
        (("countdown", "--count", "5", "--out", "x.csv"), "'x.csv' is of an unknown kind; its name must end in .jsonl"),
        (("countdown", "--out", "x.jsonl", "--drop-overlap"), "--against"),
        (("countdown", "--out", "x.jsonl", "--against", "nope.jsonl"), "no file 'nope.jsonl'"),
        (("countdown", "--out", "x.jsonl", "--max-prompt-tokens", "9"), "give --tokenizer"),
        (("countdown", "--out", "x.jsonl", "--template", "boxd"), "did you mean 'boxed'"),
        (("countdown", "--out", "x.jsonl", "--pass-rate", "0", "0.5"), "--pass-rates FILE"),
        (("countdown", "--out", "x.jsonl", "--numbers", "1-3"), "range within 2 to 10"),
        (("countdown", "--out", "x.jsonl", "--held-out", "5"), "--held-out-out is missing"),
        (("arithmetic", "--out", "x.jsonl", "--held-out", "5"), "--held-out-out is missing"),
        (("arithmetic", "--out", "x.jsonl", "--held-out-out", "y.jsonl"), "--held-out is missing"),
        (("arithmetic", "--out", "x.jsonl", "--demonstration-count", "5"), "no --demonstrations FILE"),
        (("arithmetic", "--out", "x.jsonl", "--demonstrations", "./x.jsonl"), "must be different files"),
        (("arithmetic", "--out", "x.jsonl", "--count", "200000"), "give only 100000"),
        (
            ("arithmetic", "--out", "x.jsonl", "--demonstrations", "d.jsonl", "--max-prompt-tokens", "9"),
            "give --tokenizer",
        ),
        (("arithmetic", "--out", "x.jsonl", "--demonstrations", "d.jsonl", "--worked-share", "2"), "worked_share is 2"),
        (("jsonl", "--from", "hub", "--out", "x.jsonl"), "hub:OWNER/NAME"),
        (("jsonl", "--from", "hub:", "--out", "x.jsonl"), "hub:OWNER/NAME"),
        (("gsm8k", "--from", "hub:a/b/c", "--out", "x.jsonl"), "hub:OWNER/NAME"),
        (("jsonl", "--from", "a" * 5000 + ".jsonl", "--out", "x.jsonl"), "too long"),
        (("countdown", "--out", "x.jsonl", "--largest", "99999999999999999999"), "largest is"),
        (("countdown", "--out", "x.jsonl", "--reward", "cuontdown"), "no reward is called 'cuontdown'"),
        (
            ("jsonl", "--from", "y.jsonl", "--out", "x.jsonl", "--answer-field", "none", "--answer-form", "boxed"),
            "--answer-form",
        ),
    ],
)
def test_mistakes_are_told_in_a_sentence_and_nothing_is_written(
    arguments: tuple[str, ...],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert prep(*arguments) == 1
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("source", ["nope.jsonl", "bad.jsonl"])
def test_a_preparation_that_fails_leaves_no_folder_that_it_made(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.jsonl").write_text(GSM8K + "no row\n" * 3)
    assert prep("gsm8k", "--from", source, "--out", "data/new/x.jsonl") == 1
    assert prep("gsm8k", "--from", source, "--skip-bad", "--against", "nope.jsonl", "--out", "data/new/x.jsonl") == 1
    assert prep("countdown", "--out", "data/new/x.jsonl", "--against", "bad.jsonl") == 1
    assert os.listdir() == ["bad.jsonl"]
    Path("data").mkdir()
    assert prep("gsm8k", "--from", source, "--out", "data/new/x.jsonl") == 1
    assert sorted(os.listdir()) == ["bad.jsonl", "data"], "what was there before stays"
    assert not os.listdir("data")


WRITING = """
import sys, time
from data_prep.files import BadRowFile, write_problems
from data_prep.errors import BadRow
def endless(bad):
    bad(BadRow(field="question", expected="a text", found=None))
    print("writing", flush=True)
    time.sleep(600)
    yield
with BadRowFile(sys.argv[1]) as bad:
    write_problems(sys.argv[1], endless(bad))
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_what_a_killed_preparation_left_goes_with_the_next_and_a_living_one_is_let_be(
    how: signal.Signals, tmp_path: Path
) -> None:
    out = tmp_path / "x.jsonl"
    killed, living = (
        subprocess.Popen([sys.executable, "-c", WRITING, str(out)], stdout=subprocess.PIPE) for _ in range(2)
    )
    try:
        for process in (killed, living):
            assert process.stdout is not None
            assert process.stdout.readline() == b"writing\n"
        killed.send_signal(how)
        killed.wait()
        kept = {f"x.jsonl.{living.pid}.partial", f"x.jsonl.bad.jsonl.{living.pid}.partial", "x.jsonl.old.partial"}
        (tmp_path / "x.jsonl.old.partial").touch()
        (tmp_path / f"other.jsonl.{killed.pid}.partial").touch()
        assert f"x.jsonl.{killed.pid}.partial" in os.listdir(tmp_path)
        (tmp_path / "rows.jsonl").write_text(GSM8K)
        assert prep("gsm8k", "--from", tmp_path / "rows.jsonl", "--out", out) == 0
        kept |= {"x.jsonl", "rows.jsonl", f"other.jsonl.{killed.pid}.partial"}
        assert set(os.listdir(tmp_path)) == kept
    finally:
        for process in (killed, living):
            process.kill()
            process.communicate()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_any_command_in_a_line_even_while_it_is_imported(
    number: signal.Signals, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(number)
    monkeypatch.setattr("rlvr.command_line.commands", lambda: signal.raise_signal(number))
    assert main([]) == status
    assert capsys.readouterr().err == "rlvr: interrupted\n"
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("arguments", [("--count", "0"), ("--seed", "-1"), ("--numbers", "a-b"), ("--limit", "x")])
def test_numbers_that_cannot_be_are_refused_at_once(
    arguments: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        prep("countdown", "--out", "x.jsonl", *arguments)
    message = capsys.readouterr().err
    assert arguments[0] in message
    assert "_positive" not in message, "a function's name says nothing to a user"


@pytest.mark.parametrize("source", [*NAMED_SETS, "jsonl", "arithmetic", "countdown"])
def test_every_source_explains_every_option(source: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        prep(source, "--help")
    assert caught.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    for place, line in enumerate(lines):
        if re.match(r"  -", line):
            told = line[24:].strip() or (lines[place + 1].startswith(" " * 24) and lines[place + 1].strip())
            assert told, f"no help for {line}"


def test_it_works_without_torch_and_transformers(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "for name in ('torch', 'transformers', 'datasets', 'tokenizers', 'peft', 'safetensors'):\n"
        "    sys.modules[name] = None\n"
        "from rlvr.cli import main\n"
        "sys.exit(main(['prep', 'arithmetic', '--count', '10', '--out', sys.argv[1] + '/a.parquet'])\n"
        "  or main(['prep', 'jsonl', '--from', sys.argv[1] + '/a.parquet', '--out', sys.argv[1] + '/b.jsonl'])\n"
        "  or 1 - main(['prep', 'jsonl', '--from', sys.argv[1] + '/b.jsonl', '--out', sys.argv[1] + '/c.jsonl',\n"
        "     '--tokenizer', 'somewhere']))\n"
    )
    arguments = [sys.executable, "-c", script, str(tmp_path)]
    done = subprocess.run(
        arguments, capture_output=True, text=True, timeout=600, env={**os.environ, "HF_HUB_OFFLINE": "1"}
    )
    assert done.returncode == 0, done.stderr
    assert len(read_problems(tmp_path / "b.jsonl")) == 10
    assert "pip install 'rlvr[train]'" in done.stderr
