"""One run as the supervisor sees it: a slot is given a job, its pipes are fed and drained, and its end is awaited.

Output goes through real pipes that are read here, never through the zygote; the cap on it is kept here. Input that fits
a pipe is written before the program starts.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable, Sequence
from dataclasses import asdict

from sandbox.cgroups import SlotGroup
from sandbox.pipes import Drain, Feed
from sandbox.types import Ended, Job, JobResult
from sandbox.zygote import wire

_CPU_CHECKS_AFTER = 0.05
_NOTHING_KNOWN: dict[str, object] = {"status": None, "seconds": 0.0, "cpu": 0.0, "peak": 0, "fault": ""}


class SlotLost(Exception):
    """A slot's process is gone: its run must be made again elsewhere."""


class Slot:
    """The supervisor's end of a slot process. `give_back` takes it when its run has ended well.

    lost: told when the process ended by itself, which it never should: what it watched may still run.
    """

    def __init__(
        self,
        channel: socket.socket,
        group: SlotGroup | None,
        isolation: str,
        give_back: Callable[[Slot], None],
        lost: Callable[[], None],
    ) -> None:
        channel.setblocking(False)
        self._channel = channel
        self.group = group
        self.isolation = isolation
        self._give_back = give_back
        self._lost = lost
        self._answer: asyncio.Future[dict[str, object]] | None = None
        self._number = 0
        self.alive = True
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(channel, self._hear)

    def start(self, message: dict[str, object], descriptors: list[int]) -> asyncio.Future[dict[str, object]]:
        """Hand over a run; the future is its outcome. Raises SlotLost."""
        self._number += 1
        try:
            wire.send(self._channel, {**message, "run": self._number}, descriptors)
        except OSError as error:
            self.discard()
            raise SlotLost(f"its slot is gone: {error}") from error
        self._answer = self._loop.create_future()
        return self._answer

    def kill(self, outcome: asyncio.Future[dict[str, object]], cause: str) -> None:
        """End the run that has this outcome, if it is still on: the slot may have gone on to the next."""
        if outcome is self._answer and not outcome.done():
            with contextlib.suppress(OSError):
                wire.send(self._channel, {"kill": cause, "run": self._number}, [])

    def free(self) -> None:
        """The run has ended: the next may come."""
        if self.alive:
            self._give_back(self)

    def discard(self) -> None:
        """Close it: the slot's process kills its run, and ends."""
        if self.alive:
            self.alive = False
            self._loop.remove_reader(self._channel)
            self._channel.close()
            if self.group is not None:
                self.group.close()

    def _hear(self) -> None:
        try:
            received = wire.hear(self._channel)
        except BlockingIOError:
            return
        answer, self._answer = self._answer, None
        if received is None:
            out_of_memory = self.group is not None and answer is not None and self.group.end().out_of_memory
            self.discard()
            self._lost()
            if answer is not None and not answer.done():
                if out_of_memory:
                    answer.set_result({**_NOTHING_KNOWN, "cause": "memory"})
                else:
                    answer.set_exception(SlotLost("its slot ended"))
            return
        if answer is not None and not answer.done():
            answer.set_result(received)


