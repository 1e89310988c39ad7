"""Sample one token per row from logits: temperature, top-k, top-p, min-p, then inversion of the cumulative
distribution.

Pure functions: logits, parameters and uniform numbers in, token ids and log-probabilities out. No model, no global
random state, nothing is modified in place. The returned log-probability is that of the distribution actually sampled:
after temperature, renormalised after the filters.

The order is temperature, top-k, top-p, min-p; each filter sees the renormalised result of the previous one. top-k keeps
exactly k tokens, and top-p the smallest set with the given mass; ties go to the lower token id.

The draw: token j with `cdf[j-1] <= u * total < cdf[j]`, u in [0, 1). A single float32 running sum over 151,000
probabilities loses the tail, so the search has two levels: blocks of 256 tokens are summed, block sums accumulate in
float64, and inside the block found the sum runs in float64. A token of probability zero is never returned: if rounding
puts u * total at the end, the last token with nonzero probability is taken. It needs one uniform number per row;
`torch.multinomial` draws an exponential variate for each entry of the vocabulary.

Random numbers: each request owns the counter-based stream `Philox(SeedSequence((seed, draw_index, sample_index)))`
(Salmon et al. 2011, Parallel Random Numbers: As Easy as 1, 2, 3); its t-th number draws token t. So a sample depends
neither on the order of completion nor on other rows of the batch. Numbers of more than 32 bits are encoded with their
lengths, so that no two keys share a stream.

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

from rlvr.types import RolloutRequest, SamplingParameters

BLOCK = 256  # tokens per block on the first level of the search
BYTES_AT_ONCE = 2**21  # bytes of logits processed at a time on a CPU, to stay in its cache
MIN_ROWS_AT_ONCE = 4
COLD = 0.01  # below this temperature, subtract the largest logit before the division instead of after it
# Bounds for division in float32 without overflow. At the lower one only the largest logits have nonzero probability, at
# the upper one all tokens are equally likely.
TEMPERATURES = (1e-30, 1e30)
LARGEST_TOP_K = 2**31  # more than any vocabulary


class UniformStream:
    """The random numbers of one request: the t-th number, in [0, 1), draws token t. Generated on demand.

    Example:
        >>> stream = UniformStream(seed=1, draw_index=0, sample_index=3)
        >>> first = stream.take(2)
        >>> bool((UniformStream(seed=1, draw_index=0, sample_index=3).take(4)[:2] == first).all())
        True
    """

    __slots__ = ("_generator",)

    def __init__(self, *, seed: int, draw_index: int, sample_index: int) -> None:
        key = (seed, draw_index, sample_index)
        words = key if max(key) < 1 << 32 else _spelled_out(key)
        self._generator = np.random.Generator(np.random.Philox(np.random.SeedSequence(words)))

    @classmethod
    def of(cls, request: RolloutRequest) -> UniformStream:
        return cls(seed=request.seed, draw_index=request.draw_index, sample_index=request.sample_index)

    def take(self, count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """The next `count` numbers of the stream, float64 in [0, 1)."""
        return self._generator.random(count)


def _spelled_out(numbers: Sequence[int]) -> list[int]:
    """Each number as the count of its 32-bit words, then the words: SeedSequence does not delimit numbers."""
    words: list[int] = []
    for number in numbers:
        count = max(1, -(-number.bit_length() // 32))
        words += [count, *((number >> 32 * place) & 0xFFFFFFFF for place in range(count))]
    return words


@dataclass(frozen=True, slots=True, kw_only=True)
class RowParameters:
    """The sampling parameters of the N rows of a batch as tensors, with properties of all rows precomputed.

    temperature [N, 1] float64, 1 for greedy rows. top_k [N] int64; top_p, min_p [N] float64. greedy_rows [N] bool.
    filtered: the rows with a filter.
    shared_temperature: the temperature of every row; NaN = they differ.
    any_cold: some temperature is below COLD.
    """

    temperature: Tensor
    top_k: Tensor
    top_p: Tensor
    min_p: Tensor
    greedy_rows: Tensor
    filtered: tuple[int, ...]
    shared_temperature: float
    any_cold: bool
    any_greedy: bool
    all_greedy: bool

    @classmethod
    def of(cls, rows: Sequence[SamplingParameters], device: torch.device | str = "cpu") -> RowParameters:
        """Collect the parameters of N rows."""
        is_greedy = [row.temperature == 0.0 for row in rows]
        coldest, hottest = TEMPERATURES
        temperatures = [min(max(row.temperature, coldest), hottest) if row.temperature else 1.0 for row in rows]
        has_filter = [row.top_k > 0 or row.top_p < 1.0 or row.min_p > 0.0 for row in rows]

        def column(values: Sequence[float | int | bool], dtype: torch.dtype) -> Tensor:
            return torch.tensor(values, dtype=dtype, device=device)

        return cls(
            temperature=column(temperatures, torch.float64).unsqueeze(1),
            top_k=column([min(row.top_k, LARGEST_TOP_K) for row in rows], torch.int64),
            top_p=column([row.top_p for row in rows], torch.float64),
            min_p=column([row.min_p for row in rows], torch.float64),
            greedy_rows=column(is_greedy, torch.bool),
            filtered=tuple(i for i, _ in enumerate(rows) if has_filter[i] and not is_greedy[i]),
            shared_temperature=temperatures[0] if len(set(temperatures)) == 1 else math.nan,
            any_cold=min(temperatures, default=1.0) < COLD,
            any_greedy=any(is_greedy),
            all_greedy=all(is_greedy),
        )


def _without_largest(logits: Tensor, temperature: Tensor) -> Tensor:
    """Subtract the largest logit from rows [N, V] whose temperature [N, 1] is below COLD, so that the division is
    exact.
    """
    return logits - torch.where(temperature < COLD, logits.amax(1, keepdim=True), 0.0)


def tempered(logits: Tensor, temperature: float | Tensor) -> Tensor:
    """logits [N, V] divided by a temperature above 0: one for all, or one per row [N, 1]."""
    if isinstance(temperature, Tensor):
        return logits / temperature.to(logits.dtype)
    return logits if temperature == 1.0 else logits / temperature


def _keep_most_likely(logits: Tensor, count: Tensor, last_kept: Tensor) -> Tensor:
    """Keep exactly `count` [N] entries of each row; last_kept [N] is the count-th largest value. Others: -inf."""
    threshold = last_kept.unsqueeze(1)
    # NaN compares false and is kept: the row's log-probability becomes NaN, which is detected
    drop = logits < threshold
    surplus = logits.shape[1] - drop.sum(1) - count
    if bool((surplus > 0).any()):  # ties at the threshold: keep the lower ids
        tied = logits == threshold
        allowed = (tied.sum(1) - surplus).unsqueeze(1)
        drop |= tied & (tied.cumsum(1) > allowed)
    return logits.masked_fill(drop, -math.inf)


def top_k_filter(logits: Tensor, top_k: Tensor) -> Tensor:
    """Keep the top_k [N] most likely entries of each row of logits [N, V]; 0 = all. Others become -inf."""
    vocabulary = logits.shape[1]
    count = torch.where(top_k == 0, vocabulary, top_k).clamp(max=vocabulary)
    largest = int(torch.where(count < vocabulary, count, 1).max())
    values = logits.topk(largest, dim=1).values
    kth = values.gather(1, (count.clamp(max=largest) - 1).unsqueeze(1)).squeeze(1)
    kth = torch.where(count == vocabulary, -math.inf, kth)
    return _keep_most_likely(logits, count, kth)


def _descending(logits: Tensor) -> Tensor:
    """The values of each row of logits [N, V], largest first."""
    if logits.device.type == "cpu":  # numpy's vectorised sort is some thirty times as fast as torch's here
        return torch.from_numpy(np.sort(logits.numpy(), axis=1)).flip(1)
    return logits.sort(dim=1, descending=True).values


def top_p_filter(logits: Tensor, top_p: Tensor) -> Tensor:
    """Keep the smallest set of most likely entries with at least top_p [N] of the mass; 1 = all. Others become -inf."""
    values = _descending(logits)
    mass = torch.softmax(values, dim=1).cumsum(1, dtype=torch.float64)  # [N, V]
    count = (mass < (top_p.unsqueeze(1) * mass[:, -1:])).sum(1) + 1
    count = torch.where(top_p < 1.0, count, logits.shape[1])
    last_kept = values.gather(1, (count - 1).unsqueeze(1)).squeeze(1)
    return _keep_most_likely(logits, count, last_kept)


def min_p_filter(logits: Tensor, min_p: Tensor) -> Tensor:
    """Keep entries with at least min_p [N] of the most likely one's probability; 0 = all. Others become -inf."""
    floor = logits.amax(1, keepdim=True) + min_p.log().to(logits.dtype).unsqueeze(1)
    return logits.masked_fill(logits < floor, -math.inf)


