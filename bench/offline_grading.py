"""Offline grading: rows per second, memory and the cost of resuming, for `rlvr grade` and two plain loops.

Ours is the whole command on a file, including start and summary: rows are read, graded, written, journaled and summed
up. The peers write nothing, and their start is not counted:

    math-verify    a loop in one process: read a row, parse gold and response, verify, add up
    verl           as in its offline evaluation: one Ray task for each row, scored with its math_verify scorer (which is
                   loaded by path from the installed package; needs ray)

Math rows are the official solutions of MATH and GSM8K, repeated, each with its own answer and with a wrong one
(`shared/math_rows.py`). Code rows are right and wrong solutions of MBPP and HumanEval with their tests
(`shared/code_rows.py`), in whole blocks of the same problems. They are compared with a loop that runs a small function
with three asserts in a fresh process, without isolation.

    math, N rows        rows a second: ours on a file of N, the peers on slices of the same rows
    math, CPU, N rows   CPU time of a row, all processes; it depends less on what else the machine does
    math, W workers     rows a second with W workers, relative to one, for 2, 4, .. up to all cores: linear is W
    math, parent, N     peak MiB of the command's own process, relative to the next smaller N: flat is 1
    math, worker, N     peak MiB of a worker
    math, cost, N       CPU time, all processes, of each row beyond the next smaller N, relative to the same there:
                        linear is 1
    math, resume, N     a run killed in the middle plus the one that resumes it, relative to a run that was not killed,
                        in CPU time and in seconds; both at the same time, so that other load slows both
    code, ...           the same for programs
    code, at once, N    CPU time of N rows in one run, relative to five runs of a fifth each (less their additional
                        starts); both at the same time, so that other load slows both

    python bench/offline_grading.py [--quick] [--json FILE]

RLVR_BENCH_ONLY=code measures only programs, for a long run on a separate machine.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from pathlib import Path

import psutil
from shared import code_rows
from shared.harness import OURS, Row, main, row_of, turns
from shared.math_rows import Pair, pairs
from shared.peer_files import peer_file

ROOT = Path(__file__).resolve().parent.parent
CODE = "```python\ndef add(a, b):\n    return a + b\n```"
ASSERTS = [f"assert add({a}, {2 * a}) == {3 * a}" for a in range(3)]


# --- ours: the command ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """The cost of a command: memory in MiB, seconds of wall clock and of the CPU time of all its processes."""

    seconds: float
    cpu: float
    parent: float
    worker: float


def command(file: Path, out: Path, reward: str, *options: str) -> subprocess.Popen[bytes]:
    arguments = [sys.executable, "-m", "rlvr.cli", "grade", str(file), "--reward", reward, "--out", str(out), *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def watched(process: subprocess.Popen[bytes], until: Callable[[], bool] = lambda: False) -> Ran:
    """Wait for a command, or kill it on a condition, and watch its memory and CPU time meanwhile."""
    began = time.perf_counter()
    parent = psutil.Process(process.pid)
    peaks, cpu = {"parent": 0.0, "worker": 0.0}, 0.0
    while process.poll() is None:
        try:
            spent = 0.0
            for each in [parent, *parent.children(recursive=True)]:
                kind = "parent" if each.pid == parent.pid else "worker"
                peaks[kind] = max(peaks[kind], peak_of(each.pid))
                spent += sum(each.cpu_times()[:4])  # those that it has waited for, too: programs end soon
            cpu = max(cpu, spent)
        except (psutil.Error, OSError):
            continue
        if until():
            process.send_signal(signal.SIGKILL)
            process.wait()
            break
        time.sleep(0.2)
    return Ran(seconds=time.perf_counter() - began, cpu=cpu, **peaks)


def peak_of(pid: int) -> float:
    """The peak memory of a process, in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    held = next((line for line in lines if line.startswith("VmHWM")), "VmHWM 0")  # one that has ended holds nothing
    return int(held.split()[1]) / 1024


def graded(file: Path, folder: Path, reward: str = "math", *options: str) -> Ran:
    return watched(command(file, folder / "graded.jsonl", reward, *options))


def killed_in_the_middle(file: Path, folder: Path, rows: int) -> Ran:
    """Kill the command when half of its rows are written, then resume it."""
    out = folder / "killed.jsonl"
    journal = Path(f"{out}.resume") / "journal"
    half = rows // 2 * record_bytes()
    first = watched(command(file, out, "math"), until=lambda: journal.exists() and journal.stat().st_size >= half)
    second = watched(command(file, out, "math"))
    print(f"killed after {first.seconds:.1f} s, went on for {second.seconds:.1f} s", file=sys.stderr)
    return Ran(
        seconds=first.seconds + second.seconds,
        cpu=first.cpu + second.cpu,
        parent=max(first.parent, second.parent),
        worker=max(first.worker, second.worker),
    )


def record_bytes() -> int:
    from rlvr.offline.journal import RECORD

    return RECORD.itemsize


# --- rows -----------------------------------------------------------------------------------------------------------


