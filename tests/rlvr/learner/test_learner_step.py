"""One update: what it computes, what it refuses, what it reports."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace

import pytest
import torch
from torch import nn

from rlvr.algorithms.objective_spec import ObjectiveSpec
from rlvr.errors import ConfigError
from rlvr.learner import logprobs
from rlvr.learner.learner_config import LearnerConfig, OptimizerConfig
from rlvr.learner.optimizer import Optimizer, learning_rate_at
from rlvr.learner.torch_learner import TorchLearner
from rlvr.model_config import LoraSettings, ModelConfig, ModelInit
from rlvr.models import load_model
from rlvr.tokenizers import character_tokenizer
from rlvr.types import Batch, Outputs, Role, StepStats
from tests.rlvr.learner.small_models import LargestTensor, batch_of, lora, small_model

LENGTHS = [7, 12, 3, 20, 9]
SPEC = ObjectiveSpec(importance_cap=None)


def learner_of(
    model: nn.Module, optimizer: OptimizerConfig | None = None, *, tokens: int = 8192, reference: bool = False
) -> TorchLearner:
    return TorchLearner(
        model,
        optimizer=optimizer or OptimizerConfig(lr=1e-2),
        config=LearnerConfig(micro_batch_tokens=tokens),
        total_steps=100,
        reference=reference,
    )


def step(learner: TorchLearner, batch: Batch, spec: ObjectiveSpec = SPEC) -> StepStats:
    return asyncio.run(learner.step(batch, spec))


def weights(learner: TorchLearner) -> list[torch.Tensor]:
    return [p.detach().clone() for p in learner.model.parameters()]


def plain_step(model: nn.Module, batch: Batch, config: OptimizerConfig) -> float:
    """The first update of REINFORCE-with-ratio on full logits, by torch's own parts. Returns the gradient norm."""
    decayed = [p for p in model.parameters() if p.ndim >= 2]
    vectors = [p for p in model.parameters() if p.ndim < 2]
    adamw = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": config.weight_decay}, {"params": vectors, "weight_decay": 0.0}],
        lr=config.lr, betas=config.betas, eps=config.eps, foreach=False, fused=False,
    )  # fmt: skip
    loss = torch.zeros((), dtype=torch.float64)
    for row in range(batch.tokens.shape[0]):
        length = int(batch.segment_ids[row].sum())
        logits = model(input_ids=batch.tokens[row : row + 1, :length]).logits[0, :-1] / batch.temperature
        new = torch.log_softmax(logits, -1).gather(1, batch.tokens[row, 1:length, None]).squeeze(1)
        surrogate = (new - new.detach()).exp() * batch.advantages[row, 1:length]
        loss = loss - (surrogate * batch.loss_mask[row, 1:length]).sum() / batch.token_count
    loss.backward()  # type: ignore[no-untyped-call]
    norm = float(nn.utils.clip_grad_norm_(model.parameters(), config.max_gradient_norm or torch.inf))
    adamw.step()
    return norm


@pytest.mark.parametrize("max_gradient_norm", [0.0, 0.05, 100.0])
def test_a_step_is_adamw_on_the_formula(max_gradient_norm: float) -> None:
    config = OptimizerConfig(lr=1e-2, betas=(0.8, 0.9), eps=1e-6, weight_decay=0.1, max_gradient_norm=max_gradient_norm)
    batch = replace(batch_of(LENGTHS, temperature=0.7), sampled_logprobs=torch.zeros(5, 20))
    learner = learner_of(small_model(dtype="float64"), config, tokens=25)
    expected = small_model(dtype="float64")
    norm = plain_step(expected, batch, config)
    stats = step(learner, batch)
    assert stats.gradient_norm == pytest.approx(norm, rel=1e-6)
    assert norm > 0.05  # so that one of the limits does clip
    assert stats.micro_batches > 1
    for ours, theirs in zip(learner.model.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-8)


