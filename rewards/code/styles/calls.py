"""Drive a program call by call: one process, arguments in, plain data out, compared outside of it.

Used for the cases of the style `function`, and for tests that only compare calls with literals (`plain_tests.py`). The
program never sees expected values, and the arguments of a call only after the previous call was judged: they may be the
value expected before, as in `f("ab") == "ba"`, `f("ba") == "ab"`. Its answers are decoded to plain builtin values only;
their size is bounded by that of the expected value, and hash collisions cannot slow down decoding.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, ClassVar

from rewards.code import machine_load
from rewards.code.guest.encoding.codec import Decoder, Violation, encode
from rewards.code.judgement import LIMITS, NOT_RUN, CaseOutcome, Fate, Judgement, was_killed
from rewards.code.references import CodeLimits
from rewards.code.styles.jobs import OUTPUT_BYTES, PROGRAM_FILE, START_SECONDS, preloads, source_bytes
from rewards.code.styles.messages import Messages, TooLarge
from sandbox.protocol import Sandbox
from sandbox.types import MIB, Job, Limits

SLACK_SECONDS = 0.05
"""For the way there and back."""
SPARE_BYTES = 16 << 10
"""Of an answer, beside what is expected."""
_FEW_KEYS = 64
_NO_PLAIN_DATA = (b"x", b"y", b"W", b"K", b"D", b"Q")
_AT_ONCE = 16 << 10  # bytes: every backend takes them at once, however late the program reads
_TOO_LARGE = "its answer is much larger than what is expected"


class Undecided(Exception):
    """An answer that comparing plain data cannot decide. cases: outcomes of the previous cases."""

    def __init__(self, *cases: CaseOutcome) -> None:
        super().__init__()
        self.cases = cases


@dataclass(frozen=True, slots=True)
class Opaque:
    """A return value that is not plain data. It equals no expected value."""

    kind: str


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the program.

    arguments: `(args, kwargs)` in the form of the codec. most: bytes of the longest answer that is read. failing: why a
    value that the call gives is not the right one; empty = it is. unread: the same of an answer that is too large or
    deep, of what is said about it. Both may raise Undecided.
    """

    arguments: bytes
    most: int
    failing: Callable[[Any], str]
    unread: Callable[[str], str] = str


@dataclass(frozen=True, slots=True)
class CallCase:
    """One test case: all its calls, in order, must return the expected values."""

    name: str
    calls: Sequence[Call]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTrial:
    """What to judge. start: the first message to the program's process (`rewards.code.guest.program.function`)."""

    start: Mapping[str, Any]
    program: str
    cases: Sequence[CallCase]
    limits: CodeLimits
    partial: bool


def _distinct(items: list[Any], hashes: Iterable[int]) -> list[Any]:
    """Reject dictionaries and sets with many colliding keys, which would be slow."""
    if len(items) > _FEW_KEYS and max(Counter(hashes).values()) > _FEW_KEYS:
        raise Violation("keys that collide")
    return items


def _members(decoder: Decoder) -> list[Any]:
    found = decoder.several()
    return _distinct(found, map(hash, found))


def _dict(decoder: Decoder) -> dict[Any, Any]:
    decoder.deeper()
    pairs = [(decoder.get(), decoder.get()) for _ in range(decoder.count())]
    decoder.depth -= 1
    return dict(_distinct(pairs, (hash(key) for key, _value in pairs)))


class _ResultDecoder(Decoder):
    """Decodes an answer: plain builtin values, and type names for everything else."""

    readers: ClassVar = {
        **{tag: read for tag, read in Decoder.readers.items() if tag not in _NO_PLAIN_DATA},
        b"d": _dict,
        b"S": lambda decoder: set(_members(decoder)),
        b"Z": lambda decoder: frozenset(_members(decoder)),
        b"?": lambda decoder: Opaque(str(decoder.get())[:80]),
    }


class _Gone(Exception):
    """The program closed its end."""


async def _ask(messages: Messages, questions: Iterable[bytes], most: int, deadline: float) -> tuple[Any, ...]:
    """Send questions, and wait for one answer. Raises _Gone, TooLarge, Violation, TimeoutError."""
    with messages.until(deadline):
        await messages.send(*questions)
        raw = await messages.next(most)
    if raw is None:
        raise _Gone
    answer = _ResultDecoder(raw).whole()
    if type(answer) is not tuple or not answer or type(answer[0]) is not str:
        raise Violation("an answer without its parts")
    return answer


@dataclass(slots=True)
class _Progress:
    cases: list[CaseOutcome] = field(default_factory=list)
    failure: str = ""
    killed: bool = False
    isolation: str = ""
    peak_memory: int = 0


async def judge_calls(sandbox: Sandbox, trial: CallTrial) -> Judgement:
    """Run the cases. Raises SandboxUnavailable, and Undecided if a call does."""
    began = time.monotonic()
    progress = _Progress()
    while not progress.failure and len(progress.cases) < len(trial.cases):
        before = len(progress.cases)
        try:
            await _one_run(sandbox, trial, progress)
        except Undecided:
            raise Undecided(*progress.cases) from None
        failed = any(case.fate is not Fate.PASSED for case in progress.cases)
        if len(progress.cases) == before or (failed and not trial.partial):
            break
    if not progress.failure:
        missing = trial.cases[len(progress.cases) :]
        progress.cases += [CaseOutcome(fate=Fate.MISSING, name=case.name, reason=NOT_RUN) for case in missing]
    return Judgement(
        cases=tuple(progress.cases),
        failure=progress.failure,
        killed=progress.killed,
        isolation=progress.isolation,
        peak_memory=progress.peak_memory,
        seconds=time.monotonic() - began,
    )


