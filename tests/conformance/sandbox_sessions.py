# ruff: noqa: ASYNC220 - the checks look at the machine, and nothing waits for them meanwhile
"""Sessions and peers, the end of a sandbox and of the process that holds it. Part of the suite of `sandbox.py`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from sandbox.errors import SandboxUnavailable
from sandbox.protocol import Sandbox, Session
from sandbox.types import Ended, Limits
from tests.conformance.sandbox import SandboxCase, gone, new_token, output, python, there
from tests.waiting import happens

ROOT = Path(__file__).resolve().parents[2]
_ECHO = "import socket\ns = socket.socket(fileno=3)\nwhile data := s.recv(65536): s.sendall(data)\nprint('bye')"


async def read(session: Session, count: int) -> bytes:
    """Exactly so many bytes, or fewer where the program closes."""
    came = b""
    while len(came) < count and (data := await session.receive()):
        came += data
    return came


async def a_session_is_a_duplex_channel(sandbox: Sandbox, _case: SandboxCase) -> None:
    session = await sandbox.open(python(_ECHO, stdin=b"unused", limits=Limits(wall_seconds=100, cpu_seconds=60)))
    much = os.urandom(3_000_000)
    sending = asyncio.create_task(session.send(much))
    assert await read(session, len(much)) == much
    await sending
    for n in range(20):
        await session.send(b"%d" % n)
        assert await read(session, len(b"%d" % n)) == b"%d" % n
    await session.close()
    result = await session.result()
    assert result.ended is not Ended.EXITED or result.exit_code != 0 or result.stdout == b"bye\n"
    assert await session.receive() == b""
    await session.close()


async def a_program_that_ends_ends_its_channel(sandbox: Sandbox, _case: SandboxCase) -> None:
    session = await sandbox.open(python("import os\nos.write(3, b'last words')\nprint('out')\nraise SystemExit(3)"))
    assert await read(session, 100) == b"last words"
    assert await session.receive() == b""
    result = await session.result()
    assert (result.exit_code, result.stdout) == (3, b"out\n")
    await session.send(b"x" * 100_000)  # to nobody
    await session.close()
    assert (await session.result()).exit_code == 3, "it stays available"


async def a_channel_can_be_closed_by_the_program_while_it_runs(sandbox: Sandbox, _case: SandboxCase) -> None:
    session = await sandbox.open(python("import os, time\nos.close(3)\ntime.sleep(0.5)\nprint('later')"))
    assert await session.receive() == b""
    assert (await session.result()).stdout == b"later\n"
    await session.close()


async def limits_end_a_session(sandbox: Sandbox, _case: SandboxCase) -> None:
    session = await sandbox.open(python("import time\ntime.sleep(100)", limits=Limits(wall_seconds=1.0)))
    assert await session.receive() == b""
    assert (await session.result()).ended is Ended.WALL
    await session.close()


async def closing_kills_what_runs(sandbox: Sandbox, _case: SandboxCase) -> None:
    tokens = [new_token(), new_token()]
    code = (
        "import os, sys\nif os.fork() == 0: os.execv('/bin/sleep', [sys.argv[1], '300'])\nimport time\ntime.sleep(300)"
    )
    jobs = [python(code, token, limits=Limits(wall_seconds=200)) for token in tokens]
    session = await sandbox.open(jobs[0], jobs[1])
    for token in tokens:
        await there(token)
    await session.close()
    for token in tokens:
        await gone(token)
    assert not (await session.result()).succeeded
    assert not (await session.peer_result()).succeeded


async def a_program_that_does_not_read_holds_up_its_sender_only(sandbox: Sandbox, _case: SandboxCase) -> None:
    session = await sandbox.open(python("import time\ntime.sleep(300)", limits=Limits(wall_seconds=200)))
    sending = asyncio.create_task(session.send(b"x" * 30_000_000))
    assert await output(sandbox, "print('meanwhile')") == "meanwhile\n"
    assert not sending.done()
    await session.close()
    with contextlib.suppress(asyncio.CancelledError, OSError):
        sending.cancel()
        await sending


async def a_receiver_that_does_not_read_holds_up_its_program_only(sandbox: Sandbox, _case: SandboxCase) -> None:
    code = "import os\nn = 0\nwhile n < 20_000_000: n += os.write(3, bytes(65536))\nprint(n)"
    session = await sandbox.open(python(code, limits=Limits(wall_seconds=100)))
    for n in range(5):
        assert await output(sandbox, f"print({n})") == f"{n}\n"
    total = 0
    while data := await session.receive():
        total += len(data)
    assert (await session.result()).stdout == b"%d\n" % total
    await session.close()


async def a_peer_is_joined_to_the_program(sandbox: Sandbox, _case: SandboxCase) -> None:
    first = (
        "import socket, os\nup, link = socket.socket(fileno=3), socket.socket(fileno=4)\n"
        "link.sendall(up.recv(100).upper())\nup.sendall(link.recv(100))\nprint(os.path.exists('own'))\n"
    )
    second = (
        "import socket, os\nopen('own', 'w')\nlink = socket.socket(fileno=4)\nlink.sendall(link.recv(100) + b'!')\n"
        "try:\n    socket.socket(fileno=3).send(b'x')\nexcept OSError: print('no channel')\n"
        "import time\ntime.sleep(300)\n"
    )
    session = await sandbox.open(python(first), python(second, limits=Limits(wall_seconds=200)))
    await session.send(b"hello")
    assert await read(session, 6) == b"HELLO!"
    assert (await session.result()).stdout == b"False\n"
    peer = await session.peer_result()  # killed, now that the first has ended
    assert not peer.succeeded
    assert peer.stdout in (b"no channel\n", b"")
    await session.close()


async def a_peer_that_ends_is_seen_by_the_program(sandbox: Sandbox, _case: SandboxCase) -> None:
    session = await sandbox.open(
        python("import socket\nprint(socket.socket(fileno=4).recv(10))"), python("raise SystemExit(7)")
    )
    assert (await session.peer_result()).exit_code == 7
    assert (await session.result()).stdout == b"b''\n"
    await session.close()
    alone = await sandbox.open(python("pass"))
    with pytest.raises(RuntimeError, match="peer"):
        await alone.peer_result()
    await alone.close()


async def many_sessions_in_turn(sandbox: Sandbox, _case: SandboxCase) -> None:
    async def one(n: int) -> bytes:
        session = await sandbox.open(python(_ECHO))
        await session.send(b"%d" % n)
        came = await read(session, len(b"%d" % n))
        await session.close()
        return came

    assert await asyncio.gather(*map(one, range(20))) == [b"%d" % n for n in range(20)]


async def opening_can_be_cancelled(sandbox: Sandbox, _case: SandboxCase) -> None:
    opening = [asyncio.create_task(sandbox.open(python("import time\ntime.sleep(100)"))) for _ in range(12)]
    await asyncio.sleep(0.5)
    for task in opening:
        task.cancel()
    for done in await asyncio.gather(*opening, return_exceptions=True):
        if not isinstance(done, BaseException):
            await done.close()
    assert await output(sandbox, "print('next')") == "next\n"


async def a_closed_sandbox_refuses(_sandbox: Sandbox, case: SandboxCase) -> None:
    own = case.make()
    token = new_token()
    code = "import os, sys\nos.execv('/bin/sleep', [sys.argv[1], '300'])"
    assert await output(own, "print(1)") == "1\n"
    running = asyncio.create_task(own.run(python(code, token, limits=Limits(wall_seconds=200))))
    await there(token)
    await own.close()
    await gone(token)
    with contextlib.suppress(SandboxUnavailable):
        assert not (await running).succeeded
    await own.close()
    with pytest.raises(SandboxUnavailable, match="closed"):
        await own.run(python("pass"))
    with pytest.raises(SandboxUnavailable, match="closed"):
        await own.open(python("pass"))


_HOLDER = """
import asyncio, sys
from pathlib import Path
from sandbox.types import Job, Limits
{source}
async def main():
    sandbox = make()
    code = b"import os, sys, signal\\nsignal.signal(15, signal.SIG_IGN)\\nopen('x', 'w').write('x')\\n"
    code += b"if os.fork() == 0: os.setsid()\\nos.execv('/bin/sleep', [sys.argv[1], '300'])"
    def job(word):
        return Job(argv=("python", "main.py", word), files={{"main.py": code}}, limits=Limits(wall_seconds=200))
    run = asyncio.create_task(sandbox.run(job(sys.argv[1])))
    if len(sys.argv) > 2:
        session = await sandbox.open(job(sys.argv[2]))
    print("ready", flush=True)
    await run
