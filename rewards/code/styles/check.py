"""Judge of the style `check`: `check(candidate)` runs in a checker, with the program behind a proxy (HumanEval).

A program that defines the entry point is complete; any other continues the prompt (`guest/program/joining.py`). The
test uses the prompt's own helpers, even if the program redefines them. A `check` that only compares calls with literals
needs no checker (`plain_tests.py`).
"""

from __future__ import annotations

from functools import partial

from rewards.code.judgement import Judgement
from rewards.code.references import CheckReference
from rewards.code.styles import checker_pair
from rewards.code.styles.plain_tests import judge_plain, plain_check
from sandbox.protocol import Sandbox


async def judge_check(sandbox: Sandbox, program: str, reference: CheckReference) -> Judgement:
    """Judge a program; `check` is a single case. Raises SandboxUnavailable."""
    if (plain := plain_check(reference.entry_point, reference.test)) is not None:
        by_checker = partial(judge_by_checker, sandbox, program, reference)
        told = {"once": True, "prompt": reference.prompt}
        return await judge_plain(sandbox, program, reference, plain, by_checker, **told)
    return await judge_by_checker(sandbox, program, reference)


async def judge_by_checker(sandbox: Sandbox, program: str, reference: CheckReference) -> Judgement:
    """Judge in a checker, for any form of `check`."""
    options = checker_pair.program_options((reference.test,))
    options |= {"prompt": reference.prompt, "entry_point": reference.entry_point.partition(".")[0]}
    start = {
        "mode": "check",
        "prompt": reference.prompt,
        "entry_point": reference.entry_point,
        "test": reference.test,
        "program": options,
    }
    texts = (reference.prompt, reference.test)
    trial = checker_pair.Trial(reference=reference, program=program, start=start, texts=texts)
    return await checker_pair.judge(sandbox, trial)
