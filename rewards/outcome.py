"""Convert the return value of a reward function to a `GradeResult`.

A number is a score, including numpy numbers and scalar tensors; `True` and `False` are 1 and 0; `None` means that the
reward could not judge. Invalid outcomes (NaN, infinity, a score outside the declared bounds, another type, a wrong
count, an exception, a `GradeResult` with a field of the wrong type) become `ungraded` with a reason that names the
reward: a grader's own failure never becomes a 0.

Example:
    >>> grade_from(0.25, reward="half", scale=(0, 1)).verdict.value
    'partial'
    >>> grade_from(0.25, reward="half", scale=(-1, 1)).correctness
    0.625
    >>> grade_from(float("nan"), reward="half", scale=None).reason
    "reward 'half' returned nan; a score must be finite"
"""

from __future__ import annotations

import json
import math
import os
import re
import reprlib
import sys
import traceback
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from decimal import Decimal
from numbers import Real
from types import FrameType, MappingProxyType
from typing import TypeAlias

from rewards.pluralize import pluralize
from rewards.types import GradeResult, Json, StepScore, Verdict

Range: TypeAlias = tuple[float, float]
"""The scores of wrong and right, for a reward with right and wrong."""
ZERO_TO_ONE: Range = (0.0, 1.0)
UNBOUNDED: Range = (-math.inf, math.inf)
# A score may exceed a bound by this share of it: 0.1 in single precision is above 0.1.
_ROUNDING = 1e-6

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
# Values of these types may be large or deeply nested: printing one in full could exceed the deadline.
_ANY_SIZE = {str, list, tuple, dict, set, frozenset}
_SHORT = reprlib.Repr()
_SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxdict = _SHORT.maxset = _SHORT.maxfrozenset = 20
_SHORT.maxstring, _SHORT.maxother = 80, 200
# A reason is one line and crosses processes, so an exception that quotes a megabyte is shortened.
REASON_LENGTH = 300
_WITHOUT_ORDER = (str, bytes, bytearray, memoryview, Mapping, Set)
# Packages whose frames precede the user's function in a traceback.
_NOT_THE_USERS = {"rewards", "asyncio"}


def short(text: str) -> str:
    """One line of at most REASON_LENGTH characters."""
    line = " ".join(text[: 4 * REASON_LENGTH].split())
    return line if len(line) <= REASON_LENGTH else line[: REASON_LENGTH - 1] + "…"


def raised(reward: str, error: BaseException) -> GradeResult:
    """The grade of a response for which the reward raised."""
    try:
        message = _ADDRESS.sub("", f"{error!s:.1000}")  # causes are counted by their text
    except Exception:  # the user's exception may fail to format itself
        message = "(its message cannot be printed)"
    message = f": {message}" if message else ""
    return GradeResult.ungraded(short(f"reward {reward!r} raised {type(error).__name__}{_where(error)}{message}"))


