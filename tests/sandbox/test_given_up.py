"""Ends that do not come by themselves: what is stopped, or reads nothing, is given up, and nobody waits for ever."""

from __future__ import annotations

import asyncio

import pytest

from sandbox.types import Ended, Job, JobResult, Limits
from sandbox.weak import WeakSandbox
from tests.conformance.sandbox import gone, new_token, there

HELLO = Job(argv=("python", "-c", "print('hello')"))
STOPS_ITS_KEEPER = """
import os, signal, sys, time
if os.fork() == 0:
    os.setsid()
    os.execv("/bin/sleep", [sys.argv[1], "600"])
os.kill(os.getppid(), signal.SIGSTOP)
time.sleep(600)
"""


@pytest.mark.parametrize("how", ["run", "close"])
def test_a_weak_run_that_stops_its_keeper_is_ended_with_all_that_it_started(
    how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.weak.SILENT_SECONDS", 0.3)
    monkeypatch.setattr("sandbox.weak._END_SECONDS", 0.3)

    async def within() -> tuple[JobResult, JobResult]:
        box, token = WeakSandbox(slots=1), new_token()
        limits = Limits(wall_seconds=0.5 if how == "run" else 600.0)
        session = await box.open(Job(argv=("python", "-c", STOPS_ITS_KEEPER, token), limits=limits))
        if how == "close":
            await there(token)
            await session.close()
        result = await session.result()
        await gone(token)
        await session.close()
        after = await box.run(HELLO)
        await box.close()
        return result, after

    result, after = asyncio.run(within())
    assert result.ended is (Ended.WALL if how == "run" else Ended.SIGNALLED)
    assert after.stdout == b"hello\n"
