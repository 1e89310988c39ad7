"""The budget of one grade, after which it is undecided: steps of work, and a share of the deadline.

`begin` starts each comparison. It has two step budgets ("purses"): for exact forms, and for high-precision numbers. A
clock runs over all comparisons of one grade (`one_grade`): the time left is what sympy may use, and when none is left,
no steps are either. The clock stops while sympy is loaded, which has its own limit. So a grade ends well before the
deadline at which its worker is killed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rewards.clock import CLOCK

_EXACT_STEPS = 200_000  # each purse is about a second
_NUMERIC_STEPS = 20_000
_SHARE = 0.6  # of the deadline
_SHARE_WITH_LOADING = 0.85


class _Left(threading.local):
    """The remaining budget of the current grade of this thread."""

    def __init__(self) -> None:
        self.purses = {"exact": _EXACT_STEPS, "numeric": _NUMERIC_STEPS}
        self.grading = False
        self.since = 0.0
        self.stood_still = 0.0

    def restart(self) -> None:
        self.since, self.stood_still = time.monotonic(), 0.0


_LEFT = _Left()


@contextmanager
def one_grade() -> Iterator[None]:
    """Within this context, all comparisons share one clock."""
    _LEFT.grading = True
    _LEFT.restart()
    try:
        yield
    finally:
        _LEFT.grading = False


def begin() -> None:
    """Start a new comparison: reset the step budgets."""
    _LEFT.purses.update(exact=_EXACT_STEPS, numeric=_NUMERIC_STEPS)
    if not _LEFT.grading:
        _LEFT.restart()


def spend(purse: str, steps: int) -> bool:
    """Spend steps of a budget. Returns False if too few steps or no time are left."""
    _LEFT.purses[purse] -= steps
    return _LEFT.purses[purse] >= 0 and seconds_left() > 0


def seconds_left() -> float:
    """The seconds left of the grade's share of the deadline."""
    of_its_own = _SHARE * CLOCK.deadline - (time.monotonic() - _LEFT.since - _LEFT.stood_still)
    return min(of_its_own, seconds_to_load())


def seconds_to_load() -> float:
    """The seconds that the grade may wait for a library to load."""
    return _LEFT.since + _SHARE_WITH_LOADING * CLOCK.deadline - time.monotonic()


@contextmanager
def standing_still() -> Iterator[None]:
    """Stop the clock within this context, for loading."""
    began = time.monotonic()
    try:
        yield
    finally:
        _LEFT.stood_still += time.monotonic() - began
