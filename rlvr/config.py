"""The configuration of a run: `RunConfig`, composed of the dataclasses defined next to the code they configure.

Reads YAML and dotted overrides (`optimizer.lr=1e-6`), rejects unknown keys and suggests the nearest known one, and
checks that pairs of keys agree. Everything is checked before the first token is sampled.

Example:
    config = load_config(Path("configs/demo.yaml"), ["steps=10", "optimizer.lr=3e-4"])
"""

from __future__ import annotations

import difflib
import math
import types
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, Union, get_args, get_origin, get_type_hints

from pydantic import PlainValidator, TypeAdapter, ValidationError

from data_prep.missing import no_file
from rewards.errors import RewardError
from rewards.spec import RewardSpec
from rlvr.algorithms.algorithm_config import AlgorithmConfig, resolve
from rlvr.algorithms.recipes import Recipe
from rlvr.data import DataConfig
from rlvr.dynamic_sampling import DynamicSamplingConfig
from rlvr.errors import ConfigError
from rlvr.evaluation.evaluate import EvalConfig
from rlvr.grading import GradingConfig
from rlvr.group_sampling import RolloutConfig, check_trainable
from rlvr.key_ranges import out_of_range
from rlvr.learner.learner_config import LearnerConfig, OptimizerConfig
from rlvr.model_config import ModelConfig
from rlvr.regular_files import read_text
from rlvr.tokenizers import TokenizerConfig
from rlvr.warmup import WarmupConfig
from rlvr.yaml_text import NotYaml, read_yaml


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointConfig:
    """every: steps between two checkpoints. keep_last: how many stay on disk; 0 = all."""

    every: int = 10
    keep_last: int = 3


def _reward(value: object) -> RewardSpec:
    if isinstance(value, RewardSpec):
        return value
    try:
        return RewardSpec.from_dict(value)
    except RewardError as error:
        raise ValueError(str(error)) from error


if TYPE_CHECKING:
    Reward: TypeAlias = RewardSpec
