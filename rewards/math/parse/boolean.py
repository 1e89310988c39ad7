r"""Compare expressions of named sets or statements by truth tables: `A \cap B^c` is `A \setminus B`.

Expressions have at most five letters, and are equal if their truth tables are. Implications are excluded: a
contrapositive does not count as the same answer.

Example:
    >>> table(r"A \cap B^c") == table(r"A \setminus B") == table("B' \\cap A"), table(r"A \cap B \cup C")
    (True, None)
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product

_TOKEN = re.compile(
    r"\s*(\\(?:cap|cup|setminus|backslash|land|lor|wedge|vee|neg|lnot)(?![a-zA-Z])|\\(?:overline|bar)\s*\{|\^\s*\{?\s*[cC]\s*\}?"
    r"|'|-|[a-zA-Z](?![a-zA-Z])|[()}])\s*"
)
_MEANT = {
    "\\cap": "and",
    "\\land": "and",
    "\\wedge": "and",
    "\\cup": "or",
    "\\lor": "or",
    "\\vee": "or",
    "\\setminus": "without",
    "\\backslash": "without",
    "-": "without",
}
_BINARY: dict[str, Callable[[bool, bool], bool]] = {
    "and": lambda a, b: a and b,
    "or": lambda a, b: a or b,
    "without": lambda a, b: a and not b,
}
_LONGEST = 200
_MOST_NAMES = 5


class _NoExpression(Exception):
    """Not an expression of sets or statements, or ambiguous without parentheses."""


def table(text: str) -> str | None:
    """The letters and the truth table as text; None if it is not such an expression, or a constant one."""
    if len(text) > _LONGEST or "\\" not in text:
        return None
    tokens = []
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            return None
        tokens.append(re.sub(r"\s", "", found[1]))
        at = found.end()
    names = sorted({one for one in tokens if one.isalpha()})
    are_sets = all(name.isupper() for name in names)
    if not 1 < len(names) <= _MOST_NAMES or not (are_sets or all(name.islower() for name in names)):
        return None
    values = []
    for row in product((False, True), repeat=len(names)):
        try:
            reader = _Reader(tokens, dict(zip(names, row, strict=True)))
            values.append(reader.whole())
        except _NoExpression:
            return None
    if all(values) or not any(values):
        return None
    return f"{''.join(names)} {''.join(str(int(one)) for one in values)}"


class _Reader:
    """Evaluates an expression for given values of its letters."""

    def __init__(self, tokens: list[str], values: dict[str, bool]) -> None:
        self._tokens = [*tokens, ""]
        self._values = values
        self._at = 0

    def whole(self) -> bool:
        value = self._joined()
        if self._tokens[self._at]:
            raise _NoExpression
        return value

    def _next(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1]

    def _joined(self) -> bool:
        """Parts joined by one operator; set difference joins exactly two."""
        value, sign, count = self._part(), "", 0
        while (meant := _MEANT.get(self._tokens[self._at])) is not None:
            count += 1
            if sign not in ("", meant) or (count > 1 and meant == "without"):
                raise _NoExpression
            self._at += 1
            value, sign = _BINARY[meant](value, self._part()), meant
        return value

    def _part(self) -> bool:
        one = self._next()
        if one in ("\\neg", "\\lnot"):
            return not self._part()
        if one == "(" or one.endswith("{"):
            value = self._joined()
            if self._next() != (")" if one == "(" else "}"):
                raise _NoExpression
            value = value if one == "(" else not value
        elif one in self._values:
            value = self._values[one]
        else:
            raise _NoExpression
        while (mark := self._tokens[self._at]) == "'" or mark.startswith("^"):
            self._at += 1
            value = not value
        return value
