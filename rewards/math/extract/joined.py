r"""Values next to a box that are joined to it: "7 or \boxed{8}", "$x = 7$ or $x = \boxed{8}$", "x = \boxed{8}, x = 7".

A box that is one of two values is not the answer by itself. A restatement ("$2x = 16$, or $x = \boxed{8}$") joins
nothing: what stands before it is no value, or has another name.

Example:
    >>> joined_before("The roots are $7$ and $"), joined_before("so $2x = 16$, or $x = ")
    ('7', None)
    >>> joined_before("$x = 7$ or $x = "), joined_before(r"which is $\frac{16}{2}$ or $")
    ('7', None)
    >>> joined_behind("The roots are $x_1 = ", ", x_2 = 7$."), joined_behind("So $x = ", "$ and $y = 7$.")
    ('7', None)
"""

from __future__ import annotations

import re

from rewards.math.late import late

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
