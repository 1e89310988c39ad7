"""The reward `countdown`."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.countdown import countdown_reward, evaluate
from rewards.types import CountdownReference, GradeRequest, GradeResult, MathReference, Verdict

GAME = CountdownReference(numbers=(25, 5, 3), target=60)


def play(response: str, reference: CountdownReference = GAME) -> GradeResult:
    return countdown_reward(GradeRequest(response=response, reference=reference))


@pytest.mark.parametrize(
    "expression",
    [
        "(25 - 5) * 3",
        "3*(25-5)",
        "3 × (25 − 5)",
        r"3 \times (25 - 5)",
        "(25-5)*3 = 60",
        "3 * (25 - 5)\n",
        "-(5-25)*3",
        "((25-5))*(3)",
        "$(25-5) \\cdot 3$",
    ],
)
def test_an_expression_that_reaches_the_target_is_right(expression: str) -> None:
    assert play(f"<think>5 * 3</think><answer>{expression}</answer>").verdict is Verdict.CORRECT
    assert play(f"so \\boxed{{{expression}}}").verdict is Verdict.CORRECT


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("25 * 3 - 5", "is 70, not 60"),
        ("(25 - 5) * 3 + 0", "uses [0, 3, 5, 25] where [3, 5, 25] are to be used once each"),
        ("25 + 35", "uses [25, 35]"),
        ("60", "uses [60]"),
        ("(25 - 5) * 3 = 61", "it says 61 but is 60"),
        ("(25 - 5) * 3 = 30 + 30", "what follows '=' is not one number"),
        ("(25 - 5) ** 3", "a number is missing before '*'"),
        ("25 // 5", "a number is missing before '/'"),
        ("25 5 3", "stands where an operator should"),
        ("3(25-5)", "stands where an operator should"),
        ("(25 - 5 * 3", "a parenthesis is not closed"),
        ("25 - 5) * 3", "')' stands where an operator should"),
        ("25 -", "it ends too early"),
        ("2.5 * 3", "'.5 * 3' is not part of the game"),
        ("25 / (5 - 5) * 3", "it divides by zero"),
        ("__import__('os').system('true')", "is not part of the game"),
        ("(" * 100 + "5" + ")" * 100, "nested more than 60 deep"),
        ("9" * 40, "more than 15 digits"),
        ("1+" * 2000 + "1", "4001 characters"),
    ],
)
def test_what_does_not_play_by_the_rules_is_wrong_and_says_why(expression: str, reason: str) -> None:
    result = play(f"<answer>{expression}</answer>")
    assert result.verdict is Verdict.WRONG
    assert reason in result.reason


def test_the_last_answer_counts_and_thinking_does_not() -> None:
    assert play("<answer>25</answer><answer>(25-5)*3</answer>").verdict is Verdict.CORRECT
    assert play("<answer>(25-5)*3</answer><answer>25</answer>").verdict is Verdict.WRONG
    assert play("<think><answer>(25-5)*3</answer></think>").verdict is Verdict.NO_ANSWER
    assert play("<think>never ends <answer>(25-5)*3</answer>").verdict is Verdict.NO_ANSWER
    assert play("(25-5)*3").verdict is Verdict.NO_ANSWER


def test_division_is_exact() -> None:
    eight = CountdownReference(numbers=(8, 3, 8, 3), target=24)
    assert play("<answer>8 / (3 - 8 / 3)</answer>", eight).verdict is Verdict.CORRECT
    assert evaluate("1 / 3 + 1 / 6").value == Fraction(1, 2)


def test_each_number_is_used_as_often_as_it_is_given() -> None:
    twice = CountdownReference(numbers=(4, 4), target=8)
    assert play("<answer>4 + 4</answer>", twice).verdict is Verdict.CORRECT
    assert play("<answer>4 + 4</answer>", CountdownReference(numbers=(4, 8), target=8)).verdict is Verdict.WRONG


def test_another_kind_of_reference_is_not_judged() -> None:
    request = GradeRequest(response="<answer>1</answer>", reference=MathReference(answer="1"))
    assert countdown_reward(request).verdict is Verdict.UNGRADED


@given(
    st.recursive(
        st.integers(0, 99).map(str),
        lambda inner: st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        max_leaves=8,
    )
)
def test_the_parser_computes_what_python_computes(expression: str) -> None:
    assert evaluate(expression).value == eval(expression)
