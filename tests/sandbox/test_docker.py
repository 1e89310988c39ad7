"""What the docker sandbox does beyond the conformance suite: crashes, hardening, stale containers, what is missing."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox import docker as backend
from sandbox.container import MEETING
from sandbox.docker import LABEL, DockerSandbox, seccomp_profile
from sandbox.errors import SandboxUnavailable
from sandbox.rendezvous import Rendezvous
from sandbox.transports import UnixStream
from sandbox.types import Job, Limits
from tests.conformance.sandbox import new_token, processes_with, there
from tests.sandbox.processes import few_descriptors
from tests.waiting import PATIENCE, happens

HELLO = Job(argv=("python", "-c", "print('hello')"))


def docker(*words: str) -> str:
    return subprocess.run(
        ["docker", *words], capture_output=True, text=True, check=True, timeout=PATIENCE
    ).stdout.strip()


def containers() -> list[str]:
    return docker("ps", "--all", "--quiet", "--no-trunc", "--filter", f"label={LABEL}").split()


def sleeper(token: str, seconds: int = 300) -> Job:
    code = "import os, sys\nos.execv('/bin/sleep', [sys.argv[1], sys.argv[2]])"
    return Job(argv=("python", "-c", code, token, str(seconds)), limits=Limits(wall_seconds=400))


ECHO = Job(argv=("python", "-c", "import os\nwhile came := os.read(3, 1 << 16): os.write(3, came.upper())"))


async def echoed(sandbox: DockerSandbox) -> tuple[bool, bytes]:
    """Whether the sandbox is reached by a socket, and what a session of it answers, after 3 MB in both directions."""
    session = await sandbox.open(ECHO)
    sending = asyncio.create_task(session.send(b"a" * (3 << 20) + b"end"))
    came = b""
    while not came.endswith(b"END"):
        came += await session.receive()
    await sending
    await session.close()
    assert len(came) == (3 << 20) + 3
    return isinstance((await sandbox._running()).client._transport, UnixStream), came[-4:]


def with_sandbox(work: Callable[[DockerSandbox], Any], **options: Any) -> Any:
    async def within() -> Any:
        sandbox = DockerSandbox(slots=2, **options)
        try:
            return await work(sandbox)
        finally:
            await sandbox.close()

    return asyncio.run(within())


async def own_container(sandbox: DockerSandbox) -> str:
    held = await sandbox._running()
    return docker("inspect", "--format", "{{.Id}}", held._name)


def test_runs_of_a_container_that_dies_are_repeated_once(docker_image: str) -> None:
    async def work(sandbox: DockerSandbox) -> None:
        await sandbox.run(HELLO)
        token = new_token()
        running = asyncio.create_task(sandbox.run(sleeper(token, 10)))
        await there(token)
        first = await own_container(sandbox)
        docker("kill", first)
        assert (await running).succeeded
        assert await own_container(sandbox) != first

    with_sandbox(work, image=docker_image)


def test_a_container_that_dies_twice_under_a_run_is_an_error(docker_image: str) -> None:
    async def work(sandbox: DockerSandbox) -> None:
        await sandbox.run(HELLO)
        token = new_token()
        running = asyncio.create_task(sandbox.run(sleeper(token)))
        for _ in range(2):
            await there(token)
            before = set(processes_with(token))
            docker("kill", await own_container(sandbox))
            await happens(lambda: not before & set(processes_with(token)), "the run to go")  # noqa: B023
        with pytest.raises(SandboxUnavailable, match=r"twice.*137"):
            await running
        assert (await sandbox.run(HELLO)).stdout == b"hello\n", "others go on"

    with_sandbox(work, image=docker_image)


def test_a_session_of_a_container_that_dies_is_an_error(docker_image: str) -> None:
    async def work(sandbox: DockerSandbox) -> None:
        token = new_token()
        session = await sandbox.open(sleeper(token))
        await there(token)
        docker("kill", await own_container(sandbox))
        assert await session.receive() == b""
        with pytest.raises(SandboxUnavailable, match="died under a run"):
            await session.result()
        await session.send(b"swallowed")
        await session.close()
        assert (await sandbox.run(HELLO)).stdout == b"hello\n"

    with_sandbox(work, image=docker_image)


def test_the_container_is_hardened(docker_image: str) -> None:
    async def work(sandbox: DockerSandbox) -> dict[str, Any]:
        await sandbox.run(HELLO)
        about: list[dict[str, Any]] = json.loads(docker("inspect", await own_container(sandbox)))
        return about[0]

    about = with_sandbox(work, image=docker_image, memory_bytes=1 << 30)
    host = about["HostConfig"]
    assert host["NetworkMode"] == "none"
    assert host["ReadonlyRootfs"] is True
    assert not host["Privileged"]
    assert host["CapDrop"] == ["ALL"]
    assert "SYS_ADMIN" in {name.removeprefix("CAP_") for name in host["CapAdd"]}
    assert len(host["CapAdd"]) <= 7
    assert host["Memory"] == host["MemorySwap"] == 1 << 30
    assert 0 < host["PidsLimit"] < 2000
    assert not host["Binds"]
    (mount,) = host["Mounts"]  # of this machine it sees the folder where it meets us, which is gone by now
    assert (mount["Target"], mount["ReadOnly"]) == (MEETING, True)
    assert not os.path.exists(mount["Source"])
    assert "no-new-privileges" in host["SecurityOpt"]
    (profile,) = [json.loads(o.removeprefix("seccomp=")) for o in host["SecurityOpt"] if o.startswith("seccomp=")]
    assert profile["syscalls"][0]["names"] == seccomp_profile()["syscalls"][0]["names"]  # type: ignore[index]


def test_it_is_reached_by_a_socket_that_no_program_sees(docker_image: str) -> None:
    look = f"import os; print(os.path.exists({MEETING!r}), [n for n in os.listdir('/') if 'rlvr' in n])"

    async def work(sandbox: DockerSandbox) -> tuple[tuple[bool, bytes], bytes]:
        return await echoed(sandbox), (await sandbox.run(Job(argv=("python", "-c", look)))).stdout

    assert with_sandbox(work, image=docker_image) == ((True, b"AEND"), b"False []\n")


def test_without_the_socket_it_is_reached_by_its_standard_streams(
    docker_image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def none() -> None:
        return None

    monkeypatch.setattr(backend, "_meeting", none)
    assert with_sandbox(echoed, image=docker_image) == (False, b"AEND")


@pytest.mark.parametrize("fault", ["the daemon does not have the folder", "the container cannot connect"])
def test_a_socket_that_cannot_be_used_is_done_without(
    docker_image: str, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    async def faulty() -> Rendezvous:
        meeting = Rendezvous()
        if "daemon" in fault:
            meeting.folder += "-elsewhere"
        else:
            meeting._listener.close()
        return meeting

    monkeypatch.setattr(backend, "_meeting", faulty)
    assert with_sandbox(echoed, image=docker_image) == (False, b"AEND")


def test_a_daemon_on_another_machine_is_not_met(
    monkeypatch: pytest.MonkeyPatch, require: Callable[[str], None]
) -> None:
    require("docker")
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
    assert asyncio.run(backend._meeting()) is None


def test_it_works_without_the_capability_to_mount(docker_image: str) -> None:
    result = with_sandbox(lambda sandbox: sandbox.run(HELLO), image=docker_image, privileged=False)
    assert result.stdout == b"hello\n"
    assert "memory per process only" in result.isolation


def test_a_closed_sandbox_leaves_no_container(docker_image: str) -> None:
    async def work(sandbox: DockerSandbox) -> str:
        await sandbox.run(HELLO)
        name = await own_container(sandbox)
        assert name in containers()
        return name

    assert with_sandbox(work, image=docker_image) not in containers()


def test_the_container_ends_with_the_command_that_holds_it(docker_image: str) -> None:
    async def work(sandbox: DockerSandbox) -> None:
        await sandbox.run(HELLO)
        name = await own_container(sandbox)
        (await sandbox._running())._command.kill()
        await happens(lambda: name not in containers(), "the daemon to remove it")
        assert (await sandbox.run(HELLO)).stdout == b"hello\n"

    with_sandbox(work, image=docker_image)


def test_a_container_whose_owner_is_gone_is_swept(docker_image: str) -> None:
    import socket

    label = f"{LABEL}={socket.gethostname()}/4194300/1"
    stale = docker("run", "--detach", "--network", "none", "--label", label, docker_image, "sleep", "300")
    with_sandbox(lambda sandbox: sandbox.run(HELLO), image=docker_image)
    assert stale not in containers()


def test_a_missing_image_says_how_to_make_it(require: Callable[[str], None]) -> None:
    require("docker")
    with pytest.raises(SandboxUnavailable, match="rlvr sandbox build --tag no-such-image"):
        with_sandbox(lambda sandbox: sandbox.run(HELLO), image="no-such-image")


def test_a_missing_docker_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SandboxUnavailable, match="install Docker"):
        with_sandbox(lambda sandbox: sandbox.run(HELLO), image="rlvr-sandbox")


def test_too_few_descriptors_are_said_at_any_step_and_nothing_leaks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = tmp_path / "docker"
    command.write_text("#!/bin/sh\nexec true\n")  # a daemon that answers everything, and whose containers end at once
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    async def within() -> list[str]:
        said = []
        before = len(os.listdir("/proc/self/fd"))
        for more in range(2, 24):
            sandbox = DockerSandbox(slots=1, image="rlvr-sandbox")
            with few_descriptors(more), pytest.raises(SandboxUnavailable) as error:
                await sandbox.run(HELLO)
            said.append(str(error.value))
            await sandbox.close()
            assert len(os.listdir("/proc/self/fd")) == before
        return said

    said = asyncio.run(within())
    assert "Too many open files" in said[0]
    assert "the container did not start" in said[-1]
