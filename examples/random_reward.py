"""A reward that pays by coin toss: the control that shows whether the reward is what teaches.

The toss depends only on the problem, the draw and the sample, so a run with it can be resumed exactly.
"""

import hashlib

from rewards import GradeRequest, reward


@reward("coin", correctness=True)
def coin(request: GradeRequest) -> float:
    """1 or 0 with equal chances, whatever the response says."""
    key = f"{request.problem_id} {request.group_id} {request.sample_id}".encode()
    return float(hashlib.sha256(key).digest()[0] & 1)
