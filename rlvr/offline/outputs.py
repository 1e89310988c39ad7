"""Outputs of graded rows: standard output, a JSONL file that grows as `OUT.partial`, or a folder of Parquet parts.

An output takes JSON lines and returns the end offset of each, so that the journal can cut off a row that was being
written when the process was killed. Parquet files cannot be appended to, so a part grows as JSON lines next to the
finished parts and is converted to Parquet when it is full. All parts have the same schema: columns whose structure
varies by row (`reference`, `parts`, `details`, `metadata`) is JSON text, as is a column whose values have no common
type.

    OUT.parquet.partial/part-00000.parquet    a finished part
    OUT.parquet.partial/part-00001.jsonl      the one that grows
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol
from zlib import crc32

from data_prep.errors import BadFile
from data_prep.writing import refuse_irregular, whole_characters
from rlvr.errors import ConfigError
from rlvr.offline.standard_output import StandardOutput
from rlvr.regular_files import regular

if TYPE_CHECKING:
    import pyarrow

PART_ROWS = 1 << 16
PART_BYTES = 256 << 20
_GROUP_ROWS = 4096  # rows of a Parquet file in memory at a time
_GROUP_BYTES = 8 << 20
_BLOCK = 1 << 20
_LONGEST_ROW = 64 << 20
_AS_TEXT = ("reference", "parts", "details", "metadata")


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The graded part of a file: its rows, up to byte `end`. sum: the CRC-32 of these bytes."""

    rows: int = 0
    end: int = 0
    sum: int = 0


class Output(Protocol):
    """Receives graded rows. part: number of the growing part; sum: its CRC-32. full: the next row begins a new part."""

    part: int

    @property
    def sum(self) -> int: ...

    @property
    def full(self) -> bool: ...

    def write(self, line: bytes) -> int:
        """Add a row; returns its end offset in its part. It is on disk after `flush` at the latest."""
        ...

    def flush(self) -> None:
        """Write added rows. Raises BadFile, or BrokenPipeError if the reader is gone."""
        ...

    def finish(self) -> None:
        """Complete the output after the last row, under its partial name."""
        ...

    def close(self) -> None:
        """Close the files; written rows remain."""
        ...


def partial_of(path: Path) -> Path:
    """The name under which an output grows."""
    return path.with_name(f"{path.name}.partial")


def errors_of(path: Path) -> Path:
    """The path of the bad rows of OUT."""
    return path.with_name(f"{path.name}.errors.jsonl")


def state_of(path: Path) -> Path:
    """The path of the state of a run that writes OUT; removed when OUT is complete."""
    return path.with_name(f"{path.name}.resume")


def is_parquet(path: Path) -> bool:
    """Whether rows are written as Parquet."""
    return path.name.lower().endswith(".parquet")


def check_output(path: Path) -> None:
    """Check that OUT can be written in the format of its suffix. Raises ConfigError, BadFile."""
    name = path.name.lower()
    if not path.is_dir() or path.is_symlink():
        refuse_irregular(path)
    if name.endswith((".gz", ".zst")):
        raise ConfigError(f"--out {str(path)!r}: graded rows are written as JSONL or Parquet; compress the file after")
    if name.endswith((".csv", ".tsv", ".xlsx", ".arrow", ".feather")):
        raise ConfigError(f"--out {str(path)!r}: rows are written as JSONL or Parquet; name it .jsonl or .parquet")
    if path.is_dir() and not is_parquet(path):
        raise ConfigError(f"--out {str(path)!r} is a folder; name a file in it, such as {path / 'graded.jsonl'}")
    if path.is_file() and is_parquet(path):
        raise ConfigError(f"--out {str(path)!r} is a file; graded rows become a folder of Parquet parts: name another")
    if path.is_dir() and not all(is_part(inside) for inside in path.iterdir()):
        raise ConfigError(f"--out {str(path)!r} is a folder that holds other things than graded rows; name another")


