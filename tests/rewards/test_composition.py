"""Trees of rewards: reading them, and what the composed score, correctness, verdict and parts are."""

from __future__ import annotations

import asyncio

import pytest
import yaml

from rewards import GradeRequest, GradeResult, InvalidReward, RewardSpec, Verdict, grade, identity, reward
from rewards.composed import build, has_right_and_wrong, highest, lowest
from rewards.types import MathReference

RIGHT = "<think>2+3</think><answer>5</answer>"
RIGHT_UNSHAPED = "<answer>5</answer>"
WRONG = "<think>2+3</think><answer>6</answer>"
SHAPED_NO_ANSWER = "<think>2+3</think>"


@reward("test_words", floor=-50.0, ceiling=0.0)
def words(request: GradeRequest, *, weight: float = 1.0) -> float:
    return -weight * len(request.response.split())


@reward("test_unjudged")
def unjudged(_request: GradeRequest) -> None:
    return None


@reward("test_truth_without_declaring")
def undeclared(_request: GradeRequest) -> GradeResult:
    return GradeResult.wrong("says so", extracted="x")


def judge(spec: object, *responses: str, answer: str = "5") -> list[GradeResult]:
    requests = [GradeRequest(response=r, reference=MathReference(answer=answer)) for r in responses]
    return asyncio.run(build(RewardSpec.from_dict(spec)).grade(requests))


# --- sums -----------------------------------------------------------------------------------------------------------


def test_a_sum_weighs_its_parts_and_takes_correctness_from_the_first_that_has_it() -> None:
    spec = {"sum": [{"reward": "test_words", "weight": 0.1}, {"reward": "math"}, {"reward": "format", "weight": 0.2}]}
    right, unshaped, wrong = judge(spec, RIGHT, RIGHT_UNSHAPED, WRONG)
    assert right.score == pytest.approx(-0.1 + 1.0 + 0.2)
    assert dict(right.parts) == {"test_words": -1.0, "math": 1.0, "format": 1.0}
    assert (right.correctness, right.verdict, right.extracted) == (1.0, Verdict.CORRECT, "5")
    assert (unshaped.score, unshaped.correctness) == (pytest.approx(0.9), 1.0)
    assert (wrong.score, wrong.correctness, wrong.verdict) == (pytest.approx(0.1), 0.0, Verdict.WRONG)
    assert wrong.reason == "differs from 5"


def test_the_marked_part_decides() -> None:
    spec = {"sum": ["format", {"reward": "math", "weight": 1.0, "decides": True}]}
    result = judge(spec, WRONG)[0]
    assert (result.score, result.correctness, result.extracted) == (1.0, 0.0, "6")


def test_a_sum_without_right_and_wrong_is_scored() -> None:
    result = judge({"sum": [{"reward": "test_words", "weight": 2}]}, "a b c")[0]
    assert (result.score, result.correctness, result.verdict) == (-6.0, None, Verdict.SCORED)


def test_a_part_that_returns_a_verdict_without_declaring_one_decides_where_none_is_declared() -> None:
    result = judge({"sum": ["test_words", "test_truth_without_declaring"]}, "a")[0]
    assert (result.correctness, result.verdict, result.extracted) == (0.0, Verdict.WRONG, "x")


def test_an_ungraded_part_leaves_the_whole_ungraded_and_says_which() -> None:
    result = judge({"sum": ["math", "test_unjudged"]}, RIGHT)[0]
    assert (result.score, result.verdict) == (None, Verdict.UNGRADED)
    assert "test_unjudged" in result.reason
    assert dict(result.parts) == {"math": 1.0, "test_unjudged": None}


def test_an_ungraded_part_of_weight_zero_is_only_reported() -> None:
    result = judge({"sum": ["math", {"reward": "test_unjudged", "weight": 0}]}, RIGHT)[0]
    assert (result.score, result.correctness) == (1.0, 1.0)
    assert dict(result.parts) == {"math": 1.0, "test_unjudged": None}


# --- gates ----------------------------------------------------------------------------------------------------------


def test_a_gate_pays_correctness_only_where_the_format_holds() -> None:
    right, unshaped, wrong, unfinished = judge(
        {"gate": "format", "then": "math"}, RIGHT, RIGHT_UNSHAPED, WRONG, SHAPED_NO_ANSWER
    )
    assert (right.score, right.correctness, right.verdict, right.extracted) == (1.0, 1.0, Verdict.CORRECT, "5")
    assert dict(right.parts) == {"format": 1.0, "math": 1.0}
    assert (unshaped.score, unshaped.correctness, unshaped.verdict) == (0.0, 0.0, Verdict.WRONG)
    assert unshaped.reason == "format: no <think>"
    assert dict(unshaped.parts) == {"format": 0.0}
    assert (wrong.score, wrong.verdict, wrong.reason) == (0.0, Verdict.WRONG, "differs from 5")
    assert unfinished.verdict is Verdict.WRONG


