"""Advantages and losses equal those of TRL 1.16 and verl 0.9.1, recorded in tests/golden/algorithms.json."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from rlvr.algorithms import advantages
from rlvr.algorithms.advantages import make_advantages
from rlvr.algorithms.correction import mismatch_kl, sequence_outside
from rlvr.algorithms.entropy_control import selected_tokens
from rlvr.algorithms.kl import ESTIMATORS
from rlvr.algorithms.objective_spec import EntropyControl, ObjectiveSpec
from rlvr.algorithms.objectives import objective_loss
from rlvr.algorithms.recipes import RECIPES
from rlvr.types import Batch
from tests.rlvr.algorithms.token_rows import batch_of

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "algorithms.json").read_text())
CLOSE = {"rtol": 1e-6, "atol": 1e-6}


def given(name: str) -> Tensor:
    value = torch.tensor(GOLDEN["inputs"][name])
    return value if value.dtype in (torch.bool, torch.int64) else torch.tensor(value.tolist(), dtype=torch.float64)


def exact(name: str) -> Tensor:
    return torch.tensor(GOLDEN["inputs"][name], dtype=torch.float64)


@pytest.fixture
def batch() -> Batch:
    return batch_of(
        given("mask"),
        sampled=exact("sampled"),
        old=exact("old"),
        reference=exact("reference"),
        advantages=exact("advantages"),
        group_id=given("group_id"),
    )


NO_CORRECTION = ObjectiveSpec(importance_cap=None)
TOKEN_LOSSES = {
    "trl loss/grpo_k3": replace(NO_CORRECTION, divide_by="sequence_tokens", kl_coefficient=0.04, kl_estimator="k3"),
    "trl loss/grpo_importance_cap": replace(NO_CORRECTION, divide_by="sequence_tokens", importance_cap=1.5),
    "trl loss/dr_grpo": replace(NO_CORRECTION, divide_by="max_tokens", max_response_tokens=20),
    "trl loss/dapo": replace(NO_CORRECTION, clip_high=0.28),
    "trl loss/dapo_dual_clip": replace(NO_CORRECTION, clip_high=0.28, dual_clip=3.0),
    "trl loss/dapo_entropy": replace(NO_CORRECTION, clip_high=0.28, entropy_coefficient=0.01),
    "trl loss/gspo": replace(
        NO_CORRECTION, surrogate="sequence_clip", divide_by="sequences", clip_low=3e-4, clip_high=4e-4
    ),
    "trl loss/gspo_wide": replace(
        NO_CORRECTION, surrogate="sequence_clip", divide_by="sequences", clip_low=0.5, clip_high=0.5
    ),
    "trl loss/cispo": replace(NO_CORRECTION, surrogate="cispo", clip_high=5.0),
    "verl loss/grpo": replace(NO_CORRECTION, divide_by="sequence_tokens"),
    "verl loss/dr_grpo": replace(NO_CORRECTION, divide_by="max_tokens", max_response_tokens=20),
    "verl loss/dapo_dual_clip": replace(NO_CORRECTION, clip_high=0.28, dual_clip=3.0),
    "verl loss/dapo_importance_cap": replace(NO_CORRECTION, clip_high=0.28, dual_clip=10.0, importance_cap=1.5),
    "verl loss/gspo": replace(
        NO_CORRECTION, surrogate="sequence_clip", divide_by="sequences", clip_low=3e-4, clip_high=4e-4
    ),
    "verl loss/gspo_wide": replace(
        NO_CORRECTION, surrogate="sequence_clip", divide_by="sequences", clip_low=0.5, clip_high=0.5
    ),
    "verl loss/reinforce": replace(NO_CORRECTION, surrogate="reinforce", divide_by="sequences"),
    "verl loss/cispo": replace(NO_CORRECTION, surrogate="cispo", clip_high=5.0),
}


def loss_and_gradient(batch: Batch, spec: ObjectiveSpec) -> tuple[Tensor, Tensor]:
    new = exact("new").requires_grad_()
    loss, _ = objective_loss(new, batch, spec, exact("entropy"))
    loss.backward()
    assert new.grad is not None
    return loss.detach(), new.grad


@pytest.mark.parametrize("case", TOKEN_LOSSES)
def test_loss_and_gradient_equal_the_peers(batch: Batch, case: str) -> None:
    peer, name = case.split()
    loss, gradient = loss_and_gradient(batch, TOKEN_LOSSES[case])
    wanted = GOLDEN[peer][name]
    torch.testing.assert_close(loss.item(), wanted["loss"], **CLOSE)
    torch.testing.assert_close(gradient, torch.tensor(wanted["gradient"], dtype=torch.float64), **CLOSE)
    assert gradient.abs().max() > 1e-3, "a case whose gradient is 0 shows nothing"


def test_every_recorded_loss_is_compared() -> None:
    recorded = {f"{peer} {name}" for peer in ("trl", "verl") for name in GOLDEN[peer] if name.startswith("loss/")}
    assert recorded == TOKEN_LOSSES.keys() | {"verl loss/clip_cov", "verl loss/kl_cov"}


def test_clip_fractions_equal_those_of_trl(batch: Batch) -> None:
    _, found = objective_loss(exact("new"), batch, TOKEN_LOSSES["trl loss/dapo"])
    metrics = GOLDEN["trl"]["loss/dapo"]["metrics"]
    torch.testing.assert_close((found.clipped_low / found.tokens).item(), metrics["clip_ratio/low_mean"], **CLOSE)
    torch.testing.assert_close((found.clipped_high / found.tokens).item(), metrics["clip_ratio/high_mean"], **CLOSE)
    assert 0 < found.clipped_low < found.tokens
    assert 0 < found.clipped_high < found.tokens


@pytest.mark.parametrize(
    ("case", "surrogate", "control"),
    [
        ("loss/clip_cov", "clip_cov", EntropyControl(kind="clip_cov", share=0.3, low=0.2, high=0.45)),
        ("loss/kl_cov", "kl_cov", EntropyControl(kind="kl_cov", share=0.2, coefficient=0.7)),
    ],
)
def test_entropy_control_selects_and_weighs_as_verl(batch: Batch, case: str, surrogate: str, control) -> None:  # type: ignore[no-untyped-def]
    generator = np.random.Generator(np.random.Philox(1))
    selected = selected_tokens(replace(batch, old_logprobs=exact("new")), control, generator)
    assert 1 < selected.sum() < batch.token_count / 2
    spec = replace(NO_CORRECTION, surrogate=surrogate, kl_cov_coefficient=0.7)
    loss, gradient = loss_and_gradient(replace(batch, selected=selected), spec)
    wanted = GOLDEN["verl"][case]
    torch.testing.assert_close(loss.item(), wanted["loss"], **CLOSE)
    torch.testing.assert_close(gradient, torch.tensor(wanted["gradient"], dtype=torch.float64), **CLOSE)


@pytest.mark.parametrize("name", ["group_normalised", "group_centred", "leave_one_out", "group_centred_whitened"])
def test_advantages_equal_those_of_verl(name: str) -> None:
    found = getattr(advantages, name)(exact("rewards"), None, None, given("mask"), given("group_id"))
    torch.testing.assert_close(found, torch.tensor(GOLDEN["verl"][f"advantage/{name}"], dtype=torch.float64), **CLOSE)


@pytest.mark.parametrize(("name", "options"), [("group_normalised", {"epsilon": 1e-4}), ("group_centred", {})])
def test_advantages_equal_those_of_trl(name: str, options: dict[str, float]) -> None:
    mask = given("mask")
    found = getattr(advantages, name)(exact("rewards"), None, None, mask, given("group_id"), **options)
    wanted = torch.tensor(GOLDEN["trl"][f"advantage/{name}"], dtype=torch.float64)
    torch.testing.assert_close(found, torch.where(mask, wanted.unsqueeze(1), 0.0), **CLOSE)


@pytest.mark.parametrize(
    ("recipe", "case"), [("rloo", "leave_one_out_kl"), ("reinforce++", "return_to_go_whitened_kl")]
)
def test_kl_in_the_rewards_equals_verl(batch: Batch, recipe: str, case: str) -> None:
    row = replace(RECIPES[recipe], kl=replace(RECIPES[recipe].kl, coefficient=0.05))
    found = make_advantages(row, batch, exact("rewards"), given("group_id"))
    torch.testing.assert_close(found, torch.tensor(GOLDEN["verl"][f"advantage/{case}"], dtype=torch.float64), **CLOSE)


@pytest.mark.parametrize("name", ["k1", "k2", "k3"])
def test_kl_estimators_equal_verl(name: str) -> None:
    found = ESTIMATORS[name](exact("new"), exact("reference") * 4)  # type: ignore[index]
    torch.testing.assert_close(found, torch.tensor(GOLDEN["verl"][f"kl/{name}"], dtype=torch.float64), **CLOSE)


def test_mismatch_and_masked_sequences_equal_verl() -> None:
    mask = given("mask")
    difference = (exact("old") - exact("sampled"))[mask]
    rows = torch.arange(mask.shape[0]).unsqueeze(1).expand_as(mask)[mask]
    found = sequence_outside(difference, rows, mask.sum(1).double(), low=0.8, high=1.25)
    wanted = GOLDEN["verl"]["mismatch"]
    assert found.tolist() == wanted["masked"]
    assert 0 < sum(wanted["masked"]) < len(wanted["masked"])
    torch.testing.assert_close(mismatch_kl(difference).mean().item(), wanted["k3_kl"], **CLOSE)
