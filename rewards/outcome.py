"""What a reward function returned, as a `GradeResult`.

A number is a score; `True` and `False` are 1 and 0; `None` says that the reward could not judge. Whatever cannot be
paid (NaN, infinity, another type, a wrong count, an exception) becomes `ungraded` with a reason that names the reward:
a grader's own failure never becomes a 0.

Example:
    >>> grade_from(0.25, reward="half", correctness=True).verdict.value
    'partial'
    >>> grade_from(float("nan"), reward="half", correctness=True).reason
    "reward 'half' returned nan; a score must be finite"
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real

from rewards.types import GradeResult, Verdict

# A reason is one line, and crosses a process: an exception that quotes a megabyte must not.
REASON_LENGTH = 300


def short(text: str) -> str:
    """One line of at most REASON_LENGTH characters."""
    line = " ".join(text[: 4 * REASON_LENGTH].split())
    return line if len(line) <= REASON_LENGTH else line[: REASON_LENGTH - 1] + "…"


def raised(reward: str, error: BaseException) -> GradeResult:
    """The grade of a response on which the reward raised."""
    try:
        message = str(error)
    except Exception:  # an exception of the user's may fail to print itself
        message = "(its message cannot be printed)"
    return GradeResult.ungraded(short(f"reward {reward!r} raised {type(error).__name__}: {message}"))


def grade_from(value: object, *, reward: str, correctness: bool) -> GradeResult:
    """Read what a reward returned for one request.

    correctness: the reward has right and wrong, so a number is the correctness too and must be in [0, 1].
    """
    if isinstance(value, GradeResult):
        return value
    if value is None:
        return GradeResult.ungraded(f"reward {reward!r} returned None: it could not judge")
    if not isinstance(value, Real):
        return GradeResult.ungraded(
            short(
                f"reward {reward!r} returned {value!r:.80} of type {type(value).__name__}; "
                "return a number, a bool, a GradeResult or None"
            )
        )
    score = float(value)
    if not math.isfinite(score):
        return GradeResult.ungraded(f"reward {reward!r} returned {score!r}; a score must be finite")
    if not correctness:
        return GradeResult.scored(score)
    if not 0.0 <= score <= 1.0:
        return GradeResult.ungraded(
            f"reward {reward!r} returned {score!r}; it has right and wrong, so its score must be in [0, 1]"
        )
    verdict = {1.0: Verdict.CORRECT, 0.0: Verdict.WRONG}.get(score, Verdict.PARTIAL)
    return GradeResult(score=score, correctness=score, verdict=verdict)


def grades_from(values: object, count: int, *, reward: str, correctness: bool) -> list[GradeResult]:
    """Read what a batched reward returned for `count` requests; a wrong count grades none of them."""
    if not isinstance(values, Sequence) or isinstance(values, str | bytes):
        if not hasattr(values, "__iter__") or isinstance(values, str | bytes):
            reason = (
                f"reward {reward!r} returned {values!r:.80} for {count} requests; return a list with one value each"
            )
            return [GradeResult.ungraded(short(reason))] * count
        values = list(values)
    if len(values) != count:
        reason = f"reward {reward!r} returned {len(values)} values for {count} requests; return one each, in order"
        return [GradeResult.ungraded(reason)] * count
    return [grade_from(value, reward=reward, correctness=correctness) for value in values]
