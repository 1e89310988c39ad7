"""In the checker: what an object of the program says of its size, and what it gives one by one, must go together.

A test that asks for the length and then compares item by item (`len(r) == 3 and all(a == b for a, b in zip(r, x))`)
compares nothing where the object says 3 and gives none. No honest container does, so it fails for good: a walk that
ends before the length that was told, and a length that differs from the one told a moment before. What is called or
changed in between may change the object, and then both may differ.
"""

from __future__ import annotations

from typing import Any, NoReturn

from . import proxies

# What only looks at an object. All else may change it.
LOOKS = frozenset(
    (
        *("__len__", "__iter__", "__next__", "__getitem__", "__contains__", "__reversed__", "__bool__", "__hash__"),
        *("__str__", "__repr__", "__format__", "__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"),
        *("getattr", "__dir__", "__instancecheck__"),
    )
)
_MAY_GROW = frozenset(("__next__", "__getitem__", "getattr"))  # looks after which an honest length may be another
_SIZE, _WALK = "\0size", "\0walk"


class _Size:
    """What an object said last: its length, how many items a walk gave, and at which moment of the program."""

    __slots__ = ("length", "moment", "steps", "walked")

    def __init__(self) -> None:
        self.length = self.walked = -1
        self.moment = self.steps = -1


_of_classes: dict[type, _Size] = {}
_moment = 0
_steps = 0


def asked(name: str) -> None:
    """The program is about to do something."""
    global _moment, _steps
    if name not in LOOKS:
        _moment += 1
    elif name in _MAY_GROW:
        _steps += 1


def _size_of(value: Any) -> _Size:
    size: _Size
    if type(value) is proxies.HandleMeta:
        size = _of_classes.setdefault(value, _Size())
    else:
        size = proxies.state_of(value).setdefault(_SIZE, _Size())
    if size.moment != _moment:
        size.length = size.walked = -1
        size.moment = _moment
    return size


def _refuse(value: Any) -> NoReturn:
    name = value.__name__ if type(value) is proxies.HandleMeta else type(value).__name__
    proxies.the_link().refuse(f"the length of {name} is not the number of its items")
    raise proxies.Refused(f"the length of {name} is not the number of its items")


def told_length(value: Any, length: int) -> int:
    """It said how long it is."""
    size = _size_of(value)
    if 0 <= size.walked < length or (size.length >= 0 and size.steps == _steps and size.length != length):
        _refuse(value)
    size.length, size.steps = length, _steps
    return length


def begins(value: Any, iterator: Any) -> Any:
    """It is iterated over."""
    if issubclass(type(iterator), proxies.Handle):
        proxies.state_of(iterator)[_WALK] = [value, 0, _moment]
    elif _size_of(value).length > 0:  # an iterator that nobody counts
        _refuse(value)
    return iterator


def goes_on(iterator: Any) -> None:
    """It gave an item."""
    walk = proxies.state_of(iterator).get(_WALK)
    if walk is not None:
        walk[1] += 1


def ended(iterator: Any) -> None:
    """It gave its last item. Raises Refused where there should be more."""
    walk = proxies.state_of(iterator).pop(_WALK, None)
    if walk is None or walk[2] != _moment:
        return
    value, count, _ = walk
    size = _size_of(value)
    if count < size.length:
        _refuse(value)
    size.length, size.walked = -1, count
