"""Micro-batches: every sequence once, whole, within the budget, the same each time."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rlvr.learner.learner_config import Layout
from rlvr.learner.packing import MicroBatch, micro_batches
from rlvr.types import Batch
from tests.rlvr.learner.small_models import batch_of

LENGTHS = st.lists(st.integers(3, 20), min_size=1, max_size=12)
LAYOUTS = st.sampled_from(["padded", "packed"])


def sequences_in(batch: Batch) -> dict[int, list[tuple[int, int, bool, float]]]:
    """By sequence id: token, position, in the loss, advantage, in the order of the row."""
    found: dict[int, list[tuple[int, int, bool, float]]] = {}
    for row in range(batch.tokens.shape[0]):
        for column in range(batch.tokens.shape[1]):
            if batch.segment_ids[row, column]:
                found.setdefault(int(batch.sequence_ids[row, column]), []).append(
                    (
                        int(batch.tokens[row, column]),
                        int(batch.positions[row, column]),
                        bool(batch.loss_mask[row, column]),
                        float(batch.advantages[row, column]),
                    )
                )
    return found


@settings(max_examples=60)
@given(lengths=LENGTHS, tokens=st.integers(1, 70), layout=LAYOUTS, row_tokens=st.none() | st.integers(1, 60))
def test_every_sequence_is_in_one_row_of_one_micro_batch(
    lengths: list[int], tokens: int, layout: Layout, row_tokens: int | None
) -> None:
    batch = batch_of(lengths, width=max(lengths) + 3)
    micros = micro_batches(batch, tokens=tokens, layout=layout, row_tokens=row_tokens)
    found: dict[int, list[tuple[int, int, bool, float]]] = {}
    for micro in micros:
        part = micro.batch
        assert part.tokens.numel() <= max(tokens, max(lengths))
        assert (part.token_count, part.sequence_count) == (batch.token_count, batch.sequence_count)
        for row in range(part.tokens.shape[0]):
            for segment in part.segment_ids[row].unique().tolist():
                if segment:
                    assert len(part.sequence_ids[row][part.segment_ids[row] == segment].unique()) == 1
        there = sequences_in(part)
        assert not set(there) & set(found)
        found |= there
    assert found == sequences_in(batch)


@settings(max_examples=40)
@given(lengths=LENGTHS, tokens=st.integers(1, 70), layout=LAYOUTS)
def test_source_and_place_name_the_same_loss_tokens(lengths: list[int], tokens: int, layout: Layout) -> None:
    batch = batch_of(lengths)
    seen = torch.zeros(batch.tokens.numel(), dtype=torch.int64)
    for micro in micro_batches(batch, tokens=tokens, layout=layout):
        seen[micro.source] += 1
        for name in ("tokens", "sequence_ids", "advantages", "sampled_logprobs"):
            ours, theirs = getattr(micro.batch, name), getattr(batch, name)
            assert torch.equal(ours.flatten()[micro.place], theirs.flatten()[micro.source])
    assert torch.equal(seen.bool(), batch.loss_mask.flatten())
    assert int(seen.max()) == 1


def same(first: MicroBatch, second: MicroBatch) -> bool:
    return all(torch.equal(getattr(first.batch, n), getattr(second.batch, n)) for n in ("tokens", "sequence_ids"))


@pytest.mark.parametrize("layout", ["padded", "packed"])
def test_the_same_batch_is_cut_the_same_way(layout: Layout) -> None:
    batch = batch_of([9, 4, 9, 3, 12, 9])
    first, second = (micro_batches(batch, tokens=24, layout=layout) for _ in range(2))
    assert len(first) == len(second) > 1
    assert all(same(a, b) for a, b in zip(first, second, strict=True))


def test_padded_rows_are_sorted_by_length_and_trimmed() -> None:
    batch = batch_of([3, 20, 4, 19], width=64)
    shapes = [tuple(m.batch.tokens.shape) for m in micro_batches(batch, tokens=40, layout="padded")]
    assert shapes == [(2, 20), (2, 4)]


def test_rows_of_very_unequal_length_are_cut_where_it_saves_padding() -> None:
    batch = batch_of([400, 390] + [20] * 60)
    shapes = [tuple(m.batch.tokens.shape) for m in micro_batches(batch, tokens=10**6, layout="padded")]
    assert shapes == [(2, 400), (60, 20)]
    few = batch_of([20, 19, 4, 3])  # here another pass would cost more than the padding
    assert len(micro_batches(few, tokens=10**6, layout="padded")) == 1


def test_packing_wastes_less_than_padding() -> None:
    batch = batch_of([20, 3, 3, 4, 5, 5, 10, 10])
    padded, packed = (micro_batches(batch, tokens=1000, layout=layout)[0].batch for layout in ("padded", "packed"))
    assert padded.tokens.numel() == 8 * 20
    assert packed.tokens.numel() == 3 * 20  # 60 tokens in all: nothing is wasted


def test_flash_attention_gets_one_row_within_the_budget() -> None:
    batch = batch_of([20, 3, 3, 4, 5, 5, 10, 10])
    micros = micro_batches(batch, tokens=32, layout="packed", row_tokens=32)
    assert [m.batch.tokens.shape[0] for m in micros] == [1, 1]


def test_a_sequence_longer_than_the_budget_stands_alone() -> None:
    shapes = [tuple(m.batch.tokens.shape) for m in micro_batches(batch_of([50, 4, 4]), tokens=10, layout="padded")]
    assert shapes == [(1, 50), (2, 4)]


def test_sequences_without_loss_are_left_out_and_counts_stay() -> None:
    batch = batch_of([5, 6, 7])
    mask = batch.loss_mask.clone()
    mask[1] = False
    (micro,) = micro_batches(replace(batch, loss_mask=mask), tokens=100, layout="padded")
    assert sorted(set(micro.batch.sequence_ids.flatten().tolist())) == [-1, 0, 2]
    assert micro.batch.sequence_count == 3


def test_a_batch_of_packed_rows_can_be_cut_again() -> None:
    batch = batch_of([5, 6, 7, 3])
    (packed,) = micro_batches(batch, tokens=1000, layout="packed", row_tokens=21)
    assert packed.batch.tokens.shape == (1, 21)
    again = micro_batches(packed.batch, tokens=7, layout="padded")
    assert len(again) == 4
    assert {k: v for m in again for k, v in sequences_in(m.batch).items()} == sequences_in(batch)


def test_a_loss_on_the_first_token_of_a_sequence_is_refused() -> None:
    batch = batch_of([5, 6])
    mask = batch.loss_mask.clone()
    mask[1, 0] = True
    with pytest.raises(ValueError, match="first token"):
        micro_batches(replace(batch, loss_mask=mask), tokens=100, layout="padded")


@pytest.mark.parametrize("layout", ["padded", "packed"])
@pytest.mark.parametrize("name", [f.name for f in fields(Batch) if f.default is None])
def test_each_optional_tensor_travels_with_its_tokens(name: str, layout: Layout) -> None:
    batch = batch_of([5, 6, 3])
    values = torch.arange(18).view(3, 6) % 5 if name != "selected" else torch.arange(18).view(3, 6) % 5 > 2
    for micro in micro_batches(batch, tokens=8, layout=layout):
        assert getattr(micro.batch, name) is None
    for micro in micro_batches(replace(batch, **{name: values}), tokens=8, layout=layout):
        found = getattr(micro.batch, name)
        assert torch.equal(found.flatten()[micro.place], values.flatten()[micro.source])
        assert not found[micro.batch.segment_ids == 0].any()


def test_the_dearer_a_pass_the_fewer_there_are() -> None:
    batch = batch_of([3, 5, 60, 62, 200, 210, 900, 1000])
    shapes = [
        [tuple(m.batch.tokens.shape) for m in micro_batches(batch, tokens=10**6, layout="padded", pass_tokens=cost)]
        for cost in (1, 512, 10**6)
    ]
    assert [len(passes) for passes in shapes] == sorted((len(passes) for passes in shapes), reverse=True)
    assert len(shapes[0]) > len(shapes[1]) > len(shapes[2]) == 1
