"""How the learner computes an update, as a configuration says it. Read without torch: its mistakes are told at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Layout: TypeAlias = Literal["padded", "packed"]
Schedule: TypeAlias = Literal["constant", "linear", "cosine"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnerConfig:
    """How an update is computed.

    updates_per_step: mini-batches that a step's batch is cut into, one optimizer update each.
    micro_batch_tokens: tokens in one forward and backward pass, padding included: the knob for memory.
    layout: padded (rows sorted by length) or packed (several sequences a row; best with flash_attention_2).
    """

    updates_per_step: int = 1
    micro_batch_tokens: int = 8192
    layout: Layout = "padded"


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizerConfig:
    """AdamW and its schedule; steps are optimizer updates.

    lr: learning rate at the peak. betas, eps, weight_decay: of AdamW.
    warmup_steps: the learning rate rises linearly over these. schedule: what it does after them.
    final_share: share of the peak that a linear or cosine schedule ends at.
    max_gradient_norm: longer gradients are scaled to it; 0 = never.
    """

    lr: float = 1e-6
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0
    warmup_steps: int = 0
    schedule: Schedule = "constant"
    final_share: float = 0.0
    max_gradient_norm: float = 1.0