@lru_cache(maxsize=256)
def _limits(limits: CodeLimits, count: int, longest: float, cpu_weight: int) -> Limits:
    seconds = START_SECONDS + (limits.time_s + SLACK_SECONDS) * (count + 1)
    return Limits(
        wall_seconds=longest * seconds,
        cpu_seconds=seconds,
        memory_bytes=limits.memory_mb * MIB,
        output_bytes=OUTPUT_BYTES,
        cpu_weight=cpu_weight,
    )


async def _one_run(sandbox: Sandbox, trial: CallTrial, progress: _Progress) -> None:
    """Run one process until it is finished, gone, or out of time."""
    job = Job(
        argv=("python", "-m", "rlvr_guest.program.function"),
        files={PROGRAM_FILE: source_bytes(trial.program)},
        limits=_limits(trial.limits, len(trial.cases), machine_load.longest(), machine_load.cpu_weight()),
        preload=("rlvr_guest.program.function", *preloads(trial.program, trial.start.get("prompt", ""))),
    )
    session = await sandbox.open(job)
    clock = machine_load.Clock(trial.limits.time_s + SLACK_SECONDS, machine_load.load())
    try:
        with Messages(session) as messages:
            lost = await _converse(messages, trial, progress, clock)
    finally:
        await session.close()
    result = await session.result()
    used = machine_load.Usage.of(result)
    clock.check_starved(used)
    for index in clock.overslept(used):
        progress.cases[index] = replace(progress.cases[index], fate=Fate.TIME, reason=_late(trial))
    progress.isolation = result.isolation
    progress.peak_memory = max(progress.peak_memory, result.peak_memory)
    if lost:
        progress.killed = progress.killed or was_killed(result)
        fate = LIMITS.get(result.ended, Fate.MISSING)
        reason = "the program ended before it answered" if fate is Fate.MISSING else str(fate)
        if lost == "loading":
            progress.failure = reason
        else:
            name = trial.cases[len(progress.cases)].name
            progress.cases.append(CaseOutcome(fate=fate, name=name, reason=reason))


def _late(trial: CallTrial) -> str:
    return f"ran longer than {trial.limits.time_s:g} s"


async def _converse(messages: Messages, trial: CallTrial, progress: _Progress, clock: machine_load.Clock) -> str:
    """Load the program and make the calls. Returns where the program was lost: "loading", "case", or ""."""
    loop, limits = asyncio.get_running_loop(), trial.limits
    start = encode({**trial.start, "file": PROGRAM_FILE})
    asked = trial.cases[len(progress.cases) :]
    first = asked[0].calls[0].arguments
    along = (first,) if len(first) <= _AT_ONCE else ()
    began, stretched = loop.time(), machine_load.stretch()
    allowed = START_SECONDS + limits.time_s
    try:
        answer = await _ask(messages, (start, *along), SPARE_BYTES, began + allowed * stretched)
    except TimeoutError:
        took = loop.time() - began
        clock.was_ended(took, stretched, limit=allowed, over=took - allowed * stretched)
        progress.failure = f"{Fate.TIME}: loading the program {_late(trial)}"
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
    for index, case in enumerate(asked, len(progress.cases)):
        began, stretched = loop.time(), machine_load.stretch()
        try:
            deadline = began + limits.time_s * stretched + SLACK_SECONDS
            fate, reason, alive = await _one_case(messages, case, deadline, sent=bool(along) and case is asked[0])
        except TimeoutError:
            fate, reason, alive = Fate.TIME, _late(trial), False
        except _Gone:
            return "case"
        outcome = CaseOutcome(fate=fate, name=case.name, reason=reason, seconds=loop.time() - began)
        if fate is Fate.TIME:
            clock.was_ended(outcome.seconds, stretched, limit=clock.limit, over=loop.time() - deadline)
        else:
            clock.took(index, outcome.seconds, stretched, passed=fate is Fate.PASSED)
        progress.cases.append(outcome)
        if not alive or (fate is not Fate.PASSED and not trial.partial):
            return ""
    return ""


async def _one_case(messages: Messages, case: CallCase, deadline: float, *, sent: bool) -> tuple[Fate, str, bool]:
    """The fate of a case, its reason, and whether the program can continue. sent: its first call was sent before.

    Raises TimeoutError, _Gone, Undecided.
    """
    for call in case.calls:
        questions = () if sent and call is case.calls[0] else (call.arguments,)
        try:
            answer = await _ask(messages, questions, call.most, deadline)
        except TooLarge:
            return Fate.WRONG, call.unread(_TOO_LARGE), False
        except Violation as error:
            return Fate.WRONG, f"the program broke the protocol: {error}", False
        match answer:
            case ("value", value):
                if reason := call.failing(value):
                    return Fate.WRONG, reason, True
            case ("raised", _):
                return Fate.RAISED, _line(answer), True
            case ("unsendable", _):
                return Fate.WRONG, call.unread(_line(answer)), True
            case _:
                return Fate.WRONG, "the program broke the protocol", True
    return Fate.PASSED, "", True


def _line(answer: tuple[Any, ...]) -> str:
    """The program's own error message, in one line."""
    text = answer[1] if len(answer) == 2 and type(answer[1]) is str else "the program broke the protocol"
    return " ".join(text.split())[:300] or "it failed"
