"""Builds the parts of a run from its config: one process, the torch learner and the transformers engine.

A cluster will change this file and the implementations of the protocols, not the loop.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType

import torch

from data_prep.demonstrations import read_demonstrations
from rewards.pluralize import pluralize
from rewards.types import GradeResult
from rlvr.algorithms.recipes import Recipe
from rlvr.algorithms.shaping import shape
from rlvr.config import RunConfig, resolved_recipe
from rlvr.data import fitting_sources, read_sources
from rlvr.draws import ProblemDraws
from rlvr.dynamic_sampling import Collector
from rlvr.errors import CheckpointError
from rlvr.evaluation.during_training import TrainingEvaluation
from rlvr.evaluation.graders import EvaluationGraders
from rlvr.evaluation.sets import load_sets
from rlvr.grading import RunGraders
from rlvr.group_sampling import GroupSampler
from rlvr.learner.torch_learner import TorchLearner
from rlvr.lengths import check_lengths
from rlvr.models import load_model
from rlvr.progress import Progress
from rlvr.prompts import Prompter
from rlvr.protocols import Learner, RolloutEngine
from rlvr.record import Recorder
from rlvr.regular_files import read_text
from rlvr.rollout.forward import CausalModel
from rlvr.rollout.probe import check_batching
from rlvr.rollout.transformers_engine import TransformersEngine
from rlvr.rundir import Checkpoints, MetricsFile, SamplesFolder
from rlvr.rundir.checkpoints import TRAINER_STATE
from rlvr.state import RunState
from rlvr.tokenizers import load_tokenizer
from rlvr.types import Completion, StepStats
from rlvr.warmup import Row, encode_demonstrations, warm_up


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts that the loop uses. save: writes a checkpoint of this state of the run."""

    config: RunConfig
    recipe: Recipe
    state: RunState
    collector: Collector
    sampler: GroupSampler
    engine: RolloutEngine
    learner: Learner
    evaluation: TrainingEvaluation
    recorder: Recorder
    save: Callable[[RunState], Awaitable[None]]


def set_threads(threads: int | None) -> int:
    """Set the CPU threads of torch and return their number. Results are bit-identical for a fixed number."""
    count = threads or len(os.sched_getaffinity(0))
    torch.set_num_threads(count)
    return count


