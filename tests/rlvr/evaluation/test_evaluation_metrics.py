"""avg@k, pass@k, maj@k and intervals: worked by hand, by brute force and by their properties."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlvr.evaluation.metrics import (
    Interval,
    answer_key,
    bootstrap_interval,
    lengths,
    maj_at_k,
    mean,
    pass_at_k,
    powers_up_to,
    problem_avg,
    problem_pass,
    rate_interval,
    share,
)

counts = st.integers(1, 9).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n)))


@given(counts)
def test_pass_at_k_is_the_share_of_subsets_that_hold_a_right_sample(nck: tuple[int, int, int]) -> None:
    n, c, k = nck
    subsets = list(combinations([1] * c + [0] * (n - c), k))
    assert pass_at_k(n, c, k) == pytest.approx(sum(any(s) for s in subsets) / len(subsets), abs=1e-12)


def test_pass_at_k_of_three_right_in_ten_at_five() -> None:
    assert pass_at_k(10, 3, 5) == pytest.approx(1 - 21 / 252)


def test_pass_at_k_stays_exact_where_the_binomials_overflow() -> None:
    n, c, k = 20_000, 3, 10_000
    exact = 1 - Fraction(math.comb(n - c, k), math.comb(n, k))
    assert pass_at_k(n, c, k) == pytest.approx(float(exact), rel=1e-9)


@given(st.integers(1, 60), st.data())
def test_pass_at_k_rises_with_k_and_with_right_samples_and_starts_at_the_mean(n: int, data: st.DataObject) -> None:
    c = data.draw(st.integers(0, n))
    rising = [pass_at_k(n, c, k) for k in range(1, n + 1)]
    assert rising[0] == pytest.approx(c / n)
    assert rising[-1] == pytest.approx(float(c > 0))
    assert all(a <= b + 1e-12 for a, b in pairwise(rising))
    if c < n:
        assert pass_at_k(n, c, 1) <= pass_at_k(n, c + 1, 1)


@pytest.mark.parametrize(("n", "c", "k"), [(4, 2, 0), (4, 2, 5), (4, 5, 1), (4, -1, 1), (0, 0, 1)])
def test_pass_at_k_refuses_counts_that_cannot_be(n: int, c: int, k: int) -> None:
    with pytest.raises(ValueError, match="must be between"):
        pass_at_k(n, c, k)


def test_ungraded_samples_are_left_out_of_a_problem() -> None:
    assert problem_avg([1.0, None, 0.0, 1.0]) == pytest.approx(2 / 3)
    assert problem_pass([1.0, None, 0.0], 2) == 1.0
    assert problem_avg([None, None]) is None
    assert problem_pass([1.0, None], 2) is None


def test_partial_credit_counts_in_the_average_but_not_in_pass_at_k() -> None:
    assert problem_avg([0.5, 0.0]) == 0.25
    assert problem_pass([0.5, 0.0], 2) == 0.0


def test_majority_wins_over_a_right_minority() -> None:
    assert maj_at_k([("8", 0.0), ("7", 1.0), ("8", 0.0)]) == 0.0


def test_a_tied_vote_is_worth_its_expectation() -> None:
    assert maj_at_k([("8", 0.0), ("7", 1.0)]) == 0.5
    assert maj_at_k([("8", 0.0), ("7", 1.0), ("9", 0.0), ("7", 1.0), ("8", 0.0)]) == 0.5


def test_samples_without_an_answer_do_not_vote() -> None:
    assert maj_at_k([(None, 0.0), (None, 0.0), (None, 0.0), ("7", 1.0)]) == 1.0
    assert maj_at_k([(None, 0.0), (None, 0.0)]) == 0.0


def test_ungraded_samples_take_no_part_in_the_vote() -> None:
    assert maj_at_k([("8", None), ("8", None), ("7", 1.0)]) == 1.0
    assert maj_at_k([("8", None)]) is None


def test_numbers_vote_by_value() -> None:
    assert maj_at_k([("1,000", 1.0), ("1000.0", 1.0), ("$1000$", 1.0), ("5", 0.0), ("5", 0.0)]) == 1.0
    assert answer_key("x + 1") == answer_key("x+1") != answer_key("x+2")
    assert answer_key("1/2") == answer_key("0.5")
    assert answer_key("1,2") != answer_key("12"), "a pair is no number"
    assert answer_key("1,0000") != answer_key("10000")
    assert answer_key("-1,234,567.50") == answer_key("-1234567.5")


@pytest.mark.parametrize("hostile", ["1e999999999", "9" * 100_000, "1/0", "", "nan", "--1"])
def test_a_vote_takes_any_text(hostile: str) -> None:
    assert maj_at_k([(hostile, 0.0), (hostile, 0.0), ("7", 1.0)]) == 0.0


votes = st.lists(
    st.tuples(st.sampled_from(["1", "1.0", "2", "x", None]), st.sampled_from([0.0, 0.3, 1.0, None])), max_size=8
)


@given(votes, st.randoms(use_true_random=False))
def test_the_order_of_samples_never_changes_the_vote(
    votes_G: list[tuple[str | None, float | None]],  # noqa: N803
    random: object,
) -> None:
    shuffled = list(votes_G)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert maj_at_k(shuffled) == maj_at_k(votes_G)


def test_the_interval_is_the_percentile_bootstrap() -> None:
    values = [1.0] * 60 + [0.0] * 40
    interval = bootstrap_interval(values, seed=3, resamples=4000)
    assert interval is not None
    assert interval.low == pytest.approx(0.6 - 1.96 * math.sqrt(0.24 / 100), abs=0.012)
    assert interval.high == pytest.approx(0.6 + 1.96 * math.sqrt(0.24 / 100), abs=0.012)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(0)
    held = 0
    for trial in range(200):
        values = (generator.random(80) < 0.4).astype(float).tolist()
        interval = bootstrap_interval(values, seed=trial, resamples=400)
        assert interval is not None
        held += interval.low <= 0.4 <= interval.high
    assert 180 <= held <= 199


def test_the_interval_depends_on_the_seed_and_on_nothing_else() -> None:
    values = [0.0, 1.0, 0.5, 1.0, 0.25]
    np.random.seed(1)
    first = bootstrap_interval(values, seed=7)
    np.random.seed(2)
    assert bootstrap_interval(values, seed=7) == first
    assert bootstrap_interval([v + 1e-3 for v in values], seed=8) != first


@settings(max_examples=50)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_the_interval_lies_within_the_values(values: list[float]) -> None:
    interval = bootstrap_interval(values, resamples=50)
    assert interval is not None
    assert min(values) - 1e-12 <= interval.low <= interval.high <= max(values) + 1e-12


def test_problems_without_a_value_do_not_enter_the_interval() -> None:
    assert bootstrap_interval([1.0, None, 1.0]) == Interval(1.0, 1.0)
    assert bootstrap_interval([None]) is None
    assert mean([1.0, None, 0.0]) == 0.5
    assert mean([]) is None


def test_blocks_of_draws_do_not_change_the_interval() -> None:
    values = np.random.default_rng(1).random(3000).tolist()  # 2000 resamples of 3000 make several blocks
    generator = np.random.Generator(np.random.Philox(np.random.SeedSequence(5)))
    means = [np.mean(np.asarray(values)[generator.integers(3000, size=3000)]) for _ in range(2000)]
    interval = bootstrap_interval(values, seed=5)
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx(tuple(np.quantile(means, [0.025, 0.975])))


def wilson(rate: float, count: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson 1927 as it is printed: the roots of (p - rate)^2 = z^2 p (1 - p) / count."""
    centre = (rate + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(rate * (1 - rate) / count + z * z / (4 * count * count))
    return centre - half, centre + half


@pytest.mark.parametrize("count", [1, 8, 30, 1000])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_rate_of_none_or_all_has_the_interval_of_wilson(value: float, count: int) -> None:
    interval = rate_interval([value] * count + [None])
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx(wilson(value, count), abs=1e-6)
    assert interval.low <= value <= interval.high
    assert interval.low < interval.high


def test_a_rate_with_spread_has_the_interval_of_the_bootstrap() -> None:
    for values in ([1.0, 0.0, 0.0], [0.25, 0.5, None], [0.5, 0.5]):
        assert rate_interval(values, seed=4) == bootstrap_interval(values, seed=4)
    assert rate_interval([None]) is None


@pytest.mark.parametrize("options", [{"level": 0.0}, {"level": 1.0}, {"resamples": 0}])
def test_an_interval_refuses_options_that_cannot_be(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="but must"):
        rate_interval([1.0], **options)  # type: ignore[arg-type]


def test_lengths_are_quantiles_of_tokens() -> None:
    measured = lengths(list(range(1, 101)))
    assert measured.mean == 50.5
    assert measured.median == 50.5
    assert measured.q05 == pytest.approx(5.95)
    assert measured.q95 == pytest.approx(95.05)
    assert measured.longest == 100
    with pytest.raises(ValueError, match="no responses"):
        lengths([])


def test_share_of_flags() -> None:
    assert share([True, False, True, True]) == 0.75
    assert share([]) == 0.0


def test_pass_at_k_is_reported_at_powers_of_two_and_at_all_samples() -> None:
    assert powers_up_to(1) == (1,)
    assert powers_up_to(8) == (1, 2, 4, 8)
    assert powers_up_to(6) == (1, 2, 4, 6)
    assert powers_up_to(0) == ()
