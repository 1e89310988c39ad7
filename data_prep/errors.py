"""Errors of data preparation.

ToolkitError
└── DataError
    ├── BadRow        (ValueError)     one row of a file: says file, line, field and what was expected
    ├── BadFile       (OSError)        a whole file that cannot be read or written: damaged, disk full
    └── DataNotFound  (LookupError)    no such file, set, split or template; says what was looked for
"""

from __future__ import annotations

from sandbox.errors import ToolkitError


class DataError(ToolkitError):
    """Root of the errors of this package."""


class BadRow(DataError, ValueError):
    """A row that cannot be read. The message says file, line, field and what was expected.

    Who reads a row knows the field, who reads the file knows where it stands: `at` puts the two together.

    file, line: where the row stands; for Parquet the line is the number of the row; both count from 1.
    field: the column that is to blame; empty = the row as a whole.
    expected: what should have stood there. found: the value seen, cut to a readable length.
    row: the row as it stood in the file, to be written aside.

    Example:
        >>> print(BadRow(field="answer", expected="text after '####'", found="no idea").at("a.jsonl", 3, ""))
        a.jsonl, line 3, field 'answer': expected text after '####', found 'no idea'
    """

    def __init__(
        self,
        reason: str = "",
        *,
        file: str = "",
        line: int = 0,
        field: str = "",
        expected: str = "",
        found: object = None,
        row: str = "",
    ) -> None:
        self.reason = reason or f"expected {expected}, found {shortened(found)}"
        self.file, self.line, self.field, self.expected, self.row = file, line, field, expected, row
        place = [file] if file else []
        place += [f"line {line}"] if line else []
        place += [f"field {field!r}"] if field else []
        super().__init__(f"{', '.join(place)}: {self.reason}" if place else self.reason)

    def at(self, file: str, line: int, row: str) -> BadRow:
        """The same error with the place of its row."""
        return BadRow(self.reason, file=file, line=line, field=self.field, expected=self.expected, row=row)


class BadFile(DataError, OSError):
    """A file that cannot be read or written as a whole."""


class DataNotFound(DataError, LookupError):
    """No such file, data set, split or template."""


def shortened(value: object, limit: int = 80) -> str:
    """A value as a message shows it: `nothing` for None; what is longer than `limit` is cut, and the cut is marked."""
    if value is None:
        return "nothing"
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # nested without end; a number of more than 4,300 digits
        text = f"a {type(value).__name__} too large to show"
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
