from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from rewards.types import Finish
from rlvr.batching import batch_from_demonstrations, batch_from_groups, mini_batches, select_rows
from rlvr.types import Group, Sample, SamplingParameters
from tests.rlvr.made import completion, group


def lengths_group(draw: int, lengths: list[int], finish: Finish = Finish.STOP) -> Group:
    base = group(draw, [1.0] * len(lengths))
    samples = [
        replace(s, completion=completion(draw, i, tokens=range(10, 10 + n), finish=finish), reward=float(i))
        for i, (s, n) in enumerate(zip(base.samples_G, lengths, strict=True))
    ]
    return replace(base, samples_G=tuple(samples))


def test_every_tensor_describes_its_token_in_one_alignment() -> None:
    rollouts = batch_from_groups([lengths_group(0, [1, 3])], overlong_filter=False)
    batch = rollouts.batch
    assert batch.tokens.tolist() == [[1, 2, 10, 0, 0], [1, 2, 10, 11, 12]]
    assert batch.loss_mask.tolist() == [[False, False, True, False, False], [False, False, True, True, True]]
    assert batch.positions.tolist() == [[0, 1, 2, 0, 0], [0, 1, 2, 3, 4]]
    assert batch.segment_ids.tolist() == [[1, 1, 1, 0, 0], [1] * 5]
    assert batch.sequence_ids.tolist() == [[0, 0, 0, -1, -1], [1] * 5]
    torch.testing.assert_close(batch.sampled_logprobs[1], torch.tensor([0, 0, -0.5, -0.6, -0.7]))
    assert (batch.token_count, batch.sequence_count) == (4, 2)
    assert rollouts.rewards.tolist() == [0.0, 1.0]


def test_a_batch_knows_what_its_tokens_were_sampled_with() -> None:
    """The learner divides its logits by the temperature; the age of a token is counted from its version."""
    base = group(7, [1.0, 0.0])
    hot = SamplingParameters(temperature=0.6)
    samples = [
        replace(
            s,
            completion=replace(
                s.completion, request=replace(s.completion.request, sampling=hot), policy_versions=(i, i + 1)
            ),
        )
        for i, s in enumerate(base.samples_G)
    ]
    batch = batch_from_groups([replace(base, samples_G=tuple(samples)), group(9, [1.0])], overlong_filter=False).batch
    assert batch.temperature == 0.6
    assert batch.policy_versions.tolist() == [[0, 0, 0, 1], [0, 0, 1, 2], [0, 0, 0, 0]]
    assert batch.group_ids.tolist() == [[0] * 4, [0] * 4, [1] * 4]


def test_what_the_policy_did_not_sample_is_not_in_the_loss() -> None:
    base = group(0, [1.0])
    made = replace(completion(0, 0, tokens=(5, 6, 7)), loss_mask=(True, False, True))
    batch = batch_from_groups(
        [replace(base, samples_G=(replace(base.samples_G[0], completion=made),))], overlong_filter=False
    ).batch
    assert batch.loss_mask.tolist() == [[False, False, True, False, True]]
    torch.testing.assert_close(batch.sampled_logprobs, torch.tensor([[0, 0, -0.5, 0, -0.7]]))
    assert batch.token_count == 2


def test_ungraded_samples_are_left_out_of_the_batch() -> None:
    rollouts = batch_from_groups([group(0, [1.0, None, 0.0]), group(1, [0.0, 1.0])], overlong_filter=False)
    assert rollouts.group_of_row.tolist() == [0, 0, 1, 1]
    assert [s.completion.request.sample_index for s in rollouts.samples_B] == [0, 2, 0, 1]


def test_overlong_filtering_takes_cut_off_samples_out_of_the_loss_but_keeps_them_in_the_baseline() -> None:
    groups = [lengths_group(0, [2, 2]), lengths_group(1, [2, 2], finish=Finish.LENGTH)]
    kept = batch_from_groups(groups, overlong_filter=True)
    assert kept.batch.loss_mask.any(1).tolist() == [True, True, False, False]
    assert kept.rewards.shape == (4,)
    assert (kept.batch.token_count, kept.batch.sequence_count) == (4, 2)
    assert batch_from_groups(groups, overlong_filter=False).batch.sequence_count == 4


