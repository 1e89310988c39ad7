"""From a grade's score to the shaped reward: a linear map and the length terms of DAPO.

    reward = scale * score + offset + factor * soft overlong penalty

    penalty(length) = 0                                    length <= max - buffer
                      ((max - buffer) - length) / buffer   max - buffer < length <= max
                      -1                                   max < length

Source: DAPO, arXiv 2503.14476 eq. 13; its rewards are 1 and -1, hence scale 2, offset -1. Lengths are response tokens.
Overlong filtering (section 3.4 there) is not a reward: a cut-off sample stays in its group's baseline, but none of its
tokens is in the loss (`rlvr/batching.py`).

Example:
    >>> shape(ShapingSpec(scale=2, offset=-1, overlong_buffer=4), score=0.0, length=18, max_length=20)
    (-1.5, {'linear': -1.0, 'overlong': -0.5})
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapingSpec:
    """How scores become rewards.

    scale, offset: the linear map of the score. overlong_buffer: tokens before the maximum length in which the penalty
    grows; None = overlong_share of that maximum; 0 = no penalty. overlong_factor: multiplies the penalty.
    overlong_filter: samples cut off at the maximum length leave the loss.
    """

    scale: float = 1.0
    offset: float = 0.0
    overlong_buffer: int | None = None
    overlong_share: float = 0.0
    overlong_factor: float = 1.0
    overlong_filter: bool = False


def shape(
    spec: ShapingSpec, *, score: float | None, length: int, max_length: int
) -> tuple[float | None, dict[str, float]]:
    """The reward, and the contribution of each term. A score of None gives a reward of None.

    Args:
        length: tokens of the response. max_length: the longest response allowed at this stage of the run.
    """
    if score is None:
        return None, {}
    reward = spec.scale * score + spec.offset
    amounts = {} if reward == score else {"linear": reward - score}
    if buffer := buffer_tokens(spec, max_length):
        amounts["overlong"] = spec.overlong_factor * soft_overlong_penalty(length, max_length, buffer)
    return reward + amounts.get("overlong", 0.0), amounts


def soft_overlong_penalty(length: int, max_length: int, buffer: int) -> float:
    """0 up to max_length - buffer, then linear to -1 at max_length, -1 beyond."""
    if length > max_length:
        return -1.0
    return min(0.0, (max_length - buffer - length) / buffer)


def buffer_tokens(spec: ShapingSpec, max_length: int) -> int:
    """The buffer length in tokens; at most `max_length`."""
    if spec.overlong_buffer is not None:
        return min(spec.overlong_buffer, max_length)
    return round(spec.overlong_share * max_length)
