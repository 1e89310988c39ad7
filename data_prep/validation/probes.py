"""Responses whose grade is known: requests for a row of data, and what their grades mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from data_prep.validation.entries import Entry
from rewards.types import GradeRequest, GradeResult

Grade: TypeAlias = Callable[[Sequence[GradeRequest]], list[GradeResult]]

_WHOLE = 1.0 - 1e-9


def is_right(result: GradeResult) -> bool:
    """Whether a grade is fully right; for a reward without right and wrong, whether its score is above 0."""
    if result.correctness is None:
        return result.score is not None and result.score > 0.0
    return result.correctness >= _WHOLE


def is_paid(result: GradeResult) -> bool:
    """Whether a grade is at least partly right."""
    return is_right(result) if result.correctness is None else result.correctness > 0.0


def request(entry: Entry, response: str) -> GradeRequest:
    """The grade request for a response to an entry's problem."""
    problem = entry.problem
    return GradeRequest(
        response=response, reference=problem.reference, messages=problem.messages, problem_id=problem.id
    )


class Probes:
    """Responses to grade in one call, each identified by a row and a label."""

    def __init__(self) -> None:
        self._requests: dict[tuple[int, str], GradeRequest] = {}

    def add(self, index: int, what: str, entry: Entry, response: str) -> None:
        """index: of the row. what: label of the response."""
        self._requests[index, what] = request(entry, response)

    def by_row(self, grade: Grade, rows: int) -> list[dict[str, GradeResult]]:
        """Grade them all. Returns the grades of each row by label."""
        graded: list[dict[str, GradeResult]] = [{} for _ in range(rows)]
        for (index, what), result in zip(self._requests, grade(list(self._requests.values())), strict=True):
            graded[index][what] = result
        return graded
