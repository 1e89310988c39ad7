r"""Arbitrary constants, whose names do not matter: `x^2 + c` equals `x^2 + C`; `A\cos t + B\sin t` has two.

A letter is an arbitrary constant if it is added to a function of the usual variables of calculus, is a factor of an
exponential of them, is one of several numbered letters in such a function, or is declared as a constant in the
reference. Other names must match. Several constants may be exchanged only if the function is linear in them; the
letters of `\frac{k_1x}{k_2}` are given quantities.

Example:
    >>> from rewards.math.parse.reading import readings
    >>> gold, answer = readings("x^2 + C")[0], readings("c + x^2")[0]
    >>> [one.expression.args[0].name for one in renamings(gold, answer)]
    ['C']
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import permutations

from rewards.math.equal import integration
from rewards.math.expressions import (
    E,
    Expr,
    Num,
    Op,
    Sym,
    flattened,
    free_variables,
    negative,
    renamed,
    substituted,
    walk,
)
from rewards.math.values import Equation, Named, Scalar, Value

_CALCULUS = frozenset("xyztus") | {"theta"}
_NUMBERED = re.compile(r"[CcKk]_\{?\d\}?")
_SINGLE = frozenset(("C", "c", "K", "k", "C_1", "c_1"))
_OF_INTEGRATION = frozenset(("C", "C_1", "c_1"))
_CAPITALS = frozenset("ABCDK")
_OF_SEVERAL = re.compile(r"[CcKk]_\{?\d\}?|[ABCDKabcdk]")
_DECLARED = re.compile(
    r"constants?\W{0,3}([a-zA-Z])(?![a-zA-Z])|(?<![a-zA-Z])([a-zA-Z])\W{0,3}is an? (?:\w+ )?constant"
)
_REAL = re.compile(r"(?<![a-zA-Z\\])([a-zA-Z])\s*\\in\s*(?:\\mathbb|\\mathbf)?\s*\{?\s*R\s*\}?\W*$")
_MOST = 3


def renamings(gold: Value, answer: Value, said: str = "") -> Iterator[Value]:
    """Yield the answer with its arbitrary constants renamed to the gold's. said: the text of the gold."""
    ours, theirs = _variables(gold), _variables(answer)
    if ours == theirs and len(ours) < 3:
        return
    own = _arbitrary(gold, ours, said)
    others = theirs - (ours - own)
    if not own and ours - theirs == {"C"} and theirs - ours == {"c"} and ours & theirs and ours & theirs <= _CALCULUS:
        yield _renamed(answer, {"c": "C"})  # `\frac{1}{x^2 + c}`: a given quantity would have the same letter in both
    if not own or len(own) != len(others) or len(own) > _MOST or not (ours - own) <= theirs:
        return
    if not (_are_arbitrary(answer, others) or (len(own) == 1 and _declared(said) == own)):
        return
    if len(own) == 1 and not own <= _OF_INTEGRATION | _declared(said) and _lower(own) != _lower(others):
        return  # `x^2 + c` and `x^2 + k` may contain two given quantities
    order = sorted(own)
    may_change_places = len(own) == 1 or all(_is_linear(one, order) for one in _members(gold))
    for names in permutations(sorted(others)) if may_change_places else (tuple(sorted(others)),):
        named = _renamed(answer, dict(zip(names, order, strict=True)))
        if names != tuple(order):
            yield named
        if len(own) == 1 and isinstance(gold, Equation) and isinstance(named, Equation):  # `x^2 - y^2 = C`, of any sign
            opposite = negative(Sym(order[0]))
            yield Equation(tuple(substituted(one, order[0], opposite) for one in named.members))


def has_constants(gold: Value, said: str) -> bool:
    """Whether the gold contains arbitrary constants."""
    names = _variables(gold)
    return len(names) > 1 and bool(_arbitrary(gold, names, said))


def shows_constants(gold: Value, answer: Value) -> bool:
    """Whether numbered constants in the answer show that the gold's `A` and `B` are arbitrary, too."""
    is_general = len(_arbitrary(answer, _variables(answer), "")) > 1
    return is_general and _variables(gold) - _variables(answer) <= _CAPITALS


def are_one_family(gold: Value, answer: Value, said: str = "") -> bool:
    """Whether both are the same function up to arbitrary constants, in any form."""
    if isinstance(gold, Named) and isinstance(answer, Named) and _have_other_names(gold, answer):
        return False
    ours = _variables(gold)
    own = _arbitrary(gold, ours, said)
    others = _variables(answer) - (ours - own)
    if not own or len(own) != len(others) or len(own) > _MOST:
        return False
    of_integration = own == others or own <= _OF_INTEGRATION or len(own) > 1
    if len(own) == 1 and not own <= _OF_INTEGRATION | _declared(said) and _are_shifted(gold, answer):
        return False  # `x + k + 1` is not `x + k`, since k may be given
    if len(own) == 1:
        are_letters = others <= own | _SINGLE | {"A"}
    else:
        are_letters = all(map(_OF_SEVERAL.fullmatch, others - own))
    return of_integration and are_letters and integration.are_one_family(gold, answer, own, others)


