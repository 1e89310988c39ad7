"""Strict and lenient grades of `math`, alone and in compositions; the shortcut agrees with a second grade."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from rewards import GradeRequest, GradeResult, RewardSpec, grade
from rewards.math.extract import extract
from rewards.types import Policy
from rlvr.cli import main
from rlvr.offline.asking import Under
from rlvr.offline.policies import BothPolicies, stands_in_the_only_form

CASES = sorted((Path(__file__).resolve().parents[2] / "cases" / "math").glob("*.jsonl"))


def held_together(responses: Iterator[str]) -> int:
    """How often the shortcut says yes; it must be right each time."""
    yes = 0
    for response in responses:
        found = extract(response, policy="lenient")
        if found is not None and stands_in_the_only_form(found.text, response):
            strict = extract(response, policy="strict")
            assert strict is not None, response
            assert strict.text == found.text, response
            yes += 1
    return yes


def test_what_stands_in_the_only_form_is_what_strict_finds() -> None:
    responses = [json.loads(line)["response"] for path in CASES for line in path.read_text().splitlines()]
    assert len(responses) > 3000
    assert held_together(iter(responses)) > 300


def test_it_holds_for_official_solutions(shared_data: Path) -> None:
    with gzip.open(shared_data / "math" / "test.jsonl.gz", "rt") as file:
        solutions = [json.loads(line)["solution"] for line in file]
    solutions += [
        json.loads(line)["answer"] for line in (shared_data / "gsm8k" / "test.jsonl").read_text().splitlines()
    ]
    assert held_together(iter(solutions)) > 0.6 * len(solutions)


@pytest.mark.parametrize("policy", ["strict", "lenient"])
@pytest.mark.parametrize(
    "response",
    [r"so \boxed{4}", "the answer is 4", "4", "#### 4", r"\boxed{5} so 4", "<answer>4</answer>", "", r"\boxed{}"],
)
def test_the_other_grade_is_that_of_the_other_policy(response: str, policy: Policy) -> None:
    spec = RewardSpec.named("math", policy=policy)
    policies = BothPolicies.of(spec, workers=1, deadline=10)
    assert policies is not None
    request = GradeRequest.from_dict({"response": response, "reference": "4"})
    assert policies.policy_of(request) == policy

    def begin(requests: Sequence[GradeRequest]) -> list[GradeResult]:
        return grade(spec, requests, workers=1)

    flipped = RewardSpec.named("math", policy="lenient" if policy == "strict" else "strict")
    (own,), (other,) = grade(spec, [request], workers=1), grade(flipped, [request], workers=1)
    strict, lenient = (own, other) if policy == "strict" else (other, own)
    assert policies(request, own, begin) == Under(strict.correctness, lenient.correctness)


def test_only_math_has_policies_here() -> None:
    assert BothPolicies.of(RewardSpec.from_dict({"gate": "format", "then": "tag_count"}), workers=1, deadline=9) is None


# What is right under both policies, under the lenient one, and under none; where the policy is the row's own, too.
ROWS = [
    {"response": "<think>a</think><answer>4</answer>", "reference": "4"},
    {"response": "the answer is 4", "reference": "4"},
    {"response": "the answer is $\\frac{8}{2}$", "reference": {"type": "math", "answer": "4", "policy": "strict"}},
    {"response": "so \\boxed{4}", "reference": {"type": "math", "answer": "4", "policy": "lenient"}},
    {"response": "\\boxed{2+2} and \\boxed{5}", "reference": {"type": "math", "answer": "4", "policy": "strict"}},
    {"response": "\\boxed{\\sqrt{16}}", "reference": "4"},
]


@pytest.mark.parametrize(
    "reward",
    [
        "{reward: math, parameters: {policy: strict}}",
        "{gate: format, then: math}",
        "{gate: {reward: math, parameters: {policy: strict}}, then: format, else: tag_count}",
        "{sum: [{reward: format, decides: true}, {reward: math, weight: 0}]}",
        "{sum: [{reward: math, parameters: {policy: strict}}, {reward: math, label: again, weight: -1}]}",
    ],
)
def test_both_policies_are_summed_up_whatever_else_is_paid(reward: str, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    command = ["grade", str(tmp_path / "in.jsonl"), "--reward", reward, "--out", str(tmp_path / "out.jsonl")]
    assert main([*command, "--workers", "1", "--summary", str(tmp_path / "summary.json")]) == 0
    measures = json.loads((tmp_path / "summary.json").read_text())["measures"]
    assert {name: (measures[name]["mean"], measures[name]["problems"]) for name in ("strict", "lenient")} == {
        "strict": (3 / 6, 6),
        "lenient": (5 / 6, 6),
    }


@pytest.mark.parametrize(
    ("reward", "strict", "lenient", "of"),
    [
        # A box is asked for in one part, and any form in the other: the part that decides is the one that counts.
        ("{sum: [{reward: math, parameters: {form: boxed}, label: box}, {reward: math, decides: true}]}", 3, 5, "math"),
        ("{gate: {reward: math, parameters: {form: boxed}, label: box}, then: math}", 3, 5, "math"),
        ("{sum: [{reward: math, parameters: {form: boxed}, label: box}, {reward: math, weight: 0.1}]}", 2, 2, "box"),
        # Two that differ in their policy alone say the same under both.
        ("{gate: {reward: math, parameters: {policy: strict}, label: sure}, then: math}", 3, 5, None),
    ],
)
def test_of_several_the_math_that_decides_is_summed_up_and_named(
    reward: str, strict: int, lenient: int, of: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    command = ["grade", str(tmp_path / "in.jsonl"), "--reward", reward, "--out", str(tmp_path / "out.jsonl")]
    assert main([*command, "--workers", "1", "--summary", str(tmp_path / "summary.json")]) == 0
    found = json.loads((tmp_path / "summary.json").read_text())
    assert [found["measures"][name]["mean"] for name in ("strict", "lenient")] == [strict / 6, lenient / 6]
    assert found["policies_of"] == of
    assert (f"strict and lenient are of the part {of!r}" in capsys.readouterr().err) == (of is not None)
