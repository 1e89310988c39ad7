"""Demonstrations: problems with a response to imitate, for the supervised warm-up before reinforcement.

A row is a problem row with a `response`: `{"messages" | "prompt", "response", "reference"}`, in the same file formats
as problems. Sources make demonstrations (`data_prep.sources.arithmetic` does).

Example:
    >>> row = {"prompt": "3+5=", "response": "<think>3+5=8</think><answer>8</answer>", "reference": "8"}
    >>> Demonstration.from_dict(row).problem.reference
    MathReference(answer='8', policy=None)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from data_prep.errors import BadRow
from data_prep.problem import Problem
from data_prep.rows import OnBad, PathLike, Row, iter_rows, raise_bad, read_each
from data_prep.writing import DEMONSTRATION_COLUMNS, write_rows
from rewards.types import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstration:
    """A problem and a response to imitate."""

    problem: Problem
    response: str

    def to_dict(self) -> dict[str, Json]:
        return {**self.problem.to_dict(), "response": self.response}

    @classmethod
    def from_dict(cls, row: Mapping[str, object]) -> Demonstration:
        """Parse the output of `to_dict`, or a hand-made row. Raises BadRow, naming the field."""
        problem = Problem.from_dict(row)
        response = row.get("response")
        if not isinstance(response, str) or not response:
            raise BadRow(field="response", expected="a text that is not empty", found=response)
        return cls(problem=problem, response=response)


def iter_demonstrations(path: PathLike, on_bad: OnBad = raise_bad) -> Iterator[Demonstration]:
    """Stream the demonstrations of a file. Raises as `data_prep.files.iter_problems` does."""
    return read_each(iter_rows(path, on_bad), _demonstration, on_bad)


def read_demonstrations(path: PathLike) -> list[Demonstration]:
    """All demonstrations of a file. Raises as `iter_demonstrations` does."""
    return list(iter_demonstrations(path))


def write_demonstrations(path: PathLike, demonstrations: Iterable[Demonstration]) -> int:
    """Write demonstrations as a stream. Returns their number. Raises BadFile."""
    return write_rows(path, (demonstration.to_dict() for demonstration in demonstrations), DEMONSTRATION_COLUMNS)


def _demonstration(row: Row) -> Demonstration:
    return Demonstration.from_dict(row.fields)
