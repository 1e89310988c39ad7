r"""Left sides that name the answer on the right side of an equation: `f(x)`, `AB`, `(x, y)`.

Longer names of quantities: `rewards.math.parse.quantities`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from operator import itemgetter

from rewards.math.notation.tokens import Kind, Token
from rewards.math.parse.cutting import source_of
from rewards.math.parse.quantities import denies, is_quantity
from rewards.math.values import Many, Value

PLAIN_NAMES = re.compile(r"\(([a-zA-Z](?:,[a-zA-Z])+)\)")
_NAME = re.compile(
    r"[a-zA-Z](?:'|\\prime)*(?:_\s*\{?[\\\w, “”]+\}?)?(?:\^\{?-1\}?)?"
    r"|[a-zA-Z]'*\s*\([^()=]*\)|[A-Z]{1,4}\s*:\s*[A-Z]{1,4}|[a-zA-Z](?:\s*:\s*[a-zA-Z])+|\\[a-zA-Z]+(?:_\{?\w+\}?)?|\\Delta\s*[a-zA-Z](?:_\{?\w+\}?)?|[A-Z]{2,5}"
    r"|(?:m\s?)?\\?(?:angle|triangle|overline|widehat|overrightarrow)\s*\{?\s*(?:[A-Z]\s?(?:_\s?\{?\w\}?\s?)?){1,4}\s*\}?"
    r"|\|\s*[A-Z]{2}\s*\||\(\s*[a-zA-Z]\w?(?:\s*,\s*[a-zA-Z](?:_\{?\w\}?)?)+\s*\)"
    r"|[PEV]\s*[(\[][^()=]*[)\]]|“?\s*[A-Za-z][A-Za-z' -]{2,60}\s*”?|“\s*[A-Za-z]\s*”|\|[A-Za-z\\]+\|"
)
FUNCTION_NAME = re.compile(
    r"([a-zA-Z]'*(?:_\s*\{?\s*\\?\w+\s*\}?)?(?:\^\{?-1\}?)?|\\[a-z]+)\s*\(\s*([a-zA-Z\\]+(?:\s*,\s*[a-zA-Z\\]+)*)\s*\)"
)
_DIFFERENCE = re.compile(r"[a-zA-Z]{1,2}(?:\s*-\s*[a-zA-Z]{1,2})+|.*\s-\s.*")  # no word with a hyphen
_OF_ITSELF = re.compile(r"([a-z])\s*\((?:[^()]*[^()a-zA-Z\\])?\1(?![a-zA-Z])[^()]*\)")  # `x(x - 3)` is a product
_NO_NAMES = frozenset(("\\pi", "\\pm", "\\mp", "\\infty", "\\emptyset"))


def name_of(piece: Sequence[Token], text: str) -> str:
    """The name on the left side of an equation; empty = it is not a name."""
    source = source_of(piece, text).strip()
    if source in ("e", "i") or source in _NO_NAMES or denies(source) or _DIFFERENCE.fullmatch(source):
        return ""
    if _OF_ITSELF.fullmatch(source):
        return ""
    if FUNCTION_NAME.fullmatch(source) or _NAME.fullmatch(source) or is_quantity(source):
        return source
    return ""


def unsolved(piece: Sequence[Token], text: str) -> str:
    """A left side that states the question (integral without bounds, sum with dots, vector product); or empty."""
    if piece[0].text == "\\int" and len(piece) > 1 and piece[1].text != "_":
        return source_of(piece, text)
    if any(token.text == "\\ldots" for token in piece[1:]):
        return source_of(piece, text)
    names = [token.kind is Kind.LETTER or (token.kind is Kind.WORD and token.text.isupper()) for token in piece]
    letters = [token for token, is_name in zip(piece, names, strict=True) if is_name]
    signs = [token.text for token, is_name in zip(piece, names, strict=True) if not is_name]
    if not {"+", "-"}.isdisjoint(signs) and not all(token.text.isupper() for token in letters):
        return ""  # `AB + BC` is a name, `x + y` is not
    named = len(letters) > 1 and signs and set(signs) <= {"\\times", "\\cdot", "|", "+", "-"}
    return source_of(piece, text) if named else ""


def is_unknown(piece: Sequence[Token]) -> bool:
    """Whether the piece is one lower-case letter."""
    return len(piece) == 1 and piece[0].kind is Kind.LETTER and piece[0].text.islower()


def by_name(value: Value, names: list[str]) -> Value:
    """Sort the tuple assigned to `(y, x)` by the names."""
    if not isinstance(value, Many) or value.opening != "(" or len(value.items) != len(names):
        return value
    return replace(
        value, items=tuple(item for _name, item in sorted(zip(names, value.items, strict=True), key=itemgetter(0)))
    )
