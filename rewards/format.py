"""The R1-Zero response format: `<think>…</think>` and then `<answer>…</answer>`, each exactly once, nothing outside.

The reward `format` pays 1 where the whole response has this shape and 0 elsewhere; it says nothing of what the answer
is. White space may stand around and between the two blocks; the answer must not be blank. Linear in the length.

Example:
    >>> fault_of("<think>2+3 is 5</think> <answer>5</answer>")
    ''
    >>> fault_of("<answer>5</answer>")
    'no <think>'
"""

from __future__ import annotations

from rewards.registry import reward
from rewards.types import GradeRequest, GradeResult

_TAGS = ("<think>", "</think>", "<answer>", "</answer>")


def fault_of(response: str, *, prefilled: bool = False) -> str:
    """What is wrong with the shape of a response; empty = nothing.

    prefilled: the prompt ended in `<think>`, so the response begins inside it.
    """
    text = "<think>" + response if prefilled else response
    ends: list[tuple[int, int]] = []
    for tag in _TAGS:
        count = text.count(tag)
        if count != 1:
            return f"no {tag}" if count == 0 else f"{tag} stands {count} times"
        start = text.index(tag)
        ends.append((start, start + len(tag)))
    if [start for start, _ in ends] != sorted(start for start, _ in ends):
        return "the tags are not in the order <think> </think> <answer> </answer>"
    (think, _), (_, think_end), (answer, answer_inside), (answer_end, end) = ends
    outside = (
        ("before <think>", text[:think]),
        ("between </think> and <answer>", text[think_end:answer]),
        ("after </answer>", text[end:]),
    )
    for where, between in outside:
        if between.strip():
            return f"text {where}: {between.strip()[:40]!r}"
    return "" if text[answer_inside:answer_end].strip() else "the answer is blank"


@reward("format", correctness=True)
def format_reward(request: GradeRequest, *, prefilled: bool = False) -> GradeResult:
    """1 where the response has the format, 0 where not. `prefilled`: the prompt ends in `<think>`."""
    fault = fault_of(request.response, prefilled=prefilled)
    return GradeResult.wrong(fault) if fault else GradeResult.correct()
