"""From draws to graded groups: requests to the engine, the order of groups, shaped rewards."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace

import pytest

from data_prep.problem import Problem
from rewards.spec import RewardSpec
from rewards.types import Finish, GradeResult, MathReference, NoReference, Verdict
from rlvr.draws import Draw
from rlvr.errors import ConfigError
from rlvr.grading import GradingConfig, RunGraders, legible
from rlvr.group_sampling import GroupSampler, RolloutConfig
from rlvr.prompts import Prompter
from rlvr.rollout.scripted import ScriptedEngine
from rlvr.tokenizers import character_tokenizer
from rlvr.types import Completion, Group, RolloutRequest

TOKENIZER = character_tokenizer("0123456789+=<>/answer ")
PROMPTER = Prompter(TOKENIZER, template="plain")
PROBLEMS = [Problem.make(question=f"{i}+1=", reference=MathReference(answer=str(i + 1)), source="sums") for i in (1, 2)]
DRAWS = [Draw(PROBLEMS[0], 7), Draw(PROBLEMS[1], 4), Draw(PROBLEMS[0], 9)]
SEED, STAGES = 11, ((0, 24), (3, 30))


class Backwards(ScriptedEngine):
    """Completions arrive in the opposite order; what was asked is kept."""

    asked: tuple[RolloutRequest, ...] = ()

    async def generate(self, requests_P: Sequence[RolloutRequest]) -> AsyncIterator[Completion]:  # noqa: N803
        self.asked = tuple(requests_P)
        for completion in reversed([c async for c in super().generate(requests_P)]):
            yield completion


def answer(request: RolloutRequest) -> str:
    """Sample 0 answers 2, sample 1 answers 3, sample 2 never comes to an end."""
    return f"<answer>{request.sample_index + 2}</answer>" if request.sample_index < 2 else "1" * 40


@pytest.fixture(scope="module")
def graders() -> Iterator[RunGraders]:
    config = GradingConfig(workers=1, deadline=20.0)
    with RunGraders(RewardSpec.named("math", policy="strict"), PROBLEMS, config) as opened:
        yield opened


@pytest.mark.parametrize(
    ("reward", "says"),
    [
        (RewardSpec.named("math"), "1 of 3 problems, .* the row has no reference"),
        (RewardSpec.named("choice"), "3 of 3 problems, .* needs a reference of type choice, not math"),
        (None, "1 of 3 problems, .* the row has no reference"),
    ],
)
def test_problems_that_the_reward_cannot_judge_are_known_before_anything_is_sampled(
    reward: RewardSpec | None, says: str
) -> None:
    bare = Problem.make(question="3+1=", reference=NoReference(), source="sums")
    problems = [replace(problem, reward="math") for problem in (*PROBLEMS, bare)]
    with RunGraders(reward, problems, GradingConfig(workers=1)) as opened, pytest.raises(ConfigError, match=says):
        opened.check_references(problems)


def test_problems_that_the_reward_can_judge_are_not_refused(graders: RunGraders) -> None:
    graders.check_references(PROBLEMS)


def sampled(graders: RunGraders, step: int) -> tuple[list[Group], Backwards, list[tuple[GradeResult, Completion, int]]]:
    """The groups of a step, the engine that was asked, and what was given to the shaping of rewards."""
    engine, shaped = Backwards(answer, TOKENIZER), []

    def shape(grade: GradeResult, completion: Completion, limit: int) -> tuple[float | None, dict[str, float]]:
        shaped.append((grade, completion, limit))
        return 10.0 * (grade.score or 0.0) + completion.request.sample_index, {"place": 1.0}

    config = RolloutConfig(prompts=3, n=3, temperature=0.7, max_tokens=STAGES)
    sampler = GroupSampler(engine, config=config, seed=SEED, prompter=PROMPTER, graders=graders, shape=shape)
    return asyncio.run(sampler.sample(DRAWS, step)), engine, shaped


def test_each_sample_is_asked_for_with_the_seed_the_draw_and_its_own_number(graders: RunGraders) -> None:
    _, engine, _ = sampled(graders, 1)
    assert [(r.draw_index, r.sample_index) for r in engine.asked] == [(d, g) for d in (7, 4, 9) for g in range(3)]
    assert {r.seed for r in engine.asked} == {SEED}
    assert {r.sampling.temperature for r in engine.asked} == {0.7}
    assert [r.prompt_T for r in engine.asked[::3]] == [PROMPTER.tokens(d.problem) for d in DRAWS]


def test_groups_stand_in_the_order_of_the_draws_and_samples_in_that_of_their_numbers(graders: RunGraders) -> None:
    groups, _, _ = sampled(graders, 1)
    assert [(g.draw_index, g.problem) for g in groups] == [(d.draw_index, d.problem) for d in DRAWS]
    for group in groups:
        assert [s.completion.request.sample_index for s in group.samples_G] == [0, 1, 2]
        assert {s.completion.request.draw_index for s in group.samples_G} == {group.draw_index}


def test_each_sample_has_the_grade_of_its_own_text_on_its_own_problem(graders: RunGraders) -> None:
    groups, _, _ = sampled(graders, 1)
    assert [[s.grade.score for s in g.samples_G] for g in groups] == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    assert groups[0].samples_G[1].text == "<answer>3</answer>"


def test_the_shaped_reward_is_kept_beside_the_grade(graders: RunGraders) -> None:
    groups, _, _ = sampled(graders, 1)
    assert [s.reward for s in groups[1].samples_G] == [0.0, 11.0, 2.0]
    assert all(dict(s.shaping) == {"place": 1.0} for g in groups for s in g.samples_G)


def test_a_reward_that_shaping_makes_too_large_for_a_number_is_none(graders: RunGraders) -> None:
    def shape(grade: GradeResult, completion: Completion, limit: int) -> tuple[float | None, dict[str, float]]:
        del limit
        return (math.inf if completion.request.sample_index == 1 else grade.score), {"linear": math.inf}

    config = RolloutConfig(prompts=3, n=3, max_tokens=STAGES)
    engine = ScriptedEngine(answer, TOKENIZER)
    sampler = GroupSampler(engine, config=config, seed=SEED, prompter=PROMPTER, graders=graders, shape=shape)
    groups = asyncio.run(sampler.sample(DRAWS, 1))
    assert [[s.reward for s in g.samples_G] for g in groups] == [[1.0, None, 0.0], [0.0, None, 0.0], [1.0, None, 0.0]]
    for group in groups:
        assert group.samples_G[1].grade.reason.endswith("is too large: shaped, it is no finite number")
        assert group.samples_G[1].grade.score is None
        assert not group.samples_G[1].shaping


def test_half_a_character_in_a_grade_becomes_one_that_files_hold_and_other_grades_stay_as_they_are() -> None:
    harmed = GradeResult(
        score=1.0,
        verdict=Verdict.CORRECT,
        extracted="7\ud800",
        reason="\udfff😀",
        parts={"\ud800": 0.5},
        details={"seen": ["\ud800"]},
        seconds=0.25,
    )
    found = legible(harmed)
    assert found.to_dict() == {
        **harmed.to_dict(),
        "extracted": "7\ufffd",
        "reason": "\ufffd😀",
        "parts": {"\ufffd": 0.5},
        "details": {"seen": ["\ufffd"]},
    }
    assert legible(found) is found


@pytest.mark.parametrize(("step", "limit"), [(1, 24), (2, 24), (3, 30), (8, 30)])
def test_the_limit_on_tokens_is_that_of_the_stage_for_engine_and_reward(
    graders: RunGraders, step: int, limit: int
) -> None:
    groups, engine, shaped = sampled(graders, step)
    assert {r.sampling.max_tokens for r in engine.asked} == {limit}
    assert {given for _, _, given in shaped} == {limit}
    cut_off = groups[0].samples_G[2].completion
    assert (len(cut_off.token_ids), cut_off.finish) == (limit, Finish.LENGTH)
