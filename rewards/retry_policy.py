"""Decide who is to blame when a grade never arrives: the attempts of one call of a grader, as pure decisions.

A call is *lost* when its deadline passed or its worker died under it (killed, out of memory, `os._exit`). Then:

1. the call is repeated once, alone, on a fresh worker: the first loss may have been another's doing, or a busy machine.
   It is repeated a few times more while SIGKILL ends its worker: that comes from outside (a person, a machine whose
   memory is full) far more often than from a response;
2. lost again: a control call, of requests that the grader must answer (the same row with an empty or otherwise
   harmless response), runs on a fresh worker;
3. control lost too: the grader is at fault: *ungraded*. Control answered: the response is: *wrong*, `grading limit`.

A call of several requests (a batched reward) shares out the blame: each response is run alone among control responses;
those that are lost again are wrong, and the others are graded with the guilty replaced by controls. Where no single one
is lost, the call as a whole is ungraded.

The generator yields an `Attempt` and is sent an `Outcome`. It touches no process, so tests can drive it directly.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from rewards.types import GradeRequest, GradeResult, Verdict

GRADING_LIMIT = "grading limit"
HARMLESS = "a harmless response in its place"  # what a control request is, in reasons that users read
_MOST_KILLED = 5  # attempts of a call alone, if SIGKILL ends the worker of each


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call to make. alone: on a worker that has graded nothing, with no other calls.

    control: do not grade these requests but the control requests that their rewards make of them.
    """

    requests: Sequence[GradeRequest]
    alone: bool = True
    control: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """The worker answered in time; a control call has no results."""

    results: list[GradeResult]


@dataclass(frozen=True, slots=True)
class Lost:
    """The worker did not answer; `cause` says why. killed: SIGKILL ended it, and the pool did not send it."""

    cause: str
    killed: bool = False


Outcome: TypeAlias = Answered | Lost
AttemptSequence: TypeAlias = Generator[Attempt, Outcome, list[GradeResult]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Penalty:
    """The grade of a response that hangs the grader.

    score: the lowest score of the reward. right_and_wrong: its grades have a correctness, which is then 0.
    """

    score: float = 0.0
    right_and_wrong: bool = True

    def wrong(self, lost: Lost) -> GradeResult:
        how_often = "each time" if lost.killed else "twice"
        return GradeResult(
            score=self.score,
            correctness=0.0 if self.right_and_wrong else None,
            verdict=Verdict.WRONG,
            reason=f"{GRADING_LIMIT}: {lost.cause}, {how_often}, while {HARMLESS} was graded",
        )


def empty(request: GradeRequest) -> GradeRequest:
    """The response that replaces the others while one of a batch is tried."""
    return replace(request, response="")


def control_of(requests: Sequence[GradeRequest]) -> Attempt:
    """The control call of these rows. The response does not come along: it may be what takes too long to hand over."""
    return Attempt([empty(request) for request in requests], control=True)


def attempt_sequence(
    requests: Sequence[GradeRequest],
    penalty: Penalty,
    stand_in: Callable[[GradeRequest], GradeRequest] = empty,
) -> AttemptSequence:
    """The attempts of one call: decides after each loss what to try next."""
    outcome = yield Attempt(requests, alone=False)
    if isinstance(outcome, Answered):
        return outcome.results
    outcome = yield from _tried(Attempt(requests))
    if isinstance(outcome, Answered):
        return outcome.results
    control = yield control_of(requests)
    if isinstance(control, Lost):
        reason = f"the grader is at fault: {outcome.cause}; {HARMLESS} fared no better: {control.cause}"
        return [GradeResult.ungraded(reason)] * len(requests)
    if len(requests) == 1:
        return [penalty.wrong(outcome)]
    return (yield from _share_out(requests, penalty, stand_in, outcome.cause))


def _tried(attempt: Attempt) -> Generator[Attempt, Outcome, Outcome]:
    """The outcome of an attempt, made anew while its worker is killed."""
    outcome = yield attempt
    for _ in range(_MOST_KILLED - 1):
        if isinstance(outcome, Answered) or not outcome.killed:
            break
        outcome = yield attempt
    return outcome


def _share_out(
    requests: Sequence[GradeRequest],
    penalty: Penalty,
    stand_in: Callable[[GradeRequest], GradeRequest],
    cause: str,
) -> AttemptSequence:
    guilty: dict[int, Lost] = {}
    for i, suspect in enumerate(requests):
        among_controls = [suspect if j == i else stand_in(other) for j, other in enumerate(requests)]
        outcome = yield from _tried(Attempt(among_controls))
        if isinstance(outcome, Lost):
            guilty[i] = outcome
    if not guilty:
        reason = f"the batch was lost twice ({cause}), though none of its responses is lost by itself"
        return [GradeResult.ungraded(reason)] * len(requests)
    if len(guilty) == len(requests):
        return [penalty.wrong(guilty[i]) for i in range(len(requests))]
    outcome = yield Attempt([stand_in(r) if i in guilty else r for i, r in enumerate(requests)])
    if isinstance(outcome, Lost):
        rest = [GradeResult.ungraded(f"the batch was lost even without those that hang: {outcome.cause}")] * len(
            requests
        )
    else:
        rest = outcome.results
    return [penalty.wrong(guilty[i]) if i in guilty else rest[i] for i in range(len(requests))]
