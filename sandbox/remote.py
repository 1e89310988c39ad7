"""The remote backend: a client of one or more `rlvr sandbox serve`. Needs `pip install 'rlvr[serve]'`.

        sandbox = RemoteSandbox(["http://grader-1:8190", "http://grader-2:8190"], token="...")

Each server has one connection that multiplexes runs and sessions (`stream_client.py`); a run goes to the server with
the most free slots. Servers that are full or unreachable are skipped for a while; a run whose server dies is repeated
once elsewhere; if no server accepts it within `accept_timeout`, it raises `SandboxUnavailable`.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar
from urllib.parse import urlsplit

from sandbox.errors import InvalidSandbox, SandboxBusy, SandboxUnavailable
from sandbox.stream_client import StreamClient, StreamLost, StreamSession
from sandbox.tasks import Background, given_by
from sandbox.types import Job, JobResult
from sandbox.wait_queue import WaitQueue

_CONNECT_SECONDS = 10.0
_SILENCE_SECONDS = 20.0  # seconds of silence after which a server is considered gone
_CLOSE_SECONDS = 4.0
_DOWN_SECONDS, _MOST_DOWN_SECONDS = 0.5, 30.0
_AHEAD = 2  # runs in flight per slot of a server
T = TypeVar("T")


class RemoteSandbox:
    """Runs programs on servers.

    accept_timeout: seconds to wait for a server to accept a run. reach_timeout: seconds to wait until any server can be
        reached.
    """

    name = "remote"

    def __init__(
        self, urls: Sequence[str], *, token: str = "", accept_timeout: float = 600.0, reach_timeout: float = 30.0
    ) -> None:
        if not urls:
            raise InvalidSandbox("urls is empty; name at least one server, such as http://host:8190")
        self._servers = [_Server(url, token) for url in urls]
        self._accept_timeout = accept_timeout
        self._reach_timeout = reach_timeout
        self._queue = WaitQueue()
        self._closed = False

    @property
    def slots(self) -> int:
        """The total slots of all servers reached so far."""
        return sum(server.slots for server in self._servers)

    async def run(self, job: Job) -> JobResult:
        """Run a program to its end; see `sandbox.protocol.Sandbox`."""

        async def on(server: _Server) -> JobResult:
            try:
                return await (await server.client()).run(job)
            finally:
                self._left(server)

        return await self._somewhere(on)

    async def open(self, job: Job, peer: Job | None = None) -> StreamSession:
        """Start a program and return a duplex channel to it; see `sandbox.protocol.Sandbox`."""

        async def on(server: _Server) -> StreamSession:
            try:
                session = await (await server.client()).open(job, peer)
            except BaseException:  # cancelled as well: the room is given back
                self._left(server)
                raise
            session.when_over(lambda: self._left(server))
            return session

        return await self._somewhere(on)

    async def close(self) -> None:
        """Close the connections; the servers kill their runs."""
        self._closed = True
        await asyncio.gather(*(server.close() for server in self._servers))
        self._queue.wake_all()

    async def _somewhere(self, do: Callable[[_Server], Awaitable[T]]) -> T:
        """Do something on a server that accepts it."""
        lost: list[tuple[_Server, str]] = []
        clock = asyncio.get_running_loop().time
        reached = clock()
        limit = reached + self._accept_timeout
        while True:
            server = await self._free_server(limit, reached, lost)
            try:
                done = await do(server)
            except Refused:
                raise
            except SandboxBusy as error:
                server.busy(error.retry_after)
                reached = clock()
            except NotReached:
                pass  # the server is marked as down: try another, or the same later
            except (StreamLost, SandboxUnavailable) as error:
                server.failed(str(error))
                lost.append((server, f"{server.url}: {error}"))
                reached = clock()
                if self._closed:
                    raise SandboxUnavailable("this sandbox is closed") from error
                if len(lost) == 2:
                    causes = "; ".join(cause for _, cause in lost)
                    raise SandboxUnavailable(f"the sandbox died under a run, twice: {causes}") from error
            else:
                server.well()
                return done

    async def _free_server(self, limit: float, reached: float, lost: Sequence[tuple[_Server, str]]) -> _Server:
        """Reserve a place on the server with the most room. Raises SandboxUnavailable.

        reached: time of the last contact. lost: servers that died during this run, used as a last resort.
        """
        loop = asyncio.get_running_loop()
        while True:
            if self._closed:
                raise SandboxUnavailable("this sandbox is closed")
            now = loop.time()
            ready = [s for s in self._servers if s.not_before <= now and s.held < s.most]
            if ready:
                died = {server.url for server, _ in lost}
                server = min(ready, key=lambda s: (s.url in died, s.held / s.most))
                server.held += 1
                if server.held < server.most or len(ready) > 1:
                    self._queue.wake()  # there may be room for the next as well
                return server
            down = all(server.down for server in self._servers)
            if now >= limit or (down and now - reached >= self._reach_timeout):
                raise SandboxUnavailable(self._complaint(now - reached))
            until = min([limit, *(s.not_before for s in self._servers if s.not_before > now)])
            if down:
                until = min(until, reached + self._reach_timeout)
            await self._queue.wait(max(0.01, until - now))

    def _left(self, server: _Server) -> None:
        server.held -= 1
        self._queue.wake()

    def _complaint(self, seconds: float) -> str:
        causes = "; ".join(f"{server.url}: {server.why or 'no room'}" for server in self._servers)
        return f"no server took a run within {seconds:.0f} s. {causes}. Is `rlvr sandbox serve` running there?"


class Refused(SandboxUnavailable):
    """A server rejects this client; retrying would not help."""


class NotReached(Exception):
    """A server cannot be reached; it is skipped for a while."""


class _Server:
    """One server: its connection, made on demand, and its state."""

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise InvalidSandbox(f"a server's address is like http://host:8190, not {url!r}")
        self.url = url.rstrip("/")
        scheme = "wss" if parts.scheme == "https" else "ws"
        self._address = f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}/v1/stream"
        self._token = token
        self._connecting: asyncio.Task[StreamClient] | None = None
        self._leaving = Background()
        self.slots = 0
        self.held = 0
        self.not_before = -math.inf
        self.down = False
        self.why = ""
        self._pause = _DOWN_SECONDS

    @property
    def most(self) -> int:
        """The most runs in flight to this server."""
        return _AHEAD * (self.slots or 1)

    async def client(self) -> StreamClient:
        """The connection. Raises NotReached."""
        task, held = self._connecting, given_by(self._connecting)
        if task is None or (task.done() and (held is None or held.lost)):
            if held is not None:
                self._leaving.start(held.close())
            task = self._connecting = asyncio.create_task(self._connect())
        try:
            return await asyncio.shield(task)
        except Refused:
            raise
        except (OSError, StreamLost, SandboxUnavailable, TimeoutError) as error:
            self.failed(f"it cannot be reached: {str(error) or type(error).__name__}")
            raise NotReached(self.why) from error

    def failed(self, why: str) -> None:
        """Skip this server for a while, longer each time."""
        now = asyncio.get_running_loop().time()
        if now >= self.not_before:
            self.not_before = now + self._pause
            self._pause = min(2 * self._pause, _MOST_DOWN_SECONDS)
        self.down = True
        self.why = why

    def well(self) -> None:
        """Record a success, which resets the delay."""
        self.down, self.why, self._pause = False, "", _DOWN_SECONDS

    def busy(self, seconds: float) -> None:
        self.not_before = max(self.not_before, asyncio.get_running_loop().time() + seconds)
        self.why = "its line is full"

    async def close(self) -> None:
        if (connecting := self._connecting) is not None:
            connecting.cancel()
            if not connecting.done():
                await asyncio.wait([connecting])
            if (client := given_by(connecting)) is not None:
                await client.close()
        await self._leaving.wait()

    async def _connect(self) -> StreamClient:
        client = StreamClient(await _Socket.connect(self._address, self._token), silence=_SILENCE_SECONDS)
        try:
            self.slots = await client.start(_CONNECT_SECONDS)
        except BaseException:  # cancellation too: nobody else would close it
            await client.close()
            raise
        self.well()
        return client


class _Socket:
    """A WebSocket as a transport."""

    def __init__(self, socket) -> None:  # type: ignore[no-untyped-def]
        self._socket = socket

    @classmethod
    async def connect(cls, address: str, token: str) -> _Socket:
        """Raises OSError, SandboxUnavailable."""
        try:
            from websockets.asyncio.client import connect
            from websockets.exceptions import InvalidHandshake, InvalidStatus
        except ModuleNotFoundError as error:
            raise SandboxUnavailable("the remote sandbox needs websockets: pip install 'rlvr[serve]'") from error
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            socket = await connect(
                address,
                additional_headers=headers,
                compression=None,
                max_size=1 << 20,
                open_timeout=_CONNECT_SECONDS,
                # The client has its own pings; a websocket ping would wait behind unread data
                ping_interval=None,
                close_timeout=2,
                proxy=None,
            )
        except InvalidStatus as error:
            status = error.response.status_code
            if status in (401, 403):
                raise Refused(
                    f"{address} refuses this client: the token is missing or wrong; set RLVR_SANDBOX_TOKEN"
                ) from error
            raise SandboxUnavailable(f"it answers with status {status}") from error
        except InvalidHandshake as error:
            raise SandboxUnavailable(f"it is no sandbox server: {error}") from error
        return cls(socket)

    async def send(self, data: bytes) -> None:
        from websockets.exceptions import ConnectionClosed

        try:
            await self._socket.send(data)
        except ConnectionClosed as error:
            raise ConnectionResetError(str(error)) from error

    async def receive(self) -> bytes:
        from websockets.exceptions import ConnectionClosed

        try:
            data = await self._socket.recv(decode=False)
        except ConnectionClosed:
            return b""
        return bytes(data)

    async def close(self) -> None:
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._socket.close()
        except TimeoutError:  # it has more to say, and nobody reads it
            self._socket.transport.abort()
