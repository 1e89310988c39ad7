"""In the checker: the program's objects that it has sent, by number, and which of them are no longer needed here."""

from __future__ import annotations

import builtins
import weakref
from collections import deque
from typing import Any

from .codec import Violation
from .described import make_handle, register
from .raised import made_here

_MOST_OBJECTS = 2_000_000


class Theirs:
    """The numbers of these objects. Each sending counts, so that a late release does not lose an object."""

    def __init__(self) -> None:
        self._kept: dict[int, Any] = {}  # for good: classes, exceptions, instances of plain types
        self._refs: dict[int, weakref.ref[Any]] = {}
        self._received: dict[int, int] = {}
        self._gone: dict[int, type] = {}
        self._collected: deque[tuple[int, type]] = deque()
        self._abstract: list[type] = []  # classes of the program that stand for abstract ones of the standard library
        self.gave_much = False  # so large or deep that a test may be unable to hand it back

    # --- what is let go ---

    def gone(self, number: int, kind: type) -> None:
        """A proxy was collected, in whatever thread; the program is told with the next message."""
        self._collected.append((number, kind))

    def _let_go(self) -> None:
        """Note those that were collected. One that another thread has brought back in the meantime stays."""
        while self._collected:
            number, kind = self._collected.popleft()
            ref = self._refs.get(number)
            if ref is None or ref() is None:
                self._refs.pop(number, None)
                self._gone[number] = kind

    def let_go(self) -> dict[int, type]:
        """Those that the next message gives back. What is collected while it is written goes with the one after."""
        self._let_go()
        let_go, self._gone = self._gone, {}
        return let_go

    def counts(self, let_go: dict[int, type]) -> tuple[int, ...]:
        """Numbers, each with how often it was received, flat."""
        return tuple(x for number in let_go for x in (number, self._received.get(number, 0)))

    def not_told(self, let_go: dict[int, type]) -> None:
        """The message that was to give them back was not sent."""
        self._gone |= let_go

    def told(self, let_go: dict[int, type]) -> None:
        """It was sent."""
        for number in let_go:
            self._received.pop(number, None)

    # --- what comes ---

    def received(self, number: int) -> None:
        """It has come once more."""
        self._received[number] = self._received.get(number, 0) + 1

    def get(self, number: int) -> Any:
        """The proxy of a number that was sent before. Raises Violation."""
        if number in self._kept:
            return self._kept[number]
        ref = self._refs.get(number)
        value = ref() if ref is not None else None
        if value is None:
            self._let_go()
            kind = self._gone.pop(number, None)
            if kind is None:
                raise Violation("an object that was never sent")
            value = self.hold(number, kind)
        self.received(number)
        return value

    def check_new(self, number: int) -> None:
        """Raises Violation for a number that has come before."""
        self._let_go()
        if number == 0 or number in self._kept or number in self._refs or number in self._gone:
            raise Violation("an object that is sent twice")

    def hold(self, number: int, kind: Any) -> Any:
        """A handle of that class, held as long as the tests hold it. Raises Violation."""
        if len(self._refs) > _MOST_OBJECTS:
            raise Violation("too many objects")
        value = make_handle(number, kind)
        self._refs[number] = weakref.ref(value)
        return value

    def keep(self, number: int, value: Any) -> Any:
        """Hold it for good. Raises Violation."""
        if number in self._kept or number in self._refs or len(self._kept) > _MOST_OBJECTS:
            raise Violation("an object that is sent twice")
        self._kept[number] = value
        if isinstance(value, type) and value.__module__ in ("abc", "collections.abc", "numbers"):
            self._abstract.append(value)
        return value

    def register_one(self) -> bool:
        """Have the standard library know an abstract class that has come; it may ask the program. False: none has."""
        if not self._abstract:
            return False
        register(self._abstract.pop())
        return True

    def warning_of(self, names: list[str], message: str) -> Warning:
        """A warning of the first of these classes that is known here, see `error_of`."""
        found = self.error_of(names, message)
        return found if isinstance(found, Warning) else UserWarning(message)

    def error_of(self, names: list[str], message: str) -> Exception:
        """An error of the first of these classes that is known here: one of the program's that a test has named, or a
        standard one.
        """
        known = {kind.__name__: kind for kind in self._kept.values() if isinstance(kind, type)}
        for name in names:
            kind = known.get(name, getattr(builtins, name, None))
            if isinstance(kind, type) and issubclass(kind, Exception):
                made: Exception = made_here(kind, message)
                return made
        return Exception(message)
