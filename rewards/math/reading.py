r"""Reading an answer: a text as typed values. Nothing is computed and nothing is decided.

A text may have more than one reading (`1,5` is a decimal or a list, `5 m` a length or a product); all are given, the
likeliest first. No reading at all: it is not mathematics, and not words.

Example:
    >>> readings(r"\text{The Moon}.")
    (Words(text='moon'),)
    >>> [type(value).__name__ for value in readings("(1, 2]")]
    ['Many']
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache

from rewards.math.congruences import congruence
from rewards.math.expressions import Num
from rewards.math.lexicon import MONTHS, TRUTHS
from rewards.math.number_sets import REALS, by_words
from rewards.math.number_words import in_words_and_digits
from rewards.math.progressions import progression
from rewards.math.signs import expanded
from rewards.math.spelling import CLOSE_TEXT, LONGEST, OPEN_TEXT, key, spelled, words_of
from rewards.math.structure import maths
from rewards.math.tokens import FUNCTION_WORDS, NotMaths
from rewards.math.units import CURRENCIES, is_unit
from rewards.math.values import Based, Choice, Clock, Date, Many, Minus, Named, Ratio, Scalar, Truth, Value, Words

_LONGEST_REMEMBERED = 160  # characters; the trees of a long text take a megabyte
_PLAIN = re.compile(r"[A-Za-zÀ-ÿ][A-Za-zÀ-ÿ'’. -]*[A-Za-zÀ-ÿ.]")
_CHOICE = re.compile(r"[(\[]?\s*([A-Z])\s*[)\]]?\s*[.:)]?|[(\[]\s*([a-j])\s*[)\]]|([a-j])\)")
_CHOICE_AND_TEXT = re.compile(
    r"[(\[]?([A-Ja-j])[)\].:]+(?:\s*([^\s,;^_*/+=!<>()-].*)|\s+([-(].*))|([A-J])\s*(?::\s+|-\s+(?=[a-zA-Z]{2}[^=]*\Z))(\S.*)"
)
_OPTION = re.compile(r"^(?:option|choice|answer|statement)\s+", re.IGNORECASE)
_BASED = re.compile(
    r"(?:\{\s*)?(-?[0-9A-Za-z.]*\d[0-9A-Za-z.]*)(?:\s*\})?\s*_\s*\{?\s*\(?\s*“?\s*(?:base\s*)?(\w+)\s*”?\s*\)?\s*\}?|(-?)\s*\(\s*([0-9A-Za-z]+)\s*\)\s*_\s*\{?\s*(\d+)\s*\}?"
)
_IN_BASE = re.compile(r"(-?[0-9A-Fa-f]*\d[0-9A-Fa-f]*)\s*\(?\s*(?:in )?base[\s-]*(\w+)\)?", re.IGNORECASE)
_BASES = {
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "sixteen": 16,
}
_CLOCK = re.compile(
    r"(\d{1,2})(?:\s*:\s*(\d{2}))?(?:\s*:\s*(\d{2}))?\s*(a\.?m\.?|p\.?m\.?|noon|midnight)?(?:\s*o'?clock)?",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,?\s+)?(?:([A-Za-z]+)\.?\s+(\d{1,2})(?:st|nd|rd|th)?|(\d{1,2})(?:st|nd|rd|th)?(?:\s+of)?\s+([A-Za-z]+)\.?)"
    r"(?:,?\s+(\d{4}))?",
)
_DECIMAL_COMMA = re.compile(r"((?:[$€£¥₹]\s*)?[-+]?\d+),(\d+)((?:\s*[^\d,;].*)?)")
_ROUND_DECIMAL = re.compile(r"-?[1-9]\d*,\d*0")
_SIGNS = "+-$€£¥₹ "
_TELEPHONE = re.compile(r"\d{3}-\d{4}")
_DIGITS_IN_TEXT = re.compile(r"“\s*([A-F\d]+)\s*”(?=[A-F\d]*\s*_\s*\{?\s*1[1-6])")
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+")
_MAPS = re.compile(
    r"^(?:[a-zA-Z]\s*:\s*)?(?:\\mathbb\s*\{?\s*[A-Z]\s*\}?\s*\\to\s*\\mathbb\s*\{?\s*[A-Z]\s*\}?\s*[,;:]?\s*)?([a-zA-Z])\s*\\mapsto\s*"
)
_CLAUSE = re.compile(r",?\s*“?\s*(?:for (?:all|any|every|each|real|integers?|some)|where|with)\b[^“”]*”?.*$")
_RELATION = re.compile(r"[<>]|\\[lg]e(?![a-z])|\\ne(?![a-z]).*\\ne(?![a-z])|\\in(?![a-z])|\\[{]")
_EXCEPTION = re.compile(r",\s*(?:“\s*(?:where|if|for|when)?\s*”\s*)?[a-zA-Z]\s*\\ne(?![a-zA-Z])[^,=<>]*$")
_IN_NUMBERS = re.compile(
    r"(?:,\s*|\s*“\s*,?\s*(?:for|where|with)(?: all)?\s*”\s*|\s+for\s+|\s*\(\s*|,?\s*\\forall\s*)"
    r"([a-zA-Z])\s*\\in\s*\\mathbb\s*\{?\s*[A-Z]\s*\}?\s*\)?\s*$"
)
_SAID = re.compile(
    r"^“?\s*(?:the )?(?:final )?(?:(?:answer|result|solution|value|total|sum)\s*”?\s*(?:is|:)"
    r"|(?:answers|solutions|roots|values)\s*(?:are|:))\s*”?\s*(?=[^\s“])",
    re.IGNORECASE,
)
_UNKNOWN = r"(?<![a-zA-Z\\])[a-z]"
_CHAIN = rf"\s*({_UNKNOWN}(?:\s*=\s*{_UNKNOWN})+)\s*=\s*([-+\d./\s]*\d\s*)"
_CHAINS = re.compile(rf"{_CHAIN}(?:[,;“”\s]*\b(?:or|and)\b[”\s]*{_CHAIN})+")
_EACH_CHAIN = re.compile(_CHAIN)
_MAGNITUDE = re.compile(r"\|\s*([a-vxy])\s*\|\s*=\s*(\d[\d./\s]*|\\(?:frac|sqrt)[^a-zA-Z|=<>,“”]*)")
_UNIT_FRACTION = re.compile(
    r"(?<=[\d}])((?:\s|\\[,; ])*)\\frac\s*\{\s*([a-zA-Z]{1,4})\s*\}"
    r"\s*\{\s*([a-zA-Z]{1,4})(\s*\^\s*\{?\s*[23]\s*\}?)?\s*\}\Z"
)
_RATE = re.compile(r"(?<=\d)\s*/\s*(?:“\s*)?([a-z]{3,})(?:\s*”)?\Z")
_TO = re.compile(r"\d+(?:\s*“?\s*to\s*”?\s*\d+)+")
_POINT = re.compile(r"[A-Z](?:_\{?\w\}?|')?\s*(?=\((?!.*\(.*,).*,)")
_HEDGING = re.compile(r"\b(?:or|else|others?|otherwise|but|also|if|unless|except|possibl[ey]|maybe|wrong|incorrect)\b")
_BOTH = re.compile(r"^“\s*both\s*”\s*(?=.*\band\b)", re.IGNORECASE)
_BETWEEN_LINES = re.compile(r"([a-zA-Z]{1,3}(?:_\{?\w\}?)?)\s*(\\perp|\\parallel)\s*([a-zA-Z]{1,3}(?:_\{?\w\}?)?)")
_LETTERS = re.compile(
    r"[a-zA-Z](?: [a-zA-Z])+|[a-zA-Z](?:\s*-\s*[a-zA-Z])+|[a-z]{1,3}(?:\s?-\s?[a-z]{1,3})+(?<=[ -][a-z])"
    r"|[a-z]\s?-\s?[a-z]{1,3}|[a-zA-Z](?:\s?-\s?[a-zA-Z]|\s[a-zA-Z])+"
    r"|[a-z]{1,2}(?:\s?-\s?[a-z]{1,2})+"
)
_ISO_DATE = re.compile(r"([12]\d{3})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
_NUMERIC_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_CHOICES = re.compile(r"\(\s*[A-J]\s*\)(?:(?:\s*,\s*(?:and\s)?|\s+and\s+|\s*&\s*)\s*\(\s*[A-J]\s*\))+")
_LETTER = r"(?:[a-zA-Z]|\\(?:alpha|beta|gamma|phi|psi)(?![a-zA-Z]))"
_SIGN_OF_LOGIC = r"\\(?:neg|land|lor|to|Rightarrow|implies|iff|[lL]eftrightarrow|oplus)(?![a-zA-Z])"
_LOGIC = re.compile(  # letters, brackets and a denial or an implication: `p \to q`
    rf"(?=.*\\(?:neg|to|Rightarrow|implies|iff|[lL]eftrightarrow)(?![a-zA-Z]))"
    rf"(?:{_LETTER}(?![a-zA-Z])|{_SIGN_OF_LOGIC}|[\s()\[\]])+"
)
_FOLLOWS = re.compile(r"\\(?:to|Rightarrow)(?![a-zA-Z])")
_EQUIVALENT = re.compile(r"\\[lL]eftrightarrow(?![a-zA-Z])")
_IMPLIES = re.compile(r"\\(?:implies|Rightarrow|Longrightarrow|iff|Leftrightarrow)(?![a-zA-Z])")
_LABEL = re.compile(  # what is asked; a word that bounds or denies the value is none
    r"^“\s*(?:(?:the|final|total|number of(?: \w+){1,2}|answers?|ans|results?|solutions?|values?|area|volume|perimeter"
    r"|length|width|height|distance|sum|product|probability|cost|price|speed|ways?|ratio|average|mean|median|part)\s*){1,8}"
    r"(?:\(?[a-z\d]\)?)?\s*:\s*”?\s*(?=[^\s”])",
    re.IGNORECASE,
)
_LEADING_KIND = re.compile(
    r"^“?\s*(?:the )?(?:point|ordered pair|pair|vertex|vector|interval|matrix|coordinates(?: are)?)\s*:?\s*”?\s*"
    r"(?=[(\[\\])",
    re.IGNORECASE,
)
_NAMED_RATIO = re.compile(r"[a-zA-Z](?:\s*:\s*[a-zA-Z])+\s*=")
_DECIMALS = re.compile(  # `3,5; 4,5`
    r"[(\[\\{\s]*[-+]?\d+(?:,\d+)?(?:\s*;\s*[-+]?\d+(?:,\d+)?)+[)\]\\}\s]*"
    r"|[-+]?\d+,\d+(?:\s*“?\s*\b(?:and|or)\b\s*”?\s*[-+]?\d+,\d+)+"
)
_ALL_BUT = re.compile(
    r"^“?\s*(?:the )?(?:set of )?(?:all )?(?:the )?(?:real numbers?|reals),? "
    r"(?:except|but|excluding|other than|besides)(?: for)?\s*”?\s*(?=[^\sa-z“”]|[a-z]\s*=)",
    re.IGNORECASE,
)
_ALL_THAT = re.compile(r"^“\s*(?:for )?(?:all|any|every)\s*”\s*(?=[a-z]\s*(?:\\[gl]e\b|[<>]))", re.IGNORECASE)
_CODES = {"USD": "$", "US$": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹"}
_CODE = re.compile(r"^(?:“\s*)?(USD|US\$|EUR|GBP|JPY|INR)(?:\s*”)?\s*(?=\d)")
_NEGATIVE = re.compile(r"^(?:“\s*)?(?:negative|minus)\s+(?:”\s*)?(?=[\d$]|\\frac|\\sqrt)", re.IGNORECASE)
_RUPEES = re.compile(r"^(?:“\s*)?Rs\.?(?:\s*”)?(?=\s*\d)")
_BRANCHES = re.compile(r"\\\\(?:\[[^\]]*\])?")
_PUNCTUATION = re.compile(r"(?<!\d)[\s,.]|[\s,.](?!\d)|[“”]|(?<![a-z])if(?![a-z])|\b(?:for|is|when)\b")
_OTHER_CHOICE = re.compile(
    r"(?:^|[\s(\[])[A-J](?:[.)\]:]|$)|[(\[][a-j][)\]]|\bor\b|^(?:and|or|not|nor|but|maybe)\b|^[&/]", re.IGNORECASE
)


def readings(text: str) -> tuple[Value, ...]:
    """All readings of a text as it stands in a reference or a response; none = unreadable."""
    if len(text) > LONGEST:
        return ()
    return _remembered(text) if len(text) <= _LONGEST_REMEMBERED else _read(text)


def _read(text: str) -> tuple[Value, ...]:
    try:
        plain = spelled(text)
        found = _readings(plain) if plain else []
        if "\\in" in plain and (family := _IN_NUMBERS.search(plain)) is not None:
            found += _readings(_unnamed(plain, family[1]))
        return tuple(dict.fromkeys(map(expanded, found)))
    except (NotMaths, RecursionError):
        return ()


def _unnamed(text: str, letter: str) -> str:
    r"""`k\pi, k \in \mathbb{Z}` with a letter that nobody writes: which one runs through the numbers says nothing."""
    return re.sub(rf"(?<![a-zA-Z\\]){letter}(?![a-zA-Z])", r"\\aleph ", text)


_remembered = lru_cache(maxsize=512)(_read)


def gold_readings(text: str) -> tuple[Value, ...]:
    """Of a reference: groups of three digits may also be a list, where there are many of them.

    Inequalities that cannot hold together mean both parts: no gold answer is "none" in that way.
    """
    plain = spelled(text) if len(text) <= LONGEST else ""
    marked = "\\" in text or "{" in text  # `1{,}000`, `1,\\!000`: one number
    if plain.count(",") > 2 and not marked and _GROUPED.fullmatch(plain) and not re.search(r",0", plain):
        return (*readings(text), *readings(plain.replace(",", ", ")))
    if _ROUND_DECIMAL.fullmatch(plain) and not _GROUPED.fullmatch(
        plain.lstrip("-")
    ):  # `-3,0`: nobody writes such a decimal, so it is a list of two
        return readings(plain.replace(",", ", "))
    if _TELEPHONE.fullmatch(plain):
        return (Words(key(plain)),)
    found = tuple(replace(one, conjoined=False) if isinstance(one, Many) else one for one in readings(text))
    if found and isinstance(found[0], Clock):  # 9:24 is a time, 3:8 may be a ratio
        return tuple(one for one in found if not (isinstance(one, Ratio) and (":0" in plain or _is_reducible(one))))
    return found


def _readings(text: str) -> list[Value]:
    if "\\begin{cases}" in text or "\\begin {cases}" in text:  # a function in pieces: by its spelling only
        name, _, rows = _PUNCTUATION.sub("", text.replace("\\begin {", "\\begin{")).partition("\\begin{cases}")
        branches = sorted(key(branch) for branch in _BRANCHES.split(rows.replace("\\end{cases}", "")) if branch.strip())
        return [Words(" ".join((key(name), *branches)))]
    if "," in text and ("\\ldots" in text or "..." in text) and (listed := progression(text)) is not None:
        return [listed]
    if "\\ldots" in text and "," in text and not maths(text):  # a list that goes on: by its spelling only
        return [Words(re.sub(r"[\s\u200b]+", "", key(text)))]
    if "\\" in text and _LOGIC.fullmatch(text):
        return [Words(key(_EQUIVALENT.sub(r"\\iff ", _FOLLOWS.sub(r"\\implies ", text))))]
    found: list[Value] = []
    text = _NEGATIVE.sub("-", _RUPEES.sub("₹", _SAID.sub("", text[: _clause(text)])))
    text = _CODE.sub(lambda code: _CODES[code.group(1)], text)
    if "\\" in text and "\\to" not in text and "\\neg" not in text:
        text = _IMPLIES.split(text)[-1].strip() or text
    text = _respelled(text)
    label = _LABEL.match(text)
    if label is not None:
        text = text[label.end() :] if "”" in label.group() else f"{OPEN_TEXT}{text[label.end() :]}"
    text = _BOTH.sub("", _LEADING_KIND.sub("", _ALL_THAT.sub("", text)))
    if (but := _ALL_BUT.match(text)) is not None:
        return _all_but(text[but.end() :])
    if (
        "," in text
        and _DECIMALS.fullmatch(text)
        and not all(_GROUPED.fullmatch(one) for one in re.findall(r"\d+,\d+", text))
    ):
        text = text.replace(",", ".")  # `3,5; 4,5`
    if (several := _separately(text)) is not None:
        return several
    if _TO.fullmatch(text.strip("“” ")):
        return [Ratio(tuple(Num(Fraction(part)) for part in re.findall(r"\d+", text)))]
    if lines := _BETWEEN_LINES.fullmatch(text):
        return [Words(f"{lines[2]} {' '.join(sorted((lines[1], lines[3])))}")]
    if "mod" in text and (congruent := congruence(text)) is not None:
        return congruent
    if maps := _MAPS.match(text):
        return _function(maps[1], maths(text[maps.end() :])) or [Words(key(text))]
    unquoted = " ".join(text.replace(OPEN_TEXT, " ").replace(CLOSE_TEXT, " ").split())
    if (digits := in_words_and_digits(unquoted)) is not None:
        return maths(digits)
    if magnitude := _MAGNITUDE.fullmatch(text):  # two values of a real unknown
        return [*maths(rf"{magnitude[1]} = \pm ({magnitude[2]})"), *maths(text)]
    found += _worded(unquoted, quoted=OPEN_TEXT in text)
    may_be_ratio = bool(found) and isinstance(found[0], Clock) and not found[0].half
    if found and (isinstance(found[0], Scalar | Truth | Date) or len(unquoted) > 4) and not may_be_ratio:
        return found
    decimal = _DECIMAL_COMMA.fullmatch(text)
    if decimal and (
        not _GROUPED.fullmatch(f"{decimal[1].lstrip(_SIGNS)},{decimal[2]}") or decimal[1].lstrip(_SIGNS) == "0"
    ):
        found += maths(f"{decimal[1]}.{decimal[2]}{decimal[3]}")
        found += maths(f"{decimal[1]}, {decimal[2]}{decimal[3]}")
        return found
    if text.startswith(OPEN_TEXT) and text.endswith(CLOSE_TEXT) and text.count(OPEN_TEXT) == 1:
        text = text[1:-1].strip()
        if text.isalpha() and len(text) > 2 and text.lower() not in FUNCTION_WORDS:  # a word, and no product
            return found or [Words(words_of(text))]
    if "," in text and any(mark in text for mark in ("(", "[", "\\{", "\\langle")) and re.search(r",\d", text):
        found += maths(re.sub(r",(?=\d)", ", ", text))
        if re.search(r",\s", text):
            found += maths(text)
    else:
        found += maths(text)
    if (point := _POINT.match(text)) and text.endswith(")"):
        found += [one for one in maths(text[point.end() :]) if isinstance(one, Many)]
    if not found and re.search(r"[A-Za-z]{2}", unquoted) and "\\" not in unquoted and "{" not in unquoted:
        found.append(Words(words_of(unquoted)))
    return found


def _respelled(text: str) -> str:
    """Units in a fraction and behind a stroke in one line, chains `x = y = 1` that are joined as their equations."""
    if (
        text.endswith("}")
        and "\\frac" in text
        and (over := _UNIT_FRACTION.search(text)) is not None
        and (is_unit(over[2]) and is_unit(over[3]))
    ):
        return f"{text[: over.start()]} {over[2]}/{over[3]}{over[4] or ''}"
    if "/" in text and (rate := _RATE.search(text)) is not None and (is_unit(rate[1]) or text[0] in CURRENCIES):
        return f"{text[: rate.start()]} {OPEN_TEXT}per {rate[1]}{CLOSE_TEXT}"
    if "_" in text and "”" in text:
        text = _DIGITS_IN_TEXT.sub(r"\1", text)
    if text.count("=") > 3 and _CHAINS.fullmatch(text):
        return _EACH_CHAIN.sub(
            lambda chain: " " + ", ".join(f"{name.strip()}={chain[2].strip()}" for name in chain[1].split("=")) + " ",
            text,
        )
    return text


def _function(variable: str, values: list[Value]) -> list[Value]:
    """What a variable is mapped to."""
    return [Named("", value, None, (variable,)) for value in values]


def _all_but(text: str) -> list[Value]:
    """All real numbers without those that are listed."""
    taken = maths(re.sub(r"^[a-zA-Z]\s*=\s*", "", text.strip(" ”")))
    if not taken or not isinstance(taken[0], Scalar | Many):
        return []
    first = taken[0]
    listed = (
        first
        if isinstance(first, Many) and first.opening
        else Many(first.items if isinstance(first, Many) else (first,), "\\{", "\\}")
    )
    return [Minus(REALS, listed)]


def _several_choices(text: str) -> list[Value]:
    """`(A) and (C)`, `(A), (C)`: each in brackets."""
    if _CHOICES.fullmatch(text) is None:
        return []
    return [Many(tuple(Choice(letter) for letter in re.findall(r"[A-J]", text)))]


def _clause(text: str) -> int:
    """Where a clause begins that says of what the answer holds; the end of the text where there is none, or a hedge."""
    found = _CLAUSE.search(text) or _IN_NUMBERS.search(text)
    if found is None and "\\ne" in text and not _RELATION.search(text):
        found = _EXCEPTION.search(text)
    return len(text) if found is None or _HEDGING.search(found.group()) else found.start()


_SIGNS_IN_CLAUSE = re.compile(
    r"\\mathbb\s*\{?\s*([A-Z])|\b(positive|negative|odd|even)|\b(integer|real|natural|rational)|(\d+|[<>]=?|\\[lg]e|\\ne)"
)
_SETS_OF_NUMBERS = {"integer": "Z", "real": "R", "natural": "N", "rational": "Q"}


def conditions(text: str) -> frozenset[str]:
    """What the clause behind an answer asks: its numbers, relations and sets of numbers."""
    plain = spelled(text)
    found = _SIGNS_IN_CLAUSE.findall(plain[_clause(plain) :])
    return frozenset(a or b or _SETS_OF_NUMBERS.get(c, "") or d for a, b, c, d in found)


def _worded(text: str, *, quoted: bool) -> list[Value]:
    """Words, choices, truths, dates, times, numbers to a base."""
    found: list[Value] = []
    lower = text.lower().strip(" .!")
    if lower in TRUTHS:
        return [Truth(TRUTHS[lower])]
    option = _OPTION.sub("", text)
    if choice := _CHOICE.fullmatch(option):
        found.append(Choice((choice[1] or choice[2] or choice[3]).upper()))
        return found
    if choices := _several_choices(option):
        return choices
    if not _NAMED_RATIO.match(option) and (with_text := _CHOICE_AND_TEXT.fullmatch(option)):
        letter, rest = with_text[1] or with_text[4], with_text[2] or with_text[3] or with_text[5]
        if _OTHER_CHOICE.search(rest):  # another option beside it
            return [Words(words_of(text))]
        return [Choice(letter.upper(), rest)]
    if iso := _ISO_DATE.fullmatch(text):
        return [Date(int(iso[2]), int(iso[3]), int(iso[1]))]
    if numeric := _NUMERIC_DATE.fullmatch(text):
        first, second, year = map(int, numeric.groups())
        one, other = (first, second) if first <= 12 else (second, first)
        return [Date(one, other, year)] if 1 <= one <= 12 and 1 <= other <= 31 else [Words(words_of(text))]
    if "_" in text or "base" in lower:
        last = text.rpartition("=")[2].strip()
        based = _BASED.fullmatch(last) or _IN_BASE.fullmatch(last)
        if based:
            groups = [group for group in based.groups() if group is not None]
            if len(groups) == 3:
                groups = [groups[0] + groups[1], groups[2]]
            base = int(groups[1]) if groups[1].isdigit() else _BASES.get(groups[1].lower(), 0)
            if 2 <= base <= 36 and all(c in "-." or int(c, 36) < base for c in groups[0]):
                return [Based(groups[0].upper(), base)]
    if ":" in text or lower.endswith(("m", "m.", "noon", "midnight", "clock")):
        found += _time(text)
        if found and isinstance(found[0], Clock) and found[0].half:
            return found
    if lower[:1].isalnum() and any(lower.find(month[:3]) >= 0 for month in MONTHS):
        date = _DATE.fullmatch(text.removeprefix("the ").rstrip(" ."))
        if date:
            month = MONTHS.get((date[1] or date[4]).lower())
            if month:
                return [Date(month, int(date[2] or date[3]), int(date[5] or 0))]
    words = lower.split()
    if any(word in FUNCTION_WORDS for word in words) and all(len(w) < 3 or w in FUNCTION_WORDS for w in words):
        return found  # `sin x`, `infinity`
    if (numbers := by_words(lower)) is not None:
        return [*found, numbers, Words(words_of(text))]
    if text.isalpha() and len(text) > 1 and (quoted or len(text) > 3 or (len(text) == 3 and not text.islower())):
        return [*found, Words(words_of(text))]
    if _LETTERS.fullmatch(text):
        return found
    if _PLAIN.fullmatch(text) and " or " not in lower and " and " not in lower and (len(text) > 4 or quoted):
        found.append(Words(words_of(text)))
    return found


def _is_reducible(ratio: Ratio) -> bool:
    values = [part.value for part in ratio.parts if isinstance(part, Num)]
    return len(values) == len(ratio.parts) and math.gcd(*(value.numerator for value in values)) > 1


def _time(text: str) -> list[Value]:
    match = _CLOCK.fullmatch(text.strip())
    if match is None or not (match[2] or match[4]) or int(match[1]) > 24 or int(match[2] or 0) > 59:
        return []
    half = (match[4] or "").lower().replace(".", "")
    half = {"noon": "pm", "midnight": "am"}.get(half, half)
    return [Clock(int(match[1]) * 3600 + int(match[2] or 0) * 60 + int(match[3] or 0), half)]


_PARTS = re.compile(r"\s*(?:,\s*“?\s*(?:and|or)\b\s*”?|,(?=\s)|“?\s*(?<![a-zA-Z])(?:and|or)(?![a-zA-Z])\s*”?)\s*")


def _separately(text: str) -> list[Value] | None:
    """Numbers to a base, or times of day, that are joined: they are no mathematics to the grammar."""
    if ("_" not in text and ":" not in text) or not (" or" in text or "and" in text or "or" in text or ", " in text):
        return None
    parts = _PARTS.split(text)
    if len(parts) < 2 or not all(parts):
        return None
    values: list[Value] = []
    for part in parts:
        plain = " ".join(part.replace(OPEN_TEXT, " ").replace(CLOSE_TEXT, " ").split())
        found = _worded(plain, quoted=False)
        if not found or not isinstance(found[0], Based | Clock):
            return None
        values.append(found[0])
    return [Many(tuple(values), hedged=re.search(r"(?<![a-zA-Z])or(?![a-zA-Z])", text) is not None)]
