"""What an evaluation writes, and the sets it reads."""

from __future__ import annotations

import json
from pathlib import Path
from types import MappingProxyType

import pyarrow.parquet as pq
import pytest

from data_prep.errors import BadFile, BadRow, DataNotFound
from data_prep.files import write_problems
from data_prep.pass_rates import PassRateFilter, read_pass_rates
from data_prep.problem import Problem
from data_prep.rows import iter_rows
from rewards import grade
from rewards.types import Finish, GradeRequest, GradeResult, MathReference
from rlvr.errors import ConfigError
from rlvr.evaluation.files import SCHEMA, write_evaluation, write_pass_rates, write_samples, write_summary
from rlvr.evaluation.report import make_report, plain_lines
from rlvr.evaluation.result import EvaluatedSample, Evaluation, summarise
from rlvr.evaluation.sets import label, load_set, load_sets

PROBLEMS = [
    Problem.make(question=f"{i}+1=", reference=MathReference(answer=str(i + 1)), source="sums") for i in range(3)
]


def sample(index: int, k: int, grade: GradeResult, response: str = "\\boxed{1}") -> EvaluatedSample:
    return EvaluatedSample(
        problem=PROBLEMS[index],
        problem_index=index,
        sample_index=k,
        prompt=f"{index}+1=",
        response=response,
        tokens=9,
        finish=Finish.STOP,
        reward="math@1",
        grade=grade,
        strict=grade.correctness,
        lenient=grade.correctness,
        format=0.0,
    )


def made() -> Evaluation:
    """Three problems with two samples each: pass rates 1, 0.5 and none."""
    right, wrong = GradeResult.correct(extracted="1"), GradeResult.wrong("differs from 2", extracted="1")
    lost = GradeResult.ungraded("the worker died")
    parts = GradeResult(
        score=0.5,
        correctness=0.0,
        verdict=wrong.verdict,
        extracted="1",
        parts=MappingProxyType({"math": 0.0, "x": None}),
    )
    grades = [[right, right], [right, parts], [lost, lost]]
    samples = [sample(i, k, g) for i, row in enumerate(grades) for k, g in enumerate(row)]
    return summarise(samples, PROBLEMS, samples=2, temperature=1.0, seed=0)


