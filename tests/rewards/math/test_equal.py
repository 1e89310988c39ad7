"""The reward `math`: what is equal, what is not, and whose fault an unreadable text is."""

from __future__ import annotations

import gzip
import json
import time
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards import AnyOf, GradeRequest, GradeResult, GraderPool, MathReference, Verdict, grade
from rewards.math import budget
from rewards.math.equal.equality import Equality, compare
from rewards.math.grader import grade_math
from rewards.math.notation.standard import key, standardised
from rewards.math.parse.reading import readings
from rewards.types import DataReference, Policy


def boxed(answer: str, gold: str | tuple[str, ...] | AnyOf) -> GradeResult:
    return grade_math(GradeRequest(response=f"so \\boxed{{{answer}}}.", reference=MathReference(answer=gold)))


EQUAL = [
    ("5", "5.0"),
    ("5", "05"),
    ("5", "+5"),
    ("5", "{5}"),
    ("5", "$5$"),
    ("5", "(5)"),
    ("5", "5."),
    ("-5", "- 5"),
    ("-5", "−5"),
    ("1000", "1,000"),
    ("1,000", "1000"),
    ("10000", "10{,}000"),
    ("10,\\!000", "10000"),
    ("1000", "1\\,000"),
    ("1500", r"1.5 \times 10^{3}"),
    ("1500", "1.5e3"),
    ("0.0015", r"1.5\cdot 10^{-3}"),
    ("5000000", "5 million"),
    ("7/2", r"3\frac{1}{2}"),
    ("7/2", "3 1/2"),
    ("3.5", r"3\frac12"),
    ("-1/2", r"-\frac{1}{2}"),
    ("-1/2", r"\frac{-1}{2}"),
    ("0.5", r"\dfrac{1}{2}"),
    ("1/2", "½"),
    (r"50\%", "50"),
    ("50", r"50\%"),
    (r"50\%", "0.5"),
    ("0.25", r"25\%"),
    ("5", r"\$5"),
    (r"\$1,234.50", "1234.5"),
    ("5", r"5\text{ cm}"),
    (r"5\text{ cm}", "5"),
    ("5 cm", "5 centimeters"),
    ("12", r"12\text{ cm}^2"),
    ("21", "21 dogs"),
    ("30", r"30^\circ"),
    ("60", "60 miles per hour"),
    ("5", "x = 5"),
    ("x=5", "5"),
    ("x=5", "x = 5"),
    (r"x \in [1,2]", "[1,2]"),
    ("5", "2 + 3 = 5"),
    ("5", "2+3"),
    ("8", r"2^3"),
    (r"2\sqrt{2}", r"\sqrt{8}"),
    (r"\frac{\pi}{2}", r"\pi/2"),
    ("x^2+2x+1", "(x+1)^2"),
    ("(1,2)", "( 1 , 2 )"),
    ("(1,2)", r"\left(1, 2\right)"),
    ("(1, 1/2)", "(1, 0.5)"),
    ("1,2", "2, 1"),
    ("1, 2", "1 and 2"),
    (r"\{1,2\}", r"\{2, 1\}"),
    (r"\pm 3", "3, -3"),
    ("3,-3", r"\pm 3"),
    (r"1 \pm \sqrt{2}", r"1+\sqrt{2}, 1-\sqrt{2}"),
    ("(0,1]", "(0, 1]"),
    (r"(-\infty, 2)", r"(-\infty,2)"),
    (r"\text{east}", "East"),
    ("Evelyn", r"\text{Evelyn}"),
    (r"\text{(C)}", "C"),
    ("C", "(C)"),
    (r"\emptyset", r"\varnothing"),
    (r"\emptyset", "∅"),
    ("-5", "－5"),
    ("-5", "\u20115"),
    ("(1,2)", "（1，2）"),
    ("101_2", "101_{2}"),
    ("2516_8", "2516"),
    ("101", "101_{10}"),
    (r"\log_2 3", r"\frac{\log_2 9}{2}"),
    ("3", r"\log_2 8"),
    ("y = 2x + 1", "2x + 1 = y"),
    ("y = 2x + 1", "2x - y + 1 = 0"),
    ("2x + y = 1", "y = 1 - 2x"),
    ("$5", "5 dollars"),
    ("4:30 p.m.", r"4\!:\!30 \text{ p.m.}"),
]

