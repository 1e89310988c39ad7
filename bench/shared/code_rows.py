"""Rows for code graders: the published solutions of MBPP and HumanEval with their tests, right and wrong ones.

Half of the responses are right, a quarter hold another problem's solution, and a quarter a function that returns
nothing. The same shuffled block of rows is repeated, each time with a different comment in the programs. So files of
whole blocks differ only in length, and no program is identical to an earlier one.

The data is read from the folder RLVR_DATA, else from ../shared/data next to the repository.
"""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Iterator
from itertools import count as counting

from shared.math_rows import folder

from data_prep.sources.code import humaneval, mbpp
from rewards.types import Json

FENCE = "```"


def solved() -> list[tuple[str, dict[str, Json]]]:
    """Programs, each with the reference that it solves."""
    found: list[tuple[str, dict[str, Json]]] = []
    for line in (folder() / "mbpp" / "mbpp.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        found.append((str(row["code"]), mbpp.read(row).reference.to_dict()))
    with gzip.open(folder() / "humaneval" / "HumanEval.jsonl.gz", "rt", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            found.append((row["prompt"] + row["canonical_solution"], humaneval.read(row).reference.to_dict()))
    return found


def rows(block: int, *, seed: int = 0) -> Iterator[dict[str, Json]]:
    """An endless stream of rows that repeats `block` problems."""
    draw = random.Random(seed)
    chosen = solved()
    draw.shuffle(chosen)
    chosen = chosen[:block]
    for round_ in counting():
        for at, (program, reference) in enumerate(chosen):
            kind = (at + round_) % 4
            written = program
            if kind == 1:
                written = chosen[(at + 1) % len(chosen)][0]
            elif kind == 3:
                written = "\n".join(f"def {name}(*a, **k):\n    return None" for name in _defined(program))
            text = f"{FENCE}python\n# attempt {round_}\n{written}\n{FENCE}"
            yield {"id": at, "prompt": "Solve it.", "response": text, "reference": reference}


def _defined(program: str) -> list[str]:
    return re.findall(r"^def (\w+)", program, flags=re.MULTILINE)
