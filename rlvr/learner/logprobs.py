"""Log-probabilities of given tokens under a language-model head, without materialising all logits.

    x[n, v]    = a * (hidden[n] . weight[v] + bias[v])
    z[n, v]    = x[n, v]                        with a = scale / temperature, or, under a soft cap,
                 cap / temperature * tanh(x)    with a = scale / cap
    logprob[n] = z[n, target[n]] - logsumexp_v z[n, v]
    entropy[n] = logsumexp_v z[n, v] - sum_v p[n, v] z[n, v]            p = softmax_v(z)

The vocabulary is cut into chunks of columns. The forward pass keeps a running maximum, sum and first moment of each row
(the online softmax of Milakov & Gimelshein 2018, arXiv:1805.02867); the backward pass recomputes the logits of a chunk,
so that only two buffers [N, chunk] exist, and each row of the weight's gradient is written once. With incoming
gradients g for logprob and e for entropy:

    d loss / d z[n, v] = g[n] (1[v = target[n]] - p[n, v]) - e[n] p[n, v] (log p[n, v] + entropy[n])

The first chunks, as many as fit in `KEEP_BYTES`, are kept for the backward pass, so a small vocabulary is multiplied
once. On a GPU the work between the products is one kernel each way (`fused.py`), if available. Not here: the choice of
tokens, and models (`rlvr.learner.scoring`).

Example:
    logprobs, entropy = chunked_logprobs(hidden, head.weight, targets, temperature=0.7, entropy=True)
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from rlvr.learner import fused
from rlvr.learner.fused import EntropySlope, RowStatistics

# Logits per chunk: on a CPU they should fit in cache, on a GPU keep it busy.
LOGITS = 4 * 2**20
LOGITS_ELSEWHERE = 64 * 2**20
SMALLEST_CHUNK = 512
CHUNK_UNIT = 256  # GPU chunks are multiples of this: matrix units need aligned rows
KEEP_BYTES = 16 * 2**20  # on a CPU
KEEP_BYTES_ELSEWHERE = 256 * 2**20


def chunked_logprobs(
    hidden: Tensor,
    weight: Tensor,
    targets: Tensor,
    *,
    bias: Tensor | None = None,
    temperature: float = 1.0,
    scale: float = 1.0,
    softcap: float | None = None,
    chunk: int | None = None,
    entropy: bool = False,
    fp32_head: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """Log-probability (nats) of each target, and the entropy of its distribution when asked for.

    Args:
        hidden: [N, H] last hidden states. weight: [V, H]. targets: [N] int64. bias: [V].
        temperature: logits are divided by it, after the head's own scale and soft cap.
        chunk: columns of the vocabulary at a time; None = a size that suits the device.
        fp32_head: multiply in float32 regardless of the dtype of hidden and weight.

    Returns:
        logprobs [N], and entropy [N] or None; float32 (float64 for float64 input). Gradients flow through both to
        hidden, weight and bias.
    """
    if chunk is None:
        chunk = _suitable_chunk(hidden)
    head = (bias, temperature, scale, softcap, chunk, fp32_head)
    if torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in (hidden, weight, bias)):
        logprobs, entropies = _ChunkedLogprobs.apply(hidden, weight, targets, entropy, *head)  # type: ignore[no-untyped-call]
        return logprobs, entropies
    logprobs, _, entropies = _forward(_Logits(hidden, weight, *head), targets, entropy=entropy, kept=None)
    return logprobs, entropies


def _suitable_chunk(hidden: Tensor) -> int:
    on_cpu = hidden.device.type == "cpu"
    chunk = max(SMALLEST_CHUNK, (LOGITS if on_cpu else LOGITS_ELSEWHERE) // max(1, hidden.shape[0]))
    return chunk if on_cpu else chunk // CHUNK_UNIT * CHUNK_UNIT


class _Logits:
    """The matrix z of the module's docstring, one chunk of columns at a time."""

    def __init__(
        self,
        hidden: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        temperature: float,
        scale: float,
        softcap: float | None,
        chunk: int,
        fp32_head: bool,
    ) -> None:
        self.sums = torch.promote_types(hidden.dtype, torch.float32)  # dtype of logits and sums
        self.product = self.sums if fp32_head else hidden.dtype  # dtype of the matrix products
        self.a = scale / temperature if softcap is None else scale / softcap
        self.cap = None if softcap is None else softcap / temperature
        # Scaling [N, H] is cheaper than scaling [N, V], but rounds in a 16-bit dtype, where it is done afterwards.
        self.folded = self.product == self.sums
        self.hidden = hidden.to(self.product) * self.a if self.folded else hidden
        self.weight, self.bias = weight, bias
        # Then `write` gives unscaled products: the kernels scale them, and sum in float32.
        plain = bias is None and softcap is None and self.sums == torch.float32
        self.fused = plain and fused.available(weight.device)
        self.left = 1.0 if self.folded else self.a
        size, width = weight.shape[0], min(chunk, weight.shape[0])
        self.spans = [(start, min(start + width, size)) for start in range(0, size, width)]
        self.shape = (hidden.shape[0], width)

    def buffer(self) -> Tensor:
        dtype = self.product if self.fused else self.sums
        return torch.empty(self.shape, dtype=dtype, device=self.weight.device)

    def columns(self, start: int, end: int) -> Tensor:
        """The weight of these columns in the dtype of the products. [end - start, H]"""
        return self.weight[start:end].to(self.product)

    def write(self, start: int, end: int, out: Tensor) -> Tensor:
        """Write z[:, start:end] (z / left, where kernels do the rest) into the first columns of `out`; return them."""
        z = out.view(-1)[: out.shape[0] * (end - start)].view(out.shape[0], end - start)
        if self.folded or self.fused:
            torch.mm(self.hidden, self.columns(start, end).T, out=z)
        else:
            z.copy_(torch.mm(self.hidden, self.columns(start, end).T)).mul_(self.a)
        if self.bias is not None:
            z += self.bias[start:end].to(self.sums) * self.a
        if self.cap is not None:
            z.tanh_().mul_(self.cap)
        return z


