"""The random numbers of a run: one stream per purpose, derived from the run's seed, with no state to save.

    Philox(SeedSequence(seed, spawn_key=(purpose, *numbers)))

Sampled tokens use the streams (seed, draw index, sample index) of `rlvr.rollout.sampling`, without a spawn key.
SeedSequence pads its entropy with zeros to four words, so (seed, number) would equal the stream of sample 0 of that
draw. A spawn key comes after the padding, so no stream made here equals that of a sample or of another purpose.

Example:
    >>> order = stream(7, Purpose.MINI_BATCHES, 3).permutation(4)
    >>> bool((order == stream(7, Purpose.MINI_BATCHES, 3).permutation(4)).all())
    True
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What random numbers are used for; comments list the numbers that identify a stream.

    Values affect results: never change one, and give a new purpose a new value.
    """

    DRAW = 1  # draw index: which source, and with difficulty sampling which problem
    PROBLEM_ORDER = 2  # source, epoch
    MINI_BATCHES = 3  # step
    ENTROPY_CONTROL = 4  # step, mini-batch
    DEMONSTRATION_ORDER = 5  # epoch of the warm-up
    DROPOUT = 6  # updates applied so far, micro-batch


def stream(seed: int, purpose: Purpose, *numbers: int) -> np.random.Generator:
    """The generator of one stream. Each number must be below 2**32."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(seed, spawn_key=(purpose, *numbers))))
