"""What an answer can be, once it is read: each form is a type of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from rewards.math.expressions import Expr
from rewards.math.units import NO_UNIT, Unit


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value, with what stands beside it. percent: a percent sign does."""

    expression: Expr
    unit: Unit = NO_UNIT
    percent: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """Plain words, in lower case, without a leading article."""

    text: str


@dataclass(frozen=True, slots=True)
class Truth:
    """True or false, yes or no."""

    value: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several options, by its letter; text: what stands behind the letter."""

    letter: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Based:
    """Digits to a base."""

    digits: str
    base: int


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day, in seconds; half: "am", "pm" or "" where it is not said."""

    seconds: int
    half: str


@dataclass(frozen=True, slots=True)
class Date:
    """A day; year 0 = it is not said."""

    month: int
    day: int
    year: int


@dataclass(frozen=True, slots=True)
class Ratio:
    """`a:b:c`."""

    parts: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows of expressions, all of one length."""

    rows: tuple[tuple[Expr, ...], ...]


@dataclass(frozen=True, slots=True)
class Many:
    """Several values. opening, closing: their brackets, "" where there are none.

    hedged: "or" stands between them. conjoined: nothing but "and" does.
    """

    items: tuple[Value, ...]
    opening: str = ""
    closing: str = ""
    hedged: bool = False
    conjoined: bool = False


@dataclass(frozen=True, slots=True)
class Interval:
    """All numbers between two, each end of which belongs to it or not. In a union, one point is a closed interval."""

    low: Expr
    high: Expr
    low_closed: bool
    high_closed: bool


@dataclass(frozen=True, slots=True)
class Union:
    """Intervals and sets together; no part at all is the empty set."""

    parts: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Meet:
    """What two sets share."""

    one: Value
    other: Value


@dataclass(frozen=True, slots=True)
class Minus:
    """A set without another."""

    whole: Value
    taken: Value


@dataclass(frozen=True, slots=True)
class Pieces:
    """A function in pieces: values with the conditions under which they hold."""

    branches: tuple[tuple[Value, Value], ...]


@dataclass(frozen=True, slots=True)
class Named:
    """`name = value`: what a name on the left is said to be. expression: the name as an expression, where it is one."""

    name: str
    value: Value
    expression: Expr | None = None
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Equation:
    """Members that are said to be equal, none of which is a name on the left."""

    members: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Steps:
    """Members that are said to be equal, where one is more than a number. last: the last one, as it stands."""

    members: tuple[Value, ...]
    last: Value


@dataclass(frozen=True, slots=True)
class Inequality:
    """Members joined by `<`, `<=`, `>`, `>=` or `!=`."""

    members: tuple[Expr, ...]
    relations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """What is said of its parts: that it holds for "forall" or that it "exists", "divides", "group"."""

    kind: str
    parts: tuple[Value, ...]


Value: TypeAlias = (
    "Scalar | Words | Truth | Choice | Based | Clock | Date | Ratio | Matrix | Many | Interval | Union | Meet | Minus"
    " | Named | Equation | Steps | Inequality | Pieces | Statement"
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a reference says beside its answer.

    tolerance: absolute, of real numbers; None = exact. unit: of an answer that has none of its own.
    evaluated: operators that could be computed are no answer. simplified: fractions must be in lowest terms.
    """

    tolerance: float | None = None
    unit: str = ""
    evaluated: bool = False
    simplified: bool = False


EXACT = Terms()
