"""Quantities in several units of one kind, the largest first: `2 hours 30 minutes`, `5 feet 10 inches`, `5'10"`.

They are converted to the smallest unit; each part except the first must be less than one of the previous unit.

Example:
    >>> in_smallest("2 hours and 30 minutes"), in_smallest("5'10''"), in_smallest("2 hours 90 minutes")
    ('150 minutes', '70 inches', None)
"""

from __future__ import annotations

import re
from fractions import Fraction

from rewards.math.units import Unit, read_unit

_PART = r"(\d+(?:\.\d+)?)\s*([a-z]+)\.?"
_PARTS = re.compile(rf"{_PART}(?:,?\s+(?:and\s+)?{_PART})+", re.IGNORECASE)
_EACH = re.compile(_PART, re.IGNORECASE)
_PRIMED = re.compile(r"(\d+)\s*'\s*(\d+(?:\.\d+)?)\s*(?:''|\")")
_HOURS = re.compile(r"(\d+)\s*h(?:rs?)?\s*(\d+)\s*m(?:ins?)?\Z", re.IGNORECASE)  # `1h30m`: m is no metre here
_ANGLE = re.compile(
    r"(\d+)\s*degrees?,?\s+(?:and\s+)?(\d+)\s*minutes?(?:,?\s+(?:and\s+)?(\d+)\s*seconds?)?", re.IGNORECASE
)
_LONGEST = 40


def in_smallest(text: str) -> str | None:
    """The quantity in its smallest unit; None if the text is not a quantity in several units."""
    if len(text) > _LONGEST or not text[:1].isdigit():
        return None
    if (angle := _ANGLE.fullmatch(text)) is not None:
        degrees, minutes, seconds = (int(part or 0) for part in angle.groups())
        total = degrees + Fraction(minutes, 60) + Fraction(seconds, 3600)
        return f"{total} degrees" if max(minutes, seconds) < 60 else None
    text = _HOURS.sub(r"\1 hours \2 minutes", _PRIMED.sub(r"\1 feet \2 inches", text))
    if not _PARTS.fullmatch(text):
        return None
    total, before, name = Fraction(0), None, ""
    for amount, name in _EACH.findall(text):
        unit = read_unit(name)
        if unit is None or not unit.dimension or not _is_within(Fraction(amount), unit, before):
            return None
        total, before = total + Fraction(amount) * unit.factor, unit
    assert before is not None
    smallest = total / before.factor
    return f"{smallest} {name}"


def _is_within(amount: Fraction, unit: Unit, before: Unit | None) -> bool:
    """Whether the amount is less than one of the previous unit."""
    return before is None or (unit.dimension == before.dimension and amount * unit.factor < before.factor)