DIFFERENT = [
    ("5", "6"),
    ("5", "-5"),
    ("5", "5.0001"),
    ("1/3", "0.33"),
    (r"\frac{1}{3}", "0.3333"),
    (r"\frac{2}{3}", "0.66667"),
    (r"2\sqrt{2}", "2.8284"),
    ("1/3", "0.3334"),
    ("0.33", "1/3"),
    ("0.5", "50"),
    ("0.5", r"0.5\%"),
    ("5 cm", "5 m"),
    ("5", r"5\pi"),
    ("5", "5x"),
    ("x=5", "y=5"),
    ("5", "2+2=5"),
    ("(1,2)", "(2,1)"),
    ("(0,1]", "(0,1)"),
    ("[0,1]", "(0,1)"),
    ("(1,2)", "[1,2]"),
    ("1,2", "1"),
    ("1,2", "1,2,3"),
    (r"2\sqrt{2}", "2.83"),
    (r"\text{east}", "west"),
    (r"\text{(C)}", "D"),
    ("Evelyn", "Eve"),
    ("x^2", "x^3"),
    ("101", "101_2"),
    ("5", "101_2"),
    ("101_2", "5"),
    ("101_2", "101_3"),
    ("101_2", "110_2"),
    ("5", "5_2"),
    ("$5", "5 cents"),
    ("5", "5 halves"),
    ("5", "5 squared"),
    ("5", "5 unless six"),
    ("5", "5 but six is possible"),
    ("y = 2x + 1", "2x + 2 = y"),
    ("y = 2x + 1", "y = y"),
    ("y = 2x + 1", "0 = 0"),
    (r"\emptyset", "0"),
]

HEDGES = [
    "3, 4",
    "4, 3",
    "3 or 4",
    r"3 \text{ or } 4",
    r"3\text{ and }4",
    "[3, 4]",
    "(3, 4)",
    r"\{3, 4\}",
    "3; 4",
    "3 = 4",
    "4 = 3",
    "3 < x < 4",
    r"3 \le x \le 4",
    "3 4",
    "3|4",
    r"\pm 3",
    "3-4",
    "3 to 4",
    "3, 3",
    "3, 4, 5",
    r"x \in \{3, 4\}",
    "x = 3, x = 4",
    "x = 3 \\text{ or } x = 4",
    r"\begin{pmatrix} 3 \\ 4 \end{pmatrix}",
    r"3 \cup 4",
    "3 or more",
]


@pytest.mark.parametrize(("gold", "answer"), EQUAL)
def test_equal_answers_are_right(gold: str, answer: str) -> None:
    assert boxed(answer, gold).verdict is Verdict.CORRECT


@pytest.mark.parametrize(("gold", "answer"), DIFFERENT)
def test_different_answers_are_wrong(gold: str, answer: str) -> None:
    result = boxed(answer, gold)
    assert result.verdict is Verdict.WRONG
    assert (result.score, result.correctness) == (0.0, 0.0)
    assert result.reason


@pytest.mark.parametrize("gold", ["3", "4", "12", "34"])
@pytest.mark.parametrize("hedge", HEDGES)
def test_one_of_several_values_is_no_answer_to_one_gold(hedge: str, gold: str) -> None:
    assert boxed(hedge, gold).verdict is Verdict.WRONG


