"""Judge of the style `check`: `check(candidate)` runs in a checker, with the program behind a proxy (HumanEval).

A program that defines the entry point is a whole program; any other continues the prompt. Helpers of the prompt are the
prompt's own in the test, whatever the program makes of them.
"""

from __future__ import annotations

import ast
import textwrap
import warnings

from rewards.code.judgement import Judgement
from rewards.code.references import CheckReference
from rewards.code.styles import pair
from sandbox.protocol import Sandbox

PROMPT_FILE = "prompt.py"


def parses(source: str) -> ast.Module | None:
    """Its syntax tree, or None."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def defines(tree: ast.Module, name: str) -> bool:
    """Whether a source binds the name at its top level."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == name:
            return True
        if isinstance(node, ast.Import | ast.ImportFrom) and any((a.asname or a.name) == name for a in node.names):
            return True
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if any(isinstance(n, ast.Name) and n.id == name for target in targets for n in ast.walk(target)):
            return True
        blocks = [getattr(node, part, []) for part in ("body", "orelse", "finalbody")]
        if isinstance(node, ast.If | ast.Try | ast.With):
            inner = ast.Module(body=[statement for block in blocks for statement in block], type_ignores=[])
            if defines(inner, name):
                return True
    return False


def whole_program(program: str, prompt: str, entry_point: str) -> dict[str, bytes]:
    """The files of the candidate: the program, behind the prompt where it uses the prompt's helpers."""
    name = entry_point.partition(".")[0]
    tree = parses(program)
    if tree is not None and defines(tree, name):
        files = {pair.PROGRAM_FILE: pair.source_bytes(program)}
        if parses(prompt) is not None:
            files[PROMPT_FILE] = pair.source_bytes(prompt)
        return files
    body = program.strip("\n")
    attempts = [
        prompt + program,
        prompt.rstrip("\n") + "\n" + body,
        prompt.rstrip(" \t") + textwrap.indent(body, "    "),
    ]
    first, _, rest = body.partition("\n")
    attempts.insert(2, prompt.rstrip(" \t") + "    " + first.lstrip() + "\n" + rest)
    joined = next((attempt for attempt in attempts if _completes(attempt, name)), prompt + program)
    return {pair.PROGRAM_FILE: pair.source_bytes(joined)}


def _completes(source: str, name: str) -> bool:
    tree = parses(source)
    return tree is not None and defines(tree, name)


async def judge_check(sandbox: Sandbox, program: str, reference: CheckReference) -> Judgement:
    """The whole of `check` is one case. Raises SandboxUnavailable."""
    files = whole_program(program, reference.prompt, reference.entry_point)
    options = pair.program_options((reference.test,))
    if PROMPT_FILE in files:
        options["before"] = (PROMPT_FILE,)
    start = {
        "mode": "check",
        "prompt": reference.prompt,
        "entry_point": reference.entry_point,
        "test": reference.test,
        "program": options,
    }
    trial = pair.Trial(
        start=start,
        program=files,
        limits=reference.limits,
        partial=reference.partial,
        count=1,
        preload=pair.preloads(program, reference.prompt, reference.test),
    )
    return await pair.judge(sandbox, trial)
