"""The text of a grade is written to the output, whatever characters it contains."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from rlvr.cli import main

# A text cut in the middle of a character of two units, and what a terminal would obey.
REWARD = r"""
from rewards import GradeResult

HALF = "\ud83d"

def says(request):
    if request.response == "raises":
        raise ValueError("half " + HALF + " of \x1b[31m")
    if request.response == "none":
        return GradeResult.ungraded("no " + HALF)
    return GradeResult(score=1.0, verdict="scored", extracted=HALF, reason="so " + HALF,
                       parts={"part" + HALF: 0.5}, details={"said": [HALF]})
"""


RESPONSES = ("none", "raises", "fine")
HALVES = {"out.jsonl": "\ud83d", "out.parquet": "\N{REPLACEMENT CHARACTER}"}


@pytest.mark.parametrize("name", ["out.jsonl", "out.parquet"])
def test_half_a_character_in_a_grade_is_written_and_nothing_is_lost(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own.py").write_text(REWARD)
    Path("in.jsonl").write_text("".join(f'{{"id": {n}, "response": "{r}"}}\n' for n, r in enumerate(RESPONSES)))
    spec = "{reward: './own.py:says', in_process: true}"
    command = ["grade", "in.jsonl", "--reward", spec, "--out", name, "--summary", "sum.json", "--cache", "known"]
    for known in (0, 1):
        assert main(command) == 3
        told = capsys.readouterr().err
        assert "graded 3 responses: 1 scored, 2 ungraded" in told
        assert "\x1b" not in told
        assert "\\x1b[31m" in told
        assert ("1 of 3 grades were known" in told) is bool(known)
        rows = read(tmp_path / name)
        assert [row["id"] for row in rows] == [0, 1, 2]
        assert str(rows[1]["reason"]).startswith("reward './own.py:says' raised ValueError")
        assert rows[2]["extracted"] == HALVES[name]
        assert json.loads(Path("sum.json").read_text())["verdicts"] == {"scored": 1, "ungraded": 2}


def read(path: Path) -> list[dict[str, object]]:
    if path.is_dir():
        return list(pq.read_table(path).to_pylist())
    return [json.loads(line) for line in path.read_text().splitlines()]
