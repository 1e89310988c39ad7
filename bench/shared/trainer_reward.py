"""The reward of `bench/trainer.py` on both sides: so cheap that trainers are measured, and not graders."""

from __future__ import annotations

from rewards import GradeRequest, reward


def even(text: str) -> float:
    """1 for a text with an even number of characters, else 0: random policies get about half of each."""
    return float(len(text) % 2 == 0)


@reward("even")
def even_length(request: GradeRequest) -> float:
    return even(request.response)
