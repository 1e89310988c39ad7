"""Which questions come twice: what counts as the same, and what must not."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_prep import Problem
from data_prep.duplicates import DuplicateFilter, MatchReport, OverlapFilter, normalised
from data_prep.sets import load_set
from rewards.types import MathReference, Message


def problem(question: str, answer: str = "1") -> Problem:
    return Problem.make(question=question, reference=MathReference(answer=answer))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("How many apples does Tom have?", "how many  apples\ndoes Tom have"),
        ("He said: “Stop!” Why?", 'He said "stop" why'),
        ("A well-known fact", "a well known fact"),
        ("It costs 1,000 dollars.", "it costs 1000 dollars"),
        ("What is $x+1$?", "What is x + 1 ?"),
        (r"Find \(x\), \[x = 2\]", "Find x, x=2"),
        ("Tom's dog", "Toms dog"),
        ("3 − 5", "3 - 5"),
        ("Caf\u00e9", "cafe\u0301"),
        ("f(1, 2)", "f(1,2)"),
        ("Solve $2x^{2}+a_{n}=5$", "Solve $2x^2 + a_n = 5$"),
        ("\uff13 \uff0b \uff14\uff1f", "3 + 4?"),
        ("\uff40Tom\uff07s\uff40", "`Tom's`"),
    ],
)
def test_case_space_and_punctuation_make_no_difference(left: str, right: str) -> None:
    assert normalised(left) == normalised(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("What is 3-5?", "What is 3+5?"),
        ("What is 3 5?", "What is 35?"),
        ("x^{12}", "x^12"),
        ("3.5 apples", "35 apples"),
        ("5! =", "5 ="),
        ("n! =", "n ="),
        ("x^2", "x 2"),
        ("x²", "x2"),
        ("12 - 3", "1 23"),
        ("3/5 of", "35 of"),
        ("(a+b)c", "a+bc"),
        ("x = -2", "x = 2"),
        ("5% of", "5 of"),
        (r"\frac12", "frac12"),
    ],
)
def test_signs_that_carry_meaning_do(left: str, right: str) -> None:
    assert normalised(left) != normalised(right)


@given(st.text())
def test_what_is_normalised_stays_as_it_is_when_written_loudly(text: str) -> None:
    once = normalised(text)
    assert normalised(f"  {text}\n") == once
    assert "  " not in once


@given(st.lists(st.integers(0, 99), min_size=2, max_size=4), st.lists(st.integers(0, 99), min_size=2, max_size=4))
def test_different_sums_are_never_the_same_question(left: list[int], right: list[int]) -> None:
    same = normalised("+".join(map(str, left)) + "=") == normalised("+".join(map(str, right)) + "=")
    assert same == (left == right)


def find_duplicates(problems: Iterable[Problem]) -> MatchReport:
    duplicates = DuplicateFilter(drop=False)
    assert all(map(duplicates.keep, problems))
    return duplicates.report()


def find_overlap(problems: Iterable[Problem], against: Iterable[Problem]) -> MatchReport:
    overlap = OverlapFilter(against, "", drop=False)
    assert all(map(overlap.keep, problems))
    return overlap.report()


def test_duplicates_are_counted_with_ids_rows_and_conflicts() -> None:
    rows = [problem("One?"), problem("Two?"), problem("one"), problem("ONE", "2"), problem("Three?")]
    report = find_duplicates(rows)
    assert (report.rows, report.matches, report.conflicts) == (5, 2, 1)
    assert [(m.row, m.earlier_row, m.conflict) for m in report.examples] == [(3, 1, False), (4, 1, True)]
    assert [(m.id, m.earlier_id) for m in report.examples] == [(rows[2].id, rows[0].id), (rows[3].id, rows[0].id)]
    shown = report.describe("repeat a question")
    assert shown.startswith("2 of 5 repeat a question (1 with another reference)")
    assert rows[3].id in shown


def test_a_report_shows_a_few_examples_and_counts_them_all() -> None:
    report = find_duplicates([problem("same")] * 100)
    assert report.matches == 99
    assert len(report.examples) == 5
    assert report.describe("repeat").endswith("and 94 more")


def test_overlap_names_the_rows_of_the_other_file() -> None:
    test = [problem("A?"), problem("B?"), problem("B!")]
    report = find_overlap([problem("c"), problem("b", "9"), problem("b")], test)
    assert [(m.row, m.earlier_row, m.conflict) for m in report.examples] == [(2, 2, True), (3, 2, False)]
    assert find_overlap(test, []).matches == 0


def test_dropping_keeps_the_first_of_each_question() -> None:
    rows = [problem("a", "1"), problem("A", "2"), problem("b")]
    assert list(filter(DuplicateFilter(drop=True).keep, rows)) == [rows[0], rows[2]]
    assert list(filter(DuplicateFilter(drop=False).keep, rows)) == rows
    assert list(filter(OverlapFilter([problem("B.")], "test", drop=True).keep, rows)) == rows[:2]


def test_system_turns_are_not_part_of_the_question() -> None:
    def with_system(text: str) -> Problem:
        turns = (Message(role="system", content=text), Message(role="user", content="q"))
        return Problem.make(question=turns, reference=MathReference(answer="1"))

    assert find_duplicates([with_system("Be brief."), with_system("Think."), problem("Q?")]).matches == 2


def test_real_overlaps_are_found_in_math(shared_data: Path) -> None:
    train = list(load_set("math", origin=shared_data, split="train"))
    test = list(load_set("math", origin=shared_data, split="test"))
    assert find_overlap(train, test).matches == 4  # the same questions with other spaces, punctuation and braces
    assert find_duplicates(train).matches == 3
    assert find_overlap(load_set("math500", origin=shared_data), test).matches == 500
    assert find_duplicates(load_set("gsm8k", origin=shared_data)).matches == 0