def _in_chunk(targets: Tensor, start: int, end: int) -> tuple[Tensor, Tensor]:
    """Column of each target within the chunk (any column where it lies outside), and whether it lies inside. [N, 1]"""
    columns = (targets - start).unsqueeze(1)
    return columns.clamp(0, end - start - 1), (columns >= 0) & (columns < end - start)


def _forward(
    logits: _Logits, targets: Tensor, *, entropy: bool, kept: list[Tensor] | None
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Logprobs [N], logsumexp [N, 1], entropy [N]. The first chunks are appended to `kept`, where it is a list."""
    if logits.fused:
        return _fused_forward(logits, targets, entropy=entropy, kept=kept)
    rows = logits.hidden.shape[0]
    like = {"dtype": logits.sums, "device": logits.hidden.device}
    top = torch.full((rows, 1), -torch.inf, **like)  # type: ignore[call-overload]
    total = torch.zeros((rows, 1), **like)  # type: ignore[call-overload]
    moment = torch.zeros((rows, 1), **like)  # type: ignore[call-overload]
    picked = torch.zeros((rows, 1), **like)  # type: ignore[call-overload]
    scratch, work = logits.buffer(), logits.buffer() if entropy or kept is not None else None
    room = _room(logits.weight)
    for start, end in logits.spans:
        keep = kept is not None and (room := room - scratch.nbytes) >= 0
        z = logits.write(start, end, logits.buffer() if keep else scratch)
        if keep:
            kept.append(z)  # type: ignore[union-attr]
        column, inside = _in_chunk(targets, start, end)
        picked += z.gather(1, column).where(inside, 0.0)
        higher = torch.maximum(top, z.amax(1, keepdim=True))
        shrink = (top - higher).exp_()  # exp(-inf) = 0 at the first chunk
        if work is None:
            terms = z.sub_(higher).exp_()
        else:
            terms = torch.sub(z, higher, out=work.view(-1)[: z.numel()].view(z.shape)).exp_()
        chunk_total = terms.sum(1, keepdim=True)
        total.mul_(shrink).add_(chunk_total)
        if entropy:
            moment.mul_(shrink).add_(terms.mul_(z).sum(1, keepdim=True))
        top = higher
    normaliser = total.log_().add_(top)  # [N, 1]
    logprobs = (picked - normaliser).squeeze(1)
    if not entropy:
        return logprobs, normaliser, None
    return logprobs, normaliser, (normaliser - moment / (normaliser - top).exp_()).squeeze(1)


def _fused_forward(
    logits: _Logits, targets: Tensor, *, entropy: bool, kept: list[Tensor] | None
) -> tuple[Tensor, Tensor, Tensor | None]:
    statistics = RowStatistics.empty(logits.hidden.shape[0], logits.hidden.device)
    scratch, room = logits.buffer(), _room(logits.weight)
    for start, end in logits.spans:
        keep = kept is not None and (room := room - scratch.nbytes) >= 0
        products = logits.write(start, end, logits.buffer() if keep else scratch)
        if keep:
            kept.append(products)  # type: ignore[union-attr]
        fused.accumulate(products, targets, start, logits.left, statistics, moment=entropy)
    return statistics.logprobs, statistics.normaliser.unsqueeze(1), statistics.entropy if entropy else None


def _room(weight: Tensor) -> int:
    """Bytes available to keep chunks for the backward pass."""
    return KEEP_BYTES if weight.device.type == "cpu" else KEEP_BYTES_ELSEWHERE


def _slope(
    z: Tensor,
    targets: Tensor,
    start: int,
    cap: float | None,
    normaliser: Tensor,
    both: EntropySlope | None,
    work: Tensor | None,
) -> Tensor:
    """-dz, divided by g if only log-probabilities have gradients; written over z or `work`. [N, M]"""
    slope = None
    if cap is not None:  # dz/dx = cap (1 - tanh^2) = cap - z^2 / cap
        slope = z.square().div_(-cap).add_(cap)
    column, inside = _in_chunk(targets, start, start + z.shape[1])
    logp = z.sub_(normaliser)
    if both is None:
        down = logp.exp_().scatter_add_(1, column, inside.to(z.dtype).neg_())
    else:
        g = both.to_logprob
        p = torch.exp(logp, out=work.view(-1)[: z.numel()].view(z.shape))  # type: ignore[union-attr]
        down = logp.add_(both.entropy.unsqueeze(1)).mul_(both.to_entropy.unsqueeze(1)).add_(g).mul_(p)
        down.scatter_add_(1, column, torch.where(inside, -g, 0.0))
    if slope is not None:
        down *= slope
    return down


class _ChunkedLogprobs(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, weight: Tensor, targets: Tensor, entropy: bool, bias: Tensor | None, *head: Any
    ) -> tuple[Tensor, Tensor | None]:
        ctx.set_materialize_grads(False)
        ctx.head, ctx.kept = head, []
        logprobs, normaliser, entropies = _forward(
            _Logits(hidden, weight, bias, *head), targets, entropy=entropy, kept=ctx.kept
        )
        ctx.save_for_backward(hidden, weight, targets, bias, normaliser, entropies)
        return logprobs, entropies

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g: Tensor | None, e: Tensor | None) -> tuple[Any, ...]:
        hidden, weight, targets, bias, normaliser, entropies = ctx.saved_tensors
        logits = _Logits(hidden, weight, bias, *ctx.head)
        kept: list[Tensor] = ctx.kept
        ctx.kept = []
        to_hidden, to_weight, _, _, to_bias, *_ = ctx.needs_input_grad
        g = torch.zeros_like(normaliser) if g is None else g.unsqueeze(1)
        # Without an entropy gradient, d/dz = -g (p - 1[target]): the factor g goes to [N, H] instead of [N, V].
        rows = g if e is None else None
        product, a = logits.product, logits.a
        scaled = hidden.to(logits.sums) * (-a if rows is None else -a * rows)  # [N, H]
        scaled = scaled.to(product)
        grad_hidden = torch.zeros(hidden.shape, dtype=logits.sums, device=hidden.device) if to_hidden else None
        grad_weight = torch.empty_like(weight) if to_weight else None
        grad_bias = torch.empty_like(bias) if to_bias else None
        scratch = logits.buffer()
        work = logits.buffer() if (e is not None or logits.cap is not None) and not logits.fused else None
        both = None  # set if entropies have gradients as well as log-probabilities
        if e is not None:
            both = EntropySlope(entropy=entropies.contiguous(), to_entropy=e.contiguous(), to_logprob=g.contiguous())
        for index, (start, end) in enumerate(logits.spans):
            z = kept[index] if index < len(kept) else logits.write(start, end, scratch)
            if logits.fused:
                fused.slope(z, targets, start, logits.left, normaliser, both)
                down = z
            else:
                down = _slope(z, targets, start, logits.cap, normaliser, both, work)
            # `down` is -dz (per row divided by g where g is common to the row), so all signs below are minus.
            if grad_bias is not None:
                grad_bias[start:end] = -a * (down if rows is None else down * rows).sum(0)
            down = down.to(product)
            if grad_weight is not None:
                part = grad_weight[start:end]
                if part.dtype == product:
                    torch.mm(down.T, scaled, out=part)
                else:
                    part.copy_(torch.mm(down.T, scaled))
            if grad_hidden is not None:
                columns = logits.columns(start, end)
                if product == logits.sums:
                    grad_hidden.addmm_(down, columns)
                else:
                    grad_hidden += torch.mm(down, columns)
            if index < len(kept):
                kept[index] = scratch  # free it before the next chunk
        if grad_hidden is not None:
            grad_hidden = grad_hidden.mul_(-a if rows is None else -a * rows).to(hidden.dtype)
        return grad_hidden, grad_weight, None, None, grad_bias, *(None for _ in ctx.head)
