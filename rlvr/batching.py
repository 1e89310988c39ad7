"""From groups to a `Batch`: one sequence per row, padded on the right, in one alignment; and from a batch to
mini-batches.

Samples that could not be graded are left out. Overlong filtering (DAPO, section 3.4) masks truncated samples: they stay
in the group's baseline but not in the loss. Global counts are set here, for each update, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from torch import Tensor

from rewards.types import Finish
from rlvr.types import Batch, Group, Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollouts:
    """A batch whose advantages are still zero, and the inputs to compute them.

    rewards [B] float64: shaped rewards, one per row; a score may exceed the range of float32. group_of_row [B] int64.
    samples_B: the sample of each row.
    """

    batch: Batch
    rewards: Tensor
    group_of_row: Tensor
    samples_B: tuple[Sample, ...]  # noqa: N815


def batch_from_groups(groups: Sequence[Group], *, overlong_filter: bool) -> Rollouts:
    """Lay the graded samples of the groups out as rows.

    Args:
        overlong_filter: remove truncated samples from the loss (they stay in the baseline).
    """
    samples = [(n, s) for n, group in enumerate(groups) for s in group.samples_G if s.reward is not None]
    rows = []
    for n, sample in samples:
        completion = sample.completion
        masked = overlong_filter and completion.finish is Finish.LENGTH
        rows.append(
            _Row(
                prompt_T=completion.request.prompt_T,
                response_T=completion.token_ids,
                group=n,
                loss_mask=False if masked else completion.loss_mask,
                logprobs=completion.logprobs,
                policy_versions=completion.policy_versions,
            )
        )
    return Rollouts(
        batch=_laid_out(rows, temperature=samples[0][1].completion.request.sampling.temperature),
        rewards=torch.tensor([s.reward for _, s in samples], dtype=torch.float64),
        group_of_row=torch.tensor([n for n, _ in samples], dtype=torch.int64),
        samples_B=tuple(s for _, s in samples),
    )


def batch_from_demonstrations(prompts_T: Sequence[Sequence[int]], responses_T: Sequence[Sequence[int]]) -> Batch:  # noqa: N803
    """Rows for supervised steps: the response tokens, end token included, are the loss."""
    pairs = enumerate(zip(prompts_T, responses_T, strict=True))
    return _laid_out([_Row(prompt_T=p, response_T=r, group=b) for b, (p, r) in pairs], temperature=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One sequence. loss_mask, logprobs and policy_versions describe the response; a single value applies to all its
    tokens.
    """

    prompt_T: Sequence[int]  # noqa: N815
    response_T: Sequence[int]  # noqa: N815
    group: int
    loss_mask: Sequence[bool] | bool = True
    logprobs: Sequence[float] | float = 0.0
    policy_versions: Sequence[int] | int = 0


def _laid_out(rows: Sequence[_Row], *, temperature: float) -> Batch:
    shape = (len(rows), max(len(row.prompt_T) + len(row.response_T) for row in rows))
    tokens, positions, segment, versions = (np.zeros(shape, np.int64) for _ in range(4))
    sequence, group = np.full(shape, -1, np.int64), np.full(shape, -1, np.int64)
    mask, logprobs = np.zeros(shape, bool), np.zeros(shape, np.float32)
    for b, row in enumerate(rows):
        start, end = len(row.prompt_T), len(row.prompt_T) + len(row.response_T)
        tokens[b, :start], tokens[b, start:end] = row.prompt_T, row.response_T
        positions[b, :end] = np.arange(end)
        segment[b, :end], sequence[b, :end], group[b, :end] = 1, b, row.group
        mask[b, start:end] = row.loss_mask
        versions[b, start:end] = row.policy_versions
        logprobs[b, start:end] = row.logprobs
    mask[:, 0] = False  # nothing precedes the first token
    logprobs[~mask] = 0.0
    return Batch(
        tokens=torch.from_numpy(tokens),
        positions=torch.from_numpy(positions),
        segment_ids=torch.from_numpy(segment),
        sequence_ids=torch.from_numpy(sequence),
        group_ids=torch.from_numpy(group),
        loss_mask=torch.from_numpy(mask),
        sampled_logprobs=torch.from_numpy(logprobs),
        advantages=torch.zeros(shape),
        policy_versions=torch.from_numpy(versions),
        temperature=temperature,
        token_count=int(mask.sum()),
        sequence_count=int(mask.any(1).sum()),
    )


def mini_batches(batch: Batch, count: int, random: np.random.Generator) -> Iterator[Batch]:
    """Split the rows of a step into `count` updates of nearly equal size, in a random order.

    With `count` 1 the batch is unchanged. Each mini-batch carries its own global counts; columns of padding alone are
    cut. A mini-batch without a loss token (overlong filtering masked all its responses) is skipped.
    """
    rows = batch.tokens.shape[0]
    parts = [batch]
    if count > 1:
        split = np.array_split(random.permutation(rows), min(count, rows))
        parts = [select_rows(batch, torch.from_numpy(np.sort(part))) for part in split]
    yield from (part for part in parts if part.token_count)


def select_rows(batch: Batch, rows: Tensor) -> Batch:
    """The batch of these rows alone, with counts of its own."""
    width = int((batch.segment_ids[rows] > 0).sum(1).max())
    mask = batch.loss_mask[rows, :width]
    return replace(
        batch,
        token_count=int(mask.sum()),
        sequence_count=int(mask.any(1).sum()),
        **{name: value[rows, :width] for name, value in _tensors(batch)},  # type: ignore[arg-type]  # all are tensors
    )


def _tensors(batch: Batch) -> Iterator[tuple[str, Tensor]]:
    for field in fields(batch):
        value = getattr(batch, field.name)
        if isinstance(value, Tensor):
            yield field.name, value
