"""Errors of data preparation.

ToolkitError
└── DataError
    ├── BadRow        (ValueError)     a row of a file; names file, line, field and what was expected
    ├── BadFile       (OSError)        a whole file that cannot be read or written: damaged, disk full
    └── DataNotFound  (LookupError)    no such file, set, split or template; says what was searched
"""

from __future__ import annotations

from sandbox.errors import ToolkitError


class DataError(ToolkitError):
    """Root of the errors of this package."""


class BadRow(DataError, ValueError):
    """A row that cannot be read. The message says file, line, field and what was expected.

    The parser of a row knows the field, the reader of the file knows the location: `at` combines them.

    file, line: the row's location, counted from 1; for Parquet, line is the row number. field: the faulty column; empty
    = the whole row. expected: what should be there. found: the value seen, shortened. row: the original row, to be
    written to the bad-row file.

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
        """The same error with the location of its row."""
        return BadRow(self.reason, file=file, line=line, field=self.field, expected=self.expected, row=row)


class BadFile(DataError, OSError):
    """A file that cannot be read or written as a whole."""


class DataNotFound(DataError, LookupError):
    """No such file, data set, split or template."""


def shortened(value: object, limit: int = 80) -> str:
    """A value for a message: `nothing` for None; cut with a mark if longer than `limit`."""
    if value is None:
        return "nothing"
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # infinitely nested; a number of more than 4,300 digits
        text = f"a {type(value).__name__} too large to show"
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
