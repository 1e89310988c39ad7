r"""Numbers as answers give them, read in linear time into exact fractions.

    number   = [sign] [currency] core [percent] [scale] [unit]
    core     = mixed | fraction | decimal [times ten to the n]
    mixed    = 3\frac{1}{2} | 3 1/2
    fraction = \frac{a}{b} | a/b
    decimal  = 12 | 1,234.5 | 1 234 | .5

Lengths, digits and exponents are bounded before anything is computed. What is not such a number is left to others.

Example:
    >>> read_number("$1,234.50").value
    Fraction(2469, 2)
    >>> read_number("3 4") is None
    True
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

LONGEST = 400
# A decimal of at least so many places may stand for what rounds to it.
FEWEST_DECIMALS = 4
_MOST_DIGITS = 200
_LARGEST_EXPONENT = 400

_DECIMAL = r"(?:\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d{1,3}(?: \d{3})+(?![\d/])(?:\.\d+)?|\d+(?:\.\d*)?|\.\d+)"
_SIGNED = rf"[-+]? ?{_DECIMAL}"
_MARKS = r"(?:\$|£|€|¥|₹|USD|Rs\.?)"
_NUMBER = re.compile(
    rf"(?P<sign>[-+])? ?(?:(?P<mark>{_MARKS}) ?)?(?P<inner>[-+])?(?:"
    rf"(?P<whole>\d+) ?\\frac\{{ ?(?P<top>\d+) ?\}} ?\{{ ?(?P<bottom>\d+) ?\}}"
    r"|(?P<whole2>\d+)(?: and)? (?P<top2>\d+) ?/ ?(?P<bottom2>\d+)"
    rf"|\\frac\{{ ?(?P<numerator>{_SIGNED}) ?\}} ?\{{ ?(?P<denominator>{_SIGNED}) ?\}}"
    rf"|(?P<over>{_DECIMAL}) ?/ ?(?P<under>{_SIGNED})"
    rf"|(?P<decimal>{_DECIMAL})(?:[eE](?P<e>[-+]?\d{{1,4}})"
    r"|(?: ?(?:\\times|\\cdot|\*|x) ?10 ?\^ ?(?:\{ ?(?P<braced>[-+]?\d{1,4}) ?\}|(?P<power>[-+]?\d{1,4}))))?"
    r")(?P<percent> ?(?:%|percent\b|per cent\b|pct\b))?"
)
_UNIT = re.compile(r"( ?)([A-Za-z]+)\.?(?: ?\^ ?\{?(\d)\}?)?( ?/)?")

_SCALES = {"hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
# One name for each unit that is told from others; a word that is not here is a unit that is told from none.
_UNITS = {
    alias: name
    for name, aliases in {
        "m": "m meter meters metre metres",
        "cm": "cm centimeter centimeters centimetre centimetres",
        "mm": "mm millimeter millimeters millimetre millimetres",
        "km": "km kilometer kilometers kilometre kilometres",
        "in": "in inch inches",
        "ft": "ft foot feet",
        "yd": "yd yard yards",
        "mi": "mi mile miles",
        "g": "g gram grams",
        "kg": "kg kilogram kilograms",
        "lb": "lb lbs pound pounds",
        "oz": "oz ounce ounces",
        "l": "l L liter liters litre litres",
        "ml": "ml mL milliliter milliliters",
        "s": "s sec secs second seconds",
        "min": "min mins minute minutes",
        "h": "h hr hrs hour hours",
        "day": "day days",
        "week": "week weeks",
        "month": "month months",
        "year": "year years yr yrs",
        "dollar": "dollar dollars",
        "cent": "cent cents",
    }.items()
    for alias in aliases.split()
}
_SHORT_UNITS = {"sq", "cu", "mph", "kmh", "kph", "pm", "am", "pt", "J", "N", "W", "V", "A", "K", "C", "F", "Hz", "Pa"}
# Words that make a number part of something else.
_NOT_UNITS = frozenset(
    {"or", "and", "to", "is", "are", "not", "than", "if", "then", "else", "between", "from", "through", "nor", "either"}
    | {"plus", "minus", "times", "over", "mod", "div", "base", "sin", "cos", "tan", "csc", "cot", "log", "ln", "exp"}
    | {"lim", "max", "gcd", "lcm", "pi", "sqrt", "squared", "cubed", "factorial", "negative", "half", "halves"}
    | {"third", "thirds", "quarter", "quarters", "fourth", "fourths", "fifth", "fifths", "sixth", "sixths", "eighth"}
    | {"eighths", "tenth", "tenths", "hundredth", "hundredths", "unless", "maybe", "perhaps", "possibly", "versus"}
    | {"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"}
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with what stood beside it.

    decimals: digits after the point where it was written as a decimal, else None. unit: its name, empty = none known.
    """

    value: Fraction
    percent: bool = False
    decimals: int | None = None
    unit: str = ""


