r"""Notations of derivatives: `f'(x)`, `y'`, `\frac{dy}{dx}`, `\frac{\partial f}{\partial x}`, `f_x`.

Example:
    >>> are_alike("y'", r"\fracdydx"), are_alike(r"\fracdydx", r"\fracdxdy"), are_alike("y''", "y'")
    (True, False, False)
"""

from __future__ import annotations

import re
from typing import NamedTuple

_D = r"(?:d|\\partial)"
_FRACTION = re.compile(
    rf"\\frac{_D}(?:\^(\d))?([a-zA-Z])?(?:\([^()]*\))?{_D}([a-zA-Z])(?:\^(\d))?(?:([a-zA-Z])(?:\(([a-z])\))?)?"
)
_STROKE = re.compile(r"d(?:\^(\d))?([a-zA-Z])/d([a-zA-Z])(?:\^(\d))?")
_PRIMES = re.compile(r"([a-zA-Z])('+)(?:\(([a-z])\))?")
_INDEX = re.compile(r"([fgFuvwz])_([xyzt])")


class _Derivative(NamedTuple):
    function: str
    variable: str  # "" where it is not said
    order: int


def _read(name: str) -> _Derivative | None:
    """Parse a name without spaces and braces; None if it is not a derivative."""
    if found := _FRACTION.fullmatch(name):
        order, function, variable, again, behind, _of = found.groups()
        if bool(function) == bool(behind) or order != again:
            return None
        return _Derivative(function or behind, variable, int(order or 1))
    if found := _STROKE.fullmatch(name):
        return _Derivative(found[2], found[3], int(found[1] or 1)) if found[1] == found[4] else None
    if found := _PRIMES.fullmatch(name):
        return _Derivative(found[1], found[3] or "", len(found[2]))
    found = _INDEX.fullmatch(name)
    return None if found is None else _Derivative(found[1], found[2], 1)


def are_alike(one: str, other: str) -> bool:
    """Whether two names denote the same derivative; `y` is a function of `x`."""
    a, b = _read(one), _read(other)
    if a is None or b is None or a.order != b.order:
        return False
    if a.variable and b.variable and a.variable != b.variable:
        return False
    return a.function == b.function or ("y" in (a.function, b.function) and {a.function, b.function} <= set("yfgh"))
