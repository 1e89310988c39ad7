"""Chunked log-probabilities against the plain formula: values, gradients, memory, extreme inputs."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from rlvr.learner import logprobs as module
from rlvr.learner.fused import available
from rlvr.learner.logprobs import chunked_logprobs
from tests.rlvr.learner.small_models import LargestTensor

HEADS = list(itertools.product((1.0, 0.7), (1.0, 1.5), (None, 2.0), (False, True)))  # temperature, scale, cap, bias


def plain(
    hidden: Tensor,
    weight: Tensor,
    targets: Tensor,
    *,
    bias: Tensor | None = None,
    temperature: float = 1.0,
    scale: float = 1.0,
    softcap: float | None = None,
) -> tuple[Tensor, Tensor]:
    logits = hidden @ weight.T if bias is None else hidden @ weight.T + bias
    logits = logits * scale
    if softcap is not None:
        logits = softcap * torch.tanh(logits / softcap)
    logp = torch.log_softmax(logits / temperature, -1)
    return logp.gather(1, targets[:, None]).squeeze(1), -(logp.exp() * logp).sum(-1)


def inputs(rows: int, width: int, size: int, *, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(rows + width + size)
    hidden = torch.randn(rows, width, generator=generator, dtype=dtype).requires_grad_()
    weight = torch.randn(size, width, generator=generator, dtype=dtype).requires_grad_()
    return hidden, weight, torch.randint(0, size, (rows,), generator=generator)


@pytest.fixture(params=[0, 10**9], ids=["recompute", "keep"])
def kept_bytes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEEP_BYTES", request.param)
    monkeypatch.setattr(module, "KEEP_BYTES_ELSEWHERE", request.param)


@pytest.mark.usefixtures("kept_bytes")
@pytest.mark.parametrize(("temperature", "scale", "softcap", "biased"), HEADS)
def test_gradients_of_logprobs_and_entropy_pass_gradcheck(
    temperature: float, scale: float, softcap: float | None, biased: bool
) -> None:
    hidden, weight, targets = inputs(4, 3, 11)
    bias = torch.linspace(-1, 1, 11, dtype=torch.float64).requires_grad_()

    def both(hidden: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        logprobs, entropy = chunked_logprobs(
            hidden, weight, targets, bias=bias if biased else None,
            temperature=temperature, scale=scale, softcap=softcap, chunk=4, entropy=True,
        )  # fmt: skip
        assert entropy is not None
        return logprobs, entropy if biased else entropy + 0.0 * bias.sum()

    assert torch.autograd.gradcheck(both, (hidden, weight, bias))


@pytest.mark.usefixtures("kept_bytes")
@pytest.mark.parametrize("chunk", [1, 5, 23, 1000])
@pytest.mark.parametrize(("temperature", "scale", "softcap", "biased"), HEADS)
def test_values_and_gradients_equal_the_plain_formula_for_any_chunk(
    chunk: int, temperature: float, scale: float, softcap: float | None, biased: bool
) -> None:
    hidden, weight, targets = inputs(6, 5, 23)
    bias = torch.linspace(-1, 1, 23, dtype=torch.float64).requires_grad_() if biased else None
    head = {"bias": bias, "temperature": temperature, "scale": scale, "softcap": softcap}
    leaves = [t for t in (hidden, weight, bias) if t is not None]
    ours = chunked_logprobs(hidden, weight, targets, chunk=chunk, entropy=True, **head)  # type: ignore[arg-type]
    theirs = plain(hidden, weight, targets, **head)  # type: ignore[arg-type]
    for mine, other in zip(ours, theirs, strict=True):
        assert mine is not None
        torch.testing.assert_close(mine, other)
        torch.testing.assert_close(
            torch.autograd.grad(mine.sin().sum(), leaves, retain_graph=True)
            if mine is ours[1]
            else torch.autograd.grad(
                chunked_logprobs(hidden, weight, targets, chunk=chunk, **head)[0].sin().sum(),  # type: ignore[arg-type]
                leaves,
            ),
            torch.autograd.grad(other.sin().sum(), leaves, retain_graph=True),
        )


def test_entropy_is_none_unless_asked_for() -> None:
    hidden, weight, targets = inputs(3, 4, 9)
    assert chunked_logprobs(hidden, weight, targets)[1] is None


def test_without_gradients_the_values_are_the_same_and_carry_no_graph() -> None:
    hidden, weight, targets = inputs(3, 4, 9)
    with_graph, entropy = chunked_logprobs(hidden, weight, targets, chunk=4, entropy=True)
    with torch.no_grad():
        without, plain_entropy = chunked_logprobs(hidden, weight, targets, chunk=4, entropy=True)
    assert not without.requires_grad
    assert torch.equal(with_graph, without)
    assert entropy is not None
    assert plain_entropy is not None
    assert torch.equal(entropy, plain_entropy)


def test_logits_of_all_tokens_never_exist() -> None:
    rows, width, size, chunk = 64, 8, 4096, 128
    hidden, weight, targets = inputs(rows, width, size, dtype=torch.float32)
    with LargestTensor() as largest:
        logprobs, entropy = chunked_logprobs(hidden, weight, targets, chunk=chunk, entropy=True)
        assert entropy is not None
        (logprobs.sum() + entropy.sum()).backward()
    assert largest.bytes <= max(weight.nbytes, rows * chunk * 4)  # the weight's own gradient, or one chunk
    assert largest.bytes * 8 <= rows * size * 4
    with LargestTensor() as largest:
        plain(hidden, weight, targets)
    assert largest.bytes >= rows * size * 4  # the measure sees logits where they exist


def test_a_frozen_weight_gets_no_gradient_and_hidden_gets_the_same() -> None:
    hidden, weight, targets = inputs(5, 4, 12)
    (expected, _) = torch.autograd.grad(chunked_logprobs(hidden, weight, targets, chunk=5)[0].sum(), (hidden, weight))
    frozen = weight.detach()
    (found,) = torch.autograd.grad(chunked_logprobs(hidden, frozen, targets, chunk=5)[0].sum(), (hidden,))
    torch.testing.assert_close(found, expected)


def test_a_tied_weight_collects_both_of_its_gradients() -> None:
    _, weight, targets = inputs(5, 4, 12)
    tokens = torch.tensor([0, 3, 3, 11, 7])
    (ours,) = torch.autograd.grad(chunked_logprobs(weight[tokens], weight, targets, chunk=5)[0].sum(), (weight,))
    (theirs,) = torch.autograd.grad(plain(weight[tokens], weight, targets)[0].sum(), (weight,))
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("size", [1e4, 1e30])
def test_extreme_logits_give_finite_values_and_gradients(size: float) -> None:
    hidden = torch.tensor([[size], [-size], [0.0]], requires_grad=True)
    weight = torch.tensor([[1.0], [-1.0], [0.5], [0.0]], requires_grad=True)
    targets = torch.tensor([0, 1, 2])
    logprobs, entropy = chunked_logprobs(hidden, weight, targets, chunk=2, entropy=True)
    assert entropy is not None
    torch.testing.assert_close(logprobs, torch.tensor([0.0, 0.0, -1.3862944]))
    torch.testing.assert_close(entropy, torch.tensor([0.0, 0.0, 1.3862944]))
    (logprobs.sum() + entropy.sum()).backward()
    assert hidden.grad is not None
    assert hidden.grad.isfinite().all()


@pytest.mark.parametrize("fp32_head", [True, False])
def test_16_bit_inputs_are_summed_in_float32(fp32_head: bool) -> None:
    hidden, weight, targets = inputs(16, 32, 3000, dtype=torch.bfloat16)
    logprobs, entropy = chunked_logprobs(hidden, weight, targets, chunk=512, entropy=True, fp32_head=fp32_head)
    assert entropy is not None
    assert logprobs.dtype == entropy.dtype == torch.float32
    if fp32_head:
        logits = hidden.double() @ weight.double().T
    else:  # the product itself is rounded to 16 bits, the sum over 3,000 terms is not
        logits = (hidden @ weight.T).double()
    exact = torch.log_softmax(logits, -1)
    torch.testing.assert_close(logprobs.double(), exact.gather(1, targets[:, None]).squeeze(1), rtol=1e-5, atol=1e-4)
    torch.testing.assert_close(entropy.double(), -(exact.exp() * exact).sum(-1), rtol=1e-4, atol=1e-4)
    (logprobs.sum() + entropy.sum()).backward()
    assert hidden.grad is not None
    assert hidden.grad.dtype == torch.bfloat16


def test_gradients_of_16_bit_inputs_are_close_to_exact_ones() -> None:
    hidden, weight, targets = inputs(16, 32, 300, dtype=torch.bfloat16)
    ours = torch.autograd.grad(
        chunked_logprobs(hidden, weight, targets, chunk=64, fp32_head=True)[0].sum(), (hidden, weight)
    )
    exact = [t.detach().double().requires_grad_() for t in (hidden, weight)]
    theirs = torch.autograd.grad(plain(*exact, targets)[0].sum(), exact)  # type: ignore[arg-type]
    for mine, other in zip(ours, theirs, strict=True):
        assert float((mine.double() - other).norm() / other.norm()) < 5e-3


def test_no_tokens_give_no_logprobs_and_zero_gradients() -> None:
    hidden, weight, _ = inputs(1, 4, 9)
    nothing = hidden[:0]
    logprobs, entropy = chunked_logprobs(nothing, weight, torch.zeros(0, dtype=torch.int64), entropy=True)
    assert entropy is not None
    assert logprobs.shape == entropy.shape == (0,)
    (gradient,) = torch.autograd.grad(logprobs.sum() + entropy.sum(), (weight,))
    assert not gradient.any()


@pytest.mark.usefixtures("kept_bytes")
@pytest.mark.parametrize("entropy", [False, True])
@pytest.mark.parametrize("fp32_head", [False, True])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 2e-2)])
def test_a_gpus_kernels_give_what_a_cpu_gives_in_float64(
    require: Callable[[str], None], dtype: torch.dtype, tolerance: float, fp32_head: bool, entropy: bool
) -> None:
    require("cuda")
    assert available(torch.device("cuda", 0)), "Triton compiles here"
    hidden, weight, targets = inputs(37, 64, 9_001, dtype=torch.float32)
    incoming = torch.linspace(-1, 1, 37)
    found = []
    for device, precision in (("cpu", torch.float64), ("cuda", dtype)):
        h = hidden.detach().to(dtype).to(device, precision).requires_grad_()
        w = weight.detach().mul(0.2).to(dtype).to(device, precision).requires_grad_()
        logprobs, entropies = chunked_logprobs(
            h, w, targets.to(device), temperature=0.7, chunk=2048, entropy=entropy, fp32_head=fp32_head
        )
        loss = logprobs @ incoming.to(logprobs)
        if entropies is not None:
            loss = loss + 0.5 * entropies @ incoming.flip(0).to(entropies)
        loss.backward()  # type: ignore[no-untyped-call]
        values = (logprobs, *(() if entropies is None else (entropies,)), h.grad, w.grad)
        found.append([value.detach().double().cpu() for value in values if value is not None])
    for exact, ours in zip(*found, strict=True):
        assert float((ours - exact).norm() / exact.norm()) < tolerance
