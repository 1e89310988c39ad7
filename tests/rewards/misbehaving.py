"""Rewards that do what a reward must not do, for the tests of the pool. Named by file: `misbehaving.py:loops`."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

from rewards import GradeRequest, GradeResult, MathReference, reward
from rewards.wire import grade_row


def spin() -> None:
    while True:
        pass


def hang() -> None:
    """Never returns either, but uses no CPU time."""
    while True:
        time.sleep(60)


@reward("loops", correctness=True)
def loops(request: GradeRequest) -> float:
    """Never comes back from a response that says so."""
    if "loop" in request.response:
        spin()
    return 1.0 if "right" in request.response else 0.0


def takes_long(request: GradeRequest) -> float:
    """What a response may take, from its row."""
    return float(request.metadata["seconds"])  # type: ignore[arg-type]  # a test writes it


@reward("patient", correctness=True, seconds=takes_long)
def patient(request: GradeRequest) -> float:
    """Takes as long as its row says; for ever where the response says so."""
    if "loop" in request.response:
        hang()
    time.sleep(float(request.metadata["seconds"]))  # type: ignore[arg-type]
    return 1.0


@reward("patient_together", correctness=True, seconds=takes_long, concurrency=lambda given: int(given.get("slots", 1)))  # type: ignore[call-overload]
class PatientTogether:
    """The same, several at once, as many as the parameter says; a response may hang by itself."""

    def __init__(self, *, slots: int = 1) -> None:
        self.slots = slots

    async def grade(self, requests: Sequence[GradeRequest]) -> list[float]:
        for request in requests:
            never = "loop" in request.response
            await asyncio.sleep(1e6 if never else float(request.metadata["seconds"]))  # type: ignore[arg-type]
        return [1.0] * len(requests)


@reward("loops_always")
def loops_always(_request: GradeRequest) -> float:
    hang()
    return 0.0


@reward("loops_once_per_file")
def loops_once(request: GradeRequest) -> float:
    """Hangs the first time that it sees a flag file; the second time it does not."""
    flag = str(request.metadata["flag"])
    if not os.path.exists(flag):
        open(flag, "w").close()
        hang()
    return 0.5


@reward("holds_the_lock", correctness=True)
def holds_the_lock(request: GradeRequest) -> float:
    """Backtracks for ever inside the regular expression engine, which holds the interpreter lock."""
    if "loop" in request.response:
        re.match(r"(a|aa)+$", "a" * 80 + "b")
    return 1.0


@reward("penalty", floor=-2.0, ceiling=0.0)
def penalty(request: GradeRequest) -> float:
    if "loop" in request.response:
        hang()
    return -1.0


@reward("undeclared")
def undeclared(request: GradeRequest) -> float:
    if "loop" in request.response:
        hang()
    return 3.0


@reward("misbehaves", correctness=True)
def misbehaves(request: GradeRequest) -> object:
    """One deed a response, by its first word."""
    return _DEEDS[request.response.split()[0]]()


def _print() -> float:
    print("hello from a reward")
    sys.stdout.write('{"call":1,"results":[]}\n')
    os.write(1, b'{"ready": true}\n')
    subprocess.run(["echo", "from a child"], check=True)
    return 1.0


def _allocate() -> float:
    held = []
    while True:
        held.append(bytearray(1 << 24))


def _raise() -> float:
    raise ValueError("this reward\nraises")


def _close_pipes() -> float:
    os.closerange(3, 64)
    time.sleep(60)
    return 1.0


def _write_to_pipe() -> float:
    return _write_everywhere(b"not an answer\n")


def _write_list() -> float:
    return _write_everywhere(b'["call"]\n')


def _write_everywhere(line: bytes) -> float:
    for descriptor in range(3, 16):
        try:
            os.write(descriptor, line)
        except OSError:
            continue
    return 1.0


def _write_odd_grades() -> float:
    """Answers for itself, whatever the number of its call, with a reason that is no text."""
    grade = grade_row(GradeResult.correct(), 0.0)
    grade[4:6] = [5, "x"]
    for number in range(1, 9):
        _write_everywhere(json.dumps({"call": number, "results": [grade]}).encode() + b"\n")
    return 1.0


def _fork() -> float:
    """Leaves a grandchild that sleeps, in the worker's process group."""
    subprocess.Popen(["sleep", "987"])
    hang()
    return 1.0


