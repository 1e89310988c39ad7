"""Off-policy correction for the gap between the sampling engine and the learner, and measures of that gap.

Engine and learner run the same model with different kernels, precisions or (for carried or late samples) older weights,
so `old`, recomputed by the learner, differs from `sampled`, recorded by the engine. With d = old - sampled:

    token weight     w = min(exp(d), cap)              truncated importance sampling, no gradient
    sequence mask    exp(mean of d over a sequence)    outside [low, high]: the sequence leaves the loss

The sequence rule uses the geometric mean, never the product: a product over a long response leaves any bounds.
A masked sequence stays in the global counts: the update equals one in which that sequence's gradient is 0, the other
sequences keep their weight, and the counts are known before any log-probability is recomputed.
A sequence with a non-finite difference is not masked: masking would hide a broken model.

Sources: truncated importance sampling, Ionides 2008; its use for rollouts, Yao et al. 2025, "Your efficient RL
framework secretly brings you off-policy RL training"; the geometric sequence mask, Liu et al. 2025, "When speed kills
stability".

Example:
    >>> token_weights(torch.tensor([0.0, 3.0]), cap=2.0)
    tensor([1., 2.])
"""

from __future__ import annotations

import torch
from torch import Tensor

from rlvr.algorithms.kl import LOG_RATIO_LIMIT


def token_weights(log_difference: Tensor, *, cap: float) -> Tensor:
    """Truncated importance weight of each token, from old - sampled; any shape, no gradient."""
    return _ratio(log_difference).clamp(max=cap)


def capped(log_difference: Tensor, *, cap: float) -> Tensor:
    """True where `token_weights` reached the cap."""
    return _ratio(log_difference) > cap


def sequence_outside(
    log_difference: Tensor, sequence: Tensor, size: Tensor, *, low: float | None, high: float | None
) -> Tensor:
    """True for sequences whose geometric-mean old/sampled is outside [low, high]. [S]

    Args:
        log_difference: old - sampled of each loss token. [N]
        sequence: index in 0..S-1 of each token's sequence. [N]
        size: loss tokens of each sequence. [S]
        low, high: None = no bound on that side.
    """
    total = torch.zeros_like(size, dtype=log_difference.dtype).index_add(0, sequence, log_difference.detach())
    geometric_mean = (total / size).exp()  # may overflow where the mean itself is finite: outside, then
    outside = torch.zeros_like(size, dtype=torch.bool)
    if low is not None:
        outside = outside | (geometric_mean < low)
    if high is not None:
        outside = outside | (geometric_mean > high)
    return outside & total.isfinite()


def mismatch_kl(log_difference: Tensor) -> Tensor:
    """k3 estimate of KL(sampled || old) at each token, from old - sampled; its mean is the mismatch KL. Any shape."""
    bounded = log_difference.detach().clamp(-LOG_RATIO_LIMIT, LOG_RATIO_LIMIT)
    return torch.expm1(bounded) - bounded


def _ratio(log_difference: Tensor) -> Tensor:
    return log_difference.detach().clamp(-LOG_RATIO_LIMIT, LOG_RATIO_LIMIT).exp()
