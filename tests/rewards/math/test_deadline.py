"""What sympy cannot do in time: undecided, by the grader's own clock, and never at another answer's cost."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import psutil
import pytest

from rewards import GradeRequest, GradeResult, GraderPool, MathReference, Verdict
from rewards.clock import CLOCK
from rewards.math.equal import engine, numeric
from rewards.math.equal.equality import Equality, compare
from rewards.math.expressions import INFINITY, PI, Num, Op, Sym, divide, number, power
from rewards.math.grader import grade_math
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.slow(80)
NEVER = [
    (r"\int \sqrt{\tan x} \, dx", "x^2"),
    (r"\int_0^1 \sin(1/x) \ln(1+x^3) \, dx", r"\pi"),
    (r"\int e^{x^2} \sin(x^3) \, dx", "x"),
    (r"\int_0^{\infty} \frac{\sin x^3}{x^{7}+\ln(1+x)} dx", "1"),
    (r"\sum_{k=1}^{\infty} \frac{1}{k^2 + k\sqrt{2} + \sin k}", "n"),
    (r"\prod_{k=1}^{\infty} \left(1 - \frac{x^2}{k^2 + k + 1}\right)", "1"),
    (r"\int \frac{x^{11}+3x^5+1}{x^{17} + x^{13} + 7 x^3 + 2} dx", "x"),
    (r"\int \frac{1}{\sqrt{1-x^4+x^7}} dx", "x"),
    (r"\int_{-\infty}^{\infty} \frac{\cos(x)e^{-x^2}}{1+x^4} dx", "1"),
    (r"\lim_{n \to \infty} \frac{n!^{1/n}}{n + \sin(n)}", r"\frac{1}{e}"),
    (r"\frac{x^{12} - 3 x^7 + 1}{x^9 - 4 x^2 + 2} \ge \sqrt{x^2 + 1}", "[0, 1)"),
    (r"|x^5 - x - 1| + |x^3 - \sqrt{|x|}| < 3", "(0, 1)"),
]
DECIDED_BY_SYMPY = (r"\sqrt[3]{2+\sqrt5}+\sqrt[3]{2-\sqrt5}", "1")
ANOTHER = (r"\sqrt[3]{7+\sqrt{50}}+\sqrt[3]{7-\sqrt{50}}", "2")


def asked(answer: str, gold: str) -> GradeRequest:
    return GradeRequest(response=f"\\boxed{{{answer}}}", reference=MathReference(answer=gold))


def is_undecided(result: GradeResult) -> bool:
    return (result.verdict, result.score) == (Verdict.WRONG, 0.0) and result.reason.startswith("undecided")


def is_right(result: GradeResult) -> bool:
    """While sympy is loading an answer may be ungraded, on a busy machine, but never wrong."""
    assert result.verdict in (Verdict.CORRECT, Verdict.UNGRADED), result
    return result.verdict is Verdict.CORRECT


@pytest.fixture(autouse=True)
def long_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """What can be decided is decided on a busy machine, too."""
    monkeypatch.setattr(CLOCK, "deadline", PATIENCE)


@pytest.fixture
def short_deadline(long_deadline: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    monkeypatch.setattr(CLOCK, "deadline", 1.0)


def test_what_never_ends_is_undecided_and_no_deadline_passes() -> None:
    deadline = 3.0  # of which a seventh is left for a worker that has no core
    with GraderPool("math", workers=2, deadline=deadline) as pool:
        results = pool.grade([asked(*pair) for pair in NEVER])
        assert [pair for pair, result in zip(NEVER, results, strict=True) if not is_undecided(result)] == []
        assert max(result.seconds for result in results) < deadline
        counts = pool.counts()
        assert (counts.lost, counts.blamed, counts.at_fault) == (0, 0, 0)


def test_what_never_ends_is_undecided_before_the_pools_deadline_and_later_answers_are_still_right() -> None:
    with GraderPool("math", workers=1, deadline=10.0) as pool:
        until(lambda: is_right(pool.grade([asked(*DECIDED_BY_SYMPY)])[0]), "sympy to be loaded")
        assert is_undecided(pool.grade([asked(*NEVER[0])])[0])
        until(lambda: is_right(pool.grade([asked(*ANOTHER)])[0]), "sympy to be loaded again")
        counts = pool.counts()
        assert (counts.lost, counts.blamed, counts.at_fault) == (0, 0, 0)


@pytest.mark.parametrize(
    ("deadline", "verdict", "reason"),
    [
        pytest.param(2.0, Verdict.WRONG, "undecided", id="within the usual time"),
        pytest.param(10.0, Verdict.UNGRADED, "the machine is too busy", id="far beyond it"),
    ],
)
def test_sympy_that_loads_too_slowly_holds_up_no_answer_and_is_blamed_on_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deadline: float, verdict: Verdict, reason: str
) -> None:
    slow = tmp_path / "sympy"
    slow.mkdir()
    (slow / "__init__.py").write_text("import time\ntime.sleep(6000)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with GraderPool("math", workers=1, deadline=deadline) as pool:  # most of which is slept through
        needing, plain = pool.grade([asked(*DECIDED_BY_SYMPY), asked("2", "2.0 + 0")])
        counts = pool.counts()
    assert (needing.verdict, plain.score) == (verdict, 1.0)
    assert reason in needing.reason
    assert (counts.lost, counts.blamed) == (0, 0)


def test_sympy_that_cannot_be_loaded_is_the_graders_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "sympy"
    broken.mkdir()
    (broken / "__init__.py").write_text("raise ImportError('no sympy')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with GraderPool("math", workers=1, deadline=PATIENCE) as pool:
        result = pool.grade([asked(*DECIDED_BY_SYMPY)])[0]
    assert result.verdict is Verdict.UNGRADED
    assert "loads sympy ended with code 1" in result.reason


def test_the_grader_decides_without_a_worker_and_after_it_gave_something_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(CLOCK, "deadline", 1.0)
        assert is_undecided(grade_math(asked(*NEVER[0])))
    assert grade_math(asked(*DECIDED_BY_SYMPY)).verdict is Verdict.CORRECT


@pytest.mark.usefixtures("short_deadline")
def test_the_time_of_a_grade_is_for_all_its_comparisons() -> None:
    gold = ", ".join(f"x^{power}" for power in range(2, 12))
    answer = ", ".join(rf"\int \sqrt{{\tan x + {shift}}} \, dx" for shift in range(10))
    result = grade_math(asked(answer, gold))
    assert is_undecided(result)


def test_threads_ask_one_after_the_other() -> None:
    pairs = [(rf"\sqrt[3]{{2+\sqrt5}}+\sqrt[3]{{2-\sqrt5}}+{n}", str(n + k)) for n in range(8) for k in (1, 2)]
    with ThreadPoolExecutor(8) as threads:
        scores = [result.score for result in threads.map(lambda pair: grade_math(asked(*pair)), pairs)]
    assert scores == [1.0, 0.0] * 8


def _graded_in_a_child(into: multiprocessing.SimpleQueue[float | None]) -> None:
    into.put(grade_math(asked(*DECIDED_BY_SYMPY)).score)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_asks_a_process_of_its_own() -> None:
    assert grade_math(asked(*DECIDED_BY_SYMPY)).score == 1.0
    context = multiprocessing.get_context("fork")
    told: multiprocessing.SimpleQueue[float | None] = context.SimpleQueue()
    child = context.Process(target=_graded_in_a_child, args=(told,))
    child.start()
    assert told.get() == 1.0
    child.join()
    assert grade_math(asked(*ANOTHER)).score == 1.0


def test_a_process_that_was_killed_from_outside_is_replaced() -> None:
    assert grade_math(asked(*DECIDED_BY_SYMPY)).score == 1.0
    running = engine.pid()
    assert running is not None
    os.kill(running, 9)
    grade_math(asked(*ANOTHER))
    assert grade_math(asked(*ANOTHER)).score == 1.0


def test_nothing_is_left_running_when_the_pool_is_closed() -> None:
    others = _children(os.getpid(), "rewards.worker")
    with GraderPool("math", workers=1, deadline=PATIENCE) as pool:
        pool.grade([asked(*DECIDED_BY_SYMPY)])
        (worker,) = _children(os.getpid(), "rewards.worker") - others
        (asking,) = _children(worker, "rewards.math.equal.symbolic")
    # Where nobody waits for orphans, as in a container, it may stay as a zombie.
    until(
        lambda: not psutil.pid_exists(asking) or psutil.Process(asking).status() == psutil.STATUS_ZOMBIE,
        "sympy's process to end with its worker",
    )


def _children(parent: int, command: str) -> set[int]:
    found = set()
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
            if int(fields["PPid"]) == parent and command in (status.parent / "cmdline").read_text():
                found.add(int(status.parent.name))
        except OSError:
            continue
    return found


def test_a_computed_value_that_is_far_too_large_is_no_rounding() -> None:
    assert compare("3.1415927", "(10^{1000000})^{1000000}") is Equality.DIFFERENT
    assert compare("(10^{-1000000})^{1000000}+1", "1.000000000000000000000000000000001") is not Equality.SAME


@pytest.mark.parametrize("answer", ["99940009!", r"(10^{9})!! + \sqrt{2}", r"\binom{10^{9}}{10^{8}}", "3^{3^{20}}"])
def test_sympy_is_not_asked_about_a_number_that_is_too_large_for_it(
    answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "equal", lambda *sides: pytest.fail(f"asked about {sides}"))
    assert compare("5", answer) is not Equality.SAME


@pytest.mark.parametrize(
    ("value", "product"),
    [
        (r"\frac{1}{2}", r"\prod_{k=2}^{\infty} \left(1-\frac{1}{k^2}\right)"),
        ("2", r"\prod_{k=1}^{\infty} \left(1+\frac{1}{k(k+2)}\right)"),
    ],
)
def test_factorials_that_cancel_leave_a_product_with_a_limit(value: str, product: str) -> None:
    assert compare(value, product) is Equality.SAME


def test_a_series_that_converges_slowly_has_no_value_to_tell_a_difference_by() -> None:
    slow = Op("sum", (power(Sym("n"), Num(Fraction(-3, 2))), Sym("n"), Num(Fraction(1)), INFINITY))
    with pytest.raises(numeric.NoValue, match="converges slowly"):
        numeric.value(slow)
    fast = Op("sum", (power(Sym("n"), Num(Fraction(-2))), Sym("n"), Num(Fraction(1)), INFINITY))
    assert abs(numeric.value(fast) - numeric.value(divide(power(PI, number(2)), number(6)))) < 1e-40


def test_a_worker_and_its_sympy_take_little_memory_whatever_they_are_asked() -> None:
    long = " + ".join(rf"\sqrt{{{n}}} \cdot x^{{{n % 30}}}" for n in range(2, 90))
    heavy = [
        *((f"{long} + {n}", "x + y") for n in range(60)),
        (r"\sum_{n=1}^{\infty} n!", "3"),
        (r"\int_0^{2\pi} \frac{dx}{a + b \cos x + c \sin x}", "7"),
        (r"(a+b+c+d+f+g)^{60} - (a+b+c+d+f+g)^{59}\sin(x)", "x"),
        *NEVER[:2],
        (r"\gcd(x^{200} - 1, x^{150} - 1)", r"x^{50}-1"),
        DECIDED_BY_SYMPY,
    ]
    others = _children(os.getpid(), "rewards.worker")
    with GraderPool("math", workers=1, deadline=3.0) as pool:
        peaks: dict[int, float] = {}
        for answer, gold in heavy:
            pool.grade([asked(answer, gold)])
            (worker,) = _children(os.getpid(), "rewards.worker") - others
            for process in (worker, *_children(worker, "rewards.math.equal.symbolic")):
                with contextlib.suppress(OSError):
                    peaks[process] = _peak(process)
        most = peaks.pop(worker) + max(peaks.values())
    assert most < 150 << 10


def _peak(process: int) -> float:
    """KiB that a process had at most."""
    status = Path(f"/proc/{process}/status").read_text()
    return float(status.partition("VmHWM:")[2].split()[0])
