"""The client of the stream protocol: a sandbox at the other end of a byte stream. See `stream_server.py`.

`StreamClient` handles one connection and raises `StreamLost` when it ends, so that its user (docker.py, remote.py) can
reconnect and repeat its runs. A silent server is pinged; one that does not answer (stopped, container paused, network
down) is given up.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Coroutine

from sandbox.active_runs import when_all_are_done
from sandbox.channel import PIECE, Channel
from sandbox.errors import InvalidJob, SandboxBusy, SandboxUnavailable
from sandbox.frames import Incoming, Kind, Outgoing, Transport
from sandbox.stream_server import GRANT, MOST_BYTES, VERSION, WINDOW
from sandbox.tasks import Background, mark_seen
from sandbox.transports import UnixStream
from sandbox.types import Job, JobResult
from sandbox.wire import BadWire, decode_result, encode_job, join

_STEPS = 10  # number of intervals that the silence of a server is divided into


class StreamLost(Exception):
    """The connection ended during a run or session."""


class StreamClient:
    """Runs and sessions over one connection. Call `start` first; it ends with the connection.

    silence: seconds after which a silent server is given up.
    """

    def __init__(self, transport: Transport, *, silence: float = 60.0) -> None:
        self._transport = transport
        self._silence = silence
        self._heard = 0
        self._outgoing = Outgoing(transport)
        self._incoming = Incoming(MOST_BYTES)
        self._talks: dict[int, _Talk] = {}
        self._next = 0
        self._own: list[asyncio.Task[None]] = []
        self._background = Background()
        self._hello: asyncio.Future[dict[str, object]] = asyncio.get_running_loop().create_future()
        self.lost = ""
        """Why the connection has ended; "" = it has not."""

    async def start(self, seconds: float) -> int:
        """Wait for the server's greeting; returns its number of slots. Raises StreamLost, SandboxUnavailable."""
        self._own.append(asyncio.create_task(self._read()))
        try:
            hello = await asyncio.wait_for(asyncio.shield(self._hello), seconds)
        except TimeoutError:
            raise StreamLost(f"no greeting within {seconds:g} s") from None
        if hello.get("version") != VERSION:
            raise SandboxUnavailable(f"the server speaks version {hello.get('version')!r}, this client {VERSION}")
        self._own.append(asyncio.create_task(self._watch()))
        slots = hello.get("slots")
        return slots if isinstance(slots, int) else 0

    async def run(self, job: Job) -> JobResult:
        """Run a job on the server. Raises StreamLost, SandboxUnavailable, InvalidJob."""
        talk = self._begin()
        try:
            await self.say(Kind.RUN, talk.number, encode_job(job))
            return await talk.result
        except asyncio.CancelledError:
            self.later(self.say(Kind.CLOSE, talk.number))
            raise
        finally:
            self._talks.pop(talk.number, None)

    async def open(self, job: Job, peer: Job | None = None) -> StreamSession:
        """Open a session on the server. Raises StreamLost, SandboxUnavailable, InvalidJob."""
        talk = self._begin()
        try:
            await self.say(Kind.OPEN, talk.number, join(encode_job(j) for j in (job, peer) if j is not None))
            await talk.opened
        except BaseException:  # including CancelledError: tell the server
            self.later(self.say(Kind.CLOSE, talk.number))
            self._talks.pop(talk.number, None)
            if talk.channel is not None:
                talk.channel.finish()
            raise
        return StreamSession(self, talk, has_peer=peer is not None)

    async def close(self) -> None:
        """Close the connection; the server kills its runs."""
        self._end("it was closed")
        await self._transport.close()  # first, because the tasks below may be blocked on a server that does not read
        for task in self._own[1:]:
            task.cancel()
        if ending := [*self._background.at_work(), *self._own]:
            await asyncio.wait(ending)

    def _begin(self) -> _Talk:
        if self.lost:
            raise StreamLost(self.lost)
        self._next += 1
        talk = self._talks[self._next] = _Talk(self._next)
        return talk

    def forget(self, number: int) -> None:
        """Discard a session."""
        self._talks.pop(number, None)

    async def say(self, kind: Kind, number: int, message: bytes = b"") -> None:
        """Send one message. Raises StreamLost."""
        if self.lost:
            raise StreamLost(self.lost)
        try:
            await self._outgoing.send(kind, number, message)
        except ConnectionError as error:
            self._end(f"the connection broke: {error}")
            raise StreamLost(self.lost) from error

    def later(self, saying: Coroutine[object, object, None]) -> None:
        """Send a message in the background: the caller is exiting, or may be cancelled."""

        async def quietly() -> None:
            with contextlib.suppress(StreamLost):
                await saying

        self._background.start(quietly())

    async def _read(self) -> None:
        try:
            while data := await self._transport.receive():
                self._heard += 1
                for kind, number, payload in self._incoming.feed(data):
                    self._take(kind, number, payload)
            self._end("the connection ended")
        except Exception as error:  # any exception: otherwise every caller would wait forever
            self._end(f"the connection broke: {error or repr(error)}")
            await self._transport.close()

    async def _watch(self) -> None:
        """Give up a server that stays silent for `_STEPS` intervals in a row, although it was pinged half-way.

        Intervals are counted, not time: if this process was suspended, that is one interval, and not the server's
        fault.
        """
        silent = 0
        while silent < _STEPS and not self.lost:
            heard = self._heard
            await asyncio.sleep(self._silence / _STEPS)
            silent = silent + 1 if self._heard == heard else 0
            if silent == _STEPS // 2:
                self._next += 1
                self.later(self.say(Kind.ALIVE, self._next))
        self._end(f"nothing has come for {self._silence:g} s")
        await self._transport.close()

    def _take(self, kind: Kind, number: int, payload: bytes) -> None:
        if kind is Kind.HELLO:
            try:
                hello = json.loads(payload)
            except ValueError as error:
                raise BadWire(f"a greeting that is not JSON: {payload[:80]!r}") from error
            if not self._hello.done():
                self._hello.set_result(hello if isinstance(hello, dict) else {})
        elif kind is Kind.CHANNEL and isinstance(self._transport, UnixStream):
            channel = Channel(self._transport.come(), payload)
            if (talk := self._talks.get(number)) is not None:
                talk.get(channel)
            else:  # it was given up meanwhile
                channel.finish()
        elif (talk := self._talks.get(number)) is not None:
            talk.take(kind, payload)

    def _end(self, why: str) -> None:
        self.lost = self.lost or why
        if not self._hello.done():
            self._hello.set_exception(StreamLost(self.lost))
            mark_seen(self._hello)
        for talk in list(self._talks.values()):
            talk.end(StreamLost(self.lost))


