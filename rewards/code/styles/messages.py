"""Receive messages from a guest: framed as in `rewards.code.guest.encoding.channel`, with bounded size.

Example:
    messages = Messages(session)
    async with asyncio.timeout_at(deadline):
        raw = await messages.next(LARGEST_MESSAGE)
"""

from __future__ import annotations

from rewards.code.guest.encoding.channel import LENGTH
from sandbox.protocol import Session


class TooLarge(Exception):
    """A message exceeds the size limit."""


class Messages:
    """The message stream of one session. Buffers bytes received after a message."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._pending = b""

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
