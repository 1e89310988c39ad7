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
from rewards.code.styles import asserts as asserts_style
from rewards.code.styles import check as check_style
from rewards.code.styles.function import judge_function
from rewards.code.styles.plain_tests import plain_asserts, plain_check
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
    text = textwrap.dedent(program)
    by_checker = inside(lambda sandbox: asserts_style.judge_by_checker(sandbox, text, reference))
    if plain_asserts(reference.setup, reference.asserts) is not None:
        _worth_the_same(inside(lambda sandbox: asserts_style.judge_asserts(sandbox, text, reference)), by_checker)
    return by_checker


def check(program: str, test: str, *, prompt: str = "", entry_point: str = "f") -> Judgement:
    reference = CheckReference(prompt=prompt, entry_point=entry_point, test=textwrap.dedent(test), limits=LIMITS)
    by_checker = inside(lambda sandbox: check_style.judge_by_checker(sandbox, program, reference))
    if plain_check(reference.entry_point, reference.test) is not None:
        _worth_the_same(inside(lambda sandbox: check_style.judge_check(sandbox, program, reference)), by_checker)
    return by_checker


def _worth_the_same(judgement: Judgement, by_checker: Judgement) -> None:
    """Tests that need no checker have the same verdict without one."""
    assert _verdict(judgement) == _verdict(by_checker), (judgement, by_checker)


def _verdict(judgement: Judgement) -> tuple[object, ...]:
    wrong = is_wrong(judgement)
    return wrong, passes(judgement), bool(judgement.fault), () if wrong else tuple(fates(judgement))


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
