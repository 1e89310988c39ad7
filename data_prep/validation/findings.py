"""Findings: the kinds of checks, their severity, and counts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

from rewards.types import Json

Severity: TypeAlias = Literal["error", "warning"]

EXAMPLES = 5
"""Most findings of one kind in a report."""


@dataclass(frozen=True, slots=True)
class Check:
    """A kind of finding. severity: rows with an `error` are not fit for training and not in the cleaned file."""

    severity: Severity
    title: str


CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        "unreadable": Check("error", "rows that cannot be read"),
        "gold_ungraded": Check("error", "golds that the reward cannot judge"),
        "gold_rejected": Check("error", "golds that the reward takes for wrong"),
        "gold_missing": Check("error", "golds that only say that there is none"),
        "gold_not_offered": Check("error", "letters of an option that is not there"),
        "gold_contradicted": Check("error", "golds that their own published solution contradicts"),
        "blank_paid": Check("error", "rows that pay for an empty response"),
        "filler_paid": Check("error", "rows that pay for a response without an answer"),
        "other_gold_paid": Check("error", "rows that pay for another row's gold"),
        "solution_rejected": Check("error", "published programs that fail their own tests"),
        "gold_unsupported": Check("error", "golds that stand nowhere in their own worked solution"),
        "solution_unread": Check("warning", "published solutions whose answer the reward does not take"),
        "flaky": Check("error", "programs that are right in one run and wrong in the next"),
        "stub_paid": Check("error", "tests that a program without content passes"),
        "weak_tests": Check("warning", "tests that notice no change of the program"),
        "constant_passes": Check("warning", "tests that one value for every call passes"),
        "duplicate": Check("error", "questions that came before, with the same reference"),
        "conflict": Check("error", "questions that came before, with another reference"),
        "near_duplicate": Check("warning", "questions nearly like an earlier one"),
        "overlap": Check("error", "questions of an evaluation set"),
        "contaminated": Check("error", "questions that hold most of a question of an evaluation set"),
        "near_evaluation": Check("warning", "questions nearly like one of an evaluation set"),
        "shared_phrase": Check("warning", "questions that share 13 words in a row with an evaluation set"),
        "answer_in_prompt": Check("error", "prompts that give the answer away"),
        "answer_shown": Check("warning", "prompts in which a long answer stands word for word"),
        "prose_gold": Check("warning", "golds in words, which nothing but the same words can match"),
        "uncertain_gold": Check("warning", "golds that give several values, about a value, or none"),
        "letter_alone": Check("warning", "golds that are a letter, where the prompt offers none"),
        "cut_off": Check("warning", "questions that end in the middle of a sentence"),
        "no_question": Check("error", "prompts without a letter or a number"),
        "damaged_text": Check("warning", "texts with characters that were read wrongly"),
        "markup": Check("warning", "texts with rests of HTML"),
        "mixed_language": Check("warning", "questions in two languages, or in another than the rest"),
        "picture": Check("warning", "questions about a picture that is not there"),
        "too_long": Check("error", "prompts that are too long"),
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem with one row. file, line: its location; file is empty if there is only one, lines count from 1."""

    check: str
    line: int
    id: str
    reason: str
    file: str = ""

    @property
    def severity(self) -> Severity:
        return CHECKS[self.check].severity

    def to_dict(self) -> dict[str, Json]:
        file: dict[str, Json] = {"file": self.file} if self.file else {}
        return {"check": self.check, **file, "line": self.line, "id": self.id, "reason": self.reason}

    @property
    def place(self) -> str:
        """The row's location, for messages."""
        return f"line {self.line}" if not self.file else f"{self.file}, line {self.line}"


class Tally:
    """Counts findings, and keeps the first few of each kind."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.examples: defaultdict[str, list[Finding]] = defaultdict(list)

    def add(self, finding: Finding) -> None:
        self.counts[finding.check] += 1
        if len(self.examples[finding.check]) < EXAMPLES:
            self.examples[finding.check].append(finding)
