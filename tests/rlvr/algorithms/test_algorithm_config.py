"""Overrides of a recipe: what they change, what is refused, and what `rlvr show` says of them."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

import pytest

from rlvr.algorithms.algorithm_config import AlgorithmConfig, Setting, explain, resolve
from rlvr.algorithms.objective_spec import EntropyControl
from rlvr.algorithms.recipes import RECIPES, Recipe
from rlvr.errors import ConfigError


def resolved(name: str, **overrides: Any) -> Recipe:
    return resolve(name, AlgorithmConfig(**overrides), max_response_tokens=1000)


@pytest.mark.parametrize("name", RECIPES)
def test_without_overrides_a_recipe_is_its_own(name: str) -> None:
    recipe, own = resolved(name), RECIPES[name]
    assert recipe.overridden == ()
    assert recipe.objective.max_response_tokens == 1000
    assert (recipe.kl, recipe.keep, recipe.shaping, recipe.advantage) == (own.kl, own.keep, own.shaping, own.advantage)
    for field in fields(own.objective):
        if field.name != "max_response_tokens":
            assert getattr(recipe.objective, field.name) == getattr(own.objective, field.name)


def test_every_override_arrives() -> None:
    control = EntropyControl(kind="clip_cov", share=0.01, low=0.5, high=2.0)
    recipe = resolved(
        "grpo", clip_low=0.1, clip_high=0.3, dual_clip=4.0, divide_by="tokens", kl_coefficient=0.02, kl_estimator="k2",
        kl_placement="loss", reference_every=400, entropy_coefficient=0.003, entropy_control=control,
        importance_cap=3.0, sequence_low=0.9, sequence_high=1.1, dynamic_sampling=True, overlong_buffer=100,
        overlong_factor=0.5, overlong_filter=True,
    )  # fmt: skip
    spec = recipe.objective
    assert (spec.clip_low, spec.clip_high, spec.dual_clip, spec.divide_by) == (0.1, 0.3, 4.0, "tokens")
    assert (spec.kl_coefficient, spec.kl_estimator, spec.entropy_coefficient) == (0.02, "k2", 0.003)
    assert (spec.importance_cap, spec.sequence_low, spec.sequence_high) == (3.0, 0.9, 1.1)
    assert (spec.surrogate, recipe.entropy_control) == ("clip_cov", control)
    assert (recipe.reference_every, recipe.informative_only, recipe.shaping.overlong_filter) == (400, True, True)
    assert (recipe.shaping.overlong_buffer, recipe.shaping.overlong_factor) == (100, 0.5)
    assert set(recipe.overridden) == {field.name for field in fields(AlgorithmConfig)}


def test_zero_switches_bounds_off() -> None:
    spec = resolved("dapo", dual_clip=0.0, importance_cap=0.0, sequence_low=0.0, sequence_high=0.0).objective
    assert (spec.dual_clip, spec.importance_cap, spec.sequence_low, spec.sequence_high) == (None, None, None, None)


def test_kl_off_needs_no_reference_and_moving_it_moves_the_term() -> None:
    assert not resolved("grpo", kl_coefficient=0.0).needs_reference
    assert not resolved("grpo", kl_placement="none", kl_coefficient=0.0).needs_reference
    moved = resolved("grpo", kl_placement="token_reward")
    assert (moved.objective.kl_coefficient, moved.kl.coefficient, moved.needs_old_logprobs) == (0.0, 0.001, True)
    placed = resolved("dapo", kl_placement="loss", kl_coefficient=0.01)
    assert (placed.objective.kl_coefficient, placed.needs_reference) == (0.01, True)


def test_kl_cov_carries_its_coefficient_into_the_objective() -> None:
    spec = resolved("dr_grpo", entropy_control=EntropyControl(kind="kl_cov", coefficient=0.7)).objective
    assert (spec.surrogate, spec.kl_cov_coefficient) == ("kl_cov", 0.7)


@pytest.mark.parametrize(
    ("written", "near"), [("drgrpo", "dr_grpo"), ("GRPO", "grpo"), ("reinforce_pp", "reinforce++"), ("dapoo", "dapo")]
)
def test_an_unknown_recipe_names_the_nearest(written: str, near: str) -> None:
    with pytest.raises(ConfigError, match=f"recipe is '{written}'") as raised:
        resolved(written)
    assert f"did you mean {near!r}?" in str(raised.value)


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("clip_low", [-0.1, 1.0]),
        ("clip_high", [-0.1, math.inf]),
        ("dual_clip", [1.0, -3.0]),
        ("kl_coefficient", [-0.1]),
        ("reference_every", [-1]),
        ("entropy_coefficient", [-0.1]),
        ("importance_cap", [0.5]),
        ("sequence_low", [1.0, -0.1]),
        ("sequence_high", [1.0, 0.5]),
        ("overlong_buffer", [-1]),
        ("overlong_factor", [-1.0]),
    ],
)
def test_values_out_of_range_are_refused_with_key_and_value(key: str, values: list[float]) -> None:
    for value in [*values, math.nan]:
        with pytest.raises(ConfigError, match=rf"algorithm\.{key} is {value}; it must be"):
            resolved("dapo", **{key: value})


@pytest.mark.parametrize(
    ("name", "overrides", "words"),
    [
        ("dapo", {"kl_coefficient": 0.01}, ["kl_coefficient is 0.01", "kl_placement is 'none'"]),
        ("dapo", {"kl_estimator": "k3"}, ["kl_estimator is k3", "kl_placement is 'none'"]),
        ("dapo", {"kl_placement": "loss"}, ["kl_placement is 'loss'", "kl_coefficient is 0"]),
        ("dapo", {"reference_every": 400}, ["reference_every is 400", "kl_placement is 'none'"]),
        ("grpo", {"reference_every": 400, "kl_coefficient": 0.0}, ["reference_every is 400", "kl_coefficient is 0.0"]),
        ("rloo", {"clip_low": 0.1}, ["clip_low is 0.1", "'rloo'"]),
        ("cispo", {"clip_low": 0.1}, ["clip_low is 0.1", "'cispo'"]),
        ("gspo", {"dual_clip": 3.0}, ["dual_clip is 3.0", "'gspo'"]),
        ("gspo", {"entropy_control": EntropyControl(kind="kl_cov")}, ["kind is 'kl_cov'", "'gspo'", "grpo, dr_grpo"]),
        ("grpo", {"entropy_control": EntropyControl(kind="kl_cov"), "clip_high": 0.3}, ["clip_high is 0.3", "kl_cov"]),
        ("grpo", {"entropy_control": EntropyControl(low=2.0, high=1.0)}, ["low is 2.0", "high is 1.0"]),
        ("grpo", {"entropy_control": EntropyControl(share=0.0)}, ["entropy_control.share is 0.0"]),
        ("dapo", {"overlong_buffer": 1001}, ["overlong_buffer is 1001", "1000 tokens"]),
        ("grpo", {"overlong_factor": 0.5}, ["overlong_factor is 0.5", "overlong_buffer"]),
    ],
)
def test_values_that_do_not_go_together_are_refused_with_both(
    name: str, overrides: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(ConfigError) as raised:
        resolved(name, **overrides)
    assert [word for word in words if word not in str(raised.value)] == [], str(raised.value)


def settings(recipe: Recipe) -> dict[str, Setting]:
    return {setting.key: setting for setting in explain(recipe)}


def test_explain_says_where_each_value_came_from() -> None:
    found = settings(resolved("dapo", clip_high=0.3, overlong_buffer=50))
    assert found["clip_high"] == ("clip_high", 0.3, "algorithm.clip_high")
    assert found["clip_low"] == ("clip_low", 0.2, "recipe dapo")
    assert found["overlong_buffer"] == ("overlong_buffer", 50, "algorithm.overlong_buffer")
    assert found["advantage"].value == "group_normalised"
    assert found["reference_model"] == ("reference_model", "not loaded", "recipe dapo")
    assert settings(resolved("dapo"))["overlong_buffer"].value == 200, "a fifth of the longest response"


def test_explain_says_the_numbers_of_entropy_control() -> None:
    assert settings(resolved("dapo"))["entropy_control"].value == "none"
    clip = settings(resolved("dapo", entropy_control=EntropyControl(kind="clip_cov", share=0.01)))["entropy_control"]
    assert clip.value == "clip_cov: 0.01 of the tokens, covariance in [1.0, 5.0]"
    kl = settings(resolved("dapo", entropy_control=EntropyControl(kind="kl_cov", share=0.01)))["entropy_control"]
    assert kl.value == "kl_cov: 0.01 of the tokens, coefficient 1.0"


def test_explain_names_the_key_behind_a_coupled_value() -> None:
    found = settings(resolved("grpo", entropy_control=EntropyControl(kind="kl_cov"), kl_coefficient=0.0))
    assert found["surrogate"] == ("surrogate", "kl_cov", "algorithm.entropy_control")
    assert found["reference_model"] == ("reference_model", "not loaded", "algorithm.kl_coefficient")


@pytest.mark.parametrize(
    ("name", "unused"),
    [("rloo", {"clip_low", "clip_high", "dual_clip"}), ("cispo", {"clip_low", "dual_clip"}), ("gspo", {"dual_clip"})],
)
def test_explain_leaves_out_what_the_surrogate_does_not_look_at(name: str, unused: set[str]) -> None:
    assert not unused & settings(resolved(name)).keys()
    assert {"clip_low", "clip_high", "dual_clip"} - unused <= settings(resolved(name)).keys()


def test_explain_covers_every_key_of_the_configuration() -> None:
    assert {field.name for field in fields(AlgorithmConfig)} <= settings(resolved("dapo")).keys()


@pytest.mark.parametrize("name", RECIPES)
def test_the_table_itself_can_be_explained(name: str) -> None:
    assert all(setting.origin for setting in explain(RECIPES[name]))
