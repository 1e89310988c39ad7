"""Errors of data preparation.

ToolkitError
└── DataError
    ├── BadRow        (ValueError)     one row of a file: says file, line, field and what was expected
    └── DataNotFound  (LookupError)    no such file, set or split; says what was looked for
"""

from __future__ import annotations

from sandbox.errors import ToolkitError


class DataError(ToolkitError):
    """Root of the errors of this package."""


class BadRow(DataError, ValueError):
    """A row that cannot be read. The message says file, line, field and what was expected."""


class DataNotFound(DataError, LookupError):
    """No such file, data set or split."""
