"""Sentences in other scripts around a value: what they say is not read, but for a denial and a choice.

Example:
    >>> around_a_value("答案是 17，不是 34。").split()
    ['17,', 'not', '34.']
    >>> around_a_value("红色")
    '红色'
"""

from __future__ import annotations

import re

_SIGNS = str.maketrans({"。": ". ", "，": ", ", "、": ", ", "：": ": ", "；": "; ", "？": "?", "！": "! "})
_NOT = "不是|而非|并非|不等于"
_DENYING = "ではない|ではありません|じゃない|아닙니다|아니다|아니에요"  # behind the value
_OR = "或者|或|または|또는"
_WORDS = re.compile(
    rf"(?P<not>{_NOT}|(?<![\u0400-\u04ff])[нН]е(?![\u0400-\u04ff]))|(?P<or>{_OR}|(?<![\u0400-\u04ff])или(?![\u0400-\u04ff]))"
    rf"|(?P<wrong>(?:이|가)?\s?(?:{_DENYING}))"
    rf"|(?:(?:(?!{_NOT}|{_OR}|{_DENYING})[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])+|[\u0400-\u04ff]{{2,}})(?:\s?:)?"
    rf"|(?<![^\W\d_])[èé](?![^\W\d_])"
)


def around_a_value(text: str) -> str:
    """The text without words in other scripts; as it is where there is no digit and no formula in it."""
    if text.isascii() or not re.search(r"[\d$\\]", text) or _WORDS.search(text) is None:
        return text
    return _WORDS.sub(_in_english, text.translate(_SIGNS))


def _in_english(word: re.Match[str]) -> str:
    return " not " if word["not"] else " or " if word["or"] else " is wrong " if word["wrong"] else " "
