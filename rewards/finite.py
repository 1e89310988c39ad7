"""Numbers as people write them into rows and configurations: what is one, and what no float can hold.

Example:
    >>> finite(3), finite(0.5), finite(True), finite("3"), finite(float("nan")), finite(10**400)
    (3.0, 0.5, None, None, None, None)
"""

from __future__ import annotations

import sys


def finite(value: object) -> float | None:
    """The finite number that a value is; None where it is no number, a flag, NaN, infinite or beyond all floats."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= sys.float_info.max:
        return None
    return float(value)
