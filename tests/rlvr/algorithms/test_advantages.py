"""Advantages against hand-worked numbers, and what must not change them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from rlvr.algorithms.advantages import (
    Advantage,
    group_centred,
    group_centred_whitened,
    group_normalised,
    leave_one_out,
    return_to_go_whitened,
    whiten,
)

ALL: list[Advantage] = [
    group_normalised,
    group_centred,
    leave_one_out,
    return_to_go_whitened,
    group_centred_whitened,
]
OF_ROWS = [group_normalised, group_centred, leave_one_out]


def double(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def one_column(advantage: Advantage, rewards: Tensor, group_id: list[int]) -> list[float]:
    mask = torch.ones(len(rewards), 1, dtype=torch.bool)
    return advantage(rewards, None, None, mask, torch.tensor(group_id)).squeeze(1).tolist()


def test_group_normalised_by_hand() -> None:
    # group 3: mean 1/4, squared deviations 9/16 + 3/16, over n - 1 = 3: deviation 1/2. group 8: mean 2, deviation √8
    found = one_column(group_normalised, double(1, 0, 4, 0, 0, 0), [3, 3, 8, 3, 3, 8])
    assert found == pytest.approx([1.5, -0.5, 0.70711, -0.5, -0.5, -0.70711], abs=1e-5)


def test_group_centred_by_hand() -> None:
    assert one_column(group_centred, double(1, 0, 0, 0), [0, 0, 0, 0]) == [0.75, -0.25, -0.25, -0.25]


def test_leave_one_out_by_hand() -> None:
    # the others of the first have mean 0; those of the second 1/3
    found = one_column(leave_one_out, double(1, 0, 0, 0), [0, 0, 0, 0])
    assert found == pytest.approx([1, -1 / 3, -1 / 3, -1 / 3], abs=1e-12)


def test_return_to_go_by_hand() -> None:
    mask = torch.tensor([[False, True, True, False], [False, True, False, True]])
    token_rewards = torch.tensor([[9.0, -1.0, -2.0, 9.0], [9.0, 0.5, 9.0, 0.0]], dtype=torch.float64)
    # returns to go: row 0: 3-1-2 = 0, then 1; row 1: 1+0.5 = 1.5, then 1. mean 7/8, variance (49+1+25+1)/64/3
    found = return_to_go_whitened(double(3, 1), token_rewards, None, mask, torch.tensor([0, 0]))
    scale = (76 / 64 / 3 + 1e-8) ** 0.5
    wanted = torch.tensor([[0, -7 / 8, 1 / 8, 0], [0, 5 / 8, 0, 1 / 8]], dtype=torch.float64) / scale
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-12)


def test_baseline_then_whitening_weighs_by_tokens() -> None:
    mask = torch.tensor([[True, True, True], [True, False, False]])
    # centred: 0.5 on three tokens, -0.5 on one: mean 1/4, variance (3/16 + 9/16) / 3 = 1/4
    found = group_centred_whitened(double(1, 0), None, None, mask, torch.tensor([4, 4]))
    wanted = torch.tensor([[0.5, 0.5, 0.5], [-1.5, 0.0, 0.0]], dtype=torch.float64)
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-6)


@pytest.mark.parametrize("advantage", [group_normalised, group_centred_whitened])
def test_rewards_equal_but_for_rounding_give_no_advantage(advantage: Advantage) -> None:
    rewards = double(0.1 + 0.2, 0.3, 0.3, 0.3)
    assert rewards.unique().numel() == 2, "the case is about rounding"
    assert one_column(advantage, rewards, [0, 0, 0, 0]) == [0, 0, 0, 0]


def test_a_small_difference_above_the_tolerance_is_scaled_up() -> None:
    found = one_column(group_normalised, double(0.30001, 0.3, 0.3, 0.3), [0, 0, 0, 0])
    assert found[0] == pytest.approx(7.5e-6 / (5e-6 + 1e-6), rel=1e-6)  # epsilon comes after the tolerance


@pytest.mark.parametrize("advantage", OF_ROWS)
def test_a_group_of_one_says_nothing(advantage: Advantage) -> None:
    assert one_column(advantage, double(5, 1, 0), [0, 1, 1])[0] == 0


def test_one_sample_a_problem_is_enough_for_return_to_go() -> None:
    assert one_column(return_to_go_whitened, double(1, 0), [0, 1]) == pytest.approx([0.70711, -0.70711], abs=1e-5)


@pytest.mark.parametrize("advantage", OF_ROWS)
def test_token_rewards_count_towards_the_return(advantage: Advantage) -> None:
    mask = torch.tensor([[True, True, False], [True, False, False]])
    token_rewards = torch.tensor([[0.25, 0.5, 100.0], [-1.0, 100.0, 100.0]], dtype=torch.float64)
    group = torch.tensor([0, 0])
    found = advantage(double(1, 2), token_rewards, None, mask, group)
    torch.testing.assert_close(found, advantage(double(1.75, 1), None, None, mask, group), rtol=0, atol=1e-12)


@pytest.mark.parametrize("advantage", OF_ROWS)
def test_a_filtered_response_stays_in_the_baseline(advantage: Advantage) -> None:
    mask = torch.tensor([[True, True], [False, False]])
    found = advantage(double(1, -1), None, None, mask, torch.tensor([0, 0]))
    assert (found[0] > 0).all(), "without the second response there would be no difference to see"
    assert (found[1] == 0).all()


def test_whitening_one_token_gives_zero() -> None:
    assert whiten(double(3, 4).unsqueeze(0), torch.tensor([[True, False]])).tolist() == [[0, 0]]


# --- properties -----------------------------------------------------------------------------------------------------


@st.composite
def steps(draw: Callable) -> tuple[Tensor, Tensor, Tensor, Tensor]:  # type: ignore[type-arg]
    rows, columns = draw(st.integers(2, 8)), draw(st.integers(1, 5))
    seed = draw(st.integers(0, 2**32 - 1))
    generator = torch.Generator().manual_seed(seed)
    rewards = torch.randint(-2, 3, (rows,), generator=generator).double() / 2
    token_rewards = torch.randn(rows, columns, generator=generator, dtype=torch.float64) * draw(st.sampled_from([0, 1]))
    mask = torch.rand(rows, columns, generator=generator) < draw(st.sampled_from([0.5, 1.0]))
    group = torch.randint(0, 3, (rows,), generator=generator)
    return rewards, token_rewards, mask, group


@pytest.mark.parametrize("advantage", ALL)
@settings(max_examples=25)
@given(step=steps(), seed=st.integers(0, 1000))
def test_permuting_rows_permutes_advantages(advantage: Advantage, step: tuple[Tensor, ...], seed: int) -> None:
    rewards, token_rewards, mask, group = step
    order = torch.randperm(len(rewards), generator=torch.Generator().manual_seed(seed))
    found = advantage(rewards[order], token_rewards[order], None, mask[order], group[order])
    torch.testing.assert_close(found, advantage(rewards, token_rewards, None, mask, group)[order], rtol=0, atol=1e-9)


@pytest.mark.parametrize("advantage", ALL)
@settings(max_examples=25)
@given(step=steps(), padding=st.integers(1, 4))
def test_padding_columns_change_nothing(advantage: Advantage, step: tuple[Tensor, ...], padding: int) -> None:
    rewards, token_rewards, mask, group = step
    rows, columns = mask.shape
    longer = torch.cat([token_rewards, torch.full((rows, padding), torch.nan, dtype=torch.float64)], dim=1)
    wider = torch.cat([mask, torch.zeros(rows, padding, dtype=torch.bool)], dim=1)
    found = advantage(rewards, longer, None, wider, group)
    torch.testing.assert_close(
        found[:, :columns], advantage(rewards, token_rewards, None, mask, group), rtol=0, atol=1e-12
    )
    assert (found[:, columns:] == 0).all()


@pytest.mark.parametrize("advantage", ALL)
@settings(max_examples=25)
@given(step=steps(), column=st.integers(0, 4))
def test_masking_a_column_is_slicing_it_away(advantage: Advantage, step: tuple[Tensor, ...], column: int) -> None:
    rewards, token_rewards, mask, group = step
    column = min(column, mask.shape[1] - 1)
    without = mask.clone()
    without[:, column] = False
    keep = [c for c in range(mask.shape[1]) if c != column]
    found = advantage(rewards, token_rewards, None, without, group)
    sliced = advantage(rewards, token_rewards[:, keep], None, mask[:, keep], group)
    torch.testing.assert_close(found[:, keep], sliced, rtol=0, atol=1e-12)
    assert (found[:, column] == 0).all()


@pytest.mark.parametrize("advantage", ALL)
@given(step=steps())
@settings(max_examples=25)
def test_advantages_are_finite_and_zero_outside_the_mask(advantage: Advantage, step: tuple[Tensor, ...]) -> None:
    rewards, token_rewards, mask, group = step
    found = advantage(rewards, token_rewards, None, mask, group)
    assert found.isfinite().all()
    assert (found[~mask] == 0).all()


@given(step=steps())
@settings(max_examples=25)
def test_leave_one_out_equals_its_definition(step: tuple[Tensor, ...]) -> None:
    rewards, _, mask, group = step
    found = leave_one_out(rewards, None, None, torch.ones_like(mask), group)[:, 0]
    for row in range(len(rewards)):
        others = [rewards[n] for n in range(len(rewards)) if n != row and group[n] == group[row]]
        wanted = rewards[row] - sum(others) / len(others) if others else torch.tensor(0.0)
        assert float(found[row]) == pytest.approx(float(wanted), abs=1e-9)