def write_math(path: Path, chosen: Sequence[Pair], count: int) -> Path:
    with path.open("w", encoding="utf-8") as file:
        for index, pair in enumerate(islice(cycle(chosen), count)):
            row = {"id": index // 4, "prompt": "Solve it.", "response": pair.response, "reference": pair.gold}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return path


def write_programs(path: Path, block: int, count: int) -> Path:
    with path.open("w", encoding="utf-8") as file:
        for row in islice(code_rows.rows(block), count):
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return path


def write_code(path: Path, count: int) -> Path:
    row = {"response": CODE, "reference": {"type": "asserts", "asserts": ASSERTS}}
    path.write_text("".join(json.dumps({"id": index, **row}) + "\n" for index in range(count)))
    return path


# --- peers ----------------------------------------------------------------------------------------------------------


def loop_over_math_verify(chosen: Sequence[Pair]) -> float:
    """Rows per second."""
    from math_verify import parse, verify

    began = time.perf_counter()
    total = 0.0
    for pair in chosen:
        total += bool(verify(parse(f"${pair.gold}$"), parse(pair.response)))
    return len(chosen) / (time.perf_counter() - began)


class VerlLoop:
    """One Ray task for each row, with verl's scorer, which verifies in its own processes that import it by name."""

    def __init__(self, folder: Path) -> None:
        """Raises ImportError: verl or ray is not installed, or the scorer does not accept a right answer."""
        import ray

        shutil.copy(peer_file("verl", "utils/reward_score/math_verify.py"), folder / "verl_scorer.py")
        os.environ["PYTHONPATH"] = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
        ray.init(num_cpus=os.cpu_count(), include_dashboard=False, log_to_driver=False, logging_level="error")

        @ray.remote
        def score_row(response: str, gold: str) -> float:
            from verl_scorer import compute_score

            return float(compute_score(response, gold))

        self._ray, self._score = ray, score_row
        # Its workers, and theirs, have started.
        if min(ray.get([score_row.remote("\\boxed{1}", "1") for _ in range(16)])) != 1.0:
            raise ImportError("its scorer does not accept 1 for 1")

    def __call__(self, chosen: Sequence[Pair]) -> float:
        """Rows per second."""
        began = time.perf_counter()
        waiting = [self._score.remote(pair.response, pair.gold) for pair in chosen]
        total = 0.0
        while waiting:
            done, waiting = self._ray.wait(waiting, num_returns=min(64, len(waiting)))
            total += sum(self._ray.get(done))
        spent = time.perf_counter() - began
        print(f"verl: {total:.0f} of {len(chosen)} rows accepted", file=sys.stderr)
        return len(chosen) / spent


def loop_of_processes(count: int) -> float:
    """Programs per second, each with its asserts in a fresh interpreter without isolation."""
    program = CODE.removeprefix("```python\n").removesuffix("```") + "\n".join(ASSERTS)
    began = time.perf_counter()
    for _ in range(count):
        subprocess.run([sys.executable, "-c", program], check=True, timeout=10)
    return count / (time.perf_counter() - began)


# --- measuring ------------------------------------------------------------------------------------------------------


def measure(quick: bool) -> Iterator[Row]:
    print(f"load of the machine before: {load()}", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="rlvr-bench-") as name:
        if os.environ.get("RLVR_BENCH_ONLY") != "code":
            yield from math(Path(name), quick)
        yield from code(Path(name), quick)
    print(f"load of the machine after: {load()}", file=sys.stderr)


def load() -> str:
    return ", ".join(f"{value:.1f}" for value in os.getloadavg())


def math(folder: Path, quick: bool) -> Iterator[Row]:
    chosen = [pair for both in zip(pairs("realistic"), cycle(pairs("gsm8k")), strict=False) for pair in both]
    yield from throughput(folder, chosen, quick)
    write = partial(write_math, folder / "sized.jsonl", chosen)
    yield from scaling(folder, write(12_000 if quick else 100_000), rounds=1 if quick else 2)
    yield from sizes(folder, write, "math", (500, 2_500, 7_500) if quick else (1_000, 100_000, 1_000_000))
    last = 7_500 if quick else 1_000_000
    yield from resumed(folder, write(last), last)


def throughput(folder: Path, chosen: Sequence[Pair], quick: bool) -> Iterator[Row]:
    """Ours on a file of this many rows; the peers on a slice of the same rows, a different one each round."""
    count, rounds, slice_ = (5_000, 2, 200) if quick else (50_000, 3, 1_000)
    file = write_math(folder / "math.jsonl", chosen, count)
    numbers = {side: iter(range(rounds)) for side in ("math-verify", "verl")}
    cpu: dict[str, list[float]] = {OURS: [], "math-verify": []}

    def ours() -> float:
        ran = graded(file, folder)
        cpu[OURS].append(1e6 * ran.cpu / count)
        return count / ran.seconds

    def of_peer(side: str, loop: Callable[[Sequence[Pair]], float]) -> float:
        at, before = next(numbers[side]) * slice_, time.process_time()
        rate = loop(chosen[at : at + slice_])
        if side in cpu:  # verl's is that of other processes
            cpu[side].append(1e6 * (time.process_time() - before) / slice_)
        return rate

    sides = {OURS: ours, "math-verify": partial(of_peer, "math-verify", loop_over_math_verify)}
    loop_over_math_verify(chosen[:5])  # what is loaded late is loaded
    try:
        sides["verl"] = partial(of_peer, "verl", VerlLoop(folder))
    except ImportError as error:
        print(f"verl is left out ({error})", file=sys.stderr)
    yield row_of(f"math, {count} rows", turns(sides, rounds=rounds), unit="rows/s", better="higher")
    yield row_of(f"math, CPU, {count} rows", cpu, unit="CPU µs a row", better="lower")


def scaling(folder: Path, file: Path, *, rounds: int) -> Iterator[Row]:
    """Throughput with growing numbers of workers relative to one worker, measured in turns."""
    cores = len(os.sched_getaffinity(0))
    counts = [1, *(2**power for power in range(1, cores.bit_length()) if 2**power <= cores)]
    seconds: dict[int, list[float]] = {count: [] for count in counts}
    for _ in range(rounds):
        for count in counts:
            seconds[count].append(graded(file, folder, "math", "--workers", str(count)).seconds)
    for count in counts[1:]:
        times = [alone / together for alone, together in zip(seconds[1], seconds[count], strict=True)]
        values = {OURS: times, "linear": [float(count)] * rounds}
        yield row_of(f"math, {count} workers", values, unit="times 1 worker", better="higher")


def sizes(folder: Path, write: Callable[[int], Path], reward: str, counts: Sequence[int]) -> Iterator[Row]:
    """Memory and cost at growing sizes, each relative to the size before."""
    before, cost_before = (0, Ran(seconds=0, cpu=0, parent=0, worker=0)), 0.0
    for count in counts:
        ran = graded(write(count), folder, reward)
        smaller, other = before
        cost = 1e6 * (ran.cpu - other.cpu) / (count - smaller)
        rate = f"{count / ran.seconds:.0f} rows/s, {ran.cpu:.1f} CPU s"
        print(
            f"{reward}: {count} rows in {ran.seconds:.1f} s: {rate}, {cost:.0f} CPU µs a further row", file=sys.stderr
        )
        if smaller:
            for what, mine, theirs in (("parent", ran.parent, other.parent), ("worker", ran.worker, other.worker)):
                values = {OURS: [mine], f"{smaller} rows": [theirs]}
                yield row_of(f"{reward}, {what}, {count} rows", values, unit="MiB", better="lower")
        if cost_before:
            values = {OURS: [cost], f"up to {smaller} rows": [cost_before]}
            yield row_of(f"{reward}, cost, {count} rows", values, unit="CPU µs a further row", better="lower")
        before, cost_before = (count, ran), cost if smaller else 0.0


def resumed(folder: Path, file: Path, count: int) -> Iterator[Row]:
    """A run that is killed and resumed, and one that is not, at the same time."""
    with ThreadPoolExecutor() as side_by_side:
        killed_run = side_by_side.submit(killed_in_the_middle, file, folder, count)
        whole, killed = graded(file, folder), killed_run.result()
    for unit, mine, theirs in (("CPU s", killed.cpu, whole.cpu), ("s", killed.seconds, whole.seconds)):
        values = {OURS: [mine], "never killed": [theirs]}
        yield row_of(f"math, resume, {count} rows", values, unit=unit, better="lower")


def code(folder: Path, quick: bool) -> Iterator[Row]:
    """Programs in the sandbox compared with programs without isolation; then with growing numbers of rows."""
    count = 200 if quick else 2_000
    file = write_code(folder / "code.jsonl", count)
    sides = {
        OURS: lambda: count / graded(file, folder, "code").seconds,
        "a process each": lambda: loop_of_processes(max(50, count // 10)),
    }
    yield row_of(f"code, {count} rows", turns(sides, rounds=1), unit="rows/s", better="higher")
    write = partial(write_programs, folder / "programs.jsonl", 50 if quick else 500)
    yield from sizes(folder, write, "code", (50, 100, 300) if quick else (500, 2_000, 10_000))
    yield at_once(folder, 50 if quick else 500, 250 if quick else 10_000)


def at_once(folder: Path, block: int, count: int) -> Row:
    """One long run compared with five short ones over as many rows."""

    def cpu(rows: int, times: int, name: str) -> float:
        inside = folder / name
        inside.mkdir()
        file = write_programs(inside / "rows.jsonl", block, rows)
        return sum(graded(file, inside, "code").cpu for _ in range(times))

    start = cpu(1, 3, "start") / 3
    with ThreadPoolExecutor() as side_by_side:
        short_ones = side_by_side.submit(cpu, count // 5, 5, "short")
        whole, short = cpu(count, 1, "long"), short_ones.result()
    values = {OURS: [whole - start], f"5 x {count // 5} rows": [short - 5 * start]}
    return row_of(f"code, at once, {count} rows", values, unit="CPU s without starts", better="lower")


if __name__ == "__main__":
    main(__doc__, measure)
