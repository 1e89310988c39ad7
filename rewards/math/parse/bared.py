r"""The bare answer: without the words around it, and in the notation that the grammar knows.

Removed are what leads to an answer ("the answer is", "there are exactly"), its label, its restricting clause
(`clauses`) and what it follows from. Codes of currencies, units in fractions and decimal commas of lists are respelled.

Example:
    >>> bared("the answer is USD 5"), bared(r"x > 1 \implies x = 2"), bared("“total cost: ”5")
    ('$5', 'x = 2', '5')
"""

from __future__ import annotations

import re

from rewards.math.measures import is_unit
from rewards.math.notation.standard import CLOSE_TEXT, OPEN_TEXT
from rewards.math.parse.clauses import clause
from rewards.math.units import CURRENCIES

GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+")
"""A number with commas between its thousands."""
_DIGITS_IN_TEXT = re.compile(r"“\s*([A-F\d]+)\s*”(?=[A-F\d]*\s*_\s*\{?\s*1[1-6])")
_SAID = re.compile(
    r"^“?\s*(?:the )?(?:final )?(?:(?:answer|result|solution|value|total|sum)\s*”?\s*(?:is|:)"
    r"|(?:answers|solutions|roots|values)\s*(?:are|:))\s*”?\s*(?=[^\s“])",
    re.IGNORECASE,
)
_UNKNOWN = r"(?<![a-zA-Z\\])[a-z]"
_CHAIN = rf"({_UNKNOWN}(?:\s*=\s*{_UNKNOWN})+)\s*=([-+\d./\s]*\d)"
_CHAINS = re.compile(rf"\s*{_CHAIN}(?:[,;“”\s]*\b(?:or|and)\b[”\s]*{_CHAIN})+\s*")
_EACH_CHAIN = re.compile(_CHAIN)
_UNIT_FRACTION = re.compile(
    r"(?<=[\d}])((?:\s|\\[,; ])*)\\frac\s*\{\s*([a-zA-Z]{1,4})\s*\}"
    r"\s*\{\s*([a-zA-Z]{1,4})(\s*\^\s*\{?\s*[23]\s*\}?)?\s*\}\Z"
)
_RATE = re.compile(r"(?<=\d)\s*/\s*(?:“\s*)?([a-z]{3,})(?:\s*”)?\Z")
_BOTH = re.compile(r"^“\s*both\s*”\s*(?=.*\band\b)", re.IGNORECASE)
_IMPLIES = re.compile(r"\\(?:implies|Rightarrow|Longrightarrow|iff|Leftrightarrow)(?![a-zA-Z])")
_STATES = re.compile(r"[=<>|“]|\\(?:ne|[lg]e|in|equiv|approx|mid|nmid|perp|parallel|sim|cong|to)(?![a-zA-Z])")
_INTRODUCED = re.compile(  # "there are exactly 7 such numbers"
    r"^“?\s*(?=[a-z])(?:(?:so|thus|hence|therefore),?\s+)?"
    r"(?:(?:there (?:are|is)|it is|this is|(?:in )?the year|in(?=\s[12]\d{3}\s*”?$)|we (?:get|have|find|obtain)"
    r"|(?:she|he|they|it) (?:earns?|makes?|gets?|pays?|needs?|has|have|spends?|saves?|costs?|sells?|receives?))\b\s*)?"
    r"(?:(?:exactly|precisely|only|just|a total of)\b\s*)?”?\s*(?=[-+]?[$\d]|\\(?:frac|sqrt|pi)(?![a-zA-Z]))",
    re.IGNORECASE,
)
_LABEL = re.compile(  # the requested quantity; not a word that bounds or denies the value
    r"^“?\s*(?:(?:the|final|total|number(?: of(?: \w+){1,2})?|answers?|ans|results?|solutions?|values?|area|volume"
    r"|perimeter|length|width|height|distance|sum|product|probability|cost|price|speed|ways?|ratio|average|mean|median|part"
    r"|domain|range|vertex|cent(?:er|re)|radius|diameter|slope|interval|equation|angle|minimum|maximum|least|greatest"
    r"|smallest|largest|remainder|limit|point|coordinates?)\s*){1,8}"
    r"(?:(?:\(?[a-z\d]\)?)?\s*:|(?<=\s)(?:is|are)\b)\s*”?\s*(?=[^\s”])",
    re.IGNORECASE,
)
_LEADING_KIND = re.compile(
    r"^“?\s*(?:the )?(?:point|ordered pair|pair|vertex|vector|interval|matrix|coordinates(?: are)?)\s*:?\s*”?\s*"
    r"(?=[(\[\\])",
    re.IGNORECASE,
)
_DECIMALS = re.compile(  # `3,5; 4,5`
    r"[(\[\\{\s]*[-+]?\d+(?:,\d+)?(?:\s*;\s*[-+]?\d+(?:,\d+)?)+[)\]\\}\s]*"
    r"|[-+]?\d+,\d+(?:\s*+(?:“\s*+)?\b(?:and|or)\b\s*+(?:”\s*+)?[-+]?\d+,\d+)+"
)
_ALL_THAT = re.compile(
    r"^(?:“\s*)?(?:for )?(?:all|any|every)\b(?: reals?(?: numbers?| values?(?: of)?)?)?[\s”]*"
    r"(?:[a-z][\s“]*(?:such that|for which|where|with|satisfying)[\s”]*)?"
    r"(?=[a-z]\s*(?:\\(?:[gl]e|ne)(?![a-z])|[<>]))",
    re.IGNORECASE,
)
_OF_REALS = re.compile(r"^([a-z])\s*\\in\s*\\mathbb\s*\{?\s*R\s*\}?\s*[,:;]\s*(?=\1(?![a-zA-Z]))")
_IN_PART = re.compile(r"^([a-z])\s*(?=(?:\([^()\[\]]*,[^()\[\]]*\]|\[[^()\[\]]*,[^()\[\]]*\))$)")  # `t(0,4]`
_CODES = {"USD": "$", "US$": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹"}
_CODE = re.compile(r"^(?:“\s*)?(USD|US\$|EUR|GBP|JPY|INR)(?:\s*”)?\s*(?=\d)")
_NEGATIVE = re.compile(r"^(?:“\s*)?(?:negative|minus)\s+(?:”\s*)?(?=[\d$]|\\(?:frac|sqrt|infty))", re.IGNORECASE)
_MINUS_INFINITY = re.compile(r"^“?\s*(?:negative|minus)\s+infinity\s*”?$", re.IGNORECASE)
_RUPEES = re.compile(r"^(?:“\s*)?Rs\.?(?:\s*”)?(?=\s*\d)")


def bared(text: str) -> str:
    """The answer alone, of a normalised text."""
    return _with_points(_unlabelled(_respelled(_alone(text))))


def _alone(text: str) -> str:
    """Remove the clause after the answer and the words before it."""
    text = _NEGATIVE.sub("-", _RUPEES.sub("₹", _SAID.sub(_still_open, text[: clause(text)])))
    text = _MINUS_INFINITY.sub(r"-\\infty", text)
    text = _CODE.sub(lambda code: _CODES[code.group(1)], text)
    if "\\" in text and "\\to" not in text and "\\neg" not in text:
        *before, last = _IMPLIES.split(text)
        if last.strip() and all(not one.strip() or _STATES.search(one) for one in before):
            text = last.strip()
    return text


def _respelled(text: str) -> str:
    """Write units in fractions and after slashes in one line, and split joined chains `x = y = 1` into equations."""
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


def _still_open(lead: re.Match[str]) -> str:
    """The opening quote of a text command that begins in a lead and continues after it; else empty."""
    return OPEN_TEXT if lead.group().startswith(OPEN_TEXT) and CLOSE_TEXT not in lead.group() else ""


def _unlabelled(text: str) -> str:
    """Remove a description before the answer: words, or the set of all possible values."""
    label = _LABEL.match(text) or _INTRODUCED.match(text)
    if label is not None:
        text = _still_open(label) + text[label.end() :]
    if text.endswith((")", "]")) or "\\in" in text:
        text = _OF_REALS.sub("", _IN_PART.sub(r"\1 \\in ", text))
    return _BOTH.sub("", _LEADING_KIND.sub("", _ALL_THAT.sub("", text)))


def _with_points(text: str) -> str:
    """Replace the decimal commas of `3,5; 4,5`."""
    if "," not in text or not _DECIMALS.fullmatch(text):
        return text
    if all(GROUPED.fullmatch(one) for one in re.findall(r"\d+,\d+", text)):
        return text
    return text.replace(",", ".")


def unquoted(text: str) -> str:
    """A text without the quotes that mark words."""
    return " ".join(text.replace(OPEN_TEXT, " ").replace(CLOSE_TEXT, " ").split())
