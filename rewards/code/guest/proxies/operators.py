"""In the checker: operators and builtins on the program's objects. A proxy class gets those that the program's has.

Between two objects of the program, the program is asked. With test data an operator is refused, unless `operands.py`
allows it. Those of subclasses of plain types are in `plain_operators.py`.
"""

from __future__ import annotations

import itertools
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any

from ..encoding.codec import plain_base
from ..shared import wire
from . import ancestry, assertions, contents, uses, views
from .handles import Handle, not_implemented
from .operands import ATOMS, copied
from .proxies import (
    Refused,
    ask,
    in_assertion,
    is_known,
    is_proxy,
    is_true,
    keep_made,
    length_of,
    offers,
    text_of,
    was_made,
)
from .refusing import (
    goes_to_program,
    grows,
    is_no_data,
    made_of_class,
    may_answer,
    may_be_sent,
    refuse,
)

_MOST_WALKED = 10_000  # items that `in` looks at
_FEW_WALKED = 200  # where the object may answer itself


def _call(self: Any, /, *args: Any, **kwargs: Any) -> Any:
    result = ask("call", self, *args, **kwargs)
    if len(args) == 3 and isinstance(args[1], BaseException) and _leaves_block(sys._getframe(1)):
        return _suppresses(result, args[1]) if hasattr(type(result), "__await__") else may_suppress(result, args[1])
    return result


def _leaves_block(frame: FrameType) -> bool:
    """Whether an `ExitStack` calls a function that was pushed on it: it may suppress what ended the block."""
    return frame.f_code.co_name in ("__exit__", "__aexit__") and frame.f_code.co_filename.endswith("/contextlib.py")


async def _suppresses(answer: Any, error: BaseException) -> bool:
    return may_suppress(await answer, error)


def iterate(self: Any) -> Any:
    """`iter` of an object of the program, checked by `views.py`."""
    return views.begins(self, ask("__iter__", self))


def _next(self: Any) -> Any:
    try:
        item = ask("__next__", self)
    except StopIteration:
        views.ended(self)
        raise
    views.goes_on(self, item)
    return item


def is_compared(self: Any, frame: FrameType) -> bool:
    """Whether comparing code reads a dictionary item by item, as Counter does. Its plain content is used there."""
    return isinstance(self, dict) and in_assertion(frame)


def _len(self: Any) -> int:
    return views.told_length(self, length_of(ask("__len__", self)))


def _get_item(self: Any, key: Any) -> Any:
    if is_compared(self, sys._getframe(1)):
        if not dict.__contains__(self, key) and plain_base(type(self)) is Counter:
            return 0
        found = dict.get(self, key, Ellipsis)
        if found is Ellipsis:
            raise KeyError(key)
        return found
    return views.told_item(self, key, ask("__getitem__", self, key))


def _set_item(self: Any, key: Any, value: Any) -> None:
    ask("__setitem__", self, key, value)


def _delete_item(self: Any, key: Any) -> None:
    ask("__delitem__", self, key)


def contains(self: Any, item: Any) -> bool:
    """`in`, for another object of the program. About test data the program is not even asked.

    The items that it yields are compared here, as those of a list would be. The iteration goes to the end, since
    stopping early would reveal what was looked for.
    """
    if is_proxy(item):
        return is_true(ask("__contains__", self, item))
    is_made = made_of_class(self)  # an iteration may yield the object itself
    answers = may_answer(self)
    if not contents.can_be_walked(type(self)):
        return says_itself(self, item) if answers else refuse(self, "`in`")
    found = named = alike = other = False
    heads: set[str] = set()
    try:
        for count, given in enumerate(_walked(self)):
            if count == (_FEW_WALKED if answers else _MOST_WALKED):
                return says_itself(self, item) if answers else refuse(self, "`in`", is_made=is_made)
            found = found or given is item or given == item
            named = named or views.names_alike(given, item)
            if type(given) is str:
                heads.add(given)
            alike, other = alike or type(given) is type(item), True
    except LookupError:  # no sequence: it has other keys than 0, 1, 2
        if offers(type(self), "__iter__"):
            raise
        return says_itself(self, item) if answers else refuse(self, "`in`")
    found = found or _found_below(self, item, heads)
    says = views.says_whether(self, item)
    found = found or (named and says is True)
    if says is True and other and not found:  # it gives what its keys stand for, or only its bounds
        if answers:
            return True
        if is_made and not alike:
            return refuse(self, "`in`", is_made=True)
    return views.told_whether(self, says, found)


