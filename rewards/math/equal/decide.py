r"""Decide whether two expressions are equal, by proof only.

In order of cost: exact numbers; normal forms (`exact`); values to fifty digits, which can only prove a difference
(`numeric`); sympy (`engine`). If none decides, the result is *undecided*, which does not count as equal.

Example:
    >>> from rewards.math.expressions import multiply, number, root
    >>> budget.begin()
    >>> same(root(number(8)), multiply(number(2), root(number(2))))
    <Answer.YES: 'yes'>
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from enum import StrEnum
from fractions import Fraction

from rewards.math import budget
from rewards.math.equal import bound, complex_names, engine, numeric, transcendental, whole_numbers
from rewards.math.expressions import (
    BINDING,
    INFINITY,
    Expr,
    Num,
    Op,
    Sym,
    free_variables,
    has_any,
    has_signs,
    in_order,
    is_decimal,
    multiply,
    walk,
)
from rewards.math.normalise import exact, polynomials
from rewards.math.normalise.binomial_theorem import summed
from rewards.math.normalise.exact import NO_FORM, same_in_form
from rewards.math.normalise.rewritten import is_rewritten, rewritten

FEWEST_GOLD_DIGITS = 8
FEWEST_ANSWER_DIGITS = 15
_DIGITS_OF_DOUBLE = (16, 17)  # Python prints the root of 3 as 1.7320508075688772, which is not rounded
_LARGEST_DOUBLE = 10**300
_FEWEST_TERMS = 3
_FARTHEST = 100
_CALLED_OR_NOT = frozenset("gGFHhP")  # letters that may denote a quantity or a function
_POINTS = (Fraction(13, 7), Fraction(-5, 3), Fraction(2, 11), Fraction(29, 9), Fraction(-1, 13))


class Answer(StrEnum):
    """A three-valued result."""

    YES = "yes"
    NO = "no"
    UNDECIDED = "undecided"


def yes_if(condition: bool) -> Answer:
    return Answer.YES if condition else Answer.NO


def any_of(found: Iterable[Answer]) -> Answer:
    best = Answer.NO
    for one in found:
        if one is Answer.YES:
            return one
        if one is Answer.UNDECIDED:
            best = one
    return best


def all_of(found: Iterable[Answer]) -> Answer:
    worst = Answer.YES
    for one in found:
        if one is Answer.NO:
            return one
        if one is Answer.UNDECIDED:
            worst = one
    return worst


def same(gold: Expr, answer: Expr) -> Answer:
    """Whether two expressions are equal, exactly or by the two exceptions for decimals with many digits."""
    gold, answer = summed(_in_digits(gold)), summed(_in_digits(answer))
    if isinstance(gold, Num) and isinstance(answer, Num):
        return yes_if(gold.value == answer.value or _rounded_numbers(gold, answer))
    found = _same_exactly(gold, answer)
    if found is Answer.YES:
        return found
    if isinstance(gold, Num) and gold.digits >= FEWEST_GOLD_DIGITS and not is_decimal(answer):
        return _rounds_to(answer, gold) or found
    if isinstance(answer, Num) and answer.digits >= FEWEST_ANSWER_DIGITS and not is_decimal(gold):
        return _rounds_to(gold, answer) or found
    return found


def _in_digits(value: Expr) -> Expr:
    r"""Convert scientific notation with many digits (`1.2345678 \times 10^{-3}`) to a decimal."""
    match value:
        case Op("*", (Num(shown, digits, places), Op("^", (Num(Fraction(numerator=10, denominator=1)), Num(by))))):
            if digits >= FEWEST_GOLD_DIGITS and by.denominator == 1 and abs(by) <= _FARTHEST:
                return Num(shown * Fraction(10) ** int(by), digits, places - int(by))
    return value


def _rounded_numbers(gold: Num, answer: Num) -> bool:
    """Whether one is an exact value with a non-terminating decimal, and the other its rounding to many digits."""
    if gold.digits >= FEWEST_GOLD_DIGITS and not answer.digits:
        return not _ends(answer.value) and _is_rounding(answer.value, gold)
    if answer.digits >= FEWEST_ANSWER_DIGITS and not gold.digits:
        return gold.value.denominator != 1 and _is_rounding(gold.value, answer)
    return False


def _ends(value: Fraction) -> bool:
    """Whether the decimal expansion terminates."""
    bottom = value.denominator
    for prime in (2, 5):
        while bottom % prime == 0:
            bottom //= prime
    return bottom == 1


def _is_rounding(value: Fraction, rounded: Num) -> bool:
    """Whether the decimal is the value's, rounded in its last place, or the shortest one of the double next to it."""
    if abs(value - rounded.value) <= Fraction(10) ** -rounded.places / 2:
        return True
    is_of_a_double = rounded.digits in _DIGITS_OF_DOUBLE and abs(value) < _LARGEST_DOUBLE
    return is_of_a_double and Fraction(repr(float(value))) == rounded.value


def _rounds_to(value: Expr, rounded: Num) -> Answer | None:
    """Whether an irrational real number rounds to a decimal; None if it cannot be computed."""
    try:
        exact_value = numeric.real_fraction(numeric.value(value))
    except numeric.NoValue:
        return None
    is_known = rounded.places < numeric.DIGITS - 10 and exact_value.denominator != 1  # an integer is not rounded
    return yes_if(is_known and _is_rounding(exact_value, rounded))


