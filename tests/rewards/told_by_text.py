"""Rewards that say from the text alone what they can, for the tests of chunks: `text:` is paid at once, `text, in a
worker: DEED` does something else there, and the rest is graded as a call of its own, which does the deed that it names.

A grade at once says in which process it was made.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from rewards import GradeRequest, GradeResult, Verdict, reward

AT_ONCE = "text:"
IN_A_WORKER = "text, in a worker: "
IN_NO_TIME = "text in no time: "
NO_GRADE = "text, which gives a number where a grade was asked for"


def _loop() -> None:
    while True:
        time.sleep(0.01)


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _allocate() -> None:
    held = []
    while True:
        held.append(bytearray(1 << 24))


def _touch(name: str) -> None:
    with open(name, "a", encoding="utf-8") as file:
        file.write("graded\n")


def _doze() -> None:
    time.sleep(0.1)


DEEDS: dict[str, Callable[[], None]] = {"loop": _loop, "kill": _kill, "allocate": _allocate, "doze": _doze}


def _in_a_worker() -> bool:
    return "RLVR_GRADING_WORKER" in os.environ


def _said(request: GradeRequest) -> GradeResult | None:
    response = request.response
    if response.startswith(IN_A_WORKER) and _in_a_worker():
        deed = response.removeprefix(IN_A_WORKER)
        if deed == "raise":
            raise ValueError(deed)
        if deed == "no grade":
            return 1.0  # type: ignore[return-value]
        if deed == "no json":
            return GradeResult(score=1.0, verdict=Verdict.SCORED, details={"a": {1, 2}})  # type: ignore[dict-item]
        if deed == "no text":
            return GradeResult(score=1.0, verdict=Verdict.SCORED, extracted=5)  # type: ignore[arg-type]
        DEEDS[deed]()
    if response == NO_GRADE:
        return 1.0  # type: ignore[return-value]
    if not response.startswith("text"):
        return None
    if not response.startswith(IN_NO_TIME):
        sum(range(20_000))  # so that it takes longer than to hand it over
    return GradeResult(
        score=1.0, correctness=1.0, verdict=Verdict.CORRECT, extracted=response, details={"process": os.getpid()}
    )


@reward("told", correctness=True, at_once=_said)
def told(request: GradeRequest) -> GradeResult:
    """`wait for FILE` waits until there is such a file; `touch FILE` writes a line into one."""
    deed, _, name = request.response.rpartition(" ")
    if deed == "wait for":
        while not Path(name).exists():
            time.sleep(0.01)
    elif deed == "touch":
        _touch(name)
    elif request.response in DEEDS:
        DEEDS[request.response]()
    return GradeResult.correct(extracted=request.response)


@reward("told_awaiting", correctness=True, concurrency=1, at_once=_said)
async def told_awaiting(request: GradeRequest) -> GradeResult:
    """One that awaits, if one at a time."""
    return GradeResult.correct(extracted=request.response)
