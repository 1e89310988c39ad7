"""Several choices written as one word: `ABD` is `A, B, D`.

Example:
    >>> from rewards.math.values import Choice, Many, Words
    >>> are_letters(Words("ac"), Many((Choice("C"), Choice("A")))), are_letters(Words("ac"), Many((Choice("A"),)))
    (True, False)
"""

from __future__ import annotations

import re

from rewards.math.expressions import Sym
from rewards.math.values import Choice, Many, Scalar, Value, Words

_LETTERS = re.compile(r"[a-h]{2,8}")


def are_letters(word: Words, many: Many) -> bool:
    """Whether a word consists of the letters of these choices, in alphabetical order."""
    text = word.text
    if (
        many.hedged
        or many.opening not in ("", "\\{")
        or not _LETTERS.fullmatch(text)
        or list(text) != sorted(set(text))
    ):
        return False
    return sorted(map(_letter, many.items)) == list(text)


def _letter(value: Value) -> str:
    if isinstance(value, Choice) and not value.text:
        return value.letter.lower()
    if isinstance(value, Scalar) and isinstance(value.expression, Sym) and value.expression.name.isupper():
        return value.expression.name.lower() if value.unit.is_nothing else ""
    return ""
