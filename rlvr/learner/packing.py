"""Cut the batch of an update into micro-batches of bounded size.

Two layouts, both deterministic and exact: sums over micro-batches equal sums over the batch.

    padded   one sequence per row, rows sorted by length, each micro-batch as wide as its longest row, cut where that
             saves most padding. The budget counts padding. It is on the right, so under causal attention it changes
             nothing and no mask is needed.
    packed   several sequences per row (best fit, longest first). Positions restart at 0 with each sequence, which tells
             transformers' attention kernels to keep the sequences of a row apart.

A sequence never crosses rows or micro-batches; one longer than the budget gets its own micro-batch. Sequences without a
loss token are skipped: they cost a pass and change no sum. Global counts are those of the batch.

Example:
    for micro in micro_batches(batch, tokens=4096, layout="padded"):
        loss(micro.batch).backward()
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rlvr.learner.learner_config import Layout
from rlvr.types import Batch

Indices: TypeAlias = NDArray[np.int64]

# Fixed cost of a pass (launches, Python, reading the weights) in tokens: on a CPU, and on a GPU, which could compute a
# few thousand tokens in the time of the launches.
PASS_TOKENS = 512
PASS_TOKENS_ELSEWHERE = 4096

# Padding values by tensor. The model reads padding tokens, but their outputs are ignored.
_PADDING: dict[str, int] = {
    "tokens": 0,
    "positions": 0,
    "segment_ids": 0,
    "sequence_ids": -1,
    "group_ids": -1,
    "loss_mask": 0,
    "sampled_logprobs": 0,
    "advantages": 0,
    "policy_versions": 0,
    "old_logprobs": 0,
    "reference_logprobs": 0,
    "values": 0,
    "returns": 0,
    "selected": 0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MicroBatch:
    """Whole sequences of a batch, laid out for one pass.

    batch: their tensors [b, t], with the global counts of the source batch.
    source [N]: index of each loss token in the flattened tensors of that batch.
    place [N]: index of the same tokens in the flattened tensors of this micro-batch.
    packed: rows may hold several sequences, so the model needs their positions.
    """

    batch: Batch
    source: Tensor
    place: Tensor
    packed: bool


def micro_batches(
    batch: Batch, *, tokens: int, layout: Layout, row_tokens: int | None = None, pass_tokens: int = PASS_TOKENS
) -> list[MicroBatch]:
    """Cut a batch into micro-batches of at most `tokens` tokens, padding included.

    Args:
        pass_tokens: fixed cost of a pass, in tokens.
        row_tokens: with the packed layout, the length of a row; None = that of the longest sequence.

    Raises:
        ValueError: the first token of a sequence is a loss token: there is nothing to predict it from.
    """
    sequences = _Sequences.of(batch)
    if layout == "packed":
        passes = _packed(sequences, tokens, row_tokens)
    else:
        passes = _padded(sequences, tokens, pass_tokens)
    return [_gather(batch, sequences, rows, layout == "packed") for rows in passes]


@dataclass(frozen=True, slots=True)
class _Sequences:
    """Positions in the flattened batch of the sequences with a loss token, longest first. [S]"""

    starts: Indices
    lengths: Indices

    @classmethod
    def of(cls, batch: Batch) -> _Sequences:
        segments = batch.segment_ids.numpy()
        mask = batch.loss_mask.numpy().reshape(-1)
        if bool((mask & (batch.positions.numpy().reshape(-1) == 0)).any()):
            raise ValueError("the loss mask holds the first token of a sequence, which nothing predicts; mask prompts")
        edge = np.zeros((segments.shape[0], 1), dtype=segments.dtype)
        before, after = np.hstack([edge, segments[:, :-1]]), np.hstack([segments[:, 1:], edge])
        starts = np.flatnonzero((segments != 0) & (segments != before))
        ends = np.flatnonzero((segments != 0) & (segments != after)) + 1
        losses = np.concatenate([[0], np.cumsum(mask)])
        kept = losses[ends] > losses[starts]
        starts, lengths = starts[kept], (ends - starts)[kept]
        order = np.argsort(-lengths, kind="stable")
        return cls(starts[order], lengths[order])


# A micro-batch as rows of sequences, each sequence a number into `_Sequences`.
_Rows: TypeAlias = Sequence[Sequence[int]]


def _padded(sequences: _Sequences, tokens: int, pass_tokens: int) -> list[_Rows]:
    """Cut the sorted sequences into runs with the least cost: padding, plus `pass_tokens` per run."""
    lengths = sequences.lengths
    count = len(lengths)
    # cost[i], for the sequences from i on: the cheapest way to cut them, and where its first run ends.
    cost, ends = np.zeros(count + 1, dtype=np.int64), np.zeros(count, dtype=np.int64)
    for first in range(count - 1, -1, -1):
        rows = np.arange(1, min(max(1, tokens // int(lengths[first])), count - first) + 1)
        costs = rows * lengths[first] + pass_tokens + cost[first + rows]
        best = int(costs.argmin())
        cost[first], ends[first] = costs[best], first + rows[best]
    result: list[_Rows] = []
    first = 0
    while first < count:
        result.append([(number,) for number in range(first, int(ends[first]))])
        first = int(ends[first])
    return result


def _packed(sequences: _Sequences, tokens: int, row_tokens: int | None) -> list[_Rows]:
    if not len(sequences.lengths):
        return []
    capacity = max(int(sequences.lengths[0]), min(row_tokens or 0, tokens))
    rows: list[list[int]] = []
    room: list[tuple[int, int]] = []  # (free tokens, row), sorted
    for number, length in enumerate(sequences.lengths.tolist()):
        at = bisect_left(room, (length, 0))
        free, row = room.pop(at) if at < len(room) else (capacity, len(rows))
        if row == len(rows):
            rows.append([])
        rows[row].append(number)
        insort(room, (free - length, row))
    step = max(1, tokens // capacity)
    return [rows[first : first + step] for first in range(0, len(rows), step)]


def _gather(batch: Batch, sequences: _Sequences, rows: _Rows, packed: bool) -> MicroBatch:
    width = max(int(sequences.lengths[list(row)].sum()) for row in rows)
    index = np.full((len(rows), width), -1, dtype=np.int64)
    segments = np.zeros((len(rows), width), dtype=np.int64)
    for line, row in enumerate(rows):
        end = 0
        for segment, number in enumerate(row, start=1):
            start, length = int(sequences.starts[number]), int(sequences.lengths[number])
            index[line, end : end + length] = np.arange(start, start + length)
            segments[line, end : end + length] = segment
            end += length
    where = torch.from_numpy(index)
    padding = where < 0
    taken = where.clamp_min(0)
    tensors: dict[str, Tensor] = {}
    for name, value in _PADDING.items():
        tensor: Tensor | None = getattr(batch, name)
        if tensor is not None:
            tensors[name] = tensor.reshape(-1)[taken].masked_fill_(padding, value)
    tensors["segment_ids"] = torch.from_numpy(segments)
    part = replace(batch, **tensors)  # type: ignore[arg-type]
    place = part.loss_mask.reshape(-1).nonzero().squeeze(1)
    return MicroBatch(batch=part, source=where.reshape(-1)[place], place=place, packed=packed)
