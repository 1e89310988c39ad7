"""KL estimators by hand, their clamps, and where they enter the rewards."""

from __future__ import annotations

import math

import pytest
import torch

from rlvr.algorithms.kl import ESTIMATORS, REWARD_PLACEMENTS, charges, k1, k2, k3
from rlvr.algorithms.objective_spec import KLSpec

POLICY, REFERENCE = torch.tensor([-1.0, -2.0], dtype=torch.float64), torch.tensor([-1.5, -0.5], dtype=torch.float64)


def test_estimators_by_hand() -> None:
    # log-ratios 0.5 and -1.5
    assert k1(POLICY, REFERENCE).tolist() == [0.5, -1.5]
    assert k2(POLICY, REFERENCE).tolist() == [0.125, 1.125]
    assert k3(POLICY, REFERENCE).tolist() == pytest.approx([math.exp(-0.5) - 1 + 0.5, math.exp(1.5) - 1 - 1.5])


def test_k1_and_k3_estimate_the_divergence_and_k2_is_close() -> None:
    policy = torch.log_softmax(torch.tensor([0.3, -0.2, 0.9, 0.0], dtype=torch.float64), 0)
    reference = torch.log_softmax(torch.tensor([0.1, 0.2, 0.5, -0.3], dtype=torch.float64), 0)
    exact = float((policy.exp() * (policy - reference)).sum())
    expected = {name: float(policy.exp() @ estimate(policy, reference)) for name, estimate in ESTIMATORS.items()}
    assert expected["k1"] == pytest.approx(exact, abs=1e-12)
    assert expected["k3"] == pytest.approx(exact, abs=1e-12)
    assert expected["k2"] == pytest.approx(exact, rel=0.2)


def test_k3_is_clamped_and_finite_for_any_log_ratio() -> None:
    reference = torch.tensor([0.0, 50.0, -5.0, -1e9, 1e9], dtype=torch.float64)
    found = k3(torch.zeros(5, dtype=torch.float64), reference)
    assert found[0] == 0
    assert found[2] == pytest.approx(math.exp(-5) + 4)
    assert found[[1, 3, 4]].tolist() == [10, 10, 10]


def test_k3_is_exact_for_tiny_log_ratios() -> None:
    found = k3(torch.zeros(1), torch.full((1,), 1e-4))
    assert float(found) == pytest.approx(5e-9, rel=0.2), "exp(x) - 1 - x loses all its digits in float32"


@pytest.mark.parametrize(
    ("name", "wanted"), [("k1", [1, 1]), ("k2", [0.5, -1.5]), ("k3", [1 - math.exp(-0.5), 1 - math.exp(1.5)])]
)
def test_gradients_by_hand(name: str, wanted: list[float]) -> None:
    policy = POLICY.clone().requires_grad_()
    ESTIMATORS[name](policy, REFERENCE).sum().backward()  # type: ignore[index]
    assert policy.grad is not None
    assert policy.grad.tolist() == pytest.approx(wanted)
    assert torch.autograd.gradcheck(lambda p: ESTIMATORS[name](p, REFERENCE), policy)  # type: ignore[index]


def test_charges_are_those_of_loss_tokens_and_carry_no_gradient() -> None:
    policy = torch.tensor([[-1.0, -2.0, torch.nan]], requires_grad=True)
    mask = torch.tensor([[True, True, False]])
    found = charges(policy, torch.tensor([[-1.5, -0.5, 0.0]]), mask, KLSpec(estimator="k1", coefficient=0.1))
    assert found.tolist() == [pytest.approx([0.05, -0.15, 0.0])]
    assert not found.requires_grad


def test_placements_charge_the_response_or_its_tokens() -> None:
    rewards, charge = torch.tensor([1.0]), torch.tensor([[0.5, -0.25]])
    paid, earned = REWARD_PLACEMENTS["reward"](rewards, None, charge)
    assert (paid.tolist(), earned) == ([0.75], None)
    paid, earned = REWARD_PLACEMENTS["token_reward"](rewards, None, charge)
    assert earned is not None
    assert (paid.tolist(), earned.tolist()) == ([1.0], [[-0.5, 0.25]])
    _, earned = REWARD_PLACEMENTS["token_reward"](rewards, torch.tensor([[1.0, 1.0]]), charge)
    assert earned is not None
    assert earned.tolist() == [[0.5, 1.25]]
