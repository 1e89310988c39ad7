from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import replace

from rlvr.draws import Draw, ProblemDraws, Source
from rlvr.dynamic_sampling import LARGEST_ROUND, Collected, Collector, DynamicSamplingConfig, sampled_version
from rlvr.types import Group
from tests.rlvr.made import completion, group, problem

MIXED, RIGHT, WRONG, DEAD = (1.0, 0.0), (1.0, 1.0), (0.0, 0.0), (None, None)


class Scripted:
    """Answers draws with groups of given scores, draw after draw; `version` is that of the weights."""

    def __init__(self, scores: Callable[[int], Sequence[float | None]], version: int = 0) -> None:
        self.scores, self.version = scores, version
        self.rounds: list[list[int]] = []

    async def __call__(self, draws: list[Draw]) -> list[Group]:
        self.rounds.append([d.draw_index for d in draws])
        return [group(d.draw_index, self.scores(d.draw_index), version=self.version) for d in draws]


def collector(*, prompts: int = 4, informative_only: bool = True, min_graded: int = 2, **config: float) -> Collector:
    draws = ProblemDraws([Source(name="a", problems=[problem(f"q{i}") for i in range(50)])], seed=0, sampler="shuffle")
    return Collector(
        draws,
        config=DynamicSamplingConfig(**config),  # type: ignore[arg-type]
        prompts=prompts,
        informative_only=informative_only,
        min_graded=min_graded,
    )


def collect(from_: Collector, sample: Scripted) -> Collected:
    return asyncio.run(from_.collect(sample, sample.version))


def indices(groups: Sequence[Group]) -> list[int]:
    return [g.draw_index for g in groups]


def test_rounds_go_on_until_the_batch_is_full_of_informative_groups() -> None:
    sample = Scripted(lambda draw: MIXED if draw % 2 else RIGHT)
    found = collect(collector(), sample)
    assert indices(found.groups) == [1, 3, 5, 7]
    assert found.missing == 0
    assert sample.rounds == [[0, 1, 2, 3], [4, 5], [6], [7]]
    assert found.rounds == 4


def test_a_round_draws_what_is_missing_by_the_share_that_was_informative_lately() -> None:
    from_ = collector()
    half = Scripted(lambda draw: MIXED if draw % 2 else RIGHT)
    collect(from_, half)
    assert collect(from_, half).rounds == 1
    assert len(half.rounds[-1]) == 8


def test_a_round_is_never_larger_than_the_bound_however_little_was_informative() -> None:
    from_ = collector(max_rounds=2, oversample=2.0)
    nothing = Scripted(lambda _: WRONG)
    assert not collect(from_, nothing).groups
    three = Scripted(lambda draw: MIXED if draw % 10 == 0 else WRONG)
    assert [len(drawn) for drawn in (collect(from_, three), three.rounds)[1]] == [LARGEST_ROUND * 4, LARGEST_ROUND * 4]


def test_a_step_without_an_informative_group_counts_as_a_share_of_one_largest_round() -> None:
    from_ = collector(max_rounds=2)
    collect(from_, Scripted(lambda _: WRONG))
    later = Scripted(lambda draw: MIXED if draw in (20, 21, 22) else WRONG)
    collect(from_, later)
    assert [len(drawn) for drawn in later.rounds] == [4 * LARGEST_ROUND, LARGEST_ROUND]


def test_groups_are_admitted_in_draw_order_whatever_order_they_come_in() -> None:
    from_ = collector(oversample=1.5)

    async def backwards(draws: list[Draw]) -> list[Group]:
        return [group(d.draw_index, MIXED) for d in reversed(draws)]

    found = asyncio.run(from_.collect(backwards, 0))
    assert indices(found.groups) == [0, 1, 2, 3]
    assert [g.draw_index for g, _ in found.left_out] == [4, 5]


def test_the_draws_learn_the_pass_rate_of_graded_samples() -> None:
    from_ = collector(prompts=3, informative_only=False)
    found = collect(from_, Scripted(lambda draw: ((1.0, 1.0, 0.0, 0.0), (1.0, None, 1.0, None), DEAD)[draw]))
    first, second, _ = (g.problem.id for g in found.sampled)
    assert from_.state["draws"]["pass_rates"] == {first: 0.5, second: 0.75}  # type: ignore[index]


def test_every_draw_is_accounted_for() -> None:
    kinds = {0: MIXED, 1: RIGHT, 2: WRONG, 3: DEAD}
    found = collect(collector(max_rounds=3), Scripted(lambda draw: kinds[draw % 4]))
    assert len(found.groups) + len(found.left_out) == len(found.sampled)
    assert {why for _, why in found.left_out} == {"all_right", "all_wrong", "too_few_graded"}
    assert sum(found.kinds.values()) == len(found.sampled)


def test_the_bound_on_rounds_is_kept_and_the_shortfall_is_said() -> None:
    sample = Scripted(lambda draw: MIXED if draw == 2 else WRONG)
    found = collect(collector(max_rounds=3), sample)
    assert found.rounds == 3
    assert indices(found.groups) == [2]
    assert found.metrics()["groups/missing"] == 3


