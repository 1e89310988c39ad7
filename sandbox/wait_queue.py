"""A FIFO queue of waiters for capacity; each waiter checks for itself whether there is room.

Unlike with a semaphore, capacity may appear or vanish elsewhere (a server returns, a node dies).
"""

from __future__ import annotations

import asyncio
from collections import deque


class WaitQueue:
    """Wakes waiters in order. A woken waiter that is cancelled, or finds more room than it needs, wakes the next."""

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()

    def wake(self) -> None:
        """Wake the first waiter, to check for room."""
        while self._waiting:
            first = self._waiting.popleft()
            if not first.done():
                first.set_result(None)
                return

    def wake_all(self) -> None:
        """Wake all waiters, to check for room."""
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
