"""Evaluation during a run: the same sets, prompts and graders at step 0, at regular steps, and at the end.

The metrics of a set are under `eval/SET/greedy_...` and `eval/SET/sampled_...`; every response is written to
`RUN/eval/step-000010/SET-greedy.samples.jsonl`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from data_prep.problem import Problem
from rlvr.evaluation.evaluate import EvalConfig, evaluate
from rlvr.evaluation.files import write_evaluation
from rlvr.evaluation.graders import Grade
from rlvr.prompts import Prompter
from rlvr.protocols import RolloutEngine
from rlvr.rundir.files import writing
from rlvr.rundir.metrics import Metrics


class TrainingEvaluation:
    """The evaluations of one run."""

    def __init__(
        self,
        config: EvalConfig,
        sets: Mapping[str, Sequence[Problem]],
        *,
        engine: RolloutEngine,
        grade: Grade,
        prompter: Prompter,
        max_tokens: int,
        stop: tuple[str, ...],
        folder: Path,
    ) -> None:
        self._config = config
        self._sets = sets
        self._engine = engine
        self._grade = grade
        self._prompter = prompter
        self._max_tokens = max_tokens
        self._stop = stop
        self._folder = folder

    def due(self, step: int, *, last: bool) -> bool:
        """Whether this step is evaluated: step 0, every `eval.every`, and the last."""
        return bool(self._sets and self._config.every) and (last or step % self._config.every == 0)

    async def run(self, step: int) -> Metrics:
        """Evaluate the engine's current weights; returns the metrics of all sets.

        Raises:
            CheckpointError: the responses cannot be written.
        """
        found: dict[str, float | int | str | None] = {}
        folder = self._folder / f"step-{step:06d}"
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        for name, problems in self._sets.items():
            for regime, samples, sampling in self._config.regimes(max_tokens=self._max_tokens, stop=self._stop):
                evaluation = await evaluate(
                    problems,
                    self._engine,
                    self._grade,
                    prompter=self._prompter,
                    sampling=sampling,
                    samples=samples,
                    seed=self._config.seed,
                )
                found |= evaluation.step_metrics(f"eval/{name}/{regime}_")
                with writing(folder):
                    write_evaluation(folder, f"{name}-{regime}", evaluation)
        return found
