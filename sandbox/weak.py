"""The weak backend: limits without isolation, for machines without any other backend, and only if the user allows it.

A program runs as the current user: it can read what that user can read, reach the network, write to other folders,
signal other processes of the user, and see other runs. It still gets its own session, working folder and environment,
limits on time, memory, output, file size and descriptors of each process, and a keeper process that adopts its orphans
and kills them, even if this process is killed.

Every result reports it (`JobResult.isolation` starts with "weak"), and it must be requested explicitly:
`open_sandbox(allow_weak=True)`, `--allow-weak`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from sandbox import outputs
from sandbox.active_runs import ActiveRuns, slots_or_cores
from sandbox.errors import SandboxUnavailable, refused
from sandbox.pipes import Drain, Feed
from sandbox.protocol import CHANNEL, LINK
from sandbox.runs import SILENT_SECONDS, ending_of
from sandbox.session import RunSession
from sandbox.types import ENVIRONMENT, Ended, Job, JobResult
from sandbox.weak_keeper import kill_descendants, remove

ISOLATION = "weak: plain subprocess, limits per process, no isolation"
_END_SECONDS = 10.0
_KEEPER = Path(__file__).with_name("weak_keeper.py")


class WeakSandbox:
    """Runs programs as plain subprocesses, `slots` at a time. guests: as in `NamespaceSandbox`."""

    name = "weak"

    def __init__(self, *, slots: int | None = None, guests: Mapping[str, Path] | None = None) -> None:
        self.slots = slots_or_cores(slots)
        self._turn = asyncio.Semaphore(self.slots)
        self._guests = {name: Path(folder).resolve() for name, folder in (guests or {}).items()}
        self._active = ActiveRuns()
        self._closed = False

    async def run(self, job: Job) -> JobResult:
        """Run a program to its end; see `sandbox.protocol.Sandbox`."""
        async with self._turn:
            return await self._active.finish(self._start(job))

    async def open(self, job: Job, peer: Job | None = None) -> RunSession:
        """Start a program and return a duplex channel to it; see `sandbox.protocol.Sandbox`."""
        await self._turn.acquire()
        runs: list[_Run] = []
        with contextlib.ExitStack() as undo, contextlib.ExitStack() as given:
            undo.callback(self._turn.release)
            try:
                ours, theirs = socket.socketpair()
                undo.callback(ours.close)
                given.callback(theirs.close)
                near, far = socket.socketpair()
                given.callback(near.close)
                given.callback(far.close)
            except OSError as error:
                raise refused("a session could not be opened", error) from error
            runs.append(self._start(job, theirs.fileno(), near.fileno() if peer is not None else -1))
            undo.callback(self._give_up, runs[0])
            if peer is not None:
                runs.append(self._start(peer, -1, far.fileno()))
            undo.pop_all()
        tasks = [self._active.start(run) for run in runs]
        return RunSession(runs, tasks, ours, self._turn.release)

    async def close(self) -> None:
        """Kill all runs and wait for their end."""
        self._closed = True
        await self._active.close(2 * _END_SECONDS)

    def _start(self, job: Job, channel: int = -1, link: int = -1) -> _Run:
        if self._closed:
            raise SandboxUnavailable("this sandbox is closed")
        try:
            return _Run(job, self._guests, channel, link)
        except OSError as error:
            raise refused("a run could not be started", error) from error

    def _give_up(self, run: _Run) -> None:
        run.kill("closed")
        self._active.start(run)


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod(0o755)


def _linked(modules: Path, guests: Mapping[str, Path]) -> Path:
    """A folder with links to the guests by name."""
    modules.mkdir()
    for name, folder in guests.items():
        (modules / name).symlink_to(folder)
    return modules


class _Run:
    """A program with its keeper, started by the constructor; `end` returns its result and removes its folder."""

    def __init__(self, job: Job, guests: Mapping[str, Path], channel: int, link: int) -> None:
        """Start the run. Raises OSError, and then leaves nothing behind."""
        self._job = job
        self._loop = asyncio.get_running_loop()
        self._late = False
        with contextlib.ExitStack() as undo, contextlib.ExitStack() as given:
            self._control, theirs = socket.socketpair()
            undo.callback(self._control.close)
            given.callback(theirs.close)
            ours: list[int] = []
            descriptors = {CHANNEL: channel, LINK: link}
            for target, reads in enumerate((True, False, False)):
                read, write = os.pipe2(os.O_CLOEXEC)
                ours.append(write if reads else read)
                descriptors[target] = read if reads else write
                undo.callback(os.close, ours[-1])
                given.callback(os.close, descriptors[target])
            # Made last: if anything above fails, descriptors are free again, which removing a folder needs.
            self._whole = Path(tempfile.mkdtemp(prefix="rlvr-weak-run-"))
            undo.callback(remove, str(self._whole))
            self._folder = self._whole / "work"
            self._folder.mkdir()
            _write(self._folder, job.files)
            environment = {**ENVIRONMENT, "HOME": str(self._folder)}
            if guests:
                environment["PYTHONPATH"] = str(_linked(self._whole / "guests", guests))
            given_on = {target: descriptor for target, descriptor in descriptors.items() if descriptor >= 0}
            config = {
                "argv": [sys.executable, *job.argv[1:]] if job.argv[0] == "python" else job.argv,
                "control": theirs.fileno(),
                "descriptors": given_on,
                "environment": {**environment, **job.env},
                "folder": str(self._folder),
                "whole": str(self._whole),
                "limits": asdict(job.limits),
            }
            self._keeper = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_KEEPER), json.dumps(config)],
                stdin=subprocess.DEVNULL,
                env={"PYTHONDONTWRITEBYTECODE": "1"},
                pass_fds=[theirs.fileno(), *given_on.values()],
                start_new_session=True,
            )
            undo.pop_all()
        self._control.setblocking(False)
        self._stdout = Drain(ours[1], job.limits.output_bytes, self._over)
        self._stderr = Drain(ours[2], job.limits.output_bytes, self._over)
        for stream in (self._stdout, self._stderr):
            stream.watch()
        self._stdin = Feed(ours[0], job.stdin)
        self._deadline = self._loop.call_later(job.limits.wall_seconds + SILENT_SECONDS, self._give_up, True)

    def kill(self, cause: str) -> None:  # noqa: ARG002 - the keeper ends all runs alike
        """Kill the run."""
        with contextlib.suppress(OSError):
            self._control.send(b"kill\n")
        if self._loop.is_closed() or self._deadline.cancelled():
            return
        if self._deadline.when() > (limit := self._loop.time() + _END_SECONDS):
            self._deadline.cancel()
            self._deadline = self._loop.call_at(limit, self._give_up, False)

    def _over(self) -> None:
        self.kill("output")

    async def end(self) -> JobResult:
        """Wait for the end. Cancelled only when its event loop ends, and the run with it."""
        try:
            return await self._end()
        except asyncio.CancelledError:
            self.kill("closed")
            for part in (self._stdin, self._stdout, self._stderr):
                part.close()
            threading.Thread(target=self._bury).start()
            raise

    def _bury(self) -> None:
        try:
            self._keeper.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._put_down()
        self._control.close()
        remove(str(self._whole))

    def _give_up(self, late: bool) -> None:
        """The keeper is overdue: the program has stopped it, or keeps it from its work."""
        self._late = late
        threading.Thread(target=self._put_down).start()

    def _put_down(self) -> None:
        """Do the keeper's work and end it. Blocks."""
        kill_descendants(self._keeper.pid)
        self._keeper.kill()
        self._keeper.wait()

    async def _end(self) -> JobResult:
        said = bytearray()
        try:
            while piece := await self._loop.sock_recv(self._control, 1 << 16):
                said += piece
        except ConnectionResetError:
            pass  # the program killed its keeper
        finally:
            self._deadline.cancel()
        await asyncio.to_thread(self._keeper.wait)
        self._control.close()
        for part in (self._stdin, self._stdout, self._stderr):
            part.close()
        result = self._result(json.loads(said) if said else {})
        await asyncio.to_thread(remove, str(self._whole))
        return result

    def _result(self, outcome: Mapping[str, float]) -> JobResult:
        status, cpu = outcome.get("status"), float(outcome.get("cpu", 0.0))
        ended, code, killed_by = self._ending(None if status is None else int(status), cpu, outcome.get("wall", 0))
        return JobResult(
            ended=ended,
            exit_code=code,
            signal=killed_by,
            stdout=bytes(self._stdout.held),
            stderr=bytes(self._stderr.held),
            truncated=self._stdout.over or self._stderr.over,
            seconds=float(outcome.get("seconds", 0.0)),
            cpu_seconds=cpu,
            unwatched_seconds=cpu,
            peak_memory=int(outcome.get("peak", 0)),
            files=self._files(),
            isolation=ISOLATION,
        )

    def _ending(self, status: int | None, cpu: float, wall: float) -> tuple[Ended, int | None, int | None]:
        if self._stdout.over or self._stderr.over:
            return Ended.OUTPUT, None, None
        if wall or self._late:
            return Ended.WALL, None, None
        if status is None:
            return Ended.SIGNALLED, None, int(signal.SIGKILL)
        return ending_of(status, cpu, self._job.limits)

    def _files(self) -> dict[str, bytes]:
        try:
            folder = os.open(self._folder, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:  # the program has removed it
            return {}
        try:
            return outputs.collect(folder, self._job.outputs, self._job.limits.disk_bytes)
        finally:
            os.close(folder)
