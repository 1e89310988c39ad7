"""Surrogate losses of single tokens: the table SURROGATES that an `ObjectiveSpec` names a row of.

A surrogate is a pure function of `TokenInputs`, the loss tokens of some whole sequences laid out in one dimension [N].
With r = exp(new - old), log-ratio clamped to +-20, A the advantage and sg() a value without gradient:

    clip           -min(r A, clamp(r, 1 - low, 1 + high) A); for A < 0 at most dual_clip |A|
                   (PPO, arXiv 1707.06347 eq. 7; dual clip, 1912.09729; a bound of its own above, DAPO 2503.14476)
    sequence_clip  the same with sg(s) exp(new - sg(new)), s = exp(mean of new - old over the sequence), without dual
                   clip: the tokens of a sequence share the value s and are clipped together (GSPO, 2507.18071)
    reinforce      -A new
    cispo          -sg(min(r, high)) A new: an absolute cap on the weight, no lower bound (MiniMax-M1, 2506.13585)
    clip_cov       clip; tokens selected for their covariance get no gradient (2505.22617)
    kl_cov         -r A, plus coefficient |new - old| on the selected tokens (2505.22617)
    supervised     -new; neither advantages nor sampled log-probabilities are used

Not here: which tokens are selected (`entropy_control.py`), weights, sums, KL and entropy (`objectives.py`).
`frozen` is `new` without its gradient. It is a separate input so that a surrogate is a differentiable function of `new`
alone and can be checked by finite differences.

Example:
    >>> zero = torch.zeros(1)
    >>> spec = ObjectiveSpec(surrogate="clip", clip_low=0.2, clip_high=0.28)
    >>> clip(token_inputs(new=zero + 0.5, old=zero, advantages=zero + 1.0), spec).loss
    tensor([-1.2800])
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from rlvr.algorithms.kl import LOG_RATIO_LIMIT
from rlvr.algorithms.objective_spec import ObjectiveSpec, Surrogate


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenInputs:
    """Loss tokens of whole sequences. N tokens, S sequences.

    new: log-probabilities with gradient. frozen: the same values without. old, advantages: no gradient. All [N].
    selected [N] bool: picked by entropy control. sequence [N] int64: index in 0..S-1. size [S]: tokens of a sequence.
    """

    new: Tensor
    frozen: Tensor
    old: Tensor
    advantages: Tensor
    selected: Tensor
    sequence: Tensor
    size: Tensor


class TokenLosses(NamedTuple):
    """Per-token losses [N] and where the ratio was clipped, below, above or by the dual clip [N] bool."""

    loss: Tensor
    clipped_low: Tensor
    clipped_high: Tensor
    clipped_dual: Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class SurrogateRow:
    """A surrogate, whether the off-policy correction applies to it, and whether a sequence gives one term.

    one_term: the sequence's loss is the mean of its tokens' losses, because they share one ratio; else their sum.
    """

    loss: Callable[[TokenInputs, ObjectiveSpec], TokenLosses]
    off_policy: bool = True
    one_term: bool = False


def token_inputs(
    *,
    new: Tensor,
    old: Tensor,
    advantages: Tensor,
    selected: Tensor | None = None,
    sequence: Tensor | None = None,
    frozen: Tensor | None = None,
) -> TokenInputs:
    """Complete the inputs of a surrogate: nothing selected, all tokens one sequence, `frozen` from `new`."""
    none = torch.zeros_like(new, dtype=torch.bool)
    index = torch.zeros_like(new, dtype=torch.int64) if sequence is None else sequence
    return TokenInputs(
        new=new,
        frozen=new.detach() if frozen is None else frozen,
        old=old,
        advantages=advantages,
        selected=none if selected is None else selected,
        sequence=index,
        size=torch.bincount(index).to(new.dtype),
    )


def clip(inputs: TokenInputs, spec: ObjectiveSpec) -> TokenLosses:
    """PPO's clipped ratio with its own bound on each side, and dual clip."""
    return _clipped(_bounded(inputs.new - inputs.old).exp(), inputs.advantages, spec, spec.dual_clip)


def sequence_clip(inputs: TokenInputs, spec: ObjectiveSpec) -> TokenLosses:
    """GSPO: the ratio is the sequence's geometric mean; the gradient reaches each token through its own `new`."""
    total = torch.zeros_like(inputs.size).index_add(0, inputs.sequence, inputs.frozen - inputs.old)
    shared = _bounded(total / inputs.size).exp()[inputs.sequence]  # [N]
    return _clipped(shared * (inputs.new - inputs.frozen).exp(), inputs.advantages, spec, None)


def reinforce(inputs: TokenInputs, spec: ObjectiveSpec) -> TokenLosses:
    """The plain policy gradient."""
    del spec
    return _unclipped(-inputs.advantages * inputs.new)


def cispo(inputs: TokenInputs, spec: ObjectiveSpec) -> TokenLosses:
    """Every token keeps a gradient; its importance weight is capped."""
    ratio = _bounded(inputs.frozen - inputs.old).exp()
    losses = _unclipped(-ratio.clamp(max=spec.clip_high) * inputs.advantages * inputs.new)
    return losses._replace(clipped_high=ratio > spec.clip_high)


def clip_cov(inputs: TokenInputs, spec: ObjectiveSpec) -> TokenLosses:
    """Clip; selected tokens are removed from the gradient (their loss is 0)."""
    losses = clip(inputs, spec)
    return losses._replace(loss=torch.where(inputs.selected, torch.zeros_like(losses.loss), losses.loss))


def kl_cov(inputs: TokenInputs, spec: ObjectiveSpec) -> TokenLosses:
    """The unclipped ratio, plus a penalty on selected tokens for moving away from `old`."""
    log_ratio = inputs.new - inputs.old
    penalty = torch.where(inputs.selected, spec.kl_cov_coefficient * log_ratio.abs(), torch.zeros_like(log_ratio))
    return _unclipped(-_bounded(log_ratio).exp() * inputs.advantages + penalty)


def supervised(inputs: TokenInputs, spec: ObjectiveSpec) -> TokenLosses:
    """Negative log-likelihood."""
    del spec
    return _unclipped(-inputs.new)


SURROGATES: dict[Surrogate, SurrogateRow] = {
    "clip": SurrogateRow(loss=clip),
    "sequence_clip": SurrogateRow(loss=sequence_clip, one_term=True),
    "reinforce": SurrogateRow(loss=reinforce),
    "cispo": SurrogateRow(loss=cispo),
    "clip_cov": SurrogateRow(loss=clip_cov),
    "kl_cov": SurrogateRow(loss=kl_cov),
    "supervised": SurrogateRow(loss=supervised, off_policy=False),
}


def _clipped(ratio: Tensor, advantages: Tensor, spec: ObjectiveSpec, dual_clip: float | None) -> TokenLosses:
    low, high = 1.0 - spec.clip_low, 1.0 + spec.clip_high
    loss = -torch.minimum(ratio * advantages, ratio.clamp(low, high) * advantages)
    negative = advantages < 0
    dual = torch.zeros_like(negative)
    if dual_clip is not None:
        dual = negative & (ratio > dual_clip)
        loss = torch.where(dual, -dual_clip * advantages, loss)
    return TokenLosses(loss, negative & (ratio < low), (advantages > 0) & (ratio > high), dual)


def _unclipped(loss: Tensor) -> TokenLosses:
    never = torch.zeros_like(loss, dtype=torch.bool)
    return TokenLosses(loss, never, never, never)


def _bounded(log_ratio: Tensor) -> Tensor:
    return log_ratio.clamp(-LOG_RATIO_LIMIT, LOG_RATIO_LIMIT)
