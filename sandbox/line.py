"""A line of those who wait for room somewhere: the first is woken when there may be some, and looks for himself."""

from __future__ import annotations

import asyncio
from collections import deque


class Line:
    """First come, first woken. Who is woken and goes away, or takes room and sees more, wakes the next."""

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()

    def wake(self) -> None:
        """Let the first look."""
        while self._waiting:
            first = self._waiting.popleft()
            if not first.done():
                first.set_result(None)
                return

    def wake_all(self) -> None:
        """Let everybody look."""
        while self._waiting:
            self.wake()

    async def wait(self, seconds: float | None = None) -> None:
        """Until woken, or for so many seconds."""
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
