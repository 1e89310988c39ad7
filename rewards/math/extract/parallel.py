r"""Values in rows of one shape, of which none alone is the answer: what two people have, the lines of a list or table.

A row is a clause or a line with one value at its end. Two rows have one shape if both give a value to a label
("Ann: 5"), or if their words before the value differ in their owners alone ("Ann ends up with 5 and Bob with 7"). A row
whose label names a result ("Total: 12"), or whose value comes from those of the lines above, is a result.

Example:
    >>> alike("So Jeff gets $80 and Brad gets $20."), alike("Jeff gets $80 and keeps $20.")
    ('$80, $20', None)
    >>> alike("- Monday: 5\n- Tuesday: 7"), alike("- Pens: 5\n- Books: 7\n- Both: 12")
    ('5, 7', None)
    >>> differ_in_one("for the first circle we get".split(), "for the second circle we get".split())
    True
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from itertools import permutations
from typing import NamedTuple

from rewards.math.extract.claims import classes
from rewards.math.late import late
from rewards.math.lexicon import listed

NO_OWNER = late(
    r"(?:final|finally|answers?|so|thus|hence|then|therefore|total|result|conclusion|correct\w*|check|check\w+|fixed|that"
    r"|this|it|which|now|actually|really|we|wait|no|step|first|next|together|altogether|overall|simplified|ans)\Z",
    re.IGNORECASE,
)
_LONGEST = 160
_MOST_LINES = 12
_MOST_WORDS = 8  # before a value
_MOST_OF_AN_OWNER = 3  # of a line; in a clause, it is one word
_AMOUNT = late(r"\$[^$\n=<>]{1,60}\$|(?<![\w.:])[-−]?\\?\$?\d[\d,]*(?:\.\d+)?(?:/\d+)?(?:\s?\\?%)?(?!:?\d)")
_MARK = late(r"[\s*_|>#]*(?:[-•]\s+|\d{1,2}[.)]\s+)?[\s*_|]*")
_SO = late(r"\s*(?:so|thus|hence|therefore|then)\s", re.IGNORECASE)
_BEHIND = late(r"[*_]*(?:(?:\s?[a-zA-Z]+|\s?°){0,3})[*_|.,;!)\s]*")
_CLAUSE = late(r",\s(?:and\s)?|;\s|\sand\s")
_SENTENCE = late(r"[.!?;]\s+(?=\S)")
_WORD = late(r"[^\W_]+(?:['’-]\w+)*|[^\s\w*]")
_LABEL_ENDS = (":", "=", "|", "–", "—", "→")
_LEADS = listed("the a an its in on for from to at by with case part option day")
_SIGNS = late(r"[$,\s\\]")
_JUDGED = frozenset("AgDdwxC")  # classes of words that say whether a value is the answer
_NOUNS = frozenset(".vaogkJP#")  # classes of words (`claim_words`) that may be a part of a name


_SEQUENCE = frozenset("cs")  # classes of words: "then", "after"


class _Row(NamedTuple):
    """The words before a value, with the mark behind a label, and the value."""

    words: list[str]
    value: str


def alike(text: str) -> str | None:
    """The values of the rows of one shape that a text ends with, as a list; None if there are fewer than two."""
    lines = text[-_MOST_LINES * _LONGEST :].rstrip().split("\n")[-_MOST_LINES:]
    while len(lines) > 1 and _AMOUNT.search(lines[-1]) is None:
        lines.pop()
    *_, last = sentences = _SENTENCE.split(lines[-1])
    pieces = _CLAUSE.split(last[begun.end() :] if (begun := _SO.match(last)) else last)
    rows = _rows(pieces, longest=1)
    if len(rows) < 2 and len(lines) == 1 and len(sentences) == 2:
        rows = _rows(pieces := sentences, longest=1)
    if len(rows) < 2:
        rows = _rows(pieces := lines, longest=_MOST_OF_AN_OWNER)
    if rows and _is_computed(rows[-1].value, pieces[:-1]):
        return None
    values = dict.fromkeys(row.value.strip("$") if row.value.endswith("$") else row.value for row in rows)
    return ", ".join(values) if len(rows) > 1 else None


def differ_in_one(first: list[str], second: list[str]) -> bool:
    """Whether two rows of words, of which the first does not lead to the second, differ in a single word."""
    if not len(first) == len(second) > 2:
        return False
    other = [(one, two) for one, two in zip(first, second, strict=True) if one.lower() != two.lower()]
    if len(other) != 1 or not all(map(str.isalpha, other[0])):
        return False
    word = other[0][1].lower()
    if word in _LEADS or NO_OWNER.match(word) or classes(word) == "g":
        return False
    return _SEQUENCE.isdisjoint(classes(" ".join(second)))


def _rows(pieces: Sequence[str], longest: int) -> list[_Row]:
    """The last pieces of a text that are rows of one shape, in order. Empty lines and rules are passed over.

    longest: the most words of an owner.
    """
    found: list[_Row] = []
    for piece in reversed(pieces):
        if not any(map(str.isalnum, piece)):
            continue
        row = _row(piece)
        if row is None or (found and not _have_one_shape(row.words, found[0].words, longest)):
            break
        found.insert(0, row)
    return found


def _row(text: str) -> _Row | None:
    """The row that a piece of text is, or None. The second word may be a number: "case 1"."""
    marked = _MARK.match(text) if len(text) <= _LONGEST else None
    amounts = [] if marked is None else list(_AMOUNT.finditer(text, marked.end()))
    if marked is None or not amounts or _BEHIND.fullmatch(text, amounts[-1].end()) is None:
        return None
    words = _WORD.findall(text, marked.end(), amounts[-1].start())
    names = words[:-1] if words and words[-1] in _LABEL_ENDS else words
    numbered = names[:1] + names[2:] if len(names) > 1 and names[1].isdigit() else names
    if len("".join(names)) < 2 or len(names) > _MOST_WORDS or not all(name[0].isalpha() for name in numbered):
        return None
    if not _JUDGED.isdisjoint(classes(" ".join(names))):
        return None
    if any(NO_OWNER.match(name) and name.lower() != "first" for name in names):
        return None
    return _Row(words, amounts[-1].group())


def _have_one_shape(one: list[str], other: list[str], longest: int) -> bool:
    """Whether the words before two values differ in what the values are of, and in nothing else."""
    if one[-1] in _LABEL_ENDS or other[-1] in _LABEL_ENDS:
        return one[-1] == other[-1] and one != other
    first, second = _without_leads(one), _without_leads(other)
    same = 0
    while same < min(len(first), len(second)) - 1 and first[-1 - same].lower() == second[-1 - same].lower():
        same += 1
    names, verb = (first[: len(first) - same], second[: len(second) - same]), second[len(second) - same :]
    if not verb or not set(classes(" ".join(names[1]))) <= _NOUNS:
        return False
    owners = [name[0] for name in names]
    if len(names[1]) == 1 and all(len(owner) > 1 and owner[0].isupper() for owner in owners):
        return len(names[0]) <= _MOST_OF_AN_OWNER  # "Ann ends up with 5 and Bob with 7"
    return max(map(len, names)) <= longest and len(names[0]) == len(names[1]) and not _LEADS.issuperset(verb)


def _without_leads(words: list[str]) -> list[str]:
    begin = 0
    while begin < len(words) - 1 and words[begin].lower() in _LEADS:
        begin += 1
    return words[begin:]


def _is_computed(value: str, pieces: Sequence[str]) -> bool:
    """Whether a value is the sum of all that end the pieces above, or the result of one operation with two of them."""
    result, numbers = _number(value), []
    for line in reversed(pieces):
        amounts = _AMOUNT.findall(line)
        if (number := _number(amounts[-1]) if amounts else None) is None:
            break
        numbers.append(number)
    if result is None or len(numbers) < 2:
        return False
    pairs = permutations(numbers, 2)
    return result == sum(numbers) or any(result in (a + b, a - b, a * b) or result * b == a for a, b in pairs)


def _number(value: str) -> Fraction | None:
    plain = _SIGNS.sub("", value).replace("−", "-")
    try:
        return Fraction(plain.rstrip("%")) / (100 if plain.endswith("%") else 1)
    except (ValueError, ZeroDivisionError):
        return None
