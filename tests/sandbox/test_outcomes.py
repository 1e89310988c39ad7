"""The outcome that a slot reports is that of its run, and a program that did not get as far as its start has none."""

from __future__ import annotations

import asyncio
import marshal
import os
import socket
import sys

import pytest

from sandbox.errors import SandboxUnavailable
from sandbox.runs import Slot, SlotLost
from sandbox.types import Job
from sandbox.zygote import wire
from tests.sandbox.running import run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")
OUTCOME: wire.Outcome = (0, 0.5, 0.0, -1.0, 0.25, 1 << 20, (0.1, 0.0), "", "")


@pytest.mark.usefixtures("isolation")
def test_a_program_that_ends_before_its_start_has_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it does where its set-up fails in a way that nobody thought of: here by a file without content."""

    def bundle(*_: object) -> int:
        descriptor = os.memfd_create("bundle", os.MFD_CLOEXEC)
        os.write(descriptor, marshal.dumps((["python", "main.py"], {}, {"main.py": 5}), 2))
        return descriptor

    monkeypatch.setattr(wire, "bundle", bundle)
    with pytest.raises(SandboxUnavailable, match="it ended before its start, with the status 256"):
        run(Job(argv=("python", "main.py")))


@pytest.mark.parametrize("number", [1, 2])
def test_an_outcome_counts_for_the_run_that_it_is_of(number: int) -> None:
    """Else the output that a run has not yet written would be taken for all that it writes."""

    async def within() -> object:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        slot = Slot(ours, None, "namespaces", lambda _slot: None, lambda _stuck, over: over())
        with theirs:
            try:
                outcome = slot.start(b"order", [])
                await asyncio.to_thread(wire.tell, theirs, number, OUTCOME)
                return tuple(await asyncio.wait_for(outcome, 60))
            except SlotLost as error:
                return str(error)
            finally:
                slot.discard()

    other = "its slot gave the outcome of its run 2 for that of run 1"
    assert asyncio.run(within()) == (OUTCOME if number == 1 else other)
