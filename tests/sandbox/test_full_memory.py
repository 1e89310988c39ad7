"""A machine, or a container, whose memory is full: the kernel kills programs for what is not their fault."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.waiting import PATIENCE, until

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's"),
    pytest.mark.usefixtures("isolation"),
]
ROOT = Path(__file__).resolve().parents[2]
# In a cgroup of 256 MiB, a program that takes 400 MiB, under a limit beyond the cgroup's and under one below it.
SUPERVISOR = """
import asyncio, sys
open(sys.argv[1], "w").write("0")
from sandbox.errors import SandboxUnavailable
from sandbox.namespaces import NamespaceSandbox
from sandbox.types import Job, Limits

async def main():
    sandbox = NamespaceSandbox(slots=1)
    for mebibytes in (2048, 96):
        limits = Limits(memory_bytes=mebibytes << 20, wall_seconds=100)
        try:
            result = await sandbox.run(Job(argv=("python", "-c", "b'x' * (400 << 20)"), limits=limits))
            print(result.ended)
        except SandboxUnavailable as error:
            print(error)
    await sandbox.close()

asyncio.run(main())
"""


@contextlib.contextmanager
def full_cgroup() -> Iterator[Path]:
    """The `cgroup.procs` of a cgroup with 256 MiB below this process's (v1), or below the root (v2)."""
    rows = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
    v1 = next((path for _number, controllers, path in rows if "memory" in controllers.split(",")), None)
    above = Path("/sys/fs/cgroup") if v1 is None else Path("/sys/fs/cgroup/memory") / v1.lstrip("/")
    outer = above / f"full-memory-{os.getpid()}"
    within = outer / "supervisor"
    try:
        within.mkdir(parents=True)
        (outer / ("memory.max" if v1 is None else "memory.limit_in_bytes")).write_text(str(256 << 20))
        yield within / "cgroup.procs"
    finally:
        until(lambda: _removed(within) and _removed(outer), "the cgroup to be empty")


def _removed(folder: Path) -> bool:
    with contextlib.suppress(OSError):
        folder.rmdir()
    return not folder.exists()


def test_a_program_that_is_killed_for_the_memory_of_others_has_no_result(require: Callable[[str], None]) -> None:
    require("cgroups")
    with full_cgroup() as entry:
        ran = subprocess.run(
            [sys.executable, "-c", SUPERVISOR, str(entry)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert ran.returncode == 0, ran.stderr
    killed_by_others, killed_by_itself = ran.stdout.splitlines()
    assert "the memory of the machine, or of a cgroup above the sandbox, is full" in killed_by_others
    assert killed_by_itself == "memory"
