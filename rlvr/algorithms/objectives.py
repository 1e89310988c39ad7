"""The loss of an update as sums over loss tokens, which can be added over micro-batches and ranks.

    loss = sum over t of  u_t (w_t surrogate_t + beta kl_t - eta entropy_t)  /  denominator

    divide_by         weight u_t of a token       denominator, from the batch's global counts
    tokens            1                           token_count
    sequence_tokens   1 / tokens of its sequence  sequence_count
    max_tokens        1                           max_response_tokens * sequence_count
    sequences         1, or 1 / tokens of its     sequence_count
                      sequence for sequence_clip

w is the truncated importance weight (`correction.py`); u is 0 for a sequence that the geometric-mean rule masks, which
still counts in the global counts. `objective` returns the numerator, `loss_from` divides it: the losses of
micro-batches sum to the loss of the whole batch, and so do their gradients, because a sequence never crosses
micro-batches and nothing here depends on a micro-batch's own size. Sequences are told apart by `batch.sequence_ids`,
never by row: rows may be packed.

`old_logprobs` None means that this is the first update since sampling: old is the fresh value itself, and r is 1.

Not here: the forward pass, the backward pass, reductions over ranks (the learner's).

Example:
    sums = objective(logprobs, batch, RECIPES["dapo"].objective)      # logprobs [B, T] with gradient
    loss_from(sums, batch, RECIPES["dapo"].objective).backward()
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from rlvr.algorithms import correction
from rlvr.algorithms.kl import ESTIMATORS
from rlvr.algorithms.objective_spec import Divisor, ObjectiveSpec
from rlvr.algorithms.surrogates import SURROGATES, SurrogateRow, TokenInputs, token_inputs
from rlvr.errors import ConfigError

if TYPE_CHECKING:
    from rlvr.types import Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectiveStatistics:
    """Measurements of one pass, without gradient: sums over loss tokens (float64 scalars) unless stated otherwise.

    tokens, sequences: counts in this pass; sequences without a loss token are not counted.
    kl: the spec's estimator, unweighted; 0 without a reference. entropy: 0 when none was given.
    clipped_low, clipped_high, clipped_dual: tokens where that bound was active.
    log_ratios [N] float32: new - old of each loss token.
    mismatch_kl: k3 of old/sampled. mismatch_max: the largest |old - sampled|, not a sum. capped: tokens whose
    importance weight was cut. masked: sequences that the geometric-mean rule took out.
    sequence_ids [S] int64 and finite [S] bool: whether every term of that sequence's loss, and every log-probability
    in it, was finite, masked or not. An update with a False among them must be refused, even where clamps kept the loss
    itself finite.
    """

    tokens: Tensor
    sequences: Tensor
    kl: Tensor
    entropy: Tensor
    clipped_low: Tensor
    clipped_high: Tensor
    clipped_dual: Tensor
    mismatch_kl: Tensor
    mismatch_max: Tensor
    capped: Tensor
    masked: Tensor
    log_ratios: Tensor
    sequence_ids: Tensor
    finite: Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectiveSums:
    """The numerator of the loss, a scalar with gradient, and the measurements of the pass."""

    loss: Tensor
    statistics: ObjectiveStatistics


def objective(new_logprobs: Tensor, batch: Batch, spec: ObjectiveSpec, entropy: Tensor | None = None) -> ObjectiveSums:
    """The unnormalised loss of a batch or micro-batch.

    Args:
        new_logprobs: of the batch's tokens under the current policy at the batch's temperature, with gradient; values
            outside the loss mask are ignored. [B, T]
        entropy: of the policy at each token, needed when the spec has an entropy bonus. [B, T]

    Raises:
        ConfigError: the spec needs reference log-probabilities or the entropy and there is none.
    """
    _check(batch, spec, entropy)
    row = SURROGATES[spec.surrogate]
    mask = batch.loss_mask
    ids, sequence = torch.unique(batch.sequence_ids[mask], return_inverse=True)
    new = new_logprobs[mask]  # [N], as is all that follows
    old = new.detach() if batch.old_logprobs is None else batch.old_logprobs[mask].to(new)
    inputs = token_inputs(
        new=new,
        old=old,
        advantages=batch.advantages[mask].to(new),
        selected=None if batch.selected is None else batch.selected[mask],
        sequence=sequence,
    )
    frozen = inputs.frozen
    losses = row.loss(inputs, spec)
    difference = old - batch.sampled_logprobs[mask].to(new) if row.off_policy else torch.zeros_like(frozen)
    outside = correction.sequence_outside(
        difference, sequence, inputs.size, low=spec.sequence_low, high=spec.sequence_high
    )  # [S]
    capped = torch.zeros_like(frozen, dtype=torch.bool)
    policy = losses.loss
    if row.off_policy and spec.importance_cap is not None:
        policy = policy * correction.token_weights(difference, cap=spec.importance_cap)
        capped = correction.capped(difference, cap=spec.importance_cap)
    zeros = torch.zeros_like(frozen)
    reference = None if batch.reference_logprobs is None else batch.reference_logprobs[mask].to(new)
    kl = zeros if reference is None else _kl(new, reference, spec)
    entropies = zeros if entropy is None else entropy[mask].to(new)
    total = policy
    # Clamps can make a loss finite although log-probabilities are infinite, so check these directly.
    sound = frozen.isfinite() & difference.isfinite()
    if spec.kl_coefficient and reference is not None:
        total = total + spec.kl_coefficient * kl
        sound = sound & reference.isfinite()
    if spec.entropy_coefficient:
        total = total - spec.entropy_coefficient * entropies
    weights = DIVISORS[spec.divide_by].weights(inputs, row)
    kept = ~outside[sequence]  # the geometric-mean mask; masked sequences stay in the global counts
    broken = (~(total.detach().isfinite() & sound)).to(inputs.size.dtype)
    return ObjectiveSums(
        loss=torch.where(kept, weights * total, zeros).sum(),
        statistics=ObjectiveStatistics(
            tokens=_total(torch.ones_like(frozen)),
            sequences=_total(torch.ones_like(inputs.size)),
            kl=_total(kl),
            entropy=_total(entropies),
            clipped_low=_total(losses.clipped_low),
            clipped_high=_total(losses.clipped_high),
            clipped_dual=_total(losses.clipped_dual),
            mismatch_kl=_total(correction.mismatch_kl(difference)),
            mismatch_max=_largest(difference),
            capped=_total(capped),
            masked=_total(outside),
            log_ratios=(frozen - old).float(),
            sequence_ids=ids,
            finite=torch.zeros_like(inputs.size).index_add(0, sequence, broken) == 0,
        ),
    )


def loss_from(sums: ObjectiveSums, batch: Batch, spec: ObjectiveSpec) -> Tensor:
    """The loss contribution of these sums: the numerator over the batch's *global* counts. Scalar with gradient."""
    return sums.loss / DIVISORS[spec.divide_by].denominator(batch.token_count, batch.sequence_count, spec)


