"""The rows to look at: a file of problems or of one's own rows, or a set by name, each row with its published solution.

Example:
    entries = list(read_entries("gsm8k:test").entries)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path

from data_prep.errors import BadRow, DataError, DataNotFound
from data_prep.problem import Problem
from data_prep.rows import OnBad, Row, iter_rows, raise_bad, read_each
from data_prep.sets import NAMED_SETS, NamedSet, named_set, set_rows
from data_prep.sources.columns import value_at
from data_prep.sources.jsonl import GUESS, ROWS_TO_GUESS_FROM, Wanted, first_fields, reader_of
from rewards.errors import InvalidRow
from rewards.types import MathReference, reference_from

_NAMED = {"choice": "answer", "text": "answers"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A problem, where it stands in its file, and its published solution (empty = none)."""

    problem: Problem
    line: int
    solution: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Entries on their way. name: as people call the data. columns: how they are read, for people."""

    name: str
    columns: str
    entries: Iterator[Entry]


def read_entries(
    data: str,
    *,
    solution_field: str | None = None,
    wanted: Wanted = GUESS,
    kind: str = "math",
    on_bad: OnBad = raise_bad,
) -> Source:
    """The rows of a file, or of `NAME` or `NAME:SPLIT` from the folder RLVR_DATA.

    solution_field: the column of a solution; None = the one that the named set has. wanted: other columns of a file.
    kind: what a bare answer in a file means: `math`, `choice` or `text`.

    Raises:
        DataNotFound, BadFile: there is no such file or set. UnknownColumns: see `data_prep.sources.jsonl`.
        DataError: the file holds no rows. BadRow: while entries are taken, unless `on_bad` takes it.
    """
    name, _, split = data.partition(":")
    if name in NAMED_SETS and not Path(data).exists():
        if wanted != GUESS:
            raise DataError(f"{name} has columns of its own; leave out the ones that are named for question and answer")
        entry = named_set(name)
        split = split or entry.default_split
        if split not in entry.files:
            raise DataNotFound(f"{name} has no split {split!r}; it has {', '.join(entry.files)}")
        entries = _of_set(entry, name, split, solution_field or entry.solution, on_bad)
        return Source(name=f"{name}:{split}", columns="", entries=entries)
    if not Path(data).exists() and not Path(data).suffix:
        named_set(name)  # says what there is, and what is nearest
    return _of_file(data, solution_field, wanted, kind, on_bad)


def _of_set(entry: NamedSet, name: str, split: str, solution: str, on_bad: OnBad) -> Iterator[Entry]:
    def read(row: Row) -> Entry | None:
        if entry.belongs is not None and not entry.belongs(row.fields, split):
            return None
        return _entry(entry.read(row.fields), row, solution)

    try:
        rows = set_rows(entry, name, None, split, on_bad)
        yield from (found for found in read_each(rows, read, on_bad) if found is not None)
    finally:
        if entry.finish is not None:
            entry.finish()


def _of_file(path: str, solution_field: str | None, wanted: Wanted, kind: str, on_bad: OnBad) -> Source:
    bad: list[BadRow] = []

    def take_note(error: BadRow) -> None:
        if not bad:
            bad.append(error)
        on_bad(error)

    rows = iter_rows(path, take_note)
    first = list(islice(rows, ROWS_TO_GUESS_FROM))
    if not first:
        raise DataError(f"{path} holds no rows that can be read" + (f"; the first: {bad[0]}" if bad else ""))
    fields = first_fields(first)
    if solution_field is not None and value_at(fields, solution_field) is None:
        raise DataError(f"{path} has no column {solution_field!r} for the solution; its columns: {', '.join(fields)}")
    reader = reader_of(fields, wanted, file=path)

    def read(row: Row) -> Entry:
        problem = reader.read(row)
        return _entry(problem if reader.columns is None else _meant(problem, kind), row, solution_field or "")

    entries = read_each(chain(first, rows), read, on_bad)
    return Source(name=path, columns=reader.describe(), entries=entries)


def _meant(problem: Problem, kind: str) -> Problem:
    """The problem with its bare answer as what it means. Raises BadRow."""
    reference = problem.reference
    if kind not in _NAMED or not isinstance(reference, MathReference) or not isinstance(reference.answer, str):
        return problem
    try:
        return replace(problem, reference=reference_from({"type": kind, _NAMED[kind]: reference.answer}))
    except InvalidRow as error:
        raise BadRow(str(error)) from error


def _entry(problem: Problem, row: Row, field: str) -> Entry:
    solution = value_at(row.fields, field) if field else None
    return Entry(problem=problem, line=row.line, solution=solution if isinstance(solution, str) else "")
