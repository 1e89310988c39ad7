"""Processes that are stopped or read nothing are given up after a while, and nothing waits forever."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
from base64 import b64encode
from collections.abc import Callable, MutableMapping
from hashlib import sha1
from typing import Any

import pytest

from sandbox.admission import QueuedSandbox
from sandbox.docker import DockerSandbox
from sandbox.errors import SandboxUnavailable
from sandbox.frames import HEADER, Kind
from sandbox.remote import RemoteSandbox
from sandbox.stream_server import VERSION
from sandbox.types import Ended, Job, JobResult, Limits
from sandbox.weak import WeakSandbox
from tests.conformance.sandbox import gone, new_token, there
from tests.waiting import PATIENCE

HELLO = Job(argv=("python", "-c", "print('hello')"))
STOPS_ITS_KEEPER = """
import os, signal, sys, time
if os.fork() == 0:
    os.setsid()
    os.execv("/bin/sleep", [sys.argv[1], "600"])
os.kill(os.getppid(), signal.SIGSTOP)
time.sleep(600)
"""


@pytest.mark.parametrize("how", ["run", "close"])
def test_a_weak_run_that_stops_its_keeper_is_ended_with_all_that_it_started(
    how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.weak.SILENT_SECONDS", 0.3)
    monkeypatch.setattr("sandbox.weak._END_SECONDS", 0.3)

    async def within() -> tuple[JobResult, JobResult]:
        box, token = WeakSandbox(slots=1), new_token()
        limits = Limits(wall_seconds=0.5 if how == "run" else 600.0)
        session = await box.open(Job(argv=("python", "-c", STOPS_ITS_KEEPER, token), limits=limits))
        if how == "close":
            await there(token)
            await session.close()
        result = await session.result()
        await gone(token)
        await session.close()
        after = await box.run(HELLO)
        await box.close()
        return result, after

    result, after = asyncio.run(within())
    assert result.ended is (Ended.WALL if how == "run" else Ended.SIGNALLED)
    assert after.stdout == b"hello\n"


@pytest.mark.slow(15)
@pytest.mark.parametrize("what", ["container", "command"])
def test_a_container_that_is_paused_or_whose_command_is_stopped_is_replaced(
    what: str, docker_image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.docker._SILENCE_SECONDS", 2.0)
    monkeypatch.setattr("sandbox.docker._END_SECONDS", 0.5)

    async def within() -> bytes:
        box = DockerSandbox(slots=1, image=docker_image)
        assert (await box.run(HELLO)).stdout == b"hello\n"
        held = await box._running()
        if what == "container":
            subprocess.run(["docker", "pause", held._name], check=True, capture_output=True, timeout=PATIENCE)  # noqa: ASYNC221
        else:
            os.kill(held._command.pid, signal.SIGSTOP)
        cancelled = asyncio.create_task(box.run(Job(argv=("true",), stdin=bytes(1 << 20))))
        await asyncio.sleep(0.1)
        cancelled.cancel()
        result = await asyncio.wait_for(box.run(HELLO), PATIENCE)
        await asyncio.wait_for(box.close(), PATIENCE)
        return result.stdout

    assert asyncio.run(within()) == b"hello\n"


async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Greet a client, and then read nothing, as a server that is stopped."""
    request = await reader.readuntil(b"\r\n\r\n")
    key = re.search(rb"Sec-WebSocket-Key: (\S+)", request)
    accepted = b64encode(sha1(key[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()) if key else b""
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
    writer.write(b"Sec-WebSocket-Accept: " + accepted + b"\r\n\r\n")
    hello = json.dumps({"version": VERSION, "slots": 1}).encode()
    frame = HEADER.pack(Kind.HELLO, 0, len(hello)) + hello
    writer.write(bytes([0x82, len(frame)]) + frame)
    writer.transport.pause_reading()  # type: ignore[attr-defined]


def test_a_server_that_reads_nothing_is_given_up(
    require: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    require("serve")
    monkeypatch.setattr("sandbox.remote._SILENCE_SECONDS", 0.3)
    monkeypatch.setattr("sandbox.remote._CLOSE_SECONDS", 0.1)
    much = Job(argv=("wc",), stdin=bytes(20 << 20))  # more than all that lies between holds

    async def within() -> None:
        clients: list[asyncio.StreamWriter] = []

        async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            clients.append(writer)
            await greet(reader, writer)

        server = await asyncio.start_server(served, "127.0.0.1", 0)
        box = RemoteSandbox([f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"])
        with pytest.raises(SandboxUnavailable, match=r"twice.*nothing has come for 0\.3 s"):
            await asyncio.wait_for(box.run(much), PATIENCE)
        await asyncio.wait_for(box.close(), PATIENCE)
        server.close()
        for client in clients:
            client.transport.abort()
        await asyncio.sleep(0)

    asyncio.run(within())


def test_a_body_that_comes_no_further_gives_its_place_back(
    require: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    require("serve")
    from sandbox import http

    monkeypatch.setattr(http, "_PIECE_SECONDS", 0.1)
    monkeypatch.setattr(http, "_SILENT_SECONDS", 0.1)
    pieces = [{"type": "http.request", "body": b"x" * 60, "more_body": True}]
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return pieces.pop() if pieces else await asyncio.get_running_loop().create_future()

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def app(_scope: http.Scope, _receive: http.Receive, _send: http.Send) -> None:
        raise AssertionError("it is not whole")

    guard = http.Guard(app, token="", most_bytes=100)
    scope = {"type": "http", "path": "/v1/run", "headers": []}
    asyncio.run(asyncio.wait_for(guard(scope, receive, send), PATIENCE))
    assert sent[0]["status"] == 408
    assert guard._held == 0


class Hangs:
    """A sandbox that does not answer."""

    asked = 0

    async def run(self, job: Job) -> JobResult:
        self.asked += len(job.argv[:1])
        return await asyncio.get_running_loop().create_future()


def test_all_who_ask_for_the_health_of_a_sandbox_that_hangs_wait_for_one_answer(
    require: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    require("serve")
    from sandbox import serve

    monkeypatch.setattr(serve, "_HEALTH_SECONDS", 0.2)

    async def within() -> list[str]:
        health = serve._Health(QueuedSandbox(box, slots=1, most_waiting=1))
        return await asyncio.gather(*(health.why_not() for _ in range(10)))

    box: Any = Hangs()
    assert asyncio.run(within()) == ["no program ended within 0.2 s"] * 10
    assert box.asked == 1
