"""Exclude loading time from deadlines: the first import of a library does not count against a grade.

A worker starts with as little as it needs (a grader of integers never imports sympy). A grader that loads something
later does so within `off_the_clock`: the clock of its grade stops, and the deadline for starting a worker applies.

Example:
    with off_the_clock():
        import sympy
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

DEADLINE = 10.0
"""Default deadline for one call of a grader, in wall seconds."""


class _Clock:
    """Reports to the pool when the clock stops. `say` is set by the worker; elsewhere it does nothing.

    deadline: the pool's wall seconds for one call; a grader that can stop by itself stops well before.
    """

    def __init__(self) -> None:
        self.say: Callable[[bool], None] = lambda _stopped: None
        self.stopped_seconds = 0.0
        self.deadline = DEADLINE


CLOCK = _Clock()


@contextmanager
def off_the_clock() -> Iterator[None]:
    """Stop the clock of this worker's current grades. For loading, never for grading."""
    CLOCK.say(True)
    began = time.perf_counter()
    try:
        yield
    finally:
        CLOCK.stopped_seconds += time.perf_counter() - began
        CLOCK.say(False)