def test_samples_in_parquet_and_in_jsonl_hold_the_same(tmp_path: Path) -> None:
    assert write_samples(tmp_path / "a.jsonl", made()) == 6
    assert write_samples(tmp_path / "a.parquet", made()) == 6
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    table = pq.read_table(tmp_path / "a.parquet")
    assert table.schema.equals(SCHEMA)
    rows = table.to_pylist()
    for row in rows:
        row.update({name: json.loads(row[name]) for name in ("reference", "parts", "details")})
    assert rows == lines
    assert lines[3]["parts"] == {"math": 0.0, "x": None}
    assert lines[4]["score"] is None
    assert not list(tmp_path.glob("*partial*"))


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_a_file_of_samples_can_be_graded_again(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"again.{suffix}"
    write_samples(path, made())
    requests = [GradeRequest.from_dict(row.fields) for row in iter_rows(path)]
    found = grade("math", requests, workers=1)
    assert [r.correctness for r in found] == [1.0, 1.0, 0.0, 0.0, 0.0, 0.0]  # the gold is 1, 2 and 3
    assert [r.sample_id for r in requests] == [0, 1] * 3


def test_pass_rates_are_what_the_data_filter_reads(tmp_path: Path) -> None:
    path = tmp_path / "sums.pass_rates.jsonl"
    assert write_pass_rates(path, made()) == 2  # the third problem has no graded sample
    rates = read_pass_rates(path)
    assert rates == {PROBLEMS[0].id: 1.0, PROBLEMS[1].id: 0.5}
    kept = filter(PassRateFilter(rates, low=0.1, high=0.9).keep, PROBLEMS)
    assert [p.id for p in kept] == [PROBLEMS[1].id, PROBLEMS[2].id]


def test_a_problem_that_stands_twice_has_one_pass_rate(tmp_path: Path) -> None:
    right, wrong = GradeResult.correct(), GradeResult.wrong("differs")
    twice = [PROBLEMS[0], PROBLEMS[0]]
    samples = [sample(0, 0, right), sample(0, 0, wrong)]
    pairs = [
        EvaluatedSample(**{**{f: getattr(s, f) for f in s.__slots__}, "problem_index": i})
        for i, s in enumerate(samples)
    ]
    evaluation = summarise(pairs, twice, samples=1, temperature=0.0, seed=0)
    write_pass_rates(tmp_path / "rates.jsonl", evaluation)
    assert read_pass_rates(tmp_path / "rates.jsonl") == {PROBLEMS[0].id: 0.5}


def test_a_summary_never_appears_half_written(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    write_summary(path, {"a": 1.0})
    with pytest.raises(ValueError):
        write_summary(path, {"a": float("nan")})
    assert json.loads(path.read_text()) == {"a": 1.0}
    assert [p.name for p in tmp_path.iterdir()] == ["summary.json"]


def test_an_unknown_format_or_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'csv'; known: jsonl, parquet"):
        write_evaluation(tmp_path, "sums", made(), format="csv")
    (tmp_path / "file").write_text("")
    with pytest.raises(BadFile, match="cannot write"):
        write_samples(tmp_path / "file" / "a.parquet", made())


# --- the table ------------------------------------------------------------------------------------------------------


def test_the_plain_table_lines_up_and_shows_the_paired_difference() -> None:
    right, wrong = GradeResult.correct(extracted="1"), GradeResult.wrong("differs", extracted="2")

    def answers(grades: list[GradeResult]) -> Evaluation:
        return summarise([sample(i, 0, g) for i, g in enumerate(grades)], PROBLEMS, samples=1, temperature=0.0, seed=0)

    report = make_report("sums", answers([right, right, wrong]), answers([right, wrong, wrong]), notes=["a note"])
    lines = plain_lines(report)
    assert lines[0] == "sums: 3 problems, 1 greedy response each"
    assert lines[1].split("  ")[0] == "metric"
    accuracy = next(line for line in lines if line.startswith("avg@1"))
    assert "0.333 [0.000, 1.000]" in accuracy
    assert "0.667 [0.000, 1.000]" in accuracy
    assert "+0.333 [+0.000, +1.000]" in accuracy
    assert len({line.index("0.") for line in lines[2:4]}) == 1
    assert lines[-1] == "a note"


def test_the_table_of_one_model_has_no_difference() -> None:
    report = make_report("sums", made())
    assert report.head == ("metric", "model")
    assert ("ungraded", "0.333") in report.rows
    assert report.title == "sums: 3 problems, 2 sampled (temperature 1) responses each"


# --- sets -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "count"),
    [("gsm8k", 1319), ("gsm8k:train", 7473), ("math500", 500), ("aime24", 30), ("aime25", 30), ("amc23", 40)],
)
def test_named_sets_come_from_the_data_folder(
    name: str, count: int, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RLVR_DATA", str(shared_data))
    problems = load_set(name)
    assert len(problems) == count
    assert all(p.messages and isinstance(p.reference, MathReference) for p in problems)


def test_sets_have_the_label_of_their_name_or_file(tmp_path: Path) -> None:
    path = tmp_path / "held_out.jsonl.gz"
    write_problems(path, PROBLEMS)
    assert load_sets([str(path)], limit=2) == {"held_out": PROBLEMS[:2]}
    assert label("gsm8k:train") == "gsm8k-train"


def test_an_empty_split_is_that_of_the_name_alone() -> None:
    assert label("gsm8k:") == label("gsm8k") == "gsm8k"


def test_two_sets_of_one_label_are_refused(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write_problems(tmp_path / folder / "same.jsonl", PROBLEMS)
    with pytest.raises(ConfigError, match="are called 'same'"):
        load_sets([str(tmp_path / "a/same.jsonl"), str(tmp_path / "b/same.jsonl")])


def test_a_set_that_is_not_there_is_an_error_with_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(DataNotFound, match="did you mean 'math500'"):
        load_set("math50")
    with pytest.raises(DataNotFound, match=r"no file .*nowhere.jsonl"):
        load_set(str(tmp_path / "nowhere.jsonl"))
    with pytest.raises(DataNotFound, match="no split 'valid'"):
        load_set("gsm8k:valid")
    (tmp_path / "bad.jsonl").write_text('{"reference": "1"}\n')
    with pytest.raises(BadRow, match="line 1"):
        load_set(str(tmp_path / "bad.jsonl"))
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(ConfigError, match="no problems"):
        load_sets([str(tmp_path / "empty.jsonl")])
