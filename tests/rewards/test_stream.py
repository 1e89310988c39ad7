"""`stream`: any number of requests, a bounded number of them held, answers in order."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Iterator, Sequence

import pytest

from rewards import GradeRequest, InvalidReward, InvalidRow, MathReference, UnknownReward, grade, reward, stream


@reward("test_streamed")
def streamed(request: GradeRequest) -> float:
    return float(request.response)


@reward("test_streamed_groups", batched=True)
def streamed_groups(requests: Sequence[GradeRequest]) -> list[float]:
    return [float(len(requests))] * len(requests)


def test_results_come_in_order_and_few_requests_are_read_ahead() -> None:
    read = 0

    def source() -> Iterator[GradeRequest]:
        nonlocal read
        for read in range(1, 501):
            yield GradeRequest(response=str(read))

    taken, ahead = 0, 0
    for result in stream("test_streamed", source(), workers=1, window=20):
        taken += 1
        assert result.score == taken
        ahead = max(ahead, read - taken)
    assert (taken, read) == (500, 500)
    assert ahead <= 20


@pytest.mark.parametrize("name", ["math", "test_streamed", "test_streamed_groups"])
def test_results_come_out_while_the_source_waits_for_its_next_request(name: str) -> None:
    go_on = threading.Event()

    def source() -> Iterator[GradeRequest]:
        for group in "abc":
            row = {"response": "4", "reference": "4", "group": group}
            yield GradeRequest.from_dict(row)
        assert go_on.wait(300), "nobody takes what is there"
        yield GradeRequest(response="5", reference=MathReference(answer="4"), group_id="d")

    results = stream(name, source(), workers=1)
    # Of a reward over batches a group is known to be whole when the next one begins.
    there = [next(results).score for _ in range(2 if name == "test_streamed_groups" else 3)]
    go_on.set()
    expected = {"math": [1, 1, 1, 0], "test_streamed": [4, 4, 4, 5], "test_streamed_groups": [1, 1, 1, 1]}
    assert [*there, *(result.score for result in results)] == expected[name]


def test_a_source_reads_its_context_and_is_left_where_nobody_takes_more() -> None:
    who = contextvars.ContextVar("who", default="nobody")
    token = who.set("7")
    begun, left = [], threading.Event()

    def source() -> Iterator[GradeRequest]:
        try:
            while True:
                begun.append(who.get())
                yield GradeRequest(response=who.get())
        finally:
            left.set()

    results = stream("test_streamed", source(), workers=1, window=2)
    assert next(results).score == 7.0
    who.reset(token)
    results.close()  # type: ignore[attr-defined]
    assert left.wait(300)
    assert len(begun) <= 5


def test_groups_are_runs_of_one_group_id_and_a_request_without_one_is_alone() -> None:
    groups = ["a", "a", "b", "", "", "c", "c", "c"]
    requests = [GradeRequest(response="1", group_id=group) for group in groups]
    assert [r.score for r in stream("test_streamed_groups", requests, workers=1)] == [2, 2, 1, 1, 1, 3, 3, 3]


def test_groups_may_be_numbered_from_zero() -> None:
    requests = [GradeRequest.from_dict({"response": "1", "group": group}) for group in (0, 0, 1, None)]
    assert [request.group_id for request in requests] == ["0", "0", "1", ""]
    assert [r.score for r in stream("test_streamed_groups", requests, workers=1)] == [2, 2, 1, 1]


def test_mistakes_are_raised_at_once_and_trouble_of_the_source_after_what_came_before() -> None:
    with pytest.raises(UnknownReward):
        stream("no_such", [])
    with pytest.raises(InvalidReward):
        stream({"reward": "test_streamed", "parameters": {"a": 1}}, [])
    with pytest.raises(InvalidReward, match="window must be a whole number of at least 1, not 0"):
        stream("test_streamed", [], window=0)

    def broken() -> Iterator[GradeRequest]:
        yield GradeRequest(response="1")
        yield GradeRequest(response="2")
        raise OSError("the disk is gone")

    results = stream("test_streamed", broken(), workers=1)
    assert [next(results).score, next(results).score] == [1.0, 2.0]
    with pytest.raises(OSError, match="the disk is gone"):
        next(results)


def test_a_stream_that_is_left_early_gives_its_pool_back() -> None:
    for result in stream("test_streamed", (GradeRequest(response=str(i)) for i in range(1000)), workers=1):
        if result.score == 3:
            break
    assert grade("test_streamed", [GradeRequest(response="7")], workers=1)[0].score == 7.0


def test_grade_and_stream_work_where_an_event_loop_runs() -> None:
    async def notebook() -> list[float | None]:
        requests = [GradeRequest(response="5")]
        results = grade("test_streamed", requests, workers=1) + list(stream("test_streamed", requests, workers=1))
        return [result.score for result in results]

    assert asyncio.run(notebook()) == [5.0, 5.0]


def test_grade_takes_any_iterable_of_requests_and_says_what_is_none() -> None:
    assert [r.score for r in grade("test_streamed", (GradeRequest(response=t) for t in "12"), workers=1)] == [1.0, 2.0]
    with pytest.raises(InvalidRow, match=r"it is \{'response': '1'\}, not a GradeRequest \(GradeRequest.from_dict"):
        grade("test_streamed", [{"response": "1"}], workers=1)  # type: ignore[list-item]
