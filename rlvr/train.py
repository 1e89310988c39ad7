"""The training loop and nothing else. Read this file first.

    Problem --sample--> Completion --grade--> Sample, Group --keep--> --pack--> Batch --step--> weights --> engine

The estimator is a policy gradient whose advantage, surrogate and normalisation come from the recipe
(`rlvr/algorithms/`). A step samples groups under the current weights, computes advantages over all of them, makes
`learner.updates_per_step` updates, publishes the weights and records metrics and samples.

Not here: the construction of the parts (`rlvr/assembly.py`) and the implementations of the protocols.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Sequence
from dataclasses import replace

from rlvr.algorithms.advantages import make_advantages
from rlvr.algorithms.entropy_control import with_selected
from rlvr.assembly import Parts
from rlvr.batching import batch_from_groups, mini_batches
from rlvr.errors import RunStopped
from rlvr.random_streams import Purpose, stream
from rlvr.record import Clock, StepRecord, Update
from rlvr.rundir.metrics import Metrics
from rlvr.state import REFUSALS_IN_A_ROW
from rlvr.types import Group, Outputs, Role


async def train(parts: Parts, *, stop: asyncio.Event) -> bool:
    """Train from the current step of the run directory to the last. Returns False if `stop` ended it earlier.

    Raises:
        RunStopped: the run cannot usefully continue; the message is the diagnosis, and all results are on disk.
        CheckpointError: a checkpoint could not be written; the previous one is intact.
    """
    run, config = parts.state, parts.config
    if run.step == 0 and parts.evaluation.due(0, last=False):
        parts.recorder.write_baseline(await parts.evaluation.run(0))
    for number in range(run.step + 1, config.steps + 1):
        clock = Clock()
        with clock.phase("rollout"):
            collected = await parts.collector.collect(functools.partial(parts.sampler.sample, step=number), run.version)
        clock.add("grade", parts.sampler.seconds_waited())
        diagnosis = parts.collector.diagnosis(collected, max_ungraded_share=config.grading.max_ungraded_share)
        done = None
        if collected.groups and not diagnosis:
            with clock.phase("learn"):
                done = await update(parts, collected.groups, number)
            run = run.after(done.stats)
            await parts.learner.publish(parts.engine, run.version)
        if parts.recipe.reference_every and number % parts.recipe.reference_every == 0:
            await parts.learner.replace_reference()
        run = replace(run, step=number)
        last = number == config.steps
        found: Metrics = {}
        if parts.evaluation.due(number, last=last) and not diagnosis:
            with clock.phase("eval"):
                found = await parts.evaluation.run(number)
        record = StepRecord(number=number, collected=collected, update=done, evaluation=found)
        parts.recorder.write(record, clock)
        if diagnosis or run.refused_in_a_row >= REFUSALS_IN_A_ROW:
            raise RunStopped(diagnosis or f"{run.refused_in_a_row} updates in a row were refused: {record.refusals()}")
        if last or stop.is_set() or number % config.checkpoint.every == 0:
            await parts.save(run)
        if stop.is_set():
            return last
    return True


async def update(parts: Parts, groups: Sequence[Group], number: int) -> Update:
    """Train on the groups of a step: log-probabilities, advantages over all rows, then one update per mini-batch."""
    recipe, learner, updates = parts.recipe, parts.learner, parts.config.learner.updates_per_step
    rollouts = batch_from_groups(groups, overlong_filter=recipe.shaping.overlong_filter)
    batch = rollouts.batch
    if updates > 1 or recipe.needs_old_logprobs:  # with one update a step the old policy is the current one
        old = await learner.score(batch, model=Role.POLICY, outputs=Outputs())
        batch = replace(batch, old_logprobs=old.logprobs)
    if recipe.needs_reference:
        reference = await learner.score(batch, model=Role.REFERENCE, outputs=Outputs())
        batch = replace(batch, reference_logprobs=reference.logprobs)
    advantages = make_advantages(recipe, batch, rollouts.rewards, rollouts.group_of_row)
    batch = replace(batch, advantages=advantages)
    random = functools.partial(stream, parts.config.seed)
    minis = mini_batches(batch, updates, random(Purpose.MINI_BATCHES, number))
    stats = [
        await learner.step(
            with_selected(mini, recipe.entropy_control, random(Purpose.ENTROPY_CONTROL, number, k)), recipe.objective
        )
        for k, mini in enumerate(minis)
    ]
    return Update(rollouts=replace(rollouts, batch=batch), stats=tuple(stats))
