"""The local files that a run reads, and their hashes: looked at before anything that may need the network.

So a missing file is known at once, and a run directory remembers what it was made with: a run that is resumed with
another file is refused by that file's name. Hashed are training data, pass rates, demonstrations, evaluation sets,
rewards that are named by a path, and of a model or tokenizer in a folder what a checkpoint does not bring back: its
settings and vocabulary, and under adapters the weights below them. Not what comes from the hub, known sets, and what a
file of rewards imports.

Example:
    hash_inputs(config)  # {"data.train": {"data/train.jsonl": "9f86d0..."}, "reward": {"./mine.py": "60303a..."}}
"""

from __future__ import annotations

from collections.abc import Iterator
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
_SETTINGS = (".json", ".jinja", ".model", ".txt")
_WEIGHTS = (".bin", ".safetensors")


def hash_inputs(config: RunConfig) -> InputHashes:
    """The hash of each file; a key without one is absent.

    Raises:
        DataNotFound: no such file, or a set that is neither a file nor known.
        BadRow, BadFile: a file that cannot be read.
    """
    sets = [path for entry in config.eval.sets if (path := file_of(entry)) is not None] if config.eval.every else []
    paths = {
        "data.train": [source.path for source in config.data.train],
        "data.pass_rates": [config.data.pass_rates] if config.data.pass_rates is not None else [],
        "warmup.data": [config.warmup.data] if config.warmup.data is not None else [],
        "eval.sets": sets,
        "model.path": _files_of(config.model.path, _SETTINGS + (_WEIGHTS if config.model.lora.rank else ())),
        "tokenizer.path": _files_of(config.tokenizer.path, _SETTINGS),
    }
    found = {key: _hashes(key, named) for key, named in paths.items() if named}
    rewards = sorted({file for name in _rewards(config, sets) if (file := file_of_reward(name)) is not None})
    return {**found, "reward": _hashes("reward", rewards)} if rewards else found


def _hashes(key: str, paths: list[str]) -> dict[str, str]:
    for path in paths:
        if not is_file(Path(path)):
            how = _MADE.get(key, "")
            raise DataNotFound(f"no file {path!r}, which {key} names; correct the key, or make the file{how}")
    return {path: data_hash(path) for path in paths}


def _files_of(path: str | None, suffixes: tuple[str, ...]) -> list[str]:
    """The files of a folder, or the one that is named; none of what is not here, which is looked for on the hub."""
    if path is None:
        return []
    files = [Path(path)] if Path(path).is_file() else sorted(Path(path).glob("*"))
    return [str(file) for file in files if file.suffix in suffixes and file.is_file()]


def _rewards(config: RunConfig, sets: list[str]) -> Iterator[str]:
    """The names of the run's rewards: its own, or those that its problems name."""
    if config.reward is not None:
        yield from (leaf.named.reward for leaf in config.reward.leaves())
        return
    for path in [*(source.path for source in config.data.train), *sets]:
        yield from {problem.reward for problem in iter_problems(path)}
