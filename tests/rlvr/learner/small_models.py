"""Small models and batches for the learner's tests, and a measure of the largest tensor that is made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from rlvr.model_config import Attention, LoraSettings, ModelConfig, ModelInit
from rlvr.models import load_model
from rlvr.tokenizers import character_tokenizer
from rlvr.types import Batch

CHARACTERS = "0123456789+=<>/?abcdefghij "
TOKENIZER = character_tokenizer(CHARACTERS)


def small_model(
    architecture: str = "llama",
    *,
    dtype: Literal["float32", "bfloat16", "float64"] = "float32",
    attention: Attention = "sdpa",
    gradient_checkpointing: bool = False,
    fp32_head: bool = False,
    lora: LoraSettings | None = None,
    seed: int = 0,
    device: str = "cpu",
) -> nn.Module:
    """Two layers of width 32. float64 is for tests alone: a float32 model, widened."""
    config = ModelConfig(
        init=ModelInit(architecture=architecture, hidden_size=32, layers=2, heads=4, max_positions=128, seed=seed),
        dtype="float32" if dtype == "float64" else dtype,
        attention=attention,
        gradient_checkpointing=gradient_checkpointing,
        fp32_head=fp32_head,
        lora=lora or LoraSettings(),
    )
    model = load_model(config, TOKENIZER, device=device)
    return model.double() if dtype == "float64" else model


def lora(rank: int = 4, dropout: float = 0.0) -> LoraSettings:
    return LoraSettings(rank=rank, alpha=8.0, dropout=dropout)


def batch_of(
    lengths: Sequence[int], *, prompt: int = 2, seed: int = 0, width: int | None = None, temperature: float = 1.0
) -> Batch:
    """One sequence a row, right padded; random tokens, advantages and sampled log-probabilities."""
    random = np.random.default_rng(seed)
    rows, columns = len(lengths), width or max(lengths)
    tokens = random.integers(2, len(TOKENIZER), size=(rows, columns))
    index = np.arange(columns)[None, :]
    real = index < np.asarray(lengths)[:, None]
    mask = real & (index >= prompt)
    row = np.arange(rows)[:, None]
    advantages = random.normal(size=(rows, 1)) * np.ones((rows, columns))

    def tensor(values: np.ndarray, outside: int = 0) -> torch.Tensor:
        return torch.from_numpy(np.where(real, values, outside))

    return Batch(
        tokens=tensor(tokens),
        positions=tensor(index * np.ones_like(row)),
        segment_ids=tensor(np.ones_like(tokens)),
        sequence_ids=tensor(row * np.ones_like(index), -1),
        group_ids=tensor(row // 2 * np.ones_like(index), -1),
        loss_mask=torch.from_numpy(mask),
        sampled_logprobs=tensor(-3.5 + 0.1 * random.normal(size=(rows, columns))).float(),
        advantages=tensor(advantages).float(),
        policy_versions=tensor(np.zeros_like(tokens)),
        temperature=temperature,
        token_count=int(mask.sum()),
        sequence_count=int(mask.any(1).sum()),
    )


class LargestTensor(TorchDispatchMode):
    """Remembers the largest storage that any operation made."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        result = func(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, tuple) else (result,):
            if isinstance(tensor, Tensor):
                self.bytes = max(self.bytes, tensor.untyped_storage().nbytes())
        return result
