r"""Speed and verdicts of our math grader, compared with math-verify and with the scorers of TRL and verl.

Two sets of rows: `realistic` (the test solutions of MATH) and `gsm8k`, each solution against its own gold and against
the next gold with a different value (`shared/math_rows.py`). Ours is called through `rewards.grade`, in batches, with
one worker; peers are called in this process (`shared/math_peers.py`). This process, its workers and the peers share one
core, so that the cost of handing rows over is counted. Every round has its own rows, so that caches do not help.

    SET                     verdicts a second; the ratio is to math-verify: above 1 = ours is faster
    SET, right verdicts     per cent of the same rows: speed must not be bought with errors
    SET, wrong accepts      and `wrong rejects`: how many; the ratio is of the numbers plus one
    SET, p99, SET, slowest  milliseconds of one verdict, requested one at a time, including the way to the worker
    memory                  peak MiB of a worker and its sympy process, and of a process with math-verify
    SET, 2 workers          throughput with two workers on two cores, relative to one on one core; rows of `gsm8k` cost
                            too little to be sent to two
    SET, caller             microseconds of this process for one verdict if workers have room for every row, which
                            bounds the verdicts a second on any number of cores; compared with one worker, where this
                            process decides itself what the text decides

Our wrong rejects include rows of MATH whose solution boxes several values and whose answer is only the last one.

    python bench/math_grading.py [--quick] [--json FILE]
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from shared.harness import OURS, Better, Row, main, row_of, seconds_of, turns
from shared.math_peers import Scorer, peers
from shared.math_rows import Pair, pairs, slices

from rewards import GradeRequest, GraderPool, MathReference, grade

SETS = ("realistic", "gsm8k")
BATCH = 256
PEER = "math-verify"
MANY = 8  # workers, each of which has room for 256 rows in chunks
WARM = [
    Pair(response=r"\boxed{\sqrt{8}}", gold=r"2\sqrt{2}", right=True),
    Pair(response=r"\boxed{\sin 1}", gold=r"\sin 2", right=False),
]


# --- sides: each takes rows and returns whether they were accepted ----------------------------------------------------


def requests(chosen: Sequence[Pair]) -> list[GradeRequest]:
    return [GradeRequest(response=one.response, reference=MathReference(answer=one.gold)) for one in chosen]


def accepted_by_ours(chosen: Sequence[Pair], workers: int = 1) -> list[bool]:
    accepted: list[bool] = []
    for start in range(0, len(chosen), BATCH):
        graded = grade("math", requests(chosen[start : start + BATCH]), workers=workers)
        accepted += [result.score == 1.0 for result in graded]
    return accepted


def accepted_by_peer(score: Scorer, chosen: Sequence[Pair]) -> list[bool]:
    return [score(one.response, one.gold) for one in chosen]


class Tally:
    """Runs a side on one slice after another, and counts its verdicts."""

    def __init__(self, accept: Callable[[Sequence[Pair]], list[bool]], work: Sequence[Sequence[Pair]]) -> None:
        self._accept = accept
        self._work = iter(work)
        self.seen = self.right = self.accepts = self.rejects = 0

    def rate(self) -> float:
        """Verdicts per second on the next slice."""
        chosen = next(self._work)
        began = time.perf_counter()
        accepted = self._accept(chosen)
        spent = time.perf_counter() - began
        for one, taken in zip(chosen, accepted, strict=True):
            self.seen += 1
            self.right += one.right == taken
            self.accepts += taken and not one.right
            self.rejects += one.right and not taken
        return len(chosen) / spent


# --- rows -------------------------------------------------------------------------------------------------------------


def row(name: str, values: dict[str, list[float]], *, unit: str, better: Better) -> Row:
    """A row with the median ratio to math-verify over the rounds, and the numbers of the other peers."""
    ratio = row_of(name, {side: values[side] for side in (OURS, PEER)}, unit=unit, better=better).ratio
    return replace(row_of(name, values, unit=unit, better=better), ratio=ratio)


def row_of_counts(name: str, counts: dict[str, int], seen: int) -> Row:
    """How often a side was wrong. The ratio is of the numbers plus one, because they may be 0."""
    ratio = (counts[PEER] + 1) / (counts[OURS] + 1)
    others = {side: count for side, count in counts.items() if side != OURS}
    unit = f"of {seen}"
    return Row(name=name, ours=counts[OURS], peers=others, unit=unit, better="lower", ratio=float(f"{ratio:.4g}"))


def measure(quick: bool) -> Iterator[Row]:
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"load of the machine before: {load}", file=sys.stderr)
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})  # what is started from here on is held there, too
    grade("math", requests(WARM), workers=1)
    for name in SETS:
        yield from measured(name, quick)
    yield row("memory", {OURS: [peak_of_worker()], PEER: [peak_of_peer()]}, unit="MiB", better="lower")
    if len(cores) > 1:
        yield from scaling(quick, cores)
        yield from callers(quick, cores)


def measured(name: str, quick: bool) -> Iterator[Row]:
    """Throughput, verdicts and longest times for one set of rows."""
    rounds = 3 if quick else 7
    work = slices(pairs(name, count=900 if quick else None), rounds)
    tallies = {OURS: Tally(accepted_by_ours, work)}
    for peer, score in peers(name).items():
        score("\\boxed{1}", "1")  # load what is loaded late
        tallies[peer] = Tally(partial(accepted_by_peer, score), work)
    if PEER not in tallies:
        raise SystemExit("math-verify is what the ratios are to: pip install math-verify")
    rates = turns({side: tally.rate for side, tally in tallies.items()}, rounds=rounds)
    yield row(name, rates, unit="verdicts/s", better="higher")
    seen = tallies[OURS].seen
    right = {side: [100 * tally.right / seen] for side, tally in tallies.items()}
    yield row(f"{name}, right verdicts", right, unit=f"% of {seen}", better="higher")
    yield row_of_counts(f"{name}, wrong accepts", {side: tally.accepts for side, tally in tallies.items()}, seen)
    yield row_of_counts(f"{name}, wrong rejects", {side: tally.rejects for side, tally in tallies.items()}, seen)
    alone = {side: sorted(each_alone(name, side, 300 if quick else 3000)) for side in (OURS, PEER)}
    for label, place in (("p99", 0.99), ("slowest", 1.0)):
        at = {side: [1e3 * times[min(len(times) - 1, int(place * len(times)))]] for side, times in alone.items()}
        yield row(f"{name}, {label}", at, unit="ms", better="lower")


def each_alone(name: str, side: str, count: int) -> Iterator[float]:
    """Seconds of single verdicts, one after another, on rows in a different order than before."""
    score = None if side == OURS else peers(name)[side]
    for one in pairs(name, count=count, seed=1):
        began = time.perf_counter()
        if score is None:
            grade("math", requests([one]), workers=1)
        else:
            score(one.response, one.gold)
        yield time.perf_counter() - began


def scaling(quick: bool, cores: Collection[int]) -> Iterator[Row]:
    """Throughput of two workers on two cores divided by that of one worker on one core; linear scaling is 2."""
    for name in SETS:
        rounds, length = (3, 600) if quick else (6, 1500)
        chosen = pairs(name, seed=2)
        work = requests(chosen[:length])
        ratios = []
        for _ in range(rounds):
            seconds = []
            for workers in (1, 2):
                os.sched_setaffinity(0, sorted(cores)[:workers])
                with GraderPool("math", workers=workers) as pool:
                    pool.start()
                    for _ in range(3):  # every worker has started, and has loaded what is loaded late
                        pool.grade(requests(chosen[-length:]))
                    seconds.append(seconds_of(partial(pool.grade, work)))
            ratios.append(seconds[0] / seconds[1])
        compared = {OURS: ratios, "linear": [2.0] * rounds}
        yield row_of(f"{name}, 2 workers", compared, unit="times 1 worker", better="higher")


def callers(quick: bool, cores: Collection[int]) -> Iterator[Row]:
    """This process's own time per verdict, with more workers than the chunks can keep busy, and with one worker."""
    os.sched_setaffinity(0, cores)
    for name in SETS:
        chosen = pairs(name, seed=3)
        work = requests(chosen[: MANY * 256])
        spent: dict[str, list[float]] = {}
        for side, workers in ((OURS, MANY), ("with 1 worker", 1)):
            with GraderPool("math", workers=workers) as pool:
                pool.start()
                for _ in range(5):
                    pool.grade(requests(chosen[-len(work) :]))
                spent[side] = [
                    1e6 * own_seconds_of(partial(pool.grade, work)) / len(work) for _ in range(3 if quick else 6)
                ]
        yield row_of(f"{name}, caller", spent, unit="µs of its own a verdict", better="lower")


