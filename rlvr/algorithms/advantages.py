"""Advantages: the credit of each response token. Pure functions of rewards, token rewards and groups.

All share one signature, so a recipe switches estimators by changing a name:

    advantage(rewards [B], token_rewards [B, T] | None, values [B, T] | None, mask [B, T], group_id [B]) -> [B, T]

One row is one response. `rewards` is paid once, at the response's last loss token; `token_rewards` holds per-token
rewards in addition (a KL penalty, step scores). The *return* of a response is `rewards + token_rewards.sum(1)`.
Estimators that compare responses work on the return; those that look ahead work on the tokens. `values` is for a
critic. The result is 0 outside the mask.

Not here: how KL enters the rewards (`kl.py`), shaping of scores (`shaping.py`), ungraded samples (the caller drops
them). Statistics are taken over the whole step, so call these once a step, never on a micro-batch.

Sources: GRPO, arXiv 2402.03300; Dr. GRPO, 2503.20783; RLOO, 2402.14740; REINFORCE++ and its baseline, 2501.03262.

Example:
    >>> rewards, mask = torch.tensor([1.0, 0.0, 0.0]), torch.ones(3, 1, dtype=torch.bool)
    >>> group_centred(rewards, None, None, mask, torch.tensor([7, 7, 7])).squeeze(1)
    tensor([ 0.6667, -0.3333, -0.3333])
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from rlvr.algorithms.kl import REWARD_PLACEMENTS, charges
from rlvr.algorithms.recipes import AdvantageName, Recipe
from rlvr.errors import ConfigError

if TYPE_CHECKING:
    from rlvr.types import Batch

TOLERANCE = 1e-6  # a spread below this is rounding, not information
EPSILON = 1e-6
WHITEN_EPSILON = 1e-8  # added to the variance


class Advantage(Protocol):
    """The signature that all estimators share; see the module."""

    def __call__(
        self, rewards: Tensor, token_rewards: Tensor | None, values: Tensor | None, mask: Tensor, group_id: Tensor, /
    ) -> Tensor: ...


def group_normalised(
    rewards: Tensor,
    token_rewards: Tensor | None,
    values: Tensor | None,
    mask: Tensor,
    group_id: Tensor,
    epsilon: float = EPSILON,
) -> Tensor:
    """(return - group mean) / (group standard deviation + epsilon), the deviation with Bessel's correction.

    A group with one sample, or with a deviation below TOLERANCE (1e-6), gets 0: dividing rounding noise by epsilon
    would turn it into an advantage.
    """
    del values
    returns = _returns(rewards, token_rewards, mask)
    centred, group, size = _centred(returns, group_id)
    squares = torch.zeros_like(size).index_add(0, group, centred.square())
    deviation = (squares / (size - 1).clamp(min=1)).sqrt()[group]  # [B]
    scaled = torch.where(deviation < TOLERANCE, torch.zeros_like(centred), centred / (deviation + epsilon))
    return _over_tokens(scaled, mask)


def group_centred(
    rewards: Tensor, token_rewards: Tensor | None, values: Tensor | None, mask: Tensor, group_id: Tensor
) -> Tensor:
    """Return - group mean (Dr. GRPO: dividing by the deviation would favour the easiest and the hardest problems)."""
    del values
    return _over_tokens(_centred(_returns(rewards, token_rewards, mask), group_id)[0], mask)


def leave_one_out(
    rewards: Tensor, token_rewards: Tensor | None, values: Tensor | None, mask: Tensor, group_id: Tensor
) -> Tensor:
    """Return - mean return of the *other* samples of the group, which is n / (n - 1) times the centred return.

    A group of one has no others and gets 0.
    """
    del values
    centred, group, size = _centred(_returns(rewards, token_rewards, mask), group_id)
    return _over_tokens(centred * (size / (size - 1).clamp(min=1))[group], mask)


def return_to_go_whitened(
    rewards: Tensor, token_rewards: Tensor | None, values: Tensor | None, mask: Tensor, group_id: Tensor
) -> Tensor:
    """The sum of rewards from this token to the end (discount 1), whitened over all loss tokens of the step.

    Groups are ignored: one sample per problem is enough.
    """
    del values, group_id
    paid = torch.where(_last(mask), rewards.unsqueeze(1), rewards.new_zeros(()))  # [B, T]
    if token_rewards is not None:
        paid = paid + torch.where(mask, token_rewards, torch.zeros_like(token_rewards))
    return whiten(paid.flip(1).cumsum(1).flip(1), mask)


def group_centred_whitened(
    rewards: Tensor, token_rewards: Tensor | None, values: Tensor | None, mask: Tensor, group_id: Tensor
) -> Tensor:
    """Return - group mean, then whitened over all loss tokens of the step."""
    return whiten(group_centred(rewards, token_rewards, values, mask, group_id), mask)


def whiten(values: Tensor, mask: Tensor) -> Tensor:
    """(x - mean) / sqrt(variance + 1e-8) over the masked entries, Bessel-corrected; 0 elsewhere.

    With fewer than two entries, or a deviation below TOLERANCE, the result is 0.
    """
    chosen = values[mask]
    count = chosen.numel()
    if count < 2:
        return torch.zeros_like(values)
    centred = chosen - chosen.mean()
    variance = centred.square().sum() / (count - 1)
    scaled = centred * torch.rsqrt(variance + WHITEN_EPSILON) * (variance.sqrt() >= TOLERANCE)
    return torch.zeros_like(values).masked_scatter(mask, scaled)


def _returns(rewards: Tensor, token_rewards: Tensor | None, mask: Tensor) -> Tensor:
    """The total reward of each response. [B]"""
    if token_rewards is None:
        return rewards
    return rewards + torch.where(mask, token_rewards, torch.zeros_like(token_rewards)).sum(1)


def _centred(returns: Tensor, group_id: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Returns less their group's mean [B], the group's index of each row [B], the size of each group [groups]."""
    ids, group = torch.unique(group_id, return_inverse=True)
    zeros = returns.new_zeros(ids.numel())
    size = zeros.index_add(0, group, torch.ones_like(returns))
    mean = zeros.index_add(0, group, returns) / size
    return returns - mean[group], group, size


