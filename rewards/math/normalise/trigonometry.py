"""Sines and cosines in normal form: exact for multiples of 15 and 18 degrees, else one generator per angle."""

from __future__ import annotations

from fractions import Fraction

from rewards.math.normalise.integers import radical
from rewards.math.normalise.polynomials import (
    ONE,
    PI_GENERATOR,
    Form,
    constant,
    generator,
    key_of,
    plus,
    times,
    unsigned,
)


def _pi_multiple(angle: Form) -> Fraction | None:
    """The rational c, if the angle is c pi; else None."""
    if angle.bottom != ONE or len(angle.top) > 1:
        return None
    if not angle.top:
        return Fraction(0)
    ((monomial, value),) = angle.top.items()
    return value if monomial == ((PI_GENERATOR, Fraction(1)),) else None


def _sine_of_degrees(twelfths: Fraction) -> Form | None:
    """The sine of `twelfths` · pi / 12, for 0 to 6; None if it is not known exactly."""
    half = Fraction(1, 2)
    root2, root3, root6 = (radical(Fraction(n), half) for n in (2, 3, 6))
    table: dict[Fraction, Form] = {
        Fraction(0): constant(0),
        Fraction(1): times(plus(root6, root2, -1), constant(Fraction(1, 4))),
        Fraction(2): constant(half),
        Fraction(3): times(root2, constant(half)),
        Fraction(4): times(root3, constant(half)),
        Fraction(5): times(plus(root6, root2), constant(Fraction(1, 4))),
        Fraction(6): constant(1),
        Fraction(6, 5): times(plus(radical(Fraction(5), half), constant(1), -1), constant(Fraction(1, 4))),  # 18°
        Fraction(18, 5): times(plus(radical(Fraction(5), half), constant(1)), constant(Fraction(1, 4))),  # 54°
    }
    return table.get(twelfths)


def sine(angle: Form) -> Form:
    multiple = _pi_multiple(angle)
    if multiple is None:
        return _odd("sin", angle)
    turn = multiple % 2
    sign = 1
    if turn >= 1:
        turn, sign = turn - 1, -1
    if turn > Fraction(1, 2):
        turn = 1 - turn
    known = _sine_of_degrees(turn * 12)
    if known is None:
        known = generator(("sin", key_of(Form({((PI_GENERATOR, Fraction(1)),): turn}, ONE))))
    return times(known, constant(sign))


def cosine(angle: Form) -> Form:
    multiple = _pi_multiple(angle)
    if multiple is None:
        return generator(("cos", key_of(unsigned(angle)[0])))
    return sine(
        Form({((PI_GENERATOR, Fraction(1)),): Fraction(1, 2) - multiple} if multiple != Fraction(1, 2) else {}, ONE)
    )


def _odd(name: str, angle: Form) -> Form:
    positive, sign = unsigned(angle)
    if not positive.top:
        return constant(0)
    return times(generator((name, key_of(positive))), constant(sign))
