"""Messages over a stream socket: four bytes of length, big-endian, then the content. Both ends bound the length.

Example:
    >>> import socket
    >>> a, b = socket.socketpair()
    >>> Channel(a.fileno()).send(b"hello")
    >>> Channel(b.fileno()).receive()
    b'hello'
    >>> a.close(), b.close()
    (None, None)
"""

from __future__ import annotations

import os
import select
import struct

from .codec import LARGEST_MESSAGE, Violation

LENGTH = struct.Struct(">I")
CALLER, LINK = 3, 4
"""Descriptors that a run finds open: to the caller, and between the two runs of a pair."""


class Ended(Exception):
    """The other end is gone."""


def framed(payload: bytes) -> bytes:
    """The bytes of one message on the wire."""
    return LENGTH.pack(len(payload)) + payload


class Channel:
    """One end of a channel, by its descriptor. Not thread-safe."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._pending = b""

    def send(self, payload: bytes) -> None:
        """Write one message. Raises Ended."""
        self.send_raw(LENGTH.pack(len(payload)) + payload)

    def send_raw(self, data: bytes) -> None:
        """Write messages that are already framed. Raises Ended."""
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError as error:
            raise Ended(f"the other end is gone: {error}") from None

    def comes_within(self, seconds: float) -> bool:
        """Whether something can be read within this many seconds."""
        if self._pending:
            return True
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def _read(self, most: int) -> bytes:
        try:
            data = os.read(self._descriptor, most)
        except OSError as error:
            raise Ended(f"the other end is gone: {error}") from None
        if not data:
            raise Ended("the other end is gone")
        return data

    def receive(self) -> bytes:
        """The next message. Raises Ended, and Violation for a length that is too large."""
        data = self._pending
        while len(data) < 4:
            data += self._read(1 << 16)
        size = LENGTH.unpack_from(data)[0]
        if size > LARGEST_MESSAGE:
            raise Violation(f"a message of {size} bytes, which is too large")
        if len(data) >= size + 4:
            self._pending = data[size + 4 :]
            return data[4 : size + 4]
        pieces, have = [data[4:]], len(data) - 4
        while have < size:
            piece = self._read(min(1 << 20, size - have))
            pieces.append(piece)
            have += len(piece)
        self._pending = b""
        return b"".join(pieces)
