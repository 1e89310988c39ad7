"""The pool against rewards that hang, die, lie and shout. Real processes; small deadlines."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import psutil
import pytest

from rewards import (
    GradeRequest,
    GradeResult,
    GradingUnavailable,
    InvalidRow,
    MathReference,
    Verdict,
    agrade,
    grade,
)
from tests.rewards.pools import DEADLINE, FILE, Pools, open_pools, requests, scores
from tests.waiting import PATIENCE, happens, until

__all__ = ["open_pools"]


# --- who is to blame ------------------------------------------------------------------------------------------------


def test_a_response_that_hangs_the_grader_is_wrong_and_the_others_are_graded(pool: Pools) -> None:
    one = pool("loops", deadline=DEADLINE)
    results = one.grade(requests("right", "loop for ever", "right", "left"))
    assert scores(results) == [1.0, 0.0, 1.0, 0.0]
    assert results[1].verdict is Verdict.WRONG
    assert results[1].correctness == 0.0
    assert results[1].reason.startswith("grading limit: no answer within 0.5 s")
    assert results[1].seconds > 2 * DEADLINE
    counts = one.counts()
    assert counts.lost >= 2
    assert (counts.blamed, counts.at_fault) == (1, 0)


def test_a_response_that_holds_the_interpreter_lock_for_ever_is_wrong(pool: Pools) -> None:
    results = pool("holds_the_lock", deadline=DEADLINE).grade(requests("fine", "loop", "fine"))
    assert scores(results) == [1.0, 0.0, 1.0]


def test_a_grader_that_always_hangs_leaves_everything_ungraded_and_soon(pool: Pools) -> None:
    one = pool("loops_always", workers=2, deadline=0.4)
    results = one.grade(requests(*"abcdefghijklmnopqrst"))
    assert all(result.verdict is Verdict.UNGRADED for result in results)
    assert all("the grader is at fault" in result.reason for result in results)
    first = one.counts()
    assert first.at_fault == 20
    assert first.lost < 20, "not every one was tried twice and had a control call of its own: 60"
    again = one.grade(requests(*"abcdefghijklmnopqrst"))
    assert all(result.score is None for result in again)
    assert one.counts().lost - first.lost <= 2, "one control call for all of them"


def answers(*golds: str) -> list[GradeRequest]:
    return [
        GradeRequest(response="x", reference=MathReference(answer=gold), sample_id=i) for i, gold in enumerate(golds)
    ]


def test_a_reference_that_hangs_the_grader_leaves_only_its_own_samples_ungraded(pool: Pools) -> None:
    one = pool("hangs_on_the_answer", workers=2, deadline=0.4)
    results = one.grade(answers(*["loop"] * 16, *map(str, range(60))))
    assert [r.verdict for r in results[:16]] == [Verdict.UNGRADED] * 16
    assert scores(results[16:]) == [1.0] * 60
    assert one.counts().lost < 32, "not every one was tried twice"
    again = one.grade(answers("loop", "5"))
    assert scores(again) == [None, 1.0]


def test_a_grader_that_hangs_on_every_row_is_found_out_by_a_probe(pool: Pools) -> None:
    one = pool("hangs_on_the_answer", workers=2, deadline=0.4)
    results = one.grade(answers(*(f"loop {i}" for i in range(40))))
    assert all(result.verdict is Verdict.UNGRADED for result in results)
    assert all("the grader is at fault" in result.reason for result in results)
    assert one.counts().lost < 40, "not every one was tried twice and had a control call of its own: 120"


@pytest.fixture
def leave_descriptors() -> Iterator[Callable[[int], None]]:
    """Leaves exactly so many descriptors free when called; what was closed since, by other threads too, is taken."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken: list[int] = []

    def leave(free: int) -> None:
        with contextlib.suppress(OSError):
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        for _ in range(free):
            os.close(taken.pop())

    resource.setrlimit(resource.RLIMIT_NOFILE, (psutil.Process().num_fds() + 40, hard))
    try:
        yield leave
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for descriptor in taken:
            os.close(descriptor)


