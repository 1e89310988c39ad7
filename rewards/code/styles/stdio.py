"""Judge of the style `stdio`: a program reads standard input and writes standard output, in a new run for each case.

The expected output never enters the program's sandbox: output is compared here, or by the reference's checker in a
separate run. A case passes if the program exits with status 0 and its output is as expected. Without `partial`, judging
stops at the first failed case.

A program that wrote nothing is wrong if output is expected, whatever a checker says. If a checker raises, it is tried
on other outputs: if it raises for all of them the test is broken, otherwise the output is to blame.
"""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from rewards.code import machine_load
from rewards.code.compare import same_output
from rewards.code.guest.judging.output_checker import ACCEPTED, CHECKER, RAISED, REFUSED, TEXTS
from rewards.code.judgement import LIMITS, CaseOutcome, Fate, Judgement, was_killed
from rewards.code.languages import LANGUAGES, NOT_FOUND, MissingToolchain, Program, Toolchains, complaint
from rewards.code.references import Checker, FloatTolerance, StdioCase, StdioReference
from sandbox.errors import InvalidJob
from sandbox.protocol import Sandbox
from sandbox.types import Ended, Job, JobResult, Limits

_CHECKER_MODULE = "rlvr_guest.judging.output_checker"
_SHOWN = 160
_WORD = re.compile(r"[+-]?(?:[\w.]|(?<=[\d._]e)[+-])+", re.IGNORECASE)
_LONGEST_NUMBER = 300
_HUGE = 1e19  # the square of a larger number is infinite in 32 bits
_MAY_BE_HUGE = re.compile(rb"nan|inf|e\+?[\d_]{2}|[^\x00-\x7f]|[\d_]{19}", re.IGNORECASE)
_OTHER_NUMBERS = ("-8e300", "-73519.25")  # the square of one is infinite, the other is within larger limits
_OTHER_OUTPUTS = (b"", b"0\n", b"1 1\n", b"1 1 1\n1 1 1\n", b"[]\n", b"{}\n")

_TOOLCHAINS = Toolchains()


