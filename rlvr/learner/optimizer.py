"""AdamW with float32 master weights, gradient accumulation in float32, clipping and a learning-rate schedule.

Parameters in float32 (or float64) are updated in place. Each 16-bit parameter has a float32 master: gradients of
micro-batches are accumulated in float32, the master is updated, and the parameter is the rounded master, so small steps
are not lost to rounding (mixed precision, Micikevicius et al. 2018, arXiv:1710.03740).

    w <- w - lr (m / (sqrt(v) + eps) + weight_decay w)     AdamW, Loshchilov & Hutter 2019, arXiv:1711.05101

Weight decay does not apply to vectors (norms, biases). Not here: computing gradients, and deciding whether to apply
them.

Example:
    optimizer = Optimizer(model.named_parameters(), OptimizerConfig(lr=1e-4), total_steps=100)
    loss.backward(); optimizer.collect(); norm = optimizer.gradient_norm(); optimizer.step(norm)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor, nn

from rlvr.errors import CheckpointError
from rlvr.learner.learner_config import OptimizerConfig, Schedule

_DECAYS: dict[Schedule, Callable[[float], float]] = {
    "constant": lambda _done: 1.0,
    "linear": lambda done: 1.0 - done,
    "cosine": lambda done: 0.5 * (1.0 + math.cos(math.pi * done)),
}


def learning_rate_at(config: OptimizerConfig, step: int, total_steps: int) -> float:
    """Learning rate of update `step` (from 0) out of `total_steps`.

    Example:
        >>> config = OptimizerConfig(lr=1.0, warmup_steps=2, schedule="linear")
        >>> [learning_rate_at(config, step, 6) for step in range(6)]
        [0.5, 1.0, 1.0, 0.75, 0.5, 0.25]
    """
    if step < config.warmup_steps:
        return config.lr * (step + 1) / config.warmup_steps
    done = min(1.0, (step - config.warmup_steps) / max(1, total_steps - config.warmup_steps))
    share = config.final_share if config.schedule != "constant" else 0.0
    return config.lr * (share + (1.0 - share) * _DECAYS[config.schedule](done))


class Optimizer:
    """State across updates: moments, masters and the number of applied updates."""

    def __init__(
        self, parameters: Iterable[tuple[str, nn.Parameter]], config: OptimizerConfig, *, total_steps: int
    ) -> None:
        self._config, self._total_steps, self.steps = config, total_steps, 0
        self._parameters = {name: p for name, p in parameters if p.requires_grad}
        self.masters = {name: _master(p) for name, p in self._parameters.items()}
        decayed = [m for m in self.masters.values() if m.ndim >= 2]
        plain = [m for m in self.masters.values() if m.ndim < 2]
        self._adamw = torch.optim.AdamW(
            [{"params": decayed, "weight_decay": config.weight_decay}, {"params": plain, "weight_decay": 0.0}],
            lr=config.lr,
            betas=config.betas,
            eps=config.eps,
            fused=True,
        )
        self._rounded = [(p, self.masters[name]) for name, p in self._parameters.items() if self.masters[name] is not p]

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next update."""
        return learning_rate_at(self._config, self.steps, self._total_steps)

    def clear(self) -> None:
        """Clear all gradients."""
        for parameter in self._parameters.values():
            parameter.grad = None
        for _, master in self._rounded:
            master.grad = None

    def collect(self) -> None:
        """Add 16-bit gradients to those of the masters, in float32. Call after each backward pass."""
        sums, more = [], []
        for parameter, master in self._rounded:
            if parameter.grad is None:
                continue
            if master.grad is None:
                master.grad = parameter.grad.to(master.dtype)
            else:
                sums.append(master.grad)
                more.append(parameter.grad)
            parameter.grad = None
        if sums:
            torch._foreach_add_(sums, more)

    def gradient_norm(self) -> Tensor:
        """Euclidean norm of the whole gradient. Scalar"""
        gradients = [m.grad for m in self.masters.values() if m.grad is not None]
        return torch.nn.utils.get_total_norm(gradients)

    def step(self, gradient_norm: float) -> None:
        """Clip the gradient, whose norm is given, apply it, and advance the schedule."""
        limit = self._config.max_gradient_norm
        if 0.0 < limit < gradient_norm:
            gradients = [m.grad for m in self.masters.values() if m.grad is not None]
            torch._foreach_mul_(gradients, limit / gradient_norm)
        for group in self._adamw.param_groups:
            group["lr"] = self.learning_rate
        self._adamw.step()
        self.round()
        self.steps += 1
        self.clear()

    def round(self) -> None:
        """Set the 16-bit parameters to their masters' rounded values."""
        if self._rounded:
            with torch.no_grad():
                torch._foreach_copy_([p for p, _ in self._rounded], [master for _, master in self._rounded])

    def state(self) -> dict[str, object]:
        """Everything that the next update depends on, except weights that a checkpoint stores exactly."""
        return {
            "steps": self.steps,
            "moments": {
                name: dict(self._adamw.state[master])
                for name, master in self.masters.items()
                if master in self._adamw.state
            },
            "masters": {name: m.detach() for name, m in self.masters.items() if m is not self._parameters[name]},
        }

    def restore(self, state: Mapping[str, object]) -> None:
        """Restore what `state` returned.

        Raises:
            CheckpointError: the state belongs to other parameters.
        """
        steps, moments, masters = state["steps"], state["moments"], state["masters"]
        assert isinstance(steps, int)
        assert isinstance(moments, dict)
        assert isinstance(masters, dict)
        expected = {name for name, m in self.masters.items() if m is not self._parameters[name]}
        if not set(moments) <= set(self.masters) or set(masters) != expected:
            raise CheckpointError(
                "the optimizer's state belongs to other parameters; resume with the model.dtype and model.lora that it "
                "was saved with"
            )
        self.steps = steps
        self._adamw.state.clear()
        for name, values in moments.items():
            master = self.masters[name]
            self._adamw.state[master] = {
                # The count of steps stays float32; moments have their master's dtype.
                key: value.to(master.device) if key == "step" else value.to(master)
                for key, value in values.items()
            }
        with torch.no_grad():
            for name, value in masters.items():
                self.masters[name].copy_(value)
        self.round()


def _master(parameter: nn.Parameter) -> Tensor:
    if parameter.dtype in (torch.float32, torch.float64):
        return parameter
    return parameter.detach().float().requires_grad_()
