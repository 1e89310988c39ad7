"""Check the first rows before grading: misspelt columns, columns that grades replace, files named twice.

Example:
    print(misnamed(sources, first, Columns(reference="answr"), streamed=False))  # raises ConfigError
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from itertools import islice

from data_prep.rows import Row
from rlvr.errors import ConfigError
from rlvr.offline.columns import Columns, Fields, Named
from rlvr.offline.recorder import ADDED
from rlvr.offline.selection import Numbered
from rlvr.offline.sources import Source

_MOST_ROWS = 1_000  # rows per file, one of which must have each named column


def misnamed(sources: Sequence[Source], first: Iterable[Fields], given: Columns, *, streamed: bool) -> str:
    """A warning about a named column that the first row of a stream lacks; empty = none.

    Raises ConfigError if none of the first rows of any file has the column, or if the stream's first row has one with a
    similar name. first: rows that have been read.
    """
    named = Named(given)
    for row in first:
        named.look(row)
    if streamed or not named.describe():
        if named.near:
            raise ConfigError(named.describe())
        return named.describe()
    named = Named(given)
    for source in sources:
        for read in islice(source.rows(), _MOST_ROWS):
            if isinstance(read, Row):
                named.look(read.fields)
            if not named.missing:
                return ""
    raise ConfigError(named.describe())


def taken_by_grades(first: Sequence[Numbered]) -> str:
    """A warning about columns of the first rows that columns of the grade replace; empty = none."""
    columns = [item for n in first if isinstance(n.row, Row) for item in n.row.fields.items() if item[0] in ADDED]
    names = dict.fromkeys(name for name, value in columns if name != "sample" or type(value) is not int)
    return f"these columns of the data are left out, for a grade has its own: {', '.join(names)}" if names else ""


def named_again(sources: Sequence[Source]) -> list[str]:
    """The names that refer to a file already named, possibly by another path."""
    seen: set[str] = set()
    again: dict[str, None] = {}
    for source in sources:
        path = os.path.realpath(source.name)
        if path in seen and not source.waits:
            again[source.name] = None
        seen.add(path)
    return [*again]
