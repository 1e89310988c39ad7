"""The rewards `exact` and `f1`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards import GradeRequest, GradeResult, InvalidRow, Verdict
from rewards.rules.short_text import LONGEST, exact, f1, f1_of, normalised
from rewards.types import DataReference, reference_from


def judge(response: str, *golds: str) -> tuple[GradeResult, GradeResult]:
    request = GradeRequest(response=response, reference=reference_from({"type": "text", "answers": list(golds)}))
    return exact(request), f1(request)


@pytest.mark.parametrize(
    ("response", "gold"),
    [
        ("Paris", "paris"),
        ("the Eiffel Tower!", "Eiffel tower"),
        ("  Paris.\n", "Paris"),
        ("“Paris”", "Paris"),
        ("<think>Rome</think>Paris", "Paris"),
        ("<think>Rome</think>It is: <answer>Paris</answer>", "Paris"),
        ("1,000", "1000"),
        ("$1,234,567", "1234567"),
        ("Pa\u200bris", "Paris"),
        ("caf\u0065\u0301", "café"),
        ("A", "a"),
        ("an", "An"),
        ("C++", "c++"),
        ("...", "..."),
        ("10:30", "10 30"),
        ("–5 °C", "-5 °C"),
        ("1e−5", "1e-5"),
        ("well-known", "wellknown"),
        ("(a)-5", "a5"),
        ("パリ。", "パリ"),
    ],
)
def test_one_spelling_is_right(response: str, gold: str) -> None:
    once, overlap = judge(response, "something else", gold)
    assert (once.score, once.correctness, once.verdict) == (1.0, 1.0, Verdict.CORRECT)
    assert (overlap.score, dict(overlap.parts)) == (1.0, {"precision": 1.0, "recall": 1.0})


@pytest.mark.parametrize(
    ("response", "gold"),
    [
        ("Rome", "Paris"),
        ("Paris or Rome", "Paris"),
        ("Paris, Rome", "Paris"),
        ("not Paris", "Paris"),
        ("15", "1.5"),
        ("5", "-5"),
        ("−5", "5"),
        ("$5", "-$5"),
        ("–5", "5"),
        ("1e-5", "1e5"),
        ("10^-5", "105"),
        ("x=-5", "x=5"),
        ("“-5”", "5"),
        ("C", "C++"),
        ("C#", "C"),
        ("the", "a"),
        ("an", "A"),
        ("x", "²"),
        ("Раris", "Paris"),  # Cyrillic Р, а
        ("<think>Paris</think>Rome", "Paris"),
        ("<answer>Rome</answer> Paris", "Paris"),
        ("Rome</s>Paris", "Paris"),
        ("12", "1 2"),
        ("34", "3/4"),
    ],
)
def test_what_differs_is_wrong(response: str, gold: str) -> None:
    once, _ = judge(response, gold)
    assert (once.score, once.correctness, once.verdict) == (0.0, 0.0, Verdict.WRONG)
    assert repr(gold) in once.reason


def test_f1_counts_shared_words_each_as_often_as_both_have_it() -> None:
    assert f1_of("a cat sat", "the cat sat down").f1 == pytest.approx(2 * 1.0 * (2 / 3) / (5 / 3))
    assert f1_of("cat cat cat", "cat").precision == pytest.approx(1 / 3)
    assert f1_of("dog", "cat").f1 == 0.0
    _, best = judge("cat sat", "dog", "the cat sat down", "cat")
    assert (best.score, best.verdict) == (pytest.approx(0.8), Verdict.PARTIAL)
    assert dict(best.parts) == {"precision": 1.0, "recall": pytest.approx(2 / 3)}


def test_yes_and_no_are_not_shared_out() -> None:
    assert judge("yes no", "yes")[1].score == 0.0
    assert judge("yes, it is", "yes")[1].score == 0.0
    assert judge("Yes.", "yes")[1].score == 1.0


@pytest.mark.parametrize("response", ["", " \n", "\u200b", "<answer></answer>", "<think>Paris", "<think>Paris</think>"])
def test_nothing_is_no_answer(response: str) -> None:
    for result in judge(response, "Paris"):
        assert (result.score, result.verdict) == (0.0, Verdict.NO_ANSWER)


def test_a_long_text_is_no_short_answer() -> None:
    for result in judge("Paris " * LONGEST, "Paris"):
        assert (result.score, result.verdict) == (0.0, Verdict.WRONG)
        assert "a short answer has 100000 at most" in result.reason


def test_the_place_is_a_parameter() -> None:
    request = GradeRequest(response="Paris", reference=reference_from({"type": "text", "answers": "Paris"}))
    assert exact(request).score == 1.0
    assert exact(request, place="answer").reason == "there is no <answer>"
    assert exact(request, prefilled=True).verdict is Verdict.NO_ANSWER


def test_other_references_are_not_judged_or_not_read() -> None:
    assert exact(GradeRequest(response="a", reference=DataReference(value="a"))).verdict is Verdict.UNGRADED
    for row, message in (
        ({"answers": []}, "an empty list"),
        ({"answers": [" "]}, "holds a blank text"),
        ({"answers": None}, "must be a string or a number, not None"),
        ({"answers": [True]}, "not True"),
        ({"answer": "a"}, "unknown fields"),
    ):
        with pytest.raises(InvalidRow, match=message):
            reference_from({"type": "text", **row})
    assert reference_from({"type": "text", "answers": [5, "five"]}).to_dict()["answers"] == ["5", "five"]
    assert reference_from({"type": "text", "answers": "five"}).to_dict()["answers"] == "five"


@given(st.text(), st.text())
def test_f1_is_symmetric_reflexive_and_in_bounds(one: str, other: str) -> None:
    assert f1_of(one, one).f1 == 1.0
    assert f1_of(one, other).f1 == pytest.approx(f1_of(other, one).f1)
    assert 0.0 <= f1_of(one, other).f1 <= 1.0
    assert (normalised(one) == normalised(other)) == (f1_of(one, other).f1 == 1.0) or sorted(
        normalised(one).split()
    ) == sorted(normalised(other).split())


@given(st.text())
def test_any_gold_is_right_for_itself_in_an_answer(gold: str) -> None:
    if gold.strip() and normalised(gold) and "<" not in gold:
        once, overlap = judge(f"<answer>{gold}</answer>", gold)
        assert once.score == overlap.score == 1.0
