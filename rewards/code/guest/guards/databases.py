"""In the checker: data bases of a test (`sqlite3`) that the program empties.

In `assert total(db) == db.execute("select sum(price) from sales").fetchone()[0]` the test would compute what is right
from what the program has left. A data base counts as emptied if it held rows, and no table of it holds any when the
program answers: moving, changing or deleting rows is what programs are asked for, and tests look at it afterwards.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

_MAY_EMPTY = ("execute", "executemany", "executescript", "rollback")
_LARGEST = 4 << 20  # bytes


def connection_of(value: Any) -> Any:
    """The data base connection that a value is, or that a cursor belongs to; None for anything else."""
    sqlite3 = sys.modules.get("sqlite3")
    kind = type(value)  # a mock pretends to be of another class
    if sqlite3 is None or not issubclass(kind, sqlite3.Connection | sqlite3.Cursor):
        return None
    return value.connection if issubclass(kind, sqlite3.Cursor) else value


def kept(function: Any) -> Callable[[], object] | None:
    """For a method that the program is about to call: what restores the data base, if that empties it. None if it is no
    such method, or there is nothing to lose.
    """
    connection = connection_of(getattr(function, "__self__", None))
    if connection is None or function.__name__ not in _MAY_EMPTY or not holds_rows(connection):
        return None
    held = connection.serialize()

    def put_back() -> None:
        connection.rollback()
        connection.deserialize(held)

    return put_back if len(held) <= _LARGEST else None


def holds_rows(connection: Any) -> bool | None:
    """Whether any table holds a row; None = that cannot be told. What the program has set does not matter."""
    import sqlite3

    texts = connection.text_factory
    try:
        cursor = sqlite3.Connection.cursor(connection)
        cursor.row_factory, connection.text_factory = None, str
        asked = cursor.execute("select name from main.sqlite_master where type = 'table'").fetchall()
        names = [name.replace('"', '""') for (name,) in asked if not name.startswith("sqlite_")]
        return any(cursor.execute(f'select 1 from main."{name}" limit 1').fetchone() for name in names)
    except sqlite3.Error:  # it is closed, or broken
        return None
    finally:
        connection.text_factory = texts
