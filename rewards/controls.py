"""Answer the control requests of a reward: requests that a healthy grader must answer in time.

A pool makes a control call when a response is suspected of hanging its grader (`rewards.retry_policy`).
"""

from __future__ import annotations

from collections.abc import Sequence

from rewards.composite import Built
from rewards.declared import Reward, empty_response
from rewards.protocol import Grader
from rewards.registry import find
from rewards.spec import Leaf, RewardSpec
from rewards.types import GradeRequest


async def answer_controls(spec: RewardSpec, built: Built, requests: Sequence[GradeRequest]) -> None:
    """Have every named reward answer the control requests that it makes from the suspected ones.

    Any answer before the deadline counts, even `ungraded`. Each reward is asked separately, because a closed gate would
    skip its `then`.
    """
    for leaf in spec.leaves():
        await _answer(leaf, built.leaves[leaf.label], requests)


async def _answer(leaf: Leaf, grader: Grader, requests: Sequence[GradeRequest]) -> None:
    made = find(leaf.named.reward)
    rounds = [_controls_of(made, request) for request in requests]
    if made.batched:
        for number in range(max(map(len, rounds), default=0)):  # a request with fewer repeats its last one
            await grader.grade([controls[min(number, len(controls) - 1)] for controls in rounds])
        return
    for controls in rounds:
        for control in controls:
            await grader.grade([control])


def _controls_of(made: Reward, request: GradeRequest) -> list[GradeRequest]:
    """The control requests of a reward; an empty response if it makes none."""
    try:
        controls = list(made.controls(request))
    except Exception:  # the reward's own code; as an error of the grader it would count as an answer
        controls = []
    made_some = bool(controls) and all(isinstance(control, GradeRequest) for control in controls)
    return controls if made_some else list(empty_response(request))
