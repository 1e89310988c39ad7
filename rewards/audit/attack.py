"""One audit: attack rows of each kind, measure noise, and confirm what was paid."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from rewards.audit.attempts import Family, Situation
from rewards.audit.calibration import NEARLY, NOTHING, Calibration, calibrate
from rewards.audit.families import families
from rewards.audit.forms import form_from
from rewards.audit.golds import WORDS, Gold, Kind, Subject, by_text
from rewards.audit.noise import Change, Pace, Paraphrase, changes, pace, paraphrases
from rewards.audit.options import AuditOptions, Progress
from rewards.audit.report import AuditReport, Fault, Finding, shown
from rewards.audit.search import Search
from rewards.audit.trials import Bench, Scale, Trial, tried
from rewards.audit.verdicts import Judge, Tally, blind, kind_of, noisy
from rewards.spec_properties import has_right_and_wrong, identity
from rewards.types import GradeRequest

_SEARCH_OF_PROGRAMS = 20  # grading a program takes about as long as this many other grades
_ROWS_OF_PROGRAMS = 2
_FORMS_A_ROW = 2
_SEARCH_ROWS = 2
_PARTLY = 0.3
_NOTHING = Pace(grades=0, per_second=0.0, median=0.0, slowest=0.0, slowest_of="")


@dataclass(slots=True)
class Attack:
    """One audit of one reward. families: the families of attacks to try."""

    judge: Judge
    options: AuditOptions
    bench: Bench
    families: Sequence[Family]
    progress: Progress
    calibrations: list[Calibration] = field(default_factory=list)
    scales: dict[str, Scale] = field(default_factory=dict)
    tallies: dict[str, Tally] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    aside: list[str] = field(default_factory=list)
    ordinary: list[GradeRequest] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    spelled: list[Paraphrase] = field(default_factory=list)
    pace: Pace = _NOTHING
    hung: set[str] = field(default_factory=set)

    # --- attacking ----------------------------------------------------------------------------------------------------

    def on(self, kind: Kind, subjects: Sequence[Subject]) -> None:
        """Calibrate on rows of one kind, try all families, search."""
        what = subjects[0].row.reference.type
        self.progress(f"{what}: what is paid")
        given = tuple(map(form_from, self.options.forms))
        calibration = calibrate(self.bench, kind, subjects, given)
        if kind is Kind.CHOICE and not calibration.subjects and (texts := [s for s in map(by_text, subjects) if s]):
            calibration = calibrate(self.bench, kind, texts, given)  # it may want an option's text, not its letter
        self.aside += calibration.aside
        self.notes += calibration.unjudged
        if not calibration.subjects:
            return
        self.calibrations.append(calibration)
        self.scales |= calibration.scales
        self.ordinary += _ordinary(calibration)
        if calibration.blind:
            self.findings.append(blind(calibration))
            return
        chosen = calibration.subjects[: _ROWS_OF_PROGRAMS if kind is Kind.CODE else None]
        situations = [self._situation(calibration, subject, n) for n, subject in enumerate(chosen)]
        if kind is Kind.CODE:
            situations = self._checked(situations)
        for family in self.families:
            if kind in family.kinds:
                self.progress(f"{what}: {family.name}")
                self._try(family, situations)
        if kind is not Kind.NONE and not self.options.families:
            self.progress(f"{what}: search")
            self._search(calibration, situations)

    def _situation(self, calibration: Calibration, subject: Subject, number: int) -> Situation:
        """What the attacker knows about a row; pairs of golds and forms alternate from row to row."""
        pairs = subject.pairs() or [(subject.golds[0], subject.golds[0])]
        forms = calibration.forms
        start = number * (_FORMS_A_ROW - 1) % len(forms)
        turned = [forms[0], *(forms[(start + i) % len(forms)] for i in range(1, _FORMS_A_ROW))]
        return Situation(
            subject=subject,
            pair=pairs[number % len(pairs)],
            forms=tuple(dict.fromkeys(turned)),
            fillers=_fillers(subject),
            canary=str(self.judge.folder / "canary"),
            random=Random(f"{self.options.seed} {subject.id}"),
        )

    def _checked(self, situations: Sequence[Situation]) -> list[Situation]:
        """For programs: drop a twin that is not graded or that a right program passes; find what a constant passes."""
        checked = []
        for situation in situations:
            own, twin = situation.pair
            scale = self.scales[situation.subject.id]
            (result,) = self.bench.grade([twin.asked(situation.forms[0].filled(own.answer or "pass"))])
            useless = result.score is None or (own.answer and scale.share(result) >= NEARLY)
            if useless or twin is own:
                situation = replace(situation, subject=replace(situation.subject, golds=(own,)), pair=(own, own))
            checked.append(situation)
        constant = families()["constant program"]
        if constant not in self.families and all(s.pair[0] is not s.pair[1] for s in checked):
            return checked
        for trial in tried(self.bench, (a for s in checked for a in constant.attempts(s)), self.scales):
            row = trial.attempt.subject.id
            if self.scales[row].share(trial.results[0]) >= NEARLY and row not in self.judge.lucky:
                self.judge.lucky.add(row)
                self.notes.append(f"a program that ignores its input passes row {row}: {trial.attempt.name}")
        return checked

    def _try(self, family: Family, situations: Sequence[Situation]) -> None:
        """Make all attempts of a family, row by row; one that hung the grader is not tried on the next row."""
        slowest = self.bench.slowest, self.bench.slowest_of
        if family.outlasts:
            situations = [] if family.name in self.tallies else situations[:1]
        for situation in situations:
            attempts = {a.response: a for a in family.attempts(situation) if kind_of(a.name) not in self.hung}
            self.judge.forget_canaries()
            self._count(family.name, family.about, tried(self.bench, attempts.values(), self.scales))
        if family.outlasts:
            self.bench.slowest, self.bench.slowest_of = slowest

    def _count(self, name: str, about: str, trials: Iterable[Trial]) -> None:
        tally = self.tallies.setdefault(name, Tally(name, about))
        for trial in trials:
            fault = self.judge.fault_of(trial)
            if fault is Fault.RAN and self._weak_by_choice(trial):
                self.notes.append("programs run without isolation, as allow_weak says: one wrote a file outside")
                fault = None
            tally.add(trial, fault)
            if trial.hung:
                self.hung.add(kind_of(trial.attempt.name))
                what = f"{name}, {trial.attempt.name}: {shown(trial.attempt.response)}"
                self.notes.append(f"a response holds the grader up until its deadline, or ends it: {what}")
            if trial.attempt.family == "broken form" and trial.share >= NEARLY and has_right_and_wrong(self.judge.spec):
                self.notes.append(f"paid in full, which a strict reward of form refuses: {trial.attempt.name}")

    def _weak_by_choice(self, trial: Trial) -> bool:
        given = [leaf.named.parameters for leaf in self.judge.spec.leaves()]
        return trial.attempt.subject.kind is Kind.CODE and any(parameters.get("allow_weak") for parameters in given)

    def _search(self, calibration: Calibration, situations: Sequence[Situation]) -> None:
        code = calibration.kind is Kind.CODE
        budget = self.options.search // (_SEARCH_OF_PROGRAMS if code else 1)
        tally = self.tallies.setdefault("search", Tally("search", "evolution of fragments, several answers at once"))
        chosen = situations[: 1 if code else _SEARCH_ROWS]
        for situation in chosen:
            golds = _searched(situation)
            if len(golds) < 2 or budget < 1:
                continue
            search = Search(self.bench, situation, golds, self.scales[situation.subject.id], situation.random)
            found = search.run(max(1, budget // len(chosen)))
            if found is not None:
                self._count("search", tally.about, tried(self.bench, [search.attempt(found)], self.scales))
                tally.attempts += search.tried - 1

    # --- what is no exploit -------------------------------------------------------------------------------------------

    def measure(self) -> None:
        """Measure noise and speed, unless single families were asked for."""
        if self.options.families:
            return
        self.progress("the same again, and in other words")
        programs = any(calibration.kind is Kind.CODE for calibration in self.calibrations)
        self.changed = changes(self.bench, self.ordinary, Random(self.options.seed), programs=programs)
        for calibration in self.calibrations:
            if calibration.kind is not Kind.NONE and not calibration.blind:
                self.spelled += paraphrases(self.bench, calibration)
        self.pace = pace(self.bench, self.ordinary, programs=programs)

    @property
    def has_candidates(self) -> bool:
        """Whether there are exploits to confirm."""
        return any(tally.candidates for tally in self.tallies.values())

    def report(self, fresh: Bench | None, began: float) -> AuditReport:
        """Confirm the exploits on fresh workers and make the report. began: by `time.perf_counter`.

        fresh: a bench of fresh workers; None if there is nothing to confirm.
        """
        counts = []
        for tally in self.tallies.values():
            confirmed = tally.confirmed(fresh, self.judge, self.scales) if fresh is not None else []
            if tally.candidates and not confirmed:
                self.notes.append(f"{tally.family}: paid once and not again, so it is noise and no exploit")
            self.findings += confirmed
            counts.append(tally.count(bool(confirmed), self.judge))
        right = max((scale.right for scale in self.scales.values()), default=0.0)
        if not self.options.noisy and (drawn := noisy(self.changed, right)) is not None:
            self.findings.append(drawn)
        self._note_what_is_partly_paid()
        kinds = {c.subjects[0].row.reference.type: [form.name for form in c.forms] for c in self.calibrations}
        return AuditReport(
            reward=identity(self.judge.spec),
            seed=self.options.seed,
            rows=sum(len(calibration.subjects) for calibration in self.calibrations),
            kinds=tuple(kinds),
            forms=kinds,
            grades=self.bench.count,
            families=tuple(counts),
            findings=tuple(self.findings),
            warnings=tuple(dict.fromkeys(self.notes)),
            aside=tuple(self.aside),
            changes=tuple(self.changed),
            paraphrases=tuple(_merged(self.spelled)),
            pace=self.pace,
            seconds=time.perf_counter() - began,
        )

    def _note_what_is_partly_paid(self) -> None:
        """Warn of the best-paid attack if it earned a good part of a right answer's pay, but is no exploit."""
        tried_best = [tally.best for tally in self.tallies.values() if tally.best is not None]
        best = max(tried_best, key=lambda trial: trial.share, default=None)
        if best is not None and _PARTLY <= best.share < NEARLY:
            attempt = best.attempt
            self.notes.append(
                f"partly paid, {best.share:.0%} of a right answer's pay: {attempt.family}, {attempt.name}: "
                f"{shown(self.judge.told(attempt.response))}"
            )


