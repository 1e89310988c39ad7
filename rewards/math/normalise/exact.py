r"""Normal forms: expressions with the same normal form are proven equal.

An expression becomes a quotient of two sums of monomials. A monomial is a product of *generators* with rational
exponents: variables, pi, i (with i² = -1), primes with exponents between 0 and 1 (so `\sqrt{8}` is 2·2^(1/2); such
radicals are linearly independent over the rationals, A. S. Besicovitch 1940), logarithms of primes, powers of e to the
monomials of their exponents, and opaque terms (`\sin x`, a root of a sum), identified by the normal form of their
argument.

Equal forms prove equality. Different forms prove a difference only if no generator is opaque and at most one of pi, e
and the logarithms occurs; otherwise other methods must decide. All sizes are bounded; beyond them `TooHard` is raised.

Example:
    >>> from rewards.math.expressions import multiply, number, root
    >>> from rewards.math.normalise.polynomials import same_form
    >>> budget.begin()
    >>> same_form(normal(root(number(8))), normal(multiply(number(2), root(number(2)))))
    True
    >>> x = Sym("x")
    >>> linear(Op("+", (multiply(number(2), x), number(3))), "x"), linear(multiply(x, x), "x")
    ((Fraction(2, 1), Fraction(3, 1)), None)
    >>> same_in_form(multiply(x, x), Op("*", (x, x))), form_of(Op("^", (number(0), number(-1)))) is None
    (True, True)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from rewards.math import budget
from rewards.math.expressions import Const, E, Expr, Num, Op, Sym, indexed, substituted
from rewards.math.normalise import integers, powers
from rewards.math.normalise.integers import whole
from rewards.math.normalise.polynomials import (
    IMAGINARY,
    ONE,
    PI_GENERATOR,
    Form,
    TooHard,
    Undefined,
    constant,
    generator,
    key_of,
    over,
    plus,
    same_form,
    times,
)
from rewards.math.normalise.trigonometry import cosine, sine

_MOST_SUMMED = 500
_LARGEST_MATRIX = 6


def normal(expression: Expr) -> Form:
    """The normal form. Raises TooHard, Undefined."""
    if isinstance(expression, Num):
        return constant(expression.value)
    if not budget.spend("exact", 1):
        raise TooHard("a comparison of many steps")
    if isinstance(expression, Sym):
        return generator(("x", expression.name))
    if isinstance(expression, Const):
        return _constant(expression.name)
    if (of_forms := _OF_FORMS.get(expression.name)) is not None:
        return of_forms(*map(normal, expression.args))
    if (of_expressions := _OF_EXPRESSIONS.get(expression.name)) is not None:
        return of_expressions(*expression.args)
    return _opaque(expression)


def _constant(name: str) -> Form:
    if name == "pi":
        return generator(PI_GENERATOR)
    if name == "e":
        return generator(("e", ()))
    if name == "i":
        return generator(IMAGINARY)
    raise TooHard("infinity")


def _opaque(expression: Op) -> Form:
    if expression.name in ("pm", "mp", "lim", "int", "diff"):
        raise TooHard(f"{expression.name} has no normal form")
    forms = [normal(arg) for arg in expression.args]
    numbers = [form.rational for form in forms]
    if None not in numbers and (name := indexed(expression.name, [one for one in numbers if one is not None])):
        return generator(("x", name))
    return generator((expression.name, tuple(map(key_of, forms))))


def _add(*terms: Expr) -> Form:
    total = constant(0)
    for term in terms:
        total = plus(total, normal(term))
    return total


def _multiply(*factors: Expr) -> Form:
    total = constant(1)
    for factor in factors:
        total = times(total, normal(factor))
    return total


def _power(base: Expr, exponent: Expr) -> Form:
    raised = normal(exponent)
    under = normal(base)
    return powers.exponential(raised) if raised.rational is None and base == E else powers.power(under, raised)


def _root(of: Expr, degree: Expr) -> Form:
    r"""A root; `\sqrt[3]{(x+1)^3}` is x + 1, since odd roots are real."""
    match of, degree:
        case Op("^", (base, Num(exponent))), Num(odd) if odd % 2 == 1 and exponent % odd == 0:
            under = normal(base)
            if repr(IMAGINARY) not in repr(under):
                return powers.power(under, constant(exponent / odd))
    return powers.root(normal(of), normal(degree))


def _summed(body: Expr, variable: Expr, low: Expr, high: Expr) -> Form:
    return _ranged(body, variable, low, high, plus, constant(0))


def _multiplied(body: Expr, variable: Expr, low: Expr, high: Expr) -> Form:
    return _ranged(body, variable, low, high, times, constant(1))


def _ranged(body: Expr, variable: Expr, low: Expr, high: Expr, join: Callable[[Form, Form], Form], start: Form) -> Form:
    first, last = whole(normal(low)), whole(normal(high))
    if last - first > _MOST_SUMMED or not isinstance(variable, Sym):
        raise TooHard("a sum of many terms")
    for at in range(first, last + 1):
        start = join(start, normal(substituted(body, variable.name, Num(Fraction(at)))))
    return start


def _determinant(*cells: Form) -> Form:
    size = math.isqrt(len(cells))
    if size > _LARGEST_MATRIX:
        raise TooHard("a large determinant")
    return _expanded([[*cells[at * size : (at + 1) * size]] for at in range(size)])


def _expanded(rows: list[list[Form]]) -> Form:
    if len(rows) == 1:
        return rows[0][0]
    total = constant(0)
    for at, cell in enumerate(rows[0]):
        minor = _expanded([row[:at] + row[at + 1 :] for row in rows[1:]])
        total = plus(total, times(cell, minor), -1 if at % 2 else 1)
    return total


def _degrees(value: Form) -> Form:
    return times(value, Form({((PI_GENERATOR, Fraction(1)),): Fraction(1, 180)}, ONE))


# Functions of the forms of their arguments, and those that look at the arguments themselves.
_OF_FORMS: dict[str, Callable[..., Form]] = {
    "abs": powers.absolute,
    "atanh": powers.inverse_tangent,
    "!": integers.factorial,
    "!!": integers.double_factorial,
    "binom": integers.binomial,
    "perm": integers.arrangements,
    "floor": integers.floor,
    "ceil": integers.ceiling,
    "mod": integers.modulo,
    "gcd": integers.gcd,
    "lcm": integers.lcm,
    "max": integers.largest,
    "min": integers.smallest,
    "det": _determinant,
    "deg": _degrees,
    "log": lambda value, base: over(powers.logarithm(value), powers.logarithm(base)),
    "ln": powers.logarithm,
    "sin": sine,
    "cos": cosine,
    "tan": lambda angle: over(sine(angle), cosine(angle)),
    "cot": lambda angle: over(cosine(angle), sine(angle)),
    "sec": lambda angle: over(constant(1), cosine(angle)),
    "csc": lambda angle: over(constant(1), sine(angle)),
}
_OF_EXPRESSIONS: dict[str, Callable[..., Form]] = {
    "+": _add,
    "*": _multiply,
    "^": _power,
    "root": _root,
    "sum": _summed,
    "prod": _multiplied,
}


# --- forms of expressions that may have none --------------------------------------------------------------------------

NO_FORM = (TooHard, Undefined, RecursionError, OverflowError)
"""What `normal`, and arithmetic with its results, may raise."""


def form_of(expression: Expr) -> Form | None:
    """The normal form; None if the expression is undefined, or too hard."""
    try:
        return normal(expression)
    except NO_FORM:
        return None


def same_in_form(one: Expr, other: Expr) -> bool:
    """Whether normal forms prove that two expressions are equal."""
    try:
        return same_form(normal(one), normal(other))
    except NO_FORM:
        return False


def quadratic(expression: Expr, name: str) -> tuple[Fraction, Fraction, Fraction] | None:
    """The rational coefficients (a, b, c) of a x^2 + b x + c, of which any may be 0; None for other expressions."""
    form = form_of(expression)
    square, variable = ((("x", name), Fraction(2)),), ((("x", name), Fraction(1)),)
    if form is None or form.bottom != ONE or not form.top.keys() <= {(), variable, square}:
        return None
    a, b, c = (form.top.get(power, Fraction(0)) for power in (square, variable, ()))
    return a, b, c


def linear(expression: Expr, name: str) -> tuple[Fraction, Fraction] | None:
    """(slope, offset) of an expression that is linear in the variable with rational coefficients; None for others."""
    found = quadratic(expression, name)
    return None if found is None or found[0] or not found[1] else found[1:]
