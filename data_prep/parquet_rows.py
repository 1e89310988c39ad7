"""Rows of any JSON as Parquet: the types of columns come from their values, and no value is lost or rounded.

A column without a type that stores all its values is text; values other than text are JSON there. So are `reference`,
`parts`, `details` and `metadata`, whose structure varies by row, text or flags beside numbers, floats beside integers
beyond 2^53, and objects without fields, with very many (keys that are ids), or very deep. Types are known only at the
last row, and rows are held a row group at a time: where a group changes them, the file is written anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, TypeAlias

from data_prep.writing import whole_characters

if TYPE_CHECKING:
    import pyarrow

Rows: TypeAlias = list[dict[str, object]]

_GROUP_ROWS = 4096  # rows of a Parquet file in memory at a time
_GROUP_BYTES = 8 << 20
_AS_TEXT = ("reference", "parts", "details", "metadata")
_MOST_NODES = 96  # readers of Parquet allow 100 levels; a field for each id would take rows x ids cells
_OF_TYPE: dict[str, tuple[type, ...]] = {"bool": (bool,), "int64": (int,), "double": (float, int), "string": (str,)}


def groups_of_lines(file: Path) -> Iterator[Rows]:
    """The rows of a JSONL file in row groups; lone surrogates, which Parquet cannot store, become U+FFFD."""
    group: Rows = []
    size = 0
    with file.open(encoding="utf-8", newline="\n") as lines:
        for line in lines:
            row: dict[str, object] = json.loads(line)
            if "\\ud" in line:
                row = json.loads(whole_characters(json.dumps(row, ensure_ascii=False)))
            group.append(row)
            size += len(line)
            if len(group) >= _GROUP_ROWS or size > _GROUP_BYTES:
                yield group
                group, size = [], 0
    if group:
        yield group


def groups_of_table(file: Path) -> Iterator[Rows]:
    """The rows of a Parquet file in its row groups."""
    from pyarrow import parquet

    with parquet.ParquetFile(file) as opened:
        for group in range(opened.num_row_groups):
            yield opened.read_row_group(group).to_pylist()


def write_parquet(path: Path, groups: Callable[[], Iterator[Rows]], schema: pyarrow.Schema | None = None) -> None:
    """Write a file, complete under its name or not at all. groups: begins anew with each call. schema: known types."""
    partial = path.with_name(f"{path.name}.partial")
    written = None
    while written is None or not written.equals(schema):
        written, schema = _write(partial, groups(), schema)
    partial.replace(path)


def _write(path: Path, groups: Iterator[Rows], schema: pyarrow.Schema | None) -> tuple[pyarrow.Schema, pyarrow.Schema]:
    """Write rows until their types change, and look at the rest. Returns the written schema, and that of all rows."""
    from pyarrow import parquet

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
    """A schema with text for each column whose type would not store a value of these files as it is."""
    for file in files:
        for group in groups_of_table(file):
            schema = _table(group, schema).schema
    return schema


def _fitting(rows: Rows, schema: pyarrow.Schema | None) -> pyarrow.Table:
    """Rows as a table of the common schema of what was written before and these rows."""
    table = _inferred(rows)
    return table if schema is None or table.schema.equals(schema) else _table(rows, common(schema, table.schema))


def _inferred(rows: Rows) -> pyarrow.Table:
    """Rows as a table; a column whose values have no common type is text."""
    import pyarrow

    columns = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        values = [row.get(name) for row in rows]
        try:
            kind = pyarrow.string() if name in _AS_TEXT else pyarrow.infer_type(values)
        except pyarrow.ArrowException:
            kind = pyarrow.string()
        columns[name] = _column(values, kind)
    return pyarrow.table(columns)


def common(a: pyarrow.Schema, b: pyarrow.Schema) -> pyarrow.Schema:
    """The common schema of two; a column without a common type becomes text."""
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


def _table(rows: Rows, schema: pyarrow.Schema) -> pyarrow.Table:
    """Rows as a table; a column is text if its type does not store these values exactly."""
    import pyarrow

    return pyarrow.table({field.name: _column([row.get(field.name) for row in rows], field.type) for field in schema})


def _column(values: list[object], kind: pyarrow.DataType) -> pyarrow.Array:
    """Values as a column of this type if it stores them as they are, else as text."""
    import pyarrow

    if _is_storable(kind) and _holds(kind, values):
        try:
            return pyarrow.array(values, kind)
        except (pyarrow.ArrowException, OverflowError):  # an integer that the type does not hold
            pass
    texts = [
        value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in values
    ]
    return pyarrow.array(texts, pyarrow.string())


def _is_storable(kind: pyarrow.DataType) -> bool:
    """Whether Parquet can store a type (no objects without fields), and readers can read it."""
    import pyarrow

    nodes, left = 0, [kind]
    while left and nodes <= _MOST_NODES:
        kind = left.pop()
        nodes += 1
        if pyarrow.types.is_struct(kind):
            if not kind.num_fields:
                return False
            left += [field.type for field in kind]
        elif pyarrow.types.is_list(kind):
            nodes += 1
            left.append(kind.value_type)
    return nodes <= _MOST_NODES


def _holds(kind: pyarrow.DataType, values: list[object]) -> bool:
    """Whether a type has a place for every value: pyarrow itself drops fields that a type lacks, cuts floats to
    integers and takes flags for numbers. Integers that are too large are left to it.
    """
    import pyarrow

    if pyarrow.types.is_struct(kind):
        objects = [value for value in values if isinstance(value, dict)]
        names = {field.name for field in kind}
        return (
            {type(value) for value in values} <= {dict, NoneType}
            and all(names.issuperset(value) for value in objects)
            and all(_holds(field.type, [value.get(field.name) for value in objects]) for field in kind)
        )
    if pyarrow.types.is_list(kind):
        items = [item for value in values if isinstance(value, list) for item in value]
        return {type(value) for value in values} <= {list, NoneType} and _holds(kind.value_type, items)
    return {type(value) for value in values} <= {NoneType, *_OF_TYPE.get(str(kind), ())}
