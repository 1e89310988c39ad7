"""Log-probabilities of 1,024 tokens over a vocabulary of 151,936, in chunks and from full logits; forward and backward.

The peer is the formula as it is usually written: logits of all tokens, log_softmax, gather; its gradients come from
autograd. Both sides get the same float32 hidden states, weight, targets, temperature and incoming gradient, and give
the same log-probabilities and the same gradients of hidden states and weight (checked before anything is timed).

Rows: seconds per pass, the sides taking turns in this process; and peak memory, each side in its own process: the
highest resident size during a pass minus the resident size once the inputs exist. "beyond gradients" excludes the two
gradients, which both sides must return and which are a lower bound of the first number. The widths are those of a small
model and of Qwen2.5-0.5B, which has this vocabulary.

If torch sees a GPU, both sides run there (set CUDA_VISIBLE_DEVICES to empty to prevent that), at Qwen2.5-0.5B's width
in
bfloat16, with 1,024 and 8,192 tokens. Then there is a second peer: the same formula with logits in float32 from the
division on. There the sides agree to 2% in norm, and memory is what the allocator handed out during a pass.

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
FULL_FLOAT32 = "full logits in float32"
GPU_TOKENS, GPU_WIDTH, GPU_PASSES = (1_024, 8_192), 896, 10


class Work:
    """The inputs of a pass, and the pass of each side."""

    def __init__(
        self, tokens: int, vocabulary: int, width: int, *, device: str = "cpu", dtype: torch.dtype = torch.float32
    ) -> None:
        generator = torch.Generator().manual_seed(0)
        hidden = torch.randn(tokens, width, generator=generator)
        weight = torch.randn(vocabulary, width, generator=generator).mul_(width**-0.5)
        self.hidden = hidden.to(device, dtype).requires_grad_()
        self.weight = weight.to(device, dtype).requires_grad_()
        self.targets = torch.randint(0, vocabulary, (tokens,), generator=generator).to(device)
        self.incoming = torch.randn(tokens, generator=generator).to(device)

    def run(self, logprobs: Callable[[Work], Tensor]) -> Tensor:
        """Forward and backward."""
        self.hidden.grad = self.weight.grad = None
        result = logprobs(self)
        result.backward(self.incoming.to(result.dtype))  # type: ignore[no-untyped-call]
        return result.detach()


def ours(work: Work) -> Tensor:
    return chunked_logprobs(work.hidden, work.weight, work.targets, temperature=TEMPERATURE)[0]


def full_logits(work: Work) -> Tensor:
    logits = work.hidden @ work.weight.T / TEMPERATURE
    return torch.log_softmax(logits, -1).gather(1, work.targets.unsqueeze(1)).squeeze(1)


def full_logits_in_float32(work: Work) -> Tensor:
    logits = (work.hidden @ work.weight.T).float() / TEMPERATURE
    return torch.log_softmax(logits, -1).gather(1, work.targets.unsqueeze(1)).squeeze(1)


SIDES: dict[str, Callable[[Work], Tensor]] = {OURS: ours, FULL: full_logits}


def peak_megabytes(side: str, width: int, threads: int) -> float:
    """Peak resident memory of a pass minus that of its inputs. Runs in its own process."""
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
    """Check that both sides give the same numbers."""
    results = []
    for side in SIDES.values():
        logprobs = work.run(side)
        results.append((logprobs, work.hidden.grad, work.weight.grad))
    for mine, other in zip(*results, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-3, atol=1e-4)


def on_gpu(quick: bool) -> Iterator[Row]:
    sides = {**SIDES, FULL_FLOAT32: full_logits_in_float32}
    for tokens in GPU_TOKENS:
        work = Work(tokens, VOCABULARY, GPU_WIDTH, device="cuda", dtype=torch.bfloat16)
        case = f"{tokens} tokens, width {GPU_WIDTH}, bfloat16, GPU"
        exact = work.run(full_logits_in_float32).double(), *(t.grad.double() for t in (work.hidden, work.weight))
        found = work.run(ours).double(), *(t.grad.double() for t in (work.hidden, work.weight))
        assert all(float((mine - other).norm() / other.norm()) < 0.02 for mine, other in zip(found, exact, strict=True))
        del exact, found
        gradients = (VOCABULARY + tokens) * GPU_WIDTH * 2 / 2**20
        peaks = turns({name: partial(allocated_megabytes, work, side) for name, side in sides.items()}, rounds=1)
        yield row_of(f"peak memory, {case}", peaks, unit="MB", better="lower")
        beyond = {name: [peak - gradients for peak in values] for name, values in peaks.items()}
        yield row_of(f"peak memory beyond gradients, {case}", beyond, unit="MB", better="lower")
        timed = {name: partial(gpu_seconds, work, side) for name, side in sides.items()}
        yield row_of(f"seconds, {case}", turns(timed, rounds=3 if quick else 7), unit="s", better="lower")


def allocated_megabytes(work: Work, side: Callable[[Work], Tensor]) -> float:
    """Peak GPU memory of a pass minus that of its inputs."""
    work.hidden.grad = work.weight.grad = None
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    work.run(side)
    return (torch.cuda.max_memory_allocated() - before) / 2**20


def gpu_seconds(work: Work, side: Callable[[Work], Tensor]) -> float:
    """Seconds of one pass on the GPU, from several passes after a warm-up."""
    work.run(side)
    began, ended = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    began.record()
    for _ in range(GPU_PASSES):
        work.run(side)
    ended.record()
    torch.cuda.synchronize()
    return began.elapsed_time(ended) / 1e3 / GPU_PASSES


def measure(quick: bool) -> Iterator[Row]:
    if torch.cuda.is_available():
        yield from on_gpu(quick)
        return
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