def _walked(self: Any) -> Iterable[Any]:
    """The items that it yields. If the tests do not know its class, those of one walk, until something is called."""
    if is_known(self):
        items: Iterable[Any] = iterate(self)
        return items
    whole: tuple[Any, ...] = views.told_content(
        self, tuple, lambda: tuple(itertools.islice(iterate(self), _MOST_WALKED + 1))
    )
    return whole


def says_itself(self: Any, item: Any) -> bool:
    """What the object says of an item."""
    if type(item) not in ATOMS and type(item) is not tuple:
        refuse(self, "`in`", is_made=True)
    return is_true(ask("__contains__", self, item))


def _found_below(self: Any, item: Any, heads: set[str]) -> bool:
    """Whether a key such as `db.host` leads to something, by what the object has for a key that it yields."""
    for mark in "./" if type(item) is str and offers(type(self), "__getitem__") else "":
        head, _, rest = item.partition(mark)
        if rest and head in heads:
            part = ask("__getitem__", self, head)
            return (isinstance(part, dict) or is_proxy(part)) and rest in part
    return False


def found_in(self: Any, item: Any) -> bool:
    """`in` of an object without `__contains__`. That of an iterator takes what comes before the item."""
    if contents.can_be_walked(type(self)):
        return contains(self, item)
    return any(given is item or given == item for given in iterate(self))


def _content_of(value: Any, wraps: type) -> Any:
    """The content of an object of the program that wraps a plain type (`class Title(UserString)`), as data.

    It is requested once, since the object could otherwise return something else for each comparison. A list or
    dictionary of a class that the tests mention may change without a request: `bag.data.append(3)`.
    """

    def read() -> Any:
        if wraps is dict:
            return {key: ask("__getitem__", value, key) for key in iterate(value)}
        return wraps(iterate(value)) if wraps in (list, set) else ask("getattr", value, "data")

    return read() if wraps is not str and is_known(value) else views.told_content(value, wraps, read)


def equals_content(wraps: type) -> Callable[[Any, Any], Any]:
    """`==` of such an object: with data of that type, its content is compared here."""
    alike = (set, frozenset) if wraps is set else wraps

    def method(self: Any, other: Any) -> Any:
        if is_proxy(other) or not isinstance(other, alike):
            return Handle.__eq__(self, other)
        content = _content_of(self, wraps)
        return (type(content) is wraps and content == other) or contents.doubted(self, other)

    return method


def differs_from_content(wraps: type) -> Callable[[Any, Any], Any]:
    """`!=` of such an object."""
    equals = equals_content(wraps)

    def method(self: Any, other: Any) -> Any:
        if is_proxy(other) or (equal := equals(self, other)) is NotImplemented:
            return Handle.__ne__(self, other)
        return not equal

    return method


def found_in_text(self: Any, item: Any) -> bool:
    """`in` of a text that the program wraps: looks in its content, here."""
    if is_proxy(item):
        return contains(self, item)
    content = _content_of(self, str)
    return type(content) is str and item in content


def _enter(self: Any) -> Any:
    return keep_made(self, ask("__enter__", self))


def may_suppress(answer: Any, error: Any) -> bool:
    """A context manager of the program suppresses neither a failed assertion nor one of our own failures.

    Nor may it leave a block before its assertions have run.
    """
    if answer is not True or not isinstance(error, Exception) or isinstance(error, AssertionError | Refused):
        return False
    return not assertions.skips_assertions(error)


def _exit(self: Any, kind: Any, error: Any, _trace: Any) -> bool:
    return may_suppress(ask("__exit__", self, kind, error), error)


