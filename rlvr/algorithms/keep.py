"""Which groups a step trains on: whether the grades within a group differ.

A group is informative if max - min over its graded samples is above 1e-6. The values compared are correctness, or
scores if there is no correctness; never shaped rewards, because a length penalty would make every group look
informative (dynamic sampling, DAPO 2503.14476 section 3.2). Ungraded samples are ignored; a group with too few grades
carries no information.

Example:
    >>> informative([1.0, None, 0.0]), informative([0.5, 0.5, None])
    (True, False)
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from rewards.types import GradeResult

TOLERANCE = 1e-6


class GroupKind(StrEnum):
    """How a group is classified by its grades."""

    INFORMATIVE = "informative"  # they differ
    ALL_RIGHT = "all_right"
    ALL_WRONG = "all_wrong"
    ALL_EQUAL = "all_equal"  # the same partial credit, or the same score of a reward without right and wrong
    TOO_FEW_GRADED = "too_few_graded"


def informative(values: Sequence[float | None]) -> bool:
    """Whether the graded samples differ; None = not graded."""
    graded = [value for value in values if value is not None]
    return len(graded) > 1 and max(graded) - min(graded) > TOLERANCE


def compared_values(grades: Sequence[GradeResult]) -> list[float | None]:
    """The values to compare: correctness if every graded sample has one, else scores; None = not graded.

    Correctness and score are never mixed within a group: they need not share a scale.
    """
    if all(grade.correctness is not None for grade in grades if grade.score is not None):
        return [None if grade.score is None else grade.correctness for grade in grades]
    return [grade.score for grade in grades]


def classify(grades: Sequence[GradeResult], *, min_graded: int = 2) -> GroupKind:
    """The kind of a group from the grades of its samples.

    Args:
        min_graded: with fewer grades than this the group is TOO_FEW_GRADED; 1 for recipes that do not compare samples.
    """
    values = compared_values(grades)
    graded = [value for value in values if value is not None]
    if len(graded) < max(min_graded, 1):
        return GroupKind.TOO_FEW_GRADED
    if informative(values):
        return GroupKind.INFORMATIVE
    if any(grade.correctness is None for grade in grades if grade.score is not None):
        return GroupKind.ALL_EQUAL
    if min(graded) > 1.0 - TOLERANCE:
        return GroupKind.ALL_RIGHT
    return GroupKind.ALL_WRONG if max(graded) < TOLERANCE else GroupKind.ALL_EQUAL
