"""Near duplicates: MinHash (Broder 1997, with `datasketch`) finds candidates, which are then compared word by word.

Words and numbers are those of `data_prep.duplicates.normalised`. Two questions are near duplicates by one of:

    words       they have the same numbers and share most of their words (as multisets): at least 0.55 if their
                references are the same (0.4 with three or more numbers), else 0.9; or one contains the other
    sequences   the Jaccard similarity of their three-word sequences is at least 0.7 (estimated from 128 hashes, with a
                standard error of about 0.04), and the numbers of one are among those of the other

Pairs with that many common sequences but different numbers are siblings: one question with other numbers, not
duplicates. So are pairs with another reference and the same words in order that have other signs or another order of
numbers, or have no numbers and differ in one word ("the plural of 'leaf'", "of 'foot'"). Siblings are only counted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from data_prep.duplicates import normalised

THRESHOLD = 0.7
SAME_REFERENCE, OTHER_REFERENCE = 0.55, 0.9
_SHORT = 12  # questions of fewer words need a larger share in common
_SAME_REFERENCE_OF_SHORT = 0.75
_MANY_NUMBERS, _SAME_REFERENCE_AND_MANY_NUMBERS = 3, 0.4
_WORDS_WITHIN, _WITHIN = 6, 0.95
# Threshold of the MinHash tables: they find about half of the pairs at it, and nearly all well above it
_CANDIDATES = 0.5
_CANDIDATES_BY_WORDS = 0.35
_MISSPELT = 0.7
_WORDS = 3
_HASHES = 128
_MOST_ALIKE = 32  # most questions of one pattern to compare with: a generated set may have any number of them
_MOST_CANDIDATES = 128  # most questions with common phrases to compare with, which may not be near duplicates
_MOST_OF_NUMBERS = 256  # most questions with the same numbers to compare with
_BRACKETS = frozenset("()[]{}\\&|")
_NAMES = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_NUMBERS = {name: str(number) for number, name in enumerate(_NAMES, 2)}


@dataclass(frozen=True, slots=True)
class Near:
    """An earlier near duplicate. sibling: it differs only in numbers."""

    place: str
    id: str
    likeness: float
    same_reference: bool
    sibling: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """said, counted: its words in order, its numbers and signs in order. sequences, bag: MinHash of its three-word
    sequences, and of its words if it has no numbers.
    """

    place: str
    id: str
    words: Counter[str]
    numbers: Counter[str]
    numbers_key: tuple[str, ...]
    said: tuple[str, ...]
    counted: int
    reference: int
    sequences: Any
    bag: Any


class NearDuplicates:
    """The questions seen so far, about 15 kB each. Keeps the first `_MOST_ALIKE` of a pattern and the first
    `_MOST_CANDIDATES` with the same phrases, which bounds the cost of each further question.
    """

    def __init__(self) -> None:
        """Raises ModuleNotFoundError without `datasketch`."""
        from datasketch import MinHash, MinHashLSH

        self._empty = MinHash(num_perm=_HASHES)
        self._by_sequence = MinHashLSH(threshold=_CANDIDATES, num_perm=_HASHES)
        self._by_words = MinHashLSH(threshold=_CANDIDATES_BY_WORDS, num_perm=_HASHES)
        self._by_numbers: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
        self._seen: list[_Question] = []
        self._pattern: list[int] = []  # by question: the first question of the same pattern
        self._alike: Counter[int] = Counter()

    def __len__(self) -> int:
        """The number of questions that the next one may be compared with."""
        return len(self._seen)

    def add(self, place: str, identity: str, text: str, reference: str = "") -> Near | None:
        """Add a question. Returns the most similar earlier one, if one is near; else a sibling; else None."""
        own = self._question(place, identity, text, reference)
        if own is None:
            return None
        best, pattern, candidates = self._best(own)
        if self._alike[pattern] < _MOST_ALIKE and candidates < _MOST_CANDIDATES:
            self._alike[pattern] += 1
            self._pattern.append(pattern)
            self._by_sequence.insert(len(self._seen), own.sequences)
            if own.bag is None:
                self._by_numbers[own.numbers_key].append(len(self._seen))
            else:
                self._by_words.insert(len(self._seen), own.bag)
            self._seen.append(own)
        return best

    def find(self, text: str, reference: str = "") -> Near | None:
        """Like `add`, without adding the question."""
        own = self._question("", "", text, reference)
        return None if own is None else self._best(own)[0]

    def _best(self, own: _Question) -> tuple[Near | None, int, int]:
        """The nearest question, the index of the first of its pattern (the next index if none is near), and the number
        of questions that share its phrases.
        """
        best: Near | None = None
        pattern = len(self._seen)
        if own.bag is None:
            by_words = self._by_numbers.get(own.numbers_key, [])[-_MOST_OF_NUMBERS:]
        else:
            by_words = self._by_words.query(own.bag)
        by_sequence = self._by_sequence.query(own.sequences)
        for number in sorted({*by_sequence, *by_words}):
            near = _near(own, self._seen[number])
            if near is not None and (best is None or _rank(near) > _rank(best)):
                best, pattern = near, self._pattern[number]
        return best, pattern, len(by_sequence)

    def _question(self, place: str, identity: str, text: str, reference: str) -> _Question | None:
        """The features of a question; None if it has fewer than three words."""
        tokens = [_NUMBERS.get(token, token) for token in normalised(text).split()]
        if len(tokens) < _WORDS:
            return None
        numbers = Counter(token for token in tokens if token[0].isdecimal() or token[-1].isdecimal())
        words = Counter(token for token in tokens if token[0].isalpha())
        return _Question(
            place=place,
            id=identity,
            words=words,
            numbers=numbers,
            numbers_key=tuple(sorted(numbers.elements())),
            said=tuple(token for token in tokens if token[0].isalpha()),
            counted=hash(tuple(token for token in tokens if not token[0].isalpha() and token not in _BRACKETS)),
            reference=hash(reference),
            sequences=self._sketch({" ".join(tokens[at : at + _WORDS]) for at in range(len(tokens) - _WORDS + 1)}),
            bag=None if numbers else self._sketch(set(words)),  # with numbers, few questions have the same ones
        )

    def _sketch(self, parts: set[str]) -> Any:
        sketch = self._empty.copy()  # reuses the permutations, which are slow to draw
        sketch.update_batch([part.encode("utf-8", "surrogatepass") for part in parts])
        return sketch


def _near(own: _Question, other: _Question) -> Near | None:
    same = own.reference == other.reference
    shared = _shared(own.words, other.words)
    if not same and _about_another(own, other):
        return Near(other.place, other.id, shared, same, sibling=True)
    wanted = _wanted(own, other) if same else OTHER_REFERENCE
    if own.numbers == other.numbers and (shared >= wanted or (same and _within(own.words, other.words))):
        return Near(other.place, other.id, shared, same)
    likeness = float(own.sequences.jaccard(other.sequences))
    if likeness >= THRESHOLD:
        among = own.numbers <= other.numbers or other.numbers <= own.numbers
        return Near(other.place, other.id, likeness, same, sibling=not among)
    if own.numbers != other.numbers and shared >= OTHER_REFERENCE:
        return Near(other.place, other.id, shared, same, sibling=True)
    return None


def _about_another(own: _Question, other: _Question) -> bool:
    """Whether the same words are said of other numbers or, where there are none, of another thing (not misspelt)."""
    if own.said == other.said:
        return own.counted != other.counted
    if own.numbers or own.counted != other.counted or len(own.said) != len(other.said):
        return False
    replaced = [pair for pair in zip(own.said, other.said, strict=True) if pair[0] != pair[1]]
    return len(replaced) == 1 and SequenceMatcher(None, *replaced[0]).ratio() < _MISSPELT


def _wanted(own: _Question, other: _Question) -> float:
    """The required share of common words for questions with the same reference and numbers."""
    if own.numbers.total() >= _MANY_NUMBERS:
        return _SAME_REFERENCE_AND_MANY_NUMBERS
    short = min(own.words.total(), other.words.total()) < _SHORT
    return _SAME_REFERENCE_OF_SHORT if short else SAME_REFERENCE


def _within(one: Counter[str], other: Counter[str]) -> bool:
    """Whether the words of the shorter question are contained in the longer one."""
    shorter = min(one.total(), other.total())
    return shorter >= _WORDS_WITHIN and (one & other).total() >= _WITHIN * shorter


def _rank(near: Near) -> tuple[bool, float]:
    return not near.sibling, near.likeness


def _shared(one: Counter[str], other: Counter[str]) -> float:
    """The share of common words, as multisets."""
    both = (one & other).total()
    return both / max(1, one.total() + other.total() - both)
