r"""How large a text could get if it were computed, estimated from its letters alone; nothing is evaluated.

sympy computes numbers while it parses, so that `(9999^{9999})^{9999}` never comes back, in C code that holds the
interpreter lock; and it multiplies out `(x+y+z)^{999}`. Two estimates, both from above, in one pass over the text:

- *digits* of a number: those written; of a product or sum the sum; of a power base digits times exponent; of `n!` and
  `\binom{n}{k}` as by Stirling. A letter or command counts as ten digits, so that powers of letters are bounded, too.
- *terms* of a polynomial: of a sum the sum, of a product the product, of the n-th power of t terms binom(n+t-1, n).

Example:
    >>> too_large(r"2^{10}"), too_large("9^{9^{9}}"), too_large("(x+1)^{9999}")
    (False, True, True)
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

MOST_DIGITS = 100_000
MOST_TERMS = 400
_LETTER_DIGITS = 10.0
_TOKEN = re.compile(r"\d[\d,]*(?:\.\d+)?|\.\d+|\\[a-zA-Z]+|\\.|\*\*|[a-zA-Z]|\S", re.DOTALL)
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_BINOMIAL = frozenset({r"\binom", r"\dbinom", r"\tbinom"})
_SMALL = frozenset({r"\times", r"\cdot", r"\div", r"\left", r"\right", r"\frac", r"\pm"})


class _TooLarge(Exception):
    """An estimate has passed its limit."""


@dataclass(slots=True)
class _Size:
    """An estimate. value: of a number that is written out, else None. letters: it holds some, so it is not computed."""

    digits: float = 0.0
    terms: float = 1.0
    value: float | None = None
    letters: bool = False


def too_large(text: str) -> bool:
    """Whether computing a normalised text may take more than a moment. The text is not nested deep."""
    tokens = _TOKEN.findall(text)
    at = 0
    try:
        while at < len(tokens):  # a closing bracket too many ends a group
            at = _group(tokens, at)[1] + 1
    except (_TooLarge, OverflowError):
        return True
    return False


def _checked(size: _Size) -> _Size:
    if size.digits >= MOST_DIGITS or (size.letters and size.terms > MOST_TERMS):
        raise _TooLarge
    return size


def _group(tokens: Sequence[str], at: int) -> tuple[_Size, int]:
    """The estimate of what stands up to the next closing bracket, and where that is."""
    whole, product, count = _Size(terms=0.0), 1.0, 0
    choosing = 0  # groups still to come that are the arguments of a binomial coefficient
    last: _Size | None = None
    while at < len(tokens) and tokens[at] not in _CLOSING:
        if tokens[at] in "+-":
            whole.terms, product = whole.terms + (product if last else 0.0), 1.0
            at += 1
            continue
        if tokens[at] in _BINOMIAL:
            choosing, at = 2, at + 1
            continue
        last, at = _powered(tokens, at)
        if choosing:
            choosing -= 1
            if not last.letters:
                value = last.value if last.value is not None else _magnitude(last)
                last = _checked(_Size(digits=0.31 * value + 1.0))
        whole.digits += last.digits
        whole.letters |= last.letters
        product *= last.terms
        count += 1
    whole.terms += product
    if count == 1 and last is not None:
        whole.value = last.value
    return _checked(whole), at


def _powered(tokens: Sequence[str], at: int) -> tuple[_Size, int]:
    """One atom with the factorials and powers that follow it."""
    size, at = _atom(tokens, at)
    while at < len(tokens):
        if tokens[at] == "!":
            at += 1
            if not size.letters:  # with letters it stays as it stands
                value = size.value if size.value is not None else _magnitude(size)
                size = _checked(_Size(digits=value * max(size.digits, 1.0)))
        elif tokens[at] in ("^", "**") and at + 1 < len(tokens) and tokens[at + 1] not in _CLOSING:
            exponent, at = _powered(tokens, at + 1)
            size = _checked(_power(size, exponent))
        else:
            break
    return size, at


def _power(base: _Size, exponent: _Size) -> _Size:
    if exponent.letters:  # it stays as it stands
        return _Size(digits=base.digits + exponent.digits, terms=base.terms, letters=True)
    times = exponent.value if exponent.value is not None else _magnitude(exponent)
    terms = 1.0
    if base.terms > 1 and base.letters:
        n, t = int(min(times, 1e6)), int(min(base.terms, 1e3))
        # No exact binomial of large numbers: a few factors are enough to pass the limit.
        for k in range(1, min(n, t - 1) + 1):
            terms *= (n + t - k) / k
            if terms > 1e12:
                break
    return _Size(digits=base.digits * max(times, 1.0), terms=terms, letters=base.letters)


def _magnitude(size: _Size) -> float:
    return math.pow(10.0, min(size.digits, 300.0))


def _atom(tokens: Sequence[str], at: int) -> tuple[_Size, int]:
    token = tokens[at]
    if token in _OPENING:
        size, at = _group(tokens, at + 1)
        return size, at + 1
    if token[0].isdigit() or (token[0] == "." and len(token) > 1):
        value = float(token.replace(",", "")[:300])
        return _Size(digits=max(math.log10(value), 0.0) + 0.1 if value >= 1 else 1.0, value=value), at + 1
    if token in _SMALL or not (token[0] == "\\" or token.isalpha()):
        return _Size(), at + 1
    return _Size(digits=0.0 if token == r"\sqrt" else _LETTER_DIGITS, letters=True), at + 1
