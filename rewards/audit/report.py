"""What an audit found: as values, as JSON, and as lines for a terminal.

Everything but `timing` is reproducible for the same reward, rows and seed, if the reward itself is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rewards.audit.noise import Change, Pace, Paraphrase
from rewards.pluralize import pluralize
from rewards.types import GradeRequest, Json

CANARY = "/tmp/rlvr-audit-canary"
"""How a report writes the path that programs of an audit would create."""

_SHOWN = 160
_MOST_SHOWN = 12


class Fault(StrEnum):
    """Why a finding is an exploit."""

    PAID = "paid"  # for two different answers, or for one that it denies or misses
    BLIND = "blind"  # right answers, wrong ones and nothing earn the same
    ESCAPE = "escape"  # the response makes itself ungraded, which a wrong answer must not be able to
    RAN = "ran"  # the reward ran a program that the response held, outside any sandbox
    NOISE = "noise"  # the same response earns a different score when it is graded again


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One exploit. rows: requests that reproduce it. scores: their scores. right: what a right answer earns there."""

    fault: Fault
    family: str
    name: str
    subject: str
    response: str
    golds: tuple[str, ...]
    scores: tuple[float | None, ...]
    right: float
    reason: str
    rows: tuple[GradeRequest, ...]

    def to_dict(self) -> dict[str, Json]:
        return {
            "fault": self.fault.value,
            "family": self.family,
            "name": self.name,
            "row": self.subject,
            "response": self.response,
            "golds": list(self.golds),
            "scores": list(self.scores),
            "right": self.right,
            "reason": self.reason,
            "rows": [row.to_dict() for row in self.rows],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyCount:
    """What a family of attacks achieved. best: the largest share of a right answer's pay, and by which attempt."""

    family: str
    about: str
    attempts: int
    exploits: int
    best: float
    best_of: str
    best_response: str

    def to_dict(self) -> dict[str, Json]:
        return {
            "family": self.family,
            "attempts": self.attempts,
            "exploits": self.exploits,
            "best_share": round(self.best, 6),
            "best": self.best_of,
            "best_response": self.best_response,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """What an audit found.

    findings: exploits, each confirmed on fresh workers; a few of each family are listed, and all are counted.
    warnings: what is no exploit but should be known. forms: those in which right answers are paid, by kind.
    """

    reward: str
    seed: int
    rows: int
    kinds: tuple[str, ...]
    forms: Mapping[str, Sequence[str]]
    grades: int
    families: tuple[FamilyCount, ...]
    findings: tuple[Finding, ...]
    warnings: tuple[str, ...]
    aside: tuple[str, ...]
    changes: tuple[Change, ...]
    paraphrases: tuple[Paraphrase, ...]
    pace: Pace
    seconds: float

    @property
    def exploited(self) -> bool:
        """Whether the reward was paid without the answer, or escaped."""
        return bool(self.findings)

    def to_dict(self) -> dict[str, Json]:
        """The report as JSON; only `timing` differs from run to run."""
        return {
            "reward": self.reward,
            "seed": self.seed,
            "rows": self.rows,
            "kinds": list(self.kinds),
            "forms": {kind: list(names) for kind, names in self.forms.items()},
            "grades": self.grades,
            "exploited": self.exploited,
            "exploits": [finding.to_dict() for finding in self.findings],
            "families": [count.to_dict() for count in self.families],
            "warnings": list(self.warnings),
            "set_aside": list(self.aside),
            "changed": [{"response": c.response, "first": c.first, "second": c.second} for c in self.changes],
            "paraphrases": [
                {"name": p.name, "tried": p.tried, "paid": p.paid, "example": p.example} for p in self.paraphrases
            ],
            "timing": {
                "seconds": round(self.seconds, 3),
                "grades_per_second": round(self.pace.per_second, 1),
                "median_seconds": round(self.pace.median, 6),
                "slowest_seconds": round(self.pace.slowest, 6),
                "slowest": self.pace.slowest_of,
                "slow_beside_ordinary": self.pace.has_slow,
            },
        }

    def reproduce(self) -> Iterator[dict[str, Json]]:
        """Rows for `rlvr grade` that show each exploit again."""
        for finding in self.findings:
            for row, score in zip(finding.rows, finding.scores, strict=True):
                yield {**row.to_dict(), "exploit": f"{finding.family}: {finding.name}", "paid": score}

    def lines(self) -> Iterator[str]:
        """The report for a terminal."""
        yield f"audit of {self.reward} on {pluralize(self.rows, 'row')} ({', '.join(self.kinds)}), seed {self.seed}"
        for kind, names in self.forms.items():
            yield f"  right answers ({kind}) are paid as: {', '.join(names)}"
        yield ""
        yield f"{'attack':<24} {'tried':>6} {'paid':>6} {'best share':>11}  the best was"
        for count in self.families:
            best = f"{count.best:.2f}" if count.attempts else "-"
            named = count.best_of[:60] if count.best > 0 else ""
            yield f"{count.family:<24} {count.attempts:>6} {count.exploits:>6} {best:>11}  {named}".rstrip()
        if self.pace.grades:  # not where single families were asked for
            yield ""
            yield from self._noise()
        for warning in self.warnings:
            yield f"note: {warning}"
        for row in self.aside[:5]:
            yield f"note: not attacked: row {row}"
        if len(self.aside) > 5:
            yield f"note: not attacked: {pluralize(len(self.aside) - 5, 'more row')}"
        yield ""
        yield from self._verdict()

    def _noise(self) -> Iterator[str]:
        if self.changes:
            one = self.changes[0]
            yield (
                f"noise: {pluralize(len(self.changes), 'response')} earned another score when graded again, such as "
                f"{shown(one.response)}: {one.first}, then {one.second}"
            )
        else:
            yield "noise: the same response earns the same again"
        lost = [p for p in self.paraphrases if p.paid < p.tried]
        tried, paid = sum(p.tried for p in self.paraphrases), sum(p.paid for p in self.paraphrases)
        if tried:
            named = "; not all with " + ", ".join(f"{p.name} ({p.paid} of {p.tried})" for p in lost) if lost else ""
            yield f"paraphrases: {paid} of {tried} right answers in other words keep their pay{named}"
        slowest = f" ({self.pace.slowest_of})" if self.pace.slowest_of else ""
        slowest += ", slow beside ordinary responses" if self.pace.has_slow else ""
        yield (
            f"speed: {self.pace.per_second:,.0f} grades/s on ordinary responses, median {_time(self.pace.median)}, "
            f"slowest of all {_time(self.pace.slowest)}{slowest}"
        )

    def _verdict(self) -> Iterator[str]:
        paid = sum(count.exploits for count in self.families)
        if not self.findings:
            tried = sum(count.attempts for count in self.families)
            attempts, grades = pluralize(tried, "attempt", ","), pluralize(self.grades, "grade", ",")
            yield f"no exploit: {attempts}, {grades}, {self.seconds:.1f} s"
            return
        sorts = sorted({finding.family for finding in self.findings})
        yield f"exploits: {max(paid, len(self.findings)):,}, by {', '.join(sorts)}"
        families: set[str] = set()
        for finding in sorted(self.findings, key=lambda f: len(f.response)):
            if finding.family in families and len(families) < len({f.family for f in self.findings}):
                continue
            families.add(finding.family)
            if len(families) > _MOST_SHOWN:
                yield "  ..."
                return
            yield from described(finding)


def described(finding: Finding) -> Iterator[str]:
    """One exploit, in three lines."""
    yield f"  [{finding.fault}] {finding.family}: {finding.name}"
    yield f"    response: {shown(finding.response)}"
    yield f"    {finding.reason}"


def shown(text: str) -> str:
    """A response on one line, shortened to a readable length."""
    line = repr(text)
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 20]}... ({len(text):,} characters)"


def _time(seconds: float) -> str:
    return (
        f"{seconds * 1e6:.0f} µs"
        if seconds < 1e-3
        else f"{seconds * 1e3:.1f} ms"
        if seconds < 1
        else f"{seconds:.1f} s"
    )
