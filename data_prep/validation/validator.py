"""Run all checks on a data set, in one pass.

Rows are streamed in parts of `PART`. Memory holds a digest and sketches of each question (15 kB) and the phrases of the
evaluation sets.

Example:
    validator = Validator(pool, Settings(against=[read_entries("gsm8k:test")]))
    kept = list(validator.kept(read_entries("train.jsonl")))   # the rows without an error
    print(validator.report().describe())
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from data_prep.duplicates import Match, Questions
from data_prep.errors import BadRow, DataError
from data_prep.problem import Problem
from data_prep.validation.answers import AnswerChecks, form_for
from data_prep.validation.contamination import CONTAMINATED, WORDS, PhraseIndex
from data_prep.validation.entries import Entry, Source
from data_prep.validation.findings import CHECKS, Finding, Tally
from data_prep.validation.golds import FORMS, GOLD, golds
from data_prep.validation.near_duplicates import Near, NearDuplicates
from data_prep.validation.probes import is_right, request
from data_prep.validation.programs import ProgramChecks, is_program
from data_prep.validation.prompts import PromptChecks, offered, option, text_of
from data_prep.validation.report import Report
from rewards.parameters import nearest
from rewards.pluralize import pluralize
from rewards.pool import GraderPool
from rewards.rules.references import ChoiceReference
from rewards.spec_properties import has_right_and_wrong
from rewards.types import GradeRequest, GradeResult

PART = 256
_MOST_GOLDS = 5
_GUESSABLE, _FROM_ROWS = 0.2, 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Options of a validation.

    form: of responses that state an answer, a name in `FORMS` or a text with {gold} in it; None = determined from the
    data.
    against: evaluation sets. near: find near duplicates. skip: checks to ignore. encode, max_prompt_tokens,
    max_prompt_characters: see `data_prep.validation.prompts.PromptChecks`.
    progress: called with the number of rows checked.
    """

    form: str | None = None
    against: Sequence[Source] = ()
    near: bool = True
    skip: frozenset[str] = frozenset()
    encode: Callable[[Problem], Sequence[object]] | None = None
    max_prompt_tokens: int | None = None
    max_prompt_characters: int | None = None
    progress: Callable[[int], None] = field(default=lambda _rows: None)

    def __post_init__(self) -> None:
        if unknown := self.skip - set(CHECKS):
            near = nearest(min(unknown), [*CHECKS])
            raise DataError(f"there is no check {min(unknown)!r}{near} (known: {', '.join(CHECKS)})")
        if self.form is not None and self.form not in FORMS and "{gold}" not in self.form:
            known = ", ".join(FORMS)
            raise DataError(f"form is {self.form!r}; it must be one of {known}, or a text with {{gold}} in it")
        if self.max_prompt_tokens is not None and self.encode is None:
            raise DataError(f"max_prompt_tokens is {self.max_prompt_tokens} but there is no tokenizer to count with")