def test_surplus_groups_are_carried_and_admitted_in_draw_order() -> None:
    from_ = collector(oversample=1.5)
    first = collect(from_, Scripted(lambda _: MIXED))
    assert indices(first.groups) == [0, 1, 2, 3]
    assert first.count("carried") == 2
    second = collect(from_, Scripted(lambda _: MIXED, version=1))
    assert indices(second.groups)[:2] == [4, 5]
    assert second.carried_in == 2
    assert indices(second.groups) == sorted(indices(second.groups))


def test_a_carried_group_expires_when_the_weights_moved_too_far() -> None:
    from_ = collector(oversample=1.5, max_carry_age=1)
    collect(from_, Scripted(lambda _: MIXED, version=0))
    later = collect(from_, Scripted(lambda _: MIXED, version=2))
    assert later.carried_in == 0
    assert later.count("expired") == 2


def test_the_age_of_a_group_is_that_of_its_oldest_token_whatever_has_no_token() -> None:
    whole = group(0, MIXED, version=3)
    first, second = whole.samples_G
    assert sampled_version(whole) == 3
    older = replace(second, completion=replace(second.completion, policy_versions=(2, 3)))
    assert sampled_version(replace(whole, samples_G=(first, older))) == 2
    empty = replace(second, completion=completion(0, 1, tokens=(), version=3))
    assert sampled_version(replace(whole, samples_G=(first, empty))) == 3


def test_carry_age_zero_throws_surplus_away_and_says_so() -> None:
    from_ = collector(oversample=1.5, max_carry_age=0)
    assert collect(from_, Scripted(lambda _: MIXED)).count("expired") == 2
    assert collect(from_, Scripted(lambda _: MIXED, version=1)).carried_in == 0


def test_the_shaped_reward_never_makes_a_group_informative() -> None:
    async def shaped(draws: list[Draw]) -> list[Group]:
        groups = [group(d.draw_index, WRONG) for d in draws]
        return [replace(g, samples_G=(replace(g.samples_G[0], reward=-1.0), g.samples_G[1])) for g in groups]

    found = asyncio.run(collector(max_rounds=2).collect(shaped, 0))
    assert not found.groups
    assert found.kinds["all_wrong"] == len(found.sampled)


def test_recipes_that_keep_all_run_one_round_and_drop_only_groups_without_enough_grades() -> None:
    found = collect(collector(informative_only=False), Scripted(lambda draw: (RIGHT, WRONG, (1.0, None), MIXED)[draw]))
    assert found.rounds == 1
    assert indices(found.groups) == [0, 1, 3]
    assert found.left_out[0][1] == "too_few_graded"


def test_recipes_that_do_not_compare_samples_keep_a_group_of_one() -> None:
    found = collect(collector(informative_only=False, min_graded=1), Scripted(lambda _: (1.0,)))
    assert len(found.groups) == 4


def test_nothing_informative_is_no_update_and_after_n_such_steps_a_diagnosis() -> None:
    from_ = collector(max_rounds=2, max_empty_steps=2)
    first = collect(from_, Scripted(lambda _: WRONG))
    assert not first.groups
    assert from_.diagnosis(first, max_ungraded_share=0.1) == ""
    second = collect(from_, Scripted(lambda _: WRONG))
    assert min(indices(second.sampled)) > max(indices(first.sampled))  # the cursor moved on
    diagnosis = from_.diagnosis(second, max_ungraded_share=0.1)
    assert "2 steps in a row" in diagnosis
    assert "all_wrong 32" in diagnosis


def test_an_informative_step_resets_the_count_of_empty_ones() -> None:
    from_ = collector(max_rounds=1, max_empty_steps=2)
    collect(from_, Scripted(lambda _: WRONG))
    collect(from_, Scripted(lambda _: MIXED))
    assert from_.diagnosis(collect(from_, Scripted(lambda _: WRONG)), max_ungraded_share=0.1) == ""


def test_too_many_ungraded_samples_stop_the_run_with_the_reason() -> None:
    from_ = collector(max_rounds=1)
    found = collect(from_, Scripted(lambda draw: DEAD if draw == 0 else MIXED))
    assert "2 of 8 samples could not be graded" in from_.diagnosis(found, max_ungraded_share=0.1)
    assert "the grader died" in from_.diagnosis(found, max_ungraded_share=0.1)
    assert from_.diagnosis(found, max_ungraded_share=0.25) == ""


def test_empty_steps_are_counted_on_after_a_restart() -> None:
    first, second = (collector(max_rounds=1, max_empty_steps=2) for _ in range(2))
    collect(first, Scripted(lambda _: WRONG))
    second.restore(json.loads(json.dumps(first.state)))
    assert second.diagnosis(collect(second, Scripted(lambda _: WRONG)), max_ungraded_share=0.1)


def test_a_restored_collector_goes_on_as_the_first_would_have() -> None:
    def scores(draw: int) -> Sequence[float | None]:
        return MIXED if draw % 3 else WRONG

    first = collector(oversample=2.0, max_rounds=4)
    collect(first, Scripted(scores))
    second = collector(oversample=2.0, max_rounds=4)
    second.restore(json.loads(json.dumps(first.state)))
    for version in (1, 2):
        one, two = collect(first, Scripted(scores, version)), collect(second, Scripted(scores, version))
        assert one == two
        assert one.groups
