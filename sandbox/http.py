"""What our HTTP services share: a socket to listen on, a server, and the guard before everything is read.

The sandbox's (`sandbox/serve.py`) and the graders' (`rewards/serve.py`) have one set of limits: a token, the size of a
body, and a line (`sandbox/admission.py`) that refuses what it has no place for. Needs `pip install 'rlvr[serve]'`.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

import uvicorn

from sandbox.errors import SandboxUnavailable

_DRAIN_SECONDS, _MOST_DRAINED = 5.0, 64 << 20
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


def listen(host: str, port: int) -> socket.socket:
    """A socket to serve on. Raises SandboxUnavailable: the address is in use, or none of this machine's."""
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
        lifespan="off",  # neither service has one, and a second Ctrl-C would show where it waits
        timeout_graceful_shutdown=5,
    )
    return uvicorn.Server(config).serve(sockets=[listening])


class Guard:
    """Before anything is read: the token, and the size of the body."""

    def __init__(self, app: App, *, token: str, most_bytes: int) -> None:
        self._app = app
        self._wanted = f"Bearer {token}".encode() if token else b""
        self._most = most_bytes

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
                await _say(send, 401, "the token is missing or wrong")
            return
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > self._most:
            await self._too_large(receive, send)
            return
        await self._counted(scope, receive, send)

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A body that does not say its length is counted as it comes."""
        came, begun, whole = 0, False, False

        async def counted() -> MutableMapping[str, Any]:
            nonlocal came, whole
            message = await receive()
            if message["type"] == "http.disconnect" and not whole:
                raise _Gone
            whole = not message.get("more_body")
            came += len(message.get("body", b""))
            if came > self._most:
                raise _TooLarge
            return message

        async def watched(message: MutableMapping[str, Any]) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, counted, watched)
        except _Gone:
            pass  # nobody is there to be answered
        except _TooLarge:
            if not begun:
                await self._too_large(receive, send)

    async def _too_large(self, receive: Receive, send: Send) -> None:
        with contextlib.suppress(TimeoutError, _TooLarge):
            async with asyncio.timeout(_DRAIN_SECONDS):  # who still sends when we answer would hear a reset, not why
                drained = 0
                while drained < _MOST_DRAINED:
                    message = await receive()
                    drained += len(message.get("body", b""))
                    if not message.get("more_body"):
                        break
        await _say(send, 413, f"a request may have {self._most} bytes at most", (b"connection", b"close"))


class _TooLarge(Exception):
    """More has come than a body may have."""


class _Gone(Exception):
    """The client went away before its request was whole."""


def detail_of(error: Exception) -> str:
    """What a client is told. What of it is no Unicode came from the client, and is escaped."""
    return str(error).encode("utf-8", "backslashreplace").decode("utf-8")


async def _say(send: Send, status: int, detail: str, *headers: tuple[bytes, bytes]) -> None:
    body = json.dumps({"detail": detail}).encode()
    length = (b"content-length", str(len(body)).encode())
    kind = (b"content-type", b"application/json")
    await send({"type": "http.response.start", "status": status, "headers": [length, kind, *headers]})
    await send({"type": "http.response.body", "body": body})


async def unless_gone(receive: Receive, work: Awaitable[Any]) -> Any:
    """Do the work, or give it up when the client goes away. Raises SandboxUnavailable: it has gone."""

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
