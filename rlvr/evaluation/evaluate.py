"""Evaluate an engine on problems: sample, grade each response as soon as it arrives, and summarise.

In-training evaluation and `rlvr eval` share this function. Generation runs on the compute thread and grading in worker
processes, so the two overlap; `rlvr.evaluation.graders` defines how responses are graded.

The random numbers of a sample come from (seed, index of the problem in the set, sample index): two models evaluated
with one seed use the same numbers, and completion order does not matter.

Example:
    sampling = SamplingParameters(temperature=0.0, max_tokens=512)
    found = await evaluate(problems, engine, graders, prompter=prompter, sampling=sampling)
    print(found.accuracy, found.metric("strict").interval)
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from data_prep.problem import Problem
from rewards.types import GradeRequest
from rlvr.errors import ConfigError, RolloutError
from rlvr.evaluation.graders import Grade, SampleGrades
from rlvr.evaluation.result import EvaluatedSample, Evaluation, summarise
from rlvr.grading import legible, request_for
from rlvr.prompts import Prompter
from rlvr.protocols import RolloutEngine
from rlvr.types import Completion, RolloutRequest, SamplingParameters


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalConfig:
    """Evaluation during a run.

    sets: names of known sets (gsm8k, math500, aime24, ...) or files of problems.
    every: steps between evaluations; 0 = no evaluation.
    greedy: whether to evaluate greedy responses.
    samples: sampled responses per problem, for avg@k, pass@k and maj@k; 0 = none.
    temperature, top_p: of the sampled responses.
    max_tokens: most response tokens; null = the most that training allows.
    limit: use the first `limit` problems of each set; null = all.
    seed: for sampled responses and intervals; independent of the random numbers of a run with the same seed.
    """

    sets: tuple[str, ...] = ()
    every: int = 10
    greedy: bool = True
    samples: int = 1
    temperature: float = 1.0
    top_p: float = 1.0
    max_tokens: int | None = None
    limit: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for key, value, least in (("every", self.every, 0), ("samples", self.samples, 0), ("seed", self.seed, 0)):
            if value < least:
                raise ConfigError(f"eval.{key} is {value}; it must be at least {least}")
        for key, bound in (("max_tokens", self.max_tokens), ("limit", self.limit)):
            if bound is not None and bound < 1:
                raise ConfigError(f"eval.{key} is {bound}; it must be at least 1, or null")
        if not 0.0 < self.top_p <= 1.0:
            raise ConfigError(f"eval.top_p is {self.top_p}; it must lie above 0 and be at most 1")
        if not 0.0 <= self.temperature < math.inf:
            raise ConfigError(f"eval.temperature is {self.temperature}; it must be finite and at least 0")
        if self.samples and not self.temperature > 0.0:
            raise ConfigError(
                f"eval.temperature is {self.temperature} but eval.samples is {self.samples}: samples at temperature 0 "
                "are all the greedy answer; set eval.greedy=true and eval.samples=0, or a temperature above 0"
            )
        if self.sets and self.every and not self.greedy and not self.samples:
            raise ConfigError(
                "eval.greedy is false and eval.samples is 0: nothing is measured; set one, or eval.every=0"
            )

    def regimes(self, *, max_tokens: int, stop: tuple[str, ...]) -> Iterator[tuple[str, int, SamplingParameters]]:
        """(name, samples, sampling) of each way to answer a set: greedy, sampled."""
        length = self.max_tokens or max_tokens
        if self.greedy:
            yield "greedy", 1, SamplingParameters(temperature=0.0, max_tokens=length, stop=stop)
        if self.samples:
            sampling = SamplingParameters(temperature=self.temperature, top_p=self.top_p, max_tokens=length, stop=stop)
            yield "sampled", self.samples, sampling


async def evaluate(
    problems: Sequence[Problem],
    engine: RolloutEngine,
    grade: Grade,
    *,
    prompter: Prompter,
    sampling: SamplingParameters,
    samples: int = 1,
    seed: int = 0,
    on_sample: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Sample every problem `samples` times, grade, and summarise.

    Args:
        grade: `EvaluationGraders`, or anything else that grades the responses to a problem.
        prompter: makes the prompts and the text to grade.
        seed: for the sampled tokens and the bootstrap intervals.
        on_sample: called with (responses so far, responses in all) as they arrive.

    Raises:
        ConfigError: no problems, or samples below 1.
        RolloutError: a prompt that does not fit, or an engine that does not return one completion per request.
    """
    if not problems:
        raise ConfigError("there are no problems to evaluate; check the set, its file and the limit")
    if samples < 1:
        raise ConfigError(f"samples is {samples}; draw at least 1 a problem")
    own_seed = rollout_seed(seed)
    requests = [
        RolloutRequest(
            prompt_T=prompter.tokens(problem), sampling=sampling, seed=own_seed, draw_index=index, sample_index=k
        )
        for index, problem in enumerate(problems)
        for k in range(samples)
    ]
    arrived: list[dict[int, Completion]] = [{} for _ in problems]
    tasks: list[asyncio.Task[list[EvaluatedSample]]] = []
    done = 0
    try:
        async for completion in engine.generate(requests):
            index = completion.request.draw_index
            problem, group = problems[index], arrived[index]
            group[completion.request.sample_index] = completion
            done += 1
            if not grade.needs_group(problem):
                tasks.append(asyncio.create_task(_graded(problem, index, [completion], grade, prompter)))
            elif len(group) == samples:
                whole = [group[k] for k in range(samples)]
                tasks.append(asyncio.create_task(_graded(problem, index, whole, grade, prompter)))
            if on_sample is not None:
                on_sample(done, len(requests))
        if done != len(requests) or any(len(group) != samples for group in arrived):
            raise RolloutError(f"the engine returned {done} completions for {len(requests)} requests, not one for each")
        graded = [sample for part in await asyncio.gather(*tasks) for sample in part]
    except BaseException:  # cancellation and interrupts too; re-raised
        for task in tasks:  # pending grades would delay the next user of the pool
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
    return summarise(graded, problems, samples=samples, temperature=sampling.temperature, seed=seed)


def rollout_seed(seed: int) -> int:
    """The seed of evaluation's random numbers, distinct from those of a training run with the same seed."""
    return int(np.random.SeedSequence([seed, 0x6576616C]).generate_state(1)[0])  # "eval"


async def _graded(
    problem: Problem, index: int, completions: Sequence[Completion], grade: Grade, prompter: Prompter
) -> list[EvaluatedSample]:
    requests = [request_for(problem, completion, prompter) for completion in completions]
    grades = await grade(problem, requests)
    prompt = prompter.text(problem)
    return [_sample(problem, index, prompt, *row) for row in zip(completions, requests, grades, strict=True)]


def _sample(
    problem: Problem, index: int, prompt: str, completion: Completion, request: GradeRequest, grades: SampleGrades
) -> EvaluatedSample:
    return EvaluatedSample(
        problem=problem,
        problem_index=index,
        sample_index=completion.request.sample_index,
        prompt=prompt,
        response=request.response,
        tokens=len(completion.token_ids),
        finish=completion.finish,
        reward=grades.reward,
        grade=legible(grades.own),
        strict=None if grades.strict is None else grades.strict.correctness,
        lenient=None if grades.lenient is None else grades.lenient.correctness,
        format=grades.format.correctness,
    )
