"""One run as the supervisor sees it: give a slot a job, feed and drain its pipes, and wait for its end.

Output goes through real pipes that are read here, never through the zygote, and its cap is enforced here. Input that
fits a pipe is written before the program starts.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import NamedTuple

from sandbox import outputs
from sandbox.cgroups import SlotGroup
from sandbox.errors import refused
from sandbox.pipes import Drain, Feed
from sandbox.types import Ended, Job, JobResult, Limits
from sandbox.zygote import python, wire

_AT_ONCE = 1 << 16  # bytes of input that a pipe takes before anybody reads
_SHORT = 0.02  # seconds: most runs end before, and need no timers, and no watch on outputs that are rarely long
_CPU_CHECKS_AFTER = 0.05
_CORES = os.cpu_count() or 1
SILENT_SECONDS = 90.0  # a slot that has not reported this long after its run's wall limit is considered lost


class Outcome(NamedTuple):
    """How a run went, as its slot saw it.

    status: of `wait`; -1 = it was killed. own: CPU seconds of the thread that waited longest; -1 = not known. peak:
    bytes, of its largest process. growth: pairs of seconds since its start, and seconds waited until then.
    """

    status: int = -1
    seconds: float = 0.0
    waited: float = 0.0
    own: float = -1.0
    cpu: float = 0.0
    peak: int = 0
    growth: tuple[float, ...] = ()
    cause: str = ""
    fault: str = ""


class SlotLost(Exception):
    """A slot's process is gone: its run must be repeated in another slot."""


class Slot:
    """The supervisor's end of a slot process. `give_back` is called with it when its run has ended normally.

    lost: called when the process ended by itself, or no longer responds (True): what it watched may still run. It
        calls the function that it is given once nothing of that is left.
    """

    def __init__(
        self,
        channel: socket.socket,
        group: SlotGroup | None,
        isolation: str,
        give_back: Callable[[Slot], None],
        lost: Callable[[bool, Callable[[], None]], None],
    ) -> None:
        channel.setblocking(False)
        self._channel = channel
        self.group = group
        self.isolation = isolation
        self._give_back = give_back
        self._lost = lost
        self._answer: asyncio.Future[Outcome] | None = None
        self._number = 0
        self.alive = True
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(channel, self._hear)

    def start(self, order: bytes, descriptors: list[int]) -> asyncio.Future[Outcome]:
        """Hand over a run; the future resolves to its outcome. Raises SlotLost."""
        self._number += 1
        try:
            wire.ask(self._channel, self._number, order, descriptors)
        except OSError as error:
            self.fail(f"its slot is gone: {error}")
            raise SlotLost(f"its slot is gone: {error}") from error
        self._answer = self._loop.create_future()
        return self._answer

    def tell(self, outcome: asyncio.Future[Outcome], what: bytes) -> None:
        """Send an order about the run with this outcome, if that is still running: the slot may have gone on."""
        if outcome is self._answer and not outcome.done():
            with contextlib.suppress(OSError):
                wire.ask(self._channel, self._number, what, [])

    def free(self) -> None:
        """The run has ended: accept the next."""
        if self.alive:
            self._give_back(self)

    def discard(self, why: str = "its slot was closed") -> None:
        """Close it: the slot's process kills its run and exits. A run that it still has is lost."""
        if not self.alive:
            return
        self.alive = False
        if not self._loop.is_closed():
            self._loop.remove_reader(self._channel)
        hang_up(self._channel)
        if self.group is not None:
            self.group.close()
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done() and not self._loop.is_closed():
            answer.set_exception(SlotLost(why))

    def fail(self, why: str, *, silent: bool = False) -> None:
        """Close a slot that misbehaves. Its run counts as lost once nothing of it is left."""
        self._end_with(lambda answer: answer.set_exception(SlotLost(why)), silent=silent)

    def _end_with(self, tell: Callable[[asyncio.Future[Outcome]], None], *, silent: bool = False) -> None:
        if not self.alive:
            return
        answer, self._answer = self._answer, None
        self.discard()

        def over() -> None:
            if answer is not None and not answer.done() and not self._loop.is_closed():
                tell(answer)

        self._lost(silent, over)

    def _hear(self) -> None:
        try:
            received = wire.hear_outcome(self._channel)
        except BlockingIOError:
            return
        if received is None:
            if self._out_of_memory():  # the slot is in the run's cgroup, so the kernel may kill it for the run's memory
                self._end_with(lambda answer: answer.set_result(Outcome(cause="memory")))
            else:
                self.fail("its slot ended")
            return
        number, outcome = received
        if number != self._number:
            self.fail(f"its slot gave the outcome of its run {number} for that of run {self._number}")
            return
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_result(Outcome(*outcome))

    def _out_of_memory(self) -> bool:
        try:
            return self.group is not None and self.group.end().out_of_memory
        except OSError:  # the cgroup is gone, too
            return False


