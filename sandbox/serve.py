"""The sandbox as an HTTP service, over any backend: `rlvr sandbox serve`. Needs `pip install 'rlvr[serve]'`.

| route | is |
|---|---|
| `POST /run_code` | a program in a language, in SandboxFusion's format (`run_code.py`) |
| `POST /v1/run` | a job, as bytes (`wire.py`) |
| `POST /v1/runs` | several, joined; each answer starts with `+` (a result) or `-` (an error) |
| `WS /v1/stream` | concurrent runs and sessions of one client (`stream_server.py`); used by `RemoteSandbox` |
| `GET /health`, `GET /metrics` | whether it runs programs; counters in Prometheus format |

If a token is set, all routes except `/health` require `Authorization: Bearer TOKEN`. A full queue is answered with 429
and `Retry-After`, an oversized body with 413. When a client disconnects its runs are killed.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping

from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.responses import JSONResponse, PlainTextResponse

from sandbox import run_code
from sandbox.admission import QueuedSandbox
from sandbox.errors import InvalidJob, SandboxUnavailable
from sandbox.http import Guard, answer_errors, unless_gone
from sandbox.json_text import JsonFault, read_json
from sandbox.protocol import Sandbox
from sandbox.run_code import BadRequest, Language
from sandbox.stream_server import StreamServer
from sandbox.types import Job
from sandbox.wire import BadWire, decode_job, encode_result, join, split

_TRIAL = Job(argv=("python", "-c", "print('ready')"))
_MOST_JOBS = 4096
_HEALTH_SECONDS = 20.0
_HEALTH_EVERY = 5.0


def create_app(
    sandbox: Sandbox,
    *,
    slots: int,
    token: str = "",
    most_waiting: int = 1024,
    most_bytes: int = 256 << 20,
    languages: Mapping[str, Language] = run_code.LANGUAGES,
) -> FastAPI:
    """The application. slots: of the sandbox. most_waiting: queue length. most_bytes: of a request or message."""
    queue = QueuedSandbox(sandbox, slots=slots, most_waiting=most_waiting)
    app = FastAPI(title="rlvr sandbox", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.queue = queue
    health = _Health(queue)

    @app.get("/health")
    async def _health() -> Response:
        why = await health.why_not()
        body = {"status": "failing" if why else "ok", "reason": why, "slots": slots, "held": queue.held}
        return JSONResponse(body, status_code=503 if why else 200)

    @app.get("/metrics")
    async def _metrics() -> Response:
        return PlainTextResponse(queue.metrics(), media_type="text/plain; version=0.0.4")

    @app.post("/run_code")
    async def _run_code(request: Request) -> Response:
        asked = run_code.parse(_json(await request.body()))
        with queue.place():
            try:
                work = run_code.answer(asked, languages, queue.run_placed)
                return JSONResponse(await unless_gone(request.receive, work))
            except SandboxUnavailable as error:
                return JSONResponse(run_code.trouble(str(error)))

    @app.post("/v1/run")
    async def _run(request: Request) -> Response:
        result = await unless_gone(request.receive, queue.run(decode_job(await request.body())))
        return Response(encode_result(result), media_type="application/octet-stream")

    @app.post("/v1/runs")
    async def _runs(request: Request) -> Response:
        jobs = [decode_job(part) for part in split(await request.body())]
        if len(jobs) > (most := min(_MOST_JOBS, slots + most_waiting)):
            raise BadWire(f"{len(jobs)} jobs in one request; at most {most} are taken here")
        with queue.place(len(jobs)):
            answers = await unless_gone(request.receive, asyncio.gather(*(_answer(queue, job) for job in jobs)))
        return Response(join(answers), media_type="application/octet-stream")

    @app.websocket("/v1/stream")
    async def _stream(socket: WebSocket) -> None:
        await socket.accept()
        try:
            await StreamServer(queue, _Socket(socket), name="remote", most_bytes=most_bytes).serve()
        except BadWire as error:
            await socket.close(1002, str(error)[:100])

    answer_errors(app, {BadRequest: 422, BadWire: 400, InvalidJob: 422, SandboxUnavailable: 503})
    app.add_middleware(Guard, token=token, most_bytes=most_bytes)
    return app


class _Health:
    """Checks that the sandbox runs programs, at most every few seconds."""

    def __init__(self, queue: QueuedSandbox) -> None:
        self._queue = queue
        self._asked = -math.inf
        self._ended = 0  # number of finished programs at the last test
        self._why = ""
        self._lock = asyncio.Lock()

    async def why_not(self) -> str:
        now = asyncio.get_running_loop().time()
        if self._queue.ended.total() > self._ended:
            self._why = ""  # a program has ended since, so the fault is over
        if self._queue.held >= self._queue.slots or now - self._asked < _HEALTH_EVERY:
            return self._why  # all slots are busy: a test would have to wait
        async with self._lock:
            if self._asked >= now:  # another request has just tested it
                return self._why
            try:
                async with asyncio.timeout(_HEALTH_SECONDS):
                    result = await self._queue.run_placed(_TRIAL)
                self._why = "" if result.stdout == b"ready\n" else f"a first program {result.ended}"
            except TimeoutError:
                self._why = f"no program ended within {_HEALTH_SECONDS:g} s"
            except SandboxUnavailable as error:
                self._why = str(error)
            self._asked, self._ended = asyncio.get_running_loop().time(), self._queue.ended.total()
        return self._why


class _Socket:
    """A WebSocket as a transport."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket

    async def send(self, data: bytes) -> None:
        try:
            await self._socket.send_bytes(data)
        except Exception as error:  # starlette and uvicorn each have their own for a client that is gone
            raise ConnectionResetError(f"the client is gone: {error!r}") from error

    async def receive(self) -> bytes:
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            return b""
        data = message.get("bytes")
        if not data:
            raise BadWire("the stream is of binary messages")
        return bytes(data)

    async def close(self) -> None:
        await self._socket.close()


async def _answer(queue: QueuedSandbox, job: Job) -> bytes:
    try:
        return b"+" + encode_result(await queue.run_placed(job))
    except SandboxUnavailable as error:
        return b"-" + str(error).encode()


def _json(body: bytes) -> object:
    try:
        return read_json(body)
    except JsonFault as error:
        raise BadRequest(f"the body is not JSON: {error}") from error
