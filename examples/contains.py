"""An easily fooled reward, to demonstrate `rlvr audit`: it pays for any response that mentions the answer.

rlvr audit --reward examples/contains.py:contains
"""

from __future__ import annotations

from rewards import GradeRequest, reward
from rewards.types import MathReference


@reward("contains", correctness=True)
def contains(request: GradeRequest) -> bool:
    """Whether the response contains the answer anywhere."""
    reference = request.reference
    assert isinstance(reference, MathReference), f"contains needs a math answer, not {reference.type}"
    return str(reference.answer) in request.response
