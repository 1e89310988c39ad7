"""The `algorithm` section of a configuration: single values of the recipe that a run overrides.

`None` (a key that is left out) means the recipe's own value. A value that the recipe cannot use is an error: a clip
range for rloo would otherwise be ignored silently.

Example:
    >>> resolve("grpo", AlgorithmConfig(clip_high=0.28), max_response_tokens=256).overridden
    ('clip_high',)
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable
from dataclasses import Field, dataclass, field, fields, replace
from typing import NamedTuple, TypeAlias, TypeVar

from rlvr.algorithms.objective_spec import (
    Divisor,
    EntropyControl,
    EntropyControlKind,
    KLEstimator,
    KLPlacement,
    KLSpec,
    Surrogate,
)
from rlvr.algorithms.recipes import RECIPES, Keep, Recipe, tied
from rlvr.algorithms.shaping import buffer_tokens
from rlvr.errors import ConfigError

_T = TypeVar("_T")

Value: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlgorithmConfig:
    """What to change in the recipe. None = the recipe's own.

    clip_low, clip_high: the ratio stays in [1 - clip_low, 1 + clip_high]; for cispo clip_high is the absolute cap.
    dual_clip: bound on the loss of a negative advantage, in |advantage|; above 1, or 0 = off.
    divide_by: tokens, sequence_tokens, max_tokens or sequences.
    kl_coefficient: weight of the divergence from the reference; 0 = none, and no reference model is loaded.
    kl_estimator: k1, k2 or k3. kl_placement: none, loss, reward (summed over a response) or token_reward.
    reference_every: the policy becomes the reference every so many steps; 0 = never.
    entropy_coefficient: entropy bonus in the loss.
    entropy_control: hold back the tokens that collapse entropy (clip_cov or kl_cov; for recipes that clip tokens).
    importance_cap: cap on the weight old/sampled of a token; 0 = no correction.
    sequence_low, sequence_high: a response whose geometric-mean old/sampled is outside leaves the loss; 0 = no bound.
    dynamic_sampling: keep informative groups only, and sample until the batch is full.
    overlong_buffer: tokens before the maximum length in which the length penalty grows to overlong_factor; 0 = off.
    overlong_filter: responses cut off at the maximum length leave the loss.
    """

    clip_low: float | None = None
    clip_high: float | None = None
    dual_clip: float | None = None
    divide_by: Divisor | None = None
    kl_coefficient: float | None = None
    kl_estimator: KLEstimator | None = None
    kl_placement: KLPlacement | None = None
    reference_every: int = 0
    entropy_coefficient: float | None = None
    entropy_control: EntropyControl = field(default_factory=EntropyControl)
    importance_cap: float | None = None
    sequence_low: float | None = None
    sequence_high: float | None = None
    dynamic_sampling: bool | None = None
    overlong_buffer: int | None = None
    overlong_factor: float | None = None
    overlong_filter: bool | None = None


class Setting(NamedTuple):
    """One value of a resolved recipe: the key that overrides it, the value, and where it came from."""

    key: str
    value: Value
    origin: str


def find_recipe(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        ConfigError: no such recipe; the message suggests the nearest name.
    """
    if name in RECIPES:
        return RECIPES[name]
    near = difflib.get_close_matches(name.lower(), RECIPES, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise ConfigError(f"recipe is {name!r}, which is no recipe; {hint}Known: {', '.join(RECIPES)}")


def resolve(name: str, config: AlgorithmConfig, *, max_response_tokens: int) -> Recipe:
    """The recipe of a name with the configuration's overrides.

    Args:
        name: grpo, dr_grpo, dapo, gspo, rloo, reinforce++, reinforce++_baseline or cispo.
        max_response_tokens: the longest response that a rollout may have, over all stages of the run.

    Raises:
        ConfigError: an unknown recipe, a value out of range, or values that do not go together.
    """
    base = find_recipe(name)
    _check_ranges(config, max_response_tokens)
    _check_used(config, base)
    control = config.entropy_control
    own = base.objective
    recipe = replace(
        base,
        objective=replace(
            own,
            surrogate=own.surrogate if control.kind == "none" else control.kind,
            kl_cov_coefficient=control.coefficient,
            max_response_tokens=max_response_tokens,
            divide_by=_given(config.divide_by, own.divide_by),
            clip_low=_given(config.clip_low, own.clip_low),
            clip_high=_given(config.clip_high, own.clip_high),
            dual_clip=_bound(config.dual_clip, own.dual_clip),
            entropy_coefficient=_given(config.entropy_coefficient, own.entropy_coefficient),
            importance_cap=_bound(config.importance_cap, own.importance_cap),
            sequence_low=_bound(config.sequence_low, own.sequence_low),
            sequence_high=_bound(config.sequence_high, own.sequence_high),
        ),
        kl=KLSpec(
            placement=_given(config.kl_placement, base.kl.placement),
            estimator=_given(config.kl_estimator, base.kl.estimator),
            coefficient=_given(config.kl_coefficient, base.kl.coefficient),
        ),
        keep=_given(None if config.dynamic_sampling is None else _KEEP[config.dynamic_sampling], base.keep),
        shaping=replace(
            base.shaping,
            overlong_buffer=_given(config.overlong_buffer, base.shaping.overlong_buffer),
            overlong_factor=_given(config.overlong_factor, base.shaping.overlong_factor),
            overlong_filter=_given(config.overlong_filter, base.shaping.overlong_filter),
        ),
        entropy_control=control,
        reference_every=config.reference_every,
        overridden=tuple(f.name for f in fields(config) if _is_set(config, f)),
    )
    _check_together(config, recipe, max_response_tokens)
    return tied(recipe)


def explain(recipe: Recipe) -> list[Setting]:
    """Every value of a recipe and its origin: the recipe itself, or a configuration key."""
    unused = _CLIP_KEYS - _USED_CLIP_KEYS[recipe.objective.surrogate]
    return [Setting(key, value(recipe), _origin(recipe, key)) for key, value in _SETTINGS.items() if key not in unused]


_KEEP: dict[bool, Keep] = {True: "informative", False: "all"}

_CLIP_KEYS = frozenset({"clip_low", "clip_high", "dual_clip"})
_USED_CLIP_KEYS: dict[Surrogate, frozenset[str]] = {
    "clip": _CLIP_KEYS,
    "clip_cov": _CLIP_KEYS,
    "sequence_clip": frozenset({"clip_low", "clip_high"}),
    "cispo": frozenset({"clip_high"}),
    "kl_cov": frozenset(),
    "reinforce": frozenset(),
    "supervised": frozenset(),
}

_CONTROL_TEXT: dict[EntropyControlKind, Callable[[EntropyControl], str]] = {
    "none": lambda _c: "none",
    "clip_cov": lambda c: f"clip_cov: {c.share} of the tokens, covariance in [{c.low}, {c.high}]",
    "kl_cov": lambda c: f"kl_cov: {c.share} of the tokens, coefficient {c.coefficient}",
}

_SETTINGS: dict[str, Callable[[Recipe], Value]] = {
    "advantage": lambda r: r.advantage,
    "surrogate": lambda r: r.objective.surrogate,
    "divide_by": lambda r: r.objective.divide_by,
    "max_response_tokens": lambda r: r.objective.max_response_tokens,
    "clip_low": lambda r: r.objective.clip_low,
    "clip_high": lambda r: r.objective.clip_high,
    "dual_clip": lambda r: r.objective.dual_clip,
    "kl_placement": lambda r: r.kl.placement,
    "kl_estimator": lambda r: r.kl.estimator,
    "kl_coefficient": lambda r: r.kl.coefficient,
    "reference_model": lambda r: "loaded" if r.needs_reference else "not loaded",
    "reference_every": lambda r: r.reference_every,
    "entropy_coefficient": lambda r: r.objective.entropy_coefficient,
    "entropy_control": lambda r: _CONTROL_TEXT[r.entropy_control.kind](r.entropy_control),
    "importance_cap": lambda r: r.objective.importance_cap,
    "sequence_low": lambda r: r.objective.sequence_low,
    "sequence_high": lambda r: r.objective.sequence_high,
    "dynamic_sampling": lambda r: r.informative_only,
    "min_graded": lambda r: r.min_graded,
    "score_scale": lambda r: r.shaping.scale,
    "score_offset": lambda r: r.shaping.offset,
    "overlong_buffer": lambda r: buffer_tokens(r.shaping, r.objective.max_response_tokens),
    "overlong_factor": lambda r: r.shaping.overlong_factor,
    "overlong_filter": lambda r: r.shaping.overlong_filter,
}


# Settings without a key of their own, and the keys that decide them.
_DECIDED_BY: dict[str, tuple[str, ...]] = {
    "surrogate": ("entropy_control",),
    "reference_model": ("kl_coefficient", "kl_placement"),
    "min_graded": ("dynamic_sampling",),
}


def _origin(recipe: Recipe, key: str) -> str:
    if key == "max_response_tokens":
        return "the longest response of the run"
    deciding = next((k for k in _DECIDED_BY.get(key, (key,)) if k in recipe.overridden), None)
    return f"recipe {recipe.name}" if deciding is None else f"algorithm.{deciding}"


def _given(value: _T | None, own: _T) -> _T:
    return own if value is None else value


def _bound(value: float | None, own: float | None) -> float | None:
    """A bound that 0 disables."""
    return own if value is None else value or None


def _is_set(config: AlgorithmConfig, field: Field[Value]) -> bool:
    default = EntropyControl() if field.name == "entropy_control" else field.default
    return bool(getattr(config, field.name) != default)


# key -> (whether a value holds, what it must be). Written so that NaN never holds.
_RANGES: dict[str, tuple[Callable[[float], bool], str]] = {
    "clip_low": (lambda v: 0 <= v < 1, "in [0, 1)"),
    "clip_high": (lambda v: 0 <= v < math.inf, "finite and at least 0"),
    "dual_clip": (lambda v: v == 0 or 1 < v < math.inf, "above 1, or 0 to switch it off"),
    "kl_coefficient": (lambda v: 0 <= v < math.inf, "finite and at least 0"),
    "reference_every": (lambda v: v >= 0, "at least 0"),
    "entropy_coefficient": (lambda v: 0 <= v < math.inf, "finite and at least 0"),
    "importance_cap": (lambda v: v == 0 or 1 <= v < math.inf, "at least 1, or 0 to switch the correction off"),
    "sequence_low": (lambda v: 0 <= v < 1, "in (0, 1), or 0 to switch it off"),
    "sequence_high": (lambda v: v == 0 or 1 < v < math.inf, "above 1, or 0 to switch it off"),
    "overlong_buffer": (lambda v: v >= 0, "at least 0"),
    "overlong_factor": (lambda v: 0 <= v < math.inf, "finite and at least 0"),
}
_CONTROL_RANGES: dict[str, tuple[Callable[[float], bool], str]] = {
    "share": (lambda v: 0 < v <= 1, "in (0, 1]"),
    "coefficient": (lambda v: 0 <= v < math.inf, "finite and at least 0"),
}


def _check_ranges(config: AlgorithmConfig, max_response_tokens: int) -> None:
    checks = [(key, getattr(config, key), *rule) for key, rule in _RANGES.items()]
    control = config.entropy_control
    checks += [(f"entropy_control.{key}", getattr(control, key), *rule) for key, rule in _CONTROL_RANGES.items()]
    for key, value, holds, wanted in checks:
        if value is not None and not holds(value):
            raise ConfigError(f"algorithm.{key} is {value}; it must be {wanted}")
    if not control.low < control.high:
        raise ConfigError(
            f"algorithm.entropy_control.low is {control.low} and high is {control.high}; low must be below high"
        )
    if max_response_tokens < 1:
        raise ConfigError(f"the longest response is {max_response_tokens} tokens; it must be at least 1")


def _check_used(config: AlgorithmConfig, base: Recipe) -> None:
    """Reject values that the surrogate does not use."""
    kind, surrogate = config.entropy_control.kind, base.objective.surrogate
    if kind != "none" and surrogate != "clip":
        able = ", ".join(name for name, recipe in RECIPES.items() if recipe.objective.surrogate == "clip")
        raise ConfigError(
            f"algorithm.entropy_control.kind is {kind!r} but recipe {base.name!r} does not clip single tokens; "
            f"use one of {able}, or entropy_control.kind: none"
        )
    used = _USED_CLIP_KEYS[surrogate if kind == "none" else kind]
    for key in sorted(_CLIP_KEYS - used):
        if getattr(config, key) is not None:
            owner = f"recipe {base.name!r}" if kind == "none" else f"entropy_control.kind {kind!r}"
            raise ConfigError(f"algorithm.{key} is {getattr(config, key)} but {owner} has no such bound; leave it out")


def _check_together(config: AlgorithmConfig, recipe: Recipe, max_response_tokens: int) -> None:
    kl, spec = recipe.kl, recipe.objective
    if kl.placement == "none" and (config.kl_coefficient or config.kl_estimator):
        key = "kl_coefficient" if config.kl_coefficient else "kl_estimator"
        raise ConfigError(
            f"algorithm.{key} is {getattr(config, key)} but algorithm.kl_placement is 'none' (recipe {recipe.name!r}); "
            "set kl_placement to loss, reward or token_reward"
        )
    if config.kl_placement not in (None, "none") and kl.coefficient == 0 and config.kl_coefficient is None:
        raise ConfigError(
            f"algorithm.kl_placement is {kl.placement!r} but algorithm.kl_coefficient is 0 (recipe {recipe.name!r}); "
            "set kl_coefficient, for instance to 0.001"
        )
    if recipe.reference_every and not recipe.needs_reference:
        raise ConfigError(
            f"algorithm.reference_every is {recipe.reference_every} but there is no reference: algorithm.kl_placement "
            f"is {kl.placement!r} and kl_coefficient is {kl.coefficient}; set both, or reference_every: 0"
        )
    if recipe.shaping.overlong_buffer is not None and recipe.shaping.overlong_buffer > max_response_tokens:
        raise ConfigError(
            f"algorithm.overlong_buffer is {recipe.shaping.overlong_buffer} but the longest response is "
            f"{max_response_tokens} tokens; make the buffer a part of it"
        )
    if config.overlong_factor is not None and not buffer_tokens(recipe.shaping, spec.max_response_tokens):
        raise ConfigError(
            f"algorithm.overlong_factor is {config.overlong_factor} but algorithm.overlong_buffer is 0; "
            "set overlong_buffer to the tokens in which the penalty grows"
        )
