r"""Removes text that cannot contain the answer: the model's own next question, and code.

A model that does not stop writes another exercise and its answer. That text is cut off if the answer before it is
announced in words, or is a line `#### N` right before the new question, and if no question precedes that answer. After
other forms nothing is cut off: of those, the last one counts.

Example:
    >>> without_next_question("The answer is 9.\n\nQuestion: Tom has 12 pens. How many pens?\nAnswer: 12")
    'The answer is 9.'
    >>> without_next_exercise("#### 9\n\nQuestion: Tom has 12 pens. How many?\n#### 12")
    '#### 9'
    >>> without_code("So it is 3.\n```python\nprint(12)\n```")
    'So it is 3.\n'
"""

from __future__ import annotations

import re
from itertools import islice

from rewards.math.late import late

_NEXT = late(
    r"\n[^\S\n]{0,20}[#*_>–—-]{0,9}[^\S\n]{0,9}(?:q|question|problem|exercise|example|extension|follow-?up|bonus(?:\squestion)?|challenge|variation)"
    r"(?:\s\d{1,3})?\s?[*_]*[:.](?=[\s*_])",
    re.IGNORECASE,
)
_BEGUN = late(
    r"(?:\A|\n)[^\S\n]{0,20}[#*_>–—-]{0,9}[^\S\n]{0,9}(?:q|question|problem|exercise|example)(?:\s\d{1,3})?\s?[*_]*[:.]",
    re.IGNORECASE,
)
_ANNOUNCED = late(r"\banswers?[*_]*\s?(?:is\b|are\b|:)[^\n]{0,200}\d|\banswer\sis:?\s[^\s]", re.IGNORECASE)
_IN_FORM = late(r"####[^\S\n]{0,9}[-$\\]{0,3}\d[\d,./]{0,30}(?<!\.)(?:\s[a-z]{1,20}){0,3}\.?\Z", re.IGNORECASE)
_MOST = 4  # places that are tried; each takes time linear in the text before it
_CODE = late(
    r"```(?:python|py|javascript|js|java|c|cpp|c\+\+|r|julia|sql|sh|bash)\d?[^\S\n]*\n[^`]*(?:```|\Z)"
    r"|\[asy\](?:[^\[]|\[(?!/asy\]))*(?:\[/asy\]|\Z)",  # a drawing
    re.IGNORECASE,
)


def without_next_question(text: str) -> str:
    """The text up to another question that begins after an announced answer."""
    for found in islice(_NEXT.finditer(text), _MOST):
        before = text[: found.start()]
        if _BEGUN.search(before) is not None:
            break
        if _ANNOUNCED.search(before) is not None:
            return before.rstrip()
    return text


def without_next_exercise(text: str) -> str:
    """The text up to another question that begins right after a line `#### N` and has an answer of that form, too."""
    last = text.rfind("####")
    if text.find("#") == last or text.find("####") == last:  # the first is found in a tenth of the time
        return text
    for found in islice(_NEXT.finditer(text), _MOST):
        before = text[: found.start()].rstrip()
        if _BEGUN.search(before) is not None:
            break
        if _IN_FORM.match(before, before.rfind("\n") + 1) is not None:
            return before
    return text


def without_code(text: str) -> str:
    """The text without drawings and code blocks in a programming language. Other blocks, such as output, stay."""
    return _CODE.sub("", text)