class _Talk:
    """The server's messages about one run or session."""

    def __init__(self, number: int) -> None:
        loop = asyncio.get_running_loop()
        self.number = number
        self.opened: asyncio.Future[None] = loop.create_future()
        self.result: asyncio.Future[JobResult] = loop.create_future()
        self.peer_result: asyncio.Future[JobResult] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        self.came = bytearray()
        self.read = 0  # bytes read since the sender was last granted more (see WINDOW)
        self.ended = False  # nothing more will come
        self.over = False  # nobody would read what is sent
        self.credit = WINDOW
        self.changed = asyncio.Event()
        self.channel: Channel | None = None
        """To the program itself; None = data goes by the server, and what follows is about that."""

    def get(self, channel: Channel) -> None:
        """The session is open, and this is its channel. Raises BadWire."""
        if self.opened.cancelled():  # given up: `open` goes on, and says so, in the next step of the loop
            channel.finish()
            return
        if self.channel is not None or self.opened.done():
            channel.finish()
            raise BadWire("a session was opened twice")
        self.channel = channel
        _settle(self.opened, None)

    def take(self, kind: Kind, payload: bytes) -> None:
        if kind is Kind.RESULT:
            _settle(self.result, decode_result(payload))
            self.over = True
        elif kind is Kind.PEER_RESULT:
            _settle(self.peer_result, decode_result(payload))
        elif kind is Kind.OPENED:
            _settle(self.opened, None)
        elif kind is Kind.CLOSED:
            self.end(SandboxUnavailable("the session was closed before it had a result"))
            _settle(self.closed, None)
        elif kind is Kind.DATA:
            if len(self.came) + self.read + len(payload) > WINDOW:
                raise BadWire(f"more than {WINDOW} bytes of a session came before they were asked for")
            self.came += payload
        elif kind is Kind.END:
            self.ended = True
        elif kind is Kind.WINDOW:
            self.credit += int.from_bytes(payload, "big")
        elif kind is Kind.BUSY:
            self.end(_busy(payload))
        elif kind is Kind.INVALID:
            self.end(InvalidJob(payload.decode(errors="replace")))
        elif kind is Kind.UNAVAILABLE:
            self.end(SandboxUnavailable(payload.decode(errors="replace")))
        else:
            raise BadWire(f"a server does not say {kind.name}")
        self.changed.set()

    def end(self, error: Exception) -> None:
        """Mark the end: nothing more will arrive."""
        self.ended = self.over = True
        if self.channel is not None:
            self.channel.finish()
        for future in (self.opened, self.result, self.peer_result):
            if not future.done():
                future.set_exception(error)
                mark_seen(future)
        if isinstance(error, StreamLost):
            _settle(self.closed, None)
        self.changed.set()

    async def change(self) -> None:
        self.changed.clear()
        await self.changed.wait()


