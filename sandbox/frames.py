"""The frames of the stream protocol.

`stream_server.py` and `stream_client.py` define their meaning.

A frame is: kind (1 byte), conversation number (4 bytes), length (4 bytes), payload. A message longer than a frame is
sent as pieces of kind MORE before the last piece, so that one large job does not delay others.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from enum import IntEnum
from functools import partial
from typing import Protocol
from weakref import WeakValueDictionary

from sandbox.channel import HandedOver
from sandbox.tasks import Background
from sandbox.transports import UnixStream
from sandbox.wire import BadWire

HEADER = struct.Struct(">BII")
PIECE = 1 << 18


class Kind(IntEnum):
    """Kinds of frames. The first block is sent by the client, the second by the server, the last by both."""

    RUN = 1  # a job to run to its end
    OPEN = 2  # a job and an optional peer to start
    CLOSE = 3  # kill it; answered by CLOSED

    HELLO = 16  # a description of the server, as JSON; the first frame
    RESULT = 17  # of a run or of a session's program
    PEER_RESULT = 18
    OPENED = 19
    CHANNEL = 25  # the same, and the channel comes along as a socket: no DATA is sent. What was read from it before
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
        self._sending = Background()

    async def send(self, kind: Kind, number: int, message: bytes = b"") -> None:
        """Send one message. Raises ConnectionError."""
        await self._whole(self._send(kind, number, message, self._transport.send))

    async def hand_over(self, number: int, handed: HandedOver) -> None:
        """Send a channel, over a transport that carries sockets. It is closed here. Raises ConnectionError."""
        assert isinstance(self._transport, UnixStream)
        last = partial(self._transport.send_with, handed.end)

        async def sending() -> None:
            with handed.end:
                await self._send(Kind.CHANNEL, number, handed.came, last)

        await self._whole(sending())

    async def _whole(self, sending: Coroutine[object, object, None]) -> None:
        await asyncio.shield(self._sending.start(sending))

    async def _send(self, kind: Kind, number: int, message: bytes, last: Callable[[bytes], Awaitable[None]]) -> None:
        """last: sends the last piece."""
        at = 0
        async with self._turns.setdefault(number, asyncio.Lock()):
            while len(message) - at > PIECE:
                async with self._turn:
                    await self._transport.send(HEADER.pack(Kind.MORE, number, PIECE) + message[at : at + PIECE])
                at += PIECE
            async with self._turn:
                await last(HEADER.pack(kind, number, len(message) - at) + message[at:])


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
