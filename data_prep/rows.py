"""Stream raw rows of JSONL (plain, .gz, .zst) and Parquet files, each with its location for error messages.

Callers interpret the rows (`read_each`). Files are read in constant memory. Blank lines are skipped. A line that is not
a JSON object is a bad row; a truncated compressed stream is a bad file.

Example:
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "sums.jsonl"
    >>> _ = path.write_text('{"question": "1+1"}\\n\\n{"question": "2+3"}\\n')
    >>> [(row.line, row.fields["question"]) for row in iter_rows(path)]
    [(1, '1+1'), (3, '2+3')]
"""

from __future__ import annotations

import gzip
import io
import json
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeAlias, TypeVar, cast

from data_prep.errors import BadFile, BadRow, DataNotFound
from data_prep.missing import no_file
from rewards.errors import InvalidRow
from rewards.types import reference_text
from sandbox.json_text import JsonFault, read_json

if TYPE_CHECKING:
    from pyarrow.parquet import FileMetaData

OnBad: TypeAlias = Callable[[BadRow], None]
"""Handler of bad rows. It may raise; if it returns, reading continues with the next row."""

OnOpen: TypeAlias = Callable[[IO[bytes]], None]
"""Receives the file as stored on disk, so that it can report progress."""

PathLike: TypeAlias = "str | os.PathLike[str]"
Value = TypeVar("Value")

_PARQUET_BATCH = 512  # most rows in memory at a time,
_PARQUET_BYTES = 16 << 20  # fewer if they are long
_BUFFER = 1 << 18
_NESTING = 200  # nesting levels of a row: deeper ones could be parsed here, but not printed or written


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row and its location. `line` counts from 1 (for Parquet: rows); `text` is the original line, or empty."""

    file: str
    line: int
    fields: Mapping[str, object]
    text: str = ""

    def blame(self, error: BadRow) -> BadRow:
        """Add this row's location to an error."""
        return error.at(self.file, self.line, self.text or json.dumps(self.fields, ensure_ascii=True, default=str))


def raise_bad(error: BadRow) -> None:
    """Stop at the first bad row."""
    raise error


def read_each(rows: Iterable[Row], read: Callable[[Row], Value], on_bad: OnBad = raise_bad) -> Iterator[Value]:
    """Apply `read` to each row. A `BadRow` gets the row's location and goes to `on_bad`."""
    for row in rows:
        try:
            value = read(row)
        except BadRow as error:
            on_bad(row.blame(error))
        else:
            yield value


def iter_rows(
    path: PathLike, on_bad: OnBad = raise_bad, *, after: int = 0, on_open: OnOpen | None = None
) -> Iterator[Row]:
    """Stream the rows of a file in the format of its suffix: .jsonl, .jsonl.gz, .jsonl.zst or .parquet.

    after: lines (for Parquet: rows) to skip; they count in the locations of rows.

    Raises:
        DataNotFound: no such file.
        BadFile: an unknown format, a damaged file, or no permission.
        BadRow: a line that is not a JSON object, unless `on_bad` handles it.
    """
    path = Path(path)
    read = _READERS[suffix_of(path)]
    if not is_file(path):
        if not path.exists():
            raise DataNotFound(no_file(path))
        raise DataNotFound(f"no file {str(path)!r} (it is a {'folder' if path.is_dir() else 'pipe or a device'})")
    return read(path, on_bad, after, on_open or (lambda _file: None))


def is_file(path: Path) -> bool:
    """Whether the file exists. Raises BadFile if that cannot be determined: an unreadable folder, an overlong name."""
    try:
        return path.is_file()
    except OSError as error:
        raise BadFile(f"{str(path)!r} cannot be looked at: {error.strerror}") from error


def suffix_of(path: PathLike) -> str:
    """The file format by suffix. Raises BadFile for an unsupported one."""
    name = Path(path).name.lower()
    for suffix in _READERS:
        if name.endswith(suffix):
            return suffix
    raise BadFile(f"{str(path)!r} is of an unknown kind; its name must end in {', '.join(_READERS)}")


def _open_plain(file: IO[bytes]) -> IO[bytes]:
    return file


def _open_gzip(file: IO[bytes]) -> IO[bytes]:
    return cast("IO[bytes]", gzip.GzipFile(fileobj=file, mode="rb"))


def _open_zstd(file: IO[bytes]) -> IO[bytes]:
    import pyarrow

    return io.BufferedReader(pyarrow.CompressedInputStream(file, "zstd"), _BUFFER)


_OPENED: dict[str, Callable[[IO[bytes]], IO[bytes]]] = {
    ".jsonl": _open_plain,
    ".jsonl.gz": _open_gzip,
    ".jsonl.zst": _open_zstd,
}


@contextmanager
def open_lines(path: Path, on_open: OnOpen = lambda _file: None) -> Iterator[IO[bytes]]:
    """Open the lines of a JSONL file, decompressed by suffix. Raises BadFile for another format."""
    unpack = _OPENED.get(suffix_of(path))
    if unpack is None:
        raise BadFile(f"{str(path)!r} has no lines; its name must end in {', '.join(_OPENED)}")
    with path.open("rb") as file:
        on_open(file)
        with unpack(file) as stream:
            yield stream


