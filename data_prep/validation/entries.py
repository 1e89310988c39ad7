"""The rows to validate, from files, other row sources or a named set, each with its published solution.

Example:
    entries = list(read_entries("gsm8k:test").entries)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Protocol

from data_prep.errors import BadRow, DataError, DataNotFound
from data_prep.json_values import json_value
from data_prep.problem import Problem
from data_prep.rows import OnBad, Row, iter_rows, raise_bad, read_each
from data_prep.sets import NAMED_SETS, NamedSet, named_set, set_rows
from data_prep.sources.columns import value_at
from data_prep.sources.jsonl import GUESS, ROWS_TO_GUESS_FROM, Wanted, first_fields, reader_of
from data_prep.validation.findings import Finding
from rewards.errors import InvalidRow
from rewards.types import DataReference, Json, MathReference, reference_from
from rewards.untyped_references import ANY, reference_of

SOLUTION_NAMES = (
    *("solution", "reference_solution", "canonical_solution", "gold_solution", "code", "rationale", "reasoning"),
    *("explanation", "answer"),
)
OPTION_NAMES = ("options", "choices")
_NAMED = {"choice": "answer", "text": "answers"}


class RowSource(Protocol):
    """Rows in a fixed order, with errors for those that cannot be parsed. `rlvr.offline.sources` implements it."""

    name: str

    def rows(self) -> Iterator[Row | BadRow]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A problem, its location, and its published solution (empty = none). file: empty if there is only one.

    columns: of a user's own row.
    """

    problem: Problem
    line: int
    solution: str = ""
    file: str = ""
    columns: Mapping[str, object] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Json]:
        """The problem's columns, and those of the row that have other names."""
        problem = self.problem.to_dict()
        return {**problem, **{name: json_value(value) for name, value in self.columns.items() if name not in problem}}

    def finding(self, check: str, reason: str) -> Finding:
        """A finding about this row."""
        return Finding(check, self.line, self.problem.id, reason, self.file)

    @property
    def place(self) -> str:
        """The row's location, for messages."""
        return f"line {self.line}" if not self.file else f"{self.file}, line {self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A stream of entries. name: of the data, for messages. columns: how its columns are read, for messages."""

    name: str
    columns: str
    entries: Iterator[Entry]


def read_entries(
    data: str | Sequence[RowSource],
    *,
    solution_field: str | None = None,
    wanted: Wanted = GUESS,
    kind: str = "",
    on_bad: OnBad = raise_bad,
) -> Source:
    """Read a file, a set `NAME` or `NAME:SPLIT` from the folder RLVR_DATA, or row sources, as one stream.

    solution_field: the column of the solution; None = that of the named set, or a usual name. wanted: other columns,
    for a user's own rows. kind: the type of a bare answer in these, see `untyped_as`; where that leaves it open, it is
    `choice` if the first rows have options, else `math`.

    Raises:
        DataNotFound, BadFile: no such file or set. UnknownColumns: see `data_prep.sources.jsonl`. DataError: there are
        no rows. BadRow: while iterating, unless `on_bad` handles it.
    """
    if not isinstance(data, str):
        return _of_rows(data, solution_field, wanted, kind, on_bad)
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
        named_set(name)  # raises an error that suggests the nearest name
    return _of_rows([_File(data)], solution_field, wanted, kind, on_bad)


class _File:
    """The rows of one file."""

    def __init__(self, path: str) -> None:
        self.name = path
        self._bad: list[BadRow] = []
        self._rows = iter_rows(path, self._bad.append)

    def rows(self) -> Iterator[Row | BadRow]:
        for row in self._rows:
            yield from self._bad
            self._bad.clear()
            yield row
        yield from self._bad


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


