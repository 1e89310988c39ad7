r"""Two values that the last clauses of a text give side by side, as in "Ignoring order: 13. Respecting order: 7".

Each clause is some words, a link that says nothing of its own ("it is", "we get", "gives", a colon), and a value at its
end. They stand side by side if they speak of one thing and the second does not lead on from the first (`leading_on`).

Example:
    >>> side_by_side("With replacement it is 13, without replacement it is 7.")
    '13 or 7'
    >>> side_by_side("We get 13, and so it is 7."), side_by_side("At first it is 13. Later it is 7.")
    (None, None)
"""

from __future__ import annotations

import re

from rewards.math.extract.claims import classes
from rewards.math.extract.leading_on import CONTENT, leads_on
from rewards.math.late import late
from rewards.math.lexicon import listed

_LONGEST = 240
_AMOUNT = r"(?:\$[^$\n=<>]{1,60}\$|[-−]?\\?\$?\d[\d,]*(?:\.\d+)?(?:/\d+)?(?:\s?\\?%)?)"
_IS = r"(?:it|there|that|this)(?:['’]s|\s(?:is|are|would\sbe))"
_GET = r"(?:we|you|I|one)\s(?:get|have|obtain|find)|the\s(?:answer|result|total|number|count|value)\s(?:is|would\sbe)"
_LINK = rf"(?:,?\s(?:{_IS}|{_GET}|gives?|yields?|produces?)|\s?:)\s"
_HEAD = r"[\w'’()-]+(?:\s[\w'’()-]+){0,7}?"
_VALUE = rf"\**{_AMOUNT}\**(?:\s[a-zA-Z]+){{0,2}}"
_SIDES = late(
    rf"(?:\A|[.!?:;\n]\s*|,\s)[\s*(-]*(?P<one>{_HEAD}{_LINK})(?P<first>{_VALUE})[.;,]\s(?:(?:and|but|while|whereas)\s)?"
    rf"[*(]*(?P<two>{_HEAD}{_LINK})(?P<second>{_VALUE})[.)*\s]*\Z",
    re.IGNORECASE,
)
_LINKED = late(  # most texts have no two of these, and that is found in a tenth of the time
    r"(?:['’]s|\b(?:is|are|be|get|have|obtain|find|gives?|yields?|produces?)|:)\s\**[-−$\\\d]"
)
_WORD = late(r"[^\W\d_]+(?:['’-]\w+)*")
_SEQUENCE = listed("now later then")
_SUPPOSING = frozenset("uQ")  # classes of words
_OPPOSITES = {"with", "without"}


def side_by_side(text: str) -> str | None:
    """The two values that the last clauses of a text give side by side, joined by "or"; else None."""
    start = max(0, len(text) - _LONGEST)
    found = _SIDES.search(text, start) if len(_LINKED.findall(text, start)) > 1 else None
    if found is None or not _are_of_one(found["one"], found["two"]) or leads_on(found["one"], found["two"], ""):
        return None
    first, second = (found[name].strip("*$ ") for name in ("first", "second"))
    return None if first == second else f"{first} or {second}"


def _are_of_one(one: str, two: str) -> bool:
    """Whether two clauses share a word that has a meaning, or are those with something and without it."""
    first, second = (list(map(str.lower, _WORD.findall(words))) for words in (one, two))
    if not first or not second or not _SEQUENCE.isdisjoint((*first, *second)):
        return False
    if first[0] == second[0] and classes(first[0]) in _SUPPOSING:
        return True
    shared = set(first).intersection(second)
    return {first[0], second[0]} == _OPPOSITES or any(classes(word) in CONTENT for word in shared)
