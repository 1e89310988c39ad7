"""A reward of your own: pays for short responses. See the README for how to try it and how to train with it."""

from rewards import GradeRequest, reward


@reward("concise", floor=0.0, ceiling=1.0)
def concise(request: GradeRequest, *, limit: int = 400) -> float:
    """1 for an empty response, falling to 0 at `limit` characters."""
    return max(0.0, 1.0 - len(request.response) / limit)
