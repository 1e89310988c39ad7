"""In the checker: where the program may put its answer instead of returning it.

These are containers that were empty, objects of which an attribute was, what functions of the test write that it may
call, files, mocks, and whatever else has a method to put something in (a queue, a future, a writer of tables), with
the stream behind it.
"""

from __future__ import annotations

import dis
import gc
import os
from collections.abc import Iterable
from types import BuiltinMethodType, FunctionType, MethodType
from typing import Any, NamedTuple

from ..proxies import proxies
from ..shared.wire import ATOMS
from ..sources import context, shapes
from .counted import STREAMS, content
from .inside import attributes_of, holds_nothing, is_mock, parts_of

_PUTS = ("put", "write", "writerow", "set", "set_result")  # methods to put something in
_WRITES = frozenset(("STORE_DEREF", "STORE_GLOBAL"))


class Destinations(NamedTuple):
    """Where an answer may be. values: ids of what was handed over, or what functions of the test that were handed over
    read. grown: ids of those that now hold more. takes: ids of those to put something in, whatever they hold. written:
    names that these functions write.
    """

    values: set[int]
    grown: set[int]
    takes: set[int]
    written: set[str]

    def names(self, held: dict[str, Any]) -> tuple[set[str], set[str]]:
        """Names of containers that have grown, and of other destinations. Nothing is known of a container with earlier
        content: `assert sorted(out) == sorted(xs)` is honest if `out` was overwritten.
        """
        named = [(name, value) for name, value in held.items() if not proxies.is_proxy(value)]
        parts = [(f"{name}.{part}", content) for name, value in named for part, content in attributes_of(value).items()]
        named += [(name, value) for name, value in parts if not proxies.is_proxy(value)]
        grown = {name for name, value in named if id(value) in self.grown}
        others = {name for name, value in named if id(value) in self.values and holds_nothing(value)}
        others |= {name for name, value in named if id(value) in self.takes or _is_path(value)}
        return grown, (others | (self.written & held.keys())) - grown


def among(handed: list[Any], filled: Iterable[Any], lost: set[int]) -> Destinations:
    """handed: all objects of the test that the program holds. filled: what it has filled. lost: ids of what has lost
    something, which is no answer.
    """
    held: list[Any] = []
    put_into: list[Any] = []
    takes: list[Any] = []
    written = set[str]()
    for value in handed:
        kind = type(value)  # a mock pretends to be of another class
        function = value.__func__ if kind is MethodType else value
        holder = value.__self__ if kind in (MethodType, BuiltinMethodType) else value
        held.append(holder)
        if kind is BuiltinMethodType and value.__name__ in shapes.GROWS:  # `out.append`
            put_into.append(holder)
        if type(function) is FunctionType and context.tree_of(function.__code__.co_filename) is not None:
            parts = [part for part in parts_of(function) if content(part) is not None]
            steps = [*dis.get_instructions(function.__code__)]
            (put_into if _puts(function, steps) else held).extend(parts)
            written |= {step.argval for step in steps if step.opname in _WRITES}
        elif is_mock(holder) or (content(holder) is None and any(hasattr(type(holder), name) for name in _PUTS)):
            takes += [holder, *_behind(holder)]
    values = {id(v) for v in held if type(v) not in ATOMS and not proxies.is_proxy(v)} - lost
    grown = {id(value) for value in (*filled, *put_into)} - lost
    return Destinations(values | grown, grown, {id(value) for value in takes} - lost, written)


def _puts(function: FunctionType, steps: list[dis.Instruction]) -> bool:
    """Whether a function puts something into a container."""
    names = {"__setitem__", *shapes.GROWS}.intersection(function.__code__.co_names)
    return bool(names) or any(step.opname == "STORE_SUBSCR" for step in steps)


def _behind(writer: Any) -> list[Any]:
    """The streams in memory that an object writes to."""
    held = gc.get_referents(writer)
    holders = [value.__self__ if type(value) is BuiltinMethodType else value for value in held]
    return [value for value in holders if isinstance(value, STREAMS)]


def _is_path(value: Any) -> bool:
    return os.path.isabs(value) if type(value) is str else isinstance(value, os.PathLike)
