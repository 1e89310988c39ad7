"""What a style's judge finds out about a program: case by case, before it becomes a grade.

A judge is an async function `(sandbox, program, reference) -> Judgement`, one for each style in `rewards/code/styles/`.
It raises nothing for a program. `SandboxUnavailable` passes through: the grader makes it *ungraded*.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from sandbox.types import Ended


class Fate(StrEnum):
    """What became of one case."""

    PASSED = "passed"
    WRONG = "wrong"  # another output, a failed assertion
    RAISED = "raised"  # an exception, a bad exit status, a signal
    TIME = "time limit"
    MEMORY = "memory limit"
    OUTPUT = "output limit"
    MISSING = "no output"  # the program ended, or never answered, before the case was through
    SKIPPED = "skipped"  # by the test file's own marks; neither for nor against
    UNSUPPORTED = "unsupported test"  # the test needs what the proxy cannot give: never held against the program


LIMITS: Mapping[Ended, Fate] = MappingProxyType(
    {Ended.WALL: Fate.TIME, Ended.CPU: Fate.TIME, Ended.MEMORY: Fate.MEMORY, Ended.OUTPUT: Fate.OUTPUT}
)
"""What a case became whose run a limit of the sandbox ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOutcome:
    """One test case. reason: one line for people; it may be shown to a model, so it holds no expected value."""

    fate: Fate
    name: str = ""
    reason: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """All cases of one program, in order.

    fault: why the whole could not be judged though the sandbox works (a broken test file, an unsupported test, a
        missing toolchain); empty = it was judged.
    failure: why the program failed as a whole, before any case (it does not compile, has no entry point); empty = no.
    isolation, peak_memory, seconds: from the runs; the largest peak, the sum of the seconds.
    """

    cases: tuple[CaseOutcome, ...] = ()
    fault: str = ""
    failure: str = ""
    isolation: str = ""
    peak_memory: int = 0
    seconds: float = 0.0
