"""Random draws for generated problems: a seeded generator, and draws without repetition.

Example:
    >>> rng = generator(0, 0)
    >>> sorted(without_repetition(lambda: int(rng.integers(0, 4)), size=4))
    [0, 1, 2, 3]
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import TypeVar

import numpy

Drawn = TypeVar("Drawn", bound=Hashable)
_MOST_IDLE = 10_000


def generator(seed: int, stream: int) -> numpy.random.Generator:
    """A generator for one purpose (`stream`) of a seed; the same on every machine."""
    return numpy.random.Generator(numpy.random.Philox(numpy.random.SeedSequence((seed, stream))))


def without_repetition(draw: Callable[[], Drawn], *, size: int | None = None) -> Iterator[Drawn]:
    """Yield the values of `draw` without repetition.

    Ends after `size` values (the number of all values). If that is unknown, it ends after 10,000 draws in a row without
    a new value.
    """
    seen: set[Hashable] = set()
    idle = 0
    while size is None or len(seen) < size:
        value = draw()
        if value in seen:
            idle += 1
            if size is None and idle >= _MOST_IDLE:
                return
            continue
        idle = 0
        seen.add(value)
        yield value
