"""In the checker: objects of the standard library that hold their content where no attribute shows it.

Files that a test has opened, context variables, queues written in C, weak references. What the program takes out of one
is noted when it has answered, since a file is often emptied to be written anew.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import io
import sys
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from typing import Any, NamedTuple

from .counted import is_blank, is_nothing

_OPENED = (io.TextIOWrapper, io.BufferedRandom, io.FileIO)
_TEMPORARY = ("_TemporaryFileWrapper", "SpooledTemporaryFile")


class Loss(NamedTuple):
    """What the program took out of a value. emptied: whether nothing is left. several: whether it held more
    than one item."""

    value: Any
    put_back: Callable[[], object]
    emptied: bool
    several: bool


_first: dict[int, tuple[Any, Any]] = {}  # values, each with its content when the program was asked


def forget() -> None:
    """The program is asked anew."""
    _first.clear()


def remember(value: Any) -> None:
    """Called before the program uses a value."""
    if id(value) not in _first and (held := _content(value)) is not None:
        _first[id(value)] = value, held


def lost() -> Iterator[Loss]:
    """The values that have lost content since the program was asked."""
    for value, held in _first.values():
        former, now = _counted(value, held), _counted(value, _content(value))
        if former - now and not is_blank(former):
            yield Loss(value, functools.partial(_put_back, value, held), not now, former.total() > 1)


def parts(value: Any) -> Iterable[Any]:
    """What a context variable, reference or queue holds."""
    if isinstance(value, weakref.ref):
        return (value(),)
    return _content(value) if isinstance(value, ContextVar) or _is_queue(value) else ()


def _content(value: Any) -> Any:
    """Text or bytes of a file, items of a queue, the value of a context variable; None for anything else."""
    if isinstance(value, ContextVar):
        with contextlib.suppress(LookupError):  # it has never been set
            return [value.get()]
        return []
    if _is_queue(value):
        held = [part for part in gc.get_referents(value) if part is not type(value)]
        waiting = held if sys.version_info >= (3, 13) else held[0]
        return waiting[-value.qsize() :] if value.qsize() else []
    return _read(value) if isinstance(value, _OPENED) or type(value).__name__ in _TEMPORARY else None


def _is_queue(value: Any) -> bool:
    return type(value).__module__ == "_queue"


def _counted(value: Any, held: Any) -> Counter[Any]:
    """Content, counted. Another value of a context variable is no loss, as for an attribute."""
    if isinstance(value, ContextVar):
        return Counter(["set"] if held and not is_nothing(held[0]) else [])
    return Counter(held if type(held) in (str, bytes) else map(id, held or ()))


def _read(file: Any) -> Any:
    """All that a file holds, wherever it is read next; None if that cannot be known."""
    try:
        at = file.tell()
        try:
            file.seek(0)
            return file.read()
        finally:
            file.seek(at)
    except (OSError, ValueError):  # it is closed, a pipe, or only written to
        return None


def _put_back(value: Any, held: Any) -> None:
    if isinstance(value, ContextVar):
        value.set(held[0])
    elif _is_queue(value):
        while not value.empty():
            value.get()
        for item in held:
            value.put(item)
    else:
        value.seek(0)
        value.truncate()
        value.write(held)
