"""The single-process learner: a transformers model and its optimizer behind the `Learner` protocol.

An update is one pass over the batch's micro-batches. Each contributes its share of the loss, divided by the batch's
global counts, so the gradient is that of the whole batch for any split. Then the gradient is clipped and applied, or,
if a loss or the gradient is not finite, refused before any weight changes.

Not here: the algorithm (an `ObjectiveSpec` names the loss), sampling, and the response to refused updates.

Example:
    learner = TorchLearner(model, optimizer=OptimizerConfig(lr=1e-4), total_steps=100)
    stats = await learner.step(batch, RECIPES["dapo"].objective)
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rlvr.algorithms.objective_spec import ObjectiveSpec
from rlvr.algorithms.objectives import ObjectiveStatistics, add_statistics, objective_loss
from rlvr.compute_thread import on_compute_thread
from rlvr.errors import ConfigError
from rlvr.learner.checkpoint import load_learner, save_learner
from rlvr.learner.learner_config import LearnerConfig, OptimizerConfig
from rlvr.learner.optimizer import Optimizer
from rlvr.learner.packing import PASS_TOKENS, PASS_TOKENS_ELSEWHERE, MicroBatch, micro_batches
from rlvr.learner.reference import Reference
from rlvr.learner.scoring import ScoredModel, any_shape
from rlvr.learner.weights import LiveWeights
from rlvr.protocols import WeightSink
from rlvr.random_streams import Purpose, stream
from rlvr.types import Batch, Outputs, Role, StepStats, TokenScores


class TorchLearner:
    """Implements `rlvr.protocols.Learner`. All torch work runs on the compute thread."""

    def __init__(
        self,
        model: nn.Module,
        *,
        optimizer: OptimizerConfig,
        config: LearnerConfig | None = None,
        total_steps: int,
        reference: bool = False,
        seed: int = 0,
    ) -> None:
        """Take over a model.

        Args:
            total_steps: optimizer updates of the whole run, for the schedule.
            reference: whether to keep a reference policy for scoring.
            seed: for LoRA's dropout.

        Raises:
            ConfigError: the model's architecture cannot be trained, or not in this layout.
        """
        self._config = config or LearnerConfig()
        self._model = model
        self._seed = seed
        self._optimizer = Optimizer(model.named_parameters(), optimizer, total_steps=total_steps)
        self._reference = Reference(model) if reference else None
        self._has_dropout = any(isinstance(m, nn.Dropout) and m.p > 0.0 for m in model.modules())
        self._scored = self.check(model, self._config)

    @staticmethod
    def check(model: nn.Module, config: LearnerConfig) -> ScoredModel:
        """Try a model on a few tokens; returns its parts.

        Raises:
            ConfigError: the model's architecture cannot be trained, or not in this layout.
        """
        with _mode(model, training=False):
            scored = ScoredModel.of(model)
            if config.layout == "packed":
                scored.check_packing()
        return scored

    @property
    def model(self) -> nn.Module:
        """The live policy."""
        return self._model

    async def score(self, batch: Batch, *, model: Role, outputs: Outputs) -> TokenScores:
        """Log-probabilities (and entropy) of the batch's loss tokens [B, T]; no gradient.

        Raises:
            ConfigError: this learner holds no such model.
        """
        return await on_compute_thread(self._score, batch, model, outputs)

    async def step(self, batch: Batch, objective: ObjectiveSpec) -> StepStats:
        """One optimizer update over the whole batch. A non-finite loss or gradient is refused, not applied."""
        return await on_compute_thread(self._step, batch, objective)

    async def publish(self, sink: WeightSink, version: int) -> None:
        """Hand the policy's weights to an engine: the live module, or buckets of merged weights."""
        await sink.load_weights(LiveWeights(self._model), version)

    async def replace_reference(self) -> None:
        """Make the current policy the reference.

        Raises:
            ConfigError: the learner was made without a reference.
        """
        await on_compute_thread(self._held_reference().replace)

    async def save(self, folder: Path) -> None:
        """Write a Hugging Face folder and `learner.pt` (see `checkpoint.py`).

        Raises:
            CheckpointError: it cannot be written.
        """
        await on_compute_thread(self._save, folder)

    async def load(self, folder: Path) -> None:
        """Restore what `save` wrote, bit for bit.

        Raises:
            CheckpointError: it cannot be read, or belongs to another model.
        """
        await on_compute_thread(self._load, folder)

    async def close(self) -> None:
        """Nothing runs in the background; memory goes with the object."""

    # --- on the compute thread --------------------------------------------------------------------------------------

    def _cut(self, batch: Batch) -> list[MicroBatch]:
        return micro_batches(
            batch,
            tokens=self._config.micro_batch_tokens,
            layout=self._config.layout,
            row_tokens=self._config.micro_batch_tokens if self._scored.one_row else None,
            pass_tokens=PASS_TOKENS if self._scored.device.type == "cpu" else PASS_TOKENS_ELSEWHERE,
        )

    def _score(self, batch: Batch, role: Role, outputs: Outputs) -> TokenScores:
        size = batch.tokens.numel()
        logprobs, entropy = torch.zeros(size), torch.zeros(size) if outputs.entropy else None
        with self._role(role), _mode(self._model, training=False), any_shape(self._scored.device), torch.no_grad():
            for micro in self._cut(batch):
                found, entropies = self._scored.scores(micro, entropy=outputs.entropy)
                logprobs[micro.source] = found.flatten()[micro.place.to(found.device)].float().cpu()
                if entropy is not None and entropies is not None:
                    entropy[micro.source] = entropies.flatten()[micro.place.to(found.device)].float().cpu()
        shape = batch.tokens.shape
        return TokenScores(logprobs=logprobs.view(shape), entropy=None if entropy is None else entropy.view(shape))

    @contextmanager
    def _role(self, role: Role) -> Iterator[None]:
        if role is Role.POLICY:
            yield
        elif role is Role.REFERENCE:
            with self._held_reference().in_place():
                yield
        else:
            raise ConfigError("this learner has no value model; use a recipe without a critic")

    def _held_reference(self) -> Reference:
        if self._reference is None:
            raise ConfigError("the learner holds no reference model; the recipe's KL coefficient is 0, or must be set")
        return self._reference

    def _step(self, batch: Batch, objective: ObjectiveSpec) -> StepStats:
        started = time.perf_counter()
        learning_rate = self._optimizer.learning_rate
        micros = self._cut(batch)
        statistics: ObjectiveStatistics | None = None
        loss = torch.zeros((), device=self._scored.device)
        self._optimizer.clear()
        for number, micro in enumerate(micros):
            part, measured = self._backward(micro, objective, number)
            loss = loss + part
            statistics = measured if statistics is None else add_statistics(statistics, measured)
        norm, refused = 0.0, "the batch has no loss token"
        blamed: tuple[int, ...] = ()
        if statistics is not None:
            norm = float(self._optimizer.gradient_norm())
            refused, blamed = self._judge(batch, objective, float(loss), norm, statistics)
        if refused:
            self._optimizer.clear()
        else:
            self._optimizer.step(norm)
        stats = _stats(statistics, loss=float(loss), gradient_norm=norm, learning_rate=learning_rate)
        return replace(
            stats,
            micro_batches=len(micros),
            refused=refused,
            refused_sequences=blamed,
            seconds=time.perf_counter() - started,
        )

    def _backward(self, micro: MicroBatch, objective: ObjectiveSpec, number: int) -> tuple[Tensor, ObjectiveStatistics]:
        """Add this micro-batch's share to the gradients; return its share of the loss, and what was measured."""
        with _mode(self._model, training=True), any_shape(self._scored.device), self._dropout(number):
            logprobs, entropy = self._scored.scores(micro, entropy=True)
            if entropy is not None and not objective.entropy_coefficient:
                # A metric only: its backward pass would cost more than that of the log-probabilities
                entropy = entropy.detach()
            batch = _on(micro.batch, self._scored.device)
            loss, statistics = objective_loss(logprobs, batch, objective, entropy)
            loss.backward()  # type: ignore[no-untyped-call]
            self._optimizer.collect()
        return loss.detach(), statistics

    @contextmanager
    def _dropout(self, number: int) -> Iterator[None]:
        """Seed dropout, if any, by the run's seed, the number of applied updates and the micro-batch.

        So there is no random state to save, and a refused update does not change it.
        """
        if not self._has_dropout:
            yield
            return
        random = stream(self._seed, Purpose.DROPOUT, self._optimizer.steps, number)
        devices = [self._scored.device] if self._scored.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(int(random.integers(1 << 63)))
            yield

    def _judge(
        self, batch: Batch, objective: ObjectiveSpec, loss: float, norm: float, statistics: ObjectiveStatistics
    ) -> tuple[str, tuple[int, ...]]:
        """Why the update must be refused (empty = it need not be), and the sequences responsible."""
        broken = tuple(sorted(statistics.sequence_ids[~statistics.finite].tolist()))
        if broken or not math.isfinite(loss):
            return f"non-finite loss ({loss})", broken or self._blame(batch, objective)
        if not math.isfinite(norm):
            return f"non-finite gradient (norm {norm})", self._blame(batch, objective)
        return "", ()

    def _blame(self, batch: Batch, objective: ObjectiveSpec) -> tuple[int, ...]:
        """The sequences whose own loss or gradient is not finite; all of them if each alone is fine. One pass per
        sequence.
        """
        blamed, seen = [], []
        for number, micro in enumerate(micro_batches(batch, tokens=1, layout="padded")):  # one sequence each
            self._optimizer.clear()
            loss, statistics = self._backward(micro, objective, number)
            seen += statistics.sequence_ids.tolist()
            if not math.isfinite(float(loss) + float(self._optimizer.gradient_norm())):
                blamed += statistics.sequence_ids.tolist()
        return tuple(sorted(blamed or seen))

    def _save(self, folder: Path) -> None:
        reference = None if self._reference is None else self._reference.state()
        save_learner(folder, self._model, {"optimizer": self._optimizer.state(), "reference": reference})

    def _load(self, folder: Path) -> None:
        state = load_learner(folder, self._model)
        optimizer, reference = state["optimizer"], state["reference"]
        assert isinstance(optimizer, dict)
        self._optimizer.restore(optimizer)
        if self._reference is not None:
            assert reference is None or isinstance(reference, dict)
            self._reference.restore(reference)


