"""Convert expressions to JSON and back, for the sympy process.

Integers are written in base 16, for which Python has no length limit. The number of digits of decimals is dropped.

Example:
    >>> to_plain(Op("^", (Sym("x"), Num(Fraction(1, 2)))))
    ['op', '^', ['sym', 'x'], ['num', '0x1', '0x2']]
"""

from __future__ import annotations

from fractions import Fraction
from typing import TypeAlias

from rewards.math.expressions import Const, Expr, Num, Op, Sym
from rewards.math.values import Interval

Plain: TypeAlias = "list[str | Plain]"


def to_plain(expression: Expr) -> Plain:
    if isinstance(expression, Num):
        return ["num", hex(expression.value.numerator), hex(expression.value.denominator)]
    if isinstance(expression, Const):
        return ["const", expression.name]
    if isinstance(expression, Sym):
        return ["sym", expression.name]
    return ["op", expression.name, *map(to_plain, expression.args)]


def from_plain(plain: Plain) -> Expr:
    kind, name, *rest = plain
    assert isinstance(name, str)
    if kind == "num":
        (bottom,) = rest
        assert isinstance(bottom, str)
        return Num(Fraction(int(name, 16), int(bottom, 16)))
    if kind == "const":
        return Const(name)
    if kind == "sym":
        return Sym(name)
    return Op(name, tuple(from_plain(one) for one in rest if not isinstance(one, str)))


def intervals_to_plain(intervals: list[Interval]) -> list[list[Plain | bool]]:
    return [[to_plain(one.low), to_plain(one.high), one.low_closed, one.high_closed] for one in intervals]


def intervals_from_plain(plain: list[tuple[Plain, Plain, bool, bool]]) -> list[Interval]:
    return [Interval(from_plain(low), from_plain(high), *closed) for low, high, *closed in plain]
