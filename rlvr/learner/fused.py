"""Fused GPU version of what `logprobs.py` does to a chunk of logits between its matrix products: one pass over memory.

In plain torch it takes some fifteen passes, each of which reads and writes the chunk in float32. Here the product that
cuBLAS wrote (often in 16 bits) is read once, and the gradient of the logits overwrites it. With z = a * product:

    accumulate   running maximum, sum, first moment and target's logit of each row
    slope        z  ->  -dz, without the factor g if it is common to the row

Triton compiles the kernels (`kernels.py`) on first use and needs a C compiler; if either is missing, `available`
returns False and the learner uses the slower path. Heads with a bias or a soft cap are not supported.

Example:
    if available(device):
        accumulate(product, targets, start, a, statistics, moment=False)
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

_ROW_BLOCK = 4096  # columns of a row that a program holds at a time
_SLOPE_BLOCK = 2048


@cache
def available(device: torch.device) -> bool:
    """Whether the kernels compile on this device and pass a small numerical check. Tried once per device."""
    if device.type != "cuda":
        return False
    try:
        return _tried(device)
    except Exception as error:  # Triton, the compiler and the driver may raise anything
        warnings.warn(
            f"Triton's kernels do not run here ({type(error).__name__}: {error!s:.200}); log-probabilities are computed"
            " without them: right, but slower. They need the package triton and a C compiler on PATH",
            RuntimeWarning,
            stacklevel=2,
        )
        return False


def _tried(device: torch.device) -> bool:
    product = torch.tensor([[0.0, 1.0, -1.0]], dtype=torch.bfloat16, device=device)
    statistics = RowStatistics.empty(1, device)
    accumulate(product, torch.tensor([1], device=device), 0, 2.0, statistics, moment=True)
    z = torch.tensor([[0.0, 2.0, -2.0]], device=device)
    return bool(torch.allclose(statistics.normaliser, z.logsumexp(1), atol=1e-3))


@dataclass(frozen=True, slots=True)
class RowStatistics:
    """Running statistics of each row's z over the columns so far. values [4, N] float32: maximum, sum of exp(z -
    maximum), sum of z exp(z - maximum), and the target's z.
    """

    values: Tensor

    @classmethod
    def empty(cls, rows: int, device: torch.device) -> RowStatistics:
        values = torch.zeros(4, rows, dtype=torch.float32, device=device)
        values[0] = -torch.inf
        return cls(values)

    @property
    def normaliser(self) -> Tensor:
        """The logarithm of the sum of exp(z). [N]"""
        return self.values[0] + self.values[1].log()

    @property
    def logprobs(self) -> Tensor:
        """Log-probabilities of the targets. [N]"""
        return self.values[3] - self.normaliser

    @property
    def entropy(self) -> Tensor:
        """Entropy of each row's distribution; needs the moments. [N]"""
        return self.normaliser - self.values[2] / self.values[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntropySlope:
    """Inputs of an entropy gradient: the entropies, their gradients, and those of the log-probabilities. [N]"""

    entropy: Tensor
    to_entropy: Tensor
    to_logprob: Tensor


def accumulate(
    product: Tensor, targets: Tensor, start: int, a: float, statistics: RowStatistics, *, moment: bool
) -> None:
    """Add a chunk of products [N, M] to the statistics; its first column is column `start` of the vocabulary."""
    from rlvr.learner.kernels import accumulate_kernel

    rows, width = product.shape
    accumulate_kernel[(rows,)](
        product,
        targets,
        statistics.values,
        product.stride(0),
        rows,
        width,
        start,
        a,
        moment=moment,
        block=_ROW_BLOCK,
        num_warps=8,
    )


def slope(
    product: Tensor, targets: Tensor, start: int, a: float, normaliser: Tensor, entropy: EntropySlope | None
) -> None:
    """Overwrite a chunk of products [N, M] with -dz, or with -dz / g if only log-probabilities have gradients g.

    Args:
        normaliser: [N] float32, as are those of `entropy`; contiguous.
    """
    from rlvr.learner.kernels import slope_kernel

    rows, width = product.shape
    given = entropy or EntropySlope(entropy=normaliser, to_entropy=normaliser, to_logprob=normaliser)
    slope_kernel[(rows, -(-width // _SLOPE_BLOCK))](
        product,
        targets,
        normaliser,
        given.entropy,
        given.to_entropy,
        given.to_logprob,
        product.stride(0),
        width,
        start,
        a,
        with_entropy=entropy is not None,
        block=_SLOPE_BLOCK,
        num_warps=4,
    )
