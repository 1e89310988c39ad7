"""Steps of fixed shapes give what plain steps give; recorded as CUDA graphs they give it again."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
import torch
from transformers import PreTrainedModel

from rlvr.rollout import decoder as decoder_module
from rlvr.rollout.decode_batch import DecodeBatch
from rlvr.rollout.decoder import Decoder
from rlvr.rollout.forward import CausalModel
from rlvr.rollout.transformers_engine import TransformersEngine
from rlvr.types import Completion, RolloutRequest
from tests.rlvr.rollout.tiny import fresh_logprobs, generate, prompt, requests, tiny_model, uneven

SLOTS = 7


def decoded(decoder: Decoder, model: CausalModel, wanted: Sequence[RolloutRequest]) -> list[Completion]:
    """All completions, in the order of the requests."""
    batch = DecodeBatch(
        model,
        wanted,
        decoder=decoder,
        end_tokens=(2,),
        slots=decoder.slots,
        version=lambda: 0,
        stop_strings=lambda _stop: None,  # type: ignore[arg-type,return-value]
    )
    found: list[Completion] = []
    while not batch.done:
        found += batch.advance(1.0)
    done = {(c.request.draw_index, c.request.sample_index): c for c in found}
    return [done[request.draw_index, request.sample_index] for request in wanted]


def mixed() -> list[RolloutRequest]:
    """Greedy and sampled rows in one batch, with two temperatures, some of them filtered."""
    ways: tuple[dict[str, float], ...] = ({"temperature": 0.0}, {"top_p": 0.9}, {"temperature": 0.5}, {"top_k": 5})
    return [
        replace(request, sampling=replace(request.sampling, **ways[request.sample_index]))  # type: ignore[arg-type]
        for request in uneven()
    ]


@pytest.mark.parametrize("architecture", ["llama", "gpt2", "mistral", "gemma3_text", "falcon"])
@pytest.mark.parametrize("wanted", [uneven, mixed, lambda: uneven(temperature=0.0)], ids=["drawn", "mixed", "greedy"])
def test_steps_of_fixed_shapes_give_what_plain_ones_give(
    architecture: str, wanted: Callable[[], list[RolloutRequest]]
) -> None:
    model = CausalModel(tiny_model(architecture).double())
    plain = decoded(Decoder(model, SLOTS, fixed=False), model, wanted())
    fixed = decoded(Decoder(model, SLOTS, fixed=True), model, wanted())
    for one, other in zip(plain, fixed, strict=True):
        assert one.token_ids == other.token_ids
        assert one.logprobs == pytest.approx(other.logprobs, abs=1e-9)


def test_a_decoder_that_starts_again_gives_what_a_new_one_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder_module, "columns_of_step", lambda count: count)
    model = CausalModel(tiny_model("gpt2", n_positions=64).double())
    decoder = Decoder(model, SLOTS, fixed=True)
    first = decoded(decoder, model, uneven())
    for _ in range(2):
        decoder.restart()
        again = decoded(decoder, model, uneven())
        assert [c.token_ids for c in again] == [c.token_ids for c in first]


def test_what_nobody_uses_stays_a_number() -> None:
    """Rows that fill up a step see something: no NaN gets into columns that others are to take."""
    model = CausalModel(tiny_model("gpt2", n_positions=56).double())
    decoder = Decoder(model, 16, fixed=True)
    decoded(decoder, model, uneven())
    decoder.restart()
    decoded(decoder, model, uneven())
    assert all(bool(block.isfinite().all()) for block in decoder.cache._blocks)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("architecture", ["llama", "gpt2", "gemma3_text", "qwen3"])
def test_a_gpu_replays_what_it_computes(require: Callable[[str], None], architecture: str, dtype: torch.dtype) -> None:
    require("cuda")
    model = tiny_model(architecture).to("cuda", dtype)
    engine = TransformersEngine(model, None, max_batch=SLOTS)
    wanted = uneven(temperature=0.7)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rounds = [generate(engine, wanted) for _ in range(3)]
    graphs = engine._idle._graphs  # type: ignore[union-attr]
    assert graphs.recording
    assert graphs._graphs, "steps were recorded"
    assert rounds[1] == rounds[2]
    for completion in rounds[2]:
        tolerance = 1e-4 if dtype == torch.float32 else 0.3
        assert completion.logprobs == pytest.approx(fresh_logprobs(model, completion), abs=tolerance)


def test_graphs_take_up_weights_that_changed_in_place(require: Callable[[str], None]) -> None:
    require("cuda")
    model = tiny_model("llama").to("cuda")
    engine = TransformersEngine(model, None, max_batch=SLOTS)
    wanted = uneven(temperature=0.7)
    for _ in range(2):
        generate(engine, wanted)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.01 * torch.randn_like(parameter))
    for completion in generate(engine, wanted):
        assert completion.logprobs == pytest.approx(fresh_logprobs(model, completion), abs=1e-4)


def test_graphs_are_forgotten_when_weights_move_or_an_adapter_is_switched(require: Callable[[str], None]) -> None:
    require("cuda")
    peft = pytest.importorskip("peft")
    base = tiny_model("llama").to("cuda")
    model = peft.get_peft_model(base, peft.LoraConfig(r=4, target_modules=["q_proj", "v_proj"]))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.5)
    engine = TransformersEngine(model, None, max_batch=SLOTS)
    wanted = uneven(temperature=0.7)
    with_adapter = [generate(engine, wanted) for _ in range(3)][-1]
    with model.disable_adapter():
        without = [generate(engine, wanted) for _ in range(2)][-1]
        for completion in without:
            assert completion.logprobs == pytest.approx(fresh_logprobs(base, completion), abs=1e-4)
    assert [c.token_ids for c in without] != [c.token_ids for c in with_adapter]
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.data = parameter.data + 0.01
    for completion in generate(engine, wanted):
        assert completion.logprobs == pytest.approx(fresh_logprobs(base, completion), abs=1e-4)
    assert engine._idle._graphs.recording  # type: ignore[union-attr]


def test_graphs_own_the_workspace_that_their_products_write_to(require: Callable[[str], None]) -> None:
    require("cuda")
    model = tiny_model("llama").to("cuda", torch.bfloat16)
    engine = TransformersEngine(model, None, max_batch=SLOTS)
    generate(engine, requests([prompt(5)], samples=1, max_tokens=4))
    wanted = uneven(temperature=0.7)
    for _ in range(2):  # more rows: the first graphs and their memory pool are gone
        generate(engine, wanted)
    torch._C._cuda_clearCublasWorkspaces()  # as models compiled with graphs of their own do
    torch.cuda.empty_cache()
    for completion in generate(engine, wanted):
        assert completion.logprobs == pytest.approx(fresh_logprobs(model, completion), abs=0.3)


def test_a_model_that_cannot_be_recorded_is_sampled_all_the_same(require: Callable[[str], None]) -> None:
    require("cuda")
    model = tiny_model("llama").to("cuda")

    def look(_module: object, arguments: tuple[torch.Tensor, ...], _result: object) -> None:
        bool((arguments[0] > 0).any())  # a value on the host

    model.model.layers[0].mlp.register_forward_hook(look)
    engine = TransformersEngine(model, None, max_batch=SLOTS)
    with pytest.warns(RuntimeWarning, match="right but slower: as a CUDA graph, one cannot be recorded"):
        generate(engine, uneven(temperature=0.7))
    for completion in generate(engine, uneven(temperature=0.7)):
        assert completion.logprobs == pytest.approx(fresh_logprobs(model, completion), abs=1e-4)
    assert not engine._idle._graphs.recording  # type: ignore[union-attr]
    assert torch.rand(100, device="cuda").unique().numel() > 50, "torch's own random numbers go on"


def test_a_model_that_bakes_a_number_of_the_host_in_is_found_out(require: Callable[[str], None]) -> None:
    require("cuda")
    model: PreTrainedModel = tiny_model("llama").to("cuda")
    calls = 0

    def drift(_module: object, _arguments: object, result: torch.Tensor) -> torch.Tensor:
        nonlocal calls
        calls += 1
        return result * (1.0 + 0.1 * (calls % 3))

    model.model.layers[0].mlp.register_forward_hook(drift)
    engine = TransformersEngine(model, None, max_batch=SLOTS)
    engine._probed = True
    with pytest.warns(RuntimeWarning, match="gives something else than when it is launched plainly"):
        generate(engine, requests([prompt(5)], samples=4, max_tokens=30))
