r"""Set-builder notation: `\{x : x > 3\}`, `\{x \in \mathbb{Z} : 1 \le x \le 3\}`, `\{2k : k = 1, 2\}`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from rewards.math.expressions import Num, Op, Sym, add, free_variables, negative, number, renamed, substituted
from rewards.math.normalise.exact import linear, quadratic
from rewards.math.notation.standard import key
from rewards.math.notation.tokens import Kind, Token
from rewards.math.parse.commands import expression
from rewards.math.parse.cutting import cut
from rewards.math.parse.progressions import from_on
from rewards.math.values import Equation, Inequality, Many, Named, Scalar, Value, Words

_Reader: TypeAlias = Callable[[Sequence[Token], str], list[Value]]

_BOUND = "the member"
_MOST_MEMBERS = 100
_STARTS = {"all positive integers": 1, "all nonnegative integers": 0}
_COMMAS = frozenset((",", ";"))
_FLIPPED = {">": "<", ">=": "<="}
_KIND = re.compile(r"(?:is\s+)?(?:an?\s+)?(odd|even|prime)(?:\s+(?:number|integer))?(\s+and)?")
_KINDS: dict[str, Callable[[int], bool]] = {
    "odd": lambda number: number % 2 == 1,
    "even": lambda number: number % 2 == 0,
    "prime": lambda number: number > 1 and all(number % factor for factor in range(2, math.isqrt(number) + 1)),
}


def set_builder(inner: Sequence[Token], text: str, item: _Reader, several: _Reader) -> list[Value]:
    r"""Parse `\{ x \mid x > 3 \}` or `\{x : x > 3\}`, given the tokens inside the braces.

    item, several: parse one value, and a list.
    """
    bars = [at for at, token in enumerate(inner) if token.text == "|"]
    if len(bars) == 1:
        inner = [*inner[: bars[0]], replace(inner[bars[0]], text=":"), *inner[bars[0] + 1 :]]
    restricted = [one.text.strip() for at, one in enumerate(inner) if at and inner[at - 1].text in ("\\mathbb", "{")]
    if any(one.text == "\\notin" for one in inner):
        return [Words(key(text))]
    if any(one in ("Z", "N", "Q") for one in restricted):
        # Not a set of real numbers that can be written out.
        return _whole_numbers(inner, text, item) or [Words(key(text))]
    pieces, _between = cut(inner, frozenset((":",)))
    if len(pieces) != 2 or not all(pieces):
        return []
    conditions = several(pieces[1], text)
    is_of_points = pieces[0][0].text == "("
    return _built(pieces[0], conditions) or ([Words(key(text))] if bars or is_of_points else [])


def _whole_numbers(inner: Sequence[Token], text: str, item: _Reader) -> list[Value]:
    r"""The members of a finite set of integers, `\{x \in \mathbb{Z} : 1 \le x \le 3\}`."""
    sides = cut(inner, frozenset((":",)))[0]
    pieces, between = cut(sides[1], _COMMAS, words=True) if len(sides) == 2 else ([], [])
    if not _COMMAS.union(("and",)).issuperset(between):
        return []
    kinds, pieces = _described([piece for piece in pieces if piece], sides[0][0].text)
    conditions = [item(piece, text) for piece in pieces]
    if len(conditions) == 1 and conditions[0] and (endless := _endless(sides[0], conditions[0][0])) is not None:
        return [] if kinds else [endless]
    about = [one[0] for one in conditions if one and not _names_a_set(one[0])]
    condition = about[0] if len(about) == 1 else None
    if not isinstance(condition, Inequality) or "Q" in text:
        return []
    if not kinds and (first := _first_of_all(condition)) is not None:
        return [from_on(first, 1)] if "Z" in text or first > 0 else []
    return _members(condition, sides[0][0].text, kinds, natural="N" in text)


def _described(pieces: Sequence[Sequence[Token]], name: str) -> tuple[list[str], list[Sequence[Token]]]:
    """The kinds of numbers that the conditions say in words (`x “is odd and” x < 6`), and the other conditions."""
    kinds: list[str] = []
    others: list[Sequence[Token]] = []
    for piece in pieces:
        is_of_name = len(piece) > 1 and piece[0].text == name and piece[1].kind is Kind.QUOTED
        said = _KIND.fullmatch(piece[1].text.strip()) if is_of_name else None
        if said is None or bool(said[2]) != bool(piece[2:]):
            others.append(piece)
            continue
        kinds.append(said[1])
        others += [piece[2:]] if said[2] else []
    return kinds, others


def _members(condition: Inequality, of: str, kinds: Sequence[str], *, natural: bool) -> list[Value]:
    """The integers of these kinds that satisfy a condition on the name; it is not agreed whether 0 is natural."""
    if natural and kinds and len(condition.members) == 2:
        condition = Inequality((number(0), *condition.members), ("<=", *condition.relations))
    found = _solutions(condition, of)
    if found is None:
        return []
    members = [one for one in found if all(_KINDS[kind](one) for kind in kinds)]
    if natural and min(members if kinds else found, default=1) <= 0:
        return []
    return [Many(tuple(Scalar(number(member)) for member in members), "\\{", "\\}")]


def _solutions(condition: Inequality, of: str) -> Sequence[int] | None:
    r"""The integers that satisfy `1 \le x \le 3`, `|x| \le 3` or `x^2 < 10`; None if they cannot be listed."""
    chain = _as_chain(condition)
    if chain is None:
        return _between_roots(condition, of) if len(condition.members) == 2 else None
    low, name, high = chain.members
    if not (isinstance(low, Num) and isinstance(high, Num) and isinstance(name, Sym)) or of != name.name:
        return None
    if not {"<", "<="}.issuperset(chain.relations) or not 0 <= high.value - low.value <= _MOST_MEMBERS:
        return None
    first = math.floor(low.value) + 1 if chain.relations[0] == "<" else math.ceil(low.value)
    last = math.ceil(high.value) - 1 if chain.relations[1] == "<" else math.floor(high.value)
    return range(first, last + 1)


def _between_roots(condition: Inequality, of: str) -> Sequence[int] | None:
    """The integers where a quadratic expression is below another one; None for other conditions."""
    (left, right), (relation,) = condition.members, condition.relations
    if relation in _FLIPPED:
        left, right, relation = right, left, _FLIPPED[relation]
    found = quadratic(add(left, negative(right)), of)
    if found is None or found[0] <= 0 or relation not in ("<", "<="):
        return None
    a, b, c = found
    apart = math.isqrt(max(math.ceil(b * b - 4 * a * c), 0)) + 1
    within = range(math.floor((-b - apart) / (2 * a)), math.ceil((-b + apart) / (2 * a)) + 1)
    if len(within) > _MOST_MEMBERS:
        return None
    values = [(one, a * one * one + b * one + c) for one in within]
    return [one for one, value in values if value < 0 or (value == 0 and relation == "<=")]


def _endless(rule: Sequence[Token], condition: Value) -> Value | None:
    r"""The infinite progression of `\{2n - 1 : n \in \mathbb{N}^*\}`; None for others."""
    if not isinstance(condition, Named) or not isinstance(condition.value, Words):
        return None
    start = _STARTS.get(condition.value.text)
    if start is None:
        return None
    found = linear(expression(rule), condition.name)
    if found is None or found[0] <= 0:
        return None
    step, first = found[0], found[1] + start * found[0]
    return from_on(int(first), int(step)) if first.denominator == step.denominator == 1 else None


def _as_chain(condition: Inequality) -> Inequality | None:
    r"""Normalise a condition to `a \le x \le b`, also from `b \ge x \ge a` or `|x| \le b`; None for others."""
    match condition:
        case Inequality(members=(Op(name="abs", args=(name,)), Num() as bound), relations=("<" | "<=" as relation,)):
            return Inequality((negative(bound), name, bound), (relation, relation))
        case Inequality(members=(high, name, low), relations=(first, second)) if {first, second} <= _FLIPPED.keys():
            return Inequality((low, name, high), (_FLIPPED[second], _FLIPPED[first]))
        case Inequality(members=(_, _, _)):
            return condition
    return None


def _first_of_all(condition: Inequality) -> int | None:
    """The smallest integer that satisfies a single lower bound; None for other conditions."""
    if len(condition.members) != 2 or not isinstance(low := condition.members[1], Num) or low.digits:
        return None
    if not isinstance(condition.members[0], Sym) or condition.relations[0] not in (">", ">="):
        return None
    return math.ceil(low.value) if condition.relations[0] == ">=" else math.floor(low.value) + 1


def _names_a_set(value: Value) -> bool:
    r"""`n \in \mathbb{Z}`."""
    return isinstance(value, Named) and isinstance(value.value, Words)


def _built(left: Sequence[Token], conditions: Sequence[Value]) -> list[Value]:
    r"""The set of a name with a condition, or the values of `\{2k : k \in \{1, 2\}\}`."""
    name = left[0].text if left[0].kind is Kind.LETTER and (len(left) == 1 or left[1].text == "\\in") else ""
    if name:
        about = [one for one in conditions if isinstance(one, Inequality | Named | Many)]
        found: list[Value] = [one for one in about if not isinstance(one, Inequality | Named) or name in _names(one)]
        found += [one for one in conditions if isinstance(one, Equation) and _letters(one) == {name}]
        return [*found, *(_rebound(one, name) for one in found if isinstance(one, Inequality))]
    if (names := _coordinates(left)) is not None:
        unsolved = [_unsolved(one) for one in conditions]
        return [one for one in unsolved if isinstance(one, Inequality | Equation) and _letters(one) == names]
    first = _listed(conditions[0]) if conditions else None
    if not isinstance(first, Named) or not isinstance(first.value, Many) or first.value.opening != "\\{":
        return []
    rule = expression(left)
    items = [one.expression for one in first.value.items if isinstance(one, Scalar)]
    if free_variables(rule) != {first.name} or len(items) != len(first.value.items):
        return []
    return [Many(tuple(Scalar(substituted(rule, first.name, item)) for item in items), "\\{", "\\}")]


def _unsolved(condition: Value) -> Value:
    r"""The condition as an equation, if it is one: the points with `y = x^2` are not the value `x^2`."""
    match condition:
        case Named(expression=name, value=Scalar(expression=value)) if name is not None:
            return Equation((name, value))
    return condition


def _coordinates(left: Sequence[Token]) -> frozenset[str] | None:
    r"""The letters of `(x, y)` or `(x, y) \in \mathbb{R}^2`, in this order; None for others."""
    point = cut(left, frozenset(("\\in",)))[0][0]
    if len(point) < 5 or (point[0].text, point[-1].text) != ("(", ")"):
        return None
    pieces, _between = cut(point[1:-1], frozenset((",",)))
    letters = [piece[0].text for piece in pieces if len(piece) == 1 and piece[0].kind is Kind.LETTER]
    return frozenset(letters) if len(letters) == len(pieces) and letters == sorted(set(letters)) else None


def _listed(condition: Value) -> Value:
    """The list of values of `k = 0, 1, 2`."""
    if isinstance(condition, Many) and not condition.opening and isinstance(named := condition.items[0], Named):
        return Named(named.name, Many((named.value, *condition.items[1:]), "\\{", "\\}"))
    return condition


def _rebound(condition: Inequality, name: str) -> Inequality:
    r"""Rename the bound letter of `\{t : t > 2\}` to a reserved name."""
    return replace(condition, members=tuple(renamed(one, {name: _BOUND}) for one in condition.members))


def _names(condition: Inequality | Named) -> frozenset[str]:
    if isinstance(condition, Named):
        return frozenset((condition.name,))
    return _letters(condition)


def _letters(condition: Inequality | Equation) -> frozenset[str]:
    return frozenset().union(*map(free_variables, condition.members))
