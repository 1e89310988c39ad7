"""Which groups say something."""

from __future__ import annotations

import pytest

from rewards.types import GradeResult, Verdict
from rlvr.algorithms.keep import GroupKind, classify, compared_values, informative

RIGHT, WRONG = GradeResult.correct(), GradeResult.wrong("differs")
NO_ANSWER, UNGRADED = GradeResult.no_answer("none"), GradeResult.ungraded("dead")
HALF = GradeResult(score=0.5, correctness=0.5, verdict=Verdict.PARTIAL)


def scored(score: float) -> GradeResult:
    return GradeResult.scored(score)


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([1.0, 0.0], True),
        ([1.0, 1.0], False),
        ([1.0, None, 0.0], True),
        ([1.0, None], False),
        ([None, None], False),
        ([], False),
        ([0.3, 0.3 + 2e-6], True),
        ([0.3, 0.3 + 5e-7], False),
        ([0.1 + 0.2, 0.3], False),
    ],
)
def test_informative_means_a_spread_above_the_tolerance(values: list[float | None], wanted: bool) -> None:
    assert informative(values) is wanted


@pytest.mark.parametrize(
    ("grades", "kind"),
    [
        ([RIGHT, WRONG], GroupKind.INFORMATIVE),
        ([RIGHT, NO_ANSWER, UNGRADED], GroupKind.INFORMATIVE),
        ([HALF, WRONG], GroupKind.INFORMATIVE),
        ([RIGHT, RIGHT], GroupKind.ALL_RIGHT),
        ([RIGHT, UNGRADED, RIGHT], GroupKind.ALL_RIGHT),
        ([WRONG, NO_ANSWER], GroupKind.ALL_WRONG),
        ([HALF, HALF], GroupKind.ALL_EQUAL),
        ([scored(3.0), scored(-1.0)], GroupKind.INFORMATIVE),
        ([scored(1.0), scored(1.0)], GroupKind.ALL_EQUAL),
        ([scored(0.0), scored(0.0)], GroupKind.ALL_EQUAL),
        ([RIGHT, UNGRADED], GroupKind.TOO_FEW_GRADED),
        ([UNGRADED, UNGRADED], GroupKind.TOO_FEW_GRADED),
        ([], GroupKind.TOO_FEW_GRADED),
    ],
)
def test_kinds_of_groups(grades: list[GradeResult], kind: GroupKind) -> None:
    assert classify(grades) is kind


def test_correctness_is_compared_and_not_the_score_that_is_paid() -> None:
    longer = GradeResult(score=0.7, correctness=1.0, verdict=Verdict.CORRECT)
    assert classify([RIGHT, longer]) is GroupKind.ALL_RIGHT


def test_scores_are_compared_where_a_sample_has_no_correctness() -> None:
    grades = [RIGHT, scored(7.0), UNGRADED]
    assert compared_values(grades) == [1.0, 7.0, None]
    assert classify(grades) is GroupKind.INFORMATIVE


def test_a_recipe_that_does_not_compare_needs_one_grade() -> None:
    assert classify([RIGHT], min_graded=1) is GroupKind.ALL_RIGHT
    assert classify([UNGRADED], min_graded=1) is GroupKind.TOO_FEW_GRADED
    assert classify([RIGHT, WRONG, UNGRADED], min_graded=3) is GroupKind.TOO_FEW_GRADED
