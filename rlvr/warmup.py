"""Supervised warm-up: imitate demonstrations before reinforcement learning, with the same learner and batches.

Loss: the negative log-likelihood of the response tokens, including the end token, averaged over the batch's tokens.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from data_prep.demonstrations import Demonstration
from rlvr.algorithms.objective_spec import ObjectiveSpec
from rlvr.errors import ConfigError, RunStopped
from rlvr.learner.learner_config import OptimizerConfig
from rlvr.prompts import Prompter
from rlvr.protocols import Learner
from rlvr.random_streams import Purpose, stream
from rlvr.state import REFUSALS_IN_A_ROW
from rlvr.types import StepStats

OBJECTIVE = ObjectiveSpec(surrogate="supervised", divide_by="tokens", importance_cap=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmupConfig:
    """Supervised steps before the first reinforcement step.

    data: a file of demonstrations (problem and response).
    steps: updates; 0 = no warm-up. batch: demonstrations per update.
    optimizer: for the warm-up alone; reinforcement learning starts with a new one.
    """

    data: str | None = None
    steps: int = 0
    batch: int = 64
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)


Row: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]
"""The tokens of a prompt and of its response, including the end token."""


def encode_demonstrations(
    demonstrations: Sequence[Demonstration], prompter: Prompter, *, config: WarmupConfig, positions: int | None
) -> list[Row]:
    """The tokenised demonstrations.

    positions: most tokens in a sequence of the model; None = no limit.

    Raises:
        ConfigError: there are no demonstrations, or one exceeds the model's positions or has a character without a
        token.
    """
    rows = [(prompter.tokens(d.problem), prompter.encode_response(d.response)) for d in demonstrations]
    longest = max((len(prompt) + len(response) for prompt, response in rows), default=0)
    if not rows or (positions is not None and longest > positions):
        raise ConfigError(
            f"warmup.data is {config.data!r}, whose longest demonstration has {longest} tokens, more than the model's "
            f"{positions} positions; leave out the long ones, or use a model with more positions"
            if rows
            else f"warmup.steps is {config.steps} but warmup.data {config.data!r} holds no demonstrations"
        )
    return rows


async def warm_up(
    learner: Learner,
    rows: Sequence[Row],
    *,
    config: WarmupConfig,
    seed: int,
    show: Callable[[int, StepStats], None],
    stop: asyncio.Event,
) -> bool:
    """Run the supervised steps. rows: at least one; each epoch visits them in a new order drawn from the seed.

    Returns False if `stop` ended them early: nothing is saved, and the run starts over.

    Raises:
        RunStopped: REFUSALS_IN_A_ROW updates in a row with a non-finite loss or gradient.
    """
    from rlvr.batching import batch_from_demonstrations  # imports torch, which configs must not need

    order = _endless_order(len(rows), seed)
    refused = 0
    for step in range(1, config.steps + 1):
        if stop.is_set():
            return False
        chosen = [rows[next(order)] for _ in range(config.batch)]
        stats = await learner.step(batch_from_demonstrations(*zip(*chosen, strict=True)), OBJECTIVE)
        refused = refused + 1 if stats.refused else 0
        if refused == REFUSALS_IN_A_ROW:
            raise RunStopped(
                f"{refused} warm-up updates in a row were refused: {stats.refused}; lower warmup.optimizer.lr"
            )
        show(step, stats)
    return True


def _endless_order(size: int, seed: int) -> Iterator[int]:
    epoch = 0
    while True:
        yield from stream(seed, Purpose.DEMONSTRATION_ORDER, epoch).permutation(size).tolist()
        epoch += 1
