r"""Families `a + bk` for all integers k, mostly of angles, compared as sets: `\frac{5\pi}{4} + n\pi` equals
`\frac{\pi}{4} - k\pi`, and `k\pi` equals `2k\pi` together with `\pi + 2k\pi`.

Example:
    >>> from rewards.math import budget
    >>> budget.begin()
    >>> one, other = family(r"x = k\pi, k \in \mathbb{Z}"), family(r"\{-n\pi : n \in \mathbb{Z}\}")
    >>> are_alike(one, other), are_alike(one, family(r"x = 2k\pi, k \in \mathbb{Z}"))
    (True, False)
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain

from rewards.math.equal import decide, numeric
from rewards.math.equal.decide import Answer
from rewards.math.expressions import (
    MINUS_ONE,
    ONE,
    ZERO,
    Expr,
    Op,
    Sym,
    add,
    divide,
    free_variables,
    multiply,
    negative,
    number,
    replaced,
    substituted,
    walk,
)
from rewards.math.normalise.exact import linear
from rewards.math.notation.standard import standardised
from rewards.math.parse.clauses import clause, conditions
from rewards.math.parse.congruences import MODULO, congruence
from rewards.math.parse.reading import readings_of_spelled
from rewards.math.values import Many, Named, Scalar, Value, Words

_BUILT = re.compile(
    r"(?:[a-z]\s*(?:=|\\in)\s*)?\\\{\s*(?:[a-z]\s*[|:]\s*)?(.+?)\s*[|:,]\s*([a-z])\s*\\in\s*(?:\\mathbb\s*\{?\s*Z\s*\}?|Z)\s*\\\}"
)
_LETTER = re.compile(r"(?<![a-zA-Z\\])([a-zA-Z])(?![a-zA-Z'])")
_NAMED = re.compile(r"all (?:(?P<parity>odd|even) )?integers|all multiples of (?P<of>\d{1,6})")
_INTEGERS = frozenset("Z")
_MOST_TERMS = 24
_LARGEST_BOTTOM = 60


@dataclass(frozen=True, slots=True)
class Family:
    """name: the variable whose values they are; empty if not given. terms: (a, b) of each `a + bk`."""

    name: str
    terms: tuple[tuple[Expr, Expr], ...]


def family(text: str) -> Family | None:
    """Parse a congruence or a family with a letter that ranges over all integers; None if it is none or not linear."""
    if not any(mark in text for mark in ("Z", "integer", "multiples", "number", "mod")):
        return None
    plain = standardised(text)
    if "mod" in plain:
        return _of_residues(congruence(plain) or [])
    for body, letter in _said(text, plain):
        values = readings_of_spelled(body)
        found = _expressions(values[0]) if values else []
        if not found or not all(letter in free_variables(one) for _name, one in found):
            continue
        names = {name for name, _one in found if name}  # `x = 1 + 6k, 5 + 6k` says it once
        terms = [_linear(part, letter) for _name, one in found for part in _by_parity(one, letter)]
        known = [one for one in terms if one is not None]
        return Family(min(names, default=""), tuple(known)) if len(names) < 2 and len(known) == len(terms) else None
    return _in_words(readings_of_spelled(plain)) if "{" not in plain else None


def _of_residues(values: Sequence[Value]) -> Family | None:
    """The family of the only reading of a congruence; None for a mere residue."""
    if len(values) != 1:
        return None
    name, value = (values[0].name, values[0].value) if isinstance(values[0], Named) else ("", values[0])
    each = value.items if isinstance(value, Many) and value.opening != MODULO else (value,)
    pairs = [one.items for one in each if isinstance(one, Many) and one.opening == MODULO]
    terms = [(one.expression, k.expression) for one, k in pairs if isinstance(one, Scalar) and isinstance(k, Scalar)]
    return Family(name, tuple(terms)) if terms and len(terms) == len(each) else None


def _in_words(values: Sequence[Value]) -> Family | None:
    """The family that words denote: all integers, the odd ones, the multiples of a number."""
    found = next((named for one in values if isinstance(one, Words) and (named := _NAMED.fullmatch(one.text))), None)
    if found is None:
        return None
    step = int(found["of"] or (2 if found["parity"] else 1))
    return Family("", ((number(int(found["parity"] == "odd")), number(step)),)) if step else None


def _by_parity(expression: Expr, letter: str) -> list[Expr]:
    """The values for even and for odd k of a term with `(-1)^k`; others as they are."""
    if not any(_is_sign(one, letter) for one in walk(expression)):
        return [expression]
    half = multiply(number(2), Sym(letter))
    return [substituted(_signed(expression, letter, odd), letter, add(half, number(odd))) for odd in (0, 1)]


def _is_sign(one: Expr, letter: str) -> bool:
    is_power = isinstance(one, Op) and one.name == "^" and one.args[0] == MINUS_ONE
    return is_power and letter in free_variables(one)


def _signed(expression: Expr, letter: str, at: int) -> Expr:
    """Replace `(-1)^{k + 1}` by its value for all k of one parity, of which `at` is one."""

    def instead(one: Expr) -> Expr | None:
        found = linear(one.args[1], letter) if isinstance(one, Op) and _is_sign(one, letter) else None
        is_known = found is not None and all(part.denominator == 1 for part in found)
        return number(-1 if (found[0] * at + found[1]) % 2 else 1) if found is not None and is_known else None

    return replaced(expression, instead)


def _said(text: str, plain: str) -> Iterator[tuple[str, str]]:
    """Yield (statement, letter that ranges over all integers) for each way to split the text."""
    if (built := _BUILT.fullmatch(plain)) is not None:
        yield built[1], built[2]
    at = clause(plain)
    if at < len(plain) and conditions(text) == _INTEGERS:
        for letter in dict.fromkeys(_LETTER.findall(plain[at:].replace("\\mathbb{Z}", ""))):
            yield plain[:at], letter


def _expressions(value: Value) -> list[tuple[str, Expr]]:
    """The expressions of a value, each with its name."""
    match value:
        case Scalar():
            return [("", value.expression)]
        case Named(name=name, value=inner):
            return [(name, one) for _none, one in _expressions(inner)]
        case Many(items=items, opening="" | "\\{"):
            found = [_expressions(item) for item in items]
            return [one for part in found for one in part] if all(found) else []
    return []


def _linear(expression: Expr, letter: str) -> tuple[Expr, Expr] | None:
    first = substituted(expression, letter, ZERO)
    step = add(substituted(expression, letter, ONE), negative(first))
    is_linear = decide.same(expression, add(first, multiply(step, Sym(letter)))) is Answer.YES
    return (first, step) if is_linear and not free_variables(first) | free_variables(step) else None


def between_turns(of: Family) -> bool:
    """Whether no value `a + bk` is proven to be a multiple of its b; `a / b` is rational for all of them."""
    ratios = [_ratio(first, step) for first, step in of.terms]
    return all(one is not None and one.denominator > 1 for one in ratios)


def are_alike(gold: Family, answer: Family) -> bool:
    """Whether both are proven to be the same set of numbers."""
    if gold.name and answer.name and gold.name != answer.name:
        return False
    unit = gold.terms[0][1]
    ratios = [_ratio(step, unit) for _first, step in (*gold.terms, *answer.terms)]
    known = [abs(one) for one in ratios if one]
    if len(known) != len(ratios):
        return False
    period = Fraction(math.lcm(*(one.numerator for one in known)), math.gcd(*(one.denominator for one in known)))
    if any(period / one > _MOST_TERMS for one in known):
        return False
    whole = multiply(number(period), unit)
    each = [
        [add(first, multiply(number(k), step)) for k in range(int(period / one))]
        for (first, step), one in zip((*gold.terms, *answer.terms), known, strict=True)
    ]
    own, others = (list(chain(*some)) for some in (each[: len(gold.terms)], each[len(gold.terms) :]))
    return _are_among(own, others, whole) and _are_among(others, own, whole)


def _are_among(ones: Sequence[Expr], others: Sequence[Expr], period: Expr) -> bool:
    return all(any(_differ_by_periods(one, other, period) for other in others) for one in ones)


def _differ_by_periods(one: Expr, other: Expr, period: Expr) -> bool:
    times = _ratio(add(one, negative(other)), period)
    return times is not None and times.denominator == 1


def _ratio(one: Expr, other: Expr) -> Fraction | None:
    """The ratio, if it is proven to be rational; else None."""
    try:
        value = numeric.real_fraction(numeric.value(divide(one, other)))
    except numeric.NoValue:
        return None
    ratio = value.limit_denominator(_LARGEST_BOTTOM)
    return ratio if decide.same(one, multiply(number(ratio), other)) is Answer.YES else None
