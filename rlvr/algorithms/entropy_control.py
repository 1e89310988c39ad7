"""Entropy control by covariance: hold back the tokens that would make entropy collapse.

A policy-gradient step changes entropy by minus the covariance of log-probability and advantage, and a few tokens carry
most of it (Cui et al. 2025, arXiv 2505.22617). Over all loss tokens of the update

    cov_t = (log p_t - mean log p) (A_t - mean A)

    clip_cov   of the tokens with cov in [low, high], a random max(1, int(share * tokens)) leave the gradient
    kl_cov     the max(1, int(share * tokens)) tokens with the largest cov get a KL penalty

The choice is made once per update, from the log-probabilities at its start, and stored in `Batch.selected`, so it does
not depend on the split into micro-batches. Tokens are numbered by sequence id and position before anything is drawn or
ties are broken, so packing and row order do not matter either.

kl_cov penalises |new - old|, whose gradient is 0 at new = old: it acts from the second update of a step on.

Example:
    for number, mini in enumerate(updates):
        mini = with_selected(mini, recipe.entropy_control, stream(seed, Purpose.ENTROPY_CONTROL, step, number))
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from rlvr.algorithms.objective_spec import EntropyControl, EntropyControlKind

if TYPE_CHECKING:
    from rlvr.types import Batch


def covariances(logprobs: Tensor, advantages: Tensor) -> Tensor:
    """Each token's contribution to the covariance of log-probability and advantage. [N] -> [N]"""
    return (logprobs - logprobs.mean()) * (advantages - advantages.mean())


def clip_cov_choice(covariance: Tensor, control: EntropyControl, generator: np.random.Generator) -> Tensor:
    """A random choice among the tokens in range. [N] -> [N] bool"""
    candidates = torch.nonzero((covariance >= control.low) & (covariance <= control.high)).squeeze(1)
    count = min(_count(covariance, control), candidates.numel())
    drawn = generator.choice(candidates.numel(), size=count, replace=False) if count else np.zeros(0, np.int64)
    return _marked(covariance, candidates[torch.from_numpy(drawn).to(candidates.device)])


def kl_cov_choice(covariance: Tensor, control: EntropyControl, generator: np.random.Generator) -> Tensor:
    """The tokens with the largest covariance; ties go to the first. [N] -> [N] bool"""
    del generator
    order = torch.sort(covariance, descending=True, stable=True).indices
    return _marked(covariance, order[: _count(covariance, control)])


def _nothing(covariance: Tensor, control: EntropyControl, generator: np.random.Generator) -> Tensor:
    del control, generator
    return torch.zeros_like(covariance, dtype=torch.bool)


CHOICES: dict[EntropyControlKind, Callable[[Tensor, EntropyControl, np.random.Generator], Tensor]] = {
    "none": _nothing,
    "clip_cov": clip_cov_choice,
    "kl_cov": kl_cov_choice,
}


def selected_tokens(batch: Batch, control: EntropyControl, generator: np.random.Generator) -> Tensor:
    """The tokens that entropy control picks over the whole update, for `Batch.selected`. [B, T] bool

    Uses `old_logprobs`, or `sampled_logprobs` if the batch has no old ones.
    """
    mask = batch.loss_mask
    chosen = torch.zeros_like(mask)
    if not mask.any():
        return chosen
    order = _canonical(batch.sequence_ids[mask], batch.positions[mask])
    logprobs = batch.sampled_logprobs if batch.old_logprobs is None else batch.old_logprobs
    covariance = covariances(logprobs[mask][order].double(), batch.advantages[mask][order].double())
    flat = torch.zeros_like(order, dtype=torch.bool)
    flat[order] = CHOICES[control.kind](covariance, control, generator)
    return chosen.masked_scatter(mask, flat)


def with_selected(batch: Batch, control: EntropyControl, generator: np.random.Generator) -> Batch:
    """The batch with `selected` filled in; the same batch if control is off."""
    if control.kind == "none":
        return batch
    return replace(batch, selected=selected_tokens(batch, control, generator))


def _canonical(sequence: Tensor, position: Tensor) -> Tensor:
    """The order of tokens by sequence id, then position. [N]"""
    by_position = torch.sort(position, stable=True).indices
    return by_position[torch.sort(sequence[by_position], stable=True).indices]


def _count(covariance: Tensor, control: EntropyControl) -> int:
    return max(1, int(control.share * covariance.numel()))


def _marked(covariance: Tensor, index: Tensor) -> Tensor:
    marks = torch.zeros_like(covariance, dtype=torch.bool)
    marks[index] = True
    return marks