def _leave_daemons() -> float:
    """Leaves two processes in sessions of their own, a program and a fork of this one; writes down their numbers."""
    with open(os.environ["RLVR_TEST_DAEMONS"], "a") as numbers:
        print(subprocess.Popen(["sleep", "986"], start_new_session=True).pid, file=numbers)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            with open(os.environ["RLVR_TEST_DAEMONS"], "a") as numbers:
                print(os.getpid(), file=numbers)
            os.closerange(0, 1024)
            time.sleep(986)
        os._exit(0)
    return 1.0


def _leave_daemons_and_exit() -> float:
    _leave_daemons()
    os._exit(1)


def _fork_and_return() -> float:
    """Both go on: the child with another score, the parent when it has had time to say so."""
    if os.fork() == 0:
        return 0.25
    time.sleep(0.2)
    return 1.0


def _exit() -> float:
    os._exit(0)


def _kill_self() -> float:
    os.kill(os.getpid(), signal.SIGKILL)
    return 1.0


def _read_input() -> float:
    return float(sys.stdin.read() == "")


def _lone_surrogate() -> GradeResult:
    return GradeResult.correct("\ud800 and \n a second line", extracted="\ud83d")


def _odd() -> GradeResult:
    return replace(GradeResult.correct(), parts={"tensor": object()})  # type: ignore[dict-item]


def _with(**fields: object) -> Callable[[], GradeResult]:
    """A grade of which some fields are not what they are declared to be."""
    return lambda: replace(GradeResult.correct(), **fields)  # type: ignore[arg-type]


class _Held:
    """A number as arrays and tensors hold one."""

    def __init__(self, value: object) -> None:
        self._value = value

    def item(self) -> object:
        return self._value


class _Unprintable(Exception):
    def __repr__(self) -> str:
        raise ValueError("no")

    __str__ = __repr__


def _raise_unprintable() -> float:
    raise _Unprintable


