"""Models from a config or a folder: reproducible, the right precision, no dropout, adapters where asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from rlvr.errors import ConfigError, MissingExtra
from rlvr.model_config import LoraSettings, ModelConfig, ModelInit
from rlvr.models import Float32Linear, load_model, quietly
from tests.rlvr.learner.small_models import TOKENIZER, lora, small_model


@pytest.mark.parametrize("adapters", [LoraSettings(), lora()], ids=["full", "lora"])
@pytest.mark.parametrize("architecture", ["llama", "qwen2", "qwen3", "gpt2", "mistral"])
def test_the_same_config_gives_the_same_weights(architecture: str, adapters: LoraSettings) -> None:
    first = small_model(architecture, lora=adapters)
    torch.manual_seed(99)  # the global state plays no part
    second = small_model(architecture, lora=adapters)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    other = small_model(architecture, seed=1)
    assert not torch.equal(next(iter(first.parameters())), next(iter(other.parameters())))


def test_making_a_model_leaves_the_global_random_state_alone() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    small_model(lora=lora())
    assert torch.equal(torch.get_rng_state(), before)


def test_the_model_has_the_shape_that_was_asked_for() -> None:
    init = ModelInit(hidden_size=128, layers=3, heads=4, max_positions=256)
    model = load_model(ModelConfig(init=init), TOKENIZER)
    config = model.config
    assert (config.hidden_size, config.num_hidden_layers, config.num_attention_heads) == (128, 3, 4)  # type: ignore[union-attr]
    assert (config.max_position_embeddings, config.vocab_size) == (256, len(TOKENIZER))  # type: ignore[union-attr]
    assert config.eos_token_id == TOKENIZER.eos_token_id  # type: ignore[union-attr]
    assert config.use_cache  # type: ignore[union-attr]  # who loads a checkpoint gets a cache
    assert 0.7e6 < sum(p.numel() for p in model.parameters()) < 0.9e6


def test_embeddings_are_tied_or_not() -> None:
    for tied in (True, False):
        model = load_model(ModelConfig(init=ModelInit(hidden_size=32, tie_embeddings=tied)), TOKENIZER)
        same = model.get_input_embeddings().weight is model.get_output_embeddings().weight  # type: ignore[operator]
        assert same is tied


def test_a_saved_folder_loads_in_either_precision(tmp_path: Path) -> None:
    model = small_model("qwen3")
    with quietly():
        model.save_pretrained(tmp_path)  # type: ignore[operator]
    again = load_model(ModelConfig(path=str(tmp_path)), TOKENIZER, device="cpu")
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters(), strict=True))
    rounded = load_model(ModelConfig(path=str(tmp_path), dtype="bfloat16"), TOKENIZER)
    assert {p.dtype for p in rounded.parameters()} == {torch.bfloat16}


@pytest.mark.parametrize("architecture", ["gpt2", "llama", "opt", "biogpt"])
def test_dropout_of_the_base_model_is_off(architecture: str) -> None:
    """The last two drop out by a function, with a rate that lies in a plain attribute."""
    model, tokens = small_model(architecture), torch.arange(2, 20).unsqueeze(0)
    mask = torch.ones_like(tokens)
    with torch.no_grad():
        trained, evaluated = (model.train(mode)(input_ids=tokens, attention_mask=mask).logits for mode in (True, False))
    assert torch.equal(trained, evaluated)


def test_adapters_alone_are_trained_and_in_float32() -> None:
    model = small_model("gpt2", dtype="bfloat16", lora=lora())
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    assert trained
    assert all("lora_" in name and p.dtype == torch.float32 for name, p in trained.items())
    assert not any("lm_head" in name for name in trained)


def test_adapters_go_where_they_are_asked_for() -> None:
    model = small_model(lora=LoraSettings(rank=2, targets=("q_proj",)))
    assert all("q_proj" in name for name, p in model.named_parameters() if p.requires_grad)


def test_an_fp32_head_keeps_the_tie() -> None:
    model = small_model(dtype="bfloat16", fp32_head=True)
    head = model.get_output_embeddings()  # type: ignore[operator]
    assert isinstance(head, Float32Linear)
    assert head.weight is model.get_input_embeddings().weight  # type: ignore[operator]
    assert not isinstance(small_model(fp32_head=True).get_output_embeddings(), Float32Linear)  # type: ignore[operator]


def test_gradient_checkpointing_recomputes_layers() -> None:
    calls: list[int] = []
    for checkpointing in (False, True):
        model = small_model(gradient_checkpointing=checkpointing)
        attention = next(m for n, m in model.named_modules() if n.endswith("self_attn"))
        calls.append(0)
        attention.register_forward_hook(lambda *_: calls.__setitem__(-1, calls[-1] + 1))
        model(input_ids=torch.arange(2, 9).unsqueeze(0)).logits.sum().backward()
    assert calls == [1, 2]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (ModelConfig(), r"model\.path is None and model\.init is None"),
        (ModelConfig(path="x", init=ModelInit()), "exactly one"),
        (ModelConfig(init=ModelInit(hidden_size=30, heads=4)), "30 and model.init.heads is 4"),
        (ModelConfig(init=ModelInit(architecture="lama")), "'lama'"),
        *(
            (ModelConfig(init=ModelInit(architecture=name, hidden_size=32)), f"'{name}', which cannot be made")
            for name in ("mamba", "falcon", "gpt_neo", "xlnet")
        ),
        (ModelConfig(path="/no/such/folder"), "'/no/such/folder', which is no folder here"),
        (ModelConfig(init=ModelInit(), lora=LoraSettings(rank=2, targets=("nothing",))), "nothing"),
    ],
)
def test_a_config_that_cannot_hold_says_what_and_why(config: ModelConfig, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_model(config, TOKENIZER)


def test_a_vocabulary_smaller_than_the_tokenizer_is_refused(tmp_path: Path) -> None:
    from rlvr.tokenizers import character_tokenizer

    with quietly():
        load_model(ModelConfig(init=ModelInit(hidden_size=32)), character_tokenizer("abc")).save_pretrained(tmp_path)  # type: ignore[operator]
    with pytest.raises(ConfigError, match="vocabulary"):
        load_model(ModelConfig(path=str(tmp_path)), TOKENIZER)


def test_flash_attention_without_its_package_names_the_alternative() -> None:
    from transformers.utils import is_flash_attn_2_available

    if is_flash_attn_2_available():
        pytest.skip("flash-attn is installed")
    with pytest.raises(MissingExtra, match="sdpa"):
        load_model(ModelConfig(init=ModelInit(), attention="flash_attention_2"), TOKENIZER)


def test_a_path_loads_a_module() -> None:
    assert isinstance(small_model(), nn.Module)