@pytest.mark.parametrize("gold", ["", " ", r"\frac{1}{", "???", "$$"])
def test_a_gold_answer_that_cannot_be_read_is_not_the_responses_fault(gold: str) -> None:
    result = boxed("5", gold)
    assert result.verdict is Verdict.UNGRADED
    assert "the reference answer cannot be read" in result.reason


@pytest.mark.parametrize(
    "answer",
    [
        r"\frac{1}{",
        "(" * 500 + "5" + ")" * 500,
        "5" * 5000,
        "9^{9^{9^9}}",
        "10^{100000000}",
        "100000!",
        r"\left(" * 40 + "5",
        "__import__('os').system('true')",
        "lambda: 5",
    ],
)
def test_an_answer_that_cannot_be_read_is_wrong_and_quick(answer: str) -> None:
    began = time.process_time()
    assert boxed(answer, "5").verdict is Verdict.WRONG
    assert time.process_time() - began < 2.0


@pytest.mark.parametrize(
    "response",
    [
        "The answer is 5 (or 6).",
        "The answer is $5$ (or $6$).",
        "It is $5$ or $6$",
        "The answer is **5** or **6**",
        "It is 10^{56}",
        r"so \frac{5}{6}",
        "It is 5x + 6x",
        "f(5), then f(6)",
        "6.5!5",
        "x^6",
    ],
)
@pytest.mark.parametrize("gold", ["5", "6"])
def test_a_hedge_or_a_part_of_an_expression_is_no_answer(response: str, gold: str) -> None:
    request = GradeRequest(response=response, reference=MathReference(answer=gold))
    assert grade_math(request, policy="lenient").verdict is Verdict.WRONG


def test_no_answer_is_told_from_a_wrong_one() -> None:
    reference = MathReference(answer="5")
    for response in ("", "I do not know how to begin with this problem, sorry", r"<think>\boxed{5}"):
        assert grade_math(GradeRequest(response=response, reference=reference)).verdict is Verdict.NO_ANSWER


def test_the_references_policy_wins_over_the_parameter() -> None:
    def judge(own: Policy | None, policy: Policy) -> Verdict:
        request = GradeRequest(response="The answer is 5.", reference=MathReference(answer="5", policy=own))
        return grade_math(request, policy=policy).verdict

    assert judge(None, "lenient") is Verdict.CORRECT
    assert judge(None, "strict") is Verdict.NO_ANSWER
    assert judge("strict", "lenient") is Verdict.NO_ANSWER
    assert judge("lenient", "strict") is Verdict.CORRECT


def test_a_tuple_asks_for_all_and_any_of_for_one() -> None:
    assert boxed("2, 1", ("1", "2")).verdict is Verdict.CORRECT
    assert boxed("(1, 2)", ("1", "2")).verdict is Verdict.CORRECT
    assert boxed(r"1 \text{ and } 2", ("1", "2")).verdict is Verdict.CORRECT
    assert boxed("1", ("1", "2")).verdict is Verdict.WRONG
    assert boxed("1, 1", ("1", "2")).verdict is Verdict.WRONG
    assert boxed("1, 2, 3", ("1", "2")).verdict is Verdict.WRONG
    assert boxed("1", ("1",)).verdict is Verdict.CORRECT
    assert boxed("(3,4), (1,2)", ("(1,2)", "(3,4)")).verdict is Verdict.CORRECT
    assert boxed("0.5", AnyOf(("1", "1/2"))).verdict is Verdict.CORRECT
    assert boxed("3", AnyOf(("1", "1/2"))).verdict is Verdict.WRONG
    assert boxed("1, 1/2", AnyOf(("1", "1/2"))).verdict is Verdict.WRONG
    assert boxed("1, 2", ("1", "")).verdict is Verdict.UNGRADED


def test_another_kind_of_reference_is_not_judged() -> None:
    result = grade_math(GradeRequest(response="5", reference=DataReference(value=5)))
    assert result.verdict is Verdict.UNGRADED
    assert "'data'" in result.reason


