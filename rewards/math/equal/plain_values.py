r"""Values that a text plainly is: a number, a fraction, a multiple of one square root or of pi. Of all else, nothing.

Two such values are equal exactly where they are written alike in lowest terms: square roots of numbers without square
factors are independent of each other and of 1, and pi of both. It is linear in the length of texts that are capped.

Example:
    >>> plain_value(r"\frac{2\sqrt{3}}{4}") == plain_value(r"\frac12\sqrt{3}"), plain_value("x")
    (True, None)
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

_LONGEST = 40
_MOST_DECIMAL_DIGITS = 7
# Too short for a decimal to be the rounding of an exact value (`decide.same`); no needless zero in front, which might
# make the comma a decimal one.
_NUMBER = re.compile(r"(-?)(0|[1-9]\d{0,2}(?:,\d{3}){1,2}|[1-9]\d{0,14})(\.\d{1,6})?")
_FRACTION = re.compile(r"(-?)\s?\\[dt]?frac(?:\{(-?[1-9]\d{0,14})\}\{([1-9]\d{0,14})\}|([1-9])([1-9]))")
_TIMES = r"(?:\\sqrt\s?(?:\{([1-9]\d{0,3})\}|([2-9]))|(\\pi))"
_MULTIPLE = re.compile(
    rf"(-?)\s?(?:([1-9]\d{{0,5}})|\\[dt]?frac\{{([1-9]\d{{0,5}})\}}\{{([1-9]\d{{0,5}})\}}"
    r"|\\[dt]?frac([1-9])([1-9]))?"
    rf"\s?{_TIMES}"
)
_OVER = re.compile(rf"(-?)\s?\\[dt]?frac\{{(-?)([1-9]\d{{0,5}})?\s?{_TIMES}\}}\{{([1-9]\d{{0,5}})\}}")
_POINT = re.compile(r"\(\s?-?\d{1,9}(?:,\s-?\d{1,9}|,-?\d{1,2}(?!\d)|,-?\d{4,9})+\s?\)")


class Plain(NamedTuple):
    """A number, times the root of one without square factors, or times pi. is_point: several whole numbers instead."""

    number: Fraction | int = 0
    under: int = 1
    pi: bool = False
    is_point: bool = False

    @property
    def is_number(self) -> bool:
        return self.under == 1 and not self.pi and not self.is_point


def plain_value(text: str) -> Plain | None:
    """What a text plainly is; None for all else."""
    if len(text) > _LONGEST:
        return None
    if text.isdigit() and text.isascii() and len(text) < 16 and text[0] != "0":
        return Plain(int(text))
    text = text.strip("$ ")
    found = _NUMBER.fullmatch(text)
    if found is not None:
        sign, whole, decimals = found.groups()
        if decimals is None:
            return Plain(int(sign + whole.replace(",", "")))
        return (
            Plain(Fraction(text.replace(",", ""))) if len(whole) + len(decimals) - 1 <= _MOST_DECIMAL_DIGITS else None
        )
    if "\\" not in text:
        return Plain(is_point=True) if text[:1] == "(" and _POINT.fullmatch(text) else None
    found = _FRACTION.fullmatch(text)
    if found is not None:
        sign, top, bottom, short_top, short_bottom = found.groups()
        value = Fraction(int(top or short_top), int(bottom or short_bottom))
        return Plain(-value if sign else value)
    found = _MULTIPLE.fullmatch(text)
    if found is not None:
        sign, whole, top, bottom, short_top, short_bottom, *of = found.groups()
        value = Fraction(int(whole or top or short_top or 1), int(bottom or short_bottom or 1))
        return _times(-value if sign else value, *of)
    found = _OVER.fullmatch(text)
    if found is not None:
        sign, inner, top, *of, bottom = found.groups()
        value = Fraction(int(top or 1), int(bottom))
        return _times(value if bool(sign) == bool(inner) else -value, *of)
    return None


def _times(value: Fraction, under: str | None, digit: str | None, pi: str | None) -> Plain:
    if pi:
        return Plain(value, pi=True)
    left = int(under or digit or 1)
    root = 1
    divisor = 2
    while divisor * divisor <= left:
        while left % (divisor * divisor) == 0:
            left //= divisor * divisor
            root *= divisor
        divisor += 1
    return Plain(value * root, left)