def refuse_other_data(path: Path) -> None:
    """Reject an OUT that exists, is not empty, and does not begin with a graded row. Raises ConfigError, BadFile."""
    if not path.is_file():
        return
    try:
        with path.open("rb") as file:
            first = file.readline(_LONGEST_ROW)
    except OSError as error:
        raise BadFile(f"--out {str(path)!r} exists and cannot be read: {error.strerror}") from error
    if not first:
        return
    try:
        row = json.loads(first)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict) or not {"verdict", "reward"} <= row.keys():
        raise ConfigError(
            f"--out {str(path)!r} exists, and its first line is no graded row: it would be written over; name another "
            "file, or remove it"
        )


def is_part(path: Path) -> bool:
    """Whether a file is a part of a Parquet output."""
    return path.name.startswith("part-") and path.name.endswith((".parquet", ".jsonl"))


class Lines:
    """A file that grows by complete lines; used for JSONL output and bad rows."""

    part = 0
    full = False

    def __init__(self, path: Path, held: Held | None = None) -> None:
        """Open the file and truncate it to what was graded. Raises BadFile if that part was changed."""
        held = held or Held()
        self._path = path
        self._waiting: list[bytes] = []
        with trouble(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            if held.end:
                _check(path, held)
            mode = "ab" if held.end else "wb"
            self._file: IO[bytes] = open(path, mode, buffering=0, opener=regular)  # noqa: SIM115  # closed by `close`
            if held.end:
                self._file.truncate(held.end)
        self.end, self.sum = held.end, held.sum

    def write(self, line: bytes) -> int:
        self._waiting.append(line)
        self.end += len(line)
        self.sum = crc32(line, self.sum)
        return self.end

    def flush(self) -> None:
        if self._waiting:
            data = memoryview(b"".join(self._waiting))
            self._waiting.clear()
            with trouble(self._path):
                while data:
                    data = data[self._file.write(data) :]

    def finish(self) -> None:
        self.flush()
        with trouble(self._path):
            os.fsync(self._file.fileno())
            self._file.close()

    def close(self) -> None:
        with suppress(OSError):
            self._file.close()


class ParquetParts:
    """A folder of parts."""

    def __init__(self, folder: Path, held: Mapping[int, Held]) -> None:
        """Open the folder for appending. held: the graded part of each part of lines."""
        self._folder = folder
        with trouble(folder):
            folder.mkdir(parents=True, exist_ok=True)
            if not held:
                for left in folder.iterdir():
                    left.unlink()
        self.part = max(held, default=0)
        for part in range(self.part):
            if not self._finished(part).exists():
                with trouble(folder):
                    _check(self._lines(part), held[part])
                self._convert(part)
        if self._finished(self.part).exists():  # killed before the next part was begun
            self._lines(self.part).unlink(missing_ok=True)
            self.part += 1
        for part in range(self.part):
            self._lines(part).unlink(missing_ok=True)
        growing = held.get(self.part, Held())
        self._rows = growing.rows
        self._growing = Lines(self._lines(self.part), growing)

    def write(self, line: bytes) -> int:
        if self.full:
            self._next()
        self._rows += 1
        return self._growing.write(line)

    def flush(self) -> None:
        self._growing.flush()

    def finish(self) -> None:
        self._growing.finish()
        if self._rows or self.part == 0:
            self._convert(self.part)
        else:
            self._lines(self.part).unlink(missing_ok=True)
        self._unify()

    def close(self) -> None:
        self._growing.close()

    @property
    def sum(self) -> int:
        return self._growing.sum

    @property
    def full(self) -> bool:
        """Whether the part is full; its rows must be in the journal before the next row is added."""
        return self._rows >= PART_ROWS or self._growing.end >= PART_BYTES

    def _next(self) -> None:
        self._growing.finish()
        self._convert(self.part)
        self.part += 1
        self._rows = 0
        self._growing = Lines(self._lines(self.part))

    def _lines(self, part: int) -> Path:
        return self._folder / f"part-{part:05d}.jsonl"

    def _finished(self, part: int) -> Path:
        return self._folder / f"part-{part:05d}.parquet"

    def _convert(self, part: int) -> None:
        """Convert a part's lines to Parquet."""
        with self._lines(part).open("rb") as file:
            _write_parquet(self._finished(part), map(_row_of, file))
        self._lines(part).unlink()

    def _unify(self) -> None:
        """Give all parts their common schema."""
        from pyarrow import parquet

        files = sorted(self._folder.glob("part-*.parquet"))
        schemas = [parquet.read_schema(file) for file in files]
        common = schemas[0]
        for schema in schemas[1:]:
            common = _common(common, schema)
        for file, schema in zip(files, schemas, strict=True):
            if not schema.equals(common):
                _write_parquet(file, _rows_of(file), common)
        for left in self._folder.iterdir():  # incomplete parts left by a killed process
            if left not in files:
                left.unlink()


def open_output(path: Path | None, held: Mapping[int, Held], stream: IO[bytes] | None) -> Output:
    """Open an output for appending to what its parts hold; path None = the stream."""
    if path is None:
        assert stream is not None
        return StandardOutput(stream)
    if is_parquet(path):
        return ParquetParts(partial_of(path), held)
    return Lines(partial_of(path), held.get(0))


def _check(path: Path, held: Held) -> None:
    """Check that a file begins with the bytes that were written. Raises BadFile; OSError if it cannot be read."""
    changed = "somebody has changed it; begin anew with --restart"
    left, found = held.end, 0
    if path.exists():
        with open(path, "rb", opener=regular) as file:
            while block := file.read(min(left, _BLOCK)):
                found, left = crc32(block, found), left - len(block)
    if left:
        raise BadFile(f"{str(path)!r} is shorter than what has been graded: {changed}")
    if found != held.sum:
        raise BadFile(f"{str(path)!r} does not hold what was written there: {changed}")


class trouble:  # noqa: N801  # reads well: with trouble(path)
    """Context manager that converts an OSError to a BadFile naming the file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError) and not isinstance(error, BadFile):
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            more = "; make room, and the same command goes on" if full else ""
            raise BadFile(f"cannot write {str(self._path)!r}: {error.strerror or error}{more}") from error


# --- Parquet --------------------------------------------------------------------------------------------------------


def _row_of(line: bytes) -> dict[str, object]:
    """Parse a row; lone surrogates, which Parquet cannot store, become U+FFFD."""
    text = line.decode("utf-8")
    if "\\ud" in text:
        text = whole_characters(json.dumps(json.loads(text), ensure_ascii=False))
    row: dict[str, object] = json.loads(text)
    return row


def _rows_of(file: Path) -> Iterator[dict[str, object]]:
    from pyarrow import parquet

    with parquet.ParquetFile(file) as opened:
        for batch in opened.iter_batches(batch_size=_GROUP_ROWS):
            yield from batch.to_pylist()


def _groups(rows: Iterator[dict[str, object]]) -> Iterator[list[dict[str, object]]]:
    """Split rows into row groups by count or size, whichever is reached first."""
    while group := list(islice(rows, 1)):
        size = 0
        for row in islice(rows, _GROUP_ROWS - 1):
            group.append(row)
            size += sum(len(value) for value in row.values() if isinstance(value, str))
            if size > _GROUP_BYTES:
                break
        yield group


def _write_parquet(path: Path, rows: Iterator[dict[str, object]], schema: pyarrow.Schema | None = None) -> None:
    """Write a part; if a later row group does not fit the schema of the first ones, the part is rewritten."""
    from pyarrow import parquet

    partial = partial_of(path)
    first: list[Path] = []
    with trouble(path):
        writer: parquet.ParquetWriter | None = None
        try:
            for group in _groups(rows):
                table = _inferred(group)
                fitting = table.schema if schema is None else _common(schema, table.schema)
                if writer is None or schema is None or not fitting.equals(schema):
                    if writer is not None:  # groups written so far keep their schema until the common one is known
                        writer.close()
                        first.append(partial.replace(partial.with_name(f"{partial.name}.{len(first)}")))
                    schema = fitting
                    writer = parquet.ParquetWriter(partial, schema, compression="zstd")
                writer.write_table(table if table.schema.equals(schema) else _table(group, schema))
            if writer is None:
                import pyarrow

                schema = pyarrow.schema([])
                writer = parquet.ParquetWriter(partial, schema)
            writer.close()
            if first:
                last = partial.replace(partial.with_name(f"{partial.name}.{len(first)}"))
                _rewrite([*first, last], partial, schema)
        finally:
            if writer is not None:
                writer.close()
        partial.replace(path)


def _rewrite(pieces: list[Path], path: Path, schema: pyarrow.Schema) -> None:
    """Merge files into one with their common schema, and remove them."""
    from pyarrow import parquet

    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for piece in pieces:
            for group in _groups(_rows_of(piece)):
                writer.write_table(_table(group, schema))
            piece.unlink()


def _inferred(rows: list[dict[str, object]]) -> pyarrow.Table:
    """Rows as a table; a column whose values have no common type is text."""
    import pyarrow

    names = dict.fromkeys(name for row in rows for name in row)
    return pyarrow.table({name: _inferred_column(name, [row.get(name) for row in rows]) for name in names})


def _inferred_column(name: str, values: list[object]) -> pyarrow.Array:
    import pyarrow

    if name not in _AS_TEXT:
        try:  # the conversion decides: inference ends at the first float, and takes integers of any size for int64
            return _column(values, _storable(pyarrow.infer_type(values)))
        except (pyarrow.ArrowException, OverflowError):
            pass
    return _column(values, pyarrow.string())


def _storable(kind: pyarrow.DataType) -> pyarrow.DataType:
    """Replace types that Parquet cannot store: objects without fields."""
    import pyarrow

    if pyarrow.types.is_struct(kind):
        if kind.num_fields == 0:
            return pyarrow.string()
        return pyarrow.struct([field.with_type(_storable(field.type)) for field in kind])
    if pyarrow.types.is_list(kind):
        return pyarrow.list_(_storable(kind.value_type))
    return kind


def _common(a: pyarrow.Schema, b: pyarrow.Schema) -> pyarrow.Schema:
    """The common schema of two; a column without a common type becomes JSON text."""
    import pyarrow

    if a.equals(b):
        return a
    fields = {field.name: field for field in a}
    for field in b:
        known = fields.get(field.name)
        if known is None or known.type.equals(field.type):
            fields[field.name] = field
            continue
        try:
            one = pyarrow.unify_schemas(
                [pyarrow.schema([known]), pyarrow.schema([field])], promote_options="permissive"
            ).field(0)
        except pyarrow.ArrowException:
            one = pyarrow.field(field.name, pyarrow.string())
        fields[field.name] = one
    return pyarrow.schema(list(fields.values()))


def _table(rows: list[dict[str, object]], schema: pyarrow.Schema) -> pyarrow.Table:
    import pyarrow

    columns = [_column([row.get(field.name) for row in rows], field.type) for field in schema]
    return pyarrow.Table.from_arrays(columns, schema=schema)


def _column(values: list[object], kind: pyarrow.DataType) -> pyarrow.Array:
    import pyarrow

    return pyarrow.array([_cell(value, kind) for value in values], kind)


def _cell(value: object, kind: pyarrow.DataType) -> object:
    """Convert a value to its column's type."""
    import pyarrow

    if value is None:
        return None
    if pyarrow.types.is_string(kind):
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if pyarrow.types.is_struct(kind) and isinstance(value, Mapping):
        return {field.name: _cell(value.get(field.name), field.type) for field in kind}
    if pyarrow.types.is_list(kind) and isinstance(value, list):
        return [_cell(item, kind.value_type) for item in value]
    if pyarrow.types.is_floating(kind) and isinstance(value, int):
        return float(value)
    return value
