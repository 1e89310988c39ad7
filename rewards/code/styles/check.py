"""Judge of the style `check`: `check(candidate)` runs in a checker, with the program behind a proxy (HumanEval).

A program that defines the entry point is a whole program; any other continues the prompt
(`rewards.code.guest.joining`). Helpers of the prompt are the prompt's own in the test, whatever the program makes of
them.
"""

from __future__ import annotations

from rewards.code.judgement import Judgement
from rewards.code.references import CheckReference
from rewards.code.styles import pair
from sandbox.protocol import Sandbox


async def judge_check(sandbox: Sandbox, program: str, reference: CheckReference) -> Judgement:
    """The whole of `check` is one case. Raises SandboxUnavailable."""
    options = pair.program_options((reference.test,))
    options |= {"prompt": reference.prompt, "entry_point": reference.entry_point.partition(".")[0]}
    start = {
        "mode": "check",
        "prompt": reference.prompt,
        "entry_point": reference.entry_point,
        "test": reference.test,
        "program": options,
    }
    trial = pair.Trial(
        start=start,
        program={pair.PROGRAM_FILE: pair.source_bytes(program)},
        limits=reference.limits,
        partial=reference.partial,
        count=reference.case_count,
        preload=pair.preloads(program, reference.prompt, reference.test),
    )
    return await pair.judge(sandbox, trial)
