"""Run a checker and a candidate together, for the styles `asserts`, `check` and `pytest`.

The caller enforces deadlines. It never talks to the program, and the checker reports codec data only. A case that
exceeds its limit or kills the program ends the pair; if all cases count, a new pair continues with the next case.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from rewards.code import machine_load
from rewards.code.guest.encoding.codec import LARGEST_MESSAGE, Violation, decode, encode
from rewards.code.judgement import LIMITS, NOT_RUN, CaseOutcome, Fate, Judgement, was_killed
from rewards.code.references import AssertsReference, CheckReference, CodeLimits, PytestReference
from rewards.code.styles.jobs import OUTPUT_BYTES, PROGRAM_FILE, START_SECONDS, preloads, source_bytes
from rewards.code.styles.messages import Messages, TooLarge
from sandbox.protocol import Sandbox, Session
from sandbox.types import MIB, Job, JobResult, Limits

CHECKER_MEMORY = 512 * MIB
SLACK_SECONDS = 0.25
"""Seconds for the checker in each case, so that a program within its limit never exceeds ours."""
_FATES = frozenset(Fate)
_UNCLEAR = "it holds only with what the program has changed, and its text does not show that this is right"
_REHEARSED = "rlvr_guest.rehearsal"  # holds both, so that one zygote serves them
_WATCHES = {
    "output": re.compile(r"stdout|stderr|capsys|capfd|print"),
    "descriptors": re.compile(r"capfd"),
    "warnings": re.compile(r"warn", re.IGNORECASE),
    "logs": re.compile(r"caplog|assertLogs|assertNoLogs|logging"),
}


def program_options(texts: Iterable[str], always: tuple[str, ...] = ()) -> dict[str, Any]:
    """Options for loading the program in the candidate. Output is forwarded if the tests look at it."""
    whole = "\n".join(texts)
    forward = tuple(what for what, pattern in _WATCHES.items() if what in always or pattern.search(whole))
    return {"module": "solution", "file": PROGRAM_FILE, "forward": forward, "wanted": ()}


class CheckerFault(Exception):
    """The checker violated the protocol, or ended without the program's doing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What to judge.

    start: first message to the checker. texts: sources of the tests, for which libraries are preloaded. files, modules:
    files of the checker, and what else is preloaded there.
    """

    reference: AssertsReference | CheckReference | PytestReference
    program: str
    start: Mapping[str, Any]
    texts: tuple[str, ...]
    files: Mapping[str, bytes] = field(default_factory=dict)
    modules: tuple[str, ...] = ()


@dataclass(slots=True)
class _Progress:
    """Results so far, over all pairs."""

    outcomes: dict[int, CaseOutcome] = field(default_factory=dict)
    failure: str = ""
    fault: str = ""
    unexplained: bool = False  # a fault that the program may have caused
    unclear: bool = False  # whether a test judges the program by what it has changed
    loaded: bool = False
    done: bool = False
    lost: str = ""
    killed: bool = False
    isolation: str = ""
    peak_memory: int = 0
    seconds: float = 0.0
    count: int = 0
    current: int = 0  # the current case


async def _next_event(messages: Messages, deadline: float) -> tuple[Any, ...] | None:
    """The checker's next message; None if it is gone. Raises TimeoutError, CheckerFault."""
    try:
        with messages.until(deadline):
            raw = await messages.next(LARGEST_MESSAGE)
        event = None if raw is None else decode(raw)
    except TooLarge as error:
        raise CheckerFault(f"the checker announced {error}") from None
    except Violation as error:
        raise CheckerFault(f"the checker sent what means nothing: {error}") from None
    if raw is None:
        return None
    if type(event) is not tuple or not event or type(event[0]) is not str:
        raise CheckerFault("the checker sent what is no event")
    return event


@lru_cache(maxsize=256)
def _limits(limits: CodeLimits, count: int, longest: float, cpu_weight: int) -> tuple[Limits, Limits]:
    """Limits of the checker and of the candidate."""
    seconds = START_SECONDS + (limits.time_s + SLACK_SECONDS) * (count + 1)
    shared = Limits(
        wall_seconds=longest * seconds, cpu_seconds=seconds, output_bytes=OUTPUT_BYTES, cpu_weight=cpu_weight
    )
    memory = limits.memory_mb * MIB
    return replace(shared, memory_bytes=max(CHECKER_MEMORY, memory)), replace(shared, memory_bytes=memory)


def jobs(trial: Trial, program: str) -> tuple[Job, Job]:
    """The jobs of the checker and the candidate. program: the one that runs there."""
    limits, count = trial.reference.limits, trial.reference.case_count
    of_checker, of_candidate = _limits(limits, count, machine_load.longest(), machine_load.cpu_weight())
    libraries = preloads(trial.program, *trial.texts)
    checker = Job(
        argv=("python", "-m", "rlvr_guest.judging.checker"),
        files=trial.files,
        limits=of_checker,
        preload=(_REHEARSED, *trial.modules, *libraries),
    )
    candidate = Job(
        argv=("python", "-m", "rlvr_guest.program.candidate"),
        files={PROGRAM_FILE: source_bytes(program)},
        limits=of_candidate,
        preload=(_REHEARSED, *libraries),
    )
    return checker, candidate


