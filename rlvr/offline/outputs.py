"""Outputs of graded rows: standard output, a JSONL file that grows as `OUT.partial`, or a folder of Parquet parts.

An output takes JSON lines and returns the end offset of each, so that the journal can cut off a row that was being
written when the process was killed. Parquet files cannot be appended to, so a part grows as JSON lines next to the
finished parts and is converted to Parquet when it is full. All parts have the same schema.

    OUT.parquet.partial/part-00000.parquet    a finished part
    OUT.parquet.partial/part-00001.jsonl      the one that grows
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial, reduce
from pathlib import Path
from typing import IO, Protocol
from zlib import crc32

from data_prep.errors import BadFile
from data_prep.parquet_rows import common, exact, groups_of_lines, groups_of_table, write_parquet
from data_prep.writing import refuse_irregular
from rlvr.errors import ConfigError
from rlvr.offline.standard_output import StandardOutput
from rlvr.regular_files import regular

PART_ROWS = 1 << 16
PART_BYTES = 256 << 20
_BLOCK = 1 << 20
_LONGEST_ROW = 64 << 20
_CHANGED = "somebody has changed it; begin anew with --restart"


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
        with trouble(self._finished(part)):
            write_parquet(self._finished(part), partial(groups_of_lines, self._lines(part)))
        self._lines(part).unlink()

    def _unify(self) -> None:
        """Give all parts their common schema. Raises BadFile."""
        from pyarrow import ArrowInvalid, parquet

        files = sorted(self._folder.glob("part-*.parquet"))
        try:
            schemas = {file: parquet.read_schema(file) for file in files}
            one = reduce(common, schemas.values())
            one = exact((file for file, schema in schemas.items() if not schema.equals(one)), one)
        except (ArrowInvalid, OSError) as error:
            raise BadFile(f"a part in {str(self._folder)!r} cannot be read ({error}): {_CHANGED}") from error
        for file, schema in schemas.items():
            if not schema.equals(one):
                with trouble(file):
                    write_parquet(file, partial(groups_of_table, file), one)
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
    left, found = held.end, 0
    if path.exists():
        with open(path, "rb", opener=regular) as file:
            while block := file.read(min(left, _BLOCK)):
                found, left = crc32(block, found), left - len(block)
    if left:
        raise BadFile(f"{str(path)!r} is shorter than what has been graded: {_CHANGED}")
    if found != held.sum:
        raise BadFile(f"{str(path)!r} does not hold what was written there: {_CHANGED}")


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
