"""Aggregate sample records by problem, by partitioning them on disk.

The journal is partitioned by the hash of the problem into piles small enough for memory; each is sorted and reduced
with numpy. So ten million responses in any order need no more memory than a hundred thousand.

The values equal those of `rlvr.evaluation.metrics` (`problem_avg`, `problem_pass`, `maj_at_k`), vectorised over the
problems of a pile; a test checks the equality.

Example:
    for pile in piles(journal.chunks(), folder, count=len(journal)):
        problems = Problems.of(pile)
        problems.mean("correctness"), problems.passing(4), problems.majority()
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlvr.evaluation.metrics import RIGHT, pass_at_k
from rlvr.offline.journal import BAD, RECORD, Records
from rlvr.offline.outputs import trouble

PILE = 1 << 15  # average records per pile

Floats = NDArray[np.float64]


class Piles:
    """Records partitioned by problem. A context manager that removes the files of the piles."""

    def __init__(self, chunks: Callable[[], Iterable[Records]], folder: Path, *, count: int) -> None:
        """chunks: returns an iterator over all records. count: number of records."""
        self._chunks = chunks
        self._folder = folder
        self._number = max(1, -(-count // PILE))

    def __enter__(self) -> Piles:
        if self._number > 1:
            self._remove()
            for records in self._chunks():
                which = records["group"] % np.uint64(self._number)
                order = np.argsort(which, kind="stable")
                bounds = np.searchsorted(which[order], np.arange(self._number + 1, dtype=np.uint64))
                for pile in range(self._number):
                    mine = order[bounds[pile] : bounds[pile + 1]]
                    if mine.size:
                        with trouble(self._path(pile)), self._path(pile).open("ab") as file:
                            file.write(records[mine].tobytes())
        return self

    def __exit__(self, *_: object) -> None:
        self._remove()

    def __iter__(self) -> Iterator[Problems]:
        if self._number == 1:
            found = list(self._chunks())
            yield Problems.of(np.concatenate(found) if found else np.empty(0, RECORD))
            return
        for pile in range(self._number):
            if self._path(pile).exists():
                yield Problems.of(np.fromfile(self._path(pile), RECORD))

    def _path(self, pile: int) -> Path:
        return self._folder / f"pile-{pile}"

    def _remove(self) -> None:
        for pile in range(self._number):
            with suppress(OSError):
                self._path(pile).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Problems:
    """The graded samples of some problems, sorted; `starts[p]` is where problem p begins."""

    records: Records
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, records: Records) -> Problems:
        """Sort records by problem and input order; skips bad rows."""
        records = records[records["verdict"] != BAD]
        records = records[np.lexsort((records["ordinal"], records["group"]))]
        groups = records["group"]
        first = np.concatenate([[True], groups[1:] != groups[:-1]]) if groups.size else np.empty(0, bool)
        return cls(records, np.flatnonzero(first))

    def __len__(self) -> int:
        return self.starts.size

    def sizes(self) -> NDArray[np.int64]:
        """The number of samples per problem."""
        return np.diff(np.append(self.starts, self.records.size))

    def tags(self) -> NDArray[np.uint32]:
        """The tag number of each problem, from its first sample."""
        tags: NDArray[np.uint32] = self.records["tags"][self.starts]
        return tags

    def mean(self, column: str) -> Floats:
        """The mean over a problem's samples with a value; NaN if there is none."""
        values = self.records[column].astype(np.float64)
        there = ~np.isnan(values)
        return _divided(self._sum(np.where(there, values, 0.0)), self._sum(there))

    def passing(self, k: int) -> Floats:
        """pass@k; NaN if fewer than k samples are graded."""
        correctness = self.records["correctness"].astype(np.float64)
        graded = self._sum(~np.isnan(correctness)).astype(np.int64)
        right = self._sum(correctness >= RIGHT).astype(np.int64)
        pairs, which = np.unique(np.stack([graded, right], axis=1), axis=0, return_inverse=True)
        values = np.array([pass_at_k(int(n), int(c), k) if n >= k else np.nan for n, c in pairs])
        return values[which.reshape(-1)] if pairs.size else np.empty(0)

    def majority(self) -> Floats:
        """The correctness of the majority answer, ties in expectation; NaN if none is graded."""
        correctness = self.records["correctness"].astype(np.float64)
        graded = ~np.isnan(correctness)
        of_problem = np.repeat(np.arange(len(self)), self.sizes())
        votes = np.flatnonzero(graded & (self.records["answer"] != 0))
        values = np.where(self._sum(graded) > 0, 0.0, np.nan)
        if not votes.size:
            return values
        order = votes[np.lexsort((correctness[votes], self.records["answer"][votes], of_problem[votes]))]
        problem, answer = of_problem[order], self.records["answer"][order]
        changes = (problem[1:] != problem[:-1]) | (answer[1:] != answer[:-1])
        starts = np.flatnonzero(np.concatenate([[True], changes]))
        count = np.diff(np.append(starts, order.size))
        worth = np.add.reduceat(correctness[order], starts) / count
        owner = problem[starts]
        most = np.zeros(len(self), np.int64)
        np.maximum.at(most, owner, count)
        winning = count == most[owner]
        total = np.bincount(owner[winning], worth[winning], len(self))
        winners: NDArray[Any] = np.bincount(owner[winning], minlength=len(self))
        return np.where(winners > 0, _divided(total, winners), values)

    def has_silent_right(self) -> bool:
        """Whether some response is right without an extracted answer, so that there is nothing to vote on."""
        records = self.records
        return bool(np.any((records["correctness"] >= RIGHT) & (records["answer"] == 0)))

    def _sum(self, values: NDArray[np.float64] | NDArray[np.bool_]) -> Floats:
        if not len(self):
            return np.empty(0)
        with np.errstate(over="ignore"):  # a score may be any finite number
            total: Floats = np.add.reduceat(values.astype(np.float64), self.starts)
        return total


def _divided(total: NDArray[Any], count: NDArray[Any]) -> Floats:
    quotient: Floats = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return quotient
