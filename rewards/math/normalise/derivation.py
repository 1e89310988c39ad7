r"""Derivatives of expressions, term by term.

Example:
    >>> from rewards.math.expressions import Sym
    >>> x = Sym("x")
    >>> derivative(Op("ln", (Op("abs", (x,)),)), "x") == divide(ONE, x)
    True
"""

from __future__ import annotations

from collections.abc import Callable

from rewards.math.expressions import (
    HALF,
    MINUS_ONE,
    ONE,
    ZERO,
    E,
    Expr,
    Num,
    Op,
    add,
    divide,
    free_variables,
    multiply,
    negative,
    number,
    power,
)
from rewards.math.normalise.polynomials import TooHard


def derivative(expression: Expr, name: str) -> Expr:
    """The derivative with respect to a variable. Raises TooHard for unknown functions."""
    if name not in free_variables(expression):
        return ZERO
    if not isinstance(expression, Op):
        return ONE
    args = expression.args
    match expression.name, args:
        case "+", _:
            return add(*(derivative(arg, name) for arg in args))
        case "*", _:
            others = ((*args[:at], *args[at + 1 :]) for at in range(len(args)))
            return add(*(multiply(derivative(arg, name), *rest) for arg, rest in zip(args, others, strict=True)))
        case "^", (base, exponent) if base == E:
            return multiply(expression, derivative(exponent, name))
        case "^", (base, exponent) if name not in free_variables(exponent):
            lower = power(base, add(exponent, MINUS_ONE))
            return multiply(exponent, lower, derivative(base, name))
        case "^", (base, exponent) if name not in free_variables(base):
            return multiply(expression, Op("ln", (base,)), derivative(exponent, name))
        case "root", (of, Num(value=degree)):
            return multiply(Num(1 / degree), expression, power(of, MINUS_ONE), derivative(of, name))
        case "log", (of, base) if name not in free_variables(base):
            return divide(derivative(Op("ln", (of,)), name), Op("ln", (base,)))
        case "ln", (Op(name="abs", args=(of,)) | of,):
            return divide(derivative(of, name), of)
    outer = _OUTER.get(expression.name)
    if outer is None:
        raise TooHard(f"a derivative of {expression.name}")
    return multiply(outer(args[0]), derivative(args[0], name))


def _of(name: str) -> Callable[[Expr], Expr]:
    return lambda x: Op(name, (x,))


def _square(x: Expr) -> Expr:
    return power(x, number(2))


def _under_root(of: Callable[[Expr], Expr]) -> Callable[[Expr], Expr]:
    return lambda x: power(of(x), negative(HALF))


def _less(x: Expr) -> Expr:
    return add(ONE, negative(_square(x)))


def _more(x: Expr) -> Expr:
    return add(ONE, _square(x))


_OUTER: dict[str, Callable[[Expr], Expr]] = {
    "sin": _of("cos"),
    "cos": lambda x: negative(Op("sin", (x,))),
    "tan": lambda x: _square(Op("sec", (x,))),
    "cot": lambda x: negative(_square(Op("csc", (x,)))),
    "sec": lambda x: multiply(Op("sec", (x,)), Op("tan", (x,))),
    "csc": lambda x: negative(multiply(Op("csc", (x,)), Op("cot", (x,)))),
    "sinh": _of("cosh"),
    "cosh": _of("sinh"),
    "tanh": lambda x: power(Op("cosh", (x,)), number(-2)),
    "asin": _under_root(_less),
    "acos": lambda x: negative(_under_root(_less)(x)),
    "atan": lambda x: power(_more(x), MINUS_ONE),
    "acot": lambda x: negative(power(_more(x), MINUS_ONE)),
    "asinh": _under_root(_more),
    "atanh": lambda x: power(_less(x), MINUS_ONE),
}
