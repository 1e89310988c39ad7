"""Sums of monomials with rational coefficients, and their quotients: the data structure of normal forms.

A monomial is a product of generators (see `exact`) with rational exponents. Products are kept reduced: exponents of
primes between 0 and 1, of i and cosines 0 or 1, of roots below their degree. All sizes are bounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

from rewards.math import budget

MOST_TERMS = 300
MOST_BITS = 20_000
_LONG = 50  # terms
_MOST_PRODUCTS = 40_000

Generator: TypeAlias = tuple[Any, ...]
Monomial: TypeAlias = "tuple[tuple[Generator, Fraction], ...]"
Poly: TypeAlias = "dict[Monomial, Fraction]"


class TooHard(Exception):
    """The expression is too large, or has no normal form here."""


class Undefined(Exception):
    """The expression is undefined: a division by zero, a logarithm of zero."""


@dataclass(frozen=True, slots=True)
class Form:
    """`top / bottom`, with bottom 1 if possible."""

    top: Poly
    bottom: Poly

    @property
    def rational(self) -> Fraction | None:
        """The value, if it is a rational number; else None."""
        if self.top.keys() <= {()} and self.bottom.keys() == {()}:
            return self.top.get((), Fraction(0)) / self.bottom[()]
        return None


ONE: Poly = {(): Fraction(1)}
IMAGINARY: Generator = ("i",)
PI_GENERATOR: Generator = ("pi",)


def order(part: object) -> str:
    """The sort key of monomials and terms. Raises TooHard for numbers with more digits than Python prints."""
    try:
        return repr(part)
    except ValueError:
        raise TooHard("a number of many digits") from None


def constant(value: Fraction | int) -> Form:
    return Form({(): Fraction(value)} if value else {}, ONE)


def generator(name: Generator, exponent: Fraction | int = 1) -> Form:
    return Form({((name, Fraction(exponent)),): Fraction(1)}, ONE) if exponent else constant(1)


# --- sums of monomials ------------------------------------------------------------------------------------------------


def _checked(poly: Poly) -> Poly:
    if len(poly) > MOST_TERMS:
        raise TooHard(f"more than {MOST_TERMS} terms")
    for value in poly.values():
        if value.numerator.bit_length() > MOST_BITS or value.denominator.bit_length() > MOST_BITS:
            raise TooHard("numbers of thousands of digits")
    return poly


def poly_sum(a: Poly, b: Poly, factor: int = 1) -> Poly:
    total = dict(a)
    for monomial, value in b.items():
        new = total.get(monomial, Fraction(0)) + factor * value
        if new:
            total[monomial] = new
        else:
            total.pop(monomial, None)
    return _checked(total)


def monomial_product(a: Monomial, b: Monomial) -> tuple[Monomial, Fraction, list[tuple[Generator, Fraction]]]:
    """The product of two monomials, its rational factor, and factors that are sums (powers of opaque roots)."""
    exponents = dict(a)
    for name, exponent in b:
        exponents[name] = exponents.get(name, Fraction(0)) + exponent
    factor = Fraction(1)
    sums: list[tuple[Generator, Fraction]] = []
    kept: dict[Generator, Fraction] = {}
    for name, exponent in exponents.items():
        if not exponent:
            continue
        kind = name[0]
        if kind == "p":
            whole = exponent.numerator // exponent.denominator
            if abs(whole) > MOST_BITS:
                raise TooHard("a large power")
            factor *= Fraction(name[1]) ** whole
            exponent -= whole
        elif kind == "i":
            quarter = int(exponent) % 4
            factor *= -1 if quarter >= 2 else 1
            exponent = Fraction(quarter % 2)
        elif (kind == "root" and abs(exponent) >= name[1]) or (kind == "cos" and exponent >= 2):
            size = name[1] if kind == "root" else 2
            whole = int(exponent / size)
            sums.append((name, Fraction(whole)))
            exponent -= whole * size
        if exponent:
            kept[name] = exponent
    ordered = sorted(kept.items(), key=order) if len(kept) > 1 else kept.items()
    return tuple(ordered), factor, sums


def poly_product(a: Poly, b: Poly) -> Poly:
    if len(a) * len(b) > _MOST_PRODUCTS or not budget.spend("exact", 2 * len(a) * len(b)):
        raise TooHard("a product of large sums")
    for one, other in ((a, b), (b, a)):  # a sum times a number: the monomials are reduced already
        if len(one) == 1 and () in one:
            number = one[()]
            return other if number == 1 else _checked({monomial: number * value for monomial, value in other.items()})
    total: Poly = {}
    expanded: Poly = {}
    is_long = len(b) > _LONG
    for first, x in a.items():
        if is_long and budget.seconds_left() <= 0:  # a busy machine may need seconds for one product
            raise TooHard("a product for which no time is left")
        for second, y in b.items():
            monomial, factor, sums = monomial_product(first, second)
            value = x * y * factor
            if sums:
                piece: Poly = {monomial: value}
                for name, exponent in sums:
                    piece = poly_product(piece, _opened(name, exponent))
                expanded = poly_sum(expanded, piece)
                continue
            new = total.get(monomial, Fraction(0)) + value
            if new:
                total[monomial] = new
            else:
                total.pop(monomial, None)
    return _checked(poly_sum(total, expanded) if expanded else total)


def _opened(name: Generator, exponent: Fraction) -> Poly:
    """Expand a full power of a generator: a root to its radicand, cos² to 1 - sin²."""
    if name[0] == "cos":
        sine: Generator = ("sin", name[1])
        inner: Poly = {(): Fraction(1), ((sine, Fraction(2)),): Fraction(-1)}
    else:
        inner = dict(name[2])
    if exponent < 0:
        raise TooHard("a negative power of a root of a sum")
    result = ONE
    for _ in range(int(exponent)):
        result = poly_product(result, inner)
    return result


def _inverse(poly: Poly) -> Poly | None:
    """1 / poly, if poly is a single monomial; else None."""
    if len(poly) != 1:
        return None
    ((monomial, value),) = poly.items()
    if any(name[0] in ("root", "cos") for name, _ in monomial):
        return None
    result, factor, _ = monomial_product((), tuple((name, -exponent) for name, exponent in monomial))
    return {result: factor / value}


# --- quotients --------------------------------------------------------------------------------------------------------


def form(top: Poly, bottom: Poly = ONE) -> Form:
    """The quotient of two sums. Raises Undefined if the bottom is zero."""
    if bottom == ONE:
        return Form(top, ONE)
    if not bottom:
        raise Undefined("a division by zero")
    inverse = _inverse(bottom)
    return Form(top, bottom) if inverse is None else Form(poly_product(top, inverse), ONE)


def plus(a: Form, b: Form, factor: int = 1) -> Form:
    if a.bottom == b.bottom:
        return form(poly_sum(a.top, b.top, factor), a.bottom)
    return form(
        poly_sum(poly_product(a.top, b.bottom), poly_product(b.top, a.bottom), factor), poly_product(a.bottom, b.bottom)
    )


def times(a: Form, b: Form) -> Form:
    return form(poly_product(a.top, b.top), poly_product(a.bottom, b.bottom))


def over(a: Form, b: Form) -> Form:
    if not b.top:
        raise Undefined("a division by zero")
    return form(poly_product(a.top, b.bottom), poly_product(a.bottom, b.top))


def whole_power(base: Form, exponent: int) -> Form:
    if exponent < 0:
        return whole_power(over(constant(1), base), -exponent)
    value = base.rational
    if value is not None:
        size = max(value.numerator.bit_length(), value.denominator.bit_length())
        if size * exponent > MOST_BITS:
            raise TooHard("a power of thousands of digits")
        return constant(value**exponent)
    if exponent > 200 and (len(base.top) > 1 or len(base.bottom) > 1):
        raise TooHard("a large power of a sum")
    if len(base.top) == 1 and len(base.bottom) == 1:
        ((monomial, factor),) = base.top.items()
        if not any(name[0] in ("root", "cos") for name, _ in monomial) and base.bottom == ONE:
            if max(factor.numerator.bit_length(), factor.denominator.bit_length()) * exponent > MOST_BITS:
                raise TooHard("a power of thousands of digits")
            raised, extra, _ = monomial_product((), tuple((name, e * exponent) for name, e in monomial))
            return Form({raised: factor**exponent * extra}, ONE)
    result, square = constant(1), base
    while exponent:
        if exponent & 1:
            result = times(result, square)
        exponent >>= 1
        if exponent:
            square = times(square, square)
    return result


def same_form(a: Form, b: Form) -> bool:
    """Whether two normal forms are the same, which proves equality."""
    if a.bottom == b.bottom:
        return a.top == b.top
    return poly_product(a.top, b.bottom) == poly_product(b.top, a.bottom)


def independent(*forms: Form) -> bool:
    """Whether different forms with these generators prove that the values differ."""
    transcendental = set()
    for one in forms:
        for poly in (one.top, one.bottom):
            for monomial in poly:
                for name, exponent in monomial:
                    if name[0] in ("p", "i"):
                        continue
                    if name[0] == "x" and exponent.denominator == 1:
                        continue
                    if name[0] in ("pi", "ln") or name == ("e", ()):
                        transcendental.add(name)
                        continue
                    return False
    return len(transcendental) <= 1


def free_of_variables(value: Form) -> bool:
    """Whether it contains no variable, and no opaque term that could contain one."""
    return all(
        name[0] in ("p", "i", "pi") or name == ("e", ()) or (name[0] == "ln" and isinstance(name[1], int))
        for poly in (value.top, value.bottom)
        for monomial in poly
        for name, _ in monomial
    )


def ratio(a: Poly, b: Poly) -> Fraction | None:
    """The ratio of two sums, if it is a rational number; else None."""
    if not a or not b or a.keys() != b.keys():
        return None
    first = next(iter(a))
    factor = a[first] / b[first]
    return factor if all(value == factor * b[monomial] for monomial, value in a.items()) else None


def spanned(polys: Iterable[Poly]) -> dict[Monomial, Poly]:
    """The reduced echelon form of polynomials: the same for those that are combinations of each other."""
    reduced: dict[Monomial, Poly] = {}
    for poly in polys:
        left = _without(poly, reduced)
        if left:
            first = min(left, key=order)
            left = {monomial: value / left[first] for monomial, value in left.items()}
            reduced = {pivot: _without(row, {first: left}) for pivot, row in reduced.items()} | {first: left}
    return reduced


def _without(poly: Poly, rows: Mapping[Monomial, Poly]) -> Poly:
    """Subtract multiples of rows so that no monomial is one that they begin with."""
    for pivot, row in rows.items():
        if pivot in poly:
            poly = poly_sum(poly, {monomial: value * poly[pivot] for monomial, value in row.items()}, -1)
    return poly


def unsigned(value: Form) -> tuple[Form, int]:
    """Choose one of the value and its negative, the same for both. Returns it and its sign."""
    if value.top and value.top[min(value.top, key=order)] < 0:
        return Form({m: -v for m, v in value.top.items()}, value.bottom), -1
    return value, 1


def key_of(value: Form) -> tuple[Any, ...]:
    """A hashable key of a form, for names of generators."""
    if value.bottom != ONE and len(value.bottom) > 0:
        scale = value.bottom[min(value.bottom, key=order)]
    else:
        scale = Fraction(1)
    return tuple(
        tuple(sorted(((m, v / scale) for m, v in poly.items()), key=order)) for poly in (value.top, value.bottom)
    )
