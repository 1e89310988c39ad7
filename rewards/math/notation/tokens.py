r"""Tokenise a normalised text: numbers, commands, letters, words, quoted words and signs.

Example:
    >>> [t.text for t in tokens(r"2\sqrt{3} “cm”")]
    ['2', '\\sqrt', '{', '3', '}', 'cm']
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from rewards.math.expressions import Num
from rewards.math.late import late

MOST_DIGITS = 2000
_MOST_TOKENS = 1200
_LARGEST_EXPONENT = 400
_MANY_DIGITS = 8  # a decimal with this many digits may be the rounding of an exact value

_PLAIN_NAMES = """
sin cos tan cot sec csc sinh cosh tanh coth log ln lg exp gcd lcm max min sqrt cbrt pi lim abs floor ceil det cis binom
choose theta alpha beta gamma lambda
"""
_OTHER_NAMES = {
    "infinity": "infty",
    "inf": "infty",
    "oo": "infty",
    "cosec": "csc",
    "mod": "bmod",
    "tg": "tan",
    "ctg": "cot",
    "hcf": "gcd",
    "gcf": "gcd",
}
FUNCTION_WORDS = {
    **{name: f"\\{name}" for name in _PLAIN_NAMES.split()},
    **{f"arc{name}": f"\\a{name}" for name in ("sin", "cos", "tan", "cot", "sec", "csc")},
    **{f"a{name}": f"\\a{name}" for name in ("sin", "cos", "tan")},
    **{f"{arc}{name}": f"\\a{name}" for arc in ("ar", "arc", "a") for name in ("sinh", "cosh", "tanh")},
    **{name: f"\\{command}" for name, command in (_OTHER_NAMES | {"arctg": "atan"}).items()},
}
_SHORTEST = frozenset(("ln", "lg", "tg"))  # without an argument they are products of letters: `\sqrt{lg}`
_ENDS = late(r"\s*(?:[)}\]|,;/=+]|\Z)")


class Kind(StrEnum):
    """What a token is."""

    NUMBER = "number"
    COMMAND = "command"
    LETTER = "letter"
    WORD = "word"  # several letters other than a function name
    QUOTED = "quoted"  # the content of a text command
    SIGN = "sign"


@dataclass(frozen=True, slots=True)
class Token:
    """gap: preceded by white space. start: position in the text. number: value of a NUMBER."""

    kind: Kind
    text: str
    gap: bool
    start: int
    number: Num | None = None


class NotMaths(ValueError):
    """The text cannot be parsed by the grammar."""


_THOUSANDS = r"(?<!\d,)\d{1,3}(?:,\d{3})+(?![\d,]\d?)"
_TOKEN = late(
    r"(?P<number>(?:\d[\d,]*)?\.?\d*(?:\\(?:overline|bar)\s*\{\s*\d+\s*\}|\\(?:overline|bar)\s*\d|\\dot\s*\{\s*\d\s*\}(?:\d*\\dot\s*\{\s*\d\s*\})?)"
    rf"|(?:{_THOUSANDS}|\d+)(?:\.\d+(?:\s?(?:\\ldots|\.\.\.+)(?![\w,]))?)?(?:[eE][+-]?\d+(?![\w.]))?"
    r"|\.\d+(?:\s?(?:\\ldots|\.\.\.+)(?![\w,])|[eE][+-]?\d+(?![\w.]))?|\d+\.(?![\d.]))"
    r"|(?P<command>\\[a-zA-Z]+|\\.)"
    r"|(?P<letters>[a-zA-Z]+)"
    r"|“(?P<quoted>[^“”]*)”"
    r"|(?P<sign>\.\.\.+|<=|>=|!=|==|:=|\*\*|\S)",
    re.DOTALL,
)
_REPEAT = late(
    r"(\d*)\.?(\d*?)(?:\\(?:overline|bar)\s*\{?\s*(\d+)\s*\}?|\\dot\s*\{\s*(\d)\s*\}(?:(\d*)\\dot\s*\{\s*(\d)\s*\})?)$"
)


def _repeating(text: str) -> Num:
    r"""`0.1\overline{6}`, `0.\dot{3}`."""
    match = _REPEAT.fullmatch(text)
    if match is None or "." not in text:
        raise NotMaths(f"no repeating decimal: {text!r:.60}")
    whole, still = match.group(1) or "0", match.group(2)
    again = match.group(3) or "".join(part or "" for part in match.groups()[3:])
    return Num(_repeated(whole, still, again))


def _repeated(whole: str, still: str, again: str) -> Fraction:
    base = Fraction(int(whole + still or "0"), 10 ** len(still))
    return base + Fraction(int(again), (10 ** len(again) - 1) * 10 ** len(still))


def _going_on(digits: str) -> Fraction | None:
    """The value of a decimal with dots whose last digits repeat at least twice; None for others."""
    whole, _, behind = digits.partition(".")
    for start in range(len(behind)):
        tail = behind[start:]
        for period in range(1, len(tail) // 2 + 1):
            if tail == (tail[:period] * len(tail))[: len(tail)] and (period > 1 or len(tail) >= 2):
                return _repeated(whole or "0", behind[:start], tail[:period])
    return None


def read_number(text: str) -> Num:
    """The value of a NUMBER token. Raises NotMaths if it is too long."""
    if len(text) > MOST_DIGITS:
        raise NotMaths(f"a number of {len(text)} characters")
    if "\\overline" in text or "\\bar" in text or "\\dot" in text:
        return _repeating(text)
    digits = text.replace(",", "")
    for dots in ("\\ldots", "..."):
        if dots in digits:
            shown = digits.partition(dots)[0].strip()
            value = _going_on(shown)
            if value is None:
                raise NotMaths(f"a decimal that does not say how it goes on: {text!r:.60}")
            return Num(value)
    mantissa, _, exponent = digits.lower().partition("e")
    if exponent and abs(int(exponent)) > _LARGEST_EXPONENT:
        raise NotMaths(f"an exponent of {exponent}")
    mantissa = mantissa.removesuffix(".") or "0"
    if not exponent and mantissa.isdecimal():
        return Num(Fraction(int(mantissa)))
    value = Fraction(mantissa) * Fraction(10) ** int(exponent or 0)
    places = len(mantissa.partition(".")[2])
    significant = len(mantissa.replace(".", "").lstrip("0")) or 1
    if exponent:
        return Num(value, significant, places - int(exponent)) if significant >= _MANY_DIGITS else Num(value)
    return Num(value, significant, places) if places else Num(value)


def tokens(text: str) -> list[Token]:
    """Tokenise a normalised text. Raises NotMaths if there are too many tokens."""
    found: list[Token] = []
    at, gap = 0, False
    while at < len(text):
        if text[at].isspace():
            at, gap = at + 1, True
            continue
        match = _TOKEN.match(text, at)
        if match is None:  # an unclosed quote
            raise NotMaths(f"a sign that means nothing: {text[at]!r}")
        found += _named(match, gap, behind_number=bool(found) and found[-1].kind is Kind.NUMBER)
        at, gap = match.end(), False
        if len(found) > _MOST_TOKENS:
            raise NotMaths(f"more than {_MOST_TOKENS} tokens")
    return found


_JOINS = late(r"^\s*([^\s,]*)(\s*,?\s*\b(?:and|or)\b\s*)(\S*)\s*$")


def _quoted(content: str, gap: bool, start: int) -> list[Token]:
    """Tokens of quoted words; a leading or inner `and` or `or` is a separate token."""
    joins = _JOINS.match(content)
    if joins is None:
        return [Token(Kind.QUOTED, content, gap, start)]
    return [Token(Kind.QUOTED, joins[k], gap or k > 1, start + joins.start(k)) for k in (1, 2, 3) if joins[k]]


def _named(match: re.Match[str], gap: bool, *, behind_number: bool) -> list[Token]:
    kind, text, start = match.lastgroup, match.group(), match.start()
    if kind == "number":
        return [Token(Kind.NUMBER, text, gap, start, read_number(text))]
    if kind == "command":
        return [Token(Kind.COMMAND if text[1].isalpha() else Kind.SIGN, text, gap, start)]
    if kind == "quoted":
        return _quoted(match.group("quoted"), gap, start)
    if kind == "letters":
        is_time = behind_number and (
            (text.lower() == "min" and match.string[match.end() : match.end() + 1] not in ("(", "\\"))
            or (text == "sec" and match.end() == len(match.string))
        )
        is_applied = match.string.startswith("(", match.end())
        is_product = (text.isupper() and len(text) < 4 and not is_applied) or (
            text.lower() in _SHORTEST and _ENDS.match(match.string, match.end()) is not None
        )
        if text.lower() in FUNCTION_WORDS and not is_time and not is_product:
            return [Token(Kind.COMMAND, FUNCTION_WORDS[text.lower()], gap, start)]
        return [Token(Kind.LETTER if len(text) == 1 else Kind.WORD, text, gap, start)]
    return [Token(Kind.SIGN, text, gap, start)]
