"""Requests that text alone decides are sent to several workers in chunks; a hang affects no other request."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import rewards.chunks
import rewards.offloading
import rewards.pool
from rewards import GradeRequest, GradeResult, GraderPool, GradingUnavailable, InvalidRow, MathReference, Verdict
from rewards.offloading import RequestCost, offloading_pays
from tests.rewards.pools import DEADLINE, HERE, requests, scores
from tests.rewards.told_by_text import AT_ONCE, IN_A_WORKER, IN_NO_TIME, NO_GRADE
from tests.waiting import PATIENCE, happens, until

FILE = str(HERE / "told_by_text.py")

Open = Callable[..., GraderPool]


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that has to wait for a busy machine is given none of its chunks back."""
    monkeypatch.setattr(rewards.chunks, "_TAKEN_BACK_AFTER", PATIENCE)


@pytest.fixture(name="told")
def open_told() -> Iterator[Open]:
    """Makes pools over `told_by_text.py` whose workers have all started, and that are closed after the test."""
    made: list[GraderPool] = []

    def make(**options: object) -> GraderPool:
        options = {"workers": 2, "deadline": PATIENCE, **options}
        one = GraderPool(f"{FILE}:told", **options)  # type: ignore[arg-type]
        made.append(one)
        one.start()
        if one.workers > 1:
            until(lambda: room_of(one) == 4 * one.workers, "every worker to have room")
        return one

    yield make
    for one in made:
        one.close()


def room_of(pool: GraderPool) -> int:
    """How many chunks more a pool's workers would take."""
    return pool._dispatcher.inbox.room  # type: ignore[union-attr]


def texts(count: int) -> list[str]:
    return [f"{AT_ONCE} {i}" for i in range(count)]


def processes(results: list[GradeResult]) -> set[object]:
    """Where the grades at once were made."""
    return {result.details["process"] for result in results if "process" in result.details}


# --- handing over ---------------------------------------------------------------------------------------------------


def test_chunks_are_handed_to_the_workers_where_there_are_several(told: Open) -> None:
    asked = texts(64 * 9)
    graded = told().grade(requests(*asked))
    assert [result.extracted for result in graded] == asked
    assert len(processes(graded) - {os.getpid()}) == 2
    assert os.getpid() in processes(graded), "the last chunk is this process's own"
    assert all(result.seconds > 0 for result in graded)


def test_one_worker_and_few_requests_are_graded_where_they_are_asked_for(told: Open) -> None:
    assert processes(told(workers=1).grade(requests(*texts(64 * 5)))) == {os.getpid()}
    assert processes(told().grade(requests(*texts(64)))) == {os.getpid()}


def test_rewards_that_await_are_given_no_chunks_even_where_they_grade_one_at_a_time() -> None:
    with GraderPool(f"{FILE}:told_awaiting", workers=2, deadline=DEADLINE).start() as one:
        until(lambda: room_of(one) == 8, "every worker to have room")
        assert processes(one.grade(requests(*texts(64 * 3)))) == {os.getpid()}
        assert one.counts().lost == 0


def test_what_takes_longer_to_hand_over_than_to_grade_is_graded_where_it_is_asked_for(told: Open) -> None:
    one = told()
    quick = requests(*(f"{IN_NO_TIME} {i}" for i in range(64 * 9)))
    until(lambda: processes(one.grade(quick)) == {os.getpid()}, "both to be known")
    until(lambda: processes(one.grade(requests(*texts(64 * 12)))) - {os.getpid()}, "it to take its time again")


def test_handing_over_is_judged_by_what_it_takes_of_late_and_tried_again(told: Open) -> None:
    one = told()
    here, over = one._grading_here, one._handing_over
    here.took(70e-6, 1)
    for _ in range(rewards.offloading._SURE):
        over.took(6e-6, 1)
    assert offloading_pays(here, over, one.workers)
    for _ in range(rewards.offloading._SURE):
        over.took(44e-6, 1)
    assert not offloading_pays(here, over, one.workers), "rows that are longer take longer"
    one.grade(requests(*(f"{IN_NO_TIME} {i}" for i in range(64 * 60))))
    assert over.of_late < 40e-6


