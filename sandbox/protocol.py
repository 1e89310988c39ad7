"""What every backend offers. `tests/conformance/sandbox.py` holds what they promise, and runs against each of them."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from sandbox.types import Job, JobResult

CHANNEL = 3
"""Descriptor of the duplex channel in a program that was opened: a stream socket to the caller."""
LINK = 4
"""Descriptor of the duplex channel between two programs that were opened together: a stream socket."""


class Session(Protocol):
    """A running program at the other end of a byte channel (its descriptor 3).

    The channel is a stream: what is sent may arrive in other pieces. Standard output and error are collected as in a
    run. The limits of the job hold, the wall clock included; when they end the program, the channel ends.
    """

    async def send(self, data: bytes) -> None:
        """Write all of it. A program that has ended, or has closed its end, swallows it silently."""
        ...

    async def receive(self, most: int = 1 << 16) -> bytes:
        """Wait for data: at least one byte, at most `most`; b"" = the program closed the channel."""
        ...

    async def result(self) -> JobResult:
        """Wait for the end. Raises SandboxUnavailable where the sandbox died under it."""
        ...

    async def peer_result(self) -> JobResult:
        """Wait for the end of the peer. Raises SandboxUnavailable; RuntimeError where there is no peer."""
        ...

    async def close(self) -> None:
        """Kill what still runs and wait until nothing is left. Idempotent; `result` stays available."""
        ...


@runtime_checkable
class Sandbox(Protocol):
    """Runs untrusted programs, several at a time. It belongs to the event loop that uses it first."""

    async def run(self, job: Job) -> JobResult:
        """Run a program to its end. The program's trouble is data; raises SandboxUnavailable only.

        Cancelling the call kills the run.
        """
        ...

    async def open(self, job: Job, peer: Job | None = None) -> Session:
        """Start a program and return a duplex channel to it.

        peer: a second program, isolated from the first, that is joined to it by a channel of their own (descriptor 4 in
        both). The caller has no channel to the peer; when the first ends, the peer is killed.

        Raises:
            SandboxUnavailable: it could not be started.
        """
        ...

    async def close(self) -> None:
        """Kill all runs and leave nothing behind. Idempotent."""
        ...
