"""Causal language models: loaded from a Hugging Face folder, or made from a config with random weights.

Chooses precision, attention and device, disables dropout of the base model, and adds LoRA adapters. Does not train,
sample, or change a tokenizer.

Dropout is off because a policy-gradient ratio compares two passes over the same tokens, which dropout would make differ
under equal weights. LoRA's own dropout is kept if configured.

Example:
    config = ModelConfig(init=ModelInit(architecture="llama", hidden_size=128, layers=3, heads=4))
    model = load_model(config, tokenizer)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from rlvr.errors import ConfigError, MissingExtra
from rlvr.model_config import Attention, LoraSettings, ModelConfig

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

DTYPES: dict[str, torch.dtype] = {"float32": torch.float32, "bfloat16": torch.bfloat16}


class Float32Linear(nn.Linear):
    """An output head that multiplies in float32, regardless of the dtype of its weight and input."""

    def forward(self, input: Tensor) -> Tensor:
        bias = None if self.bias is None else self.bias.float()
        return nn.functional.linear(input.float(), self.weight.float(), bias)


def load_model(
    config: ModelConfig, tokenizer: PreTrainedTokenizerBase, *, device: torch.device | str | None = None
) -> nn.Module:
    """Load or create the model of `config` on `device` (by default a GPU if there is one).

    The same config gives the same weights, bit for bit.

    Raises:
        ConfigError: neither or both of path and init; no model at the path; heads that do not divide hidden_size.
        MissingExtra: flash_attention_2 or LoRA without their packages.
    """
    if (config.path is None) == (config.init is None):
        raise ConfigError(f"model.path is {config.path!r} and model.init is {config.init!r}; set exactly one of them")
    if device is None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    model = _from_folder(config) if config.path is not None else _from_init(config, tokenizer)
    _check_vocabulary(model, tokenizer)
    _switch_dropout_off(model)
    if config.fp32_head and config.dtype != "float32":
        _set_float32_head(model)
    if config.gradient_checkpointing:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    model.to(device)
    if config.lora.rank > 0:
        model = _with_adapters(model, config.lora)
    model.train()
    result: nn.Module = model
    return result


def _from_folder(config: ModelConfig) -> PreTrainedModel:
    from transformers import AutoModelForCausalLM

    _check_attention(config.attention)
    try:
        with quietly():
            return AutoModelForCausalLM.from_pretrained(
                config.path, dtype=DTYPES[config.dtype], attn_implementation=config.attention
            )
    except (OSError, ValueError) as error:
        where = "cannot be loaded" if Path(str(config.path)).exists() else "is no folder here, and not found on the hub"
        raise ConfigError(f"model.path is {config.path!r}, which {where}: {error}") from error


def _from_init(config: ModelConfig, tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    from transformers import AutoConfig, AutoModelForCausalLM
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    init = config.init
    assert init is not None
    _check_attention(config.attention)
    if init.architecture not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        raise ConfigError(
            f"model.init.architecture is {init.architecture!r}, which transformers has no causal language model for; "
            "set one of its model types, such as llama, qwen3 or gpt2"
        )
    if init.hidden_size % init.heads:
        raise ConfigError(
            f"model.init.hidden_size is {init.hidden_size} and model.init.heads is {init.heads}; "
            "the first must be a multiple of the second"
        )
    try:
        shape = AutoConfig.for_model(
            init.architecture,
            vocab_size=len(tokenizer),
            hidden_size=init.hidden_size,
            num_hidden_layers=init.layers,
            num_attention_heads=init.heads,
            max_position_embeddings=init.max_positions,
            tie_word_embeddings=init.tie_embeddings,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
        # Not every architecture has these fields; the others derive them from those above.
        for name, value in (
            ("intermediate_size", 4 * init.hidden_size),
            ("num_key_value_heads", init.heads),
            ("head_dim", init.hidden_size // init.heads),
        ):
            if hasattr(shape, name):
                setattr(shape, name, value)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(init.seed)
            return AutoModelForCausalLM.from_config(
                shape, dtype=DTYPES[config.dtype], attn_implementation=config.attention
            )
    except Exception as error:  # some two hundred architectures, which may raise anything
        said = " ".join(str(error).split())
        raise ConfigError(
            f"model.init.architecture is {init.architecture!r}, which cannot be made in this shape with "
            f"model.attention {config.attention!r}: {said:.200}; set model.attention: eager, or an architecture such "
            "as llama, qwen3 or gpt2"
        ) from error


def _check_attention(attention: Attention) -> None:
    if attention != "flash_attention_2":
        return
    from transformers.utils import is_flash_attn_2_available

    if not is_flash_attn_2_available():
        raise MissingExtra(
            "model.attention is 'flash_attention_2', but the flash-attn package or a GPU is missing; "
            "install flash-attn, or set model.attention: sdpa"
        )


def _check_vocabulary(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
    rows = model.get_output_embeddings().weight.shape[0]
    if len(tokenizer) > rows:
        raise ConfigError(
            f"the tokenizer has {len(tokenizer)} tokens but the model's vocabulary has {rows}; use the tokenizer "
            "the model was trained with"
        )


def _switch_dropout_off(model: nn.Module) -> None:
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        for name, value in list(vars(module).items()):  # rates that are handed to a function: dropout, layerdrop, ...
            if "drop" in name and isinstance(value, float):
                setattr(module, name, 0.0)


def _set_float32_head(model: PreTrainedModel) -> None:
    head = model.get_output_embeddings()
    if not isinstance(head, nn.Linear):
        raise ConfigError(f"model.fp32_head is true, but the model's head is a {type(head).__name__}; set it to false")
    replacement = Float32Linear(head.in_features, head.out_features, bias=head.bias is not None, device="meta")
    replacement.weight, replacement.bias = head.weight, head.bias  # the same parameters: a tied weight stays tied
    model.set_output_embeddings(replacement)


def _with_adapters(model: PreTrainedModel, lora: LoraSettings) -> PreTrainedModel:
    try:
        import peft
    except ImportError as error:
        raise MissingExtra(f"model.lora.rank is {lora.rank}, which needs peft: pip install 'rlvr[train]'") from error
    head = next(name for name, module in model.named_modules() if module is model.get_output_embeddings())
    if any(head == target or head.endswith(f".{target}") for target in lora.targets):
        raise ConfigError(f"model.lora.targets is {list(lora.targets)}; leave out the output head, {head!r}")
    settings = peft.LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=list(lora.targets) or "all-linear",
        bias="none",
        fan_in_fan_out=any(
            type(module).__name__ == "Conv1D" for module in model.modules()
        ),  # GPT-2 stores W transposed
        task_type="CAUSAL_LM",
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)  # every process that loads the same config gets the same adapters
        try:
            adapted = peft.get_peft_model(model, settings)
        except ValueError as error:
            raise ConfigError(f"model.lora.targets is {list(lora.targets)}: {error}") from error
    chosen = adapted.peft_config["default"]
    chosen.target_modules = sorted(chosen.target_modules)  # a set would be written in a different order by each process
    return adapted


@contextmanager
def quietly() -> Iterator[None]:
    """Suppress the progress bars that transformers shows for every file it reads or writes."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def is_adapted(model: nn.Module) -> bool:
    """Whether the model carries LoRA adapters."""
    return hasattr(model, "peft_config")


def plain_model(model: nn.Module) -> PreTrainedModel:
    """The transformers model behind the adapters; the model itself where there are none."""
    wrapped: PreTrainedModel = model
    return wrapped.get_base_model() if is_adapted(model) else wrapped