@pytest.mark.parametrize(
    ("here", "over", "workers", "pays"),
    [
        (39e-6, 10e-6, 64, False),  # sending takes this process as long as grading
        (120e-6, 10e-6, 2, True),  # 2 * 120 / (120 + 65) = 1.30
        (90e-6, 10e-6, 2, False),  # 2 * 90 / (90 + 65) = 1.16
        (90e-6, 10e-6, 3, True),
    ],
)
def test_handing_over_pays_where_all_cores_are_faster_and_this_one_has_less_to_do(
    here: float, over: float, workers: int, pays: bool
) -> None:
    grading, writing = RequestCost(), RequestCost()
    for _ in range(rewards.offloading._SURE):
        assert offloading_pays(grading, writing, workers), "as long as little is known"
        grading.took(64 * here, 64)
        writing.took(64 * over, 64)
    assert offloading_pays(grading, writing, workers) is pays


def test_calls_and_grades_at_once_keep_their_order_in_an_event_loop_too(told: Open) -> None:
    asked = [f"{AT_ONCE} {i}" if i % 5 else f"call {i}" for i in range(64 * 9)]
    one = told()
    graded = asyncio.run(one.agrade(requests(*asked)))
    assert [result.extracted for result in graded] == asked
    assert processes(graded) - {os.getpid()}
    assert one.counts().answered == len(asked[::5])


def test_many_threads_hand_over_chunks_side_by_side(told: Open) -> None:
    one = told(workers=3)
    found: dict[int, list[str | None]] = {}

    def ask(number: int) -> None:
        asked = requests(*(f"{AT_ONCE} {number} {i}" if i % 7 else f"call {number} {i}" for i in range(64 * 6)))
        found[number] = [result.extracted for result in one.grade(asked)]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {
        number: [f"{AT_ONCE} {number} {i}" if i % 7 else f"call {number} {i}" for i in range(64 * 6)]
        for number in range(6)
    }


def test_a_chunk_is_graded_as_in_the_process_that_asks() -> None:
    draw = random.Random(3)
    answers = ["3", "-3", r"\frac{1}{2}", "0.5", "x+1", "1+x", "(1, 2)", "1{,}000", r"\sqrt{8}", r"2\sqrt{2}", "½"]
    asked = [
        GradeRequest(
            response=draw.choice([r"So \boxed{%s}.", "#### %s", "<answer>%s</answer>", "it is %s"])
            % draw.choice(answers),
            reference=MathReference(answer=draw.choice(answers), policy=draw.choice([None, "strict", "lenient"])),
            metadata={"tags": ["a", {"b": None}]} if draw.random() < 0.1 else {"tokens": i},
            sample_id=i,
        )
        for i in range(64 * 8)
    ]
    with GraderPool("math", workers=1) as alone, GraderPool("math", workers=2).start() as several:
        until(lambda: room_of(several) == 8, "every worker to have room")
        expected = [result.timed(0.0) for result in alone.grade(asked)]
        assert [result.timed(0.0) for result in several.grade(asked)] == expected
        assert several.counts().answered < alone.counts().answered, "the few that are not plain text are told at once"


def test_a_long_batch_starts_the_workers_that_it_can_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rewards.pool, "_LONG", 0.0)
    with GraderPool(f"{FILE}:told", workers=2) as one:
        assert scores(one.grade(requests(*texts(64)))) == [1.0] * 64
        assert one.counts().started == 0, "nothing is behind the one chunk"
        assert scores(one.grade(requests(*texts(65)))) == [1.0] * 65
        until(lambda: one.counts().started == 2, "the workers to start")
    with GraderPool(f"{FILE}:told", workers=1) as alone:
        alone.grade(requests(*texts(300)))
        assert alone.counts().started == 0


