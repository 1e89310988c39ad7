"""The gradient of an update does not depend on how its batch is cut, packed, ordered or padded; and nothing leaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from functools import cache

import pytest
import torch
from torch import Tensor, nn

from rlvr.algorithms.objective_spec import Divisor, ObjectiveSpec, Surrogate
from rlvr.algorithms.objectives import objective_loss
from rlvr.errors import ConfigError
from rlvr.learner.learner_config import Layout
from rlvr.learner.packing import micro_batches
from rlvr.learner.scoring import ScoredModel
from rlvr.types import Batch
from tests.rlvr.learner.small_models import batch_of, small_model

LENGTHS = [7, 12, 3, 20, 9, 9, 5]
ARCHITECTURES = ("llama", "qwen3", "gpt2")


@cache
def model_of(architecture: str, attention: str = "sdpa") -> nn.Module:
    return small_model(architecture, dtype="float64", attention=attention).eval()


def with_old(batch: Batch) -> Batch:
    """Old and reference log-probabilities near the model's own, so that ratios are clipped on both sides."""
    noise = torch.linspace(-0.6, 0.6, batch.tokens.numel(), dtype=torch.float64).view(batch.tokens.shape)
    return replace(
        batch,
        old_logprobs=torch.where(batch.loss_mask, -3.4 + noise, 0.0),
        reference_logprobs=torch.where(batch.loss_mask, -3.5 - noise.flip(1), 0.0),
        sampled_logprobs=torch.where(batch.loss_mask, -3.4 + 0.5 * noise.flip(0), 0.0),
        advantages=batch.advantages.double(),
    )


def gradient(model: nn.Module, batch: Batch, spec: ObjectiveSpec, *, tokens: int, layout: Layout) -> Tensor:
    scored = ScoredModel.of(model)
    model.zero_grad(set_to_none=True)
    for micro in micro_batches(batch, tokens=tokens, layout=layout):
        logprobs, entropy = scored.scores(micro, entropy=True)
        objective_loss(logprobs, micro.batch, spec, entropy)[0].backward()  # type: ignore[no-untyped-call]
    return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])


def reordered(batch: Batch) -> Batch:
    order = torch.tensor([3, 0, 6, 1, 5, 2, 4])
    return _each(batch, lambda tensor: tensor[order])


def wider(batch: Batch) -> Batch:
    fill = {"sequence_ids": -1, "group_ids": -1}
    values = {f.name: getattr(batch, f.name) for f in fields(Batch)}
    padded = {
        n: nn.functional.pad(t, (0, 11), value=fill.get(n, 0)) for n, t in values.items() if isinstance(t, Tensor)
    }
    return replace(batch, **padded)  # type: ignore[arg-type]


def _each(batch: Batch, change: Callable[[Tensor], Tensor]) -> Batch:
    values = {f.name: getattr(batch, f.name) for f in fields(Batch)}
    return replace(batch, **{n: change(t) for n, t in values.items() if isinstance(t, Tensor)})  # type: ignore[arg-type]


SPECS: dict[str, tuple[Surrogate, Divisor]] = {
    "tokens": ("clip", "tokens"),
    "sequence_tokens": ("clip", "sequence_tokens"),
    "max_tokens": ("reinforce", "max_tokens"),
    "sequences": ("sequence_clip", "sequences"),
}
CASES = [(architecture, "tokens") for architecture in ARCHITECTURES] + [("llama", name) for name in list(SPECS)[1:]]