def _where(error: BaseException) -> str:
    """The line of the first traceback frame outside this package, which is the reward's; empty if there is none."""
    lines = [
        (frame.f_code.co_filename, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if _module_of(frame).partition(".")[0] not in _NOT_THE_USERS
    ]
    own = [line for file, line in lines if file == lines[0][0]]
    return f" ({os.path.basename(lines[0][0])}, line {own[-1]})" if own else ""


def users_level() -> int:
    """The `stacklevel` at which a warning of the calling function names the user's line, not one of this package."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and _module_of(frame).partition(".")[0] in _NOT_THE_USERS:
        level, frame = level + 1, frame.f_back
    return level


def _module_of(frame: FrameType) -> str:
    """The module name of a frame, including one run by `python -m`."""
    name, spec = frame.f_globals.get("__name__"), frame.f_globals.get("__spec__")
    return str(getattr(spec, "name", name) if name == "__main__" else name)


@dataclass(frozen=True, slots=True)
class Detailed:
    """A score with additional values: numbers become parts, texts details, and the rest is dropped."""

    score: object
    more: Mapping[str, object]

    def added_to(self, grade: GradeResult) -> GradeResult:
        if grade.score is None:
            return grade
        parts: dict[str, float | None] = {}
        details: dict[str, Json] = {}
        for name, value in self.more.items():
            number = _number(value)
            if number is not None and math.isfinite(number):
                parts[str(name)] = number
            elif isinstance(value, str):
                details[str(name)] = value
        return replace(grade, parts=MappingProxyType(parts), details=MappingProxyType(details))


def grade_from(value: object, *, reward: str, scale: Range | None, bounds: Range = UNBOUNDED) -> GradeResult:
    """Convert the return value for one request.

    scale: the scores of wrong and right; a score must be between them, and its position is the correctness. None = the
    reward has no right and wrong. bounds: the floor and ceiling that the reward declares, also for a `GradeResult`.
    """
    if isinstance(value, GradeResult):
        return _bounded(_plain(value, reward), reward, bounds)
    if isinstance(value, Detailed):
        return value.added_to(grade_from(value.score, reward=reward, scale=scale, bounds=bounds))
    if value is None:
        return GradeResult.ungraded(f"reward {reward!r} returned None: it could not judge")
    score = _number(value)
    if score is None:
        return GradeResult.ungraded(
            short(
                f"reward {reward!r} returned {_seen(value)} of type {type(value).__name__}; "
                "return a number, a bool, a GradeResult or None"
            )
        )
    if not math.isfinite(score):
        return GradeResult.ungraded(f"reward {reward!r} returned {score!r}; a score must be finite")
    if scale is None:
        return _bounded(GradeResult.scored(score), reward, bounds)
    wrong, right = scale
    if not _within(score, scale):
        return GradeResult.ungraded(
            f"reward {reward!r} returned {score!r}; it has right and wrong, so its score must be in "
            f"[{wrong:g}, {right:g}]"
        )
    correctness = score if scale == ZERO_TO_ONE else (score - wrong) / (right - wrong)
    correctness = min(1.0, max(0.0, correctness))
    verdict = {1.0: Verdict.CORRECT, 0.0: Verdict.WRONG}.get(correctness, Verdict.PARTIAL)
    return GradeResult(score=score, correctness=correctness, verdict=verdict)


def _bounded(grade: GradeResult, reward: str, bounds: Range) -> GradeResult:
    """The grade, or `ungraded` if its score is outside the declared bounds: others rely on them, such as the pay for a
    response that hangs the reward."""
    if grade.score is None or _within(grade.score, bounds):
        return grade
    low, high = bounds
    reason = f"reward {reward!r} returned {grade.score!r}; its floor and ceiling are [{low:g}, {high:g}]"
    return GradeResult.ungraded(reason)


def _within(score: float, bounds: Range) -> bool:
    low, high = bounds
    return low - _ROUNDING * abs(low) <= score <= high + _ROUNDING * abs(high)


def _number(value: object) -> float | None:
    """A Python number, or the single number in an array or tensor; None for anything else."""
    if type(value) is float:
        return value
    try:
        if not isinstance(value, Real | Decimal) and callable(item := getattr(value, "item", None)):
            value = item()
        return float(value) if isinstance(value, Real | Decimal) else None
    except OverflowError:
        return math.inf
    except Exception:  # user objects may raise anything
        return None


def _seen(value: object) -> str:
    try:
        shown = _SHORT.repr(value) if type(value) in _ANY_SIZE else repr(value)
        return _ADDRESS.sub("", shown[:200])[:80]  # causes are counted by their text
    except Exception:  # a user's __repr__ may raise anything
        return "what cannot be printed"


def _plain(grade: GradeResult, reward: str) -> GradeResult:
    """A grade made by a reward itself, reduced to plain data: it crosses processes, and its parts are averaged."""
    try:
        if not isinstance(grade.parts, Mapping):
            raise TypeError(f"parts are {_seen(grade.parts)}, not numbers by name")
        return GradeResult(
            score=_finite(grade.score, "score"),
            verdict=Verdict(grade.verdict),
            correctness=_finite(grade.correctness, "correctness"),
            extracted=None if grade.extracted is None else _text(grade.extracted, "extracted"),
            reason=_text(grade.reason, "reason"),
            parts=MappingProxyType(
                {_text(k, "a part's name"): _finite(v, f"part {k!r}") for k, v in grade.parts.items()}
            ),
            steps=tuple(_step(step) for step in grade.steps),
            details=_details(grade.details),
        )
    except (TypeError, ValueError) as error:
        reason = f"reward {reward!r} returned a grade that is not plain data: {error}"
        return GradeResult.ungraded(short(reason))


def _finite(value: object, where: str) -> float | None:
    if value is None:
        return None
    number = _number(value)
    if number is None or not math.isfinite(number):
        raise TypeError(f"{where} is {_seen(value)}, not a finite number")
    return number


def _text(value: object, where: str) -> str:
    if isinstance(value, str):
        return value
    raise TypeError(f"{where} is {_seen(value)}, not text")


def _details(value: object) -> Mapping[str, Json]:
    if not isinstance(value, Mapping):
        raise TypeError(f"details are {_seen(value)}, not an object")
    if not value:
        return value
    try:
        read: dict[str, Json] = json.loads(json.dumps(dict(value), allow_nan=False))
    except RecursionError as error:
        raise ValueError("details are nested too deep") from error
    return MappingProxyType(read)


def _step(step: object) -> StepScore:
    end, score = (step.end, step.score) if isinstance(step, StepScore) else (None, None)
    ends, scored = _finite(end, "a step's end"), _finite(score, "a step's score")
    if ends is None or scored is None:
        raise TypeError(f"a step is {_seen(step)}, not a StepScore")
    return StepScore(int(ends), scored)


def grades_from(
    values: object, count: int, *, reward: str, scale: Range | None, bounds: Range = UNBOUNDED
) -> list[GradeResult]:
    """Convert the return value of a batched reward for `count` requests; a wrong count leaves all ungraded."""
    try:
        listed = values_of(values)
    except Exception as error:  # iterating runs user code
        return [raised(reward, error)] * count
    asked = pluralize(count, "request")
    if listed is None:
        reason = f"reward {reward!r} returned {_seen(values)} for {asked}; return a list, one value each"
        return [GradeResult.ungraded(short(reason))] * count
    if len(listed) != count:
        given = pluralize(len(listed), "value")
        reason = f"reward {reward!r} returned {given} for {asked}; return one each, in order"
        return [GradeResult.ungraded(reason)] * count
    return [grade_from(value, reward=reward, scale=scale, bounds=bounds) for value in listed]


def values_of(values: object) -> list[object] | None:
    """The values of a list, an array or an iterator; None for unordered values, strings and bytes.

    Example:
        >>> values_of((1, 2)), values_of(b"ab"), values_of({1, 2}), values_of(0.5)
        ([1, 2], None, None, None)
    """
    if not isinstance(values, Iterable) or isinstance(values, _WITHOUT_ORDER):
        return None
    if getattr(values, "ndim", None) == 0:  # one number, in an array or tensor
        return None
    return list(values)
