"""From scores to rewards, and the length terms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr.algorithms.recipes import RECIPES
from rlvr.algorithms.shaping import ShapingSpec, buffer_tokens, shape, soft_overlong_penalty


@pytest.mark.parametrize(
    ("length", "penalty"),
    [(0, 0.0), (16384, 0.0), (16385, -1 / 4096), (18432, -0.5), (20479, -4095 / 4096), (20480, -1.0), (20481, -1.0)],
)
def test_soft_overlong_penalty_at_the_published_lengths(length: int, penalty: float) -> None:
    assert soft_overlong_penalty(length, 20480, 4096) == penalty


def test_dapo_pays_plus_or_minus_one_and_then_for_length() -> None:
    spec = RECIPES["dapo"].shaping
    assert shape(spec, score=1.0, length=10, max_length=20480) == (1.0, {"overlong": 0.0})
    assert shape(spec, score=0.0, length=10, max_length=20480) == (-1.0, {"linear": -1.0, "overlong": 0.0})
    assert shape(spec, score=0.0, length=20480, max_length=20480) == (-2.0, {"linear": -1.0, "overlong": -1.0})
    assert shape(spec, score=1.0, length=18432, max_length=20480)[0] == 0.5


def test_other_recipes_pay_the_score_itself() -> None:
    for name in RECIPES.keys() - {"dapo"}:
        assert shape(RECIPES[name].shaping, score=0.3, length=99, max_length=100) == (0.3, {})


def test_no_grade_is_no_reward() -> None:
    assert shape(RECIPES["dapo"].shaping, score=None, length=20480, max_length=20480) == (None, {})


def test_the_buffer_is_a_share_or_a_number_and_follows_the_stage() -> None:
    assert buffer_tokens(ShapingSpec(overlong_share=0.2), 20480) == 4096
    assert buffer_tokens(ShapingSpec(overlong_share=0.2), 1000) == 200
    assert buffer_tokens(ShapingSpec(overlong_share=0.2, overlong_buffer=50), 1000) == 50
    assert buffer_tokens(ShapingSpec(overlong_share=0.2, overlong_buffer=0), 1000) == 0
    assert buffer_tokens(ShapingSpec(overlong_buffer=5000), 1000) == 1000


def test_the_factor_multiplies_the_penalty_alone() -> None:
    spec = ShapingSpec(scale=2.0, offset=-1.0, overlong_buffer=10, overlong_factor=0.5)
    assert shape(spec, score=1.0, length=100, max_length=100)[0] == 0.5


@given(score=st.floats(-2, 2), length=st.integers(0, 300), max_length=st.integers(1, 300), buffer=st.integers(0, 300))
def test_amounts_add_up_to_the_reward_and_longer_never_pays_more(
    score: float, length: int, max_length: int, buffer: int
) -> None:
    spec = ShapingSpec(scale=2.0, offset=-1.0, overlong_buffer=buffer)
    reward, amounts = shape(spec, score=score, length=length, max_length=max_length)
    longer, _ = shape(spec, score=score, length=length + 1, max_length=max_length)
    assert reward is not None
    assert longer is not None
    assert reward == pytest.approx(score + sum(amounts.values()))
    assert longer <= reward
    assert -1 - 1e-9 <= reward - (2 * score - 1) <= 1e-9
