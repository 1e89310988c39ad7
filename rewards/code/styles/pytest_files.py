"""Judge of the style `pytest`: the reference's test files run in a checker and import the program as `solution`."""

from __future__ import annotations

from rewards.code.judgement import Judgement
from rewards.code.references import PytestReference
from rewards.code.styles import checker_pair
from rewards.code.styles.jobs import PROGRAM_FILE, preloads, source_bytes
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
    libraries = preloads(program, *texts)
    trial = checker_pair.Trial(
        start=start,
        program={PROGRAM_FILE: source_bytes(program)},
        files={name: source_bytes(source) for name, source in reference.files.items()},
        limits=reference.limits,
        partial=reference.partial,
        count=reference.case_count,
        preload=libraries,
        checker_preload=(*_MODULES, *libraries),
    )
    return await checker_pair.judge(sandbox, trial)
