"""Trees of rewards: reading them, and what the composed score, correctness, verdict and parts are."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest
import yaml

from rewards import (
    GradeRequest,
    GradeResult,
    InvalidReward,
    RewardSpec,
    TextReference,
    Verdict,
    grade,
    identity,
    reward,
)
from rewards.composite import build
from rewards.controls import answer_controls
from rewards.declared import Controls
from rewards.spec_properties import can_judge, decider_warning, has_right_and_wrong, highest, lowest
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


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"sum": ["test_words", {"reward": "format", "weight": 0.2}]}, "go by 'format', not by 'test_words'"),
        ({"sum": [{"reward": "format", "weight": 0.2}, "math"]}, "go by 'format', not by 'math'"),
        ({"gate": "format", "then": "test_words"}, "declare 'test_words' with @reward(..., correctness=True)"),
        ({"gate": "format", "then": {"sum": [{"reward": "choice", "weight": 0.5}, "math"]}}, "go by 'choice'"),
        ({"sum": [{"reward": "test_words", "decides": True}, {"reward": "format", "weight": 0.2}]}, ""),
        ({"sum": ["math", {"reward": "test_words", "weight": 0.1}]}, ""),
        ({"sum": ["math", "test_words"]}, ""),
        ({"sum": [{"reward": "repetition", "weight": 2}, "math"]}, ""),  # a term that has none by its nature
        ({"gate": "format", "then": "math"}, ""),
        ({"sum": ["test_words"]}, ""),
        ("math", ""),
    ],
)
def test_where_what_is_paid_most_does_not_decide_and_nobody_said_so_it_is_said(spec: object, said: str) -> None:
    told = decider_warning(RewardSpec.from_dict(spec))
    assert said in told
    assert bool(told) == bool(said)


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


def test_a_gate_with_a_bound_holds_from_that_score_on() -> None:
    spec = {"gate": "test_words", "at_least": -3, "then": "math"}
    short, long = judge(spec, "it is 5", "I think it is 5")
    assert (short.score, short.correctness, dict(short.parts)) == (1.0, 1.0, {"test_words": -3.0, "math": 1.0})
    assert (long.score, long.correctness, long.verdict) == (0.0, 0.0, Verdict.WRONG)
    assert long.reason == "the gate does not hold"
    assert identity(RewardSpec.from_dict(spec)) == "gate(test_words@1 >= -3, math@22)"


def test_a_bound_opens_a_gate_for_what_is_partly_right() -> None:
    reference = TextReference(answers=("the red dog",))
    for bound, score in ((0.5, -2.0), (1.0, 0.0)):
        spec = RewardSpec.from_dict({"gate": "f1", "at_least": bound, "then": "test_words"})
        (result,) = asyncio.run(build(spec).grade([GradeRequest(response="the dog", reference=reference)]))
        assert result.score == score
        assert dict(result.parts)["f1"] == pytest.approx(2 / 3)


CURVES = {
    "gate": "math",
    "then": {"reward": "length", "label": "right", "parameters": {"shape": "cosine", "limit": 10, "at_zero": 2}},
    "else": {"reward": "length", "label": "wrong", "parameters": {"shape": "cosine", "limit": 10, "at_zero": -10}},
}


def test_where_a_gate_does_not_hold_another_reward_may_be_paid() -> None:
    right, wrong = judge(CURVES, "5", "\\boxed{6}")
    assert (right.score, right.correctness, right.verdict) == (pytest.approx(1.951, abs=1e-3), 1.0, Verdict.CORRECT)
    assert dict(right.parts) == {"math": 1.0, "right": right.score, "right.length": 1.0}
    assert (wrong.score, wrong.correctness, wrong.verdict) == (pytest.approx(-0.245, abs=1e-3), 0.0, Verdict.WRONG)
    assert (wrong.extracted, wrong.reason) == ("6", "math: differs from 5")
    assert dict(wrong.parts) == {"math": 0.0, "wrong": wrong.score, "wrong.length": 9.0}
    spec = RewardSpec.from_dict(CURVES)
    assert (lowest(spec), highest(spec)) == (-10.0, 2.0)
    assert identity(spec).endswith("length@2, else length@2)")
    assert [leaf.label for leaf in spec.leaves()] == ["math", "right", "wrong"]


def test_an_else_with_right_and_wrong_decides_for_itself_and_an_ungraded_one_is_ungraded() -> None:
    (result,) = judge({"gate": "format", "then": "test_words", "else": "math"}, RIGHT_UNSHAPED)
    assert (result.score, result.correctness, result.extracted) == (1.0, 1.0, "5")
    assert dict(result.parts) == {"format": 0.0, "math": 1.0}
    (result,) = judge({"gate": "format", "then": "math", "else": "test_unjudged"}, RIGHT_UNSHAPED)
    assert (result.score, result.verdict) == (None, Verdict.UNGRADED)
    (result,) = judge({"gate": "test_unjudged", "then": "math", "else": "test_words"}, RIGHT_UNSHAPED)
    assert dict(result.parts) == {"test_unjudged": None}


def test_behind_a_closed_gate_without_right_and_wrong_there_is_none() -> None:
    short, long = judge({"gate": "test_words", "at_least": -1, "then": "tag_count", "closed": -2}, "a", "a b")
    assert [(r.score, r.correctness, r.verdict) for r in (short, long)] == [
        (0.0, None, Verdict.SCORED),
        (-2.0, None, Verdict.SCORED),
    ]


@pytest.mark.parametrize(
    ("gate", "opens", "shuts"),
    [
        ("format", RIGHT, RIGHT_UNSHAPED),
        ({"reward": "regex", "parameters": {"pattern": "^5$", "place": "answer"}}, RIGHT, WRONG),
        ({"reward": "tag_count"}, "<think>", "5"),
        ({"reward": "length", "parameters": {"limit": 60}}, RIGHT, RIGHT + " " * 60),
        ({"reward": "language", "parameters": {"script": "latin", "at_least": 0.9}}, "five", "五"),
    ],
)
def test_any_reward_is_a_gate_and_shows_its_part(gate: object, opens: str, shuts: str) -> None:
    opened, shut = judge({"gate": gate, "then": {"reward": "test_words", "label": "paid"}, "closed": -9}, opens, shuts)
    assert "paid" in opened.parts
    assert opened.score == opened.parts["paid"]
    assert shut.score == -9.0
    assert "paid" not in shut.parts
    label = gate if isinstance(gate, str) else gate["reward"]  # type: ignore[index]
    assert label in opened.parts
    assert label in shut.parts


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
    assert identity(RewardSpec.from_dict(spec)) == "gate(format@2, sum(1 math@22, 0.1 test_words@1))"
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
        "{gate: repetition, at_least: -0.5, then: math}",
        "{gate: math, then: {reward: length, label: a}, else: {gate: format, then: tag_count, closed: -1}}",
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
        ({"gate": "format", "then": "math", "else": "math"}, "two parts of a reward are called 'math'"),
        ({"gate": "format", "then": "math", "closed": 0, "else": "f1"}, "both `closed` and `else`"),
        ({"gate": "format", "then": "math", "at_least": "1"}, r"reward\.at_least must be a finite number, not '1'"),
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
        ({"reward": "math", "parameters": {1: "strict"}}, r"reward\.parameters must be named by texts, not 1"),
        (
            {"sum": [{"reward": "math", "parameters": {"a": date(2024, 5, 1)}}]},
            r"reward\.sum\[0\]\.parameters .*not JSON",
        ),
        ("{reward: math}", "is a table written as text"),
        (3, "must be a reward's name or a table, not 3"),
        (None, "must be a reward's name or a table"),
    ],
)
def test_what_cannot_be_read_says_where_and_why(value: object, message: str) -> None:
    with pytest.raises(InvalidReward, match=message):
        RewardSpec.from_dict(value)


# --- references -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "kinds"),
    [
        ("math", {"math"}),
        ("format", {"math", "choice", "none"}),
        ({"reward": "regex", "parameters": {"pattern": "a"}}, {"math", "choice", "none"}),
        ("regex", set()),
        ({"sum": ["format", "math"]}, {"math"}),
        ({"sum": ["format", {"reward": "math", "weight": 0}]}, {"math", "choice", "none"}),
        ({"sum": ["choice", "math"]}, set()),
        ({"gate": "math", "then": "format"}, {"math"}),
        ({"gate": "format", "then": "math"}, {"math", "choice"}),  # the gate may be closed to what is no mathematics
        ({"gate": "format", "then": "math", "else": "choice"}, {"math", "choice"}),
        ({"gate": "format", "then": "math", "else": "tag_count"}, {"math", "choice", "none"}),
    ],
)
def test_a_tree_judges_by_the_references_that_its_parts_judge_by(spec: object, kinds: set[str]) -> None:
    read = RewardSpec.from_dict(spec)
    assert {kind for kind in ("math", "choice", "none") if can_judge(read, kind)} == kinds


@pytest.mark.parametrize(
    "controls",
    [lambda _request: [], lambda _request: 3, lambda request: request.nothing, lambda request: [request.response]],
)
def test_a_reward_without_control_requests_is_asked_about_an_empty_response(controls: Controls) -> None:
    asked: list[str] = []

    def counts(request: GradeRequest) -> float:
        asked.append(request.response)
        return 1.0

    reward("test_controlled", controls=controls)(counts)
    spec = RewardSpec.from_dict("test_controlled")
    asyncio.run(answer_controls(spec, build(spec), [GradeRequest(response="hangs")]))
    assert asked == [""], "a control that was never made is not answered"


def test_controls_of_a_batch_that_differ_in_number_are_all_asked() -> None:
    asked: list[list[str]] = []

    def counts(requests: Sequence[GradeRequest]) -> list[float]:
        asked.append([request.response for request in requests])
        return [1.0 for _ in requests]

    def as_many(request: GradeRequest) -> list[GradeRequest]:
        return [replace(request, response=f"{request.response}{number}") for number in range(int(request.response))]

    reward("test_controlled_batch", batched=True, controls=as_many)(counts)
    spec = RewardSpec.from_dict("test_controlled_batch")
    suspected = [GradeRequest(response=response) for response in ("1", "3")]
    asyncio.run(answer_controls(spec, build(spec), suspected))
    assert asked == [["10", "30"], ["10", "31"], ["10", "32"]]
