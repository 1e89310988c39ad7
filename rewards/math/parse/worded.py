r"""Parse answers that are not formulas: truth values, choices, numbers in a base, times, dates, words, bounds in words.

Numbers are not read from words; but a number in words and digits, `forty-two (42)`, is 42, if both agree.

Example:
    >>> worded("Option (B)", quoted=False), worded("3:05 p.m.", quoted=False)
    ([Choice(letter='B', text='')], [Clock(seconds=11100, half='pm')])
    >>> worded("sin x", quoted=False)
    []
    >>> half_line("5 or more") == maths(r"[5, \infty)"), half_line("x is less than 2") == maths("x < 2")
    (True, True)
    >>> in_words_and_digits("forty-two (42)"), in_words_and_digits("42 (forty-two)"), in_words_and_digits("twelve (42)")
    ('42', '42', None)
"""

from __future__ import annotations

import re

from rewards.math.lexicon import MONTHS, TRUTHS, without_verb
from rewards.math.notation.characters import NUMERALS
from rewards.math.notation.tokens import FUNCTION_WORDS
from rewards.math.notation.words import words_of
from rewards.math.parse.number_sets import by_words
from rewards.math.parse.structure import maths
from rewards.math.values import Based, Choice, Clock, Date, Many, Scalar, Truth, Value, Words

