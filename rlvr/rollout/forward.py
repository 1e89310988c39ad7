"""Forward passes of a transformers model for rollout: prompts into keys and values, and one token a row into logits.

The module may be the one that the learner trains, so each pass leaves no trace on it: evaluation mode, attention
implementation and gradient recording are put back as they were. Attention masks are made here, four-dimensional, so
that rows of unequal length, sliding windows and a cache in our own layout mean the same to every model.

Refused, because a padded batch of them would be wrong in silence: encoder-decoders, models whose state is not keys
and values (Mamba, linear attention), chunked attention, and learned prompts (prefix tuning).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from transformers import DynamicCache, PreTrainedModel

from rlvr.errors import RolloutError
from rlvr.rollout.slots import KeysValues, SlotCache

MASKABLE = ("sdpa", "eager")  # attention implementations that take a mask of four dimensions
KNOWN_LAYERS = ("full_attention", "sliding_attention")


class CausalModel:
    """A decoder-only transformers model, plain or with a PEFT adapter, as the engine uses it."""

    def __init__(self, model: nn.Module) -> None:
        wrapped: PreTrainedModel = model
        if hasattr(wrapped, "peft_config"):
            learned = [name for name, peft in wrapped.peft_config.items() if getattr(peft, "is_prompt_learning", False)]
            if learned:
                raise RolloutError(f"adapters {learned} learn prompts; the engine samples with LoRA-like adapters only")
            wrapped = wrapped.get_base_model()
        self.module = model
        self.core = wrapped  # adapters are layers inside it
        self.config = wrapped.config.get_text_config(decoder=True)
        self.vocabulary: int = wrapped.get_input_embeddings().num_embeddings
        self.windows = _windows(self.config)
        self.position_limit = _position_limit(self.config)
        self._keeps_last = "logits_to_keep" in inspect.signature(wrapped.forward).parameters
        self._refuse()

    def _refuse(self) -> None:
        name = type(self.core).__name__
        if getattr(self.core.config, "is_encoder_decoder", False):
            raise RolloutError(f"{name} is an encoder-decoder; the engine samples from decoder-only models")
        if getattr(self.core, "_is_stateful", False):
            raise RolloutError(f"{name} keeps a recurrent state; the engine batches models with keys and values only")

    @property
    def device(self) -> torch.device:
        device: torch.device = next(self.core.parameters()).device
        return device

    @contextmanager
    def sampling(self) -> Iterator[None]:
        """Evaluation mode, no gradients and an attention that takes our masks; all put back afterwards."""
        training = [module for module in self.core.modules() if module.training]
        attention = self.core.config._attn_implementation
        for module in training:
            module.training = False
        if attention not in MASKABLE:
            self.core.config._attn_implementation = "sdpa"
        try:
            with torch.inference_mode():
                yield
        finally:
            for module in training:
                module.training = True
            if attention not in MASKABLE:
                self.core.config._attn_implementation = attention

    def prefill(self, prompts_P: Sequence[Sequence[int]]) -> KeysValues:  # noqa: N803
        """Keys and values [P, heads, T, width] of P sequences of at least one token each, aligned at the right."""
        width = max(map(len, prompts_P))
        tokens = torch.tensor([[0] * (width - len(p)) + list(p) for p in prompts_P], device=self.device)  # [P, T]
        start = torch.tensor([width - len(p) for p in prompts_P], device=self.device).unsqueeze(1)  # [P, 1]
        column = torch.arange(width, device=self.device)
        causal = column.unsqueeze(1) >= column  # [T, T]
        real = column >= start  # [P, T]
        # Padding attends to itself: a row of nothing but -inf would give NaN, and NaN outlives a weight of 0.
        itself = torch.eye(width, dtype=torch.bool, device=self.device)

        def visible(window: int | None) -> Tensor:
            near = causal if window is None else causal & (column.unsqueeze(1) < column + window)
            return (near & real.unsqueeze(1)) | itself  # [P, T, T]

        cache = DynamicCache()
        self._forward(tokens, (column - start).clamp(min=0), self._masks(visible), cache)
        return [(layer.keys, layer.values) for layer in cache.layers]

    def decode(self, tokens: Tensor, cache: SlotCache) -> Tensor:
        """Logits [N, V] after one more token [N] of each row of the cache, float32 or float64. Writes the cache."""
        cache.reserve()
        masks = self._masks(lambda window: cache.visible(window).unsqueeze(1))
        logits = self._forward(tokens.unsqueeze(1), cache.positions().unsqueeze(1), masks, cache)[:, -1]
        cache.advance()
        return logits if logits.dtype == torch.float64 else logits.float()

    def _masks(self, visible: Callable[[int | None], Tensor]) -> Tensor | dict[str, Tensor]:
        """Additive masks [N, 1, queries, columns]: one where all layers see alike, else one for each kind of layer."""
        dtype: torch.dtype = self.core.dtype

        def additive(window: int | None) -> Tensor:
            seen = visible(window)
            return torch.zeros(seen.shape, dtype=dtype, device=seen.device).masked_fill_(~seen, -torch.inf).unsqueeze(1)

        if len(self.windows) == 1:
            return additive(next(iter(self.windows.values())))
        return {kind: additive(window) for kind, window in self.windows.items()}

    def _forward(self, tokens: Tensor, positions: Tensor, masks: Tensor | dict[str, Tensor], cache: object) -> Tensor:
        last = {"logits_to_keep": 1} if self._keeps_last else {}
        output = self.core(
            input_ids=tokens,
            position_ids=positions,
            attention_mask=masks,
            past_key_values=cache,
            use_cache=True,
            **last,
        )
        logits: Tensor = output.logits
        return logits


def _windows(config: object) -> dict[str, int | None]:
    """The kinds of attention layers and their sliding windows (None = all that came before)."""
    window = getattr(config, "sliding_window", None)
    kinds = getattr(config, "layer_types", None)
    if kinds is None:
        return {"full_attention": None} if window is None else {"sliding_attention": int(window)}
    if unknown := sorted(set(kinds) - set(KNOWN_LAYERS)):
        raise RolloutError(f"the model has layers of kind {unknown}; the engine knows {list(KNOWN_LAYERS)}")
    return {kind: None if kind == "full_attention" else int(window or 0) for kind in sorted(set(kinds))}


def _position_limit(config: object) -> int | None:
    """How many tokens, prompt and response, a row may hold; None = no limit is declared."""
    limits = [getattr(config, "max_position_embeddings", None)]
    rope = getattr(config, "rope_parameters", None) or {}
    if rope.get("rope_type") == "longrope":
        # Past it the rotation of every earlier key would change, and with it that of shorter rows in the batch.
        limits.append(rope.get("original_max_position_embeddings"))
    declared = [int(limit) for limit in limits if limit]
    return min(declared) if declared else None
