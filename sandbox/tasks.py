"""What became of a task, and tasks in the background.

Example:
    >>> async def work() -> int:
    ...     return 1
    >>> async def both() -> tuple[int | None, int | None]:
    ...     task = asyncio.create_task(work())
    ...     before = given_by(task)
    ...     await asyncio.wait([task])
    ...     return before, given_by(task)
    >>> asyncio.run(both())
    (None, 1)
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def given_by(task: asyncio.Future[T] | None) -> T | None:
    """What a task has returned; None if there is none yet, or it was cancelled, or raised."""
    if task is None or not task.done() or task.cancelled() or task.exception() is not None:
        return None
    return task.result()


def mark_seen(task: asyncio.Future[Any]) -> None:
    """Mark the exception of a task that is done as seen: who awaits it gets it, and asyncio shall not log it."""
    given_by(task)


class Background:
    """Tasks that nobody awaits. They are kept here, since event loops have only weak references to them."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Begin one."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def at_work(self) -> list[asyncio.Task[None]]:
        """Those that have not ended."""
        return list(self._tasks)

    async def wait(self, seconds: float | None = None) -> None:
        """Wait until all have ended, however, or for that long."""
        if tasks := self.at_work():
            await asyncio.wait(tasks, timeout=seconds)