def filtered(logits: Tensor, top_k: Tensor, top_p: Tensor, min_p: Tensor) -> Tensor:
    """All three filters, in their order, on tempered logits [N, V]; each parameter is [N]."""
    if bool((top_k > 0).any()):
        logits = top_k_filter(logits, top_k)
    if bool((top_p < 1.0).any()):
        logits = top_p_filter(logits, top_p)
    if bool((min_p > 0.0).any()):
        logits = min_p_filter(logits, min_p)
    return logits


def _search(weights: Tensor, fraction: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """First column whose cumulative sum exceeds fraction [N] of the row's sum: (index, sum before it over sum, sum)
    [N].

    Never a column of weight 0, despite rounding: if none exceeds it, the last column with nonzero weight.
    """
    running = weights.cumsum(1, dtype=torch.float64)  # [N, M]
    total = running[:, -1:]
    target = fraction.unsqueeze(1) * total
    possible = weights > 0.0
    beyond = possible & (running > target)
    last = (possible * torch.arange(weights.shape[1], device=weights.device)).amax(1)
    index = torch.where(beyond.any(1), beyond.byte().argmax(1), last).unsqueeze(1)
    before = running.gather(1, index) - weights.gather(1, index)
    share = (target - before) / weights.gather(1, index)  # the target's offset within this column
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


def greedy(logits: Tensor) -> tuple[Tensor, Tensor]:
    """The most likely token of each row of logits [N, V], the lowest id of equals, and its log-probability [N]."""
    ids = logits.argmax(1)
    return ids, torch.log_softmax(logits, dim=1).gather(1, ids.unsqueeze(1)).squeeze(1).double()


def _draw_rows(logits: Tensor, rows: RowParameters, uniforms: Tensor, first: int, last: int) -> tuple[Tensor, Tensor]:
    part, index = logits[first:last], slice(first, last)
    shared = rows.shared_temperature
    if rows.any_cold:
        part = _without_largest(part, rows.temperature[index])
    part = tempered(part, rows.temperature[index] if math.isnan(shared) else shared)
    chosen = [row - first for row in rows.filtered if first <= row < last]
    if len(chosen) == last - first:
        part = filtered(part, rows.top_k[index], rows.top_p[index], rows.min_p[index])
    elif chosen:
        some = torch.tensor(chosen, device=logits.device)
        kept = filtered(part[some], rows.top_k[index][some], rows.top_p[index][some], rows.min_p[index][some])
        part = part.index_copy(0, some, kept)
    return draw(part, uniforms[index])


def sample(logits: Tensor, rows: RowParameters, uniforms: Tensor) -> tuple[Tensor, Tensor]:
    """Sample one token per row with the row's parameters.

    Args:
        logits: [N, V] float32 or float64, as the model gave them.
        uniforms: [N] float64 in [0, 1); unused where greedy.

    Returns:
        ids [N] int64 and logprobs [N] float64, nats, of the distribution sampled; NaN if a row's logits are NaN. Greedy
        rows take the most likely token and report its probability at temperature 1 without filters.
    """
    if rows.all_greedy:
        return greedy(logits)
    count = logits.shape[0]
    at_once = count
    if logits.device.type == "cpu":  # a few rows at a time fit in cache, and their memory is reused
        at_once = max(MIN_ROWS_AT_ONCE, BYTES_AT_ONCE // (logits.shape[1] * logits.element_size()))
    parts = [
        _draw_rows(logits, rows, uniforms, first, min(first + at_once, count)) for first in range(0, count, at_once)
    ]
    ids, logprobs = (torch.cat(column) if len(column) > 1 else column[0] for column in zip(*parts, strict=True))
    if not rows.any_greedy:
        return ids, logprobs
    best, best_logprobs = greedy(logits)
    return torch.where(rows.greedy_rows, best, ids), torch.where(rows.greedy_rows, best_logprobs, logprobs)
