"""Requests and grades as they cross between a pool and its workers: lists without names, in JSON.

The names that `to_dict` writes cost as much as what they name, and both sides are of one version. What comes in is read
as strictly as a row of a file is: a request may have been made by hand, and a worker has run code of others.

Example:
    >>> from rewards.types import MathReference
    >>> row = request_row(GradeRequest(response="4", reference=MathReference(answer="4"), sample_id=2))
    >>> request_from(row).sample_id
    2
    >>> grade_from(grade_row(GradeResult.wrong("differs from 4", extracted="5"), seconds=0.1)).extracted
    '5'
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

from rewards.errors import InvalidRow
from rewards.finite import finite
from rewards.types import (
    Finish,
    GradeRequest,
    GradeResult,
    Json,
    StepScore,
    Verdict,
    messages_from,
    reference_from,
)

_EMPTY: MappingProxyType[str, Any] = MappingProxyType({})
_VERDICTS = {verdict.value: verdict for verdict in Verdict}
_FINISHES = {finish.value: finish for finish in Finish}


def request_row(request: GradeRequest) -> list[Json]:
    """Raises AttributeError, TypeError where a field is of another type."""
    return [
        request.response,
        request.reference.to_dict(),
        [message.to_dict() for message in request.messages],
        request.finish.value,
        dict(request.metadata),
        request.problem_id,
        request.group_id,
        request.sample_id,
    ]


def request_from(row: Sequence[Any]) -> GradeRequest:
    """Raises InvalidRow, naming the field that is of another type."""
    response, reference, messages, finish, metadata, problem, group, sample = row
    sample = sample or 0
    if type(response) is not str:
        raise InvalidRow(f"response must be a string, not {response!r:.80}")
    if finish not in _FINISHES:
        raise InvalidRow(f"finish must be 'stop' or 'length', not {finish!r:.80}")
    if type(sample) is not int:
        raise InvalidRow(f"sample must be an integer, not {sample!r:.80}")
    return GradeRequest(
        response=response,
        reference=reference_from(reference),
        messages=messages_from(messages),
        finish=_FINISHES[finish],
        metadata=MappingProxyType(metadata) if metadata else _EMPTY,
        problem_id="" if problem is None else str(problem),
        group_id="" if group is None else str(group),
        sample_id=sample,
    )


def grade_row(result: GradeResult, seconds: float) -> list[Json]:
    """A grade with its wall time; most have nothing beside the verdict."""
    row: list[Json] = [
        result.score,
        result.correctness,
        result.verdict.value,
        result.extracted,
        result.reason,
        seconds,
    ]
    if result.parts or result.steps or result.details:
        row += [dict(result.parts), [[step.end, step.score] for step in result.steps], dict(result.details)]
    return row


def grade_from(row: Sequence[Any]) -> GradeResult:
    """Raises InvalidRow, IndexError, KeyError, TypeError, ValueError where it is no grade."""
    score, correctness, verdict, extracted, reason, seconds = row[:6]
    if type(reason) is not str or not (extracted is None or type(extracted) is str):
        raise InvalidRow(f"an extracted answer and a reason are text, not {extracted!r:.80} and {reason!r:.80}")
    if finite(seconds) is None:  # the pool reckons with it
        raise InvalidRow(f"seconds is {seconds!r:.80}, not a finite number")
    parts, steps, details = row[6:] if len(row) > 6 else (_EMPTY, (), _EMPTY)
    return GradeResult(
        score=score,
        verdict=_VERDICTS[verdict],
        correctness=correctness,
        extracted=extracted,
        reason=reason,
        parts=parts if parts is _EMPTY else MappingProxyType(dict(parts)),
        steps=tuple(StepScore(*step) for step in steps),
        seconds=seconds,
        details=details if details is _EMPTY else MappingProxyType(dict(details)),
    )
