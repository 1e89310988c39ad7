"""The server of the stream protocol: runs and sessions of one client, on any sandbox.

        await StreamServer(sandbox, Pipes(0, 1)).serve()

Each run or session is a task. When the client disconnects, they are killed. Over a Unix socket the channel of a session
is handed over to the client, which then talks to the program itself. Bounds: message size, unread bytes of a
session (the sender waits for WINDOW frames), and the sandbox's own limits.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace

from sandbox.errors import InvalidJob, SandboxBusy, SandboxUnavailable
from sandbox.frames import Incoming, Kind, Outgoing, Transport
from sandbox.protocol import Sandbox, Session
from sandbox.session import RunSession
from sandbox.tasks import given_by, mark_seen
from sandbox.transports import UnixStream
from sandbox.types import Job, JobResult
from sandbox.wire import BadWire, decode_job, encode_result, split

VERSION = 3
WINDOW = 1 << 20  # most unread bytes in flight per session and direction
GRANT = WINDOW // 4  # bytes after which the reader grants the sender more
_PIECE = 1 << 16
MOST_BYTES = 512 << 20
Relabel = Callable[[JobResult], JobResult]


class StreamServer:
    """Serves one client.

    name: the backend, added to results ("docker: namespaces"); "" = unchanged. most_bytes: of a message, and of all
    incoming messages.
    """

    def __init__(self, sandbox: Sandbox, transport: Transport, *, name: str = "", most_bytes: int = MOST_BYTES) -> None:
        self._sandbox = sandbox
        self._transport = transport
        self._name = name
        self._outgoing = Outgoing(transport)
        self._incoming = Incoming(most_bytes)
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._sessions: dict[int, _Served] = {}

    async def serve(self) -> None:
        """Serve until the client disconnects. Raises BadWire on a protocol violation."""
        hello = {"version": VERSION, "slots": getattr(self._sandbox, "slots", 0)}
        try:
            await self._outgoing.send(Kind.HELLO, 0, json.dumps(hello).encode())
            while data := await self._transport.receive():
                for kind, number, payload in self._incoming.feed(data):
                    self._take(kind, number, payload)
        except ConnectionError:
            pass
        finally:
            for task in self._tasks.values():
                task.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks.values())

    def _take(self, kind: Kind, number: int, payload: bytes) -> None:
        session = self._sessions.get(number)
        if kind is Kind.RUN:
            self._start(number, lambda: self._run(number, payload))
        elif kind is Kind.OPEN:
            opened = _Served(self._outgoing, number, self._label, hands_over=isinstance(self._transport, UnixStream))
            self._start(number, lambda: self._open(opened, payload))
            self._sessions[number] = opened
        elif kind is Kind.CLOSE:
            if session is not None:
                session.closing.set()
            elif (task := self._tasks.get(number)) is not None:
                task.cancel()
        elif kind is Kind.DATA:
            if session is not None:
                session.take(payload)
        elif kind is Kind.WINDOW:
            if session is not None:
                session.widen(payload)
        elif kind is Kind.ALIVE:
            self._start(number, lambda: self._outgoing.send(Kind.ALIVE, number))
        else:
            raise BadWire(f"a client does not say {kind.name}")

    def _start(self, number: int, work: Callable[[], Awaitable[None]]) -> None:
        async def at_work() -> None:
            with contextlib.suppress(ConnectionError):
                await work()

        if number in self._tasks:
            raise BadWire(f"conversation {number} has begun already")
        task = asyncio.create_task(at_work())
        self._tasks[number] = task

        def done(task: asyncio.Task[None]) -> None:
            del self._tasks[number]
            self._sessions.pop(number, None)
            if not task.cancelled() and (error := task.exception()) is not None:
                about = {"message": "a conversation failed", "exception": error}
                asyncio.get_running_loop().call_exception_handler(about)

        task.add_done_callback(done)

    def _label(self, result: JobResult) -> JobResult:
        if not self._name or result.weak:
            return result
        return replace(result, isolation=f"{self._name}: {result.isolation}")

    async def _run(self, number: int, payload: bytes) -> None:
        async def work() -> None:
            result = await self._sandbox.run(decode_job(payload))
            await self._outgoing.send(Kind.RESULT, number, encode_result(self._label(result)))

        await self._answered(number, work())

    async def _open(self, session: _Served, payload: bytes) -> None:
        async def work() -> None:
            job, *peer = _jobs(payload)
            opened = await session.unless_closed(self._sandbox.open(job, peer[0] if peer else None))
            if opened is not None:
                await session.serve(opened, has_peer=bool(peer))
            await self._outgoing.send(Kind.CLOSED, session.number)

        await self._answered(session.number, work())

    async def _answered(self, number: int, work: Awaitable[None]) -> None:
        """Do the work, and send any error to the client."""
        try:
            await work
        except SandboxBusy as error:
            said = json.dumps({"seconds": error.retry_after, "message": str(error)})
            await self._outgoing.send(Kind.BUSY, number, said.encode())
        except SandboxUnavailable as error:
            await self._outgoing.send(Kind.UNAVAILABLE, number, str(error).encode())
        except (InvalidJob, BadWire) as error:
            await self._outgoing.send(Kind.INVALID, number, str(error).encode())
        except ConnectionError:
            raise
        except Exception as error:  # any exception: an unanswered client would wait forever
            await self._outgoing.send(Kind.UNAVAILABLE, number, f"the sandbox failed: {error!r}".encode())


def _jobs(payload: bytes) -> list[Job]:
    parts = split(payload)
    if not 1 <= len(parts) <= 2:
        raise BadWire(f"a session has one program or two, not {len(parts)}")
    return [decode_job(part) for part in parts]


class _Served:
    """One session, between its client and the sandbox."""

    def __init__(self, outgoing: Outgoing, number: int, label: Relabel, *, hands_over: bool) -> None:
        self.number = number
        self._hands_over = hands_over
        self.closing = asyncio.Event()
        self._outgoing = outgoing
        self._label = label
        self._unread: asyncio.Queue[bytes] = asyncio.Queue()
        self._unread_bytes = 0
        self._read = 0  # of these, forwarded since the last WINDOW frame
        self._credit = WINDOW
        self._widened = asyncio.Event()

    def take(self, data: bytes) -> None:
        self._unread_bytes += len(data)
        if self._unread_bytes > WINDOW:
            raise BadWire(f"more than {WINDOW} bytes of a session were sent before they were asked for")
        self._unread.put_nowait(data)

    def widen(self, payload: bytes) -> None:
        if len(payload) != 4:
            raise BadWire("a window is a number of four bytes")
        self._credit += int.from_bytes(payload, "big")
        self._widened.set()

    async def unless_closed(self, opening: Awaitable[Session]) -> Session | None:
        """The session, or None if the client closes it before it is open."""
        task = asyncio.ensure_future(opening)
        closing = asyncio.ensure_future(self.closing.wait())
        try:
            await asyncio.wait([task, closing], return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            return None
        finally:
            closing.cancel()
            if not task.done():
                task.cancel()
                await asyncio.wait([task])
                if (opened := given_by(task)) is not None:
                    await opened.close()

    async def serve(self, session: Session, *, has_peer: bool) -> None:
        """Hand its channel over, or forward data in both directions, until the client closes the session. Results are
        sent before this returns.
        """
        tasks: list[asyncio.Task[None]] = []

        def start(work: Coroutine[object, object, None]) -> asyncio.Task[None]:
            tasks.append(asyncio.create_task(work))
            return tasks[-1]

        try:
            pumps: list[asyncio.Task[None]] = []
            handed = session.hand_over() if self._hands_over and isinstance(session, RunSession) else None
            if handed is not None:
                await self._outgoing.hand_over(self.number, handed)
            else:
                pumps = [start(self._inwards(session)), start(self._outwards(session))]
                await self._outgoing.send(Kind.OPENED, self.number)
            results = [start(self._result(Kind.RESULT, session.result()))]
            if has_peer:
                results.append(start(self._result(Kind.PEER_RESULT, session.peer_result())))
            await self.closing.wait()
            for pump in pumps:
                pump.cancel()
            await session.close()
            await asyncio.wait(results)
        finally:
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks)
            for task in tasks:
                mark_seen(task)  # the connection is gone, which its reader reports
            await session.close()

    async def _result(self, kind: Kind, result: Awaitable[JobResult]) -> None:
        try:
            await self._outgoing.send(kind, self.number, encode_result(self._label(await result)))
        except ConnectionError:
            raise
        except Exception as error:  # as above: the client must be answered
            await self._outgoing.send(Kind.UNAVAILABLE, self.number, (str(error) or repr(error)).encode())

    async def _inwards(self, session: Session) -> None:
        while True:
            data = await self._unread.get()
            await session.send(data)
            self._read += len(data)
            if self._read >= GRANT:
                self._unread_bytes -= self._read
                granted, self._read = self._read, 0
                await self._outgoing.send(Kind.WINDOW, self.number, granted.to_bytes(4, "big"))

    async def _outwards(self, session: Session) -> None:
        while True:
            while self._credit <= 0:
                self._widened.clear()
                await self._widened.wait()
            try:
                data = await session.receive(min(_PIECE, self._credit))
            except (OSError, SandboxUnavailable):  # the result says what it was
                data = b""
            if not data:
                await self._outgoing.send(Kind.END, self.number)
                return
            self._credit -= len(data)
            await self._outgoing.send(Kind.DATA, self.number, data)
