r"""Find repeated questions, within a file or across files (train and test overlap).

Two questions are the same if their words, numbers and symbols are the same, in order, after case folding and without
white space, punctuation, LaTeX math delimiters and the braces of `x^{2}`. Meaningful signs count: `3-5` is not `3+5`,
`3.5` is not `35`, `5!` is not `5`. System turns are ignored. The same question with a different reference is reported
as a conflict.

Paraphrases are not found.

Example:
    >>> normalised("How many apples,  in total, does $x$ make?") == normalised("how many apples in total does x make")
    True
    >>> normalised("What is 3 - 5?") == normalised("What is 3 + 5?")
    False
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

from data_prep.problem import Problem

EXAMPLES = 5  # matches shown in a report

_SPACING = re.compile(r"\\[,;:! ()\[\]]")  # LaTeX's thin spaces, and the brackets around its formulas
_ONE_BRACED = re.compile(r"([\^_])\{(\w)\}")  # x^{2} is x^2
_HYPHEN = re.compile(r"(?<=[^\W\d_]{2})-(?=[^\W\d_]{2})")  # within words; elsewhere it is a minus
_THOUSANDS = re.compile(r"(?<![\d,.])\d{1,3}(?:,\d{3})+(?![\d,])")
_TOKEN = re.compile(r"\d+(?:\.\d+)?|(?<!\w)\.\d+|[^\W\d_]+|\S")
_FULL_WIDTH = {0xFF01 + at: chr(0x21 + at) for at in range(94)}  # of Chinese and Japanese text
_LETTERS = _FULL_WIDTH | str.maketrans("−–—", "---", "’‘'`＇｀")
_DROPPED = frozenset('.,;:?"“”«»$~_')


def normalised(text: str) -> str:
    """A question's words, numbers and symbols, separated by single spaces."""
    text = unicodedata.normalize("NFC", text).translate(_LETTERS).casefold()
    text = _HYPHEN.sub(" ", _ONE_BRACED.sub(r"\1\2", _SPACING.sub(" ", text)))
    text = _THOUSANDS.sub(lambda number: number.group().replace(",", ""), text)
    kept: list[str] = []
    for token in _TOKEN.findall(text):
        if token == "!" and not (kept and (kept[-1] in ")]}" or kept[-1][-1].isdigit() or len(kept[-1]) == 1)):
            continue  # the end of an exclamation, not a factorial
        if token not in _DROPPED:
            kept.append(token)
    return " ".join(kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A row that repeats an earlier question. conflict: its reference differs."""

    id: str
    earlier_id: str
    row: int
    earlier_row: int
    conflict: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchReport:
    """How many of `rows` repeat a question, how many of these with a different reference, and some examples."""

    rows: int
    matches: int
    conflicts: int
    examples: tuple[Match, ...]

    def describe(self, what: str) -> str:
        """Lines for people: the count, then the examples by id and row (counted from 1).

        Example:
            >>> match = Match(id="a1", earlier_id="b2", row=9, earlier_row=3, conflict=True)
            >>> print(MatchReport(rows=10, matches=1, conflicts=1, examples=(match,)).describe("repeat a question"))
            1 of 10 repeat a question (1 with another reference)
                row 9 (a1) is row 3 (b2), with another reference
        """
        conflicts = f" ({self.conflicts} with another reference)" if self.conflicts else ""
        lines = [f"{self.matches} of {self.rows} {what}{conflicts}"]
        for match in self.examples:
            note = ", with another reference" if match.conflict else ""
            lines.append(f"    row {match.row} ({match.id}) is row {match.earlier_row} ({match.earlier_id}){note}")
        if self.matches > len(self.examples):
            lines.append(f"    and {self.matches - len(self.examples)} more")
        return "\n".join(lines)


class Questions:
    """The questions seen so far, about 200 bytes each."""

    def __init__(self) -> None:
        self._seen: dict[bytes, tuple[str, int, bytes]] = {}
        self._rows = 0

    def find(self, problem: Problem, row: int) -> Match | None:
        """The earlier row with this question, or None."""
        found = self._seen.get(_key(problem))
        if found is None:
            return None
        earlier_id, earlier_row, reference = found
        conflict = reference != _reference_digest(problem)
        return Match(id=problem.id, earlier_id=earlier_id, row=row, earlier_row=earlier_row, conflict=conflict)

    def add(self, problem: Problem) -> Match | None:
        """Add a row; returns the earlier row with the same question, or None."""
        self._rows += 1
        match = self.find(problem, self._rows)
        if match is None:
            self._seen[_key(problem)] = (problem.id, self._rows, _reference_digest(problem))
        return match


class _Matches:
    """Counts matches in a stream of rows."""

    def __init__(self) -> None:
        self.rows = self._matches = self._conflicts = 0
        self._examples: list[Match] = []

    def count(self, match: Match | None) -> None:
        self.rows += 1
        if match is not None:
            self._matches += 1
            self._conflicts += match.conflict
            if len(self._examples) < EXAMPLES:
                self._examples.append(match)

    def report(self) -> MatchReport:
        return MatchReport(
            rows=self.rows, matches=self._matches, conflicts=self._conflicts, examples=tuple(self._examples)
        )


class DuplicateFilter:
    """Counts problems that repeat an earlier question; with `drop`, keeps only the first of each."""

    def __init__(self, *, drop: bool) -> None:
        self._drop = drop
        self._questions, self._matches = Questions(), _Matches()

    def keep(self, problem: Problem) -> bool:
        match = self._questions.add(problem)
        self._matches.count(match)
        return match is None or not self._drop

    def finish(self) -> None:
        """Nothing to check: any number of matches is plausible."""

    def report(self) -> MatchReport:
        return self._matches.report()

    def describe(self) -> str:
        return _described(self.report(), "repeat a question of the same file", self._drop)


class OverlapFilter:
    """Counts problems whose question is in another set; with `drop`, removes them.

    The earlier rows of its matches are rows of that set. name: what the set is called in reports.
    """

    def __init__(self, against: Iterable[Problem], name: str, *, drop: bool) -> None:
        self._drop, self._name = drop, name
        self._questions, self._matches = Questions(), _Matches()
        for problem in against:
            self._questions.add(problem)

    def keep(self, problem: Problem) -> bool:
        match = self._questions.find(problem, self._matches.rows + 1)
        self._matches.count(match)
        return match is None or not self._drop

    def finish(self) -> None:
        """Nothing to check: any number of matches is plausible."""

    def report(self) -> MatchReport:
        return self._matches.report()

    def describe(self) -> str:
        return _described(self.report(), f"have a question of {self._name}", self._drop)


def _described(report: MatchReport, what: str, drop: bool) -> str:
    return report.describe(f"{what} and were dropped" if drop and report.matches else what)


def _key(problem: Problem) -> bytes:
    turns = (normalised(message.content) for message in problem.messages if message.role != "system")
    return blake2b("\n".join(turns).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _reference_digest(problem: Problem) -> bytes:
    reference = json.dumps(problem.reference.to_dict(), sort_keys=True)
    return blake2b(reference.encode(), digest_size=8).digest()