# --- nobody pays for another ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("deed", "attempts"), [("loop", 2), ("kill", 6), ("allocate", 2)])
def test_one_of_a_chunk_whose_grade_is_lost_pays_alone(told: Open, deed: str, attempts: int) -> None:
    asked = [f"{AT_ONCE} {i}" if i % 8 else f"call {i}" for i in range(64 * 4)]
    asked[70] = asked[200] = deed
    one = told(deadline=DEADLINE if deed == "loop" else PATIENCE, memory_bytes=300 << 20)
    graded = one.grade(requests(*asked))
    assert [i for i, result in enumerate(graded) if result.score != 1.0] == [70, 200]
    assert [graded[i].verdict for i in (70, 200)] == [Verdict.WRONG] * 2
    assert all(graded[i].reason.startswith("grading limit") for i in (70, 200))
    assert processes(graded) - {os.getpid()}
    assert (one.counts().lost, one.counts().blamed) == (2 * attempts, 2)


@pytest.mark.parametrize("deed", ["loop", "kill", "allocate"])
def test_a_chunk_that_is_lost_itself_is_graded_call_by_call_and_blames_nobody(told: Open, deed: str) -> None:
    asked = texts(64 * 3)
    asked[10] = IN_A_WORKER + deed
    one = told(deadline=DEADLINE if deed == "loop" else PATIENCE, memory_bytes=300 << 20)
    graded = one.grade(requests(*asked))
    assert [result.extracted for result in graded] == asked
    assert scores(graded) == [1.0] * len(asked)
    assert (one.counts().lost, one.counts().blamed, one.counts().at_fault) == (1, 0, 0)


def test_a_chunk_that_would_be_late_is_answered_in_time_and_its_rest_graded_as_calls(told: Open) -> None:
    one = told(deadline=5.0)
    graded = one.grade(requests(*[IN_A_WORKER + "doze"] * 64, *texts(64)))
    assert scores(graded) == [1.0] * 128
    assert one.counts().lost == 0
    assert 0 < one.counts().answered < 64


@pytest.mark.parametrize("deed", ["raise", "no grade", "no json", "no text"])
def test_what_is_no_grade_at_once_is_graded_as_a_call(told: Open, deed: str) -> None:
    asked = texts(64 * 3)
    asked[10] = IN_A_WORKER + deed
    graded = told().grade(requests(*asked))
    assert scores(graded) == [1.0] * len(asked)
    assert [result.extracted for result in graded] == asked


def test_what_is_no_grade_at_once_in_this_process_is_graded_as_a_call_too(told: Open) -> None:
    asked = requests(NO_GRADE)
    assert [result.extracted for result in told().grade(asked)] == [NO_GRADE]
    assert told().submit(asked[0]).result().score == 1.0


def test_a_worker_that_answers_chunks_has_not_failed_to_start(told: Open) -> None:
    one = told()

    def started_anew(times: int) -> bool:
        return one.counts().started == 2 + times and room_of(one) == 8

    for times in range(1, 4):
        os.kill(one._dispatcher._supervisor.workers[0].pid, signal.SIGKILL)  # type: ignore[union-attr]
        until(lambda times=times: started_anew(times), "another worker")  # type: ignore[misc]
        # Handing over is tried again if it was found not to pay, as on a busy machine.
        until(lambda: processes(one.grade(requests(*texts(64 * 9)))) - {os.getpid()}, "a worker to grade")


def test_chunks_do_not_wait_behind_calls_that_take_their_time(
    told: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rewards.chunks, "_TAKEN_BACK_AFTER", 0.1)
    one = told()
    gate = tmp_path / "gate"
    waiting = [one.submit(request) for request in requests(*[f"wait for {gate}"] * 2)]
    until(lambda: all(future.running() for future in waiting), "both workers to be at a call")
    until(lambda: room_of(one) == 8, "there to be room, as far as the pool knows")
    graded = one.grade(requests(*texts(64 * 6)))
    assert scores(graded) == [1.0] * len(graded)
    assert not any(future.done() for future in waiting)
    assert processes(graded) == {os.getpid()}
    gate.touch()
    assert [future.result(PATIENCE).score for future in waiting] == [1.0] * 2
    monkeypatch.setattr(rewards.chunks, "_TAKEN_BACK_AFTER", PATIENCE)
    until(lambda: room_of(one) == 8, "the workers to answer what nobody waits for")
    assert processes(one.grade(requests(*texts(64 * 6)))) - {os.getpid()}
    assert (one.counts().lost, one.counts().started) == (0, 2)