def _nested(depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = [value]
    return value


def _deep() -> GradeResult:
    sys.setrecursionlimit(100_000)
    return replace(GradeResult.correct(), extracted=_nested(20_000))  # type: ignore[arg-type]


def _coroutine() -> object:
    return asyncio.sleep(0, 1.0)


async def _awaited() -> float:
    return 1.0


_DEEDS = {
    "odd": _odd,
    "plain_verdict": _with(verdict="correct"),
    "odd_verdict": _with(verdict="great"),
    "odd_steps": _with(steps=((1, 0.5),)),
    "no_reason": _with(reason=None),
    "odd_extracted": _with(extracted=5),
    "nan_part": _with(parts={"a": float("nan")}),
    "text_part": _with(parts={"a": "x"}),
    "nameless_part": _with(parts={1: 1.0}),
    "no_parts": _with(parts=None),
    "bool_score": _with(score=True, correctness=True),
    "deep": _deep,
    "held": lambda: _Held(True),
    "holds_nan": lambda: _Held(float("nan")),
    "decimal": lambda: Decimal("0.25"),
    "huge": lambda: 10**400,
    "unprintable": _Unprintable,
    "raise_unprintable": _raise_unprintable,
    "coroutine": _coroutine,
    "awaited": _awaited,
    "fine": lambda: 1.0,
    "raise": _raise,
    "nan": lambda: float("nan"),
    "inf": lambda: float("-inf"),
    "text": lambda: "1.0",
    "none": lambda: None,
    "above": lambda: 1.5,
    "bool": lambda: True,
    "partial": lambda: 0.25,
    "print": _print,
    "exit": _exit,
    "sys.exit": lambda: sys.exit(0),
    "kill": _kill_self,
    "allocate": _allocate,
    "close": _close_pipes,
    "write": _write_to_pipe,
    "write_list": _write_list,
    "write_odd_grades": _write_odd_grades,
    "fork": _fork,
    "daemons": _leave_daemons,
    "daemons_and_exit": _leave_daemons_and_exit,
    "fork_and_return": _fork_and_return,
    "input": _read_input,
    "surrogate": _lone_surrogate,
    "recurse": lambda: _DEEDS["recurse"](),
    "sleep": lambda: time.sleep(0.2) or 1.0,
}


@reward("waits", concurrency=8)
async def waits(request: GradeRequest) -> float:
    await asyncio.sleep(60.0 if "loop" in request.response else 0.2)
    return 1.0


_EIGHT = asyncio.Barrier(8)


@reward("gathers", concurrency=8)
async def gathers(_request: GradeRequest) -> float:
    """Comes back once eight requests are at it."""
    await _EIGHT.wait()
    return 1.0


@reward("naps", concurrency=2)
async def naps(request: GradeRequest) -> float:
    """The response is the name of a file, which says what became of its grade."""
    _note(request.response, "begun")
    try:
        await asyncio.sleep(60.0 if "long" in request.response else 0.0)
    except asyncio.CancelledError:
        _note(request.response, "cancelled")
        raise
    return 1.0


def _stick(request: GradeRequest) -> float:
    """The response is the name of a file, which says that its grade has begun; that of a long one never awaits."""
    _note(request.response, "begun")
    if "long" in request.response:
        hang()
    return 1.0


sticks = reward("sticks")(_stick)


@reward("sticks_in_a_loop", concurrency=2)
async def sticks_in_a_loop(request: GradeRequest) -> float:
    return _stick(request)


def _note(name: str, what: str) -> None:
    with open(name, "a") as file:
        print(what, file=file)


@reward("ranks", batched=True)
def ranks(requests: Sequence[GradeRequest]) -> list[float]:
    """The length's rank within the batch; hangs on a batch with a response that says so."""
    if any("loop" in request.response for request in requests):
        hang()
    lengths = sorted(len(request.response) for request in requests)
    return [float(lengths.index(len(request.response))) for request in requests]


@reward("miscounts", batched=True)
def miscounts(requests: Sequence[GradeRequest]) -> list[float]:
    return [0.0] * (len(requests) + 1)


@reward("unordered", batched=True)
def unordered(requests: Sequence[GradeRequest]) -> object:
    """One value each, but not in an order."""
    values = {float(i): 0.5 for i in range(len(requests))}
    made = {"table": values, "set": set(values), "bytes": bytearray(len(requests)), "breaks": (1 / 0 for _ in requests)}
    return made[requests[0].response]


@reward("one_at_a_time")
class OneAtATime:
    """Pays how many calls it is at."""

    def __init__(self) -> None:
        self._active = 0

    async def grade(self, requests: Sequence[GradeRequest]) -> list[GradeResult]:
        self._active += 1
        active = self._active
        await asyncio.sleep(0.01)
        self._active -= 1
        return [GradeResult.scored(float(active)) for _ in requests]


@reward("hangs_on_the_answer", correctness=True)
def hangs_on_the_answer(request: GradeRequest) -> float:
    """Hangs where the reference says so, whatever the response."""
    if isinstance(request.reference, MathReference) and str(request.reference.answer).startswith("loop"):
        hang()
    return 1.0


@reward("slow_to_load")
class SlowToLoad:
    """Takes longer to make than a grade may take."""

    def __init__(self, *, seconds: float = 0.8) -> None:
        time.sleep(seconds)

    async def grade(self, requests: Sequence[GradeRequest]) -> list[GradeResult]:
        return [GradeResult.scored(1.0) for _ in requests]
