"""Off-policy correction between engine and learner."""

from __future__ import annotations

import math

import pytest
import torch

from rlvr.algorithms.correction import capped, mismatch_kl, sequence_outside, token_weights

LOG = math.log


def test_token_weights_are_truncated_above_only() -> None:
    difference = torch.tensor([LOG(0.01), 0.0, LOG(1.5), LOG(7.0)], dtype=torch.float64, requires_grad=True)
    found = token_weights(difference, cap=2.0)
    torch.testing.assert_close(found, torch.tensor([0.01, 1.0, 1.5, 2.0], dtype=torch.float64))
    assert not found.requires_grad
    assert capped(difference, cap=2.0).tolist() == [False, False, False, True]


def test_token_weights_never_vanish_or_overflow() -> None:
    found = token_weights(torch.tensor([-800.0, 800.0], dtype=torch.float64), cap=1e300)
    assert found.tolist() == pytest.approx([math.exp(-20), math.exp(20)])


def test_the_sequence_rule_is_a_mean_and_never_a_product() -> None:
    # 4096 tokens that are all off by 1 %: a product of e^40.8, a geometric mean of 1.01
    difference = torch.full((4096,), LOG(1.01), dtype=torch.float64)
    index, size = torch.zeros(4096, dtype=torch.int64), torch.tensor([4096.0])
    assert not sequence_outside(difference, index, size, low=0.5, high=1.02)
    assert sequence_outside(difference, index, size, low=0.5, high=1.005)


def test_sequences_are_masked_one_by_one_on_either_side() -> None:
    difference = torch.tensor([0.5, 0.1, -0.5, -0.1, 0.0], dtype=torch.float64)  # means 0.3, -0.3, 0
    index, size = torch.tensor([0, 0, 1, 1, 2]), torch.tensor([2.0, 2.0, 1.0], dtype=torch.float64)
    assert sequence_outside(difference, index, size, low=0.8, high=1.25).tolist() == [True, True, False]
    assert sequence_outside(difference, index, size, low=0.8, high=None).tolist() == [False, True, False]
    assert sequence_outside(difference, index, size, low=None, high=1.25).tolist() == [True, False, False]
    assert sequence_outside(difference, index, size, low=None, high=None).tolist() == [False, False, False]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_broken_model_is_not_masked_away(value: float) -> None:
    difference = torch.tensor([value], dtype=torch.float64)
    assert not sequence_outside(difference, torch.tensor([0]), torch.tensor([1.0]), low=0.5, high=2.0)


def test_a_gap_so_large_that_its_ratio_overflows_is_masked() -> None:
    difference, index = torch.tensor([500.0, -500.0]), torch.tensor([0, 1])
    assert sequence_outside(difference, index, torch.ones(2), low=0.5, high=2.0).all()


def test_mismatch_estimates_the_divergence_of_sampled_from_old() -> None:
    sampled = torch.log_softmax(torch.tensor([0.3, -0.2, 0.9], dtype=torch.float64), 0)
    old = torch.log_softmax(torch.tensor([0.1, 0.2, 0.5], dtype=torch.float64), 0)
    exact = (sampled.exp() * (sampled - old)).sum()
    torch.testing.assert_close((sampled.exp() * mismatch_kl(old - sampled)).sum(), exact)