def own_seconds_of(work: Callable[[], object]) -> float:
    """Processor seconds of this process."""
    began = time.process_time()
    work()
    return time.process_time() - began


# --- memory -----------------------------------------------------------------------------------------------------------


def peak_of_worker() -> float:
    """The largest peak in MiB of the grading workers of this process, each with the sympy process that it asks."""
    workers = peaks_of("rewards.worker", os.getpid())
    return max(peak + sum(peaks_of("rewards.math.equal.symbolic", worker).values()) for worker, peak in workers.items())


def peaks_of(command: str, parent: int) -> dict[int, float]:
    """The peaks of the child processes of a process that run this command, by process id."""
    found = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        with suppress(OSError):
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
            if int(fields["PPid"]) == parent and command in (status.parent / "cmdline").read_text():
                found[int(fields["Pid"])] = int(fields["VmHWM"].split()[0]) / 1024
    return found


def _with_math_verify(into: multiprocessing.SimpleQueue[float]) -> None:
    score = peers("realistic")[PEER]
    accepted_by_peer(score, pairs("realistic", count=200))
    into.put(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def peak_of_peer() -> float:
    """The peak in MiB of a fresh process that has scored 200 rows."""
    context = multiprocessing.get_context("spawn")
    told: multiprocessing.SimpleQueue[float] = context.SimpleQueue()
    process = context.Process(target=_with_math_verify, args=(told,))
    process.start()
    peak = told.get()
    process.join()
    return peak


if __name__ == "__main__":
    main(__doc__, measure)