else:  # pydantic does not validate this tree; `rewards.spec` does
    Reward = Annotated[Any, PlainValidator(_reward)]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConfig:
    """Every setting of a run.

    name: of the run directory below runs/.
    seed: of everything random.
    steps: training steps; the run ends after the last one. 0 = the warm-up alone.
    threads: CPU threads of torch; null = all cores. Results are bit-identical for a fixed number of threads.
    recipe: the algorithm, which sets every coupled value; `algorithm` overrides single ones.
    reward: a reward's name, or a composition of rewards; null = the reward that each problem names.
    """

    name: str = "run"
    seed: int = 0
    steps: int = 100
    threads: int | None = None
    recipe: str = "grpo"
    reward: Reward | None = None
    tokenizer: TokenizerConfig = field(default_factory=TokenizerConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    rollout: RolloutConfig = field(default_factory=RolloutConfig)
    grading: GradingConfig = field(default_factory=GradingConfig)
    algorithm: AlgorithmConfig = field(default_factory=AlgorithmConfig)
    dynamic: DynamicSamplingConfig = field(default_factory=DynamicSamplingConfig)
    learner: LearnerConfig = field(default_factory=LearnerConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    warmup: WarmupConfig = field(default_factory=WarmupConfig)
    eval: EvalConfig = field(default_factory=EvalConfig)
    checkpoint: CheckpointConfig = field(default_factory=CheckpointConfig)


# (key, other key, value of the other key that makes the key useless): setting both is an error.
_IDLE: tuple[tuple[str, str, object], ...] = (
    ("data.pass_rate_low", "data.pass_rates", None),
    ("data.pass_rate_high", "data.pass_rates", None),
    ("model.lora.alpha", "model.lora.rank", 0),
    ("model.lora.dropout", "model.lora.rank", 0),
    ("model.lora.targets", "model.lora.rank", 0),
    ("optimizer.final_share", "optimizer.schedule", "constant"),
    ("warmup.optimizer.final_share", "warmup.optimizer.schedule", "constant"),
)


_OF_DYNAMIC_SAMPLING = ("dynamic.max_rounds", "dynamic.oversample", "dynamic.max_carry_age")


def load_config(path: Path, overrides: Sequence[str] = ()) -> RunConfig:
    """Read a YAML file, apply `key=value` overrides, check everything.

    Raises:
        ConfigError: no such file, not a mapping, an unknown key (with the nearest known one), a value of a wrong type,
            or keys that contradict each other (naming both and their values).
    """
    try:
        tree = read_yaml(read_text(path))
    except FileNotFoundError as error:
        raise ConfigError(no_file(path, "config")) from error
    except OSError as error:
        raise ConfigError(f"cannot read the config {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not text in UTF-8: {error}") from error
    except NotYaml as error:
        raise ConfigError(f"{path} is not YAML: {error}") from error
    if tree is None:
        tree = {}
    if not isinstance(tree, dict):
        raise ConfigError(f"{path} must hold keys and values, not {type(tree).__name__}")
    return config_from(tree, overrides)


def config_from(tree: dict[str, Any], overrides: Sequence[str] = ()) -> RunConfig:
    """The checked config of a mapping of keys, with `key=value` overrides. Raises ConfigError."""
    if overrides:
        tree = deepcopy(tree)
        for override in overrides:
            _apply(tree, override)
    _refuse_unknown(tree, RunConfig, "")
    _refuse_flags(tree, RunConfig, "")
    try:
        config = TypeAdapter(RunConfig).validate_python(tree)
    except ValidationError as error:
        raise ConfigError("; ".join(_problem(e) for e in error.errors())) from error
    check(config)
    return config


def check(config: RunConfig) -> None:
    """Check each number, then the pairs of keys that have to agree. Raises ConfigError."""
    values, defaults = dict(_values(config)), dict(_values(RunConfig()))
    for key, value in values.items():
        if wrong := out_of_range(key, value):
            raise ConfigError(wrong)
    for key, needed, idle in _IDLE:
        if values[key] != defaults[key] and values[needed] == idle:
            raise ConfigError(
                f"{key} is {values[key]!r} but {needed} is {idle!r}, so it changes nothing; set {needed}, or leave "
                f"{key} out"
            )
    names_a_folder = config.name.strip() and config.name.isprintable() and not Path(config.name).is_absolute()
    if not names_a_folder or {".", ".."} & set(config.name.split("/")):
        raise ConfigError(f"name is {config.name!r}; give the name of a folder below runs/, or use --out")
    check_trainable(config.rollout)
    recipe = resolved_recipe(config)
    if config.rollout.n < recipe.min_graded:
        raise ConfigError(
            f"rollout.n is {config.rollout.n} but recipe {config.recipe!r} compares samples within a group; "
            "set rollout.n >= 2 or recipe: reinforce++"
        )
    for key in () if recipe.informative_only else _OF_DYNAMIC_SAMPLING:
        if values[key] != defaults[key]:
            raise ConfigError(
                f"{key} is {values[key]!r} but recipe {config.recipe!r} keeps all groups of one round, so it changes "
                f"nothing; set algorithm.dynamic_sampling: true or recipe: dapo, or leave {key} out"
            )
    if config.warmup.steps and config.warmup.data is None:
        raise ConfigError(
            f"warmup.steps is {config.warmup.steps} but warmup.data is null; name a file of demonstrations"
        )
    sequences = config.rollout.prompts * config.rollout.n
    if config.learner.updates_per_step > sequences:
        raise ConfigError(
            f"learner.updates_per_step is {config.learner.updates_per_step} but rollout.prompts x rollout.n is "
            f"{sequences} sequences; an update needs at least one"
        )
    for source in config.data.train:
        if not 0 < source.weight < math.inf:
            raise ConfigError(f"data.train {source.path!r} has weight {source.weight}; it must be above 0 and finite")


def resolved_recipe(config: RunConfig) -> Recipe:
    """The recipe with the run's overrides. Raises ConfigError."""
    return resolve(config.recipe, config.algorithm, max_response_tokens=config.rollout.longest)


def to_tree(config: RunConfig) -> dict[str, object]:
    """The config as plain data, every key written out: what `config.yaml` of a run holds."""
    tree = asdict(config)
    tree["reward"] = config.reward.to_dict() if config.reward is not None else None
    plain = _plain(tree)
    assert isinstance(plain, dict)
    return plain


def known_keys(kind: type = RunConfig, prefix: str = "") -> Iterator[str]:
    """Every dotted key that a config may have."""
    for name, inner in _sections(kind).items():
        if inner is None:
            yield prefix + name
        else:
            yield from known_keys(inner, f"{prefix}{name}.")


def _values(section: object, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Every dotted key of a config with its value."""
    for name, inner in _sections(type(section)).items():
        value = getattr(section, name)
        if inner is None or value is None:
            yield prefix + name, value
        else:
            yield from _values(value, f"{prefix}{name}.")


def _sections(kind: type) -> dict[str, type | None]:
    """Field name -> the dataclass behind it, or None for a leaf (`reward` is read by its own package)."""
    hints = get_type_hints(kind)
    return {f.name: None if f.name == "reward" else _dataclass_in(hints[f.name]) for f in fields(kind)}


def _dataclass_in(hint: Any) -> type | None:
    if isinstance(hint, type) and is_dataclass(hint):
        return hint
    if get_origin(hint) in (Union, types.UnionType):
        return next((found for part in get_args(hint) if (found := _dataclass_in(part))), None)
    return None


def _row_of(kind: type, name: str) -> Any:
    """The dataclass of the items if the field is a list of them (`data.train`), or None."""
    arguments = get_args(get_type_hints(kind)[name])
    return arguments[0] if len(arguments) == 2 and arguments[1] is Ellipsis and is_dataclass(arguments[0]) else None


def _refuse_unknown(tree: Mapping[str, object], kind: type, prefix: str) -> None:
    sections = _sections(kind)
    for key, value in tree.items():
        if key not in sections:
            known = list(known_keys())
            sections_too = [*dict.fromkeys(k.rpartition(".")[0] for k in known if "." in k), *known]
            near = difflib.get_close_matches(f"{prefix}{key}", sections_too, n=1, cutoff=0.0)[0]
            tail = [k for k in known if k.rsplit(".", 1)[-1] == key]  # the right name in the wrong section
            if f"{prefix}{key}" in known:  # a dotted key, as in overrides
                raise ConfigError(f"unknown key {prefix}{key}; in a file it is written {_nested(str(key))}")
            raise ConfigError(f"unknown key {prefix}{key}; did you mean {tail[0] if tail else near}?")
        inner = sections[key]
        if inner is not None and isinstance(value, Mapping):
            _refuse_unknown(value, inner, f"{prefix}{key}.")
        row = _row_of(kind, key)
        if row is not None:
            _refuse_shape(value, [f.name for f in fields(row)], f"{prefix}{key}")
        for index, each in enumerate(value if row is not None and isinstance(value, list | tuple) else []):
            for name in each:
                if name not in (names := [f.name for f in fields(row)]):
                    near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.0)[0]
                    raise ConfigError(f"unknown key {prefix}{key}.{index}.{name}; did you mean {near}?")


def _nested(key: str) -> str:
    """A dotted key as written in a YAML file.

    Example:
        >>> _nested("optimizer.lr")
        'optimizer: {lr: ...}'
    """
    *sections, last = key.split(".")
    return ": {".join([*sections, last]) + ": ..." + "}" * len(sections)


def _refuse_shape(rows: object, keys: Sequence[str], where: str) -> None:
    """Reject a value that should be a mapping and is not."""
    shape, known = f"{{{keys[0]}: ...}}", f"(keys: {', '.join(keys)})"
    if not isinstance(rows, list | tuple):
        raise ConfigError(f"{where} is {rows!r:.120}; it must be a list, such as [{shape}] {known}")
    for index, each in enumerate(rows):
        if not isinstance(each, Mapping):
            raise ConfigError(
                f"{where}.{index} is {each!r:.120}; it must hold keys and values, such as {shape} {known}"
            )


def _refuse_flags(tree: Mapping[str, object], kind: type, prefix: str) -> None:
    """Reject `true` as a number, although Python treats it as 1."""
    hints = get_type_hints(kind)
    for key, value in tree.items():
        inner = _sections(kind)[key]
        if inner is not None and isinstance(value, Mapping):
            _refuse_flags(value, inner, f"{prefix}{key}.")
        elif isinstance(value, bool) and {int, float} & {hints[key], *get_args(hints[key])}:
            raise ConfigError(f"{prefix}{key} is {value}; it must be a number")


def _apply(tree: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not all(key.split(".")):
        raise ConfigError(f"override {override!r} is not of the form key=value, such as optimizer.lr=1e-6")
    *path, last = key.split(".")
    for part in path:
        inner = tree.get(part)
        if inner is None:
            inner = tree[part] = {}
        if not isinstance(inner, dict):
            raise ConfigError(f"override {override!r}: {part} holds {inner!r}, which has no keys of its own")
        tree = inner
    try:
        tree[last] = read_yaml(text)
    except NotYaml as error:
        raise ConfigError(f"override {override!r}: the value is not YAML: {error}") from error


# Messages by pydantic's error name, because its own messages speak of Python types.
_SHAPES = {
    "dataclass_type": "it must hold keys and values, or leave it out",
    "tuple_type": "it must be a list, such as [a, b]",
}


def _problem(error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"] if not str(part).startswith("function-"))
    message: str = _SHAPES.get(error["type"]) or error["msg"].removeprefix("Value error, ")
    if error["type"] == "missing":
        return f"{where} is missing in {error['input']!r:.120}"
    if message.startswith(f"{where}."):  # a section's own check, which names its key
        return message
    return f"{where} is {error['input']!r:.120}: {message}"


def _plain(value: object) -> object:
    """Tuples as lists, for YAML."""
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, tuple | list) else value
