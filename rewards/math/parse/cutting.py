"""Split tokens at signs outside of brackets."""

from __future__ import annotations

from collections.abc import Sequence

from rewards.math.notation.tokens import Kind, Token
from rewards.math.units import CURRENCIES

OPENING = frozenset(("(", "[", "{", "\\{", "\\langle", "\\lfloor", "\\lceil", "\\begin"))
CLOSING = frozenset((")", "]", "}", "\\}", "\\rangle", "\\rfloor", "\\rceil", "\\end"))
JOINING = {"and": False, "or": True, "\\lor": True, "\\land": False, "\\vee": True, "\\wedge": False, "&": False}


def cut(
    found: Sequence[Token], signs: frozenset[str], *, words: bool = False
) -> tuple[list[Sequence[Token]], list[str]]:
    """Split at signs outside of brackets (`words`: also at "and" and "or"). Returns the pieces and the separators."""
    pieces: list[Sequence[Token]] = []
    between: list[str] = []
    depth = start = bars = 0
    for at, token in enumerate(found):
        text = token.text
        if token.kind in (Kind.WORD, Kind.QUOTED):
            text = text.strip(" ,").lower()
            if not (words and depth == 0 and not bars and text in ("and", "or")):
                continue
        elif token.kind is Kind.LETTER or token.kind is Kind.NUMBER:
            continue
        if text in OPENING:
            depth += 1
        elif text in CLOSING:
            depth -= 1
        elif text == "|":
            bars ^= 1
        elif depth == 0 and (text in signs or (words and text in JOINING)) and not (bars and text in ("<", ">")):
            pieces.append(found[start:at])
            between.append(text)
            start = at + 1
    pieces.append(found[start:])
    return pieces, between


def closes(found: Sequence[Token]) -> bool:
    """Whether the last token closes the bracket of the first."""
    depth = 0
    for at, token in enumerate(found):
        if token.kind in (Kind.WORD, Kind.QUOTED, Kind.LETTER, Kind.NUMBER):
            continue
        depth += token.text in OPENING
        depth -= token.text in CLOSING
        if depth == 0:
            return at == len(found) - 1
    return False


def source_of(piece: Sequence[Token], text: str) -> str:
    last = piece[-1]
    width = len(last.text) + (2 if last.kind is Kind.QUOTED else 0)
    return text[piece[0].start : last.start + width].strip()


def is_measured(pieces: Sequence[Sequence[Token]]) -> bool:
    """Whether the pieces contain degrees, percentages, money or words."""
    return any(
        token.kind is Kind.QUOTED or token.text in ("\\circ", "%") or token.text in CURRENCIES
        for piece in pieces
        for token in piece
    )
