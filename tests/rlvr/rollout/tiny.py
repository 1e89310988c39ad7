"""Tiny models and requests for the rollout tests, and the plain passes that engines are compared with."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from rlvr.protocols import RolloutEngine
from rlvr.types import Completion, RolloutRequest, SamplingParameters

VOCABULARY = 61
END = 2

SIZES: dict[str, dict[str, object]] = {
    "llama": {"num_key_value_heads": 2},
    "qwen3": {"num_key_value_heads": 2, "head_dim": 8},
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 128},
    "mistral": {"num_key_value_heads": 2, "sliding_window": 6},  # every layer looks back six tokens
    "gemma3_text": {  # one layer does, the other sees all
        "num_key_value_heads": 2,
        "head_dim": 8,
        "sliding_window": 6,
        "layer_types": ["sliding_attention", "full_attention"],
    },
    "falcon": {"new_decoder_architecture": True, "num_kv_heads": 2},  # picks its attention by the name in its config
    "phi3": {"num_key_value_heads": 2},
    "bloom": {"hidden_size": 32, "n_layer": 2, "n_head": 4},
    "qwen3_next": {"num_key_value_heads": 2, "head_dim": 8},
}
NO_SIZES = ("gpt2", "bloom")


def tiny_model(
    architecture: str = "llama", *, seed: int = 0, sharpness: float = 5.0, **settings: object
) -> PreTrainedModel:
    """Two layers of width 32. Weights are larger than at initialisation, so that attention and positions matter."""
    torch.manual_seed(seed)
    shape: dict[str, object] = {} if architecture in NO_SIZES else {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": 128,
    }  # fmt: skip
    tokens = {"vocab_size": VOCABULARY, "eos_token_id": END, "bos_token_id": 1, "pad_token_id": 0}
    config = AutoConfig.for_model(architecture, **{**shape, **tokens, **SIZES[architecture], **settings})
    model = AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.mul_(sharpness)
    return model.eval()


def prompt(length: int, salt: int = 0) -> tuple[int, ...]:
    return tuple((11 * i + 5 * salt) % (VOCABULARY - 3) + 3 for i in range(length))


def requests(
    prompts: Sequence[tuple[int, ...]], *, samples: int = 1, seed: int = 1, **sampling: object
) -> list[RolloutRequest]:
    """`samples` requests for each prompt."""
    parameters = SamplingParameters(**{"max_tokens": 20, **sampling})  # type: ignore[arg-type]
    return [
        RolloutRequest(prompt_T=tokens, sampling=parameters, seed=seed, draw_index=draw, sample_index=index)
        for draw, tokens in enumerate(prompts)
        for index in range(samples)
    ]


PROMPTS = [prompt(length, salt) for salt, length in enumerate((1, 9, 4, 17, 2, 30))]


def uneven(**sampling: object) -> list[RolloutRequest]:
    """Four samples of each prompt with unequal limits, so that rows leave and join all the time."""
    return [
        replace(request, sampling=replace(request.sampling, max_tokens=3 + (5 * request.sample_index + 7 * i) % 23))
        for i, request in enumerate(requests(PROMPTS, samples=4, **sampling))
    ]


def generate(engine: RolloutEngine, wanted: Sequence[RolloutRequest]) -> list[Completion]:
    """All completions, in the order of the requests."""

    async def collect() -> list[Completion]:
        return [completion async for completion in engine.generate(wanted)]

    done = {(c.request.draw_index, c.request.sample_index): c for c in asyncio.run(collect())}
    return [done[request.draw_index, request.sample_index] for request in wanted]


@torch.no_grad()
def fresh_logprobs(model: PreTrainedModel, completion: Completion) -> list[float]:
    """Log-probabilities of a completion's tokens by one plain pass over it alone, at its temperature."""
    given, sampled = completion.request.prompt_T, completion.token_ids
    logits = model(torch.tensor([given + sampled], device=model.device), use_cache=False).logits[0, len(given) - 1 : -1]
    temperature = completion.request.sampling.temperature or 1.0
    logprobs = torch.log_softmax(logits.double() / temperature, dim=-1)
    return [row[token].item() for row, token in zip(logprobs, sampled, strict=True)]