def _index_like(name: str) -> Callable[..., Any]:
    """An operator that returns an index, for objects that the test created, or whose class it names."""

    def method(self: Any, *args: Any) -> Any:
        digits = name == "__round__" and len(args) == 1 and type(args[0]) is int  # which no test expects
        if not (digits or not args) or not (was_made(self) or is_known(self)):
            refuse(self, f"`{name.strip('_')}`")
        return keep_made(self, ask(name, self, *args))

    return method


def _bytes(self: Any) -> bytes:
    """`bytes` of a known object is data that it provides, like its text."""
    if not is_known(self):
        refuse(self, "`bytes`")
    content = ask("__bytes__", self)
    if type(content) is not bytes:
        raise TypeError(f"__bytes__ returned non-bytes (type {type(content).__name__})")
    return content


def _unary(name: str) -> Callable[..., Any]:
    """A unary operator; for an object that the tests do not know it may return an object, but never data."""

    def method(self: Any) -> Any:
        result = ask(name, self)
        if not (was_made(self) or is_known(self) or is_proxy(result)):
            refuse(self, f"`{name.strip('_')}`")
        return keep_made(self, result)

    return method


def _binary(name: str, ordering: bool = False) -> Callable[..., Any]:
    straight = wire.REFLECTED.get(name, name)

    def method(self: Any, other: Any, *modulus: Any) -> Any:
        if any(type(each) is not int for each in modulus):
            refuse(self, f"`{name.strip('_')}`")
        if not is_proxy(other):
            if uses.expects_not_implemented(sys._getframe(1), name):
                return not_implemented(self, name, other)
            if name == "__radd__" and type(other) is int and other == 0 and uses.sums(sys._getframe(1)):
                return first_of_sum(self)
            if not (may_be_sent(other, self) or goes_to_program(self)):
                if grows(other, self):
                    result = keep_made(self, ask(straight, self, copied(other)))
                    return result if is_no_data(result) else refuse(self, f"`{name.strip('_')}`", is_made=True)
                is_like = ancestry.stands_for(self, other)
                refuse(self, "ordering" if ordering else f"`{name.strip('_')}`", is_made=is_like)
            other = copied(other)
        pair = (self, other) if name == straight else (other, self)
        return keep_made(self, ask(straight, *pair, *modulus))

    return method


def first_of_sum(self: Any) -> Any:
    """`sum(objects)` starts from 0, which reveals nothing that a test expects; its result is an object, never data."""
    result = ask("__add__", 0, self)
    if not is_proxy(result):
        refuse(self, "`radd`")
    return keep_made(self, result)


def text_method(name: str) -> Callable[..., Any]:
    """`__str__` and the like, requested from the program."""

    def method(self: Any, *args: Any) -> Any:
        return text_of(ask(name, self, *args), name)

    return method


TEMPLATES: dict[str, Callable[..., Any]] = {
    "__call__": _call,
    "__iter__": iterate,
    "__next__": _next,
    "__len__": _len,
    "__getitem__": _get_item,
    "__setitem__": _set_item,
    "__delitem__": _delete_item,
    "__contains__": contains,
    "__enter__": _enter,
    "__exit__": _exit,
    "__bytes__": _bytes,
    "__reversed__": lambda self: ask("__reversed__", self),
    "__fspath__": lambda self: text_of(ask("__fspath__", self), "__fspath__"),
    **{name: _binary(name, ordering=True) for name in wire.ORDERINGS},
    **{name: _unary(name) for name in ("__neg__", "__pos__", "__invert__")},
    **{
        name: _index_like(name)
        for name in (
            *("__abs__", "__round__", "__trunc__", "__floor__", "__ceil__"),
            *("__int__", "__float__", "__complex__", "__index__"),
        )
    },
}
# What every handle defines, what `awaited.py` defines, and what Python falls back to another operator for.
_ELSEWHERE = frozenset(
    (
        *("__eq__", "__ne__", "__hash__", "__bool__", "__str__", "__repr__", "__format__"),
        *wire.ASYNCHRONOUS,
        *("__missing__", "__ipow__"),
    )
)
TEMPLATES |= {name: _binary(name) for name in wire.CAPABILITIES if name not in TEMPLATES.keys() | _ELSEWHERE}
