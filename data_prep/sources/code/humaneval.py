"""HumanEval (Chen et al. 2021, arXiv 2107.03374): complete a function, judged by `check(candidate)`.

Example:
    >>> row = {"prompt": "def f():\\n", "entry_point": "f", "test": "def check(candidate): assert candidate() == 1"}
    >>> read(row).reference.entry_point
    'f'
"""

from __future__ import annotations

from collections.abc import Mapping

from data_prep.problem import Problem
from data_prep.sources.answers import text_of
from data_prep.sources.code.prompts import block, question
from data_prep.sources.code.reading import made, raw_text


def read(fields: Mapping[str, object]) -> Problem:
    """Read a row with `prompt`, `entry_point` and `test`. Raises BadRow."""
    prompt, entry_point = raw_text(fields, "prompt"), text_of(fields, "entry_point")
    return made(
        question(f"Complete the Python function `{entry_point}`.", block(prompt)),
        {"type": "check", "prompt": prompt, "entry_point": entry_point, "test": raw_text(fields, "test")},
        source="humaneval",
        name=fields.get("task_id"),
    )