def test_norms_and_biases_are_not_decayed() -> None:
    model = nn.Module()
    model.matrix, model.vector = nn.Parameter(torch.ones(2, 2)), nn.Parameter(torch.ones(2))
    optimizer = Optimizer(model.named_parameters(), OptimizerConfig(lr=0.1, weight_decay=0.5), total_steps=10)
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step(0.0)
    torch.testing.assert_close(model.matrix.detach(), torch.full((2, 2), 0.95))
    torch.testing.assert_close(model.vector.detach(), torch.ones(2))


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", [0.5, 1.0, 1.0, 1.0, 1.0]),
        ("linear", [0.5, 1.0, 1.0, 0.8, 0.6]),
        ("cosine", [0.5, 1.0, 1.0, 0.883, 0.6]),
    ],
)
def test_schedules_warm_up_and_decay_to_their_final_share(schedule: str, expected: list[float]) -> None:
    config = OptimizerConfig(lr=1.0, warmup_steps=2, schedule=schedule, final_share=0.2)  # type: ignore[arg-type]
    rates = [learning_rate_at(config, k, 6) for k in range(5)]
    assert rates == pytest.approx(expected, abs=1e-3)
    assert learning_rate_at(config, 60, 6) == pytest.approx(1.0 if schedule == "constant" else 0.2)


def test_the_learning_rate_of_each_update_follows_the_schedule() -> None:
    learner = learner_of(small_model(), OptimizerConfig(lr=1.0, warmup_steps=4))
    assert [step(learner, batch_of(LENGTHS)).learning_rate for _ in range(3)] == [0.25, 0.5, 0.75]


@pytest.mark.parametrize("tokens", [1, 30, 10**6])
def test_micro_batches_do_not_change_the_update(tokens: int) -> None:
    whole, cut = learner_of(small_model()), learner_of(small_model(), tokens=tokens)
    step(whole, batch_of(LENGTHS))
    stats = step(cut, batch_of(LENGTHS))
    assert stats.micro_batches == {1: 5, 30: 3, 10**6: 1}[tokens]
    for ours, theirs in zip(cut.model.parameters(), whole.model.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=2e-4)  # AdamW's first step is the gradient's sign


@pytest.mark.parametrize("adapters", [LoraSettings(), lora(dropout=0.2)], ids=["full", "lora"])
@pytest.mark.parametrize("architecture", ["llama", "gpt2"])
def test_gradient_checkpointing_gives_the_same_update(architecture: str, adapters: LoraSettings) -> None:
    plain, checkpointed = (
        learner_of(small_model(architecture, gradient_checkpointing=on, lora=adapters)) for on in (False, True)
    )
    for learner in (plain, checkpointed):
        for seed in range(2):
            assert step(learner, batch_of(LENGTHS, seed=seed)).gradient_norm > 0
    for ours, theirs in zip(weights(checkpointed), weights(plain), strict=True):
        torch.testing.assert_close(ours, theirs)


def broken(batch: Batch, row: int, value: float) -> Batch:
    advantages = batch.advantages.clone()
    advantages[row] = value
    return replace(batch, advantages=advantages)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("tokens", [1, 30, 8192])
def test_a_non_finite_loss_is_refused_and_its_sequence_named(value: float, tokens: int) -> None:
    learner = learner_of(small_model(), tokens=tokens)
    before = weights(learner)
    stats = step(learner, broken(batch_of(LENGTHS), 2, value))
    assert "non-finite loss" in stats.refused
    assert stats.refused_sequences == (2,)
    assert all(torch.equal(a, b) for a, b in zip(weights(learner), before, strict=True))


@pytest.mark.parametrize(("value", "what"), [(1e36, "gradient"), (3e37, "loss")])
def test_an_overflow_is_refused_and_its_sequence_named(value: float, what: str) -> None:
    """Every token's loss is finite here; the gradient's norm, or already the sum of losses, is not."""
    learner = learner_of(small_model(), tokens=30)
    before = weights(learner)
    stats = step(learner, broken(batch_of(LENGTHS), 3, value))
    assert f"non-finite {what}" in stats.refused
    assert stats.refused_sequences == (3,)
    assert all(torch.equal(a, b) for a, b in zip(weights(learner), before, strict=True))


