"""Decide whether sending requests to workers is faster than grading them in the caller's process, from recent costs.

Sending a request costs the caller about four times what writing it does (it reads the grade, and hands both over), and
the worker two and a half times. So with `over` the time to write one and `here` the time to grade it,

    offloading pays  <=>  here > 4 over  and  workers * here > 1.25 (here + 6.5 over)

the caller's process saves time, and all cores together are 1.25 times as fast as this one alone, if each is free.

Example:
    >>> here, over = RequestCost(), RequestCost()
    >>> for _ in range(8):
    ...     here.took(64 * 100e-6, 64)
    ...     over.took(64 * 5e-6, 64)
    >>> offloading_pays(here, over, workers=2), offloading_pays(here, here, workers=2)
    (True, False)
"""

from __future__ import annotations

import math

_GAIN = 1.25
_OF_CALLER, _OF_BOTH = 4.0, 6.5  # what sending a request costs, by what writing it does
_SURE = 8  # chunks to measure before offloading may be found not to pay


class RequestCost:
    """CPU seconds per request, measured chunk by chunk.

    count: chunks measured. of_late: moving average. least: minimum.
    """

    def __init__(self) -> None:
        self.count = 0
        self.of_late = 0.0
        self.least = math.inf

    def took(self, seconds: float, requests: int) -> None:
        one = seconds / requests
        self.of_late += (0.4 if self.count else 1.0) * (one - self.of_late)
        self.least = min(self.least, one)
        self.count += 1

    def fade(self) -> None:
        """Drift towards the minimum, so that an option found too slow, which is no longer measured, is tried again."""
        if self.count:
            self.of_late += 0.05 * (self.least - self.of_late)


def offloading_pays(here: RequestCost, over: RequestCost, workers: int) -> bool:
    """here: cost of grading in this process. over: cost of writing requests to a worker. True while little is known."""
    if not here.count or over.count < _SURE:
        return True
    graded, written = here.of_late, over.of_late
    return graded > _OF_CALLER * written and workers * graded > _GAIN * (graded + _OF_BOTH * written)
