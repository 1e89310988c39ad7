"""The interface of all backends. `tests/conformance/sandbox.py` is the conformance suite, which runs against each."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from sandbox.types import Job, JobResult

CHANNEL = 3
"""Descriptor of the channel in a program started by `open`: a stream socket to the caller."""
LINK = 4
"""Descriptor of the channel between two programs started together: a stream socket."""


class Session(Protocol):
    """A running program, connected by a byte channel (its descriptor 3).

    The channel is a stream without message boundaries. Standard output and error are collected as in a run. All limits
    of the job apply, including the wall clock; when they end the program, the channel ends.
    """

    async def send(self, data: bytes) -> None:
        """Write all data. It is silently discarded if the program has ended or closed its end."""
        ...

    async def receive(self, most: int = 1 << 16) -> bytes:
        """Wait for data: 1 to `most` bytes; b"" = the program closed the channel."""
        ...

    async def result(self) -> JobResult:
        """Wait for the end. Raises SandboxUnavailable if the sandbox died."""
        ...

    async def peer_result(self) -> JobResult:
        """Wait for the end of the peer. Raises SandboxUnavailable, or RuntimeError if there is no peer."""
        ...

    async def close(self) -> None:
        """Kill what is still running and wait until nothing is left. Idempotent; `result` stays available."""
        ...


@runtime_checkable
class Sandbox(Protocol):
    """Runs untrusted programs concurrently. Bound to the first event loop that uses it."""

    async def run(self, job: Job) -> JobResult:
        """Run a program to its end. Failures of the program are data; raises only SandboxUnavailable.

        Cancelling the call kills the run.
        """
        ...

    async def open(self, job: Job, peer: Job | None = None) -> Session:
        """Start a program and return a duplex channel to it.

        peer: a second program, isolated from the first except for a channel between them (descriptor 4 in both). The
        caller has no channel to the peer; when the first program ends, the peer is killed.

        Raises:
            SandboxUnavailable: the program could not be started.
        """
        ...

    async def close(self) -> None:
        """Kill all runs and leave nothing behind. Idempotent."""
        ...
