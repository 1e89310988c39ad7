"""Values for tests of the loop: problems, completions, samples and groups with given grades."""

from __future__ import annotations

from collections.abc import Sequence

from data_prep.problem import Problem
from rewards.types import Finish, GradeResult, MathReference
from rlvr.types import Completion, Group, RolloutRequest, Sample, SamplingParameters


def problem(name: str) -> Problem:
    return Problem.make(question=name, reference=MathReference(answer="1"), source="made")


def completion(
    draw: int, index: int, *, prompt: Sequence[int] = (1, 2), tokens: Sequence[int] = (3, 4), version: int = 0,
    finish: Finish = Finish.STOP,
) -> Completion:  # fmt: skip
    request = RolloutRequest(
        prompt_T=tuple(prompt), sampling=SamplingParameters(), seed=0, draw_index=draw, sample_index=index
    )
    return Completion(
        request=request,
        token_ids=tuple(tokens),
        loss_mask=(True,) * len(tokens),
        logprobs=tuple(-0.5 - 0.1 * t for t in range(len(tokens))),
        policy_versions=(version,) * len(tokens),
        finish=finish,
    )


def group(draw: int, scores: Sequence[float | None], *, version: int = 0, name: str | None = None) -> Group:
    """A group whose samples have these scores; None = ungraded."""
    samples = []
    for index, score in enumerate(scores):
        if score is None:
            grade = GradeResult.ungraded("the grader died")
        else:
            grade = GradeResult.correct() if score == 1 else GradeResult.wrong("differs")
        samples.append(
            Sample(completion=completion(draw, index, version=version), text="text", grade=grade, reward=score)
        )
    return Group(problem=problem(name or f"p{draw}"), draw_index=draw, samples_G=tuple(samples))