class _BrokenTest(Exception):
    """The reference's own checker fails on the expected output; the message says how."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """One case: its outcome, and its run."""

    outcome: CaseOutcome
    result: JobResult


async def judge_stdio(
    sandbox: Sandbox,
    program: str,
    reference: StdioReference,
    *,
    lanes: int = 1,
    toolchains: Toolchains = _TOOLCHAINS,
) -> Judgement:
    """Judge a program by its cases, `lanes` at a time. Raises SandboxUnavailable."""
    language = LANGUAGES[reference.language]
    try:
        tools = toolchains.of(language)
    except MissingToolchain as missing:
        return Judgement(fault=str(missing))
    made = Program(language=language, tools=tools, source=program, limits=reference.limits)
    files, compiled = made.source_files(), None
    try:
        job = made.compile_job()
    except InvalidJob as error:  # built from the program alone
        return Judgement(failure=f"it does not compile: {_line(str(error))}")
    if job is not None:
        compiled = await sandbox.run(job)
        if compiled.exit_code == NOT_FOUND and (fault := await _missing_tool(sandbox, made)):
            return _judgement([], compiled, fault=fault)
        if failure := _compile_failure(compiled):
            return _judgement([], compiled, failure=failure)
        try:
            files = made.artifact_of(compiled.files)
        except ValueError as error:
            return _judgement([], compiled, failure=str(error))
    cases = _Cases(sandbox, made, reference, files)
    try:
        judged = await cases.judge(lanes)
    except _BrokenTest as broken:
        return _judgement([], compiled, fault=f"the reference's checker is broken: {broken}", killed=cases.killed)
    if judged[0].result.exit_code == NOT_FOUND and (fault := await _missing_tool(sandbox, made)):
        return _judgement([], judged[0].result, fault=fault)
    return _judgement(judged, compiled, killed=cases.killed)


def _judgement(
    judged: list[_Judged], compiled: JobResult | None, *, fault: str = "", failure: str = "", killed: bool = False
) -> Judgement:
    results = [*([compiled] if compiled else []), *(one.result for one in judged)]
    return Judgement(
        cases=tuple(one.outcome for one in judged),
        fault=fault,
        failure=failure,
        killed=killed or (compiled is not None and was_killed(compiled)),
        isolation=results[-1].isolation if results else "",
        peak_memory=max((one.result.peak_memory for one in judged), default=0),
        seconds=sum(result.seconds for result in results),
    )


async def _missing_tool(sandbox: Sandbox, program: Program) -> str:
    """The message about a missing tool; empty = all tools exist, and the program itself exited with 127."""
    for tool, path in program.tools.items():
        asked = await sandbox.run(Job(argv=(path, "--version")))
        if asked.exit_code == NOT_FOUND:
            return complaint(program.language, tool, "which the sandbox does not have")
    return ""


def _compile_failure(result: JobResult) -> str:
    """Why a program does not compile; empty = it compiles."""
    if result.ended in LIMITS:
        return f"it does not compile: {LIMITS[result.ended]}"
    if result.succeeded:
        return ""
    lines = result.stderr.decode("utf-8", "replace").split("\n")
    first = next((line for line in lines if "error" in line.lower()), lines[0])
    return f"it does not compile: {_line(first)}"


class _Cases:
    """Runs the cases of one program. killed: a run of it, or of the reference's checker, `was_killed`."""

    def __init__(
        self, sandbox: Sandbox, program: Program, reference: StdioReference, files: Mapping[str, bytes]
    ) -> None:
        self._sandbox = sandbox
        self._program = program
        self._reference = reference
        self._files = files
        self.killed = False

    async def judge(self, lanes: int) -> list[_Judged]:
        """The outcomes in order: all cases with `partial`, else up to the first failure."""
        cases, found = self._reference.cases, dict[int, _Judged | _BrokenTest]()
        waiting = iter(range(len(cases)))
        last = len(cases)

        async def lane() -> None:
            nonlocal last
            for index in waiting:
                if index >= last:
                    return
                judged: _Judged | _BrokenTest
                try:
                    judged = await self._case(cases[index])
                except _BrokenTest as broken:
                    judged = broken
                found[index] = judged
                if isinstance(judged, _BrokenTest) or (
                    judged.outcome.fate is not Fate.PASSED and not self._reference.partial
                ):
                    last = min(last, index + 1)

        if lanes == 1 or len(cases) == 1:
            await lane()
        else:
            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(min(lanes, len(cases))):
                        group.create_task(lane())
            except ExceptionGroup as several:  # of the sandbox; raise the first one, with its own type
                raise several.exceptions[0] from several
        outcomes = []
        for index in range(last):
            judged = found[index]
            if isinstance(judged, _BrokenTest):
                raise judged
            outcomes.append(judged)
        return outcomes

    async def _case(self, case: StdioCase) -> _Judged:
        job = self._program.run_job(
            self._files,
            case.stdin.encode("utf-8", "surrogatepass"),
            len(case.stdout.encode("utf-8", "surrogatepass")),
        )
        result = await self._run(job)
        fate, reason = ending(result)
        if result.ended is Ended.WALL:
            _check_starved(job, result)
        if fate is Fate.PASSED and _overslept(job, result):
            fate, reason = Fate.TIME, Fate.TIME.value
        if fate is Fate.PASSED:
            if case.stdout.strip() and _is_blank(result.stdout):
                fate, reason = Fate.MISSING, Fate.MISSING.value
            elif not await self._accepts(case, result.stdout):
                fate, reason = Fate.WRONG, "another output than expected"
        return _Judged(CaseOutcome(fate=fate, reason=reason, seconds=result.seconds), result)

    async def _accepts(self, case: StdioCase, output: bytes) -> bool:
        compare = self._reference.compare
        if isinstance(compare, Checker):
            return await self._checker_accepts(compare, case, output)
        return same_output(case.stdout, output, compare.tolerance if isinstance(compare, FloatTolerance) else None)

    async def _checker_accepts(self, checker: Checker, case: StdioCase, output: bytes) -> bool:
        texts = (case.stdin, output, case.stdout)
        asked = await self._ask(checker, *texts)
        if asked.exit_code == ACCEPTED:
            return await self._can_tell(checker, case, output)
        if asked.exit_code == REFUSED:
            return False
        if said := await self._failing(checker, case):
            raise _BrokenTest(f"on the expected output: {said}")
        return False

    async def _can_tell(self, checker: Checker, case: StdioCase, output: bytes) -> bool:
        """Whether a checker that accepts an output also measures its NaN, infinities and huge numbers.

        NaN is never above a limit, and what is computed from infinity, or from the square of a huge number, is NaN or
        infinite, too. A checker that looks at such a number refuses another one in its place. If it cannot tell huge
        ones apart, but refuses a common one, it has not measured either.
        """
        huge, common = (_with_other_numbers(output, number) for number in _OTHER_NUMBERS)
        if huge == output:
            return True
        if (await self._ask(checker, case.stdin, huge, case.stdout)).exit_code == ACCEPTED:
            return (await self._ask(checker, case.stdin, common, case.stdout)).exit_code == ACCEPTED
        written, expected = (_WORD.findall(text) for text in (output.decode("utf-8", "replace"), case.stdout))
        return not any(map(_not_finite, written)) or any(map(_not_finite, expected))

    async def _failing(self, checker: Checker, case: StdioCase) -> str:
        """How a checker fails on every output; empty = it accepts some output without failing."""
        expected = case.stdout.encode("utf-8", "surrogatepass")
        controls = []
        for output in (expected, *_OTHER_OUTPUTS):
            controls.append(await self._ask(checker, case.stdin, output, case.stdout))
            if controls[-1].exit_code in (ACCEPTED, REFUSED):
                return ""
        if controls[0].exit_code != RAISED:
            return ending(controls[0])[1]
        kind = _last_line(controls[0].stderr).partition(":")[0]
        nothing = await self._ask(checker, "", b"", "")  # its message contains nothing of the case
        said = _last_line(nothing.stderr) if nothing.exit_code == RAISED else ""
        return said if said.partition(":")[0] == kind else kind

    async def _ask(self, checker: Checker, stdin: str, output: bytes, expected: str) -> JobResult:
        texts = (stdin.encode("utf-8", "surrogatepass"), output, expected.encode("utf-8", "surrogatepass"))
        source = checker.source.encode("utf-8", "replace")
        limits = Limits()
        limits = replace(
            limits,
            wall_seconds=limits.wall_seconds * machine_load.stretch(),
            disk_bytes=limits.disk_bytes + sum(map(len, texts)),
        )
        files = {CHECKER: source, **dict(zip(TEXTS, texts, strict=True))}
        return await self._run(Job(argv=("python", "-m", _CHECKER_MODULE), files=files, limits=limits))

    async def _run(self, job: Job) -> JobResult:
        result = await self._sandbox.run(job)
        self.killed = self.killed or was_killed(result)
        return result


