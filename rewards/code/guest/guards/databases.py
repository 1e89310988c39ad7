"""In the checker: data bases of a test (`sqlite3`) that the program empties, or disguises.

In `assert total(db) == db.execute("select sum(price) from sales").fetchone()[0]` the test would compute what is right
from what the program has left. A data base counts as emptied if it holds fewer rows than when the program was asked,
and none of those; or if a column that held more than flags is blank in as many rows. Any other moving, changing or
deleting of rows is what programs are asked for, and tests look at it afterwards. Of a table whose name now gives
something else, the rows that the name gives count, wherever the table is.

It counts as disguised if what it holds is read through something of the program: its own row or text factory, its own
function of a standard name (`sum`), its temporary table or view of a table's name, its authorizer.

SQL that the program returns and a test executes, to fetch its rows, has to be a query: it may not empty what the test
then compares them with.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from types import FrameType
from typing import Any

from ..proxies import proxies
from ..sources import context

_MAY_EMPTY = ("execute", "executemany", "executescript", "rollback", "deserialize")
_DEFINES = ("create_function", "create_aggregate", "create_window_function", "create_collation", "set_authorizer")
_LARGEST = 4 << 20  # bytes
_FLAGS = (None, 0, 1, b"")
_STANDARD = "select name from pragma_function_list where builtin union all select name from pragma_collation_list"
_SHADOWS = """\
select type, name from temp.sqlite_master
where type in ('table', 'view') and lower(name) in (select lower(name) from main.sqlite_master)
"""

_first: dict[int, tuple[Any, bytes]] = {}  # connections, each with what it held when the program was asked
_disguises: dict[tuple[int, str], tuple[Any, Callable[[], object]]] = {}  # connections, each with what restores it


def guard(tests: bytes) -> None:
    """Watch what tests fetch, if they use data bases."""
    if b"sqlite3" not in tests:
        return
    import sqlite3

    class Cursor(sqlite3.Cursor):
        _is_query = True

        def execute(self, text: str, /, *args: Any) -> Any:
            return self._run(sys._getframe(1), text, args)

        def _run(self, caller: FrameType, text: str, args: tuple[Any, ...]) -> Any:
            is_theirs = context.is_test(caller) and not any(text in source for source in context.SOURCES.values())
            held = _content(self.connection) if is_theirs else None
            super().execute(text, *args)
            now = None if held is None else _content(self.connection)
            emptied = held is not None and now is not None and held != now and _is_gone(held, now)
            self._is_query = not is_theirs or (self.description is not None and not emptied)
            return self

    def fetching(name: str) -> Any:
        def fetched(self: Any, *args: Any, **kwargs: Any) -> Any:
            if not self._is_query:
                raise proxies.refused("the test fetches rows of what is no query")
            return getattr(super(Cursor, self), name)(*args, **kwargs)

        return fetched

    class Connection(sqlite3.Connection):
        def cursor(self, factory: Any = Cursor) -> Any:
            return super().cursor(factory)

        def execute(self, text: str, /, *args: Any) -> Any:
            return self.cursor()._run(sys._getframe(1), text, args)

    for name in ("fetchone", "fetchmany", "fetchall", "__next__"):
        setattr(Cursor, name, fetching(name))
    for kind in (Cursor, Connection):
        kind.__module__, kind.__qualname__ = "sqlite3", kind.__name__
    connect = sqlite3.connect
    sqlite3.connect = lambda *args, **kwargs: connect(*args, **{"factory": Connection, **kwargs})


def connection_of(value: Any) -> Any:
    """The data base connection that a value is, or that a cursor belongs to; None for anything else."""
    sqlite3 = sys.modules.get("sqlite3")
    kind = type(value)  # a mock pretends to be of another class
    if sqlite3 is None or not issubclass(kind, sqlite3.Connection | sqlite3.Cursor):
        return None
    return value.connection if issubclass(kind, sqlite3.Cursor) else value


def forget() -> None:
    """The program is asked anew."""
    _first.clear()


def remember(function: Any) -> None:
    """Called before the program calls a method of a connection."""
    connection = connection_of(function.__self__)
    if id(connection) not in _first and function.__name__ in _MAY_EMPTY:
        held = _content(connection)
        if held is not None and len(held) <= _LARGEST:
            _first[id(connection)] = connection, held


def emptied(function: Any) -> Callable[[], object] | None:
    """After a method of a connection was called: what restores the data base if no former row is left; else None."""
    connection = connection_of(function.__self__)
    _, held = _first.get(id(connection), (None, None))
    now = None if held is None else _content(connection)
    if held is None or now is None or now == held or not _is_gone(held, now):
        return None

    def put_back() -> None:
        connection.rollback()
        connection.deserialize(held)

    return put_back


def note_called(function: Any, args: tuple[Any, ...]) -> None:
    """After a method of a connection was called: record what it defines under a name that is another's."""
    connection, name = connection_of(function.__self__), function.__name__
    if name in _DEFINES and (args[0] is not None if name == "set_authorizer" else _is_standard(connection, args[0])):
        _disguises[id(connection), f"{name} {args[0]}"] = connection, _refuse
    elif name in _MAY_EMPTY and _shadows(connection):
        _disguises[id(connection), "temporary"] = connection, lambda: _drop_shadows(connection)


