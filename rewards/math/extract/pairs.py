r"""Two values that belong together: the shares of two owners, guesses, a value and its rounding, sides of a relation.

Example:
    >>> linked("9", " = ", "8"), linked(r"\sqrt{2}", " (exact), ", "1.41"), linked("9", " apples and ", "8")
    (' = ', ' \\approx ', None)
    >>> text = "Ann: , Bob: "
    >>> belong(text, 5, ", Bob: ", lambda at: 0), belong(text, 5, ", then ", lambda at: 0)
    (True, False)
    >>> in_order("First, 5. Second, 12.")
    '5, 12'
"""

from __future__ import annotations

import re
from collections.abc import Callable

from rewards.math.extract.parallel import NO_OWNER
from rewards.math.late import late

# "Ann: ", "Bob has ": what a box is of. Two boxes with labels that differ in the name alone are one list.
_OWNER = late(r"(?:\A|[\n.,;(]\s*|\band\s)(?P<name>[^\W\d_]{2,})(?P<verb>\s?:|(?:\s[a-z]+){1,3})[\s$*]*\Z")
_NEXT_OWNER = late(
    r"[\s$*)]*(?:[.,;\n]\s*)?(?:(?:and|while)\s)?\s*(?P<name>[^\W\d_]{2,})(?P<verb>\s?:|(?:\s[a-z]+){1,3})[\s$*]*"
)
_NAMED = r"(?P<the>(?:the|its)\s)?(?P<name>[a-z]+(?:\s(?!is\b)[a-z]+)?)(?P<verb>\s(?:is|=)|\s?:)?[\s$*]*"
_QUANTITY = late(  # "The perimeter is ", "width = "
    rf"(?:\A|[\n.;]\s*|,\s)(?:(?:so|thus|hence|therefore),?\s)?{_NAMED}\Z", re.IGNORECASE
)
_NEXT_QUANTITY = late(  # " cm and the area is ", ", height = "
    rf"[\s$*)]*(?:[a-z]+(?:\s[a-z]+)?[\s,$*]*)?(?:\b(?:and|while)\s|[,;]\s(?:(?:and|while)\s)?){_NAMED}"
)
_NO_QUANTITY = late(r"[a-z]+(?:ing|ed|ly)\Z|(?:or|at|by|in|to|about|and|is|are|sum|i|e|because|as|if|when|with)\Z")
_COUNTED = late(r"[\s$*)\\]+(?:[a-z]+\s){1,2}and[\s$*(\\]+")  # `\boxed{7} goats and \boxed{4} helicopters`
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


def belong(text: str, at: int, between: str, beginning: Callable[[int], int]) -> bool:
    """Whether the box that begins at `at` and the next one are the shares of two owners, or two guesses.

    beginning: gives the start of the sentence around a position.
    """
    if len(between) > _LONGEST:
        return False
    before = text[max(0, at - _LONGEST) : at]
    if _COUNTED.fullmatch(between) or _have_owners(before, between) or _are_quantities(before, between):
        return True
    return _THEN.fullmatch(between) is not None and _GUESSES.search(text, beginning(at), at) is not None


def _are_quantities(before: str, between: str) -> bool:
    """Whether one sentence gives two quantities in the same words: "the perimeter is" and "the area is", "width" and
    "height".
    """
    following = _NEXT_QUANTITY.fullmatch(between)
    own = None if following is None else _QUANTITY.search(before)
    if following is None or own is None:
        return False
    if any(bool(own[part]) != bool(following[part]) for part in ("the", "verb")):
        return False
    words = [word for one in (own, following) for word in one["name"].lower().split()]
    if own["verb"] is None and (own["the"] or len(words) > 2 or any(map(_NO_QUANTITY.match, words))):
        return False
    return not any(map(NO_OWNER.match, words))


def _have_owners(before: str, between: str) -> bool:
    following = _NEXT_OWNER.fullmatch(between)
    own = None if following is None else _OWNER.search(before)
    if following is None or own is None or own["verb"].strip() != following["verb"].strip():
        return False
    if any(NO_OWNER.match(one["name"]) for one in (own, following)):
        return False
    return own["verb"].endswith(":") or (own["name"][0].isupper() and following["name"][0].isupper())