def _ordinary(calibration: Calibration) -> list[GradeRequest]:
    """Right and wrong responses in the way models write them."""
    form = calibration.forms[0]
    right = [g.asked(form.filled(g.answer or "no answer")) for s in calibration.subjects for g in s.golds[:2]]
    wrong = [two.asked(form.filled(one.answer or "no answer")) for s in calibration.subjects for one, two in s.pairs()]
    nothing = [s.golds[0].asked(text) for s in calibration.subjects for text in NOTHING]
    return [*right, *wrong, *nothing, *calibration.rights[:20]]


def _fillers(subject: Subject) -> tuple[str, ...]:
    """Other answers of the same kind, to list in dumps."""
    if subject.numeric:
        return tuple(map(str, range(60)))
    if subject.kind in (Kind.CHOICE, Kind.JSON, Kind.COUNTDOWN):
        return tuple(gold.answer for gold in subject.golds)
    return (*WORDS, *itertools.islice(dict.fromkeys(subject.prompt.split()), 30))


def _searched(situation: Situation) -> list[Gold]:
    """The golds of a search: all that the audit made, and for numeric answers two small numbers."""
    subject = situation.subject
    if subject.kind is Kind.CODE:
        return list(situation.pair) if situation.pair[0] is not situation.pair[1] else []
    made = [gold for gold in subject.golds if gold.request is not subject.row][:4]
    if subject.numeric:
        made += [gold for text in ("3", "12") if (gold := subject.with_answer(text)) is not None]
    return made


def _merged(spelled: Sequence[Paraphrase]) -> list[Paraphrase]:
    """One line for each way of spelling, over all kinds of answers."""
    merged: dict[str, Paraphrase] = {}
    for one in spelled:
        held = merged.get(one.name)
        if held is None:
            merged[one.name] = one
            continue
        example = held.example if held.paid < held.tried else one.example
        merged[one.name] = replace(held, tried=held.tried + one.tried, paid=held.paid + one.paid, example=example)
    return list(merged.values())