def _same_exactly(gold: Expr, answer: Expr) -> Answer:
    if gold == answer or in_order(gold) == in_order(answer) or bound.alike(gold, answer):
        return Answer.YES
    try:
        gold, answer = complex_names.in_real_parts(gold, answer)
    except complex_names.NotRational:
        return Answer.UNDECIDED
    ours, theirs = free_variables(gold), free_variables(answer)
    gold, answer = _multiplied(gold, theirs), _multiplied(answer, ours)
    variables = ours | theirs
    try:
        a, b = exact.normal(gold), exact.normal(answer)
        if polynomials.same_form(a, b):
            return Answer.YES
        if polynomials.independent(a, b):
            return Answer.NO
    except polynomials.Undefined:
        return Answer.NO
    except (polynomials.TooHard, RecursionError, OverflowError):
        pass
    if variables and (of_whole_numbers := whole_numbers.equal(gold, answer)) is not None:
        return yes_if(of_whole_numbers)
    if not (_is_limit(gold) or _is_limit(answer)):
        if _infinite(gold) or _infinite(answer):
            return yes_if(sign_of_infinity(gold) == sign_of_infinity(answer) != 0)
        if _reckons_with_infinity(gold) or _reckons_with_infinity(answer):
            return Answer.NO
        found = _by_value(gold, answer, sorted(variables))
        if found is not None:
            return found
        if not variables and (transcendental.equal(gold, answer) or _same_squared(gold, answer)):
            return Answer.YES
        if _same_rewritten(gold, answer):
            return Answer.YES
    if has_signs(gold) != has_signs(answer):
        return Answer.NO
    if not budget.spend("exact", 0) or any(map(numeric.is_too_large, (gold, answer))):
        return Answer.UNDECIDED
    proof = engine.equal(gold, answer)
    return Answer.UNDECIDED if proof is None else yes_if(proof)


def _same_squared(gold: Expr, answer: Expr) -> bool:
    r"""Whether real numbers of equal sign are proven to have equal squares: `\sqrt{3 + 2\sqrt2}` and `1 + \sqrt2`."""
    try:
        signs = [numeric.real_fraction(numeric.value(one)) > 0 for one in (gold, answer)]
        squares = [exact.normal(multiply(one, one)) for one in (gold, answer)]
        return signs[0] == signs[1] and polynomials.same_form(*squares)
    except (numeric.NoValue, *NO_FORM):
        return False


def _multiplied(expression: Expr, beside: frozenset[str]) -> Expr:
    """Reinterpret `mg(1 - x)` as a product if the other side has a variable g."""
    if not isinstance(expression, Op) or beside.isdisjoint(_CALLED_OR_NOT):
        return expression
    args = tuple(_multiplied(arg, beside) for arg in expression.args)
    if expression.name.removesuffix("()") in beside & _CALLED_OR_NOT and len(args) == 1 and _is_sum(args[0]):
        return multiply(Sym(expression.name.removesuffix("()")), args[0])
    return Op(expression.name, args)


def _is_sum(expression: Expr) -> bool:
    return isinstance(expression, Op) and expression.name == "+"


def _same_rewritten(gold: Expr, answer: Expr) -> bool:
    """Whether equality is proven by the form of `rewritten`: sines and cosines as powers of e, factorials reduced."""
    if not (is_rewritten(gold) or is_rewritten(answer)):
        return False
    try:
        return same_in_form(rewritten(gold), rewritten(answer))
    except NO_FORM:
        return False


def _by_value(gold: Expr, answer: Expr, variables: list[str]) -> Answer | None:
    """NO if values at some point differ; None if no difference was found."""
    points = range(len(_POINTS)) if variables else range(1)
    counts = bound.counts(gold) | bound.counts(answer)
    rough = any(has_any(side, ("sum", "int")) for side in (gold, answer))
    for shift in points:
        at = {name: _POINTS[(shift + k) % len(_POINTS)] + k for k, name in enumerate(variables)}
        at |= {name: Fraction(_FEWEST_TERMS + shift) for name in counts}
        try:
            a, b = numeric.value(gold, at), numeric.value(answer, at)
        except numeric.NoValue:
            continue
        if numeric.differ(a, b, roughly=rough):
            return Answer.NO
    return None


def _is_limit(expression: Expr) -> bool:
    return any(
        isinstance(one, Op) and (one.name == "lim" or (one.name == "prod" and INFINITY in one.args))
        for one in walk(expression)
    )


def _infinite(expression: Expr) -> bool:
    return sign_of_infinity(expression) != 0


def _reckons_with_infinity(expression: Expr) -> bool:
    """Whether infinity is used as a number, and not as a bound of a sum or integral."""
    if isinstance(expression, Op):
        args = expression.args[:1] if expression.name in BINDING else expression.args
        return any(map(_reckons_with_infinity, args))
    return expression == INFINITY


def sign_of_infinity(expression: Expr) -> int:
    """1 for infinity, -1 for minus infinity, else 0."""
    if expression == INFINITY:
        return 1
    if isinstance(expression, Op) and expression.name == "*" and INFINITY in expression.args:
        others = [arg for arg in expression.args if arg != INFINITY]
        if all(isinstance(arg, Num) for arg in others):
            sign = 1
            for arg in others:
                assert isinstance(arg, Num)
                sign *= (arg.value > 0) - (arg.value < 0)
            return sign
    return 0


def close(gold: Expr, answer: Expr, tolerance: float | None) -> Answer:
    """Whether two expressions are equal, or differ by at most the reference's tolerance."""
    found = same(gold, answer)
    return yes_if(_within(gold, answer, tolerance)) if found is Answer.NO and tolerance is not None else found


def _within(gold: Expr, answer: Expr, tolerance: float) -> bool:
    """Whether two real numbers differ by at most the tolerance."""
    try:
        a, b = numeric.value(gold), numeric.value(answer)
    except numeric.NoValue:
        return False
    most = math.nextafter(tolerance, math.inf)  # the float may be below the decimal that was written
    return bool(abs(a - b) <= most)
