"""Messages between the command and its grading processes: chunks of rows, and their results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from data_prep.errors import BadRow
from data_prep.rows import Row, parse_line
from rlvr.offline.recorder import Written
from rlvr.offline.selection import Numbered


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows of one source to grade together: numbered lines to parse, or parsed rows.

    passed: responses of its first row that are already graded. size: approximate bytes.
    """

    number: int
    file: int
    name: str
    lines: Sequence[tuple[int, bytes]] = ()
    rows: Sequence[Row | BadRow] = ()
    passed: int = 0
    size: int = 0

    def __len__(self) -> int:
        return len(self.lines) or len(self.rows)

    def parsed(self) -> Iterator[Row | BadRow]:
        """The parsed rows, without blank lines."""
        yield from self.rows
        for number, line in self.lines:
            try:
                row = parse_line(self.name, number, line)
            except BadRow as error:
                yield error
            else:
                if row is not None:
                    yield row


@dataclass(frozen=True, slots=True)
class Piece:
    """Results of a chunk, in order. rows: total rows of the chunk, in its last piece.

    rows is None if more pieces follow. whole: the chunk was graded completely. fault: why grading cannot continue.
    """

    number: int
    written: Sequence[Written]
    rows: int | None = None
    whole: bool = True
    fault: str = ""


class Numbering:
    """Numbers the rows of a chunk. count: rows so far."""

    def __init__(self, chunk: Chunk) -> None:
        self._chunk = chunk
        self.count = 0

    def __iter__(self) -> Iterator[Numbered]:
        for row in self._chunk.parsed():
            self.count += 1
            yield Numbered(self.count - 1, self._chunk.file, row)