def _settle(future: asyncio.Future, value: object) -> None:  # type: ignore[type-arg]
    if not future.done():
        future.set_result(value)


def _busy(payload: bytes) -> SandboxBusy:
    try:
        said = json.loads(payload)
        return SandboxBusy(str(said["message"]), float(said["seconds"]))
    except (ValueError, KeyError, TypeError) as error:
        raise BadWire(f"a refusal that is none: {payload[:80]!r}") from error


class StreamSession:
    """See `sandbox.protocol.Session`."""

    def __init__(self, client: StreamClient, talk: _Talk, *, has_peer: bool) -> None:
        self._client = client
        self._talk = talk
        self._has_peer = has_peer
        self._sending = asyncio.Lock()
        self._closing: asyncio.Task[None] | None = None

    def when_over(self, callback: Callable[[], None]) -> None:
        """Call `callback` once, when all its programs have ended."""
        when_all_are_done([self._talk.result, *([self._talk.peer_result] if self._has_peer else [])], callback)

    async def send(self, data: bytes) -> None:
        talk, rest = self._talk, memoryview(data)
        if talk.channel is not None:
            await talk.channel.send(data)
            return
        async with self._sending:
            while rest and not talk.over:
                if talk.credit <= 0:
                    await talk.change()
                    continue
                piece = rest[: min(PIECE, talk.credit)]
                rest = rest[len(piece) :]
                talk.credit -= len(piece)
                with contextlib.suppress(StreamLost):
                    await self._client.say(Kind.DATA, talk.number, bytes(piece))

    async def receive(self, most: int = PIECE) -> bytes:
        talk = self._talk
        if talk.channel is not None:
            return await talk.channel.receive(most)
        while not talk.came:
            if talk.ended:
                return b""
            await talk.change()
        data = bytes(talk.came[:most])
        del talk.came[:most]
        talk.read += len(data)
        if talk.read >= GRANT and not talk.ended:
            granted, talk.read = talk.read, 0
            self._client.later(self._client.say(Kind.WINDOW, talk.number, granted.to_bytes(4, "big")))
        return data

    async def result(self) -> JobResult:
        return await self._of(self._talk.result)

    async def peer_result(self) -> JobResult:
        if not self._has_peer:
            raise RuntimeError("this session was opened without a peer")
        return await self._of(self._talk.peer_result)

    async def close(self) -> None:
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        with contextlib.suppress(StreamLost):
            await self._client.say(Kind.CLOSE, self._talk.number)
        await self._talk.closed
        self._client.forget(self._talk.number)

    async def _of(self, result: asyncio.Future[JobResult]) -> JobResult:
        try:
            return await asyncio.shield(result)
        except StreamLost as error:
            raise SandboxUnavailable(f"the sandbox died under a run: {error}") from error
