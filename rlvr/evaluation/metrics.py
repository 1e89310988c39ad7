"""Metrics of graded samples: avg@k, pass@k, maj@k, rates, lengths and bootstrap intervals.

Pure functions over numbers; nothing is generated or graded here. Every accuracy is a mean over problems of a value per
problem, so that an interval can resample problems: samples of one problem are not independent.

An ungraded sample is `None`: it is excluded from every accuracy, and the ungraded share is reported. A problem whose
samples are all ungraded has the value `None` and is excluded from the mean over problems.

    pass@k  = 1 - C(n-c, k) / C(n, k) = 1 - prod_{i=n-c+1..n} (1 - k/i)      Chen et al. 2021, arXiv:2107.03374, eq. 1
    maj@k   = correctness of the answer that most of the k samples gave      Wang et al. 2022, arXiv:2203.11171

Example:
    >>> pass_at_k(4, 1, 2)  # one right in four: a pair holds it in 3 of 6 cases
    0.5
    >>> maj_at_k([("7", 1.0), ("7", 1.0), ("8", 0.0)])
    1.0
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

_THOUSANDS = re.compile(r"[-+]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?")
RIGHT = 1.0 - 1e-9  # correct for pass@k means at least this correctness; partial credit does not count


@dataclass(frozen=True, slots=True)
class Interval:
    """A two-sided interval of a mean over problems."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """Response lengths in tokens: their mean and quantiles."""

    mean: float
    q05: float
    median: float
    q95: float
    longest: int


def pass_at_k(samples: int, correct: int, k: int) -> float:
    """The probability that at least one of `k` samples, drawn without replacement from `samples`, is correct.

    The product form avoids the overflow of the binomials in the definition.

    Raises:
        ValueError: k is not in 1..samples, or correct not in 0..samples.
    """
    if not 1 <= k <= samples:
        raise ValueError(f"k is {k} but must be between 1 and the {samples} samples; draw more samples or lower k")
    if not 0 <= correct <= samples:
        raise ValueError(f"correct is {correct} but must be between 0 and the {samples} samples")
    if samples - correct < k:
        return 1.0
    wrong = np.arange(samples - correct + 1, samples + 1, dtype=np.float64)
    return float(1.0 - np.prod(1.0 - k / wrong))


def problem_avg(correctness_G: Sequence[float | None]) -> float | None:  # noqa: N803
    """Mean correctness of one problem's graded samples (its pass rate); None if none is graded."""
    graded = [c for c in correctness_G if c is not None]
    return sum(graded) / len(graded) if graded else None


def problem_pass(correctness_G: Sequence[float | None], k: int) -> float | None:  # noqa: N803
    """pass@k of one problem over its graded samples; None if fewer than `k` are graded."""
    graded = [c for c in correctness_G if c is not None]
    if len(graded) < k:
        return None
    return pass_at_k(len(graded), sum(c >= RIGHT for c in graded), k)


def maj_at_k(votes_G: Sequence[tuple[str | None, float | None]]) -> float | None:  # noqa: N803
    """The correctness of the answer that most samples of one problem gave, k being all its samples.

    votes_G: (extracted answer, correctness) of each sample. Samples without an answer and ungraded samples (correctness
    None) do not vote. Answers are compared by `answer_key`. A tie gives the expectation over a random winner, so the
    result does not depend on order. If samples with one answer were graded differently (a format gate, say), the answer
    counts as their mean.

    Returns 0.0 if all samples are graded but none has an answer, None if none is graded.
    """
    graded = [(answer, c) for answer, c in votes_G if c is not None]
    if not graded:
        return None
    worth: dict[str, list[float]] = {}
    for answer, correctness in graded:
        if answer is not None:
            worth.setdefault(answer_key(answer), []).append(correctness)
    if not worth:
        return 0.0
    most = max(len(members) for members in worth.values())
    # sorted, so that the float sum does not depend on the order of the samples
    winners = sorted(sum(sorted(members)) / most for members in worth.values() if len(members) == most)
    return sum(winners) / len(winners)


def answer_key(answer: str) -> str:
    """A key that is equal for equal votes: numbers by value, other text without spaces.

    Linear in the length of the text; deciding that `\\frac{1}{2}` is `0.5` is a grader's work, not a vote's.

    Example:
        >>> answer_key(" 1,027.0 ") == answer_key("1027") == "1027"
        True
    """
    text = "".join(answer.strip().strip("$").split())
    number = text.replace(",", "") if _THOUSANDS.fullmatch(text) else text
    if len(number) <= 64 and "e" not in number.lower():  # an exponent could ask for a number that fills the memory
        try:
            return str(Fraction(number))
        except (ValueError, ZeroDivisionError):
            pass
    return text


