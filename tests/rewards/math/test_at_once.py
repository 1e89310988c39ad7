"""Grades that need no worker: they are those that a worker would give, and their time is linear."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewards import AnyOf, GradeRequest, GradeResult, GraderPool, GradingUnavailable, MathReference
from rewards.errors import InvalidRow
from rewards.math import budget
from rewards.math.equal import equality
from rewards.math.equal.by_text import by_text
from rewards.math.equal.equality import Equality
from rewards.math.equal.matching import same_value
from rewards.math.grader import LONGEST_AT_ONCE, grade_math, math_at_once
from rewards.math.parse.reading import gold_readings, readings
from rewards.math.values import EXACT, Terms
from tests.rewards.math.test_cases import FILES, cases, request
from tests.shares import examples


def boxed(answer: str, gold: str, **options: object) -> GradeRequest:
    reference = {"type": "math", "answer": gold, **options}
    return GradeRequest.from_dict({"response": rf"So it is \boxed{{{answer}}}.", "reference": reference})


FOR_WORKERS = (  # sentences, and values that no text decides
    "alternating_signs_names_and_named_sets",
    "angles_doubles_and_what_is_left_to_do",
    "boxes_in_formulas_and_sentences",
    "boxes_units_and_quantities",
    "boxes_left_out_forced_and_unseen",
    "claims",
    "conditions_and_remarks_behind_values",
    "cut_off_boxes_options_and_curves",
    "echoes_turns_and_two_subjects",
    "joined_and_corrected_boxes",
    "labels_lists_and_later_sentences",
    "later_thoughts_cuts_and_pairs",
    "letters_overrides_and_rounded_powers",
    "names_residues_and_golds_in_prose",
    "parts_and_pairs",
    "neighbours_of_every_kind",
    "next_questions_lists_and_languages",
    "pieces_identities_and_statements",
    "refused_boxes_and_products",
    "rows_of_one_shape",
    "second_answers_and_options",
    "sums_with_dots_and_compound_units",
    "thoughts_lists_and_words",
    "turns_sums_and_days",
    "complex_letters_points_and_sets_of_integers",
    "values_side_by_side",
    "boxes_in_bare_latex",
    "whole_numbers_residues_and_curves",
)


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_what_is_graded_at_once_is_graded_as_in_a_worker(file: Path) -> None:
    asked = [one for case in cases(file) if (one := request(case)) is not None]
    at_once = [(one, result) for one in asked if (result := math_at_once(one)) is not None]
    assert len(at_once) > 20 or file.stem in FOR_WORKERS
    assert [result for _one, result in at_once] == [grade_math(one) for one, _result in at_once]


whole = st.integers(-(10**6), 10**6)
small = st.integers(-4, 12)
few = st.integers(1, 9)
rationals = st.one_of(
    small.map(str),
    st.tuples(small, few).map(lambda pair: rf"\frac{{{pair[0]}}}{{{pair[1]}}}"),
    st.tuples(small, few).map(lambda pair: f"{pair[0]}/{pair[1]}"),
    st.tuples(few, few).map(lambda pair: rf"-\frac {pair[0]}{pair[1]}"),
    st.tuples(few, few, few).map(lambda parts: rf"{parts[0]}\frac{{{parts[1]}}}{{{parts[2]}}}"),
    st.sampled_from(("0.5", "-0.25", "1.50", "1,000", r"1,\!000", r"12,\! 345", "1,5")),
)
factors = st.sampled_from(("", "2", "-", "-3", r"\frac{1}{2}", r"\frac12", "1/2", r"1\frac12", "4 "))
roots = st.sampled_from(
    (r"\sqrt{8}", r"\sqrt2", r"\sqrt{12}", r"\pi", "i", r"\sqrt{2}i", "x", "x^2", "x^{10}", "y", "n", "m", "e")
)
summands = st.one_of(rationals, st.tuples(factors, roots).map("".join))
sums = st.one_of(
    st.tuples(summands, st.sampled_from(("+", " - ", " + ")), summands).map("".join),
    st.tuples(summands, st.just("+"), summands, few).map(lambda parts: rf"\frac{{{''.join(parts[:3])}}}{{{parts[3]}}}"),
)
items = st.one_of(small.map(str), rationals, summands, st.sampled_from((r"\infty", r"-\infty")))
several = st.one_of(
    st.tuples(
        st.sampled_from(("({})", "[{})", r"\left( {} \right)", "{}", "{}", r"\{{{}}}", r"({}) \cup (1, 2]")),
        st.sampled_from((", ", ",")),
        st.lists(items, min_size=1, max_size=3),
    ).map(lambda parts: parts[0].format(parts[1].join(parts[2]))),
    st.tuples(st.sampled_from((" & ", r" \\ ")), st.lists(rationals, min_size=1, max_size=3)).map(
        lambda parts: rf"\begin{{pmatrix}} {parts[0].join(parts[1])} \end{{pmatrix}}"
    ),
)
dressed = st.one_of(
    st.tuples(rationals, st.sampled_from((r"\%", r"\text{ cm}", r"\text{ inches}", r"^\circ"))).map("".join),
    st.tuples(st.sampled_from((r"\$", "x = ", "k=")), rationals).map("".join),
    st.tuples(few, few).map(lambda pair: f"{pair[0]}_{pair[1]}"),
    st.sampled_from((r"\text{A}", r"\text{(B)}", r"\text{even}", r"\text{dozen}", r"\text{zero}")),
)
numbers = st.one_of(
    whole.map(str),
    whole.map(lambda n: f"{n:,}"),
    st.tuples(st.integers(-999, 999), st.integers(0, 9999)).map(lambda pair: f"{pair[0]}.{pair[1]:04d}"),
    st.tuples(st.integers(-60, 60), st.integers(1, 60)).map(lambda pair: rf"\frac{{{pair[0]}}}{{{pair[1]}}}"),
    st.tuples(st.integers(1, 60), st.integers(1, 60)).map(lambda pair: rf"-\dfrac{{{pair[0]}}}{{{pair[1]}}}"),
    st.tuples(st.integers(1, 9), st.integers(2, 50)).map(lambda pair: rf"-{pair[0]}\sqrt{{{pair[1]}}}"),
    st.tuples(st.integers(1, 9), st.integers(2, 50), st.integers(2, 9)).map(
        lambda parts: rf"\frac{{{parts[0]}\sqrt{{{parts[1]}}}}}{{{parts[2]}}}"
    ),
    st.tuples(st.integers(1, 9), st.integers(2, 9)).map(lambda pair: rf"\frac{{{pair[0]}\pi}}{{{pair[1]}}}"),
    st.tuples(st.integers(-9, 99), st.integers(-9, 99)).map(lambda pair: f"({pair[0]}, {pair[1]})"),
    st.sampled_from((r"\sqrt2", r"\sqrt{8}", r"2\sqrt{2}", r"\sqrt{16}", "4", r"\frac14", r"2\pi", "(1,2)", "(1,234)")),
    st.sampled_from(("0", "-0", "0.5", "0.50", ".5", r"\frac{1}{2}", "1,000", "1000", "1000.0", "007", "1,00", "$50$")),
)


@settings(max_examples=examples(2000), deadline=None)
@given(numbers, numbers)
def test_plain_numbers_are_decided_by_their_text_as_by_their_values(gold: str, answer: str) -> None:
    found = by_text(gold, answer)
    if found is None:
        return
    budget.begin()
    values = {same_value(one, other).value for one in gold_readings(gold) for other in readings(answer)}
    assert (found is Equality.SAME) == ("yes" in values)


@settings(max_examples=examples(3000), deadline=None)
@given(st.data(), st.sampled_from((EXACT, EXACT, Terms(evaluated=True), Terms(simplified=True))))
def test_plain_values_are_decided_by_their_text_as_where_they_are_read(data: st.DataObject, terms: Terms) -> None:
    kinds = (rationals, summands, sums, several, dressed)
    kind = data.draw(st.sampled_from(kinds))
    gold, answer = data.draw(kind), data.draw(st.one_of(kind, *kinds))
    found = by_text(gold, answer, terms)
    if found is None or gold == answer or not readings(gold):
        return
    with patch.object(equality, "by_text", return_value=None):
        assert found is equality.compare(gold, answer, terms)


def test_a_tolerance_a_unit_and_lowest_terms_are_left_to_a_worker() -> None:
    assert math_at_once(boxed("2", "3")) == GradeResult.wrong("differs from 3", extracted="2")
    assert math_at_once(boxed("2", "3", tolerance=1)) is None
    assert math_at_once(boxed("2", "3", unit="m")) is None
    assert math_at_once(boxed(r"\frac{2}{4}", r"\frac{1}{2}", require_simplified=True)) is None
    assert math_at_once(boxed(r"2(x+1)", r"2x+2")) is None


def test_any_of_several_is_right_at_once_and_never_wrong_at_once() -> None:
    options = MathReference(answer=AnyOf(("3", "4")))
    assert math_at_once(GradeRequest(response=r"\boxed{4}", reference=options)) == GradeResult.correct(extracted="4")
    assert math_at_once(GradeRequest(response=r"\boxed{5}", reference=options)) is None


def test_prose_that_is_not_short_is_left_to_a_worker_and_a_strict_policy_needs_none() -> None:
    three = MathReference(answer="3")
    said = GradeRequest(response="I think about it, and then again. " * 4 + "So the answer is 3.", reference=three)
    assert math_at_once(said) is None
    for one, policy in ((said, "strict"), *((GradeRequest(response=r, reference=three), "lenient") for r in SHORT)):
        at_once = math_at_once(one, policy=policy)
        assert at_once is not None
        assert at_once == grade_math(one, policy=policy)


SHORT = ("", " \n", "I do not know the answer.", "I think that the answer is 3.", "It is 4, or so.")


def test_a_long_response_is_left_to_a_worker() -> None:
    long = GradeRequest(response="a" * LONGEST_AT_ONCE + r"\boxed{3}", reference=MathReference(answer="3"))
    assert math_at_once(long) is None


HOSTILE = (
    *("{", "}", "\\", r"\boxed{", r"\boxed", r"\fbox{1}", r"\boxed{1} and ", r"\boxed{1}, ", "####", "#### 1\n"),
    *(
        "<answer>",
        "</answer>",
        "<answer>1</answer>",
        "<think>",
        "</think>",
        "<|",
        "[INST]",
        "answer is ",
        "$",
        "(",
        "**",
    ),
    *("final answer: ", r"\frac{", r"\text{", r"\left(", "1,", "1 ", "a", "½", "²", "√", "or ", "wait ", "not ", ". "),
    *("“", "-", "~", r"\,", "**"),
)


@pytest.mark.parametrize("piece", HOSTILE)
@pytest.mark.parametrize("around", ["{}", r"\boxed{{{}}}", r"\boxed{{1}} {}", "<answer>{}</answer>", "#### {}"])
def test_twice_the_response_takes_no_more_than_a_few_times_as_long(piece: str, around: str) -> None:
    def seconds(length: int) -> float:
        response = around.format(piece * (length // len(piece)))
        one = GradeRequest(response=response, reference=MathReference(answer="17"))
        best = float("inf")
        for _ in range(5):
            began = time.thread_time()
            math_at_once(one)
            best = min(best, time.thread_time() - began)
        return best

    half, all_of_it = seconds(LONGEST_AT_ONCE // 2 - 50), seconds(LONGEST_AT_ONCE - 100)
    assert all_of_it < 4 * half + 0.002, "linear work takes twice as long, quadratic work four times"


def test_a_pool_starts_no_worker_for_what_it_grades_at_once() -> None:
    with GraderPool("math", workers=1) as pool:
        results = pool.grade([boxed("3", "3"), boxed("4", "3")])
        assert [result.score for result in results] == [1.0, 0.0]
        assert all(result.seconds > 0 for result in results)
        assert pool.submit(boxed("3", "3")).result(timeout=0).score == 1.0
        assert pool.counts().started == 0


def test_grades_are_in_the_order_of_the_requests_wherever_they_were_made() -> None:
    asked = [boxed(f"y({k}+x)" if k % 3 else f"{k}", f"(x+{k})y" if k % 3 else f"{k + k % 2}") for k in range(200)]
    with GraderPool("math", workers=2) as pool:
        results = pool.grade(asked)
        assert results == [grade_math(one).timed(result.seconds) for one, result in zip(asked, results, strict=True)]
        assert [f.result().verdict for f in pool.submit_batch(asked)] == [result.verdict for result in results]


def test_a_request_that_is_not_json_is_refused_as_ever() -> None:
    odd = GradeRequest(response=r"\boxed{3}", reference=MathReference(answer="3"), metadata={"a": {1, 2}})  # type: ignore[dict-item]
    with GraderPool("math", workers=1) as pool, pytest.raises(InvalidRow):
        pool.grade([boxed("3", "3"), odd])


def test_a_closed_pool_grades_nothing_at_once() -> None:
    pool = GraderPool("math", workers=1)
    pool.close()
    with pytest.raises(GradingUnavailable):
        pool.grade([boxed("3", "3")])


def test_importing_the_grader_loads_neither_sympy_nor_mpmath_nor_a_parser_of_others() -> None:
    code = "import sys, rewards.math.grader; print(sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300
    ).stdout
    assert [
        name for name in ("sympy", "mpmath", "math_verify", "latex2sympy2_extended", "antlr4") if name in loaded
    ] == []
