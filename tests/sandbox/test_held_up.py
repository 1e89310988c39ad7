"""What holds a run up, and is not held against it: a supervisor without a core, and the kernel at its end."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandbox.namespaces import NamespaceSandbox
from sandbox.types import Ended, Job, Limits
from sandbox.zygote.slots import is_exiting
from sandbox.zygote.usage import longest_wait
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")


@pytest.mark.parametrize(
    ("program", "stdin", "ended"),
    [
        ("print('x' * 300_000)", b"", Ended.EXITED),
        ("import sys; sys.stderr.write('x' * 300_000)", b"", Ended.EXITED),
        ("import sys; assert len(sys.stdin.read()) == 300_000", b"x" * 300_000, Ended.EXITED),
        ("import time; time.sleep(300)", b"x" * 300_000, Ended.WALL),
    ],
)
@pytest.mark.usefixtures("isolation")
def test_what_waits_for_a_supervisor_that_is_held_up_is_not_late(program: str, stdin: bytes, ended: Ended) -> None:
    job = Job(argv=("python", "-c", program), stdin=stdin, limits=Limits(wall_seconds=0.5))

    async def within() -> Ended:
        box = NamespaceSandbox(slots=1)
        try:
            await box.run(Job(argv=("python", "-c", "")))
            task = asyncio.create_task(box.run(job))
            while not task.done():
                time.sleep(0.2)  # noqa: ASYNC251  # the loop reads and writes a piece in between
                await asyncio.sleep(0)
            result = await task
            assert ended is not Ended.EXITED or result.succeeded, result
            return result.ended
        finally:
            await box.close()

    assert asyncio.run(asyncio.wait_for(within(), PATIENCE)) is ended


@pytest.mark.usefixtures("isolation")
def test_what_a_program_with_a_channel_prints_is_read_while_it_runs_and_when_it_ends() -> None:
    """Its pipes are watched a little later than it starts."""
    program = "import sys\nfor n in range(2): print(f'{n}' * 300_000); sys.stderr.write(f'{n}' * 300_000)\n"

    async def within() -> None:
        box = NamespaceSandbox(slots=1)
        try:
            for text in (program, "print('short')"):
                session = await box.open(Job(argv=("python", "-c", text)))
                result = await session.result()
                await session.close()
                assert result.succeeded
                lengths = len(result.stdout), len(result.stderr)
                assert lengths == ((600_002, 600_000) if text == program else (6, 0))
        finally:
            await box.close()

    asyncio.run(asyncio.wait_for(within(), PATIENCE))


@pytest.mark.parametrize(
    ("program", "state", "exiting"),
    [
        ("", "Z", True),
        ("import time; time.sleep(300)", "S", False),
        # its first thread has exited, the other goes on
        ("import ctypes, platform, threading, time; threading.Thread(target=time.sleep, args=(300,)).start();"
         "ctypes.CDLL(None).syscall({'x86_64': 60, 'aarch64': 93}[platform.machine()], 0)", "Z", False),
    ],
)  # fmt: skip
def test_a_program_is_exiting_when_none_of_its_threads_is_left(program: str, state: str, exiting: bool) -> None:
    with subprocess.Popen([sys.executable, "-S", "-c", program]) as process:
        status = Path(f"/proc/{process.pid}/stat")
        until(lambda: status.read_text().rpartition(")")[2].split()[0] == state, "its state")
        found = is_exiting(process.pid)
        process.kill()
    assert found is exiting


def test_waiting_is_that_of_any_thread() -> None:
    program = (
        "import threading, time; threading.Thread(target=lambda: [time.sleep(1e-5) for _ in iter(int, 1)]).start()"
    )
    with subprocess.Popen([sys.executable, "-S", "-c", program]) as process:
        threads = Path(f"/proc/{process.pid}/task")

        def waited() -> dict[str, float]:
            return {
                thread.name: int((thread / "schedstat").read_text().split()[1]) / 1e9 for thread in threads.iterdir()
            }

        first = str(process.pid)
        until(lambda: any(seconds > 2 * waited()[first] for seconds in waited().values()), "another thread to wait")
        least = max(waited().values())
        found, _computed = longest_wait(process.pid, (0.0, -1.0))
        process.kill()
    assert found >= least
    assert longest_wait(process.pid, (found, 1.0)) == (found, 1.0)