def test_a_symbolic_answer_that_takes_for_ever_is_wrong_in_the_pool() -> None:
    slow = r"\prod_{n=1}^{9999} \left(1 + \frac{x^n}{n}\right)^{9999}"
    reference = MathReference(answer=r"\sin(x) + y")
    with GraderPool("math", workers=1, deadline=6.0) as pool:
        results = pool.grade(
            [GradeRequest(response=f"\\boxed{{{a}}}", reference=reference) for a in (slow, r"y+\sin x")]
        )
    assert [r.verdict for r in results] == [Verdict.WRONG, Verdict.CORRECT]


@given(st.fractions(), st.sampled_from(["{n}/{d}", r"\frac{{{n}}}{{{d}}}", r"\dfrac{{ {n} }}{{ {d} }}"]))
def test_every_fraction_equals_itself_in_every_spelling(value: Fraction, spelling: str) -> None:
    text = spelling.format(n=value.numerator, d=value.denominator)
    assert compare(f"{value.numerator}/{value.denominator}", text) is Equality.SAME
    assert compare(f"{value.numerator + 1}/{value.denominator}", text) is Equality.DIFFERENT


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**12), max_value=10**12))
def test_every_decimal_equals_itself_with_separators(value: object) -> None:
    assert compare(f"{value}", f"{value:,}") is Equality.SAME


@given(st.text(max_size=60))
def test_spelling_twice_changes_nothing_that_counts(text: str) -> None:
    once = standardised(text)
    assert key(standardised(once)) == key(standardised(standardised(once)))


@given(st.text(max_size=60) | st.text(alphabet="0123456789.,/%$e+-_^ \\{}()[]|=<>fracsqrtxpi", max_size=40))
def test_reading_never_raises(text: str) -> None:
    readings(text)


# --- real data ------------------------------------------------------------------------------------------------------


def rows(path: Path) -> Iterator[dict[str, str]]:
    data = path.read_bytes()
    text = gzip.decompress(data) if path.suffix == ".gz" else data
    yield from map(json.loads, text.splitlines())


def gsm8k(path: Path) -> list[tuple[str, str]]:
    """Official solution and gold answer of each row."""
    return [(row["answer"], row["answer"].rpartition("####")[2].strip()) for row in rows(path)]


def verdicts(golds: list[str], answers: list[str], policy: Policy) -> Counter[str]:
    """How answers are judged, in one box each, in the workers."""
    spec = {"reward": "math", "parameters": {"policy": policy}}
    requests = [
        GradeRequest(response=f"Hence it is $\\boxed{{{answer}}}$.", reference=MathReference(answer=gold))
        for gold, answer in zip(golds, answers, strict=True)
    ]
    return Counter(result.verdict.value for result in grade(spec, requests, workers=2))


def rotated(golds: list[str]) -> list[str]:
    """For each gold the next one that is spelled differently."""
    following = golds[1:] + golds[:1]
    for i in range(len(golds) - 1, -1, -1):
        if following[i] == golds[i]:
            following[i] = following[(i + 1) % len(golds)]
    assert all(a != b for a, b in zip(golds, following, strict=True))
    return following


@pytest.mark.parametrize("file", ["test.jsonl", "train.jsonl.gz"])
def test_every_gsm8k_gold_is_right_when_boxed_and_wrong_for_the_next(shared_data: Path, file: str) -> None:
    golds = [gold for _, gold in gsm8k(shared_data / "gsm8k" / file)]
    for policy in ("strict", "lenient"):
        assert verdicts(golds, golds, policy) == {"correct": len(golds)}  # type: ignore[arg-type]
    assert verdicts(golds, rotated(golds), "lenient") == {"wrong": len(golds)}


