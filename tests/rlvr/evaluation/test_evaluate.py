"""Evaluation of an engine: its requests, how responses are graded, and what is reported."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from data_prep.problem import Problem
from rewards import GradingUnavailable
from rewards.spec import RewardSpec
from rewards.types import AnyOf, CountdownReference, Finish, GradeRequest, MathReference, NoReference
from rlvr.errors import ConfigError, RolloutError
from rlvr.evaluation.evaluate import EvalConfig, evaluate, rollout_seed
from rlvr.evaluation.graders import EvaluationGraders, SampleGrades
from rlvr.evaluation.metrics import Interval
from rlvr.evaluation.result import Evaluation, compare
from rlvr.grading import GradingConfig, RunGraders
from rlvr.prompts import Prompter
from rlvr.rollout.scripted import ScriptedEngine
from rlvr.tokenizers import character_tokenizer
from rlvr.types import Completion, RolloutRequest, SamplingParameters

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789 +-*/=?.,:;<>\\{}#'\n"
TOKENIZER = character_tokenizer(LETTERS)
PROMPTER = Prompter(TOKENIZER, template="plain")
GRADING = GradingConfig(workers=1, deadline=10.0)
SAMPLING = SamplingParameters(max_tokens=80)


def sums(count: int) -> list[Problem]:
    return [
        Problem.make(question=f"{i}+1=", reference=MathReference(answer=str(i + 1)), source="sums")
        for i in range(count)
    ]


@pytest.fixture(scope="module")
def math_graders() -> Iterator[EvaluationGraders]:
    reward = RewardSpec.named("math", policy="strict")
    with (
        RunGraders(reward, sums(1), GRADING) as own,
        EvaluationGraders(own, reward, sums(1), GRADING) as graders,
    ):
        yield graders


def run(
    problems: Sequence[Problem],
    script: Sequence[str] | Callable[[RolloutRequest], str],
    graders: EvaluationGraders,
    samples: int = 1,
) -> Evaluation:
    return asyncio.run(
        evaluate(
            problems,
            ScriptedEngine(script, TOKENIZER),
            graders,
            prompter=PROMPTER,
            sampling=SAMPLING,
            samples=samples,
            seed=3,
        )
    )


def test_graders_that_cannot_start_are_known_before_anything_is_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    with RunGraders(RewardSpec.named("format"), sums(1), GRADING) as own:
        monkeypatch.setattr(sys, "executable", "/bin/false")
        with pytest.raises(GradingUnavailable, match="workers that grade with math"):
            EvaluationGraders(own, RewardSpec.named("format"), sums(1), GRADING)


def test_one_text_is_judged_under_both_policies_and_by_its_own_reward(math_graders: EvaluationGraders) -> None:
    texts = ["the answer is \\boxed{1}", "the answer is 1", "<think>0+1</think><answer>1</answer>", "\\boxed{7}"]
    found = run(sums(1), texts, math_graders, samples=4)
    assert [s.strict for s in found.samples_S] == [1.0, 0.0, 1.0, 0.0]
    assert [s.lenient for s in found.samples_S] == [1.0, 1.0, 1.0, 0.0]
    assert [s.format for s in found.samples_S] == [0.0, 0.0, 1.0, 0.0]
    assert [s.grade.correctness for s in found.samples_S] == [1.0, 0.0, 1.0, 0.0]  # the run's own is strict
    assert found.accuracy == found.metric("strict").mean == 0.5
    assert found.metric("lenient").mean == 0.75
    assert found.metric("format").mean == 0.25


def test_the_policy_of_a_row_does_not_decide_what_is_reported_as_strict(math_graders: EvaluationGraders) -> None:
    lenient = [Problem.make(question="0+1=", reference=MathReference(answer="1", policy="lenient"))]
    found = run(lenient, ["the answer is 1"], math_graders)
    assert (found.metric("strict").mean, found.metric("lenient").mean) == (0.0, 1.0)
    assert found.accuracy == 1.0  # its own grade follows its own row


def test_pass_and_majority_come_from_the_samples_of_each_problem(math_graders: EvaluationGraders) -> None:
    right = {0: 4, 1: 2, 2: 0}  # right samples of four, by problem

    def script(request: RolloutRequest) -> str:
        answer = request.draw_index + 1 if request.sample_index < right[request.draw_index] else 50
        return f"\\boxed{{{answer}}}"

    found = run(sums(3), script, math_graders, samples=4)
    assert [m.name for m in found.metrics][:5] == ["avg@4", "pass@1", "pass@2", "pass@4", "maj@4"]
    assert found.metric("avg@4").values_P == (1.0, 0.5, 0.0)
    assert found.metric("pass@2").values_P == (1.0, pytest.approx(1 - 1 / 6), 0.0)
    assert found.metric("pass@4").values_P == (1.0, 1.0, 0.0)
    assert found.metric("maj@4").values_P == (1.0, 0.5, 0.0)
    assert found.pass_rates() == [(p.id, rate) for p, rate in zip(sums(3), (1.0, 0.5, 0.0), strict=True)]


def test_a_reward_that_extracts_no_answer_has_no_majority_not_even_where_nothing_is_right() -> None:
    # `format` judges without extracting: a vote over the wrong problems alone would be a majority of 0
    problems = [replace(problem, reward="format") for problem in sums(2)]
    with RunGraders(None, problems, GRADING) as own, EvaluationGraders(own, None, problems, GRADING) as graders:
        texts = ["<think>a</think><answer>1</answer>", "no"]
        found = run(problems, lambda r: texts[r.draw_index], graders, samples=2)
    assert found.metric("avg@2").values_P == (1.0, 0.0)
    assert not any(metric.name.startswith("maj") for metric in found.metrics)


def test_a_single_response_needs_no_vote(math_graders: EvaluationGraders) -> None:
    names = [m.name for m in run(sums(2), ["\\boxed{1}"], math_graders).metrics]
    assert names[:2] == ["avg@1", "pass@1"]
    assert not any(name.startswith("maj") for name in names)


def test_cut_off_responses_and_lengths_are_counted_in_tokens(math_graders: EvaluationGraders) -> None:
    found = run(sums(2), lambda r: "\\boxed{1}" if r.draw_index == 0 else "x" * 200, math_graders)
    assert [s.tokens for s in found.samples_S] == [10, 80]  # the end token counts
    assert [s.finish for s in found.samples_S] == [Finish.STOP, Finish.LENGTH]
    assert found.truncated == 0.5
    assert (found.lengths.mean, found.lengths.longest) == (45.0, 80)


def test_problems_of_other_kinds_have_no_strict_and_lenient_grade() -> None:
    problems = [
        Problem.make(
            question="use 2 and 3", reference=CountdownReference(numbers=(2, 3), target=6), reward="countdown"
        ),
        Problem.make(question="0+1=", reference=MathReference(answer="1"), reward="math"),
    ]
    texts = ["<think>.</think><answer>2*3</answer>", "the answer is 1"]
    with RunGraders(None, problems, GRADING) as own, EvaluationGraders(own, None, problems, GRADING) as graders:
        found = run(problems, lambda r: texts[r.draw_index], graders)
    assert [s.strict for s in found.samples_S] == [None, 0.0]
    assert found.metric("strict").values_P == (None, 0.0)
    assert found.metric("avg@1").values_P[0] == 1.0
    assert [s.reward.partition("@")[0] for s in found.samples_S] == ["countdown", "math"]


REWARDS = """
from rewards import reward