def mean(values: Sequence[float | None]) -> float | None:
    """Mean of the values that are not None; None if there is none."""
    present = [v for v in values if v is not None]
    return float(np.mean(present)) if present else None


def share(flags: Sequence[bool]) -> float:
    """Share of true flags; 0 if there are none."""
    return sum(flags) / len(flags) if flags else 0.0


def lengths(tokens: Sequence[int]) -> Lengths:
    """Mean and quantiles (linear interpolation) of response lengths in tokens. Raises ValueError on none."""
    if not tokens:
        raise ValueError("no responses to measure; evaluate at least one sample")
    q05, median, q95 = np.quantile(np.asarray(tokens, dtype=np.float64), [0.05, 0.5, 0.95])
    return Lengths(
        mean=float(np.mean(tokens)), q05=float(q05), median=float(median), q95=float(q95), longest=int(max(tokens))
    )


def bootstrap_interval(
    values_P: Sequence[float | None],  # noqa: N803
    *,
    seed: int = 0,
    level: float = 0.95,
    resamples: int = 2000,
) -> Interval | None:
    """Percentile bootstrap interval of the mean over problems (Efron 1979), which are resampled with replacement.

    values_P: one value per problem; None is skipped. To compare two models on the same problems pass the differences by
    problem: pairing removes the variance of problem difficulty.

    Returns None if there is no value. If all values are equal the width is zero, which underestimates the spread (for
    rates see `rate_interval`); few problems with a rate near 0 or 1 give too narrow an interval
    (30 problems at 0.05 hold the true rate in four of five draws, not in 19 of 20; 100 problems do).

    Raises:
        ValueError: level is not inside (0, 1), or resamples is below 1.
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"level is {level} but must lie between 0 and 1; 0.95 is usual")
    if resamples < 1:
        raise ValueError(f"resamples is {resamples} but must be at least 1; 2000 is usual")
    values: NDArray[np.float64] = np.asarray([v for v in values_P if v is not None], dtype=np.float64)
    return _bootstrap(values.tobytes(), seed, level, resamples) if values.size else None


@lru_cache(maxsize=4)
def _bootstrap(raw: bytes, seed: int, level: float, resamples: int) -> Interval:
    """The interval of values, not drawn again where several measures have the same ones (avg, pass@1, strict).

    raw: the bytes of the values, which is what can be looked up.
    """
    values: NDArray[np.float64] = np.frombuffer(raw, dtype=np.float64)
    generator = np.random.Generator(np.random.Philox(np.random.SeedSequence(seed)))
    means = np.empty(resamples)
    rows = max(1, 2_000_000 // values.size)  # bounds the memory of one block of draws
    for start in range(0, resamples, rows):
        count = min(rows, resamples - start)
        means[start : start + count] = values[generator.integers(values.size, size=(count, values.size))].mean(axis=1)
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(means, [tail, 1.0 - tail])
    return Interval(float(low), float(high))


def rate_interval(
    values_P: Sequence[float | None],  # noqa: N803
    *,
    seed: int = 0,
    level: float = 0.95,
    resamples: int = 2000,
) -> Interval | None:
    """Interval of a mean over problems of values in [0, 1]: by bootstrap, or Wilson's if all are 0 or all are 1.

    In that case the bootstrap has no spread and would report 0 of 30 as exactly 0. With n problems and the normal
    quantile z of the level the score interval (Wilson 1927, Probable Inference, the Law of Succession, and Statistical
    Inference, JASA 22, p. 209) of the rate 0 is [0, z^2 / (n + z^2)], and that of 1 its mirror image. It is that of a
    proportion; means of several samples a problem that are all 0 spread no more than that.

    values_P, Raises and None: as for `bootstrap_interval`.

    Example:
        >>> round(rate_interval([0.0] * 30).high, 3)  # 3.84 / 33.84
        0.114
    """
    interval = bootstrap_interval(values_P, seed=seed, level=level, resamples=resamples)
    present = [v for v in values_P if v is not None]
    if interval is None or (any(present) and min(present) < 1.0):
        return interval
    z = NormalDist().inv_cdf((1.0 + level) / 2.0)
    wide = z * z / (len(present) + z * z)
    return Interval(1.0 - wide, 1.0) if any(present) else Interval(0.0, wide)


def powers_up_to(samples: int) -> tuple[int, ...]:
    """1, 2, 4, ... up to `samples`, and `samples` itself: the k at which pass@k is reported.

    Example:
        >>> powers_up_to(6)
        (1, 2, 4, 6)
    """
    ks = [1 << i for i in range(samples.bit_length()) if 1 << i <= samples]
    return tuple(ks if not ks or ks[-1] == samples else [*ks, samples])
