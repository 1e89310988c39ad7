"""The types of parsed answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from rewards.math.expressions import INFINITY, MINUS_INFINITY, Expr, free_variables
from rewards.math.units import NO_UNIT, Unit


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value with its unit. percent: it has a percent sign."""

    expression: Expr
    unit: Unit = NO_UNIT
    percent: bool = False

    @property
    def is_bare(self) -> bool:
        """Whether it has neither a unit nor a percent sign."""
        return self.unit.is_nothing and not self.percent

    @property
    def has_letters(self) -> bool:
        return bool(free_variables(self.expression))


@dataclass(frozen=True, slots=True)
class Words:
    """Plain words in lower case, without a leading article."""

    text: str


@dataclass(frozen=True, slots=True)
class Truth:
    """True or false, yes or no."""

    value: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """An option by its letter. text: the text after the letter."""

    letter: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Based:
    """Digits in a base."""

    digits: str
    base: int


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day in seconds. half: "am", "pm", or "" if not given."""

    seconds: int
    half: str


@dataclass(frozen=True, slots=True)
class Date:
    """A date. year: 0 if not given."""

    month: int
    day: int
    year: int


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio `a:b:c`."""

    parts: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows of expressions, all of one length."""

    rows: tuple[tuple[Expr, ...], ...]


@dataclass(frozen=True, slots=True)
class Many:
    """Several values. opening, closing: their brackets, or "".

    hedged: joined by "or". conjoined: joined by "and" only. labelled: the answers to a question's parts.
    """

    items: tuple[Value, ...]
    opening: str = ""
    closing: str = ""
    hedged: bool = False
    conjoined: bool = False
    labelled: bool = False


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval with open or closed ends. In a union, a point is a closed interval."""

    low: Expr
    high: Expr
    low_closed: bool
    high_closed: bool


REALS = Interval(MINUS_INFINITY, INFINITY, False, False)


@dataclass(frozen=True, slots=True)
class Union:
    """A union of intervals and sets; without parts it is the empty set."""

    parts: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Meet:
    """The intersection of two sets."""

    one: Value
    other: Value


@dataclass(frozen=True, slots=True)
class Minus:
    """The difference of two sets."""

    whole: Value
    taken: Value


@dataclass(frozen=True, slots=True)
class Pieces:
    """A piecewise function: (value, condition) pairs."""

    branches: tuple[tuple[Value, Value], ...]


@dataclass(frozen=True, slots=True)
class Named:
    """`name = value`. expression: the name as an expression, if it is one."""

    name: str
    value: Value
    expression: Expr | None = None
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Equation:
    """An equation whose left side is not a name."""

    members: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Steps:
    """Equal members, at least one of which is not a number. last: the last one, unchanged."""

    members: tuple[Value, ...]
    last: Value


@dataclass(frozen=True, slots=True)
class Inequality:
    """Members joined by `<`, `<=`, `>`, `>=` or `!=`."""

    members: tuple[Expr, ...]
    relations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement about its parts. kind: "forall", "exists", "divides" or "group"."""

    kind: str
    parts: tuple[Value, ...]


Value: TypeAlias = (
    "Scalar | Words | Truth | Choice | Based | Clock | Date | Ratio | Matrix | Many | Interval | Union | Meet | Minus"
    " | Named | Equation | Steps | Inequality | Pieces | Statement"
)


@dataclass(frozen=True, slots=True)
class Terms:
    """Requirements of a reference beyond its answer.

    tolerance: absolute, for real numbers; None = exact. unit: unit of an answer without one.
    evaluated: reject unevaluated operators. simplified: fractions must be in lowest terms.
    """

    tolerance: float | None = None
    unit: str = ""
    evaluated: bool = False
    simplified: bool = False


EXACT = Terms()
