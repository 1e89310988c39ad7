r"""Bounds in words: `greater than 4`, `5 or more`, `x is at most 3`, `all real numbers less than 2`.

Example:
    >>> from rewards.math.parse.structure import maths
    >>> half_line("5 or more") == maths(r"[5, \infty)"), half_line("x is less than 2") == maths("x < 2")
    (True, True)
    >>> half_line("5 or 6") is None
    True
"""

from __future__ import annotations

import re

from rewards.math.parse.structure import maths
from rewards.math.values import Scalar, Value

_BOUNDED = re.compile(
    r"(?:(?P<name>[a-z]) (?:is|are|must be) "
    r"|(?:the )?(?:set of )?(?:all |any |every )?(?:the )?real (?:numbers?|values?(?: of)?)(?: (?P<letter>[a-z]))?,? "
    r"(?:that (?:are|is) |which are )?)?"
    r"(?:(?:(?P<closed>at least|at most|no less than|no more than|not less than|not more than)"
    r"|(?P<open>greater|more|larger|bigger|higher|less|smaller|fewer|lower) than(?P<equal>,? or equal to)?)"
    r" (?P<value>[^a-z]{1,60})"
    r"|(?P<end>[^a-z]{1,60}) or (?P<beyond>more|greater|larger|higher|above|less|fewer|smaller|lower|below))"
)
_ABOVE = ("at least", "no less than", "not less than", "greater", "more", "larger", "bigger", "higher", "above")


def half_line(text: str) -> list[Value] | None:
    """The numbers beyond a bound that is said in words; None where the text says no such thing."""
    said = _BOUNDED.fullmatch(text)
    if said is None:
        return None
    end = said["value"] or said["end"]
    value = maths(end)
    if not value or not isinstance(value[0], Scalar) or not value[0].unit.is_nothing:
        return None
    is_above = (said["closed"] or said["open"] or said["beyond"]) in _ABOVE
    is_open = said["open"] is not None and said["equal"] is None
    if letter := said["name"] or said["letter"]:
        sign = (">" if is_above else "<") if is_open else ("\\ge" if is_above else "\\le")
        return maths(f"{letter} {sign} {end}")
    opening, closing = "()" if is_open else "[]"
    return maths(rf"{opening}{end}, \infty)" if is_above else rf"(-\infty, {end}{closing}")
