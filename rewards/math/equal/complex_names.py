r"""Letters that denote complex numbers: `|z|^2` equals `z \bar z`, not `z^2`, and `\operatorname{Re} z` is not `z`.

Variables are real, but for letters of whose real or imaginary part, argument or conjugate a text speaks, and for those
that commonly denote complex numbers inside bars. Each is rewritten as x + iy with real x and y.

Example:
    >>> from rewards.math.expressions import power, number
    >>> z, bar = Sym("z"), Sym("bar z")
    >>> in_real_parts(z, power(bar, number(2)))[0]
    Op(name='+', args=(Sym(name='re z'), Op(name='*', args=(Const(name='i'), Sym(name='im z')))))
    >>> in_real_parts(Op("abs", (Sym("x"),)), Sym("x"))[1]
    Sym(name='x')
"""

from __future__ import annotations

from rewards.math.expressions import (
    HALF,
    IMAGINARY_UNIT,
    Const,
    Expr,
    Num,
    Op,
    Sym,
    add,
    divide,
    multiply,
    negative,
    number,
    power,
    root,
    walk,
)

_PARTS = frozenset(("re", "im", "conj", "arg"))
_BAR = "bar "
_COMMONLY = frozenset("zw")


class NotRational(ValueError):
    """A function of a complex letter that is not rational in its parts."""


def in_real_parts(gold: Expr, answer: Expr) -> tuple[Expr, Expr]:
    """Both expressions in the real parts of their complex letters, if they have any. Raises NotRational."""
    surely, perhaps = _complex(gold, answer)
    names = surely | perhaps
    ours, theirs = (_in_parts(gold, names), _in_parts(answer, names)) if names else (gold, answer)
    if ours is not None and theirs is not None:
        return ours, theirs
    if surely:
        raise NotRational
    return gold, answer


def _complex(gold: Expr, answer: Expr) -> tuple[frozenset[str], frozenset[str]]:
    """The letters that denote complex numbers, and those that commonly do, inside bars."""
    found: set[str] = set()
    common: set[str] = set()
    letters: set[str] = set()
    for side in (gold, answer):
        for one in walk(side):
            if isinstance(one, Sym):
                letters.add(one.name)
            elif isinstance(one, Op) and (one.name in _PARTS or one.name == "abs"):
                inside = {inner.name.removeprefix(_BAR) for inner in walk(one.args[0]) if isinstance(inner, Sym)}
                if one.name == "abs":
                    common |= inside & _COMMONLY
                else:
                    found |= inside
    found |= {name for name in letters if _BAR + name in letters}
    return frozenset(found), frozenset(common)


def _in_parts(value: Expr, names: frozenset[str]) -> Expr | None:
    """An expression with each complex letter as x + iy; None if it has a function of one that is not rational."""
    match value:
        case Sym(name=name):
            plain = name.removeprefix(_BAR)
            return value if plain not in names else _of(plain, conjugated=plain != name)
        case Op(name=name, args=args):
            parts = [_in_parts(arg, names) for arg in args]
            if any(part is None for part in parts):
                return None
            inner = tuple(part for part in parts if part is not None)
            return _operation(value, Op(name, inner), names)
    return value


def _operation(value: Op, inner: Op, names: frozenset[str]) -> Expr | None:
    """An operation on arguments in real parts."""
    if inner == value or inner.name in ("+", "*"):
        return inner
    if inner.name == "^":
        exponent = inner.args[1]
        is_whole = isinstance(exponent, Num) and exponent.value.denominator == 1
        return inner if is_whole or not _speaks_of(value.args[0], names) else None
    if inner.name not in ("re", "im", "conj", "abs") or (other := _conjugate(inner.args[0])) is None:
        return None
    (one,) = inner.args
    if inner.name == "conj":
        return other
    if inner.name == "abs":
        return _modulus(one, other)
    if inner.name == "re":
        return multiply(HALF, add(one, other))
    return divide(add(one, negative(other)), multiply(number(2), IMAGINARY_UNIT))


def _modulus(value: Expr, conjugate: Expr) -> Expr:
    """The root of the product of a value and its conjugate; of a power and a product from their parts."""
    match value, conjugate:
        case Op(name="*", args=args), Op(args=others):
            return multiply(*(_modulus(*pair) for pair in zip(args, others, strict=True)))
        case Op(name="^", args=(base, exponent)), Op(args=(other, _)):
            return power(_modulus(base, other), exponent)
    return root(multiply(value, conjugate))


def _speaks_of(value: Expr, names: frozenset[str]) -> bool:
    return any(isinstance(one, Sym) and one.name.removeprefix(_BAR) in names for one in walk(value))


def _of(name: str, *, conjugated: bool) -> Expr:
    part = multiply(IMAGINARY_UNIT, Sym(f"im {name}"))
    return add(Sym(f"re {name}"), negative(part) if conjugated else part)


def _conjugate(value: Expr) -> Expr | None:
    """The conjugate of a rational expression in real letters and i; None for others."""
    match value:
        case Const(name="i"):
            return negative(value)
        case Op(name="+" | "*" as name, args=args):
            parts = [_conjugate(arg) for arg in args]
            inner = tuple(part for part in parts if part is not None)
            return Op(name, inner) if len(inner) == len(parts) else None
        case Op(name="^", args=(base, Num() as exponent)) if exponent.value.denominator == 1:
            other = _conjugate(base)
            return None if other is None else power(other, exponent)
        case Op():
            return value if IMAGINARY_UNIT not in set(walk(value)) else None
    return value
