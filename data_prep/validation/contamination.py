"""Contamination: phrases of 13 words in a row that a question shares with an evaluation set.

The measure is that of GPT-3's decontamination (Brown et al. 2020, arXiv 2005.14165, appendix C). A single shared phrase
may be boilerplate ("express your answer as a common fraction ..."); if most phrases of an evaluation question are
shared, the question is contaminated. Words are letters and numbers; ignored are signs, drawing code, and phrases in
more than `COMMON` evaluation questions, which are boilerplate.

Example:
    >>> phrases = PhraseIndex()
    >>> question = "if a train leaves at nine and drives at sixty miles an hour when does it arrive"
    >>> phrases.learn("gsm8k:test", "q1", question)
    >>> phrases.shared("Yesterday, " + question).share
    1.0
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from data_prep.duplicates import normalised
from data_prep.validation.text_damage import without_drawings

WORDS = 13
CONTAMINATED = 0.8
"""Share of an evaluation question's phrases above which it counts as contaminated."""

COMMON = 10
_WORD = re.compile(r"[^\W_]+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Shared:
    """The evaluation question with the largest overlap. share: of that question's phrases. phrase: an example."""

    set: str
    id: str
    share: float
    phrase: str


class PhraseIndex:
    """An index of the phrases of evaluation sets; about a hundred bytes per word."""

    def __init__(self) -> None:
        self._at: dict[int, list[int]] = {}  # hash of a phrase -> the questions that contain it
        self._questions: list[tuple[str, str]] = []
        self._totals: list[int] = []  # number of counted phrases of each question; empty = not computed yet

    def learn(self, name: str, identity: str, text: str) -> None:
        """Add a question of an evaluation set; one with fewer than 13 words has no phrase."""
        hashes = {hash(phrase) for phrase in _phrases(text)}
        if hashes:
            for value in hashes:
                self._at.setdefault(value, []).append(len(self._questions))
            self._questions.append((name, identity))
            self._totals.clear()

    def shared(self, text: str) -> Shared | None:
        """The largest overlap of a text with a question; None = no overlap."""
        if not self._totals:
            self._count()
        counts: Counter[int] = Counter()
        example: dict[int, str] = {}
        for phrase in dict.fromkeys(_phrases(text)):
            for question in self._at.get(hash(phrase), ()):
                counts[question] += 1
                example.setdefault(question, phrase)
        if not counts:
            return None
        best = max(counts, key=lambda question: (counts[question] / self._totals[question], -question))
        name, identity = self._questions[best]
        return Shared(name, identity, counts[best] / self._totals[best], example[best])

    def _count(self) -> None:
        """Drop common phrases, and count the remaining ones of each question."""
        self._at = {value: holders for value, holders in self._at.items() if len(holders) <= COMMON}
        self._totals = [0] * len(self._questions)
        for holders in self._at.values():
            for question in holders:
                self._totals[question] += 1


def _phrases(text: str) -> list[str]:
    words = _WORD.findall(normalised(without_drawings(text)))
    return [" ".join(words[at : at + WORDS]) for at in range(len(words) - WORDS + 1)]
