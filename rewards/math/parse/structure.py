r"""Parse the structure of an answer: lists, sets, intervals, equations, inequalities, matrices, values with units.

Tokens are split outside of brackets: first at separators, then at relations, then at set operations; each remaining
piece is a value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction

from rewards.math.expressions import FUNCTIONS, E, Expr, Num, Sym, divide, free_variables, is_decimal, number
from rewards.math.notation.standard import key
from rewards.math.notation.tokens import Kind, NotMaths, Token, tokens
from rewards.math.notation.words import words_of
from rewards.math.parse.commands import Parser, expression, literal
from rewards.math.parse.cutting import JOINING, OPENING, closes, cut, is_measured, source_of
from rewards.math.parse.left_sides import FUNCTION_NAME, PLAIN_NAMES, by_name, is_unknown, name_of, unsolved
from rewards.math.parse.matrices import determinant, matrix_sum, read_matrix
from rewards.math.parse.measured import scalars
from rewards.math.parse.number_sets import EMPTY, by_sign
from rewards.math.parse.quantities import names_a_structure
from rewards.math.parse.set_builders import set_builder
from rewards.math.parse.steps import worked
from rewards.math.parse.vectors import tuples
from rewards.math.values import (
    Equation,
    Inequality,
    Interval,
    Many,
    Matrix,
    Meet,
    Minus,
    Named,
    Ratio,
    Scalar,
    Union,
    Value,
    Words,
)

_FIRST_OF_E = (2.7, 2.72)
_MOST_ITEMS = 100
_RELATIONS = {
    "=": "=",
    ":=": "=",
    "==": "=",
    "<": "<",
    ">": ">",
    "\\le": "<=",
    "<=": "<=",
    "\\ge": ">=",
    ">=": ">=",
    "\\ne": "!=",
    "!=": "!=",
    "\\approx": "~",
    "\\in": "in",
    "\\equiv": "==",
}
_COMMAS = frozenset((",", ";"))


def maths(text: str) -> list[Value]:
    """The readings of a normalised text as mathematics; empty if it is not mathematics."""
    try:
        return _several(tokens(text), text)
    except NotMaths:
        return []


def _several(found: Sequence[Token], text: str) -> list[Value]:
    """Parse a list without brackets, or whatever it is instead."""
    pieces, between = cut(found, _COMMAS, words=True)
    kept = [piece for piece in pieces if piece]
    if len(pieces) == 1:
        return _item(found, text)
    if len(kept) > _MOST_ITEMS or not kept:
        return []
    if len(kept) == 1:
        return _item(kept[0], text)
    if any(sign[0] == "\\" for sign in between) and not any(token.text in _RELATIONS for token in found):
        return [Words(key(text))]  # a formula of logic
    hedged = any(JOINING.get(sign, False) for sign in between)
    if len(kept) == len(pieces) and (solutions := _solutions(pieces, between, text)):
        return solutions
    found_all = _combined(kept, text, "", "", hedged)
    are_both = len(kept) == 2 and "and" in between  # `x < 1, and x > 2`
    if hedged or not (are_both or all(sign not in _COMMAS for sign in between)):
        return found_all
    return [replace(one, conjoined=True) if isinstance(one, Many) else one for one in found_all]


def _solutions(pieces: Sequence[Sequence[Token]], between: Sequence[str], text: str) -> list[Value]:
    """Parse `x = 1, y = 2 or x = 3, y = 4` to one tuple per solution, sorted by name."""
    parting = [sign == ";" or JOINING.get(sign, False) for sign in between]
    if not any(parting):
        parting = [sign == "and" for sign in between]
    if not any(parting) or all(parting):
        return []
    groups: list[list[Value]] = [[]]
    for at, piece in enumerate(pieces):
        if at and parting[at - 1]:
            groups.append([])
        groups[-1] += _item(piece, text)[:1]
    named = [_unindexed({one.name: one.value for one in group if isinstance(one, Named)}) for group in groups]
    if any(len(one) < 2 or one.keys() != named[0].keys() for one in named) or sum(map(len, named)) != len(pieces):
        return []
    order = sorted(named[0], key=lambda name: name.lstrip("\\"))
    return [Many(tuple(Many(tuple(one[name] for name in order), "(", ")") for one in named), hedged=True)]


def _unindexed(solution: dict[str, Value]) -> dict[str, Value]:
    """Remove indices that number the solution: `x_1 = 1, y_1 = 2` gives x and y."""
    names, indices = zip(*(name.partition("_")[::2] for name in solution), strict=True) if solution else ((), ())
    if len(set(indices)) != 1 or len(set(names)) != len(names):
        return solution
    return dict(zip(names, solution.values(), strict=True))


def _combined(
    pieces: Sequence[Sequence[Token]], text: str, opening: str, closing: str, hedged: bool = False
) -> list[Value]:
    """Parse several values in brackets; empty if one cannot be parsed."""
    items: list[Value] = []
    for piece in pieces:
        values = _item(piece, text)
        if not values:
            return []
        items.append(values[0])
    items = _filled(items)
    return [Many(tuple(items), opening, closing, hedged)]


def _filled(items: list[Value]) -> list[Value]:
    r"""Complete items: `x \ne 1, 2` says both of x, `x, y > 0` the same of both."""
    flat: list[Value] = []
    for item in items:
        before = flat[-1] if flat else None
        if isinstance(item, Scalar) and isinstance(before, Inequality) and before.relations == ("!=",):
            flat.append(Inequality((before.members[0], item.expression), ("!=",)))
        else:
            flat.append(item)
    return _each_related(flat)


def _each_related(items: list[Value]) -> list[Value]:
    """Apply the relation of `x, y > 0` to both."""
    *names, last = items
    letters = [one.expression for one in names if isinstance(one, Scalar) and one.unit.is_nothing]
    if not (isinstance(last, Inequality) and len(last.members) == 2 and isinstance(last.members[0], Sym)):
        return items
    if len(letters) != len(names) or not all(isinstance(one, Sym) for one in letters):
        return items
    return [Inequality((one, last.members[1]), last.relations) for one in (*letters, last.members[0])]


def _item(found: Sequence[Token], text: str) -> list[Value]:
    """One value, equation or inequality."""
    pieces, between = cut(found, frozenset(_RELATIONS))
    if between and any(token.text == "\\cup" for token in found) and (union := _conditions_joined(found, text)):
        return union
    if not between:
        return _value(found, text)
    if any(not piece for piece in pieces):
        if not pieces[0] and all(pieces[1:]) and between[0] in ("=", "\\approx"):
            return _item(found[1:], text)
        raise NotMaths("a relation without a side")
    relations = [_RELATIONS[sign] for sign in between]
    if relations[0] == "==" and FUNCTION_NAME.fullmatch(source_of(pieces[0], text)):
        relations[0] = "="
    if "~" in relations:
        at = relations.index("~")
        if at < 2 and _is_misrounded(pieces[at], pieces[at + 1]):
            raise NotMaths("a number that is said to be near another one")
        if at == 0 and len(relations) == 1:  # `x ≈ 3` states the value of a name; `3.1 ≈ 3` does not
            if name_of(pieces[0], text):
                return _named(pieces, text)
            return _value(pieces[0], text)
        pieces, relations = pieces[: at + 1], relations[:at]
        if not relations:
            return _value(pieces[0], text)
    if relations[0] == "in" and len(relations) == 1:
        if all(token.kind in (Kind.NUMBER, Kind.SIGN) for token in pieces[0]):
            raise NotMaths("a number that is said to be in a set")
        if not name_of(pieces[0], text):
            raise NotMaths("an expression that is said to be in a set")
        return [
            Named(source_of(pieces[0], text), _interval(one))
            for one in _several(pieces[1], text)
            if not isinstance(one, Scalar | Named)
        ]
    if all(relation == "=" for relation in relations):
        return _named(pieces, text)
    if all(relation in ("<", ">", "<=", ">=", "!=") for relation in relations):
        members = [expression(piece) for piece in pieces]
        return [Inequality(tuple(members), tuple(relations))]
    raise NotMaths("relations that are no chain")


def _is_misrounded(exact: Sequence[Token], rounded: Sequence[Token]) -> bool:
    """Whether neither of two numbers is a rounding of the other, by less than a unit in its last place."""
    try:
        value, near = expression(exact), expression(rounded)
    except NotMaths:
        return False
    if not (isinstance(value, Num) and isinstance(near, Num)) or near.value == 0:
        return False
    unit = Fraction(1, 10**near.places)
    while near.value % (10 * unit) == 0 and unit >= 1:
        unit *= 10
    if near.places == 0 and near.value.denominator > 1:
        return False
    error = abs(value.value - near.value)
    if not near.places and abs(near.value) > abs(value.value):  # counted up: 22/7 ≈ 4 answers another question
        return error > unit / 2
    return error >= max(unit, Fraction(1, 10**value.places))


def _conditions_joined(found: Sequence[Token], text: str) -> list[Value]:
    r"""`x < 1 \cup x > 2`."""
    pieces, _between = cut(found, frozenset(("\\cup",)))
    parts = [_item(piece, text)[:1] for piece in pieces if piece] if len(pieces) > 1 else []
    whole = [part[0] for part in parts if part and isinstance(part[0], Inequality)]
    return [Union(tuple(whole))] if parts and len(whole) == len(pieces) else []


def _interval(value: Value) -> Value:
    """Read a value after "in" as an interval, where it might also be a point."""
    if isinstance(value, Many) and value.opening in ("(", "[") and len(value.items) == 2:
        low, high = value.items
        if isinstance(low, Scalar) and isinstance(high, Scalar):
            return Interval(low.expression, high.expression, value.opening == "[", value.closing == "]")
    return value


def _named(pieces: Sequence[Sequence[Token]], text: str) -> list[Value]:
    name = name_of(pieces[0], text) or unsolved(pieces[0], text)
    if not name and len(pieces) > 1 and pieces[0][0].text == "e" and len(pieces[0]) == 1 and _is_closed(pieces[-1]):
        name = "e"  # an eccentricity
    chained = 1
    while name and chained < len(pieces) - 1 and is_unknown(pieces[0]) and is_unknown(pieces[chained]):
        chained += 1
    if chained > 1:  # `x = y = 2`
        chain = sorted({piece[0].text for piece in pieces[:chained]})
        if len(chain) == chained:
            return [Named("=".join(chain), one) for one in _several(pieces[-1], text)]
    if not name and names_a_structure(pieces[0], pieces[-1]):
        name = source_of(pieces[0], text)
    if name:
        numbers = {literal(piece) for piece in pieces[1:]}
        if len(numbers) > 1 and None not in numbers:  # `x = 3 = 5`; where there are steps, wrong ones are passed over
            raise NotMaths("a name that is said to be two numbers")
        values = _several(pieces[-1], text) if len(pieces) > 1 else []
        parameters: tuple[str, ...] = ()
        function = FUNCTION_NAME.fullmatch(name)
        if function and function[1].removeprefix("\\") not in FUNCTIONS:
            parameters = tuple(part.strip().lstrip("\\") for part in function[2].split(","))
        as_expression: Expr | None = None
        with suppress(NotMaths):
            as_expression = expression(pieces[0])
        plain = words_of(name) if re.search(r"(?<![\\a-z])[a-z]{3}", name) else re.sub(r"[\s{}“”]", "", name)
        if names := PLAIN_NAMES.fullmatch(plain):
            order = names[1].split(",")
            plain, values = f"({','.join(sorted(order))})", [by_name(value, order) for value in values]
        return [Named(plain, value, as_expression, parameters) for value in values]
    if not is_measured(pieces):
        try:
            return [Equation(tuple(_scalar_expression(piece, text) for piece in pieces))]
        except NotMaths:
            pass
    return worked(pieces, [source_of(piece, text) for piece in pieces], lambda piece: _value(piece, text))


def _is_closed(piece: Sequence[Token]) -> bool:
    """Whether the piece is a number or an expression of numbers."""
    try:
        found = expression(piece)
    except NotMaths:
        return False
    is_rounded_e = isinstance(found, Num) and is_decimal(found) and _FIRST_OF_E[0] <= found.value <= _FIRST_OF_E[1]
    return found != E and not free_variables(found) and not is_rounded_e


def _scalar_expression(piece: Sequence[Token], text: str) -> Expr:
    """Parse a member of an equation; a unit after it is dropped."""
    for value in _value(piece, text):
        if isinstance(value, Scalar):
            return divide(value.expression, number(100)) if value.percent else value.expression
    return expression(piece)


def _value(found: Sequence[Token], text: str) -> list[Value]:
    """Parse a piece without separators and relations. Raises NotMaths."""
    if not found:
        raise NotMaths("nothing")
    if len(found) == 1 and found[0].kind is Kind.QUOTED and len(found[0].text.strip()) == 1:
        found = [Token(Kind.LETTER, found[0].text.strip(), found[0].gap, found[0].start)]
    if len(found) == 1 and found[0].kind is Kind.WORD and found[0].text.isupper():
        return [Words(words_of(found[0].text))]  # points or a sequence, which are ordered
    if all(token.kind in (Kind.WORD, Kind.QUOTED) for token in found) and any(len(token.text) > 2 for token in found):
        word = Words(words_of(" ".join(token.text for token in found)))
        short = len(found) == 1 and found[0].kind is Kind.WORD and len(found[0].text) == 3
        return [word, *scalars(found)] if short else [word]  # `mgh` may be a product
    values: list[Value] = []
    union = _set_operations(found, text)
    if union:
        return union
    bracketed = _bracketed(found, text)
    if bracketed:
        values += bracketed
        if not isinstance(bracketed[0], Scalar):
            return values
    try:
        matrix = _matrix(found)
    except NotMaths:
        matrix = []
    if matrix:
        return matrix
    ratio = _ratio(found)
    if ratio:
        return ratio
    if reckoned := _tuples(found):
        return reckoned
    return values + [value for value in scalars(found) if value not in values]


def _bracketed(found: Sequence[Token], text: str) -> list[Value]:
    opening, closing = found[0].text, found[-1].text
    if opening == "{" and closing == "}" and closes(found) and cut(found[1:-1], _COMMAS)[1]:
        return _combined(cut(found[1:-1], _COMMAS)[0], text, "\\{", "\\}")
    if (
        opening not in ("(", "[", "\\{", "\\langle")
        or closing not in (")", "]", "\\}", "\\rangle")
        or not closes(found)
    ):
        return []
    inner = found[1:-1]
    if opening == "\\{" and closing == "\\}":
        if not inner:
            return [EMPTY]
        built = set_builder(inner, text, _item, _several)
        if built:
            return built
    pieces, between = cut(inner, _COMMAS, words=opening == "\\{")
    if len(pieces) > 1:
        if not all(pieces) or len(pieces) > _MOST_ITEMS:
            raise NotMaths("an empty place in brackets")
        if "|" in between:
            raise NotMaths("a bar in brackets")
        return _combined(pieces, text, opening, closing)
    if opening == "\\{":
        return [Many((one,), opening, closing) for one in _item(inner, text)]
    if opening == "\\langle":
        raise NotMaths("one value in angle brackets")
    inside = _item(inner, text)
    if inside and not isinstance(inside[0], Scalar):
        return inside
    return []


def _set_operations(found: Sequence[Token], text: str) -> list[Value]:
    if len(found) == 1 and found[0].text == "\\emptyset":
        return [EMPTY]
    whole = by_sign(found)
    if whole is not None:
        return [whole]
    pieces, between = cut(found, frozenset(("\\cup",)))
    if between and all(pieces):
        parts: list[Value] = []
        for piece in pieces:
            values = _several(piece, text)
            if not values:
                return []
            if piece[0].text == "(" and isinstance(values[0], Scalar) and not free_variables(values[0].expression):
                raise NotMaths("a number in round brackets, which is no set")
            parts.append(values[0])
        return [Union(tuple(parts))]
    for sign, operation in (("\\cap", Meet), ("\\setminus", Minus)):
        pieces, between = cut(found, frozenset((sign, "\\backslash" if operation is Minus else sign)))
        if between and all(pieces) and len(pieces) == 2:
            sides = [_several(piece, text) for piece in pieces]
            if all(sides):
                return [operation(sides[0][0], sides[1][0])]
    pieces, between = cut(found, frozenset(("-",)))
    if (
        len(pieces) == 2
        and all(pieces)
        and closes(pieces[1])
        and (pieces[1][0].text == "\\{" or by_sign(pieces[0]) is not None)
    ):
        sides = [_several(piece, text) for piece in pieces]
        if all(sides) and not isinstance(sides[0][0], Scalar):
            return [Minus(sides[0][0], sides[1][0])]
    return []


def _matrix(found: Sequence[Token]) -> list[Value]:
    """Parse sums and products of explicit matrices."""
    if not any(token.text == "\\begin" for token in found):
        return []
    if found[0].text == "|" and found[-1].text == "|" and found[1].text == "\\begin":
        return [Scalar(determinant(read_matrix(Parser(found[1:-1], units=False))[1]))]
    parser = Parser(found, units=False)
    rows = matrix_sum(parser)
    if not parser.done():
        raise NotMaths("something behind a matrix")
    return [] if rows is None else [Matrix(tuple(map(tuple, rows)))]


def _tuples(found: Sequence[Token]) -> list[Value]:
    """Parse expressions of tuples with `vectors`, if there is more than one tuple."""
    if not any(token.text == "," for token in found) or (found[0].text in OPENING and closes(found)):
        return []
    try:
        return tuples(found)
    except NotMaths:
        return []


def _ratio(found: Sequence[Token]) -> list[Value]:
    pieces, between = cut(found, frozenset((":",)))
    if not between or not all(pieces):
        return []
    return [Ratio(tuple(map(expression, pieces)))]
