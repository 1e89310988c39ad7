"""`metrics.jsonl`: one complete line per step, cut back to the checkpoint when a run resumes.

Times are under `time/` and memory under `memory/`: only these differ between two runs of a configuration on one machine
with one number of threads.

Example line:
    {"step": 3, "reward/mean": 0.25, "response/length_mean": 31.5, "time/step": 1.02}
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from rlvr.errors import ConfigError
from rlvr.regular_files import regular
from rlvr.rundir.files import write_text, writing

Metrics: TypeAlias = Mapping[str, float | int | str | None]


class MetricsFile:
    """Appends lines; each is flushed to disk before the next step begins."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def cut_after(self, step: int) -> int:
        """Remove the lines of later steps and a truncated last line. Returns how many steps from 1 on have none.

        Each was flushed before the checkpoint that a run resumes from: something else has removed it.
        """
        if not self._path.exists():
            return max(0, step)
        kept = [row for row in read_metrics(self._path) if int(row["step"] or 0) <= step]
        with writing(self._path):
            write_text(self._path, "".join(_line(row) for row in kept))
        return len(set(range(1, step + 1)) - {row["step"] for row in kept})

    def append(self, metrics: Metrics) -> None:
        with writing(self._path), open(self._path, "a", encoding="utf-8", opener=regular) as file:
            file.write(_line(metrics))
            file.flush()
            os.fsync(file.fileno())


def read_metrics(path: Path) -> Iterator[dict[str, float | int | str | None]]:
    """The lines of a metrics file; a truncated last line (the process was killed while writing it) is skipped.

    Raises:
        ConfigError: another line is invalid; says which.
    """
    with open(path, "rb", opener=regular) as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                return
            try:
                row = json.loads(line)
            except ValueError as error:
                raise ConfigError(f"{path}, line {number}: not a line of metrics: {error}; remove it") from error
            if not isinstance(row, dict) or not isinstance(row.get("step"), int | float):
                raise ConfigError(f"{path}, line {number}: not a line of metrics: it has no step; remove it")
            yield row


def _line(metrics: Metrics) -> str:
    # JSON has no NaN: an undefined value (no informative group, say) is null.
    plain = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in metrics.items()}
    return json.dumps(plain, ensure_ascii=False, allow_nan=False) + "\n"
