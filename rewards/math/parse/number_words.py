"""Numbers written in both words and digits: `forty-two (42)` is 42, if both agree.

Example:
    >>> in_words_and_digits("forty-two (42)"), in_words_and_digits("42 (forty-two)"), in_words_and_digits("twelve (42)")
    ('42', '42', None)
"""

from __future__ import annotations

import re

_SMALL = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
nineteen
"""
_TENS = """
twenty thirty forty fifty sixty seventy eighty ninety
"""
_NUMBERS = {name: value for value, name in enumerate(_SMALL.split())} | {
    name: 10 * value for value, name in enumerate(_TENS.split(), start=2)
}
_SCALES = {"thousand": 10**3, "million": 10**6}
_WORDS = r"[a-z]+(?:[\s-]+[a-z]+){0,9}"
_DIGITS = r"\d{1,3}(?:,\d{3})+|\d{1,9}"
_BOTH = re.compile(
    rf"(?P<words>{_WORDS})\s*(?:\(\s*|,\s*(?:i\.e\.|that is),?\s+)(?P<digits>{_DIGITS})\s*\)?"
    rf"|(?P<first>{_DIGITS})\s*[\s(]\s*(?P<behind>{_WORDS})\s*\)?",
    re.IGNORECASE,
)


def in_words_and_digits(text: str) -> str | None:
    """The digits, if the words next to them give the same number; else None."""
    found = _BOTH.fullmatch(text)
    if found is None:
        return None
    digits, words = (found["digits"] or found["first"]).replace(",", ""), found["words"] or found["behind"]
    return digits if _value(re.split(r"[\s-]+", words.lower())) == int(digits) else None


def _value(words: list[str]) -> int | None:
    total = part = 0
    for word in words:
        if word in _NUMBERS:
            part += _NUMBERS[word]
        elif word == "hundred":
            part *= 100
        elif word in _SCALES:
            total, part = total + part * _SCALES[word], 0
        elif word != "and":
            return None
    return total + part