class Run:
    """A job in a slot, from its start. `end` gives its result, once, and the slot back."""

    def __init__(self, slot: Slot, job: Job, channels: Sequence[int] = ()) -> None:
        self._slot = slot
        self._job = job
        self._loop = asyncio.get_running_loop()
        self._cpu_check: asyncio.TimerHandle | None = None
        self._cause = ""
        limits: dict[str, object] = asdict(job.limits)
        if slot.group is not None:
            slot.group.begin(job.limits.memory_bytes, job.limits.processes + 4)  # the slot and the run's init
        else:
            limits["process_memory_bytes"] = job.limits.memory_bytes
        stdin_read, stdin_write = os.pipe2(os.O_CLOEXEC)
        out_read, out_write = os.pipe2(os.O_CLOEXEC)
        err_read, err_write = os.pipe2(os.O_CLOEXEC)
        bundle = wire.bundle(job.argv, job.env, job.files)
        self._outputs = os.memfd_create("outputs", os.MFD_CLOEXEC) if job.outputs else -1
        ends = [stdin_read, out_write, err_write]
        given = [bundle, *ends, *channels, *([self._outputs] if job.outputs else [])]
        try:
            self._outcome = slot.start(
                {"limits": limits, "outputs": list(job.outputs)},
                given,
            )
        except SlotLost:
            for descriptor in (stdin_write, out_read, err_read, *([self._outputs] if job.outputs else [])):
                os.close(descriptor)
            raise
        finally:
            for descriptor in (bundle, *ends):
                os.close(descriptor)
        self._stdout = Drain(out_read, job.limits.output_bytes, self._over)
        self._stderr = Drain(err_read, job.limits.output_bytes, self._over)
        self._stdin = Feed(stdin_write, job.stdin)
        if slot.group is not None:
            self._check_cpu()

    def kill(self, cause: str) -> None:
        """End the run; the first cause counts."""
        self._cause = self._cause or cause
        self._slot.kill(self._outcome, cause)

    def _over(self) -> None:
        self.kill("output")

    async def end(self) -> JobResult:
        """Wait for the end. Raises SlotLost where the slot died under it."""
        try:
            outcome = await self._outcome
        except SlotLost:
            self._let_go()
            raise
        self._let_go()
        if outcome["fault"]:
            self._slot.discard()
            raise SlotLost(str(outcome["fault"]))
        result = self._result(outcome)
        self._slot.free()
        return result

    def _let_go(self) -> None:
        if self._cpu_check is not None:
            self._cpu_check.cancel()
        self._stdin.close()
        self._stdout.close()
        self._stderr.close()

    def _check_cpu(self) -> None:
        """Kill a run whose processes together have used up their CPU time; looked at when they can have done so."""
        assert self._slot.group is not None
        left = self._job.limits.cpu_seconds - self._slot.group.used_cpu()
        if left <= 0:
            self.kill("cpu")
            return
        after = max(_CPU_CHECKS_AFTER, left / (os.cpu_count() or 1))
        self._cpu_check = self._loop.call_later(after, self._check_cpu)

    def _result(self, outcome: dict[str, object]) -> JobResult:
        usage = self._slot.group.end() if self._slot.group is not None and self._slot.alive else None
        cpu = max(float(outcome["cpu"]), usage.cpu_seconds if usage else 0.0)  # type: ignore[arg-type]
        ended, code, killed_by = self._ending(outcome, cpu, usage is not None and usage.out_of_memory > 0)
        return JobResult(
            ended=ended,
            exit_code=code,
            signal=killed_by,
            stdout=bytes(self._stdout.held),
            stderr=bytes(self._stderr.held),
            truncated=self._stdout.over or self._stderr.over,
            seconds=float(outcome["seconds"]),  # type: ignore[arg-type]
            cpu_seconds=cpu,
            peak_memory=usage.peak_memory if usage and usage.peak_memory else int(outcome["peak"]),  # type: ignore[call-overload]
            files=self._files(),
            isolation=self._slot.isolation,
        )

    def _ending(
        self, outcome: dict[str, object], cpu: float, out_of_memory: bool
    ) -> tuple[Ended, int | None, int | None]:
        status, cause = outcome["status"], outcome["cause"] or self._cause
        if self._stdout.over or self._stderr.over:
            return Ended.OUTPUT, None, None
        if cause == "cpu":
            return Ended.CPU, None, None
        if cause == "wall" and status is None:
            return Ended.WALL, None, None
        if status != 0 and (out_of_memory or cause == "memory"):
            return Ended.MEMORY, None, None
        if not isinstance(status, int):
            return Ended.SIGNALLED, None, int(signal.SIGKILL)
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            share = cpu / self._job.limits.cpu_seconds
            if (number == signal.SIGXCPU and share > 0.5) or (number == signal.SIGKILL and share > 0.9):
                return Ended.CPU, None, None
            return Ended.SIGNALLED, None, number
        return Ended.EXITED, os.WEXITSTATUS(status), None

    def _files(self) -> dict[str, bytes]:
        if self._outputs < 0:
            return {}
        try:
            return wire.read_outputs(self._outputs)
        except ValueError:  # the run was killed before it had brought them back
            return {}
        finally:
            os.close(self._outputs)
            self._outputs = -1