def _of_rows(
    sources: Sequence[RowSource], solution_field: str | None, wanted: Wanted, kind: str, on_bad: OnBad
) -> Source:
    bad: list[BadRow] = []

    def good() -> Iterator[Row]:
        for source in sources:
            for row in source.rows():
                if isinstance(row, BadRow):
                    if not bad:
                        bad.append(row)
                    on_bad(row)
                else:
                    yield row

    name = ", ".join(source.name for source in sources[:3]) + (f" and {len(sources) - 3} more" if sources[3:] else "")
    rows = good()
    first = list(islice(rows, ROWS_TO_GUESS_FROM))
    if not first:
        raise DataError(f"{name} holds no rows that can be read" + (f"; the first: {bad[0]}" if bad else ""))
    fields = first_fields(first)
    if solution_field is not None and value_at(fields, solution_field) is None:
        raise DataError(f"{name} has no column {solution_field!r} for the solution; its columns: {', '.join(fields)}")
    reader = reader_of(fields, wanted, file=name)
    of_solution = solution_field or _solution_column(fields)
    options = next((column for column in OPTION_NAMES if isinstance(fields.get(column), list | Mapping)), "")
    as_data = kind in (ANY, DataReference.type)
    if as_data or not kind:
        kind = "choice" if options else "math"
    told = reader.describe()
    if of_solution:
        told += f", solution from {of_solution!r}"
    if kind == "choice" and options and reader.columns is not None:
        told += f", options from {options!r}"
    meant = partial(_meant, kind=kind, options=options)

    def read(row: Row) -> Entry:
        problem = reader.read(_with_data(row, reader.columns.answer) if as_data and reader.columns is not None else row)
        if reader.columns is not None:
            problem = _named(meant(problem, row.fields), row.fields)
        made = replace(_entry(problem, row, of_solution), columns=row.fields)
        return replace(made, file=row.file) if len(sources) > 1 else made

    return Source(name=name, columns=told, entries=read_each(chain(first, rows), read, on_bad))


def _solution_column(fields: Mapping[str, object]) -> str:
    """The first of the usual solution columns that holds text."""
    texts = (name for name in SOLUTION_NAMES if isinstance(fields.get(name), str))
    return next((name for name in texts if name != "answer" or "####" in str(fields[name])), "")


def _with_data(row: Row, columns: Sequence[str]) -> Row:
    """The row with a list or an object as its answer marked as data, for a reward that declares no other type."""
    name = next((name for name in columns if value_at(row.fields, name) is not None), "")
    value = value_at(row.fields, name) if name else None
    if not isinstance(value, list | Mapping):
        return row
    return replace(row, fields={**row.fields, name: reference_of(value, ANY)})


def _meant(problem: Problem, fields: Mapping[str, object], *, kind: str, options: str) -> Problem:
    """The problem with its bare answer converted to the reference type `kind`. Raises BadRow."""
    reference = problem.reference
    if kind not in _NAMED or not isinstance(reference, MathReference) or not isinstance(reference.answer, str):
        return problem
    offered = {"options": fields.get(options)} if kind == "choice" and options else {}
    try:
        return replace(problem, reference=reference_from({"type": kind, _NAMED[kind]: reference.answer, **offered}))
    except InvalidRow as error:
        raise BadRow(str(error)) from error


def _named(problem: Problem, fields: Mapping[str, object]) -> Problem:
    """The problem with the row's own id, source and tags, where it has such."""
    identity, source, tags = (fields.get(name) for name in ("id", "source", "tags"))
    if isinstance(tags, str):
        tags = [tags]
    return replace(
        problem,
        id=str(identity) if isinstance(identity, str | int) and str(identity).strip() else problem.id,
        source=source if isinstance(source, str) else problem.source,
        tags=tuple(map(str, tags)) if isinstance(tags, list) else problem.tags,
    )


def _entry(problem: Problem, row: Row, field: str) -> Entry:
    solution = value_at(row.fields, field) if field else None
    return Entry(problem=problem, line=row.line, solution=solution if isinstance(solution, str) else "")
