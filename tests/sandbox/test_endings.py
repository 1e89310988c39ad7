"""A sandbox that is never closed, and a keeper that is killed: all processes end nevertheless."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import sandbox.cgroups
from sandbox.docker import DockerSandbox
from sandbox.namespaces import NamespaceSandbox
from sandbox.types import Job, Limits
from sandbox.weak import WeakSandbox
from tests.sandbox.processes import descendants, name_of, sandboxes_below
from tests.waiting import PATIENCE, happens, until

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's"),
    pytest.mark.usefixtures("isolation"),
]
HELLO = Job(argv=("python", "-c", "print('hello')"))
SLEEP = Job(argv=("sleep", "300"), limits=Limits(wall_seconds=400))


@pytest.fixture
def others() -> set[int]:
    """What is below this process before."""
    gc.collect()
    return descendants(os.getpid())


def names_below(others: set[int]) -> set[str]:
    return {name_of(pid) for pid in descendants(os.getpid()) - others}


def wait_for_the_end(others: set[int]) -> None:
    """Nothing of a sandbox is left, nobody that has ended and waits to be looked after included."""
    until(lambda: not descendants(os.getpid()) - others, "every process of the sandbox to go")


def test_a_sandbox_that_is_dropped_ends_in_its_event_loop(others: set[int]) -> None:
    async def within() -> None:
        box = NamespaceSandbox(slots=1)
        await box.run(HELLO)
        assert sandboxes_below(others)
        del box
        gc.collect()
        await asyncio.to_thread(wait_for_the_end, others)

    asyncio.run(within())


def test_a_sandbox_ends_with_its_event_loop(others: set[int]) -> None:
    kept: list[NamespaceSandbox] = []

    async def within() -> None:
        kept.append(NamespaceSandbox(slots=2))
        await kept[0].run(HELLO)
        kept.append(asyncio.create_task(kept[0].run(SLEEP)))  # type: ignore[arg-type]
        await asyncio.sleep(0.2)
        assert sandboxes_below(others)

    asyncio.run(within())
    wait_for_the_end(others)
    asyncio.run(kept[0].close())


def test_a_sandbox_that_is_dropped_after_its_event_loop_ends(others: set[int]) -> None:
    """A loop that was closed by hand tells nobody."""
    loop = asyncio.new_event_loop()
    box = NamespaceSandbox(slots=1)
    loop.run_until_complete(box.run(HELLO))
    loop.close()
    assert sandboxes_below(others)
    del box, loop
    gc.collect()
    wait_for_the_end(others)


def test_a_sandbox_is_closed_where_no_thread_can_be_started(others: set[int], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise RuntimeError("can't start new thread")

    async def within() -> None:
        box = NamespaceSandbox(slots=1)
        await box.run(HELLO)
        with monkeypatch.context() as patched:
            patched.setattr(ThreadPoolExecutor, "submit", refuse)
            await box.close()
        assert not descendants(os.getpid()) - others

    asyncio.run(within())


def test_a_fork_that_drops_its_copy_ends_nothing() -> None:
    async def within() -> bytes:
        box = NamespaceSandbox(slots=1)
        await box.run(HELLO)
        pid = os.fork()
        if pid == 0:
            del box
            gc.collect()
            os._exit(0)
        os.waitpid(pid, 0)  # noqa: ASYNC222
        inits = sandboxes_below()
        said = (await box.run(HELLO)).stdout
        assert sandboxes_below() == inits
        await box.close()
        return said

    assert asyncio.run(within()) == b"hello\n"


def test_a_zygote_ends_with_its_keeper_from_the_first_moment_on(
    others: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also before it has been told anything: it must not wait for a supervisor that is busy."""
    make: Callable[[str], sandbox.cgroups.Cgroups | None] = sandbox.cgroups.make
    gone: list[bool] = []

    def make_late(name: str) -> sandbox.cgroups.Cgroups | None:
        until(lambda: "rlvr-keeper" in sandboxes_below(others).values(), "a keeper")
        (keeper,) = (pid for pid, named in sandboxes_below(others).items() if named == "rlvr-keeper")
        (zygote,) = descendants(keeper)
        if not gone:
            os.kill(keeper, signal.SIGKILL)
            until(lambda: not name_of(zygote), "the zygote to end")
            gone.append(True)
        return make(name)

    monkeypatch.setattr(sandbox.cgroups, "make", make_late)

    async def within() -> None:
        box = NamespaceSandbox(slots=1)
        try:
            with contextlib.suppress(sandbox.SandboxUnavailable):
                await box.run(HELLO)
            assert (await box.run(HELLO)).stdout == b"hello\n"
        finally:
            await box.close()

    asyncio.run(within())
    assert gone == [True]


def test_nothing_of_a_run_stays_when_the_keeper_is_killed(others: set[int]) -> None:
    async def within() -> bytes:
        box = NamespaceSandbox(slots=1)
        try:
            task = asyncio.create_task(box.run(SLEEP))
            await happens(lambda: "sleep" in names_below(others), "the program")
            family = descendants(os.getpid()) - others
            keeper = next(pid for pid, name in sandboxes_below(others).items() if name == "rlvr-keeper")
            os.kill(keeper, signal.SIGKILL)
            await happens(lambda: not any(map(name_of, family - {keeper})), "what it kept to end")
            task.cancel()
            return (await box.run(HELLO)).stdout
        finally:
            await box.close()

    assert asyncio.run(asyncio.wait_for(within(), PATIENCE)) == b"hello\n"
    wait_for_the_end(others)


def test_a_weak_run_ends_with_its_event_loop(others: set[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    async def within() -> None:
        task = asyncio.create_task(WeakSandbox(slots=2).run(SLEEP))
        await happens(lambda: "sleep" in names_below(others), "the program")
        assert not task.done()

    asyncio.run(within())
    wait_for_the_end(others)
    until(lambda: not list(tmp_path.iterdir()), "its folder to go")


def test_a_session_keeps_its_sandbox() -> None:
    async def within() -> bytes:
        session = await NamespaceSandbox(slots=1).open(Job(argv=("sh", "-c", "sleep 0.5; echo still here >&3")))
        gc.collect()
        try:
            return await session.receive()
        finally:
            await session.close()

    assert asyncio.run(within()) == b"still here\n"


def test_a_container_ends_with_its_event_loop(docker_image: str, others: set[int]) -> None:
    kept: list[DockerSandbox] = []

    async def within() -> None:
        kept.append(DockerSandbox(slots=1, image=docker_image))
        assert (await kept[0].run(HELLO)).stdout == b"hello\n"
        assert running_containers()

    def running_containers() -> str:
        words = ["docker", "ps", "--quiet", "--filter", f"name=rlvr-sandbox-{os.getpid()}-"]
        return subprocess.run(words, capture_output=True, text=True, check=True, timeout=300).stdout

    asyncio.run(within())
    assert not running_containers()
    wait_for_the_end(others)
