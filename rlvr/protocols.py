"""What the training loop asks of its parts. One process and a cluster differ only in what stands behind these.

Both are asynchronous, because a blocking step would stall the event loop that feeds rollouts to the graders.
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
    """Where an engine reads new weights from: buckets of (name, tensor), or the module itself in the same process."""

    def buckets(self) -> Iterator[list[tuple[str, Tensor]]]:
        """Stream the weights; never the whole model at once."""
        ...

    @property
    def module(self) -> nn.Module | None:
        """The live module where learner and engine share a process; None elsewhere."""
        ...


class WeightSink(Protocol):
    """Where a learner publishes to. Every `RolloutEngine` is one."""

    async def load_weights(self, weights: WeightSource, version: int) -> None: ...


class RolloutEngine(WeightSink, Protocol):
    """Draws completions."""

    def generate(self, requests_P: Sequence[RolloutRequest]) -> AsyncIterator[Completion]:  # noqa: N803
        """Yield one completion a request, as they finish, in any order.

        Raises:
            RolloutError: a prompt that does not fit, or parameters that the engine does not have.
        """
        ...

    @property
    def version(self) -> int:
        """The version of the weights in use."""
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
        """Write a Hugging Face folder (safetensors) and, beside it, `learner.pt`: all that the next step depends on."""
        ...

    async def load(self, folder: Path) -> None: ...

    async def close(self) -> None: ...