def test_grading_goes_on_or_says_why_when_descriptors_run_out(
    pool: Pools, leave_descriptors: Callable[[int], None]
) -> None:
    one = pool("misbehaves")
    with one, pool("misbehaves", workers=2) as two:
        two.grade(requests("fine"))
        leave_descriptors(5)  # a pool opens three, a worker six and more
        assert scores(two.grade(requests("sleep", "sleep", "fine"))) == [1.0] * 3
        leave_descriptors(5)
        with pytest.raises(GradingUnavailable, match="cannot be started"):
            one.grade(requests("fine"))
        leave_descriptors(0)
        with pytest.raises(GradingUnavailable, match="cannot be opened"):
            pool("misbehaves").grade(requests("fine"))
        leave_descriptors(30)
        assert scores(two.grade(requests("fine"))) == [1.0]


def test_a_hang_that_does_not_repeat_is_graded_as_if_nothing_had_been(pool: Pools, tmp_path: Path) -> None:
    request = GradeRequest(response="x", metadata={"flag": str(tmp_path / "flag")})
    result = pool("loops_once", deadline=DEADLINE).grade([request])[0]
    assert result.score == 0.5
    assert result.verdict is Verdict.SCORED


def test_a_reward_without_right_and_wrong_pays_its_floor_for_a_hang(pool: Pools) -> None:
    hung, fine = pool("penalty", deadline=DEADLINE).grade(requests("loop", "x"))
    assert (hung.score, hung.correctness, hung.verdict) == (-2.0, None, Verdict.WRONG)
    assert fine.score == -1.0
    assert pool("undeclared", deadline=DEADLINE).grade(requests("loop"))[0].score == 0.0


def test_a_worker_that_dies_is_handled_like_one_that_hangs(pool: Pools) -> None:
    results = pool("misbehaves").grade(requests("fine", "exit", "kill", "fine"))
    assert scores(results) == [1.0, 0.0, 0.0, 1.0]
    assert "exited with code 0" in results[1].reason
    assert "SIGKILL" in results[2].reason


def test_a_response_that_exhausts_the_memory_is_wrong(pool: Pools) -> None:
    results = pool("misbehaves", memory_bytes=300 << 20).grade(requests("allocate", "fine"))
    assert scores(results) == [0.0, 1.0]
    assert "memory limit" in results[0].reason


def test_closing_the_pipes_and_writing_into_them_is_no_way_out(pool: Pools) -> None:
    deeds = requests("close", "write", "write_list", "write_odd_grades", "fine")
    results = pool("misbehaves", deadline=DEADLINE).grade(deeds)
    assert scores(results) == [0.0, 0.0, 0.0, 0.0, 1.0]
    assert all("grading limit" in result.reason for result in results[:4])


def test_a_batch_is_shared_out_and_only_the_response_that_hangs_is_wrong(pool: Pools) -> None:
    results = pool("ranks", deadline=DEADLINE).grade(requests("ccc", "loop", "a", "bb"))
    assert results[1].verdict is Verdict.WRONG
    assert [results[i].verdict for i in (0, 2, 3)] == [Verdict.SCORED] * 3
    assert results[2].score < results[3].score < results[0].score  # type: ignore[operator]


def test_requests_that_wait_side_by_side_are_told_apart(pool: Pools) -> None:
    results = pool("waits", deadline=DEADLINE).grade(requests("a", "b", "loop", "c", "d"))
    assert scores(results) == [1.0, 1.0, 0.0, 1.0, 1.0]
    assert results[2].verdict is Verdict.WRONG


def test_rewards_that_wait_are_graded_side_by_side_in_one_worker(pool: Pools) -> None:
    one = pool("gathers")
    assert scores(one.grade(requests(*"abcdefgh"))) == [1.0] * 8
    assert one.counts().lost == 0


