"""A `Session` on local slots: one or two runs, and the caller's end of the channel to the first."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Sequence
from typing import Protocol

from sandbox.active_runs import when_all_are_done
from sandbox.channel import PIECE, Channel, HandedOver
from sandbox.errors import SandboxUnavailable, refused
from sandbox.runs import Run, Slot, SlotLost
from sandbox.types import Job, JobResult

Watch = Callable[[Run], asyncio.Task[JobResult]]


class Killable(Protocol):
    """The part of a run that a session needs."""

    def kill(self, cause: str) -> None: ...


class RunSession:
    """See `sandbox.protocol.Session`. When the first run ends the other is killed; `release` is called when both have
    ended.
    """

    def __init__(
        self,
        runs: Sequence[Killable],
        tasks: list[asyncio.Task[JobResult]],
        channel: socket.socket,
        release: Callable[[], None],
    ) -> None:
        for peer in runs[1:]:
            tasks[0].add_done_callback(lambda _task, run=peer: run.kill("closed"))  # type: ignore[misc]
        when_all_are_done(tasks, release)
        self._runs = runs
        self._tasks = tasks
        self._channel = Channel(channel)
        self._closing = False

    @classmethod
    def start(
        cls, slots: list[Slot], job: Job, peer: Job | None, watch: Watch, release: Callable[[], None]
    ) -> RunSession:
        """Start the program, after its peer if there is one.

        Raises:
            SlotLost: a slot died; what was started is killed.
            SandboxUnavailable: this process has no descriptors left for it.
        """
        runs: list[Run] = []
        with contextlib.ExitStack() as kept, contextlib.ExitStack() as given:
            try:
                ours, theirs = socket.socketpair()
                kept.callback(ours.close)
                given.callback(theirs.close)
                channels = [theirs.fileno()]
                if peer is not None:
                    near, far = socket.socketpair()
                    given.callback(near.close)
                    given.callback(far.close)
                    channels.append(near.fileno())
                    nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)  # a peer has no channel to the caller
                    given.callback(os.close, nothing)
            except OSError as error:
                for slot in slots:
                    slot.free()
                raise refused("a session could not be opened", error) from error
            try:
                if peer is not None:
                    runs.append(Run(slots[1], peer, [nothing, far.fileno()]))
                runs.insert(0, Run(slots[0], job, channels))
            except BaseException:  # including CancelledError: kill what was started
                for run in runs:
                    run.kill("closed")
                    watch(run)
                if not runs and peer is not None:
                    slots[0].free()
                raise
            kept.pop_all()
        return cls(runs, [watch(run) for run in runs], ours, release)

    async def send(self, data: bytes) -> None:
        await self._channel.send(data)

    async def receive(self, most: int = PIECE) -> bytes:
        return await self._channel.receive(most)

    def hand_over(self) -> HandedOver | None:
        """Give the channel to another process, which then sends and receives; see `Channel.hand_over`."""
        return self._channel.hand_over()

    async def result(self) -> JobResult:
        return await self._of(0)

    async def peer_result(self) -> JobResult:
        if len(self._tasks) < 2:
            raise RuntimeError("this session was opened without a peer")
        return await self._of(1)

    async def close(self) -> None:
        for run in self._runs:
            run.kill("closed")
        if not self._closing:
            self._closing = True
            when_all_are_done(
                self._tasks, self._channel.finish
            )  # a callback, so that it runs even if the caller is cancelled
        await asyncio.wait(self._tasks)

    async def _of(self, which: int) -> JobResult:
        try:
            return await asyncio.shield(self._tasks[which])
        except SlotLost as error:
            raise SandboxUnavailable(f"the sandbox died under a run: {error}") from error
