"""Records of a step: a line of metrics, its samples, and a progress line."""

from __future__ import annotations

import resource
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from rewards.types import Finish
from rlvr.batching import Rollouts
from rlvr.dynamic_sampling import Collected
from rlvr.progress import Progress
from rlvr.rundir.metrics import Metrics, MetricsFile
from rlvr.rundir.samples import DecidedGroup, SamplesFolder
from rlvr.types import Sample, StepStats


class Clock:
    """Wall seconds by phase, and of the whole step since the clock was created.

    `rollout` includes `grade`: the seconds spent waiting for grades after the last token.
    """

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._seconds: defaultdict[str, float] = defaultdict(float)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.add(name, time.perf_counter() - began)

    def add(self, name: str, seconds: float) -> None:
        """Add seconds measured elsewhere."""
        self._seconds[name] += seconds

    def metrics(self) -> dict[str, float]:
        return {**{f"time/{k}": v for k, v in self._seconds.items()}, "time/step": time.perf_counter() - self._began}


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """The rows that a step trained on, with their advantages, and the statistics of each optimizer update."""

    rollouts: Rollouts
    stats: tuple[StepStats, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """One complete step. update is None if there was nothing to train on."""

    number: int
    collected: Collected
    update: Update | None
    evaluation: Metrics

    def refusals(self) -> str:
        """Why updates were refused, with the samples whose loss was not finite; empty if none was refused."""
        if self.update is None:
            return ""
        rows = self.update.rollouts.samples_B
        named = [
            (u.refused, [rows[b].completion.request for b in u.refused_sequences])
            for u in self.update.stats
            if u.refused
        ]
        return "; ".join(
            f"{why} ({', '.join(f'draw {r.draw_index} sample {r.sample_index}' for r in asked[:8]) or 'no one sample'})"
            for why, asked in named
        )


class Recorder:
    """Writes the metrics and samples of each step, and shows progress."""

    def __init__(self, metrics: MetricsFile, samples: SamplesFolder, progress: Progress) -> None:
        self._metrics = metrics
        self._samples = samples
        self._progress = progress

    def write_baseline(self, evaluation: Metrics) -> None:
        """Write step 0: the evaluation before the first update."""
        line: Metrics = {"step": 0, **evaluation}
        self._metrics.append(line)
        self._progress.show(line)

    def write(self, step: StepRecord, clock: Clock) -> None:
        """Write the step to disk. Samples first: a line in `metrics.jsonl` means that the step is complete."""
        self._samples.write(step.number, _decided(step))
        line: dict[str, float | int | str | None] = {
            "step": step.number,
            **step.collected.metrics(),
            **_reward_metrics(step.collected),
            **_update_metrics(step.update.stats if step.update else ()),
            **step.evaluation,
            **clock.metrics(),
            "memory/peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
        if refusals := step.refusals():
            line["update/refused_why"] = refusals
        self._metrics.append(line)
        self._progress.show(line)


def _decided(step: StepRecord) -> list[DecidedGroup]:
    advantages: defaultdict[int, dict[int, float]] = defaultdict(dict)  # by draw, then by sample
    if step.update is not None:
        batch = step.update.rollouts.batch
        tokens = batch.loss_mask.sum(1).clamp(min=1)
        means = ((batch.advantages * batch.loss_mask).sum(1) / tokens).tolist()
        for sample, mean in zip(step.update.rollouts.samples_B, means, strict=True):
            request = sample.completion.request
            advantages[request.draw_index][request.sample_index] = mean
    trained = [
        DecidedGroup(
            group=g,
            decision="trained" if step.update is not None else "not_trained",
            advantages=advantages[g.draw_index],
        )
        for g in step.collected.groups
    ]
    return trained + [DecidedGroup(group=g, decision=why, advantages={}) for g, why in step.collected.left_out]


def _reward_metrics(collected: Collected) -> dict[str, float | int | None]:
    """Metrics of all samples drawn in this step, before any filter."""
    samples = [s for g in collected.sampled for s in g.samples_G]
    if not samples:
        return {}
    rewards = [s.reward for s in samples if s.reward is not None]
    lengths = [len(s.completion.token_ids) for s in samples]
    right = [s.grade.correctness for s in samples if s.grade.correctness is not None]
    return {
        "reward/mean": _mean(rewards),
        "reward/std": float(np.std(rewards)) if rewards else None,
        "reward/score_mean": _mean([s.grade.score for s in samples if s.grade.score is not None]),
        "reward/correctness_mean": _mean(right),
        **{f"reward/part/{name}": _mean(values) for name, values in _named(samples, "parts").items()},
        **{f"reward/shaping/{name}": _mean(values) for name, values in _named(samples, "shaping").items()},
        "response/length_mean": fmean(lengths),
        "response/length_max": max(lengths),
        "response/cut_off": fmean(s.completion.finish is Finish.LENGTH for s in samples),
    }


def _named(samples: Sequence[Sample], which: str) -> dict[str, list[float]]:
    values: defaultdict[str, list[float]] = defaultdict(list)
    for sample in samples:
        named: Mapping[str, float | None] = sample.grade.parts if which == "parts" else sample.shaping
        for name, value in named.items():
            if value is not None:
                values[name].append(value)
    return dict(sorted(values.items()))


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None


def _update_metrics(updates: Sequence[StepStats]) -> dict[str, float | int | None]:
    """Means over the applied updates of the step; minima and maxima for the extremes."""
    applied = [u for u in updates if not u.refused]
    counts: dict[str, float | int | None] = {
        "update/count": len(applied),
        "update/refused": len(updates) - len(applied),
    }
    if not applied:
        return counts
    means = ("loss", "gradient_norm", "entropy", "kl", "clip_low", "clip_high", "ratio_median")
    mismatch = ("mismatch_kl", "mismatch_capped", "mismatch_masked")
    return {
        **counts,
        **{f"update/{name}": fmean(getattr(u, name) for u in applied) for name in means},
        "update/ratio_min": min(u.ratio_min for u in applied),
        "update/ratio_max": max(u.ratio_max for u in applied),
        "update/learning_rate": applied[-1].learning_rate,
        "update/tokens": sum(u.tokens for u in applied),
        "update/sequences": sum(u.sequences for u in applied),
        "update/micro_batches": sum(u.micro_batches for u in applied),
        **{name.replace("_", "/", 1): fmean(getattr(u, name) for u in applied) for name in mismatch},
        "mismatch/max": max(u.mismatch_max for u in applied),
    }
