"""How much work one comparison may take before it is left undecided: exact forms and numbers are made of small steps.

`begin` is called once for each comparison. sympy is not counted: the deadline of the worker ends it.
"""

from __future__ import annotations

_MOST_STEPS = 300_000  # about a second
_left = _MOST_STEPS


def begin() -> None:
    """A new comparison."""
    global _left
    _left = _MOST_STEPS


def spend(steps: int) -> bool:
    """Whether so many steps are left; they are gone then."""
    global _left
    _left -= steps
    return _left >= 0
