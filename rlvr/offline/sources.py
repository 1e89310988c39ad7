"""Where rows to grade come from: files, folders of files, standard input, data sets of the Hugging Face hub.

A source is read from any row on, so that an interrupted run goes on where it was; it has a fingerprint, so that the run
is not continued over other data. What of it is read (`--limit`, `--sample`) is decided for each row by itself: the
sample of a seed is the same however often reading is interrupted.

Example:
    sources = find_sources(["data/", "more.parquet"])
    for numbered in numbered_rows(sources, Selection(limit=100)):
        print(numbered.file, numbered.row)
"""

from __future__ import annotations

import base64
import datetime
import math
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Protocol

import numpy as np
from numpy.typing import NDArray

from data_prep.errors import BadFile, BadRow, DataNotFound
from data_prep.files import data_hash
from data_prep.hub import HubSplit
from data_prep.rows import Row, is_file, iter_rows, open_lines, parse_line, suffix_of
from rewards.types import Json
from rlvr.errors import ConfigError

STREAM = "-"
SUFFIXES = (".jsonl", ".jsonl.gz", ".jsonl.zst", ".parquet")
_OURS = (".errors.jsonl", ".partial", ".resume")  # what a run leaves beside its output is no input of the next
_OTHER_FILES = (".json", ".csv", ".tsv", ".txt", ".gz", ".zst", ".arrow")  # no names of data sets
_HUB = re.compile(r"[\w.-]+/[\w.-]+")
_CHUNK = 1 << 16
_READ = 1 << 20  # bytes
_MASK = (1 << 64) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A part of a source that is read by itself: the rows behind line `after` up to line `last` (None = the end).

    skip: lines up to this one are left out. start, end: the bytes in which they stand, where that is known.
    """

    after: int = 0
    skip: int = 0
    last: int | None = None
    start: int = 0
    end: int | None = None


class Source(Protocol):
    """Rows in a fixed order. waits: reading may wait for whoever writes them."""

    name: str
    waits: bool

    def rows(self, after: int = 0) -> Iterator[Row | BadRow]:
        """The rows behind line `after`, and the errors of those that cannot be read, in their order."""
        ...

    def spans(self, size: int) -> list[Span]:
        """The source in parts of about so many bytes, which other processes can read; one part where it has none."""
        ...

    def rows_of(self, span: Span) -> Iterator[Row | BadRow]:
        """The rows of a part."""
        ...

    def lines(self) -> Iterator[NDArray[np.uint64]]:
        """The numbers of the lines that hold a row, without reading what they say. Raises ConfigError: a stream."""
        ...

    def fingerprint(self) -> dict[str, Json]:
        """What changes when the rows do; empty for a stream."""
        ...

    def read_share(self) -> float | None:
        """How much of it has been read, from 0 to 1; None = it cannot be known."""
        ...


class FileSource:
    """A file."""

    waits = False

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._path = path
        self._suffix = suffix_of(path)
        self._open: IO[bytes] | None = None
        self._row = 0
        self._size = 0

    def __reduce__(self) -> tuple[type[FileSource], tuple[Path]]:
        """Another process opens it again."""
        return FileSource, (self._path,)

    def rows(self, after: int = 0) -> Iterator[Row | BadRow]:
        bad: list[BadRow] = []
        parquet = self._suffix == ".parquet"
        self._size = self._count() if parquet else self._path.stat().st_size
        for row in iter_rows(self._path, bad.append, after=after, on_open=self._opened):
            if bad:
                yield from bad
                bad.clear()
            self._row = row.line
            yield _in_json(row) if parquet else row
        yield from bad

    def spans(self, size: int) -> list[Span]:
        if self._suffix == ".jsonl":
            return list(_spans_of_lines(self._path, size))
        return list(self._spans_of_groups(size)) if self._suffix == ".parquet" else [Span()]

    def rows_of(self, span: Span) -> Iterator[Row | BadRow]:
        if span.end is None:
            yield from _rows_until(self.rows(max(span.after, span.skip)), span.last)
            return
        number, left = span.after, span.end - span.start
        try:
            with self._path.open("rb") as stream:
                stream.seek(span.start)
                for number, line in enumerate(stream, start=span.after + 1):
                    if number > span.skip:
                        yield from _parsed(self.name, number, line)
                    left -= len(line)
                    if left <= 0:
                        return
        except OSError as error:
            if isinstance(error, BadFile):
                raise
            raise BadFile(f"{self.name}: cannot be read after line {number}: {error}") from error

    def _spans_of_groups(self, size: int) -> Iterator[Span]:
        """Row groups of a Parquet file, several of them where they are small."""
        from pyarrow import ArrowException, parquet

        try:
            metadata = parquet.read_metadata(self._path)
        except (ArrowException, OSError) as error:
            raise BadFile(f"{self.name}: cannot be read as Parquet: {error}") from error
        after = row = gathered = 0
        if not metadata.num_row_groups:
            yield Span()
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            row, gathered = row + group.num_rows, gathered + group.total_byte_size
            if gathered >= size or number == metadata.num_row_groups - 1:
                yield Span(after=after, last=row)
                after, gathered = row, 0

    def lines(self) -> Iterator[NDArray[np.uint64]]:
        if self._suffix == ".parquet":
            count = self._count()
            for start in range(0, count, _CHUNK):
                yield np.arange(start + 1, min(start + _CHUNK, count) + 1, dtype=np.uint64)
            return
        numbers: list[int] = []
        with open_lines(self._path) as stream:
            for number, line in enumerate(stream, start=1):
                if line.strip():
                    numbers.append(number)
                if len(numbers) == _CHUNK:
                    yield np.array(numbers, dtype=np.uint64)
                    numbers.clear()
        yield np.array(numbers, dtype=np.uint64)

    def fingerprint(self) -> dict[str, Json]:
        return {"name": self.name, "bytes": self._path.stat().st_size, "sha256": data_hash(self._path)}

    def read_share(self) -> float | None:
        if not self._size:
            return 0.0
        if self._suffix == ".parquet":
            return self._row / self._size
        return self._open.tell() / self._size if self._open and not self._open.closed else float(self._open is not None)

    def _opened(self, file: IO[bytes]) -> None:
        self._open = file

    def _count(self) -> int:
        from pyarrow import ArrowException, parquet

        try:
            return int(parquet.read_metadata(self._path).num_rows)
        except (ArrowException, OSError) as error:
            raise BadFile(f"{self.name}: cannot be read as Parquet: {error}") from error


class StreamSource:
    """JSONL on standard input, or from a pipe that has a name."""

    waits = True

    def __init__(self, pipe: Path | None = None) -> None:
        """pipe: None = standard input. Raises BadFile: it is closed."""
        if pipe is None and sys.stdin is None:
            raise BadFile("standard input is closed; name a file, or give rows on standard input")
        self.name = "standard input" if pipe is None else str(pipe)
        self._pipe = pipe

    def rows(self, after: int = 0) -> Iterator[Row | BadRow]:
        number = 0
        try:
            # A stream of its own: at exit the interpreter takes the lock of sys.stdin, which a waiting reader holds.
            with open(self._pipe or sys.stdin.fileno(), "rb", closefd=self._pipe is not None) as stream:
                for number, line in enumerate(stream, start=1):
                    if number > after:
                        yield from _parsed(self.name, number, line)
        except OSError as error:
            raise BadFile(f"{self.name}: cannot be read after line {number}: {error.strerror or error}") from error

    def spans(self, size: int) -> list[Span]:
        del size
        raise ConfigError("--ray reads on the nodes, which a stream does not allow; name files")

    def rows_of(self, span: Span) -> Iterator[Row | BadRow]:
        return _rows_until(self.rows(max(span.after, span.skip)), span.last)

    def lines(self) -> Iterator[NDArray[np.uint64]]:
        raise ConfigError(
            "--sample N counts the rows first, which a stream does not allow; name files, or give a share"
        )

    def fingerprint(self) -> dict[str, Json]:
        return {"name": self.name}

    def read_share(self) -> float | None:
        return None


class HubSource:
    """A split of a data set on the hub."""

    waits = False

    def __init__(self, identity: str, config: str | None, split: str | None) -> None:
        self._named = (identity, config, split)
        self._split = HubSplit(identity, config=config, split=split)
        self.name = self._split.name
        self._row = 0

    def __reduce__(self) -> tuple[type[HubSource], tuple[str, str | None, str | None]]:
        """Another machine loads it again."""
        return HubSource, self._named

    def rows(self, after: int = 0) -> Iterator[Row | BadRow]:
        for row in self._split.rows(after):
            self._row = row.line
            yield _in_json(row)

    def spans(self, size: int) -> list[Span]:
        del size
        count = len(self._split)
        return [Span(after=a, last=min(a + _CHUNK, count)) for a in range(0, count, _CHUNK)] or [Span()]

    def rows_of(self, span: Span) -> Iterator[Row | BadRow]:
        return _rows_until(self.rows(max(span.after, span.skip)), span.last)

    def lines(self) -> Iterator[NDArray[np.uint64]]:
        for start in range(0, len(self._split), _CHUNK):
            yield np.arange(start + 1, min(start + _CHUNK, len(self._split)) + 1, dtype=np.uint64)

    def fingerprint(self) -> dict[str, Json]:
        return {"name": self.name, "sha256": self._split.fingerprint()}

    def read_share(self) -> float | None:
        return self._row / max(1, len(self._split))


def _parsed(name: str, number: int, line: bytes) -> Iterator[Row | BadRow]:
    """The row of a line, or its error; nothing for a blank one."""
    try:
        row = parse_line(name, number, line)
    except BadRow as error:
        yield error
    else:
        if row is not None:
            yield row


def _rows_until(rows: Iterator[Row | BadRow], last: int | None) -> Iterator[Row | BadRow]:
    for row in rows:
        if last is not None and row.line > last:
            return
        yield row
        if row.line == last:  # not only at the next one, which has to be read first
            return


def _spans_of_lines(path: Path, size: int) -> Iterator[Span]:
    """A file of lines cut at ends of lines. It is read once, for the numbers of the lines."""
    after = lines = start = at = 0
    with path.open("rb") as file:
        while chunk := file.read(_READ):
            lines += chunk.count(b"\n")
            end = at + chunk.rfind(b"\n") + 1
            at += len(chunk)
            if end > at - len(chunk) and end - start >= size:
                yield Span(after=after, start=start, end=end)
                after, start = lines, end
    if at > start or not at:
        yield Span(after=after, start=start, end=at)


def _in_json(row: Row) -> Row:
    """The row of a table with what JSON has a form for: a missing number is NaN there and nothing here."""
    return replace(row, fields={name: json_value(value) for name, value in row.fields.items()})


class Base64(str):
    """What JSON has of bytes: a text, and not the one to grade."""

    __slots__ = ()


def json_value(value: object) -> object:
    """A value of a table as JSON: times as ISO 8601, bytes in base64, exact decimals as text, NaN as nothing.

    Example:
        >>> json_value({"at": datetime.date(2024, 5, 1), "raw": b"ab", "weights": [0.5, float("nan")]})
        {'at': '2024-05-01', 'raw': 'YWI=', 'weights': [0.5, None]}
    """
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): json_value(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(inner) for inner in value]
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, bytes):
        return Base64(base64.b64encode(value).decode("ascii"))
    return str(value)


# --- finding --------------------------------------------------------------------------------------------------------


def find_sources(
    names: Sequence[str], *, config: str | None = None, split: str | None = None, leave_out: Sequence[Path] = ()
) -> list[Source]:
    """The sources that are named: `-`, a file, a folder (all files in it, in the order of their paths), or `owner/name`
    (or `hub:owner/name`) of the hub. leave_out: files that are no input though they lie in a folder.

    Raises:
        DataNotFound: there is no such file, folder or data set. BadFile: of an unknown kind. ConfigError: `-` twice, or
        an output as an input.
    """
    if names.count(STREAM) > 1:
        raise ConfigError("standard input (-) is named twice; it can be read once")
    left = {path.resolve() for path in leave_out}
    found: list[Source] = []
    for name in names:
        path = Path(name)
        if not name.strip():  # a variable of a shell that is not set; as a path it would be this folder
            raise ConfigError(f"the name of a file is {name!r}; name a file, a folder, a data set, or - for a stream")
        if name == STREAM:
            found.append(StreamSource())
        elif name.startswith("hub:"):
            found.append(HubSource(name.removeprefix("hub:"), config, split))
        elif path.is_dir():
            found += _in_folder(path, left)
        elif is_file(path) or not _HUB.fullmatch(name) or name.endswith((*SUFFIXES, *_OTHER_FILES)):
            if not path.exists():
                raise DataNotFound(f"no file {name!r}")
            if path.resolve() in left:
                raise ConfigError(f"--out {name!r} is one of the files to grade; name another")
            found.append(FileSource(path) if path.is_file() else StreamSource(path))
        else:
            found.append(HubSource(name, config, split))
    if (config or split) and not any(isinstance(source, HubSource) for source in found):
        raise ConfigError("--split and --subset concern data sets of the hub, and none is named; leave them out")
    return found


def _in_folder(folder: Path, left: set[Path]) -> list[Source]:
    files = [
        path
        for path in sorted(folder.rglob("*"))
        if path.name.lower().endswith(SUFFIXES)
        and not path.name.endswith(_OURS)
        and not any(part.startswith(".") or part.endswith(_OURS) for part in path.relative_to(folder).parts)
        and not left & {place := Path(os.path.realpath(path)), *place.parents}  # Path.resolve raises for loops of links
        and (path.is_file() or path.is_symlink())
    ]
    for path in files:
        if not path.exists():
            raise DataNotFound(f"{str(path)!r} is a link to a file that is not there; remove it, or bring the file")
    files = [path for path in files if path.is_file()]
    if not files:
        raise DataNotFound(f"the folder {str(folder)!r} holds no {', '.join(SUFFIXES)} file")
    return [FileSource(path) for path in files]


# --- selecting and numbering ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which rows are graded. limit: so many at most. below: those whose lot is less than this, of 2^64."""

    limit: int | None = None
    below: int | None = None
    seed: int = 0

    def takes(self, file: int, line: int) -> bool:
        """Whether a row is in the sample."""
        return self.below is None or lot(self.seed, file, line) < self.below


def lot(seed: int, file: int, line: int) -> int:
    """A number below 2^64 for each row: SplitMix64 (Steele et al. 2014, OOPSLA, figure 15) of its place."""
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
    """The selection that `--limit` and `--sample` ask for: a share below 1, or a number of rows, which are counted.

    Raises:
        ConfigError: a limit below 1, a sample that is neither, a number of rows from a stream.
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
    """Where reading begins: at a line of a file, whose row is the `index`-th that is graded."""

    file: int = 0
    line: int = 1
    index: int = 0


@dataclass(slots=True)
class Numbered:
    """A row, or the error of reading it, and its place: of many, so not frozen."""

    index: int
    file: int
    row: Row | BadRow


def numbered_rows(sources: Sequence[Source], selection: Selection, start: Start = Start()) -> Iterator[Numbered]:
    """The rows that are graded, from a place on."""
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
                if limit is not None and index >= limit:  # not only before the next row, which a stream may not have
                    return
