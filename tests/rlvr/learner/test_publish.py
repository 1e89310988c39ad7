"""What an engine receives: the live module in this process, merged weights in buckets elsewhere."""

from __future__ import annotations

import asyncio

import pytest
import torch
from torch import nn

from rlvr.algorithms.objective_spec import ObjectiveSpec
from rlvr.learner import weights as module
from rlvr.learner.learner_config import OptimizerConfig
from rlvr.learner.torch_learner import TorchLearner
from rlvr.learner.weights import LiveWeights
from rlvr.model_config import LoraSettings
from rlvr.protocols import WeightSource
from tests.rlvr.learner.small_models import batch_of, lora, small_model


class Elsewhere:
    """An engine in another process: it sees buckets only."""

    def __init__(self, model: nn.Module) -> None:
        self.model, self.version, self.buckets = model, -1, 0

    async def load_weights(self, weights: WeightSource, version: int) -> None:
        known = self.model.state_dict()
        with torch.no_grad():
            for bucket in weights.buckets():
                self.buckets += 1
                for name, tensor in bucket:
                    known[name].copy_(tensor)
        self.version = version


@pytest.mark.parametrize("adapters", [LoraSettings(), lora()], ids=["full", "lora"])
@pytest.mark.parametrize("architecture", ["llama", "gpt2"])
def test_an_engine_elsewhere_gets_the_trained_model(
    architecture: str, adapters: LoraSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BUCKET_BYTES", 10_000)
    learner = TorchLearner(small_model(architecture, lora=adapters), optimizer=OptimizerConfig(lr=1e-2), total_steps=10)
    batch, sink = batch_of([7, 12]), Elsewhere(small_model(architecture, seed=5))
    for _ in range(2):
        asyncio.run(learner.step(batch, ObjectiveSpec(surrogate="supervised")))
    asyncio.run(learner.publish(sink, 4))
    assert sink.version == 4
    assert sink.buckets > 2
    with torch.no_grad():
        ours, theirs = (m(input_ids=batch.tokens).logits for m in (learner.model, sink.model))
    torch.testing.assert_close(theirs, ours, rtol=1e-5, atol=1e-5)


def test_an_engine_in_the_process_gets_the_live_module() -> None:
    model = small_model()
    assert LiveWeights(model).module is model


def test_a_tied_weight_is_sent_once() -> None:
    names = [name for bucket in LiveWeights(small_model()).buckets() for name, _ in bucket]
    assert "model.embed_tokens.weight" in names
    assert "lm_head.weight" not in names
