"""The guide to grading mathematics is true: its examples get the verdicts shown, and its options are the code's."""

from __future__ import annotations

import dataclasses
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from rewards import GradeRequest, MathReference, find
from rewards.math.grader import grade_math

GUIDE = (Path(__file__).resolve().parents[3] / "docs" / "guides" / "math_grader.md").read_text()
EXAMPLES = [
    json.loads(line)
    for block in re.findall(r"^```json\n(.*?)^```$", GUIDE, flags=re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example["response"])[-40:])
def test_an_example_is_judged_as_the_guide_says(example: dict[str, Any]) -> None:
    reference = {"type": "math", "answer": example["gold"], **example.get("options", {})}
    request = GradeRequest.from_dict({"response": example["response"], "reference": reference})
    assert grade_math(request, **example.get("parameters", {})).verdict.value == example["verdict"]


def test_the_file_that_the_guide_begins_with_is_graded_as_it_says() -> None:
    shown = re.search(r"^```console\n(.*?)^```$", GUIDE, flags=re.MULTILINE | re.DOTALL)
    assert shown is not None
    lines = shown[1].splitlines()
    requests = [GradeRequest.from_dict(json.loads(line)) for line in lines if line.startswith("{")]
    counts = []
    for parameters in ({}, {"policy": "strict", "form": "boxed"}):
        found = Counter(grade_math(request, **parameters).verdict.value for request in requests)
        listed = ", ".join(f"{found[verdict]} {verdict}" for verdict in sorted(found))
        counts.append(f"graded {len(requests)} responses: {listed}")
    assert [line for line in lines if line.startswith("graded ")] == counts


def test_the_guide_has_examples_of_every_verdict_and_many() -> None:
    assert len(EXAMPLES) > 90
    assert {example["verdict"] for example in EXAMPLES} == {"correct", "wrong", "no_answer", "ungraded"}


def test_the_guide_names_every_option_and_parameter() -> None:
    named = {*(field.name for field in dataclasses.fields(MathReference)), *find("math").parameters}
    assert [name for name in named if f"`{name}`" not in GUIDE] == []
