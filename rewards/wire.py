"""Compact encoding of requests and grades between a pool and its workers: JSON lists without field names.

Field names would double the size, and both sides have the same version. Input is validated as strictly as a row of a
file: a request may be hand-made, and a worker runs foreign code.

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
    MathReference,
    Reference,
    StepScore,
    Verdict,
    messages_from,
    reference_from,
)

_EMPTY: MappingProxyType[str, Any] = MappingProxyType({})
_VERDICTS = {verdict.value: verdict for verdict in Verdict}
_STOP = Finish.STOP
_FINISHES = {finish.value: finish for finish in Finish}


def _bare_answer(reference: Reference) -> str | None:
    """The answer of a reference that has nothing else: it is read as that, and written in a tenth of the time."""
    if not isinstance(reference, MathReference) or reference.policy is not None or not reference.is_exact:
        return None
    return reference.answer if type(reference.answer) is str else None


def request_row(request: GradeRequest) -> list[Json]:
    """Encode a request. Raises AttributeError, TypeError for a field of the wrong type."""
    messages, answer = request.messages, _bare_answer(request.reference)
    return [
        request.response,
        request.reference.to_dict() if answer is None else answer,
        [] if messages == () else [message.to_dict() for message in messages],
        "stop" if request.finish is _STOP else request.finish.value,
        dict(request.metadata),
        request.problem_id,
        request.group_id,
        request.sample_id,
    ]


def request_from(row: Sequence[Any]) -> GradeRequest:
    """Decode a request. Raises InvalidRow, naming the field of the wrong type."""
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
    """Encode a grade with its wall time; empty parts, steps and details are omitted."""
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
    """Decode a grade. Raises InvalidRow, IndexError, KeyError, TypeError, ValueError if it is malformed."""
    score, correctness, verdict, extracted, reason, seconds = row[:6]
    if type(reason) is not str or not (extracted is None or type(extracted) is str):
        raise InvalidRow(f"an extracted answer and a reason are text, not {extracted!r:.80} and {reason!r:.80}")
    if finite(seconds) is None:  # the pool computes with it
        raise InvalidRow(f"seconds is {seconds!r:.80}, not a finite number")
    parts, steps, details = row[6:] if len(row) > 6 else (_EMPTY, (), _EMPTY)
    return GradeResult(
        score=score,
        verdict=_VERDICTS[verdict],
        correctness=correctness,
        extracted=extracted,
        reason=reason,
        parts=parts if parts is _EMPTY else MappingProxyType(dict(parts)),
        steps=() if steps == () else tuple(StepScore(*step) for step in steps),
        seconds=seconds,
        details=details if details is _EMPTY else MappingProxyType(dict(details)),
    )
