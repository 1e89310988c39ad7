"""In the checker: the reported length of a program's object must agree with the items that it yields.

A test that checks the length and then compares item by item (`len(r) == 3 and all(a == b for a, b in zip(r, x))`)
compares nothing if the object reports 3 and yields none. Few honest containers do that, so it fails the case if an
iteration ends before the reported length, or if a length differs from the one reported just before; of an object that
the test made, it is unsupported. Calls and changes in between may change the object, so both may then differ.

Items by index, and those of another iteration, must agree as well, if the tests do not mention the object's class:
otherwise it could be sorted by index, and yield the right items in iteration. An exhausted iterator yields nothing, and
nothing can be said about lookups by item (`counts[3]` of a histogram).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath
from typing import Any, NoReturn

from ..shared.wire import ATOMS, COMPARISONS
from . import operands, proxies, refusing

# Operations that only look at an object. All others may change it.
LOOKS = frozenset(
    (
        *("__len__", "__iter__", "__next__", "__getitem__", "__contains__", "__reversed__", "__bool__", "__hash__"),
        *("__str__", "__repr__", "__format__", *COMPARISONS),
        *("getattr", "__dir__", "__instancecheck__", "__subclasscheck__"),
        *("files_in", "files_out", "beside_in", "beside_out"),
    )
)
_MAY_GROW = frozenset(("__next__", "__getitem__", "getattr"))  # looks after which an honest length may differ
_SIZE, _WALK = "\0size", "\0walk"
_MOST_KEPT, _MOST_SLICES = 10_000, 20  # items of a walk, slices


class _Size:
    """What an object reported last: its length, how many items an iteration yielded, and when.

    items: of a complete iteration, or None. at: items by index. parts: by slices. contents: by kind of data.
    """

    __slots__ = ("at", "contents", "items", "length", "moment", "parts", "steps", "walked")

    def __init__(self) -> None:
        self.moment = self.steps = -1
        self.clear()

    def clear(self) -> None:
        self.length = self.walked = -1
        self.items: list[Any] | None = None
        self.at: dict[int, Any] = {}
        self.parts: list[tuple[slice, list[Any]]] = []
        self.contents: dict[type, Any] = {}


class _Walk:
    """One iteration over an object. items: None if they are not compared."""

    __slots__ = ("count", "items", "moment", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        self.count = 0
        self.moment = _moment
        kept = not proxies.is_class(value) and not proxies.is_known(value)
        self.items: list[Any] | None = [] if kept else None


_of_classes: dict[type, _Size] = {}
_moment = 0
_steps = 0
_called_back = False


def asked(name: str, *, drops: bool = False) -> None:
    """The program is about to do something: what was reported may change. drops: whether the tests have dropped an
    object, and are about that.
    """
    global _moment, _steps, _called_back
    _called_back = drops
    if name not in LOOKS:
        _moment += 1
    elif name in _MAY_GROW:
        _steps += 1


def called_back() -> None:
    """The program has used an object of the test: what it reports may depend on that, such as the clock of a cache."""
    global _called_back
    _called_back = True


def _size_of(value: Any) -> _Size:
    size: _Size
    if proxies.is_class(value):
        size = _of_classes.setdefault(value, _Size())
    else:
        size = proxies.state_of(value).setdefault(_SIZE, _Size())
    if size.moment != _moment:
        size.clear()
        size.moment = _moment
    return size


def _is_uneven(value: Any) -> None:
    """The length is not the number of items, as of a cart that counts pieces. If the tests know the object, their own
    assertions may fail by that; if they all hold, it is unclear whether any of them compares the items.
    """
    what = f"the length of {value.__name__ if proxies.is_class(value) else type(value).__name__}"
    if proxies.is_class(value) or not (refusing.made_of_class(value) or proxies.is_known(value)):
        raise proxies.refused(f"{what} is not the number of its items")
    proxies.the_link().suspect(f"{what}, which is not the number of its items")


def _refuse(value: Any, what: str) -> NoReturn:
    raise proxies.refused(what.format(value.__name__ if proxies.is_class(value) else type(value).__name__))


def _differ(a: Any, b: Any, depth: int = 3) -> bool:
    """Whether two items certainly differ. An object of the program may be created anew each time."""
    if type(a) in (list, tuple) and type(b) is type(a):
        return depth > 0 and (len(a) != len(b) or any(_differ(x, y, depth - 1) for x, y in zip(a, b, strict=True)))
    return type(a) in ATOMS and type(b) in ATOMS and a == a and b == b and (type(a) is not type(b) or a != b)


def _compare(value: Any, size: _Size) -> None:
    """Compare items by index with those of an iteration."""
    if size.items is None:
        return
    if any(_differ(part, size.items[key]) for key, part in size.parts):
        _refuse(value, "{} gives other items in a slice than one by one")
    for index, item in size.at.items():
        is_key = any(type(key) is int and key == index for key in size.items)  # of a mapping
        if -len(size.items) <= index < len(size.items) and not is_key and _differ(item, size.items[index]):
            _refuse(value, "{} gives other items by index than one by one")


def told_length(value: Any, length: int) -> int:
    """Check a reported length."""
    size = _size_of(value)
    if _called_back and proxies.is_known(value):
        size.length = -1
        return length
    if 0 <= size.walked < length or (size.length >= 0 and size.steps == _steps and size.length != length):
        _is_uneven(value)
    size.length, size.steps = length, _steps
    return length


def told_item(value: Any, key: Any, item: Any) -> Any:
    """Check an item by index, or several by a slice."""
    if type(key) not in (int, slice) or proxies.is_known(value):
        return item
    size = _size_of(value)
    if type(key) is int and key in size.at and _differ(item, size.at[key]):
        _refuse(value, "{} gives another item than a moment before")
    if type(key) is int and len(size.at) < _MOST_KEPT:
        size.at[key] = item
    elif type(key) is slice and type(item) in (list, tuple) and len(size.parts) < _MOST_SLICES:
        size.parts.append((key, list(item)))
    _compare(value, size)
    return item


def told_content(value: Any, kind: type, read: Callable[[], Any]) -> Any:
    """Its content, as one kind of data. Until something is called or changed, that stays the same."""
    if kind not in _size_of(value).contents:
        content = read()
        _size_of(value).contents[kind] = content
    return _size_of(value).contents[kind]


def looking(value: Any, name: str) -> Any:
    """`count` or `index` of an iterable object: its items are compared here, and the object has to find the same."""

    def found(item: Any, /, *rest: Any, **more: Any) -> Any:
        if rest or more or proxies.is_proxy(item) or callable(item):
            return proxies.ask("call", refusing.attribute(value, name), item, *rest, **more)
        places = [at for at, given in enumerate(value) if given is item or given == item]
        told = proxies.ask("call", refusing.attribute(value, name), item)
        if told is None and not places:
            return told
        if type(told) is not int or told != (len(places) if name == "count" else next(iter(places), -1)):
            _refuse(value, "{} finds an item elsewhere than where it gives it one by one")
        return told

    found.__name__ = name
    return found


def says_whether(value: Any, item: Any) -> bool | None:
    """Its own `__contains__` for an item of the tests; None where it is not asked, since they do not know its class."""
    parts = item if type(item) is tuple else (item,)  # an edge of a graph, a place on a board
    if not (all(type(part) in operands.ATOMS for part in parts) and proxies.is_known(value)):
        return None
    return proxies.ask("__contains__", value, item) is True


def told_whether(value: Any, says: bool | None, found: bool) -> bool:
    """Whether it contains an item. An iteration that yields what `__contains__` denies (an expired entry) counts as no:
    this gains nothing, since it could also not yield it. Containing what an iteration does not yield is wrong.
    """
    if says and not found:
        _refuse(value, "{} says that it holds what it does not give one by one")
    return found and says is not False


def names_alike(given: Any, item: Any) -> bool:
    """Whether they are one name except for its case (headers), or as a path: a container of one may contain both."""
    if type(item) is not str or not isinstance(given, str | PurePath) or proxies.is_proxy(given):
        return False
    return str(given).casefold() == item.casefold()


def begins(value: Any, iterator: Any) -> Any:
    """An iteration begins."""
    if issubclass(type(iterator), proxies.RootOfObjects):
        proxies.state_of(iterator)[_WALK] = _Walk(value)
    elif _size_of(value).length > 0:  # an iterator that nobody counts
        _is_uneven(value)
    return iterator


def goes_on(iterator: Any, item: Any) -> None:
    """Record a yielded item."""
    walk = proxies.state_of(iterator).get(_WALK)
    if walk is None:
        return
    walk.count += 1
    if walk.items is None or walk.moment != _moment:
        return
    if walk.count > _MOST_KEPT:
        return
    before = _size_of(walk.value).items
    if before is not None and (walk.count > len(before) or _differ(item, before[walk.count - 1])):
        _refuse(walk.value, "{} gives other items than a moment before")
    walk.items.append(item)


def ended(iterator: Any) -> None:
    """The iteration ended. Raises Refused if there should be more items."""
    walk = proxies.state_of(iterator).pop(_WALK, None)
    if walk is None or walk.moment != _moment:
        return
    size = _size_of(walk.value)
    if walk.count < size.length:
        _is_uneven(walk.value)
    size.length, size.walked = -1, walk.count
    kind = type(walk.value)
    if not walk.count and proxies.offers(kind, "__len__") and not proxies.offers(kind, "__next__"):
        len(walk.value)  # is checked; a test may ask another such object for it
    if walk.items is not None and (walk.items or size.items is None) and walk.count <= _MOST_KEPT:
        if size.items is not None and len(walk.items) != len(size.items):
            _refuse(walk.value, "{} gives other items than a moment before")
        size.items = walk.items
        _compare(walk.value, size)
