"""High-precision values of expressions, which can prove a difference but never equality.

mpmath computes them, after sizes are checked, because a power of a power might never return.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from rewards.math import budget
from rewards.math.expressions import (
    BINDING,
    FUNCTIONS,
    INDEXED,
    TRIGONOMETRIC,
    Const,
    Expr,
    Num,
    Op,
    Sym,
    has_any,
    indexed,
)

DIGITS = 50
_CLOSE = 30  # equal values computed with DIGITS agree in at least this many digits
_ROUGHLY = 7
_LARGEST = 1e6  # exponents and arguments of factorials
_LARGEST_ANGLE = 1e15
_LARGEST_BITS = 20_000
_MOST_TERMS = 200  # of an endless series
_LOOKED_AT = (50, 100, 150)  # terms that must decrease
_STEPS_OF_A_SERIES = 100  # steps for extrapolating the limit of a series


class NoValue(Exception):
    """The value cannot be computed: not a number, too large, or divergent."""


class TooLarge(NoValue):
    """A power, factorial or binomial coefficient is too large."""


@functools.cache
def _mp() -> Any:
    import mpmath

    context = mpmath.mp.clone()
    context.dps = DIGITS
    return context


def value(expression: Expr, at: Mapping[str, Fraction] | None = None) -> Any:
    """The value as a complex mpmath number. at: values of the variables. Raises NoValue."""
    try:
        result = _value(expression, at or {})
    except NoValue:
        raise
    except (ArithmeticError, ValueError, TypeError, OverflowError, NotImplementedError) as error:
        raise NoValue(f"it cannot be computed: {type(error).__name__}") from None
    mp = _mp()
    if not mp.isfinite(result):
        raise NoValue("it is not finite")
    return result


def is_too_large(expression: Expr) -> bool:
    """Whether a power or factorial of numbers is larger than sympy computes, too."""
    if has_any(expression, BINDING):
        return False  # sympy may have a closed form
    try:
        value(expression)
    except NoValue as error:
        return isinstance(error, TooLarge)
    return False


def real_fraction(number: Any) -> Fraction:
    """Convert a computed real number to a fraction. Raises NoValue if it is complex, very large or very small."""
    mp = _mp()
    if mp.im(number) != 0:
        raise NoValue("a complex number")
    top, exponent = mp.frexp(mp.re(number))
    if abs(exponent) > _LARGEST_BITS:
        raise NoValue("a very large or small number")
    bits = mp.prec
    return Fraction(int(mp.ldexp(top, bits))) * Fraction(2) ** int(exponent - bits)


def _value(expression: Expr, at: Mapping[str, Fraction]) -> Any:
    mp = _mp()
    if isinstance(expression, Num):
        number = expression.value
        return mp.mpf(number.numerator) / number.denominator
    if isinstance(expression, Const):
        if expression.name == "oo":
            return mp.inf
        return {"pi": +mp.pi, "e": +mp.e, "i": mp.mpc(0, 1)}[expression.name]
    if isinstance(expression, Sym):
        if expression.name not in at:
            raise NoValue(f"a variable without a value: {expression.name}")
        number = at[expression.name]
        return mp.mpf(number.numerator) / number.denominator
    if expression.name in ("sum", "prod"):
        return _series(expression, at)
    if expression.name == "int":
        return _integral(expression, at)
    if expression.name.endswith("()"):
        return _some_function(expression.name, [_value(arg, at) for arg in expression.args], at)
    if expression.name in ("lim", "diff", "pm", "mp"):
        raise NoValue(f"{expression.name} is not computed")
    return _applied(expression.name, [_value(arg, at) for arg in expression.args])


def _some_function(name: str, args: Sequence[Any], at: Mapping[str, Fraction]) -> Any:
    """The value of an unknown function: any will do, since expressions that differ for one function differ."""
    mp = _mp()
    if name.endswith(INDEXED) and all(mp.isint(arg) for arg in args):
        variable = indexed(name, [Fraction(int(mp.re(arg))) for arg in args])
        if variable is not None and variable in at:
            return _value(Sym(variable), at)
    seed = sum(map(ord, name))
    return sum((arg * arg / (seed + place) for place, arg in enumerate(args, 3)), mp.mpf(seed) / 97)


def _bounded(*values: Any) -> None:
    for one in values:
        if abs(one) > _LARGEST:
            raise TooLarge("a large exponent")


def _spend(steps: int = 1) -> None:
    if not budget.spend("numeric", steps):
        raise NoValue("a comparison of many steps")


def _applied(name: str, args: Sequence[Any]) -> Any:
    mp = _mp()
    _spend()
    if name == "+":
        return sum(args[1:], args[0])
    if name == "*":
        product = args[0]
        for factor in args[1:]:
            product = product * factor
        return product
    if name == "^":
        _bounded(args[1])
        if args[0] == 0 and mp.re(args[1]) <= 0:
            raise NoValue("0 to a power that is not positive")
        return mp.power(args[0], args[1])
    if name == "root":
        degree = int(args[1])
        if mp.im(args[0]) == 0 and mp.re(args[0]) < 0 and degree % 2:
            return -mp.root(-mp.re(args[0]), degree)
        return mp.root(args[0], degree)
    if name in FUNCTIONS:
        if abs(args[0]) > (_LARGEST_ANGLE if name in TRIGONOMETRIC else _LARGEST):
            raise NoValue("a large argument")
        return getattr(mp, name)(args[0])
    if name == "ln":
        return mp.log(args[0])
    if name == "log":
        return mp.log(args[0]) / mp.log(args[1])
    if name == "det":
        size = int(len(args) ** 0.5)
        return mp.det(mp.matrix([list(args[row * size : (row + 1) * size]) for row in range(size)]))
    if name in _SIMPLE:
        if name in ("!", "!!", "binom", "perm"):
            _bounded(*args)
        return _SIMPLE[name](mp, *args)
    raise NoValue(f"{name} is not computed")


def _real(mp: Any, *values: Any) -> list[Any]:
    if any(mp.im(one) != 0 for one in values):
        raise NoValue("an order of complex numbers")
    return [mp.re(one) for one in values]


def _modulo(mp: Any, a: Any, b: Any) -> Any:
    a, b = _real(mp, a, b)
    return a - b * mp.floor(a / b)


_SIMPLE: dict[str, Any] = {
    "abs": lambda mp, a: mp.fabs(a),
    "floor": lambda mp, a: mp.floor(_real(mp, a)[0]),
    "ceil": lambda mp, a: mp.ceil(_real(mp, a)[0]),
    "!": lambda mp, a: mp.factorial(a),
    "!!": lambda mp, a: mp.fac2(a),
    "binom": lambda mp, a, b: mp.binomial(a, b),
    "perm": lambda mp, a, b: mp.factorial(a) / mp.factorial(a - b),
    "max": lambda mp, *several: max(_real(mp, *several)),
    "min": lambda mp, *several: min(_real(mp, *several)),
    "mod": _modulo,
    "re": lambda mp, a: mp.re(a),
    "im": lambda mp, a: mp.im(a),
    "conj": lambda mp, a: mp.conj(a),
    "arg": lambda mp, a: mp.arg(a),
    "deg": lambda mp, a: a * mp.pi / 180,
}


def _series(expression: Op, at: Mapping[str, Fraction]) -> Any:
    mp = _mp()
    body, variable, low, high = expression.args
    if not isinstance(variable, Sym):
        raise NoValue("a sum without its variable")
    first, last = _value(low, at), _value(high, at)
    if last != mp.inf:
        if first != mp.floor(first) or last != mp.floor(last):
            raise NoValue("a sum whose bounds are no whole numbers")
        if last - first > 5000:
            raise NoValue("a sum of many terms")
        _spend(int(last - first) + 1 if last > first else 1)
        terms = [_value(body, {**at, variable.name: Fraction(k)}) for k in range(int(first), int(last) + 1)]
        if expression.name == "sum":
            return sum(terms, mp.mpf(0))
        return functools.reduce(lambda a, b: a * b, terms, mp.mpf(1))

    if expression.name == "prod":
        raise NoValue("an infinite product")

    _spend(_STEPS_OF_A_SERIES)
    asked = 0

    def term(k: Any) -> Any:
        nonlocal asked
        asked += 1
        return _value(body, {**at, variable.name: Fraction(int(k))})

    sizes = [abs(term(int(first) + behind)) for behind in _LOOKED_AT]
    if sizes[0] and sizes == sorted(sizes):
        raise NoValue("a series whose terms do not get smaller")
    asked = 0
    # mpmath returns some number for any series, so check that it converges fast enough.
    total = mp.nsum(term, [int(first), mp.inf], maxterms=_MOST_TERMS)
    if asked >= _MOST_TERMS:
        raise NoValue("a series that converges slowly, or not at all")
    return total


def _integral(expression: Op, at: Mapping[str, Fraction]) -> Any:
    mp = _mp()
    if len(expression.args) != 4 or not isinstance(expression.args[1], Sym):
        raise NoValue("an integral without bounds")
    body, variable, low, high = expression.args
    name = expression.args[1].name
    del variable

    def point(x: Any) -> Any:
        _spend()
        return _at_point(body, name, x, at)

    return mp.quad(point, [_value(low, at), _value(high, at)])


def _at_point(body: Expr, name: str, x: Any, at: Mapping[str, Fraction]) -> Any:
    """The value of the body at an mpmath number."""
    if isinstance(body, Sym) and body.name == name:
        return x
    if isinstance(body, Op) and body.name not in ("sum", "prod", "int", "lim", "diff"):
        args = [_at_point(arg, name, x, at) for arg in body.args]
        return _some_function(body.name, args, at) if body.name.endswith("()") else _applied(body.name, args)
    return _value(body, at)


def solution(rows: Sequence[Sequence[Any]], values: Sequence[Any]) -> list[Any] | None:
    """Solve a square linear system by Cramer's rule; None if it has no unique solution."""
    whole = _determinant(rows)
    if not are_independent(rows):
        return None
    swapped = (
        [[*row[:at], value, *row[at + 1 :]] for row, value in zip(rows, values, strict=True)] for at in range(len(rows))
    )
    return [_determinant(one) / whole for one in swapped]


def are_independent(rows: Sequence[Sequence[Any]]) -> bool:
    """Whether the determinant of a small square matrix is clearly not zero."""
    return bool(abs(_determinant(rows)) > _mp().mpf(10) ** -_CLOSE)


def _determinant(rows: Sequence[Sequence[Any]]) -> Any:
    if len(rows) == 1:
        return rows[0][0]
    minors = ([[*row[:at], *row[at + 1 :]] for row in rows[1:]] for at in range(len(rows)))
    return sum((-1) ** at * rows[0][at] * _determinant(minor) for at, minor in enumerate(minors))


def differ(a: Any, b: Any, *, roughly: bool = False) -> bool:
    """Whether two values, computed to `DIGITS` digits, are far enough apart to be different numbers.

    roughly: series and integrals are among them, whose last digits are estimates.
    """
    mp = _mp()
    scale = max(abs(a), abs(b), mp.mpf(1))
    return bool(abs(a - b) > scale * mp.mpf(10) ** -(_ROUGHLY if roughly else _CLOSE))
