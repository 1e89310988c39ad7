"""Each surrogate by hand and by finite differences."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from rlvr.algorithms.objective_spec import ObjectiveSpec
from rlvr.algorithms.surrogates import SURROGATES, TokenLosses, token_inputs

SPEC = ObjectiveSpec(clip_low=0.2, clip_high=0.3, dual_clip=3.0, kl_cov_coefficient=0.7)
LOG = math.log


def double(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def run(
    surrogate: str,
    ratios: Tensor,
    advantages: Tensor,
    spec: ObjectiveSpec = SPEC,
    **more: Tensor,
) -> tuple[TokenLosses, Tensor]:
    """Losses and gradient of tokens with log-probability -1 under old and these ratios of new to old."""
    old = torch.full_like(ratios, -1.0)
    new = (old + ratios.log()).requires_grad_()
    losses = SURROGATES[surrogate].loss(token_inputs(new=new, old=old, advantages=advantages, **more), spec)  # type: ignore[index]
    losses.loss.sum().backward()
    assert new.grad is not None
    return losses, new.grad


def test_clip_by_hand() -> None:
    ratios = double(1.0, 1.2, 1.5, 0.5, 1.2, 0.5, 2.0, 5.0)
    advantages = double(2.0, 2.0, 2.0, 2.0, -1.0, -1.0, -1.0, -1.0)
    losses, gradient = run("clip", ratios, advantages)
    assert losses.loss.tolist() == pytest.approx([-2.0, -2.4, -2.6, -1.0, 1.2, 0.8, 2.0, 3.0])
    assert gradient.tolist() == pytest.approx([-2.0, -2.4, 0.0, -1.0, 1.2, 0.0, 2.0, 0.0])
    assert losses.clipped_high.nonzero().flatten().tolist() == [2]
    assert losses.clipped_low.nonzero().flatten().tolist() == [5]
    assert losses.clipped_dual.nonzero().flatten().tolist() == [7]


def test_dual_clip_leaves_positive_advantages_to_the_other_bound() -> None:
    losses, gradient = run("clip", double(5.0), double(2.0))
    assert losses.loss.tolist() == pytest.approx([-2.6])
    assert gradient.tolist() == [0]
    assert (losses.clipped_high.tolist(), losses.clipped_dual.tolist()) == ([True], [False])


def test_dual_clip_off_leaves_negative_advantages_unbounded() -> None:
    losses, gradient = run("clip", double(5.0), double(-1.0), replace(SPEC, dual_clip=None))
    assert losses.loss.tolist() == pytest.approx([5.0])
    assert gradient.tolist() == pytest.approx([5.0])


def test_log_ratios_are_bounded_so_that_no_token_overflows() -> None:
    losses, gradient = run("clip", double(1e300, 1e-300), double(-1.0, 1.0), replace(SPEC, dual_clip=None))
    assert losses.loss.tolist() == pytest.approx([math.exp(20), -math.exp(-20)])
    assert gradient.tolist() == [0, 0]


@pytest.mark.parametrize("name", ["clip", "sequence_clip", "kl_cov"])
@pytest.mark.parametrize(("ratio", "advantage", "wanted"), [(1e300, -1.0, math.exp(20)), (1e-300, 1.0, -math.exp(-20))])
def test_every_ratio_is_that_of_a_bounded_log_ratio(name: str, ratio: float, advantage: float, wanted: float) -> None:
    losses, _ = run(name, double(ratio), double(advantage), replace(SPEC, dual_clip=None))
    assert losses.loss.tolist() == pytest.approx([wanted])


def test_the_weight_of_cispo_has_the_bound_of_a_log_ratio_below() -> None:
    _, gradient = run("cispo", double(1e-6, 1e-300), double(1.0, 1.0), replace(SPEC, clip_high=5.0))
    assert gradient.tolist() == pytest.approx([-1e-6, -math.exp(-20)])


def test_sequence_clip_by_hand() -> None:
    # sequence 0: log-ratios .3 and -.1, mean .1; sequence 1: one token, .5; sequence 2: mean -0.4
    log_ratios, sequence = double(0.3, -0.1, 0.5, -0.3, -0.5), torch.tensor([0, 0, 1, 2, 2])
    losses, gradient = run("sequence_clip", log_ratios.exp(), double(2, 2, 1, -1, -1), sequence=sequence)
    assert losses.loss.tolist() == pytest.approx([-2 * math.exp(0.1)] * 2 + [-1.3] + [0.8] * 2)
    assert gradient.tolist() == pytest.approx([-2 * math.exp(0.1)] * 2 + [0, 0, 0])
    assert losses.clipped_high.tolist() == [False, False, True, False, False]
    assert losses.clipped_low.tolist() == [False, False, False, True, True]


def test_a_sequence_is_clipped_whole_although_single_tokens_are_inside() -> None:
    log_ratios = double(0.0, 0.9)  # mean 0.45: ratio 1.57, above 1.3; the first token alone would be inside
    _, gradient = run("sequence_clip", log_ratios.exp(), double(1, 1))
    assert gradient.tolist() == [0, 0]
    _, gradient = run("clip", log_ratios.exp(), double(1, 1))
    assert gradient.tolist() == pytest.approx([-1, 0])


def test_gradient_of_sequence_clip_is_that_of_the_papers_sequence_ratio() -> None:
    """d/dnew of -min(s A, clip(s) A) with s = exp(mean(new - old)), found by finite differences of that formula."""
    old, advantage = double(-1.0, -2.0, -0.5), 1.5

    def paper(new: Tensor) -> Tensor:
        ratio = (new - old).mean().exp()
        return -torch.minimum(ratio * advantage, ratio.clamp(0.8, 1.3) * advantage)

    new = double(-0.9, -1.9, -0.6)
    steps = torch.eye(3, dtype=torch.float64) * 1e-6
    wanted = torch.stack([(paper(new + step) - paper(new - step)) / 2e-6 for step in steps])
    _, gradient = run("sequence_clip", (new - old).exp(), torch.full((3,), advantage, dtype=torch.float64))
    torch.testing.assert_close(gradient / 3, wanted, rtol=1e-8, atol=1e-8)  # one term: the mean over its tokens


def test_reinforce_by_hand() -> None:
    losses, gradient = run("reinforce", double(2.0, 0.5), double(1.5, -2.0))
    assert losses.loss.tolist() == pytest.approx([-1.5 * (LOG(2) - 1), 2 * (LOG(0.5) - 1)])
    assert gradient.tolist() == [-1.5, 2.0]


def test_cispo_caps_the_weight_above_only_and_keeps_every_gradient() -> None:
    spec = replace(SPEC, clip_high=5.0)
    ratios = double(1.0, 4.0, 8.0, 0.01, 8.0)
    losses, gradient = run("cispo", ratios, double(1.0, 1.0, 1.0, 1.0, -2.0), spec)
    weights = [1.0, 4.0, 5.0, 0.01, 5.0]
    assert gradient.tolist() == pytest.approx([-1.0, -4.0, -5.0, -0.01, 10.0])
    wanted = [-w * a * (LOG(r) - 1) for w, a, r in zip(weights, [1, 1, 1, 1, -2], ratios.tolist(), strict=True)]
    assert losses.loss.tolist() == pytest.approx(wanted)
    assert losses.clipped_high.tolist() == [False, False, True, False, True]


def test_clip_cov_takes_selected_tokens_out_of_the_gradient() -> None:
    selected = torch.tensor([False, True, False])
    losses, gradient = run("clip_cov", double(1.1, 1.1, 1.5), double(1, 1, 1), selected=selected)
    assert losses.loss.tolist() == pytest.approx([-1.1, 0, -1.3])
    assert gradient.tolist() == pytest.approx([-1.1, 0, 0])


def test_kl_cov_penalises_selected_tokens_and_does_not_clip() -> None:
    selected = torch.tensor([False, True, True])
    losses, gradient = run("kl_cov", double(1.5, 1.5, 0.5), double(1, 1, 1), selected=selected)
    wanted = [-1.5, -1.5 + 0.7 * LOG(1.5), -0.5 + 0.7 * LOG(2)]
    assert losses.loss.tolist() == pytest.approx(wanted)
    assert gradient.tolist() == pytest.approx([-1.5, -1.5 + 0.7, -0.5 - 0.7])


def test_supervised_is_the_negative_log_likelihood_whatever_else_is_given() -> None:
    losses, gradient = run("supervised", double(2.0, 1.0), double(torch.nan, torch.nan))
    assert losses.loss.tolist() == pytest.approx([1 - LOG(2), 1.0])
    assert gradient.tolist() == [-1, -1]


@pytest.mark.parametrize("name", SURROGATES)
def test_gradients_equal_finite_differences(name: str) -> None:
    generator = torch.Generator().manual_seed(7)
    old = -0.1 - torch.rand(24, generator=generator, dtype=torch.float64)
    frozen = old + 0.6 * torch.randn(24, generator=generator, dtype=torch.float64)
    advantages = torch.randn(24, generator=generator, dtype=torch.float64)
    selected = torch.rand(24, generator=generator) < 0.3
    sequence = torch.arange(24) // 5
    spec = replace(SPEC, clip_high=1.5) if name == "cispo" else SPEC

    def loss(new: Tensor) -> Tensor:
        inputs = token_inputs(
            new=new, old=old, advantages=advantages, selected=selected, sequence=sequence, frozen=frozen
        )
        return SURROGATES[name].loss(inputs, spec).loss  # type: ignore[index]

    new = frozen.clone().requires_grad_()
    assert torch.autograd.gradcheck(loss, new, eps=1e-7, atol=1e-6)
    assert torch.autograd.grad(loss(new).sum(), new)[0].count_nonzero() > 5, "a case that is clipped all over is none"


@pytest.mark.parametrize("name", [name for name, row in SURROGATES.items() if row.off_policy and name != "kl_cov"])
def test_at_the_old_policy_every_surrogate_is_the_policy_gradient(name: str) -> None:
    advantages = double(1.0, -2.0, 0.5)
    _, gradient = run(name, double(1.0, 1.0, 1.0), advantages, replace(SPEC, clip_high=5.0))
    torch.testing.assert_close(gradient, -advantages)
