"""The frozen reference policy of the KL penalty: the policy at the start of training, until it is replaced.

It is never a second module. For a model with untrained adapters it is the model with adapters disabled; otherwise it is
a copy of the trained weights, swapped with the live ones during a pass.

Example:
    reference = Reference(model)
    with reference.in_place():
        logprobs = score(model)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from rlvr.errors import CheckpointError
from rlvr.models import is_adapted


class Reference:
    """The weights of the reference; None = the base under the adapters."""

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
        self._weights: dict[str, Tensor] | None = None if self._untouched_adapters() else self._copy()

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Within this context the model is the reference. Only for passes without gradients."""
        if self._weights is None:
            with self._model.disable_adapter():  # type: ignore[operator]
                yield
            return
        self._exchange(self._weights)
        try:
            yield
        finally:
            self._exchange(self._weights)

    def replace(self) -> None:
        """Make the live weights the reference."""
        self._weights = self._copy()

    def state(self) -> dict[str, Tensor] | None:
        """The weights; None where the base under the adapters is the reference."""
        return self._weights

    def restore(self, state: Mapping[str, Tensor] | None) -> None:
        """Restore what `state` returned. A full model keeps its current reference if none was saved.

        Raises:
            CheckpointError: the state belongs to other weights.
        """
        if state is None:
            self._weights = None if is_adapted(self._model) else self._weights
            return
        if set(state) != set(self._trained):
            raise CheckpointError(
                "the saved reference has other weights than the model; resume with the model.lora it was saved with"
            )
        self._weights = {name: value.to(self._trained[name]) for name, value in state.items()}

    def _untouched_adapters(self) -> bool:
        """Whether the adapters are untrained: an adapter adds scaling * B A, and B starts at 0."""
        return is_adapted(self._model) and not any(
            bool(p.any()) for name, p in self._trained.items() if ".lora_B." in name
        )

    def _copy(self) -> dict[str, Tensor]:
        return {name: p.detach().clone() for name, p in self._trained.items()}

    @torch.no_grad()
    def _exchange(self, weights: dict[str, Tensor]) -> None:
        # Swap pointers, not values: no copy, and the optimizer's parameters stay the same objects.
        for name, parameter in self._trained.items():
            parameter.data, weights[name] = weights[name], parameter.data
