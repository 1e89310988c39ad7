r"""Values that a text plainly is: sums of multiples of roots, of pi, of i and of a letter's powers; points, lists,
intervals and matrices of them; a word. Of all else, nothing.

Two such sums are equal exactly where they are the same multiples of the same: square roots of numbers without square
factors are independent of each other and of 1, and pi, i and a letter of them. Texts are capped, and read once.

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
# Too short for a decimal to be the rounding of an exact value (`decide.same`); no needless zero in front, which might
# make the comma a decimal one.
_NUMBER = re.compile(r"(-?)(0|[1-9]\d{0,2}(?:,\d{3}){1,2}|[1-9]\d{0,14})(\.\d{1,6})?")
_CLOSED_UP = re.compile(r"(?<=\d),\s*\\!\s*(?=\d{3}(?!\d))")
_BRACKETS = re.compile(r"\\(?:left|right)\s?(?=[()\[\]])")
_LETTERS = "abcknpqrtuvwxyz"  # none that is a unit, as in `5 m`, a constant, or read as a digit
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
_GROUPED = re.compile(r",\d{3}(?!\d)|\A-?0,")  # of thousands; behind a 0 it is a decimal comma
_DECIMAL_COMMA = re.compile(r"-?\d+,\d+")
_BASED = re.compile(r"([1-9]\d{0,14})_\{?([2-9])\}?")
_COMMA_IN_BRACKETS = re.compile(r",(?!\d{3}(?!\d))")
_INFINITE = re.compile(r"([-+]?)\s?\\infty")
_LIST = ","
_INTERVALS = ("()", "(]", "[)", "[]")
_WORD = re.compile(r"\\text\{\(?[A-Za-z]+\)?\}")


class Plain(NamedTuple):
    """What a text plainly is.

    multiples: of what (roots, pi, i, a letter's power; "" = 1) it is which multiple; None of several values or a word.
    letter: the variable in it, or "". is_simple: no sum, no mixed number, no `1/2`, and no root in it.
    shape: of several values the brackets, of a matrix its size, of digits their base. items: they; a word has none, nor
    has a union. also: a number that the text may be, too.
    """

    multiples: Multiples | None = None
    letter: str = ""
    is_simple: bool = False
    shape: str = ""
    items: tuple[Multiples, ...] = ()
    also: Fraction | int | None = None

    @property
    def is_real(self) -> bool:
        """One number, without a letter."""
        return self.multiples is not None and not self.letter and not any("i" in of for of in self.multiples)

    @property
    def rational(self) -> Fraction | int | None:
        return None if self.multiples is None or any(self.multiples) else self.multiples.get("", 0)

    @property
    def has_pi(self) -> bool:
        return self.multiples is not None and any("π" in of for of in self.multiples)


def alike(one: Plain, other: Plain) -> bool | None:
    """Whether two values are the same; None where that is not plain."""
    if one.multiples is not None and other.multiples is not None:
        if one.letter and other.letter and one.letter != other.letter:
            return None
        return one.multiples == other.multiples
    for number, several in ((one, other), (other, one)):
        if number.is_real:  # several values are no number, nor is a word
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
    """What a text plainly is; None for all else."""
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
    """A sum of which no two summands are multiples of the same."""
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
    if letter and ("\\pi" in text or text.strip("- ") == letter):  # one of a family, as `n\pi`; a name
        return None
    return Plain({of: value for of, value in multiples.items() if value}, letter, is_simple and not letter)


def _summand(found: re.Match[str]) -> Multiples | None:
    """Of what it is which multiple; None where that is not plain."""
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
    """A square root as a multiple of one without square factors."""
    root, divisor = 1, 2
    while divisor * divisor <= number:
        while number % (divisor * divisor) == 0:
            number //= divisor * divisor
            root *= divisor
        divisor += 1
    return root, number


def _several(text: str) -> Plain | None:
    """A point, a list, an interval, a union of such or a matrix."""
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
