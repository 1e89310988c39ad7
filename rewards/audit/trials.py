"""Grade attempts, and express each score as a share of a right answer's pay.

share = (score - base) / (right - base), where `right` is what the row's right answers are paid, and `base` the least
that anything was paid. An attempt's share is that of the gold that pays it least.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rewards.audit.attempts import Attempt
from rewards.pool import GraderPool
from rewards.retry_policy import GRADING_LIMIT
from rewards.types import GradeRequest, GradeResult

_TOGETHER = 16  # requests in one call of a batched reward
_SLICE = 256
_SOMETHING = 0.02  # share of a right answer's pay that counts as paid at all


@dataclass(slots=True)
class Bench:
    """Grades with one reward, counts, and caches: no request is graded twice.

    slowest: seconds of the slowest grade, and its request.
    """

    pool: GraderPool
    count: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    slowest_of: str = ""
    _known: dict[GradeKey, GradeResult] = field(default_factory=dict)
    # keeps requests alive, so that no id in a key is reused
    _held: dict[GradeKey, GradeRequest] = field(default_factory=dict)

    def grade(
        self, requests: Sequence[GradeRequest], *, names: Sequence[str] = (), again: bool = False
    ) -> list[GradeResult]:
        """Grades in the order of the requests. again: bypass the cache. Raises GradingUnavailable."""
        keys = [_key(request) for request in requests]
        wanted = [i for i, key in enumerate(keys) if again or key not in self._known]
        if not again:
            wanted = list({keys[i]: i for i in reversed(wanted)}.values())[::-1]
        began = time.perf_counter()
        results = self._grade([requests[i] for i in wanted])
        self.seconds += time.perf_counter() - began
        self.count += len(wanted)
        for i, result in zip(wanted, results, strict=True):
            self._known.setdefault(keys[i], result)
            self._held.setdefault(keys[i], requests[i])
            if result.seconds > self.slowest:
                self.slowest, self.slowest_of = result.seconds, names[i] if i < len(names) else ""
        return results if again else [self._known[key] for key in keys]

    def _grade(self, requests: Sequence[GradeRequest]) -> list[GradeResult]:
        size = _TOGETHER if self.pool.batched else _SLICE
        results: list[GradeResult] = []
        for at in range(0, len(requests), size):
            results += self.pool.grade(requests[at : at + size])
        return results


GradeKey = tuple[str, int]


def _key(request: GradeRequest) -> GradeKey:
    """Cache key: the response and the identity of its gold's parts, which are created once per gold."""
    return request.response, hash((id(request.reference), id(request.messages), id(request.metadata)))


@dataclass(frozen=True, slots=True)
class Scale:
    """What a row pays. right: for a right answer; base: the least that anything is paid."""

    right: float
    base: float

    def share(self, result: GradeResult) -> float:
        """The share of a right answer's pay; 0 if it was not graded."""
        if result.score is None or self.right <= self.base:
            return 0.0
        return (result.score - self.base) / (self.right - self.base)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """An attempt with its grades, one for each gold that was tried. share: the lowest of their shares."""

    attempt: Attempt
    results: tuple[GradeResult, ...]
    share: float

    @property
    def ungraded(self) -> GradeResult | None:
        return next((result for result in self.results if result.score is None), None)

    @property
    def hung(self) -> bool:
        return any(result.reason.startswith(GRADING_LIMIT) for result in self.results)


def tried(bench: Bench, attempts: Iterable[Attempt], scales: Mapping[str, Scale]) -> list[Trial]:
    """Grade attempts, against a second gold only if the first one pays something. scales: by the subject's id."""
    listed = list(attempts)
    results: list[tuple[GradeResult, ...]] = [() for _ in listed]
    for later in (False, True):
        wanted = [
            (i, gold)
            for i, attempt in enumerate(listed)
            if not later or _promising(results[i], scales[attempt.subject.id])
            for gold in (attempt.golds[1:] if later else attempt.golds[:1])
        ]
        names = [f"{listed[i].family}: {listed[i].name}" for i, _ in wanted]
        graded = bench.grade([gold.asked(listed[i].response) for i, gold in wanted], names=names)
        for (i, _), result in zip(wanted, graded, strict=True):
            results[i] += (result,)
    return [
        Trial(attempt=attempt, results=made, share=min(map(scales[attempt.subject.id].share, made)))
        for attempt, made in zip(listed, results, strict=True)
    ]


def _promising(results: Sequence[GradeResult], scale: Scale) -> bool:
    return any(result.score is None or scale.share(result) >= _SOMETHING for result in results)
