"""Evaluate an engine on problems: sample, grade each response the moment it is there, and summarise.

In-training evaluation and `rlvr eval` are this one function. A response is graded by its problem's own reward, by
`format`, and, where the problem has a math answer, by `math` twice: the same text under the strict and under the
lenient policy. Generation runs on the compute thread and grading in worker processes, so the two overlap.

The random numbers of a sample come from (seed, index of the problem in the set, sample index): two models evaluated
with one seed see the same numbers, and completion order changes nothing.

Example:
    sampling = SamplingParameters(temperature=0.0, max_tokens=512)
    with EvaluationGraders.open("math") as graders:
        found = await evaluate(problems, engine, graders.grade, encode=encode, decode=decode, sampling=sampling)
    print(found.accuracy, found.metric("strict").interval)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from data_prep.problem import Problem
from rewards.types import GradeRequest, GradeResult, MathReference, Policy
from rlvr.errors import ConfigError, RolloutError
from rlvr.evaluation.result import EvaluatedSample, Evaluation, summarise
from rlvr.protocols import RolloutEngine
from rlvr.types import Completion, RolloutRequest, SamplingParameters

Grade: TypeAlias = Callable[[str, GradeRequest], "Future[GradeResult]"]
"""Hands one request to the reward of that name and returns at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalConfig:
    """What is measured during a run, and how.

    sets: names of known sets (gsm8k, math500, aime24, ...) or files of problems.
    every: steps between two evaluations; 0 = none.
    greedy: whether the greedy answer is measured.
    samples: sampled responses a problem, for avg@k, pass@k and maj@k; 0 = none.
    temperature, top_p: of the sampled responses.
    max_tokens: response tokens at most; null = as many as in training.
    limit: the first so many problems of each set; null = all.
    seed: of the sampled responses and of the intervals; it shares no random numbers with a run of the same seed.
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
        """(name, samples, sampling) of each way in which a set is answered: greedy, sampled."""
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
    encode: Callable[[Problem], Sequence[int]],
    decode: Callable[[Sequence[int]], str],
    sampling: SamplingParameters,
    samples: int = 1,
    seed: int = 0,
    reward: str = "math",
    on_sample: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Sample every problem `samples` times, grade, and summarise.

    Args:
        grade: hands a request to the reward of a name; `EvaluationGraders.grade` is one.
        encode: the prompt tokens of a problem, template applied. decode: the text of response tokens.
        reward: the reward of problems that name none.
        on_sample: called with (responses so far, responses in all) as they arrive.

    Raises:
        ConfigError: no problems, or samples below 1.
        RolloutError: the engine does not return one completion a request.
    """
    if not problems:
        raise ConfigError("there are no problems to evaluate; check the set, its file and the limit")
    if samples < 1:
        raise ConfigError(f"samples is {samples}; draw at least 1 a problem")
    prompts = [tuple(encode(problem)) for problem in problems]
    own_seed = rollout_seed(seed)
    requests = [
        RolloutRequest(prompt_T=prompt, sampling=sampling, seed=own_seed, draw_index=index, sample_index=k)
        for index, prompt in enumerate(prompts)
        for k in range(samples)
    ]
    arrived: dict[tuple[int, int], tuple[Completion, str, _Pending]] = {}
    try:
        async for completion in engine.generate(requests):
            place = (completion.request.draw_index, completion.request.sample_index)
            problem, text = problems[place[0]], decode(completion.token_ids)
            arrived[place] = (completion, text, _submit(grade, problem, completion, text, reward))
            if on_sample is not None:
                on_sample(len(arrived), len(requests))
        if len(arrived) != len(requests):
            raise RolloutError(f"the engine returned {len(arrived)} completions for {len(requests)} requests")
        graded = [
            EvaluatedSample(
                problem=problems[index],
                problem_index=index,
                sample_index=k,
                prompt=decode(prompts[index]),
                response=text,
                tokens=len(completion.token_ids),
                finish=completion.finish,
                reward=problems[index].reward or reward,
                grade=await asyncio.wrap_future(pending.own),
                strict=await _correctness(pending.strict),
                lenient=await _correctness(pending.lenient),
                format=await _correctness(pending.format),
            )
            for (index, k), (completion, text, pending) in arrived.items()
        ]
    except BaseException:
        for _, _, pending in arrived.values():  # what waits in the pool would hold up the next user of it
            pending.cancel()
        raise
    return summarise(graded, problems, samples=samples, temperature=sampling.temperature, seed=seed)


def rollout_seed(seed: int) -> int:
    """The seed of evaluation's random numbers: apart from those of a training run with the same seed."""
    return int(np.random.SeedSequence([seed, 0x6576616C]).generate_state(1)[0])  # "eval"


@dataclass(frozen=True, slots=True)
class _Pending:
    """The grades of one response, on their way."""

    own: Future[GradeResult]
    strict: Future[GradeResult] | None
    lenient: Future[GradeResult] | None
    format: Future[GradeResult]

    def cancel(self) -> None:
        for future in (self.own, self.strict, self.lenient, self.format):
            if future is not None:
                future.cancel()


def _submit(grade: Grade, problem: Problem, completion: Completion, text: str, reward: str) -> _Pending:
    request = GradeRequest(
        messages=problem.messages,
        response=text,
        reference=problem.reference,
        finish=completion.finish,
        metadata=MappingProxyType({"tokens": len(completion.token_ids), "source": problem.source}),
        problem_id=problem.id,
        group_id=str(completion.request.draw_index),
        sample_id=completion.request.sample_index,
    )
    reference = problem.reference

    def under(policy: Policy) -> Future[GradeResult] | None:
        if not isinstance(reference, MathReference):
            return None
        return grade("math", replace(request, reference=replace(reference, policy=policy)))

    return _Pending(
        own=grade(problem.reward or reward, request),
        strict=under("strict"),
        lenient=under("lenient"),
        format=grade("format", request),
    )


async def _correctness(future: Future[GradeResult] | None) -> float | None:
    return None if future is None else (await asyncio.wrap_future(future)).correctness