def test_a_prompt_of_no_tokens_leaves_the_first_token_out_of_the_loss() -> None:
    base = group(0, [1.0])
    sample: Sample = replace(base.samples_G[0], completion=completion(0, 0, prompt=(), tokens=(5, 6)))
    batch = batch_from_groups([replace(base, samples_G=(sample,))], overlong_filter=False).batch
    assert batch.loss_mask.tolist() == [[False, True]]


@pytest.mark.parametrize("count", [1, 2, 3, 7, 50])
def test_mini_batches_hold_every_row_once_with_counts_of_their_own(count: int) -> None:
    batch = batch_from_groups([lengths_group(d, [1, 2, 3, 4]) for d in range(3)], overlong_filter=False).batch
    minis = list(mini_batches(batch, count, np.random.default_rng(0)))
    assert len(minis) == min(count, 12)
    seen = torch.cat([m.sequence_ids[:, 0] for m in minis])
    assert sorted(seen.tolist()) == list(range(12))
    assert sum(m.token_count for m in minis) == batch.token_count
    for mini in minis:
        assert mini.token_count == int(mini.loss_mask.sum())
        assert mini.sequence_count == mini.tokens.shape[0]
        assert (mini.segment_ids > 0).any(0).all()  # no column that only pads
        rows = mini.sequence_ids[:, 0]
        assert torch.equal(mini.tokens, batch.tokens[rows, : mini.tokens.shape[1]])


def test_the_order_of_mini_batches_depends_on_the_generator_alone() -> None:
    batch = batch_from_groups([lengths_group(d, [2] * 8) for d in range(4)], overlong_filter=False).batch

    def order(seed: int) -> list[list[int]]:
        return [m.sequence_ids[:, 0].tolist() for m in mini_batches(batch, 4, np.random.default_rng(seed))]

    assert order(1) == order(1)
    assert order(1) != order(2)


def test_selected_rows_keep_optional_columns() -> None:
    batch = batch_from_groups([lengths_group(0, [1, 4])], overlong_filter=False).batch
    batch = replace(batch, old_logprobs=batch.sampled_logprobs + 1)
    short = select_rows(batch, torch.tensor([0]))
    assert short.tokens.shape == (1, 3)
    assert short.old_logprobs is not None
    assert short.old_logprobs.shape == (1, 3)
    assert short.reference_logprobs is None


def test_demonstrations_put_the_response_and_its_end_token_in_the_loss() -> None:
    batch = batch_from_demonstrations([(1, 2), (1,)], [(3, 9), (4, 5, 9)])
    assert batch.tokens.tolist() == [[1, 2, 3, 9], [1, 4, 5, 9]]
    assert batch.loss_mask.tolist() == [[False, False, True, True], [False, True, True, True]]
    assert batch.token_count == 5


def test_a_demonstration_without_a_prompt_leaves_its_first_token_out_of_the_loss() -> None:
    batch = batch_from_demonstrations([(), (1,)], [(3, 9), (4, 9)])
    assert batch.loss_mask.tolist() == [[False, True, False], [False, True, True]]
    assert (batch.token_count, batch.sequence_count) == (3, 2)


@pytest.mark.parametrize("count", [1, 2])
def test_a_mini_batch_without_a_loss_token_is_no_update(count: int) -> None:
    cut_off = [lengths_group(0, [2, 2], finish=Finish.LENGTH)]
    batch = batch_from_groups(cut_off, overlong_filter=True).batch
    assert list(mini_batches(batch, count, np.random.default_rng(0))) == []
    mixed = batch_from_groups([*cut_off, lengths_group(1, [2, 2])], overlong_filter=True).batch
    found = list(mini_batches(mixed, 4, np.random.default_rng(0)))
    assert [part.token_count for part in found] == [2, 2]
