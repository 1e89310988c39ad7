"""Judge of the style `asserts`: sources of assertions that run in a checker, with the program behind a proxy.

Example:
    judgement = await judge_asserts(sandbox, "def add(a, b): return a + b", reference)
    # reference: AssertsReference(asserts=("assert add(1, 2) == 3",))
"""

from __future__ import annotations

from rewards.code.judgement import Judgement
from rewards.code.references import AssertsReference
from rewards.code.styles import pair
from sandbox.protocol import Sandbox


async def judge_asserts(sandbox: Sandbox, program: str, reference: AssertsReference) -> Judgement:
    """Each source is a case. Raises SandboxUnavailable."""
    texts = (reference.setup, *reference.asserts)
    start = {
        "mode": "asserts",
        "setup": reference.setup,
        "cases": reference.asserts,
        "program": pair.program_options(texts),
    }
    trial = pair.Trial(
        start=start,
        program={pair.PROGRAM_FILE: pair.source_bytes(program)},
        limits=reference.limits,
        partial=reference.partial,
        count=reference.case_count,
        preload=pair.preloads(program, *texts),
    )
    return await pair.judge(sandbox, trial)
