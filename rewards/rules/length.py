r"""The reward `length`: a score that depends only on the length of the response.

| shape | score of a length n, with the limit L |
|---|---|
| `linear` | linear from `at_zero` (1) at 0 to `at_limit` (0) at L |
| `cosine` | at_limit + (at_zero - at_limit) · (1 + cos(π n / L)) / 2 |
| `soft_overlong` | 0 up to L - buffer, then linear to -1 at L |

Beyond the limit, `linear` and `cosine` pay `beyond` (default: `at_limit`), and `soft_overlong` pays -1. `cosine` is
from E. Yeo et al., "Demystifying Long Chain-of-Thought Reasoning in LLMs" (arXiv 2502.03373). With `cosine`, a response
that reaches the limit, or was cut off before it, is paid `beyond` as well. `soft_overlong` is from Q. Yu et al., "DAPO"
(arXiv 2503.14476), equation 13. In Yeo et al. right and wrong responses have different curves, which a gate with `else`
expresses:

    gate: math
    then: {reward: length, label: right,
           parameters: {shape: cosine, limit: 8000, unit: tokens, at_zero: 2, at_limit: 1, beyond: -10}}
    else: {reward: length, label: wrong,
           parameters: {shape: cosine, limit: 8000, unit: tokens, at_zero: -10, at_limit: 0, beyond: -10}}

Example:
    >>> length(GradeRequest(response="a b c"), limit=4, unit="words").score
    0.25
    >>> length(GradeRequest(response="x" * 18), shape="soft_overlong", limit=20, buffer=4).score
    -0.5
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

from rewards.registry import reward
from rewards.types import Finish, GradeRequest, GradeResult, Verdict

Shape: TypeAlias = Literal["linear", "cosine", "soft_overlong"]
Unit: TypeAlias = Literal["characters", "words", "tokens"]

_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """The values of a curve. limit, buffer: lengths, in the unit of the reward."""

    limit: int
    buffer: int
    at_zero: float
    at_limit: float
    beyond: float

    def between(self, share: float) -> float:
        """Interpolate from `at_zero` (share 0) to `at_limit` (share 1); their difference may overflow a float."""
        return self.at_zero * (1.0 - share) + self.at_limit * share


def linear(curve: Curve, count: int, cut: bool) -> float:  # noqa: ARG001  # all shapes have one signature
    """Linear from `at_zero` to `at_limit`."""
    return curve.beyond if count > curve.limit else curve.between(count / curve.limit)


def cosine(curve: Curve, count: int, cut: bool) -> float:
    """Half a cosine wave, flat at both ends."""
    if count >= curve.limit or cut:
        return curve.beyond
    return curve.between((1.0 - math.cos(math.pi * count / curve.limit)) / 2.0)


def soft_overlong(curve: Curve, count: int, cut: bool) -> float:  # noqa: ARG001
    """A penalty that grows within the buffer before the limit."""
    return max(-1.0, min(0.0, (curve.limit - curve.buffer - count) / curve.buffer))


_SHAPES: dict[Shape, Callable[[Curve, int, bool], float]] = {
    "linear": linear,
    "cosine": cosine,
    "soft_overlong": soft_overlong,
}


def _tokens(request: GradeRequest) -> int | None:
    count = request.metadata.get("tokens")
    return count if isinstance(count, int) and not isinstance(count, bool) and count >= 0 else None


_COUNTS: dict[Unit, Callable[[GradeRequest], int | None]] = {
    "characters": lambda request: len(request.response),
    "words": lambda request: sum(1 for _ in _WORD.finditer(request.response)),
    "tokens": _tokens,
}


def _check(
    *,
    limit: int,
    shape: Shape,
    unit: Unit,  # noqa: ARG001  # its type says all
    buffer: int | None,
    at_zero: float | None,
    at_limit: float | None,
    beyond: float | None,
) -> None:
    if limit < 1:
        raise ValueError(f"parameter 'limit' is {limit}; give the longest length, at least 1")
    values = {"at_zero": at_zero, "at_limit": at_limit, "beyond": beyond}
    for name, value in values.items():
        if value is not None and not math.isfinite(value):
            raise ValueError(f"parameter {name!r} is {value}; give a finite number")
        if value is not None and shape == "soft_overlong":
            raise ValueError(f"parameter {name!r} is {value}, but the shape 'soft_overlong' goes from 0 to -1; drop it")
    if shape == "soft_overlong" and (buffer is None or not 1 <= buffer <= limit):
        raise ValueError(
            f"parameter 'buffer' is {buffer}; the shape 'soft_overlong' needs the length in which the penalty grows, "
            f"1 to the limit {limit}"
        )
    if shape != "soft_overlong" and buffer is not None:
        raise ValueError(f"parameter 'buffer' is {buffer}, but only the shape 'soft_overlong' has one, not {shape!r}")


def _extremes(parameters: Mapping[str, object]) -> tuple[float, ...]:
    if parameters["shape"] == "soft_overlong":
        return (-1.0, 0.0)
    at_zero, at_limit, beyond = (parameters[name] for name in ("at_zero", "at_limit", "beyond"))
    ends = (1.0 if at_zero is None else at_zero, 0.0 if at_limit is None else at_limit, beyond)
    return tuple(float(end) for end in ends if isinstance(end, int | float))


@reward(
    "length",
    version="2",
    floor=lambda parameters: min(_extremes(parameters)),
    ceiling=lambda parameters: max(_extremes(parameters)),
    validate=_check,
)
def length(
    request: GradeRequest,
    *,
    limit: int,
    shape: Shape = "linear",
    unit: Unit = "characters",
    buffer: int | None = None,
    at_zero: float | None = None,
    at_limit: float | None = None,
    beyond: float | None = None,
) -> GradeResult:
    """The score of the response's length. Part: `length`, the length itself.

    limit, buffer, at_zero, at_limit, beyond: the curve, see above. unit: `characters`, `words` (separated by white
    space), or `tokens`, which requires `metadata.tokens` in the request (set in training runs).
    """
    count = _COUNTS[unit](request)
    if count is None:
        return GradeResult.ungraded(
            "length in tokens needs their number in the request (metadata: {tokens: N}); "
            f"metadata.tokens is {request.metadata.get('tokens')!r:.80}; use unit: characters or words"
        )
    end = 0.0 if at_limit is None else at_limit
    curve = Curve(
        limit=limit,
        buffer=buffer or 0,
        at_zero=1.0 if at_zero is None else at_zero,
        at_limit=end,
        beyond=end if beyond is None else beyond,
    )
    score = _SHAPES[shape](curve, count, request.finish is Finish.LENGTH)
    return GradeResult(
        score=score + 0.0,
        verdict=Verdict.SCORED,
        reason=f"{count} {unit} of {limit}",
        parts=MappingProxyType({"length": float(count)}),
    )
