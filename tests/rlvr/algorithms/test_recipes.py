"""The table of recipes is that of the design, and make_advantages puts KL where a recipe places it."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import get_args

import pytest
import torch

from rlvr.algorithms import advantages
from rlvr.algorithms.advantages import ADVANTAGES, make_advantages
from rlvr.algorithms.kl import REWARD_PLACEMENTS
from rlvr.algorithms.objective_spec import KLPlacement, KLSpec
from rlvr.algorithms.recipes import RECIPES, AdvantageName, tied
from rlvr.errors import ConfigError
from rlvr.types import Batch
from tests.rlvr.algorithms.token_rows import batch_of

# name: advantage, surrogate, divided by, clip low, clip high, dual clip, KL placement, estimator, coefficient, keep
DESIGN = {
    "grpo": ("group_normalised", "clip", "sequence_tokens", 0.2, 0.2, None, "loss", "k3", 0.001, "all"),
    "dr_grpo": ("group_centred", "clip", "max_tokens", 0.2, 0.2, None, "none", None, 0.0, "all"),
    "dapo": ("group_normalised", "clip", "tokens", 0.2, 0.28, 10.0, "none", None, 0.0, "informative"),
    "gspo": ("group_normalised", "sequence_clip", "sequences", 3e-4, 4e-4, None, "none", None, 0.0, "all"),
    "rloo": ("leave_one_out", "reinforce", "sequences", None, None, None, "reward", "k1", 0.05, "all"),
    "reinforce++": (
        "return_to_go_whitened", "clip", "tokens", 0.2, 0.2, None, "token_reward", "k1", 0.001, "all",
    ),
    "reinforce++_baseline": (
        "group_centred_whitened", "clip", "tokens", 0.2, 0.2, None, "loss", "k2", 0.001, "all",
    ),
    "cispo": ("group_normalised", "cispo", "tokens", None, 5.0, None, "none", None, 0.0, "all"),
}  # fmt: skip


@pytest.mark.parametrize("name", DESIGN)
def test_recipes_are_those_of_the_design(name: str) -> None:
    advantage, surrogate, divide_by, low, high, dual, placement, estimator, coefficient, keep = DESIGN[name]
    recipe = RECIPES[name]
    assert recipe.name == name
    assert ADVANTAGES[recipe.advantage] is getattr(advantages, advantage)
    assert recipe.advantage == advantage
    spec = recipe.objective
    assert (spec.surrogate, spec.divide_by, spec.dual_clip) == (surrogate, divide_by, dual)
    assert low is None or spec.clip_low == low
    assert high is None or spec.clip_high == high
    assert (recipe.kl.placement, recipe.kl.coefficient, recipe.keep) == (placement, coefficient, keep)
    assert estimator is None or recipe.kl.estimator == estimator
    assert spec.importance_cap == 2.0


def test_the_table_holds_these_recipes_and_no_other() -> None:
    assert RECIPES.keys() == DESIGN.keys()
    assert ADVANTAGES.keys() == {*get_args(AdvantageName)}


@pytest.mark.parametrize("placement", get_args(KLPlacement))
def test_old_logprobs_are_needed_where_kl_is_placed_in_the_rewards(placement: KLPlacement) -> None:
    recipe = replace(RECIPES["grpo"], kl=KLSpec(placement=placement, coefficient=0.1))
    assert recipe.needs_old_logprobs == (placement in REWARD_PLACEMENTS)


def test_the_loss_has_a_kl_term_only_where_it_is_placed_there() -> None:
    terms = {name: (recipe.objective.kl_coefficient, recipe.objective.kl_estimator) for name, recipe in RECIPES.items()}
    assert {name: term for name, term in terms.items() if term[0]} == {
        "grpo": (0.001, "k3"),
        "reinforce++_baseline": (0.001, "k2"),
    }


def test_the_reference_is_loaded_only_where_kl_has_weight() -> None:
    assert {name for name, r in RECIPES.items() if r.needs_reference} == {
        "grpo", "rloo", "reinforce++", "reinforce++_baseline",
    }  # fmt: skip
    assert {name for name, r in RECIPES.items() if r.needs_old_logprobs} == {"rloo", "reinforce++"}
    off = tied(replace(RECIPES["grpo"], kl=KLSpec(placement="loss", estimator="k3", coefficient=0.0)))
    assert not off.needs_reference
    assert off.objective.kl_coefficient == 0


def test_only_reinforce_plus_plus_trains_on_single_samples() -> None:
    assert {name for name, r in RECIPES.items() if r.min_graded == 1} == {"reinforce++"}
    assert replace(RECIPES["reinforce++"], keep="informative").min_graded == 2


def test_only_dapo_shapes() -> None:
    shapes = {name: r.shaping for name, r in RECIPES.items()}
    dapo = shapes.pop("dapo")
    assert (dapo.scale, dapo.offset, dapo.overlong_share, dapo.overlong_filter) == (2.0, -1.0, 0.2, False)
    assert all((s.scale, s.offset, s.overlong_share, s.overlong_filter) == (1, 0, 0, False) for s in shapes.values())


def test_recipes_cross_processes() -> None:
    for recipe in RECIPES.values():
        assert pickle.loads(pickle.dumps(recipe)) == recipe


# --- make_advantages ------------------------------------------------------------------------------------------------

MASK = torch.tensor([[False, True, True], [False, True, False]])
GROUP = torch.tensor([0, 0])


def step(**more: torch.Tensor | None) -> Batch:
    return batch_of(MASK, sampled=torch.full((2, 3), -1.0), **more)  # type: ignore[arg-type]


REFERENCE = torch.tensor([[9.0, -1.5, -2.0], [9.0, -0.5, 9.0]])  # k1 at old = -1: 0.5 and 1; -0.5


def test_rloo_charges_the_divergence_of_the_whole_response() -> None:
    recipe = replace(RECIPES["rloo"], kl=KLSpec(placement="reward", estimator="k1", coefficient=0.1))
    found = make_advantages(recipe, step(reference=REFERENCE), torch.tensor([1.0, 0.0]), GROUP)
    # rewards 1 - 0.15 and 0 + 0.05; each less the other
    torch.testing.assert_close(found, torch.tensor([[0, 0.8, 0.8], [0, -0.8, 0]]))


def test_reinforce_plus_plus_charges_tokens_from_where_they_stand() -> None:
    recipe = replace(RECIPES["reinforce++"], kl=KLSpec(placement="token_reward", estimator="k1", coefficient=0.1))
    found = make_advantages(recipe, step(reference=REFERENCE), torch.tensor([1.0, 0.0]), GROUP)
    returns = torch.tensor([0.85, 0.9, 0.05], dtype=torch.float64)  # row 0 from its first token, its second; row 1
    whitened = (returns - returns.mean()) / returns.std()
    torch.testing.assert_close(found[MASK], whitened.float(), rtol=0, atol=1e-5)


def test_old_logprobs_are_charged_and_sampled_ones_only_without_them() -> None:
    recipe = replace(RECIPES["rloo"], kl=KLSpec(placement="reward", estimator="k1", coefficient=0.1))
    old = torch.full((2, 3), -1.0)
    whole = replace(step(reference=REFERENCE, old=old), sampled_logprobs=torch.full((2, 3), -7.0))
    rewards = torch.tensor([1.0, 0.0])
    assert torch.equal(
        make_advantages(recipe, whole, rewards, GROUP),
        make_advantages(recipe, step(reference=REFERENCE), rewards, GROUP),
    )


@pytest.mark.parametrize("name", ["rloo", "reinforce++"])
def test_kl_in_the_rewards_without_a_reference_is_an_error(name: str) -> None:
    with pytest.raises(ConfigError, match="reference_logprobs"):
        make_advantages(RECIPES[name], step(), torch.tensor([1.0, 0.0]), GROUP)


@pytest.mark.parametrize("name", RECIPES)
def test_without_kl_no_reference_is_needed(name: str) -> None:
    recipe = tied(replace(RECIPES[name], kl=replace(RECIPES[name].kl, coefficient=0.0)))
    found = make_advantages(recipe, step(), torch.tensor([1.0, 0.0]), GROUP)
    assert found.dtype == torch.float32
    assert found[0, 1] > 0 > found[1, 1]


def test_a_reward_that_is_not_finite_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"rewards\[1\] is nan; leave samples without a grade out"):
        make_advantages(RECIPES["dapo"], step(), torch.tensor([1.0, torch.nan]), GROUP)


def test_token_rewards_join_those_of_kl() -> None:
    recipe = replace(RECIPES["reinforce++"], advantage="group_centred")
    whole = step(reference=REFERENCE)
    extra = torch.tensor([[5.0, 0.25, 0.0], [5.0, 0.0, 5.0]])
    found = make_advantages(recipe, whole, torch.tensor([1.0, 0.0]), GROUP, token_rewards=extra)
    kl = recipe.kl.coefficient
    wanted = ((1.25 - 1.5 * kl) - 0.5 * kl) / 2
    assert found[0, 1].item() == pytest.approx(wanted, abs=1e-6)


def test_rewards_that_float32_cannot_tell_apart_still_differ() -> None:
    found = make_advantages(RECIPES["grpo"], step(), torch.tensor([1e9 + 1, 1e9], dtype=torch.float64), GROUP)
    torch.testing.assert_close(found[:, 1], torch.tensor([0.5**0.5, -(0.5**0.5)]), rtol=0, atol=1e-5)
