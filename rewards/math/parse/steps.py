r"""Chains of equal members that are not just numbers: `(1+3, 2) = (4, 2)`, `20\% + 30\% = 50\%`, `32_5 = 17`.

The last member is the answer, and the others must equal it. In computations with units only the numbers count: units,
currency signs and degrees are ignored, a percent sign is 1/100. Degrees count next to `\arctan 1`, which is in radians.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

from rewards.math.expressions import FUNCTIONS, Num, Op, multiply, walk
from rewards.math.measures import is_unit
from rewards.math.notation.tokens import Kind, NotMaths, Token, tokens
from rewards.math.parse.commands import Parser
from rewards.math.units import CURRENCIES
from rewards.math.values import Many, Matrix, Ratio, Scalar, Steps, Value

_BASED = re.compile(r"\(?\s*([0-9A-Za-z]+)\s*\)?\s*_\s*\{?\s*(\d{1,2})\s*\}?")
_ANGLE = (("angle", 1),)


def worked(
    pieces: Sequence[Sequence[Token]], sources: Sequence[str], value_of: Callable[[Sequence[Token]], list[Value]]
) -> list[Value]:
    """Parse members joined by `=`; empty if one cannot be parsed."""
    last = value_of(pieces[-1])
    if not last:
        return []
    values: list[Value] = []
    for piece, source in zip(pieces, sources, strict=True):
        value = _based(source) or _measured(piece, value_of) or _bare(piece)
        if value is None:
            found = value_of(piece)
            if not found or not isinstance(found[0], Many | Matrix | Ratio):
                return []
            value = found[0]
        values.append(value)
    if any(map(_is_of_inverse, values)):
        values = list(map(_in_radians, values))
    return [Steps(tuple(values), one) for one in last]


def _is_of_inverse(value: Value) -> bool:
    """Whether the value is computed with an inverse trigonometric function."""
    if not isinstance(value, Scalar):
        return False
    return any(isinstance(one, Op) and one.name[:1] == "a" and one.name in FUNCTIONS for one in walk(value.expression))


def _in_radians(value: Value) -> Value:
    if not isinstance(value, Scalar) or value.unit.dimension != _ANGLE:
        return value
    return Scalar(Op("deg", (multiply(Num(value.unit.factor), value.expression),)))


def _based(source: str) -> Value | None:
    """The value of a number in a base; None for others."""
    match = _BASED.fullmatch(source)
    if match is None or not 2 <= int(match[2]) <= 36:
        return None
    try:
        return Scalar(Num(Fraction(int(match[1], int(match[2])))))
    except ValueError:
        return None


def _measured(piece: Sequence[Token], value_of: Callable[[Sequence[Token]], list[Value]]) -> Value | None:
    """A member that is one value with a unit, such as `0.5 h`; None for others."""
    try:
        found = value_of(piece)
    except NotMaths:
        return None
    return next((one for one in found if isinstance(one, Scalar) and isinstance(one.expression, Num)), None)


def _bare(piece: Sequence[Token]) -> Value | None:
    """A member without its units."""
    kept: list[Token] = []
    of_angles = any(token.text[1:] in FUNCTIONS for token in piece)
    at = 0
    while at < len(piece):
        token = piece[at]
        worded = token.kind is Kind.QUOTED or (token.kind is Kind.WORD and is_unit(token.text))
        if worded or (token.kind is Kind.LETTER and is_unit(token.text) and token.gap and kept):
            at += 1
            if at + 1 < len(piece) and piece[at].text == "^":
                at += 2
            continue
        degrees = token.text == "^" and at + 1 < len(piece) and piece[at + 1].text == "\\circ" and not of_angles
        if token.text in CURRENCIES or degrees:
            at += 1 if token.text in CURRENCIES else 2
            continue
        kept += _hundredth(token) if token.text == "%" else [token]
        at += 1
    try:
        parser = Parser(kept, units=False)
        expression = parser.expression()
    except NotMaths:
        return None
    return Scalar(expression) if parser.done() else None


def _hundredth(token: Token) -> list[Token]:
    return [replace(one, start=token.start) for one in tokens("/100")]
