"""Filters in order, counted and shown; pass rates; nothing written when nothing is left."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from data_prep import BadRow, DataError, Problem, read_problems, write_problems
from data_prep.pass_rates import PassRateFilter, read_pass_rates
from data_prep.preparation import Preparation, prepare
from rewards.types import MathReference


def problem(question: str, answer: str = "1") -> Problem:
    return Problem.make(question=question, reference=MathReference(answer=answer))


ROWS = [problem(f"question {name}") for name in ("one", "two", "three", "four", "five")]


def rates_file(path: Path, *rates: float) -> Path:
    rows = [{"id": row.id, "pass_rate": rate, "extra": 1} for row, rate in zip(ROWS, rates, strict=False)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


# --- pass rates -------------------------------------------------------------------------------------------------------


def kept(problems: Sequence[Problem], rates: PassRateFilter) -> list[Problem]:
    found = list(filter(rates.keep, problems))
    rates.finish()
    return found


def test_pass_rates_outside_the_bounds_are_dropped_and_counted(tmp_path: Path) -> None:
    rates = PassRateFilter(read_pass_rates(rates_file(tmp_path / "rates.jsonl", 0.0, 0.1, 0.5, 0.9, 1)), 0.1, 0.9)
    assert kept(ROWS, rates) == ROWS[1:4]
    assert rates.describe() == ("3 of 5 problems have a pass rate in [0.1, 0.9] (1 below, 1 above, 0 not measured)")


def test_problems_that_were_not_measured_stay() -> None:
    rates = PassRateFilter({ROWS[0].id: 0.0, ROWS[1].id: 0.5}, 0.1, 0.9)
    assert kept(ROWS, rates) == ROWS[1:]
    assert rates.describe().endswith("(1 below, 0 above, 3 not measured, kept)")


def test_rates_of_other_problems_are_an_error_and_not_a_filter_that_keeps_all() -> None:
    with pytest.raises(DataError, match=r"none of the 5 problems has a pass rate.*'other'"):
        kept(ROWS, PassRateFilter({"other": 0.5}, 0.1, 0.9))
    assert kept([], PassRateFilter({}, 0.1, 0.9)) == []


@pytest.mark.parametrize(("low", "high"), [(0.9, 0.1), (-0.1, 1.0), (0.0, 1.1), (float("nan"), 1.0)])
def test_bounds_that_cannot_hold_are_refused(low: float, high: float) -> None:
    with pytest.raises(DataError, match="0 <= low <= high <= 1"):
        PassRateFilter({ROWS[0].id: 0.5}, low, high)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ('{"pass_rate": 0.5}', "id"),
        ('{"id": 7, "pass_rate": 0.5}', "id"),
        ('{"id": "a"}', "pass_rate"),
        ('{"id": "a", "pass_rate": 1.5}', "pass_rate"),
        ('{"id": "a", "pass_rate": NaN}', "pass_rate"),
        ('{"id": "a", "pass_rate": true}', "pass_rate"),
        ('{"id": "first", "pass_rate": 0.75}', "pass_rate"),
    ],
)
def test_bad_pass_rates_are_named_by_line_and_field(tmp_path: Path, line: str, field: str) -> None:
    path = tmp_path / "rates.jsonl"
    path.write_text(f'{{"id": "first", "pass_rate": 0.5}}\n{{"id": "first", "pass_rate": 0.5}}\n{line}\n')
    with pytest.raises(BadRow, match=f"line 3, field '{field}'"):
        read_pass_rates(path)


# --- all filters ------------------------------------------------------------------------------------------------------


def encode(row: Problem) -> str:
    return row.messages[0].content


def test_all_filters_run_in_order_and_count_what_they_drop(tmp_path: Path) -> None:
    test, out = tmp_path / "test.jsonl", tmp_path / "out.parquet"
    write_problems(test, [problem("QUESTION TWO")])
    rows = [*ROWS, problem("Question one!", "2"), problem("question " + "x" * 50)]
    prepared = prepare(
        rows,
        out,
        Preparation(
            drop_duplicates=True,
            against=(test,),
            drop_overlap=True,
            pass_rates=rates_file(tmp_path / "rates.jsonl", 0.5, 0.5, 0.0),
            pass_rate_low=0.1,
            pass_rate_high=0.9,
            encode=encode,
            max_prompt_tokens=13,  # as many as two of them have
        ),
    )
    assert read_problems(out) == [ROWS[0], ROWS[3], ROWS[4]]
    assert (prepared.read, prepared.written) == (7, 3)
    duplicates, overlap, pass_rates, lengths = prepared.notes
    assert duplicates.startswith(
        "1 of 7 repeat a question of the same file and were dropped (1 with another reference)"
    )
    assert overlap.startswith(f"1 of 6 have a question of {test} and were dropped")
    assert pass_rates == "1 of 5 problems have a pass rate in [0.1, 0.9] (1 below, 0 above, 3 not measured, kept)"
    assert lengths.startswith("1 of 4 prompts are longer than 13 tokens and were dropped")
    for note in prepared.notes:
        assert note.splitlines()[0] in prepared.describe()


def test_matches_are_only_reported_when_they_are_not_to_be_dropped(tmp_path: Path) -> None:
    test, out = tmp_path / "test.jsonl", tmp_path / "out.jsonl"
    write_problems(test, ROWS[:2])
    prepared = prepare([*ROWS, ROWS[0]], out, Preparation(against=(test,), encode=encode))
    assert prepared.written == 6
    assert prepared.notes[0].startswith("1 of 6 repeat a question of the same file\n")
    assert prepared.notes[1].startswith(f"3 of 6 have a question of {test}\n")
    assert prepared.notes[2] == "the longest of 6 prompts has 14 tokens"


def test_a_data_set_as_published_can_be_compared_with(tmp_path: Path) -> None:
    test = tmp_path / "test.jsonl"
    test.write_text('{"question": "Question one?", "answer": "so\\n#### 1"}\n')
    prepared = prepare(ROWS, tmp_path / "out.jsonl", Preparation(against=(test,), drop_overlap=True))
    assert prepared.written == 4
    assert "another reference" not in prepared.notes[1]
    test.write_text('{"q": "Question one?", "a": "1"}\n')
    with pytest.raises(DataError, match=r"cannot compare: .*test\.jsonl: none of the columns q, a"):
        prepare(ROWS, tmp_path / "out.jsonl", Preparation(against=(test,)))


def test_reading_stops_at_the_limit(tmp_path: Path) -> None:
    taken = []

    def endless() -> object:
        number = 0
        while True:
            taken.append(number := number + 1)
            yield problem(f"question {number}")

    prepared = prepare(endless(), tmp_path / "out.jsonl", Preparation(limit=3))  # type: ignore[arg-type]
    assert prepared.written == 3
    assert len(taken) == prepared.read == 3


def test_a_shuffle_is_drawn_from_its_seed(tmp_path: Path) -> None:
    def order(seed: int | None, limit: int | None = None) -> list[Problem]:
        prepare(ROWS, tmp_path / "out.jsonl", Preparation(shuffle_seed=seed, limit=limit))
        return read_problems(tmp_path / "out.jsonl")

    assert order(None) == ROWS
    assert sorted(row.id for row in order(1)) == sorted(row.id for row in ROWS)
    assert order(1) == order(1)
    assert any(order(1) != order(seed) for seed in range(2, 6))
    assert order(1, limit=2) == order(1)[:2]


def test_when_nothing_is_left_nothing_is_written_and_the_reason_is_told(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    with pytest.raises(DataError, match=r"nothing is left to write of 5 problems\n.*\n  5 of 5 prompts are longer"):
        prepare(ROWS, out, Preparation(encode=encode, max_prompt_tokens=3))
    with pytest.raises(DataError, match="nothing is left to write of 0 problems"):
        prepare([], out, Preparation())
    assert not list(tmp_path.iterdir())


def test_a_filter_that_finds_a_mistake_at_the_end_leaves_no_file(tmp_path: Path) -> None:
    rates = tmp_path / "rates.jsonl"
    rates.write_text('{"id": "other", "pass_rate": 0.5}\n')
    with pytest.raises(DataError, match="none of the 5 problems"):
        prepare(ROWS, tmp_path / "out.jsonl", Preparation(pass_rates=rates))
    assert [path.name for path in tmp_path.iterdir()] == ["rates.jsonl"]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"limit": 0}, "limit is 0"),
        ({"max_prompt_tokens": 5}, "no tokenizer"),
        ({"drop_overlap": True}, "--against"),
    ],
)
def test_preparations_that_cannot_be_are_refused(keys: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        Preparation(**keys)  # type: ignore[arg-type]