def test_a_broken_weight_blames_every_sequence() -> None:
    learner = learner_of(small_model())
    with torch.no_grad():
        next(iter(learner.model.parameters())).fill_(torch.nan)
    assert step(learner, batch_of(LENGTHS)).refused_sequences == (0, 1, 2, 3, 4)


def test_all_are_blamed_where_each_sequence_alone_is_fine() -> None:
    """Both tokens are clipped, so neither has a gradient; their losses overflow only when they are added."""
    learner, batch = learner_of(small_model()), batch_of([3, 3])
    huge = torch.full_like(batch.advantages, 2e38)
    stats = step(learner, replace(batch, old_logprobs=torch.full_like(batch.sampled_logprobs, -6.0), advantages=huge))
    assert "non-finite loss" in stats.refused
    assert stats.refused_sequences == (0, 1)


def test_a_refused_update_leaves_no_trace() -> None:
    """Weights, moments and schedule afterwards are those of a run that never saw the broken batch, bit for bit."""
    config = OptimizerConfig(lr=1e-2, warmup_steps=5)
    seen, unseen = learner_of(small_model(), config), learner_of(small_model(), config)
    for index in range(4):
        if index == 2:
            assert step(seen, broken(batch_of(LENGTHS), 1, float("nan"))).refused
            assert step(seen, broken(batch_of(LENGTHS), 1, 3e37)).refused
        ours, theirs = (step(learner, batch_of(LENGTHS, seed=index)) for learner in (seen, unseen))
        assert replace(ours, seconds=0.0) == replace(theirs, seconds=0.0)
    assert all(torch.equal(a, b) for a, b in zip(weights(seen), weights(unseen), strict=True))


def test_a_batch_without_loss_tokens_is_no_update() -> None:
    learner = learner_of(small_model())
    batch = batch_of(LENGTHS)
    stats = step(learner, replace(batch, loss_mask=torch.zeros_like(batch.loss_mask)))
    assert stats.refused
    assert (stats.tokens, stats.micro_batches, stats.refused_sequences) == (0, 0, ())


def test_statistics_of_the_first_update_are_those_of_an_unchanged_policy() -> None:
    learner = learner_of(small_model(), tokens=30)
    batch = batch_of(LENGTHS, temperature=0.7)
    scores = asyncio.run(learner.score(batch, model=Role.POLICY, outputs=Outputs(entropy=True)))
    assert scores.entropy is not None
    stats = step(learner, replace(batch, sampled_logprobs=scores.logprobs))
    assert (stats.tokens, stats.sequences) == (batch.token_count, 5)
    assert stats.ratio_min == stats.ratio_median == stats.ratio_max == 1.0
    assert stats.entropy == pytest.approx(float(scores.entropy.sum()) / batch.token_count, rel=1e-5)
    assert stats.mismatch_max < 1e-5
    assert stats.clip_low == stats.clip_high == stats.mismatch_capped == stats.mismatch_masked == 0.0


def test_statistics_of_later_updates_see_the_ratio_move() -> None:
    learner = learner_of(small_model())
    batch = batch_of(LENGTHS)
    old = asyncio.run(learner.score(batch, model=Role.POLICY, outputs=Outputs())).logprobs
    batch = replace(batch, old_logprobs=old)
    step(learner, batch)
    stats = step(learner, batch)
    assert stats.ratio_min < 0.9 < 1.1 < stats.ratio_max
    assert stats.clip_low + stats.clip_high > 0.0