@reward("sometimes", correctness=True)
def sometimes(request):
    return None if "skip" in request.response else "1" in request.response

@reward("long")
def long(request):
    return len(request.response)

@reward("rank", batched=True)
def rank(requests):
    longest = max(len(r.response) for r in requests)
    return [float(len(r.response) == longest) for r in requests]
"""


@pytest.fixture(scope="module")
def own_rewards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rewards") / "own_rewards.py"
    path.write_text(REWARDS)
    return path


def with_own(path: Path, name: str, problems: Sequence[Problem], script: Sequence[str], samples: int) -> Evaluation:
    reward = RewardSpec.named(f"{path}:{name}")
    with (
        RunGraders(reward, problems, GRADING) as own,
        EvaluationGraders(own, reward, problems, GRADING) as graders,
    ):
        return run(problems, script, graders, samples=samples)


def test_ungraded_samples_are_counted_and_left_out_of_the_accuracy(own_rewards: Path) -> None:
    problems = [Problem.make(question=q, reference=NoReference()) for q in ("a", "b")]
    found = with_own(own_rewards, "sometimes", problems, ["1", "skip", "0", "skip"], samples=4)
    assert found.ungraded == 0.5
    assert found.accuracy == 0.5
    assert found.metric("pass@2").mean == 1.0
    assert "pass@4" not in {m.name for m in found.metrics}  # no problem has four graded samples
    assert found.summary()["ungraded"] == 0.5


def test_a_set_that_cannot_be_graded_at_all_has_no_accuracy(own_rewards: Path) -> None:
    found = with_own(own_rewards, "sometimes", [Problem.make(question="a", reference=NoReference())], ["skip"], 1)
    assert found.accuracy is None
    assert found.ungraded == 1.0
    assert found.step_metrics("eval/x_")["eval/x_accuracy"] is None


def test_a_reward_without_right_and_wrong_reports_its_score(own_rewards: Path) -> None:
    found = with_own(own_rewards, "long", [Problem.make(question="a", reference=NoReference())], ["xx", "xxxx"], 2)
    assert {m.name for m in found.metrics} == {"format", "score"}
    assert found.metric("score").mean == 3.0


def test_a_reward_that_compares_gets_all_samples_of_a_problem_at_once(own_rewards: Path) -> None:
    found = with_own(own_rewards, "rank", [Problem.make(question="a", reference=NoReference())], ["x", "xxx", "xx"], 3)
    assert [s.grade.score for s in found.samples_S] == [0.0, 1.0, 0.0]


class Reversed:
    """An engine whose completions arrive in the opposite order."""

    version = 0

    def __init__(self, inner: ScriptedEngine) -> None:
        self._inner = inner

    async def generate(self, requests: Sequence[RolloutRequest]) -> AsyncIterator[Completion]:
        for completion in [c async for c in self._inner.generate(requests)][::-1]:
            yield completion


def test_the_order_of_completion_changes_nothing(math_graders: EvaluationGraders) -> None:
    def script(request: RolloutRequest) -> str:
        return f"\\boxed{{{(request.draw_index * 7 + request.sample_index * 3) % 5}}}"

    def measured(engine: object) -> Evaluation:
        return asyncio.run(
            evaluate(sums(4), engine, math_graders, prompter=PROMPTER, sampling=SAMPLING, samples=3)  # type: ignore[arg-type]
        )

    one, other = measured(ScriptedEngine(script, TOKENIZER)), measured(Reversed(ScriptedEngine(script, TOKENIZER)))
    assert one.metrics == other.metrics
    assert [(s.problem_index, s.sample_index, s.response) for s in one.samples_S] == [
        (s.problem_index, s.sample_index, s.response) for s in other.samples_S
    ]


class Notes:
    """Grades through others and notes when it was asked."""

    def __init__(self, inner: EvaluationGraders, log: list[str], fail: bool = False) -> None:
        self._inner, self._log, self._fail = inner, log, fail

    def needs_group(self, problem: Problem) -> bool:
        return self._inner.needs_group(problem)

    async def __call__(self, problem: Problem, requests: Sequence[GradeRequest]) -> list[SampleGrades]:
        self._log.append("asked")
        if self._fail:
            raise RolloutError("the graders are gone")
        return await self._inner(problem, requests)


def test_grading_begins_while_the_engine_still_generates(math_graders: EvaluationGraders) -> None:
    log: list[str] = []
    engine = ScriptedEngine(["\\boxed{1}"], TOKENIZER, seconds=0.01)
    asyncio.run(
        evaluate(
            sums(5),
            engine,
            Notes(math_graders, log),
            prompter=PROMPTER,
            sampling=SAMPLING,
            on_sample=lambda done, total: log.append(f"{done}/{total}"),
        )
    )
    assert log.index("asked") < log.index("3/5")
    assert log.count("asked") == 5


def test_a_failure_while_grading_is_raised_and_leaves_no_task_behind(math_graders: EvaluationGraders) -> None:
    async def attempt() -> int:
        with pytest.raises(RolloutError, match="the graders are gone"):
            await evaluate(
                sums(3),
                ScriptedEngine(["1"], TOKENIZER),
                Notes(math_graders, [], fail=True),
                prompter=PROMPTER,
                sampling=SAMPLING,
            )
        return len(asyncio.all_tasks())

    assert asyncio.run(attempt()) == 1


class Forgetful(Reversed):
    """An engine that loses a completion."""

    async def generate(self, requests: Sequence[RolloutRequest]) -> AsyncIterator[Completion]:
        async for completion in self._inner.generate(requests[1:]):
            yield completion


def test_an_engine_that_loses_a_completion_is_an_error(math_graders: EvaluationGraders) -> None:
    engine = Forgetful(ScriptedEngine(["1"], TOKENIZER))
    with pytest.raises(RolloutError, match="2 completions for 3 requests"):
        asyncio.run(evaluate(sums(3), engine, math_graders, prompter=PROMPTER, sampling=SAMPLING))  # type: ignore[arg-type]


def test_what_the_template_prefilled_is_graded_with_the_response(math_graders: EvaluationGraders) -> None:
    tokenizer = character_tokenizer(LETTERS + "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    prompter = Prompter(tokenizer, template="r1_zero_prefilled")
    engine = ScriptedEngine(["0+1</think><answer>1</answer>"], tokenizer)
    found = asyncio.run(evaluate(sums(1), engine, math_graders, prompter=prompter, sampling=SAMPLING))
    assert found.samples_S[0].response == "<think>0+1</think><answer>1</answer>"
    assert found.metric("format").mean == 1.0
    assert found.samples_S[0].prompt.endswith("<think>")


def test_nothing_to_evaluate_is_an_error(math_graders: EvaluationGraders) -> None:
    with pytest.raises(ConfigError, match="no problems"):
        run([], ["1"], math_graders)
    with pytest.raises(ConfigError, match="samples is 0"):
        run(sums(1), ["1"], math_graders, samples=0)


def test_evaluation_shares_no_random_numbers_with_training() -> None:
    assert rollout_seed(0) != 0
    assert len({rollout_seed(s) for s in range(100)} | set(range(100))) == 200


def test_summary_and_rows_are_json(math_graders: EvaluationGraders) -> None:
    found = run(sums(2), ["\\boxed{1}"], math_graders)
    assert json.loads(json.dumps(found.summary(), allow_nan=False))["metrics"]["avg@1"] == {
        "mean": 0.5,
        "low": 0.0,
        "high": 1.0,
        "problems": 2,
    }
    row = json.loads(json.dumps(found.samples_S[0].to_dict(), allow_nan=False))
    contract = {"id", "sample", "score", "correctness", "verdict", "extracted", "reason", "parts", "seconds", "reward"}
    assert contract <= row.keys()
    assert row["reward"].startswith("math@")


def test_a_rate_of_zero_is_no_certainty_and_a_constant_score_says_nothing_of_others(
    math_graders: EvaluationGraders,
) -> None:
    found = run(sums(4), ["\\boxed{99}"], math_graders)
    rate, score = found.metric("avg@1").interval, found.metric("score").interval
    assert rate is not None
    assert rate.low == 0.0 < 0.4 < rate.high < 0.6
    assert score == Interval(0.0, 0.0)


def test_step_metrics_name_the_accuracy_without_the_number_of_samples(math_graders: EvaluationGraders) -> None:
    found = run(sums(2), ["\\boxed{1}", "\\boxed{2}"], math_graders, samples=2)
    line = found.step_metrics("eval/sums/sampled_")
    assert line["eval/sums/sampled_accuracy"] == 0.5
    assert line["eval/sums/sampled_pass@2"] == 1.0
    assert line["eval/sums/sampled_length_mean"] == 10.0
    assert not any("avg@" in name for name in line)


def test_differences_are_paired_by_problem(math_graders: EvaluationGraders) -> None:
    problems = sums(6)
    base = run(problems, lambda r: f"\\boxed{{{r.draw_index + 1 if r.draw_index < 3 else 0}}}", math_graders)
    model = run(problems, lambda r: f"\\boxed{{{r.draw_index + 1 if r.draw_index < 5 else 0}}}", math_graders)
    found = compare(model, base)["avg@1"]
    assert found.mean == pytest.approx(1 / 3)
    assert found.problems == 6
    assert 0.0 <= found.interval.low < 1 / 3 < found.interval.high <= 1.0
    # In another order, and with problems that only one of them has, each is still compared with itself.
    shuffled = run(
        problems[1:][::-1], lambda r: f"\\boxed{{{6 - r.draw_index if r.draw_index > 2 else 0}}}", math_graders
    )
    assert shuffled.metric("avg@1").values_P == (0.0, 0.0, 0.0, 1.0, 1.0)
    assert compare(model, shuffled)["avg@1"].problems == 5
    assert compare(model, shuffled)["avg@1"].mean == pytest.approx(2 / 5)


def test_a_constant_difference_has_an_interval_of_no_width(math_graders: EvaluationGraders) -> None:
    model = run(sums(5), lambda r: f"\\boxed{{{r.draw_index + 1}}}", math_graders)
    base = run(sums(5), ["\\boxed{99}"], math_graders)
    found = compare(model, base)["avg@1"]
    assert (found.interval.low, found.interval.high) == (1.0, 1.0)


def test_the_same_problem_twice_is_two_problems(math_graders: EvaluationGraders) -> None:
    problems = [*sums(1), *sums(1)]
    found = run(problems, lambda r: f"\\boxed{{{r.draw_index + 1}}}", math_graders)
    assert found.metric("avg@1").values_P == (1.0, 0.0)
    assert compare(found, found)["avg@1"].problems == 2


def test_references_of_several_answers_reach_both_policies(math_graders: EvaluationGraders) -> None:
    problem = Problem.make(question="a", reference=MathReference(answer=AnyOf(("1", "one"))))
    found = run([problem], ["\\boxed{1}"], math_graders)
    assert (found.metric("strict").mean, found.metric("lenient").mean) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"every": -1}, "eval.every is -1"),
        ({"samples": -1}, "eval.samples is -1"),
        ({"limit": 0}, "eval.limit is 0"),
        ({"max_tokens": 0}, "eval.max_tokens is 0"),
        ({"top_p": 0.0}, "eval.top_p is 0.0"),
        ({"temperature": 0.0, "samples": 2}, "eval.temperature is 0.0 but eval.samples is 2"),
        ({"sets": ("gsm8k",), "greedy": False, "samples": 0}, "eval.greedy is false and eval.samples is 0"),
    ],
)
def test_a_config_that_cannot_hold_is_refused_with_its_keys(keys: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        replace(EvalConfig(), **keys)


def test_greedy_and_sampled_are_two_ways_to_answer_a_set() -> None:
    config = EvalConfig(samples=4, temperature=0.7, top_p=0.9)
    (_, greedy_samples, greedy), (_, samples, sampled) = config.regimes(max_tokens=64, stop=("</answer>",))
    assert (greedy_samples, greedy.temperature, greedy.top_p, greedy.max_tokens) == (1, 0.0, 1.0, 64)
    assert (samples, sampled.temperature, sampled.top_p, sampled.stop) == (4, 0.7, 0.9, ("</answer>",))
    assert [name for name, _, _ in EvalConfig(samples=0).regimes(max_tokens=8, stop=())] == ["greedy"]
    assert next(iter(EvalConfig(max_tokens=5).regimes(max_tokens=8, stop=())))[2].max_tokens == 5
