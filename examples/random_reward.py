"""A reward that pays by the toss of a coin: the control that shows whether it is the reward that teaches.

The toss is decided by the problem, the draw and the sample, so a run with it resumes exactly like any other.
"""

import hashlib

from rewards import GradeRequest, reward


@reward("coin", correctness=True)
def coin(request: GradeRequest) -> float:
    """1 or 0 with equal chances, whatever the response says."""
    key = f"{request.problem_id} {request.group_id} {request.sample_id}".encode()
    return float(hashlib.sha256(key).digest()[0] & 1)
