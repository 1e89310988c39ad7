"""In the checker: what the program has changed since it was asked, of what the tests handed to it.

Containers, text in memory, attributes of objects, and data bases. Each change says how to put the content back;
`spoiling.py` decides when that is done.
"""

from __future__ import annotations

import contextlib
import copy
import functools
from collections.abc import Callable, Iterable, Iterator
from types import MethodType, ModuleType, SimpleNamespace
from typing import Any, NamedTuple

from ..proxies import proxies
from ..shared import containers
from ..shared.wire import ATOMS
from . import cells, counted, databases
from .counted import HOLDERS, STREAMS, content, is_nothing
from .inside import attributes_of, parts_of

_MOST_SEEN = 50_000
_MOST_EARLIER = 64


class Change(NamedTuple):
    """A change that the program has made.

    value: the container, or an object of the test. put_back: restores its content. lost: whether some of the content is
    gone. emptied: whether all is. resized: whether the number of items changed. attribute: of the object; empty = a
    container. vanished: whether it held several items, and now holds none. told: see `counted.told`.
    """

    value: Any
    put_back: Callable[[], object]
    lost: bool
    emptied: bool
    resized: bool
    attribute: str = ""
    vanished: bool = False
    told: str = ""


class _Earlier(NamedTuple):
    """A change made in an earlier case. left: the content of the container then."""

    case: object
    change: Change
    left: Any


present: list[Change] = []
filled: list[Any] = []  # containers that were empty before, and objects of which an attribute was
let_go: list[Any] = []  # containers that were handed to the program, and that it no longer holds
_earlier: list[_Earlier] = []
_case: object = None  # the running case


def before(values: Iterable[Any]) -> list[tuple[Any, Any, Any]]:
    """Snapshots of containers that are about to change, for `note`."""
    found = []
    for value in values:
        if held := content(value):
            found.append((value, held, containers.kind_of(value).content(value)))
        elif held is not None:
            filled.append(value)
    return found


def note(befores: list[tuple[Any, Any, Any]]) -> None:
    """Record the program's changes to these containers."""
    for value, held, items in befores:
        now = content(value)
        if isinstance(value, SimpleNamespace):
            for name, old in zip(items[::2], items[1::2], strict=True):
                _note_set(value, name, old, vars(value).get(name))
            continue
        if isinstance(value, STREAMS) and (value.closed or not held - now):  # text was only appended
            continue
        if now != held and not any(value is change.value for change in present):
            put_back = functools.partial(containers.kind_of(value).apply, value, items)
            resized, vanished = held.total() != now.total(), not now and held.total() > 1 + isinstance(value, dict)
            told = counted.told(value, items, held, now)
            lost = bool(held - now) and not counted.is_blank(held)
            present.append(Change(value, put_back, lost, not now, resized, vanished=vanished, told=told))
            if held - now and all(type(key) is tuple for key in held):
                _remember(present[-1], held, now)


def _remember(change: Change, held: Any, now: Any) -> None:
    """Remember a container of plain data that has lost items, with its content when the program first got it."""
    for known in _earlier:
        if known.change.value is change.value and known.left == held:
            change = known.change
    kept = [known for known in _earlier if known.change.value is not change.value]
    _earlier[:] = [*kept, _Earlier(_case, change, now)][-_MOST_EARLIER:]


def of_earlier_cases(case: object, given: Any) -> list[Change]:
    """A request of this case begins. Returns changes of earlier cases to what it hands over, if the content is still as
    the program left it.
    """
    global _case
    _case = case
    due = [each for each in _earlier if each.case is not case and content(each.change.value) == each.left]
    return [each.change for each in due if reaches(given, [each.change])]


