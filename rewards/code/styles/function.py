"""Judge of the style `function`: one process, one case at a time, arguments in, plain data out, compared here.

The program sees the arguments of a case when the case before it has been judged, and never an expected value. What it
sends is read by a decoder that makes plain builtin values only, is bounded by the size of what is expected, and cannot
be made slow by keys that collide.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from rewards.code import patience
from rewards.code.compare import same_value
from rewards.code.guest.channel import framed
from rewards.code.guest.codec import LARGEST_MESSAGE, Decoder, Unsendable, Violation, encode
from rewards.code.judgement import LIMITS, CaseOutcome, Fate, Judgement
from rewards.code.references import CodeLimits, FunctionReference
from rewards.code.styles.messages import Messages, TooLarge
from rewards.code.styles.pair import PROGRAM_FILE, START_SECONDS, preloads, source_bytes
from rewards.code.values import untagged
from sandbox.protocol import Sandbox, Session
from sandbox.types import MIB, Job, Limits

SLACK_SECONDS = 0.05
"""For the way there and back."""
_SPARE_BYTES = 16 << 10
_TIMES_EXPECTED = 4
_FEW_KEYS = 64
_OUTPUT = 4 * MIB


@dataclass(frozen=True, slots=True)
class Opaque:
    """What a program returned and is no plain data. It equals nothing that is expected."""

    kind: str


class ResultDecoder(Decoder):
    """Reads an answer: plain builtin values, and the type names of all else."""

    def extension(self, tag: bytes) -> Any:
        if tag != b"?":
            return super().extension(tag)
        return Opaque(str(self.get())[:80])

    def get(self) -> Any:
        tag = self.raw[self.at : self.at + 1]
        if tag in b"xyWKDQ":
            raise Violation(f"a value with tag {tag!r}, which is no plain data")
        if tag == b"d":
            self.at += 1
            return dict(self._distinct(list(self._pairs()), lambda pair: pair[0]))
        if tag in (b"S", b"Z"):
            self.at += 1
            members = self._distinct(list(self.several()), lambda member: member)
            return set(members) if tag == b"S" else frozenset(members)
        return super().get()

    def _pairs(self) -> Any:
        self.deeper()
        for _ in range(self.count()):
            yield self.get(), self.get()
        self.depth -= 1

    @staticmethod
    def _distinct(items: list[Any], key: Any) -> list[Any]:
        """Keys of one hash make a dictionary slow, so there may be few of them."""
        if len(items) > _FEW_KEYS and max(Counter(hash(key(item)) for item in items).values()) > _FEW_KEYS:
            raise Violation("keys that collide")
        return items


class _Gone(Exception):
    """The program closed its end."""


class _Caller:
    """The program at the other end of a session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._messages = Messages(session)

    async def ask(self, message: bytes, most: int, deadline: float) -> tuple[Any, ...]:
        """Send, and wait for the answer. Raises _Gone, TooLarge, Violation, TimeoutError."""
        async with asyncio.timeout_at(deadline):
            await self._session.send(framed(message))
            raw = await self._messages.next(most)
        if raw is None:
            raise _Gone
        answer = ResultDecoder(raw).whole()
        if type(answer) is not tuple or not answer or type(answer[0]) is not str:
            raise Violation("an answer without its parts")
        return answer


@dataclass(slots=True)
class _Progress:
    cases: list[CaseOutcome] = field(default_factory=list)
    failure: str = ""
    isolation: str = ""
    peak_memory: int = 0


async def judge_function(sandbox: Sandbox, program: str, reference: FunctionReference) -> Judgement:
    """Call the function case by case. Raises SandboxUnavailable."""
    began = time.monotonic()
    progress = _Progress()
    fault = ""
    prepared: list[tuple[bytes, object, int]] = []
    for index, case in enumerate(reference.cases):
        try:
            args = tuple(untagged(arg) for arg in case.args)
            kwargs = {name: untagged(value) for name, value in case.kwargs.items()}
            expected = untagged(case.expected)
            size = len(encode(expected)) * _TIMES_EXPECTED + _SPARE_BYTES
            prepared.append((encode((args, kwargs)), expected, min(size, LARGEST_MESSAGE)))
        except (ValueError, Unsendable) as error:
            fault = f"case {index} cannot be asked: {error}"
            break
    while not fault and not progress.failure and len(progress.cases) < len(prepared):
        before = len(progress.cases)
        await _one_run(sandbox, program, reference, prepared, progress)
        failed = any(case.fate is not Fate.PASSED for case in progress.cases)
        if len(progress.cases) == before or (failed and not reference.partial):
            break
    missing = len(prepared) - len(progress.cases)
    if missing and not progress.failure:
        skipped = [
            CaseOutcome(fate=Fate.MISSING, name=f"case {i}", reason="not run after a failure")
            for i in range(len(progress.cases), len(prepared))
        ]
        progress.cases += skipped
    return Judgement(
        cases=tuple(progress.cases),
        fault=fault,
        failure=progress.failure,
        isolation=progress.isolation,
        peak_memory=progress.peak_memory,
        seconds=time.monotonic() - began,
    )


