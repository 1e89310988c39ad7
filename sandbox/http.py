"""Common parts of our HTTP services: a listening socket, a server, and a guard that checks requests before reading
them.

The sandbox service (`sandbox/serve.py`) and the grading service (`rewards/serve.py`) have the same limits: a token, the
size of a body, and a bounded queue (`sandbox/admission.py`). Needs `pip install 'rlvr[serve]'`.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import math
import socket
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from sandbox.errors import SandboxBusy, SandboxUnavailable

_DRAIN_SECONDS, _SILENT_SECONDS = 30.0, 5.0
_PIECE_SECONDS = 60.0  # seconds to wait for the next piece of a body
_MOST_HELD = 4
"""Number of largest bodies held at a time."""
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises SandboxUnavailable: the address is in use, or not of this machine."""
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(2048)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        raise SandboxUnavailable(
            f"cannot listen on {host}, port {port}: {error.strerror}; choose another --port or --host"
        ) from error
    return listening


def serve(app: App, listening: socket.socket) -> Awaitable[None]:
    """Serve until SIGINT or SIGTERM."""
    config = uvicorn.Config(
        app,
        ws="websockets-sansio",
        ws_max_size=1 << 20,
        log_level="warning",
        access_log=False,
        lifespan="off",  # unused, and would print a traceback on a second Ctrl-C
        timeout_graceful_shutdown=5,
    )
    return uvicorn.Server(config).serve(sockets=[listening])


class Guard:
    """Checks a request before the application sees it: token, body size, and total size of buffered bodies.

    It reads the whole body. A client that has shut down its side of the connection counts as gone, as with most
    servers: it cannot be distinguished from one that will not read the answer.
    """

    def __init__(self, app: App, *, token: str, most_bytes: int) -> None:
        self._app = app
        self._wanted = f"Bearer {token}".encode() if token else b""
        self._most = most_bytes
        self._held = 0  # bytes of the bodies of unanswered requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        open_to_all = not self._wanted or scope["path"] == "/health"
        if not open_to_all and not hmac.compare_digest(headers.get(b"authorization", b""), self._wanted):
            if scope["type"] == "websocket":
                await receive()
                await send({"type": "websocket.close", "code": 1008, "reason": "the token is missing or wrong"})
            else:
                await _refuse(_Refusal(401, "the token is missing or wrong"), receive, send)
        elif scope["type"] == "websocket":
            await self._app(scope, receive, send)
        elif refused := self._refused(int(headers.get(b"content-length", b"0"))):
            await _refuse(refused, receive, send)
        else:
            await self._unless_ended(scope, receive, send)

    async def _unless_ended(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 503 during shutdown: uvicorn cancels running requests without an answer."""
        begun = False

        async def sending(message: MutableMapping[str, Any]) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._read(scope, receive, sending)
        except asyncio.CancelledError:
            if begun:
                raise
            detail = "the service is ending; send it again later, or to another"
            again = _Refusal(503, detail, ((b"retry-after", b"1"),))
            await _refuse(again, receive, send, more=False)

    def _refused(self, size: int, held: int = 0) -> _Refusal | None:
        """Why a body of `size` bytes is rejected; None = accepted. held: bytes of it that are already counted."""
        if size > self._most:
            return _Refusal(413, f"a request may have {self._most} bytes at most")
        if self._held - held + size > (most := _MOST_HELD * self._most):
            detail = f"requests of {self._held - held} bytes are at work, and {most} are held at most; send it again"
            return _Refusal(429, detail, ((b"retry-after", b"1"),))
        return None

    async def _read(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read a body. It may have no declared length, so bytes are counted as they arrive."""
        body, size, more, refused = bytearray(), 0, True, None
        try:
            while more and not refused:
                message = await _next_piece(receive)
                if message is None:
                    refused = _Refusal(408, f"no more of the body came for {_PIECE_SECONDS:g} s")
                    continue
                if message["type"] == "http.disconnect":
                    return  # nobody is left to answer
                body += (piece := message.get("body", b""))
                size, more = size + len(piece), message.get("more_body", False)
                self._held += len(piece)
                refused = self._refused(size, size)
            if not refused:
                whole = [bytes(body)]
                body.clear()
                await self._app(scope, _replayed(whole, receive), send)
                return
            body.clear()
        finally:
            self._held -= size
        await _refuse(refused, receive, send, more=more)


@dataclass(frozen=True, slots=True)
class _Refusal:
    """An error response in place of the application's."""

    status: int
    detail: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


async def _next_piece(receive: Receive) -> MutableMapping[str, Any] | None:
    """The next piece of a body; None = timeout."""
    try:
        async with asyncio.timeout(_PIECE_SECONDS):
            return await receive()
    except TimeoutError:
        return None


def _replayed(whole: list[bytes], receive: Receive) -> Receive:
    """The receive channel of the application: the buffered body, then the client's disconnect."""

    async def replay() -> MutableMapping[str, Any]:
        if whole:
            return {"type": "http.request", "body": whole.pop(), "more_body": False}
        return await receive()

    return replay


async def _refuse(refusal: _Refusal, receive: Receive, send: Send, *, more: bool = True) -> None:
    """Answer at once, then read and discard the rest of the body.

    A client that is still sending when the connection is closed sees a reset in place of the answer. more: there is
    more of the body.
    """
    body = json.dumps({"detail": refusal.detail}).encode()
    headers = [
        (b"content-length", str(len(body)).encode()),
        (b"content-type", b"application/json"),
        (b"connection", b"close"),
        *refusal.headers,
    ]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            while more:
                async with asyncio.timeout(_SILENT_SECONDS):
                    more = (await receive()).get("more_body", False)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def detail_of(error: Exception) -> str:
    """The error message for a client, with lone surrogates (from the client's own data) escaped."""
    return str(error).encode("utf-8", "backslashreplace").decode("utf-8")


def answer_errors(app: FastAPI, statuses: Mapping[type[Exception], int]) -> None:
    """Register handlers that answer these errors with their status and message, and a full queue with 429."""

    @app.exception_handler(SandboxBusy)
    async def _busy(_request: Request, error: SandboxBusy) -> Response:
        after = {"Retry-After": str(math.ceil(error.retry_after))}
        return JSONResponse({"detail": str(error)}, status_code=429, headers=after)

    def answering(status: int) -> Callable[[Request, Exception], Response]:
        return lambda _request, error: JSONResponse({"detail": detail_of(error)}, status_code=status)

    for kind, status in statuses.items():
        app.add_exception_handler(kind, answering(status))


async def unless_gone(receive: Receive, work: Awaitable[Any]) -> Any:
    """Do the work, or cancel it when the client disconnects. Raises SandboxUnavailable if it has disconnected."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    doing, going = asyncio.ensure_future(work), asyncio.ensure_future(gone())
    try:
        await asyncio.wait([doing, going], return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            return doing.result()
        raise SandboxUnavailable("the client has gone away")
    finally:
        for task in (doing, going):
            task.cancel()
        await asyncio.gather(doing, going, return_exceptions=True)
