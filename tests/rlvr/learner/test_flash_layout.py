"""How flash attention is called with packed rows: with one row, and the borders of every sequence.

The kernels need a GPU. Here plain functions stand in for them, behind transformers' own glue, which finds the borders;
so the test holds what we hand over, not the kernels.
"""

from __future__ import annotations

import asyncio

import pytest
import torch
from torch import Tensor
from transformers import modeling_flash_attention_utils as glue

from rlvr.learner.learner_config import LearnerConfig, OptimizerConfig
from rlvr.learner.torch_learner import TorchLearner
from rlvr.types import Outputs, Role
from tests.rlvr.learner.small_models import batch_of, small_model

LENGTHS = [12, 5, 9, 3, 20, 7]


def attention(q: Tensor, k: Tensor, v: Tensor, causal: bool, scale: float) -> Tensor:
    """[b, t, heads, width]"""
    q, k, v = (x.transpose(1, 2) for x in (q, k, v))
    return torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal, scale=scale).transpose(1, 2)


class StandIn:
    """The two functions of flash-attn that a pass uses; counts sequences by call, and rows of a batch as negative."""

    def __init__(self) -> None:
        self.sequences: list[int] = []

    def flash(self, q: Tensor, k: Tensor, v: Tensor, *, causal: bool, softmax_scale: float) -> Tensor:
        self.sequences.append(-q.shape[0])
        return attention(q, k, v, causal, softmax_scale)

    def varlen(
        self, q: Tensor, k: Tensor, v: Tensor, *, cu_seqlens_q: Tensor, cu_seqlens_k: Tensor, max_seqlen_q: int,
        max_seqlen_k: int, causal: bool, softmax_scale: float,
    ) -> Tensor:  # fmt: skip
        assert torch.equal(cu_seqlens_q, cu_seqlens_k)
        lengths = cu_seqlens_q.diff().tolist()
        assert max(lengths) == max_seqlen_q == max_seqlen_k
        self.sequences.append(len(lengths))
        parts = zip(*(x.split(lengths) for x in (q, k, v)), strict=True)
        return torch.cat([attention(a[None], b[None], c[None], causal, softmax_scale)[0] for a, b, c in parts])


@pytest.fixture
def kernels(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    stand_in = StandIn()
    monkeypatch.setattr(glue, "_loaded_implementation", None)
    monkeypatch.setattr(glue, "_lazy_imports", lambda *_, **__: (stand_in.flash, stand_in.varlen, None, None, None))
    return stand_in


def learner_of(layout: str, attention: str, tokens: int) -> TorchLearner:
    model = small_model()
    model.config._attn_implementation = attention  # type: ignore[union-attr]
    config = LearnerConfig(layout=layout, micro_batch_tokens=tokens)  # type: ignore[arg-type]
    return TorchLearner(model, optimizer=OptimizerConfig(), config=config, total_steps=1)


@pytest.mark.parametrize(("tokens", "calls"), [(1000, [6, 6]), (24, [2, 2, 3, 3, -1, -1])])
def test_packed_rows_reach_flash_attention_as_sequences(kernels: StandIn, tokens: int, calls: list[int]) -> None:
    batch = batch_of(LENGTHS)
    flash, plain = learner_of("packed", "flash_attention_2", tokens), learner_of("padded", "sdpa", 1000)
    kernels.sequences.clear()  # those of the check at the start
    found, expected = (
        asyncio.run(learner.score(batch, model=Role.POLICY, outputs=Outputs())).logprobs for learner in (flash, plain)
    )
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    assert sorted(kernels.sequences) == sorted(calls)  # one call a layer and micro-batch


def test_padded_rows_reach_flash_attention_without_a_mask(kernels: StandIn) -> None:
    batch = batch_of(LENGTHS)
    flash, plain = learner_of("padded", "flash_attention_2", 1000), learner_of("padded", "sdpa", 1000)
    kernels.sequences.clear()
    found, expected = (
        asyncio.run(learner.score(batch, model=Role.POLICY, outputs=Outputs())).logprobs for learner in (flash, plain)
    )
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    assert kernels.sequences == [-6, -6]