asyncio.run(main())
"""


async def nothing_outlives_a_supervisor_that_is_killed(_sandbox: Sandbox, case: SandboxCase) -> None:
    tokens = [new_token(), new_token()]
    before = _mounts()
    with tempfile.TemporaryDirectory() as folder:
        held = subprocess.Popen(
            [sys.executable, "-c", _HOLDER.format(source=case.source), *tokens],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": folder, "RAY_TMPDIR": folder},
            stdout=subprocess.PIPE,
        )
        try:
            assert held.stdout is not None
            assert await asyncio.to_thread(held.stdout.readline) == b"ready\n"
            for token in tokens:
                await there(token)
        finally:
            held.send_signal(signal.SIGKILL)
            held.wait()
            held.stdout.close()
        for token in tokens:
            await gone(token)
        await happens(lambda: not case.leftovers(held.pid) and set(os.listdir(folder)) <= case.logs, "the rest to go")
    await happens(lambda: _mounts() <= before, "the mounts to go")


def _mounts() -> set[str]:
    """Where something is mounted, but for the containers of others, which come and go."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return {line.split()[4] for line in lines if "docker" not in line and "containerd" not in line}


SESSION_CHECKS = (
    a_session_is_a_duplex_channel,
    a_program_that_ends_ends_its_channel,
    a_channel_can_be_closed_by_the_program_while_it_runs,
    limits_end_a_session,
    closing_kills_what_runs,
    a_program_that_does_not_read_holds_up_its_sender_only,
    a_receiver_that_does_not_read_holds_up_its_program_only,
    a_peer_is_joined_to_the_program,
    a_peer_that_ends_is_seen_by_the_program,
    many_sessions_in_turn,
    opening_can_be_cancelled,
    a_closed_sandbox_refuses,
    nothing_outlives_a_supervisor_that_is_killed,
)
