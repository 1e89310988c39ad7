"""Batches for the tests of algorithms: built from plain tensors, and the same tokens in other layouts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from rlvr.types import Batch

PER_TOKEN = ("sampled_logprobs", "old_logprobs", "reference_logprobs", "advantages", "selected")


def batch_of(
    mask: Tensor,
    *,
    sampled: Tensor,
    advantages: Tensor | None = None,
    old: Tensor | None = None,
    reference: Tensor | None = None,
    selected: Tensor | None = None,
    group_id: Tensor | None = None,
) -> Batch:
    """One sequence a row; every column belongs to its sequence."""
    rows, columns = mask.shape
    sequence = torch.arange(rows).unsqueeze(1).expand(rows, columns).clone()
    return Batch(
        tokens=torch.zeros(rows, columns, dtype=torch.int64),
        positions=torch.arange(columns).expand(rows, columns).clone(),
        segment_ids=torch.ones(rows, columns, dtype=torch.int64),
        sequence_ids=sequence,
        group_ids=sequence if group_id is None else group_id.unsqueeze(1).expand(rows, columns).clone(),
        loss_mask=mask,
        sampled_logprobs=sampled,
        old_logprobs=old,
        reference_logprobs=reference,
        advantages=torch.zeros_like(sampled) if advantages is None else advantages,
        policy_versions=torch.zeros(rows, columns, dtype=torch.int64),
        selected=selected,
        temperature=1.0,
        token_count=int(mask.sum()),
        sequence_count=int(mask.any(1).sum()),
    )


def laid_out(batch: Batch, values: Sequence[Tensor], rows: Sequence[Sequence[int]], *, padding: int = 0):  # type: ignore[no-untyped-def]
    """The batch with the sequences (rows) of `batch` packed into new rows in the given order, and `values` with it.

    rows: for each new row, which old rows it holds. padding: columns of garbage behind the longest. The garbage is NaN
    in log-probabilities, so that a function which looks at it cannot hide.
    """
    length = batch.loss_mask.shape[1]
    width = max(len(row) for row in rows) * length + padding

    def lay(source: Tensor, empty: float) -> Tensor:
        target = torch.full((len(rows), width), empty, dtype=source.dtype)
        for r, row in enumerate(rows):
            for n, old in enumerate(row):
                target[r, n * length : (n + 1) * length] = source[old]
        return target

    segments = torch.zeros(len(rows), width, dtype=torch.int64)
    for r, row in enumerate(rows):
        for n in range(len(row)):
            segments[r, n * length : (n + 1) * length] = n + 1
    per_token = {
        name: lay(value, False if value.dtype == torch.bool else torch.nan)
        for name in PER_TOKEN
        if (value := getattr(batch, name)) is not None
    }
    packed = replace(
        batch,
        tokens=lay(batch.tokens, 0),
        positions=lay(batch.positions, 0),
        segment_ids=segments,
        sequence_ids=lay(batch.sequence_ids, -1),
        group_ids=lay(batch.group_ids, -1),
        policy_versions=lay(batch.policy_versions, 0),
        loss_mask=lay(batch.loss_mask, False),
        **per_token,
    )
    return packed, [lay(value, torch.nan) for value in values]
