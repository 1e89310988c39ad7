"""Deadlines of the waits of a conversation: one timer, which ends the wait that is over its time, and no other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from rewards.code.styles.messages import Deadline
from rewards.event_loops import new_event_loop

Conversation = Callable[[Deadline], Awaitable[None]]
Talk = Callable[[Conversation], None]
SHORT, LONG = 0.02, 600.0
LOOPS = {"asyncio": asyncio.new_event_loop, "of workers": new_event_loop}


@pytest.fixture(params=LOOPS)
def talk(request: pytest.FixtureRequest) -> Talk:
    """Runs a conversation that gets a deadline, on each kind of event loop."""

    async def with_deadline(conversation: Conversation) -> None:
        deadline = Deadline()
        try:
            await conversation(deadline)
        finally:
            deadline.close()

    def run(conversation: Conversation) -> None:
        with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner:
            runner.run(with_deadline(conversation))

    return run


def soon(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


def test_a_wait_ends_at_its_time_whatever_was_the_time_of_the_one_before(talk: Talk) -> None:
    async def conversation(deadline: Deadline) -> None:
        for first in (LONG, SHORT):
            with deadline.until(soon(first)):
                await asyncio.sleep(0)
            with pytest.raises(TimeoutError), deadline.until(soon(SHORT)):
                await asyncio.Event().wait()

    talk(conversation)


def test_a_later_time_replaces_an_earlier_one(talk: Talk) -> None:
    async def conversation(deadline: Deadline) -> None:
        with deadline.until(soon(SHORT)):
            await asyncio.sleep(0)
        with deadline.until(soon(LONG)):
            await asyncio.sleep(5 * SHORT)

    talk(conversation)


def test_a_time_that_has_passed_ends_the_first_wait(talk: Talk) -> None:
    async def conversation(deadline: Deadline) -> None:
        with pytest.raises(TimeoutError), deadline.until(soon(-1.0)):
            await asyncio.Event().wait()

    talk(conversation)


def test_what_is_done_between_waits_has_no_deadline(talk: Talk) -> None:
    async def conversation(deadline: Deadline) -> None:
        with deadline.until(soon(SHORT)):
            await asyncio.sleep(0)
        await asyncio.sleep(5 * SHORT)
        with deadline.until(soon(LONG)):
            await asyncio.sleep(0)

    talk(conversation)


def test_who_cancels_the_task_is_not_mistaken_for_the_deadline(talk: Talk) -> None:
    async def conversation(deadline: Deadline) -> None:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().call_soon(task.cancel)
        with pytest.raises(asyncio.CancelledError), deadline.until(soon(LONG)):
            await asyncio.Event().wait()
        assert task.uncancel() == 0

    talk(conversation)