async def judge(sandbox: Sandbox, trial: Trial) -> Judgement:
    """Run the cases. Raises SandboxUnavailable."""
    began = time.monotonic()
    progress = await _run(sandbox, trial)
    if progress.unclear and _counts(progress, trial):
        _compare(progress, await _run(sandbox, trial, undoes=True))
    progress.seconds = time.monotonic() - began
    return _judgement(progress)


def _counts(progress: _Progress, trial: Trial) -> bool:
    """Whether passed cases will be paid."""
    if progress.failure or progress.fault:
        return False
    fates = {outcome.fate for outcome in progress.outcomes.values()}
    return Fate.PASSED in fates and (trial.reference.partial or fates <= {Fate.PASSED, Fate.SKIPPED})


def _compare(progress: _Progress, undone: _Progress) -> None:
    """Cases that pass only with the program's changes, of which the tests do not say that they are right, decide
    nothing.
    """
    progress.killed = progress.killed or undone.killed
    progress.peak_memory = max(progress.peak_memory, undone.peak_memory)
    for index, outcome in progress.outcomes.items():
        again = undone.outcomes.get(index)
        if outcome.fate is Fate.PASSED and (again is None or again.fate is not Fate.PASSED):
            progress.outcomes[index] = replace(outcome, fate=Fate.UNSUPPORTED, reason=_UNCLEAR)


async def _run(sandbox: Sandbox, trial: Trial, *, undoes: bool = False) -> _Progress:
    """Run the cases once. undoes: what the program changes is put back, also where it is unclear what the tests do with
    it.
    """
    progress = _Progress(count=trial.reference.case_count)
    trial = replace(trial, start={**trial.start, "undoes": undoes})
    pair = jobs(trial, trial.program)
    first = before = 0
    while True:
        await _one_pair(sandbox, pair, trial, progress, first)
        if progress.unexplained:
            control = _Progress(count=trial.reference.case_count)
            await _one_pair(sandbox, jobs(trial, ""), trial, control, 0)
            progress.killed = progress.killed or control.killed
            if not control.unexplained:  # with another program, the fault disappears
                progress.fault, progress.failure = "", "what the program gave ended the test before its verdict"
        through = len(progress.outcomes)
        more = trial.reference.partial and through < progress.count
        stop = progress.done or progress.failure or progress.fault or not more
        if stop or through == before:
            break
        before = through
        first = max(progress.outcomes, default=-1) + 1
    return progress


async def _one_pair(sandbox: Sandbox, pair: tuple[Job, Job], trial: Trial, progress: _Progress, first: int) -> None:
    """Run the cases from `first` on, as far as this pair lives."""
    session = await sandbox.open(*pair)
    clock = machine_load.Clock(trial.reference.limits.time_s + SLACK_SECONDS, machine_load.load())
    try:
        with Messages(session) as messages:
            ended = await _follow(messages, trial, progress, first, clock)
        if ended:
            await _ended(session, progress)
    finally:
        await session.close()
    await _account(session, progress, clock)


async def _follow(messages: Messages, trial: Trial, progress: _Progress, first: int, clock: machine_load.Clock) -> bool:
    """Process the checker's events. Returns whether it ended without the last one."""
    loop = asyncio.get_running_loop()
    progress.loaded, progress.lost = False, ""
    start = {**trial.start, "first": first, "skip": tuple(progress.outcomes), "partial": trial.reference.partial}
    await messages.send(encode(start))
    progress.current = first
    began, stretched = loop.time(), machine_load.stretch()
    deadline = began + START_SECONDS * stretched + _allowed(trial, stretched)
    try:
        while (event := await _next_event(messages, deadline)) is not None:
            ends = _take(event, progress)
            now = loop.time()
            passed = event[0] == "end" and progress.outcomes[event[1]].fate is Fate.PASSED
            clock.took(event[1] if passed else 0, now - began, stretched, passed=passed)
            if ends:
                return False
            began, stretched = now, machine_load.stretch()
            deadline = began + _allowed(trial, stretched)
    except TimeoutError:
        took, over = loop.time() - began, loop.time() - deadline
        limit = (took - over - SLACK_SECONDS) / stretched + SLACK_SECONDS
        clock.was_ended(took, stretched, limit=limit, over=over)
        reason = f"ran longer than {trial.reference.limits.time_s:g} s"
        if progress.loaded:
            _note(progress, Fate.TIME, reason)
        else:
            progress.failure = f"{Fate.TIME}: loading the program {reason}"
        return False
    except CheckerFault as error:
        progress.fault, progress.unexplained = str(error), True
        return False
    return True


