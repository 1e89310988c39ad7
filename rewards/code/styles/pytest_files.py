"""Judge of the style `pytest`: the reference's test files run in a checker and import the program as `solution`."""

from __future__ import annotations

from rewards.code.judgement import Judgement
from rewards.code.references import PytestReference
from rewards.code.styles import checker_pair
from rewards.code.styles.jobs import source_bytes
from sandbox.protocol import Sandbox

_MODULES = ("rlvr_guest.judging.suite", "pytest")


async def judge_pytest(sandbox: Sandbox, program: str, reference: PytestReference) -> Judgement:
    """Judge a program; each test function is a case. Raises SandboxUnavailable."""
    texts = tuple(reference.files.values())
    start = {
        "mode": "pytest",
        "files": dict(reference.files),
        "program": checker_pair.program_options(texts, always=("output",)),
    }
    files = {name: source_bytes(source) for name, source in reference.files.items()}
    trial = checker_pair.Trial(
        reference=reference, program=program, start=start, texts=texts, files=files, modules=_MODULES
    )
    return await checker_pair.judge(sandbox, trial)
