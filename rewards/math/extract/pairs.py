r"""Two values that belong together: guesses, a value and its rounding, sides of a relation, two that are numbered.

Example:
    >>> linked("9", " = ", "8"), linked(r"\sqrt{2}", " (exact), ", "1.41"), linked("9", " apples and ", "8")
    (' = ', ' \\approx ', None)
    >>> are_guesses("My guesses are ", 15, ", then ", lambda at: 0), are_guesses("It is ", 6, ", then ", lambda at: 0)
    (True, False)
    >>> in_order("First, 5. Second, 12.")
    '5, 12'
"""

from __future__ import annotations

import re
from collections.abc import Callable

from rewards.math.late import late

_THEN = late(r"[\s$*,;)]*(?:and\s)?then[\s$*(]*")
_GUESSES = late(r"\b(?:guesses|candidates|possibilities|attempts)\b", re.IGNORECASE)
_RELATION = late(r"[^\S\n]*\$?[^\S\n]*(=|\\approx(?![a-zA-Z])|≈)[^\S\n]*\$?[^\S\n]*")
_ROUNDED = late(  # "(exact), ", ", or approximately "
    r"[\s$*,;()]*(?:exact(?:ly)?(?:\s(?:value|form|answer))?"
    r"|(?:exact(?:ly)?(?:\s(?:value|form|answer))?[\s$*,;:()]+)?(?:(?:or|and|which\sis|that\sis|i\.e\.),?\s)?"
    r"(?:approx\.?|approximately|about|roughly|rounded|≈|\\approx))[\s$*,;:()]*",
    re.IGNORECASE,
)
_ORDER = r"(?:<|>|≤|≥|\\[lg](?:eq?)?(?![a-zA-Z]))"
_BOUNDS = late(rf"\s*{_ORDER}\s*\\?[a-zA-Z]+\s*{_ORDER}\s*")
_DECIMAL = late(r"[-−]?\\?\$?[\d,]*\.?\d+\\?%?")
_SEPARATED = late(r"[^\S\n]*[$*]*[^\S\n]*(?:[,;&]|\band\b|\bor\b)[^\S\n]*[$*]*[^\S\n]*")
_LONGEST = 40
_AMOUNT = r"(?:\$[^$\n=<>]{1,60}\$|-?\\?\$?\d[\d,]*(?:\.\d+)?(?:/\d+)?(?:\s?\\?%)?)"
_IN_ORDER = late(  # "First, 5. Second, 12.", "The first part is 5. The second part is 12."
    rf"(?:\A|[.!?\n:]\s*)(?P<before>[^.!?:\n\d]*?)first(?P<words>[,:]|\s[^.!?\n\d]*?\bis)\s\**(?P<first>{_AMOUNT})\**(?:\s[a-z]+){{0,2}}"
    rf"[.,;]\s(?:and\s)?(?P=before)second(?P=words)\s\**(?P<second>{_AMOUNT})\**(?:\s[a-z]+){{0,2}}[.\s]*\Z",
    re.IGNORECASE,
)
_LONGEST_SENTENCE, _LONGEST_IN_ORDER = 160, 320


def linked(content: str, between: str, following: str) -> str | None:
    """The joint between a box and the next one: sides of a relation, bounds, a value and its rounding, or a choice; or
    None.
    """
    if len(between) > _LONGEST:
        return None
    if (relation := _RELATION.fullmatch(between)) is not None:
        return f" {relation[1]} "
    if _BOUNDS.fullmatch(between) is not None:
        return between
    if _ROUNDED.fullmatch(between) is None:
        return None
    is_rounded = _DECIMAL.fullmatch(following) is not None and _DECIMAL.fullmatch(content) is None
    return r" \approx " if is_rounded else r" \text{ or } "


def in_order(text: str) -> str | None:
    """The two values that the last sentences number: "First, 5. Second, 12."; or None."""
    found = (
        _IN_ORDER.search(text, max(0, len(text) - _LONGEST_IN_ORDER)) if "econd" in text[-_LONGEST_SENTENCE:] else None
    )
    if found is None:
        return None
    values = (found["first"], found["second"])
    first, second = (value.strip("$") if value.endswith("$") else value for value in values)
    return first if first == second else f"{first}, {second}"


def is_separated(between: str) -> bool:
    """Whether two boxes are on one line with only a list separator between them."""
    return _SEPARATED.fullmatch(between) is not None


def are_guesses(text: str, at: int, between: str, beginning: Callable[[int], int]) -> bool:
    """Whether the box that begins at `at` and the next one are guesses that one sentence lists.

    beginning: gives the start of the sentence around a position.
    """
    if len(between) > _LONGEST or _THEN.fullmatch(between) is None:
        return False
    return _GUESSES.search(text, beginning(at), at) is not None
