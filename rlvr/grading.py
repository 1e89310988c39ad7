"""The graders of a run: one pool of worker processes for each reward that its problems use."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType, TracebackType

from data_prep.problem import Problem
from data_prep.writing import whole_characters
from rewards.clock import DEADLINE
from rewards.pool import GraderPool
from rewards.spec import RewardSpec
from rewards.spec_properties import missing_reference
from rewards.types import GradeRequest, GradeResult
from rlvr.errors import ConfigError
from rlvr.prompts import Prompter
from rlvr.types import Completion


@dataclass(frozen=True, slots=True, kw_only=True)
class GradingConfig:
    """How responses are graded.

    workers: processes for each reward; null = one per core, at most eight.
    deadline: seconds of wall time for one grade, after which its worker is killed.
    max_ungraded_share: the run stops with a diagnosis if a larger share of a step's samples has no grade.
    """

    workers: int | None = None
    deadline: float = DEADLINE
    max_ungraded_share: float = 0.1


def request_for(problem: Problem, completion: Completion, prompter: Prompter) -> GradeRequest:
    """The grade request for a completion."""
    return GradeRequest(
        messages=problem.messages,
        response=prompter.response_text(problem, completion.token_ids),
        reference=problem.reference,
        finish=completion.finish,
        metadata=MappingProxyType({"tokens": len(completion.token_ids), "source": problem.source}),
        problem_id=problem.id,
        group_id=str(completion.request.draw_index),
        sample_id=completion.request.sample_index,
    )


def legible(grade: GradeResult) -> GradeResult:
    """The grade with U+FFFD in place of lone surrogates, which cannot be written as UTF-8: a reward that reads JSON in
    a response may quote one.
    """
    text = json.dumps(grade.to_dict(), ensure_ascii=False)
    if (whole := whole_characters(text)) == text:
        return grade
    return GradeResult.from_dict(json.loads(whole))


class RunGraders:
    """Grades each problem's samples with the run's reward, or else the one that the problem names."""

    def __init__(self, reward: RewardSpec | None, problems: Sequence[Problem], config: GradingConfig) -> None:
        """Start the pools, so that an unknown or broken reward is reported before the first token.

        Raises:
            ConfigError: a problem names no reward and the run has none.
            RewardError: an unknown reward, wrong parameters, or workers that do not start.
        """
        self._own = reward
        names = {p.reward for p in problems} if reward is None else set()
        if "" in names:
            raise ConfigError("reward is null and some problems name no reward; set reward, such as reward: math")
        specs = {name: RewardSpec.from_dict(name) for name in sorted(names)} if reward is None else {"": reward}
        self._pools: dict[str, GraderPool] = {}
        try:
            for name, spec in specs.items():
                self._pools[name] = GraderPool(spec, workers=config.workers, deadline=config.deadline).start()
        except BaseException:  # interrupts too: close the pools that have started
            self.close()
            raise

    def grade(self, problem: Problem, requests: Sequence[GradeRequest]) -> list[asyncio.Future[GradeResult]]:
        """A future for each request of one group, in order."""
        pool = self._pool(problem)
        return [asyncio.wrap_future(f) for f in pool.submit_batch(requests)]

    def needs_group(self, problem: Problem) -> bool:
        """Whether the problem's reward compares samples and therefore needs all of them at once."""
        return self._pool(problem).batched

    def check_references(self, problems: Sequence[Problem]) -> None:
        """Reject problems whose reference the reward cannot use: sampling for them would be wasted.

        Raises:
            ConfigError: there are such problems; gives their number, one example, and what its reward needs.
        """
        faults: dict[tuple[GraderPool, str], str] = {}
        faulty = []
        for problem in problems:
            pool, kind = self._pool(problem), problem.reference.type
            if (pool, kind) not in faults:
                faults[pool, kind] = missing_reference(pool.spec, kind)
            if faults[pool, kind]:
                faulty.append(problem)
        if faulty:
            first = faulty[0]
            raise ConfigError(
                f"{len(faulty)} of {len(problems)} problems, such as {first.id} ({first.source}), cannot be judged: "
                f"{faults[self._pool(first), first.reference.type]}; leave them out (`rlvr validate --clean` does), or "
                "set another reward"
            )

    def _pool(self, problem: Problem) -> GraderPool:
        return self._pools["" if self._own is not None else problem.reward]

    def close(self) -> None:
        for pool in self._pools.values():
            pool.close()

    def __enter__(self) -> RunGraders:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
