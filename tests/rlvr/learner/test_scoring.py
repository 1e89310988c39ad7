"""Output heads of several families, precision of the head, and agreement with the engine that samples."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
import torch
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM

from rlvr.errors import ConfigError
from rlvr.learner.learner_config import LearnerConfig, OptimizerConfig
from rlvr.learner.packing import micro_batches
from rlvr.learner.scoring import ScoredModel, any_shape
from rlvr.learner.torch_learner import TorchLearner
from rlvr.model_config import LoraSettings
from rlvr.rollout.transformers_engine import TransformersEngine
from rlvr.types import Batch, Completion, Outputs, Role, RolloutRequest, SamplingParameters
from tests.rlvr.learner.small_models import TOKENIZER, batch_of, small_model

SIZES = {"vocab_size": 40, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
FAMILIES = {
    "gemma2": {"final_logit_softcapping": 1.5, "head_dim": 8, "num_key_value_heads": 2},
    "gemma3_text": {"head_dim": 8, "num_key_value_heads": 2},
    "cohere": {"logit_scale": 0.3, "pad_token_id": 0},
    "granite": {"logits_scaling": 4.0},
    "phi": {},  # a head with a bias
    "gpt_neox": {},
    "olmo2": {"pad_token_id": 0},
    "phi3": {"pad_token_id": 0},
    "qwen2": {"num_key_value_heads": 2},
}


def family(name: str) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(name, **SIZES, **FAMILIES[name])).eval()
        with torch.no_grad():  # large logits, so that a soft cap, a scale and a bias are seen
            for parameter in model.parameters():
                parameter.mul_(5.0 if parameter.ndim > 1 else 1.0)
            if model.get_output_embeddings().bias is not None:
                model.get_output_embeddings().bias.normal_()
    assert isinstance(model, nn.Module)
    return model


@pytest.mark.parametrize("name", FAMILIES)
def test_scores_are_those_of_the_model_s_own_logits(name: str) -> None:
    model, batch = family(name), batch_of([9, 6, 4], temperature=0.7)
    scored = ScoredModel.of(model)
    (micro,) = micro_batches(batch, tokens=100, layout="padded")
    logprobs, entropy = scored.scores(micro, entropy=True)
    assert entropy is not None
    logp = torch.log_softmax(model(input_ids=micro.batch.tokens).logits[:, :-1] / 0.7, -1)
    mask = micro.batch.loss_mask[:, 1:]
    expected = logp.gather(2, micro.batch.tokens[:, 1:, None]).squeeze(2)
    torch.testing.assert_close(logprobs[:, 1:][mask], expected[mask], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(entropy[:, 1:][mask], -(logp.exp() * logp).sum(-1)[mask], rtol=1e-4, atol=1e-4)


def test_a_head_that_does_something_else_is_refused_at_the_start() -> None:
    model = small_model()
    head = model.get_output_embeddings()  # type: ignore[operator]
    head.register_forward_hook(lambda _module, _inputs, logits: logits.flip(-1))
    with pytest.raises(ConfigError, match="cannot train this architecture"):
        TorchLearner(model, optimizer=OptimizerConfig(), total_steps=1)


def test_adapters_on_the_head_are_refused_at_the_start() -> None:
    with pytest.raises(ConfigError, match=r"model\.lora\.targets"):
        small_model(lora=LoraSettings(rank=2, targets=("q_proj", "lm_head")))


def test_an_fp32_head_gives_engine_and_learner_float32_logits() -> None:
    """In bfloat16 the logits themselves are rounded; with an fp32 head only what comes before them is."""
    model = small_model(dtype="bfloat16", fp32_head=True).eval()
    batch = batch_of([9, 6, 4])
    (micro,) = micro_batches(batch, tokens=100, layout="padded")
    with torch.no_grad():
        logits = model(input_ids=micro.batch.tokens).logits
        logprobs, _ = ScoredModel.of(model).scores(micro, entropy=False)
    assert logits.dtype == torch.float32
    logp = torch.log_softmax(logits[:, :-1], -1).gather(2, micro.batch.tokens[:, 1:, None]).squeeze(2)
    mask = micro.batch.loss_mask[:, 1:]
    torch.testing.assert_close(logprobs[:, 1:][mask], logp[mask], rtol=1e-5, atol=1e-5)


async def completions(engine: TransformersEngine, temperature: float) -> list[Completion]:
    random = np.random.default_rng(3)
    requests = [
        RolloutRequest(
            prompt_T=tuple(random.integers(2, len(TOKENIZER), size=int(length)).tolist()),
            sampling=SamplingParameters(temperature=temperature, max_tokens=12),
            seed=7,
            draw_index=index,
            sample_index=0,
        )
        for index, length in enumerate(random.integers(2, 30, size=8))
    ]
    return [completion async for completion in engine.generate(requests)]


def as_batch(samples: list[Completion], temperature: float) -> Batch:
    """Prompts and responses, one a row, with what the engine recorded."""
    batch = batch_of([len(s.request.prompt_T) + len(s.token_ids) for s in samples], temperature=temperature)
    batch.loss_mask[:] = False
    batch.sampled_logprobs[:] = 0.0
    for row, sample in enumerate(samples):
        start, end = len(sample.request.prompt_T), len(sample.request.prompt_T) + len(sample.token_ids)
        batch.tokens[row, :end] = torch.tensor(sample.request.prompt_T + sample.token_ids)
        batch.loss_mask[row, start:end] = True
        batch.sampled_logprobs[row, start:end] = torch.tensor(sample.logprobs)
    return batch


@pytest.mark.parametrize("layout", ["padded", "packed"])
@pytest.mark.parametrize("architecture", ["llama", "qwen3", "gpt2"])
def test_a_fresh_pass_gives_the_log_probabilities_that_were_sampled(architecture: str, layout: str) -> None:
    async def main() -> None:
        model = small_model(architecture)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(3.0 if parameter.ndim > 1 else 1.0)
        config = LearnerConfig(layout=layout, micro_batch_tokens=100)  # type: ignore[arg-type]
        learner = TorchLearner(model, optimizer=OptimizerConfig(), config=config, total_steps=1)
        batch = as_batch(await completions(TransformersEngine(model, TOKENIZER), 0.7), 0.7)
        scores = await learner.score(batch, model=Role.POLICY, outputs=Outputs())
        assert float(batch.sampled_logprobs.min()) < -4.0  # not a uniform distribution
        torch.testing.assert_close(scores.logprobs, batch.sampled_logprobs, rtol=0, atol=1e-4)

    asyncio.run(main())


def test_passes_on_a_gpu_do_without_plans_for_each_shape() -> None:
    enabled = torch.backends.cuda.cudnn_sdp_enabled
    before = enabled()
    with any_shape(torch.device("cuda")):
        assert not enabled()
        assert torch.backends.cuda.flash_sdp_enabled()
    assert enabled() == before
    with any_shape(torch.device("cpu")):
        assert enabled() == before