def note_set(value: Any, name: str, new: Any) -> None:
    """Record that the program is about to set an attribute of a connection or cursor."""
    import sqlite3

    key = id(value), name
    if name not in ("row_factory", "text_factory") or any(new is known for known in (None, sqlite3.Row, str, bytes)):
        _disguises.pop(key, None)
    elif key not in _disguises:
        old = getattr(value, name)
        _disguises[key] = connection_of(value), lambda: setattr(value, name, old)


def disguised() -> list[tuple[Any, Callable[[], object]]]:
    """Connections, each with what restores it."""
    return [*_disguises.values()]


def _refuse() -> None:
    proxies.the_link().refuse("it replaced what a data base reads with, which the test compares with its answer")


def _content(connection: Any) -> bytes | None:
    import sqlite3

    try:
        return connection.serialize()  # type: ignore[no-any-return]
    except sqlite3.Error:  # it is closed
        return None


def _is_gone(held: bytes, now: bytes) -> bool:
    """Whether there are fewer rows than there were, or a view stands for a table, and none of those."""
    import sqlite3

    try:
        with closing(_copy(held)) as before, closing(_copy(now)) as after:
            tables, shown, views = _tables(before), _tables(after), _views(after)
            views = [name for name in views if name in tables]
            for root, name in ((root, name) for name, root in tables.items() if name in {*shown, *views}):
                shown = {other: at for other, at in shown.items() if at != root or other == name}  # under another name
            left = [*_rows(after, shown), *_rows(after, views)]
            former = [*_rows(before, tables)]
            if (bool(views) or len(left) < len(former)) and set(left).isdisjoint(former):
                return True
            return any(_is_blanked(before, after, name) for name in tables if name in shown)
    except sqlite3.Error:  # a table of a kind that only the connection knows
        return False


def _copy(held: bytes) -> Any:
    import sqlite3

    copied = sqlite3.connect(":memory:")
    if held:
        copied.deserialize(held)
    copied.text_factory = bytes  # text need not be valid
    return copied


def _asked(connection: Any, query: str) -> list[Any]:
    """The rows of a query, whatever the program has set."""
    import sqlite3

    texts = connection.text_factory
    try:
        cursor = sqlite3.Connection.cursor(connection)
        cursor.row_factory, connection.text_factory = None, str
        return cursor.execute(query).fetchall()
    except sqlite3.Error:  # it is closed, or broken
        return []
    finally:
        connection.text_factory = texts


def _tables(copied: Any) -> dict[str, int]:
    """Names of tables, each with the page that it keeps under another name."""
    found = copied.execute("select name, rootpage from sqlite_master where type = 'table'")
    named = ((name.decode(), root) for name, root in found)
    return {name: root for name, root in named if not name.startswith("sqlite_")}


def _views(copied: Any) -> list[str]:
    return [name.decode() for (name,) in copied.execute("select name from sqlite_master where type = 'view'")]


def _rows(copied: Any, names: Iterable[str]) -> Iterator[tuple[Any, ...]]:
    for name in names:
        yield from copied.execute(f"select * from {_quoted(name)}")


def _is_blanked(before: Any, after: Any, name: str) -> bool:
    """Whether a column of a table, which held more than a flag, holds nothing now, in no fewer rows."""
    former, columns = _columns(before, name), _columns(after, name)
    return any(
        any(value not in _FLAGS for value in values)
        and len(columns.get(column, ())) >= len(values)
        and not any(columns[column])
        for column, values in former.items()
    )


def _columns(copied: Any, name: str) -> dict[str, list[Any]]:
    cursor = copied.execute(f"select * from {_quoted(name)}")
    rows = cursor.fetchall()
    return {column[0]: [row[at] for row in rows] for at, column in enumerate(cursor.description)}


def _is_standard(connection: Any, name: Any) -> bool:
    return type(name) is str and name.lower() in {known.lower() for (known,) in _asked(connection, _STANDARD)}


def _shadows(connection: Any) -> list[tuple[str, str]]:
    """Temporary tables and views that hide others: kind and name."""
    return _asked(connection, _SHADOWS)


def _drop_shadows(connection: Any) -> None:
    for kind, name in _shadows(connection):
        connection.execute(f"drop {kind} temp.{_quoted(name)}")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
