"""The interfaces of the training loop. One process and a cluster differ only in their implementations.

They are asynchronous, because a blocking step would stall the event loop that feeds rollouts to the graders.
Each has a conformance suite in `tests/conformance/` that runs against every implementation.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rlvr.types import Batch, Completion, Outputs, Role, RolloutRequest, StepStats, TokenScores

if TYPE_CHECKING:
    from torch import Tensor, nn

    from rlvr.algorithms.objective_spec import ObjectiveSpec


class WeightSource(Protocol):
    """The source of new weights for an engine: buckets of (name, tensor), or the module itself in the same process."""

    def buckets(self) -> Iterator[list[tuple[str, Tensor]]]:
        """Stream the weights in buckets, never the whole model at once."""
        ...

    @property
    def module(self) -> nn.Module | None:
        """The live module if learner and engine share a process, else None."""
        ...


class WeightSink(Protocol):
    """The receiver of a learner's weights. Every `RolloutEngine` is one."""

    async def load_weights(self, weights: WeightSource, version: int) -> None: ...


class RolloutEngine(WeightSink, Protocol):
    """Samples completions."""

    def generate(self, requests_P: Sequence[RolloutRequest]) -> AsyncIterator[Completion]:  # noqa: N803
        """Yield one completion per request, in order of completion.

        Raises:
            RolloutError: a prompt that does not fit, or unsupported parameters.
        """
        ...

    @property
    def version(self) -> int:
        """The version of the current weights."""
        ...

    async def close(self) -> None: ...


class Learner(Protocol):
    """Holds the trained model and its optimizer."""

    async def score(self, batch: Batch, *, model: Role, outputs: Outputs) -> TokenScores:
        """Log-probabilities (and entropy) of the batch's loss tokens under a role's current weights; no gradient."""
        ...

    async def step(self, batch: Batch, objective: ObjectiveSpec) -> StepStats:
        """One optimizer update over the whole batch. A non-finite loss or gradient is refused, not applied."""
        ...

    async def publish(self, sink: WeightSink, version: int) -> None:
        """Hand the policy's weights to an engine, in buckets."""
        ...

    async def replace_reference(self) -> None:
        """Make the current policy the reference."""
        ...

    async def save(self, folder: Path) -> None:
        """Write a Hugging Face folder (safetensors) with `learner.pt` in it: all state of the next step."""
        ...

    async def load(self, folder: Path) -> None: ...

    async def close(self) -> None: ...
