"""Many runs of every kind leave nothing: descriptors, processes, mounts, cgroups and memory are flat.

400 runs by default; RLVR_SOAK=100000 for the long one.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.namespaces import NamespaceSandbox
from sandbox.types import Ended, Job, JobResult, Limits
from tests.sandbox.processes import cgroup_folders, descendants, name_of
from tests.waiting import happens

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's"),
    pytest.mark.usefixtures("isolation"),
]
RUNS = int(os.environ.get("RLVR_SOAK", "400"))
QUICK = Limits(wall_seconds=10.0, cpu_seconds=10.0, output_bytes=1 << 16, memory_bytes=128 << 20, disk_bytes=8 << 20)
TIGHT = Limits(wall_seconds=0.2, cpu_seconds=10.0, output_bytes=1 << 16, memory_bytes=128 << 20, disk_bytes=8 << 20)
ECHO = b"import socket; c = socket.socket(fileno=3); c.sendall(c.recv(99)[::-1])"

# Kind: the program, its limits, how it must end.
KINDS: dict[str, tuple[str, Limits, set[Ended]]] = {
    "prints": ("print(1)", QUICK, {Ended.EXITED}),
    "fails": ("1 / 0", QUICK, {Ended.EXITED}),
    "leaves a daemon": ("import os, time\nif os.fork() == 0:\n  os.setsid(); time.sleep(99)", QUICK, {Ended.EXITED}),
    "fills the disk": ("open('x', 'wb').write(bytes(9 << 20))", QUICK, {Ended.EXITED}),
    "is killed": ("import os; os.kill(os.getpid(), 9)", QUICK, {Ended.SIGNALLED}),
    "floods": ("print('x' * (1 << 20))", QUICK, {Ended.OUTPUT}),
    "hangs": ("while True: pass", TIGHT, {Ended.WALL}),
    "eats memory": ("x = bytearray(1 << 30); x[::4096] = b'x' * len(x[::4096])", QUICK, {Ended.MEMORY, Ended.EXITED}),
}
OFTEN = {"prints": 60, "fails": 10, "leaves a daemon": 5, "fills the disk": 3, "is killed": 5, "floods": 3, "hangs": 2}


@dataclass(frozen=True)
class Held:
    """What this process and its sandbox hold."""

    descriptors: int
    processes: int
    mounts: int
    cgroups: int
    resident: int

    def grown_to(self, later: Held) -> dict[str, int]:
        """What there is more of later, beyond slots that are replaced and runs on their way out."""
        most = {"descriptors": 4, "processes": 4, "mounts": 0, "cgroups": 6, "resident": 8 << 20}
        return {name: more for name in most if (more := getattr(later, name) - getattr(self, name)) > most[name]}


def held() -> Held:
    tree = descendants(os.getpid())
    zygotes = [pid for pid in tree if name_of(pid) == "rlvr-zygote"]
    mounts = [Path(f"/proc/{pid}/mounts").read_text().splitlines() for pid in [os.getpid(), *zygotes]]
    return Held(
        descriptors=len(list(Path("/proc/self/fd").iterdir())),
        processes=len(tree),
        mounts=sum("docker" not in line for lines in mounts for line in lines),  # other tests' containers come and go
        cgroups=len(list(Path("/sys/fs/cgroup").glob(f"**/rlvr-{os.getpid()}-*/**/"))),
        resident=int(Path("/proc/self/statm").read_text().split()[1]) * 4096,
    )


async def one(sandbox: NamespaceSandbox, number: int) -> None:
    """A run of a kind that depends on its number only."""
    drawn = random.Random(number)
    (kind,) = drawn.choices([*OFTEN, "eats memory", "session", "cancelled"], [*OFTEN.values(), 1, 6, 5])
    if kind == "session":
        session = await sandbox.open(Job(argv=("python", "main.py"), files={"main.py": ECHO}))
        await session.send(b"abc")
        assert await session.receive() == b"cba"
        await session.close()
    elif kind == "cancelled":
        task = asyncio.create_task(sandbox.run(Job(argv=("sleep", "30"))))
        await asyncio.sleep(drawn.random() * 0.02)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    else:
        source, limits, endings = KINDS[kind]
        result: JobResult = await sandbox.run(
            Job(argv=("python", "main.py"), files={"main.py": source.encode()}, limits=limits)
        )
        assert result.ended in endings, (kind, result)


@pytest.mark.slow(10)
def test_many_runs_of_every_kind_leave_nothing() -> None:
    async def soak() -> tuple[Held, Held]:
        sandbox = NamespaceSandbox(slots=4)
        try:
            await in_batches(sandbox, 100)
            before = held()
            await in_batches(sandbox, RUNS)
            with contextlib.suppress(AssertionError):  # cancelled runs end a moment later
                await happens(lambda: not before.grown_to(held()), "them to end")
            return before, held()
        finally:
            await sandbox.close()

    async def in_batches(sandbox: NamespaceSandbox, count: int) -> None:
        for first in range(0, count, 50):
            await asyncio.gather(*(one(sandbox, number) for number in range(first, min(first + 50, count))))

    before, after = asyncio.run(soak())
    assert not before.grown_to(after), (before, after)
    assert not cgroup_folders(os.getpid())
