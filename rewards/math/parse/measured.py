"""Parse one value with a unit, a currency sign, a percent sign, a scale or degrees, or with several units of one kind.

A quantity in several units, the largest first (`2 hours 30 minutes`, `5 feet 10 inches`, `5'10"`), is converted to the
smallest; each part except the first must be less than one of the previous unit.

Example:
    >>> in_smallest("2 hours and 30 minutes"), in_smallest("5'10''"), in_smallest("2 hours 90 minutes")
    ('150 minutes', '70 inches', None)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from rewards.math.expressions import Expr, Num, Op, multiply, negative, number, walk
from rewards.math.lexicon import SCALES
from rewards.math.measures import is_unit
from rewards.math.notation.tokens import Kind, NotMaths, Token
from rewards.math.parse.commands import Parser
from rewards.math.units import CURRENCIES, Unit, priced, read_unit
from rewards.math.values import Scalar, Value

_PERCENT = re.compile(r"\s*(?:percent(?:age)?|per cent|pct)\b")
_DEGREE = read_unit("degree") or Unit()


def scalars(found: Sequence[Token]) -> list[Value]:
    """All readings of one value with a unit. Raises NotMaths if there are none."""
    values: list[Value] = []
    failed: NotMaths | None = None
    is_ambiguous = any(token.kind in (Kind.LETTER, Kind.WORD) and is_unit(token.text) for token in found)
    for units in (True, False) if is_ambiguous else (False,):  # without a unit, both are the same
        try:
            for one in _scalar(found, units=units):
                if one not in values:
                    values.append(one)
        except NotMaths as error:
            failed = error
    if not values and failed is not None:
        raise failed
    return values


def _scalar(found: Sequence[Token], *, units: bool) -> list[Value]:
    money = ""
    sign = 1
    at = 0
    if found[0].text == "-" and len(found) > 1 and found[1].text in CURRENCIES:
        sign, at = -1, 1
    if found[at].text in CURRENCIES and len(found) > at + 1:
        money, at = CURRENCIES[found[at].text], at + 1
    parser = Parser(found[at:], units=units)
    expression = parser.expression()
    if sign < 0:
        expression = negative(expression)
    percent = parser.take("%")
    rest = parser.rest()
    behind = " ".join(token.text for token in rest).replace(" .", ".")
    expression, behind = _scaled(expression, behind)
    if (in_words := _PERCENT.match(behind)) is not None:
        percent, behind = True, behind[in_words.end() :]
    if any(sign in behind for sign in CURRENCIES):
        for mark, name in CURRENCIES.items():
            behind = behind.replace(mark, f" {name} ")
    unit = read_unit(behind.strip())
    if unit is None:
        raise NotMaths(f"what is no unit stands behind a value: {behind!r:.60}")
    if money:
        unit = _priced(money, unit, behind)
    degrees = _degrees(expression)
    if degrees is not None:
        expression = degrees
        unit = _DEGREE if unit.dimension else replace(_DEGREE, words=unit.words, manner=unit.manner)
    return [Scalar(expression, unit, percent)]


def _priced(money: str, unit: Unit, behind: str) -> Unit:
    """The unit of an amount of money; only what it pays for may follow (`$15 per hour`), no other unit."""
    currency = read_unit(money) or Unit()
    if unit.dimension not in ((), currency.dimension) and not behind.strip().startswith(("per ", "/")):
        raise NotMaths(f"an amount of money with another unit: {behind!r:.60}")
    if unit.dimension in ((), currency.dimension):
        return replace(currency, words=unit.words, manner=unit.manner)
    return priced(currency, unit)


def _scaled(expression: Expr, behind: str) -> tuple[Expr, str]:
    """Multiply by a following scale: `5 million`."""
    words = behind.split()
    while words and words[0].lower() in SCALES:
        scale = SCALES[words.pop(0).lower()]
        expression = (
            Num(expression.value * scale) if isinstance(expression, Num) else multiply(expression, number(scale))
        )
    return expression, " ".join(words)


def _degrees(expression: Expr) -> Expr | None:
    """The number of degrees of an angle: `a°`, multiples and sums of such; None for others."""
    if not isinstance(expression, Op):
        return None
    if expression.name == "deg":
        return expression.args[0]
    parts = [_degrees(arg) for arg in expression.args]
    found = [part for part in parts if part is not None]
    if expression.name == "+" and len(found) == len(parts):
        return Op("+", tuple(found))
    if (
        expression.name == "*"
        and len(found) == 1
        and not any(
            isinstance(one, Op) and one.name == "deg"
            for arg, part in zip(expression.args, parts, strict=True)
            if part is None
            for one in walk(arg)
        )
    ):
        args = [arg if part is None else part for arg, part in zip(expression.args, parts, strict=True)]
        return multiply(*args)
    return None


# --- several units of one kind ----------------------------------------------------------------------------------------

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