class Assembly:
    """Everything that a run holds open. A context manager, as is `parts` within it.

    Example:
        with Assembly(config, out, progress) as assembly:
            async with assembly.parts(stop) as parts:
                ...
    """

    def __init__(self, config: RunConfig, out: Path, progress: Progress) -> None:
        """Load data, tokenizer, model and graders; local files first, then what may need the network.

        Raises:
            ToolkitError: anything that is wrong, before a token is sampled.
        """
        set_threads(config.threads)
        torch.manual_seed(config.seed)
        self._config, self._out, self._progress = config, out, progress
        self._recipe = resolved_recipe(config)
        read = read_sources(config.data, progress.say)
        demonstrations = read_demonstrations(config.warmup.data) if config.warmup.data else []
        self._sets = load_sets(config.eval.sets, limit=config.eval.limit) if config.eval.every else {}
        self._tokenizer = load_tokenizer(config.tokenizer, model_path=config.model.path)
        self._prompter = Prompter(self._tokenizer, template=config.data.template)
        sources = fitting_sources(read, config.data, self._prompter, progress.say)
        self._draws = ProblemDraws(sources, seed=config.seed, sampler=config.data.sampler)
        self._checkpoints = Checkpoints(out / "checkpoints", keep_last=config.checkpoint.keep_last)
        self._newest = self._checkpoints.newest()
        if self._newest is not None:
            self._checkpoints.check(self._newest[0])
        self._model = load_model(config.model, self._tokenizer)
        TorchLearner.check(self._model, config.learner)
        sampled = CausalModel(self._model)
        check_batching(sampled)
        trained = [p for source in sources for p in source.problems]
        check_lengths(config, sampled.position_limit, self._prompter, trained, self._sets)
        self._demonstrations: list[Row] = []
        if config.warmup.steps and self._newest is None:
            self._demonstrations = encode_demonstrations(
                demonstrations, self._prompter, config=config.warmup, positions=sampled.position_limit
            )
        evaluated = [p for group in self._sets.values() for p in group]
        self._problems, self._evaluated = len(trained), len(evaluated)
        self._open = ExitStack()
        with self._open as opened:  # closed at once where a later part cannot be made
            self._graders = opened.enter_context(RunGraders(config.reward, trained + evaluated, config.grading))
            self._graders.check_references(trained)
            self._evaluation_graders = opened.enter_context(
                EvaluationGraders(self._graders, config.reward, evaluated, config.grading)
            )
            self._open = opened.pop_all()

    def __enter__(self) -> Assembly:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def describe(self) -> str:
        """A summary of what the run will do, printed before the first step."""
        weights = sum(weight.numel() for weight in self._model.parameters())
        steps, problems = pluralize(self._config.steps, "step"), pluralize(self._problems, "problem", ",")
        said = f"{self._config.recipe}: {steps} on {problems}"
        if self._config.warmup.steps:
            said += f" behind {self._config.warmup.steps} supervised ones"
        if self._sets:
            said += f", evaluated on {self._evaluated:,}"
        return f"{said}; a model of {weights:,} parameters on {self._model.device}"

    @asynccontextmanager
    async def parts(self, stop: asyncio.Event) -> AsyncIterator[Parts | None]:
        """The parts at the current state of the run: resumed, or warmed up. None if `stop` ended the warm-up.

        Learner and engine are closed at the end of the block.
        """
        async with AsyncExitStack() as opened:
            yield await self._start(stop, opened)

    async def _start(self, stop: asyncio.Event, opened: AsyncExitStack) -> Parts | None:
        config = self._config
        metrics, samples = MetricsFile(self._out / "metrics.jsonl"), SamplesFolder(self._out / "samples")
        newest = self._newest
        if newest is None and config.warmup.steps and not await self._warm_up(stop):
            return None
        learner = TorchLearner(
            self._model,
            optimizer=config.optimizer,
            config=config.learner,
            total_steps=config.steps * config.learner.updates_per_step,
            reference=self._recipe.needs_reference,
            seed=config.seed,
        )
        opened.push_async_callback(learner.close)
        collector = Collector(
            self._draws,
            config=config.dynamic,
            prompts=config.rollout.prompts,
            informative_only=self._recipe.informative_only,
            min_graded=self._recipe.min_graded,
        )
        engine = TransformersEngine(self._model, self._tokenizer, max_batch=config.rollout.max_batch, probed=True)
        opened.push_async_callback(engine.close)

        async def save(state: RunState) -> None:
            await self._save(state, learner, collector)

        state = RunState()
        if newest is not None:
            state = await self._resume(newest[1], learner, collector)
        elif config.warmup.steps:
            if self._recipe.needs_reference:
                await learner.replace_reference()  # the reference is the warmed-up model, not the one that was loaded
            await save(state)
        await learner.publish(engine, state.version)
        whole = state.step or -1  # -1 also cuts the baseline's line (step 0), which is written again
        lost = metrics.cut_after(whole)
        samples.cut_after(whole)
        if newest is not None:
            self._progress.say(f"going on after step {state.step} of {config.steps}")
        if lost:
            self._progress.say(f"warning: metrics.jsonl lacks {lost} of these steps, and they do not come again")
        return Parts(
            config=config,
            recipe=self._recipe,
            state=state,
            collector=collector,
            sampler=self._sampler(engine),
            engine=engine,
            learner=learner,
            evaluation=self._evaluation(engine),
            recorder=Recorder(metrics, samples, self._progress),
            save=save,
        )

    def _sampler(self, engine: RolloutEngine) -> GroupSampler:
        def shaped(
            grade: GradeResult, completion: Completion, max_tokens: int
        ) -> tuple[float | None, dict[str, float]]:
            return shape(
                self._recipe.shaping, score=grade.score, length=len(completion.token_ids), max_length=max_tokens
            )

        return GroupSampler(
            engine,
            config=self._config.rollout,
            seed=self._config.seed,
            prompter=self._prompter,
            graders=self._graders,
            shape=shaped,
        )

    def _evaluation(self, engine: RolloutEngine) -> TrainingEvaluation:
        rollout = self._config.rollout
        return TrainingEvaluation(
            self._config.eval,
            self._sets,
            engine=engine,
            grade=self._evaluation_graders,
            prompter=self._prompter,
            max_tokens=rollout.longest,
            stop=rollout.stop,
            folder=self._out / "eval",
        )

    async def _warm_up(self, stop: asyncio.Event) -> bool:
        config = self._config
        learner = TorchLearner(
            self._model,
            optimizer=config.warmup.optimizer,
            config=config.learner,
            total_steps=config.warmup.steps,
            seed=config.seed,
        )
        losses = MetricsFile(self._out / "warmup.jsonl")
        losses.cut_after(0)

        def show(step: int, stats: StepStats) -> None:
            losses.append(
                {"step": step, "loss": stats.loss, "learning_rate": stats.learning_rate, "time/step": stats.seconds}
            )
            if step % 100 == 0 or step == config.warmup.steps:
                self._progress.say(f"warm-up {step}/{config.warmup.steps}  loss {stats.loss:.4f}")

        try:
            return await warm_up(
                learner,
                self._demonstrations,
                config=config.warmup,
                seed=config.seed,
                show=show,
                stop=stop,
            )
        finally:
            await learner.close()

    async def _save(self, state: RunState, learner: Learner, collector: Collector) -> None:
        async def fill(folder: Path) -> None:
            await learner.save(folder)
            self._tokenizer.save_pretrained(folder)

        text = json.dumps({"run": asdict(state), "collector": collector.state}, ensure_ascii=False)
        await self._checkpoints.write(state.step, trainer_state=text, fill=fill)

    async def _resume(self, folder: Path, learner: Learner, collector: Collector) -> RunState:
        try:
            saved = json.loads(read_text(folder / TRAINER_STATE))
            collector.restore(saved["collector"])
            state = RunState(**saved["run"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise CheckpointError(
                f"{folder / TRAINER_STATE} is not what this version writes: {type(error).__name__}: {error}; go on "
                f"with the version that {self._out / 'environment.json'} names, or remove {folder} to go on from the "
                "checkpoint before it, or from the start"
            ) from error
        await learner.load(folder)
        return state