@pytest.mark.parametrize("file", ["test.jsonl", "train.jsonl.gz"])
def test_every_official_gsm8k_solution_is_right(shared_data: Path, file: str) -> None:
    problems = gsm8k(shared_data / "gsm8k" / file)
    requests = [GradeRequest(response=text, reference=MathReference(answer=gold)) for text, gold in problems]
    for policy in ("strict", "lenient"):
        results = grade({"reward": "math", "parameters": {"policy": policy}}, requests, workers=2)
        assert Counter(result.verdict.value for result in results) == {"correct": len(problems)}


# Solutions that box several values, of which the data keeps the last one only: by that answer, and how many there are.
LAST_OF_SEVERAL = {
    *("1", "2", "9", "18", "-3", "(0,0)", "(0, 1)", "(8,38)", "(-5, 1)", "-2x-1", r"-\tfrac34", r"\frac{2}{5}"),
    *(
        "28_9",
        r"8\!:\!34 \text{ p.m.}",
        r"-\frac{5}{2}",
        r"\frac{5\pi}{4}",
        r"150^\circ",
        r"\left(-\tfrac52, -\tfrac52\right)",
    ),
}
NOT_RIGHT = {"math500.jsonl": 1, "test.jsonl.gz": 7, "train.jsonl.gz": 14}


@pytest.mark.parametrize("file", ["math500.jsonl", "test.jsonl.gz", "train.jsonl.gz"])
def test_every_math_answer_is_right_when_boxed_and_its_official_solution_too(shared_data: Path, file: str) -> None:
    problems = [row for row in rows(shared_data / "math" / file) if row["answer"]]
    golds = [row["answer"] for row in problems]
    assert verdicts(golds, golds, "strict") == {"correct": len(golds)}
    requests = [GradeRequest(response=r["solution"], reference=MathReference(answer=r["answer"])) for r in problems]
    results = grade("math", requests, workers=2)
    wrong = {row["answer"] for row, result in zip(problems, results, strict=True) if result.score != 1.0}
    assert wrong <= LAST_OF_SEVERAL
    assert sum(result.score != 1.0 for result in results) <= NOT_RIGHT[file]


# Of MATH-500's 500 neighbours one means the same: 5 and x=5.
SAME_NEIGHBOURS = {("5", "x=5")}


def test_math500_answers_are_wrong_for_the_next_problem(shared_data: Path) -> None:
    golds = [row["answer"] for row in rows(shared_data / "math" / "math500.jsonl")]
    answers = rotated(golds)
    pairs = [(g, a) for g, a in zip(golds, answers, strict=True) if (g, a) not in SAME_NEIGHBOURS]
    assert len(pairs) >= len(golds) - 1
    assert verdicts([g for g, _ in pairs], [a for _, a in pairs], "strict") == {"wrong": len(pairs)}


def test_the_math_reward_is_quick_enough_for_integers() -> None:
    requests = [
        GradeRequest(response=f"so \\boxed{{{i}}}", reference=MathReference(answer=str(i))) for i in range(2000)
    ]
    with GraderPool("math", workers=1) as pool:
        pool.start().grade(requests[:100])
        laps = [spent()]
        for _ in range(3):
            pool.grade(requests)
            laps.append(spent())
    best = min(b - a for a, b in pairwise(laps)) / len(requests)
    assert best < 500e-6  # about 130 µs on an idle machine; the bound is for a busy one


def spent() -> float:
    """CPU seconds of this process and its children that are on."""
    children = [child.cpu_times() for child in psutil.Process().children()]
    return time.process_time() + sum(times.user + times.system for times in children)


@pytest.mark.parametrize("steps", range(40, 70))
def test_a_grade_that_runs_out_of_steps_has_a_verdict_wherever_it_does(
    monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    monkeypatch.setattr(budget, "_NUMERIC_STEPS", steps)
    gold, answer = (  # with values that no other test has computed
        rf"x = \frac{{\pi}}{{{steps}}} + 2{letter}\pi, {letter} \in \mathbb{{Z}}" for letter in "kn"
    )
    assert compare(gold, answer) is Equality.SAME
