"""The reward `code`: whether the response's program passes the tests of its reference.

The program is extracted from the response (`rewards.code.extract`) and judged by the style of the reference
(`rewards.code.styles`) in a sandbox that this process opens on first use. All cases must pass, or with `partial` the
share that passes is paid. A program's own failure (time, memory, a crash, no output) is wrong, with that reason; if the
sandbox dies twice, or the test itself is broken, the response is ungraded.

If no sandbox works on this machine no worker starts: a run stops before its first token, with an error that says what
to install.

Example:
    rlvr grade responses.jsonl --reward code
    rlvr grade responses.jsonl --reward '{reward: code, parameters: {slots: 8}}'
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import import_module
from types import MappingProxyType

from rewards.code import machine_load
from rewards.code.extract import program_of
from rewards.code.judgement import NOT_RUN, CaseOutcome, Fate, Judgement
from rewards.code.languages import LANGUAGES
from rewards.code.references import (
    CODE_REFERENCES,
    AssertsReference,
    CheckReference,
    CodeReference,
    FunctionReference,
    PytestReference,
    StdioCase,
    StdioReference,
)
from rewards.code.sandboxes import Backend, Opened, Place, give_up, held, is_held, probe
from rewards.code.styles.stdio import judge_stdio
from rewards.outcome import short
from rewards.registry import reward
from rewards.types import GradeRequest, GradeResult, Json, Verdict
from sandbox.backends import DEFAULT_IMAGE
from sandbox.errors import InvalidJob, SandboxUnavailable
from sandbox.protocol import Sandbox

LONGEST_PROGRAM = 1_000_000
"""Longest program, in characters; a longer one is wrong."""

_SHOWN = 200
_MOST_DETAILED = 200  # cases whose outcome is listed in the details
_TRIES = 2  # of a judgement during which the sandbox died
_MOST_KILLED = 5  # judgements of a program, if SIGKILL ends a run in each
_BESIDE = 180.0  # seconds of a request beyond its runs: starting a sandbox, compiling, waiting for a slot
_BESIDE_A_CASE = 1.0
_SHARED_SECONDS = 30.0  # seconds; a longer case never holds a slot that another request may need

# Loaded on first use: most data sets have one style.
_JUDGES: Mapping[type, tuple[str, str]] = MappingProxyType(
    {
        FunctionReference: ("rewards.code.styles.function", "judge_function"),
        AssertsReference: ("rewards.code.styles.asserts", "judge_asserts"),
        CheckReference: ("rewards.code.styles.check", "judge_check"),
        PytestReference: ("rewards.code.styles.pytest_files", "judge_pytest"),
    }
)


@cache
def _judge_of(kind: type) -> Callable[[Sandbox, str, CodeReference], Awaitable[Judgement]]:
    module, function = _JUDGES[kind]
    judge: Callable[[Sandbox, str, CodeReference], Awaitable[Judgement]] = getattr(import_module(module), function)
    return judge


# --- what the pool asks -----------------------------------------------------------------------------------------------


def seconds(request: GradeRequest) -> float:
    """The longest legitimate time of a grade, in seconds: the time of every case, twice because the sandbox may die."""
    reference = request.reference
    if not isinstance(reference, CODE_REFERENCES):
        return 0.0
    extra = LANGUAGES[reference.language].extra_s if isinstance(reference, StdioReference) else 0.0
    allowed = machine_load.PATIENT * (reference.limits.time_s + extra)
    return _TRIES * (_BESIDE + reference.case_count * (allowed + _BESIDE_A_CASE))


def _controls(request: GradeRequest) -> Sequence[GradeRequest]:
    """Control requests: a correct program, and this row's tests with a program that does nothing."""
    plain = StdioReference(cases=(StdioCase(stdin="", stdout="1"),))
    return (replace(request, response="print(1)", reference=plain), replace(request, response="pass"))


