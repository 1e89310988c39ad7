"""Batches get workers in turns, so that none waits for all of another."""

from __future__ import annotations

import pytest

from rewards import GradeRequest
from rewards.call_queue import CallQueue
from rewards.pool_types import Call, Case
from rewards.retry_policy import Penalty
from tests.rewards.pools import Pools, open_pools, requests

__all__ = ["open_pools"]


def calls(batch: object, *numbers: int) -> list[Call]:
    made = []
    for number in numbers:
        case = Case([GradeRequest(response=str(number))], Penalty(score=0.0, right_and_wrong=True), batch)
        made.append(Call(number, case, case.attempt, case.payload, 1.0))
    return made


def numbers(queue: CallQueue) -> list[int]:
    return [queue.pop().number for _ in range(len(queue))]


def test_calls_of_a_batch_keep_their_order_and_batches_take_turns() -> None:
    queue = CallQueue()
    queue.extend([*calls("a", 1, 2, 3), *calls("b", 11), *calls(None, 21, 22)])
    assert len(queue) == 6
    assert numbers(queue) == [1, 11, 21, 2, 22, 3]
    with pytest.raises(KeyError):
        queue.pop()


def test_calls_that_are_put_back_are_next() -> None:
    queue = CallQueue()
    first, *others = calls("a", 1, 2, 3)
    queue.extend([*others, *calls("b", 11, 12)])
    queue.put_back([first, *calls("b", 10)])
    assert numbers(queue) == [1, 10, 2, 11, 3, 12]


def test_calls_that_are_taken_are_gone() -> None:
    queue = CallQueue()
    queue.extend([*calls("a", 1, 2, 3), *calls("b", 11, 12)])
    assert [call.number for call in queue.take(lambda call: call.number % 2 == 1)] == [1, 3, 11]
    assert [call.number for call in queue] == [2, 12]
    assert numbers(queue) == [2, 12]


def test_a_small_batch_does_not_wait_for_all_of_a_large_one(pool: Pools) -> None:
    one = pool("undeclared")
    large = one.submit_batch(requests(*["response"] * 4000))
    one.grade(requests("response"))
    assert sum(future.done() for future in large) < 2000
    assert all(future.result().score == 3.0 for future in large)
