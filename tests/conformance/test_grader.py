"""What every `Grader` keeps: one result a request, in order, and never an exception for a response."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from rewards import (
    ChoiceReference,
    CountdownReference,
    DataReference,
    Grader,
    GradeRequest,
    GradeResult,
    JsonSchemaReference,
    MathReference,
    NoReference,
    Reference,
    RegexReference,
    RewardSpec,
    TextReference,
    Verdict,
    reward,
)
from rewards.composite import build


@reward("test_conforming_function", correctness=True)
def right_if_short(request: GradeRequest) -> bool:
    return len(request.response) < 40


@reward("test_conforming_batch", batched=True)
def rank(requests: Sequence[GradeRequest]) -> list[float]:
    return [float(len(request.response)) for request in requests]


@reward("test_conforming_async")
async def later(request: GradeRequest) -> float:
    await asyncio.sleep(0)
    return float(len(request.response))


@reward("test_conforming_class")
class Mine:
    async def grade(self, requests: Sequence[GradeRequest]) -> list[GradeResult]:
        return [GradeResult.scored(float(len(request.response))) for request in requests]


SPECS = [
    "math",
    "format",
    "countdown",
    "choice",
    "exact",
    "f1",
    "json_schema",
    "language",
    "regex",
    "repetition",
    "tag_count",
    {"reward": "length", "parameters": {"limit": 100}},
    "test_conforming_function",
    "test_conforming_batch",
    "test_conforming_async",
    "test_conforming_class",
    {"gate": "format", "then": "math"},
    {"gate": "repetition", "at_least": -0.5, "then": "choice", "else": "tag_count"},
    {"sum": ["math", {"reward": "test_conforming_async", "weight": 0.1}]},
]
RESPONSES = [
    "",
    "\\boxed{5}",
    "<think>a</think><answer>5</answer>",
    "<think>",
    "\\boxed{" * 2000,
    "<answer>" + "(" * 5000 + "</answer>",
    "\x00\ud800 \u202e \U0001f600",
    "<answer>" + "9" * 10_000 + "</answer>",
    "\\boxed{\\frac{\\frac{\\frac}}}",
]
REFERENCES: list[Reference] = [
    MathReference(answer="5"),
    CountdownReference(numbers=(2, 3), target=5),
    DataReference(value={"a": [1, None]}),
    NoReference(),
    ChoiceReference(answer="B"),
    TextReference(answers=("five", "5")),
    RegexReference(patterns=(r"\d", r"^(a+)*$")),
    JsonSchemaReference(schema={"type": "array"}),
]


@pytest.fixture(params=SPECS, ids=str)
def grader(request: pytest.FixtureRequest) -> Grader:
    made = build(RewardSpec.from_dict(request.param))
    assert isinstance(made, Grader)
    return made


@pytest.mark.parametrize("reference", REFERENCES, ids=lambda reference: reference.type)
def test_a_grader_gives_one_sound_result_each_and_never_raises(grader: Grader, reference: Reference) -> None:
    requests = [GradeRequest(response=response, reference=reference) for response in RESPONSES]
    results = asyncio.run(grader.grade(requests))
    assert len(results) == len(requests)
    for result in results:
        assert (result.score is None) == (result.verdict is Verdict.UNGRADED)
        assert GradeResult.from_dict(result.to_dict()) == result


def test_a_grader_keeps_the_order(grader: Grader) -> None:
    requests = [GradeRequest(response=r, reference=MathReference(answer="5")) for r in RESPONSES]
    there = asyncio.run(grader.grade(requests))
    back = asyncio.run(grader.grade(requests[::-1]))
    assert back[::-1] == there


def test_a_grader_gives_nothing_for_nothing(grader: Grader) -> None:
    assert asyncio.run(grader.grade([])) == []