# --- what a reward returns ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("deed", "reason"),
    [
        ("raise", "'misbehaves' raised ValueError (misbehaving.py, line *): this reward raises"),
        ("nan", "'misbehaves' returned nan"),
        ("inf", "'misbehaves' returned -inf"),
        ("text", "'misbehaves' returned '1.0' of type str"),
        ("none", "'misbehaves' returned None"),
        ("above", "'misbehaves' returned 1.5"),
        ("sys.exit", "'misbehaves' raised SystemExit (misbehaving.py, line "),
        ("recurse", "'misbehaves' raised RecursionError"),
        (
            "raise_unprintable",
            "'misbehaves' raised _Unprintable (misbehaving.py, line *): (its message cannot be printed)",
        ),
        ("unprintable", "'misbehaves' returned what cannot be printed of type _Unprintable"),
        ("huge", "'misbehaves' returned inf; a score must be finite"),
        ("holds_nan", "'misbehaves' returned nan; a score must be finite"),
    ],
)
def test_what_cannot_be_paid_is_ungraded_and_names_the_reward(deed: str, reason: str) -> None:
    result = grade(f"{FILE}:misbehaves", requests(deed), workers=1)[0]
    assert result.verdict is Verdict.UNGRADED
    assert result.score is None
    assert all(part in result.reason for part in reason.split("*"))


def test_numbers_and_bools_of_a_reward_with_right_and_wrong_are_its_correctness() -> None:
    results = grade(f"{FILE}:misbehaves", requests("fine", "bool", "partial"), workers=1)
    assert [(r.score, r.correctness, r.verdict.value) for r in results] == [
        (1.0, 1.0, "correct"),
        (1.0, 1.0, "correct"),
        (0.25, 0.25, "partial"),
    ]


def test_a_grade_that_is_not_plain_data_is_ungraded(pool: Pools) -> None:
    results = pool("misbehaves").grade(requests("odd", "fine"))
    assert [r.score for r in results] == [None, 1.0]
    assert "'misbehaves' returned a grade that is not plain data" in results[0].reason


@pytest.mark.parametrize(
    ("deed", "fault"),
    [
        ("odd_verdict", "'great' is not a valid Verdict"),
        ("odd_steps", "a step is (1, 0.5), not a StepScore"),
        ("no_reason", "reason is None, not text"),
        ("odd_extracted", "extracted is 5, not text"),
        ("nan_part", "part 'a' is nan, not a finite number"),
        ("text_part", "part 'a' is 'x', not a finite number"),
        ("nameless_part", "a part's name is 1, not text"),
        ("no_parts", "parts are None, not numbers by name"),
        ("deep", "extracted is"),
    ],
)
def test_a_grade_with_a_field_of_another_type_is_ungraded_and_kills_nothing(pool: Pools, deed: str, fault: str) -> None:
    one = pool("misbehaves")
    results = one.grade(requests(deed, "fine"))
    assert scores(results) == [None, 1.0]
    assert f"'misbehaves' returned a grade that is not plain data: {fault}" in results[0].reason
    assert one.counts().lost == 0


def test_numbers_are_read_however_they_are_held(pool: Pools) -> None:
    results = pool("misbehaves").grade(requests("plain_verdict", "bool_score", "held", "decimal"))
    assert scores(results) == [1.0, 1.0, 1.0, 0.25]
    assert type(results[1].score) is float
    assert results[0].verdict is Verdict.CORRECT


def test_a_function_that_returns_what_must_be_awaited_is_told_so(pool: Pools) -> None:
    one = pool("misbehaves")
    results = one.grade(requests("coroutine", "awaited", "fine"))
    assert scores(results) == [None, 1.0, 1.0]
    assert "make it `async def`" in results[0].reason
    assert one.counts().lost == 0