def _overslept(job: Job, result: JobResult) -> bool:
    """Whether a run exceeded its limit, and waiting for a core does not explain it."""
    if result.seconds <= job.limits.cpu_seconds:
        return False
    clock = machine_load.Clock(job.limits.cpu_seconds)
    clock.took(0, result.seconds, job.limits.wall_seconds / job.limits.cpu_seconds)
    return bool(clock.overslept(machine_load.Usage.of(result)))


def _check_starved(job: Job, result: JobResult) -> None:
    """Raise Starved if a run was ended by its wall limit and waiting for a core explains it."""
    clock = machine_load.Clock(job.limits.cpu_seconds)
    stretched = job.limits.wall_seconds / job.limits.cpu_seconds
    clock.was_ended(result.seconds, stretched, limit=clock.limit, over=0.0)
    clock.check_starved(machine_load.Usage.of(result))


def _is_blank(output: bytes) -> bool:
    """Whether it is white space only, by Python's `str` methods."""
    return not output.strip() or output.decode("utf-8", "replace").isspace()


def _with_other_numbers(output: bytes, number: str) -> bytes:
    """Replace NaN, infinities and huge numbers in the output."""
    if not _MAY_BE_HUGE.search(output):
        return output
    text = output.decode("utf-8", "surrogateescape")

    def changed(word: re.Match[str]) -> str:
        kind = _above(_HUGE, word.group())
        return word.group() if not kind else number + kind[1:]

    return _WORD.sub(changed, text).encode("utf-8", "surrogateescape")


def _not_finite(word: str) -> str:
    return _above(sys.float_info.max, word)


def _above(limit: float, word: str) -> str:
    """The kind of a word that Python parses as NaN or above a limit: "r", or "rj" for an imaginary number; else empty.

    Overlong digit strings count, too.
    """
    if len(word) > _LONGEST_NUMBER:
        return "r" if word[:_LONGEST_NUMBER].strip("+-").replace(".", "").isdecimal() else ""
    for kind, real in (("r", word), ("rj", word[:-1] if word[-1] in "jJ" else "")):
        with suppress(ValueError):
            if not abs(float(real)) <= limit:
                return kind
    return ""


def ending(result: JobResult) -> tuple[Fate, str]:
    """The fate of a run before its output is checked, and the reason in the program's own words."""
    fate = Fate.OUTPUT if result.truncated else None
    if (fate := LIMITS.get(result.ended, fate)) is not None:
        return fate, fate.value
    if result.ended is Ended.SIGNALLED:
        number = result.signal or 0
        name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
        return Fate.RAISED, f"ended by {name}"
    if result.exit_code:
        said = _last_line(result.stderr)
        if said.startswith("MemoryError"):
            return Fate.MEMORY, Fate.MEMORY.value
        return Fate.RAISED, f"exit status {result.exit_code}" + (f": {said}" if said else "")
    return Fate.PASSED, ""


def _last_line(stderr: bytes) -> str:
    lines = stderr[-4096:].decode("utf-8", "replace").rstrip().split("\n")
    return _line(lines[-1])


def _line(text: str) -> str:
    return " ".join(text[: 4 * _SHOWN].split())[:_SHOWN]
