"""Time that is not the response's: loading a library for the first time does not count against a grade's deadline.

A worker starts with as little as it needs (a grader of integers never imports sympy). What a grader loads later it
loads inside `off_the_clock`; the pool then waits under the deadline for starting a worker, and the grade's own clock
stands still.

Example:
    with off_the_clock():
        import sympy
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

DEADLINE = 10.0
"""Wall seconds of one call of a grader, where a pool does not say otherwise."""


class _Clock:
    """Tells the pool when the clock stands still. `say` is set by the worker; elsewhere nobody is told.

    deadline: wall seconds of one call, by the pool; a grader that can end by itself ends well before.
    """

    def __init__(self) -> None:
        self.say: Callable[[bool], None] = lambda _stopped: None
        self.stopped_seconds = 0.0
        self.deadline = DEADLINE


CLOCK = _Clock()


@contextmanager
def off_the_clock() -> Iterator[None]:
    """Stop the clock of the grades that this worker is at. For loading, never for grading."""
    CLOCK.say(True)
    began = time.perf_counter()
    try:
        yield
    finally:
        CLOCK.stopped_seconds += time.perf_counter() - began
        CLOCK.say(False)