def test_score_equals_full_logits_and_is_zero_outside_the_mask() -> None:
    learner = learner_of(small_model(), tokens=30)
    batch = batch_of(LENGTHS, width=25, temperature=0.7)
    scores = asyncio.run(learner.score(batch, model=Role.POLICY, outputs=Outputs(entropy=True)))
    assert scores.entropy is not None
    with torch.no_grad():
        logits = learner.model(input_ids=batch.tokens).logits[:, :-1] / 0.7
    logp = torch.log_softmax(logits, -1)
    expected = logp.gather(2, batch.tokens[:, 1:, None]).squeeze(2).where(batch.loss_mask[:, 1:], 0.0)
    torch.testing.assert_close(scores.logprobs[:, 1:], expected, rtol=1e-5, atol=1e-5)
    entropy = -(logp.exp() * logp).sum(-1).where(batch.loss_mask[:, 1:], 0.0)
    torch.testing.assert_close(scores.entropy[:, 1:], entropy, rtol=1e-5, atol=1e-5)
    assert not scores.logprobs[:, 0].any()


def test_scoring_changes_nothing() -> None:
    learner = learner_of(small_model(lora=lora(dropout=0.3)), reference=True)
    before = weights(learner)
    for role in (Role.POLICY, Role.REFERENCE):
        first, second = (asyncio.run(learner.score(batch_of(LENGTHS), model=role, outputs=Outputs())) for _ in range(2))
        assert torch.equal(first.logprobs, second.logprobs)  # dropout is off
    assert all(torch.equal(a, b) for a, b in zip(weights(learner), before, strict=True))
    assert learner.model.training


def test_a_learner_without_a_critic_or_reference_says_so() -> None:
    learner = learner_of(small_model())
    with pytest.raises(ConfigError, match="no value model"):
        asyncio.run(learner.score(batch_of(LENGTHS), model=Role.VALUE, outputs=Outputs()))
    with pytest.raises(ConfigError, match="no reference"):
        asyncio.run(learner.score(batch_of(LENGTHS), model=Role.REFERENCE, outputs=Outputs()))
    with pytest.raises(ConfigError, match="no reference"):
        asyncio.run(learner.replace_reference())


def test_steps_too_small_for_16_bits_are_kept_in_the_masters() -> None:
    """At 1e-4 of a weight's size a bfloat16 step rounds to nothing; a hundred of them must not."""
    parameter = nn.Parameter(torch.ones(4, 4, dtype=torch.bfloat16))
    optimizer = Optimizer([("weight", parameter)], OptimizerConfig(lr=1e-4), total_steps=100)
    for _ in range(100):
        parameter.grad = torch.ones_like(parameter)
        optimizer.collect()
        optimizer.step(4.0)
    torch.testing.assert_close(parameter.detach(), torch.full((4, 4), 0.99, dtype=torch.bfloat16))


def test_gradients_of_micro_batches_are_added_in_float32() -> None:
    """257 gradients of 1 are 257; in bfloat16 the sum would stop at 256."""
    parameter = nn.Parameter(torch.ones(1, 1, dtype=torch.bfloat16))
    optimizer = Optimizer([("weight", parameter)], OptimizerConfig(), total_steps=1)
    for _ in range(257):
        parameter.grad = torch.ones_like(parameter)
        optimizer.collect()
    assert float(optimizer.gradient_norm()) == 257.0


def test_a_bfloat16_model_learns_and_follows_its_float32_twin() -> None:
    config = OptimizerConfig(lr=1e-3)
    exact, rounded = learner_of(small_model(), config), learner_of(small_model(dtype="bfloat16"), config)
    assert next(rounded.model.parameters()).dtype == torch.bfloat16
    spec = ObjectiveSpec(surrogate="supervised")
    losses = [[step(learner, batch_of(LENGTHS), spec).loss for _ in range(20)] for learner in (exact, rounded)]
    assert losses[0][-1] < losses[0][0] - 0.5
    assert losses[1] == pytest.approx(losses[0], rel=0.02)


def test_dropout_of_adapters_is_seeded_by_the_update_alone() -> None:
    spec = ObjectiveSpec(surrogate="supervised")
    first, second = (learner_of(small_model(lora=lora(dropout=0.3))) for _ in range(2))
    for index in range(3):
        torch.manual_seed(index)  # the global state plays no part
        ours = step(first, batch_of(LENGTHS))
        theirs = step(second, batch_of(LENGTHS))
        assert ours.loss == theirs.loss
    assert all(torch.equal(a, b) for a, b in zip(weights(first), weights(second), strict=True))
    without = learner_of(small_model(lora=lora(dropout=0.0)))
    assert [step(without, batch_of(LENGTHS), spec).loss for _ in range(3)][-1] != ours.loss


