"""Published solutions pass the tests of their own set, and changed ones fail.

A solution is changed at one place (an operator, a comparison, a number, a `not`), or, where no such change is noticed
by the published tests, returns nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from data_prep import Problem
from data_prep.sets import NAMED_SETS
from data_prep.validation.mutants import changed, stub
from rewards import GradeRequest, GradeResult
from rewards.code.grader import CodeGrader
from rewards.code.references import CODE_REFERENCES, CodeLimits
from rewards.code.sandboxes import close_held
from tests.shares import is_whole, published_rows


@dataclass(frozen=True, slots=True)
class Row:
    """A problem, its published solution as a response, and the whole solution."""

    name: str
    problem: Problem
    response: str
    solution: str


def rows(shared_data: Path, name: str, problems: Sequence[Problem] = ()) -> list[Row]:
    """The rows of a set. problems: what they say, where that has been read before."""
    entry = NAMED_SETS[name]
    raw = published_rows(shared_data / entry.files[entry.default_split])
    found = []
    for fields, problem in zip(raw, problems or [entry.read(fields) for fields in raw], strict=True):
        body = fields.get("canonical_solution") or fields["code"]
        whole = fields["prompt"] + body if name == "humaneval" else body
        found.append(Row(str(fields["task_id"]), problem, body, whole))
    return found


PATIENT, BRIEF = CodeLimits(time_s=60.0), CodeLimits(time_s=1.0)  # a test machine may be busy; a change may not end


def graded(pairs: Sequence[tuple[Row, str]], limits: CodeLimits = PATIENT) -> list[GradeResult]:
    """Grade programs for rows, side by side, each in a fence."""

    def request(row: Row, program: str) -> GradeRequest:
        reference = row.problem.reference
        assert isinstance(reference, CODE_REFERENCES)
        return GradeRequest(response=f"```python\n{program}\n```", reference=replace(reference, limits=limits))

    async def run() -> list[GradeResult]:
        grader = CodeGrader(slots=2)
        try:
            return await grader.grade([request(*pair) for pair in pairs])
        finally:
            await close_held()

    return asyncio.run(run())


def variants(source: str) -> list[str]:
    """The source with one change each, from its end to its beginning; last, functions that return nothing."""
    return [*changed(source), stub(source)]


def check(found: list[Row]) -> None:
    """The solutions pass, and of each some change fails."""
    results = graded([(row, row.solution) for row in found])
    assert [(row.name, result.reason) for row, result in zip(found, results, strict=True) if result.score != 1.0] == []
    waiting = [(row, iter(variants(row.solution))) for row in found]
    while waiting:
        tried = [(row, next(changes, None)) for row, changes in waiting]
        assert [row.name for row, text in tried if text is None] == [], "no change of these is noticed"
        results = graded([(row, text) for row, text in tried if text is not None], BRIEF)
        assert [row.name for (row, _), result in zip(tried, results, strict=True) if result.score is None] == []
        waiting = [one for one, result in zip(waiting, results, strict=True) if result.score == 1.0]


@pytest.mark.slow(290)
@pytest.mark.parametrize(("name", "whole", "part"), [("humaneval", 164, 34), ("mbpp", 974, 169)])
def test_published_solutions_pass_and_changed_ones_fail(shared_data: Path, name: str, whole: int, part: int) -> None:
    found = rows(shared_data, name)
    assert len(found) == (whole if is_whole("sets") else part)
    check(found)


@pytest.mark.slow(290)
def test_published_solutions_of_mbpp_plus_pass_and_changed_ones_fail(
    shared_data: Path, mbpp_plus: list[Problem]
) -> None:
    found = rows(shared_data, "mbpp_plus", mbpp_plus)
    assert len(found) == (420 if is_whole("sets") else 80)
    assert [row.problem.tags[0] for row in found] == [f"mbpp_plus/{row.name}" for row in found]
    check(found)


@pytest.mark.slow(290)
def test_solutions_of_humaneval_pass_as_continuations_of_their_prompts(shared_data: Path) -> None:
    found = rows(shared_data, "humaneval")
    results = graded([(row, row.response) for row in found])
    assert [(row.name, result.reason) for row, result in zip(found, results, strict=True) if result.score != 1.0] == []


def test_in_sanitized_mbpp_a_match_is_as_true_as_true(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RLVR_WHOLE", "sets")
    found = [row for row in rows(shared_data, "mbpp_sanitized") if row.name in {"737", "787", "794"}]
    assert len(found) == 3
    assert [result.reason for result in graded([(row, row.solution) for row in found])] == ["", "", ""]
    nothing = [(row, row.solution.replace("return", "return None and")) for row in found]
    assert all(result.score == 0.0 for result in graded(nothing))
