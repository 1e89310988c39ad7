"""Judge of the style `asserts`: sources of assertions that run in a checker, with the program behind a proxy.

Assertions that only compare calls with literals need neither (`plain_tests.py`).

Example:
    judgement = await judge_asserts(sandbox, "def add(a, b): return a + b", reference)
    # reference: AssertsReference(asserts=("assert add(1, 2) == 3",))
"""

from __future__ import annotations

from functools import partial

from rewards.code.judgement import Judgement
from rewards.code.references import AssertsReference
from rewards.code.styles import checker_pair
from rewards.code.styles.plain_tests import judge_plain, plain_asserts
from sandbox.protocol import Sandbox


async def judge_asserts(sandbox: Sandbox, program: str, reference: AssertsReference) -> Judgement:
    """Judge a program; each source is a case. Raises SandboxUnavailable."""
    if (plain := plain_asserts(reference.setup, reference.asserts)) is not None:
        by_checker = partial(judge_by_checker, sandbox, program, reference)
        return await judge_plain(sandbox, program, reference, plain, by_checker)
    return await judge_by_checker(sandbox, program, reference)


async def judge_by_checker(sandbox: Sandbox, program: str, reference: AssertsReference) -> Judgement:
    """Judge in a checker, for any form of assertions."""
    texts = (reference.setup, *reference.asserts)
    start = {
        "mode": "asserts",
        "setup": reference.setup,
        "cases": reference.asserts,
        "program": checker_pair.program_options(texts),
    }
    trial = checker_pair.Trial(reference=reference, program=program, start=start, texts=texts)
    return await checker_pair.judge(sandbox, trial)
