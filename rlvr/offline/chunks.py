"""What this process and the ones that grade for it say to each other: chunks of rows, and what is known of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from data_prep.errors import BadRow
from data_prep.rows import Row, parse_line
from rlvr.offline.recorder import Written
from rlvr.offline.selection import Numbered


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows of one source that are graded in one go: lines with their numbers, still to be parsed, or rows.

    passed: responses of its first row that are graded already. size: bytes, about.
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
        """The rows; a blank line is none."""
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
    """What is known of a chunk, in order. rows: how many the whole chunk had, which ends with this piece.

    rows is None where more comes. whole: it was graded to its end. fault: why grading cannot go on.
    """

    number: int
    written: Sequence[Written]
    rows: int | None = None
    whole: bool = True
    fault: str = ""


class Numbering:
    """The rows of a chunk with their places in it. count: how many there were so far."""

    def __init__(self, chunk: Chunk) -> None:
        self._chunk = chunk
        self.count = 0

    def __iter__(self) -> Iterator[Numbered]:
        for row in self._chunk.parsed():
            self.count += 1
            yield Numbered(self.count - 1, self._chunk.file, row)
