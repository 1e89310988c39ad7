r"""MATH: competition problems (Hendrycks et al. 2021, arXiv 2103.03874), and MATH-500, a subset of its test split.

The gold answer is the `answer` field, unchanged; if there is none, the last closed `\boxed{...}` of the solution. Level
and subject become tags.

Two training rows have an empty box in every published copy. Both are multiple-choice questions whose solution proves
that the requested number of primes is 0, choice (A), so `CORRECTIONS` has their answers.

Example:
    >>> read({"problem": "Halve 1.", "solution": r"It is $\boxed{\frac{1}{2}}$.", "level": "Level 1"}).reference
    MathReference(answer='\\frac{1}{2}', policy=None)
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from types import MappingProxyType

from data_prep.errors import BadRow
from data_prep.problem import MathReference, Problem
from data_prep.sources.answers import last_boxed, text_of

CORRECTIONS: Mapping[str, str] = MappingProxyType(
    {
        "79595ba3b4cfcfe2": "0",  # For any integer n>1, the number of primes greater than n!+1 and less than n!+n
        "81a7fe8e017d681c": "0",  # You are given a sequence of 58 terms; each term has the form P+n ...
    }
)
"""Answers of rows with an empty box, by `problem_digest`."""


def problem_digest(question: str) -> str:
    """A short hash of a question, ignoring white space."""
    return hashlib.sha256(" ".join(question.split()).encode()).hexdigest()[:16]


def read(fields: Mapping[str, object]) -> Problem:
    """Read a row with `problem` and `answer` or `solution`. Raises BadRow."""
    question = text_of(fields, "problem")
    tags = (fields.get("level"), fields.get("type") or fields.get("subject"))
    return Problem.make(
        question=question,
        reference=MathReference(answer=_answer(fields, question)),
        source="math",
        tags=tuple(tag for tag in tags if isinstance(tag, str) and tag),
    )


def _answer(fields: Mapping[str, object], question: str) -> str:
    given, solution = fields.get("answer"), fields.get("solution")
    if isinstance(given, str) and given.strip():
        return given
    boxed = last_boxed(solution) if isinstance(solution, str) else None
    answer = boxed or CORRECTIONS.get(problem_digest(question))
    if answer is None:
        field = "answer" if solution is None else "solution"
        found = given if solution is None else str(solution)[-80:]
        raise BadRow(
            field=field, expected="an 'answer', or a solution with a \\boxed{...} that is not empty", found=found
        )
    return answer
