"""What the engine draws equals what the model says: log-probabilities, greedy tokens, independence of the batch."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from rewards.types import Finish
from rlvr.errors import RolloutError
from rlvr.rollout.sampling import RowParameters, UniformStream, sample
from rlvr.rollout.transformers_engine import TransformersEngine
from rlvr.tokenizers import character_tokenizer
from rlvr.types import SamplingParameters
from tests.rlvr.rollout.tiny import (
    END,
    PROMPTS,
    VOCABULARY,
    fresh_logprobs,
    generate,
    prompt,
    requests,
    tiny_model,
    uneven,
)

# --- the same as a plain pass ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ["llama", "qwen3", "gpt2", "mistral", "gemma3_text"])
@pytest.mark.parametrize("max_batch", [5, 64])
def test_sampled_logprobs_equal_a_fresh_pass(architecture: str, max_batch: int) -> None:
    model = tiny_model(architecture)
    engine = TransformersEngine(model, None, max_batch=max_batch)
    for completion in generate(engine, uneven(temperature=0.7)):
        assert completion.logprobs == pytest.approx(fresh_logprobs(model, completion), abs=1e-4)


@pytest.mark.parametrize("lengths", [(5, 9), (7, 7)])  # equal prompts need no mask
def test_a_model_that_picks_its_attention_by_name_gets_one_it_knows(lengths: tuple[int, int]) -> None:
    model = tiny_model("falcon", ffn_hidden_size=64)
    wanted = requests([prompt(length, salt) for salt, length in enumerate(lengths)], samples=2, temperature=0.7)
    for completion in generate(TransformersEngine(model, None), wanted):
        assert completion.logprobs == pytest.approx(fresh_logprobs(model, completion), abs=1e-4)


def test_eager_attention_gives_the_same() -> None:
    model = tiny_model("qwen3", attn_implementation="eager")
    assert model.config._attn_implementation == "eager"
    for completion in generate(TransformersEngine(model, None, max_batch=5), uneven(temperature=0.7)):
        assert completion.logprobs == pytest.approx(fresh_logprobs(model, completion), abs=1e-4)


@pytest.mark.parametrize("architecture", ["llama", "qwen3", "gpt2", "mistral", "gemma3_text"])
def test_greedy_equals_generate_token_for_token(architecture: str) -> None:
    model = tiny_model(architecture)
    engine = TransformersEngine(model, None, max_batch=4)
    for completion in generate(engine, requests(PROMPTS, temperature=0.0, max_tokens=25)):
        given = torch.tensor([completion.request.prompt_T])
        whole = model.generate(
            given, attention_mask=torch.ones_like(given), do_sample=False, max_new_tokens=25, pad_token_id=0
        )
        assert list(completion.token_ids) == whole[0, given.shape[1] :].tolist()
        assert completion.logprobs == pytest.approx(fresh_logprobs(model, completion), abs=1e-4)


def test_tokens_are_drawn_by_the_requests_own_random_numbers() -> None:
    model = tiny_model("llama")
    engine = TransformersEngine(model, None, max_batch=3)
    for completion in generate(engine, uneven(temperature=0.7, top_k=20, top_p=0.9)):
        request = completion.request
        uniforms = UniformStream.of(request).take(len(completion.token_ids))
        tokens = list(request.prompt_T)
        for token, uniform in zip(completion.token_ids, uniforms, strict=True):
            with torch.no_grad():
                logits = model(torch.tensor([tokens])).logits[:, -1]
            expected, _ = sample(logits, RowParameters.of([request.sampling]), torch.tensor([uniform]))
            assert token == expected.item()
            tokens.append(token)


def test_top_p_logprobs_are_of_the_renormalised_distribution() -> None:
    model = tiny_model()
    completion = generate(TransformersEngine(model, None), requests(PROMPTS[:1], temperature=0.7, top_p=0.5))[0]
    plain = fresh_logprobs(model, completion)
    assert all(ours >= theirs - 1e-5 for ours, theirs in zip(completion.logprobs, plain, strict=True))
    assert sum(completion.logprobs) > sum(plain) + 0.1


# --- independent of the batch ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ["llama", "gpt2", "gemma3_text"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_sample_is_the_same_alone_and_in_any_batch(architecture: str, dtype: torch.dtype) -> None:
    model = tiny_model(architecture).to(dtype)
    wanted = uneven(temperature=1.0)
    together = generate(TransformersEngine(model, None, max_batch=64), wanted)
    for max_batch, order in ((1, wanted), (3, wanted[::-1]), (7, sorted(wanted, key=lambda r: r.sample_index))):
        alone = {c.request: c for c in generate(TransformersEngine(model, None, max_batch=max_batch), order)}
        for completion in together:
            assert alone[completion.request].token_ids == completion.token_ids
            assert alone[completion.request].logprobs == pytest.approx(completion.logprobs, abs=1e-4)


def test_the_same_requests_give_the_same_bits() -> None:
    model = tiny_model()
    first, second = (generate(TransformersEngine(model, None, max_batch=5), uneven()) for _ in range(2))
    assert first == second


def test_requests_with_different_parameters_share_a_batch() -> None:
    model = tiny_model()
    parameters = [
        SamplingParameters(temperature=0.0, max_tokens=9),
        SamplingParameters(temperature=0.5, max_tokens=12),
        SamplingParameters(temperature=1.0, top_k=3, max_tokens=10),
        SamplingParameters(temperature=1.2, top_p=0.7, min_p=0.02, max_tokens=11),
    ]
    wanted = [replace(r, sampling=parameters[i % 4]) for i, r in enumerate(requests(PROMPTS, samples=2))]
    together = generate(TransformersEngine(model, None, max_batch=8), wanted)
    alone = [generate(TransformersEngine(model, None), [request])[0] for request in wanted]
    assert [c.token_ids for c in together] == [c.token_ids for c in alone]


# --- how responses end ----------------------------------------------------------------------------------------------


def test_a_response_ends_with_its_end_token_or_at_its_limit() -> None:
    model = tiny_model(sharpness=1.0)  # nearly uniform: an end token about every 61 tokens
    seen = set()
    for completion in generate(TransformersEngine(model, None), requests(PROMPTS, samples=8, max_tokens=40)):
        ids = completion.token_ids
        seen.add(completion.finish)
        assert END not in ids[:-1]
        assert (completion.finish is Finish.STOP) == (ids[-1] == END)
        assert len(ids) == 40 or completion.finish is Finish.STOP
        assert completion.loss_mask == (True,) * len(ids)
    assert seen == {Finish.STOP, Finish.LENGTH}


def test_several_end_tokens_of_the_generation_config_all_end() -> None:
    model = tiny_model(sharpness=1.0)
    model.generation_config.eos_token_id = [5, 6, 7]
    finished = generate(TransformersEngine(model, None), requests(PROMPTS, samples=8, max_tokens=60))
    last = {c.token_ids[-1] for c in finished if c.finish is Finish.STOP}
    assert last == {5, 6, 7}
    assert any(END in c.token_ids[:-1] for c in finished), "what the generation config leaves out is no end"


def test_the_tokenizers_end_token_ends_where_the_model_declares_none() -> None:
    model = tiny_model(sharpness=1.0, eos_token_id=None)
    model.generation_config = None
    tokenizer = character_tokenizer("abcdefgh")
    engine = TransformersEngine(model, tokenizer)
    assert engine.end_tokens == (tokenizer.eos_token_id,)
    finished = generate(engine, requests(PROMPTS, samples=4, max_tokens=80))
    assert {c.token_ids[-1] for c in finished if c.finish is Finish.STOP} == {tokenizer.eos_token_id}


def test_stop_strings_end_a_response_and_are_kept() -> None:
    characters = "abcdefghijklmnopqrstuvwxyz0123456789"
    tokenizer = character_tokenizer(characters)
    model = tiny_model(sharpness=1.0, vocab_size=len(tokenizer), eos_token_id=None)
    stops = ("a", "bc", "7")
    finished = generate(TransformersEngine(model, tokenizer), requests([(3, 9, 5)], samples=40, stop=stops))
    ended = 0
    for completion in finished:
        text = tokenizer.decode(completion.token_ids, skip_special_tokens=True)
        before = tokenizer.decode(completion.token_ids[:-1], skip_special_tokens=True)
        assert not any(stop in before for stop in stops)
        if completion.finish is Finish.STOP and completion.token_ids[-1] != tokenizer.eos_token_id:
            ended += 1
            assert any(text.endswith(stop) for stop in stops)
    assert ended > 10


def test_an_end_that_falls_on_the_last_token_allowed_is_a_stop() -> None:
    tokenizer = character_tokenizer("abcdefghijklmnopqrstuvwxyz0123456789")
    model = tiny_model(sharpness=1.0, vocab_size=len(tokenizer))
    engine = TransformersEngine(model, tokenizer)
    long = generate(engine, requests([(3, 9, 5)], samples=40, stop=("a", "bc"), max_tokens=40))
    ended = [completion for completion in long if completion.finish is Finish.STOP]
    assert len({completion.token_ids[-1] for completion in ended}) >= 3, "end tokens and both strings"
    for room, finish in ((0, Finish.STOP), (1, Finish.LENGTH)):
        cut = []
        for completion in ended:
            limit = max(len(completion.token_ids) - room, 1)
            sampling = replace(completion.request.sampling, max_tokens=limit)
            cut.append(replace(completion.request, sampling=sampling))
        for whole, completion in zip(ended, generate(engine, cut), strict=True):
            assert completion.token_ids == whole.token_ids[: completion.request.sampling.max_tokens]
            assert completion.finish is (Finish.STOP if len(whole.token_ids) == 1 else finish)


# --- refused before a token is sampled ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"prompt_T": prompt(100)}, ["prompt 1", "100 tokens", "max_tokens is 40", "128 positions"]),
        ({"prompt_T": ()}, ["prompt 1", "empty"]),
        ({"prompt_T": (3, VOCABULARY)}, ["prompt 1", f"0 to {VOCABULARY - 1}"]),
        ({"prompt_T": (3, -1)}, ["prompt 1"]),
        ({"sampling": SamplingParameters(top_p=0.0)}, ["top_p"]),
        ({"sampling": SamplingParameters(stop=("x",), max_tokens=9)}, ["tokenizer"]),
        ({"adapter": "math"}, ["adapter 'math'"]),
    ],
)
@pytest.mark.parametrize("architecture", ["llama", "gpt2"])
def test_a_request_that_cannot_be_is_refused_before_sampling(
    architecture: str, change: dict[str, object], words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny_model(architecture)
    monkeypatch.setattr(model, "forward", lambda *_a, **_k: pytest.fail("the model was called"))
    good, bad = requests([prompt(3), prompt(4)], max_tokens=40)
    with pytest.raises(RolloutError) as caught:
        generate(TransformersEngine(model, None), [good, replace(bad, **change)])  # type: ignore[arg-type]
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_prompt_and_response_may_fill_the_models_positions_to_the_last() -> None:
    model = tiny_model("gpt2", eos_token_id=None)
    completion = generate(TransformersEngine(model, None), requests([prompt(100)], max_tokens=28))[0]
    assert len(completion.token_ids) == 28
    assert completion.logprobs == pytest.approx(fresh_logprobs(model, completion), abs=1e-4)


def test_a_rotation_that_changes_with_length_limits_the_positions() -> None:
    rotation = {"rope_type": "longrope", "rope_theta": 1e4, "short_factor": [1.0] * 4, "long_factor": [2.0] * 4}
    rotation |= {"factor": 4.0, "original_max_position_embeddings": 32}
    model = tiny_model("phi3", rope_parameters=rotation, original_max_position_embeddings=32)
    engine = TransformersEngine(model, None)
    for completion in generate(engine, requests([prompt(12), prompt(3)], max_tokens=20, temperature=0.7)):
        assert completion.logprobs == pytest.approx(fresh_logprobs(model, completion), abs=1e-4)
    with pytest.raises(RolloutError, match="32 positions"):
        generate(engine, requests([prompt(12)], max_tokens=21))


def test_a_model_with_a_recurrent_state_is_refused() -> None:
    with pytest.raises(RolloutError, match="linear_attention"):
        TransformersEngine(tiny_model("qwen3_next"), None)


def test_a_model_that_cannot_be_padded_is_refused_before_sampling() -> None:
    engine = TransformersEngine(tiny_model("bloom"), None)  # its bias is made from a two-dimensional mask
    with pytest.raises(RolloutError, match="BloomForCausalLM cannot be sampled in batches"):
        generate(engine, requests([prompt(3)]))


def test_a_model_that_ignores_positions_is_found_out() -> None:
    model = tiny_model("llama")
    forward = model.forward

    def positions_from_the_left(input_ids: Tensor, position_ids: Tensor | None = None, **options: object) -> object:
        if position_ids is not None and position_ids.shape[1] > 1:
            position_ids = torch.arange(input_ids.shape[1]).expand_as(position_ids)
        return forward(input_ids=input_ids, position_ids=position_ids, **options)

    model.forward = positions_from_the_left
    with pytest.raises(RolloutError, match="other logits than alone"):
        generate(TransformersEngine(model, None), requests([prompt(3)]))


def test_a_model_that_is_not_causal_without_a_mask_is_found_out() -> None:
    model = tiny_model("llama")
    forward = model.forward

    def sees_all(input_ids: Tensor, attention_mask: Tensor | None = None, **options: object) -> object:
        if attention_mask is None:
            count = input_ids.shape[1]
            attention_mask = torch.zeros(1, 1, count, count)
        return forward(input_ids=input_ids, attention_mask=attention_mask, **options)

    model.forward = sees_all
    with pytest.raises(RolloutError, match="other logits than alone"):
        generate(TransformersEngine(model, None), requests([prompt(3)]))


def test_weights_that_are_not_numbers_are_reported() -> None:
    model = tiny_model()
    engine = TransformersEngine(model, None)
    generate(engine, requests([prompt(3)], max_tokens=2))
    with torch.no_grad():
        model.lm_head.weight[7, 0] = torch.nan
    for sampling in ({}, {"top_k": 2}, {"top_p": 0.5}, {"temperature": 0.0}):
        with pytest.raises(RolloutError, match="not finite numbers in 2 of 2 rows"):
            generate(engine, requests([prompt(3), prompt(4)], **sampling))
