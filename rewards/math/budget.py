"""How much work one comparison may take before it is left undecided.

`begin` is called once for each comparison. There are two purses: steps of exact forms, and steps of numbers to many
digits. sympy is not counted: the deadline of the worker ends it.
"""

from __future__ import annotations

_EXACT_STEPS = 200_000  # each purse is about a second
_NUMERIC_STEPS = 20_000
_left = {"exact": _EXACT_STEPS, "numeric": _NUMERIC_STEPS}


def begin() -> None:
    """A new comparison."""
    _left.update(exact=_EXACT_STEPS, numeric=_NUMERIC_STEPS)


def spend(purse: str, steps: int) -> bool:
    """Whether so many steps are left; they are gone then."""
    _left[purse] -= steps
    return _left[purse] >= 0
