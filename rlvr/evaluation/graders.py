"""Graders of an evaluation: each problem's own reward, and the measures that every evaluation reports.

The measures are `format` for every response, and, for problems with a math answer, `math` under the strict and the
lenient policy (set in the reference, which overrides the reward's parameters). Math grades run in their own pool of
workers, since a response can hang them; the format is checked in this process, in linear time.

Example:
    with RunGraders(reward, problems, config) as own, EvaluationGraders(own, reward, problems, config) as graders:
        grades = await graders(problem, [request])
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Protocol

from data_prep.problem import Problem
from rewards import GraderPool
from rewards.registry import find
from rewards.spec import RewardSpec
from rewards.spec_properties import identity
from rewards.types import GradeRequest, GradeResult, MathReference, Policy
from rlvr.grading import GradingConfig, RunGraders


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleGrades:
    """All grades of one response.

    own: by the problem's own reward, whose name and version is `reward`. strict, lenient: by `math` under that policy;
    None if the problem has no math answer. format: by `format`.
    """

    own: GradeResult
    reward: str
    strict: GradeResult | None
    lenient: GradeResult | None
    format: GradeResult


class Grade(Protocol):
    """Grades responses to one problem without blocking the event loop."""

    def needs_group(self, problem: Problem) -> bool:
        """Whether the problem's reward compares samples, so that it must be given all of them at once."""
        ...

    async def __call__(self, problem: Problem, requests: Sequence[GradeRequest]) -> list[SampleGrades]:
        """The grades of each request, in order."""
        ...


class EvaluationGraders:
    """The graders of an evaluation; a context manager."""

    def __init__(
        self, own: RunGraders, reward: RewardSpec | None, problems: Sequence[Problem], config: GradingConfig
    ) -> None:
        """Start the pools that the problems need.

        own: grades by the problems' own rewards; the caller closes it. reward: the reward of all problems; None = the
        one that each problem names.

        Raises:
            RewardError: an unknown reward, or workers that do not start.
        """
        self._own = own
        names = {p.reward for p in problems} if reward is None else {""}
        specs = {name: RewardSpec.from_dict(name) if reward is None else reward for name in names}
        self._single = reward is not None
        self._identities = {name: identity(spec) for name, spec in specs.items()}
        self._format = find("format").grader({})
        self._math: GraderPool | None = None
        if any(isinstance(p.reference, MathReference) for p in problems):
            self._math = GraderPool("math", workers=config.workers, deadline=config.deadline)
            try:
                self._math.start()
            except BaseException:  # interrupts too: close what has started
                self.close()
                raise

    def needs_group(self, problem: Problem) -> bool:
        """Whether the problem's reward is batched."""
        return self._own.needs_group(problem)

    async def __call__(self, problem: Problem, requests: Sequence[GradeRequest]) -> list[SampleGrades]:
        """The grades of each request, in order; computed concurrently."""
        own, strict, lenient, formats = await asyncio.gather(
            asyncio.gather(*self._own.grade(problem, requests)),
            self._under("strict", problem, requests),
            self._under("lenient", problem, requests),
            self._format.grade(requests),
        )
        name = self._identities[self._name(problem)]
        return [
            SampleGrades(own=o, reward=name, strict=s, lenient=le, format=f)
            for o, s, le, f in zip(own, strict, lenient, formats, strict=True)
        ]

    def close(self) -> None:
        """Stop the workers that this object started."""
        if self._math is not None:
            self._math.close()

    def __enter__(self) -> EvaluationGraders:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _name(self, problem: Problem) -> str:
        return "" if self._single else problem.reward

    async def _under(
        self, policy: Policy, problem: Problem, requests: Sequence[GradeRequest]
    ) -> Sequence[GradeResult | None]:
        reference = problem.reference
        if self._math is None or not isinstance(reference, MathReference):
            return [None] * len(requests)
        judged = replace(reference, policy=policy)
        futures = [self._math.submit(replace(request, reference=judged)) for request in requests]
        return await asyncio.gather(*map(asyncio.wrap_future, futures))
