"""Parse one value with a unit, a currency sign, a percent sign, a scale or degrees."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

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
