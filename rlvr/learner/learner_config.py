"""Configuration of the learner. Read without importing torch, so that mistakes are reported at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Layout: TypeAlias = Literal["padded", "packed"]
Schedule: TypeAlias = Literal["constant", "linear", "cosine"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnerConfig:
    """How the learner computes an update.

    updates_per_step: mini-batches per step, one optimizer update each.
    micro_batch_tokens: tokens in one forward and backward pass, padding included; lower it to save memory.
    layout: padded (rows sorted by length) or packed (several sequences per row; best with flash_attention_2).
    """

    updates_per_step: int = 1
    micro_batch_tokens: int = 8192
    layout: Layout = "padded"


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizerConfig:
    """AdamW and its schedule; steps are optimizer updates.

    lr: learning rate at the peak. betas, eps, weight_decay: of AdamW.
    warmup_steps: updates of linear warm-up of the learning rate. schedule: its shape afterwards.
    final_share: final learning rate of a linear or cosine schedule, as a share of the peak.
    max_gradient_norm: gradients are clipped to this norm; 0 = no clipping.
    """

    lr: float = 1e-6
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0
    warmup_steps: int = 0
    schedule: Schedule = "constant"
    final_share: float = 0.0
    max_gradient_norm: float = 1.0
