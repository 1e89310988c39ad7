"""Every rule takes linear time: twice the text takes about twice the time, for any text."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from rewards.registry import find
from rewards.types import GradeRequest, Json, Reference, reference_from

LARGEST, LARGE = 4_000_000, 400_000

# What is repeated until the text is long enough: each would make some careless scan start over again and again.
PIECES = {
    "prose": "The answer is (B), since 3 is more than 2, and so on. ",
    "opened": "<think><answer>",
    "closed": "</think></answer>",
    "almost tags": "< \u200bthink ",
    "attributes": "<answer id=1 ",
    "marks": "$`\\(\\[```\\boxed{",
    "dashes": "-5.,5-",
    "letters": "aaaaaaaa",
    "blanks": " \n\t ",
    "spaces": "    ",
    "stars": "****",
    "words and spaces": "answer      ",
    "statements": "the answer is ",
    "boxes": "\\boxed{A} or ",
    "braces": '{["a":',
    "han": "答案是",
    "fences": "```json\n",
    "nested boxes": "\\boxed{{}",
    "hashes": "####",
}
REWARDS: list[tuple[str, dict[str, Json], Reference]] = [
    ("format", {}, reference_from(None)),
    ("format", {"newlines": True, "prefilled": True}, reference_from(None)),
    ("tag_count", {}, reference_from(None)),
    ("regex", {"place": "response"}, reference_from({"type": "regex", "pattern": [r"(?s).*", r"(a+)+$"]})),
    ("choice", {}, reference_from({"type": "choice", "answer": "B", "options": ["Rome", "Paris", "London"]})),
    ("exact", {"place": "response"}, reference_from({"type": "text", "answers": ["Paris"]})),
    ("f1", {"place": "response"}, reference_from({"type": "text", "answers": ["Paris", "the answer"]})),
    ("json_schema", {"source": "response"}, reference_from({"type": "json_schema", "schema": {"type": "array"}})),
    ("json_schema", {}, reference_from({"type": "json_schema", "schema": {"type": "array"}})),
    ("length", {"limit": 100, "unit": "words"}, reference_from(None)),
    ("repetition", {"ngram": 5}, reference_from(None)),
    ("language", {"script": "latin"}, reference_from(None)),
    ("language", {"script": "main", "place": "thinking"}, reference_from(None)),
]


def seconds(grade: Callable[[str], object], text: str) -> float:
    """Processor time."""
    began = time.process_time()
    grade(text)
    return time.process_time() - began


@pytest.mark.slow(40)
@pytest.mark.parametrize(
    ("name", "parameters", "reference"), REWARDS, ids=[f"{name} {given or ''}".strip() for name, given, _ in REWARDS]
)
def test_twice_the_text_takes_about_twice_the_time(
    name: str, parameters: dict[str, Json], reference: Reference
) -> None:
    grader = find(name).grader(parameters)

    def grade(text: str) -> None:
        (result,) = asyncio.run(grader.grade([GradeRequest(response=text, reference=reference)]))
        assert result.score is not None, result.reason

    grade("")  # what is loaded once
    for label, piece in PIECES.items():
        size = LARGEST if label == "prose" else LARGE
        half, whole = (piece * (length // len(piece)) for length in (size // 2, size))
        for last in (False, False, True):  # a busy machine is no fault of ours
            short, long = seconds(grade, half), seconds(grade, whole)
            # A quadratic scan takes four times as long, and at these sizes many seconds; the rest is noise.
            if long < 3.0 * short + 0.1:
                break
            assert not last, f"{label}: {short:.3f} s, then {long:.3f} s"
