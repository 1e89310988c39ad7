"""What `validate` finds in rows whose reference is a set of tests."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path

import pytest

from data_prep.problem import Problem
from data_prep.validation.entries import Entry
from data_prep.validation.mutants import changed, stub
from data_prep.validation.programs import ProgramChecks
from data_prep.validation.run import validate
from data_prep.validation.validator import Settings
from rewards.types import GradeRequest, GradeResult, reference_from
from tests.shares import is_whole

DOUBLE = "def double(x):\n    return x + x\n"


def row(code: str, reference: dict[str, object], question: str) -> dict[str, object]:
    return {"messages": [{"role": "user", "content": question}], "reference": reference, "code": code}


def asserts(*sources: str) -> dict[str, object]:
    return {"type": "asserts", "asserts": list(sources)}


@pytest.mark.usefixtures("isolation")
def test_tests_that_a_wrong_program_passes_and_solutions_that_fail_are_found(tmp_path: Path) -> None:
    good = asserts("assert double(2) == 4", "assert double(-3) == -6")
    function = {"type": "function", "entry_point": "double", "cases": [{"args": [5], "expected": 10}]}
    stdio = {"type": "stdio", "cases": [{"stdin": "3\n", "stdout": "6\n"}]}
    rows = [
        row(DOUBLE, good, "Double a number."),
        row("def double(x):\n    return x * 3\n", good, "Double what you are given."),
        row(DOUBLE, asserts("assert callable(double)"), "Write a function that doubles."),
        row(DOUBLE, asserts("assert isinstance(double(1), int)"), "Write double."),
        row(DOUBLE, function, "Return twice the argument."),
        row("print(2 * int(input()))", stdio, "Print twice the number that you read."),
        row("print(int(input()))", stdio, "Print the number twice over."),
        row("def double(x) return", good, "Another way to double."),
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in rows))
    report = validate(str(path), settings=Settings(near=False), solution_field="code")
    assert {name: [one.line for one in examples] for name, examples in report.examples.items()} == {
        "solution_rejected": [2, 7, 8],
        "stub_paid": [3],
        "constant_passes": [4, 5, 6, 7],
        "weak_tests": [3, 4],
    }
    assert report.kept == 4


def entry(code: str) -> Entry:
    problem = Problem.make(question="Double.", reference=reference_from(asserts("assert double(2) == 4")))
    return Entry(problem=problem, line=1, solution=code)


def test_a_solution_that_is_right_in_one_run_only_is_flaky() -> None:
    verdicts: Iterator[GradeResult] = cycle([GradeResult.correct(), GradeResult.wrong("an assertion does not hold")])

    def grade(requests: Sequence[GradeRequest]) -> list[GradeResult]:
        return [next(verdicts) if DOUBLE in one.response else GradeResult.wrong("") for one in requests]

    assert [finding.check for finding in ProgramChecks(grade).check([entry(DOUBLE)])] == ["flaky"]


def test_a_grader_that_broke_says_nothing_of_the_program() -> None:
    def grade(requests: Sequence[GradeRequest]) -> list[GradeResult]:
        return [GradeResult.ungraded("no sandbox") for _ in requests]

    found = list(ProgramChecks(grade).check([entry(DOUBLE)]))
    assert [(finding.check, finding.reason) for finding in found] == [("gold_ungraded", "no sandbox")]


def test_each_change_is_one_and_a_stub_keeps_the_names() -> None:
    source = "class Solution:\n    def f(self, x):\n        return x > 2 and not x == 9\n"
    made = changed(source)
    assert len(made) == len(set(made)) == 4
    words = ast.unparse(ast.parse(source)).split()
    assert [sum(a != b for a, b in zip(text.split(), words, strict=True)) for text in made] == [1, 1, 1, 1]
    assert stub(source) == "class Solution:\n\n    def f(self, x):\n        return None"
    with pytest.raises(SyntaxError):
        changed("def f(")


@pytest.mark.slow(40)
def test_the_truth_about_sanitized_mbpp_is_found(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All published solutions pass, also the three that answer with a match, of which the asserts ask the truth."""
    if not is_whole("sets"):
        pytest.skip("RLVR_WHOLE=sets tries it")
    monkeypatch.setenv("RLVR_DATA", str(shared_data))
    report = validate("mbpp_sanitized:train", settings=Settings(near=False))
    found = {finding.check for examples in report.examples.values() for finding in examples}
    assert found <= {"weak_tests", "stub_paid"}
    assert (report.rows, report.is_fit) == (120, True)
