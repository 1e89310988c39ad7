"""Drawing made-up problems: a generator from an explicit seed, and draws without repetition.

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


def generator(seed: int, stream: int) -> numpy.random.Generator:
    """Random numbers of one purpose (`stream`) of a seed; the same on every machine."""
    return numpy.random.Generator(numpy.random.Philox(numpy.random.SeedSequence((seed, stream))))


def without_repetition(
    draw: Callable[[], Drawn], *, size: int | None = None, patience: int = 10_000
) -> Iterator[Drawn]:
    """What `draw` gives, each value once.

    It ends when `size` values have come: all there are. Where their number is unknown it ends after `patience` draws
    in a row that brought nothing new.
    """
    seen: set[Hashable] = set()
    idle = 0
    while size is None or len(seen) < size:
        value = draw()
        if value in seen:
            idle += 1
            if size is None and idle >= patience:
                return
            continue
        idle = 0
        seen.add(value)
        yield value
