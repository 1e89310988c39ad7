"""Read and write problem files: JSONL (plain, .gz, .zst), Parquet. Streamed both ways; a reader never sees half a file.

Parquet has the same columns, with `reference`, whose structure varies by row, as JSON text.

Example:
    >>> import tempfile, pathlib
    >>> from data_prep.problem import MathReference
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "one.jsonl.gz"
    >>> write_problems(path, [Problem.make(question="1+1=", reference=MathReference(answer="2"), source="demo")])
    1
    >>> read_problems(path)[0].reference
    MathReference(answer='2', policy=None)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO

from data_prep.errors import BadFile, BadRow, DataNotFound
from data_prep.missing import no_file
from data_prep.problem import Problem
from data_prep.rows import OnBad, PathLike, Row, is_file, iter_rows, raise_bad, read_each
from data_prep.writing import (
    PROBLEM_COLUMNS,
    missing_folders,
    partial_of,
    remove_empty,
    remove_stale,
    write_rows,
)


def iter_problems(path: PathLike, on_bad: OnBad = raise_bad) -> Iterator[Problem]:
    """Stream the problems of a file, in constant memory.

    Raises:
        DataNotFound, BadFile: see `data_prep.rows.iter_rows`.
        BadRow: at the first invalid row, unless `on_bad` handles it.
    """
    return read_each(iter_rows(path, on_bad), _problem, on_bad)


def read_problems(path: PathLike) -> list[Problem]:
    """All problems of a file. Raises as `iter_problems` does."""
    return list(iter_problems(path))


def _problem(row: Row) -> Problem:
    return Problem.from_dict(row.fields)


def write_problems(path: PathLike, problems: Iterable[Problem]) -> int:
    """Write problems as a stream; the file appears when all are written. Returns their number.

    Raises:
        BadFile: it cannot be written; an existing file is intact.
    """
    return write_rows(path, (problem.to_dict() for problem in problems), PROBLEM_COLUMNS)


def data_hash(path: PathLike) -> str:
    """SHA-256 of a file, which run directories record. Raises DataNotFound, BadFile."""
    path = Path(path)
    if not is_file(path):
        raise DataNotFound(no_file(path))
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise BadFile(f"{path}: cannot be read: {error.strerror}") from error


def bad_rows_path(out: PathLike) -> Path:
    """The path of the bad rows of a run that writes `out`: `OUT.bad.jsonl`."""
    return Path(f"{Path(out)}.bad.jsonl")


class BadRowFile:
    """Writes bad rows to `OUT.bad.jsonl`, each with file, line, field, expected and reason.

    The file appears at the end of the context if there was a bad row; a file of an earlier run is removed.

    Example:
        with BadRowFile("out.jsonl") as bad:
            write_problems("out.jsonl", iter_problems("in.jsonl", on_bad=bad))
        print(bad.count)
    """

    def __init__(self, out: PathLike) -> None:
        self.path = bad_rows_path(out)
        self.count = 0
        self.first: BadRow | None = None
        self._partial = partial_of(self.path)
        self._made: list[Path] = []  # folders created by this writer; removed if it fails
        self._stream: IO[str] | None = None

    def __call__(self, error: BadRow) -> None:
        self.count += 1
        self.first = self.first or error
        record = {
            "file": error.file,
            "line": error.line,
            "field": error.field,
            "expected": error.expected,
            "reason": error.reason,
            "row": error.row,
        }
        try:
            if self._stream is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._stream = self._partial.open("w", encoding="utf-8")
            self._stream.write(json.dumps(record) + "\n")  # ASCII, because the row may contain lone surrogates
        except OSError as trouble:
            raise self._trouble(trouble) from trouble

    def __enter__(self) -> BadRowFile:
        self._made = missing_folders(self.path.parent)
        remove_stale(self.path)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if self._stream is not None:
                self._stream.close()
            if kind is None and self._stream is None:
                self.path.unlink(missing_ok=True)
            elif kind is None:
                self._partial.replace(self.path)
        except OSError as trouble:
            if kind is None:
                raise self._trouble(trouble) from trouble
        finally:
            with suppress(OSError):  # raise the first error
                self._partial.unlink(missing_ok=True)
            if kind is not None:
                remove_empty(self._made)

    def _trouble(self, error: OSError) -> BadFile:
        return BadFile(f"cannot write the bad rows to {str(self.path)!r}: {error.strerror}")
