"""The summary of a graded data set: counts, accuracies with intervals, by tag, and causes of ungraded responses.

It is computed from the journal, so an interrupted run has the same summary as an uninterrupted one. Accuracies are
means over problems of their graded samples. Intervals: the bootstrap of `rlvr.evaluation.metrics` up to `MOST_DRAWN`
problems; above, mean ± z·s/√n, which is the same to three digits there and needs no memory.

Example:
    summary = summarise(journal, folder)
    print("\\n".join(summary.lines()))
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import NormalDist

import numpy as np

from rewards.pluralize import pluralize
from rewards.types import Json, Verdict
from rlvr.evaluation.metrics import Interval, bootstrap_interval, powers_up_to, rate_interval
from rlvr.offline.groups import Floats, Piles, Problems
from rlvr.offline.journal import BAD, VERDICTS, Journal, Records
from rlvr.offline.manifest import Change

MOST_DRAWN = 10_000
_Z = NormalDist().inv_cdf(0.975)
_SLOWEST = 5
_CAUSES = 10
_TAGS = 50
_SHOWN = 200  # characters of a cause


class Values:
    """A running mean with an interval. Keeps the values while they are few, then only their sums."""

    def __init__(self, *, rate: bool = True) -> None:
        self._rate = rate
        self._kept: list[Floats] = []
        self.count = 0
        self._sum = self._squares = 0.0

    def add(self, values: Floats) -> None:
        """Add values; NaN is skipped."""
        values = values[~np.isnan(values)]
        self.count += values.size
        with np.errstate(over="ignore"):  # a score may be any finite number
            self._sum += float(values.sum())
            self._squares += float((values * values).sum())
        if self.count <= MOST_DRAWN:
            self._kept.append(values)
        else:
            self._kept.clear()

    @property
    def mean(self) -> float | None:
        """The mean; None if there is no value, or if it overflows."""
        return self._sum / self.count if self.count and math.isfinite(self._sum) else None

    def interval(self) -> Interval | None:
        """The 95 % interval of the mean; None if there is no value, or if it overflows."""
        with np.errstate(over="ignore", invalid="ignore"):
            found = self._interval() if self.count else None
        known = found is not None and math.isfinite(found.low) and math.isfinite(found.high)
        return found if known else None

    def _interval(self) -> Interval | None:
        if self.count <= MOST_DRAWN:
            values = np.concatenate(self._kept).tolist()
            return rate_interval(values) if self._rate else bootstrap_interval(values)
        mean = self._sum / self.count
        if self._rate and mean in (0.0, 1.0):
            wide = _Z * _Z / (self.count + _Z * _Z)
            return Interval(0.0, wide) if mean == 0.0 else Interval(1.0 - wide, 1.0)
        if not math.isfinite(self._squares):
            return None
        variance = max(0.0, self._squares / self.count - mean * mean) * self.count / (self.count - 1)
        half = _Z * math.sqrt(variance / self.count)
        low, high = mean - half, mean + half
        return Interval(max(0.0, low), min(1.0, high)) if self._rate else Interval(low, high)

    def measure(self, name: str) -> Measure:
        return Measure(name=name, mean=self.mean, interval=self.interval(), problems=self.count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A mean over problems."""

    name: str
    mean: float | None
    interval: Interval | None
    problems: int

    def to_dict(self) -> dict[str, Json]:
        return {
            "mean": self.mean,
            "low": self.interval.low if self.interval else None,
            "high": self.interval.high if self.interval else None,
            "problems": self.problems,
        }

    def text(self) -> str:
        if self.mean is None:
            return "-"
        bounds = "" if self.interval is None else f" [{_number(self.interval.low)}, {_number(self.interval.high)}]"
        return f"{_number(self.mean)}{bounds}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow:
    """A slow response, and its location."""

    seconds: float
    file: str
    line: int
    sample: int

    def text(self) -> str:
        sample = f" sample {self.sample}" if self.sample else ""
        return f"{self.seconds:.3g} s {self.file}:{self.line}{sample}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The summary of a run.

    verdicts: counts of responses. bad: malformed rows. cached: grades from the cache. policies_of: the part of the
    reward that `strict` and `lenient` refer to, if it has several different `math`. changes: changes of the reward with
    which the run was resumed.
    """

    verdicts: Mapping[Verdict, int]
    bad: int
    cached: int
    problems: int
    fewest: int
    most: int
    measures: Sequence[Measure]
    tags: Sequence[Measure]
    ungraded_causes: Sequence[tuple[str, int]]
    bad_causes: Sequence[tuple[str, int]]
    slowest: Sequence[Slow] = field(default=())
    policies_of: str | None = None
    changes: Sequence[Change] = field(default=())

    @property
    def responses(self) -> int:
        return sum(self.verdicts.values())

    @property
    def incomplete(self) -> bool:
        """Whether some rows could not be graded."""
        return bool(self.bad or self.verdicts.get(Verdict.UNGRADED))

    def to_dict(self) -> dict[str, Json]:
        return {
            "responses": self.responses,
            "verdicts": {verdict.value: count for verdict, count in self.verdicts.items()},
            "bad_rows": self.bad,
            "cached": self.cached,
            "problems": self.problems,
            "samples": {"fewest": self.fewest, "most": self.most},
            "measures": {measure.name: measure.to_dict() for measure in self.measures},
            "policies_of": self.policies_of,
            "changes": [change.to_dict() for change in self.changes],
            "tags": {measure.name: measure.to_dict() for measure in self.tags},
            "ungraded": [{"cause": cause, "responses": count} for cause, count in self.ungraded_causes],
            "bad": [{"cause": cause, "rows": count} for cause, count in self.bad_causes],
            "slowest": [
                {"seconds": slow.seconds, "file": slow.file, "line": slow.line, "sample": slow.sample}
                for slow in self.slowest
            ],
        }

    def headline(self) -> str:
        """One line on what was graded."""
        counts = ", ".join(f"{count} {verdict.value}" for verdict, count in sorted(self.verdicts.items()) if count)
        return f"graded {pluralize(self.responses, 'response')}: {counts or 'none'}"

    def lines(self) -> list[str]:
        """The tables below the headline, as aligned text."""
        made: list[str] = []
        if self.cached:
            made.append(f"{self.cached} of {self.responses} grades were known from before (--cache)")
        if self.measures:
            least = "" if self.fewest == self.most else f"{self.fewest} to "
            each = f"{least}{pluralize(self.most, 'response')}"
            made.append(f"{pluralize(self.problems, 'problem')}, {each} each; means over problems with 95 % intervals")
            first = self.measures[0]
            shown = [m for m in self.measures if m.name != "score" or m is first or m.mean != first.mean]
            made += _aligned([("", "mean", "problems"), *((m.name, m.text(), str(m.problems)) for m in shown)])
        if self.policies_of is not None and any(measure.name == "strict" for measure in self.measures):
            made.append(f"strict and lenient are of the part {self.policies_of!r}, one of several math that differ")
        if self.tags:
            made += _aligned([("tag", "mean", "problems"), *((m.name, m.text(), str(m.problems)) for m in self.tags)])
        ungraded = self.verdicts.get(Verdict.UNGRADED, 0)
        made += _told("ungraded, left out of every mean", self.ungraded_causes, ungraded)
        made += _told("bad rows", self.bad_causes, self.bad)
        made += [
            f"kept (--keep-graded): the first {pluralize(change.behind, 'response')} of the output, "
            f"graded before this: {'; '.join(change.what)}"
            for change in self.changes
        ]
        if self.slowest:
            made.append(f"slowest: {', '.join(slow.text() for slow in self.slowest)}")
        return made


def summarise(
    journal: Journal,
    folder: Path,
    files: Sequence[str],
    *,
    policies_of: str | None = None,
    changes: Sequence[Change] = (),
) -> Summary:
    """Summarise a journal.

    folder: for temporary files. files: names of the sources, by number. policies_of, changes: see `Summary`.
    """
    counts = np.zeros(len(VERDICTS), np.int64)
    cached = 0
    causes: Counter[tuple[bool, int]] = Counter()
    slowest: list[Slow] = []
    for records in journal.chunks() if len(journal) else ():
        counts += np.bincount(records["verdict"], minlength=len(VERDICTS))
        cached += int(records["cached"].sum())
        for bad in (True, False):
            numbers = records["cause"][(records["verdict"] == BAD) == bad]
            found, times = np.unique(numbers[numbers > 0], return_counts=True)
            causes.update({(bad, int(n)): int(c) for n, c in zip(found, times, strict=True)})
        slowest = _slower(slowest, records, files)
    texts = journal.causes.all()
    named = {
        bad: [(texts[number], count) for (of_bad, number), count in causes.most_common() if of_bad == bad][:_CAUSES]
        for bad in (True, False)
    }
    with Piles(lambda: journal.chunks() if len(journal) else iter(()), folder, count=len(journal)) as piles:
        grouped = _Grouped(piles, [json.loads(text) if text else [] for text in journal.tags.all()])
    return Summary(
        verdicts={verdict: int(counts[code]) for code, verdict in enumerate(Verdict) if counts[code]},
        bad=int(counts[BAD]),
        cached=cached,
        problems=grouped.problems,
        fewest=grouped.fewest,
        most=grouped.most,
        measures=grouped.measures(),
        tags=grouped.tags(),
        ungraded_causes=named[False],
        bad_causes=named[True],
        slowest=slowest,
        policies_of=policies_of,
        changes=changes,
    )


def _slower(slowest: list[Slow], records: Records, files: Sequence[str]) -> list[Slow]:
    seconds = np.where(records["verdict"] == BAD, 0.0, records["seconds"])
    for at in np.argsort(seconds)[-_SLOWEST:]:
        if seconds[at] > 0:
            file, line, place = (int(records[name][at]) for name in ("file", "row", "place"))
            slow = Slow(seconds=float(f"{seconds[at]:.4g}"), file=files[file], line=line, sample=place)
            slowest.append(slow)
    return sorted(slowest, key=lambda slow: (-slow.seconds, slow.file, slow.line, slow.sample))[:_SLOWEST]


class _Grouped:
    """Measures that need all samples of a problem together."""

    def __init__(self, piles: Iterable[Problems], tags: Sequence[Sequence[str]]) -> None:
        self.problems = self.fewest = self.most = 0
        for problems in piles:
            if len(problems):
                sizes = problems.sizes()
                self.fewest = min(int(sizes.min()), self.fewest or int(sizes.min()))
                self.most = max(int(sizes.max()), self.most)
                self.problems += len(problems)
        self._passing = {k: Values() for k in powers_up_to(self.most)}
        self._correctness, self._strict, self._lenient, self._majority = Values(), Values(), Values(), Values()
        self._score = Values(rate=False)
        self._tags: dict[str, Values] = {}
        self._silent = False
        for problems in piles:
            self._add(problems, tags)

    def _add(self, problems: Problems, tags: Sequence[Sequence[str]]) -> None:
        correctness, score = problems.mean("correctness"), problems.mean("score")
        self._correctness.add(correctness)
        self._score.add(score)
        self._strict.add(problems.mean("strict"))
        self._lenient.add(problems.mean("lenient"))
        for k, values in self._passing.items():
            values.add(problems.passing(k))
        self._silent = self._silent or problems.has_silent_right()
        self._majority.add(problems.majority())
        judged = bool(np.any(~np.isnan(correctness)))
        of_problem = problems.tags()
        for number in np.unique(of_problem):
            mine = (correctness if judged else score)[of_problem == number]
            for tag in tags[number]:
                self._tags.setdefault(tag, Values(rate=judged)).add(mine)

    def measures(self) -> list[Measure]:
        """The means that have values."""
        of_all = f"@{self.most}" if self.fewest == self.most else ""
        found: list[Measure] = []
        if self._correctness.count:
            found.append(self._correctness.measure(f"avg{of_all}"))
            found += [values.measure(f"pass@{k}") for k, values in self._passing.items()]
            if self.most > 1 and not self._silent:
                found.append(self._majority.measure(f"maj{of_all}"))
            if self._strict.count:
                found += [self._strict.measure("strict"), self._lenient.measure("lenient")]
        if self._score.count:
            found.append(self._score.measure("score"))
        return found

    def tags(self) -> list[Measure]:
        """The mean of each of the tags with the most problems."""
        most = sorted(self._tags.items(), key=lambda entry: (-entry[1].count, entry[0]))[:_TAGS]
        return [values.measure(tag) for tag, values in sorted(most)]


def _number(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 1e6 else f"{value:.3g}"


def _told(what: str, causes: Sequence[tuple[str, int]], whole: int) -> list[str]:
    """Lines with the most frequent causes, and the count of the others."""
    rest = whole - sum(count for _, count in causes)
    return [
        *(f"{what}: {count} x {cause[:_SHOWN]}" for cause, count in causes),
        *([f"{what}: {rest} more, of other causes"] if rest > 0 else []),
    ]


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
