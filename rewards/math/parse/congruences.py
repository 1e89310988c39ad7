r"""Congruences: `x \equiv 10 \pmod 7` is a residue with modulus, `2^{100} \equiv 1 \pmod{125}` just a residue.

Example:
    >>> congruence(r"2^{10} \equiv 24 \equiv 3 \pmod 7")
    []
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from fractions import Fraction

from rewards.math.expressions import Expr, Num, Op, free_variables
from rewards.math.normalise.exact import linear
from rewards.math.notation.tokens import NotMaths, tokens
from rewards.math.parse.commands import Parser
from rewards.math.values import Many, Named, Scalar, Value

_RESIDUE = re.compile(
    r"(?:([a-zA-Z])\s*\\equiv\s*)?(-?\d+)\s*(?:\\pmod\s*\{?\s*(\d+)\s*\}?|\(?\s*(?:“\s*)?\\?[bp]?mod\s*(?:”\s*)?\{?\s*(\d+)\s*\}?\s*\)?)"
)
_WORD = r"(?:“\s*+)?\b(?:or|and)\b\s*+(?:”\s*+)?"
_BETWEEN = rf"(?:\s*+,\s*+(?:{_WORD})?|\s*+{_WORD}|\s++)"
_SEVERAL = re.compile(  # `n \equiv 1, 4 \pmod 5`, `\pm 1 \pmod 5`
    rf"(?:([a-zA-Z])\s*\\equiv\s*)?((?:\\pm\s*)?-?\d+(?:{_BETWEEN}(?:\\pm\s*)?-?\d+)*)"
    r"\s*(?:\\pmod\s*\{?\s*(\d+)\s*\}?|\(\s*(?:“\s*)?\\?[bp]?mod\s*(?:”\s*)?\{?\s*(\d+)\s*\}?\s*\))"
)
_EACH = re.compile(r"\s*(?:,\s*(?:“?\s*\b(or|and)\b\s*”?)?|“?\s*\b(or|and)\b\s*”?)\s*(?=[a-zA-Z]\s*\\equiv|-?\d)")
_STEPS = re.compile(
    r"(.+?)\s*(?:\\pmod\s*\{?\s*(\d+)\s*\}?|\(\s*(?:“\s*)?\\?[bp]?mod\s*(?:”\s*)?\{?\s*(\d+)\s*\}?\s*\)"
    r"|\\bmod\s*\{?\s*(\d+)\s*\}?)"
)
MODULO = "mod"
"""Marks a list as (residue, modulus), in place of its brackets."""
_PARAMETERS = frozenset("kmnt")
_LARGEST_EXPONENT = 10**30
_LARGEST_FACTORIAL = 10_000
_LARGEST_MODULUS = 1000


class _Unknown(Exception):
    """The expression has no residue, or it cannot be found here."""


def congruence(text: str) -> list[Value] | None:
    """The readings of a congruence; empty if it is false or cannot be parsed, None if the text is not one."""
    found = _RESIDUE.fullmatch(text)
    if found and "bmod" in text and not found[1]:  # the residue, or the numbers with that residue
        return [Scalar(_expression(text)), *_residue(None, int(found[2]), int(found[3] or found[4]))]
    if found and ("equiv" in text or "pmod" in text or "(" in text or "”" in text):
        return _residue(found[1], int(found[2]), int(found[3] or found[4]))
    if (several := _SEVERAL.fullmatch(text)) is not None and (listed := _residues(several)):
        return listed
    if len(parts := _EACH.split(text)) > 1 and (joined := _joined(parts)):
        return joined
    steps = _STEPS.fullmatch(text) if "\\equiv" in text else None
    if steps is None:
        return None
    members = [member.strip() for member in steps[1].split("\\equiv")]
    modulus = int(steps[2] or steps[3] or steps[4])
    if not modulus or not re.fullmatch(r"-?\s?\d+", members[-1]):
        return []
    name = members.pop(0) if len(members) > 2 and re.fullmatch(r"[a-zA-Z]", members[0]) else None
    last = int(members[-1].replace(" ", ""))
    try:
        expressions = [_expression(member) for member in members]
        if len(members) == 2 and free_variables(expressions[0]):
            return _solved(expressions[0], last, modulus)
        residues = {_modulo(one, modulus) for one in expressions}
    except (_Unknown, NotMaths, RecursionError):
        return []
    if len(residues) > 1:
        return []
    return _residue(name, last, modulus) if name else [Scalar(Num(Fraction(last)))]


def _solved(left: Expr, right: int, modulus: int) -> list[Value]:
    r"""The solutions of `2x + 1 \equiv 7 \pmod{10}`; empty if there are none, or if it is not linear in one name."""
    names = free_variables(left)
    found = linear(left, min(names)) if len(names) == 1 else None
    if found is None or any(part.denominator != 1 for part in found):
        return []
    slope, rest = int(found[0]), right - int(found[1])
    common = math.gcd(slope, modulus)
    if rest % common:
        return []
    modulus //= common
    return _residue(min(names), rest // common * pow(slope // common, -1, modulus), modulus)


def same_residues(gold: Many, answer: Expr) -> bool:
    """Whether `7k + 3`, for all integers k, equals the congruence."""
    parts = [part.expression for part in gold.items if isinstance(part, Scalar)]
    residue, modulus = (part.value for part in parts if isinstance(part, Num))
    names = free_variables(answer)
    if len(names) != 1 or names.isdisjoint(_PARAMETERS):
        return False
    found = linear(answer, min(names))
    if found is None:
        return False
    slope, offset = found
    return abs(slope) == modulus and (offset - residue) % modulus == 0


def _residue(name: str | None, residue: int, modulus: int) -> list[Value]:
    """A residue with its modulus."""
    if not modulus:
        return []
    parts = tuple(Scalar(Num(Fraction(part))) for part in (residue % modulus, modulus))
    value = Many(parts, MODULO, MODULO)
    return [Named(name, value) if name else value]


def _residues(several: re.Match[str]) -> list[Value]:
    """Several residues of one modulus, each once; empty if there is only one."""
    modulus = int(several[3] or several[4])
    found: set[int] = set()
    for signs, digits in re.findall(r"(\\pm\s*)?(-?\d+)", several[2]) if modulus else ():
        found |= {int(digits) % modulus, (-int(digits) if signs else int(digits)) % modulus}
    return _each(several[1], found, modulus) if len(found) > 1 else []


def _joined(parts: list[str | None]) -> list[Value]:
    r"""Combine `n \equiv 1 \pmod 4 \text{ or } n \equiv 2 \pmod 4` to residues of a common modulus."""
    said = [_RESIDUE.fullmatch(one or "") for one in parts[::3]]
    found = [one for one in said if one is not None]
    names = {one[1] for one in found if one[1]}
    moduli = [int(one[3] or one[4]) for one in found]
    if len(found) != len(said) or len(names) > 1 or not all(moduli):
        return []
    whole = math.lcm(*moduli)
    if whole > _LARGEST_MODULUS:
        return []
    pairs = [(int(one[2]), modulus) for one, modulus in zip(found, moduli, strict=True)]
    each = [set(range(residue % modulus, whole, modulus)) for residue, modulus in pairs]
    is_both = "and" in parts and len(set(moduli)) > 1  # numbers with both residues
    left = set.intersection(*each) if is_both else set.union(*each)
    if not left:
        return []
    return _each(min(names, default=None), left, whole)


def _each(name: str | None, residues: set[int], modulus: int) -> list[Value]:
    """The residues with the smallest possible modulus."""
    for least in range(1, modulus + 1):
        if modulus % least == 0 and all((one + least) % modulus in residues for one in residues):
            residues, modulus = {one % least for one in residues}, least
            break
    each = [_residue(None, one, modulus)[0] for one in sorted(residues)]
    value = Many(tuple(each)) if len(each) > 1 else each[0]
    return [Named(name, value) if name else value]


def _expression(text: str) -> Expr:
    parser = Parser(tokens(text), units=False)
    value = parser.expression()
    if not parser.done():
        raise NotMaths("something behind a member of a congruence")
    return value


def _modulo(value: Expr, modulus: int) -> int:
    """Raises _Unknown."""
    if isinstance(value, Num) and not value.digits:
        return _quotient(value.value.numerator, value.value.denominator, modulus)
    if isinstance(value, Op):
        if value.name == "+":
            return sum(_modulo(arg, modulus) for arg in value.args) % modulus
        if value.name == "*":
            return math.prod(_modulo(arg, modulus) for arg in value.args) % modulus
        if value.name == "^":
            return _power(value.args, modulus)
        if value.name == "!" and isinstance(value.args[0], Num):
            count = value.args[0].value
            if count.denominator == 1 and 0 <= count <= _LARGEST_FACTORIAL:
                return math.factorial(int(count)) % modulus
    raise _Unknown


def _power(args: Sequence[Expr], modulus: int) -> int:
    base, exponent = _modulo(args[0], modulus), args[1]
    if not isinstance(exponent, Num) or exponent.value.denominator != 1 or abs(exponent.value) > _LARGEST_EXPONENT:
        raise _Unknown
    raised = pow(base, abs(int(exponent.value)), modulus)
    return raised if exponent.value >= 0 else _quotient(1, raised, modulus)


def _quotient(top: int, bottom: int, modulus: int) -> int:
    if math.gcd(bottom, modulus) != 1:
        raise _Unknown
    return top * pow(bottom, -1, modulus) % modulus
