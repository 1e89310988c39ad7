"""Checks of requests that no engine can serve, made before the first token.

Example:
    >>> check_parameters(SamplingParameters(top_p=0.0))
    Traceback (most recent call last):
    rlvr.errors.RolloutError: top_p is 0.0; it must be above 0 and at most 1 (1 = keep all)
"""

from __future__ import annotations

import math

from rlvr.errors import RolloutError
from rlvr.types import RolloutRequest, SamplingParameters


def name_of(index: int, request: RolloutRequest) -> str:
    """The name of a request in messages: `prompt 3 (draw 40, sample 1)`."""
    return f"prompt {index} (draw {request.draw_index}, sample {request.sample_index})"


def check_parameters(sampling: SamplingParameters) -> None:
    """Reject invalid sampling parameters. Raises RolloutError."""
    if not (math.isfinite(sampling.temperature) and sampling.temperature >= 0.0):
        raise RolloutError(f"temperature is {sampling.temperature}; it must be finite and at least 0 (0 = greedy)")
    if sampling.top_k < 0:
        raise RolloutError(f"top_k is {sampling.top_k}; it must be at least 0 (0 = keep all)")
    if not 0.0 < sampling.top_p <= 1.0:
        raise RolloutError(f"top_p is {sampling.top_p}; it must be above 0 and at most 1 (1 = keep all)")
    if not 0.0 <= sampling.min_p <= 1.0:
        raise RolloutError(f"min_p is {sampling.min_p}; it must be in [0, 1] (0 = keep all)")
    if sampling.max_tokens < 1:
        raise RolloutError(f"max_tokens is {sampling.max_tokens}; it must be at least 1")
    if isinstance(sampling.stop, str):  # type: ignore[unreachable]  # a str is a sequence of strings to a caller
        raise RolloutError(f"stop is the string {sampling.stop!r}; give a tuple of strings, ({sampling.stop!r},)")
    if any(not text for text in sampling.stop):
        raise RolloutError("stop contains an empty string, which would end every response before its first token")


def check_request(index: int, request: RolloutRequest) -> None:
    """Reject a request that no engine can serve. Raises RolloutError, naming it."""
    check_parameters(request.sampling)
    if not request.prompt_T:
        raise RolloutError(
            f"{name_of(index, request)} is empty; give it at least one token, such as the tokenizer's bos token"
        )
    if min(request.seed, request.draw_index, request.sample_index) < 0:
        raise RolloutError(f"{name_of(index, request)} has seed {request.seed}; none of the three may be negative")
