r"""Arithmetic with tuples: `(2,1) + (3,-3)`, `8(3,4,5)`, `(1,2)^T`.

A sum or multiple of tuples is a tuple of expressions; a transposed row is a column. Nothing is evaluated.
"""

from __future__ import annotations

from collections.abc import Sequence

from rewards.math.expressions import Expr, add, divide, multiply, negative
from rewards.math.notation.tokens import Kind, NotMaths, Token
from rewards.math.parse.commands import Parser
from rewards.math.parse.names import GREEK
from rewards.math.values import Many, Matrix, Scalar, Value

_OPENING, _CLOSING = ("(", "\\langle"), (")", "\\rangle")
_TRANSPOSED = ("T", "t", "\\top", "\\intercal")
_CALLED = frozenset("fghFGHCP")


def tuples(found: Sequence[Token]) -> list[Value]:
    """Parse a sum of multiples of tuples; empty for others. Raises NotMaths."""
    column = _column(found)
    if column:
        return column
    terms = _terms(found)
    total: list[Expr] | None = None
    for sign, term in terms:
        cells = _multiple(term)
        if cells is None or (total is not None and len(cells) != len(total)):
            return []
        cells = [negative(cell) for cell in cells] if sign == "-" else cells
        total = cells if total is None else [add(a, b) for a, b in zip(total, cells, strict=True)]
    return [] if total is None else [Many(tuple(map(Scalar, total)), "(", ")")]


def _column(found: Sequence[Token]) -> list[Value]:
    """Parse a row followed by a transpose mark."""
    texts = [token.text.strip() for token in found if token.text not in ("{", "}")]
    if len(texts) < 6 or texts[-1] not in _TRANSPOSED or texts[-2] != "^" or texts[0] not in ("(", "["):
        return []
    end = max(at for at, token in enumerate(found) if token.text == "^")
    if (found[0].text, found[end - 1].text) not in (("(", ")"), ("[", "]")) or _opening_of(found[:end]) != 0:
        return []
    return [Matrix(tuple((cell,) for cell in _cells(found[1 : end - 1])))]


def _terms(found: Sequence[Token]) -> list[tuple[str, Sequence[Token]]]:
    """Split at signs outside of brackets. Returns (sign, term) pairs."""
    terms: list[tuple[str, Sequence[Token]]] = []
    sign, start, depth = "+", 0, 0
    for at, token in enumerate(found):
        if token.kind is Kind.QUOTED:
            continue
        depth += token.text in (*_OPENING, "{", "[")
        depth -= token.text in (*_CLOSING, "}", "]")
        if depth == 0 and token.text in ("+", "-"):
            if at > start:
                terms.append((sign, found[start:at]))
            sign, start = token.text, at + 1
    return [*terms, (sign, found[start:])]


def _multiple(term: Sequence[Token]) -> list[Expr] | None:
    """The components of a tuple with a factor before it or a divisor after it; None if there is no tuple."""
    divisor: Expr | None = None
    for at in range(len(term) - 1, 0, -1):
        if term[at].text == "/" and term[at - 1].text in _CLOSING:
            divisor, term = _whole(term[at + 1 :]), term[:at]
            break
    begin = _opening_of(term)
    if begin is None:
        return None
    cells = _cells(term[begin + 1 : -1])
    before = term[:begin]
    if before and before[-1].text in ("\\cdot", "\\times", "*"):
        before = before[:-1]
    if before:
        last = before[-1]
        if last.text in _CALLED or (last.kind is Kind.COMMAND and last.text[1:] not in (*GREEK, "pi")):
            return None
        factor = _whole(before)
        cells = [multiply(factor, cell) for cell in cells]
    return cells if divisor is None else [divide(cell, divisor) for cell in cells]


def _opening_of(term: Sequence[Token]) -> int | None:
    """The position of the bracket that the last token closes, if there is a comma inside; else None."""
    if not term or term[-1].text not in (*_CLOSING, "]"):
        return None
    depth, commas = 0, 0
    for at in range(len(term) - 1, -1, -1):
        text = "" if term[at].kind is Kind.QUOTED else term[at].text
        depth += text in (*_CLOSING, "]", "}")
        depth -= text in (*_OPENING, "[", "{")
        commas += depth == 1 and text == ","
        if depth == 0:
            return at if commas else None
    return None


def _cells(inner: Sequence[Token]) -> list[Expr]:
    """Raises NotMaths."""
    parser = Parser(inner, units=False)
    cells = [parser.expression()]
    while parser.take(","):
        cells.append(parser.expression())
    if not parser.done():
        raise NotMaths("a component that is no expression")
    return cells


def _whole(found: Sequence[Token]) -> Expr:
    """Raises NotMaths."""
    parser = Parser(found, units=False)
    value = parser.expression()
    if not parser.done():
        raise NotMaths("something behind a factor")
    return value
