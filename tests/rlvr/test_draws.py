from __future__ import annotations

import pytest

from rlvr.draws import ProblemDraws, Source
from rlvr.errors import ConfigError
from rlvr.rollout.sampling import UniformStream
from tests.rlvr.made import problem


def source(name: str, count: int, weight: float = 1.0) -> Source:
    return Source(name=name, problems=[problem(f"{name}{i}") for i in range(count)], weight=weight)


def names(draws: ProblemDraws, count: int) -> list[str]:
    return [d.problem.messages[0].content for d in draws.take(count)]


def test_every_problem_comes_once_an_epoch_in_a_new_order_each_epoch() -> None:
    draws = ProblemDraws([source("a", 20)], seed=1, sampler="shuffle")
    first, second = names(draws, 20), names(draws, 20)
    assert sorted(first) == sorted(second) == sorted(f"a{i}" for i in range(20))
    assert first != second


def test_draw_indices_count_on_and_a_problem_drawn_twice_has_two() -> None:
    draws = ProblemDraws([source("a", 2)], seed=1, sampler="shuffle")
    assert [d.draw_index for d in draws.take(3) + draws.take(2)] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("sampler", ["shuffle", "difficulty"])
def test_a_restored_stream_goes_on_as_the_first_would_have(sampler: str) -> None:
    def stream() -> ProblemDraws:
        return ProblemDraws([source("a", 7), source("b", 5, 2.0)], seed=3, sampler=sampler)  # type: ignore[arg-type]

    whole = stream()
    names(whole, 11)
    whole.observe(problem("a3").id, 1.0)
    restored = stream()
    restored.restore(whole.state)
    assert names(restored, 30) == names(whole, 30)


def test_sources_are_mixed_by_their_weights() -> None:
    draws = ProblemDraws([source("a", 50, 1.0), source("b", 50, 3.0)], seed=0, sampler="shuffle")
    share = sum(n.startswith("b") for n in names(draws, 4000)) / 4000
    assert 0.72 < share < 0.78


def test_which_source_is_drawn_says_nothing_of_the_numbers_that_sample_its_first_response() -> None:
    draws = ProblemDraws([source("a", 50), source("b", 50)], seed=0, sampler="shuffle")
    first: dict[str, list[float]] = {"a": [], "b": []}
    for draw in draws.take(1000):
        stream = UniformStream(seed=0, draw_index=draw.draw_index, sample_index=0)
        first[draw.problem.messages[0].content[0]].append(stream.take(1).item())
    for numbers in first.values():
        assert 0.4 < sum(numbers) / len(numbers) < 0.6  # 0.25 and 0.75 if one stream decides both


def test_difficulty_sampling_prefers_problems_that_are_solved_sometimes() -> None:
    draws = ProblemDraws([source("a", 10)], seed=0, sampler="difficulty")
    for i in range(9):
        for _ in range(12):
            draws.observe(problem(f"a{i}").id, float(i % 2))
    drawn = names(draws, 1000)
    assert drawn.count("a9") > 500
    assert all(drawn.count(f"a{i}") > 0 for i in range(9))  # none is given up for good


def test_a_pass_rate_is_a_moving_average_from_one_half() -> None:
    draws = ProblemDraws([source("a", 1)], seed=0, sampler="difficulty")
    found = []
    for shown in (1.0, 0.0, 0.0):
        draws.observe("x", shown)
        found.append((draws.state.pass_rates or {})["x"])
    assert found == [0.75, 0.375, 0.1875]


def test_difficulty_weighs_by_the_variance_of_the_reward_above_a_floor() -> None:
    draws = ProblemDraws([source("a", 2)], seed=0, sampler="difficulty")
    for _ in range(60):
        draws.observe(problem("a0").id, 0.1)
    drawn = names(draws, 4000)
    solved, unseen = 0.05 + 0.95 * 4 * 0.1 * 0.9, 1.0
    assert drawn.count("a0") / 4000 == pytest.approx(solved / (solved + unseen), abs=0.03)


def test_sources_of_the_same_size_are_walked_in_orders_of_their_own() -> None:
    draws = ProblemDraws([source("a", 30), source("b", 30)], seed=1, sampler="shuffle")
    drawn = names(draws, 200)
    first = [[int(n[1:]) for n in drawn if n.startswith(letter)][:30] for letter in "ab"]
    assert sorted(first[0]) == sorted(first[1]) == list(range(30))
    assert first[0] != first[1]


def test_seeds_give_different_orders() -> None:
    assert names(ProblemDraws([source("a", 30)], seed=1, sampler="shuffle"), 30) != names(
        ProblemDraws([source("a", 30)], seed=2, sampler="shuffle"), 30
    )


def test_an_empty_source_and_a_weight_of_zero_are_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"'a' has no problems"):
        ProblemDraws([source("a", 0)], seed=0, sampler="shuffle")
    with pytest.raises(ConfigError, match=r"'a' has weight 0"):
        ProblemDraws([source("a", 1, 0.0)], seed=0, sampler="shuffle")


def test_a_checkpoint_of_other_sources_is_refused() -> None:
    two = ProblemDraws([source("a", 2), source("b", 2)], seed=0, sampler="shuffle")
    one = ProblemDraws([source("a", 2)], seed=0, sampler="shuffle")
    with pytest.raises(ConfigError, match="2 data sources"):
        one.restore(two.state)
