"""Rows for math graders: official solutions, each with its own answer and with the answer to another problem.

`realistic` are the test solutions of MATH, `gsm8k` all solutions of GSM8K: those of its test set alone are graded in
less time than a machine needs to get going after a pause. A wrong gold is the next one in the file whose value is
certainly different: its letters and digits are not the same, and if both are plain numbers, these differ. No grader is
asked, so that none is measured by its own judgement.

The data is read from the folder RLVR_DATA, else from ../shared/data next to the repository.
"""

from __future__ import annotations

import gzip
import json
import os
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

_LOOKED_AT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A response and the answer to grade it against."""

    response: str
    gold: str
    right: bool


def folder() -> Path:
    """The folder of the data."""
    named = os.environ.get("RLVR_DATA")
    found = Path(named) if named else Path(__file__).resolve().parents[2].parent / "shared" / "data"
    if not (found / "gsm8k").is_dir():
        raise SystemExit(f"no data folder at {found}; set RLVR_DATA to the folder that holds gsm8k/ and math/")
    return found


def rows(name: str) -> list[tuple[str, str]]:
    """The solutions and their answers."""
    if name == "gsm8k":
        read = [row for file in ("test.jsonl", "train.jsonl.gz") for row in _read(folder() / "gsm8k" / file)]
        solutions = [str(row["answer"]) for row in read]
        return [(solution, solution.rpartition("####")[2].strip()) for solution in solutions]
    return [(str(row["solution"]), str(row["answer"])) for row in _read(folder() / "math" / "test.jsonl.gz")]


def _read(path: Path) -> list[dict[str, object]]:
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def pairs(name: str, *, count: int | None = None, seed: int = 0) -> list[Pair]:
    """`count` shuffled pairs: every solution with its own gold and with the next different one."""
    solved = rows(name)
    made = []
    for at, (response, gold) in enumerate(solved):
        made.append(Pair(response=response, gold=gold, right=True))
        following = (solved[(at + step) % len(solved)][1] for step in range(1, _LOOKED_AT))
        other = next((answer for answer in following if _surely_differ(gold, answer)), None)
        if other is not None:
            made.append(Pair(response=response, gold=other, right=False))
    random.Random(seed).shuffle(made)
    return made[:count]


def slices(made: Sequence[Pair], rounds: int) -> list[Sequence[Pair]]:
    """This many disjoint slices of equal length, so that nothing cached in one round helps in the next."""
    length = len(made) // rounds
    return [made[at * length : (at + 1) * length] for at in range(rounds)]


def _surely_differ(gold: str, other: str) -> bool:
    if "circ" in gold + other or "%" in gold + other:  # with and without the sign it may be the same
        return False
    a, b = _number(gold), _number(other)
    if a is not None and b is not None:
        return a != b
    return sorted(filter(str.isalnum, gold)) != sorted(filter(str.isalnum, other))


def _number(text: str) -> Fraction | None:
    with suppress(ValueError, ZeroDivisionError):
        return Fraction(text.replace(",", "").replace("\\!", ""))
    return None
