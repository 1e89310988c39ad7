"""Open a model for sampling: a Hugging Face folder or hub name, a checkpoint, or a run directory.

A run directory means its newest checkpoint. A checkpoint inside a run comes with the run's settings: prompt template,
response length, stop strings, reward. Other folders have none, and the caller's defaults apply.

Example:
    located = locate("runs/demo")  # .path = runs/demo/checkpoints/step-000040, .settings = those of the run
    with open_engine(located.path, tokenizer_of(located.path)) as opened:
        completions = [c async for c in opened.engine.generate(requests)]
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import torch

from rewards.parameters import nearest
from rewards.spec import RewardSpec
from rlvr.config import RunConfig, load_config
from rlvr.errors import ConfigError
from rlvr.model_config import Dtype, ModelConfig
from rlvr.models import load_model
from rlvr.rollout.transformers_engine import TransformersEngine
from rlvr.rundir.checkpoints import SUMS, TRAINER_STATE, Checkpoints, check_model
from rlvr.rundir.directory import CONFIG
from rlvr.tokenizers import load_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Precision: TypeAlias = Literal["auto", "float32", "bfloat16"]
DEFAULT_MAX_TOKENS = 1024
_TOKENIZER_FILES = ("tokenizer*", "vocab*", "*.model")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a model is prompted and graded: the settings of its run, or defaults.

    template: None = chosen by the tokenizer: its chat template with a request for \\boxed{}, else `boxed`.
    reward: None = what each problem names. base: the initial model of the run; None = random weights.
    """

    template: str | None = None
    max_tokens: int = DEFAULT_MAX_TOKENS
    max_prompt_tokens: int | None = None
    temperature: float = 1.0
    stop: tuple[str, ...] = ()
    reward: RewardSpec | None = None
    base: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """The location of a model's weights, and the settings that come with them."""

    path: str
    settings: Settings


def locate(model: str) -> Located:
    """Resolve a name to weights: a run's newest checkpoint, a checkpoint, a folder, or a name on the hub.

    Raises:
        ConfigError: a run without a checkpoint, or a path that does not exist.
        CheckpointError: a checkpoint whose model files are damaged.
    """
    folder = Path(model).expanduser()
    try:
        folder.stat()
    except FileNotFoundError:
        pass  # a name on the hub, perhaps
    except OSError as error:
        raise ConfigError(f"no model at {model!r}: {error.strerror}") from error
    if (folder / CONFIG).is_file() and not (folder / "config.json").is_file():
        newest = Checkpoints(folder / "checkpoints", keep_last=0).newest()
        if newest is None:
            raise ConfigError(f"{folder} is a run without a checkpoint yet; wait for one, or name a model's folder")
        check_model(newest[1])
        return Located(path=str(newest[1]), settings=_settings(folder))
    if folder.is_dir():
        run = folder.resolve().parent.parent
        inside = folder.resolve().parent.name == "checkpoints" and (run / CONFIG).is_file()
        if inside or ((folder / TRAINER_STATE).is_file() and (folder / SUMS).is_file()):  # or a copy of a checkpoint
            check_model(folder)
        return Located(path=str(folder), settings=_settings(run) if inside else Settings())
    beside = sorted(each.name for each in folder.parent.iterdir()) if "/" in model and folder.parent.is_dir() else []
    local = folder.is_absolute() or model.startswith(("./", "../", "~", "runs/")) or model.count("/") > 1
    if beside or local:
        raise ConfigError(f"no model at {model!r}: no such folder{nearest(folder.name, beside)}")
    return Located(path=model, settings=Settings())  # a name on the hub


def _settings(run: Path) -> Settings:
    config: RunConfig = load_config(run / CONFIG)
    return Settings(
        template=config.data.template,
        max_tokens=config.rollout.longest,
        max_prompt_tokens=config.data.max_prompt_tokens,
        temperature=config.rollout.temperature,
        stop=config.rollout.stop,
        reward=config.reward,
        base=config.model.path,
    )


def check_device(device: str | None) -> None:
    """Raises ConfigError if torch has no such device on this machine."""
    if device is None:
        return
    accelerator = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    known = "cpu" + (f", {accelerator.type} or {accelerator.type}:N" if accelerator else "")
    try:
        asked = torch.device(device)
    except (RuntimeError, AssertionError) as error:  # an unknown name, or a device type that this torch lacks
        raise ConfigError(f"--device is {device!r}; give {known}") from error
    if asked.type == "cpu":
        return
    count = torch.accelerator.device_count() if accelerator and asked.type == accelerator.type else 0
    if (asked.index or 0) >= count or str(asked) != device:  # torch treats `cuda:256` as `cuda:0`
        raise ConfigError(f"--device is {device!r}; give {known} (this machine has {count} of that kind)")


def default_template(tokenizer: PreTrainedTokenizerBase) -> str:
    """The template of a model that does not come from a run."""
    return "chat_boxed" if tokenizer.chat_template else "boxed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A model ready for sampling."""

    path: str
    engine: TransformersEngine


@contextmanager
def open_engine(
    path: str,
    tokenizer: PreTrainedTokenizerBase,
    *,
    dtype: Precision = "auto",
    device: str | None = None,
    max_batch: int = 64,
) -> Iterator[Opened]:
    """Load a model for sampling; its memory is released at the end of the block.

    dtype: `auto` = bfloat16 on a GPU, float32 on a CPU.

    Raises:
        ConfigError: there is no model, or the tokenizer does not match it.
    """
    on_gpu = torch.cuda.is_available() if device is None else torch.device(device).type == "cuda"
    precision: Dtype = ("bfloat16" if on_gpu else "float32") if dtype == "auto" else dtype
    model = load_model(ModelConfig(path=path, dtype=precision), tokenizer, device=device)
    model.eval()
    try:
        yield Opened(path=path, engine=TransformersEngine(model, tokenizer, max_batch=max_batch))
    finally:
        del model
        if on_gpu:
            torch.cuda.empty_cache()


def tokenizer_of(path: str, fallback: PreTrainedTokenizerBase | None = None) -> PreTrainedTokenizerBase:
    """The tokenizer of a model; `fallback` if its folder has none. Raises ConfigError if it cannot be loaded."""
    held = not Path(path).is_dir() or any(next(Path(path).glob(files), None) for files in _TOKENIZER_FILES)
    return fallback if fallback is not None and not held else load_tokenizer(path)
