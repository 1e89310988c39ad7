"""Estimators of KL(policy || reference) from sampled tokens, and how they enter the loss or the rewards.

With r = log policy - log reference at a token that the policy sampled (Schulman, "Approximating KL divergence", 2020):

    k1 = r                          unbiased, large variance, may be negative
    k2 = r^2 / 2                    biased, small variance; its gradient in a loss is that of the KL
    k3 = exp(-r) - 1 + r            unbiased, never negative

The log-ratio is clamped to +-20 before exp, and k3 to at most 10 (its lower bound is 0); the gradient of a clamped
value is 0. As a *loss* k1 has an expected gradient of 0: it is meant for rewards.

In rewards, the policy is that at the start of the update: pass log-probabilities recomputed by the learner (`old`), or
the sampled ones. No gradient flows through a reward.

Example:
    >>> k3(torch.tensor(0.0), torch.tensor(-1.0))
    tensor(0.3679)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from rlvr.algorithms.objective_spec import KLEstimator, KLPlacement, KLSpec

LOG_RATIO_LIMIT = 20.0
K3_LIMIT = 10.0


def k1(policy: Tensor, reference: Tensor) -> Tensor:
    """policy - reference; any shape."""
    return policy - reference


def k2(policy: Tensor, reference: Tensor) -> Tensor:
    """Half the squared log-ratio; any shape."""
    return 0.5 * (policy - reference).square()


def k3(policy: Tensor, reference: Tensor) -> Tensor:
    """exp(-r) - 1 + r with the clamps of the module; any shape."""
    log_ratio = (reference - policy).clamp(-LOG_RATIO_LIMIT, LOG_RATIO_LIMIT)
    return (torch.expm1(log_ratio) - log_ratio).clamp(-K3_LIMIT, K3_LIMIT)


ESTIMATORS: dict[KLEstimator, Callable[[Tensor, Tensor], Tensor]] = {"k1": k1, "k2": k2, "k3": k3}


class Rewarded(NamedTuple):
    """Sequence rewards [B] and token rewards [B, T] (None = none), with KL subtracted."""

    rewards: Tensor
    token_rewards: Tensor | None


def penalise_reward(rewards: Tensor, token_rewards: Tensor | None, charge: Tensor) -> Rewarded:
    """Subtract the summed KL charges of a response from its reward."""
    return Rewarded(rewards - charge.sum(1), token_rewards)


def penalise_tokens(rewards: Tensor, token_rewards: Tensor | None, charge: Tensor) -> Rewarded:
    """Subtract each token's KL charge from its token reward."""
    return Rewarded(rewards, -charge if token_rewards is None else token_rewards - charge)


REWARD_PLACEMENTS: dict[KLPlacement, Callable[[Tensor, Tensor | None, Tensor], Rewarded]] = {
    "reward": penalise_reward,
    "token_reward": penalise_tokens,
}


def charges(policy: Tensor, reference: Tensor, mask: Tensor, kl: KLSpec) -> Tensor:
    """Coefficient times the divergence at each loss token, 0 elsewhere, without gradient. [B, T]"""
    divergence = kl.coefficient * ESTIMATORS[kl.estimator](policy.detach(), reference.detach())
    return torch.where(mask, divergence, torch.zeros_like(divergence))
