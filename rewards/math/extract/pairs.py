r"""Two values that belong together: guesses, a value and its rounding, sides of a relation, two that are numbered.

A value next to a box may be joined to it: "7 or \boxed{8}", "$x = 7$ or $x = \boxed{8}$", "x = \boxed{8}, x = 7". A box
that is one of two values is not the answer by itself. A restatement ("$2x = 16$, or $x = \boxed{8}$") joins nothing:
what stands before it is no value, or has another name.

Example:
    >>> linked("9", " = ", "8"), linked(r"\sqrt{2}", " (exact), ", "1.41"), linked("9", " apples and ", "8")
    (' = ', ' \\approx ', None)
    >>> are_guesses("My guesses are ", 15, ", then ", lambda at: 0), are_guesses("It is ", 6, ", then ", lambda at: 0)
    (True, False)
    >>> in_order("First, 5. Second, 12.")
    '5, 12'
    >>> joined_before("The roots are $7$ and $"), joined_before("so $2x = 16$, or $x = ")
    ('7', None)
    >>> joined_before("$x = 7$ or $x = "), joined_before(r"which is $\frac{16}{2}$ or $")
    ('7', None)
    >>> joined_behind("The roots are $x_1 = ", ", x_2 = 7$."), joined_behind("So $x = ", "$ and $y = 7$.")
    ('7', None)
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


# --- values joined to a box -------------------------------------------------------------------------------------------

_AROUND = " \n\t$(*"
_JOINING = ("or", "nor", "to", "and", "maybe", "perhaps", "possibly", "else")
_NUMBER = r"[-+−]?\d[\d.,/]*"
_WHOLE = r"[-+−]?\d+"
_VALUE = rf"(?P<value>{_NUMBER}|\\[dt]?frac\{{\d+\}}\{{\d+\}})"
_OPEN, _CLOSE = r"[\s$*(]*", r"[$)*]*"
_INDEX = r"(?:_\{?\w\}?)?"
_APART = r"(?:[\s$]|\\[()]|\\q?quad(?![a-zA-Z])|\\[,;:! ])*"
_SEPARATOR = rf"{_APART}(?:[,;]|,?\s*(?:or|and)\b|\\text\s*\{{\s*,?\s*(?:or|and)\s*\}})(?:\s*(?:or|and)\b)?{_APART}"
_SAME_NAME = late(  # "$x = 7$ or $x = ", "x_1 = 7, x_2 = "; of a sequence `a_1`, `a_2` the last term may be asked for
    rf"(?:\A|(?<=[$(\s]))(?<![-+*/=^]\s)(?P<name>[a-z])(?P<first>(?<=[x-z])_\{{?1\}}?)?\s*=\s*{_VALUE}{_SEPARATOR}"
    r"(?P=name)(?(first)_\{?2\}?)\s*=\s*\Z"
)
_NAME_BEFORE = late(rf"(?<![a-zA-Z\\])(?P<name>[a-z]){_INDEX}\s*=\s*\Z")
_NAMED_BEHIND = late(rf"{_SEPARATOR}(?P<name>[a-z]){_INDEX}\s*=\s*{_VALUE}[\s$.]*(?:\\[)\]]|\n|\Z|(?<=[$.])\s)")
_LISTED = late(r"[=$]\s*(?P<value>(?:[-+−]?\d[\d./]*,\s*)*[-+−]?\d[\d./]*),\s+\Z")  # "$x = 7, "
_BETWEEN_WORDS = (
    rf"\beither\s+\$(?P<formula>(?:\\\$|[^$\n]){{1,80}})\$\s+or\s+{_OPEN}\Z",
    rf"\beither\s+[$(]*(?P<either>{_NUMBER})[$)]*\s+or\s+{_OPEN}\Z",
    rf"(?<![\d^=/*+-])(?P<maybe>[-+−]?\d(?:[\d.,/]*\d)?)[$)]*,?\s+or\s+(?:maybe|perhaps|possibly|else)\s+{_OPEN}\Z",
    rf"\banswer\s+is\s+(?:not\s+|between\s+)?[$(]*(?P<answer>{_NUMBER})[$)]*\s+(?:or|nor|to|and)\s+{_OPEN}\Z",
    rf"(?:\A|\n|\b(?:is|are|be)\s){_OPEN}(?P<whole>{_WHOLE}){_CLOSE}\s+or\s+{_OPEN}\Z",
    rf"\b(?:solutions|roots|zeros|answers)\sare\s{_OPEN}{_VALUE}{_CLOSE},?\s+and\s+{_OPEN}\Z",
    rf"(?:\bboth|(?:\A|\n)\W*between)\s{_OPEN}(?P<both>{_WHOLE}){_CLOSE}\sand\s{_OPEN}\Z",
)
_WITH_A_WORD = late("|".join(_BETWEEN_WORDS), re.IGNORECASE)


def joined_before(before: str) -> str | None:
    """The value before a box that is joined to it, or None. Most boxes follow no word that joins: checked first."""
    end = before.rstrip(_AROUND)
    if end.endswith("="):
        name = end[:-1].rstrip()
        is_name = name[-1:].isalpha() or name.endswith(("_2", "_{2}"))
        found = _SAME_NAME.search(before) if is_name and before.count("=") > 1 else None
    elif end.endswith(","):
        found = _LISTED.search(before)
    else:
        found = _WITH_A_WORD.search(before) if end.endswith(_JOINING) else None
    return None if found is None else found[found.lastgroup or 0]


def joined_behind(before: str, behind: str) -> str | None:
    """The second value, after a box, of the name that the box is a value of; or None."""
    if "=" not in behind or not before.endswith(("=", "= ")):
        return None
    following = _NAMED_BEHIND.match(behind)
    name = None if following is None else _NAME_BEFORE.search(before)
    return None if name is None or following is None or name["name"] != following["name"] else following["value"]
