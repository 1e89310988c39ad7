"""Rows of any JSON as Parquet: the types of columns come from their values, and no value is lost or rounded.

A column without a type that stores all its values is JSON text: `reference`, `parts`, `details` and `metadata`, whose
structure varies by row, text beside numbers, floats beside integers that no float equals, and objects without fields.
Types are known only at the last row, and rows are held a row group at a time: where a group changes them, the file is
written anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from data_prep.writing import whole_characters

if TYPE_CHECKING:
    import pyarrow

_GROUP_ROWS = 4096  # rows of a Parquet file in memory at a time
_GROUP_BYTES = 8 << 20
_AS_TEXT = ("reference", "parts", "details", "metadata")


class _InexactError(OverflowError):
    """The type of a column does not store a value as it is; integers beyond its range are an OverflowError, too."""


def lines_of(file: Path) -> Iterator[dict[str, object]]:
    """The rows of a JSONL file; lone surrogates, which Parquet cannot store, become U+FFFD."""
    with file.open(encoding="utf-8", newline="\n") as lines:
        for line in lines:
            row: dict[str, object] = json.loads(line)
            yield json.loads(whole_characters(json.dumps(row, ensure_ascii=False))) if "\\ud" in line else row


def rows_of(file: Path) -> Iterator[dict[str, object]]:
    """The rows of a Parquet file, in row groups."""
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


def write_parquet(
    path: Path, rows: Callable[[], Iterator[dict[str, object]]], schema: pyarrow.Schema | None = None
) -> None:
    """Write a file, complete under its name or not at all. rows: begins anew with each call. schema: known types."""
    partial = path.with_name(f"{path.name}.partial")
    written = None
    while written is None or not written.equals(schema):
        written, schema = _write(partial, rows(), schema)
    partial.replace(path)


def _write(
    path: Path, rows: Iterator[dict[str, object]], schema: pyarrow.Schema | None
) -> tuple[pyarrow.Schema, pyarrow.Schema]:
    """Write rows until their types change, and look at the rest. Returns the written schema, and that of all rows."""
    from pyarrow import parquet

    groups = _groups(rows)
    table = _fitting(next(groups, []), schema)
    written = schema = table.schema
    with parquet.ParquetWriter(path, written, compression="zstd") as writer:
        writer.write_table(table)
        for group in groups:
            table = _fitting(group, schema)
            schema = table.schema
            if schema.equals(written):
                writer.write_table(table)
    return written, schema


def exact(files: Iterable[Path], schema: pyarrow.Schema) -> pyarrow.Schema:
    """A schema with text for each column whose type would round a value of these files."""
    for file in files:
        for group in _groups(rows_of(file)):
            schema = _table(group, schema).schema
    return schema


def _fitting(rows: list[dict[str, object]], schema: pyarrow.Schema | None) -> pyarrow.Table:
    """Rows as a table of the common schema of what was written before and these rows."""
    table = _inferred(rows)
    return table if schema is None or table.schema.equals(schema) else _table(rows, common(schema, table.schema))


def _inferred(rows: list[dict[str, object]]) -> pyarrow.Table:
    """Rows as a table; a column whose values have no common type is text."""
    import pyarrow

    names = dict.fromkeys(name for row in rows for name in row)
    return pyarrow.table({name: _inferred_column(name, [row.get(name) for row in rows]) for name in names})


def _inferred_column(name: str, values: list[object]) -> pyarrow.Array:
    import pyarrow

    if name not in _AS_TEXT:
        try:  # the conversion decides: inference ends at the first float, and takes integers of any size for int64
            kind = pyarrow.infer_type(values)
            if _storable(kind):
                return _column(values, kind)
        except (pyarrow.ArrowException, OverflowError):
            pass
    return _column(values, pyarrow.string())


def _storable(kind: pyarrow.DataType) -> bool:
    """Whether Parquet has the type: it cannot store objects without fields."""
    import pyarrow

    if pyarrow.types.is_struct(kind):
        return kind.num_fields > 0 and all(_storable(field.type) for field in kind)
    return not pyarrow.types.is_list(kind) or _storable(kind.value_type)


def common(a: pyarrow.Schema, b: pyarrow.Schema) -> pyarrow.Schema:
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
    """Rows as a table; a column is text if its type does not store these values exactly."""
    import pyarrow

    columns = {}
    for field in schema:
        values = [row.get(field.name) for row in rows]
        try:
            columns[field.name] = _column(values, field.type)
        except OverflowError:
            columns[field.name] = _column(values, pyarrow.string())
    return pyarrow.table(columns)


def _column(values: list[object], kind: pyarrow.DataType) -> pyarrow.Array:
    import pyarrow

    return pyarrow.array([_cell(value, kind) for value in values], kind)


def _cell(value: object, kind: pyarrow.DataType) -> object:
    """Convert a value to its column's type. Raises OverflowError if it would be rounded, or a flag be a number."""
    import pyarrow

    if value is None:
        return None
    if pyarrow.types.is_string(kind):
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if pyarrow.types.is_struct(kind) and isinstance(value, Mapping):
        return {field.name: _cell(value.get(field.name), field.type) for field in kind}
    if pyarrow.types.is_list(kind) and isinstance(value, list):
        return [_cell(item, kind.value_type) for item in value]
    if isinstance(value, bool) and not pyarrow.types.is_boolean(kind):
        raise _InexactError
    if isinstance(value, int) and pyarrow.types.is_floating(kind):
        if float(value) != value:
            raise _InexactError
        return float(value)
    return value
