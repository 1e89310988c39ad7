r"""A second normal form: sines and cosines as powers of e, and related factorials in terms of one of them.

`\sin x` is (e^{ix} - e^{-ix}) / 2i, so identities between sines and cosines of sums and multiples of angles become
identities between powers of e, which `exact` decides. `\binom{n}{k}`, `(2n-1)!!`, `(n+1)!` and products over equal
steps are written with factorials of single letters.

Example:
    >>> from rewards.math import budget
    >>> from rewards.math.expressions import multiply, power
    >>> budget.begin()
    >>> from rewards.math.normalise.polynomials import same_form
    >>> x, two = Sym("x"), number(2)
    >>> one = Op("cos", (multiply(two, x),))
    >>> other = add(power(Op("cos", (x,)), two), negative(power(Op("sin", (x,)), two)))
    >>> same_form(exact.normal(rewritten(one)), exact.normal(rewritten(other)))
    True
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise

from rewards.math.expressions import (
    HALF,
    IMAGINARY_UNIT,
    INFINITY,
    MINUS_ONE,
    ONE,
    E,
    Expr,
    Num,
    Op,
    Sym,
    add,
    divide,
    flattened,
    free_variables,
    has_any,
    multiply,
    negative,
    number,
    power,
    root,
    substituted,
)
from rewards.math.normalise import exact, polynomials

_HYPERBOLIC = frozenset(("sinh", "cosh", "tanh", "coth", "sech", "csch", "asinh", "acosh"))
_HIGHEST = 12  # highest power in a sum
_MOST_STEPS = 50  # between two factorials of a letter


def is_rewritten(expression: Expr) -> bool:
    """Whether the expression contains something that this form rewrites."""
    return has_any(expression, _FORMS)


def rewritten(expression: Expr) -> Expr:
    """Rewrite an expression in this form. Raises TooHard, Undefined."""
    if not isinstance(expression, Op):
        return expression
    args = tuple(rewritten(arg) for arg in expression.args)
    form = _FORMS.get(expression.name)
    of_letters = expression.name in _HYPERBOLIC or any(map(free_variables, args))
    found = form(*args) if form is not None and of_letters else None
    return Op(expression.name, args) if found is None else found


# --- powers of e ------------------------------------------------------------------------------------------------------


def _sides(angle: Expr) -> tuple[Expr, Expr]:
    return power(E, angle), power(E, negative(angle))


def _sinh(angle: Expr) -> Expr:
    one, other = _sides(angle)
    return multiply(HALF, add(one, negative(other)))


def _cosh(angle: Expr) -> Expr:
    one, other = _sides(angle)
    return multiply(HALF, add(one, other))


def _sin(angle: Expr) -> Expr:
    return multiply(MINUS_ONE, IMAGINARY_UNIT, _sinh(multiply(IMAGINARY_UNIT, angle)))


def _cos(angle: Expr) -> Expr:
    return _cosh(multiply(IMAGINARY_UNIT, angle))


def _over(top: Callable[[Expr], Expr], bottom: Callable[[Expr], Expr]) -> Callable[[Expr], Expr]:
    return lambda angle: divide(top(angle), bottom(angle))


def _one(_angle: Expr) -> Expr:
    return ONE


def _asinh(value: Expr) -> Expr:
    return Op("ln", (add(value, root(add(power(value, number(2)), ONE))),))


def _acosh(value: Expr) -> Expr:
    return Op("ln", (add(value, root(add(power(value, number(2)), MINUS_ONE))),))


# --- factorials -------------------------------------------------------------------------------------------------------


def _factorial(of: Expr) -> Expr | None:
    """Rewrite `(n + 2)!` as `(n + 2)(n + 1) n!`; None if that is impossible."""
    form = exact.normal(of)
    steps = form.top.get((), Fraction(0)) if form.bottom == polynomials.ONE else Fraction(0)
    whole = steps.numerator // steps.denominator
    if not whole or abs(whole) > _MOST_STEPS:
        return None
    base = add(of, number(-whole))
    factors = [add(base, number(at)) for at in range(min(whole, 0) + 1, max(whole, 0) + 1)]
    product = multiply(*factors)
    return multiply(Op("!", (base,)), product if whole > 0 else power(product, MINUS_ONE))


def _double_factorial(of: Expr) -> Expr | None:
    """Rewrite the double factorial of `2m` or `2m - 1`, for a letter with an even coefficient."""
    form = exact.normal(of)
    odd = form.top.get((), Fraction(0)) % 2
    variables = [value for monomial, value in form.top.items() if monomial]
    if form.bottom != polynomials.ONE or odd.denominator != 1 or any(value % 2 for value in variables):
        return None
    even = multiply(HALF, add(of, Num(odd)))
    half = multiply(power(number(2), even), _reduced(even))
    return half if not odd else divide(_reduced(add(of, ONE)), half)


def _reduced(of: Expr) -> Expr:
    return _factorial(of) or Op("!", (of,))


def _binomial(n: Expr, k: Expr) -> Expr:
    return divide(_reduced(n), multiply(_reduced(k), _reduced(add(n, negative(k)))))


def _sum(body: Expr, variable: Expr, low: Expr, high: Expr) -> Expr | None:
    r"""Close `\sum_{k=a}^{n}` of powers of one number, or of a polynomial in k (Newton's forward formula)."""
    if not isinstance(variable, Sym) or not isinstance(low, Num) or low.value.denominator != 1 or high == INFINITY:
        return None
    if (geometric := _geometric(body, variable, low, high)) is not None:
        return geometric
    form = exact.normal(body)
    letter: tuple[str, str] = ("x", variable.name)
    if form.bottom != polynomials.ONE:
        return None
    degree = 0
    for monomial in form.top:
        exponent = dict(monomial).get(letter, Fraction(0))
        others = [name for name, _exponent in monomial if name != letter]
        if exponent < 0 or exponent.denominator != 1 or exponent > _HIGHEST or repr(letter) in repr(others):
            return None
        degree = max(degree, int(exponent))
    values = [substituted(body, variable.name, Num(low.value + at)) for at in range(degree + 1)]
    count = add(high, Num(1 - low.value))
    terms: list[Expr] = []
    factors: list[Expr] = []
    for at in range(degree + 1):
        factors.append(multiply(add(count, number(-at)), Num(Fraction(1, at + 1))))
        terms.append(multiply(values[0], *factors))
        values = [add(after, negative(before)) for before, after in pairwise(values)]
    return add(*terms)


def _geometric(body: Expr, variable: Sym, low: Num, high: Expr) -> Expr | None:
    """Close a sum of terms `c r^{sk}` with an integer s and r^s other than 1."""
    raised = [one for one in flattened(body, "*") if variable.name in free_variables(one)]
    match raised:
        case [Op("^", (Op("^", (base, exponent)), minus))] if minus == MINUS_ONE:
            exponent = negative(exponent)
        case [Op("^", (base, exponent))]:
            pass
        case _:
            return None
    step = exact.normal(add(substituted(exponent, variable.name, add(variable, ONE)), negative(exponent))).rational
    if variable.name in free_variables(base) or not step or step.denominator != 1:
        return None
    ratio = power(base, Num(step))
    if exact.normal(ratio).rational in (0, 1):
        return None
    count = multiply(Num(step), add(high, Num(1 - low.value)))
    first = substituted(body, variable.name, low)
    return multiply(first, divide(add(power(base, count), MINUS_ONE), add(ratio, MINUS_ONE)))


def _product(body: Expr, variable: Expr, low: Expr, high: Expr) -> Expr | None:
    r"""Close `\prod_{k=a}^{n} (ck + d)` if d / c is an integer or half an odd one."""
    if not isinstance(variable, Sym) or not isinstance(low, Num) or free_variables(body) != {variable.name}:
        return None
    form = exact.normal(body)
    letter = ((("x", variable.name), Fraction(1)),)
    step = form.top.get(letter)
    if form.bottom != polynomials.ONE or not form.top.keys() <= {(), letter} or not step:
        return None
    offset = form.top.get((), Fraction(0)) / step
    first = offset + low.value
    if first <= 0 or first.denominator > 2 or low.value.denominator != 1 or first > _MOST_STEPS:
        return None
    count = add(high, number(1 - low.value))
    raised = power(Num(step), count)
    if first.denominator == 1:
        return multiply(raised, divide(_reduced(add(high, Num(offset))), Op("!", (number(first - 1),))))
    # (m + 1/2)! / (1/2)! from (2m + 1)!!, whose factors are twice the half-integers
    last = add(multiply(number(2), high), Num(2 * offset))
    odd = _double_factorial(last)
    below = Op("!!", (number(2 * first - 2),)) if first > 1 else ONE
    return None if odd is None else multiply(raised, power(number(2), negative(count)), divide(odd, below))


_FORMS: dict[str, Callable[..., Expr | None]] = {
    "sin": _sin,
    "cos": _cos,
    "tan": _over(_sin, _cos),
    "cot": _over(_cos, _sin),
    "sec": _over(_one, _cos),
    "csc": _over(_one, _sin),
    "sinh": _sinh,
    "cosh": _cosh,
    "tanh": _over(_sinh, _cosh),
    "coth": _over(_cosh, _sinh),
    "sech": _over(_one, _cosh),
    "csch": _over(_one, _sinh),
    "asinh": _asinh,
    "acosh": _acosh,
    "!": _factorial,
    "!!": _double_factorial,
    "binom": _binomial,
    "prod": _product,
    "sum": _sum,
}
