r"""Statements with special notation: `\forall x \in \mathbb{R}, x^2 \ge 0`, `3 \mid n`, `\mathbb{Z}/6\mathbb{Z}`.

Bound letters get a reserved name. A sum of cyclic groups is represented by the orders of its indecomposable summands.

Example:
    >>> statement("13 | n")[0].kind, len(statement(r"\mathbb{Z}/12\mathbb{Z}")[0].parts)
    ('divides', 2)
"""

from __future__ import annotations

import re

from rewards.math.expressions import Num, Sym, free_variables, number, renamed
from rewards.math.normalise.integers import factored
from rewards.math.parse.congruences import congruence
from rewards.math.parse.structure import maths
from rewards.math.values import Equation, Inequality, Interval, Many, Named, Scalar, Statement, Value

_BOUND = "the bound"
_MOST_PARTS = 60
_QUANTIFIED = re.compile(
    r"\\(forall|exists)\s*([a-z](?:\s*_\s*\{?\s*\d\s*\}?)?)\s*"
    r"(?:\\in\s*(\\mathbb\s*\{?\s*[A-Z]\s*\}?(?:\s*[_^]\s*\{?\s*[+*]\s*\}?)?|[NZQR](?![a-zA-Z])|[(\[][^()\[\]]*[)\]])"
    r"|((?:[<>]|\\[lg]e(?![a-z]))[^,:“”]+))?"
    r"\s*[,:;|]?\s*(?:“\s*,?\s*(?:such that|so that|we have|s\.t\.|there is|it holds that)?\s*,?\s*”)?\s*"
)
_DIVIDES = re.compile(r"([a-z\d]+)\s*(\||\\nmid(?![a-zA-Z]))\s*([^|=<>,;:“”]+)")
_CYCLIC = r"(?:\\mathbb\s*\{?\s*Z\s*\}?|\\Z(?![a-zA-Z]))"
_GROUP = re.compile(
    rf"(\()?\s*{_CYCLIC}\s*(?:/\s*\(?\s*(\d{{1,9}})\s*{_CYCLIC}\s*\)?|_\s*\{{?\s*(\d{{1,9}})\s*\}}?)?\s*(?(1)\))"
    r"\s*(?:\^\s*\{?\s*(\d)\s*\}?)?"
)
_TIMES = re.compile(r"\\(?:times|oplus)(?![a-zA-Z])")


def statement(text: str) -> list[Value] | None:
    """Parse such a statement; empty if it cannot be parsed, None if the text is not one."""
    if text.startswith(("\\forall", "\\exists")):
        return _quantified(text)
    if "|" in text or "\\nmid" in text:
        return _divides(text)
    return _group(text) if "Z" in text and ("/" in text or "_" in text) else None


def _quantified(text: str) -> list[Value] | None:
    said = _QUANTIFIED.match(text)
    if said is None:
        return None
    kind, letter, within, bounded = said.groups()
    letter = re.sub(r"[\s{}]", "", letter)
    if within is not None:
        domain = maths(rf"\mathbb{{{within}}}" if within.isalpha() else within)
    else:
        domain = maths(f"{letter} {bounded}") if bounded else [Scalar(Sym(_BOUND))]
    parts = [_about(_region(found[0]), letter) if found else None for found in (domain, maths(text[said.end() :]))]
    known = tuple(one for one in parts if one is not None)
    return [Statement(kind, known)] if len(known) == len(parts) else []


def _region(value: Value) -> Value:
    """`(0, 1)` as an interval."""
    match value:
        case Many(items=(Scalar(expression=low), Scalar(expression=high)), opening="(" | "[", closing=")" | "]"):
            return Interval(low, high, value.opening == "[", value.closing == "]")
    return value


def _about(value: Value, letter: str) -> Value | None:
    """Rename the letter to the bound name; None if it might occur in parts that cannot be renamed."""
    names = {letter: _BOUND}
    match value:
        case Inequality(members=members):
            return Inequality(tuple(renamed(one, names) for one in members), value.relations)
        case Equation(members=members):
            return Equation(tuple(renamed(one, names) for one in members))
        case Named(expression=left, value=Scalar(expression=right)) if left is not None:
            return Equation((renamed(left, names), renamed(right, names)))
        case Named() | Many():
            return None
    return value


def _divides(text: str) -> list[Value] | None:
    found = _DIVIDES.fullmatch(text)
    sides = [maths(side) for side in found.group(1, 3)] if found is not None else []
    if found is None or not all(side and isinstance(side[0], Scalar) for side in sides):
        return None
    one, other = (side[0] for side in sides)
    said: list[Value] = [Statement("divides" if found[2] == "|" else "does not divide", (one, other))]
    if isinstance(one, Scalar) and isinstance(one.expression, Num) and found[2] == "|" and _is_letter(other):
        said += congruence(rf"{found[3].strip()} \equiv 0 \pmod{{{found[1]}}}") or []
    return said


def _is_letter(value: Value) -> bool:
    return isinstance(value, Scalar) and isinstance(value.expression, Sym) and bool(free_variables(value.expression))


def _group(text: str) -> list[Value] | None:
    """A product of cyclic groups, at least one of which is finite."""
    orders: list[int] = []  # 0 of an infinite one
    for factor in _TIMES.split(text):
        found = _GROUP.fullmatch(factor.strip())
        if found is None:
            return None
        orders += [int(found[2] or found[3] or 0)] * int(found[4] or 1)
    if not any(orders) or len(orders) > _MOST_PARTS:
        return None
    powers = [prime**count for order in orders if order for prime, count in factored(order)]
    return [Statement("group", tuple(Scalar(number(one)) for one in sorted(powers + [0] * orders.count(0))))]