def _have_other_names(one: Named, other: Named) -> bool:
    """Whether the names differ: `y` and `z`, `f(x)` and `g(x)`, but not `f(x)` and `y`, or `y` and `y_h`."""
    letters = {re.split(r"[(_]", named.name)[0] for named in (one, other)}
    return len(letters) > 1 and bool(one.parameters) == bool(other.parameters)


def _are_shifted(gold: Value, answer: Value) -> bool:
    """Sums of powers, one with a number besides the constant, which an antiderivative would not have."""
    expressions = [one for value in (gold, answer) for one in _members(value)]
    parts = [part for expression in expressions for part in walk(expression)]
    if not all(part.name in ("+", "*", "^") for part in parts if isinstance(part, Op)):
        return False
    return any(isinstance(term, Num) for expression in expressions for term in flattened(expression))


def _lower(names: frozenset[str]) -> set[str]:
    return {name.lower() for name in names}


def _arbitrary(value: Value, names: frozenset[str], said: str) -> frozenset[str]:
    numbered = frozenset(name for name in names if _NUMBERED.fullmatch(name))
    if len(numbered) > 1:
        return numbered if len((names - numbered) & _CALCULUS - _given_name(value)) == 1 else frozenset()
    single = frozenset(name for name in names if name in _SINGLE and _is_arbitrary(value, name))
    return single if len(single) == 1 else _declared(said) & names


def _are_arbitrary(value: Value, names: frozenset[str]) -> bool:
    if len(names) > 1:
        return all(map(_OF_SEVERAL.fullmatch, names))
    return all(name in _SINGLE and _is_arbitrary(value, name) for name in names)


def _declared(said: str) -> frozenset[str]:
    found = _DECLARED.search(said) if "constant" in said else None
    if found is None and "\\in" in said and (real := _REAL.search(said)) is not None:  # `kx, k \in \mathbb{R}`
        return frozenset(real.groups()) - _CALCULUS
    return frozenset() if found is None else frozenset(filter(None, found.groups()))


def _is_arbitrary(value: Value, name: str) -> bool:
    """Whether the name is added to or multiplies an expression in variables of calculus only."""
    members = _members(value)
    if len(members) == 2 and Sym(name) in members:  # `x^2 + y^2 = C`
        return _is_of_calculus([one for one in members if one != Sym(name)], name)
    if not members:
        return False
    terms = flattened(members[-1])
    own = [one for one in terms if name in free_variables(one)]
    rest = [one for one in terms if name not in free_variables(one)]
    if len(own) != 1:
        return False
    if own == [Sym(name)]:
        return _is_of_calculus(rest, name)
    factors = flattened(own[0], "*")
    others = [one for one in factors if one != Sym(name)]
    multiplies = len(others) < len(factors) and any(map(_is_exponential, others))
    return multiplies and _is_of_calculus([*others, *rest], name)


def _given_name(value: Value) -> frozenset[str]:
    """The `y` of `y = C_1 e^x + C_2`, if it was parsed as an equation."""
    members = value.members if isinstance(value, Equation) else ()
    return frozenset(one.name for one in members if isinstance(one, Sym))


def _is_linear(expression: Expr, names: Sequence[str]) -> bool:
    """Whether the expression is proven to be linear in the names."""
    return integration.parts(expression, names) is not None


def _is_of_calculus(expressions: list[Expr], name: str) -> bool:
    names = frozenset().union(*map(free_variables, expressions))
    return bool(names) and name not in names and names <= _CALCULUS


def _is_exponential(expression: Expr) -> bool:
    return any(isinstance(one, Op) and one.name == "^" and one.args[0] == E for one in walk(expression))


def _members(value: Value) -> tuple[Expr, ...]:
    match value:
        case Scalar():
            return (value.expression,)
        case Named(value=Scalar() as inner):
            return (inner.expression,)
        case Equation():
            return value.members
    return ()


def _variables(value: Value) -> frozenset[str]:
    return frozenset().union(*map(free_variables, _members(value)))


def _renamed(value: Value, names: dict[str, str]) -> Value:
    match value:
        case Scalar():
            return replace(value, expression=renamed(value.expression, names))
        case Named(value=Scalar() as inner):
            return replace(value, value=replace(inner, expression=renamed(inner.expression, names)))
        case Equation():
            return Equation(tuple(renamed(one, names) for one in value.members))
    return value