def _allowed(trial: Trial, stretched: float) -> float:
    """Wall-clock limit of a case, in seconds."""
    return trial.reference.limits.time_s * stretched + SLACK_SECONDS


def _note(progress: _Progress, fate: Fate, reason: str) -> None:
    """Record the outcome of the current case."""
    at = progress.current
    while at in progress.outcomes:
        at += 1
    progress.outcomes[at] = CaseOutcome(fate=fate, name=f"case {at + 1}", reason=reason)


def _take(event: tuple[Any, ...], progress: _Progress) -> bool:
    """Process one event; True = it was the last. Raises CheckerFault."""
    match event:
        case ("loaded",):
            progress.loaded = True
        case ("unclear",):
            progress.unclear = True
        case ("count", int(count)):
            progress.count = count
        case ("begin", int(index)):
            progress.current = index
        case ("end", int(index), str(name), str(fate), str(reason), float(seconds)) if fate in _FATES:
            progress.outcomes[index] = CaseOutcome(fate=Fate(fate), name=name, reason=reason, seconds=seconds)
            progress.current = index + 1
        case ("failure", str(reason)):
            progress.failure = reason or "the program failed"
            return True
        case ("fault", str(reason)):
            progress.fault = reason or "the test cannot be run"
            return True
        case ("unexplained", str(reason)):
            progress.fault, progress.unexplained = reason or "the test cannot be run", True
            return True
        case ("lost", str(reason), bool()):
            progress.lost = reason or "the program is gone"
            return True
        case ("done",):
            progress.done = True
            return True
        case _:
            raise CheckerFault(f"the checker sent an event that is none: {event[0][:40]!r}")
    return False


async def _ended(session: Session, progress: _Progress) -> None:
    """The checker ended without a final message: by a limit that the program's answers made it reach, or by itself."""
    await session.close()
    result, peer = await session.result(), await session.peer_result()
    progress.killed = progress.killed or was_killed(result)
    for ended in (peer.ended, result.ended):
        if ended in LIMITS:
            fate = LIMITS[ended]
            if progress.loaded:
                _note(progress, fate, str(fate))
            else:
                progress.failure = str(fate)
            return
    if progress.loaded:  # a program can end a test that evaluates its output; that must not help it
        _note(progress, Fate.MISSING, "the test ended before its verdict")
        return
    how = f"exit code {result.exit_code}" if result.signal is None else f"signal {result.signal}"
    progress.fault, progress.unexplained = f"the checker ended by itself ({how})", True


async def _account(session: Session, progress: _Progress, clock: machine_load.Clock) -> None:
    """Record peak memory, isolation, late cases, and which sandbox limit ended the program, if any."""
    result, peer = await session.result(), await session.peer_result()
    used = machine_load.Usage.of(result, peer)
    clock.check_starved(used)
    for index in clock.overslept(used):
        late = f"ran longer than {clock.limit - SLACK_SECONDS:g} s"
        progress.outcomes[index] = replace(progress.outcomes[index], fate=Fate.TIME, reason=late)
    progress.isolation = peer.isolation or result.isolation
    progress.peak_memory = max(progress.peak_memory, peer.peak_memory)
    if progress.lost:
        progress.killed = progress.killed or was_killed(peer)
        _explain_loss(peer, progress)


def _explain_loss(peer: JobResult, progress: _Progress) -> None:
    fate = LIMITS.get(peer.ended)
    if not progress.loaded:
        progress.failure = str(fate) if fate else progress.lost
        return
    last = max(progress.outcomes, default=-1)
    if fate is not None and last >= 0 and progress.outcomes[last].fate is Fate.MISSING:
        held = progress.outcomes[last]
        progress.outcomes[last] = CaseOutcome(fate=fate, name=held.name, reason=str(fate), seconds=held.seconds)
    elif last < 0:
        progress.failure = str(fate) if fate else progress.lost


def _judgement(progress: _Progress) -> Judgement:
    """All cases in order; those after a failure that ended the run have not run."""
    cases = []
    for index in range(max(progress.count, max(progress.outcomes, default=-1) + 1)):
        held = progress.outcomes.get(index)
        if held is None:
            if progress.failure or progress.fault:
                break
            held = CaseOutcome(fate=Fate.MISSING, name=f"case {index + 1}", reason=NOT_RUN)
        cases.append(held)
    fault = progress.fault
    good = (Fate.PASSED, Fate.SKIPPED, Fate.UNSUPPORTED)
    unsupported = next((case for case in cases if case.fate is Fate.UNSUPPORTED), None)
    if not fault and unsupported is not None and not progress.failure and all(case.fate in good for case in cases):
        fault = f"unsupported test: {unsupported.reason}"
    return Judgement(
        cases=tuple(cases),
        fault=fault,
        failure=progress.failure,
        killed=progress.killed,
        isolation=progress.isolation,
        peak_memory=progress.peak_memory,
        seconds=progress.seconds,
    )
