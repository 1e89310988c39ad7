"""Select the rows to grade (`--limit`, `--sample`), and number them.

Each row is decided independently, so the sample of a seed does not depend on interruptions.

Example:
    sources = find_sources(["data/", "more.parquet"])
    for numbered in numbered_rows(sources, Selection(limit=100)):
        print(numbered.file, numbered.row)
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_prep.errors import BadRow
from data_prep.rows import Row
from rlvr.errors import ConfigError
from rlvr.offline.sources import Source

_MASK = (1 << 64) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which rows are graded. limit: most rows. below: select rows whose `lot` is below this; None = all."""

    limit: int | None = None
    below: int | None = None
    seed: int = 0

    def takes(self, file: int, line: int) -> bool:
        """Whether a row is in the sample."""
        return self.below is None or lot(self.seed, file, line) < self.below


def lot(seed: int, file: int, line: int) -> int:
    """A pseudorandom number below 2^64 for each row: SplitMix64 (Steele et al. 2014, OOPSLA, figure 15) of its
    position.
    """
    mixed = (seed * 0xD1342543DE82EF95 + (file << 40) + line) * 0x9E3779B97F4A7C15 & _MASK
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & _MASK
    return mixed ^ mixed >> 31


def lots(seed: int, file: int, lines: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """`lot` of many rows."""
    start = np.uint64((seed * 0xD1342543DE82EF95 + (file << 40)) & _MASK)
    mixed = (lines + start) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ mixed >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ mixed >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return mixed ^ mixed >> np.uint64(31)


def select(sources: Sequence[Source], *, limit: int | None, sample: float | None, seed: int) -> Selection:
    """The selection for `--limit` and `--sample`: a share below 1, or a number of rows, for which rows are counted.

    Raises:
        ConfigError: a limit below 1, an invalid sample, or a number of rows with a stream.
    """
    if limit is not None and limit < 1:
        raise ConfigError(f"--limit is {limit}; it must be at least 1")
    if sample is None:
        return Selection(limit=limit, seed=seed)
    if not 0 < sample < math.inf or (sample >= 1 and sample != int(sample)):
        raise ConfigError(f"--sample is {sample:g}; it must be a share below 1, such as 0.01, or a number of rows")
    if sample < 1:
        return Selection(limit=limit, below=int(sample * 2**64), seed=seed)
    wanted = int(sample)
    least = np.empty(0, dtype=np.uint64)
    for file, source in enumerate(sources):
        for lines in source.lines():
            least = np.concatenate([least, lots(seed, file, lines)])
            if least.size > wanted:
                least = np.partition(least, wanted - 1)[:wanted]
    below = int(least.max()) + 1 if least.size else 0
    return Selection(limit=limit, below=below, seed=seed)


@dataclass(frozen=True, slots=True)
class Start:
    """Where reading begins: a line of a file, and the index of its row among the selected ones."""

    file: int = 0
    line: int = 1
    index: int = 0


@dataclass(slots=True)
class Numbered:
    """A row, or its parse error, with its position. Not frozen, for speed."""

    index: int
    file: int
    row: Row | BadRow


def numbered_rows(sources: Sequence[Source], selection: Selection, start: Start = Start()) -> Iterator[Numbered]:
    """The selected rows, from a position on."""
    index, limit = start.index, selection.limit
    if limit is not None and index >= limit:
        return
    for file, source in enumerate(sources):
        if file < start.file:
            continue
        for row in source.rows(start.line - 1 if file == start.file else 0):
            if selection.below is None or selection.takes(file, row.line):
                yield Numbered(index, file, row)
                index += 1
                if limit is not None and index >= limit:  # check now: a stream may block on the next row
                    return
