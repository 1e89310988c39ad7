"""In the checker: objects that the program has sent, by number, and which of them are no longer needed here."""

from __future__ import annotations

import builtins
import weakref
from collections import deque
from typing import Any

from ..encoding.codec import Violation
from ..proxies.described import make_handle, register
from ..proxies.raised import made_here

_MOST_OBJECTS = 2_000_000


class Theirs:
    """The numbers of these objects. Each time one is received is counted, so a late release loses no object."""

    def __init__(self) -> None:
        self._kept: dict[int, Any] = {}  # kept for good: classes, exceptions, instances of plain types
        self._refs: dict[int, weakref.ref[Any]] = {}
        self._received: dict[int, int] = {}
        self._gone: dict[int, type] = {}
        self._collected: deque[tuple[int, type]] = deque()
        self._abstract: list[type] = []  # classes of the program that stand for abstract ones of the standard library
        self.gave_much = False  # so large or deep that a test may be unable to send it back

    # --- releases ---

    def gone(self, number: int, kind: type) -> None:
        """A proxy was garbage-collected, in any thread. The program is told with the next message."""
        self._collected.append((number, kind))

    def _let_go(self) -> None:
        """Process collected proxies. One that another thread has received again in the meantime stays."""
        while self._collected:
            number, kind = self._collected.popleft()
            ref = self._refs.get(number)
            if ref is None or ref() is None:
                self._refs.pop(number, None)
                self._gone[number] = kind

    def are_dropped(self) -> bool:
        """Whether the next message releases anything."""
        return bool(self._collected or self._gone)

    def let_go(self) -> dict[int, type]:
        """The numbers to release with the next message. Those collected while it is written go with the one after."""
        self._let_go()
        let_go, self._gone = self._gone, {}
        return let_go

    def counts(self, let_go: dict[int, type]) -> tuple[int, ...]:
        """Numbers, each followed by how often it was received, as a flat list."""
        return tuple(x for number in let_go for x in (number, self._received.get(number, 0)))

    def not_told(self, let_go: dict[int, type]) -> None:
        """The message that would have released them was not sent."""
        self._gone |= let_go

    def told(self, let_go: dict[int, type]) -> None:
        """The message that releases them was sent."""
        for number in let_go:
            self._received.pop(number, None)

    # --- arrivals ---

    def received(self, number: int) -> None:
        """Count an object that was received again."""
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
        """Raises Violation if a number is already known."""
        self._let_go()
        if number == 0 or number in self._kept or number in self._refs or number in self._gone:
            raise Violation("an object that is sent twice")

    def hold(self, number: int, kind: Any) -> Any:
        """Create a handle of that class, known as long as the tests hold it. Raises Violation."""
        if len(self._refs) > _MOST_OBJECTS:
            raise Violation("too many objects")
        value = make_handle(number, kind)
        self._refs[number] = weakref.ref(value)
        return value

    def handles(self) -> list[Any]:
        """The handles that the tests hold."""
        return [value for ref in list(self._refs.values()) if (value := ref()) is not None]

    def keep(self, number: int, value: Any) -> Any:
        """Keep an object for good. Raises Violation."""
        if number in self._kept or number in self._refs or len(self._kept) > _MOST_OBJECTS:
            raise Violation("an object that is sent twice")
        self._kept[number] = value
        if isinstance(value, type) and value.__module__ in ("abc", "collections.abc", "numbers"):
            self._abstract.append(value)
        return value

    def register_one(self) -> bool:
        """Register an abstract class that was received with the standard library, which may ask the program. Returns
        False if there is none.
        """
        if not self._abstract:
            return False
        register(self._abstract.pop())
        return True

    def warning_of(self, names: list[str], message: str) -> Warning:
        """A warning of the first of these classes that exists here, see `error_of`."""
        found = self.error_of(names, message)
        return found if isinstance(found, Warning) else UserWarning(message)

    def error_of(self, names: list[str], message: str) -> Exception:
        """An error of the first of these classes that exists here: one of the program that a test has mentioned, or a
        standard one.
        """
        known = {kind.__name__: kind for kind in self._kept.values() if isinstance(kind, type)}
        for name in names:
            kind = known.get(name, getattr(builtins, name, None))
            if isinstance(kind, type) and issubclass(kind, Exception):
                made: Exception = made_here(kind, message)
                return made
        return Exception(message)