def test_a_request_made_with_a_field_of_another_type_is_refused_or_left_ungraded(pool: Pools) -> None:
    one = pool("misbehaves")
    for broken in ({"response": None}, {"response": "fine", "reference": "5"}, {"response": "fine", "finish": "stop"}):
        with pytest.raises(InvalidRow, match="cannot be sent to a worker"):
            one.grade([GradeRequest(**broken)])  # type: ignore[arg-type]
    results = one.grade([GradeRequest(response="fine", sample_id="a"), *requests("fine")])  # type: ignore[arg-type]
    assert scores(results) == [None, 1.0]
    assert "the request cannot be read: sample must be an integer, not 'a'" in results[0].reason
    assert one.counts().lost == 0


@pytest.mark.parametrize("kind", ["table", "set", "bytes", "breaks"])
def test_a_batch_graded_without_an_order_is_not_graded(pool: Pools, kind: str) -> None:
    results = pool("unordered").grade(requests(kind, "b"))
    assert scores(results) == [None, None]
    why = "raised ZeroDivisionError (misbehaving.py, line" if kind == "breaks" else "return a list, one value each"
    assert why in results[0].reason


def test_a_grader_that_declares_no_concurrency_is_at_one_call_at_a_time(pool: Pools) -> None:
    assert scores(pool("one_at_a_time").grade(requests(*["x"] * 40))) == [1.0] * 40


def test_a_batched_reward_with_a_wrong_count_grades_nothing(pool: Pools) -> None:
    results = pool("miscounts").grade(requests("a", "b"))
    assert all("returned 3 values for 2 requests" in result.reason for result in results)


def test_printing_and_reading_input_do_not_reach_the_protocol(pool: Pools, capsys: pytest.CaptureFixture[str]) -> None:
    results = pool("misbehaves").grade(requests("print", "input", "surrogate", "print", "fine"))
    assert scores(results) == [1.0] * 5
    assert results[2].reason == "\ud800 and \n a second line"
    shown = ""

    def all_shown() -> bool:
        nonlocal shown
        shown += capsys.readouterr().err
        return shown.count("hello from a reward") == 2 and "from a child" in shown

    until(all_shown, "what was printed")


def test_a_child_that_a_reward_forks_and_lets_go_on_answers_nothing(pool: Pools) -> None:
    one = pool("misbehaves")
    assert scores(one.grade(requests("fork_and_return", "partial", "fork_and_return", "fine"))) == [1.0, 0.25, 1.0, 1.0]
    assert one.counts().lost == 0


# --- threads, loops, order ------------------------------------------------------------------------------------------


def math_requests(count: int) -> list[GradeRequest]:
    """Even ones are right."""
    return [
        GradeRequest(response=f"\\boxed{{{i}}}", reference=MathReference(answer=str(i + i % 2)), sample_id=i)
        for i in range(count)
    ]


def test_a_thousand_requests_keep_their_order() -> None:
    results = grade("math", math_requests(1000), workers=2)
    assert [result.extracted for result in results] == [str(i) for i in range(1000)]
    assert scores(results) == [1.0 - i % 2 for i in range(1000)]


def test_eight_threads_and_an_event_loop_grade_at_once() -> None:
    found: dict[int, list[float | None]] = {}

    def work(number: int) -> None:
        found[number] = scores(grade("math", math_requests(50 + number), workers=2))

    async def main() -> list[list[GradeResult]]:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.001)

        ticking = asyncio.create_task(tick())
        graded = await asyncio.gather(*(agrade("math", math_requests(40), workers=2) for _ in range(4)))
        inside = grade("math", math_requests(3), workers=2)  # blocking, yet inside a running loop
        ticking.cancel()
        assert ticks > 1
        return [*graded, inside]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    graded = asyncio.run(main())
    for thread in threads:
        thread.join()
    assert found == {i: [1.0 - j % 2 for j in range(50 + i)] for i in range(8)}
    assert [len(results) for results in graded] == [40, 40, 40, 40, 3]