@contextmanager
def _mode(model: nn.Module, *, training: bool) -> Iterator[None]:
    """Switch to training or evaluation mode; the engine may have left the shared module in the other one."""
    before = model.training
    if before == training:
        yield
        return
    model.train(training)
    try:
        yield
    finally:
        model.train(before)


def _on(batch: Batch, device: torch.device) -> Batch:
    if device.type == "cpu":
        return batch
    values: dict[str, Any] = {field.name: getattr(batch, field.name) for field in fields(Batch)}
    moved: dict[str, Any] = {name: v.to(device) for name, v in values.items() if isinstance(v, Tensor)}
    return replace(batch, **moved)


def _stats(
    statistics: ObjectiveStatistics | None, *, loss: float, gradient_norm: float, learning_rate: float
) -> StepStats:
    """Turn sums into means, and log-ratios into quantiles of the ratio; zeros for an update without a loss token."""
    total: dict[str, float] = dict.fromkeys(_SUMS, 0.0)
    low = median = high = 1.0
    if statistics is not None:
        total = dict(zip(_SUMS, torch.stack([getattr(statistics, name) for name in _SUMS]).tolist(), strict=True))
        log_ratios = statistics.log_ratios
        low, median, high = torch.stack([log_ratios.min(), log_ratios.median(), log_ratios.max()]).exp().tolist()
    tokens, sequences = max(total["tokens"], 1.0), max(total["sequences"], 1.0)
    return StepStats(
        loss=loss,
        gradient_norm=gradient_norm,
        learning_rate=learning_rate,
        entropy=total["entropy"] / tokens,
        kl=total["kl"] / tokens,
        clip_low=total["clipped_low"] / tokens,
        clip_high=(total["clipped_high"] + total["clipped_dual"]) / tokens,
        ratio_min=low,
        ratio_median=median,
        ratio_max=high,
        mismatch_kl=total["mismatch_kl"] / tokens,
        mismatch_max=total["mismatch_max"],
        mismatch_capped=total["capped"] / tokens,
        mismatch_masked=total["masked"] / sequences,
        tokens=int(total["tokens"]),
        sequences=int(total["sequences"]),
        micro_batches=0,
        seconds=0.0,
    )


# The scalars of `ObjectiveStatistics` that `StepStats` is made from.
_SUMS = (
    "tokens",
    "sequences",
    "kl",
    "entropy",
    "clipped_low",
    "clipped_high",
    "clipped_dual",
    "mismatch_kl",
    "mismatch_max",
    "capped",
    "masked",
)
