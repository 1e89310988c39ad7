"""What the ray sandbox does beyond the conformance suite: actors that die or stop."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox.errors import SandboxUnavailable
from sandbox.ray import connect
from sandbox.types import Job, JobResult, Limits
from tests.conformance.sandbox import gone, new_token, processes_with, there
from tests.waiting import happens

pytestmark = pytest.mark.slow(50)
HELLO = Job(argv=("python", "-c", "print('hello')"))


@pytest.fixture(scope="module")
def cluster(require: Callable[[str], None]) -> Iterator[None]:
    """A cluster that this process is in, which sandboxes of all tests use; it starts no worker before one is needed."""
    require("ray")
    require("isolation")
    import ray

    start_cluster()
    yield
    ray.shutdown()


def start_cluster() -> None:
    import ray

    connect(
        ray,
        address="local",  # not one that another test has made
        num_cpus=1,
        include_dashboard=False,
        log_to_driver=False,
        configure_logging=False,
        _system_config={"enable_worker_prestart": False, "prestart_worker_first_driver": False},
    )


def with_sandbox(work: Callable[[Any], Any]) -> Any:
    from sandbox.ray import RaySandbox

    async def within() -> Any:
        sandbox = RaySandbox(slots=2)
        try:
            return await work(sandbox)
        finally:
            await sandbox.close()

    return asyncio.run(within())


def sleeper(token: str, seconds: float) -> Job:
    code = "import os, sys\nos.execv('/bin/sleep', sys.argv[1:])"
    return Job(argv=("python", "-c", code, token, str(seconds)), limits=Limits(wall_seconds=300))


def kill_actor(sandbox: Any) -> None:
    import ray

    ray.kill(sandbox._nodes[0].calls._actor)


@pytest.mark.usefixtures("cluster")
def test_runs_of_an_actor_that_dies_are_repeated_once_and_nothing_is_left() -> None:
    async def work(sandbox: Any) -> tuple[list[JobResult], JobResult]:
        token = new_token()
        running = asyncio.create_task(sandbox.run(sleeper(token, 5)))
        await there(token)
        others = [asyncio.create_task(sandbox.run(HELLO)) for _ in range(20)]
        kill_actor(sandbox)
        results = await asyncio.gather(*others)
        result = await running
        await gone(token)
        return results, result

    results, result = with_sandbox(work)
    assert result.succeeded
    assert {r.stdout for r in results} == {b"hello\n"}
    assert result.isolation.startswith("ray: namespaces")


@pytest.mark.usefixtures("cluster")
def test_an_actor_that_dies_twice_under_a_run_is_an_error() -> None:
    async def work(sandbox: Any) -> None:
        token = new_token()
        running = asyncio.create_task(sandbox.run(sleeper(token, 250)))
        for _ in range(2):
            await there(token)
            before = set(processes_with(token))
            kill_actor(sandbox)
            await happens(lambda: not before & set(processes_with(token)), "the run to go")  # noqa: B023
        with pytest.raises(SandboxUnavailable, match="twice"):
            await running
        assert (await sandbox.run(HELLO)).stdout == b"hello\n"

    with_sandbox(work)


@pytest.mark.usefixtures("cluster")
def test_an_actor_that_is_stopped_is_given_up_with_all_that_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    import psutil

    monkeypatch.setattr("sandbox.ray.SILENCE_SECONDS", 5.0)

    async def work(sandbox: Any) -> tuple[bytes, JobResult]:
        token = new_token()
        session = await sandbox.open(sleeper(token, 250))
        running = asyncio.create_task(sandbox.run(sleeper(token, 5)))
        await there(token)
        above = psutil.Process(min(processes_with(token))).parents()
        actor = next(process for process in above if process.name().startswith("ray::NodeSlots"))
        os.kill(actor.pid, signal.SIGSTOP)
        with pytest.raises(SandboxUnavailable, match="died under a run"):
            await session.result()
        assert await session.receive() == b""
        result = await running
        await session.close()
        await gone(token)
        await happens(lambda: not actor.is_running(), "the actor to go")
        return (await sandbox.run(HELLO)).stdout, result

    said, result = with_sandbox(work)
    assert said == b"hello\n"
    assert result.succeeded


def test_a_missing_ray_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from sandbox.ray import RaySandbox

    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(SandboxUnavailable, match=r"rlvr\[cluster\]"):
        RaySandbox()


def test_a_cluster_that_does_not_start_is_an_unavailable_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    ray = pytest.importorskip("ray")

    def too_late(**_options: object) -> None:
        raise Exception("The current node timed out during startup.")

    monkeypatch.setattr(ray, "init", too_late)
    monkeypatch.setattr(ray, "is_initialized", lambda: False)

    async def work(sandbox: Any) -> None:
        with pytest.raises(SandboxUnavailable, match="timed out during startup"):
            await sandbox.run(HELLO)

    with_sandbox(work)


@pytest.mark.usefixtures("cluster")
def test_a_sandbox_that_outlives_its_cluster_is_closed_without_starting_another() -> None:
    import ray

    async def work(sandbox: Any) -> str:
        result = await sandbox.run(HELLO)
        ray.shutdown()
        await sandbox.close()
        return str(result.stdout, "utf-8")

    try:
        assert with_sandbox(work) == "hello\n"
        assert not ray.is_initialized()
    finally:
        ray.shutdown()
        start_cluster()


@pytest.mark.usefixtures("cluster")
def test_a_sandbox_that_is_closed_under_a_run_starts_no_actor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody would end it, and if Ray was shut down, a cluster would start for it."""
    from sandbox.ray import RaySandbox

    started: list[str] = []

    async def work(sandbox: Any) -> None:
        token = new_token()
        code = "import os, sys\nos.execv('/bin/sleep', [sys.argv[1], '300'])"
        long = Job(argv=("python", "-c", code, token), limits=Limits(wall_seconds=300))
        running = asyncio.create_task(sandbox.run(long))
        await there(token)
        monkeypatch.setattr(RaySandbox, "_node", lambda _sandbox, home: started.append(home))
        await sandbox.close()
        with pytest.raises(SandboxUnavailable, match="closed"):
            await running
        await asyncio.sleep(0.2)  # more than a start that nobody waits for needs

    with_sandbox(work)
    assert started == []


