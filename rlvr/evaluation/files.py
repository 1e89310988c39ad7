"""Output files of an evaluation: every graded response, a summary, and the pass rate of each problem.

    OUT/SET.samples.jsonl (or .parquet)   a graded row for each response; `rlvr grade` accepts it
    OUT/SET.pass_rates.jsonl              {"id", "pass_rate"} per problem; `data.pass_rates` of a run filters by it
    OUT/summary.json                      all metrics of all sets with their intervals

Each file appears when it is complete.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from data_prep.writing import replacing, write_rows
from rewards.types import Json
from rlvr.errors import ConfigError
from rlvr.evaluation.result import Evaluation

FORMATS = ("jsonl", "parquet")

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("sample", pa.int64()),
        ("source", pa.string()),
        ("prompt", pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))),
        ("prompt_text", pa.string()),
        ("response", pa.string()),
        ("finish", pa.string()),
        ("tokens", pa.int64()),
        ("reference", pa.string()),  # JSON: its shape differs by row
        ("score", pa.float64()),
        ("correctness", pa.float64()),
        ("verdict", pa.string()),
        ("extracted", pa.string()),
        ("reason", pa.string()),
        ("parts", pa.string()),  # JSON object: name -> value
        ("steps", pa.list_(pa.list_(pa.float64()))),
        ("seconds", pa.float64()),
        ("details", pa.string()),  # JSON object
        ("reward", pa.string()),
        ("strict", pa.float64()),
        ("lenient", pa.float64()),
        ("format", pa.float64()),
    ]
)
_AS_JSON = ("reference", "parts", "details")
_ROW_GROUP = 4096


def write_samples(path: Path, evaluation: Evaluation) -> int:
    """Write every graded response in the format of the suffix. Returns the number of rows.

    Raises:
        BadFile: the file cannot be written, or its suffix is not .jsonl, .jsonl.gz, .jsonl.zst or .parquet.
    """
    rows: list[Mapping[str, Json]] = [sample.to_dict() for sample in evaluation.samples_S]
    if not path.name.endswith(".parquet"):
        return write_rows(path, rows, {})
    with replacing(path) as partial, pq.ParquetWriter(partial, SCHEMA, compression="zstd") as writer:
        for start in range(0, len(rows), _ROW_GROUP):
            cells = [_cells(row) for row in rows[start : start + _ROW_GROUP]]
            writer.write_table(pa.Table.from_pylist(cells, schema=SCHEMA))
    return len(rows)


def write_pass_rates(path: Path, evaluation: Evaluation) -> int:
    """Write `{"id", "pass_rate"}` for each problem with a graded sample; a problem that occurs twice gets the mean of
    both. Returns the number of problems.
    """
    rates: dict[str, list[float]] = {}
    for identity, rate in evaluation.pass_rates():
        if rate is not None:
            rates.setdefault(identity, []).append(rate)
    rows: list[Mapping[str, Json]] = [
        {"id": identity, "pass_rate": sum(found) / len(found)} for identity, found in rates.items()
    ]
    return write_rows(path, rows, {})


def write_summary(path: Path, summary: Mapping[str, Json]) -> None:
    """Write a summary as indented JSON."""
    text = json.dumps(summary, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_evaluation(folder: Path, name: str, evaluation: Evaluation, *, format: str = "jsonl") -> None:
    """Write the samples and pass rates of one set into a folder.

    Raises:
        ConfigError: an unknown format.
    """
    if format not in FORMATS:
        raise ConfigError(f"the format of the samples is {format!r}; known: {', '.join(FORMATS)}")
    write_samples(folder / f"{name}.samples.{format}", evaluation)
    write_pass_rates(folder / f"{name}.pass_rates.jsonl", evaluation)


def _cells(row: Mapping[str, Json]) -> dict[str, Json]:
    return {name: json.dumps(row[name], ensure_ascii=False) if name in _AS_JSON else row[name] for name in SCHEMA.names}
