"""Sources of rows to grade: files, folders of files, standard input, data sets on the Hugging Face hub.

A source can be read from any row, so that an interrupted run can resume; its fingerprint prevents resuming with other
data.

Example:
    for source in find_sources(["data/", "more.parquet"]):
        for row in source.rows():
            print(source.name, row)
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Protocol

import numpy as np
from numpy.typing import NDArray

from data_prep.errors import BadFile, BadRow, DataNotFound
from data_prep.files import data_hash
from data_prep.hub import HubSplit
from data_prep.json_values import json_value
from data_prep.missing import no_file
from data_prep.rows import Row, is_file, iter_lines, iter_rows, open_lines, parse_line, suffix_of
from rewards.types import Json
from rlvr.errors import ConfigError

STREAM = "-"
SUFFIXES = (".jsonl", ".jsonl.gz", ".jsonl.zst", ".parquet")
_OURS = (".errors.jsonl", ".partial", ".resume")  # files that a run leaves next to its output are not input
_OTHER_FILES = (".json", ".csv", ".tsv", ".txt", ".gz", ".zst", ".arrow")  # not names of data sets
_HUB = re.compile(r"[\w.-]+/[\w.-]+")
_CHUNK = 1 << 16
_READ = 1 << 20  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A part of a source that can be read separately: the rows after line `after` up to line `last` (None = the end).

    skip: lines up to this one are skipped. start, end: byte range, if known.
    """

    after: int = 0
    skip: int = 0
    last: int | None = None
    start: int = 0
    end: int | None = None


class Source(Protocol):
    """Rows in a fixed order. waits: reading may block on a writer."""

    name: str
    waits: bool

    def rows(self, after: int = 0) -> Iterator[Row | BadRow]:
        """The rows after line `after`, in order, with errors for malformed ones."""
        ...

    def spans(self, size: int) -> list[Span]:
        """Split the source into parts of about `size` bytes that other processes can read; one part if it cannot be
        split.
        """
        ...

    def rows_of(self, span: Span) -> Iterator[Row | BadRow]:
        """The rows of a part."""
        ...

    def unparsed(self, after: int = 0) -> Iterator[tuple[int, bytes]] | None:
        """The numbered lines after line `after`, for parsing in another process; None if the source has no lines."""
        ...

    def lines(self) -> Iterator[NDArray[np.uint64]]:
        """The numbers of the lines with rows, without parsing them. Raises ConfigError for a stream."""
        ...

    def fingerprint(self) -> dict[str, Json]:
        """A value that changes when the rows change; empty for a stream."""
        ...

    def read_share(self) -> float | None:
        """The share that has been read, 0 to 1; None = unknown."""
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
        """Reopened in another process."""
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

    def unparsed(self, after: int = 0) -> Iterator[tuple[int, bytes]] | None:
        if self._suffix == ".parquet":
            return None
        self._size = self._path.stat().st_size
        return iter_lines(self._path, after=after, on_open=self._opened)

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
        """Spans of Parquet row groups; small groups are combined."""
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
    """JSONL from standard input or a named pipe."""

    waits = True

    def __init__(self, pipe: Path | None = None) -> None:
        """pipe: None = standard input. Raises BadFile if it is closed."""
        if pipe is None and sys.stdin is None:
            raise BadFile("standard input is closed; name a file, or give rows on standard input")
        self.name = "standard input" if pipe is None else str(pipe)
        self._pipe = pipe

    def rows(self, after: int = 0) -> Iterator[Row | BadRow]:
        number = 0
        try:
            # A separate stream, because at exit the interpreter takes the lock of sys.stdin, which a blocked reader
            # holds.
            with open(self._pipe or sys.stdin.fileno(), "rb", closefd=self._pipe is not None) as stream:
                for number, line in enumerate(stream, start=1):
                    if number > after:
                        yield from _parsed(self.name, number, line)
        except OSError as error:
            raise BadFile(f"{self.name}: cannot be read after line {number}: {error.strerror or error}") from error

    def unparsed(self, after: int = 0) -> None:
        del after

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
        """Reloaded on another machine."""
        return HubSource, self._named

    def rows(self, after: int = 0) -> Iterator[Row | BadRow]:
        for row in self._split.rows(after):
            self._row = row.line
            yield _in_json(row)

    def unparsed(self, after: int = 0) -> None:
        del after

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
    """Yield the row of a line or its error; nothing for a blank line."""
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
        if row.line == last:  # check now, without reading the next row
            return


def _spans_of_lines(path: Path, size: int) -> Iterator[Span]:
    """Split a file at line ends. The file is read once to count lines."""
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
    """A Parquet row converted to JSON values."""
    return replace(row, fields={name: json_value(value) for name, value in row.fields.items()})


# --- finding --------------------------------------------------------------------------------------------------------


def find_sources(
    names: Sequence[str], *, config: str | None = None, split: str | None = None, leave_out: Sequence[Path] = ()
) -> list[Source]:
    """Find sources by name: `-`, a file, a folder (all its files, sorted by path), or `owner/name` or `hub:owner/name`
    on the hub. leave_out: files in folders that are not input.

    Raises:
        DataNotFound: no such file, folder or data set. BadFile: an unknown format. ConfigError: `-` twice, or an output
        used as input.
    """
    if names.count(STREAM) > 1:
        raise ConfigError("standard input (-) is named twice; it can be read once")
    left = {path.resolve() for path in leave_out}
    found: list[Source] = []
    for name in names:
        path = Path(name)
        if not name.strip():  # an unset shell variable; as a path it would be the current folder
            raise ConfigError(f"the name of a file is {name!r}; name a file, a folder, a data set, or - for a stream")
        if name == STREAM:
            found.append(StreamSource())
        elif name.startswith("hub:"):
            found.append(HubSource(name.removeprefix("hub:"), config, split))
        elif path.is_dir():
            found += _in_folder(path, left)
        elif is_file(path) or not _HUB.fullmatch(name) or name.endswith((*SUFFIXES, *_OTHER_FILES)):
            if not path.exists():
                raise DataNotFound(no_file(name))
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
        and not left & {place := Path(os.path.realpath(path)), *place.parents}  # Path.resolve raises on link loops
        and (path.is_file() or path.is_symlink())
    ]
    for path in files:
        if not path.exists():
            raise DataNotFound(f"{str(path)!r} is a link to a file that is not there; remove it, or bring the file")
    files = [path for path in files if path.is_file()]
    if not files:
        raise DataNotFound(f"the folder {str(folder)!r} holds no {', '.join(SUFFIXES)} file")
    return [FileSource(path) for path in files]