def test_a_node_that_is_not_up_in_rays_own_time_is_started_once_more() -> None:
    began: list[dict[str, object]] = []

    class Slow:
        def init(self, **options: object) -> None:
            began.append(options)
            if len(began) == 1:
                raise Exception("The current node timed out during startup. This could happen because ...")

    connect(Slow(), address="local")
    assert began == [{"address": "local"}] * 2


def test_another_fault_of_a_cluster_is_said_at_once() -> None:
    began: list[str] = []

    class Absent:
        def init(self, *, address: str) -> None:
            began.append(address)
            raise ConnectionError(f"nobody is at {address}")

    with pytest.raises(ConnectionError, match="nobody is at x:1"):
        connect(Absent(), address="x:1")
    assert began == ["x:1"]


def test_calls_that_are_never_answered_do_not_hold_up_the_end(require: Callable[[str], None]) -> None:
    """As those of a cluster that was shut down may be."""
    require("ray")
    import ray

    from sandbox.ray import NodeLost, _Calls

    def method() -> Any:
        return SimpleNamespace(remote=lambda *_: asyncio.get_running_loop().create_future())

    actor = SimpleNamespace(take=method(), put=method(), close=method())

    async def work() -> None:
        calls = _Calls(SimpleNamespace(is_initialized=lambda: False, exceptions=ray.exceptions), actor)
        await calls.send(b"hello")
        taking = asyncio.create_task(calls.receive())
        await asyncio.sleep(0)
        await calls.close()
        with pytest.raises(NodeLost, match="shut down"):
            await asyncio.wait_for(taking, 60)

    asyncio.run(work())
