"""Draw one token a row from logits: temperature, top-k, top-p, min-p, then the inverse of the cumulative distribution.

Pure functions: logits, parameters and uniform numbers in, token ids and log-probabilities out. No model, no global
random state, nothing is modified in place. The log-probability returned is that of the distribution the token was
actually drawn from: after the temperature and renormalised after the filters.

Filters compose in the order temperature, top-k, top-p, min-p; each sees the renormalised outcome of the one before.
top-k keeps exactly k tokens and top-p the smallest set that holds the mass; ties go to the lower token id.

The draw: token j with `cdf[j-1] <= u * total < cdf[j]`, u in [0, 1). A single float32 running sum over 151,000
probabilities loses the tail, so the search has two levels: blocks of 256 tokens are summed, block sums accumulate in
float64, and inside the block found the sum runs in float64. A token of probability zero is never returned: where
rounding puts u * total at the end, the last token with any probability is taken. `torch.multinomial` draws an
exponential variate for each entry of the vocabulary instead; this takes one uniform number a row.

Random numbers: each request owns the counter-based stream `Philox(SeedSequence((seed, draw_index, sample_index)))`
(Salmon et al. 2011, Parallel Random Numbers: As Easy as 1, 2, 3); its t-th number draws token t. So neither the order
of completion nor the other rows of a batch change what a sample sees.

Example:
    >>> logits = torch.tensor([[0.0, 1.0, float("-inf")]])
    >>> ids, logprobs = draw(logits, torch.tensor([0.2], dtype=torch.float64))
    >>> ids.tolist(), round(logprobs.item(), 4)
    ([0], -1.3133)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from rlvr.errors import RolloutError
from rlvr.types import RolloutRequest, SamplingParameters

BLOCK = 256  # tokens summed together on the first level of the search
TOP_P_CANDIDATES = (64, 1024)  # sorted prefixes to try before sorting the whole vocabulary


def check_parameters(sampling: SamplingParameters) -> None:
    """Refuse parameters that no distribution has. Raises RolloutError."""
    if not (math.isfinite(sampling.temperature) and sampling.temperature >= 0.0):
        raise RolloutError(f"temperature is {sampling.temperature}; it must be finite and at least 0 (0 = greedy)")
    if sampling.top_k < 0:
        raise RolloutError(f"top_k is {sampling.top_k}; it must be at least 0 (0 = keep all)")
    if not 0.0 < sampling.top_p <= 1.0:
        raise RolloutError(f"top_p is {sampling.top_p}; it must be above 0 and at most 1 (1 = keep all)")
    if not 0.0 <= sampling.min_p <= 1.0:
        raise RolloutError(f"min_p is {sampling.min_p}; it must be in [0, 1] (0 = keep all)")
    if sampling.max_tokens < 1:
        raise RolloutError(f"max_tokens is {sampling.max_tokens}; it must be at least 1")
    if any(not text for text in sampling.stop):
        raise RolloutError("stop contains an empty string, which would end every response before its first token")


class UniformStream:
    """The random numbers of one request: the t-th number of [0, 1) belongs to token t. Made as they are asked for.

    Example:
        >>> stream = UniformStream(seed=1, draw_index=0, sample_index=3)
        >>> first = stream.take(2)
        >>> bool((UniformStream(seed=1, draw_index=0, sample_index=3).take(4)[:2] == first).all())
        True
    """

    __slots__ = ("_generator",)

    def __init__(self, *, seed: int, draw_index: int, sample_index: int) -> None:
        if min(seed, draw_index, sample_index) < 0:
            raise RolloutError(
                f"seed, draw_index and sample_index are ({seed}, {draw_index}, {sample_index}); none may be negative"
            )
        sequence = np.random.SeedSequence((seed, draw_index, sample_index))
        self._generator = np.random.Generator(np.random.Philox(sequence))

    @classmethod
    def of(cls, request: RolloutRequest) -> UniformStream:
        return cls(seed=request.seed, draw_index=request.draw_index, sample_index=request.sample_index)

    def take(self, count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """The next `count` numbers of the stream, float64 in [0, 1)."""
        return self._generator.random(count)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowParameters:
    """The sampling parameters of the rows of a batch as tensors [N], with what holds for all rows worked out once.

    temperature [N, 1] float64, 1 where greedy; greedy [N] bool; top_k [N] int64, 0 = all; top_p, min_p [N] float64.
    filtered: indices of the rows that have a filter; empty = none.
    """

    temperature: Tensor
    greedy: Tensor
    top_k: Tensor
    top_p: Tensor
    min_p: Tensor
    filtered: Tensor
    uniform_temperature: float  # the temperature of every row; NaN = they differ
    any_greedy: bool
    all_greedy: bool

    @classmethod
    def of(cls, rows: Sequence[SamplingParameters], device: torch.device | str = "cpu") -> RowParameters:
        """Collect the parameters of N rows."""
        greedy = [row.temperature == 0.0 for row in rows]
        temperatures = [row.temperature or 1.0 for row in rows]
        same = len(set(temperatures)) == 1
        has_filter = [
            i for i, row in enumerate(rows) if not greedy[i] and (row.top_k > 0 or row.top_p < 1.0 or row.min_p > 0.0)
        ]

        def column(values: Sequence[float | int | bool], dtype: torch.dtype) -> Tensor:
            return torch.tensor(values, dtype=dtype, device=device)

        return cls(
            temperature=column(temperatures, torch.float64).unsqueeze(1),
            greedy=column(greedy, torch.bool),
            top_k=column([row.top_k for row in rows], torch.int64),
            top_p=column([row.top_p for row in rows], torch.float64),
            min_p=column([row.min_p for row in rows], torch.float64),
            filtered=column(has_filter, torch.int64),
            uniform_temperature=temperatures[0] if same else math.nan,
            any_greedy=any(greedy),
            all_greedy=all(greedy),
        )


def tempered(logits: Tensor, rows: RowParameters) -> Tensor:
    """logits [N, V] divided by each row's temperature."""
    if rows.uniform_temperature == 1.0:
        return logits
    if math.isnan(rows.uniform_temperature):
        return logits / rows.temperature.to(logits.dtype)
    return logits / rows.uniform_temperature


