"""Validate a data set from end to end: what `rlvr validate` runs.

Example:
    report = validate("gsm8k:train", settings=Settings(against=("gsm8k:test", "math500")))
    print(report.describe())
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import IO

from data_prep.errors import BadRow, DataError
from data_prep.parquet_rows import groups_of_lines, write_parquet
from data_prep.rows import PathLike, suffix_of
from data_prep.sources.jsonl import GUESS, Wanted
from data_prep.validation.entries import Entry, RowSource, Source, read_entries
from data_prep.validation.findings import Finding
from data_prep.validation.report import Report
from data_prep.validation.validator import Settings, Validator
from data_prep.writing import PROBLEM_COLUMNS, replacing, schema_of, write_rows
from rewards.clock import DEADLINE
from rewards.pool import GraderPool
from rewards.spec import RewardSpec
from rewards.types import NoReference, Reference
from rewards.untyped_references import untyped_as
from sandbox.temporary import temporary_folder

REWARD_OF = {
    "math": "math",
    "countdown": "countdown",
    "choice": "choice",
    "text": "exact",
    "regex": "regex",
    "json_schema": "json_schema",
    **dict.fromkeys(("stdio", "function", "asserts", "check", "pytest"), "code"),
}
"""The default reward for each reference type."""


def reward_for(reference: Reference) -> str:
    """The built-in reward for this type of reference. Raises DataError if there is none."""
    name = REWARD_OF.get(reference.type)
    if name is None:
        what = "no reference" if isinstance(reference, NoReference) else f"a reference of type {reference.type!r}"
        raise DataError(f"the first row has {what}, which says no reward; name the one to check with: --reward NAME")
    return name


def validate(
    data: str | Sequence[RowSource],
    reward: RewardSpec | str | None = None,
    settings: Settings | None = None,
    *,
    clean: PathLike | None = None,
    solution_field: str | None = None,
    wanted: Wanted = GUESS,
    limit: int | None = None,
    workers: int | None = None,
    deadline: float = DEADLINE,
) -> Report:
    """Validate a file, a named set, or row sources (`rlvr.offline.sources.find_sources` finds folders, standard input
    and hub sets), in one pass.

    reward: the reward to grade with; None = by the type of the first reference. clean: where to write the rows
    without errors, as problems that keep their other columns; the others go to `dropped_path(clean)`, with their
    reasons. limit: most rows to read. wanted, solution_field: see `read_entries`. workers, deadline: see
    `rewards.GraderPool`.

    Raises:
        DataError, DataNotFound, BadFile: the data cannot be read, or a file cannot be written.
        UnknownReward, InvalidReward, GradingUnavailable: see `rewards.grade`.
    """
    if clean is not None:
        _check_apart(clean, [data] if isinstance(data, str) else [source.name for source in data])
    bad_rows = _BadRows()
    spec = None if reward is None else RewardSpec.from_dict(reward)
    kind = "" if spec is None else untyped_as(spec)
    source = read_entries(data, solution_field=solution_field, wanted=wanted, kind=kind, on_bad=bad_rows)
    if spec is None:
        spec, source = _rewarded(source, bad_rows)
    with GraderPool(spec, workers=workers, deadline=deadline) as pool:
        with _dropped_file(clean) if clean is not None else nullcontext() as dropped:
            several = not isinstance(data, str) and len(data) > 1
            told = dropped.row if dropped else lambda _entry, _findings: None
            validator = Validator(pool, settings, several=several, dropped=told)
            bad_rows.pass_to(validator.bad_row, *([dropped.bad_row] if dropped else []))
            kept = validator.kept(replace(source, entries=islice(source.entries, limit)))
            if clean is None:
                deque(kept, maxlen=0)
            else:
                _write_kept(clean, kept)
        return validator.report()


def _check_apart(clean: PathLike, names: Sequence[str]) -> None:
    """Check the name of the file to write. Raises BadFile, and DataError if it is one of those that are read."""
    suffix_of(clean)
    for name in names:
        if Path(name).exists() and Path(clean).resolve() == Path(name).resolve():
            raise DataError(f"{str(clean)!r} is read and would be written over; give another file for what is kept")


class _BadRows:
    """Handles bad rows: collects them until the first good row has determined the reward, and so the validator."""

    def __init__(self) -> None:
        self.noted: list[BadRow] = []
        self._takers: Sequence[Callable[[BadRow], None]] = (self.noted.append,)

    def __call__(self, error: BadRow) -> None:
        for take in self._takers:
            take(error)

    def pass_to(self, *takers: Callable[[BadRow], None]) -> None:
        """From now on pass them to these functions, those collected first."""
        self._takers = takers
        for error in self.noted:
            self(error)


def _rewarded(source: Source, bad_rows: _BadRows) -> tuple[RewardSpec, Source]:
    """The reward for the first good row, and the source with that row. Raises DataError."""
    first = next(source.entries, None)
    if first is None:
        why = f"; the first: {bad_rows.noted[0]}" if bad_rows.noted else ""
        raise DataError(f"{source.name} holds no row that can be read{why}")
    spec = RewardSpec.from_dict(reward_for(first.problem.reference))
    return spec, replace(source, entries=chain([first], source.entries))


def dropped_path(clean: PathLike) -> Path:
    """The path of the dropped rows: `CLEAN.dropped.jsonl`."""
    return Path(f"{Path(clean)}.dropped.jsonl")


def _write_kept(clean: PathLike, kept: Iterator[Entry]) -> None:
    """Write the kept rows; nothing is written if there are none."""
    first = next(kept, None)
    if first is None:
        return
    rows = (entry.to_dict() for entry in chain([first], kept))
    if suffix_of(clean) != ".parquet":
        write_rows(clean, rows, {})
        return
    with temporary_folder("rlvr-validate-") as folder, replacing(clean) as partial:
        lines = folder / "rows.jsonl"  # the types of a user's columns are known only at the last row
        write_rows(lines, rows, {})
        write_parquet(partial, lambda: groups_of_lines(lines), schema_of(PROBLEM_COLUMNS))


class _Dropped:
    """Writes dropped rows, with the reasons."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def row(self, entry: Entry, findings: Sequence[Finding]) -> None:
        reasons = [{"check": finding.check, "reason": finding.reason} for finding in findings]
        file = {"file": entry.file} if entry.file else {}
        place = {**file, "line": entry.line, "reasons": reasons}
        self._write({**place, **entry.to_dict(), **place})  # its own column `line` is not this one

    def bad_row(self, error: BadRow) -> None:
        reasons = [{"check": "unreadable", "reason": error.reason}]
        self._write({"file": error.file, "line": error.line, "reasons": reasons, "row": error.row})

    def _write(self, record: dict[str, object]) -> None:
        self._stream.write(json.dumps(record) + "\n")  # ASCII, because the row may contain lone surrogates


@contextmanager
def _dropped_file(clean: PathLike) -> Iterator[_Dropped]:
    with replacing(dropped_path(clean)) as partial, partial.open("w", encoding="utf-8") as stream:
        yield _Dropped(stream)
