"""The caller's end of the channel to a program."""

from __future__ import annotations

import asyncio
import socket
from typing import NamedTuple

PIECE = 1 << 16
_MOST_HELD = 1 << 20


class HandedOver(NamedTuple):
    """A channel that another process goes on with. came: what was read from it before."""

    end: socket.socket
    came: bytes


class Channel:
    """A stream socket that is read ahead of its reader, up to a bound. It owns the socket; `finish` closes it.

    The other end of the socket is the program's alone, but a server that handed this end over may hold a copy of it: so
    that it cannot make this process wait, every call says that it must not.
    """

    def __init__(self, end: socket.socket, came: bytes = b"") -> None:
        end.setblocking(False)
        self._end = end
        self._loop = asyncio.get_running_loop()
        self._held = bytearray(came)
        self._readers: set[asyncio.Future[None]] = set()
        self._reads = self._ended = self._closed = False
        self._sending = asyncio.Lock()  # asyncio supports one writer per socket, so sends take turns
        self._senders = 0  # sends that hold the lock or wait for it
        self._writable: asyncio.Future[None] | None = None
        self._resume()

    async def send(self, data: bytes) -> None:
        """Write all data; discarded if the program has ended or closed its end."""
        if not (self._closed or self._senders):
            # Most messages fit into the socket's buffer; sending directly costs a third of going through the event loop
            try:
                data = data[self._end.send(data, socket.MSG_DONTWAIT) :]
            except BlockingIOError:
                pass
            except (BrokenPipeError, ConnectionResetError):
                return
            if not data:
                return
        self._senders += 1
        try:
            await self._send_rest(data)
        finally:
            self._senders -= 1

    async def receive(self, most: int = PIECE) -> bytes:
        """Wait for data: at least one byte, at most `most`; b"" = no more will come."""
        if self._closed:
            return b""
        while not self._held and not self._ended:
            self._readers.add(wait := self._loop.create_future())
            try:
                await wait
            finally:
                self._readers.discard(wait)
        piece = bytes(self._held[:most])
        del self._held[:most]
        self._resume()
        return piece

    def finish(self) -> None:
        """Close it: a waiting reader gets the data that has come, then the end; a waiting send ends. Idempotent."""
        self._closed = True
        while not self._ended and len(self._held) < _MOST_HELD and self._read():
            pass
        self._stop()
        if self._writable is not None:
            _settle(self._writable)
        if not self._sending.locked():
            self._end.close()

    def hand_over(self) -> HandedOver | None:
        """Give it away, if it is still in use and nothing waits for it; from then on it is closed here."""
        if self._closed or self._ended or self._senders or self._readers:
            return None
        handed = HandedOver(self._end.dup(), bytes(self._held))
        self._closed = True
        self._stop()
        self._end.close()
        return handed

    async def _send_rest(self, data: bytes) -> None:
        async with self._sending:
            rest = memoryview(data)
            try:
                while rest and not self._closed:
                    try:
                        rest = rest[self._end.send(rest, socket.MSG_DONTWAIT) :]
                    except BlockingIOError:
                        await self._until_writable()
            except (BrokenPipeError, ConnectionResetError):
                pass
            finally:
                if self._closed:
                    self._end.close()

    async def _until_writable(self) -> None:
        self._writable = wait = self._loop.create_future()
        self._loop.add_writer(self._end, _settle, wait)
        try:
            await wait
        finally:
            self._writable = None
            if not self._loop.is_closed():
                self._loop.remove_writer(self._end)

    def _read(self) -> bool:
        """Read once; False = nothing available, or closed."""
        try:
            piece = self._end.recv(PIECE, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except ConnectionResetError:
            piece = b""
        self._held += piece
        if not piece:
            self._stop()
        elif len(self._held) >= _MOST_HELD:
            self._pause()
        self._wake()
        return bool(piece)

    def _resume(self) -> None:
        if not self._reads and not self._ended and len(self._held) < _MOST_HELD:
            self._reads = True
            self._loop.add_reader(self._end, self._read)

    def _pause(self) -> None:
        if self._reads and not self._loop.is_closed():
            self._loop.remove_reader(self._end)
        self._reads = False

    def _stop(self) -> None:
        self._pause()
        self._ended = True
        self._wake()

    def _wake(self) -> None:
        for one in self._readers:
            _settle(one)


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
