"""A supervisor in a process of its own: without streams, never closed, in another thread, killed at any moment."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sandbox.namespaces import NamespaceSandbox
from sandbox.types import Job
from tests.sandbox.processes import descendants, name_of, ours
from tests.waiting import until

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's"),
    pytest.mark.usefixtures("isolation"),
]
HELLO = Job(argv=("python", "-c", "print('hello')"))
ROOT = Path(__file__).resolve().parents[2]


def in_a_process(source: str, *, prelude: str = "", **more: object) -> subprocess.CompletedProcess[str]:
    text = textwrap.dedent(prelude) + textwrap.dedent(
        """
        import asyncio, os, sys
        from sandbox.namespaces import NamespaceSandbox
        from sandbox.types import Job, Limits
        """
    )
    text += textwrap.dedent(source)
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", text], cwd=ROOT, capture_output=True, text=True, timeout=600, **more
    )  # type: ignore[call-overload,no-any-return]


def test_a_supervisor_without_standard_streams_works() -> None:
    done = in_a_process(
        """
        told = os.dup(1)
        os.closerange(0, 3)
        async def main():
            box = NamespaceSandbox(slots=2)
            out = (await box.run(Job(argv=("python", "-c", "print(input())"), stdin=b"in", outputs=("x",)))).stdout
            session = await box.open(Job(argv=("sh", "-c", "echo out >&3")))
            out += await session.receive()
            await session.close()
            await box.close()
            os.write(told, out)
        asyncio.run(main())
        """
    )
    assert done.stdout == "in\nout\n", done


def test_signals_that_the_supervisor_blocks_or_ignores_are_the_programs_own_again() -> None:
    done = in_a_process(
        """
        import signal
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGALRM, signal.SIGXCPU})
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGUSR1): signal.signal(number, signal.SIG_IGN)
        source = "import signal; print(signal.pthread_sigmask(signal.SIG_BLOCK, ()), [signal.getsignal(n) == "
        source += "signal.SIG_IGN for n in (1, 10)], signal.getsignal(2) == signal.default_int_handler)"
        async def main():
            box = NamespaceSandbox(slots=2)
            for word in ("python", sys.executable):
                print((await box.run(Job(argv=(word, "-c", source)))).stdout.decode(), end="")
            await box.close()
        asyncio.run(main())
        """
    )
    assert done.stdout == "set() [False, False] True\n" * 2, done


def test_a_sandbox_that_is_never_closed_ends_with_its_process() -> None:
    done = in_a_process(
        """
        async def main():
            box = NamespaceSandbox(slots=2)
            asyncio.create_task(box.run(Job(argv=("sleep", "50"), limits=Limits(wall_seconds=60))))
            print((await box.run(Job(argv=("echo", "hello")))).stdout.decode(), os.getpid())
        asyncio.run(main())
        """
    )
    hello, pid = done.stdout.split()
    assert hello == "hello"
    assert done.returncode == 0
    until(lambda: not ours(int(pid)), "all that it had started to end")


def test_a_run_needs_no_main_thread() -> None:
    import threading

    said: list[bytes] = []

    async def within() -> None:
        box = NamespaceSandbox(slots=1)
        try:
            said.append((await box.run(HELLO)).stdout)
        finally:
            await box.close()

    thread = threading.Thread(target=lambda: asyncio.run(within()))
    thread.start()
    thread.join()
    assert said == [b"hello\n"]


KILLED = """
    async def main():
        box = NamespaceSandbox(slots=2)
        job = Job(argv=("python", "-c", "import os, time; os.fork(); time.sleep(0.05)"), outputs=("x",))
        os.write(1, b"x")
        while True:
            await asyncio.gather(*(box.run(job) for _ in range(4)))
    asyncio.run(main())
"""


def kill_one_after(seconds: float) -> None:
    """End a supervisor, and wait until its processes and cgroups are gone."""
    text = "import asyncio, os\nfrom sandbox.namespaces import NamespaceSandbox\nfrom sandbox.types import Job\n"
    process = subprocess.Popen(
        [sys.executable, "-c", text + textwrap.dedent(KILLED)], cwd=ROOT, stdout=subprocess.PIPE,
        env={**os.environ, "RLVR_TEST": "x"},
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.read(1)
    limit = time.monotonic() + seconds
    family: set[int] = set()
    while time.monotonic() < limit:
        family |= descendants(process.pid)
    family |= descendants(process.pid)
    process.kill()
    process.wait()
    process.stdout.close()
    until(lambda: not any(map(name_of, family)) and not ours(process.pid), "its processes and cgroups to go")


@pytest.mark.slow(10)
def test_a_supervisor_that_is_killed_at_any_moment_leaves_nothing() -> None:
    draw = random.Random(7)
    moments = [draw.choice((0.02, 0.1, 1.0)) * draw.random() for _ in range(int(os.environ.get("RLVR_KILLS", "12")))]
    with ThreadPoolExecutor(4) as side_by_side:  # most of it is waiting
        list(side_by_side.map(kill_one_after, moments))
