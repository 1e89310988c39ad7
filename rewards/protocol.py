"""The interface of graders.

`@reward` turns a plain function into a `Grader`; a class needs only this one method. A grader runs in a worker process
that can be killed at any moment, so it must not hold state that has to survive.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from rewards.types import GradeRequest, GradeResult


@runtime_checkable
class Grader(Protocol):
    """Judges responses."""

    async def grade(self, requests: Sequence[GradeRequest]) -> list[GradeResult]:
        """Return one result per request, in the same order. Never raises because of a response."""
        ...
