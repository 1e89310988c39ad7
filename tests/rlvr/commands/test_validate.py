"""`rlvr validate`: the commands of its guide, what they print, write and exit with."""

from __future__ import annotations

import gzip
import json
import re
import shlex
from pathlib import Path

import pytest

from rlvr.cli import main

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "guides" / "validate.md"


def commands() -> list[list[str]]:
    """The commands of the guide."""
    return [shlex.split(line)[1:] for line in re.findall(r"^\$ (rlvr .*)$", GUIDE.read_text(), re.MULTILINE)]


def rows(path: Path, *answers: str) -> Path:
    path.write_text(
        "".join(json.dumps({"question": f"Question {n}?", "answer": a}) + "\n" for n, a in enumerate(answers))
    )
    return path


def test_the_guides_commands_run(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RLVR_DATA", str(shared_data))
    monkeypatch.chdir(tmp_path)
    (example,) = re.findall(r"```jsonl\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    (tmp_path / "train.jsonl").write_text(example)
    own, named = commands()
    assert main([*named, "--limit", "120", "--workers", "1"]) == 0
    assert "fit to train on" in capsys.readouterr().out
    assert main(own) == 3
    out = capsys.readouterr().out
    assert re.search(r"error +1 +golds that the reward cannot judge +\[gold_ungraded\]\n +line 2 ", out)
    assert "2 problems written to fit.jsonl, the others to fit.jsonl.dropped.jsonl" in out
    assert len((tmp_path / "fit.jsonl").read_text().splitlines()) == 2
    assert json.loads((tmp_path / "fit.jsonl.dropped.jsonl").read_text())["reasons"][0]["check"] == "gold_ungraded"
    assert json.loads((tmp_path / "report.json").read_text())["kept"] == 2
    assert "gold_ungraded" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.jsonl"], "no file 'nowhere.jsonl'"),
        (["gsm9k"], "did you mean 'gsm8k'?"),
        (["gsm8k:dev"], "gsm8k has no split 'dev'; it has train, test"),
        (["rows.jsonl", "--skip", "dupes"], "there is no check 'dupes'; did you mean 'duplicate'?"),
        (["rows.jsonl", "--form", "boxd"], "form is 'boxd'"),
        (["rows.jsonl", "--reward", "maths"], "'math'"),
        (["rows.jsonl", "--max-prompt-tokens", "5"], "give --tokenizer PATH"),
        (["rows.jsonl", "--clean", "rows.jsonl"], "would be written over"),
        (["rows.jsonl", "--json", "rows.jsonl"], "--json 'rows.jsonl' is read"),
        (["rows.jsonl", "--clean", "fit.jsonl", "--html", "fit.jsonl"], "would be written over"),
        (["rows.jsonl", "--clean", "fit.jsonl", "--json", "fit.jsonl.dropped.jsonl"], "would be written over"),
        ([".", "--html", "rows.jsonl"], "--html 'rows.jsonl' is read"),
        (["gsm8k:test", "--against", "rows.jsonl", "--json", "rows.jsonl"], "would be written over"),
        (["rows.jsonl", "--clean", "rows.txt"], "its name must end in"),
        (["rows.jsonl", "--against", "nowhere.jsonl"], "no file 'nowhere.jsonl'"),
    ],
)
def test_a_mistake_is_named_and_nothing_is_written(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    shared_data: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("RLVR_DATA", str(shared_data))
    monkeypatch.chdir(tmp_path)
    rows(tmp_path / "rows.jsonl", "1", "2")
    assert main(["validate", *arguments]) == 1
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["rows.jsonl"]


def test_a_file_without_a_row_says_what_stands_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "noise.jsonl"
    path.write_bytes(b"\x00\xff\xfe")
    assert main(["validate", str(path)]) == 1
    assert "noise.jsonl holds no rows that can be read; the first: " in capsys.readouterr().err


def test_prompts_are_counted_with_the_tokenizer_and_template_of_the_run(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = rows(tmp_path / "rows.jsonl", "1", "2")
    tokenizer = str(shared_data / "tokenizers" / "gpt2" / "tokenizer.json")
    options = ["--tokenizer", tokenizer, "--template", "boxed", "--max-prompt-tokens", "10"]
    assert main(["validate", str(data), "--no-near", *options]) == 3
    assert re.search(r"error +2 +prompts that are too long", capsys.readouterr().out)


def test_columns_of_any_name_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "rows.jsonl"
    data.write_text("".join(json.dumps({"ask": f"Question {n}?", "say": f"so #### {n}"}) + "\n" for n in range(3)))
    named = ["--question-field", "ask", "--answer-field", "say"]
    assert main(["validate", str(data)]) == 1
    assert "--question-field" in capsys.readouterr().err
    assert main(["validate", str(data), *named]) == 0
    assert main(["validate", str(data), *named, "--answer-form", "boxed"]) == 1
    capsys.readouterr()
    assert main(["validate", "gsm8k", *named]) == 1
    assert "gsm8k has columns of its own" in capsys.readouterr().err


def test_reports_are_written_where_nothing_is_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = rows(tmp_path / "rows.jsonl", r"\frac{1}{", r"\frac{2}{")
    options = ["--clean", str(tmp_path / "fit.jsonl"), "--json", str(tmp_path / "report.json")]
    assert main(["validate", str(data), *options]) == 3
    assert "nothing is left, and nothing written to" in capsys.readouterr().out
    assert json.loads((tmp_path / "report.json").read_text())["kept"] == 0
    assert not (tmp_path / "fit.jsonl").exists()
    assert len((tmp_path / "fit.jsonl.dropped.jsonl").read_text().splitlines()) == 2


def test_folders_files_and_standard_input_are_read_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    rows(folder / "a.jsonl", "1", "2")
    with gzip.open(folder / "b.jsonl.gz", "wt") as packed:
        packed.write(json.dumps({"question": "Question 1?", "answer": "2"}) + "\n")
    piped = rows(tmp_path / "piped.jsonl", "7", r"\frac{1}{", "9")
    with piped.open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        options = ["--no-near", "--clean", str(folder / "fit.jsonl")]
        assert main(["validate", str(folder), "-", *options]) == 3
    out = capsys.readouterr().out
    assert re.search(r"a\.jsonl, .*b\.jsonl\.gz, standard input: 6 rows", out)
    assert re.search(r"question from 'question', answer from 'answer'", out)
    assert re.search(r"b\.jsonl\.gz, line 1 \(\w+\): it is .*a\.jsonl, line 2 ", out)
    assert re.search(r"standard input, line 2 \(\w+\): ", out)
    assert len((folder / "fit.jsonl").read_text().splitlines()) == 3
    assert main(["validate", str(folder), "-", "gsm8k"]) == 1
    assert "gsm8k is a set by name and stands alone" in capsys.readouterr().err
    assert main(["validate", str(tmp_path / "none"), "--no-near"]) == 1
    assert main(["validate", str(folder), "--split", "test"]) == 1
    assert "--split and --subset concern data sets of the hub" in capsys.readouterr().err


def test_a_known_set_to_compare_with_is_its_test_split_unless_another_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "gsm8k").mkdir()
    asked = {"train": "How old is she?", "test": "Which number of apples do they carry home?"}
    lines = {split: json.dumps({"question": asked[split], "answer": "Four.\n#### 4"}) + "\n" for split in asked}
    (tmp_path / "gsm8k" / "train.jsonl.gz").write_bytes(gzip.compress(lines["train"].encode()))
    (tmp_path / "gsm8k" / "test.jsonl").write_text(lines["test"])
    monkeypatch.setenv("RLVR_DATA", str(tmp_path))
    data = tmp_path / "rows.jsonl"
    data.write_text(json.dumps({"question": asked["test"], "answer": "4"}) + "\n")
    for named, status in (("gsm8k", 3), ("gsm8k:train", 0)):
        assert main(["validate", str(data), "--against", named, "--workers", "1"]) == status
        assert f"compared with gsm8k:{named.partition(':')[2] or 'test'}" in capsys.readouterr().out
