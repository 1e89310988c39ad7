"""`samples/step-000010.parquet`: every sample of a step with reward parts, verdict, advantage and decision."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from rlvr.rundir.files import sync, writing
from rlvr.types import Group, Sample

_NAME = re.compile(r"step-(\d{6,})\.parquet")

SCHEMA = pa.schema(
    [
        ("step", pa.int64()),
        ("problem", pa.string()),
        ("source", pa.string()),
        ("draw", pa.int64()),
        ("sample", pa.int64()),
        ("prompt", pa.string()),
        ("response", pa.string()),
        ("tokens", pa.int64()),
        ("finish", pa.string()),
        ("score", pa.float64()),
        ("correctness", pa.float64()),
        ("verdict", pa.string()),
        ("extracted", pa.string()),
        ("reason", pa.string()),
        ("parts", pa.string()),  # JSON object: name -> value
        ("shaping", pa.string()),  # JSON object: name -> contribution
        ("reward", pa.float64()),
        ("advantage", pa.float64()),
        ("decision", pa.string()),
        ("policy_version", pa.int64()),
        ("grade_seconds", pa.float64()),
        ("details", pa.string()),  # JSON object: the grader's details
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedGroup:
    """A group and its decision: `trained`, `not_trained` (the run stopped), or why it was left out.

    advantages: the mean advantage of each sample's tokens, by sample index; empty unless trained.
    """

    group: Group
    decision: str
    advantages: Mapping[int, float]


class SamplesFolder:
    """Writes one Parquet file per step, atomically."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, step: int, groups: Iterable[DecidedGroup]) -> Path:
        rows = [_row(step, decided, sample) for decided in groups for sample in decided.group.samples_G]
        path = self._folder / f"step-{step:06d}.parquet"
        temporary = path.with_name(f".{path.name}.partial")
        with writing(path):
            self._folder.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), temporary, compression="zstd")
            sync(temporary)
            temporary.replace(path)
            sync(self._folder)
        return path

    def cut_after(self, step: int) -> None:
        """Remove the files of later steps."""
        for path in self._folder.glob("step-*.parquet"):
            if (name := _NAME.fullmatch(path.name)) and int(name[1]) > step:
                with writing(path):
                    path.unlink()


def _row(step: int, decided: DecidedGroup, sample: Sample) -> dict[str, object]:
    group, grade, completion = decided.group, sample.grade, sample.completion
    index = completion.request.sample_index
    return {
        "step": step,
        "problem": group.problem.id,
        "source": group.problem.source,
        "draw": group.draw_index,
        "sample": index,
        "prompt": "\n".join(m.content for m in group.problem.messages),
        "response": sample.text,
        "tokens": len(completion.token_ids),
        "finish": completion.finish.value,
        "score": grade.score,
        "correctness": grade.correctness,
        "verdict": grade.verdict.value,
        "extracted": grade.extracted,
        "reason": grade.reason,
        "parts": json.dumps(dict(grade.parts)),
        "shaping": json.dumps(dict(sample.shaping)),
        "reward": sample.reward,
        "advantage": decided.advantages.get(index),
        "decision": decided.decision,
        "policy_version": completion.policy_versions[0] if completion.policy_versions else None,
        "grade_seconds": grade.seconds,
        "details": json.dumps(dict(grade.details)),
    }