def objective_loss(
    new_logprobs: Tensor, batch: Batch, spec: ObjectiveSpec, entropy: Tensor | None = None
) -> tuple[Tensor, ObjectiveStatistics]:
    """`objective`, then `loss_from`."""
    sums = objective(new_logprobs, batch, spec, entropy)
    return loss_from(sums, batch, spec), sums.statistics


def add_statistics(first: ObjectiveStatistics, second: ObjectiveStatistics) -> ObjectiveStatistics:
    """Combine two measurements: add sums, take the larger maximum, concatenate lists."""
    return ObjectiveStatistics(
        **{
            field.name: _JOIN.get(field.name, torch.add)(getattr(first, field.name), getattr(second, field.name))
            for field in fields(ObjectiveStatistics)
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DivisorRow:
    """The weight of each token [N], and the divisor from global token and sequence counts."""

    weights: Callable[[TokenInputs, SurrogateRow], Tensor]
    denominator: Callable[[int, int, ObjectiveSpec], float]


def _each_token(inputs: TokenInputs, row: SurrogateRow) -> Tensor:
    del row
    return torch.ones_like(inputs.frozen)


def _mean_of_sequence(inputs: TokenInputs, row: SurrogateRow) -> Tensor:
    del row
    return inputs.size.reciprocal()[inputs.sequence]


def _term_of_sequence(inputs: TokenInputs, row: SurrogateRow) -> Tensor:
    return (_mean_of_sequence if row.one_term else _each_token)(inputs, row)


DIVISORS: dict[Divisor, DivisorRow] = {
    "tokens": DivisorRow(weights=_each_token, denominator=lambda tokens, _sequences, _spec: max(tokens, 1)),
    "sequence_tokens": DivisorRow(
        weights=_mean_of_sequence, denominator=lambda _tokens, sequences, _spec: max(sequences, 1)
    ),
    "max_tokens": DivisorRow(
        weights=_each_token,
        denominator=lambda _tokens, sequences, spec: spec.max_response_tokens * max(sequences, 1),
    ),
    "sequences": DivisorRow(weights=_term_of_sequence, denominator=lambda _tokens, sequences, _spec: max(sequences, 1)),
}


def _check(batch: Batch, spec: ObjectiveSpec, entropy: Tensor | None) -> None:
    if spec.kl_coefficient and batch.reference_logprobs is None:
        raise ConfigError(
            f"kl_coefficient is {spec.kl_coefficient} but the batch has no reference_logprobs; score it with the "
            "reference model, or set kl_coefficient to 0"
        )
    if spec.entropy_coefficient and entropy is None:
        raise ConfigError(
            f"entropy_coefficient is {spec.entropy_coefficient} but no entropy was given; "
            "compute it in the forward pass"
        )
    if spec.divide_by == "max_tokens" and spec.max_response_tokens < 1:
        raise ConfigError(
            f"divide_by is 'max_tokens' but max_response_tokens is {spec.max_response_tokens}; "
            "set it to the longest response that a rollout may have"
        )


def _kl(new: Tensor, reference: Tensor, spec: ObjectiveSpec) -> Tensor:
    """The penalty per token; without gradient where it is only measured."""
    return ESTIMATORS[spec.kl_estimator](new if spec.kl_coefficient else new.detach(), reference)


def _total(values: Tensor) -> Tensor:
    return values.detach().sum(dtype=torch.float64)


def _largest(values: Tensor) -> Tensor:
    return values.abs().max().double() if values.numel() else values.new_zeros((), dtype=torch.float64)


def _join(first: Tensor, second: Tensor) -> Tensor:
    return torch.cat([first, second])


_JOIN: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mismatch_max": torch.maximum,
    "log_ratios": _join,
    "sequence_ids": _join,
    "finite": _join,
}
