"""Compare scalars: numbers with units, percentages, angles, numbers in a base, ratios, times, dates.

Values with conflicting units differ; a unit on only one side is ignored.
"""

from __future__ import annotations

from fractions import Fraction

from rewards.math.equal import decide
from rewards.math.equal.decide import Answer, all_of, any_of, yes_if
from rewards.math.expressions import PI, Expr, Num, Op, divide, multiply, walk
from rewards.math.values import Based, Clock, Date, Ratio, Scalar, Terms


def same_scalars(gold: Scalar, answer: Scalar, terms: Terms) -> Answer:
    if gold.unit.conflicts(answer.unit):
        return any_of((_angles(gold, answer), _temperatures(gold, answer, terms)))
    if _is_degrees_beside_radians(gold, answer) or _is_degrees_beside_radians(answer, gold):
        return Answer.NO
    a, b = gold.expression, answer.expression
    if gold.unit.dimension and answer.unit.dimension and gold.unit.factor != answer.unit.factor:
        b = _scaled(b, answer.unit.factor / gold.unit.factor)  # in the gold's unit, like the tolerance
    if gold.percent != answer.percent and not (answer.unit if gold.percent else gold.unit).is_nothing:
        return Answer.NO
    if gold.percent != answer.percent:
        return _percent(a, b, terms, gold_has_it=gold.percent)
    return decide.close(a, b, terms.tolerance)


def _scaled(expression: Expr, factor: Fraction) -> Expr:
    if isinstance(expression, Num):
        return Num(expression.value * factor, expression.digits, expression.places)
    return multiply(Num(factor), expression)


_RADIANS, _DEGREES = (("radian", 1),), (("angle", 1),)


def _angles(gold: Scalar, answer: Scalar) -> Answer:
    """Compare angles in degrees and radians, if both units are given."""
    sides = [
        Op("deg", (_scaled(side.expression, side.unit.factor),)) if side.unit.dimension == _DEGREES else side.expression
        for side in (gold, answer)
    ]
    if {gold.unit.dimension, answer.unit.dimension} != {_RADIANS, _DEGREES}:
        return Answer.NO
    return decide.same(*sides)


_KELVIN: dict[tuple[tuple[str, int], ...], tuple[Fraction, Fraction]] = {  # factor and zero of each scale
    (("kelvin", 1),): (Fraction(1), Fraction(0)),
    (("celsius", 1),): (Fraction(1), Fraction(27315, 100)),
    (("fahrenheit", 1),): (Fraction(5, 9), Fraction(5, 9) * Fraction(45967, 100)),
}


def _temperatures(gold: Scalar, answer: Scalar, terms: Terms) -> Answer:
    """Compare temperatures in different scales, in the gold's."""
    own, others = _KELVIN.get(gold.unit.dimension), _KELVIN.get(answer.unit.dimension)
    if own is None or others is None or not isinstance(answer.expression, Num):
        return Answer.NO
    kelvin = answer.expression.value * others[0] + others[1]
    factor, zero = own
    return decide.close(gold.expression, Num((kelvin - zero) / factor), terms.tolerance)


def _is_degrees_beside_radians(one: Scalar, other: Scalar) -> bool:
    """Whether one is in degrees and the other, such as π/3, in radians without saying so."""
    return one.unit.dimension == _DEGREES and other.unit.is_nothing and PI in walk(other.expression)


def _percent(gold: Expr, answer: Expr, terms: Terms, *, gold_has_it: bool) -> Answer:
    """`50%` is 0.5, and written without its sign 50; below 1 the sign is needed."""
    hundredth = Num(Fraction(1, 100))
    with_sign, without = (gold, answer) if gold_has_it else (answer, gold)
    as_value = with_sign.value / 100 if isinstance(with_sign, Num) else None
    exact = Num(as_value) if as_value is not None else multiply(hundredth, with_sign)
    pair = (exact, without) if gold_has_it else (without, exact)
    found = decide.same(*pair)
    if found is Answer.YES:
        return found
    if isinstance(with_sign, Num) and 0 < abs(with_sign.value) < 1:
        return found
    return decide.close(gold, answer, terms.tolerance)


def based_and_scalar(gold: Based, answer: Scalar, _terms: Terms) -> Answer:
    """Compare digits in a base with digits without one, which have the gold's base."""
    value = answer.expression
    if answer.unit.dimension or answer.percent:
        return Answer.NO
    return yes_if(isinstance(value, Num) and not value.digits and _is_written(value.value, gold.digits))


def scalar_and_based(gold: Scalar, answer: Based, _terms: Terms) -> Answer:
    value = gold.expression
    return yes_if(isinstance(value, Num) and answer.base == 10 and _is_written(value.value, answer.digits))


def _is_written(value: Fraction, digits: str) -> bool:
    """Whether the digits are the decimal form of an integer."""
    return digits.removeprefix("-").isdigit() and value == int(digits)


def same_based(gold: Based, answer: Based, _terms: Terms) -> Answer:
    return yes_if(gold.base == answer.base and _significant(gold.digits) == _significant(answer.digits))


def _significant(digits: str) -> str:
    """Digits without leading and trailing zeros."""
    whole, _, behind = digits.lstrip("-").partition(".")
    sign = "-" if digits.startswith("-") else ""
    return f"{sign}{whole.lstrip('0') or '0'}.{behind.rstrip('0')}"


def same_ratios(gold: Ratio, answer: Ratio, _terms: Terms) -> Answer:
    if len(gold.parts) != len(answer.parts):
        return Answer.NO
    first, second = gold.parts[0], answer.parts[0]
    return all_of(
        decide.same(multiply(first, b), multiply(second, a))
        for a, b in zip(gold.parts[1:], answer.parts[1:], strict=True)
    )


def ratio_and_scalar(gold: Ratio, answer: Scalar, _terms: Terms) -> Answer:
    if len(gold.parts) != 2 or not answer.is_bare:
        return Answer.NO
    return decide.same(divide(*gold.parts), answer.expression)


def clock_and_ratio(gold: Clock, answer: Ratio, _terms: Terms) -> Answer:
    parts = [part.value for part in answer.parts if isinstance(part, Num)]
    if gold.half or len(parts) != 2:
        return Answer.NO
    return yes_if(parts[0] * 3600 + parts[1] * 60 == gold.seconds)


def same_clocks(gold: Clock, answer: Clock, _terms: Terms) -> Answer:
    if gold.half and answer.half and gold.half != answer.half:
        return Answer.NO
    if answer.half and not gold.half and gold.seconds >= 13 * 3600:
        return same_clocks(answer, gold, _terms)
    if gold.half and not answer.half and not 3600 <= answer.seconds < 13 * 3600:  # on a 24-hour clock
        return yes_if((gold.seconds % (12 * 3600)) + (12 * 3600 if gold.half == "pm" else 0) == answer.seconds)
    return yes_if(gold.seconds == answer.seconds)


def same_dates(gold: Date, answer: Date, _terms: Terms) -> Answer:
    """Compare dates; a year that only the answer has is ignored, like a unit."""
    years = gold.year in (0, answer.year)
    return yes_if((gold.month, gold.day) == (answer.month, answer.day) and years)
