"""The namespaces backend: new Linux namespaces for each run, forked from a warm zygote. Needs no set-up.

        sandbox = NamespaceSandbox()
        result = await sandbox.run(Job(argv=("python", "main.py"), files={"main.py": b"print(6 * 7)"}))
        result.stdout                                                    # b"42\\n"
        await sandbox.close()

Works as root, and as a plain user where user namespaces are allowed. `sandbox/zygote/` is the other end; see
docs/design/sandbox.md for what confines a program, and what does not.
"""

from __future__ import annotations

import asyncio
import os
import weakref
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path

from sandbox.active_runs import ActiveRuns, slots_or_cores
from sandbox.errors import SandboxUnavailable
from sandbox.launch import Launcher
from sandbox.loop_cleanup import close_with_loop
from sandbox.runs import Run, Slot, SlotLost
from sandbox.session import RunSession
from sandbox.types import Job, JobResult

_END_SECONDS = 10.0
_TRIES = 2  # a run is repeated once if its slot dies


class NamespaceSandbox:
    """Runs each program in its own namespaces, `slots` at a time; others wait, which does not count towards their
    limits.

    slots: None = one per core. guests: folders of trusted modules, by the package name under which runs may import
    them. expose: further folders that runs may read, at the same path (toolchains outside /usr).
    privileged: make namespaces as root (True) or in a user namespace (False); None = as root if possible. user_block:
    block of user ids for the runs inside a container, whose process ids differ from the machine's.

    It is bound to the first event loop that uses it. Its processes end with that loop (`asyncio.run`), when it is
    garbage-collected, and when this process is killed; `close` waits for them.
    """

    name = "namespaces"

    def __init__(
        self,
        *,
        slots: int | None = None,
        guests: Mapping[str, Path] | None = None,
        expose: Sequence[Path] = (),
        privileged: bool | None = None,
        user_block: int | None = None,
    ) -> None:
        self.slots = slots_or_cores(slots)
        self._launcher = Launcher(
            guests=guests or {},
            expose=tuple(expose),
            most_slots=2 * self.slots,
            privileged=privileged,
            user_block=user_block,
        )
        self._turn = asyncio.Semaphore(self.slots)
        self._active = ActiveRuns()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending: AsyncGenerator[None, None] | None = None
        self._process = -1
        self._closed = False
        # Not needed at exit: keepers end with this process
        weakref.finalize(self, self._launcher.abandon, os.getpid()).atexit = False

    async def run(self, job: Job) -> JobResult:
        """Run a program to its end; see `sandbox.protocol.Sandbox`."""
        self._check_place()
        async with self._turn:
            for again in range(_TRIES):
                try:
                    return await self._active.finish(Run(await self._slot(job), job))
                except SlotLost as error:
                    if again + 1 == _TRIES:
                        raise SandboxUnavailable(f"the sandbox died under a run, twice: {error}") from error
        raise AssertionError("unreachable")

    async def open(self, job: Job, peer: Job | None = None) -> RunSession:
        """Start a program and return a duplex channel to it; see `sandbox.protocol.Sandbox`."""
        self._check_place()
        await self._turn.acquire()
        try:
            for again in range(_TRIES):
                slots = [await self._slot(job)]
                try:
                    if peer is not None:
                        slots.append(await self._slot(peer))
                except BaseException:  # cancellation too: give back the first slot
                    slots[0].free()
                    raise
                try:
                    return RunSession.start(slots, job, peer, self._active.start, self._release)
                except SlotLost as error:
                    for slot in slots:
                        slot.discard()
                    if again + 1 == _TRIES:
                        raise SandboxUnavailable(f"a run could not be started, twice: {error}") from error
        except BaseException:  # including CancelledError: let the next waiter run
            self._turn.release()
            raise
        raise AssertionError("unreachable")

    async def close(self) -> None:
        """Kill all runs and wait until nothing is left. May be called from another loop once its own is closed."""
        if self._loop is not None and not self._loop.is_closed():
            self._check_place()
        self._closed = True
        await self._active.close(_END_SECONDS)
        await self._launcher.close()

    def _check_place(self) -> None:
        """Raise RuntimeError unless in the process and event loop that it is bound to."""
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop, self._process = loop, os.getpid()
            self._ending = close_with_loop(self._launcher.close)
        if self._process != os.getpid():
            raise RuntimeError(
                f"this sandbox belongs to process {self._process}, of which process {os.getpid()} is a fork: "
                "make one of its own there"
            )
        if self._loop is not loop:
            raise RuntimeError("this sandbox belongs to another event loop, that which used it first: make one a loop")

    async def _slot(self, job: Job) -> Slot:
        if self._closed:
            raise SandboxUnavailable("this sandbox is closed")
        return await self._launcher.slot(job.preload)

    def _release(self) -> None:
        """A session has ended. An open session keeps this sandbox alive, even if its user drops it."""
        self._turn.release()