def test_a_pool_outlives_the_event_loop_and_the_thread_that_first_used_it(pool: Pools) -> None:
    one = pool("loops")
    thread = threading.Thread(target=lambda: one.start())
    thread.start()
    thread.join()
    assert scores(asyncio.run(one.agrade(requests("right")))) == [1.0]
    assert scores(asyncio.run(one.agrade(requests("right")))) == [1.0]
    assert one.counts().started == 1


def test_futures_come_back_as_each_grade_is_done(pool: Pools) -> None:
    one = pool("misbehaves", workers=2).start()
    slow, fast = one.submit(GradeRequest(response="sleep")), one.submit(GradeRequest(response="fine"))
    assert fast.result(PATIENCE).score == 1.0
    assert slow.result(PATIENCE).score == 1.0


def test_a_callback_may_submit_but_must_not_wait(pool: Pools) -> None:
    one = pool("loops")
    outcome: Future[object] = Future()

    def after(_future: Future[GradeResult]) -> None:
        try:
            one.grade(requests("right"))
        except RuntimeError as error:
            outcome.set_result((str(error), one.submit(GradeRequest(response="right"))))

    one.submit(GradeRequest(response="right")).add_done_callback(after)
    message, second = outcome.result(PATIENCE)  # type: ignore[misc]
    assert "callback" in message
    assert second.result(PATIENCE).score == 1.0


def test_a_grade_that_nobody_waits_for_any_more_is_cancelled_in_its_worker(pool: Pools, tmp_path: Path) -> None:
    one = pool("naps", workers=1)
    long = [str(tmp_path / f"{number} long") for number in range(3)]  # the third waits for the others

    async def leave() -> None:
        asking = asyncio.create_task(one.agrade(requests(*long)))
        await happens(lambda: all(Path(name).exists() for name in long[:2]), "two to begin")
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    asyncio.run(leave())
    assert scores(one.grade(requests(str(tmp_path / "short")))) == [1.0]
    assert [Path(name).read_text() for name in long[:2]] == ["begun\ncancelled\n"] * 2
    assert not Path(long[2]).exists()
    assert (one.counts().started, one.counts().lost) == (1, 0)


@pytest.mark.parametrize("reward", ["sticks", "sticks_in_a_loop"])
def test_a_grade_that_never_awaits_ends_with_its_worker_when_nobody_waits_for_it(
    pool: Pools, tmp_path: Path, reward: str
) -> None:
    one = pool(reward, workers=1)
    long = tmp_path / "long"

    async def leave() -> None:
        asking = asyncio.create_task(one.agrade(requests(str(long))))
        await happens(long.exists, "it to begin")
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    asyncio.run(leave())
    until(lambda: one.counts().lost, "the worker to be ended")
    assert scores(one.grade(requests(str(tmp_path / "short")))) == [1.0]
    assert (one.counts().started, one.counts().blamed) == (2, 0)
    assert long.read_text() == "begun\n"


def test_the_first_worker_that_is_ready_leaves_the_others_their_share(pool: Pools) -> None:
    one = pool("loops", workers=2)
    hangs, right = (one.submit(request) for request in requests("loop", "right"))
    assert right.result(PATIENCE).score == 1.0
    assert not hangs.done()
    one.abandon([hangs])


def test_a_grade_that_nobody_waits_for_any_more_is_not_repeated(pool: Pools) -> None:
    one = pool("loops", workers=1, deadline=DEADLINE)

    async def leave() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(one.agrade(requests("loop for ever")), DEADLINE / 2)

    assert scores(one.grade(requests("right"))) == [1.0]
    asyncio.run(leave())
    assert scores(one.grade(requests("right"))) == [1.0]
    assert (one.counts().started, one.counts().lost) == (2, 1)


def test_cancelled_requests_are_not_graded(pool: Pools) -> None:
    one = pool("misbehaves").start()
    futures = [one.submit(GradeRequest(response="sleep")) for _ in range(30)]
    cancelled = [future.cancel() for future in futures]
    assert sum(cancelled) > 15
    assert one.grade(requests("fine"))[0].score == 1.0
    assert one.counts().answered <= 31 - sum(cancelled)
