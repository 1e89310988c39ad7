"""Functions in pieces against each other: the same pieces in any order."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from rewards.math.equal.decide import Answer
from rewards.math.values import Pieces, Value

_Same: TypeAlias = Callable[[Value, Value], Answer]


def same_pieces(gold: Pieces, answer: Pieces, same: _Same) -> Answer:
    """Whether each piece of one is a piece of the other, under the same condition."""
    if len(gold.branches) != len(answer.branches):
        return Answer.NO
    left = list(answer.branches)
    for value, condition in gold.branches:
        for at, (other, beside) in enumerate(left):
            if same(condition, beside) is Answer.YES and same(value, other) is Answer.YES:
                del left[at]
                break
        else:
            return Answer.NO
    return Answer.YES
