"""In the checker: operators and methods of the program's classes that derive from a plain type.

Between two such objects, the program is asked; with data, the plain type's own operator is used, here. What the test
made itself is asked, as far as `operands.py` says.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from ..encoding.codec import plain_base
from ..shared import wire
from . import uses
from .operands import ATOMS, copied
from .operators import first_of_sum
from .proxies import ask, in_assertion, is_known, is_proxy, keep_made, name_made_by
from .refusing import made_of_class, may_be_sent, refuse


def plain_binary(name: str) -> Callable[..., Any]:
    """Between two objects of the program, the program's operator; with test data the plain type's own, here. The latter
    also applies to two numbers of classes that the tests do not mention, so that arithmetic cannot lie. `* 3` of a
    vector that is a tuple means something else than for tuples, which only the program could say.
    What the test made is asked as far as `operands.py` says, and for an operator with which a text or container joins
    something and which the plain type lacks, wherever the result goes: `Folder("a") / "b"`.
    """
    straight = wire.REFLECTED.get(name, name)

    def asked(self: Any, other: Any) -> Any:
        return keep_made(self, ask(straight, *((self, other) if name == straight else (other, self))))

    def method(self: Any, other: Any) -> Any:
        numbers = straight in _COMPUTING and isinstance(self, int | float) and isinstance(other, int | float)
        if is_proxy(other) and (not numbers or is_known(self) or is_known(other)):
            return asked(self, other)
        if straight in _JOINING and name_made_by(self) and type(other) in ATOMS and _lacks(self, straight):
            return asked(self, other)
        from_zero = name == "__radd__" and type(other) is int and other == 0 and name_made_by(self)
        if from_zero and uses.sums(sys._getframe(1)):
            return first_of_sum(self)
        if may_be_sent(other, self):
            return asked(self, copied(other))
        if made_of_class(self):
            refuse(self, f"`{name.strip('_')}`")
        for base in type(self).__mro__:
            if base.__module__ != "\0" and type(base) is type and name in base.__dict__:
                return base.__dict__[name](self, other)
        return NotImplemented

    return method


_COMPUTING = frozenset(f"__{n}__" for n in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "divmod"))
_JOINING = frozenset(
    f"__{n}__" for n in ("add", "mul", "matmul", "truediv", "floordiv", "lshift", "rshift", "or", "pow")
)


def _lacks(value: Any, name: str) -> bool:
    """Whether it is a text or container, whose plain type has no such operator."""
    return isinstance(value, str | bytes | tuple | list | dict | set) and not hasattr(plain_base(type(value)), name)


def plain_unary(name: str) -> Callable[..., Any]:
    """`-v`, `abs(v)` of an object that the test made is requested, like a method; of others it is the content's own."""

    def method(self: Any, *args: Any) -> Any:
        own = getattr(plain_base(type(self)), name, None)
        made = bool(name_made_by(self))
        if own is not None and not (made and all(type(digits) is int for digits in args)):
            return own(self, *args)
        return keep_made(self, ask(name, self, *args)) if made else refuse(self, f"`{name.strip('_')}`")

    return method


# Methods of plain types that search for their argument, which is often what a test expects: `r.count(3) == 1`.
_LOOKING = frozenset(
    (
        *("count", "index", "rindex", "find", "rfind", "startswith", "endswith", "replace", "partition", "rpartition"),
        *("removeprefix", "removesuffix", "issubset", "issuperset", "isdisjoint", "union", "intersection"),
        *("difference", "symmetric_difference", "compare", "compare_total", "subtract"),
    )
)


def asked_method(name: str) -> Callable[..., Any]:
    """A method of a plain type that the program overrides: asked, unless that would pass it the expected value."""

    def method(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        looking = name in _LOOKING and args and not made_of_class(self)
        if looking or in_assertion(sys._getframe(1)):  # it would pass the expected value
            base = next(kind for kind in type(self).__mro__ if type(kind) is type and name in kind.__dict__)
            return base.__dict__[name](self, *args, **kwargs)
        return ask("call", ask("getattr", self, name), *args, **kwargs)

    method.__name__ = name
    return method
