r"""The entry point of parsing: from a text to typed values. Nothing is computed or decided.

A text may have several readings (`1,5` is a decimal or a list, `5 m` a length or a product); all are returned, the
likeliest first. No reading means that it is neither mathematics nor words.

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

from rewards.math.expressions import Num, negative
from rewards.math.notation.han import is_word
from rewards.math.notation.standard import CLOSE_TEXT, LONGEST, OPEN_TEXT, key, standardised
from rewards.math.notation.tokens import FUNCTION_WORDS, NotMaths
from rewards.math.notation.words import words_of
from rewards.math.parse.bared import GROUPED, bared, unquoted
from rewards.math.parse.boolean import table
from rewards.math.parse.clauses import unnamed
from rewards.math.parse.congruences import MODULO, congruence
from rewards.math.parse.listed import listed
from rewards.math.parse.measured import in_smallest
from rewards.math.parse.pieces import pieces
from rewards.math.parse.progressions import progression
from rewards.math.parse.quantities import is_quantity
from rewards.math.parse.signs import expanded
from rewards.math.parse.statements import statement
from rewards.math.parse.structure import maths
from rewards.math.parse.worded import half_line, in_words_and_digits, worded
from rewards.math.values import REALS, Based, Clock, Many, Minus, Named, Ratio, Scalar, Truth, Value, Words

_LONGEST_REMEMBERED = 160  # characters; the trees of a long text take a megabyte
_DECIMAL_COMMA = re.compile(r"((?:[$€£¥₹]\s*)?[-+]?\d+),(\d+)((?:\s*[^\d,;].*)?)")
_PERIOD = re.compile(r"([-+]?\d+\.\d+)\((\d+)\)")  # `0.1(6)` repeats its 6, or is a product
_ROUND_DECIMAL = re.compile(r"-?[1-9]\d*,\d*0")
_SIGNS = "+-$€£¥₹ "
_TELEPHONE = re.compile(r"\d{3}-\d{4}")
_MAPS = re.compile(
    r"^(?:[a-zA-Z]\s*:\s*)?(?:\\mathbb\s*\{?\s*[A-Z]\s*\}?\s*\\to\s*\\mathbb\s*\{?\s*[A-Z]\s*\}?\s*[,;:]?\s*)?([a-zA-Z])\s*\\mapsto\s*"
)
_NO_QUANTITY = re.compile(  # words, other relations, several values
    r"[<>,;“”…]|\\(?:ne|[lg]e|approx|equiv|to|sim|pm|not|stackrel|overset)(?![a-zA-Z])|\{\s*\}"
    r"|(?<![\\a-zA-Z])[a-zA-Z]{2}|^\s*(?:\\[lc]?dots|\.{3}|[^\w)}]*$)"
)
_MAGNITUDE = re.compile(r"\|\s*([a-vxy])\s*\|\s*=\s*(\d[\d./\s]*|\\(?:frac|sqrt)[^a-zA-Z|=<>,“”]*)")
_TO = re.compile(r"\d+(?:\s*+(?:“\s*+)?to\s*+(?:”\s*+)?\d+)+")
_OUT_OF = re.compile(r"(\d+)\s*“?\s*(?:out of|in)\s*”?\s*(\d+)")
_POINT = re.compile(r"[A-Z](?:_\{?\w\}?|')?\s*(?=\((?!.*\(.*,).*,)")
_LABELLED_POINT = r"[A-Z](?:_\{?\w\}?|')?\s*\([^(),A-Z]*,[^()A-Z]*\)"
_POINTS = re.compile(rf"{_LABELLED_POINT}(?:\s*+(?:,|;|(?:“\s*+)?and\b(?:\s*+”)?)\s*+{_LABELLED_POINT})+")
_LABEL = re.compile(r"(?<![A-Za-z])([A-Z](?:_\{?\w\}?|')?)\s*(?=\()")
_DIVIDED = re.compile(r"(\d+)\s*“?\s*(?:remainder|[rR])\s*”?\s*(\d+)")
_LINE = r"(?:\\(?:overline|overrightarrow|overleftrightarrow)\s*\{\s*)?([a-zA-Z]{1,3}(?:_\{?\w\}?)?)\s*\}?"
_BETWEEN_LINES = re.compile(rf"{_LINE}\s*(\\perp|\\parallel)\s*{_LINE}")
_SIDE = r"([^=<>,;“”]+)"
_BETWEEN_SETS = re.compile(rf"{_SIDE}\\(subseteq|subset|supseteq|supset|notin|propto)(?![a-zA-Z]){_SIDE}")
_TRIANGLE = r"\\(?:triangle|Delta)\s*([A-Z]{3})"
_BETWEEN_TRIANGLES = re.compile(rf"{_TRIANGLE}\s*(\\cong|\\sim)\s*{_TRIANGLE}")  # by corners
_SIGN_ALONE = re.compile(r"[<>=]|\\(?:le|ge|ne)")
_LETTER = r"(?:[a-zA-Z]|\\(?:alpha|beta|gamma|phi|psi)(?![a-zA-Z]))"
_SIGN_OF_LOGIC = r"\\(?:neg|land|lor|to|Rightarrow|implies|iff|[lL]eftrightarrow|oplus)(?![a-zA-Z])"
_LOGIC = re.compile(  # letters, brackets and a denial or an implication: `p \to q`
    rf"(?=.*\\(?:neg|to|Rightarrow|implies|iff|[lL]eftrightarrow)(?![a-zA-Z]))"
    rf"(?:{_LETTER}(?![a-zA-Z])|{_SIGN_OF_LOGIC}|[\s()\[\]])+"
)
_FOLLOWS = re.compile(r"\\(?:to|Rightarrow)(?![a-zA-Z])")
_EQUIVALENT = re.compile(r"\\[lL]eftrightarrow(?![a-zA-Z])")
_ALL_BUT = re.compile(
    r"^(?:the )?(?:set of )?(?:(?:(?:all|any|every) )?(?:the )?(?:real numbers?|reals?|real values?(?: of)?)(?: [a-z])?"
    r"|all (?:values of )?[a-z]),? "
    r"(?:except|but|excluding|other than|besides|not equal to)(?: for)?(?: at| when)?\s*(?=[^\sa-z]|[a-z]\s*=)",
    re.IGNORECASE,
)


def readings(text: str) -> tuple[Value, ...]:
    """All readings of a text from a reference or response; empty = unreadable."""
    if len(text) > LONGEST:
        return ()
    return _remembered(text) if len(text) <= _LONGEST_REMEMBERED else _read(text)


def _read(text: str) -> tuple[Value, ...]:
    try:
        plain = standardised(text)
        found = _readings(plain) if plain else []
        if (family := unnamed(plain)) is not None:
            found += _readings(family)
        return tuple(dict.fromkeys(map(expanded, found)))
    except (NotMaths, RecursionError):
        return ()


def readings_of_spelled(plain: str) -> tuple[Value, ...]:
    """All readings of a part of a normalised text."""
    try:
        return tuple(dict.fromkeys(map(expanded, _readings(plain))))
    except (NotMaths, RecursionError):
        return ()


_remembered = lru_cache(maxsize=512)(_read)


def gold_readings(text: str) -> tuple[Value, ...]:
    """All readings of a gold: many groups of three digits may also be a list.

    Contradictory inequalities mean a union, since a gold would not express the empty set like this.
    """
    plain = standardised(text) if len(text) <= LONGEST else ""
    marked = "\\" in text or "{" in text  # `1{,}000`, `1,\\!000`: one number
    if plain.count(",") > 2 and not marked and GROUPED.fullmatch(plain) and not re.search(r",0", plain):
        return (*readings(text), *readings(plain.replace(",", ", ")))
    if _ROUND_DECIMAL.fullmatch(plain) and not GROUPED.fullmatch(
        plain.lstrip("-")
    ):  # `-3,0` is a list, since a decimal would not be written like this
        return readings(plain.replace(",", ", "))
    if _TELEPHONE.fullmatch(plain):
        return (Words(key(plain)),)
    found = tuple(_without_order(one) if isinstance(one, Many) else one for one in readings(text))
    if found and isinstance(found[0], Clock):  # 9:24 is a time, 3:8 may be a ratio
        return tuple(one for one in found if not (isinstance(one, Ratio) and (":0" in plain or _is_reducible(one))))
    if found and isinstance(found[0], Many) and found[0].opening == MODULO:  # `9 \pmod{13}`: the answer is 9
        return (*found, found[0].items[0])
    return found


def _without_order(many: Many) -> Many:
    """An "and" in a gold only says that its numbers have no order, so that they are no point (`4 and -4`, `±4`)."""
    return replace(many, conjoined=many.conjoined and all(isinstance(item, Scalar) for item in many.items))


def _readings(text: str) -> list[Value]:
    for only_by_spelling in (_labelled, pieces, listed, _going_on, _in_logic, statement):
        if (found := only_by_spelling(text)) is not None:
            return found
    text = bared(text)
    for of_a_kind in (
        _all_but,
        _bounded,
        _separately,
        _compound,
        _one_to_other,
        _out_of,
        _divided,
        _lines,
        _congruence,
        _mapped,
        _in_digits,
        _magnitude,
        _both_signs,
    ):
        if (found := of_a_kind(text)) is not None:
            return found
    words = unquoted(text)
    found = worded(words, quoted=OPEN_TEXT in text)
    if found and (isinstance(found[0], Truth) or len(words) > 4) and not _may_be_ratio(found[0]):
        return found
    if (decimal := _DECIMAL_COMMA.fullmatch(text)) is not None and not _has_thousands(decimal):
        whole, places, behind = decimal.groups()
        return [*found, *maths(f"{whole}.{places}{behind}"), *maths(f"{whole}, {places}{behind}")]
    if text.startswith(OPEN_TEXT) and text.endswith(CLOSE_TEXT) and text.count(OPEN_TEXT) == 1:
        text = text[1:-1].strip()
        if text.isalpha() and len(text) > 1 and text.lower() not in FUNCTION_WORDS:  # a word, not a product
            return found or [Words(words_of(text))]
    found += _formulas(text) or _right_side(text)
    if not found and re.search(r"[A-Za-z]{2}", words) and "\\" not in words and "{" not in words:
        return [Words(words_of(words))]
    return found or ([Words(words_of(words))] if is_word(words) else [])


# --- from the text only -----------------------------------------------------------------------------------------------


def _going_on(text: str) -> list[Value] | None:
    """An infinite list; arithmetic progressions are recognised."""
    if "," not in text or ("\\ldots" not in text and "..." not in text):
        return None
    if (listed := progression(text)) is not None:
        return [listed]
    return None if "\\ldots" not in text or maths(text) else [Words(re.sub(r"[\s\u200b]+", "", key(text)))]


def _in_logic(text: str) -> list[Value] | None:
    if "\\" not in text:
        return None
    if (holding := table(text)) is not None:
        return [Words(holding)]
    if not _LOGIC.fullmatch(text):
        return None
    return [Words(key(_EQUIVALENT.sub(r"\\iff ", _FOLLOWS.sub(r"\\implies ", text))))]


# --- special kinds of answers -----------------------------------------------------------------------------------------


def _compound(text: str) -> list[Value] | None:
    """`2 hours 30 minutes`"""
    smallest = in_smallest(unquoted(text)) if text[-1:].isalpha() or text[-1:] in CLOSE_TEXT + "'\"." else None
    return None if smallest is None else maths(smallest)


def _one_to_other(text: str) -> list[Value] | None:
    """`3 to 2`"""
    if not _TO.fullmatch(text.strip("“” ")):
        return None
    return [Ratio(tuple(Num(Fraction(part)) for part in re.findall(r"\d+", text)))]


def _out_of(text: str) -> list[Value] | None:
    """`3 out of 10`, `1 in 6`: a share or a probability."""
    found = _OUT_OF.fullmatch(text.strip("“” "))
    if found is None or not 0 < int(found[1]) <= int(found[2]):
        return None
    return [Scalar(Num(Fraction(int(found[1]), int(found[2]))))]


def _divided(text: str) -> list[Value] | None:
    """`7 R 3`: a quotient with its remainder."""
    found = _DIVIDED.fullmatch(text.strip("“” "))
    return None if found is None else [Words(f"{int(found[1])} remainder {int(found[2])}")]


def _lines(text: str) -> list[Value] | None:
    if _SIGN_ALONE.fullmatch(text):  # which fills a blank between two values
        return [Words(text)]
    lines = _BETWEEN_LINES.fullmatch(text)
    if lines is not None:
        return [Words(f"{lines[2]} {' '.join(sorted(''.join(sorted(one)) for one in (lines[1], lines[3])))}")]
    if (related := _BETWEEN_SETS.fullmatch(text)) is not None:
        left, sign, right = key(related[1]), related[2], key(related[3])
        is_turned = sign.startswith("sup")
        return [Words(f"{right} sub{sign[3:]} {left}" if is_turned else f"{left} {sign} {right}")]
    triangles = _BETWEEN_TRIANGLES.fullmatch(text)
    if triangles is None:
        return None
    one, sign, other = triangles.groups()
    return [Words(f"{sign} {min(sorted(zip(one, other, strict=True)), sorted(zip(other, one, strict=True)))}")]


def _congruence(text: str) -> list[Value] | None:
    return congruence(text) if "mod" in text else None


def _mapped(text: str) -> list[Value] | None:
    maps = _MAPS.match(text)
    return None if maps is None else _function(maps[1], maths(text[maps.end() :])) or [Words(key(text))]


def _in_digits(text: str) -> list[Value] | None:
    """Numbers written in both words and digits."""
    digits = in_words_and_digits(unquoted(text))
    return None if digits is None else maths(digits)


def _magnitude(text: str) -> list[Value] | None:
    """`|x| = 2`: two values of a real unknown."""
    found = _MAGNITUDE.fullmatch(text)
    return None if found is None else [*maths(rf"{found[1]} = \pm ({found[2]})"), *maths(text)]


def _may_be_ratio(value: Value) -> bool:
    """`3:20`"""
    return isinstance(value, Clock) and not value.half


def _has_thousands(decimal: re.Match[str]) -> bool:
    """Whether a possible decimal with comma has a thousands separator."""
    whole = decimal[1].lstrip(_SIGNS)
    return whole != "0" and GROUPED.fullmatch(f"{whole},{decimal[2]}") is not None


def _formulas(text: str) -> list[Value]:
    """Parse with the grammar; in brackets a comma without space may separate values, and a point may have a letter."""
    period = _PERIOD.fullmatch(text)
    found = maths(rf"{period[1]}\overline{{{period[2]}}}") if period else []
    if "," in text and any(mark in text for mark in ("(", "[", "\\{", "\\langle")) and re.search(r",\d", text):
        found += maths(re.sub(r",(?=\d)", ", ", text))
        if re.search(r",\s", text):
            found += maths(text)
    else:
        found += maths(text)
    if (point := _POINT.match(text)) and text.endswith(")"):
        found += [Named(point[0].strip(), one) for one in maths(text[point.end() :]) if isinstance(one, Many)]
    if text.endswith(")") and _POINTS.fullmatch(text):
        found += maths(_LABEL.sub(r"\1 = ", text))
    return found


def _function(variable: str, values: list[Value]) -> list[Value]:
    """The function that maps a variable to these values."""
    return [Named("", value, None, (variable,)) for value in values]


def _all_but(text: str) -> list[Value] | None:
    """All real numbers except the listed ones."""
    text = unquoted(text) if "real" in text or "all" in text else ""
    but = _ALL_BUT.match(text)
    if but is None:
        return None
    taken = maths(re.sub(r"^[a-zA-Z]\s*=\s*", "", text[but.end() :].strip()))
    if not taken or not isinstance(taken[0], Scalar | Many):
        return []
    first = taken[0]
    listed = (
        first
        if isinstance(first, Many) and first.opening
        else Many(first.items if isinstance(first, Many) else (first,), "\\{", "\\}")
    )
    return [Minus(REALS, listed)]


def _bounded(text: str) -> list[Value] | None:
    """`5 or more`"""
    return half_line(unquoted(text)) if "than" in text or " or " in text or "at " in text else None


def _right_side(text: str) -> list[Value]:
    r"""The value of a quantity that cannot be parsed: `1 + 2 + \cdots + n = 7`, `3 \star 4 = 7`."""
    left, _, right = text.partition("=")
    is_open = any(left.count(one) != left.count(other) for one, other in ("()", "[]"))
    multiple = _MULTIPLE.match(left)
    # `2 \det A = 10` does not state the value of a quantity.
    if is_open or (multiple and is_quantity(left[multiple.end() :].strip())):
        return []
    values = _formulas(right.strip()) if right and not _NO_QUANTITY.search(left) else []
    of_sets = table(left) if values else None
    return [Named(of_sets, value) for value in values] if of_sets is not None else values


def _is_reducible(ratio: Ratio) -> bool:
    values = [part.value for part in ratio.parts if isinstance(part, Num)]
    return len(values) == len(ratio.parts) and math.gcd(*(value.numerator for value in values)) > 1


_MULTIPLE = re.compile(
    r"\s*(?>(?:-|\d++(?:\.\d+)?|\\frac\s*(?:\d\s*\d|\{\s*\d+\s*\}\s*\{\s*\d+\s*\})|\\cdot|\\times|\s)+)"
)
_PART = re.compile(r"(?:^|(?<=[\s,;“”.}]))“?\s*\(\s*(i{1,3}|iv|v|[1-9]|[a-e])\s*\)\s*:?\s*”?\s*")
_IN_ORDER = (("i", "ii", "iii", "iv", "v"), tuple("123456789"), tuple("abcde"))
_BEFORE_A_PART, _BEHIND_A_PART = " \t\n,;“”", " \t\n,;.“"  # `.5` is a number


def _labelled(text: str) -> list[Value] | None:
    r"""Answers to the parts of a question: `(1) \frac12; (2) 3`, `“(i) ” 3 “ (ii) ” 5`."""
    if not text.startswith(("(", "“")) or text.count("(") < 2:
        return None
    found = list(_PART.finditer(text))
    labels = tuple(one[1] for one in found)
    order = next((one[: len(labels)] for one in _IN_ORDER if set(labels) == set(one[: len(labels)])), ())
    if len(found) < 2 or found[0].start() or len(order) != len(labels):
        return None
    ends = [one.start() for one in found[1:]] + [len(text)]
    values = [_readings(_part(text[one.end() : end])) for one, end in zip(found, ends, strict=True)]
    if not all(values):
        return None
    firsts = [values[labels.index(label)][0] for label in order]
    items = [item for one in firsts for item in (one.items if isinstance(one, Many) and not one.opening else (one,))]
    return [Many(tuple(items), labelled=len(items) == len(firsts))]


def _part(text: str) -> str:
    """The answer to a part, without what separates it from the next one."""
    text = text.lstrip(_BEFORE_A_PART).rstrip(_BEHIND_A_PART)
    return text if "“" in text else text.rstrip(f"”{_BEHIND_A_PART}")


_SIGNED = re.compile(r"\\pm\s*(?:\\left\s*)?(?=\()")


def _both_signs(text: str) -> list[Value] | None:
    r"""`\pm (1, 2)`"""
    sign = _SIGNED.match(text)
    found = maths(text[sign.end() :]) if sign and "\\pm" not in text[sign.end() :] else []
    one = found[0] if found else None
    if not isinstance(one, Many) or one.opening != "(" or not all(isinstance(item, Scalar) for item in one.items):
        return None
    turned = [replace(item, expression=negative(item.expression)) for item in one.items if isinstance(item, Scalar)]
    return [Many((one, replace(one, items=tuple(turned))))]


_PARTS = re.compile(r"\s*(?:,\s*“?\s*(?:and|or)\b\s*”?|,(?=\s)|“?\s*(?<![a-zA-Z])(?:and|or)(?![a-zA-Z])\s*”?)\s*")


def _separately(text: str) -> list[Value] | None:
    """Lists of numbers in a base or times of day, which the grammar does not parse."""
    if ("_" not in text and ":" not in text) or not (" or" in text or "and" in text or "or" in text or ", " in text):
        return None
    parts = _PARTS.split(text)
    if len(parts) < 2 or not all(parts):
        return None
    values: list[Value] = []
    for part in parts:
        found = worded(unquoted(part), quoted=False)
        if not found or not isinstance(found[0], Based | Clock):
            return None
        values.append(found[0])
    return [Many(tuple(values), hedged=re.search(r"(?<![a-zA-Z])or(?![a-zA-Z])", text) is not None)]
