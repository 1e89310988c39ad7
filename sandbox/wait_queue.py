"""Waiting for room in order of arrival, where whether there is room is the waiter's to find out.

A semaphore would count the room itself; here it may also appear or vanish elsewhere (a server comes back, a node dies).
"""

from __future__ import annotations

import asyncio
from collections import deque


class WaitQueue:
    """First come, first woken. Who is woken and is cancelled, or finds more room than it needs, wakes the next."""

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()

    def wake(self) -> None:
        """Wake the first, to look for room."""
        while self._waiting:
            first = self._waiting.popleft()
            if not first.done():
                first.set_result(None)
                return

    def wake_all(self) -> None:
        """Wake all, to look for room."""
        while self._waiting:
            self.wake()

    async def wait(self, seconds: float | None = None) -> None:
        """Wait until woken, for `seconds` at most (None = no limit)."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await asyncio.wait([turn], timeout=seconds)
        except asyncio.CancelledError:
            if turn.done():
                self.wake()
            raise
        finally:
            turn.cancel()
