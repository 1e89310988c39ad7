"""Write rows to JSONL (plain, .gz, .zst) or Parquet: streamed to `NAME.PID.partial`, renamed when whole.

A failed write leaves nothing behind, not even folders that it created. A killed process leaves its `.partial` file,
which the next writer of that name removes if no process with that pid is running.

Equal rows give equal bytes: gzip headers contain no time and no name.

Example:
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "rates.jsonl"
    >>> write_rows(path, [{"id": "a", "source": "gsm8k"}], {"id": "text", "source": "text"})
    1
    >>> path.read_text()
    '{"id": "a", "source": "gsm8k"}\\n'
"""

from __future__ import annotations

import gzip
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal, TypeAlias

from data_prep.errors import BadFile, BadRow
from data_prep.rows import PathLike, suffix_of
from rewards.types import Json

if TYPE_CHECKING:
    import pyarrow

ColumnType: TypeAlias = Literal["text", "texts", "messages"]
Columns: TypeAlias = Mapping[str, ColumnType]
"""The columns of a Parquet file. An object in a `text` column is stored as JSON text."""

PROBLEM_COLUMNS: Columns = {
    "id": "text",
    "messages": "messages",
    "reference": "text",
    "reward": "text",
    "source": "text",
    "tags": "texts",
}
DEMONSTRATION_COLUMNS: Columns = {**PROBLEM_COLUMNS, "response": "text"}

_OWNER = re.compile(r"\.(\d+)\.partial")
_ROW_GROUP = 1024  # rows in memory at a time when Parquet is written


def write_rows(path: PathLike, rows: Iterable[Mapping[str, Json]], columns: Columns) -> int:
    """Write rows as a stream, in the format of the file's suffix. Returns their number.

    Raises:
        BadFile: the file cannot be written, or its suffix is unknown; an existing file is intact.
    """
    write = _WRITERS[suffix_of(path)]
    with replacing(path) as partial:
        return write(partial, rows, columns)


@contextmanager
def replacing(path: PathLike) -> Iterator[Path]:
    """A temporary path, renamed to `path` at the end of the block, or removed if the block fails."""
    path = Path(path)
    partial, made = partial_of(path), missing_folders(path.parent)
    try:
        refuse_irregular(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_stale(path)
        yield partial
        partial.replace(path)
    except BaseException as error:  # including interrupts: no partial file must remain
        with suppress(OSError):  # raise the original error
            partial.unlink(missing_ok=True)
        remove_empty(made)
        if isinstance(error, OSError) and not isinstance(error, BadFile) and error.errno is not None:
            raise BadFile(f"cannot write {str(path)!r}: {error.strerror}; nothing was changed") from error
        raise


def whole_characters(text: str) -> str:
    """Replace each lone surrogate by U+FFFD, since UTF-8 cannot encode it.

    Example:
        >>> whole_characters("7\\ud800") == "7\\ufffd", whole_characters("\\ud83d\\ude00") == "\\U0001f600"
        (True, True)
    """
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def refuse_irregular(path: Path) -> None:
    """Raises BadFile if a rename would replace a device, pipe, open stream or symbolic link."""
    is_stream = path.absolute().parent in (Path("/dev"), Path("/dev/fd")) or path.absolute().parts[:2] == ("/", "proc")
    if path.is_symlink() and not is_stream:
        to = os.path.realpath(path)
        raise BadFile(f"{str(path)!r} is a link, and a file would take its place; name what it leads to: {to!r}")
    if path.exists() and (is_stream or not path.is_file()):
        raise BadFile(f"{str(path)!r} is no regular file, and one would take its place; name another")


def partial_of(path: Path) -> Path:
    """The temporary path to which this process writes `path`."""
    return path.with_name(f"{path.name}.{os.getpid()}.partial")


def remove_stale(path: Path) -> None:
    """Remove temporary files for `path` left by dead processes."""
    with suppress(OSError):  # a folder that cannot be listed or written is reported by the write itself
        for found in path.parent.iterdir():
            owner = _OWNER.fullmatch(found.name.removeprefix(path.name))
            if owner and found.name.startswith(path.name) and not _is_alive(int(owner[1])):
                found.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):  # another user's process, or not a process id: leave it
        return True
    return True


def missing_folders(folder: Path) -> list[Path]:
    """The folder and its parents that do not exist, innermost first."""
    return [each for each in (folder, *folder.parents) if not os.path.lexists(each)]


def remove_empty(folders: Iterable[Path]) -> None:
    """Remove the empty ones of these folders."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


def _write_lines(stream: IO[bytes], rows: Iterable[Mapping[str, Json]]) -> int:
    count = 0
    for row in rows:
        try:
            line = json.dumps(row, ensure_ascii=False, allow_nan=False).encode("utf-8")
        except ValueError as error:  # a lone surrogate, NaN
            raise BadRow(f"row {count + 1} to write is not JSON in UTF-8: {error}", row=repr(row)) from error
        stream.write(line + b"\n")
        count += 1
    return count


def _jsonl(path: Path, rows: Iterable[Mapping[str, Json]], columns: Columns) -> int:
    del columns  # each line names its own
    with path.open("wb") as stream:
        return _write_lines(stream, rows)


def _jsonl_gz(path: Path, rows: Iterable[Mapping[str, Json]], columns: Columns) -> int:
    del columns
    with path.open("wb") as file, gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as stream:
        return _write_lines(stream, rows)  # type: ignore[arg-type]  # GzipFile accepts bytes


def _jsonl_zst(path: Path, rows: Iterable[Mapping[str, Json]], columns: Columns) -> int:
    import pyarrow

    del columns
    with path.open("wb") as file, pyarrow.CompressedOutputStream(file, "zstd") as stream:
        return _write_lines(stream, rows)


def schema_of(columns: Columns) -> pyarrow.Schema:
    """The types of these columns in Parquet."""
    import pyarrow

    message = pyarrow.struct([("role", pyarrow.string()), ("content", pyarrow.string())])
    types = {"text": pyarrow.string(), "texts": pyarrow.list_(pyarrow.string()), "messages": pyarrow.list_(message)}
    return pyarrow.schema([(name, types[kind]) for name, kind in columns.items()])


def _parquet(path: Path, rows: Iterable[Mapping[str, Json]], columns: Columns) -> int:
    import pyarrow
    from pyarrow import parquet

    schema = schema_of(columns)
    count, rows = 0, iter(rows)
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        while group := [_cells(row, columns) for row in islice(rows, _ROW_GROUP)]:
            writer.write_table(pyarrow.Table.from_pylist(group, schema=schema))
            count += len(group)
    return count


def _cells(row: Mapping[str, Json], columns: Columns) -> dict[str, Json]:
    return {
        name: json.dumps(row[name], ensure_ascii=False) if isinstance(row[name], Mapping) else row[name]
        for name in columns
    }


_WRITERS: dict[str, Callable[[Path, Iterable[Mapping[str, Json]], Columns], int]] = {
    ".jsonl": _jsonl,
    ".jsonl.gz": _jsonl_gz,
    ".jsonl.zst": _jsonl_zst,
    ".parquet": _parquet,
}
