"""How much one grade may take before it is left undecided: steps of work, and a part of the deadline.

`begin` is called once for each comparison. There are two purses: steps of exact forms, and steps of numbers to many
digits. Beside them runs a clock, over all comparisons of one grade (`one_grade`): what it leaves is what sympy may
take, and where nothing is left no step is. It stands still while sympy is loaded, which has a bound of its own. So a
grade ends itself well before the deadline by which its worker is killed.
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
    """What is left to the grade of this thread."""

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
    """All that is compared within has one clock."""
    _LEFT.grading = True
    _LEFT.restart()
    try:
        yield
    finally:
        _LEFT.grading = False


def begin() -> None:
    """A new comparison."""
    _LEFT.purses.update(exact=_EXACT_STEPS, numeric=_NUMERIC_STEPS)
    if not _LEFT.grading:
        _LEFT.restart()


def spend(purse: str, steps: int) -> bool:
    """Whether so many steps are left, and time; the steps are gone then."""
    _LEFT.purses[purse] -= steps
    return _LEFT.purses[purse] >= 0 and seconds_left() > 0


def seconds_left() -> float:
    """What is left of the grade's part of the deadline."""
    of_its_own = _SHARE * CLOCK.deadline - (time.monotonic() - _LEFT.since - _LEFT.stood_still)
    return min(of_its_own, seconds_to_load())


def seconds_to_load() -> float:
    """How long the grade may wait for what has to be loaded."""
    return _LEFT.since + _SHARE_WITH_LOADING * CLOCK.deadline - time.monotonic()


@contextmanager
def standing_still() -> Iterator[None]:
    """Loading is not the grade's own time."""
    began = time.monotonic()
    try:
        yield
    finally:
        _LEFT.stood_still += time.monotonic() - began