def iter_lines(path: Path, *, after: int = 0, on_open: OnOpen = lambda _file: None) -> Iterator[tuple[int, bytes]]:
    """The lines of a JSONL file after line `after`, with numbers. Raises BadFile if one cannot be read."""
    number = 0
    try:
        with open_lines(path, on_open) as stream:
            for _ in islice(stream, after):
                number += 1
            for number, line in enumerate(stream, start=after + 1):
                yield number, line
    except (EOFError, zlib.error, OSError) as error:
        if isinstance(error, BadFile):
            raise
        place = f" after line {number}" if number else ""
        raise BadFile(f"{path}: cannot be read{place}: {error}") from error


def _lines(path: Path, on_bad: OnBad, after: int, on_open: OnOpen) -> Iterator[Row]:
    file = str(path)
    for number, line in iter_lines(path, after=after, on_open=on_open):
        try:
            row = parse_line(file, number, line)
        except BadRow as error:
            on_bad(error)
            continue
        if row is not None:
            yield row


def parse_line(file: str, number: int, line: bytes) -> Row | None:
    """Parse one line of JSONL; None for a blank line. Raises BadRow if it is not a JSON object in UTF-8."""
    try:
        text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        if not text:
            return None
        value = read_json(text)
        if "\\u" in text and "\\ud" in text.lower():
            # "\ud83d" alone is half a character: it can be neither written nor tokenised
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (UnicodeDecodeError, UnicodeEncodeError) as error:
        text = line.decode("utf-8-sig" if number == 1 else "utf-8", "backslashreplace").strip()
        raise BadRow(
            f"expected UTF-8 text: {error.reason}", file=file, line=number, expected="UTF-8", row=text
        ) from error
    except JsonFault as error:
        reason = f"expected a JSON object: {error}"
        raise BadRow(reason, file=file, line=number, expected="a JSON object", row=text) from error
    if text.count("[") + text.count("{") > _NESTING and _deeper_than(value, _NESTING):
        reason = f"expected a JSON object: it is nested more than {_NESTING} levels deep"
        raise BadRow(reason, file=file, line=number, expected="a JSON object", row=text)
    if not isinstance(value, dict):
        raise BadRow(file=file, line=number, expected="a JSON object", found=value, row=text)
    return Row(file=file, line=number, fields=value, text=text)


def _deeper_than(value: object, levels: int) -> bool:
    level = [value]
    for _ in range(levels):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return any(isinstance(inner, dict | list) for inner in level)


def _parquet(path: Path, on_bad: OnBad, after: int, on_open: OnOpen) -> Iterator[Row]:
    import pyarrow
    from pyarrow import parquet

    del on_open
    number = after
    try:
        with parquet.ParquetFile(path) as file:
            names = file.schema_arrow.names
            if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
                raise ValueError(f"more than one column is called {twice[0]!r}; give each a name of its own")
            passed, groups = 0, list(range(file.num_row_groups))
            while groups and passed + (rows := file.metadata.row_group(groups[0]).num_rows) <= after:
                passed += rows
                del groups[0]
            for batch in file.iter_batches(batch_size=_rows_at_once(file.metadata, groups), row_groups=groups):
                unread = batch.slice(min(max(after - passed, 0), batch.num_rows))
                passed += batch.num_rows
                for fields in unread.to_pylist():
                    number += 1
                    try:
                        yield Row(file=str(path), line=number, fields=_with_reference(fields))
                    except InvalidRow as error:
                        on_bad(BadRow(str(error), file=str(path), line=number, field="reference"))
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError) as error:
        # OSError: damaged pages; ValueError: text that is not UTF-8; OverflowError: times that Python does not know
        raise BadFile(f"{path}: cannot be read as Parquet after row {number}: {error}") from error


def _rows_at_once(metadata: FileMetaData, groups: Sequence[int]) -> int:
    """The number of rows to hold at a time, by the longest of these row groups."""
    sizes = [(metadata.row_group(group).total_byte_size, metadata.row_group(group).num_rows) for group in groups]
    longest = max((size // rows for size, rows in sizes if rows), default=0)
    return max(1, min(_PARQUET_BATCH, _PARQUET_BYTES // max(longest, 1)))


def _with_reference(fields: dict[str, object]) -> dict[str, object]:
    """Parse a reference stored as JSON text (by our writer, since its structure varies by row), or as a struct with
    nulls.

    A bare math answer remains text. Raises InvalidRow.
    """
    reference = fields.get("reference")
    if (written := reference_text(reference)) is not None:
        return {**fields, "reference": written}
    if isinstance(reference, dict):
        return {**fields, "reference": {key: value for key, value in reference.items() if value is not None}}
    return fields


_READERS: dict[str, Callable[[Path, OnBad, int, OnOpen], Iterator[Row]]] = {
    **dict.fromkeys(_OPENED, _lines),
    ".parquet": _parquet,
}
