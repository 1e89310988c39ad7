"""The engine at work: passes saved, weights that change, modules that are shared, generations that end early."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from rlvr.compute_thread import on_compute_thread
from rlvr.errors import RolloutError
from rlvr.rollout.decode_batch import DecodeBatch
from rlvr.rollout.decoder import Decoder
from rlvr.rollout.forward import CausalModel
from rlvr.rollout.transformers_engine import TransformersEngine
from rlvr.types import RolloutRequest
from tests.rlvr.rollout.tiny import PROMPTS, fresh_logprobs, generate, prompt, requests, tiny_model, uneven
from tests.waiting import happens

# --- the work that is saved -----------------------------------------------------------------------------------------


def count_tokens(model: PreTrainedModel) -> list[tuple[int, int]]:
    """The shape of the tokens of every pass from now on."""
    shapes: list[tuple[int, int]] = []
    model.register_forward_pre_hook(
        lambda _module, args, options: shapes.append(tuple((args[0] if args else options["input_ids"]).shape)),
        with_kwargs=True,
    )
    return shapes


@pytest.mark.parametrize("max_batch", [64, 6])
def test_a_prompt_is_computed_once_whatever_the_number_of_samples(max_batch: int) -> None:
    model = tiny_model(eos_token_id=None)
    engine = TransformersEngine(model, None, max_batch=max_batch)
    generate(engine, requests([prompt(2)], max_tokens=1))
    shapes = count_tokens(model)
    generate(engine, requests([prompt(20), prompt(20, salt=1)], samples=10, max_tokens=4))
    prefilled = [shape for shape in shapes if shape[1] > 1]
    assert sum(rows for rows, _ in prefilled) == 2
    assert all(width == 19 for _, width in prefilled), "the last token of a prompt goes through the first step"


def test_finished_rows_leave_and_waiting_requests_take_their_places() -> None:
    model = tiny_model(eos_token_id=None)
    engine = TransformersEngine(model, None, max_batch=8)
    generate(engine, requests([prompt(2)], max_tokens=1))
    shapes = count_tokens(model)
    limits = [40, *[5] * 32]
    wanted = [
        replace(request, sampling=replace(request.sampling, max_tokens=limit))
        for request, limit in zip(requests([prompt(5)], samples=33), limits, strict=True)
    ]
    finished = generate(engine, wanted)
    steps = [rows for rows, width in shapes if width == 1]
    assert len(finished) == 33
    assert sum(steps) == sum(limits), "no row is computed after its end"
    assert len(steps) == 40, "short responses ran in the places beside the long one"


def test_many_prompts_are_computed_in_bounded_passes() -> None:
    model = tiny_model(max_position_embeddings=2048)
    engine = TransformersEngine(model, None, max_batch=64)
    generate(engine, requests([prompt(2)], max_tokens=1))
    shapes = count_tokens(model)
    wanted = requests([prompt(10 + 60 * i, salt=i) for i in range(20)], max_tokens=2, temperature=0.7)
    finished = generate(engine, wanted)
    assert max(rows * width for rows, width in shapes) <= 4096
    assert sum(width > 1 for _, width in shapes) < 8, "and not one by one"
    for completion in finished[::6]:
        assert completion.logprobs == pytest.approx(fresh_logprobs(model, completion), abs=1e-4)


# --- weights and modules --------------------------------------------------------------------------------------------


class Buckets:
    """A weight source in pieces of one tensor."""

    module: nn.Module | None = None

    def __init__(self, tensors: dict[str, Tensor]) -> None:
        self.tensors = tensors

    def buckets(self) -> Iterator[list[tuple[str, Tensor]]]:
        for item in self.tensors.items():
            yield [item]


def test_weights_of_another_module_are_copied_and_cast() -> None:
    ours, theirs = tiny_model(seed=0), tiny_model(seed=1).double()
    engine = TransformersEngine(ours, None)
    asyncio.run(engine.load_weights(Buckets(theirs.state_dict()), 4))
    assert engine.version == 4
    completion = generate(engine, requests([prompt(4)]))[0]
    assert completion.policy_versions == (4,) * len(completion.token_ids)
    assert completion.logprobs == pytest.approx(fresh_logprobs(theirs, completion), abs=1e-4)
    assert ours.dtype == torch.float32


def test_tied_weights_may_come_once() -> None:
    ours, theirs = (tiny_model(seed=seed, tie_word_embeddings=True) for seed in (0, 1))
    state = theirs.state_dict()
    del state["lm_head.weight"]
    engine = TransformersEngine(ours, None)
    asyncio.run(engine.load_weights(Buckets(state), 1))
    completion = generate(engine, requests([prompt(4)]))[0]
    assert completion.logprobs == pytest.approx(fresh_logprobs(theirs, completion), abs=1e-4)


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (lambda state: state.pop("model.norm.weight"), "leave out"),
        (lambda state: state.update({"extra": torch.zeros(1)}), "'extra'"),
        (lambda state: state.update({"model.norm.weight": torch.zeros(3)}), r"shape \(3,\)"),
    ],
)
def test_weights_that_do_not_fit_are_refused_and_nothing_is_sampled_until_some_do(spoil, word: str) -> None:
    engine = TransformersEngine(tiny_model(), None)
    state = tiny_model(seed=1).state_dict()
    spoil(state)
    with pytest.raises(RolloutError, match=word):
        asyncio.run(engine.load_weights(Buckets(state), 1))
    assert engine.version == 0
    with pytest.raises(RolloutError, match="half replaced"):
        generate(engine, requests([prompt(3)]))
    asyncio.run(engine.load_weights(Buckets(tiny_model(seed=1).state_dict()), 2))
    assert len(generate(engine, requests([prompt(3)]))) == 1


def test_from_the_module_that_it_samples_from_only_the_version_moves() -> None:
    model = tiny_model()
    source = Buckets({})
    source.module = model
    engine = TransformersEngine(model, None)
    asyncio.run(engine.load_weights(source, 7))
    assert engine.version == 7


async def under_way(model: PreTrainedModel) -> None:
    """Wait until some tokens are sampled, however busy the machine is."""
    loop, made = asyncio.get_running_loop(), asyncio.Semaphore(0)

    def count(*_: object) -> None:
        loop.call_soon_threadsafe(made.release)

    hook = model.register_forward_hook(count)
    for _ in range(5):
        await asyncio.wait_for(made.acquire(), 300)
    hook.remove()


def test_each_token_says_which_version_sampled_it() -> None:
    model = tiny_model(eos_token_id=None, max_position_embeddings=4000)
    engine = TransformersEngine(model, None, max_batch=4)
    generate(engine, requests([prompt(2)], max_tokens=1))  # before its first generation it tries the model out
    source = Buckets({})
    source.module = model

    async def run() -> list[tuple[int, ...]]:
        async def collect() -> list[tuple[int, ...]]:
            return [c.policy_versions async for c in engine.generate(requests([prompt(3)], max_tokens=500))]

        sampling = asyncio.create_task(collect())
        await under_way(model)
        await engine.load_weights(source, 1)
        return await sampling

    versions = asyncio.run(run())[0]
    assert set(versions) == {0, 1}
    assert list(versions) == sorted(versions)


def test_weights_that_load_slowly_hold_up_a_generation_and_do_not_end_it() -> None:
    model, other = (tiny_model(seed=seed, eos_token_id=None, max_position_embeddings=4000) for seed in (0, 1))
    engine = TransformersEngine(model, None, max_batch=2)
    generate(engine, requests([prompt(2)], max_tokens=1))

    class Slow(Buckets):
        def buckets(self) -> Iterator[list[tuple[str, Tensor]]]:
            for bucket in super().buckets():
                time.sleep(0.01)
                yield bucket

    async def run() -> list[set[int]]:
        async def collect() -> list[set[int]]:
            wanted = requests([prompt(3)], samples=6, max_tokens=100)
            return [set(c.policy_versions) async for c in engine.generate(wanted)]

        sampling = [asyncio.create_task(collect()) for _ in range(3)]
        await under_way(model)
        await engine.load_weights(Slow(other.state_dict()), 1)
        return [versions for found in await asyncio.gather(*sampling) for versions in found]

    assert {version for versions in asyncio.run(run()) for version in versions} == {0, 1}


def test_sampling_leaves_no_trace_on_a_module_that_is_being_trained() -> None:
    model = tiny_model("gpt2", attn_pdrop=0.5, resid_pdrop=0.5, embd_pdrop=0.5).train()
    model.transformer.h[0].eval()  # a part that the learner keeps frozen
    modes = [module.training for module in model.modules()]
    before = [(p.requires_grad, p.grad, p._version) for p in model.parameters()]
    completion = generate(TransformersEngine(model, None), requests([prompt(4)], temperature=0.7))[0]
    assert [module.training for module in model.modules()] == modes
    assert [(p.requires_grad, p.grad, p._version) for p in model.parameters()] == before
    assert model.config._attn_implementation == "sdpa"
    loss = model(torch.tensor([completion.request.prompt_T])).logits.sum()
    loss.backward()
    assert all(p.grad is not None for p in model.parameters())
    assert completion.logprobs == pytest.approx(fresh_logprobs(model.eval(), completion), abs=1e-4), "no dropout"


def test_gradient_checkpointing_stays_on_and_out_of_the_way() -> None:
    model = tiny_model("llama").train()
    model.gradient_checkpointing_enable()
    completion = generate(TransformersEngine(model, None), requests([prompt(4)], temperature=0.7))[0]
    assert model.is_gradient_checkpointing
    assert completion.logprobs == pytest.approx(fresh_logprobs(model.eval(), completion), abs=1e-4)


def test_an_adapter_is_in_effect() -> None:
    peft = pytest.importorskip("peft")
    base = tiny_model("qwen3")
    plain = generate(TransformersEngine(base, None), requests([prompt(4)], temperature=0.7))[0]
    model = peft.get_peft_model(base, peft.LoraConfig(r=4, lora_dropout=0.5, target_modules=["q_proj", "v_proj"]))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.5)
    completion = generate(TransformersEngine(model, None), requests([prompt(4)], temperature=0.7))[0]
    assert completion.logprobs == pytest.approx(fresh_logprobs(model.eval(), completion), abs=1e-4)
    assert completion.logprobs != pytest.approx(plain.logprobs, abs=1e-3)


def test_bfloat16_models_are_sampled_to_their_precision() -> None:
    model = tiny_model("qwen3").to(torch.bfloat16)
    for completion in generate(TransformersEngine(model, None, max_batch=5), uneven(temperature=0.7)):
        assert completion.logprobs == pytest.approx(fresh_logprobs(model, completion), abs=0.3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_gpu_gives_the_models_own_logprobs(require: Callable[[str], None], dtype: torch.dtype) -> None:
    require("cuda")
    model = tiny_model("qwen3").to("cuda", dtype)
    tolerance = 1e-4 if dtype == torch.float32 else 0.3
    for completion in generate(TransformersEngine(model, None, max_batch=5), uneven(temperature=0.7, top_p=1.0)):
        assert completion.logprobs == pytest.approx(fresh_logprobs(model, completion), abs=tolerance)


# --- life of a generation -------------------------------------------------------------------------------------------


def test_the_event_loop_stays_live_while_tokens_are_sampled() -> None:
    model = tiny_model(eos_token_id=None, max_position_embeddings=4000)
    engine = TransformersEngine(model, None)
    steps = count_tokens(model)

    async def run() -> int:
        seen: set[int] = set()

        async def tick() -> None:
            while True:
                seen.add(len(steps))
                await asyncio.sleep(0.001)

        ticking = asyncio.create_task(tick())
        async for _ in engine.generate(requests([prompt(3)], samples=4, max_tokens=600)):
            pass
        ticking.cancel()
        return len(seen)

    assert asyncio.run(run()) > 20, "of six hundred steps the event loop saw so few go by"


def test_completions_arrive_as_they_finish() -> None:
    model = tiny_model(eos_token_id=None, max_position_embeddings=4000)
    engine = TransformersEngine(model, None)
    steps = count_tokens(model)
    short, long = requests([prompt(3)], samples=2)
    long = replace(long, sampling=replace(long.sampling, max_tokens=500))

    async def run() -> list[tuple[int, int]]:
        return [(len(c.token_ids), len(steps)) async for c in engine.generate([long, short])]

    (first, early), (second, late) = asyncio.run(run())
    assert (first, second) == (20, 500)
    assert late - early > 200


def test_leaving_early_stops_the_sampling() -> None:
    model = tiny_model(eos_token_id=None, max_position_embeddings=8000)
    engine = TransformersEngine(model, None)
    shapes = count_tokens(model)

    async def run() -> int:
        short, long = requests([prompt(3)], samples=2)
        generation = engine.generate([replace(long, sampling=replace(long.sampling, max_tokens=7000)), short])
        async for _ in generation:
            break
        await generation.aclose()
        await on_compute_thread(lambda: None)  # whatever was under way is over
        seen = len(shapes)
        await asyncio.sleep(0.2)
        await on_compute_thread(lambda: None)
        assert len(shapes) == seen
        return seen

    assert asyncio.run(run()) < 3000


def test_a_cancelled_consumer_stops_the_sampling() -> None:
    model = tiny_model(eos_token_id=None, max_position_embeddings=8000)
    engine = TransformersEngine(model, None)
    steps = count_tokens(model)

    async def consume() -> None:
        async for _ in engine.generate(requests([prompt(3)], max_tokens=7000)):
            pass

    async def run() -> int:
        task = asyncio.create_task(consume())
        await happens(lambda: steps, "the first step")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await on_compute_thread(lambda: None)
        return len(steps)

    assert asyncio.run(run()) < 3000, "of seven thousand"
    assert len(generate(engine, requests([prompt(3)]))) == 1, "the engine goes on"


def test_two_generations_at_once_do_not_mix() -> None:
    model = tiny_model()
    engine = TransformersEngine(model, None, max_batch=4)
    one, other = requests(PROMPTS, samples=2, seed=1), requests(PROMPTS, samples=2, seed=2)

    async def run() -> list[list[tuple[int, ...]]]:
        async def collect(wanted: list[RolloutRequest]) -> list[tuple[int, ...]]:
            done = {(c.request.draw_index, c.request.sample_index): c async for c in engine.generate(wanted)}
            return [done[r.draw_index, r.sample_index].token_ids for r in wanted]

        return await asyncio.gather(collect(one), collect(other))

    assert asyncio.run(run()) == [[c.token_ids for c in generate(engine, wanted)] for wanted in (one, other)]


def test_memory_of_finished_rows_is_used_again() -> None:
    model = tiny_model(eos_token_id=None, max_position_embeddings=4000)
    limits = [600, *[3] * 63]
    wanted = [
        replace(request, sampling=replace(request.sampling, max_tokens=limit))
        for request, limit in zip(requests([prompt(5)], samples=64), limits, strict=True)
    ]
    causal = CausalModel(model)
    batch = DecodeBatch(
        causal,
        wanted,
        decoder=Decoder(causal, 64),
        end_tokens=(),
        slots=64,
        version=lambda: 0,
        stop_strings=lambda _stop: None,
    )
    largest = 0
    while not batch.done:
        batch.advance(0.0)
        largest = max(largest, batch._cache.nbytes)
    row = 2 * 2 * 2 * 8 * 4  # layers, keys and values, heads, width, bytes
    assert largest < row * 64 * 100, "not 64 rows of 600 columns"
    assert batch._cache.nbytes < row * 1000


def test_a_closed_engine_refuses() -> None:
    engine = TransformersEngine(tiny_model(), None)
    asyncio.run(engine.close())
    with pytest.raises(RolloutError, match="closed"):
        generate(engine, requests([prompt(3)]))


def test_a_module_that_is_no_transformers_model_is_refused() -> None:
    with pytest.raises(RolloutError, match="Linear"):
        TransformersEngine(nn.Linear(2, 2), None)
