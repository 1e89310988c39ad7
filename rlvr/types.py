"""The values between a prompt and a gradient. Every stage makes a new frozen value; nothing is filled in later.

Suffixes: `_P` prompts, `_G` samples of one group, `_T` tokens; `B` rows, `T` columns of a batch.

One alignment: entry `[b, t]` of every tensor of a `Batch` describes token `t` of row `b` given the tokens before it.
So `logprobs[b, t] = log p(tokens[b, t] | tokens[b, :t])`, and column 0 of a sequence is never in the loss.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from data_prep.problem import Problem
from rewards.types import Finish, GradeResult

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingParameters:
    """How to sample tokens. Applied in the order temperature, top-k, top-p, min-p.

    temperature: logits are divided by it; 0 means greedy, with the log-probabilities of temperature 1.
    top_k: keep the k most likely tokens; 0 = all. top_p: keep the smallest set with at least this mass; 1 = all.
    min_p: keep tokens with at least this share of the most likely one's probability; 0 = all.
    max_tokens: most response tokens, including the end token.
    stop: strings that end a response; the text up to and including the stop string is kept.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    max_tokens: int = 256
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutRequest:
    """A request for one sample. Its random numbers depend on (seed, draw_index, sample_index, position) alone."""

    prompt_T: tuple[int, ...]  # noqa: N815
    sampling: SamplingParameters
    seed: int
    draw_index: int
    sample_index: int
    adapter: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """The response to one request. Token ids are authoritative; text is a view.

    loss_mask: False where the token was not sampled by the policy (tool output).
    logprobs: log-probability of each token under the distribution it was sampled from; nats.
    policy_versions: the version of the weights that sampled each token.
    finish: STOP if an end token (part of token_ids) or a stop string ended it, LENGTH if it was truncated.
    """

    request: RolloutRequest
    token_ids: tuple[int, ...]
    loss_mask: tuple[bool, ...]
    logprobs: tuple[float, ...]
    policy_versions: tuple[int, ...]
    finish: Finish


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A graded completion. `reward` is the shaped reward that enters the advantage; None if the grade has no score.

    shaping: the contribution of each shaping term, by name.
    """

    completion: Completion
    text: str
    grade: GradeResult
    reward: float | None
    shaping: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A problem with all its samples, ordered by sample index."""

    problem: Problem
    draw_index: int
    samples_G: tuple[Sample, ...]  # noqa: N815


class Role(StrEnum):
    """Which model a learner scores with."""

    POLICY = "policy"
    REFERENCE = "reference"
    VALUE = "value"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """Optional outputs of `Learner.score` besides log-probabilities."""

    entropy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenScores:
    """Per-token scores aligned with the batch, 0 outside its loss mask. float32.

    logprobs [B, T]: nats, at the batch's temperature. entropy [B, T]: nats, if requested.
    """

    logprobs: Tensor
    entropy: Tensor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The tokens of one optimizer update with all inputs of the loss. Tensors [B, T], on the CPU until used.

    A row holds one sequence, or several when packed; a sequence never crosses rows. Padding is on the right.

    tokens [B, T] int64; positions [B, T] int64: index within the sequence, 0 on padding.
    segment_ids [B, T] int64: 1, 2, ... within the row; 0 = padding. sequence_ids, group_ids [B, T] int64: -1 = padding.
    loss_mask [B, T] bool: sampled response tokens, including the end token.
    sampled_logprobs: recorded by the engine. old_logprobs: recomputed by the learner before the step's first update;
    None = there is only one update, so old equals the current value. reference_logprobs: None = no KL. advantages,
    policy_versions. values and returns: only with a critic.
    selected: tokens picked by entropy control over the whole update (clip-cov, KL-cov); None = none.
    temperature: the learner divides logits by it.
    token_count, sequence_count, pair_count: totals of the whole update over all ranks; sums are divided by these, never
    by the counts of a micro-batch.
    """

    tokens: Tensor
    positions: Tensor
    segment_ids: Tensor
    sequence_ids: Tensor
    group_ids: Tensor
    loss_mask: Tensor
    sampled_logprobs: Tensor
    advantages: Tensor
    policy_versions: Tensor
    temperature: float
    token_count: int
    sequence_count: int
    pair_count: int = 0
    old_logprobs: Tensor | None = None
    reference_logprobs: Tensor | None = None
    values: Tensor | None = None
    returns: Tensor | None = None
    selected: Tensor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStats:
    """Statistics of one optimizer update. Means are over the update's loss tokens unless stated otherwise.

    refused: why the update was not applied (non-finite loss or gradient); empty = it was applied.
    refused_sequences: ids of the sequences whose loss or gradient was not finite; all of them if each alone is fine.
    clip_low, clip_high: share of tokens whose ratio was clipped below, above (gspo: tokens of clipped sequences).
    ratio_*: quantiles of new/old. mismatch_*: old/sampled, rollout against learner: the mean k3 KL, the largest
    absolute log-difference, the share of tokens capped, the share of sequences masked.
    seconds: wall time; excluded when runs are compared.
    """

    loss: float
    gradient_norm: float
    learning_rate: float
    entropy: float
    kl: float
    clip_low: float
    clip_high: float
    ratio_min: float
    ratio_median: float
    ratio_max: float
    mismatch_kl: float
    mismatch_max: float
    mismatch_capped: float
    mismatch_masked: float
    tokens: int
    sequences: int
    micro_batches: int
    seconds: float
    refused: str = ""
    refused_sequences: tuple[int, ...] = ()