def _over_tokens(values: Tensor, mask: Tensor) -> Tensor:
    """Spread one value per row over the row's loss tokens. [B] -> [B, T]"""
    return torch.where(mask, values.unsqueeze(1), values.new_zeros(()))


def _last(mask: Tensor) -> Tensor:
    """True at each row's last loss token. [B, T]"""
    return mask & (mask.flip(1).cumsum(1).flip(1) == 1)


ADVANTAGES: dict[AdvantageName, Advantage] = {
    "group_centred": group_centred,
    "group_centred_whitened": group_centred_whitened,
    "group_normalised": group_normalised,
    "leave_one_out": leave_one_out,
    "return_to_go_whitened": return_to_go_whitened,
}


def make_advantages(
    recipe: Recipe, batch: Batch, rewards: Tensor, group_id: Tensor, *, token_rewards: Tensor | None = None
) -> Tensor:
    """The recipe's advantages for all responses of a step: apply KL to the rewards if the recipe does, then the
    estimator.

    KL in the rewards compares `batch.old_logprobs` (`sampled_logprobs` where there are none) with
    `batch.reference_logprobs`, on loss tokens alone.

    Args:
        batch: one response per row, not packed; its `advantages` field is ignored.
        rewards: shaped rewards of the rows; all graded. [B]
        group_id: which rows answer the same problem. [B]
        token_rewards: rewards of single tokens, without KL. [B, T]

    Returns:
        Advantages, computed in float64, 0 outside the loss mask, in the dtype of the batch's log-probabilities. [B, T]

    Raises:
        ConfigError: KL is placed in the rewards and the batch has no reference log-probabilities.
        ValueError: a reward is not finite.
    """
    if not torch.isfinite(rewards).all():
        row = int((~torch.isfinite(rewards)).nonzero()[0])
        raise ValueError(f"rewards[{row}] is {float(rewards[row])}; leave samples without a grade out of the batch")
    paid = rewards.double()
    earned = None if token_rewards is None else token_rewards.double()
    if recipe.needs_old_logprobs:
        if batch.reference_logprobs is None:
            raise ConfigError(
                f"recipe {recipe.name!r} takes {recipe.kl.coefficient} times the KL from the rewards but the batch has "
                "no reference_logprobs; score it with the reference model, or set kl_coefficient to 0"
            )
        policy = batch.sampled_logprobs if batch.old_logprobs is None else batch.old_logprobs
        charge = charges(policy.double(), batch.reference_logprobs.double(), batch.loss_mask, recipe.kl)
        paid, earned = REWARD_PLACEMENTS[recipe.kl.placement](paid, earned, charge)
    values = None if batch.values is None else batch.values.double()
    advantages = ADVANTAGES[recipe.advantage](paid, earned, values, batch.loss_mask, group_id)
    return advantages.to(batch.sampled_logprobs.dtype)
