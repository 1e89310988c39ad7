"""Which model a run trains, as a configuration says it. Read without torch: its mistakes are told at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Dtype: TypeAlias = Literal["float32", "bfloat16"]
Attention: TypeAlias = Literal["eager", "sdpa", "flash_attention_2"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInit:
    """A model with random weights, for demonstrations and tests. The vocabulary is the tokenizer's.

    architecture: a `model_type` of transformers: llama, qwen2, qwen3, gpt2, ...
    hidden_size, layers, heads: the shape; the feed-forward layer is four times as wide as hidden_size.
    max_positions: the longest sequence.
    tie_embeddings: input and output embeddings are one matrix.
    seed: of the random weights.
    """

    architecture: str = "llama"
    hidden_size: int = 128
    layers: int = 3
    heads: int = 4
    max_positions: int = 1024
    tie_embeddings: bool = True
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LoraSettings:
    """Low-rank adapters (Hu et al. 2021): the base weights stay as they are and serve as the reference.

    rank: of the adapters; 0 = none, every weight is trained.
    alpha: the update is scaled by alpha / rank.
    dropout: on the adapters' input, in training only.
    targets: names of the linear layers that get adapters; empty = all of them but the head.

    Their first values are the same in every run, whatever its seed.
    """

    rank: int = 0
    alpha: float = 32.0
    dropout: float = 0.0
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """Which model is trained, and how it computes.

    path: a Hugging Face folder, or a name on the hub.
    init: instead of a path: a model with random weights.
    dtype: of weights and arithmetic. With bfloat16 the learner keeps float32 master weights beside them.
    attention: the kernel. flash_attention_2 needs a GPU and the flash-attn package.
    gradient_checkpointing: recompute each layer in the backward pass: less memory, about a third more time.
    fp32_head: multiply by the output embedding in float32 whatever the dtype.
    lora: adapters in place of full training.
    """

    path: str | None = None
    init: ModelInit | None = None
    dtype: Dtype = "float32"
    attention: Attention = "sdpa"
    gradient_checkpointing: bool = False
    fp32_head: bool = False
    lora: LoraSettings = field(default_factory=LoraSettings)
