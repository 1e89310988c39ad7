"""Keep problems that a model sometimes solves: with a group baseline, always or never solved ones give no gradient.

The pass rates come from a file of `{"id", "pass_rate"}` rows, as `rlvr eval` writes it for a data set; other columns
are ignored. A problem without a pass rate was not measured: it is kept and counted.

Example:
    >>> from data_prep.problem import MathReference
    >>> easy, hard = (Problem.make(question=q, reference=MathReference(answer="2")) for q in ("1+1", "2^1"))
    >>> rates = PassRateFilter({easy.id: 1.0, hard.id: 0.25}, low=0.1, high=0.9)
    >>> [rates.keep(easy), rates.keep(hard)]
    [False, True]
    >>> rates.describe()
    '1 of 2 problems have a pass rate in [0.1, 0.9] (0 below, 1 above, 0 not measured)'
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from data_prep.errors import BadRow, DataError
from data_prep.problem import Problem
from data_prep.rows import PathLike, Row, iter_rows, read_each


class PassRateFilter:
    """Keeps problems with a pass rate from `low` to `high` inclusive and unmeasured ones, and counts.

    Raises:
        DataError: invalid bounds.
    """

    def __init__(self, pass_rates: Mapping[str, float], low: float, high: float) -> None:
        if not 0.0 <= low <= high <= 1.0:
            raise DataError(f"pass rates from {low} to {high} asked for; give 0 <= low <= high <= 1")
        self._rates, self._low, self._high = pass_rates, low, high
        self.total = self.below = self.above = self.unmeasured = 0

    def keep(self, problem: Problem) -> bool:
        rate = self._rates.get(problem.id)
        self.total += 1
        if rate is None:
            self.unmeasured += 1
            return True
        self.below += rate < self._low
        self.above += rate > self._high
        return self._low <= rate <= self._high

    def finish(self) -> None:
        """Raises DataError if no problem has a pass rate: the file belongs to another data set."""
        if self.total and self.unmeasured == self.total:
            example = next(iter(self._rates), None)
            raise DataError(
                f"none of the {self.total} problems has a pass rate: the {len(self._rates)} ids in the file (first: "
                f"{example!r}) are of other problems. Ids are hashes of question and reference: measure the same file"
            )

    def describe(self) -> str:
        inside = self.total - self.below - self.above - self.unmeasured
        fate = ", kept" if self.unmeasured else ""
        return (
            f"{inside} of {self.total} problems have a pass rate in [{self._low:g}, {self._high:g}] "
            f"({self.below} below, {self.above} above, {self.unmeasured} not measured{fate})"
        )


def read_pass_rates(path: PathLike) -> dict[str, float]:
    """Pass rates by problem id.

    Raises:
        BadRow: a row without an id or with no number in [0, 1], or a second, different rate for an id.
    """
    rates: dict[str, float] = {}

    def read(row: Row) -> None:
        identity, rate = row.fields.get("id"), row.fields.get("pass_rate")
        if not isinstance(identity, str) or not identity:
            raise BadRow(field="id", expected="the id of a problem, as text", found=identity)
        if isinstance(rate, bool) or not isinstance(rate, int | float) or math.isnan(rate) or not 0.0 <= rate <= 1.0:
            raise BadRow(field="pass_rate", expected="a number from 0 to 1", found=rate)
        if rates.setdefault(identity, float(rate)) != rate:
            raise BadRow(field="pass_rate", expected=f"one rate a problem ({rates[identity]} came before)", found=rate)

    for _ in read_each(iter_rows(path), read):
        pass
    return rates
