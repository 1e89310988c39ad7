"""Prepare a problem file: filter, count, sample, write. Used by `rlvr prep`.

The filters, in order: duplicates, overlap with other files, pass rates, prompt length; then `limit`. Rows are streamed,
and reading stops at the limit; only a shuffle holds the remaining problems in memory.

Example:
    prepared = prepare(load_set("gsm8k"), "train.jsonl", Preparation(against=("test.jsonl",), drop_overlap=True))
    print(prepared.describe())
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

from data_prep.duplicates import DuplicateFilter, OverlapFilter
from data_prep.errors import DataError
from data_prep.files import data_hash, write_problems
from data_prep.length_filter import LengthFilter
from data_prep.pass_rates import PassRateFilter, read_pass_rates
from data_prep.problem import Problem
from data_prep.rows import PathLike, iter_rows
from data_prep.sources.jsonl import UnknownColumns, read_rows
from data_prep.sources.random_draws import generator
from rewards.pluralize import pluralize


class Filter(Protocol):
    """Decides row by row, and counts its decisions."""

    def keep(self, problem: Problem) -> bool: ...

    def finish(self) -> None:
        """Called after all rows. Raises DataError if the counts indicate a mistake."""
        ...

    def describe(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """Options of a preparation.

    against: files (test sets, prepared or as published) to search for the same questions. Matches are only counted
        unless drop_overlap is set.
    pass_rates: a file of pass rates; problems outside low to high are dropped.
    encode: a problem's prompt as tokens. max_prompt_tokens: longer ones are dropped; None = only measured.
    limit: write at most this many. shuffle_seed: seed of a random order; None = original order.
    """

    drop_duplicates: bool = False
    against: tuple[PathLike, ...] = ()
    drop_overlap: bool = False
    pass_rates: PathLike | None = None
    pass_rate_low: float = 0.0
    pass_rate_high: float = 1.0
    encode: Callable[[Problem], Sequence[object]] | None = None
    max_prompt_tokens: int | None = None
    limit: int | None = None
    shuffle_seed: int | None = None

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 1:
            raise DataError(f"limit is {self.limit}; it must be at least 1")
        if self.max_prompt_tokens is not None and self.encode is None:
            raise DataError(f"max_prompt_tokens is {self.max_prompt_tokens} but there is no tokenizer to count with")
        if self.drop_overlap and not self.against:
            raise DataError("overlap is to be dropped, but no file to compare with is given (--against FILE)")

    def filters(self) -> list[Filter]:
        """Build the filters, in order, reading the files that they need."""
        filters: list[Filter] = [DuplicateFilter(drop=self.drop_duplicates)]
        filters += [OverlapFilter(_questions_of(path), str(path), drop=self.drop_overlap) for path in self.against]
        if self.pass_rates is not None:
            filters.append(PassRateFilter(read_pass_rates(self.pass_rates), self.pass_rate_low, self.pass_rate_high))
        if self.encode is not None:
            filters.append(LengthFilter(self.encode, self.max_prompt_tokens))
        return filters


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """The result: the number of problems read, the counts of each filter, and the output file."""

    path: Path
    read: int
    written: int
    sha256: str
    notes: tuple[str, ...]

    def describe(self) -> str:
        """Lines for people."""
        notes = "".join("\n  " + note.replace("\n", "\n  ") for note in self.notes)
        return (
            f"{pluralize(self.read, 'problem')} read{notes}\n"
            f"{pluralize(self.written, 'problem')} written to {self.path}\n  sha256 {self.sha256}"
        )


def prepare(problems: Iterable[Problem], out: PathLike, preparation: Preparation) -> Prepared:
    """Filter problems and write the remaining ones.

    Raises:
        DataError: no problem is left (the file is not written), or a filter's counts indicate a mistake.
        BadFile, BadRow, DataNotFound: while reading.
    """
    filters = preparation.filters()
    stream = _Stream(problems, filters)
    kept: Iterator[Problem] = iter(stream)
    if preparation.shuffle_seed is not None:
        kept = _shuffled(kept, preparation.shuffle_seed)
    if preparation.limit is not None:
        kept = islice(kept, preparation.limit)
    written = write_problems(out, _at_least_one(kept, stream))
    return Prepared(
        path=Path(out), read=stream.read, written=written, sha256=data_hash(out), notes=tuple(stream.notes())
    )


def _questions_of(path: PathLike) -> Iterator[Problem]:
    """The problems of a file to compare with: prepared, or a data set as published."""
    try:
        return read_rows(iter_rows(path), file=str(path)).problems
    except UnknownColumns as error:
        raise DataError(f"cannot compare: {error}, or make a file of problems of it first") from error


class _Stream:
    """Streams problems through the filters, and counts."""

    def __init__(self, problems: Iterable[Problem], filters: Sequence[Filter]) -> None:
        self.read = 0
        self._problems = problems
        self._filters = filters

    def __iter__(self) -> Iterator[Problem]:
        for problem in self._problems:
            self.read += 1
            if all(filter_.keep(problem) for filter_ in self._filters):
                yield problem
        for filter_ in self._filters:
            filter_.finish()

    def notes(self) -> Iterator[str]:
        return (filter_.describe() for filter_ in self._filters)


def _at_least_one(kept: Iterator[Problem], stream: _Stream) -> Iterator[Problem]:
    first = next(kept, None)
    if first is None:
        reasons = "".join(f"\n  {note}" for note in stream.notes()) if stream.read else ""
        raise DataError(f"nothing is left to write of {pluralize(stream.read, 'problem')}{reasons}")
    yield first
    yield from kept


def _shuffled(stream: Iterable[Problem], seed: int) -> Iterator[Problem]:
    problems = list(stream)
    return (problems[i] for i in generator(seed, 2).permutation(len(problems)))
