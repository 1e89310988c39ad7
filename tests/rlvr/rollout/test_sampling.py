"""Filters, the inverse of the cumulative distribution, and the random numbers of a request."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from transformers import MinPLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from rlvr.rollout.sampling import (
    RowParameters,
    UniformStream,
    draw,
    filtered,
    greedy,
    inverse_cdf,
    min_p_filter,
    sample,
    top_k_filter,
    top_p_filter,
)
from rlvr.types import SamplingParameters

INF = math.inf
LAST = 1.0 - 2.0**-53  # the largest number a stream can give


def column(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def log(*probabilities: float) -> Tensor:
    return torch.tensor([probabilities]).log()


def kept(logits: Tensor) -> list[list[int]]:
    return [row.isfinite().nonzero().squeeze(1).tolist() for row in logits]


# --- the draw -------------------------------------------------------------------------------------------------------


def test_each_token_owns_its_interval_of_the_unit_line() -> None:
    logits = log(0.1, 0.2, 0.3, 0.4).repeat(7, 1)
    ids, logprobs = draw(logits, column(0.0, 0.09, 0.11, 0.29, 0.31, 0.61, LAST))
    assert ids.tolist() == [0, 0, 1, 1, 2, 3, 3]
    assert logprobs.exp().tolist() == pytest.approx([0.1, 0.1, 0.2, 0.2, 0.3, 0.4, 0.4], abs=1e-6)


@pytest.mark.parametrize("vocabulary", [3, 256, 512, 513, 768, 50_257, 151_936])
def test_draws_agree_with_a_float64_running_sum(vocabulary: int) -> None:
    generator = torch.Generator().manual_seed(vocabulary)
    logits = 3.0 * torch.randn(16, vocabulary, generator=generator)
    uniforms = torch.rand(16, generator=generator, dtype=torch.float64)
    uniforms[:4] = column(0.0, LAST, 1e-9, 1.0 - 1e-9)
    ids, logprobs = draw(logits, uniforms)
    exact = torch.softmax(logits.double(), dim=1)
    running = exact.cumsum(1)
    before = running.gather(1, ids[:, None])[:, 0] - exact.gather(1, ids[:, None])[:, 0]
    after = running.gather(1, ids[:, None])[:, 0]
    slack = 1e-7 * 4  # the weights themselves are float32
    assert bool((before <= uniforms + slack).all())
    assert bool((after >= uniforms - slack).all())
    assert torch.allclose(logprobs, exact.gather(1, ids[:, None])[:, 0].log(), atol=2e-6)


def test_the_tail_of_a_large_vocabulary_is_reached_as_often_as_it_should_be() -> None:
    # One token has nearly all the mass; 151,000 others share 1e-5 of it. In float32 a running sum near 1 moves in
    # steps of 6e-8, so tokens of 7e-11 each would never or always be drawn.
    vocabulary = 151_936
    logits = torch.full((1, vocabulary), math.log(1e-5 / (vocabulary - 1)))
    logits[0, 0] = math.log(1.0 - 1e-5)
    share = np.linspace(0.001, 0.999, 500)  # of the tail
    ids, _ = draw(logits.expand(500, -1), torch.from_numpy(1.0 - 1e-5 + 1e-5 * share))
    expected = share * vocabulary
    assert np.abs(ids.numpy() - expected).max() < 0.01 * vocabulary
    assert len(set(ids.tolist())) == 500


@given(
    mass=st.lists(st.sampled_from([0.0, 0.0, 1e-30, 1e-7, 0.3, 1.0]), min_size=1, max_size=40),
    repeats=st.sampled_from([1, 30]),
    uniform=st.one_of(st.floats(0.0, LAST), st.sampled_from([0.0, LAST, 0.5])),
)
def test_a_token_of_no_probability_is_never_drawn(mass: list[float], repeats: int, uniform: float) -> None:
    if not any(mass):
        mass = [*mass, 1.0]
    probabilities = torch.tensor([mass * repeats])
    ids, _ = inverse_cdf(probabilities, column(uniform))
    assert probabilities[0, ids[0]] > 0.0


@pytest.mark.parametrize("vocabulary", [16, 3200])
def test_no_rounding_of_the_running_sum_leads_to_a_token_of_no_probability(
    vocabulary: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An accelerator adds up in another order for every column, so its running sums need not even rise.
    cumsum, generator = Tensor.cumsum, torch.Generator().manual_seed(5)

    def rounded_anywhere(tensor: Tensor, *args: object, **options: object) -> Tensor:
        exact = cumsum(tensor, *args, **options)
        return exact * (1.0 + 1e-9 * torch.randn(exact.shape, generator=generator, dtype=exact.dtype))

    monkeypatch.setattr(Tensor, "cumsum", rounded_anywhere)
    probabilities = torch.zeros(2000, vocabulary)
    probabilities[:, ::4] = 1.0  # three out of four are impossible
    edges = torch.arange(2000, dtype=torch.float64) / 2000  # where one token's interval meets the next one's
    ids, _ = inverse_cdf(probabilities, edges)
    assert set((ids % 4).tolist()) == {0}


def test_draws_follow_the_distribution() -> None:
    probabilities = torch.tensor([0.5, 0.25, 0.15, 0.07, 0.03])
    uniforms = torch.from_numpy(np.random.default_rng(0).random(40_000))
    ids, _ = draw(probabilities.log().expand(40_000, -1), uniforms)
    counts = torch.bincount(ids, minlength=5) / 40_000
    assert torch.allclose(counts, probabilities, atol=0.01)


def test_logits_that_are_not_numbers_give_logprobs_that_are_not_numbers() -> None:
    _, logprobs = draw(torch.tensor([[0.0, math.nan], [0.0, INF], [-INF, -INF]]), column(0.5, 0.5, 0.5))
    assert not logprobs.isfinite().any()


@pytest.mark.parametrize(
    "parameters",
    [
        SamplingParameters(top_k=2),
        SamplingParameters(top_p=0.5),
        SamplingParameters(min_p=0.5),
        SamplingParameters(temperature=0.0),
        SamplingParameters(temperature=1e-3),
        SamplingParameters(top_k=3, top_p=0.9, min_p=0.1),
    ],
)
@pytest.mark.parametrize("place", [0, 999])
def test_no_filter_hides_logits_that_are_not_numbers(parameters: SamplingParameters, place: int) -> None:
    logits = torch.randn(1, 1000, generator=torch.Generator().manual_seed(6))
    logits[0, place] = math.nan
    assert not sample(logits, RowParameters.of([parameters]), column(0.3))[1].isfinite().any()


# --- temperature ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("temperature", [1e-3, 1e-6, 1e-38, 1e-60, 5e-324])
@pytest.mark.parametrize("others", [[], [SamplingParameters()]])
def test_a_temperature_near_zero_takes_the_most_likely(temperature: float, others: list[SamplingParameters]) -> None:
    logits = torch.tensor([[100.0, 104.0, -50.0, -INF], [0.0, 1.0, 2.0, 3.0]])[: 1 + len(others)]
    rows = RowParameters.of([SamplingParameters(temperature=temperature), *others])
    ids, logprobs = sample(logits, rows, column(0.999, 0.5)[: 1 + len(others)])
    assert (ids[0].item(), logprobs[0].item()) == (1, 0.0)
    assert logprobs.isfinite().all()


def test_equals_share_the_mass_at_a_temperature_near_zero() -> None:
    rows = RowParameters.of([SamplingParameters(temperature=1e-60)] * 2)
    ids, logprobs = sample(torch.tensor([[7.0, -3.0, 7.0]]).repeat(2, 1), rows, column(0.4, 0.6))
    assert ids.tolist() == [0, 2]
    assert logprobs.tolist() == pytest.approx([math.log(0.5)] * 2)


def test_a_low_temperature_is_exact_though_the_logits_are_large() -> None:
    logits = torch.tensor([[1000.0, 999.9990234375]])  # 2**-10 apart
    cold, warm = SamplingParameters(temperature=1e-3), SamplingParameters(temperature=0.7)
    for parameters in ([cold], [cold, warm]):
        count = len(parameters)
        _, logprobs = sample(logits.expand(count, -1), RowParameters.of(parameters), column(0.1, 0.1)[:count])
        assert logprobs[0].item() == pytest.approx(-math.log1p(math.exp(-(2.0**-10) / 1e-3)), abs=1e-6)


@pytest.mark.parametrize("temperature", [1e30, 1e39, 1e300])
def test_a_huge_temperature_is_uniform_over_what_is_possible(temperature: float) -> None:
    rows = RowParameters.of([SamplingParameters(temperature=temperature)] * 2)
    ids, logprobs = sample(torch.tensor([[50.0, -INF, -50.0]]).repeat(2, 1), rows, column(0.4, 0.6))
    assert ids.tolist() == [0, 2]
    assert logprobs.tolist() == pytest.approx([math.log(0.5)] * 2)


# --- filters --------------------------------------------------------------------------------------------------------


def test_top_k_keeps_exactly_k_and_the_lower_ids_of_equals() -> None:
    logits = torch.tensor([[1.0, 2.0, 2.0, 2.0, 0.0]]).repeat(4, 1)
    assert kept(top_k_filter(logits, torch.tensor([2, 4, 0, 9]))) == [
        [1, 2],
        [0, 1, 2, 3],
        [0, 1, 2, 3, 4],
        [*range(5)],
    ]


def test_a_top_k_of_any_size_keeps_all() -> None:
    rows = RowParameters.of([SamplingParameters(top_k=2**70)])
    ids, logprobs = sample(log(0.25, 0.75), rows, column(0.1))
    assert (ids.item(), logprobs.item()) == (0, pytest.approx(math.log(0.25)))


def test_top_p_keeps_the_smallest_set_that_holds_the_mass() -> None:
    logits = log(0.1, 0.4, 0.2, 0.3).repeat(5, 1)
    top_p = column(0.05, 0.39, 0.41, 0.95, 1.0)
    assert kept(top_p_filter(logits, top_p)) == [[1], [1], [1, 3], [0, 1, 2, 3], [0, 1, 2, 3]]


def test_top_p_breaks_ties_towards_lower_ids() -> None:
    assert kept(top_p_filter(torch.zeros(1, 10), column(0.35))) == [[0, 1, 2, 3]]


def test_min_p_is_relative_to_the_most_likely() -> None:
    assert kept(min_p_filter(log(0.5, 0.26, 0.14, 0.1).repeat(2, 1), column(0.25, 0.0))) == [[0, 1, 2], [0, 1, 2, 3]]


def test_top_p_sees_what_top_k_left() -> None:
    # Of (.4, .3, .2, .1), top-k 2 leaves (.57, .43): then .5 of the mass is one token. Without top-k it is two.
    logits = log(0.4, 0.3, 0.2, 0.1)
    zero = column(0.0)
    assert kept(filtered(logits, torch.tensor([2]), column(0.5), zero)) == [[0]]
    assert kept(filtered(logits, torch.tensor([0]), column(0.5), zero)) == [[0, 1]]


@pytest.mark.parametrize("vocabulary", [50, 3000])
def test_filters_agree_with_those_of_transformers(vocabulary: int) -> None:
    logits = 2.0 * torch.randn(20, vocabulary, generator=torch.Generator().manual_seed(1))
    empty = torch.zeros(20, 0, dtype=torch.int64)
    theirs = TopPLogitsWarper(0.8)(empty, TopKLogitsWarper(30)(empty, logits))
    theirs = MinPLogitsWarper(0.05)(empty, theirs)
    ours = filtered(logits, torch.full((20,), 30), torch.full((20,), 0.8), torch.full((20,), 0.05))
    assert torch.equal(ours, theirs)


def test_logprobs_are_those_of_the_renormalised_distribution() -> None:
    rows = RowParameters.of([SamplingParameters(temperature=0.5, top_k=2)])
    logits = torch.tensor([[2.0, 1.0, 0.5, -1.0]])
    ids, logprobs = sample(logits, rows, column(0.99))
    assert ids.tolist() == [1]
    assert logprobs.item() == pytest.approx(2.0 - math.log(math.exp(4.0) + math.exp(2.0)), abs=1e-6)


# --- rows of one batch ----------------------------------------------------------------------------------------------

MIXED = [
    SamplingParameters(),
    SamplingParameters(temperature=0.0, top_k=3),
    SamplingParameters(temperature=0.7),
    SamplingParameters(temperature=1.3, top_k=5),
    SamplingParameters(top_p=0.5, min_p=0.1),
    SamplingParameters(top_k=4, top_p=0.9),
]


@pytest.mark.parametrize("vocabulary", [40, 2000])
def test_rows_with_different_parameters_are_drawn_as_if_alone(vocabulary: int) -> None:
    parameters = MIXED * 3
    generator = torch.Generator().manual_seed(2)
    logits = 2.0 * torch.randn(len(parameters), vocabulary, generator=generator)
    uniforms = torch.rand(len(parameters), generator=generator, dtype=torch.float64)
    ids, logprobs = sample(logits, RowParameters.of(parameters), uniforms)
    for row, parameter in enumerate(parameters):
        alone, alone_logprob = sample(logits[[row]], RowParameters.of([parameter]), uniforms[[row]])
        assert alone.item() == ids[row]
        assert alone_logprob.item() == pytest.approx(logprobs[row].item(), abs=1e-6)


def test_many_rows_of_a_large_vocabulary_are_drawn_as_if_alone() -> None:
    logits = torch.randn(23, 50_257, generator=torch.Generator().manual_seed(3))
    before = logits.clone()
    uniforms = torch.rand(23, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    parameters = [SamplingParameters(temperature=0.7, top_p=0.9 if row % 5 == 0 else 1.0) for row in range(23)]
    ids, _ = sample(logits, RowParameters.of(parameters), uniforms)
    alone = [
        sample(logits[[i]], RowParameters.of([parameters[i]]), uniforms[[i]])[0].item() for i in range(len(parameters))
    ]
    assert ids.tolist() == alone
    assert torch.equal(logits, before), "the logits are not ours to change"


def test_greedy_takes_the_lowest_id_of_equals_and_reports_temperature_one() -> None:
    logits = torch.tensor([[0.0, 2.0, 2.0, -1.0]])
    ids, logprobs = sample(logits, RowParameters.of([SamplingParameters(temperature=0.0, top_k=1)]), column(0.9))
    assert ids.tolist() == greedy(logits)[0].tolist() == [1]
    assert logprobs.item() == pytest.approx(torch.log_softmax(logits, 1)[0, 1].item(), abs=1e-6)


# --- random numbers -------------------------------------------------------------------------------------------------


def test_a_stream_is_philox_seeded_by_seed_draw_and_sample() -> None:
    expected = np.random.Generator(np.random.Philox(np.random.SeedSequence([7, 3, 5]))).random(100)
    stream = UniformStream(seed=7, draw_index=3, sample_index=5)
    taken = np.concatenate([stream.take(1), stream.take(40), stream.take(59)])
    assert np.array_equal(taken, expected), "however many are taken at a time"


WORD = 2**32
LARGE_KEYS = [
    *[(2**63 - 1, 0, 0), (2**63, 0, 0), (2**64 + 1, 0, 0), (0, 2**63, 0), (0, 0, 2**63)],
    *[(1, 2, 3), (1 + 2 * WORD, 3, 0)],  # as words, padded: 1 2 3 0
    *[(5 + 7 * WORD, 3, 1), (5, 7 + 3 * WORD, 1), (5, 7, 3 + WORD)],  # as words: 5 7 3 1
]


@pytest.mark.parametrize("keys", [[(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0)], LARGE_KEYS])
def test_streams_differ_in_each_of_their_three_numbers(keys: list[tuple[int, int, int]]) -> None:
    firsts = {UniformStream(seed=s, draw_index=d, sample_index=i).take(1).item() for s, d, i in keys}
    assert len(firsts) == len(keys)