_PLAIN = re.compile(r"[A-Za-zÀ-ÿ][A-Za-zÀ-ÿ'’. -]*[A-Za-zÀ-ÿ.]")
_CHOICE = re.compile(r"[(\[]?\s*([A-Z])\s*[)\]]?\s*[.:)]?|[(\[]\s*([a-j])\s*[)\]]|([a-j])\)")
_CHOICE_AND_TEXT = re.compile(
    r"[(\[]?([A-Ja-j])[)\].:]+(?:\s*([^\s,;^_*/+=!<>()-].*)|\s+([-(].*))|([A-J])\s*(?::\s+|-\s+(?=[a-zA-Z]{2}[^=]*\Z))(\S.*)"
)
_NUMERAL = r"(?:i{1,3}|iv|vi{0,3}|ix|x)"
_ROMAN = rf"(?:\({_NUMERAL}\)|{_NUMERAL})"
_ROMANS = rf"{_ROMAN}(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s*&\s*){_ROMAN})+"
_STATEMENTS = re.compile(  # bare letters may be variables
    rf"(?=.*(?:ii|iv|vi|ix|only|\())(?:statements?\s)?(?:{_ROMANS}(?:\sonly)?|{_ROMAN}\sonly|only\s{_ROMAN})",
    re.IGNORECASE,
)
_OPTION = re.compile(r"^(?:option|choice|answer|statement)\s+", re.IGNORECASE)
_BASED = re.compile(
    r"(?:\{\s*)?(-?[0-9A-Za-z.]*\d[0-9A-Za-z.]*)(?:\s*\})?\s*_\s*\{?\s*\(?\s*“?\s*(?:base\s*)?(\w+)\s*”?\s*\)?\s*\}?|(-?)\s*\(\s*([0-9A-Za-z]+)\s*\)\s*_\s*\{?\s*(\d+)\s*\}?"
)
_IN_BASE = re.compile(r"(-?[0-9A-Fa-f]*\d[0-9A-Fa-f]*)\s*\(?\s*(?:in )?base[\s-]*(\w+)\)?", re.IGNORECASE)
_NAMES_OF_BASES = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "sixteen")
_BASES = dict(zip(_NAMES_OF_BASES, (*range(2, 11), 16), strict=True))
_CLOCK = re.compile(
    r"(\d{1,2})(?:\s*:\s*(\d{2}))?(?:\s*:\s*(\d{2}))?\s*(a\.?m\.?|p\.?m\.?|noon|midnight)?(?:\s*o'?clock)?",
    re.IGNORECASE,
)
_HALVES = {"noon": "pm", "midnight": "am"}
_DATE = re.compile(
    r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,?\s+)?(?:([A-Za-z]+)\.?\s+(\d{1,2})(?:st|nd|rd|th)?|(\d{1,2})(?:st|nd|rd|th)?(?:\s+of)?\s+([A-Za-z]+)\.?)"
    r"(?:,?\s+(\d{4}))?",
)
_WHEN = re.compile(  # "on Tuesday", "at 3:30 p.m.", "in March"
    r"^(?:on (?:the )?(?=[a-z]+day\b|[a-z]{3,9}\.? \d|\d{1,2}(?:st|nd|rd|th)\b)"
    r"|at (?=\d{1,2}(?::\d|\s*[ap]\.?m)|noon|midnight)"
    rf"|(?:in )?the month of |in (?=(?:{'|'.join(MONTHS)})\b))",
    re.IGNORECASE,
)
_LETTERS = re.compile(
    r"[a-zA-Z](?: [a-zA-Z])+|[a-zA-Z](?:\s*-\s*[a-zA-Z])+|[a-z]{1,3}(?:\s?-\s?[a-z]{1,3})+(?<=[ -][a-z])"
    r"|[a-z]\s?-\s?[a-z]{1,3}|[a-zA-Z](?:\s?-\s?[a-zA-Z]|\s[a-zA-Z])+"
    r"|[a-z]{1,2}(?:\s?-\s?[a-z]{1,2})+"
)
_ISO_DATE = re.compile(r"([12]\d{3})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
_NUMERIC_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_CHOICES = re.compile(r"\(\s*[A-J]\s*\)(?:\s*+(?:(?:,(?:\s*+and\s)?|and\s|&)\s*+)?\(\s*[A-J]\s*\))+")
_NAMED_RATIO = re.compile(r"[a-zA-Z](?:\s*:\s*[a-zA-Z])+\s*=")
_OTHER_CHOICE = re.compile(
    r"(?:^|[\s(\[])[A-J](?:[.)\]:]|$)|[(\[][a-j][)\]]|\bor\b|^(?:and|or|not|nor|but|maybe)\b|^[&/]", re.IGNORECASE
)


def worded(text: str, *, quoted: bool) -> list[Value]:
    """Parse text without quotes as words. quoted: part of it was inside a text command."""
    text = _WHEN.sub("", text)
    for read in (_truth, _statements, _choice, _based, _time, _date):
        if found := read(text):
            return found
    return _words(text, quoted=quoted)


def _plainly(text: str) -> str:
    return text.lower().strip(" .!")


def _truth(text: str) -> list[Value]:
    plain = _plainly(text)
    if plain.rpartition(" ")[2] not in TRUTHS:
        return []
    truth = TRUTHS.get(words_of(text) if " " in plain else plain)
    return [] if truth is None else [Truth(truth)]


def _statements(text: str) -> list[Value]:
    """Parse statements given by Roman numerals: `(i) and (iii)`, `I, III only`."""
    if _STATEMENTS.fullmatch(text.rstrip(" .")) is None:
        return []
    found = re.findall(r"\b[ivx]+\b", text.lower())
    return [Words(" and ".join(sorted(found, key=NUMERALS.index)))]


def _choice(text: str) -> list[Value]:
    """Parse a letter, several in parentheses (`(A) and (C)`), or one with the text of its option."""
    option = _OPTION.sub("", text)
    if choice := _CHOICE.fullmatch(option):
        return [Choice((choice[1] or choice[2] or choice[3]).upper())]
    if _CHOICES.fullmatch(option):
        return [Many(tuple(Choice(letter) for letter in re.findall(r"[A-J]", option)))]
    with_text = None if _NAMED_RATIO.match(option) else _CHOICE_AND_TEXT.fullmatch(option)
    if with_text is None:
        return []
    letter, rest = with_text[1] or with_text[4], with_text[2] or with_text[3] or with_text[5]
    if _OTHER_CHOICE.search(rest):  # also names another option
        return [Words(words_of(text))]
    return [Choice(letter.upper(), rest)]


def _based(text: str) -> list[Value]:
    """`1011_2`, `(1011)_2`, `1011 in base two`."""
    if "_" not in text and "base" not in text.lower():
        return []
    last = text.rpartition("=")[2].strip()
    last = last[1:-1].strip() if last.endswith(")") and last.startswith("(") and last.count("(") == 1 else last
    found = _BASED.fullmatch(last) or _IN_BASE.fullmatch(last)
    if found is None:
        return []
    *digits, name = (group for group in found.groups() if group is not None)
    number = "".join(digits)
    base = int(name) if name.isdigit() else _BASES.get(name.lower(), 0)
    if 2 <= base <= 36 and all(digit in "-." or int(digit, 36) < base for digit in number):
        return [Based(number.upper(), base)]
    return []


def _time(text: str) -> list[Value]:
    if _plainly(text) in _HALVES:
        return [Clock(12 * 3600, _HALVES[_plainly(text)])]
    if ":" not in text and not _plainly(text).endswith(("m", "noon", "midnight", "clock")):
        return []
    match = _CLOCK.fullmatch(text.strip())
    if match is None or not (match[2] or match[4]) or int(match[1]) > 24 or int(match[2] or 0) > 59:
        return []
    half = (match[4] or "").lower().replace(".", "")
    half = _HALVES.get(half, half)
    return [Clock(int(match[1]) * 3600 + int(match[2] or 0) * 60 + int(match[3] or 0), half)]


def _date(text: str) -> list[Value]:
    if iso := _ISO_DATE.fullmatch(text):
        return [Date(int(iso[2]), int(iso[3]), int(iso[1]))]
    if numeric := _NUMERIC_DATE.fullmatch(text):
        first, second, year = map(int, numeric.groups())
        month, day = (first, second) if first <= 12 else (second, first)
        return [Date(month, day, year)] if 1 <= month <= 12 and 1 <= day <= 31 else [Words(words_of(text))]
    lower = _plainly(text)
    if not lower[:1].isalnum() or not any(month[:3] in lower for month in MONTHS):
        return []
    date = _DATE.fullmatch(text.removeprefix("the ").rstrip(" ."))
    named = None if date is None else MONTHS.get((date[1] or date[4]).lower())
    return [Date(named, int(date[2] or date[3]), int(date[5] or 0))] if date is not None and named else []


def _words(text: str, *, quoted: bool) -> list[Value]:
    text = without_verb(text)
    lower = _plainly(text)
    words = lower.split()
    if any(word in FUNCTION_WORDS for word in words) and all(len(w) < 3 or w in FUNCTION_WORDS for w in words):
        return []  # `sin x`, `infinity`
    if (numbers := by_words(lower)) is not None:
        return [numbers, Words(words_of(text))]
    is_word = text.isalpha() and len(text) > 1 and (quoted or len(text) > 3 or (len(text) == 3 and not text.islower()))
    is_phrase = (
        _LETTERS.fullmatch(text) is None
        and _PLAIN.fullmatch(text) is not None
        and " or " not in lower
        and " and " not in lower
        and (len(text) > 4 or quoted)
    )
    return [Words(words_of(text))] if is_word or is_phrase else []


# --- bounds -----------------------------------------------------------------------------------------------------------

_BOUNDED = re.compile(
    r"(?:(?P<name>[a-z]) (?:is|are|must be) "
    r"|(?:the )?(?:set of )?(?:all |any |every )?(?:the )?real (?:numbers?|values?(?: of)?)(?: (?P<letter>[a-z]))?,? "
    r"(?:that (?:are|is) |which are )?)?"
    r"(?:(?:(?P<closed>at least|at most|no less than|no more than|not less than|not more than)"
    r"|(?P<open>greater|more|larger|bigger|higher|less|smaller|fewer|lower) than(?P<equal>,? or equal to)?)"
    r" (?P<value>[^a-z]{1,60})"
    r"|(?P<end>[^a-z]{1,60}) or (?P<beyond>more|greater|larger|higher|above|less|fewer|smaller|lower|below))"
)
_ABOVE = ("at least", "no less than", "not less than", "greater", "more", "larger", "bigger", "higher", "above")


def half_line(text: str) -> list[Value] | None:
    """The numbers beyond a bound that is said in words; None where the text says no such thing."""
    said = _BOUNDED.fullmatch(text)
    if said is None:
        return None
    end = said["value"] or said["end"]
    value = maths(end)
    if not value or not isinstance(value[0], Scalar) or not value[0].unit.is_nothing:
        return None
    is_above = (said["closed"] or said["open"] or said["beyond"]) in _ABOVE
    is_open = said["open"] is not None and said["equal"] is None
    if letter := said["name"] or said["letter"]:
        sign = (">" if is_above else "<") if is_open else ("\\ge" if is_above else "\\le")
        return maths(f"{letter} {sign} {end}")
    opening, closing = "()" if is_open else "[]"
    return maths(rf"{opening}{end}, \infty)" if is_above else rf"(-\infty, {end}{closing}")


# --- numbers in words and digits --------------------------------------------------------------------------------------

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
