"""In the checker: objects that the test has dropped. If tests are about weak references, the program drops them, too;
if they ask for the identity of objects, none is dropped here.

The table of objects that were handed over (`ours.py`) holds each for good, and so does the program's table of stubs, so
that a weak reference of the program would never end.
"""

from __future__ import annotations

import builtins
import re
import sys
import types
from collections import Counter
from collections.abc import Callable
from typing import Any

from ..proxies.proxies import is_proxy
from ..sources import context
from .ours import Ours

_KINDS = ("function", "async function", "object", "callable object")
_WORDS = ("gc.collect", "weak", "Weak")
_ASKS = re.compile(r"(?<![.\w])id\(|map\(id\b")
_MOST_ASKED = 10  # times that the program is asked about one object, which it may hold itself

_asked: Counter[int] = Counter()


def are_about_it() -> bool:
    """Whether the tests mention weak references or collect garbage."""
    return context.mentions(*_WORDS)


def keep_identities() -> None:
    """Keep objects of the program whose `id` the tests ask for: in `id(Config()) == id(Config())`, the one that both
    calls return would else be here twice, one after the other.
    """
    if are_about_it() or not any(map(_ASKS.search, context.SOURCES.values())):
        return
    kept: list[object] = []

    def identity(value: object, /) -> int:
        if is_proxy(value) and context.is_test(sys._getframe(1)):
            kept.append(value)
        return standard(value)

    standard = builtins.id
    builtins.id = identity


def let_go(ours: Ours, ask: Callable[[int], Any]) -> None:
    """Have the program drop what only the tables hold. ask: for a number, whether nothing of the program holds it."""
    objects = ours.objects
    numbers = [number for number, (kind, _) in objects.items() if kind in _KINDS]
    held = Counter(id(_owner(objects[number][1])) for number in numbers)
    for number in numbers:
        if _asked[number] < _MOST_ASKED and _references(objects[number]) <= held[id(_owner(objects[number][1]))]:
            _asked[number] += 1
            if ask(number) is True:
                ours.forget(number)


def _owner(value: Any) -> Any:
    """What has to live for it to be used: of a method its object."""
    return value.__self__ if type(value) is types.MethodType else value


def _references(entry: tuple[str, Any]) -> int:
    owner = _owner(entry[1])
    return sys.getrefcount(owner) - 2  # the name here, and the argument
