"""An un-isolated stand-in for a sandbox: plain subprocesses and socket pairs. For tests of what runs inside one.

It satisfies `sandbox.protocol.Sandbox`: descriptors 3 and 4, working folders, wall, CPU, memory and output limits. It
isolates nothing, so it is never shipped, and never given a program that attacks the machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from sandbox.errors import SandboxUnavailable
from sandbox.protocol import CHANNEL, LINK
from sandbox.types import Ended, Job, JobResult

ROOT = Path(__file__).resolve().parents[3]
GUESTS: Mapping[str, Path] = {"rlvr_guest": ROOT / "rewards" / "code" / "guest"}


class _Program:
    """One subprocess: its folder, its pipes, its limits, its result."""

    def __init__(self, job: Job, guests: Path, channel: socket.socket | None, link: socket.socket | None) -> None:
        self.job = job
        self.folder = Path(tempfile.mkdtemp(prefix="stand-in-"))
        for name, content in job.files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        argv = [sys.executable, "-P", *job.argv[1:]] if job.argv[0] == "python" else list(job.argv)
        env = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(guests), "HOME": str(self.folder), **job.env}
        env |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"}
        wanted = {CHANNEL: channel, LINK: link}
        spare = [os.dup(held.fileno()) if held else os.open(os.devnull, os.O_RDWR) for held in wanted.values()]
        high = [self._raise_descriptor(fd, 20 + index) for index, fd in enumerate(spare)]
        memory, cpu = job.limits.memory_bytes, int(job.limits.cpu_seconds) + 1

        def prepare() -> None:
            for fd, number in zip(high, wanted, strict=True):
                os.dup2(fd, number)
                os.close(fd)
            resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
            resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))

        self.started = time.monotonic()
        try:
            self.process = subprocess.Popen(
                argv,
                cwd=self.folder,
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(*wanted, *high),
                preexec_fn=prepare,
                start_new_session=True,
            )
        except OSError as error:
            raise SandboxUnavailable(f"{argv[0]} could not be started: {error}") from error
        finally:
            for fd in high:
                os.close(fd)
        self.ended: Ended | None = None
        self.watch = asyncio.ensure_future(self._watch())

    @staticmethod
    def _raise_descriptor(fd: int, floor: int) -> int:
        import fcntl

        high = fcntl.fcntl(fd, fcntl.F_DUPFD, floor)
        os.close(fd)
        return high

    def kill(self, ended: Ended | None = None) -> None:
        if self.ended is None and ended is not None:
            self.ended = ended
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    async def _drain(self, stream: int, into: bytearray) -> bool:
        """Collect one stream; True where it went over the limit."""
        loop = asyncio.get_running_loop()
        while data := await loop.run_in_executor(None, os.read, stream, 1 << 16):
            room = self.job.limits.output_bytes - len(into)
            into += data[:room]
            if len(data) > room:
                self.kill(Ended.OUTPUT)
                return True
        return False

    async def _watch(self) -> JobResult:
        process, loop = self.process, asyncio.get_running_loop()
        assert process.stdin
        assert process.stdout
        assert process.stderr
        out, err = bytearray(), bytearray()
        timer = loop.call_later(self.job.limits.wall_seconds, self.kill, Ended.WALL)
        feed = loop.run_in_executor(None, self._feed)
        drains = [
            asyncio.ensure_future(self._drain(stream.fileno(), into))
            for stream, into in ((process.stdout, out), (process.stderr, err))
        ]
        _, status, usage = await loop.run_in_executor(None, os.wait4, process.pid, 0)
        seconds = time.monotonic() - self.started
        timer.cancel()
        self.kill()  # what it left
        truncated = any(await asyncio.gather(*drains))
        await feed
        for stream in (process.stdout, process.stderr):
            stream.close()
        code = os.waitstatus_to_exitcode(status)
        process.returncode = code
        ended = self.ended
        if ended is None and code == -signal.SIGXCPU:
            ended = Ended.CPU
        if ended is None:
            ended = Ended.EXITED if code >= 0 else Ended.SIGNALLED
        files = {name: (self.folder / name).read_bytes() for name in self.job.outputs if (self.folder / name).is_file()}
        shutil.rmtree(self.folder, ignore_errors=True)
        return JobResult(
            ended=ended,
            exit_code=code if ended is Ended.EXITED else None,
            signal=-code if ended is Ended.SIGNALLED else None,
            stdout=bytes(out),
            stderr=bytes(err),
            truncated=truncated,
            seconds=seconds,
            cpu_seconds=usage.ru_utime + usage.ru_stime,
            peak_memory=usage.ru_maxrss * 1024,
            files=files,
            isolation="weak: stand-in for tests",
        )

    def _feed(self) -> None:
        assert self.process.stdin
        try:
            with self.process.stdin as stream:
                stream.write(self.job.stdin)
        except BrokenPipeError:
            pass


class LocalSession:
    """`sandbox.protocol.Session` over a socket pair."""

    def __init__(self, program: _Program, peer: _Program | None, end: socket.socket) -> None:
        self._program, self._peer, self._end = program, peer, end
        if peer is not None:
            program.watch.add_done_callback(lambda _: peer.kill())

    async def send(self, data: bytes) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            await asyncio.get_running_loop().sock_sendall(self._end, data)

    async def receive(self, most: int = 1 << 16) -> bytes:
        try:
            return await asyncio.get_running_loop().sock_recv(self._end, most)
        except ConnectionResetError:
            return b""

    async def result(self) -> JobResult:
        return await asyncio.shield(self._program.watch)

    async def peer_result(self) -> JobResult:
        if self._peer is None:
            raise RuntimeError("this session was opened without a peer")
        return await asyncio.shield(self._peer.watch)

    async def close(self) -> None:
        programs = [program for program in (self._program, self._peer) if program is not None]
        for program in programs:
            if not program.watch.done():
                program.kill()
        await asyncio.gather(*(program.watch for program in programs))
        self._end.close()


class LocalSandbox:
    """`sandbox.protocol.Sandbox` without isolation.

    Example:
        >>> result = asyncio.run(LocalSandbox().run(Job(argv=("python", "-c", "print(1)"))))  # doctest: +SKIP
    """

    def __init__(self, guests: Mapping[str, Path] = GUESTS) -> None:
        self._guests = Path(tempfile.mkdtemp(prefix="stand-in-guests-"))
        for name, folder in guests.items():
            (self._guests / name).symlink_to(folder)

    async def run(self, job: Job) -> JobResult:
        program = _Program(job, self._guests, None, None)
        try:
            return await asyncio.shield(program.watch)
        except asyncio.CancelledError:
            program.kill()
            await program.watch
            raise

    async def open(self, job: Job, peer: Job | None = None) -> LocalSession:
        mine, its = socket.socketpair()
        mine.setblocking(False)
        links: tuple[socket.socket, ...] = socket.socketpair() if peer is not None else ()
        try:
            program = _Program(job, self._guests, its, links[0] if links else None)
            other = _Program(peer, self._guests, None, links[1]) if peer is not None else None
        finally:
            its.close()
            for link in links:
                link.close()
        return LocalSession(program, other, mine)

    async def close(self) -> None:
        shutil.rmtree(self._guests, ignore_errors=True)
