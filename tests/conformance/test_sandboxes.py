"""Every sandbox passes the conformance suite; those that need an optional part are skipped where it is absent."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable, Iterator

import pytest

from sandbox.docker import LABEL, DockerSandbox
from sandbox.namespaces import NamespaceSandbox
from sandbox.protocol import Sandbox
from sandbox.remote import RemoteSandbox
from sandbox.types import JobResult, Limits
from sandbox.weak import WeakSandbox
from tests.conformance.sandbox import Check, Running, SandboxCase, exit_codes_come_back, python
from tests.conformance.sandbox_checks import CHECKS, WEAK_CHECKS
from tests.sandbox.images import IMAGE
from tests.sandbox.processes import cgroup_folders
from tests.sandbox.servers import TOKEN, Server
from tests.waiting import until

pytestmark = pytest.mark.slow(150)  # the clusters and containers of its sandboxes are started once


def containers_of(pid: int) -> list[str]:
    listing = ["docker", "ps", "--all", "--filter", f"label={LABEL}", "--format", f'{{{{.Label "{LABEL}"}}}}']
    owners = subprocess.run(listing, capture_output=True, text=True, check=True).stdout.split()
    return [owner for owner in owners if owner.split("/")[1] == str(pid)]


CASES = {
    "namespaces": SandboxCase(
        make=lambda: NamespaceSandbox(slots=2),
        source="from sandbox.namespaces import NamespaceSandbox\ndef make(): return NamespaceSandbox(slots=2)",
        leftovers=cgroup_folders,
    ),
    "user-namespaces": SandboxCase(
        make=lambda: NamespaceSandbox(slots=2, privileged=False),
        source="from sandbox.namespaces import NamespaceSandbox\n"
        "def make(): return NamespaceSandbox(slots=2, privileged=False)",
        leftovers=cgroup_folders,
    ),
    "docker": SandboxCase(
        make=lambda: DockerSandbox(slots=2, image=IMAGE),
        source=f"from sandbox.docker import DockerSandbox\ndef make(): return DockerSandbox(slots=2, image={IMAGE!r})",
        leftovers=containers_of,
    ),
}
WEAK = SandboxCase(
    make=lambda: WeakSandbox(slots=2),
    source="from sandbox.weak import WeakSandbox\ndef make(): return WeakSandbox(slots=2)",
    isolated=False,
    whole_tree=False,
)


@pytest.fixture(scope="module", params=CASES)
def running(request: pytest.FixtureRequest, require: Callable[[str], None]) -> Iterator[Running]:
    if request.param == "docker":
        require("docker")
        request.getfixturevalue("docker_image")
    else:
        require("isolation")
    with Running(CASES[request.param]) as running:
        yield running


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_sandbox_conforms(running: Running, check: Check) -> None:
    running.check(check)


@pytest.fixture(scope="module")
def remote(require: Callable[[str], None]) -> Iterator[Running]:
    require("serve")
    require("isolation")
    with Server() as server:
        about = f"[{server.url!r}], token={TOKEN!r}"
        case = SandboxCase(
            make=lambda: RemoteSandbox([server.url], token=TOKEN),
            source=f"from sandbox.remote import RemoteSandbox\ndef make(): return RemoteSandbox({about})",
        )
        with Running(case) as running:
            yield running


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_remote_sandbox_conforms(remote: Running, check: Check) -> None:
    remote.check(check)


@pytest.fixture(scope="module")
def over_ray(require: Callable[[str], None]) -> Iterator[Running]:
    require("ray")
    require("isolation")
    from sandbox.ray import RaySandbox

    case = SandboxCase(
        make=lambda: RaySandbox(slots=2),
        source="from sandbox.ray import RaySandbox\ndef make(): return RaySandbox(slots=2)",
        logs=frozenset({"ray"}),
    )
    with pytest.MonkeyPatch.context() as patch:
        for setting in ("enable_worker_prestart", "prestart_worker_first_driver"):
            patch.setenv(f"RAY_{setting}", "0")  # no worker before one is needed, here and in the run that is killed
        with Running(case) as running:
            yield running


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_ray_sandbox_conforms(over_ray: Running, check: Check) -> None:
    over_ray.check(check)


@pytest.fixture(scope="module")
def weak() -> Iterator[Running]:
    with Running(WEAK) as running:
        yield running


@pytest.mark.parametrize("check", WEAK_CHECKS, ids=lambda check: check.__name__)
def test_the_weak_sandbox_keeps_what_it_promises(weak: Running, check: Check) -> None:
    weak.check(check)


def test_a_check_that_fails_leaves_nothing_to_the_next(weak: Running) -> None:
    left: list[asyncio.Task[JobResult]] = []

    async def fails(sandbox: Sandbox, _case: SandboxCase) -> None:
        job = python("import time\ntime.sleep(600)", limits=Limits(wall_seconds=600))
        left.extend(asyncio.create_task(sandbox.run(job)) for _ in range(2))
        await asyncio.sleep(0)
        raise AssertionError("which has all places taken")

    with pytest.raises(AssertionError, match="all places"):
        weak.check(fails)
    weak.check(exit_codes_come_back)
    until(lambda: all(task.done() for task in left), "what it left to end")
    assert not any(task.exception() is None and task.result().succeeded for task in left)
