"""The docker backend: one long-lived hardened container per node with the namespace sandbox inside, driven over a Unix
socket, or over its standard streams where the daemon is on another machine.

        sandbox = DockerSandbox(image="rlvr-sandbox")                    # made by: rlvr sandbox build
        result = await sandbox.run(Job(argv=("python", "-c", "print(6 * 7)")))

The container has no network, a read-only root, only the capabilities that the zygote needs, `no-new-privileges`, our
own seccomp profile, and limits on memory and processes; each run in it has its own namespaces, user, cgroup and filter,
as in the namespace backend. It is driven by the `docker` command, which supports every kind of daemon (contexts, ssh,
TLS, rootless, podman). When that command ends, the container's standard input closes, which ends the container. On one
machine messages do not go through the daemon, and a session's program is talked to directly (`rendezvous.py`): through
the daemon, five calls of a function take three times the CPU time.

If a container dies it is recreated, and its runs are repeated once; then `SandboxUnavailable` is raised.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from sandbox import container, rendezvous
from sandbox.active_runs import slots_or_cores
from sandbox.cgroups import start_of
from sandbox.errors import SandboxUnavailable, refused
from sandbox.loop_cleanup import close_with_loop
from sandbox.rendezvous import Rendezvous
from sandbox.stream_client import StreamClient, StreamLost, StreamSession
from sandbox.tasks import given_by
from sandbox.transports import Pipes
from sandbox.types import Job, JobResult
from sandbox.zygote import seccomp

T = TypeVar("T")
LABEL = "rlvr-sandbox-owner"
_TRIES = 2
_NOT_CREATED = 125  # the exit status of `docker run` if there has been no container
_START_SECONDS = 60.0
_END_SECONDS = 10.0
_COMMAND_SECONDS = 60.0
_SILENCE_SECONDS = 60.0  # seconds without a message after which a container is considered paused or hung
_GIB = 1 << 30
# For namespaces and mounts; for switching to the runs' users; for their folders; for killing them.
_CAPABILITIES = ("SYS_ADMIN", "SETUID", "SETGID", "SETPCAP", "CHOWN", "DAC_OVERRIDE", "KILL")
# Without CAP_SYS_ADMIN: for mapping users into a user namespace (root among them, for which Linux 5.12 asks SETFCAP).
_MAPPING_CAPABILITIES = ("SETUID", "SETGID", "SETFCAP", "SETPCAP")
# System calls denied to runs but needed by the zygote.
_NEEDED = {"mount", "umount2", "mount_setattr", "pivot_root", "sethostname", "pidfd_open", "setns", "unshare"}
_USER_BLOCKS = 1 << 18


class DockerSandbox:
    """Runs programs in namespaces in a container. slots: None = one per core. guests: as in `NamespaceSandbox`.

    expose: further folders *of the image* that runs may read. image: needs Python 3.11 or newer, and the toolchains.
    runtime: another OCI runtime ("runsc"). memory_bytes: of the whole container; None = 1 GiB per slot plus 1 GiB, at
    most four fifths of this machine's memory. apparmor: the profile, if the daemon's machine has AppArmor, whose
    default profile denies mount. privileged: False = without CAP_SYS_ADMIN: namespaces are made in a user namespace,
    which the kernel must allow, and memory is counted by process.
    """

    name = "docker"

    def __init__(
        self,
        *,
        image: str,
        slots: int | None = None,
        guests: Mapping[str, Path] | None = None,
        expose: Sequence[Path] = (),
        runtime: str = "",
        memory_bytes: int | None = None,
        apparmor: str = "unconfined",
        privileged: bool = True,
    ) -> None:
        self.slots = slots_or_cores(slots)
        self._guests = {name: Path(folder) for name, folder in (guests or {}).items()}
        self._expose = [str(path) for path in expose]
        self._options = _options(image, runtime, memory_bytes or _memory(self.slots), self.slots, apparmor, privileged)
        self._privileged = privileged
        self._image = image
        # Twice the slots: some jobs are sent ahead; the others wait here, outside the container's memory limit.
        self._turn = asyncio.Semaphore(2 * self.slots)
        self._container: asyncio.Task[_Container] | None = None
        self._ending: AsyncGenerator[None, None] | None = None
        self._closed = False

    async def run(self, job: Job) -> JobResult:
        """Run a program to its end; see `sandbox.protocol.Sandbox`."""
        async with self._turn:
            return await self._tried(lambda client: client.run(job), "under a run")

    async def open(self, job: Job, peer: Job | None = None) -> StreamSession:
        """Start a program and return a duplex channel to it; see `sandbox.protocol.Sandbox`."""
        await self._turn.acquire()
        try:
            session = await self._tried(lambda client: client.open(job, peer), "when a run was started")
        except BaseException:  # cancellation too: pass the turn to the next
            self._turn.release()
            raise
        session.when_over(self._turn.release)
        return session

    async def _tried(self, do: Callable[[StreamClient], Awaitable[T]], when: str) -> T:
        """Do something in the container, and once more in another if it dies. when: in words."""
        causes = []
        for _again in range(_TRIES):
            held = await self._running()
            try:
                return await do(held.client)
            except StreamLost:
                causes.append(await held.last_words())
        raise SandboxUnavailable(f"the container died {when}, twice: {'; '.join(causes)}")

    async def close(self) -> None:
        """End the container and wait until it is removed."""
        self._closed = True
        if (starting := self._container) is not None:
            if not starting.done():
                await asyncio.wait([starting])
            if (held := given_by(starting)) is not None:
                await held.close()

    async def _running(self) -> _Container:
        """The container; a new one if there is none or it has died."""
        if self._closed:
            raise SandboxUnavailable("this sandbox is closed")
        if self._ending is None:
            self._ending = close_with_loop(self.close)
        task, held = self._container, given_by(self._container)
        if task is None or (task.done() and (held is None or held.client.lost)):
            task = self._container = asyncio.create_task(self._start(held))
        return await asyncio.shield(task)

    async def _start(self, before: _Container | None) -> _Container:
        if before is not None:
            await before.close()
        await _check_image(self._image)
        await _sweep()
        # A daemon may have its files elsewhere, although it is reached by a socket here (a virtual machine does)
        if (meeting := await _meeting()) is not None:
            try:
                return await self._started(meeting)
            except _NotCreated:
                pass
        return await self._started(None)

    async def _started(self, meeting: Rendezvous | None) -> _Container:
        name = f"rlvr-sandbox-{os.getpid()}-{secrets.token_hex(4)}"
        # Processes are counted by user over all containers: a block of users of its own, above those of namespaces.py.
        block = secrets.randbelow(_USER_BLOCKS)
        with contextlib.ExitStack() as over:
            options = self._options
            if meeting is not None:
                over.callback(meeting.close)
                options = ["--mount", f"type=bind,src={meeting.folder},dst={container.MEETING},readonly", *options]
            try:
                given = container.archive(
                    self._guests,
                    slots=self.slots,
                    expose=self._expose,
                    user_block=block,
                    privileged=self._privileged or None,
                    word="" if meeting is None else meeting.word,
                )
                held = _Container(name, options)
            except OSError as error:
                raise refused("a container could not be started", error) from error
            try:
                await held.start(given, meeting)
            except BaseException:  # cancellation too: remove a partly started container
                await held.close()
                raise
        return held


class _NotCreated(SandboxUnavailable):
    """The daemon did not create the container."""


class _Container:
    """A running container, its `docker run` process, and the client of the server in it."""

    client: StreamClient

    def __init__(self, name: str, options: Sequence[str]) -> None:
        """Start the container. Raises OSError, and then leaves nothing behind."""
        self._name = name
        with contextlib.ExitStack() as undo, contextlib.ExitStack() as given:
            self._errors = undo.enter_context(tempfile.TemporaryFile())
            # Pipes of our own: before Python 3.11.4 a Popen that runs out of descriptors after its first pipe leaks
            # that one.
            ends, theirs = [], []
            for reads in (False, True):
                pair = os.pipe2(os.O_CLOEXEC)
                ends.append(pair[0 if reads else 1])
                theirs.append(pair[1 if reads else 0])
                undo.callback(os.close, ends[-1])
                given.callback(os.close, theirs[-1])
            profile = os.memfd_create("profile", os.MFD_CLOEXEC)  # in memory: leaves no file if killed
            given.callback(os.close, profile)
            os.write(profile, json.dumps(seccomp_profile()).encode())
            self._command = subprocess.Popen(
                ["docker", "run", "--name", name, "--security-opt", f"seccomp=/proc/self/fd/{profile}", *options],
                stdin=theirs[0],
                stdout=theirs[1],
                stderr=self._errors,
                pass_fds=(profile,),
                start_new_session=True,
            )
            undo.callback(self._command.wait)
            undo.callback(self._command.kill)
            undo.pop_all()
        self._closing: asyncio.Task[None] | None = None
        self._pipes = Pipes(ends[1], ends[0])
        self.client = StreamClient(self._pipes, silence=_SILENCE_SECONDS)

    async def start(self, archive: bytes, meeting: Rendezvous | None) -> None:
        """Send the archive to run, and wait for the greeting. Raises SandboxUnavailable."""
        try:
            async with asyncio.timeout(_START_SECONDS):
                transport = await self._greeted(archive, meeting)
            if transport is not self._pipes:
                self.client = StreamClient(transport, silence=_SILENCE_SECONDS)
            await self.client.start(_START_SECONDS)
        except (TimeoutError, ConnectionError, StreamLost) as error:
            said = await self.last_words() or error
            kind = _NotCreated if self._command.poll() == _NOT_CREATED else SandboxUnavailable
            raise kind(f"the container did not start: {said}. {_ADVICE}") from error

    async def _greeted(self, archive: bytes, meeting: Rendezvous | None) -> Pipes:
        """Send the archive, and wait for what says by which way the container's frames come."""
        await self._pipes.send(archive)
        said = await self._pipes.receive(1)
        if said == container.BY_PIPES:
            return self._pipes
        if said == container.BY_SOCKET and meeting is not None:
            return await meeting.met()
        raise StreamLost(f"it said {said!r}" if said else "it has ended")

    async def last_words(self) -> str:
        """Why it ended: its exit status and last output."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(self._command.wait, _END_SECONDS)
        if self._errors.closed:
            return "it was closed"
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, self._errors.tell() - 2000))
        said = self._errors.read().decode(errors="replace").strip()
        status = self._command.poll()
        how = {None: "it still runs", 137: "exit status 137: killed, as for want of memory"}
        return " ".join(part for part in (how.get(status, f"exit status {status}"), said) if part)

    async def close(self) -> None:
        """End the container, even if the caller is cancelled. Idempotent."""
        if self._closing is None or self._closing.cancelled():  # its event loop is gone
            self._closing = asyncio.create_task(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        """Closing its standard input ends the container; if not, remove it by force."""
        await self.client.close()
        await self._pipes.close()
        try:
            await asyncio.to_thread(self._command.wait, _END_SECONDS)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(SandboxUnavailable):
                await _docker("rm", "--force", self._name)
            self._command.kill()
            await asyncio.to_thread(self._command.wait)
        self._errors.close()


_ADVICE = "`docker run --rm IMAGE python3 -V` should print 3.11 or newer; see docs/guides/sandbox.md"


def _options(image: str, runtime: str, memory: int, slots: int, apparmor: str, privileged: bool) -> list[str]:
    """All of `docker run` after the name and the seccomp profile."""
    wanted = _CAPABILITIES if privileged else _MAPPING_CAPABILITIES
    added = [word for name in wanted for word in ("--cap-add", name)]
    return [
        *("--rm", "--interactive", "--label", f"{LABEL}={_owner()}"),
        *("--network", "none", "--hostname", "sandbox", "--ipc", "private", "--log-driver", "none"),
        *("--read-only", "--workdir", "/"),
        *("--tmpfs", f"{container.HOME}:rw,nosuid,nodev,noexec,size=64m,mode=1777"),
        *("--tmpfs", "/tmp:rw,nosuid,nodev,noexec,size=16m"),
        *("--cap-drop", "ALL", *added, "--user", "0"),
        *("--security-opt", "no-new-privileges", "--security-opt", "systempaths=unconfined"),
        *("--security-opt", f"apparmor={apparmor}"),
        *("--memory", str(memory), "--memory-swap", str(memory), "--pids-limit", str(256 + 160 * slots)),
        *(("--runtime", runtime) if runtime else ()),
        *("--env", "PYTHONDONTWRITEBYTECODE=1", "--entrypoint", "python3"),
        *(image, "-c", container.BOOT),
    ]


def _memory(slots: int) -> int:
    here = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min((slots + 1) * _GIB, here * 4 // 5)


def seccomp_profile() -> dict[str, object]:
    """The container's seccomp profile: what is denied to runs, except what the zygote needs.

    Docker's default profile cannot be used: it denies mount and cloning namespaces.
    """
    denied = sorted(seccomp.DENIED.keys() - _NEEDED - seccomp.SOCKETS.keys())
    other_families = {"index": 0, "value": int(socket.AF_UNIX), "op": "SCMP_CMP_NE"}
    return {
        "defaultAction": "SCMP_ACT_ALLOW",
        # Foreign architectures too: what this profile does not list it kills, while the runs' own filter refuses with
        # an errno.
        "architectures": [f"SCMP_ARCH_{name}" for name in ("X86_64", "X86", "X32", "AARCH64", "ARM")],
        "syscalls": [
            {"names": denied, "action": "SCMP_ACT_ERRNO", "errnoRet": 1},
            {"names": ["socket"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1, "args": [other_families]},
        ],
    }


def _owner() -> str:
    return f"{socket.gethostname()}/{os.getpid()}/{start_of(os.getpid())}"


async def _sweep() -> None:
    """Remove containers, and folders to meet them in, whose owner process on this machine is gone."""
    rendezvous.sweep()
    rows = await _docker(
        "ps", "--all", "--filter", f"label={LABEL}", "--format", f'{{{{.ID}}}} {{{{.Label "{LABEL}"}}}}'
    )
    for row in rows.splitlines():
        name, _, owner = row.partition(" ")
        host, pid, start = (*owner.split("/"), "", "", "")[:3]
        if host == socket.gethostname() and pid.isdigit() and start_of(int(pid)) != start:
            with contextlib.suppress(SandboxUnavailable):  # it may be exiting by itself
                await _docker("rm", "--force", name)


async def _meeting() -> Rendezvous | None:
    """Where to meet a container; None if the daemon is on another machine, or there is no room for the folder."""
    try:
        where = await _docker("context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
        return Rendezvous() if where.startswith("unix://") else None
    except (SandboxUnavailable, OSError):
        return None


async def _check_image(image: str) -> None:
    """Raise SandboxUnavailable, with advice, if there is no docker, no daemon or no image."""
    if shutil.which("docker") is None:
        raise SandboxUnavailable("there is no `docker` on PATH: install Docker (Debian: apt-get install docker.io)")
    try:
        await _docker("image", "inspect", "--format", "{{.Id}}", image)
    except SandboxUnavailable as error:
        if "No such image" not in str(error):
            raise SandboxUnavailable(f"{error} Start the daemon, and see that this user may use it") from error
        raise SandboxUnavailable(
            f"there is no image {image!r}: make it with `rlvr sandbox build --tag {image}`"
        ) from None


async def _docker(*words: str) -> str:
    """Run a docker command and return its output. Raises SandboxUnavailable."""

    def run() -> subprocess.CompletedProcess[str]:
        with tempfile.TemporaryFile("w+") as errors:  # one pipe, not two: Popen may leak one, see _Container
            done = subprocess.run(
                ["docker", *words],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                timeout=_COMMAND_SECONDS,
                check=False,
            )
            errors.seek(0)
            done.stderr = errors.read()
            return done

    try:
        done = await asyncio.to_thread(run)
    except OSError as error:
        raise refused(f"`docker {words[0]}` could not be run", error) from error
    except subprocess.TimeoutExpired:
        raise SandboxUnavailable(f"`docker {words[0]}` did not answer within {_COMMAND_SECONDS:g} s") from None
    if done.returncode != 0:
        raise SandboxUnavailable(f"`docker {words[0]}` failed: {done.stderr.strip()[-500:]}")
    return done.stdout
