"""Specs that a recipe is made of, as names and numbers: the loss, the divergence from the reference, entropy control.

They cross processes as plain data and are read without torch. The names are defined in `surrogates.py`, `kl.py` and
`entropy_control.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Surrogate: TypeAlias = Literal["clip", "sequence_clip", "reinforce", "cispo", "clip_cov", "kl_cov", "supervised"]
Divisor: TypeAlias = Literal["tokens", "sequence_tokens", "max_tokens", "sequences"]
KLEstimator: TypeAlias = Literal["k1", "k2", "k3"]
KLPlacement: TypeAlias = Literal["none", "loss", "reward", "token_reward"]
EntropyControlKind: TypeAlias = Literal["none", "clip_cov", "kl_cov"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectiveSpec:
    """The loss of one update.

    surrogate: the row of `rlvr.algorithms.surrogates.SURROGATES`.
    divide_by: `tokens`: the update's global loss tokens. `sequence_tokens`: each sequence by its own tokens, then by
        the global number of sequences. `max_tokens`: by max_response_tokens, then sequences. `sequences`: sums over
        each sequence by the global number of sequences; sequence_clip has one term a sequence, the mean of its tokens.
    clip_low, clip_high: the ratio is clipped to [1 - clip_low, 1 + clip_high]; for cispo clip_high is the absolute cap
        and clip_low is not used.
    dual_clip: for negative advantages the loss is at most dual_clip times |advantage|; None = off.
    kl_estimator, kl_coefficient: the KL penalty inside the loss; coefficient 0 = none.
    entropy_coefficient: the bonus subtracted from the loss.
    importance_cap: truncated importance weight old/sampled per token; None = no correction.
    sequence_low, sequence_high: a sequence whose geometric-mean old/sampled leaves these bounds is masked; None = off.
    kl_cov_coefficient: the penalty on the tokens that KL-cov selected.
    """

    surrogate: Surrogate = "clip"
    divide_by: Divisor = "tokens"
    max_response_tokens: int = 0
    clip_low: float = 0.2
    clip_high: float = 0.2
    dual_clip: float | None = None
    kl_estimator: KLEstimator = "k3"
    kl_coefficient: float = 0.0
    entropy_coefficient: float = 0.0
    importance_cap: float | None = 2.0
    sequence_low: float | None = None
    sequence_high: float | None = None
    kl_cov_coefficient: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class KLSpec:
    """Where the divergence from the reference enters, with which estimator and weight.

    placement: `loss`: per token in the objective. `reward`: the sum over a response is subtracted from its reward
    (RLOO). `token_reward`: subtracted token by token (REINFORCE++, PPO).
    """

    placement: KLPlacement = "none"
    estimator: KLEstimator = "k3"
    coefficient: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EntropyControl:
    """Which tokens to hold back.

    kind: none, clip_cov or kl_cov. share: of the update's loss tokens. low, high: clip_cov chooses among covariances in
    this range (the paper's 1 and 5). coefficient: kl_cov's penalty on a selected token.
    """

    kind: EntropyControlKind = "none"
    share: float = 0.0002
    low: float = 1.0
    high: float = 5.0
    coefficient: float = 1.0
