"""Validate numbers in rows and configurations.

Example:
    >>> finite(3), finite(0.5), finite(True), finite("3"), finite(float("nan")), finite(10**400)
    (3.0, 0.5, None, None, None, None)
"""

from __future__ import annotations

import sys


def finite(value: object) -> float | None:
    """The value as a finite float; None for non-numbers, bools, NaN, infinities, and integers too large for a float."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= sys.float_info.max:
        return None
    return float(value)
