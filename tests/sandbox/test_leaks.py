"""Thousands of runs, cancelled runs and sessions later, the docker and remote sandboxes hold what they held before."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from collections.abc import Callable
from typing import Any

from sandbox.docker import DockerSandbox
from sandbox.errors import SandboxError
from sandbox.protocol import Sandbox
from sandbox.remote import RemoteSandbox
from sandbox.types import Job, Limits
from tests.sandbox.servers import TOKEN, Server
from tests.sandbox.test_remote import post
from tests.waiting import happens

ECHO = Job(
    argv=("python", "-c", "import os\nwhile d := os.read(3, 99): os.write(3, d)"), limits=Limits(wall_seconds=200)
)
QUICK = Job(argv=("python", "-c", "print(1)"))
SLOW = Job(argv=("sleep", "300"), limits=Limits(wall_seconds=400))


async def one(sandbox: Sandbox, draw: random.Random) -> None:
    """Something of everything: half of it is given up on the way."""
    job = draw.choice((QUICK, SLOW, ECHO))
    given_up = draw.choice((0.0, 0.01, 0.05, 0.2))
    if job is QUICK:
        given_up = draw.choice((0.01, 0.05, 200.0))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(given_up):
            if job is not ECHO:
                await sandbox.run(job)
                return
            session = await sandbox.open(job, draw.choice((None, SLOW)))
            try:
                await session.send(b"x" * draw.choice((1, 100_000)))
                await session.receive()
            finally:
                await session.close()


async def storm(sandbox: Sandbox, seed: int) -> None:
    draw = random.Random(seed)
    await asyncio.gather(*(one(sandbox, draw) for _ in range(60)))


async def settled(quiet: Callable[[], bool]) -> None:
    await happens(quiet, "the end of what was given up")


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_docker_holds_nothing_of_what_was_given_up(docker_image: str) -> None:
    async def within() -> None:
        sandbox = DockerSandbox(slots=2, image=docker_image)
        try:
            await storm(sandbox, 0)
            client = (await sandbox._running()).client
            before = descriptors()
            for seed in range(1, 5):
                await storm(sandbox, seed)
            await settled(lambda: sandbox._turn._value == 4 and not client._talks)
            assert descriptors() <= before + 2
            assert (await sandbox.run(QUICK)).stdout == b"1\n"
            assert not client.lost, "it is the same container"
        finally:
            await sandbox.close()

    asyncio.run(within())


def test_a_server_and_its_client_hold_nothing_of_what_was_given_up(require: Callable[[str], None]) -> None:
    require("serve")
    require("isolation")
    with Server() as server:

        def in_server() -> Any:
            lines = post(server, "/metrics", b"")[2].decode().splitlines()
            counts = {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}
            return counts["rlvr_sandbox_running"] + counts["rlvr_sandbox_waiting"]

        async def within() -> None:
            sandbox = RemoteSandbox([server.url], token=TOKEN)
            try:
                await storm(sandbox, 0)
                before = descriptors()
                opened = len(os.listdir(f"/proc/{server.process.pid}/fd"))
                for seed in range(1, 5):
                    await storm(sandbox, seed)
                await settled(lambda: sandbox._servers[0].held == 0 and in_server() == 0)
                assert descriptors() <= before + 2
                assert len(os.listdir(f"/proc/{server.process.pid}/fd")) <= opened + 4 * 7, (
                    "all slots that two runs at once and their peers may need, of seven each"
                )
                assert (await sandbox.run(QUICK)).stdout == b"1\n"
            finally:
                with contextlib.suppress(SandboxError):
                    await sandbox.close()

        asyncio.run(within())