def _fraction(text: str) -> Fraction | None:
    digits = text.replace(",", "").replace(" ", "")
    if len(digits) > _MOST_DIGITS:
        return None
    return Fraction(digits if not digits.endswith(".") else digits[:-1])


def _ratio(top: str, bottom: str) -> Fraction | None:
    numerator, denominator = _fraction(top), _fraction(bottom)
    return None if numerator is None or not denominator else numerator / denominator


def _core(match: re.Match[str]) -> tuple[Fraction | None, int | None]:
    """Value and decimals of a match."""
    part = match.groupdict()
    if part["whole"] or part["whole2"]:
        whole = _fraction(part["whole"] or part["whole2"])
        rest = _ratio(part["top"] or part["top2"], part["bottom"] or part["bottom2"])
        return (None if whole is None or rest is None else whole + rest), None
    if part["numerator"]:
        return _ratio(part["numerator"], part["denominator"]), None
    if part["over"]:
        return _ratio(part["over"], part["under"]), None
    value = _fraction(part["decimal"])
    exponent = int(part["e"] or part["braced"] or part["power"] or 0)
    if value is None or abs(exponent) > _LARGEST_EXPONENT:
        return None, None
    decimals = len(part["decimal"].partition(".")[2]) if "." in part["decimal"] and not exponent else None
    return value * Fraction(10) ** exponent, decimals


def _unit(rest: str) -> tuple[int, str] | None:
    """Scale and unit of what follows a number; None where it is not a unit."""
    scale, unit, at, count = 1, "", 0, 0
    while at < len(rest):
        match = _UNIT.match(rest, at)
        if match is None or count == 6:
            return None
        word, spaced = match.group(2), bool(match.group(1)) or count > 0
        lower = word.lower()
        known = word in _UNITS or word in _SHORT_UNITS
        if lower in _NOT_UNITS or (not known and (len(word) < 3 or not spaced)):
            return None
        if lower in _SCALES and not unit:
            scale *= _SCALES[lower]
        elif not unit:
            unit = _UNITS.get(word, _UNITS.get(lower, "")) + (match.group(3) or "")
        at, count = match.end(), count + 1
    return scale, unit


def read_number(text: str) -> Quantity | None:
    """The number that a normalised text is, whole; None where it is something else or too long."""
    if len(text) > LONGEST:
        return None
    while len(text) > 2 and text[0] == "{" and text[-1] == "}" and "}" not in text[:-1]:
        text = text[1:-1].strip()
    match = _NUMBER.match(text)
    if match is None:
        return None
    value, decimals = _core(match)
    unit = _unit(text[match.end() :].rstrip(" ."))
    if value is None or unit is None or (match["sign"] and match["inner"]):
        return None
    if "-" in (match["sign"], match["inner"]):
        value = -value
    name = unit[1] or ("dollar" if match["mark"] == "$" else "")
    return Quantity(value * unit[0], percent=match["percent"] is not None, decimals=decimals, unit=name)


def same_number(gold: Quantity, answer: Quantity) -> bool:
    """Equal values: exactly, as percent, or as a rounding to four or more decimals of what has no such decimal form.

    A percent sign may be left out (`50` for `50%`), and a percentage may be given as its value (`0.5`). Two different
    known units are two different answers.
    """
    if gold.unit and answer.unit and gold.unit != answer.unit:
        return False
    if gold.value == answer.value:
        return gold.percent == answer.percent or abs(gold.value) >= 1 or gold.value == 0
    if gold.percent != answer.percent:
        gold_value = gold.value / 100 if gold.percent else gold.value
        answer_value = answer.value / 100 if answer.percent else answer.value
        return gold_value == answer_value
    return _rounds_to(gold, answer) or _rounds_to(answer, gold)


def _rounds_to(exact: Quantity, rounded: Quantity) -> bool:
    if rounded.decimals is None or rounded.decimals < FEWEST_DECIMALS or exact.decimals is not None:
        return False
    return abs(exact.value - rounded.value) <= Fraction(1, 2 * 10**rounded.decimals)
