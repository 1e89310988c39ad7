"""In the checker: count the content of containers, to tell whether a change is one that the test asked for.

`add(store, "b", 2)` puts its arguments into the store, and `remove(store, "b")` takes them out; a test looks at the
store afterwards. Additions that are not among the arguments are the program's, and so is anything that `add` removes.
"""

from __future__ import annotations

import io
import sys
from array import array
from collections import Counter, deque
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from ..shared.wire import ATOMS
from ..sources.names import words_of

HOLDERS = (list, tuple, set, deque, dict)
STREAMS = (io.StringIO, io.BytesIO)
PUT, TAKEN = "put", "taken"
_MOST_NAMED = 20
# Functions with such names may remove their arguments from a container. Any other that does spoils what a test uses.
_TAKING = """
    ban cancel checkout clear close complete consume delete del dequeue destroy detach discard dismiss dispose
    drop eject erase evict exclude expire extract finish forget free kick leave move omit pop prune pull purge
    reject release remove rename replace resolve return revoke sell shift spend strip subtract take toggle
    transfer uninstall unlink unload unregister unsubscribe withdraw
"""
_TAKES = frozenset(_TAKING.split())
_named: list[tuple[int, Any, list[Any]]] = []  # arguments of the program: their ids, keys, and those of their content


def content(value: Any) -> Any:
    """The content of a container, counted, regardless of order; None for values that do not matter."""
    if isinstance(value, list):
        return Counter(map(_key, list.__iter__(value)))
    if isinstance(value, dict):
        return Counter(map(_key, (*dict.__iter__(value), *dict.values(value))))
    if isinstance(value, set):
        return Counter(map(_key, set.__iter__(value)))
    if isinstance(value, deque):
        return Counter(map(_key, deque.__iter__(value)))
    if isinstance(value, bytearray):
        return Counter(bytes(value))
    if isinstance(value, array):
        return Counter(value)
    if isinstance(value, STREAMS):
        return Counter() if value.closed else Counter(value.getvalue())
    if isinstance(value, SimpleNamespace):
        return Counter(map(_key, vars(value).values()))
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.ndarray):
        return Counter(map(_key, value.reshape(-1).tolist()))
    return None


def is_nothing(value: Any) -> bool:
    """Whether a value is 0, blank, empty or None."""
    return (type(value) in ATOMS or type(value) in HOLDERS) and not value


def is_blank(held: Any) -> bool:
    """Whether content that was counted is there to be overwritten: `[0] * 3`, `np.zeros(3)`."""
    return not any(key[1] if type(key) is tuple else key for key in held)


def _key(item: Any) -> Any:
    return (type(item), item) if type(item) in ATOMS else id(item)


def note_given(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Record the arguments of a request."""
    _named[:] = [(id(value), _key(value), [*_keys_in(value)]) for value in (*args, *kwargs.values())]


def _keys_in(value: Any, depth: int = 2) -> Iterator[Any]:
    if type(value) in HOLDERS and depth and len(value) < _MOST_NAMED:
        for part in (*value, *value.values()) if type(value) is dict else value:
            yield _key(part)
            yield from _keys_in(part, depth - 1)


def takes_out(name: str) -> bool:
    """Whether a function of that name may remove something."""
    return not _TAKES.isdisjoint(words_of(name))


def told(value: Any, items: Any, held: Any, now: Any) -> str:
    """How a container has changed. TAKEN: it lost only other arguments of the call, and gained only those or items it
    already had. PUT: it lost nothing. Empty: anything else, in particular if all is gone.

    items: its previous content. held, now: its previous and its present content, counted.
    """
    others = [(key, keys) for given, key, keys in _named if given != id(value)]
    named = Counter(key for key, _ in others)
    inside = named + Counter(key for _, keys in others for key in keys)
    if type(value) not in HOLDERS or (held.total() > 1 and not now):
        return ""
    if not isinstance(value, dict):
        return (TAKEN if held - now else PUT) if held - now <= named and now - held <= inside else ""
    pairs = zip(items[::2], items[1::2], strict=True), dict.items(value)
    then, after = ({_key(key): _key(part) for key, part in each} for each in pairs)
    moved = [key for key in then.keys() | after.keys() if then.get(key) != after.get(key)]
    if not all(key in (inside if key in after else named) and after.get(key, key) in inside for key in moved):
        return ""
    return PUT if then.keys() <= after.keys() else TAKEN