def _place(parameters: Mapping[str, Json]) -> Place:
    """The sandbox options in the reward's parameters."""
    given = {name: value for name, value in parameters.items() if name != "prefilled"}
    given["urls"] = tuple(given.get("urls") or ())  # type: ignore[arg-type]  # a list of text, by the signature below
    return Place(**given)  # type: ignore[arg-type]


def _ready(parameters: Mapping[str, Json]) -> None:
    probe(_place(parameters))


def _concurrency(parameters: Mapping[str, Json]) -> int:
    return _place(parameters).programs


# --- grading ----------------------------------------------------------------------------------------------------------


@reward(
    "code",
    correctness=True,
    version="13",
    controls=_controls,
    seconds=seconds,
    concurrency=_concurrency,
    ready=_ready,
    references=tuple(kind.type for kind in CODE_REFERENCES),
)
class CodeGrader:
    """1 if the program passes all tests of its reference, else 0; with `partial`, the share that it passes.

    backend: the sandbox; `auto`: the first of namespaces and docker that works, or the servers at `urls`. slots:
    concurrent programs per worker; 0 = the worker's share of the cores. allow_weak: run without isolation if there is
    none, and report it in each result. image, runtime: for docker. address: of the Ray cluster.
    prefilled: the prompt ended in `<think>`, so the response begins inside it.
    """

    def __init__(
        self,
        *,
        backend: Backend = "auto",
        slots: int = 0,
        urls: list[str] | None = None,
        allow_weak: bool = False,
        image: str = DEFAULT_IMAGE,
        runtime: str = "",
        address: str = "",
        prefilled: bool = False,
    ) -> None:
        self._place = Place(
            backend=backend,
            slots=slots,
            urls=tuple(urls or ()),
            allow_weak=allow_weak,
            image=image,
            runtime=runtime,
            address=address,
        )
        self._prefilled = prefilled
        self._turn = asyncio.Semaphore(self._place.programs)  # each active request has a slot
        self._at_work = 0

    async def grade(self, requests: Sequence[GradeRequest]) -> list[GradeResult]:
        """Grade requests concurrently, as many as there are slots."""
        return list(await asyncio.gather(*map(self._grade, requests)))

    async def _grade(self, request: GradeRequest) -> GradeResult:
        reference = request.reference
        if not isinstance(reference, CODE_REFERENCES):
            known = ", ".join(kind.type for kind in CODE_REFERENCES)
            return GradeResult.ungraded(f"code needs a reference of type {known}, not {reference.type!r}")
        program = program_of(
            request.response,
            reference.extract,
            language=reference.language if isinstance(reference, StdioReference) else "python",
            prompt=reference.prompt if isinstance(reference, CheckReference) else "",
            prefilled=self._prefilled,
        )
        if program is None:
            return GradeResult.no_answer(f"no program where extract: {reference.extract} looks")
        if len(program) > LONGEST_PROGRAM:
            return GradeResult.wrong(f"the program has {len(program)} characters; {LONGEST_PROGRAM} are run at most")
        program = program.encode("utf-8", "replace").decode("utf-8")  # a lone surrogate cannot be written to a file
        async with self._turn:
            self._at_work += 1
            try:
                judgement = await self._judged(program, reference)
            finally:
                self._at_work -= 1
        return grade_of(judgement, reference, program)

    async def _judged(self, program: str, reference: CodeReference) -> Judgement:
        """The judgement of a program. If the sandbox dies it is retried once, then replaced.

        A sandbox that another request has replaced meanwhile, and closed under this one, does not count.
        """
        reason = ""
        place = None
        tries = 0
        while tries < _TRIES:
            tries += 1
            try:
                place = await held(self._place)
                return await self._judge(place, program, reference)
            except machine_load.Starved as error:
                machine_load.be_patient()
                reason, place = f"the machine is too busy: {error}", None
            except SandboxUnavailable as error:
                reason = f"the sandbox is unavailable: {error}"
                if place is not None and not is_held(self._place, place):
                    place, tries = None, tries - 1
            except InvalidJob as error:
                return Judgement(fault=f"the tests make a job that cannot be run: {error}")
        if place is not None:
            await give_up(self._place, place)
        return Judgement(fault=reason)

    async def _judge(self, place: Opened, program: str, reference: CodeReference) -> Judgement:
        """The judgement of a program, made anew while SIGKILL ends its runs; a program that does so itself is wrong."""
        judgement = await self._judge_once(place, program, reference)
        for _ in range(_MOST_KILLED - 1):
            if not judgement.killed:
                break
            judgement = await self._judge_once(place, program, reference)
        return judgement

    async def _judge_once(self, place: Opened, program: str, reference: CodeReference) -> Judgement:
        if not isinstance(reference, StdioReference):
            kind: type = type(reference)
            return await _judge_of(kind)(place.sandbox, program, reference)
        spare = self._place.programs // self._at_work
        lanes = max(1, spare) if reference.limits.time_s <= _SHARED_SECONDS else 1
        return await judge_stdio(place.sandbox, program, reference, lanes=lanes, toolchains=place.toolchains)