class Validator:
    """One pass over a data set. several: the set has more than one file. dropped: called with each row that has an
    error, and its findings.

    Exhaust `kept`, then call `report`.
    """

    def __init__(
        self,
        pool: GraderPool,
        settings: Settings | None = None,
        *,
        several: bool = False,
        dropped: Callable[[Entry, Sequence[Finding]], None] = lambda _entry, _findings: None,
    ) -> None:
        self._pool = pool
        self._settings = settings = settings or Settings()
        self._dropped = dropped
        self._questions, self._evaluated, self._phrases = Questions(), _Evaluated(), PhraseIndex()
        self._likeness = NearDuplicates() if settings.near else None
        self._exams = NearDuplicates() if settings.near and settings.against else None
        self._prompts = PromptChecks(settings.encode, settings.max_prompt_tokens, settings.max_prompt_characters)
        self._answers: AnswerChecks | None = None
        self._programs = ProgramChecks(self._grade)
        self._tally = Tally()
        self._stated: list[str] = []  # the gold of each row
        self._places: list[str] = []  # the location of each row
        self._siblings: list[str] = []
        self._golds: Counter[str] = Counter()
        self._options: set[int] = set()
        self._several = several
        self._rows = self._kept = self._graded = self._without_gold = 0
        self._data, self._columns, self._form = "", "", ""
        self._began = time.monotonic()
        for source in settings.against:
            for entry in source.entries:
                self._evaluated.learn(source.name, entry.problem)
                self._phrases.learn(source.name, entry.problem.id, text_of(entry.problem))
                if self._exams is not None:
                    place = f"{source.name}, {entry.place}"
                    self._exams.add(place, entry.problem.id, text_of(entry.problem), _reference_key(entry))

    def bad_row(self, error: BadRow) -> None:
        """Record a row that cannot be parsed."""
        if "unreadable" not in self._settings.skip:
            self._rows += 1
            self._tally.add(Finding("unreadable", error.line, "", error.reason, error.file if self._several else ""))

    def kept(self, source: Source) -> Iterator[Entry]:
        """Check a source; yields its rows without errors.

        Raises:
            GradingUnavailable: no worker can be started. Also whatever reading the source raises.
        """
        self._data, self._columns = source.name, source.columns
        for entries in _parts(source.entries):
            found: dict[tuple[str, int, str], list[Finding]] = {}
            for finding in self._check(entries):
                if finding.check not in self._settings.skip:
                    self._tally.add(finding)
                    found.setdefault((finding.file, finding.line, finding.id), []).append(finding)
            self._rows += len(entries)
            for entry in entries:
                held = found.get((entry.file, entry.line, entry.problem.id), ())
                errors = [finding for finding in held if finding.severity == "error"]
                if errors:
                    self._dropped(entry, errors)
                else:
                    self._kept += 1
                    yield entry
            self._settings.progress(self._rows)

    def report(self) -> Report:
        """The findings so far."""
        return Report(
            data=self._data,
            reward=self._pool.identity,
            rows=self._rows,
            graded=self._graded,
            form=self._form,
            counts=dict(self._tally.counts),
            examples={name: tuple(examples) for name, examples in self._tally.examples.items()},
            kept=self._kept,
            golds=self._golds.most_common(_MOST_GOLDS),
            notes=tuple(self._notes()),
            seconds=time.monotonic() - self._began,
        )

    def _check(self, entries: Sequence[Entry]) -> Iterator[Finding]:
        repeated: list[tuple[Entry, Match]] = []
        for entry in entries:
            yield from self._text(entry)
            match = self._questions.add(entry.problem)
            self._stated.append(next(iter(golds(entry.problem.reference)), ""))
            self._places.append(entry.place)
            if match is None:
                yield from self._nearly(entry)
            else:
                repeated.append((entry, match))
        answers = [entry for entry in entries if not is_program(entry.problem.reference)]
        programs = [entry for entry in entries if is_program(entry.problem.reference)]
        if answers:
            if self._answers is None:
                form = self._settings.form or form_for(answers[:64], self._grade)
                self._form = FORMS.get(form, form)
                self._answers = AnswerChecks(self._grade, self._form)
            yield from self._answers.check(answers)
        if programs:
            yield from self._programs.check(programs)
        yield from self._again(repeated)

    def _text(self, entry: Entry) -> Iterator[Finding]:
        """Check the texts of a row, without grading."""
        problem = entry.problem
        known = golds(problem.reference)
        self._golds.update(known[:1])
        if isinstance(problem.reference, ChoiceReference):
            self._options.add(len(problem.reference.options) or 5)
        self._without_gold += not known and not entry.solution
        yield from self._prompts.check(entry)
        yield from self._evaluation(entry, text_of(problem))

    def _evaluation(self, entry: Entry, text: str) -> Iterator[Finding]:
        """Compare a question with the evaluation sets."""
        if (name := self._evaluated.find(entry.problem)) is not None:
            yield entry.finding("overlap", f"it is in {name}")
            return
        shared = self._phrases.shared(text)
        if shared is not None and shared.share >= CONTAMINATED:
            yield entry.finding("contaminated", f"{shared.share:.0%} of {shared.id} of {shared.set}: {shared.phrase!r}")
            return
        near = None if self._exams is None else self._exams.find(text, _reference_key(entry))
        if near is not None and not near.sibling:
            yield entry.finding("near_evaluation", f"{near.place} ({near.id}), {_likeness(near)}")
        elif shared is not None:
            reason = f"{shared.share:.0%} of {shared.id} of {shared.set}: {shared.phrase!r}"
            yield entry.finding("shared_phrase", reason)

    def _nearly(self, entry: Entry) -> Iterator[Finding]:
        if self._likeness is None:
            return
        near = self._likeness.add(entry.place, entry.problem.id, text_of(entry.problem), _reference_key(entry))
        if near is not None and near.sibling:
            self._siblings.append(f"{entry.place} and {near.place}")
        elif near is not None:
            yield entry.finding("near_duplicate", f"{near.place} ({near.id}), {_likeness(near)}")

    def _again(self, repeated: Sequence[tuple[Entry, Match]]) -> Iterator[Finding]:
        """Check rows that repeat a question. Golds written differently may be equal, so the earlier one is graded."""
        asked = [
            request(entry, self._form.replace(GOLD, self._stated[match.earlier_row - 1])) for entry, match in repeated
        ]
        differ = [match.conflict for _entry, match in repeated]
        judged = [index for index, differs in enumerate(differ) if differs and self._form]
        for index, result in zip(judged, self._grade([asked[index] for index in judged]), strict=True):
            differ[index] = not is_right(result)
        for (entry, match), differs in zip(repeated, differ, strict=True):
            reason = f"it is {self._places[match.earlier_row - 1]} ({match.earlier_id})"
            yield entry.finding("conflict" if differs else "duplicate", reason)

    def _grade(self, requests: Sequence[GradeRequest]) -> list[GradeResult]:
        self._graded += len(requests)
        return self._pool.grade(requests)

    def _notes(self) -> Iterator[str]:
        if self._columns:
            yield self._columns
        total = self._golds.total()
        if total:
            gold, count = self._golds.most_common(1)[0]
            usual = 1.5 / min(self._options) if self._options else _GUESSABLE
            worth = f"the most common gold is {gold!r:.60}: {count} of {total} ({count / total:.1%})"
            yield worth + (
                "; whoever always says it is paid that often" if count / total >= usual and total >= _FROM_ROWS else ""
            )
        if not has_right_and_wrong(self._pool.spec):
            yield (
                f"{self._pool.identity} gives scores without right and wrong: a gold must only score above 0 and above "
                "an empty response; declare correctness=True, or a range, for the other checks"
            )
        if self._without_gold:
            rows = pluralize(self._without_gold, "row")
            yield f"without gold and solution: {rows}; only what must be wrong was graded"
        if self._siblings:
            alike = pluralize(len(self._siblings), "question")
            first = self._siblings[0]
            yield f"like an earlier one with other numbers or words, and so no duplicates: {alike}, such as {first}"
        if self._prompts.longest_text and not self._prompts.longest:
            yield f"the longest prompt has {pluralize(self._prompts.longest_text, 'character')}"
        if self._prompts.longest:
            yield f"the longest prompt has {pluralize(self._prompts.longest, 'token')}"
        if self._settings.against:
            names = ", ".join(source.name for source in self._settings.against)
            yield f"compared with {names}: whole questions, and {WORDS} words in a row"


def _reference_key(entry: Entry) -> str:
    """A key that is equal for equal references. A letter stands for the option that the prompt lists under it."""
    known = golds(entry.problem.reference)
    if len(known) == 1 and len(known[0]) == 1 and known[0].isalpha():
        prompt = text_of(entry.problem)
        if offered(prompt):
            return option(prompt, known[0]) or prompt
    return json.dumps(entry.problem.reference.to_dict(), sort_keys=True, default=str)


def _likeness(near: Near) -> str:
    return f"likeness {near.likeness:.2f}{'' if near.same_reference else ', with another reference'}"


class _Evaluated:
    """The questions of evaluation sets, with the set of each."""

    def __init__(self) -> None:
        self._sets: dict[str, Questions] = {}

    def learn(self, name: str, problem: Problem) -> None:
        self._sets.setdefault(name, Questions()).add(problem)

    def find(self, problem: Problem) -> str | None:
        """The set and location of this question; None if no set has it."""
        for name, questions in self._sets.items():
            match = questions.find(problem, 0)
            if match is not None:
                return f"{name}, row {match.earlier_row} ({match.earlier_id})"
        return None


def _parts(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    entries = iter(entries)
    while part := list(islice(entries, PART)):
        yield part
