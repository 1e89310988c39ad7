"""SIGKILL from outside (a person, a full machine) costs nobody a verdict; a program that sends it itself is wrong."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping
from types import MappingProxyType

import pytest

from rewards import GradeRequest, GradeResult
from rewards.code.grader import CodeGrader
from rewards.code.sandboxes import close_held
from rewards.types import Json, Verdict
from tests.sandbox.processes import descendants, name_of
from tests.waiting import happens

pytestmark = pytest.mark.usefixtures("isolation")

DOUBLE = "import time\ndef f(x):\n    time.sleep(1.0)\n    return 2 * x\n"
TESTS: dict[str, dict[str, Json]] = {
    "function": {"entry_point": "f", "cases": [{"args": [3], "expected": 6}]},
    "asserts": {"asserts": ["assert f(3) == 6"]},
    "check": {"prompt": "", "entry_point": "f", "test": "def check(g):\n    assert sum(g(n) for n in [3]) == 6\n"},
    "pytest": {"files": {"test_it.py": "from solution import f\ndef test_f():\n    assert f(3) == 6\n"}},
    "stdio": {"cases": [{"stdin": "3", "stdout": "6"}]},
}


def request(style: str, program: str, more: Mapping[str, Json] = MappingProxyType({})) -> GradeRequest:
    program += "print(f(int(input())))\n" if style == "stdio" else ""
    reference = {"type": style, **TESTS[style], **more}
    return GradeRequest.from_dict({"response": f"```python\n{program}```", "reference": reference})


def inits(others: set[int]) -> list[int]:
    """The first process of each run of this process."""
    return [pid for pid in sorted(descendants(os.getpid()) - others) if name_of(pid) == "init"]


async def graded(one: GradeRequest, kill: int | None = None, *, again: bool = False) -> GradeResult:
    """Grade it, and end a run of it meanwhile: the first or the last of those that are on. again: of those that follow
    the first ones.
    """
    others = descendants(os.getpid())

    def kill_one() -> bool:
        with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
            if kill is not None and (found := inits(others)):
                os.kill(found[kill], signal.SIGKILL)
                return True
        return False

    def are_two() -> bool:
        found = inits(others)
        others.update(found if len(found) > 1 else ())
        return len(found) > 1

    grading = asyncio.create_task(CodeGrader(slots=1).grade([one]))
    try:
        if again:
            await happens(are_two, "the first runs to begin")
        if kill is not None:
            await happens(kill_one, "a run to be killed")
        return (await grading)[0]
    finally:
        await close_held()


@pytest.mark.parametrize(("style", "which"), [*((style, 0) for style in TESTS), ("check", -1), ("pytest", -1)])
def test_a_run_that_is_killed_from_outside_is_made_again(style: str, which: int) -> None:
    result = asyncio.run(graded(request(style, DOUBLE), which))
    assert (result.verdict, result.reason) == (Verdict.CORRECT, "")


def test_a_check_of_the_output_that_is_killed_from_outside_is_made_again() -> None:
    source = (
        "import time\ndef check(given, said, expected):\n    time.sleep(1.0)\n    return said.split() == [expected]\n"
    )
    one = request("stdio", "def f(x): return 2 * x\n", {"compare": {"checker": source}})
    result = asyncio.run(graded(one, 0))
    assert (result.verdict, result.reason) == (Verdict.CORRECT, "")


@pytest.mark.parametrize("which", [0, -1])
def test_runs_with_the_arguments_as_they_were_are_made_again_too(which: int) -> None:
    double = DOUBLE.replace("2 * x", "x.append(0) or sum(x)")
    tests = {"setup": "xs = [2, 1]", "asserts": ["got = f(xs)\nassert got == eval('sum(xs)')"]}
    result = asyncio.run(graded(request("asserts", double, tests), which, again=True))
    assert (result.verdict, result.reason) == (Verdict.CORRECT, "")


@pytest.mark.parametrize("style", TESTS)
def test_a_program_that_kills_itself_each_time_is_wrong(style: str) -> None:
    deed = "import os\ndef f(x):\n    os.kill(os.getpid(), 9)\n"
    assert asyncio.run(graded(request(style, deed))).verdict is Verdict.WRONG
