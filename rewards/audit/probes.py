"""Built-in rows of each type of reference, which a reward is attacked on if no rows are given.

Their answers are known, programs included, so that every reward of this package can be calibrated on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from rewards.audit.golds import AuditRow

_MATH = (
    (
        "A baker sells 12 rolls on Monday, 7 on Tuesday and 24 on Wednesday, for 3 dollars each. How much is that?",
        "129",
    ),
    ("What is the sum of 18, 25 and 31, less 9?", "65"),
    ("Simplify 6/8 to lowest terms.", r"\frac{3}{4}"),
    ("Expand $(x+1)^2$.", "x^2+2x+1"),
)
_CHOICE = (
    ("Which city is the capital of France?", "B", ["Rome", "Paris", "Madrid", "Vienna"]),
    ("Which of these is a prime number?", "C", ["21", "27", "29", "33"]),
    ("Which gas do plants take in?", "A", ["Carbon dioxide", "Oxygen", "Helium", "Argon"]),
)
_TEXT = (
    ("What is the tower in Paris called after its engineer?", "Eiffel Tower"),
    ("Who wrote the play about the prince of Denmark?", "William Shakespeare"),
    ("Which metal is liquid at room temperature?", "mercury"),
)
_ADD = "def add(a, b):\n    return a + b"
_SHOUT = "def shout(text):\n    return text.upper() + '!'"
_FUNCTION: tuple[dict[str, Any], ...] = (
    {
        "prompt": "Write a function add(a, b) that returns the sum of two integers.",
        "solution": _ADD,
        "reference": {
            "type": "function",
            "entry_point": "add",
            "cases": [{"args": [2, 40], "expected": 42}, {"args": [-3, 10], "expected": 7}],
            "limits": {"time_s": 5},
        },
    },
)
_STDIO: tuple[dict[str, Any], ...] = (
    {
        "prompt": "Read two integers on one line and print their sum.",
        "solution": "print(sum(map(int, input().split())))",
        "reference": {
            "type": "stdio",
            "cases": [{"stdin": "2 40\n", "stdout": "42\n"}, {"stdin": "-3 10\n", "stdout": "7\n"}],
            "limits": {"time_s": 5},
        },
    },
)
_ASSERTS: tuple[dict[str, Any], ...] = (
    {
        "prompt": "Write a function shout(text) that returns the text in capitals with an exclamation mark.",
        "solution": _SHOUT,
        "reference": {
            "type": "asserts",
            "asserts": ["assert shout('hello') == 'HELLO!'", "assert shout('a b') == 'A B!'"],
            "limits": {"time_s": 5},
        },
    },
)
_CHECK: tuple[dict[str, Any], ...] = (
    {
        "prompt": "Write a function add(a, b) that returns the sum of two integers.",
        "solution": _ADD,
        "reference": {
            "type": "check",
            "prompt": "def add(a, b):\n",
            "entry_point": "add",
            "test": "def check(candidate):\n    assert candidate(2, 40) == 42\n    assert candidate(-3, 10) == 7\n",
            "limits": {"time_s": 5},
        },
    },
)
_PYTEST: tuple[dict[str, Any], ...] = (
    {
        "prompt": "Write a module whose function shout(text) returns the text in capitals with an exclamation mark.",
        "solution": _SHOUT,
        "reference": {
            "type": "pytest",
            "files": {
                "test_solution.py": "from solution import shout\n\n"
                "def test_one_word():\n    assert shout('hello') == 'HELLO!'\n\n"
                "def test_two_words():\n    assert shout('a b') == 'A B!'\n"
            },
            "limits": {"time_s": 20},
        },
    },
)


def _rows(rows: tuple[dict[str, Any], ...]) -> tuple[AuditRow, ...]:
    return tuple(AuditRow.from_dict({"id": f"{row['reference']['type']} {n}", **row}) for n, row in enumerate(rows, 1))


PROBES: Mapping[str, tuple[AuditRow, ...]] = MappingProxyType(
    {
        "math": _rows(tuple({"prompt": q, "reference": {"type": "math", "answer": a}} for q, a in _MATH)),
        "choice": _rows(
            tuple({"prompt": q, "reference": {"type": "choice", "answer": a, "options": o}} for q, a, o in _CHOICE)
        ),
        "text": _rows(tuple({"prompt": q, "reference": {"type": "text", "answers": a}} for q, a in _TEXT)),
        "countdown": _rows(
            tuple(
                {
                    "prompt": f"Reach {target} with {numbers}.",
                    "reference": {"type": "countdown", "numbers": numbers, "target": target},
                }
                for numbers, target in (([3, 5, 7, 2], 34), ([4, 6, 9, 11], 77))
            )
        ),
        "regex": _rows(
            tuple(
                {"prompt": q, "reference": {"type": "regex", "pattern": p}}
                for q, p in (("Which city is it?", r"(?i)\bparis\b"), ("Which year was it?", r"(?<!\d)1789(?!\d)"))
            )
        ),
        "json_schema": _rows(
            tuple(
                {
                    "prompt": q,
                    "reference": {
                        "type": "json_schema",
                        "schema": {"type": "object", "required": [n], "properties": {n: p}},
                    },
                }
                for q, n, p in (
                    ("Give the name as JSON.", "name", {"type": "string", "minLength": 1}),
                    ("Give the count as JSON.", "count", {"type": "integer", "minimum": 3}),
                )
            )
        ),
        "function": _rows(_FUNCTION),
        "stdio": _rows(_STDIO),
        "asserts": _rows(_ASSERTS),
        "check": _rows(_CHECK),
        "pytest": _rows(_PYTEST),
        "none": _rows(
            tuple(
                {"prompt": q, "reference": {"type": "none"}}
                for q in ("What is 7 times 8?", "Write two sentences about rain.")
            )
        ),
    }
)
"""Rows by the type of their reference."""
