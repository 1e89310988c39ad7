"""Whether an answer is evaluated and simplified, for references and configs that require it.

Without `require_evaluated` an unevaluated expression equals its value, and a model can learn to box the question.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import combinations

from rewards.math.expressions import (
    BINDING,
    FUNCTIONS,
    MINUS_ONE,
    TRIGONOMETRIC,
    Expr,
    Num,
    Op,
    flattened,
    free_variables,
    number,
    walk,
)
from rewards.math.normalise import polynomials
from rewards.math.normalise.exact import form_of
from rewards.math.values import (
    Equation,
    Inequality,
    Interval,
    Many,
    Matrix,
    Meet,
    Minus,
    Named,
    Ratio,
    Scalar,
    Steps,
    Union,
    Value,
)

# Operations that can always be evaluated, unlike roots, fractions, powers, logarithms and trigonometric values.
_UNFINISHED = BINDING | {"!", "!!", "binom", "perm", "gcd", "lcm", "max", "min", "mod", "floor", "ceil", "det", "abs"}
_ALSO_OF_LETTERS = BINDING | {"det"}
_MAY_STAY = FUNCTIONS | {"^", "root", "log", "ln"}
_TEN = number(10)
_MOST_TERMS = 30
# The integer at the start of a sum or product, or the whole text.
_SIDE = r"(?:\{{?\s*[-+]?\s*(\d+(?:\.0+)?)\s*([^{}()]*(?:\{[^{}]*\}[^{}()]*)*)\}?\}|\(\s*[-+]?\s*(\d+)\s*\)|(\d))"
_FRACTION = re.compile(
    rf"\\frac\s*{_SIDE}\s*{_SIDE}|(?<![\d./])(\d+)\s*[/:]\s*(\d+)(?![\d./])|[{{(]\s*(\d+)\s*[}})]\s*/\s*[{{(]\s*(\d+)\s*[}})]"
)
_PRODUCT = re.compile(r"\\frac\s*\{((?:[^{}+]|\{[^{}+]*\})*)\}\s*\{\s*(\d+(?:\s*(?:\\cdot|\\times|\*)\s*\d+)*)\s*\}")
_TWICE_NEGATIVE = re.compile(r"-\s*(?:\\left\s*)?[({]?\s*-\s*\d")
_RAISED = re.compile(r"[\^_]\s*(?:\{[^{}]*\}|\w)|\\sqrt\s*(?:\[[^\]]*\])?\s*(?:\{[^{}]*\}|\d)")
_NUMBERS = re.compile(r"(?<![\d^_\[.{])(\d+)(?![\d.}\]])")


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
        case Steps():
            yield from _expressions(value.last)
        case Inequality():
            yield from value.members
        case Interval():
            yield from (value.low, value.high)
        case Matrix():
            for row in value.rows:
                yield from row
        case Ratio():
            yield from value.parts
        case Union():
            for part in value.parts:
                yield from _expressions(part)
        case Meet():
            yield from (*_expressions(value.one), *_expressions(value.other))
        case Minus():
            yield from (*_expressions(value.whole), *_expressions(value.taken))


def _operations(values: Iterable[Value]) -> set[str]:
    """The unevaluated operations in values: operators, and sums and products of plain numbers."""
    found: set[str] = set()
    for value in values:
        for expression in _expressions(value):
            if _is_inverse(expression):
                found.add("^ of numbers")
            for one in walk(expression):
                if not isinstance(one, Op):
                    continue
                if one.name in _UNFINISHED and (one.name in _ALSO_OF_LETTERS or not free_variables(one)):
                    found.add(one.name)
                if one.name[1:] in TRIGONOMETRIC and not free_variables(one):
                    found.add("an angle of a number")  # may have another form, if the gold has no such function
                if _is_rational_in_disguise(one):
                    found.add(f"{one.name} of numbers")
                if one.name in ("+", "*") and sum(isinstance(arg, Num) for arg in one.args) > 1:
                    found.add(one.name)
                if one.name == "+" and _has_like_terms(one):
                    found.add("+")
                if one.name == "*" and _multiplies_rationals(one):
                    found.add("*")
                if one.name in ("*", "^") and _multiplies_complex(one):
                    found.add("* of complex numbers")
                if one.name in ("*", "+") and _cancels(one):
                    found.add(f"{one.name} that cancels")
    return found


def _form(one: Expr) -> polynomials.Form | None:
    """The normal form of a number; None if there is none, or if it contains a variable."""
    return None if free_variables(one) else form_of(one)


def _has_like_terms(one: Op) -> bool:
    r"""Whether two terms of a sum of numbers could be added: `(1+i)+(2+3i)`, `2\sqrt{2}+3\sqrt{2}`."""
    found = [_form(term) for term in flattened(one)]
    if any(form is not None and not form.top for form in found):
        return True  # a zero is added
    forms = [form.top for form in found if form is not None and form.bottom == polynomials.ONE]
    if len(forms) > _MOST_TERMS:
        return False
    for a, b in combinations(forms, 2):
        roots = all(name[0] in ("p", "i") for monomial in (*a, *b) for name, _exponent in monomial)
        if (roots and not a.keys().isdisjoint(b)) or polynomials.ratio(a, b) is not None:
            return True
    return False


def _rational(form: polynomials.Form) -> Fraction | None:
    """The value, if it is a rational number, also as a quotient of two multiples of one number; else None."""
    return form.rational if form.rational is not None else polynomials.ratio(form.top, form.bottom)


def _cancels(one: Op) -> bool:
    r"""Whether irrational numbers have a rational sum or product: `\frac{\ln 8}{\ln 2}`, `\frac{3\pi}{\pi}`."""
    whole = _form(one)
    if whole is None or _rational(whole) is None:
        return False
    return any(form is not None and _rational(form) is None for form in map(_form, flattened(one, one.name)))


def _is_inverse(one: Expr) -> bool:
    return isinstance(one, Op) and one.name == "^" and one.args[1] == MINUS_ONE and isinstance(one.args[0], Num)


def _multiplies_rationals(one: Op) -> bool:
    r"""Whether rational numbers are multiplied: `2^9 \cdot 2`, `-2^{-1}`; not a fraction or `3 \cdot 10^8`."""
    factors = flattened(one, "*")
    numbers = tens = inverses = powers = 0
    for factor in factors:
        if isinstance(factor, Num):
            numbers += 1
        elif _is_power_of_ten(factor):
            tens += 1
        elif _is_inverse(factor):
            inverses += 1
        elif isinstance(factor, Op) and factor.name == "^":
            powers += (form := _form(factor)) is not None and form.rational is not None
    is_rational = numbers + tens + inverses + powers == len(factors)
    numbers -= MINUS_ONE in factors
    if tens > 1 or (is_rational and (inverses or (tens and powers))):
        return True
    return numbers + powers > 1


def _is_power_of_ten(one: Expr) -> bool:
    return isinstance(one, Op) and one.name == "^" and one.args[0] == _TEN and isinstance(one.args[1], Num)


def _multiplies_complex(one: Op) -> bool:
    """Whether complex numbers are multiplied, divided by, or raised to a power."""
    count = 0
    for factor in flattened(one, "*"):
        raised = isinstance(factor, Op) and factor.name == "^" and isinstance(factor.args[1], Num)
        base, exponent = (factor.args[0], factor.args[1]) if raised and isinstance(factor, Op) else (factor, None)
        form = _form(base)
        if form is not None and any(name == polynomials.IMAGINARY for m in form.top for name, _exponent in m):
            count += 1 if exponent is None else 2
    return count > 1


def _is_rational_in_disguise(one: Op) -> bool:
    """Whether a power, root, logarithm or sine is rational (or has rational real and imaginary parts)."""
    if one.name not in _MAY_STAY or free_variables(one):
        return False
    if one.name == "^" and (one.args[1] == MINUS_ONE or _is_power_of_ten(one)):
        return False  # a quotient; scientific notation
    form = _form(one)
    if form is None:
        return False
    if one.name == "log" and _rational(form) is not None:
        return True
    parts = {monomial for monomial in form.top if monomial}
    if one.name in TRIGONOMETRIC:
        return all(name[0] in ("p", "i") for monomial in parts for name, _exponent in monomial)
    return form.bottom == polynomials.ONE and all(
        len(monomial) == 1 and monomial[0][0] == polynomials.IMAGINARY for monomial in parts
    )


def is_left_to_do(spelling: str) -> bool:
    r"""Whether a `\div` or a doubled minus after the last equals sign is left to do. A fraction is not."""
    last = spelling.rpartition("=")[2]
    return "\\div" in last or "÷" in last or ("-" in last and _TWICE_NEGATIVE.search(last) is not None)


def is_evaluated(answer: Value, *, beside: Iterable[Value]) -> bool:
    """Whether the answer has no unevaluated operation, or variable that cancels, that the gold does not have, too."""
    golds = tuple(beside)
    varies = isinstance(answer, Scalar) and answer.has_letters
    if varies and golds and all(isinstance(one, Scalar) and not one.has_letters for one in golds):
        return False
    return _operations([answer]) <= _operations(golds)


def is_simplified(spelled_answer: str) -> bool:
    """Whether every fraction of integers, or of a sum or product over an integer, is in lowest terms."""
    last = re.sub(r"(?<=\d),(?=\d{3})", "", spelled_answer.rpartition("=")[2].replace("\\over", "/"))
    for match in _FRACTION.finditer(last):
        groups = match.groups()
        if groups[8] or groups[10]:
            top, bottom, more = (*groups[8:10], "") if groups[8] else (*groups[10:12], "")
        else:
            top, bottom = (next((one for one in (groups[k], groups[k + 2], groups[k + 3]) if one), "") for k in (0, 4))
            more = groups[1] or ""
            if (groups[5] or "").strip():
                continue  # the denominator is not an integer
        divisor = math.gcd(int(float(top)), int(float(bottom)))
        if re.search(r"[-+]", more):  # every term must be divisible
            terms = [_NUMBERS.search(term) for term in re.split(r"[-+]", more)[1:]]
            divisor = math.gcd(divisor, *(int(term[1]) if term else 1 for term in terms))
        if divisor > 1 or int(float(bottom)) == 1:
            return False
    return all(_is_lowest_product(*match.groups()) for match in _PRODUCT.finditer(last))


def _is_lowest_product(top: str, bottom: str) -> bool:
    """Whether no integer factor of the numerator shares a divisor with the denominator."""
    top = _RAISED.sub(" ", top.strip().lstrip("-+"))
    if "-" in top or "." in top:
        return True
    divisor = math.gcd(*(math.prod(map(int, re.findall(r"\d+", side))) for side in (top, bottom)))
    return divisor == 1 or not re.search(r"\d", top)