@contextlib.contextmanager
def watched(function: Any, args: tuple[Any, ...] = ()) -> Iterator[None]:
    """While the program calls a method of an object of the test, or uses its operator: whatever that empties counts as
    emptied by the program.
    """
    held = getattr(function, "__self__", None)
    if (connection := databases.connection_of(held)) is not None:
        databases.remember(function)
        yield
        databases.note_called(function, args)
        present[:] = [change for change in present if change.value is not connection]
        if (put_back := databases.emptied(function)) is not None:
            present.append(Change(connection, put_back, True, True, True, vanished=True))
        return
    cells.remember(held)
    if not isinstance(function, MethodType) or isinstance(held, type | ModuleType):
        yield
        return
    former = attributes_of(held)
    attributes = {name: part for name, part in former.items() if content(part)}
    befores = before(attributes.values())
    known = any(held is change.value for change in present)
    itself = before(() if known else (held,))  # an object may be a container, which the program can also change itself
    try:
        yield
    finally:
        note(itself)
        note([each for each in befores if not content(each[0])])
        if any(is_nothing(former.get(name)) and not is_nothing(part) for name, part in attributes_of(held).items()):
            filled.append(held)
        for name, part in attributes.items():
            if (now := attributes_of(held).get(name)) is not part and type(now) in HOLDERS:
                _note_set(held, name, part, now)


def note_set(value: Any, name: str, new: Any) -> None:
    """Record that the program is about to set an attribute of an object of the test."""
    if databases.connection_of(value) is not None:
        databases.note_set(value, name, new)
    _note_set(value, name, attributes_of(value).get(name), new)


def _note_set(value: Any, name: str, old: Any, new: Any) -> None:
    if is_nothing(new) and not (is_nothing(old) or type(old) is bool or callable(old) or proxies.is_proxy(old)):
        present.append(Change(value, functools.partial(setattr, value, name, old), True, True, True, name))
    elif is_nothing(old) and not is_nothing(new):
        filled.append(value)


def note_let_go(values: Iterable[Any]) -> None:
    """Record that the program no longer holds these."""
    let_go.extend(values)


def forget() -> None:
    """Forget recorded changes: a request begins, or has been answered."""
    for noted in (present, filled, let_go):
        noted.clear()
    databases.forget()
    cells.forget()


def note_unseen() -> None:
    """Data bases that the program has disguised, in any request, count as changed in this one; so does what it took out
    of files and the like.
    """
    present.extend(Change(value, put_back, True, True, True) for value, put_back in databases.disguised())
    for value, put_back, emptied, several in cells.lost():
        present.append(Change(value, put_back, True, emptied, True, vanished=emptied and several))


def drop(kinds: tuple[str, ...]) -> None:
    """Drop changes of these kinds (`counted.told`): the test has asked for them."""
    asked = [change for change in present if change.told in kinds]
    present[:] = [change for change in present if change.told not in kinds]
    _earlier[:] = [each for each in _earlier if not any(each.change is change for change in asked)]


def has_changed() -> bool:
    """Whether the program has changed anything since `forget`."""
    return bool(present or databases.disguised() or any(cells.lost()))


def apart(answer: Any) -> Any:
    """Restore the containers. Returns the answer, copied if it is one of them. Raises Refused if it contains one."""
    if any(answer is change.value for change in present):
        answer = copy.copy(answer)
    elif reaches(answer, [change for change in present if not change.attribute]):
        raise proxies.refused("it changed what it was given, with which the test compares its answer")
    for change in present:
        change.put_back()
    present.clear()
    return answer


def reaches(value: Any, changes: list[Change]) -> bool:
    """Whether a value is one of the changed ones, or contains one: in containers, in variables that a function reads,
    in an iterator. An object counts if it was cleared, or one of its parts was.
    """
    sought = {id(change.value) for change in changes if not change.attribute}
    emptied = {id(change.value) for change in changes if change.emptied}
    waiting, seen = [(value, False)], set[tuple[int, bool]]()
    while changes and waiting and len(seen) < _MOST_SEEN:
        part, in_object = waiting.pop()
        if id(part) in emptied or (id(part) in sought and not in_object):
            return True
        if type(part) in ATOMS or (id(part), in_object) in seen or proxies.is_proxy(part):
            continue
        seen.add((id(part), in_object))
        if attributes := attributes_of(part):
            waiting += [(item, True) for item in attributes.values()]
        waiting += [(item, in_object) for item in parts_of(part)]
    return False
