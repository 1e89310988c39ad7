"""A learner's checkpoint folder: a Hugging Face model, plus the training state that model files cannot hold.

    config.json, model.safetensors   an ordinary model with adapters merged, for AutoModelForCausalLM.from_pretrained
    adapter/                         with LoRA: the adapters alone, in peft's format, for the unchanged base model
    learner.pt                       optimizer moments, schedule step, float32 masters of 16-bit weights, the reference
                                     where one is held; read with weights_only=True, so it runs no code

Not here: the tokenizer, the data cursor and atomic replacement of the folder (see `rlvr/rundir/`).

Example:
    save_learner(folder, model, {"optimizer": optimizer.state()})
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from rlvr.errors import CheckpointError
from rlvr.learner.weights import merged_weights
from rlvr.models import is_adapted, plain_model, quietly

if TYPE_CHECKING:
    from peft import PeftModel

_STATE = "learner.pt"
_ADAPTER = "adapter"


def save_learner(folder: Path, model: nn.Module, state: Mapping[str, object]) -> None:
    """Write the model and the learner's state into `folder`.

    Raises:
        CheckpointError: the folder cannot be written (disk full, no permission).
    """
    from safetensors import SafetensorError

    plain = plain_model(model)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with quietly():
            if is_adapted(model):
                plain.save_pretrained(folder, state_dict=dict(merged_weights(model)))
                adapters: PeftModel = model
                adapters.save_pretrained(folder / _ADAPTER)
            else:
                plain.save_pretrained(folder)
        torch.save(dict(state), folder / _STATE)
    except (OSError, RuntimeError, SafetensorError) as error:  # torch reports a full disk as a RuntimeError
        raise CheckpointError(f"cannot write the checkpoint {folder}: {error}") from error


def load_learner(folder: Path, model: nn.Module) -> dict[str, object]:
    """Read the weights in `folder` into `model`, and return the learner's state.

    Raises:
        CheckpointError: the folder holds no checkpoint, or one of another model.
    """
    from safetensors import SafetensorError

    try:
        state = torch.load(folder / _STATE, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:  # torch's own message advises to load it with code execution
        raise CheckpointError(f"{folder / _STATE} is damaged, or holds more than tensors and numbers") from error
    except (OSError, RuntimeError, EOFError) as error:
        raise CheckpointError(f"cannot read the checkpoint {folder}: {error}") from error
    if not isinstance(state, dict) or not {"optimizer", "reference"} <= set(state):
        raise CheckpointError(f"{folder / _STATE} does not hold the state of a learner")
    try:
        if is_adapted(model):
            _load_adapter(folder / _ADAPTER, model)
        else:
            _load_weights(folder, model)
    except (OSError, RuntimeError, ValueError, SafetensorError) as error:
        raise CheckpointError(f"cannot read the checkpoint {folder}: {error}") from error
    return state


def _load_weights(folder: Path, model: nn.Module) -> None:
    from transformers import AutoModelForCausalLM

    dtype = next(model.parameters()).dtype
    with quietly():
        saved = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype)
    model.load_state_dict(saved.state_dict())


def _load_adapter(folder: Path, model: nn.Module) -> None:
    from peft import PeftConfig, get_peft_model_state_dict, set_peft_model_state_dict
    from safetensors.torch import load_file

    adapted: PeftModel = model
    weights, own = load_file(folder / "adapter_model.safetensors"), get_peft_model_state_dict(adapted)
    settings, saved = adapted.peft_config["default"], PeftConfig.from_pretrained(str(folder))
    differing = [name for name in sorted(weights.keys() | own.keys()) if _shape(weights, name) != _shape(own, name)]
    if differing or settings.lora_alpha != saved.lora_alpha:
        what = (
            f"{differing[0]} is {_shape(weights, differing[0])} there and {_shape(own, differing[0])} here"
            if differing
            else f"alpha is {saved.lora_alpha} there and {settings.lora_alpha} here"
        )
        raise CheckpointError(f"{folder} holds other adapters: {what}; resume with the model.lora they were saved with")
    set_peft_model_state_dict(adapted, weights)


def _shape(weights: Mapping[str, Tensor], name: str) -> str:
    return str(tuple(weights[name].shape)) if name in weights else "not"
