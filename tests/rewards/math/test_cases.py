"""Labelled answers: each case of `tests/cases/math` is judged as its author says."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rewards import GradeRequest, grade
from rewards.errors import InvalidRow

CASES = Path(__file__).parents[2] / "cases" / "math"
FILES = sorted(CASES.glob("*.jsonl"))


def cases(file: Path) -> Iterator[dict[str, Any]]:
    yield from map(json.loads, file.read_text(encoding="utf-8").splitlines())


def request(case: dict[str, Any]) -> GradeRequest | None:
    """The case as a request; None where its reference is refused when it is read, which is the data's fault, too."""
    reference = {"type": "math", "answer": case["gold"], **case.get("options", {})}
    try:
        return GradeRequest.from_dict({"response": case["response"], "reference": reference})
    except InvalidRow:
        return None


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_every_labelled_answer_is_judged_as_labelled(file: Path) -> None:
    rows = list(cases(file))
    asked = [(case, one) for case in rows if (one := request(case)) is not None]
    refused = [case for case in rows if request(case) is None]
    assert all(case["expected"] == "ungraded" for case in refused), refused
    results = grade("math", [one for _case, one in asked], workers=2)
    wrong = [
        (case["gold"], case["response"][-200:], case["why"], case["expected"], result.verdict.value)
        for (case, _one), result in zip(asked, results, strict=True)
        if result.verdict.value != case["expected"]
    ]
    assert not wrong, f"{len(wrong)} of {len(rows)}: {wrong[:10]}"


def test_there_are_many_cases_of_each_verdict() -> None:
    counted = Counter(case["expected"] for file in FILES for case in cases(file))
    assert sum(counted.values()) >= 1500
    assert min(counted["correct"], counted["wrong"]) >= 700
    assert min(counted["no_answer"], counted["ungraded"]) >= 20
