"""Who is to blame for a call that never came back: the decisions alone, without a process."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from rewards.retry_policy import Answered, Attempt, Lost, Outcome, Penalty, attempt_sequence
from rewards.types import GradeRequest, GradeResult, Verdict

FINE = GradeResult.correct()
PENALTY = Penalty(score=-1.0, right_and_wrong=True)


def requests(count: int) -> list[GradeRequest]:
    return [GradeRequest(response=f"response {i}") for i in range(count)]


def play(asked: Sequence[GradeRequest], outcomes: Sequence[Outcome]) -> tuple[list[Attempt], list[GradeResult]]:
    """Walk a case through outcomes; what it tried and what it decided."""
    case = attempt_sequence(asked, PENALTY)
    attempts = [next(case)]
    for outcome in outcomes:
        try:
            attempts.append(case.send(outcome))
        except StopIteration as decided:
            assert len(attempts) == len(outcomes), "it decided before all outcomes were used"
            return attempts, decided.value
    pytest.fail("it wants more outcomes")


def test_an_answer_is_taken_and_nothing_is_repeated() -> None:
    attempts, results = play(requests(1), [Answered([FINE])])
    assert results == [FINE]
    assert not attempts[0].alone


def test_a_loss_is_repeated_once_alone() -> None:
    attempts, results = play(requests(1), [Lost("late"), Answered([FINE])])
    assert [a.alone for a in attempts] == [False, True]
    assert results == [FINE]


def test_lost_twice_while_the_control_answers_is_the_responses_doing() -> None:
    attempts, results = play(requests(1), [Lost("late"), Lost("late again"), Answered([])])
    assert [a.control for a in attempts] == [False, False, True]
    assert attempts[-1].requests[0].response == "", "one of 200 MB takes longer to hand over than the deadline"
    assert results[0].verdict is Verdict.WRONG
    assert (results[0].score, results[0].correctness) == (-1.0, 0.0)
    assert results[0].reason == "grading limit: late again, twice, while a harmless response in its place was graded"


def test_a_call_whose_worker_is_killed_is_repeated_more_often() -> None:
    killed = Lost("the worker was ended by SIGKILL", killed=True)
    attempts, results = play(requests(1), [killed, killed, killed, Answered([FINE])])
    assert results == [FINE]
    assert not any(a.control for a in attempts)
    assert all(a.alone for a in attempts[1:])
    _attempts, results = play(requests(1), [killed] * 6 + [Answered([])])
    assert results[0].verdict is Verdict.WRONG
    _attempts, results = play(requests(1), [killed, killed, Lost("late"), Answered([])])
    assert results[0].verdict is Verdict.WRONG


def test_in_a_batch_as_well_a_response_whose_worker_is_killed_is_tried_more_often() -> None:
    killed = Lost("the worker was ended by SIGKILL", killed=True)
    outcomes = [Lost("late"), Lost("late"), Answered([]), killed, killed, Answered([FINE] * 2), Lost("it")]
    _attempts, results = play(requests(2), [*outcomes, Answered([FINE] * 2)])
    assert [r.verdict for r in results] == [Verdict.CORRECT, Verdict.WRONG]


def test_lost_twice_and_the_control_lost_is_the_graders_doing() -> None:
    _attempts, results = play(requests(1), [Lost("late"), Lost("late"), Lost("control late")])
    assert results[0].verdict is Verdict.UNGRADED
    assert "control late" in results[0].reason


def test_a_batch_tries_each_response_among_controls_and_grades_the_innocent_without_the_guilty() -> None:
    asked = requests(3)
    graded = [GradeResult.scored(float(i)) for i in range(3)]
    outcomes = [
        Lost("late"),
        Lost("late"),
        Answered([]),
        Answered(graded),
        Lost("it"),
        Answered(graded),
        Answered(graded),
    ]
    attempts, results = play(asked, outcomes)
    tried = [[r.response for r in a.requests] for a in attempts[3:]]
    assert tried == [
        ["response 0", "", ""],
        ["", "response 1", ""],
        ["", "", "response 2"],
        ["response 0", "", "response 2"],
    ]
    assert [r.verdict for r in results] == [Verdict.SCORED, Verdict.WRONG, Verdict.SCORED]
    assert [results[0].score, results[2].score] == [0.0, 2.0]


def test_a_batch_of_which_no_response_hangs_by_itself_is_ungraded() -> None:
    outcomes = [Lost("late"), Lost("late"), Answered([]), Answered([FINE] * 2), Answered([FINE] * 2)]
    _attempts, results = play(requests(2), outcomes)
    assert [r.verdict for r in results] == [Verdict.UNGRADED] * 2


def test_a_batch_of_which_all_hang_is_all_wrong() -> None:
    _attempts, results = play(requests(2), [Lost("late"), Lost("late"), Answered([]), Lost("a"), Lost("b")])
    assert [r.verdict for r in results] == [Verdict.WRONG] * 2
