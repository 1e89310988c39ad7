"""What every `Learner` must do. A test file gives a case for its learner and parametrizes over `CHECKS`.

Example:
    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    def test_my_learner(check, tmp_path):
        check(LearnerCase(make=MyLearner, batch=batch), tmp_path)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from rlvr.algorithms.objective_spec import ObjectiveSpec
from rlvr.errors import CheckpointError
from rlvr.protocols import Learner, WeightSource
from rlvr.types import Batch, Outputs, Role, StepStats

SUPERVISED = ObjectiveSpec(surrogate="supervised", importance_cap=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnerCase:
    """A learner to check.

    make: gives a new learner that holds a reference, with the same weights each time.
    batch: gives a batch that it can learn from, another for each seed; one sequence a row, ids 0, 1, ...
    """

    make: Callable[[], Learner]
    batch: Callable[[int], Batch]


def _logprobs(learner: Learner, batch: Batch, role: Role = Role.POLICY) -> Tensor:
    return asyncio.run(learner.score(batch, model=role, outputs=Outputs())).logprobs


def _step(learner: Learner, batch: Batch, spec: ObjectiveSpec = SUPERVISED) -> StepStats:
    return asyncio.run(learner.step(batch, spec))


def _broken(batch: Batch, row: int) -> Batch:
    advantages = batch.advantages.clone()
    advantages[row] = torch.nan
    return replace(batch, advantages=advantages)


def scores_stand_in_the_alignment_of_the_batch(case: LearnerCase, _folder: Path) -> None:
    learner, batch = case.make(), case.batch(0)
    scores = asyncio.run(learner.score(batch, model=Role.POLICY, outputs=Outputs(entropy=True)))
    assert scores.entropy is not None
    for values in (scores.logprobs, scores.entropy):
        assert values.shape == batch.tokens.shape
        assert values.dtype == torch.float32
        assert not values.requires_grad
        assert not values[~batch.loss_mask].any()
    assert bool((scores.logprobs[batch.loss_mask] < 0).all())
    assert bool((scores.entropy[batch.loss_mask] > 0).all())
    assert asyncio.run(learner.score(batch, model=Role.POLICY, outputs=Outputs())).entropy is None


def scores_of_a_row_do_not_depend_on_the_others(case: LearnerCase, _folder: Path) -> None:
    learner, batch = case.make(), case.batch(0)
    together = _logprobs(learner, batch)
    for row in range(batch.tokens.shape[0]):
        values = {f.name: getattr(batch, f.name) for f in fields(Batch)}
        alone = replace(batch, **{n: v[row : row + 1] for n, v in values.items() if isinstance(v, Tensor)})  # type: ignore[arg-type]
        torch.testing.assert_close(_logprobs(learner, alone)[0], together[row], rtol=1e-4, atol=1e-4)


def temperature_divides_the_logits(case: LearnerCase, _folder: Path) -> None:
    """At a high temperature all tokens are nearly equally likely, and entropy nears its bound."""
    learner = case.make()
    hot = replace(case.batch(0), temperature=1e4)
    scores = asyncio.run(learner.score(hot, model=Role.POLICY, outputs=Outputs(entropy=True)))
    assert scores.entropy is not None
    torch.testing.assert_close(scores.entropy, -scores.logprobs, rtol=1e-2, atol=1e-2)
    assert not torch.allclose(_logprobs(learner, case.batch(0)), scores.logprobs, rtol=1e-2, atol=1e-2)


def steps_lower_the_loss_and_report_it(case: LearnerCase, _folder: Path) -> None:
    learner, batch = case.make(), case.batch(0)
    expected = -float(_logprobs(learner, batch).sum()) / batch.token_count
    stats = [_step(learner, batch) for _ in range(5)]
    assert stats[0].loss == pytest.approx(expected, rel=1e-4)
    assert stats[-1].loss < stats[0].loss
    assert all(not s.refused and s.gradient_norm > 0 for s in stats)
    assert stats[0].tokens == int(batch.loss_mask.sum())
    assert -float(_logprobs(learner, batch).sum()) / batch.token_count < stats[-1].loss


def a_positive_advantage_makes_a_response_likelier(case: LearnerCase, _folder: Path) -> None:
    learner, batch = case.make(), case.batch(0)
    sign = torch.where(torch.arange(batch.tokens.shape[0]) % 2 == 0, 1.0, -1.0).unsqueeze(1)
    batch = replace(batch, advantages=sign.expand(batch.tokens.shape).clone())
    before = _logprobs(learner, batch)
    _step(learner, replace(batch, sampled_logprobs=before), ObjectiveSpec())
    change = ((_logprobs(learner, batch) - before) * sign).sum()
    assert float(change) > 0


def a_non_finite_loss_is_refused_and_changes_nothing(case: LearnerCase, _folder: Path) -> None:
    seen, unseen = case.make(), case.make()
    stats = _step(seen, _broken(case.batch(0), 1), ObjectiveSpec())
    assert stats.refused
    assert stats.refused_sequences == (1,)
    for learner in (seen, unseen):
        _step(learner, case.batch(1))
    assert torch.equal(_logprobs(seen, case.batch(2)), _logprobs(unseen, case.batch(2)))


def the_reference_stays_until_it_is_replaced(case: LearnerCase, _folder: Path) -> None:
    learner, batch = case.make(), case.batch(0)
    start = _logprobs(learner, batch)
    _step(learner, batch)
    assert torch.equal(_logprobs(learner, batch, Role.REFERENCE), start)
    moved = _logprobs(learner, batch)
    asyncio.run(learner.replace_reference())
    _step(learner, batch)
    torch.testing.assert_close(_logprobs(learner, batch, Role.REFERENCE), moved, rtol=1e-5, atol=1e-5)


def a_loaded_learner_goes_on_as_if_never_stopped(case: LearnerCase, folder: Path) -> None:
    whole = case.make()
    _step(whole, case.batch(0))
    asyncio.run(whole.replace_reference())
    _step(whole, case.batch(1))
    asyncio.run(whole.save(folder))
    resumed = case.make()
    asyncio.run(resumed.load(folder))
    for seed in (2, 3):
        ours, theirs = (replace(_step(learner, case.batch(seed)), seconds=0.0) for learner in (whole, resumed))
        assert ours == theirs
    for role in (Role.POLICY, Role.REFERENCE):
        assert torch.equal(_logprobs(whole, case.batch(4), role), _logprobs(resumed, case.batch(4), role))


def a_saved_folder_is_a_transformers_model(case: LearnerCase, folder: Path) -> None:
    from transformers import AutoModelForCausalLM

    learner, batch = case.make(), case.batch(0)
    _step(learner, batch)
    asyncio.run(learner.save(folder))
    model = AutoModelForCausalLM.from_pretrained(folder)
    with torch.no_grad():
        logits = model(input_ids=batch.tokens).logits[:, :-1].float() / batch.temperature
    found = torch.log_softmax(logits, -1).gather(2, batch.tokens[:, 1:, None]).squeeze(2)
    mask = batch.loss_mask[:, 1:]
    torch.testing.assert_close(found[mask], _logprobs(learner, batch)[:, 1:][mask], rtol=1e-3, atol=1e-3)


def loading_what_is_not_there_is_an_error(case: LearnerCase, folder: Path) -> None:
    with pytest.raises(CheckpointError):
        asyncio.run(case.make().load(folder / "nothing"))


class _Sink:
    """An engine that keeps what it is given."""

    def __init__(self) -> None:
        self.version = -1
        self.weights: dict[str, Tensor] = {}

    async def load_weights(self, weights: WeightSource, version: int) -> None:
        self.version = version
        self.weights = {name: tensor.clone() for bucket in weights.buckets() for name, tensor in bucket}


def published_weights_are_those_of_the_moment(case: LearnerCase, _folder: Path) -> None:
    learner, before, after = case.make(), _Sink(), _Sink()
    asyncio.run(learner.publish(before, 1))
    _step(learner, case.batch(0))
    asyncio.run(learner.publish(after, 2))
    assert (before.version, after.version) == (1, 2)
    assert before.weights.keys() == after.weights.keys()
    assert any(not torch.equal(before.weights[name], after.weights[name]) for name in after.weights)


def close_may_be_called_twice(case: LearnerCase, _folder: Path) -> None:
    learner = case.make()
    asyncio.run(learner.close())
    asyncio.run(learner.close())


CHECKS = (
    scores_stand_in_the_alignment_of_the_batch,
    scores_of_a_row_do_not_depend_on_the_others,
    temperature_divides_the_logits,
    steps_lower_the_loss_and_report_it,
    a_positive_advantage_makes_a_response_likelier,
    a_non_finite_loss_is_refused_and_changes_nothing,
    the_reference_stays_until_it_is_replaced,
    a_loaded_learner_goes_on_as_if_never_stopped,
    a_saved_folder_is_a_transformers_model,
    loading_what_is_not_there_is_an_error,
    published_weights_are_those_of_the_moment,
    close_may_be_called_twice,
)
