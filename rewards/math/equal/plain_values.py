r"""Parse simple values directly from text: sums of rational multiples of roots, pi, i and powers of one letter; points,
lists, intervals and matrices of these; single words.

Two such sums are equal if and only if their coefficients are equal, because square roots of squarefree numbers, 1, pi,
i and a letter are linearly independent. The length of texts is limited, and they are read once.

Example:
    >>> plain_value(r"\frac{2\sqrt{3}}{4} - 1") == plain_value(r"-1 + \frac12\sqrt{3}"), plain_value("x/y")
    (True, None)
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple, TypeAlias

Multiples: TypeAlias = dict[str, Fraction | int]

_LONGEST = 80
_MOST_DECIMAL_DIGITS = 7
# Short enough that a decimal is not the rounding of an exact value (`decide.same`). No leading zeros, with which the
# comma might be a decimal one.
_NUMBER = re.compile(r"(-?)(0|[1-9]\d{0,2}(?:,\d{3}){1,2}|[1-9]\d{0,14})(\.\d{1,6})?")
_CLOSED_UP = re.compile(r"(?<=\d)(?:\\!)?,\s*\\!\s*(?=\d{3}(?!\d))")
_BRACKETS = re.compile(r"\\(?:left|right)\s?(?=[()\[\]])")
_LETTERS = "abcknpqrtuvwxyz"  # without units (`5 m`), constants, and letters that look like digits
_SUMMAND = re.compile(
    rf"""\s?(?P<sign>[-+])?\s?(?:(?P<whole>[1-9]\d{{0,14}})(?:/(?P<over>[1-9]\d{{0,5}})(?=\s?(?:[-+]|\Z)))?)?
    (?:\s?\\[dt]?frac\s?(?:(?P<digit>\d)|\{{(?P<top>[^{{}}]*(?:\{{[^{{}}]*\}}[^{{}}]*)*)\}})\s?
      (?P<bottom>[1-9]|\{{[1-9]\d{{0,14}}\}}))?
    (?:\s?\\sqrt\s?(?P<root>[2-9]|\{{[1-9]\d{{0,3}}\}}))?
    \s?(?P<others>(?:\\pi(?![a-zA-Z]))?i?
      (?:[{_LETTERS}](?:\^(?:[2-9]|\{{(?:[2-9]|[1-9]\d)\}}))?)?)
    (?=\s?(?:[-+]|\Z))""",
    re.VERBOSE,
)
_MATRIX = re.compile(r"\\begin\{([pb]matrix)\}(.+)\\end\{\1\}")
_BLANK_BEHIND = re.compile(r",\s+")
_GROUPED = re.compile(r",\d{3}(?!\d)|\A-?0,")  # a thousands separator; after a 0 it is a decimal comma
_DECIMAL_COMMA = re.compile(r"-?\d+,\d+")
_BASED = re.compile(r"([1-9]\d{0,14})_\{?([2-9])\}?")
_COMMA_IN_BRACKETS = re.compile(r",(?!\d{3}(?!\d))")
_INFINITE = re.compile(r"([-+]?)\s?\\infty")
_LIST = ","
_INTERVALS = ("()", "(]", "[)", "[]")
_WORD = re.compile(r"\\text\{\(?(?!pi\})[A-Za-z]+\)?\}")


class Plain(NamedTuple):
    """A simple value.

    multiples: coefficient by basis element (a root, pi, i, a power of the letter; "" = 1); None for several values or a
    word.
    letter: its variable, or "". is_simple: not a sum, mixed number or `1/2`, and without roots.
    shape: the brackets of several values, the size of a matrix, the base of digits. items: the values; empty for words
    and unions. also: another number that the text may mean.
    """

    multiples: Multiples | None = None
    letter: str = ""
    is_simple: bool = False
    shape: str = ""
    items: tuple[Multiples, ...] = ()
    also: Fraction | int | None = None

    @property
    def is_real(self) -> bool:
        """Whether it is a single number without a letter."""
        return self.multiples is not None and not self.letter and not any("i" in of for of in self.multiples)

    @property
    def rational(self) -> Fraction | int | None:
        return None if self.multiples is None or any(self.multiples) else self.multiples.get("", 0)

    @property
    def has_pi(self) -> bool:
        return self.multiples is not None and any("π" in of for of in self.multiples)


def alike(one: Plain, other: Plain) -> bool | None:
    """Whether two values are equal; None if this cannot be decided here."""
    if one.multiples is not None and other.multiples is not None:
        if one.letter and other.letter and one.letter != other.letter:
            return None
        return one.multiples == other.multiples
    for number, several in ((one, other), (other, one)):
        if number.is_real:  # several values, or a word, are not a number
            return None if several.also is not None and several.also == number.rational else False
    if not (one.items and other.items) or one.letter or other.letter:
        return None
    if one.shape == other.shape == _LIST:
        ours, theirs = (sorted(sorted(item.items()) for item in each.items) for each in (one, other))
        return None if ours != theirs and one.also is not None and one.also == other.also else ours == theirs
    if one.shape == other.shape:
        return one.items == other.items
    return False if one.shape[:1] == other.shape[:1] == "m" else None


_UNION = Plain(shape="∪")
_A_WORD = Plain(shape="word")


def plain_value(text: str) -> Plain | None:
    """The simple value of a text; None for all other texts."""
    if len(text) > _LONGEST:
        return None
    if text.isdigit() and text.isascii() and len(text) < 16 and text[0] != "0":
        return Plain({"": int(text)}, is_simple=True)
    if "$" in text and text.count("$") % 2:  # a currency sign
        return None
    text = text.strip("$ ")
    if "\\!" in text:
        text = _CLOSED_UP.sub(",", text)
    one = _one(text)
    if one is not None:
        return one
    if "," in text or "matrix" in text:
        return _several(_BRACKETS.sub("", text))
    if (based := _BASED.fullmatch(text)) is not None and max(based[1]) < based[2]:
        return Plain(shape=f"base {based[2]}", items=({"": int(based[1])},), also=int(based[1]))
    return _A_WORD if _WORD.fullmatch(text) else None


def _one(text: str) -> Plain | None:
    found = _NUMBER.fullmatch(text)
    if found is None:
        return _sum(text)
    sign, whole, decimals = found.groups()
    if decimals is not None and len(whole) + len(decimals) - 1 > _MOST_DECIMAL_DIGITS:
        return None
    value = Fraction(text.replace(",", "")) if decimals else int(sign + whole.replace(",", ""))
    return Plain({"": value} if value else {}, is_simple=True)


def _sum(text: str) -> Plain | None:
    """Parse a sum whose terms have different basis elements."""
    multiples: Multiples = {}
    letters: set[str] = set()
    is_simple, at = "sqrt" not in text, 0
    while at < len(text):
        found = _SUMMAND.match(text, at)
        if found is None or (at and not found["sign"]):
            return None
        summand = _summand(found)
        if not summand or not multiples.keys().isdisjoint(summand):
            return None
        multiples |= summand
        letters |= {one for of in summand for one in of if one in _LETTERS}
        is_simple = is_simple and not at and not found["over"] and not (found["whole"] and found["bottom"])
        at = found.end()
    if len(letters) > 1 or not text:
        return None
    letter = next(iter(letters), "")
    if letter and ("\\pi" in text or text.strip("- ") == letter):  # a family such as `n\pi`, or a bare name
        return None
    return Plain({of: value for of, value in multiples.items() if value}, letter, is_simple and not letter)


def _summand(found: re.Match[str]) -> Multiples | None:
    """Basis element and coefficient of one term; None if it is not simple."""
    sign, whole, over, digit, top, bottom, root, others = found.groups()
    of = others.replace("\\pi", "π").replace("{", "").replace("}", "")
    factor = int(f"{sign or ''}{whole or 1}")
    if root:
        drawn, under = _drawn(int(root.strip("{}")))
        of, factor = (f"√{under}{of}" if under > 1 else of), factor * drawn
    if over:
        return {"": Fraction(factor, int(over))}
    if not bottom:
        return {of: factor} if whole or root or of else None
    below = int(bottom.strip("{}"))
    above = digit or top
    if whole:  # a mixed number
        is_mixed = above.isdecimal() and 0 < int(above) < below and not of
        return {"": factor + Fraction(int(f"{sign or ''}{above}"), below)} if is_mixed else None
    if above.isdecimal():
        return {of: Fraction(factor * int(above), below)}
    several = _sum(above)
    if several is None or not several.multiples or (of and any(several.multiples)):
        return None
    return {one or of: Fraction(factor, below) * value for one, value in several.multiples.items()}


def _drawn(number: int) -> tuple[int, int]:
    """Write a square root as (factor, squarefree radicand)."""
    root, divisor = 1, 2
    while divisor * divisor <= number:
        while number % (divisor * divisor) == 0:
            number //= divisor * divisor
            root *= divisor
        divisor += 1
    return root, number


def _several(text: str) -> Plain | None:
    """Parse a point, list, interval, union of intervals, or matrix."""
    also = None
    if "\\cup" in text:
        sets = [_several(one.strip()) for one in text.split("\\cup")]
        return _UNION if all(one is not None and one.shape in _INTERVALS for one in sets) else None
    if (matrix := _MATRIX.fullmatch(text)) is not None:
        rows = [row.split("&") for row in matrix[2].split("\\\\")]
        if len(set(map(len, rows))) > 1:
            return None
        shape, parts = f"matrix of {len(rows)}", [entry for row in rows for entry in row]
    elif text.startswith(("(", "[")) and text.endswith((")", "]")):
        shape, parts = text[0] + text[-1], _COMMA_IN_BRACKETS.split(text[1:-1])
    elif _BLANK_BEHIND.search(text):
        shape, parts = _LIST, _BLANK_BEHIND.split(text)
    else:
        shape, parts = _LIST, text.split(",")
        if _GROUPED.search(text):
            return None
        also = Fraction(text.replace(",", ".")) if _DECIMAL_COMMA.fullmatch(text) else None
    items = [_item(part.strip()) for part in parts]
    known = [item for item in items if item is not None]
    if len(known) < max(len(items), 2):
        return None
    return Plain(
        shape=shape,
        items=tuple(item.multiples or {} for item in known),
        letter="".join(item.letter for item in known),
        is_simple=all(item.is_simple for item in known),
        also=also,
    )


def _item(text: str) -> Plain | None:
    infinite = _INFINITE.fullmatch(text)
    return _one(text) if infinite is None else Plain({"∞": -1 if infinite[1] == "-" else 1})
