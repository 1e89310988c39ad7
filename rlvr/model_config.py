"""Configuration of the model. Read without importing torch, so that mistakes are reported at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Dtype: TypeAlias = Literal["float32", "bfloat16"]
Attention: TypeAlias = Literal["eager", "sdpa", "flash_attention_2"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInit:
    """A model with random weights, for demonstrations and tests. The vocabulary is the tokenizer's.

    architecture: a `model_type` of transformers: llama, qwen2, qwen3, gpt2, ...
    hidden_size, layers, heads: the shape; the feed-forward width is four times hidden_size.
    max_positions: the longest sequence.
    tie_embeddings: input and output embeddings are one matrix.
    seed: for the random weights.
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
    """Low-rank adapters (Hu et al. 2021): the base weights are frozen and serve as the reference.

    rank: of the adapters; 0 = none, every weight is trained.
    alpha: the update is scaled by alpha / rank.
    dropout: on the adapters' input, in training only.
    targets: names of the linear layers that get adapters; empty = all except the head.

    Their initial values are the same in every run, independent of its seed.
    """

    rank: int = 0
    alpha: float = 32.0
    dropout: float = 0.0
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """The model to train, and its numerics.

    path: a local Hugging Face folder, or a name on the hub.
    init: a model with random weights, in place of a path.
    dtype: of weights and arithmetic. With bfloat16 the learner keeps float32 master weights beside them.
    attention: the implementation. flash_attention_2 needs a GPU and the flash-attn package.
    gradient_checkpointing: recompute each layer in the backward pass: less memory, about a third more time.
    fp32_head: multiply by the output embedding in float32 regardless of the dtype.
    lora: train adapters instead of all weights.
    """

    path: str | None = None
    init: ModelInit | None = None
    dtype: Dtype = "float32"
    attention: Attention = "sdpa"
    gradient_checkpointing: bool = False
    fp32_head: bool = False
    lora: LoraSettings = field(default_factory=LoraSettings)
