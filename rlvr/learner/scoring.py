"""One pass of a transformers model over a micro-batch: the log-probabilities of its loss tokens.

The model's backbone runs on all tokens, its output head only where the loss mask is set, chunk by chunk
(`logprobs.py`). Not here: gradients, objectives, the choice of weights.

Example:
    scored = ScoredModel.of(model)
    logprobs, entropy = scored.scores(micro, entropy=True)      # [b, t], 0 outside the loss mask
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from rlvr.errors import ConfigError
from rlvr.learner.logprobs import chunked_logprobs
from rlvr.learner.packing import MicroBatch
from rlvr.models import Float32Linear, plain_model

if TYPE_CHECKING:
    from transformers import PreTrainedModel

# Logit scaling by model family: the config field, and the factor it stands for.
_SCALES: dict[str, Callable[[float], float]] = {
    "logit_scale": lambda value: value,  # Cohere
    "logits_scaling": lambda value: 1.0 / value,  # Granite
    "lm_head_multiplier": lambda value: value,  # Falcon-H1
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredModel:
    """A model split into the backbone, which runs on every token, and the head, which runs on loss tokens."""

    backbone: PreTrainedModel
    head: nn.Linear
    scale: float
    softcap: float | None
    device: torch.device

    @classmethod
    def of(cls, model: nn.Module) -> ScoredModel:
        """Split a model, and check on a few tokens that the parts reproduce its logits.

        Raises:
            ConfigError: the head computes something that the parts do not.
        """
        plain = plain_model(model)
        config = plain.config.get_text_config()
        scale = 1.0
        for name, factor in _SCALES.items():
            if getattr(config, name, None):
                scale *= float(factor(getattr(config, name)))
        softcap = getattr(config, "final_logit_softcapping", None)
        head = plain.get_output_embeddings()
        if not isinstance(head, nn.Linear):
            raise ConfigError(
                f"the model's output head is a {type(head).__name__}; the learner needs a plain linear layer "
                "(leave it out of model.lora.targets)"
            )
        backbone = plain.base_model
        scored = cls(backbone=backbone, head=head, scale=scale, softcap=softcap, device=head.weight.device)
        scored._check(plain)
        return scored

    def scores(self, micro: MicroBatch, *, entropy: bool) -> tuple[Tensor, Tensor | None]:
        """Log-probabilities [b, t] at the batch's temperature, and entropies [b, t] when asked for.

        Under `torch.no_grad` no activations are kept.
        """
        tokens = micro.batch.tokens.to(self.device)
        place = micro.place.to(self.device)
        hidden = self._hidden(tokens, micro.batch.positions.to(self.device) if micro.packed else None)
        before = hidden.flatten(0, 1).index_select(0, place - 1)  # [N, H]: token t is predicted at t - 1
        logprobs, entropies = self._head(
            before, tokens.flatten()[place], temperature=micro.batch.temperature, entropy=entropy
        )
        return _spread(logprobs, place, tokens), None if entropies is None else _spread(entropies, place, tokens)

    def _hidden(self, tokens: Tensor, positions: Tensor | None = None) -> Tensor:
        """Last hidden states [b, t, H]; rows are packed where positions are given."""
        # Padding is on the right, where causal attention never looks, so no mask is needed. A mask of ones silences
        # models that warn about padding. Packed rows must have none, so that transformers uses the positions.
        mask = torch.ones_like(tokens) if positions is None else None
        hidden: Tensor = self.backbone(
            input_ids=tokens, attention_mask=mask, position_ids=positions, use_cache=False
        ).last_hidden_state
        return hidden

    def _head(
        self, hidden: Tensor, targets: Tensor, *, temperature: float, entropy: bool
    ) -> tuple[Tensor, Tensor | None]:
        return chunked_logprobs(
            hidden,
            self.head.weight,
            targets,
            bias=self.head.bias,
            temperature=temperature,
            scale=self.scale,
            softcap=self.softcap,
            entropy=entropy,
            fp32_head=isinstance(self.head, Float32Linear),
        )

    @property
    def one_row(self) -> bool:
        """Whether packed rows must be a single one: flash attention finds their boundaries only with batch size 1."""
        return str(self.backbone.config._attn_implementation).startswith("flash")

    @torch.no_grad()
    def check_packing(self) -> None:
        """Check that sequences packed into a row do not see each other.

        Raises:
            ConfigError: they do.
        """
        size = self.head.weight.shape[0]
        tokens = torch.arange(6, device=self.device).remainder(size).unsqueeze(0)  # [1, 6]: two sequences of 3
        positions = torch.arange(3, device=self.device).repeat(2).unsqueeze(0)
        together, alone = self._hidden(tokens, positions)[:, 3:], self._hidden(tokens[:, 3:])
        tolerance = _tolerance(alone)
        if not torch.allclose(together, alone, rtol=tolerance, atol=tolerance):
            raise ConfigError(
                f"learner.layout is 'packed', but {type(self.backbone).__name__} lets packed sequences see each other "
                f"(hidden states differ by {float((together - alone).abs().max()):.2g}); set learner.layout: padded"
            )

    @torch.no_grad()
    def _check(self, model: PreTrainedModel) -> None:
        size = self.head.weight.shape[0]
        tokens = torch.arange(4, device=self.device).remainder(size).unsqueeze(0)  # [1, 4]
        try:
            hidden = self._hidden(tokens)[0, :-1]
            logits = model(input_ids=tokens, attention_mask=torch.ones_like(tokens), use_cache=False).logits[0, :-1]
        except torch.OutOfMemoryError:
            raise
        except (RuntimeError, IndexError) as error:  # torch raises these for mismatched shapes
            raise ConfigError(
                f"{type(model).__name__} cannot compute {tokens.shape[1]} tokens, its shape does not hold together: "
                f"{error}; change model.init, or load another model"
            ) from error
        ours, _ = self._head(hidden, tokens[0, 1:], temperature=1.0, entropy=False)
        logits = logits.to(ours.dtype)
        theirs = torch.log_softmax(logits, -1).gather(1, tokens[0, 1:, None]).squeeze(1)
        if not bool(torch.isfinite(theirs).all()):
            raise ConfigError("the model's logits are not finite numbers; its weights are broken: load other ones")
        tolerance = _tolerance(hidden)
        if not torch.allclose(ours, theirs, rtol=tolerance, atol=tolerance):
            raise ConfigError(
                f"the output head of {type(model).__name__} computes something other than a linear layer, a scale and "
                f"a soft cap: its log-probabilities are {theirs.tolist()}, those of the parts {ours.tolist()}; "
                "the learner cannot train this architecture"
            )


@contextmanager
def any_shape(device: torch.device) -> Iterator[None]:
    """Disable cuDNN attention, which builds a plan for every new batch shape (some 60 ms each way on an H100).

    Micro-batches rarely share a shape. The setting is process-wide and covers recomputation in backward passes. No
    effect on a CPU.
    """
    if device.type != "cuda":
        yield
        return
    with sdpa_kernel([SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]):
        yield


def _tolerance(values: Tensor) -> float:
    return 1e-3 if values.dtype in (torch.float32, torch.float64) else 5e-2


def _spread(values: Tensor, place: Tensor, like: Tensor) -> Tensor:
    """Scatter the values of loss tokens [N] into zeros shaped like `like` [b, t]."""
    return values.new_zeros(like.numel()).index_copy(0, place, values).view(like.shape)
