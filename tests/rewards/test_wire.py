"""Requests and grades between a pool and its workers: they arrive as they were, and only a grade is taken for one."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any

import pytest

from rewards import GradeRequest, GradeResult, InvalidRow, MathReference, Verdict
from rewards.types import AnyOf, CountdownReference, DataReference, Finish, Message, StepScore
from rewards.wire import grade_from, grade_row, request_from, request_row

REQUESTS = [
    GradeRequest(response=""),
    GradeRequest(response="\ud800 \n é \u2028", reference=MathReference(answer=("1", "2"), policy="strict", unit="m")),
    GradeRequest(
        response="x",
        reference=MathReference(answer=AnyOf(("1", "2")), tolerance=0.5, require_evaluated=False),
        messages=(Message(role="system", content=""), Message(role="user", content="1+1?")),
        finish=Finish.LENGTH,
        metadata=MappingProxyType({"tokens": 3, "deep": {"a": [1, None]}}),
        problem_id="p",
        group_id="g",
        sample_id=7,
    ),
    GradeRequest(response="x", reference=CountdownReference(numbers=(1, 2), target=3)),
    GradeRequest(response="x", reference=DataReference(value=[{"a": None}])),
]

GRADES = [
    GradeResult.correct(extracted="4"),
    GradeResult.wrong("differs from 3", extracted="\ud800"),
    GradeResult.no_answer("none"),
    GradeResult.scored(-0.25),
    GradeResult.ungraded("no"),
    GradeResult(
        score=0.5,
        verdict=Verdict.PARTIAL,
        correctness=0.5,
        parts=MappingProxyType({"a": 0.5, "b": None}),
        steps=(StepScore(3, 0.5), StepScore(9, -1.0)),
        details=MappingProxyType({"cases": [1, {"a": "b"}]}),
    ),
    GradeResult(score=0.5, verdict=Verdict.SCORED, details=MappingProxyType({"a": 1})),
]


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_request_arrives_as_what_it_was(request_: GradeRequest) -> None:
    arrived = request_from(json.loads(json.dumps(request_row(request_))))
    assert arrived == request_ == GradeRequest.from_dict(request_.to_dict())


@pytest.mark.parametrize("grade", GRADES)
def test_a_grade_arrives_as_what_it_was_with_its_time(grade: GradeResult) -> None:
    assert grade_from(json.loads(json.dumps(grade_row(grade, 0.25)))) == grade.timed(0.25)
    assert grade_from(json.loads(json.dumps(grade_row(grade, 0)))) == GradeResult.from_dict(grade.to_dict())


@pytest.mark.parametrize(
    ("place", "value", "fault"),
    [
        (0, None, "response must be a string, not None"),
        (1, 5.5, None),
        (1, {"type": "maths"}, "reference.type is 'maths'"),
        (2, [{"role": 1, "content": "a"}], "role must be a string, not 1"),
        (3, "stopped", "finish must be 'stop' or 'length', not 'stopped'"),
        (7, "a", "sample must be an integer, not 'a'"),
        (7, True, "sample must be an integer, not True"),
        (7, None, None),
    ],
)
def test_a_request_made_by_hand_is_read_as_strictly_as_a_row(place: int, value: object, fault: str | None) -> None:
    row: list[Any] = request_row(GradeRequest(response="x"))
    row[place] = value
    if fault is None:
        assert request_from(row).response == "x"
    else:
        with pytest.raises(InvalidRow, match=fault):
            request_from(row)


@pytest.mark.parametrize(
    "row",
    [
        None,
        {},
        [],
        "correct",
        5,
        [1.0, 1.0, "correct", None, ""],
        [1.0, 1.0, "great", None, "", 0.1],
        [1.0, 1.0, ["correct"], None, "", 0.1],
        [None, 1.0, "correct", None, "", 0.1],
        ["1", 1.0, "correct", None, "", 0.1],
        [float("nan"), 1.0, "correct", None, "", 0.1],
        [1.0, 2.0, "correct", None, "", 0.1],
        [1.0, "1", "correct", None, "", 0.1],
        [1.0, 1.0, "correct", 5, "", 0.1],
        [1.0, 1.0, "correct", None, None, 0.1],
        [1.0, 1.0, "correct", None, "", "0.1"],
        [1.0, 1.0, "correct", None, "", None],
        [1.0, 1.0, "correct", None, "", float("nan")],
        [1.0, 1.0, "correct", None, "", 10**400],
        [1.0, 1.0, "correct", None, "", 0.1, {}],
        [1.0, 1.0, "correct", None, "", 0.1, 5, [], {}],
        [1.0, 1.0, "correct", None, "", 0.1, {}, [[1, 2, 3]], {}],
        [1.0, 1.0, "correct", None, "", 0.1, {}, [], 5],
        [1.0, 1.0, "correct", None, "", 0.1, {}, [], {}, 1],
    ],
)
def test_what_is_no_grade_is_not_taken_for_one(row: Any) -> None:
    with pytest.raises((LookupError, TypeError, ValueError)):
        grade_from(row)
