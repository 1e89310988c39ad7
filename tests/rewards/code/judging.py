"""Judge a program in a real sandbox: what the tests of the four proxied styles share."""

from __future__ import annotations

import textwrap
from typing import Any

from rewards.code.judgement import Fate, Judgement
from rewards.code.references import (
    AssertsReference,
    CheckReference,
    CodeLimits,
    FloatTolerance,
    FunctionCase,
    FunctionReference,
    PytestReference,
)
from rewards.code.styles.asserts import judge_asserts
from rewards.code.styles.check import judge_check
from rewards.code.styles.function import judge_function
from rewards.code.styles.pytest_files import judge_pytest
from tests.rewards.code.boxes import inside

LIMITS = CodeLimits(time_s=10.0, memory_mb=512)


def asserts(program: str, *cases: str, setup: str = "", partial: bool = False, time_s: float = 10.0) -> Judgement:
    reference = AssertsReference(
        asserts=tuple(textwrap.dedent(case) for case in cases),
        setup=setup,
        partial=partial,
        limits=CodeLimits(time_s=time_s, memory_mb=512),
    )
    return inside(lambda sandbox: judge_asserts(sandbox, textwrap.dedent(program), reference))


def check(program: str, test: str, *, prompt: str = "", entry_point: str = "f") -> Judgement:
    reference = CheckReference(prompt=prompt, entry_point=entry_point, test=textwrap.dedent(test), limits=LIMITS)
    return inside(lambda sandbox: judge_check(sandbox, program, reference))


def function(
    program: str,
    *cases: tuple[tuple[Any, ...], Any],
    entry_point: str = "f",
    tolerance: float | None = None,
    partial: bool = False,
    limits: CodeLimits = LIMITS,
) -> Judgement:
    reference = FunctionReference(
        entry_point=entry_point,
        cases=tuple(FunctionCase(args=args, expected=expected) for args, expected in cases),
        compare=None if tolerance is None else FloatTolerance(tolerance),
        partial=partial,
        limits=limits,
    )
    return inside(lambda sandbox: judge_function(sandbox, textwrap.dedent(program), reference))


def pytest_files(
    program: str, tests: str = "", *, partial: bool = False, time_s: float = 20.0, files: dict[str, str] | None = None
) -> Judgement:
    reference = PytestReference(
        files=files or {"test_solution.py": textwrap.dedent(tests)},
        partial=partial,
        limits=CodeLimits(time_s=time_s, memory_mb=512),
    )
    return inside(lambda sandbox: judge_pytest(sandbox, textwrap.dedent(program), reference))


def passes(judgement: Judgement) -> bool:
    """All cases passed, or were excused, and at least one passed."""
    fates = [case.fate for case in judgement.cases]
    good = all(fate in (Fate.PASSED, Fate.SKIPPED) for fate in fates)
    return good and Fate.PASSED in fates and not judgement.failure and not judgement.fault


def is_wrong(judgement: Judgement) -> bool:
    """It was judged, and it is not right: neither passed nor ungraded."""
    bad = any(case.fate not in (Fate.PASSED, Fate.SKIPPED, Fate.UNSUPPORTED) for case in judgement.cases)
    return not judgement.fault and (bad or bool(judgement.failure))


def fates(judgement: Judgement) -> list[str]:
    return [str(case.fate) for case in judgement.cases]
