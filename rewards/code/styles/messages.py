"""Exchange messages with a guest, framed as in `rewards.code.guest.encoding.channel`: of bounded size, in bounded time.

Example:
    with Messages(session) as messages:
        with messages.until(deadline):
            await messages.send(question)
            raw = await messages.next(LARGEST_MESSAGE)
"""

from __future__ import annotations

import asyncio
import math
from types import TracebackType
from typing import Self

from rewards.code.guest.encoding.channel import LENGTH, framed
from sandbox.protocol import Session


class TooLarge(Exception):
    """A message exceeds the size limit."""


class Messages:
    """The messages of one session, for the task that makes this. Buffers bytes received after a message."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._pending = b""
        self._deadline = Deadline()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._deadline.close()

    def until(self, when: float) -> Deadline:
        """A context that raises TimeoutError where it waits at that time of the event loop."""
        return self._deadline.until(when)

    async def send(self, *messages: bytes) -> None:
        if messages:
            await self._session.send(b"".join(map(framed, messages)))

    async def next(self, most: int) -> bytes | None:
        """The next message; None if the other end is gone. Raises TooLarge if it exceeds `most` bytes."""
        end = LENGTH.size
        known = False
        while True:
            if not known and len(self._pending) >= end:
                (size,) = LENGTH.unpack_from(self._pending)
                if size > most:
                    raise TooLarge(f"a message of {size} bytes")
                end, known = end + size, True
            if known and len(self._pending) >= end:
                raw, self._pending = self._pending[LENGTH.size : end], self._pending[end:]
                return raw
            data = await self._session.receive()
            if not data:
                return None
            self._pending += data


class Deadline:
    """Ends the waits of one task, each at its own time, as `asyncio.timeout_at` does.

    That makes a timer for each wait and removes it, which costs as much as a short wait. This has one timer, and leaves
    it where it is: if it fires before the present wait has to end, it is set again.
    """

    def __init__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._fires = self._until = math.inf
        self._cancelling = 0  # requests to cancel the task when the wait began
        self._passed = False

    def until(self, when: float) -> Self:
        """The time at which the next wait ends, in that of the event loop."""
        self._until = when
        if when < self._fires:
            self._set(when)
        return self

    def __enter__(self) -> None:
        self._cancelling = self._task.cancelling()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._until = math.inf
        if self._passed:
            self._passed = False
            if self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
                raise TimeoutError from error

    def close(self) -> None:
        """Remove the timer."""
        if self._timer is not None:
            self._timer.cancel()

    def _set(self, when: float) -> None:
        self.close()
        self._fires = when
        self._timer = self._loop.call_at(when, self._fire)

    def _fire(self) -> None:
        self._fires = math.inf
        if self._until <= self._loop.time():
            self._passed = True
            self._task.cancel()
        elif self._until < math.inf:
            self._set(self._until)
