"""Run reference solutions in a sandbox to get expected outputs, for sets that publish only inputs.

Example:
    with ReferenceRuns() as runs:
        answers = runs.answers("def f(x): return x + 1", "f", [[1], [None]])   # one worked, one raised
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import rewards.code.values
from rewards.types import Json
from sandbox.backends import open_sandbox
from sandbox.protocol import Sandbox
from sandbox.types import MIB, Ended, Job, JobResult, Limits

SECONDS = 30.0
"""CPU seconds per call: far more than needed, so that a slow machine does not change the results."""
_LONGEST_WAIT = 900.0  # wall seconds for all calls of a solution
_MEMORY = 512 * MIB
_VALUES = Path(rewards.code.values.__file__).read_bytes()
_LONGEST_OUTPUT = 100_000  # characters of JSON

# The solution is not trusted: it runs in the sandbox, and its output is parsed as JSON.
_PROGRAM = """
import json, resource, signal, sys
from values import tagged, untagged

class Late(BaseException):
    pass

def late(*_):
    raise Late

signal.signal(signal.SIGPROF, late)
sys.setrecursionlimit(10_000)
task = json.load(open("task.json"))
namespace = {"__name__": "solution"}
exec(compile(task["source"], "solution.py", "exec"), namespace)
function = namespace[task["entry_point"]]
answers = []
for args in task["inputs"]:
    try:
        values = untagged(args)
        signal.setitimer(signal.ITIMER_PROF, task["seconds"])
        value = function(*values)
        signal.setitimer(signal.ITIMER_PROF, 0)
        try:
            text = json.dumps(tagged(value))
        except ValueError as error:
            answers.append({"error": str(error), "without_form": True})
            continue
        answers.append({"value": json.loads(text)} if len(text) <= task["longest"] else {"error": "a huge value"})
    except Late:
        answers.append({"error": "it takes too long", "late": True})
    except (Exception, SystemExit) as error:
        signal.setitimer(signal.ITIMER_PROF, 0)
        answers.append({"error": f"{type(error).__name__}: {error}"[:200]})
json.dump(answers, open("answers.json", "w"))
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of one call as tagged JSON, or why it cannot be used as an expected output.

    without_form: the value cannot be represented as JSON.
    late: it took more than `SECONDS`, so the result is unknown.
    """

    value: Json = None
    error: str = ""
    without_form: bool = False
    late: bool = False


class ReferenceRuns:
    """Runs reference solutions, with its own event loop and sandbox, opened on first use."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sandbox: Sandbox | None = None

    def answers(self, source: str, entry_point: str, inputs: Sequence[Json]) -> list[Answer]:
        """One answer per input (arguments as tagged JSON). Raises SandboxUnavailable."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        return self._loop.run_until_complete(self._answers(source, entry_point, inputs))

    def close(self) -> None:
        """Close the sandbox; the next use opens another. Idempotent."""
        loop, self._loop = self._loop, None
        sandbox, self._sandbox = self._sandbox, None
        if loop is not None:
            if sandbox is not None:
                loop.run_until_complete(sandbox.close())
            loop.close()

    def __enter__(self) -> ReferenceRuns:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def _answers(self, source: str, entry_point: str, inputs: Sequence[Json]) -> list[Answer]:
        result = await self._run(source, entry_point, inputs)
        if "answers.json" in result.files:
            return [Answer(**answer) for answer in json.loads(result.files["answers.json"])]
        if len(inputs) == 1:
            return [Answer(error=_ending(result), late=result.ended in (Ended.CPU, Ended.WALL))]
        # One input ended the whole process (memory, a crash, C code that blocks signals): run each separately.
        return [(await self._answers(source, entry_point, [one]))[0] for one in inputs]

    async def _run(self, source: str, entry_point: str, inputs: Sequence[Json]) -> JobResult:
        if self._sandbox is None:
            self._sandbox = await open_sandbox()
        task = {
            "source": source,
            "entry_point": entry_point,
            "inputs": list(inputs),
            "seconds": SECONDS,
            "longest": _LONGEST_OUTPUT,
        }
        seconds = SECONDS * len(inputs) + 10.0
        job = Job(
            argv=("python", "main.py"),
            files={
                "main.py": _PROGRAM.encode(),
                "values.py": _VALUES,
                "task.json": json.dumps(task).encode(),
            },
            outputs=("answers.json",),
            limits=Limits(wall_seconds=min(4 * seconds, _LONGEST_WAIT), cpu_seconds=seconds, memory_bytes=_MEMORY),
        )
        return await self._sandbox.run(job)


def _ending(result: JobResult) -> str:
    if result.ended is Ended.EXITED:
        lines = result.stderr.decode("utf-8", "replace").strip().split("\n")
        return f"exit status {result.exit_code}: {lines[-1][:200]}"
    return result.ended.value
