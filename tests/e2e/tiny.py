"""A run that is small enough for a test: sums of two digits, a model of 20,000 parameters, a few seconds in all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow.parquet as pq
import yaml

from data_prep.demonstrations import write_demonstrations
from data_prep.files import write_problems
from data_prep.sources.arithmetic import Kind, demonstrate, split_draw
from rlvr.config import RunConfig, config_from
from rlvr.rundir import read_metrics


def make_data(folder: Path) -> None:
    kind = Kind(terms=2, digits=1)
    train, held_out, shown = split_draw(kind, [60, 8, 30], 0)
    write_problems(folder / "train.jsonl", [s.problem() for s in train])
    write_problems(folder / "held_out.jsonl", [s.problem() for s in held_out])
    write_demonstrations(folder / "shown.jsonl", demonstrate(shown, kind, worked_share=0.5, seed=0))


def tree(folder: Path, **changes: object) -> dict[str, object]:
    """The keys of the run; `changes` name dotted keys with double underscores: rollout__n=2."""
    keys: dict[str, object] = {
        "name": "tiny",
        "steps": 4,
        "threads": 1,
        "recipe": "dapo",
        "reward": {
            "sum": [{"reward": "math", "parameters": {"policy": "strict"}}, {"reward": "format", "weight": 0.5}]
        },
        "tokenizer": {"characters": "0123456789+=<>/thinkaswer? "},
        "model": {"init": {"hidden_size": 32, "layers": 1, "heads": 2, "max_positions": 96}},
        "data": {"train": [{"path": str(folder / "train.jsonl")}], "template": "plain", "max_prompt_tokens": 16},
        "warmup": {"data": str(folder / "shown.jsonl"), "steps": 60, "batch": 16, "optimizer": {"lr": 5e-3}},
        "rollout": {"prompts": 4, "n": 4, "max_tokens": 48, "stop": ["</answer>"]},
        "learner": {"updates_per_step": 2},
        "optimizer": {"lr": 1e-3},
        "grading": {"workers": 1, "deadline": 120},
        "eval": {"sets": [str(folder / "held_out.jsonl")], "every": 2},
        "checkpoint": {"every": 2, "keep_last": 2},
    }
    if changes.get("recipe", "dapo") == "dapo":
        keys["dynamic"] = {"oversample": 1.5, "max_rounds": 3}
    for key, value in changes.items():
        *path, last = key.split("__")
        inner = keys
        for part in path:
            inner = inner.setdefault(part, {})  # type: ignore[assignment]
        inner[last] = value
    return keys


def config(folder: Path, **changes: object) -> RunConfig:
    return config_from(tree(folder, **changes))


def write_config(folder: Path, **changes: object) -> Path:
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(tree(folder, **changes)))
    return path


def comparable_metrics(run: Path) -> list[dict[str, object]]:
    """All metrics but times and memory."""
    return [
        {k: v for k, v in row.items() if not k.startswith(("time/", "memory/"))}
        for row in read_metrics(run / "metrics.jsonl")
    ]


def comparable_samples(run: Path) -> Mapping[str, list[dict[str, object]]]:
    """All samples but the seconds that grading took."""
    return {
        path.name: pq.read_table(path).drop_columns(["grade_seconds"]).to_pylist()
        for path in sorted((run / "samples").iterdir())
    }
