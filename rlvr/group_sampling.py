"""From draws to graded groups: sample completions, grade each as soon as it arrives, shape its reward.

Generation runs on the compute thread and grading in worker processes, so the two overlap. Groups are returned in draw
order and samples within a group by index, whatever the order of completion.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from rewards.types import GradeRequest, GradeResult
from rlvr.draws import Draw
from rlvr.errors import ConfigError, RolloutError
from rlvr.grading import RunGraders, legible, request_for
from rlvr.prompts import Prompter
from rlvr.protocols import RolloutEngine
from rlvr.rollout.requests import check_parameters
from rlvr.types import Completion, Group, RolloutRequest, Sample, SamplingParameters


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutConfig:
    """What a step samples.

    prompts: problems per step. n: samples per problem.
    temperature: sampling temperature, by which the learner divides its logits too. Training rejects top_p below 1, and
        top_k or min_p above 0: the probability ratio would compare two different distributions.
    max_tokens: most response tokens, or stages [[from_step, max_tokens], ...] starting at step 0.
    stop: strings that end a response.
    max_batch: rows that the engine decodes at once.
    """

    prompts: int = 16
    n: int = 16
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    max_tokens: int | tuple[tuple[int, int], ...] = 256
    stop: tuple[str, ...] = ()
    max_batch: int = 256

    @property
    def stages(self) -> tuple[tuple[int, int], ...]:
        """(first step, most response tokens) of each stage of the run."""
        return ((0, self.max_tokens),) if isinstance(self.max_tokens, int) else self.max_tokens

    @property
    def longest(self) -> int:
        """Most response tokens over all stages."""
        return max(tokens for _, tokens in self.stages)

    def max_tokens_at(self, step: int) -> int:
        """Response tokens allowed in this step."""
        return next(tokens for start, tokens in reversed(self.stages) if step >= start)

    def sampling_at(self, step: int) -> SamplingParameters:
        return SamplingParameters(
            temperature=self.temperature,
            top_p=self.top_p,
            top_k=self.top_k,
            min_p=self.min_p,
            max_tokens=self.max_tokens_at(step),
            stop=self.stop,
        )


def check_trainable(config: RolloutConfig) -> None:
    """Reject parameters that would bias the ratio, invalid stages, and parameters that no engine supports. Raises
    ConfigError.
    """
    for key, value, neutral in (("top_p", config.top_p, 1.0), ("top_k", config.top_k, 0), ("min_p", config.min_p, 0.0)):
        if value != neutral:
            raise ConfigError(
                f"rollout.{key} is {value}: training refuses it, because tokens would be drawn from a truncated "
                "distribution that the learner's log-probabilities do not have, and every ratio would be biased; "
                f"set rollout.{key}={neutral} (evaluation may use it)"
            )
    stages = config.stages
    starts = [start for start, _ in stages]
    if not stages or starts[0] != 0 or starts != sorted(set(starts)) or min(tokens for _, tokens in stages) < 1:
        raise ConfigError(
            f"rollout.max_tokens is {config.max_tokens}; give at least 1, or stages [[0, n], [step, n], ...] "
            "with rising steps"
        )
    try:
        check_parameters(config.sampling_at(0))
    except RolloutError as error:
        raise ConfigError(f"rollout.{error}") from error


class GroupSampler:
    """Samples and grades whole groups; the collector calls it in each step."""

    def __init__(
        self,
        engine: RolloutEngine,
        *,
        config: RolloutConfig,
        seed: int,
        prompter: Prompter,
        graders: RunGraders,
        shape: Callable[[GradeResult, Completion, int], tuple[float | None, dict[str, float]]],
    ) -> None:
        """
        Args:
            prompter: makes prompts, and the text that is graded.
            graders: of the run.
            shape: the shaped reward of a graded completion and what each term added; its last argument is the
                number of response tokens allowed.
        """
        self._engine = engine
        self._config = config
        self._seed = seed
        self._prompter = prompter
        self._graders = graders
        self._shape = shape
        self._waited = 0.0

    async def sample(self, draws: Sequence[Draw], step: int) -> list[Group]:
        """One group per draw, in draw order."""
        sampling = self._config.sampling_at(step)
        problems = {d.draw_index: d.problem for d in draws}
        requests = [
            RolloutRequest(
                prompt_T=self._prompter.tokens(d.problem),
                sampling=sampling,
                seed=self._seed,
                draw_index=d.draw_index,
                sample_index=g,
            )
            for d in draws
            for g in range(self._config.n)
        ]
        arrived: dict[int, dict[int, _Arrived]] = {d.draw_index: {} for d in draws}
        async for completion in self._engine.generate(requests):
            index, g = completion.request.draw_index, completion.request.sample_index
            problem, group = problems[index], arrived[index]
            group[g] = _Arrived(completion=completion, request=request_for(problem, completion, self._prompter))
            if not self._graders.needs_group(problem):
                (group[g].grade,) = self._graders.grade(problem, [group[g].request])
            elif len(group) == self._config.n:
                whole = [group[k] for k in range(self._config.n)]
                for each, grade in zip(whole, self._graders.grade(problem, [a.request for a in whole]), strict=True):
                    each.grade = grade
        began = time.perf_counter()
        groups = [await self._group(d, arrived[d.draw_index], sampling.max_tokens) for d in draws]
        self._waited += time.perf_counter() - began
        return groups

    def seconds_waited(self) -> float:
        """Seconds since the last call spent waiting for grades alone, after all tokens were sampled."""
        waited, self._waited = self._waited, 0.0
        return waited

    async def _group(self, draw: Draw, arrived: Mapping[int, _Arrived], max_tokens: int) -> Group:
        samples = []
        for _, each in sorted(arrived.items()):
            assert each.grade is not None  # every completion was handed to a grader
            grade = legible(await each.grade)
            reward, shaping = self._shape(grade, each.completion, max_tokens)
            if reward is not None and not math.isfinite(reward):
                grade = GradeResult.ungraded(f"the score {grade.score} is too large: shaped, it is no finite number")
                reward, shaping = None, {}
            samples.append(
                Sample(
                    completion=each.completion,
                    text=each.request.response,
                    grade=grade,
                    reward=reward,
                    shaping=MappingProxyType(shaping),
                )
            )
        return Group(problem=draw.problem, draw_index=draw.draw_index, samples_G=tuple(samples))


@dataclass(slots=True)
class _Arrived:
    """A completion, its grade request, and the pending grade."""

    completion: Completion
    request: GradeRequest
    grade: asyncio.Future[GradeResult] | None = None
