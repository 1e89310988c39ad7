"""The random numbers of a run: one stream for each purpose, derived from the run's seed and never carried along.

    Philox(SeedSequence(seed, spawn_key=(purpose, *numbers)))

A sampled token has the stream (seed, draw index, sample index) of `rlvr.rollout.sampling`, without a spawn key. The
entropy of SeedSequence is padded with zeros to four words, so (seed, number) would be the stream of sample 0 of that
draw. A spawn key stands behind the padding: no stream made here equals one of a sample, and each purpose has its own.

Example:
    >>> order = stream(7, Purpose.MINI_BATCHES, 3).permutation(4)
    >>> bool((order == stream(7, Purpose.MINI_BATCHES, 3).permutation(4)).all())
    True
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What numbers are drawn for, with the numbers that tell one stream of it from the next.

    A value is part of what a run computes: it never changes, and a new purpose takes a new one.
    """

    DRAW = 1  # draw index: which source, and with difficulty sampling which problem
    PROBLEM_ORDER = 2  # source, epoch
    MINI_BATCHES = 3  # step
    ENTROPY_CONTROL = 4  # step, mini-batch
    DEMONSTRATION_ORDER = 5  # epoch of the warm-up
    DROPOUT = 6  # updates applied so far, micro-batch


def stream(seed: int, purpose: Purpose, *numbers: int) -> np.random.Generator:
    """The numbers of one purpose. Each number lies below 2**32."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(seed, spawn_key=(purpose, *numbers))))