def dropped(learner: TorchLearner, batch: Batch) -> list[torch.Tensor]:
    """What the first dropout of the model let through, one tensor a micro-batch."""
    first = next(m for m in learner.model.modules() if isinstance(m, nn.Dropout) and m.p > 0)
    seen: list[torch.Tensor] = []
    hook = first.register_forward_hook(lambda _module, _inputs, output: seen.append(output.detach() != 0))
    step(learner, batch)
    hook.remove()
    return seen


def test_each_update_and_each_of_its_micro_batches_has_its_own_dropout() -> None:
    learner, batch = learner_of(small_model(lora=lora(dropout=0.5)), tokens=1), batch_of([9, 9])
    masks = [*dropped(learner, batch), *dropped(learner, batch)]
    assert len(masks) == 4
    assert all(not torch.equal(a, b) for i, a in enumerate(masks) for b in masks[:i])


def test_the_run_s_seed_decides_the_dropout_however_large_it_is() -> None:
    def masks(seed: int) -> list[torch.Tensor]:
        model = small_model(lora=lora(dropout=0.5))
        return dropped(TorchLearner(model, optimizer=OptimizerConfig(), total_steps=1, seed=seed), batch_of([9]))

    assert torch.equal(masks(2**70)[0], masks(2**70)[0])
    assert not torch.equal(masks(2**70)[0], masks(2**70 + 1)[0])


def test_the_entropy_bonus_is_trained_and_not_only_reported() -> None:
    learner, batch = learner_of(small_model()), batch_of(LENGTHS)
    with torch.no_grad():  # far from the uniform distribution, whose entropy cannot grow
        for parameter in learner.model.parameters():
            parameter.mul_(3.0 if parameter.ndim > 1 else 1.0)
    batch = replace(batch, advantages=torch.zeros_like(batch.advantages))
    assert step(learner, batch).gradient_norm == 0.0
    entropies = [step(learner, batch, replace(SPEC, entropy_coefficient=1.0)).entropy for _ in range(5)]
    assert entropies[-1] > entropies[0] + 0.05


@pytest.mark.parametrize("checkpointing", [False, True])
def test_logits_of_a_whole_micro_batch_never_exist(checkpointing: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logprobs, "LOGITS", 1)  # the smallest chunks
    init = ModelInit(hidden_size=16, layers=1, heads=2)
    tokenizer = character_tokenizer("".join(chr(0x4E00 + n) for n in range(8192)))
    model = load_model(ModelConfig(init=init, gradient_checkpointing=checkpointing), tokenizer, device="cpu")
    learner, batch = learner_of(model), batch_of([60] * 8)
    with LargestTensor() as largest:
        assert not learner._step(batch, replace(SPEC, entropy_coefficient=0.1)).refused
        learner._score(batch, Role.POLICY, Outputs(entropy=True))
    assert largest.bytes * 15 < batch.token_count * 8192 * 4


def test_passes_run_on_the_compute_thread_while_the_event_loop_goes_on() -> None:
    threads: set[str] = set()

    async def main() -> int:
        learner = learner_of(small_model(), tokens=1)
        layer = next(m for m in learner.model.modules() if isinstance(m, nn.Linear))
        layer.register_forward_hook(lambda *_: threads.add(threading.current_thread().name))
        running = asyncio.ensure_future(learner.step(batch_of([40] * 20), SPEC))
        turns = 0
        while not running.done():
            await asyncio.sleep(0)
            turns += 1
        await learner.score(batch_of([9]), model=Role.POLICY, outputs=Outputs())
        return turns

    assert asyncio.run(main()) > 10
    assert len(threads) == 1
    assert threads.pop().startswith("rlvr-compute")