# --- requests that cannot be handed over, and batches that nobody waits for -------------------------------------------


def test_a_request_that_is_not_json_is_refused_and_what_was_asked_with_it_called_off(told: Open) -> None:
    one = told()
    odd = GradeRequest(response="call", metadata={"a": {1, 2}})  # type: ignore[dict-item]
    with pytest.raises(InvalidRow, match="metadata and references are JSON"):
        one.grade([*requests(*texts(150)), odd, *requests(*texts(150))])
    with pytest.raises(InvalidRow, match="not a GradeRequest"):
        one.grade([*requests(*texts(150)), "text: 1", *requests(*texts(150))])  # type: ignore[list-item]
    assert scores(one.grade(requests(*texts(150)))) == [1.0] * 150


def test_an_odd_number_of_a_sample_is_as_good_as_where_it_is_graded_here(told: Open) -> None:
    asked = [*requests(*texts(100)), GradeRequest(response="text: odd", sample_id="a"), *requests(*texts(100))]  # type: ignore[arg-type]
    assert scores(told().grade(asked)) == [1.0] * 201


def test_a_batch_that_is_cancelled_leaves_no_calls_behind(
    told: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = told()
    gate, trace = tmp_path / "gate", tmp_path / "trace"
    waiting = [one.submit(request) for request in requests(*[f"wait for {gate}"] * 2)]
    until(lambda: all(future.running() for future in waiting), "both workers to be at a call")
    monkeypatch.setattr(rewards.chunks, "_TAKEN_BACK_AFTER", 0.1)
    asked = requests(*[*texts(32), *[f"touch {trace}"] * 32] * 10)

    async def leave() -> None:
        asking = asyncio.create_task(one.agrade(asked))
        await happens(lambda: len(one._dispatcher._cases) == 2 + 320, "all of its calls to wait")  # type: ignore[union-attr]
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    asyncio.run(leave())
    gate.touch()
    assert [future.result(PATIENCE).score for future in waiting] == [1.0] * 2
    assert scores(one.grade(requests("call", *texts(200)))) == [1.0] * 201
    graded = trace.read_text().count("graded") if trace.exists() else 0
    assert graded <= 2 * 64, "no more than the workers had been given"


def test_a_batch_that_is_cancelled_before_its_chunks_are_answered_makes_no_calls(told: Open, tmp_path: Path) -> None:
    one = told(deadline=3.0)
    trace = tmp_path / "trace"
    asked = requests(*[IN_A_WORKER + "loop", *texts(31), *[f"touch {trace}"] * 32] * 2, *texts(64))

    async def leave() -> None:
        asking = asyncio.create_task(one.agrade(asked))
        await happens(lambda: room_of(one) == 8 - 2, "both chunks to be at a worker")
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    asyncio.run(leave())
    until(lambda: one.counts().lost == 2, "both workers to be ended")
    assert scores(one.grade(requests("call", *texts(200)))) == [1.0] * 201
    assert not trace.exists()


def test_a_pool_that_is_closed_fails_the_chunks_that_it_had(told: Open) -> None:
    one = told(deadline=600.0)
    asked = texts(64 * 3)
    asked[0] = asked[64] = IN_A_WORKER + "loop"
    closing = threading.Timer(0.2, one.close)
    closing.start()
    with pytest.raises(GradingUnavailable, match="closed before this was graded"):
        one.grade(requests(*asked))
    closing.join()