def grade_of(judgement: Judgement, reference: CodeReference, program: str) -> GradeResult:
    """Convert a judgement to a grade."""
    counted = [case for case in judgement.cases if case.fate is not Fate.SKIPPED]
    passed = sum(case.fate is Fate.PASSED for case in counted)
    total = max(len(counted), reference.case_count if isinstance(reference, StdioReference) else 0)
    verdict = _verdict(judgement, reference, counted, passed, total)
    parts = {} if verdict.score is None else {"passed": float(passed), "cases": float(total)}
    return replace(verdict, extracted=program[:_SHOWN], details=_details(judgement), parts=MappingProxyType(parts))


def _verdict(
    judgement: Judgement, reference: CodeReference, counted: Sequence[CaseOutcome], passed: int, total: int
) -> GradeResult:
    if judgement.fault:
        return GradeResult.ungraded(short(judgement.fault))
    if judgement.failure:
        return GradeResult.wrong(short(judgement.failure))
    if not counted:
        return GradeResult.ungraded("no case of the reference could be counted: all were skipped by their own marks")
    failed = [case for case in counted if case.fate is not Fate.PASSED]
    failed.sort(key=lambda case: case.reason == NOT_RUN)  # unittest runs its methods in another order
    if not failed:
        return GradeResult.correct()
    # Tests after one that the proxy cannot give may fail because of it; those before it stand.
    decisive = (
        failed[0] if not reference.partial else next((c for c in failed if c.fate is Fate.UNSUPPORTED), failed[0])
    )
    reason = _reason(decisive, judgement.cases.index(decisive))
    if decisive.fate is Fate.UNSUPPORTED:
        return GradeResult.ungraded(reason)
    if not reference.partial or not passed:
        return GradeResult.wrong(reason)
    share = passed / total
    return GradeResult(score=share, correctness=share, verdict=Verdict.PARTIAL, reason=reason)


def _reason(case: CaseOutcome, index: int) -> str:
    name = case.name or f"case {index + 1}"
    words = case.reason if case.reason.startswith(case.fate.value) else f"{case.fate.value}: {case.reason}"
    return short(f"{name}: {words if case.reason else case.fate.value}")


def _details(judgement: Judgement) -> Mapping[str, Json]:
    """Details: the sandbox, and the outcome of each case."""
    if not judgement.isolation and not judgement.cases:
        return MappingProxyType({})
    cases: list[Json] = []
    for case in judgement.cases[:_MOST_DETAILED]:
        entry: dict[str, Json] = {"fate": case.fate.value, "seconds": round(case.seconds, 4)}
        if case.name:
            entry["name"] = short(case.name)
        if case.reason:
            entry["reason"] = short(case.reason)
        cases.append(entry)
    return MappingProxyType(
        {
            "isolation": judgement.isolation,
            "weak": judgement.isolation.startswith("weak"),
            "seconds": round(judgement.seconds, 4),
            "peak_memory": judgement.peak_memory,
            "cases": cases,
        }
    )
