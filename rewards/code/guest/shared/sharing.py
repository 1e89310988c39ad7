"""Mutable values that both ends of a link hold: argument lists that are sorted in place, dictionaries that are kept.

A container is shared if its sender holds another reference to it (by its reference count), and no longer shared once
one end has dropped it. Before each message the sender looks for changes since the last one, by identity, and the
receiver applies them to its own copy. Only one end runs at a time, so there is nothing to merge. `wire.py` says where
changes and releases are in a message.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, ClassVar

from ..encoding.bounds import U32
from ..encoding.codec import DEEPEST, Decoder, Encoder, Unsendable, Violation
from . import hints
from .containers import kind_of

_getrefcount = sys.getrefcount


class Entry:
    """One shared container, with its content when both ends were last in agreement."""

    __slots__ = ("held", "kind", "then", "value")

    def __init__(self, value: object) -> None:
        self.value = value
        self.kind = kind_of(value)
        self.then: Any = None
        self.held = False  # kept even if nothing else seems to hold it


class Shared:
    """The table of one end. One end chooses even numbers, the other odd ones, so they never collide."""

    def __init__(self, *, first: int) -> None:
        self._next = first
        self._entries: dict[int, Entry] = {}
        self._numbers: dict[int, int] = {}
        self._fresh: list[int] = []

    def knows(self, number: int) -> bool:
        """Whether a container with that number is shared."""
        return number in self._entries

    def number(self, value: object) -> int | None:
        """The number of a container; None if it is not shared."""
        return self._numbers.get(id(value))

    def own(self) -> list[Any]:
        """The containers that this end has shared."""
        return [entry.value for number, entry in self._entries.items() if number % 2 == self._next % 2]

    def add(self, value: object) -> int:
        """Share a container of this end. Returns its number."""
        number = self._next
        self._next += 2
        self.learn(number, value)
        return number

    def hold(self, number: int) -> None:
        """Keep sharing it until `forget`, even if nothing else holds it."""
        self._entries[number].held = True

    def learn(self, number: int, value: object) -> None:
        """Share a container under a number that the other end chose."""
        if number in self._entries or id(value) in self._numbers:
            raise Violation("a container that is shared twice")
        self._entries[number] = Entry(value)
        self._numbers[id(value)] = number
        self._fresh.append(number)

    def get(self, number: int) -> Any:
        """The container of that number. Raises Violation."""
        entry = self._entries.get(number)
        if entry is None:
            raise Violation("a reference to a container that is not shared")
        return entry.value

    def forget(self, numbers: tuple[int, ...]) -> None:
        """Stop sharing these numbers; unknown ones are ignored."""
        for number in numbers:
            entry = self._entries.pop(number, None)
            if entry is not None:
                self._numbers.pop(id(entry.value), None)

    def undo(self) -> None:
        """Undo the sharing of the present message, which will not be sent."""
        self.forget(tuple(self._fresh))
        self._fresh.clear()

    def set_aside(self) -> list[int]:
        """Set aside the containers of a half-read message while something is asked, such as the hash of a key."""
        fresh, self._fresh = self._fresh, []
        return fresh

    def take_back(self, fresh: list[int]) -> None:
        """Restore what `set_aside` returned."""
        self._fresh = fresh

    def settle(self) -> None:
        """Remember the content of the containers in the message just written or read."""
        for number in self._fresh:
            entry = self._entries.get(number)
            if entry is not None:
                entry.then = entry.kind.remember(entry.value)
        self._fresh.clear()

    def released(self) -> tuple[int, ...]:
        """The numbers of containers that nothing else here holds: to be forgotten once the message is written."""
        # The entry's own reference and the argument of getrefcount.
        entries = self._entries.items()
        return tuple(n for n, e in entries if not e.held and e.then is not None and _getrefcount(e.value) <= 2)

    def changes(self) -> tuple[object, ...]:
        """Numbers and contents, as a flat list, of what has changed since both ends were in agreement."""
        if not self._entries:
            return ()
        found: list[object] = []
        for number, entry in self._entries.items():
            if entry.then is None:  # it is just being read
                continue
            kind = entry.kind
            now = kind.remember(entry.value)
            if not kind.same(now, entry.then):
                found += (number, kind.content(entry.value))
                entry.then = now
        return tuple(found)

    def apply(self, changes: tuple[Any, ...]) -> None:
        """Make the changes of the other end."""
        if len(changes) % 2:
            raise Violation("a change without content")
        for at in range(0, len(changes), 2):
            entry = self._entries.get(changes[at])
            if entry is None:
                continue  # dropped in the meantime
            entry.then = None
            try:
                entry.kind.apply(entry.value, changes[at + 1])
            except (TypeError, ValueError, AttributeError, OverflowError) as error:
                raise Violation(f"a change that cannot be made: {type(error).__name__}") from None
            entry.then = entry.kind.remember(entry.value)


class LinkEncoder(Encoder):
    """An encoder that shares containers."""

    base = 1 << 30  # references that a container has which only its parent holds; measured below

    def __init__(self, shared: Shared) -> None:
        super().__init__()
        self.shared = shared
        self._inside = False  # inside a shared container, whose content is shared, too
        self._begun: object = None

    def mutable(self, value: object, depth: int) -> bool:
        if value is self._begun:
            self._begun = None
            return False
        number = self.shared.number(value)
        if number is not None:
            self.parts.append(b"r" + U32.pack(number))
            return True
        if not self._inside and _getrefcount(value) <= self.base:
            return False
        self.parts.append(b"m" + U32.pack(self.shared.add(value)))
        self.inside(value, depth)
        return True

    def inside(self, content: object, depth: int) -> None:
        """Write what a shared container holds."""
        outside, self._inside, self._begun = self._inside, True, content
        self.put(content, depth)
        self._inside = outside

    def named(self, tag: bytes, name: str | None, depth: int) -> bool:
        """Write what both ends have by its name. Returns whether there is one."""
        if name is None:
            return False
        self.parts.append(tag)
        self.put(name, depth)
        return True

    def if_possible(self, value: object, otherwise: object, depth: int) -> None:
        """Write a value, or another if it cannot cross."""
        mark = len(self.parts)
        try:
            self.put(value, depth - 1)
        except Unsendable:
            del self.parts[mark:]
            self.put(otherwise, depth)

    def annotation(self, value: object, depth: int) -> bool:
        """Write a value if it is an annotation. Returns whether it was."""
        if (parts := hints.parts_of(value)) is None:
            return False
        self.parts.append(b"V")
        self.put(parts, depth - 1)
        return True


class LinkDecoder(Decoder):
    """A decoder that shares containers. `theirs`: the parity of the numbers that the other end chooses."""

    def __init__(self, raw: bytes, shared: Shared, *, theirs: int) -> None:
        super().__init__(raw)
        self.shared = shared
        self._theirs = theirs
        self._coming: int | None = None

    def _container(self) -> Any:
        number = self.number()
        if number % 2 != self._theirs or self._coming is not None:
            raise Violation("a shared container with a number of ours")
        self._coming = number
        value = self.get()
        if not self.shared.knows(number):
            raise Violation("a shared value that is no container")
        return value

    readers: ClassVar = {
        **Decoder.readers,
        b"r": lambda self: self.shared.get(self.number()),
        b"V": lambda self: hints.made_of(self.get()),
        b"m": _container,
    }

    def made(self, value: Any) -> None:
        if self._coming is not None:
            number, self._coming = self._coming, None
            self.shared.learn(number, value)

    def pending(self) -> Callable[[Any], None] | None:
        if self._coming is None:
            return None
        number, self._coming = self._coming, None

        def register(value: Any) -> None:
            kind_of(value)
            self.shared.learn(number, value)

        return register


class _Probe(LinkEncoder):
    seen = 0

    def mutable(self, value: object, depth: int) -> bool:  # noqa: ARG002
        type(self).seen = max(type(self).seen, _getrefcount(value))
        return False


def _measure() -> int:
    probe = _Probe(Shared(first=0))
    probe.put(([0], {0: [0]}, [[0]]), DEEPEST)
    return _Probe.seen


LinkEncoder.base = _measure()
