"""Strict beside lenient: a shortcut that says what a second grade would say."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from rewards import GradeRequest, GradeResult, RewardSpec, grade
from rewards.math.extract import extract
from rewards.types import Policy
from rlvr.offline.policies import OtherPolicy, stands_in_the_only_form

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
    other = OtherPolicy.of(spec)
    assert other is not None
    request = GradeRequest.from_dict({"response": response, "reference": "4"})
    assert other.policy_of(request) == policy

    def begin(requests: Sequence[GradeRequest]) -> list[GradeResult]:
        return grade(spec, requests, workers=1)

    flipped = RewardSpec.named("math", policy="lenient" if policy == "strict" else "strict")
    (own,), (expected,) = grade(spec, [request], workers=1), grade(flipped, [request], workers=1)
    found = other(request, own, begin)
    assert isinstance(found, GradeResult)
    assert (found.score, found.verdict) == (expected.score, expected.verdict)


def test_only_math_has_policies_here() -> None:
    assert OtherPolicy.of(RewardSpec.named("format")) is None
    assert OtherPolicy.of(RewardSpec.from_dict({"gate": "format", "then": "math"})) is None
