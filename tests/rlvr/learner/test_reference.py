"""The reference policy: frozen while the policy moves, replaced on demand, free where adapters make it so."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from rlvr.algorithms.objective_spec import ObjectiveSpec
from rlvr.learner.learner_config import OptimizerConfig
from rlvr.learner.reference import Reference
from rlvr.learner.torch_learner import TorchLearner
from rlvr.model_config import LoraSettings
from rlvr.types import Outputs, Role
from tests.rlvr.learner.small_models import batch_of, lora, small_model

ADAPTERS = pytest.mark.parametrize("adapters", [LoraSettings(), lora()], ids=["full", "lora"])
BATCH = batch_of([7, 12, 9])


def learner_of(adapters: LoraSettings) -> TorchLearner:
    model = small_model(lora=adapters)
    return TorchLearner(model, optimizer=OptimizerConfig(lr=1e-2), total_steps=10, reference=True)


async def logprobs(learner: TorchLearner, role: Role) -> torch.Tensor:
    return (await learner.score(BATCH, model=role, outputs=Outputs())).logprobs


async def train(learner: TorchLearner) -> None:
    for _ in range(2):
        assert not (await learner.step(BATCH, ObjectiveSpec(surrogate="supervised"))).refused


@ADAPTERS
def test_the_reference_stays_while_the_policy_moves(adapters: LoraSettings) -> None:
    async def main() -> None:
        learner = learner_of(adapters)
        start = await logprobs(learner, Role.POLICY)
        assert torch.equal(await logprobs(learner, Role.REFERENCE), start)
        await train(learner)
        assert torch.equal(await logprobs(learner, Role.REFERENCE), start)
        assert not torch.equal(await logprobs(learner, Role.POLICY), start)

    asyncio.run(main())


@ADAPTERS
def test_a_replaced_reference_is_the_policy_of_that_moment(adapters: LoraSettings) -> None:
    async def main() -> None:
        learner = learner_of(adapters)
        await train(learner)
        middle = await logprobs(learner, Role.POLICY)
        await learner.replace_reference()
        await train(learner)
        assert torch.equal(await logprobs(learner, Role.REFERENCE), middle)
        assert not torch.equal(await logprobs(learner, Role.POLICY), middle)

    asyncio.run(main())


@ADAPTERS
def test_a_pass_of_the_reference_leaves_the_policy_and_its_optimizer_alone(adapters: LoraSettings) -> None:
    async def main() -> None:
        scored, plain = learner_of(adapters), learner_of(adapters)
        for learner in (scored, plain):
            await train(learner)
            if learner is scored:
                await logprobs(learner, Role.REFERENCE)
            await train(learner)
        pairs = zip(scored.model.parameters(), plain.model.parameters(), strict=True)
        assert all(torch.equal(a, b) for a, b in pairs)

    asyncio.run(main())


def test_the_base_under_adapters_is_the_reference_without_a_copy() -> None:
    assert Reference(small_model(lora=lora())).state() is None


@ADAPTERS
def test_after_a_warm_up_the_reference_is_the_warmed_policy_and_survives_a_restart(
    adapters: LoraSettings, tmp_path: Path
) -> None:
    """A warm-up trains the model with a learner of its own; a restart begins from the model before it."""

    async def main() -> None:
        model = small_model(lora=adapters)
        await train(TorchLearner(model, optimizer=OptimizerConfig(lr=1e-2), total_steps=2))
        learner = TorchLearner(model, optimizer=OptimizerConfig(lr=1e-2), total_steps=10, reference=True)
        warmed = await logprobs(learner, Role.POLICY)
        assert torch.equal(await logprobs(learner, Role.REFERENCE), warmed)
        await train(learner)
        await learner.save(tmp_path)
        restarted = learner_of(adapters)
        await restarted.load(tmp_path)
        assert torch.equal(await logprobs(restarted, Role.REFERENCE), warmed)

    asyncio.run(main())


def test_the_kl_penalty_pulls_towards_the_reference() -> None:
    async def main() -> tuple[float, float]:
        learner = learner_of(LoraSettings())
        await train(learner)
        kls = []
        for _ in range(10):
            batch = replace(BATCH, reference_logprobs=await logprobs(learner, Role.REFERENCE))
            spec = ObjectiveSpec(kl_coefficient=1.0)
            kls.append((await learner.step(replace(batch, advantages=torch.zeros_like(batch.advantages)), spec)).kl)
        return kls[0], kls[-1]

    first, last = asyncio.run(main())
    assert 0.0 < last < 0.5 * first


def test_weights_return_when_the_pass_fails() -> None:
    model = small_model()
    reference = Reference(model)
    parameter = next(iter(model.parameters()))
    with torch.no_grad():
        parameter.add_(1.0)
    moved = parameter.detach().clone()

    def fail() -> None:
        with reference.in_place():
            assert not torch.equal(parameter, moved)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert torch.equal(parameter, moved)
