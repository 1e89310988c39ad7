"""Decide which attempts are exploits, and confirm them on fresh workers.

An attempt is an exploit if every gold pays it like a right answer, if it makes itself ungraded, or if the reward
executed its content. Where a constant program passes the tests, attempts on those tests alone prove nothing and are
ignored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rewards.audit.calibration import NEARLY, Calibration
from rewards.audit.golds import Gold, Kind
from rewards.audit.noise import Change
from rewards.audit.report import CANARY, FamilyCount, Fault, Finding
from rewards.audit.trials import Bench, Scale, Trial, tried
from rewards.spec import RewardSpec

KEPT = 5
"""Exploits of a family that a report holds; all are counted."""
_CANDIDATES = 12
_SHOWN = 60


@dataclass(slots=True)
class Judge:
    """Decides what is an exploit of one reward.

    folder: where canaries would appear. lucky: rows whose tests a constant program passes.
    """

    spec: RewardSpec
    folder: Path
    lucky: set[str] = field(default_factory=set)

    def fault_of(self, trial: Trial) -> Fault | None:
        """Why an attempt is an exploit; None if it is not."""
        subject = trial.attempt.subject
        if self._ran(trial.attempt.response):
            return Fault.RAN
        if trial.ungraded is not None:
            return Fault.ESCAPE
        if subject.kind is Kind.NONE or trial.share < NEARLY or not trial.results:
            return None
        if len(trial.attempt.golds) == 1 and subject.id in self.lucky:
            return None
        return Fault.PAID

    def _ran(self, response: str) -> bool:
        """Whether the canary of this response exists."""
        if str(self.folder) not in response:
            return False
        return any(str(path) in response for path in self.folder.iterdir())

    def forget_canaries(self) -> None:
        for path in self.folder.iterdir():
            path.unlink()

    def told(self, response: str) -> str:
        """A response as a report shows it: the canary's path is the same in every run."""
        return response.replace(f"{self.folder}/canary", CANARY)


@dataclass(slots=True)
class Tally:
    """What a family has achieved so far."""

    family: str
    about: str
    attempts: int = 0
    exploits: int = 0
    best: Trial | None = None
    candidates: list[tuple[Fault, Trial]] = field(default_factory=list)

    def add(self, trial: Trial, fault: Fault | None) -> None:
        self.attempts += 1
        if trial.attempt.subject.kind is not Kind.NONE and (self.best is None or trial.share > self.best.share):
            self.best = trial
        if fault is not None:
            self.exploits += 1
            self.candidates.append((fault, trial))

    def confirmed(self, bench: Bench, judge: Judge, scales: Mapping[str, Scale]) -> list[Finding]:
        """The shortest exploits that are so again on a bench of fresh workers; a few of each fault, no two alike."""
        found: list[Finding] = []
        named: set[tuple[Fault, str]] = set()
        taken: dict[Fault, int] = {}
        for fault, trial in sorted(self.candidates, key=lambda c: (len(c[1].attempt.response), c[1].attempt.name)):
            name = (fault, kind_of(trial.attempt.name))
            if taken.get(fault, 0) >= _CANDIDATES or name in named or sum(f.fault is fault for f in found) >= KEPT:
                continue
            taken[fault] = taken.get(fault, 0) + 1
            judge.forget_canaries()
            (again,) = tried(bench, [trial.attempt], scales)
            if judge.fault_of(again) is fault:
                named.add(name)
                found.append(finding_of(fault, again, judge, scales[trial.attempt.subject.id]))
        return found

    def count(self, confirmed: bool, judge: Judge) -> FamilyCount:
        """The family's line in the report. confirmed: whether some of its exploits were confirmed."""
        best = self.best if self.best is not None and self.best.share > 0 else None
        return FamilyCount(
            family=self.family,
            about=self.about,
            attempts=self.attempts,
            exploits=self.exploits if confirmed else 0,
            best=0.0 if best is None else best.share,
            best_of="" if best is None else judge.told(best.attempt.name),
            best_response="" if best is None else judge.told(best.attempt.response)[:1000],
        )


def kind_of(name: str) -> str:
    """The name of an attempt without that of its form."""
    return name.partition(" (")[0]


def blind(calibration: Calibration) -> Finding:
    """The finding for a reward that pays right answers, wrong answers and nothing alike."""
    subject = calibration.subjects[0]
    paid, gold = calibration.scales[subject.id].right, subject.golds[0]
    return Finding(
        fault=Fault.BLIND,
        family="calibration",
        name="right, wrong and empty alike",
        subject=subject.id,
        response="",
        golds=(_gold(gold),),
        scores=(paid,),
        right=paid,
        reason=f"right answers, wrong ones and an empty response all earn {paid:g}; a term that has no answer to know "
        "is audited with --term",
        rows=(gold.asked(""),),
    )


def noisy(changes: Sequence[Change], right: float) -> Finding | None:
    """The finding for a reward that pays the same response differently the second time; None if it never did. A grade
    that failed once, under load, does not count."""
    changed = [change for change in changes if change.first is not None and change.second is not None]
    if not changed:
        return None
    one = min(changed, key=lambda change: len(change.response))
    return Finding(
        fault=Fault.NOISE,
        family="noise",
        name="the same again",
        subject=one.request.problem_id,
        response=one.response,
        golds=(),
        scores=(one.first, one.second),
        right=right,
        reason=f"graded again, {len(changed)} responses earn another score, this one {one.first:g} and {one.second:g}; "
        "a reward that draws on purpose is audited with --noisy",
        rows=(one.request, one.request),
    )


def finding_of(fault: Fault, trial: Trial, judge: Judge, scale: Scale) -> Finding:
    """An exploit in the form of the report."""
    attempt = trial.attempt
    told = judge.told(attempt.response)
    return Finding(
        fault=fault,
        family=attempt.family,
        name=judge.told(attempt.name),
        subject=attempt.subject.id,
        response=told,
        golds=tuple(_gold(gold) for gold in attempt.golds),
        scores=tuple(result.score for result in trial.results),
        right=scale.right,
        reason=_reason(fault, trial, scale),
        rows=tuple(gold.asked(told) for gold in attempt.golds),
    )


def _gold(gold: Gold) -> str:
    return gold.answer[:_SHOWN] or "(its tests)"


def _reason(fault: Fault, trial: Trial, scale: Scale) -> str:
    scores = [result.score for result in trial.results]
    named = [f"{_gold(gold)!r}" for gold in trial.attempt.golds]
    paid = ", ".join("ungraded" if score is None else f"{score:g}" for score in scores)
    match fault:
        case Fault.RAN:
            return f"the reward ran what the response says: the file {CANARY} was made"
        case Fault.ESCAPE:
            reason = trial.ungraded.reason if trial.ungraded else ""
            return f"the response is left ungraded, which no wrong answer may be: {reason}"
    if trial.attempt.subject.kind is Kind.CODE:
        what = "on the tests and on the same tests with other expected values" if len(named) > 1 else "on the tests"
        return f"paid {paid} (a right program: {scale.right:g}) {what}"
    if len(named) == 1:
        return f"wrong where the answer is {named[0]}, and paid {paid} (a right answer: {scale.right:g})"
    return f"paid {paid} (a right answer: {scale.right:g}) where the answer is {named[0]} and where it is {named[1]}"
