r"""Extract gold answers from the notations of data sets, verbatim: nothing is simplified or evaluated.

Example:
    >>> after_hashes("48+24 = <<48+24=72>>72\n#### 1,072")
    '1072'
    >>> last_boxed(r"so $x=\boxed{1}$ or $\boxed{\frac{1}{2}}$.")
    '\\frac{1}{2}'
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal

from data_prep.errors import BadRow

_BOX = re.compile(r"\\f?box(?:ed)?(?![A-Za-z])\s*")
_WORD = re.compile(r"(?<!\\)\b[A-Za-z]{3,}\b")


def text_of(fields: Mapping[str, object], field: str) -> str:
    """A required text column, stripped and not blank. Raises BadRow."""
    value = fields.get(field)
    if not isinstance(value, str) or not value.strip():
        raise BadRow(field=field, expected="a text that is not empty", found=value)
    return value.strip()


def after_hashes(solution: str) -> str | None:
    """GSM8K's notation: the text after the last `####`, without thousands separators; None if there is none."""
    _, marker, answer = solution.rpartition("####")
    answer = answer.strip().replace(",", "")
    return answer if marker and answer else None


def last_boxed(solution: str) -> str | None:
    r"""MATH's notation: the content of the last `\boxed{...}` with balanced braces; None if there is none or it is
    empty.

    `\boxed 2` extends to the end of the formula, as TeX authors intend; `\fbox{...}` is a box too.
    """
    for match in reversed(list(_BOX.finditer(solution))):
        inside = _braced(solution, match.end()) if solution[match.end() : match.end() + 1] == "{" else None
        if inside is None and match.group().endswith((" ", "\n")) and not solution.startswith("{", match.end()):
            inside = re.split(r"\$|\\\)|\\\]", solution[match.end() :], maxsplit=1)[0]
        if inside is not None:
            return inside.strip() or None
    return None


def _braced(text: str, start: int) -> str | None:
    """The text between the brace at `start` and its closing brace, ignoring escaped braces."""
    depth, position = 0, start
    while position < len(text):
        character = text[position]
        if character == "\\":
            position += 1
        elif character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                return text[start + 1 : position]
        position += 1
    return None


def number_text(value: float) -> str:
    """A number in plain notation: integral floats without `.0`, no exponents.

    Raises:
        BadRow: the number is not finite.

    Example:
        >>> number_text(27.0), number_text(-0.5), number_text(1e-7), number_text(3)
        ('27', '-0.5', '0.0000001', '3')
    """
    if isinstance(value, int):
        try:
            return str(value)
        except ValueError:
            raise BadRow(expected="a number of at most 4,300 digits", found=value) from None
    if not math.isfinite(value):
        raise BadRow(expected="a finite number", found=value)
    if value == int(value):
        return str(int(value))
    return format(Decimal(repr(value)), "f")


def bare_latex(answer: str) -> str:
    """An answer without surrounding dollars and full stop: `$3 \\sqrt{6}$.` is `3 \\sqrt{6}`."""
    bare = answer.strip().removesuffix(".").strip()
    if len(bare) > 2 and bare.startswith("$") and bare.endswith("$") and "$" not in bare[1:-1]:
        return bare[1:-1].strip()
    return answer.strip()


def split_answers(answer: str) -> tuple[str, ...]:
    """Split a text of several answers at commas outside brackets; a text with prose is one answer.

    Example:
        >>> split_answers("$(1,8,19), (2,7,13)$")
        ('(1,8,19)', '(2,7,13)')
        >>> split_answers("$f(x)=a x+b$, where $b$ is an integer")
        ('$f(x)=a x+b$, where $b$ is an integer',)
    """
    if _WORD.search(answer):
        return (answer.strip(),)
    parts, depth = [""], 0
    for character in answer.replace("$", ""):
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return tuple(part.strip() for part in parts if part.strip())
