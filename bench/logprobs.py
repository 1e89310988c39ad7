"""Log-probabilities of 1,024 tokens over a vocabulary of 151,936: in chunks, beside full logits; forward and backward.

The peer is the formula as it is usually written: logits of all tokens, log_softmax, gather; its gradients come from
autograd. Both sides get the same float32 hidden states, weight, targets, temperature and incoming gradient, and give
the same log-probabilities and the same gradients of hidden states and weight (checked before anything is timed).

Rows: seconds of a pass, in turns within this process; and peak memory, each side in a process of its own: the highest
resident size during a pass beyond what was resident when the inputs were made. "beyond gradients" leaves out the two
gradients, which both sides must hand back and which are the floor of the first number. The widths are those of a small
model and of Qwen2.5-0.5B, whose vocabulary this is.

    python bench/logprobs.py [--quick] [--json FILE] [--threads N]
"""

from __future__ import annotations

import ctypes
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import torch
from shared.harness import OURS, Row, main, row_of, seconds_of, turns
from torch import Tensor

from rlvr.learner.logprobs import chunked_logprobs

VOCABULARY, TOKENS, WIDTHS, TEMPERATURE = 151_936, 1_024, (256, 896), 0.7
FULL = "full logits"


class Work:
    """Inputs of a pass, and the pass of each side."""

    def __init__(self, tokens: int, vocabulary: int, width: int) -> None:
        generator = torch.Generator().manual_seed(0)
        self.hidden = torch.randn(tokens, width, generator=generator).requires_grad_()
        self.weight = torch.randn(vocabulary, width, generator=generator).mul_(width**-0.5).requires_grad_()
        self.targets = torch.randint(0, vocabulary, (tokens,), generator=generator)
        self.incoming = torch.randn(tokens, generator=generator)

    def run(self, logprobs: Callable[[Work], Tensor]) -> Tensor:
        """Forward and backward."""
        self.hidden.grad = self.weight.grad = None
        result = logprobs(self)
        result.backward(self.incoming)  # type: ignore[no-untyped-call]
        return result.detach()


def ours(work: Work) -> Tensor:
    return chunked_logprobs(work.hidden, work.weight, work.targets, temperature=TEMPERATURE)[0]


def full_logits(work: Work) -> Tensor:
    logits = work.hidden @ work.weight.T / TEMPERATURE
    return torch.log_softmax(logits, -1).gather(1, work.targets.unsqueeze(1)).squeeze(1)


SIDES: dict[str, Callable[[Work], Tensor]] = {OURS: ours, FULL: full_logits}


def peak_megabytes(side: str, width: int, threads: int) -> float:
    """Peak resident memory of a pass beyond what its inputs take. Runs in a process of its own."""
    torch.set_num_threads(threads)
    Work(8, 64, width).run(SIDES[side])  # libraries, thread pools and kernels are resident from here on
    work = Work(TOKENS, VOCABULARY, width)
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before = _resident("VmRSS")
    work.run(SIDES[side])
    return _resident("VmHWM") - before


def _resident(field: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1]) / 1024


def alone(side: str, width: int) -> float:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(peak_megabytes, side, width, torch.get_num_threads()).result(timeout=600)


def check_equal(work: Work) -> None:
    """Both sides give the same numbers."""
    results = []
    for side in SIDES.values():
        logprobs = work.run(side)
        results.append((logprobs, work.hidden.grad, work.weight.grad))
    for mine, other in zip(*results, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-3, atol=1e-4)


def measure(quick: bool) -> Iterator[Row]:
    rounds = 2 if quick else 7
    for width in WIDTHS[:1] if quick else WIDTHS:
        peaks = turns({name: partial(alone, name, width) for name in SIDES}, rounds=1)
        gradients = (VOCABULARY + TOKENS) * width * 4 / 2**20
        if width == WIDTHS[0]:
            yield row_of(f"peak memory, width {width}", peaks, unit="MB", better="lower")
        beyond = {name: [peak - gradients for peak in values] for name, values in peaks.items()}
        yield row_of(f"peak memory beyond gradients, width {width}", beyond, unit="MB", better="lower")
        work = Work(TOKENS, VOCABULARY, width)
        check_equal(work)
        timed = {name: partial(seconds_of, partial(work.run, side)) for name, side in SIDES.items()}
        yield row_of(f"seconds, width {width}", turns(timed, rounds=rounds), unit="s", better="lower")


if __name__ == "__main__":
    main(__doc__, measure)