@lru_cache(maxsize=256)
def _limits(limits: CodeLimits, count: int) -> Limits:
    seconds = START_SECONDS + (limits.time_s + SLACK_SECONDS) * (count + 1)
    return Limits(
        wall_seconds=patience.LONGEST * seconds,
        cpu_seconds=seconds,
        memory_bytes=limits.memory_mb * MIB,
        output_bytes=_OUTPUT,
    )


async def _one_run(
    sandbox: Sandbox,
    program: str,
    reference: FunctionReference,
    prepared: list[tuple[bytes, object, int]],
    progress: _Progress,
) -> None:
    """One process, until it is through, gone, or out of time."""
    job = Job(
        argv=("python", "-m", "rlvr_guest.function"),
        files={PROGRAM_FILE: source_bytes(program)},
        limits=_limits(reference.limits, len(prepared)),
        preload=("rlvr_guest.function", *preloads(program)),
    )
    session = await sandbox.open(job)
    clock = patience.Clock(reference.limits.time_s + SLACK_SECONDS)
    try:
        lost = await _converse(session, reference, prepared, progress, clock)
    finally:
        await session.close()
    result = await session.result()
    for index in clock.overslept(result.cpu_seconds):
        late = f"ran longer than {reference.limits.time_s:g} s"
        progress.cases[index] = replace(progress.cases[index], fate=Fate.TIME, reason=late)
    progress.isolation = result.isolation
    progress.peak_memory = max(progress.peak_memory, result.peak_memory)
    if lost:
        fate = LIMITS.get(result.ended, Fate.MISSING)
        reason = "the program ended before it answered" if fate is Fate.MISSING else str(fate)
        if lost == "loading":
            progress.failure = reason
        else:
            index = len(progress.cases)
            progress.cases.append(CaseOutcome(fate=fate, name=f"case {index}", reason=reason))


async def _converse(
    session: Session,
    reference: FunctionReference,
    prepared: list[tuple[bytes, object, int]],
    progress: _Progress,
    clock: patience.Clock,
) -> str:
    """Load and call. Returns where the program was lost: "loading", "case", or "" if it was not."""
    loop, limits, caller = asyncio.get_running_loop(), reference.limits, _Caller(session)
    late = f"ran longer than {limits.time_s:g} s"
    start = encode({"file": PROGRAM_FILE, "entry_point": reference.entry_point})
    began = loop.time()
    try:
        answer = await caller.ask(start, _SPARE_BYTES, began + (START_SECONDS + limits.time_s) * patience.stretch())
    except TimeoutError:
        progress.failure = f"{Fate.TIME}: loading the program {late}"
        return ""
    except _Gone:
        return "loading"
    except (Violation, TooLarge):
        progress.failure = "the program broke the protocol"
        return ""
    if answer != ("loaded",):
        progress.failure = _line(answer)
        return ""
    clock.wall = loop.time() - began
    for index in range(len(progress.cases), len(prepared)):
        message, expected, most = prepared[index]
        began = loop.time()
        fate, reason = Fate.WRONG, ""
        alive = True
        stretched = patience.stretch()
        try:
            allowed = limits.time_s * stretched + SLACK_SECONDS
            answer = await caller.ask(message, most, began + allowed)
        except TimeoutError:
            fate, reason, alive = Fate.TIME, late, False
        except _Gone:
            return "case"
        except TooLarge:
            reason, alive = "its answer is much larger than what is expected", False
        except Violation as error:
            reason, alive = f"the program broke the protocol: {error}", False
        else:
            fate, reason = _verdict(answer, expected, reference)
        outcome = CaseOutcome(fate=fate, name=f"case {index}", reason=reason, seconds=loop.time() - began)
        clock.took(index, outcome.seconds, stretched, passed=fate is Fate.PASSED)
        progress.cases.append(outcome)
        if not alive or (fate is not Fate.PASSED and not reference.partial):
            return ""
    return ""


def _verdict(answer: tuple[Any, ...], expected: object, reference: FunctionReference) -> tuple[Fate, str]:
    tolerance = reference.compare.tolerance if reference.compare is not None else None
    match answer:
        case ("value", value):
            if same_value(expected, value, tolerance):
                return Fate.PASSED, ""
            if type(value) is Opaque:
                return Fate.WRONG, f"it returned an object of type {value.kind}, which is no plain data"
            return Fate.WRONG, "it returned another value"
        case ("raised", _):
            return Fate.RAISED, _line(answer)
        case ("unsendable", _):
            return Fate.WRONG, _line(answer)
        case _:
            return Fate.WRONG, "the program broke the protocol"


def _line(answer: tuple[Any, ...]) -> str:
    """What the program says of its own failure, in one line."""
    text = answer[1] if len(answer) == 2 and type(answer[1]) is str else "the program broke the protocol"
    return " ".join(text.split())[:300] or "it failed"