@pytest.mark.parametrize(("architecture", "name"), CASES)
def test_gradient_is_the_same_for_any_split_packing_order_and_padding(architecture: str, name: str) -> None:
    surrogate, divide_by = SPECS[name]
    spec = ObjectiveSpec(
        surrogate=surrogate, divide_by=divide_by, max_response_tokens=20, kl_coefficient=0.1, entropy_coefficient=0.01
    )
    model, batch = model_of(architecture), with_old(batch_of(LENGTHS, temperature=0.7))
    expected = gradient(model, batch, spec, tokens=10**6, layout="padded")
    assert float(expected.norm()) > 1e-3
    for tokens in (1, 24, 41, 10**6):
        for layout in ("padded", "packed"):
            for change in (lambda b: b, reordered, wider):
                found = gradient(model, change(batch), spec, tokens=tokens, layout=layout)
                torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_eager_attention_keeps_packed_sequences_apart_too(architecture: str) -> None:
    batch, spec = with_old(batch_of(LENGTHS)), ObjectiveSpec()
    expected = gradient(model_of(architecture), batch, spec, tokens=1, layout="padded")
    found = gradient(model_of(architecture, "eager"), batch, spec, tokens=60, layout="packed")
    # Eager attention takes its softmax in float32 whatever the dtype, so elements agree to less than float64.
    assert float((found - expected).norm() / expected.norm()) < 1e-6


def test_the_gradient_equals_the_formula_on_full_logits() -> None:
    """No chunks, no micro-batches, no packing: one row at a time through the whole model."""
    model, batch = model_of("llama"), with_old(batch_of(LENGTHS, temperature=0.7))
    spec = ObjectiveSpec(importance_cap=None)
    found = gradient(model, batch, spec, tokens=30, layout="packed")
    model.zero_grad(set_to_none=True)
    loss = torch.zeros((), dtype=torch.float64)
    for row, length in enumerate(LENGTHS):
        logits = model(input_ids=batch.tokens[row : row + 1, :length]).logits[0, :-1] / 0.7
        new = torch.log_softmax(logits, -1).gather(1, batch.tokens[row, 1:length, None]).squeeze(1)
        mask, advantage = batch.loss_mask[row, 1:length], batch.advantages[row, 1:length]
        assert batch.old_logprobs is not None
        ratio = (new - batch.old_logprobs[row, 1:length]).exp()
        surrogate = torch.minimum(ratio * advantage, ratio.clamp(0.8, 1.2) * advantage)
        loss = loss - (surrogate * mask).sum() / batch.token_count
    loss.backward()  # type: ignore[no-untyped-call]
    expected = torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("architecture", [*ARCHITECTURES, "gemma2", "mistral"])
def test_no_attention_leaks_between_packed_sequences(architecture: str, attention: str) -> None:
    """Changing every token of one sequence leaves the log-probabilities of its neighbours as they are, bit for bit."""
    scored = ScoredModel.of(small_model(architecture, dtype="float64", attention=attention).eval())
    batch = batch_of([6, 6, 6, 6])
    (packed,) = micro_batches(batch, tokens=100, layout="packed", row_tokens=24)
    assert packed.batch.tokens.shape == (1, 24)
    with torch.no_grad():
        before, _ = scored.scores(packed, entropy=False)
        for victim in range(4):
            changed = packed.batch.tokens.clone()
            mine = packed.batch.sequence_ids == victim
            changed[mine] = (changed[mine] + 5).remainder(20) + 2
            after, _ = scored.scores(replace(packed, batch=replace(packed.batch, tokens=changed)), entropy=False)
            assert torch.equal(before[~mine], after[~mine])
            assert not torch.equal(before[mine], after[mine])


def test_a_model_that_lets_packed_sequences_see_each_other_is_refused() -> None:
    model = small_model("llama")
    scored = ScoredModel.of(model)
    scored.check_packing()

    def blind(_module: nn.Module, _args: object, kwargs: dict[str, object]) -> tuple[tuple[()], dict[str, object]]:
        return (), {**kwargs, "attention_mask": torch.ones_like(kwargs["input_ids"])}  # type: ignore[call-overload]

    hook = scored.backbone.register_forward_pre_hook(blind, with_kwargs=True)
    with pytest.raises(ConfigError, match=r"learner\.layout"):
        scored.check_packing()
    hook.remove()
