"""The judgement of a program, case by case, before it becomes a grade.

A judge is an async function `(sandbox, program, reference) -> Judgement`, one for each style in `rewards/code/styles/`.
It never raises because of a program. `SandboxUnavailable` is passed on: the grader turns it into *ungraded*.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from sandbox.types import Ended, JobResult


class Fate(StrEnum):
    """The outcome of one case."""

    PASSED = "passed"
    WRONG = "wrong"  # wrong output, or a failed assertion
    RAISED = "raised"  # an exception, a bad exit status, a signal
    TIME = "time limit"
    MEMORY = "memory limit"
    OUTPUT = "output limit"
    MISSING = "no output"  # the program ended, or never answered, before the case was finished
    SKIPPED = "skipped"  # by the test file's own marks; counts neither way
    UNSUPPORTED = "unsupported test"  # the test needs something that the proxy lacks: not the program's fault


LIMITS: Mapping[Ended, Fate] = MappingProxyType(
    {Ended.WALL: Fate.TIME, Ended.CPU: Fate.TIME, Ended.MEMORY: Fate.MEMORY, Ended.OUTPUT: Fate.OUTPUT}
)
"""The fate of a case whose run was ended by a limit of the sandbox."""


def was_killed(result: JobResult) -> bool:
    """Whether SIGKILL ended a run below all limits.

    That is seldom the program's doing: a person sends it, or the kernel of a machine whose memory is full.
    """
    return result.ended is Ended.SIGNALLED and result.signal == signal.SIGKILL


NOT_RUN = "not run after a failure"
"""The reason of cases that the end of a run left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOutcome:
    """One test case. reason: one line for people; it may be shown to a model, so it contains no expected value."""

    fate: Fate
    name: str = ""
    reason: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """All cases of one program, in order.

    fault: why the program could not be judged although the sandbox works (a broken test file, an unsupported test, a
        missing toolchain); empty = it was judged.
    failure: why the program failed before any case (it does not compile, has no entry point); empty = it did not.
    killed: a run that should have gone on `was_killed`, so that the outcome may be nobody's doing.
    isolation, peak_memory, seconds: from the runs; the largest peak, the sum of the seconds.
    """

    cases: tuple[CaseOutcome, ...] = ()
    fault: str = ""
    failure: str = ""
    killed: bool = False
    isolation: str = ""
    peak_memory: int = 0
    seconds: float = 0.0
