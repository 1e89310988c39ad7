"""Hashes of the local files that a run reads, made before anything that may need the network.

A missing file is reported at once, and a run that is resumed with a changed file is rejected with that file's name.
Hashed: training data, pass rates, demonstrations, evaluation sets, rewards named by a path, and of a local model or
tokenizer folder whatever a checkpoint does not restore: settings and vocabulary, and the base weights under adapters.
Not hashed: anything from the hub, sets known by name, imports of a reward file, and other files in a model folder.

Example:
    hash_inputs(config)  # {"data.train": {"data/train.jsonl": "9f86d0..."}, "reward": {"./mine.py": "60303a..."}}
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from data_prep.errors import DataNotFound
from data_prep.files import data_hash, iter_problems
from data_prep.rows import is_file
from rewards.registry import file_of as file_of_reward
from rlvr.config import RunConfig
from rlvr.evaluation.sets import file_of
from rlvr.rundir.directory import InputHashes

_MADE = dict.fromkeys(("data.train", "warmup.data", "eval.sets"), " with `rlvr prep`") | {
    "data.pass_rates": " with `rlvr eval --out`"
}
# Files that transformers loads from a folder: by name, or by suffix where each tokenizer has its own; chat templates
# too.
_SETTINGS = frozenset(
    (
        *("config.json", "generation_config.json", "adapter_config.json"),
        *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
        *("vocab.json", "vocab.txt", "vocab-src.json", "vocab-tgt.json", "target_vocab.json", "entity_vocab.json"),
        *("merges.txt", "bpe.codes", "dict.txt", "byte_maps.json", "emoji.json", "normalizer.json"),
        *("word_shape.json", "word_pronunciation.json", "chat_template.json"),
    )
)
_ENDINGS = (".model", ".spm", ".tiktoken", ".jinja")
_VERSIONS = re.compile(r"tokenizer\..+\.json|.*tekken.*\.json")  # by a version; Mistral's
# Weights in the order in which transformers looks for them; an index names its files.
_WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")
_ADAPTERS = ("adapter_model.safetensors", "adapter_model.bin")


def hash_inputs(config: RunConfig, hash_of: Callable[[str], str] = data_hash) -> InputHashes:
    """The hash of each file, by config key; keys without a file are absent. hash_of: hashes a path, possibly from a
    cache.

    Raises:
        DataNotFound: no such file, or an unknown set.
        BadRow, BadFile: a file that cannot be read.
    """
    sets = [path for entry in config.eval.sets if (path := file_of(entry)) is not None] if config.eval.every else []
    paths = {
        "data.train": [source.path for source in config.data.train],
        "data.pass_rates": [config.data.pass_rates] if config.data.pass_rates is not None else [],
        "warmup.data": [config.warmup.data] if config.warmup.data is not None else [],
        "eval.sets": sets,
        "model.path": _files_of(config.model.path, weights=config.model.lora.rank > 0),
        "tokenizer.path": _files_of(config.tokenizer.path),
    }
    found = {key: _hashes(key, named, hash_of) for key, named in paths.items() if named}
    rewards = sorted({file for name in _rewards(config, sets) if (file := file_of_reward(name)) is not None})
    return {**found, "reward": _hashes("reward", rewards, hash_of)} if rewards else found


def _hashes(key: str, paths: list[str], hash_of: Callable[[str], str]) -> dict[str, str]:
    for path in paths:
        if not is_file(Path(path)):
            how = _MADE.get(key, "")
            raise DataNotFound(f"no file {path!r}, which {key} names; correct the key, or make the file{how}")
    return {path: hash_of(path) for path in paths}


def _files_of(path: str | None, *, weights: bool = False) -> list[str]:
    """The files loaded from a folder, or the named file; empty for a name on the hub."""
    if path is None:
        return []
    folder = Path(path)
    if folder.is_file():
        return [path]
    named = {*_SETTINGS, *(_weights(folder) if weights else ())}
    templates = folder.glob("additional_chat_templates/*.jinja")
    found = {
        file
        for file in folder.glob("*")
        if file.name in named or file.suffix in _ENDINGS or _VERSIONS.fullmatch(file.name)
    }
    return sorted(str(file) for file in found | {*templates} if file.is_file())


def _weights(folder: Path) -> Iterator[str]:
    """The names of the files that hold the weights."""
    yield from _ADAPTERS
    first = next((name for name in _WEIGHTS if (folder / name).is_file()), None)
    if first is None:
        return
    yield first
    if first.endswith(".index.json"):
        with suppress(
            OSError, ValueError, LookupError, AttributeError, TypeError
        ):  # loading it later reports what is wrong
            yield from {str(name) for name in json.loads((folder / first).read_bytes())["weight_map"].values()}


def _rewards(config: RunConfig, sets: list[str]) -> Iterator[str]:
    """The run's reward, or else those that its problems name."""
    if config.reward is not None:
        yield from (leaf.named.reward for leaf in config.reward.leaves())
        return
    for path in [*(source.path for source in config.data.train), *sets]:
        yield from {problem.reward for problem in iter_problems(path)}
