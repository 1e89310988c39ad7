"""Tokens per second of `TransformersEngine` and of `model.generate` of transformers.

Both sample the same number of tokens for each request, from the same model with random weights, at temperature 1
without filters. The response lengths come from one list, drawn in advance. Our engine gets each length as the request's
max_tokens. `generate` gets a stopping criterion that ends each row at its length, as an end token would (the row is
padded until the longest is done). No request knows the lengths of the others. No end token is set, so that no side ends
a response by chance. `generate` gets all rows in one batch, left padded, with attention mask and its default cache; our
engine gets the same rows with the same limit on its batch. Ours also returns log-probabilities, unlike `generate` here.

Rows: unequal lengths (log-normal, like reasoning responses), equal lengths, and many requests through a batch of
limited size, which `generate` takes batch by batch.

If torch sees a GPU, the model has the shape of Qwen2.5-0.5B, in bfloat16, and both sides run there (set
CUDA_VISIBLE_DEVICES to empty to prevent that), and `generate` runs a second time with a static cache, for which
transformers compiles the model. Each side samples a case once before it is timed, so that ours has recorded its graphs
and the other has compiled, as in every step of a run except the first.

    python bench/rollout.py [--quick] [--json FILE] [--threads N]
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from shared.harness import Row, main, row_of, seconds_of, turns
from transformers import LlamaConfig, LlamaForCausalLM, StoppingCriteria, StoppingCriteriaList

from rlvr.rollout.transformers_engine import TransformersEngine
from rlvr.types import RolloutRequest, SamplingParameters

VOCABULARY = 50_257  # GPT-2's
LARGE_VOCABULARY = 151_936  # Qwen2.5's
PROMPT_LENGTHS = (24, 64)
GROUP = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The prompts, each sampled GROUP times, and the length of every response."""

    prompts: tuple[tuple[int, ...], ...]
    lengths: tuple[int, ...]

    @classmethod
    def make(cls, *, groups: int, mean: int, longest: int, equal: bool, seed: int = 0) -> Work:
        random = np.random.default_rng(seed)
        prompts = tuple(
            tuple(random.integers(3, VOCABULARY, size=random.integers(*PROMPT_LENGTHS)).tolist()) for _ in range(groups)
        )
        drawn = random.lognormal(mean=np.log(mean) - 0.5 * 0.8**2, sigma=0.8, size=groups * GROUP)
        lengths = [mean] * len(drawn) if equal else np.clip(drawn.round(), 4, longest).astype(int).tolist()
        return cls(prompts=prompts, lengths=tuple(lengths))

    def requests(self) -> list[RolloutRequest]:
        return [
            RolloutRequest(
                prompt_T=self.prompts[row // GROUP],
                sampling=SamplingParameters(max_tokens=length),
                seed=0,
                draw_index=row // GROUP,
                sample_index=row % GROUP,
            )
            for row, length in enumerate(self.lengths)
        ]


def small() -> LlamaForCausalLM:
    """2.5 million parameters, nearly all of them in the vocabulary."""
    return _model(hidden_size=48, intermediate_size=128, num_hidden_layers=3, num_attention_heads=4)


def medium() -> LlamaForCausalLM:
    """29 million parameters, with three query heads to a key head."""
    return _model(
        hidden_size=384,
        intermediate_size=1024,
        num_hidden_layers=6,
        num_attention_heads=6,
        num_key_value_heads=2,
    )


def large() -> LlamaForCausalLM:
    """494 million parameters, the shape of Qwen2.5-0.5B: seven query heads to a key head. On the GPU, in bfloat16."""
    with torch.device("cuda"):
        model = _model(
            vocab_size=LARGE_VOCABULARY,
            hidden_size=896,
            intermediate_size=4864,
            num_hidden_layers=24,
            num_attention_heads=14,
            num_key_value_heads=2,
        )
    return model.to(torch.bfloat16)


def _model(**shape: int) -> LlamaForCausalLM:
    torch.manual_seed(0)
    fixed = {"vocab_size": VOCABULARY, "max_position_embeddings": 2048}
    config = LlamaConfig(tie_word_embeddings=True, eos_token_id=None, **{**fixed, **shape})
    return LlamaForCausalLM(config).eval()


def ours(engine: TransformersEngine, work: Work) -> float:
    """Tokens per second of our engine."""
    requests = work.requests()

    async def collect() -> int:
        return sum([len(completion.token_ids) async for completion in engine.generate(requests)])

    sampled = 0

    def run() -> None:
        nonlocal sampled
        sampled = asyncio.run(collect())

    seconds = seconds_of(run)
    assert sampled == sum(work.lengths)
    return sampled / seconds


class EndAt(StoppingCriteria):
    """Ends each row at its own length, as an end token would."""

    def __init__(self, start: int, lengths: Sequence[int], device: torch.device) -> None:
        self._ends = start + torch.tensor(lengths, device=device)

    def __call__(self, input_ids: torch.Tensor, _scores: object, **_options: object) -> torch.Tensor:
        return input_ids.shape[1] >= self._ends


def generate(model: LlamaForCausalLM, work: Work, batch: int, cache: str | None = None) -> float:
    """Tokens per second of `model.generate`, `batch` rows at a time. `cache` is its `cache_implementation`."""

    def run() -> None:
        for first in range(0, len(work.lengths), batch):
            lengths = work.lengths[first : first + batch]
            prompts = [work.prompts[row // GROUP] for row in range(first, first + len(lengths))]
            width = max(map(len, prompts))
            tokens = torch.tensor([[0] * (width - len(p)) + list(p) for p in prompts], device=model.device)
            mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts], device=model.device)
            tokens = model.generate(
                tokens,
                attention_mask=mask,
                do_sample=True,
                temperature=1.0,
                top_k=0,
                top_p=1.0,
                max_new_tokens=max(lengths),
                pad_token_id=0,
                cache_implementation=cache,
                stopping_criteria=StoppingCriteriaList([EndAt(width, lengths, model.device)]),
            )
        tokens.cpu()  # a GPU may not be done yet

    return sum(work.lengths) / seconds_of(run)


def measure(quick: bool) -> Iterator[Row]:
    groups, mean, rounds = 4, 16 if quick else 40, 2 if quick else 5
    models = {"2.5M": small, "29M": medium}
    if on_gpu := torch.cuda.is_available():
        groups, mean, models = 16, 64, {"0.5B bfloat16, GPU": large}
    for name, make in models.items():
        model = make()
        longest = 4 * mean
        rows = groups * GROUP
        cases = {
            f"{rows} unequal responses": (Work.make(groups=groups, mean=mean, longest=longest, equal=False), rows),
            f"{rows} equal responses": (Work.make(groups=groups, mean=mean, longest=longest, equal=True), rows),
        }
        if not quick:
            many = Work.make(groups=2 * groups, mean=mean, longest=longest, equal=False, seed=1)
            cases[f"{2 * rows} unequal responses, {rows // 2} at once"] = (many, rows // 2)
        warm = Work.make(groups=1, mean=4, longest=8, equal=True)
        ours(TransformersEngine(model, None, max_batch=GROUP), warm)
        generate(model, warm, GROUP)
        for case, (work, batch) in cases.items():
            engine = TransformersEngine(model, None, max_batch=batch)
            sides = {
                "ours": lambda e=engine, w=work: ours(e, w),
                "transformers generate": lambda m=model, w=work, b=batch: generate(m, w, b),
            }
            if on_gpu:
                sides["transformers generate, static cache, compiled"] = lambda m=model, w=work, b=batch: generate(
                    m, w, b, cache="static"
                )
                turns(sides, rounds=1)
            values = turns(sides, rounds=rounds)
            yield row_of(f"rollout {name}, {case}", values, unit="tokens/s", better="higher")


if __name__ == "__main__":
    main(__doc__, measure)
