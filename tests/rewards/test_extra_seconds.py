"""Rewards that declare how long a request may take: they have that time and no more, and blame works as usual."""

from __future__ import annotations

from rewards import GradeRequest, GraderPool, RewardSpec
from rewards.spec_properties import concurrency, extra_seconds
from tests.rewards.pools import DEADLINE, FILE, Pools, open_pools, scores

__all__ = ["open_pools"]


def slow(response: str, seconds: float | str) -> GradeRequest:
    return GradeRequest(response=response, metadata={"seconds": seconds})


def test_a_reward_may_take_the_seconds_that_it_declares_and_no_more(pool: Pools) -> None:
    patient = pool("patient", deadline=0.3)
    results = patient.grade([slow("honest", 1.0), slow("loop", 0.2), slow("honest", 0.6)])
    assert scores(results) == [1.0, 0.0, 1.0]
    assert results[1].reason.startswith("grading limit: no answer within 0.5 s")
    assert patient.counts().lost == 2


def test_seconds_that_a_reward_cannot_say_leave_the_deadline(pool: Pools) -> None:
    patient = pool("patient", deadline=DEADLINE)
    assert [result.verdict.value for result in patient.grade([GradeRequest(response="x")])] == ["ungraded"]
    assert scores(patient.grade([slow("loop", "many")])) == [0.0]


def test_of_requests_side_by_side_each_has_its_own_deadline() -> None:
    spec = RewardSpec.named(f"{FILE}:patient_together", slots=4)
    assert concurrency(spec) == 4
    with GraderPool(spec, workers=1, deadline=0.5) as pool:
        results = pool.grade([slow("honest", 2.0), slow("honest", 2.0), slow("loop", 0.1), slow("honest", 0.1)])
        assert scores(results) == [1.0, 1.0, 0.0, 1.0]
        assert "no answer within 0.6 s" in results[2].reason


def test_the_seconds_of_composed_rewards_add_up() -> None:
    patient = f"{FILE}:patient"
    spec = RewardSpec.from_dict(
        {"sum": [{"reward": patient}, {"reward": patient, "label": "again"}, {"reward": "format"}]}
    )
    assert extra_seconds(spec, [slow("a", 1.0), slow("b", 2.0)]) == 6.0
    assert extra_seconds(spec, [slow("a", 1.0)], control=True) == 2.0
    assert extra_seconds(RewardSpec.from_dict("format"), [slow("a", 1.0)]) == 0.0
