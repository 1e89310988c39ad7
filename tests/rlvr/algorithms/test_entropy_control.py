"""Which tokens entropy control picks, and that only the update itself decides it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from rlvr.algorithms.entropy_control import (
    EntropyControl,
    clip_cov_choice,
    covariances,
    kl_cov_choice,
    selected_tokens,
    with_selected,
)
from rlvr.types import Batch
from tests.rlvr.algorithms.token_rows import batch_of, laid_out

CLIP = EntropyControl(kind="clip_cov", share=0.2, low=0.2, high=3.0)
KL = EntropyControl(kind="kl_cov", share=0.2)


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


def update(rows: int = 6, columns: int = 9) -> Batch:
    source = torch.Generator().manual_seed(3)
    sampled = -torch.rand(rows, columns, generator=source, dtype=torch.float64) * 4
    mask = torch.rand(rows, columns, generator=source) < 0.8
    mask[:, 0] = False
    advantages = torch.randn(rows, 1, generator=source, dtype=torch.float64).expand(rows, columns).clone()
    return batch_of(mask, sampled=sampled, advantages=advantages, old=sampled + 0.01)


def test_covariances_by_hand() -> None:
    found = covariances(torch.tensor([-1.0, -3.0, -2.0]), torch.tensor([1.0, -1.0, 3.0]))
    assert found.tolist() == [0.0, 2.0, 0.0]


def test_kl_cov_takes_the_largest_and_of_equal_ones_the_first() -> None:
    covariance = torch.tensor([0.5, 2.0, 1.0, 2.0, 2.0])
    assert kl_cov_choice(covariance, replace(KL, share=0.4), generator()).nonzero().flatten().tolist() == [1, 3]
    assert kl_cov_choice(covariance, replace(KL, share=0.0001), generator()).sum() == 1, "never fewer than one"


def test_clip_cov_draws_from_the_range_alone_and_every_token_in_it_may_be_drawn() -> None:
    covariance = torch.tensor([0.1, 0.2, 1.0, 3.0, 3.1, -1.0, 0.7, 2.0, 9.0, 0.0])
    drawn = [clip_cov_choice(covariance, CLIP, generator(seed)) for seed in range(100)]
    assert all(choice.sum() == 2 for choice in drawn)
    assert torch.stack(drawn).any(0).nonzero().flatten().tolist() == [1, 2, 3, 6, 7]


def test_clip_cov_takes_what_there_is_and_nothing_where_nothing_is_in_range() -> None:
    assert clip_cov_choice(torch.tensor([1.0, 9.0, 9.0]), replace(CLIP, share=1.0), generator()).sum() == 1
    assert clip_cov_choice(torch.tensor([9.0, 9.0]), CLIP, generator()).sum() == 0


@pytest.mark.parametrize("control", [CLIP, KL], ids=lambda c: c.kind)
def test_the_same_tokens_are_selected_whatever_the_layout(control: EntropyControl) -> None:
    whole = update()
    wanted = selected_tokens(whole, control, generator(5))
    assert 1 < wanted.sum() < whole.loss_mask.sum() / 2
    assert not wanted[~whole.loss_mask].any()
    packed, (marked,) = laid_out(whole, [wanted], [[4, 2], [0], [5, 1, 3]], padding=2)
    found = selected_tokens(packed, control, generator(5))
    assert torch.equal(found[packed.loss_mask], marked[packed.loss_mask])
    assert not found[~packed.loss_mask].any()


@pytest.mark.parametrize("control", [CLIP, KL], ids=lambda c: c.kind)
def test_the_choice_starts_from_old_or_else_from_what_was_sampled(control: EntropyControl) -> None:
    whole = update()
    other = replace(whole, old_logprobs=whole.sampled_logprobs.flip(1))
    assert not torch.equal(selected_tokens(other, control, generator()), selected_tokens(whole, control, generator()))
    without = replace(other, old_logprobs=None)
    wanted = selected_tokens(replace(whole, old_logprobs=whole.sampled_logprobs), control, generator())
    assert torch.equal(selected_tokens(without, control, generator()), wanted)


def selection(batch: Batch, seed: int) -> Tensor:
    selected = with_selected(batch, CLIP, generator(seed)).selected
    assert selected is not None
    return selected


def test_the_seed_decides_the_draw() -> None:
    assert torch.equal(selection(update(), 3), selection(update(), 3))
    assert any(not torch.equal(selection(update(), 3), selection(update(), n)) for n in (4, 5, 6))


def test_without_control_the_batch_stays_as_it_is() -> None:
    whole = update()
    assert with_selected(whole, EntropyControl(), generator()) is whole


def test_an_update_without_loss_tokens_selects_nothing() -> None:
    whole = update()
    empty = replace(whole, loss_mask=torch.zeros_like(whole.loss_mask))
    assert selected_tokens(empty, KL, generator()).sum() == 0
