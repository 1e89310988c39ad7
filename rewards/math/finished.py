"""Whether an answer is carried out, for references and training configs that ask for it.

Without `require_evaluated` a closed expression is its value, and a model can learn to box the question.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator

from rewards.math.expressions import BINDING, Expr, Num, Op, free_variables, walk
from rewards.math.values import Equation, Inequality, Interval, Many, Matrix, Named, Ratio, Scalar, Value

# Roots, fractions, powers, logarithms and trigonometric values may be all that can be done; these may not.
_UNFINISHED = BINDING | {"!", "!!", "binom", "perm", "gcd", "lcm", "max", "min", "mod", "floor", "ceil", "det"}
_FRACTION = re.compile(
    r"\\frac\s*\{\s*-?\s*(\d+)\s*([^{}]*)\}\s*\{\s*-?\s*(\d+)\s*\}|\\frac\s*(\d)\s*(\d)|(?<![\d./])(\d+)\s*/\s*(\d+)(?![\d./])"
)


def _expressions(value: Value) -> Iterator[Expr]:
    match value:
        case Scalar():
            yield value.expression
        case Many():
            for item in value.items:
                yield from _expressions(item)
        case Named():
            yield from _expressions(value.value)
        case Equation():
            yield value.members[-1]
        case Inequality():
            yield from value.members
        case Interval():
            yield from (value.low, value.high)
        case Matrix():
            for row in value.rows:
                yield from row
        case Ratio():
            yield from value.parts


def _operations(values: Iterable[Value]) -> set[str]:
    """What is left to do in values: the operators, and sums and products of plain numbers."""
    found: set[str] = set()
    for value in values:
        for expression in _expressions(value):
            for one in walk(expression):
                if not isinstance(one, Op):
                    continue
                if one.name in _UNFINISHED and (one.name in BINDING or not free_variables(one)):
                    found.add(one.name)
                if one.name in ("+", "*") and sum(isinstance(arg, Num) for arg in one.args) > 1:
                    found.add(one.name)
    return found


def is_evaluated(answer: Value, *, beside: Iterable[Value]) -> bool:
    """Nothing is left to compute in it that is not left in the gold as well."""
    return _operations([answer]) <= _operations(beside)


def is_simplified(spelled_answer: str) -> bool:
    """Every fraction of whole numbers in it is in lowest terms."""
    last = spelled_answer.rpartition("=")[2].replace("\\over", "/")
    for match in _FRACTION.finditer(last):
        groups = match.groups()
        if groups[0] and re.search(r"[-+]", groups[1]):
            continue
        top, bottom = next((int(a), int(b)) for a, b in (groups[0:3:2], groups[3:5], groups[5:7]) if a)
        if math.gcd(top, bottom) > 1 or bottom == 1:
            return False
    return True
