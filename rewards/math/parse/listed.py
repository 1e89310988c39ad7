r"""Expand a formula with the values of its letter: `e^{2\pi ik/3}, k = 0, 1, 2` is a list of three.

Example:
    >>> [len(one.items) for one in listed("2k + 1, k = 0, 1, 2")], listed("2k + 1, k = 3")
    ([3], None)
"""

from __future__ import annotations

import re

from rewards.math.expressions import free_variables, number, substituted
from rewards.math.parse.structure import maths
from rewards.math.values import Many, Named, Scalar, Value

_MOST = 60
_VALUES = re.compile(
    r"(?:,\s*|\s*“\s*,?\s*(?:for|where|with)\s*”\s*)\(?\s*([ijkmn])\s*=\s*"
    r"(-?\d{1,6}(?:\s*,\s*-?\d{1,6})+)(?:\s*,\s*(?:\\ldots|\.\.\.)\s*,\s*(\d{1,6}))?\s*\)?\Z"
)


def listed(text: str) -> list[Value] | None:
    """The listed values; None if the text is not of this form."""
    found = _VALUES.search(text) if text[-1:].isdigit() or text[-1:] == ")" else None
    if found is None or "," in text[: found.start()]:
        return None
    numbers = [int(one) for one in re.split(r"\s*,\s*", found[2])]
    if found[3]:
        step = numbers[1] - numbers[0]
        if step <= 0 or numbers != list(range(numbers[0], numbers[-1] + 1, step)):
            return None
        numbers = list(range(numbers[0], int(found[3]) + 1, step))
        if numbers[-1] != int(found[3]):
            return None
    each = [_at(one, found[1], numbers) for one in maths(text[: found.start()])]
    return [one for one in each if one is not None] or None


def _at(value: Value, letter: str, numbers: list[int]) -> Value | None:
    match value:
        case Scalar(expression=rule) if letter in free_variables(rule) and len(numbers) <= _MOST:
            return Many(tuple(Scalar(substituted(rule, letter, number(one)), value.unit) for one in numbers))
        case Named(name=name, value=inner) if not value.parameters:
            found = _at(inner, letter, numbers)
            return None if found is None else Named(name, found)
    return None