def test_a_closed_gate_pays_its_own_score() -> None:
    result = judge({"gate": "format", "then": "math", "closed": -1.0}, RIGHT_UNSHAPED)[0]
    assert (result.score, result.correctness) == (-1.0, 0.0)


def test_behind_a_gate_without_right_and_wrong_the_gate_decides() -> None:
    held, closed = judge({"gate": "format", "then": "test_words"}, RIGHT, RIGHT_UNSHAPED)
    assert (held.score, held.correctness, held.verdict) == (-1.0, 1.0, Verdict.CORRECT)
    assert (closed.score, closed.correctness, closed.verdict) == (0.0, 0.0, Verdict.WRONG)


def test_an_ungraded_gate_leaves_the_whole_ungraded() -> None:
    result = judge({"gate": "test_unjudged", "then": "math"}, RIGHT)[0]
    assert result.verdict is Verdict.UNGRADED
    assert "test_unjudged" in result.reason


def test_a_wrong_reference_is_ungraded_behind_a_gate_too() -> None:
    assert judge({"gate": "format", "then": "math"}, RIGHT, answer="")[0].verdict is Verdict.UNGRADED


def test_trees_nest() -> None:
    spec = {
        "gate": "format",
        "then": {"sum": ["math", {"reward": "test_words", "weight": 0.1, "label": "brief"}]},
        "closed": -1,
    }
    result, closed = judge(spec, RIGHT, RIGHT_UNSHAPED)
    assert result.score == pytest.approx(0.9)
    assert dict(result.parts) == {"format": 1.0, "math": 1.0, "brief": -1.0}
    assert closed.score == -1.0
    assert identity(RewardSpec.from_dict(spec)) == "gate(format@2, sum(1 math@1, 0.1 test_words@1))"
    assert lowest(RewardSpec.from_dict(spec)) == pytest.approx(-5.0)
    assert highest(RewardSpec.from_dict(spec)) == 1.0


def test_the_lowest_score_of_a_penalty_is_its_weight_times_its_highest() -> None:
    spec = RewardSpec.from_dict({"sum": ["math", {"reward": "format", "weight": -0.5}]})
    assert (lowest(spec), highest(spec)) == (-0.5, 1.0)
    assert has_right_and_wrong(spec)


def test_a_composition_grades_in_workers() -> None:
    spec = {"gate": "format", "then": {"sum": ["math", {"reward": "test_words", "weight": 0.5}]}}
    requests = [GradeRequest(response=r, reference=MathReference(answer="5")) for r in (RIGHT, WRONG, "5")]
    assert [r.score for r in grade(spec, requests, workers=1)] == [0.5, -0.5, 0.0]


# --- reading --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "math",
        "{reward: math, parameters: {policy: strict}}",
        "{gate: format, then: math}",
        "{sum: [{reward: math, weight: 1.0}, {reward: format, weight: 0.2}]}",
        "{sum: [math, {gate: format, then: {reward: math, label: inner}, weight: 2, decides: true}]}",
    ],
)
def test_every_form_reads_from_yaml_and_survives_its_own_json(text: str) -> None:
    spec = RewardSpec.from_dict(yaml.safe_load(text))
    assert RewardSpec.from_dict(spec.to_dict()) == spec
    assert RewardSpec.from_dict(spec) is spec


def test_the_named_form_of_a_spec() -> None:
    spec = RewardSpec.named("math", policy="strict")
    assert spec.to_dict() == {"reward": "math", "parameters": {"policy": "strict"}}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"gate": "format", "than": "math"}, r"reward has an unknown key 'than'; did you mean 'then'\?"),
        (
            {"sum": [{"reward": "math", "wieght": 2}]},
            r"reward\.sum\[0\] has an unknown key 'wieght'; did you mean 'weight'\?",
        ),
        ({"reward": "math", "policy": "strict"}, "unknown key 'policy'"),
        ({"gate": "format"}, "no `then`"),
        ({"gate": "format", "then": "math", "sum": ["math"]}, "exactly one of the keys reward, sum, gate"),
        ({}, "exactly one of the keys"),
        ({"sum": []}, r"reward\.sum must be a list of parts"),
        ({"sum": ["math", "math"]}, "two parts of a reward are called 'math'"),
        ({"sum": [{"reward": "math", "weight": "1"}]}, "weight must be a finite number, not '1'"),
        ({"sum": [{"reward": "math", "weight": float("nan")}]}, "weight must be a finite number"),
        ({"sum": [{"reward": "math", "weight": 0}]}, "all weights are 0"),
        ({"sum": [{"reward": "a", "decides": True}, {"reward": "b", "decides": True}]}, "more than one part"),
        ({"reward": 3}, "must be the name of a reward"),
        ({"reward": "math", "parameters": [1]}, "parameters must be a table"),
        (3, "must be a reward's name or a table, not 3"),
        (None, "must be a reward's name or a table"),
    ],
)
def test_what_cannot_be_read_says_where_and_why(value: object, message: str) -> None:
    with pytest.raises(InvalidReward, match=message):
        RewardSpec.from_dict(value)
