r"""Whether the words from one box to the next lead on, or only set a second value beside the first.

A second box takes the place of the first if its clause concludes, corrects, reckons with the first value or points to
the answer: "so the area is \boxed{36}", "doubled, that is \boxed{8}". A clause that does nothing of that says for
what case, reading or person its value holds, whatever its words are: "without replacement, \boxed{4}".

What both clauses say leads nowhere: "method 1 gives \boxed{3}, method 2 yields \boxed{4}".

Example:
    >>> leads_on("The side is ", ", so the area is ", "."), leads_on("Inside it is ", ", outside ", ".")
    (True, False)
    >>> leads_on("One way gives ", ", the other one yields ", "."), leads_on("It has ", ", which gives ", ".")
    (False, True)
"""

from __future__ import annotations

import re

from rewards.math.extract.claims import classes
from rewards.math.extract.parallel import differ_in_one
from rewards.math.extract.replaced import is_turned
from rewards.math.late import late
from rewards.math.lexicon import listed

_LEADING = frozenset("cAJgwxCTtkzVfR")  # classes of words (`claim_words`)
_CONCLUDING = frozenset("R")  # of no weight where both clauses do it
_UNREAL = frozenset("Oo")  # of the first value: what would be, or was at first
_VERBS = frozenset("bhmMOW")
_BACK = listed(  # words that point at what was said or at what is asked for, draw a result, or restate
    "that this which these those both whence thereby total altogether together result results conclusion simplified",
    "question problem asked asks needed want wanted what required requested must giving leaving",
    "equivalently form notation adding subtracting removing",
)
_EARLIER = listed("before point")  # of the first value alone: "before the discount", "at this point"
_PUT_RIGHT = late(r"\b(?:step|initially|since|because|careful(?=,)|no(?=\s?[,.:;!—–-]))\b", re.IGNORECASE)
_RELATION = late(r"[=<>≤≥≈+]|\\(?:[lg]eq?|n?eq|approx|cdot|times|to|Rightarrow|implies|[lg]t)(?![a-zA-Z])|→|⇒")
_NAMED = late(r"(?<![\w)}\\+*/-])[a-z]\w*\s?=[\s$]*\Z", re.IGNORECASE)  # "height = ", but not "2x = "
_WORD = late(r"(?<![a-z\\])[a-z]{2,}", re.IGNORECASE)
_SENTENCE = late(r"[.!?][\s$*)]+(?=[A-Z]|\Z)|[;:][\s$*)]+(?=[A-Z])|\n\s*")
CONTENT = frozenset("Aa.vkzJr")  # classes of words that name what a value is of, or who says it
_ARROW = late(r"(→|⇒|->|=>)[\s$]*\Z")
_GIVEN = late(r"\W*(?:with|for|using|taking|setting)\s[\s$*(]*[a-z]\w*\s?=[\s$]*", re.IGNORECASE)  # "With n = "
_DASH = late(r"[–—]")
_CLAUSE = late(r"[^.!?;\n]*[a-z)][.;,][ $*]+")
_MARKS = " \n$*().,;:"
_LONGEST = 120
_MOST_OF_A_LABEL = 3


def are_apart(before: str, between: str, behind: str) -> bool:
    """Whether two boxes are two values side by side: in clauses of one shape, and none leads on to the other.

    before: the sentence before the first box; between: all between them; behind: the sentence behind the second.
    """
    between = _DASH.sub("-", between)
    if (label := _ARROW.search(before)) is not None:  # "Ordered → ", "; unordered → "
        between = between.replace(label[1], ":")
    if len(between) > _LONGEST or not between.isascii() or _WORD.search(between) is None:
        return False
    if _RELATION.search(between if _NAMED.search(before) is None else _NAMED.sub("", between)) is not None:
        return False
    if _WORD.search(before) is None and _CLAUSE.fullmatch(between) and _WORD.search(behind):  # both begin a clause
        return not (leads_on("", behind, "") and leads_on(between, behind, ""))
    if _is_subject(between) != _is_subject(behind) or _GIVEN.fullmatch(before) is not None:
        return False
    *_, own = clauses = _SENTENCE.split(between)
    if len(clauses) > 2 or (len(clauses) == 2 and not _have_one_shape(before + clauses[0], own + behind)):
        return False
    return not leads_on(before, between, behind)


def _have_one_shape(one: str, other: str) -> bool:
    """Whether two sentences begin with the same word, share one that has a meaning, or are labels."""
    first, second = (list(map(str.lower, _WORD.findall(text))) for text in (one, other))
    if not first or not second:
        return False
    same = {word for word in first if word in second}
    return (
        first[0] == second[0]
        or any(classes(word) in CONTENT for word in same)
        or (max(len(first), len(second)) <= _MOST_OF_A_LABEL and any(mark in one and mark in other for mark in ":|"))
    )


def leads_on(before: str, between: str, behind: str) -> bool:
    """Whether the words around the second of two boxes lead on from the first."""
    own = f"{_outside(between)}; {_outside(behind)}"
    if is_turned(between) or _PUT_RIGHT.search(before + own) is not None:
        return True
    said = {word.lower() for word in _WORD.findall(before)}
    new = {word.lower() for word in _WORD.findall(own)} - said
    if not _BACK.isdisjoint(new) or ("first" in said and "second" not in new):
        return True
    if "after" not in new and not _EARLIER.isdisjoint(said.difference(map(str.lower, _WORD.findall(own)))):
        return True
    if differ_in_one(_WORD.findall(before), _WORD.findall(own)):
        return False
    one = _classes_of(before)
    two = _classes_of(_WORD.sub(lambda word: word[0] if word[0].lower() in new else "", own))
    return not _UNREAL.isdisjoint(one - two) or not _LEADING.isdisjoint(two - (one & _CONCLUDING))


def _classes_of(text: str) -> frozenset[str]:
    """The classes of the words of a text. "We get" and "it yields" conclude alike."""
    return frozenset(classes(text).replace("e", "R").replace("S", "R"))


def _outside(text: str) -> str:
    """The text beside a box without the signs of its formula."""
    return text.strip("$ ")


def _is_subject(behind: str) -> bool:
    """Whether a verb follows a box: "\\boxed{9} is the number of posts"."""
    return classes(behind.lstrip(_MARKS)[:12])[:1] in _VERBS
