"""Forward passes of a transformers model for rollout: prefill of prompts, and decode steps of one token per row.

The module may be the one that the learner trains, so a pass restores training mode, attention implementation and
gradient recording. Attention masks are made here, four-dimensional, so that rows of unequal length, sliding windows and
our cache layout work the same for every model.

Rejected, because a padded batch would silently give wrong results: encoder-decoders, models whose state is not keys and
values (Mamba, linear attention), chunked attention, learned prompts (prefix tuning). Problems that the config does not
reveal, such as positions counted from the mask, are found by `rlvr.rollout.probe`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeAlias

import torch
from torch import Tensor, nn
from transformers import DynamicCache, PreTrainedModel

from rlvr.errors import RolloutError
from rlvr.rollout import attention
from rlvr.rollout.slots import KeysValues, SlotCache

# The attention used for sampling, by the model's setting. Other implementations take no four-dimensional mask.
ATTENTION = {"eager": "eager", "sdpa": attention.NAME}
KNOWN_BY_ALL = {"eager": "eager", attention.NAME: "sdpa"}
KNOWN_LAYERS = ("full_attention", "sliding_attention")

Masks: TypeAlias = Tensor | dict[str, Tensor] | None


class CausalModel:
    """A decoder-only transformers model, plain or with a PEFT adapter, as the engine uses it.

    Raises:
        RolloutError: a model that the engine cannot batch.
    """

    def __init__(self, model: nn.Module) -> None:
        self.core: PreTrainedModel = plain(model)
        self.config = self.core.config.get_text_config(decoder=True)
        self.vocabulary: int = self.core.get_input_embeddings().num_embeddings
        self.windows = _windows(self.config)
        self.position_limit = _position_limit(self.config)
        self._keeps_last = "logits_to_keep" in inspect.signature(self.core.forward).parameters
        self._refuse()

    def _refuse(self) -> None:
        name = type(self.core).__name__
        if self.core.config.is_encoder_decoder:
            raise RolloutError(f"{name} is an encoder-decoder; the engine samples from decoder-only models")
        if getattr(self.core, "_is_stateful", False):
            raise RolloutError(f"{name} keeps a recurrent state; the engine batches models with keys and values only")

    @property
    def device(self) -> torch.device:
        device: torch.device = next(self.core.parameters()).device
        return device

    def state(self) -> tuple[object, ...]:
        """What a recorded step depends on besides its input: the addresses of the weights, and the active adapters."""
        tensors = (*self.core.parameters(), *self.core.buffers())
        adapters = (
            (tuple(module.active_adapters), module.disable_adapters, tuple(module.merged_adapters))
            for module in self.core.modules()
            if hasattr(module, "active_adapters") and hasattr(module, "merged_adapters")
        )
        return (self.core.dtype, *(tensor.data_ptr() for tensor in tensors), *adapters)

    @contextmanager
    def untouched(self) -> Iterator[None]:
        """Evaluation mode without gradients; restores the mode of every submodule."""
        training = [module for module in self.core.modules() if module.training]
        for module in training:
            module.training = False
        try:
            with torch.inference_mode():
                yield
        finally:
            for module in training:
                module.training = True

    @contextmanager
    def sampling(self) -> Iterator[None]:
        """`untouched`, with an attention implementation that takes our masks; required for `prefill` and `decode`."""
        configured = self.core.config._attn_implementation
        ours = ATTENTION.get(configured, attention.NAME)
        # A model that selects its attention by the name in its config, not from the registry, does not know our name.
        self.core.config._attn_implementation = ours if self.core._supports_attention_backend else KNOWN_BY_ALL[ours]
        try:
            with self.untouched():
                yield
        finally:
            self.core.config._attn_implementation = configured

    def prefill(self, prompts_P: Sequence[Sequence[int]]) -> KeysValues:  # noqa: N803
        """Keys and values [P, heads, T, width] of P sequences of at least one token each, aligned at the right."""
        width = max(map(len, prompts_P))
        device = self.device
        tokens = torch.tensor([[0] * (width - len(p)) + list(p) for p in prompts_P], device=device)  # [P, T]
        start = torch.tensor([width - len(p) for p in prompts_P], device=device).unsqueeze(1)  # [P, 1]
        column = torch.arange(width, device=device)
        ragged = any(len(p) < width for p in prompts_P)
        windowed = any(window is not None and window < width for window in self.windows.values())

        def visible(window: int | None) -> Tensor:
            behind = column.unsqueeze(1) - column  # distance of each column behind the query  [T, T]
            seen = (behind >= 0) if window is None else (behind >= 0) & (behind < window)
            # Padding attends to itself: a row of -inf alone would give NaN, and 0 times NaN is NaN.
            return (seen & (column >= start).unsqueeze(1)) | (behind == 0)  # [P, T, T]

        cache = DynamicCache()
        masks = self._masks(visible) if ragged or windowed else None  # None means plain causal, the fastest
        self._forward(tokens, (column - start).clamp(min=0), masks, cache)
        return [(layer.keys, layer.values) for layer in cache.layers]

    def decode(self, tokens: Tensor, cache: SlotCache) -> Tensor:
        """Logits [N, V] after one more token [N] of each row of the cache, float32 or float64. Writes the cache.

        Within `cache.fixed` it computes the slots and columns given there.
        """
        masks = self._masks(lambda window: cache.visible(window).unsqueeze(1))
        logits = self._forward(tokens.unsqueeze(1), cache.positions().unsqueeze(1), masks, cache)[:, -1]
        cache.advance()
        return logits if logits.dtype == torch.float64 else logits.float()

    def _masks(self, visible: Callable[[int | None], Tensor]) -> Masks:
        """Additive masks [N, 1, queries, columns]: one for all layers, or one for each kind of layer."""
        dtype: torch.dtype = self.core.dtype

        def additive(window: int | None) -> Tensor:
            seen = visible(window)
            return torch.zeros(seen.shape, dtype=dtype, device=seen.device).masked_fill_(~seen, -torch.inf).unsqueeze(1)

        if len(self.windows) == 1:
            return additive(next(iter(self.windows.values())))
        return {kind: additive(window) for kind, window in self.windows.items()}

    def _forward(self, tokens: Tensor, positions: Tensor, masks: Masks, cache: object) -> Tensor:
        last: Mapping[str, int] = {"logits_to_keep": 1} if self._keeps_last else {}
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


def plain(model: nn.Module) -> PreTrainedModel:
    """The transformers model inside a PEFT wrapper; LoRA-like adapters are layers in it and stay in effect."""
    core: PreTrainedModel = model
    if hasattr(core, "peft_config"):
        learned = [name for name, peft in core.peft_config.items() if peft.is_prompt_learning]
        if learned:
            raise RolloutError(f"adapters {learned} are learned prompts; the engine samples with LoRA-like ones only")
        if hasattr(core, "get_base_model"):
            core = core.get_base_model()
    if not isinstance(core, PreTrainedModel):
        raise RolloutError(f"the model is a {type(core).__name__}; TransformersEngine needs a transformers model")
    return core


def _windows(config: object) -> dict[str, int | None]:
    """The kinds of attention layers and their sliding windows (None = all that came before)."""
    window = getattr(config, "sliding_window", None)
    kinds = getattr(config, "layer_types", None)
    if kinds is None:
        return {"full_attention": None} if window is None else {"sliding_attention": int(window)}
    if unknown := sorted(set(kinds) - set(KNOWN_LAYERS)):
        raise RolloutError(f"the model has layers of kind {unknown}; the engine knows {list(KNOWN_LAYERS)}")
    if window is None and "sliding_attention" in kinds:
        raise RolloutError("the model's config has sliding_attention layers but no sliding_window; set it")
    return {kind: None if kind == "full_attention" else window for kind in sorted(set(kinds))}


def _position_limit(config: object) -> int | None:
    """The most tokens, prompt and response, in a row; None = no declared limit."""
    limits = [getattr(config, "max_position_embeddings", None)]
    rope = getattr(config, "rope_parameters", None) or {}
    rotations = rope.values() if all(isinstance(kind, dict) for kind in rope.values()) else (rope,)
    # Past its original length the rotation of every earlier key would change, and with it that of shorter rows.
    limits.extend(r.get("original_max_position_embeddings") for r in rotations if r.get("rope_type") == "longrope")
    declared = [int(limit) for limit in limits if limit]
    return min(declared) if declared else None