def hang_up(channel: socket.socket) -> None:
    """Close a socket so that the other end notices, even if a process that was forked here holds a copy of it."""
    with contextlib.suppress(OSError):
        channel.shutdown(socket.SHUT_RDWR)
    channel.close()


class Run:
    """A job running in a slot. `end` returns its result, once, and gives the slot back."""

    def __init__(self, slot: Slot, job: Job, channels: Sequence[int] = ()) -> None:
        """Start it. Raises SlotLost, or SandboxUnavailable if this process has no descriptors left."""
        self._slot = slot
        self._job = job
        self._loop = asyncio.get_running_loop()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._cause = ""
        self._home: socket.socket | None = None
        if not slot.alive:  # it died while another slot was waited for
            raise SlotLost("its slot ended before its start")
        if slot.group is not None:
            try:
                # The slot and the run's init count, too.
                slot.group.begin(job.limits.memory_bytes, job.limits.processes + 4, job.limits.cpu_weight)
            except OSError as error:
                slot.fail(f"its cgroup is gone: {error}")
                raise SlotLost(f"its cgroup is gone: {error}") from error
        ours: list[int] = []  # our ends of stdin, stdout, stderr
        theirs: list[int] = []  # the other ends, then the bundle: closed here once the slot has its own copies
        try:
            try:
                for reads in (True, False, False):
                    read, write = os.pipe2(os.O_CLOEXEC)
                    ours.append(write if reads else read)
                    theirs.append(read if reads else write)
                theirs.append(wire.bundle(job.argv, job.env, job.files))
                given = [theirs[3], *theirs[:3], *channels]
                if job.outputs:
                    self._home, far = socket.socketpair()
                    theirs.append(far.detach())
                    given.append(theirs[-1])
            except OSError as error:
                raise refused("a run could not be started", error) from error
            feeds = len(job.stdin) > _AT_ONCE
            warm, counted = python.is_warm(job.argv), slot.group is not None
            order = _order(job.limits, counted, bool(job.outputs), feeds, job.ipc, warm)
            self._outcome = slot.start(order, given)
        except BaseException:  # cancellation too: give the slot back, close descriptors
            slot.free()
            _close(ours)
            if self._home is not None:
                self._home.close()
            raise
        finally:
            _close(theirs)
        self._stdin = Feed(ours[0], job.stdin, self._fed if feeds else lambda: None)
        self._stdout = Drain(ours[1], job.limits.output_bytes, self._over)
        self._stderr = Drain(ours[2], job.limits.output_bytes, self._over)
        if not channels:  # what it prints is what it is run for, and may be more than a pipe holds
            self._stdout.watch()
        self._timers["watch"] = self._loop.call_later(_SHORT, self._watch)

    def kill(self, cause: str) -> None:
        """Kill the run; of several causes the first counts."""
        self._cause = self._cause or cause
        self._slot.tell(self._outcome, cause.encode())

    def _watch(self) -> None:
        """Begin to read its output, and to look at its time."""
        for stream in (self._stdout, self._stderr):
            stream.watch()
        limits = self._job.limits  # both count from its start
        self._timers["silent"] = self._loop.call_later(limits.wall_seconds + SILENT_SECONDS - _SHORT, self._silent)
        if self._slot.group is not None:
            self._check_cpu_in(limits.cpu_seconds - _SHORT * _CORES)

    def _fed(self) -> None:
        self._slot.tell(self._outcome, wire.FED)

    def _over(self) -> None:
        self.kill("output")

    def _silent(self) -> None:
        """The run should have ended long ago: its slot is stopped or hangs."""
        if not self._outcome.done():
            self._slot.fail(f"its slot has said nothing for {SILENT_SECONDS:g} s after its time", silent=True)

    async def end(self) -> JobResult:
        """Wait for the end. Raises SlotLost if the slot died during the run."""
        try:
            outcome = await self._outcome
            self._stop_watching()
            if outcome.fault:
                self._slot.discard()
                raise SlotLost(outcome.fault)
            try:
                result = self._result(outcome)
            except OSError as error:
                self._slot.fail(f"its result cannot be read: {error}")
                raise SlotLost(f"its result cannot be read: {error}") from error
        finally:
            self._stop_watching()
            if self._home is not None:
                self._home.close()
        self._slot.free()
        return result

    def _stop_watching(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        for stream in (self._stdin, self._stdout, self._stderr):
            stream.close()

    def _check_cpu(self) -> None:
        """Kill the run if its processes together have used up their CPU time; else check again when they could have."""
        if self._slot.group is None or not self._slot.alive:
            return
        try:
            left = self._job.limits.cpu_seconds - self._slot.group.used_cpu()
        except OSError as error:
            self._slot.fail(f"its cgroup is gone: {error}")
            return
        if left <= 0:
            self.kill("cpu")
            return
        self._check_cpu_in(left)

    def _check_cpu_in(self, left: float) -> None:
        """Check again at the earliest time at which `left` CPU seconds can have been used, with all cores busy."""
        self._timers["cpu"] = self._loop.call_later(max(_CPU_CHECKS_AFTER, left / _CORES), self._check_cpu)

    def _result(self, outcome: Outcome) -> JobResult:
        usage = self._slot.group.end() if self._slot.group is not None and self._slot.alive else None
        if usage is not None and usage.deprived_of_memory:
            self._slot.free()
            raise SlotLost("the memory of the machine, or of a cgroup above the sandbox, is full")
        cpu = max(outcome.cpu, usage.cpu_seconds if usage else 0.0)
        # While that thread waited for its own other threads and processes, it waited for nobody else.
        others = max(0.0, cpu - max(0.0, outcome.own))
        waited = max(0.0, min(outcome.waited, outcome.seconds) - (others if outcome.own >= 0.0 else 0.0))
        ended, code, killed_by = self._ending(outcome, cpu, usage is not None and usage.out_of_memory)
        return JobResult(
            ended=ended,
            exit_code=code,
            signal=killed_by,
            stdout=bytes(self._stdout.held),
            stderr=bytes(self._stderr.held),
            truncated=self._stdout.over or self._stderr.over,
            seconds=outcome.seconds,
            waited=waited,
            waits=_since(outcome, waited),
            cpu_seconds=cpu,
            unwatched_seconds=others,
            peak_memory=usage.peak_memory if usage and usage.peak_memory else outcome.peak,
            files=self._files(),
            isolation=self._slot.isolation,
        )

    def _ending(self, outcome: Outcome, cpu: float, out_of_memory: bool) -> tuple[Ended, int | None, int | None]:
        status, cause = outcome.status, outcome.cause or self._cause
        if self._stdout.over or self._stderr.over:
            return Ended.OUTPUT, None, None
        if cause == "cpu":
            return Ended.CPU, None, None
        if cause == "wall" and status < 0:
            return Ended.WALL, None, None
        if status != 0 and (out_of_memory or cause == "memory"):
            return Ended.MEMORY, None, None
        if status < 0:
            return Ended.SIGNALLED, None, int(signal.SIGKILL)
        return ending_of(status, cpu, self._job.limits)

    def _files(self) -> dict[str, bytes]:
        """The output files; none if the run was killed before its folder existed."""
        folder = -1 if self._home is None else wire.take(self._home)
        if folder < 0:
            return {}
        try:
            return outputs.collect(folder, self._job.outputs, int(self._job.limits.disk_bytes))
        finally:
            os.close(folder)


def _since(outcome: Outcome, waited: float) -> tuple[tuple[float, float], ...]:
    """`JobResult.waits`."""
    pairs = zip(outcome.growth[::2], outcome.growth[1::2], strict=True)
    return tuple((outcome.seconds - at, min(waited, max(0.0, outcome.waited - until))) for at, until in pairs)


def ending_of(status: int, cpu: float, limits: Limits) -> tuple[Ended, int | None, int | None]:
    """How a program ended that was not killed here, from its wait status and the CPU seconds that it used."""
    if not os.WIFSIGNALED(status):
        return Ended.EXITED, os.WEXITSTATUS(status), None
    number = os.WTERMSIG(status)
    # The kernel counts CPU time for the limit and for its report by different clocks, so the report may be a little
    # less.
    share = {int(signal.SIGXCPU): 0.5, int(signal.SIGKILL): 0.9}.get(number)
    if share is not None and cpu / limits.cpu_seconds > share:
        return Ended.CPU, None, None
    return Ended.SIGNALLED, None, number


@lru_cache(maxsize=64)
def _order(limits: Limits, counted: bool, outputs: bool, feeds: bool, ipc: bool, warm: bool) -> bytes:
    """The message that tells a slot about a run.

    counted: a cgroup counts its memory. feeds: `wire.FED` will follow. warm: the stacks of its threads are small; those
    of any other program are as large as its own.
    """
    numbers = asdict(limits)
    if not counted:
        numbers |= {"process_memory_bytes": limits.memory_bytes, "thread_stacks": 0 if warm else limits.processes}
    return wire.packed({"limits": numbers, "outputs": outputs, "feeds": feeds, "ipc": ipc})


def _close(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
