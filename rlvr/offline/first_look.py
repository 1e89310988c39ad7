"""What the first rows say before anything is graded: columns that are misspelt or give way, files that are named twice.

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

_MOST_ROWS = 1_000  # of each file, one of which must have a column that is named


def misnamed(sources: Sequence[Source], first: Iterable[Fields], given: Columns, *, streamed: bool) -> str:
    """What is said of a column that is named and that the first row of a stream lacks; "" = there is none such.

    Raises ConfigError where none of the first rows of any file has it, or that one row has one of nearly the same name:
    nothing would be graded as it is meant. first: rows that have been read.
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
    """What is said of columns of the first rows that a grade's own take the place of; "" = there are none such."""
    columns = [item for n in first if isinstance(n.row, Row) for item in n.row.fields.items() if item[0] in ADDED]
    names = dict.fromkeys(name for name, value in columns if name != "sample" or type(value) is not int)
    return f"these columns of the data are left out, for a grade has its own: {', '.join(names)}" if names else ""


def named_again(sources: Sequence[Source]) -> list[str]:
    """The names of files that were named before, in whatever words."""
    seen: set[str] = set()
    again: dict[str, None] = {}
    for source in sources:
        path = os.path.realpath(source.name)
        if path in seen and not source.waits:
            again[source.name] = None
        seen.add(path)
    return [*again]
