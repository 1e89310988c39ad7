"""In the checker: comparing an object of the program with data, by its content: `Vector(1, 2) == (1, 2)`.

What an object gives as data of that kind (items, keys with their values, text, a number) is compared here. Only if that
is equal is its own `__eq__` asked, too, which then learns nothing: the program itself has said what the test expects.
So an object equals data if both hold, and one that claims to equal everything gains nothing.

Some honest objects equal data that they do not give: a polynomial equals a number, headers equal those with other
capitals. An assertion that fails by that is unsupported instead of wrong, if the test made the object and that says
that it holds (`verdicts.py` asks it, once nothing can be gained any more).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from .operands import copied
from .proxies import Refused, ask, is_known, is_true, offers, text_of, the_link
from .refusing import made_of_class

_MOST_WALKED = 1_000  # items of an object that is compared with fewer


def can_be_walked(kind: type) -> bool:
    """Whether iterating yields its content without consuming it, unlike an iterator."""
    if offers(kind, "__next__"):
        return False
    return offers(kind, "__iter__") or (offers(kind, "__getitem__") and offers(kind, "__len__"))


def equals(value: Any, other: Any) -> bool:
    """Whether an object that the tests know equals data, by its content and by what it says."""
    kind = type(other)
    read = _READ.get(kind)
    if not offers(type(value), "__eq__") or not is_known(value):
        return False
    try:
        content = read(value, other) if read is not None else None
    except Refused:
        raise
    except Exception:  # the program's methods may raise anything
        content = None
    if read is not None and type(content) in _LIKE.get(kind, (kind,)) and content == other:
        return is_true(ask("__eq__", value, copied(other)))
    return doubted(value, other)


def doubted(value: Any, other: Any) -> bool:
    """False, for an object that does not give the data; recorded if the test made it and it might say otherwise."""
    if made_of_class(value):
        the_link().doubts(value, other)
    return False


def _items(value: Any, other: Any) -> Any:
    if not can_be_walked(type(value)):
        return None
    most = max(len(other), _MOST_WALKED) + 1
    return type(other)(itertools.islice(iter(value), most))


def _by_key(value: Any, _other: Any) -> Any:
    return {key: value[key] for key in value.keys()} if offers(type(value), "__getitem__") else None  # noqa: SIM118


def _number(*names: str) -> Callable[[Any, Any], Any]:
    def read(value: Any, _other: Any) -> Any:
        return next((ask(name, value) for name in names if offers(type(value), name)), None)

    return read


def _text(value: Any, _other: Any) -> str:
    return text_of(ask("__str__", value), "__str__")


_READ: dict[type, Callable[[Any, Any], Any]] = {
    **dict.fromkeys((list, tuple, set, frozenset), _items),
    dict: _by_key,
    str: _text,
    int: _number("__index__", "__int__", "__float__", "__complex__"),
    float: _number("__float__", "__int__", "__complex__"),
    complex: _number("__complex__", "__float__"),
}
_LIKE: dict[type, tuple[type, ...]] = dict.fromkeys((int, float, complex), (int, float, complex))