def _keep_most_likely(logits: Tensor, count: Tensor, last_kept: Tensor) -> Tensor:
    """Keep exactly `count` [N] entries of each row; last_kept [N] is the count-th largest value. Others: -inf."""
    threshold = last_kept.unsqueeze(1)
    keep = logits >= threshold
    surplus = keep.sum(1) - count
    if bool((surplus > 0).any()):  # ties at the threshold: the lower ids stay
        tied = logits == threshold
        allowed = (tied.sum(1) - surplus).unsqueeze(1)
        keep &= ~tied | (tied.cumsum(1) <= allowed)
    return logits.masked_fill(~keep, -math.inf)


def top_k_filter(logits: Tensor, top_k: Tensor) -> Tensor:
    """Keep the top_k [N] most likely entries of each row of logits [N, V]; 0 = all. Others become -inf."""
    vocabulary = logits.shape[1]
    count = torch.where(top_k == 0, vocabulary, top_k).clamp(max=vocabulary)
    largest = int(torch.where(count < vocabulary, count, 1).max())
    values = logits.topk(largest, dim=1).values
    kth = values.gather(1, (count.clamp(max=largest) - 1).unsqueeze(1)).squeeze(1)
    kth = torch.where(count == vocabulary, -math.inf, kth)
    return _keep_most_likely(logits, count, kth)


def _nucleus(logits: Tensor, top_p: Tensor, width: int) -> tuple[Tensor, Tensor, Tensor]:
    """Count and smallest logit [N] of each row's nucleus among its `width` most likely; and whether these suffice."""
    vocabulary = logits.shape[1]
    total = torch.logsumexp(logits.double(), dim=1, keepdim=True)
    if width < vocabulary:
        values = logits.topk(width, dim=1).values
    else:
        values = logits.sort(dim=1, descending=True).values
    mass = (values.double() - total).exp().cumsum(1)  # [N, width]
    count = (mass < top_p.unsqueeze(1)).sum(1) + 1
    enough = (count <= width) | torch.tensor(width == vocabulary, device=logits.device)
    count = count.clamp(max=width)
    # Rounding may leave the whole mass a hair below top_p; entries of no probability still stay out.
    count = torch.minimum(count, (values > -math.inf).sum(1))
    return count, values.gather(1, (count - 1).unsqueeze(1)).squeeze(1), enough


def top_p_filter(logits: Tensor, top_p: Tensor) -> Tensor:
    """Keep the smallest set of most likely entries with at least top_p [N] of the mass; 1 = all. Others become -inf."""
    kept = logits.clone()
    open_rows = (top_p < 1.0).nonzero().squeeze(1)
    for width in (*(w for w in TOP_P_CANDIDATES if w < logits.shape[1]), logits.shape[1]):
        if open_rows.numel() == 0:
            break
        rows = logits[open_rows]
        count, last_kept, enough = _nucleus(rows, top_p[open_rows], width)
        done = open_rows[enough]
        kept[done] = _keep_most_likely(rows[enough], count[enough], last_kept[enough])
        open_rows = open_rows[~enough]
    return kept


