"""What is refused before sympy sees it: texts that would never come back from being computed."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards import GradeRequest, MathReference, Verdict
from rewards.math import grade_math
from rewards.math.bounds import too_large
from rewards.math.normalise import normalise

LARGE = [
    "9^{9^{9^9}}",
    "9^9^9^9",
    "9**9**9**9",
    r"9^\left(9^{9}\right)",
    "10^{10^{10}}",
    "(9999^{9999})^{9999}",
    "2^{9999}^{9999}",
    "9^{9999 \\cdot 9999}",
    "e^{9999!}",
    "(9^9)!",
    r"\left(9^{9}\right)!",
    r"(9999 \cdot 9999)!",
    "100000!",
    "((9!)!)!",
    "9!!!",
    r"\binom{1000000}{500000}",
    r"\dbinom{10^{7}}{5}",
    "(1+x)^{9999}",
    "(x+y+z+w)^{999}",
    "(x+1)^{99}(y+1)^{99}",
    r"\left(1+\sqrt{2}\right)^{9999}",
]
FINE = [
    "5",
    "2^{10}",
    "2^{100}",
    "2^{2^{3}}",
    "9^{9999}",
    "100!",
    r"\binom{100}{50}",
    r"\binom{n}{k}",
    "x^{2^{n}}",
    "e^{x^2}",
    "(x+1)^{100}",
    "(a+b)(c+d)(e+f)",
    r"\frac{1}{2^{99}}",
    r"2^{\frac{1}{2}}",
    r"\sum_{k=1}^{10} k^2",
    "n!",
    "10^{-9}",
    "1.5^{12}",
    r"\frac{2005!}{2000!}",
    ") ] }",
    "(((",
    "^", "5^", "^5", "!", "-", "",
]  # fmt: skip


@pytest.mark.parametrize("text", LARGE)
def test_what_grows_too_large_is_refused_and_wrong_at_once(text: str) -> None:
    assert too_large(normalise(text))
    for gold in ("5", r"\sqrt{2}", "x^2+1"):
        began = time.process_time()
        request = GradeRequest(response=f"\\boxed{{{text}}}", reference=MathReference(answer=gold))
        assert grade_math(request).verdict is Verdict.WRONG
        assert time.process_time() - began < 2.0  # sympy is loaded for some golds


@pytest.mark.parametrize("text", FINE)
def test_what_stays_small_is_not_refused(text: str) -> None:
    assert not too_large(normalise(text))


@pytest.mark.parametrize(("gold", "answer"), [("256", "2^{2^{3}}"), ("2^{100}", "4^{50}"), (r"\binom{10}{3}", "120")])
def test_powers_within_bounds_are_computed(gold: str, answer: str) -> None:
    request = GradeRequest(response=f"\\boxed{{{answer}}}", reference=MathReference(answer=gold))
    assert grade_math(request).verdict is Verdict.CORRECT


@given(st.text(alphabet="0123456789.,()[]{}^!+-*/ xy\\binomfrac", max_size=60))
def test_any_text_can_be_estimated(text: str) -> None:
    too_large(text)
