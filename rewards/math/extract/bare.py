"""A response that is nothing but an answer: a value, or a few words that are no sentence.

Example:
    >>> bare("72 clips"), bare("It is 72.")
    ('72 clips', None)
"""

from __future__ import annotations

import re

from rewards.math.extract.assertion import SEVERAL
from rewards.math.extract.plain_words import NO_WORD, PROSE, plain_words
from rewards.math.extract.spans import AROUND, VULGAR
from rewards.math.late import late

LONGEST_BARE = 200
_MOST_WORDS = 4
FILLED = late(r"[^\W_]|[√∞∅∈<>≤≥=+-]|\\[a-zA-Z{]")
_FORMS = ("\\boxed", "\\fbox", "<answer>", "</answer>", "####", "```")
_TITLE = late(r"\A(?:(?:#{1,3}|•)\s+|>\s+(?=\*\*))")
_LABEL = late(r"[^\W\d_]{2,}[^:→⇒>\d$\\(]*(?:[:→⇒]|[-=]>)[*_]*\s")
_ABBREVIATED = late(r"\W*ans[.:*]*\s", re.IGNORECASE)
_ONE_WORD = late(r"[^\W\d_]+[.!]?|\\\w+\{[^\W\d_]+\}")
VALUE = late(rf"[\d{VULGAR}√∞∅π]|\\(?!text|mathrm|mbox)[a-zA-Z]")
_MONEY_STEPS = late(r"\d[^=]*=\s*\\?\$\s?\d[\d,.]*\s*\Z")  # `9 * $2 = $18`
_ADVERB = late(
    r"[A-Z][a-z]{2,}(?:ing|ly),\s+\$|(?:Overall|Altogether|In\s(?:total|all|summary)),\s"
)  # "Calculating, $2+3=5$"
_NEARLY = late(r"(?:about|roughly|approximately|approx\.?)\s+(?P<value>.+)", re.IGNORECASE)
_WHOLE = late(r"[$\\(]*[-−]?\d[\d,]*[$\\).\s]*")
_NOT_BUT = late(r"not\s[^,]*,?\s+but\s", re.IGNORECASE)
_PLAINLY = late(
    r"(?:\(?[A-J][).]\s)?(?:(?:it )?(?:cannot|can't|can not) be determined|(?:it )?does not exist"
    r"|(?:none|all|both|neither) of (?:the above|these|them)|there (?:is|are) no (?:real |integer )?solutions?)",
    re.IGNORECASE,
)
_WOULD_CHOOSE = late(r"(?:I|we)['’](?:d|ll)\s", re.IGNORECASE)
BOUND = late(
    r"(?:at (?:least|most)|(?:no |not )?(?:more|less|fewer|greater|larger|smaller|lower|higher) than|up to"
    r"|anything but)\s+(?:\$?\d[\d.,]*|[^\s,;]+)(?:\s[^\W\d_]+)*",
    re.IGNORECASE,
)


def bare(text: str) -> str | None:
    """The one line of a response that is nothing but an answer, a value or a few words; else None."""
    line = _TITLE.sub("", text.strip())
    if not line or "\n" in line or len(line) > LONGEST_BARE or not FILLED.search(line):
        return None
    if (nearly := _NEARLY.fullmatch(line)) is not None and bare(nearly["value"]) is not None:
        return (SEVERAL if _WHOLE.fullmatch(nearly["value"]) else "") + nearly["value"].rstrip(".")
    if _MONEY_STEPS.search(line) or _NOT_BUT.match(line) or _ADVERB.match(line):
        return None
    if any(mark in line for mark in _FORMS) or line.endswith("?") or line.startswith("\\begin{align"):
        return None
    if "answer is" in line.lower() or _WOULD_CHOOSE.match(line):
        return None
    if _PLAINLY.fullmatch(line.rstrip(".")) or BOUND.fullmatch(line.rstrip(".")):
        return line
    found = plain_words(line)
    if _ABBREVIATED.match(line):
        return None
    refused = NO_WORD if _ONE_WORD.fullmatch(line) else PROSE
    if len(found) > _MOST_WORDS or not refused.isdisjoint(found) or _LABEL.match(line.lstrip("*_")):
        return None
    value = VALUE.search(line)
    return line if value is None or len(plain_words(line[: value.start()])) <= 1 else None


def few_words(text: str) -> str | None:
    """The words of a response of a few words that is an answer; else None."""
    line = text.strip().strip(AROUND).rstrip(".")
    return line if plain_words(line) and bare(line) else None
