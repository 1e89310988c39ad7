r"""Removes text that cannot contain the answer: the model's own next question, and code.

A model that does not stop writes another exercise and its answer. That text is cut off if an answer stands before it
(a box, a tag, a line `#### N`, or one announced in words), and if no question precedes that answer.

Example:
    >>> apart_from_next_question("The answer is 9.\n\nQuestion: Tom has 12 pens.\nAnswer: 12")
    ('The answer is 9.', '\nQuestion: Tom has 12 pens.\nAnswer: 12')
    >>> apart_from_next_question("So it is 9.\n\nQuestion: Tom has 12 pens.\n#### 12")
    ('So it is 9.\n\nQuestion: Tom has 12 pens.\n#### 12', '')
    >>> without_code("So it is 3.\n```python\nprint(12)\n```")
    'So it is 3.\n'
"""

from __future__ import annotations

import re

from rewards.math.late import late

_ASKING = r"q|question|problem|exercise|example"
_MORE = r"extension|follow-?up|bonus(?:\squestion)?|challenge|variation"
_LINE = r"[^\S\n]{0,20}[#*_>–—-]{0,9}[^\S\n]{0,9}"
_NUMBERED = r"(?:\s\d{1,3})?\s?[*_]*[:.]"
_NEXT = late(rf"\n(?=[\s#*_>–—qpefbcv-]){_LINE}(?:{_ASKING}|{_MORE}){_NUMBERED}(?=[\s*_])", re.IGNORECASE)
_BEGUN = late(rf"(?:\A|\n){_LINE}(?:{_ASKING}){_NUMBERED}", re.IGNORECASE)
_IN_FORM = (
    r"\\f?boxed\s*(?:\{(?=\s*[^\s}.])|\d)|</answer>"
    r"|####[^\S\n]{0,9}[-$\\]{0,3}\d[\d,./]{0,30}(?<!\.)(?:\s[a-z]{1,20}){0,3}\.?[^\S\n]*\n"
)
_ANSWERED = late(rf"{_IN_FORM}|\banswers?[*_]*\s?(?:is\b|are\b|:)[^\n]{{0,200}}\d|\banswer\sis:?\s[^\s]", re.IGNORECASE)
_CODE = late(
    r"```(?:python|py|javascript|js|java|c|cpp|c\+\+|r|julia|sql|sh|bash)\d?[^\S\n]*\n[^`]*(?:```|\Z)"
    r"|\[asy\](?:[^\[]|\[(?!/asy\]))*(?:\[/asy\]|\Z)",  # a drawing
    re.IGNORECASE,
)


def apart_from_next_question(text: str) -> tuple[str, str]:
    """The text up to another question that begins after an answer, and that question with all after it, or ""."""
    last = text.rfind("\n")
    form = text.find("####") if "####" in text else text.find("boxed")
    if last < form or last < 0 or _NEXT.search(text, max(form, 0)) is None:  # most texts end with their answer
        return text, ""
    answered = _ANSWERED.search(text)
    following = None if answered is None else _NEXT.search(text, answered.end() - 1)
    if answered is None or following is None or _BEGUN.search(text, 0, answered.start()) is not None:
        return text, ""
    return text[: following.start()].rstrip(), text[following.start() :]


def without_code(text: str) -> str:
    """The text without drawings and code blocks in a programming language. Other blocks, such as output, stay."""
    return _CODE.sub("", text)
