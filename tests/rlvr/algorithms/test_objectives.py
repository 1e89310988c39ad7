"""The loss of an update: divisors, corrections and statistics by hand, and what must not change the gradient."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from rlvr.algorithms.advantages import make_advantages
from rlvr.algorithms.algorithm_config import AlgorithmConfig, resolve
from rlvr.algorithms.objective_spec import ObjectiveSpec
from rlvr.algorithms.objectives import (
    DIVISORS,
    ObjectiveStatistics,
    add_statistics,
    loss_from,
    objective,
    objective_loss,
)
from rlvr.algorithms.recipes import RECIPES
from rlvr.algorithms.shaping import shape
from rlvr.algorithms.surrogates import SURROGATES
from rlvr.batching import select_rows
from rlvr.errors import ConfigError
from rlvr.types import Batch
from tests.rlvr.algorithms.token_rows import batch_of, laid_out

LOG = math.log


def double(rows: list[list[float]]) -> Tensor:
    return torch.tensor(rows, dtype=torch.float64)


MASK = torch.tensor([[False, True, True, True, True], [False, True, False, False, False]])
ADVANTAGES = double([[0, 2, 2, 2, 2], [0, -3, 0, 0, 0]])


def batch(**more: Tensor) -> Batch:
    """Two responses of 4 and 1 tokens, all log-probabilities -1."""
    return batch_of(MASK, sampled=torch.full((2, 5), -1.0, dtype=torch.float64), advantages=ADVANTAGES, **more)


def gradient_of(batch: Batch, spec: ObjectiveSpec, new: Tensor, entropy: Tensor | None = None) -> Tensor:
    leaf = new.clone().requires_grad_()
    objective_loss(leaf, batch, spec, entropy)[0].backward()
    assert leaf.grad is not None
    return leaf.grad


# --- divisors -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("divide_by", "wanted"),
    [
        ("tokens", [2 / 5, 3 / 5]),
        ("sequence_tokens", [2 / 4 / 2, 3 / 1 / 2]),
        ("max_tokens", [2 / 10 / 2, 3 / 10 / 2]),
        ("sequences", [2 / 2, 3 / 2]),
    ],
)
def test_each_divisor_weighs_tokens_by_hand(divide_by: str, wanted: list[float]) -> None:
    spec = ObjectiveSpec(surrogate="reinforce", divide_by=divide_by, max_response_tokens=10)  # type: ignore[arg-type]
    found = gradient_of(batch(), spec, batch().sampled_logprobs)
    assert found.tolist() == [[0, *[-wanted[0]] * 4], [0, pytest.approx(wanted[1]), 0, 0, 0]]


def test_a_sequence_is_one_term_for_sequence_clip() -> None:
    spec = ObjectiveSpec(surrogate="sequence_clip", divide_by="sequences")
    found = gradient_of(batch(), spec, batch().sampled_logprobs)
    assert found.tolist() == [[0, *[-2 / 4 / 2] * 4], [0, 3 / 2, 0, 0, 0]]
    loss, _ = objective_loss(batch().sampled_logprobs, batch(), spec)
    assert loss.item() == pytest.approx((-2 + 3) / 2)


def test_the_loss_is_divided_by_global_counts_not_by_what_is_there() -> None:
    half = replace(batch(), token_count=50, sequence_count=20)
    spec = ObjectiveSpec(surrogate="reinforce", divide_by="tokens")
    assert gradient_of(half, spec, half.sampled_logprobs)[0, 1].item() == -2 / 50
    spec = ObjectiveSpec(surrogate="reinforce", divide_by="sequence_tokens")
    assert gradient_of(half, spec, half.sampled_logprobs)[0, 1].item() == -2 / 4 / 20


# --- recipes are told apart -----------------------------------------------------------------------------------------

# Two problems with two samples each. The first: a right answer of 3 tokens whose ratios are 1.25, 1.5 and 1, and a
# wrong one of 4 tokens with ratios 1. The second: two right answers of one token.
LENGTHS, SCORES, GROUPS = (3, 4, 1, 1), (1.0, 0.0, 1.0, 1.0), (0, 0, 1, 1)
H = math.sqrt(0.5)  # the group-normalised advantage of 1 and 0, and of 1 and -1
PP_RIGHT, PP_WRONG = (4 / 9) / math.sqrt(5 / 18), -(5 / 9) / math.sqrt(5 / 18)
BASE_SCALE = math.sqrt((1.75 - 9 / 18**2) / 8)  # of 0.5 (3 tokens), -0.5 (4) and 0 (2), whose mean is -1/18
BASE_RIGHT, BASE_WRONG, BASE_EQUAL = (0.5 + 1 / 18) / BASE_SCALE, (-0.5 + 1 / 18) / BASE_SCALE, (1 / 18) / BASE_SCALE
KNOWN_GRADIENTS = {
    "grpo": ([0, 0, -H / 3 / 4], H / 4 / 4, 0),
    "dr_grpo": ([0, 0, -0.5 / 8 / 4], 0.5 / 8 / 4, 0),
    "dapo": ([-1.25 * H / 9, 0, -H / 9], H / 9, 0),
    "gspo": ([0, 0, 0], H / 4 / 4, 0),
    "rloo": ([-1 / 4, -1 / 4, -1 / 4], 1 / 4, 0),
    "reinforce++": ([0, 0, -PP_RIGHT / 9], -PP_WRONG / 9, -PP_RIGHT / 9),
    "reinforce++_baseline": ([0, 0, -BASE_RIGHT / 9], -BASE_WRONG / 9, -BASE_EQUAL / 9),
    "cispo": ([-1.25 * H / 9, -1.5 * H / 9, -H / 9], H / 9, 0),
}


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_give_their_own_known_gradients_on_one_batch(name: str) -> None:
    recipe = resolve(name, AlgorithmConfig(kl_coefficient=0.0), max_response_tokens=8)
    mask = torch.arange(5) <= torch.tensor(LENGTHS).unsqueeze(1)
    mask[:, 0] = False
    old = torch.full((4, 5), -1.0, dtype=torch.float64)
    new = old.clone()
    new[0, 1], new[0, 2] = -1 + LOG(1.25), -1 + LOG(1.5)
    # the penalty of dapo is left out: at most 4 tokens of 8 lie below the buffer
    rewards = [
        shape(recipe.shaping, score=score, length=length, max_length=8)[0]
        for score, length in zip(SCORES, LENGTHS, strict=True)
    ]
    update = batch_of(mask, sampled=old, old=old)
    advantages = make_advantages(recipe, update, torch.tensor(rewards), torch.tensor(GROUPS))
    found = gradient_of(replace(update, advantages=advantages), recipe.objective, new)
    right, wrong, equal = KNOWN_GRADIENTS[name]
    wanted = torch.zeros(4, 5, dtype=torch.float64)
    wanted[0, 1:4], wanted[1, 1:5], wanted[2:, 1] = torch.tensor(right, dtype=torch.float64), wrong, equal
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-6)


def test_known_gradients_are_all_different() -> None:
    assert KNOWN_GRADIENTS.keys() == RECIPES.keys()
    rows = [torch.tensor([*right, wrong, equal]) for right, wrong, equal in KNOWN_GRADIENTS.values()]
    assert min(float((a - b).abs().max()) for i, a in enumerate(rows) for b in rows[:i]) > 1e-3


# --- layout ---------------------------------------------------------------------------------------------------------


def random_batch(rows: int, columns: int, seed: int) -> tuple[Batch, Tensor, Tensor]:
    """A batch with everything an objective looks at, new log-probabilities, entropy."""
    generator = torch.Generator().manual_seed(seed)

    def normal(scale: float) -> Tensor:
        return scale * torch.randn(rows, columns, generator=generator, dtype=torch.float64)

    mask = torch.rand(rows, columns, generator=generator) < 0.7
    mask[:, 0] = False
    mask[0, -1] = True
    old = -1 - normal(0.5).abs()
    made = batch_of(
        mask,
        sampled=old + normal(0.4),
        old=old,
        reference=old + normal(0.3),
        advantages=normal(1.0),
        selected=(torch.rand(rows, columns, generator=generator) < 0.3) & mask,
    )
    return made, old + normal(0.4), normal(1.0).abs()


SPECS = [
    ObjectiveSpec(
        surrogate=surrogate,
        divide_by=divide_by,
        max_response_tokens=9,
        dual_clip=2.0,
        kl_estimator="k3",
        kl_coefficient=0.1,
        entropy_coefficient=0.05,
        importance_cap=1.2,
        sequence_low=0.8,
        sequence_high=1.25,
    )
    for surrogate in SURROGATES
    for divide_by in DIVISORS
]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.surrogate}-{spec.divide_by}")
@settings(max_examples=6)
@given(data=st.data())
def test_gradients_are_equal_for_any_split_packing_order_and_padding(spec: ObjectiveSpec, data: st.DataObject) -> None:
    rows = data.draw(st.integers(2, 7))
    whole, new, entropy = random_batch(rows, 6, data.draw(st.integers(0, 2**20)))
    wanted = gradient_of(whole, spec, new, entropy)
    wanted_loss, wanted_statistics = objective_loss(new, whole, spec, entropy)

    order = data.draw(st.permutations(range(rows)))
    cuts = sorted(data.draw(st.sets(st.integers(1, rows - 1))))  # between micro-batches
    leaf, loss, statistics = new.clone().requires_grad_(), 0.0, None
    for start, end in zip([0, *cuts], [*cuts, rows], strict=True):
        part = order[start:end]
        inner = sorted(data.draw(st.sets(st.integers(1, len(part) - 1)))) if len(part) > 1 else []  # between rows
        packed_rows = [part[a:b] for a, b in zip([0, *inner], [*inner, len(part)], strict=True)]
        packed, (new_part, entropy_part) = laid_out(
            whole, [leaf.detach(), entropy], packed_rows, padding=data.draw(st.integers(0, 3))
        )
        micro = new_part.requires_grad_()
        sums = objective(micro, packed, spec, entropy_part)
        part_loss = loss_from(sums, packed, spec)
        part_loss.backward()
        loss += part_loss.item()
        statistics = sums.statistics if statistics is None else add_statistics(statistics, sums.statistics)
        assert micro.grad is not None
        back = torch.zeros_like(new)
        for r, row in enumerate(packed_rows):
            for n, old in enumerate(row):
                back[old] = micro.grad[r, n * 6 : (n + 1) * 6]
        leaf.grad = back if leaf.grad is None else leaf.grad + back
        assert micro.grad.isfinite().all()
    assert leaf.grad is not None
    torch.testing.assert_close(leaf.grad, wanted, rtol=0, atol=1e-10)
    assert loss == pytest.approx(wanted_loss.item(), abs=1e-10)
    assert statistics is not None
    assert_same_statistics(statistics, wanted_statistics)


def assert_same_statistics(found: ObjectiveStatistics, wanted: ObjectiveStatistics) -> None:
    by_sequence, position = torch.sort(found.sequence_ids), torch.argsort(wanted.sequence_ids)
    assert by_sequence.values.tolist() == wanted.sequence_ids[position].tolist()
    assert found.finite[by_sequence.indices].tolist() == wanted.finite[position].tolist()
    torch.testing.assert_close(found.log_ratios.sort().values, wanted.log_ratios.sort().values)
    for field in fields(ObjectiveStatistics):
        if field.name not in ("sequence_ids", "finite", "log_ratios"):
            torch.testing.assert_close(getattr(found, field.name), getattr(wanted, field.name), rtol=0, atol=1e-9)


def test_values_outside_the_mask_are_never_looked_at() -> None:
    whole, new, entropy = random_batch(4, 6, 3)
    spec = next(s for s in SPECS if s.surrogate == "clip" and s.divide_by == "tokens")
    hidden = {
        name: torch.where(whole.loss_mask, getattr(whole, name), torch.nan)
        for name in ("sampled_logprobs", "old_logprobs", "reference_logprobs", "advantages")
    }
    found = gradient_of(
        replace(whole, **hidden), spec, torch.where(whole.loss_mask, new, torch.nan), entropy / whole.loss_mask
    )
    assert torch.equal(found, gradient_of(whole, spec, new, entropy))
    assert (found[~whole.loss_mask] == 0).all()


@settings(max_examples=20)
@given(seed=st.integers(0, 2**20), rows=st.integers(2, 6))
def test_a_masked_sequence_gives_the_gradient_of_a_batch_without_it(seed: int, rows: int) -> None:
    whole, new, entropy = random_batch(rows, 6, seed)
    spec = next(s for s in SPECS if s.surrogate == "clip" and s.divide_by == "sequence_tokens")
    mask = whole.loss_mask.clone()
    mask[0] = False
    found = gradient_of(replace(whole, loss_mask=mask), spec, new, entropy)
    kept = select_rows(whole, torch.arange(1, rows))
    kept = replace(kept, token_count=whole.token_count, sequence_count=whole.sequence_count)
    torch.testing.assert_close(found[1:], gradient_of(kept, spec, new[1:], entropy[1:]), rtol=0, atol=1e-12)
    assert (found[0] == 0).all()


# --- the terms ------------------------------------------------------------------------------------------------------


def test_old_none_means_the_fresh_value_itself() -> None:
    whole, new, _ = random_batch(4, 6, 5)
    spec = ObjectiveSpec(importance_cap=1.1)
    found = gradient_of(replace(whole, old_logprobs=None), spec, new)
    torch.testing.assert_close(found, gradient_of(replace(whole, old_logprobs=new), spec, new), rtol=0, atol=0)
    weights = (new - whole.sampled_logprobs).exp().clamp(max=1.1)  # old/sampled is new/sampled, without gradient
    wanted = torch.where(whole.loss_mask, -weights * whole.advantages / whole.token_count, 0.0)
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-12)


def test_importance_weight_multiplies_the_surrogate_alone() -> None:
    sampled = torch.full((2, 5), -1.0 - LOG(1.5), dtype=torch.float64)
    old = torch.full((2, 5), -1.0, dtype=torch.float64)
    reference = old - 0.25
    spec = ObjectiveSpec(surrogate="reinforce", kl_estimator="k2", kl_coefficient=0.4)
    whole = replace(batch(old=old, reference=reference), sampled_logprobs=sampled)
    found = gradient_of(whole, spec, old)
    assert found[0, 1].item() == pytest.approx((-2 * 1.5 + 0.4 * 0.25) / 5)
    capped = gradient_of(whole, replace(spec, importance_cap=1.2), old)
    assert capped[0, 1].item() == pytest.approx((-2 * 1.2 + 0.4 * 0.25) / 5)
    off = gradient_of(whole, replace(spec, importance_cap=None), old)
    assert off[0, 1].item() == pytest.approx((-2 + 0.4 * 0.25) / 5)
    _, found_statistics = objective_loss(old, whole, replace(spec, importance_cap=1.2))
    assert found_statistics.capped == 5
    assert found_statistics.mismatch_max.item() == pytest.approx(LOG(1.5))
    assert found_statistics.mismatch_kl.item() == pytest.approx(5 * (1.5 - 1 - LOG(1.5)))


def test_a_sequence_outside_the_bounds_leaves_the_loss_and_stays_in_the_counts() -> None:
    old = torch.full((2, 5), -1.0, dtype=torch.float64)
    sampled = old.clone()
    sampled[0, 1] = -1 - 4 * LOG(1.3)  # the mean over 4 tokens is log 1.3, although one token is off by 2.9
    whole = replace(batch(old=old, reference=old - 0.5), sampled_logprobs=sampled)
    spec = ObjectiveSpec(surrogate="reinforce", kl_estimator="k2", kl_coefficient=0.4, sequence_high=1.25)
    found = gradient_of(whole, spec, old)
    assert (found[0] == 0).all()
    assert found[1, 1].item() == pytest.approx((3 + 0.4 * 0.5) / 5), "still divided by all five tokens"
    assert objective(old, whole, spec).statistics.masked == 1
    assert gradient_of(whole, replace(spec, sequence_high=1.35), old)[0, 2].item() == pytest.approx((-2 + 0.2) / 5)


def test_entropy_bonus_has_the_weights_of_the_loss() -> None:
    entropy = torch.ones(2, 5, dtype=torch.float64).requires_grad_()
    spec = ObjectiveSpec(divide_by="sequence_tokens", entropy_coefficient=0.3)
    loss, statistics = objective_loss(batch().sampled_logprobs, batch(), spec, entropy)
    loss.backward()
    assert entropy.grad is not None
    torch.testing.assert_close(entropy.grad[0, 1:], torch.full((4,), -0.3 / 4 / 2, dtype=torch.float64))
    torch.testing.assert_close(entropy.grad[1], double([[0, -0.3 / 2, 0, 0, 0]])[0])
    assert statistics.entropy == 5


def test_kl_is_measured_without_entering_the_loss_when_its_coefficient_is_zero() -> None:
    old = batch().sampled_logprobs
    whole = batch(reference=old - 0.5)
    spec = ObjectiveSpec(kl_estimator="k1")
    assert objective(old, whole, spec).statistics.kl.item() == pytest.approx(2.5)
    assert torch.equal(gradient_of(whole, spec, old), gradient_of(batch(), spec, old))


def test_supervised_needs_neither_advantages_nor_sampled_logprobs() -> None:
    nothing = torch.full((2, 5), torch.nan, dtype=torch.float64)
    whole = replace(batch(), advantages=nothing, sampled_logprobs=nothing)
    spec = ObjectiveSpec(surrogate="supervised", sequence_low=0.5, sequence_high=2.0)
    new = torch.full((2, 5), -2.0, dtype=torch.float64)
    loss, statistics = objective_loss(new, whole, spec)
    assert loss.item() == 2.0
    assert statistics.finite.all()
    assert (statistics.capped, statistics.masked, statistics.mismatch_kl) == (0, 0, 0)


def test_statistics_count_clipped_tokens_and_hold_log_ratios() -> None:
    old = torch.full((2, 5), -1.0, dtype=torch.float64)
    new = old.clone()
    new[0, 1:], new[1, 1] = -1 + torch.tensor([LOG(1.5), 0.1, 0, LOG(0.5)], dtype=torch.float64), -1 + LOG(0.7)
    found = objective(new, batch(old=old), ObjectiveSpec()).statistics
    assert (found.tokens, found.sequences) == (5, 2)
    assert (found.clipped_low, found.clipped_high, found.clipped_dual) == (1, 1, 0)
    assert sorted(found.log_ratios.tolist()) == pytest.approx(sorted([LOG(1.5), 0.1, 0, LOG(0.5), LOG(0.7)]), abs=1e-6)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("surrogate", SURROGATES)
def test_a_sequence_that_is_not_finite_is_named_even_where_clamps_hide_it(surrogate: str, value: float) -> None:
    new = torch.full((2, 5), -1.0, dtype=torch.float64)
    new[1, 1] = value
    spec = ObjectiveSpec(surrogate=surrogate, sequence_low=0.5, sequence_high=2.0)  # type: ignore[arg-type]
    for old in (None, batch().sampled_logprobs):
        found = objective(new, replace(batch(), old_logprobs=old), spec).statistics
        assert dict(zip(found.sequence_ids.tolist(), found.finite.tolist(), strict=True)) == {0: True, 1: False}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", ["old_logprobs", "sampled_logprobs", "reference_logprobs"])
@pytest.mark.parametrize("surrogate", [name for name, row in SURROGATES.items() if row.off_policy])
def test_a_broken_engine_or_reference_is_named_even_where_clamps_and_bounds_hide_it(
    surrogate: str, name: str, value: float
) -> None:
    new = torch.full((2, 5), -1.0, dtype=torch.float64)
    spec = ObjectiveSpec(surrogate=surrogate, kl_coefficient=0.1, sequence_low=0.5, sequence_high=2.0)  # type: ignore[arg-type]
    broken = new.clone()
    broken[1, 1] = value
    found = objective(new, replace(batch(old=new, reference=new), **{name: broken}), spec).statistics
    assert found.finite.tolist() == [True, False]
    assert found.masked == 0


def test_a_reference_that_is_only_measured_refuses_nothing() -> None:
    new = torch.full((2, 5), -1.0, dtype=torch.float64)
    assert objective(new, batch(reference=new - math.inf), ObjectiveSpec()).statistics.finite.all()


def test_a_non_finite_advantage_is_named() -> None:
    advantages = ADVANTAGES.clone()
    advantages[0, 2] = math.nan
    found = objective(batch().sampled_logprobs, replace(batch(), advantages=advantages), ObjectiveSpec()).statistics
    assert found.finite.tolist() == [False, True]


def test_a_batch_without_loss_tokens_has_a_loss_of_zero() -> None:
    empty = replace(batch(), loss_mask=torch.zeros_like(MASK), token_count=0, sequence_count=0)
    new = batch().sampled_logprobs.clone().requires_grad_()
    loss, statistics = objective_loss(new, empty, ObjectiveSpec())
    loss.backward()
    assert (loss.item(), statistics.tokens.item(), statistics.sequence_ids.tolist()) == (0, 0, [])
    assert new.grad is not None
    assert (new.grad == 0).all()


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (ObjectiveSpec(kl_coefficient=0.1), ["kl_coefficient is 0.1", "reference_logprobs"]),
        (ObjectiveSpec(entropy_coefficient=0.1), ["entropy_coefficient is 0.1"]),
        (ObjectiveSpec(divide_by="max_tokens"), ["max_response_tokens is 0"]),
    ],
)
def test_what_a_spec_needs_and_is_not_there_is_an_error(spec: ObjectiveSpec, words: list[str]) -> None:
    with pytest.raises(ConfigError) as raised:
        objective(batch().sampled_logprobs, batch(), spec)
    assert all(word in str(raised.value) for word in words)


def test_float32_losses_keep_the_dtype_of_the_model() -> None:
    whole, new, entropy = random_batch(4, 6, 11)
    spec = SPECS[0]
    single = gradient_of(whole, spec, new.float(), entropy.float())
    assert single.dtype == torch.float32
    torch.testing.assert_close(single.double(), gradient_of(whole, spec, new, entropy), rtol=1e-4, atol=1e-5)


def test_sequence_ids_may_be_any_numbers() -> None:
    whole, new, entropy = random_batch(4, 6, 12)
    spec = next(s for s in SPECS if s.surrogate == "sequence_clip" and s.divide_by == "sequences")
    ids = torch.from_numpy(np.array([907, 12, 5_000_000_000, 13])).unsqueeze(1).expand(4, 6)
    named = replace(whole, sequence_ids=ids)
    torch.testing.assert_close(gradient_of(named, spec, new, entropy), gradient_of(whole, spec, new, entropy))
    assert objective(new, named, spec, entropy).statistics.sequence_ids.tolist() == [12, 13, 907, 5_000_000_000]
