"""The frames of the stream protocol, and a pair of pipes to carry them.

`stream_server.py` and `stream_client.py` define their meaning.

A frame is: kind (1 byte), conversation number (4 bytes), length (4 bytes), payload. A message longer than a frame is
sent as pieces of kind MORE before the last piece, so that one large job does not delay others.
"""

from __future__ import annotations

import asyncio
import os
import struct
from collections.abc import Iterator
from enum import IntEnum
from typing import Protocol
from weakref import WeakValueDictionary

from sandbox.wire import BadWire

HEADER = struct.Struct(">BII")
PIECE = 1 << 18
_READ = 1 << 18


class Kind(IntEnum):
    """Kinds of frames. The first block is sent by the client, the second by the server, the last by both."""

    RUN = 1  # a job to run to its end
    OPEN = 2  # a job and an optional peer to start
    CLOSE = 3  # kill it; answered by CLOSED

    HELLO = 16  # a description of the server, as JSON; the first frame
    RESULT = 17  # of a run or of a session's program
    PEER_RESULT = 18
    OPENED = 19
    CLOSED = 20  # nothing is left of it; the last frame about it
    END = 21  # the program has closed its channel
    INVALID = 22  # reason: no backend can run the job
    UNAVAILABLE = 23  # reason: the sandbox cannot run it, or died twice
    BUSY = 24  # the queue is full: JSON with seconds and reason

    MORE = 32  # a piece of a message; the last piece has the message's kind
    DATA = 33  # bytes of a session's channel
    WINDOW = 34  # flow control: number of further DATA bytes allowed
    ALIVE = 35  # keep-alive; answered by the same


class Transport(Protocol):
    """A two-way stream of bytes."""

    async def send(self, data: bytes) -> None:
        """Write all data. Raises ConnectionError if the other end is gone."""
        ...

    async def receive(self) -> bytes:
        """Receive available data; b"" = the other end is gone."""
        ...

    async def close(self) -> None: ...


class Outgoing:
    """The sending end: cuts messages into pieces, interleaving those of different conversations, but not of the same
    one.

    A started message is completed even if the sender is cancelled: the next one would be read as its rest.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._turn = asyncio.Lock()
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()  # of conversations
        self._sending: set[asyncio.Task[None]] = set()  # event loops keep only weak references to tasks

    async def send(self, kind: Kind, number: int, message: bytes = b"") -> None:
        """Send one message. Raises ConnectionError."""
        task = asyncio.create_task(self._send(kind, number, message))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)
        await asyncio.shield(task)

    async def _send(self, kind: Kind, number: int, message: bytes) -> None:
        at = 0
        async with self._turns.setdefault(number, asyncio.Lock()):
            while len(message) - at > PIECE:
                async with self._turn:
                    await self._transport.send(HEADER.pack(Kind.MORE, number, PIECE) + message[at : at + PIECE])
                at += PIECE
            async with self._turn:
                await self._transport.send(HEADER.pack(kind, number, len(message) - at) + message[at:])


class Incoming:
    """The receiving end: bytes in, complete messages out. most: bytes of one message, and of all incomplete ones."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = bytearray()
        self._pieces: dict[int, bytearray] = {}
        self._waiting = 0

    def feed(self, data: bytes) -> Iterator[tuple[Kind, int, bytes]]:
        """The messages completed by these bytes. Raises BadWire."""
        self._held += data
        at = 0
        while len(self._held) - at >= HEADER.size:
            kind, number, length = HEADER.unpack_from(self._held, at)
            if length > PIECE:
                raise BadWire(f"a frame of {length} bytes; at most {PIECE} are allowed")
            if len(self._held) - at < HEADER.size + length:
                break
            payload = bytes(self._held[at + HEADER.size : at + HEADER.size + length])
            at += HEADER.size + length
            if kind == Kind.MORE:
                self._keep(number, payload)
                continue
            if number in self._pieces:
                whole = self._pieces.pop(number)
                self._waiting -= len(whole)
                payload = bytes(whole + payload)
            try:
                yield Kind(kind), number, payload
            except ValueError as error:
                raise BadWire(f"a frame of the unknown kind {kind}") from error
        del self._held[:at]

    def _keep(self, number: int, payload: bytes) -> None:
        self._waiting += len(payload)
        if self._waiting > self._most:
            raise BadWire(f"messages of more than {self._most} bytes")
        self._pieces.setdefault(number, bytearray()).extend(payload)


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
                rest = rest[os.write(self._write, rest) :]
            except BlockingIOError:
                self._loop.add_writer(self._write, self._wake, self._write)
                await self._woken(self._write)

    async def receive(self) -> bytes:
        while not self._closed:
            try:
                return os.read(self._read, _READ)
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