def min_p_filter(logits: Tensor, min_p: Tensor) -> Tensor:
    """Keep entries with at least min_p [N] of the most likely one's probability; 0 = all. Others become -inf."""
    floor = logits.amax(1, keepdim=True) + min_p.log().to(logits.dtype).unsqueeze(1)
    return logits.masked_fill(logits < floor, -math.inf)


def apply_filters(logits: Tensor, rows: RowParameters) -> Tensor:
    """Apply each row's filters to tempered logits [N, V]: dropped tokens become -inf."""
    if rows.filtered.numel() == 0:
        return logits
    index = rows.filtered
    part, top_k, top_p, min_p = logits[index], rows.top_k[index], rows.top_p[index], rows.min_p[index]
    if bool((top_k > 0).any()):
        part = top_k_filter(part, top_k)
    if bool((top_p < 1.0).any()):
        part = top_p_filter(part, top_p)
    if bool((min_p > 0.0).any()):
        part = min_p_filter(part, min_p)
    return logits.index_copy(0, index, part)


def _search(weights: Tensor, fraction: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """First column whose running sum exceeds fraction [N] of the row's sum: (index, sum before it over sum, sum) [N].

    Never a column of weight 0: running past the end stops at the last column that still added something.
    """
    running = weights.cumsum(1, dtype=torch.float64)  # [N, M]
    total = running[:, -1:]
    target = fraction.unsqueeze(1) * total
    index = torch.minimum((running <= target).sum(1), (running < total).sum(1)).unsqueeze(1)
    before = running.gather(1, index) - weights.gather(1, index)
    share = (target - before) / weights.gather(1, index)  # how far into this column the target lies
    return index.squeeze(1), share.squeeze(1), total.squeeze(1)


def inverse_cdf(probabilities: Tensor, uniforms: Tensor) -> tuple[Tensor, Tensor]:
    """Draw from each row of probabilities [N, V] (any positive sum) with uniforms [N] float64 in [0, 1).

    Returns: token ids [N] int64 and the rows' sums [N] float64.
    """
    vocabulary = probabilities.shape[1]
    if vocabulary <= 2 * BLOCK:
        index, _, total = _search(probabilities.double(), uniforms)
        return index, total
    whole = vocabulary // BLOCK * BLOCK
    sums = probabilities[:, :whole].view(-1, whole // BLOCK, BLOCK).sum(-1)  # [N, V // BLOCK]
    if whole < vocabulary:
        sums = torch.cat((sums, probabilities[:, whole:].sum(1, keepdim=True)), dim=1)
    block, share, total = _search(sums.double(), uniforms)
    columns = block.unsqueeze(1) * BLOCK + torch.arange(BLOCK, device=block.device)
    inside = columns < vocabulary
    weights = probabilities.gather(1, columns.clamp(max=vocabulary - 1)).double() * inside
    within, _, _ = _search(weights, share.clamp(0.0, 1.0))
    return block * BLOCK + within, total


def draw(logits: Tensor, uniforms: Tensor) -> tuple[Tensor, Tensor]:
    """Draw from softmax(logits [N, V]) with uniforms [N] float64: token ids [N] and their log-probabilities [N]."""
    probabilities = torch.softmax(logits, dim=1)
    ids, total = inverse_cdf(probabilities, uniforms)
    chosen = probabilities.gather(1, ids.unsqueeze(1)).squeeze(1)
    return ids, chosen.double().log() - total.log()


def sample(logits: Tensor, rows: RowParameters, uniforms: Tensor) -> tuple[Tensor, Tensor]:
    """Draw one token a row under each row's parameters.

    Args:
        logits: [N, V] float32 or float64, as the model gave them.
        uniforms: [N] float64 in [0, 1); unused where greedy.

    Returns:
        ids [N] int64 and logprobs [N] float64, nats, of the distribution drawn from; NaN where a row's logits are not
        numbers. Greedy rows take the most likely token (the lowest id of equals) and report temperature 1 without
        filters.
    """
    if rows.all_greedy:
        ids = logits.argmax(1)
        chosen = logits.gather(1, ids.unsqueeze(1)).squeeze(1)
        return ids, chosen.double() - torch.logsumexp(logits, dim=1).double()
    scaled = apply_filters(tempered(logits, rows), rows)
    ids, logprobs = draw(scaled, uniforms)
    if not rows.any_greedy:
        return ids, logprobs
    best = logits.argmax(1)
    chosen = logits.gather(1, best.unsqueeze(1)).squeeze(1).double() - torch.logsumexp(logits, dim=1).double()
    return torch.where(rows.greedy, best, ids), torch.where(rows.greedy, chosen, logprobs)
