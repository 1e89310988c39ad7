"""What the pool asks of whatever decides what a response is worth.

A plain function is made into a `Grader` by `@reward`; a class of your own needs only this one method. A grader runs in
a worker process that can be killed at any moment, so it keeps nothing that must survive.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from rewards.types import GradeRequest, GradeResult


@runtime_checkable
class Grader(Protocol):
    """Judges responses."""

    async def grade(self, requests: Sequence[GradeRequest]) -> list[GradeResult]:
        """One result a request, in the same order; never raises for a response."""
        ...
