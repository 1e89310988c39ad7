"""Transports of the stream protocol on one machine: a pair of pipes, or a Unix socket, which carries sockets, too."""

from __future__ import annotations

import array
import asyncio
import os
import socket
from collections import deque
from collections.abc import Sequence

from sandbox.wire import BadWire

_READ = 1 << 18
_MOST_SOCKETS = 16  # that one message brings, or several that are read at once


class Pipes:
    """Two descriptors as a transport; it owns and closes them."""

    def __init__(self, read: int, write: int) -> None:
        self._read, self._write = read, write
        for descriptor in (read, write):
            os.set_blocking(descriptor, False)
        self._loop = asyncio.get_running_loop()
        self._waits: dict[int, asyncio.Future[None]] = {}
        self._closed = False

    async def send(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            if self._closed:
                raise ConnectionResetError("the stream is closed")
            try:
                rest = rest[self._put(rest) :]
            except BlockingIOError:
                self._loop.add_writer(self._write, self._wake, self._write)
                await self._woken(self._write)

    async def receive(self, most: int = _READ) -> bytes:
        while not self._closed:
            try:
                return self._get(most)
            except BlockingIOError:
                self._loop.add_reader(self._read, self._wake, self._read)
                await self._woken(self._read)
        return b""

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            for descriptor in (self._read, self._write):
                self._wake(descriptor)
                os.close(descriptor)

    def _put(self, data: memoryview) -> int:
        return os.write(self._write, data)

    def _get(self, most: int) -> bytes:
        return os.read(self._read, most)

    def _wake(self, descriptor: int) -> None:
        forget = self._loop.remove_reader if descriptor == self._read else self._loop.remove_writer
        forget(descriptor)
        if (wait := self._waits.pop(descriptor, None)) is not None and not wait.done():
            wait.set_result(None)

    async def _woken(self, descriptor: int) -> None:
        self._waits[descriptor] = wait = self._loop.create_future()
        try:
            await wait
        except asyncio.CancelledError:
            if not self._closed:
                self._wake(descriptor)
            raise


class UnixStream(Pipes):
    """A Unix socket as a transport. It owns the socket."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._come: deque[socket.socket] = deque()
        self._giving: socket.socket | None = None
        super().__init__(end.fileno(), os.dup(end.fileno()))

    async def send_with(self, given: socket.socket, data: bytes) -> None:
        """Send data, and a copy of a socket with its first byte. Raises ConnectionError."""
        self._giving = given
        await self.send(data)

    def come(self) -> socket.socket:
        """The next socket that has come. Raises BadWire if there is none."""
        if not self._come:
            raise BadWire("a channel was announced, and none came along")
        return self._come.popleft()

    async def close(self) -> None:
        await super().close()
        self._end.detach()
        while self._come:
            self._come.popleft().close()

    def _put(self, data: memoryview) -> int:
        if (given := self._giving) is None:
            return super()._put(data)
        written = self._end.sendmsg(
            [data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [given.fileno()]))]
        )
        self._giving = None
        return written

    def _get(self, most: int) -> bytes:
        room = socket.CMSG_SPACE(_MOST_SOCKETS * array.array("i").itemsize)
        data, beside, _flags, _address = self._end.recvmsg(most, room, socket.MSG_CMSG_CLOEXEC)
        for level, kind, content in beside:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                numbers = array.array("i")
                numbers.frombytes(content[: len(content) - len(content) % numbers.itemsize])
                self._come.extend(_sockets(numbers))
        if len(self._come) > _MOST_SOCKETS:
            raise BadWire(f"more than {_MOST_SOCKETS} sockets have come that were not announced")
        return data


def _sockets(numbers: Sequence[int]) -> list[socket.socket]:
    """Descriptors as Unix sockets. Raises BadWire if one is none, and then closes all."""
    ends: list[socket.socket] = []
    try:
        for number in numbers:
            ends.append(socket.socket(fileno=number))
            if (ends[-1].family, ends[-1].type) != (socket.AF_UNIX, socket.SOCK_STREAM):
                raise OSError("it is no stream socket of this machine")
    except OSError as error:
        for end in ends:
            end.detach()
        for number in numbers:
            os.close(number)
        raise BadWire(f"what came along is no channel: {error}") from error
    return ends
