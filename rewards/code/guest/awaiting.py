"""In the candidate: its coroutines run as tasks of an event loop of its own, which runs while the checker waits.

What the program awaits of the test (an asynchronous callback) runs on the checker's loop; the two loops take turns.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .candidate import Host

_loops: list[asyncio.AbstractEventLoop] = []
_tasks: dict[int, asyncio.Task[Any]] = {}
_waiting: dict[int, asyncio.Future[Any]] = {}
_to_start: list[tuple[int, Any]] = []


def _loop() -> asyncio.AbstractEventLoop:
    if not _loops:
        _loops.append(asyncio.new_event_loop())
        asyncio.set_event_loop(_loops[0])
    return _loops[0]


async def _awaited(value: Any) -> Any:
    return await value


def start(_host: Host, value: Any) -> int:
    """Make a task of something that can be awaited; its number."""
    number = len(_tasks) + 1
    _tasks[number] = _loop().create_task(value if asyncio.iscoroutine(value) else _awaited(value))
    return number


def pump(_host: Host, number: int, wait: float, finished: tuple[Any, ...]) -> tuple[bool, Any]:
    """Let the loop run until the task is done, or so long. Done: its result; else what the checker is to await."""
    loop, task = _loop(), _tasks[number]
    for token, good, value in finished:
        future = _waiting.pop(token)
        if future.done():
            continue
        if good:
            future.set_result(value)
        else:
            future.set_exception(value)
    loop.run_until_complete(asyncio.wait({task}, timeout=0 if task.done() else wait))
    if task.done():
        _tasks[number] = None  # type: ignore[assignment]
        return True, task.result()
    starting = tuple(_to_start)
    _to_start.clear()
    return False, starting


def cancel(_host: Host, number: int) -> None:
    """The checker no longer waits."""
    task = _tasks.get(number)
    if task is not None and not task.done():
        task.cancel()
        _loop().run_until_complete(asyncio.wait({task}, timeout=0.05))


def aiter(_host: Host, value: Any) -> Any:
    return type(value).__aiter__(value)


def anext(_host: Host, value: Any) -> Any:
    return type(value).__anext__(value)


def aenter(_host: Host, value: Any) -> Any:
    return type(value).__aenter__(value)


def aexit(_host: Host, value: Any, kind: Any, error: Any) -> Any:
    return type(value).__aexit__(value, kind, error, None)


def of_checker(stub: Any) -> Generator[Any, Any, Any]:
    """`__await__` of something that the checker is to await."""
    future = asyncio.get_running_loop().create_future()
    token = id(future)
    _waiting[token] = future
    _to_start.append((token, stub))
    # Return to the checker soon: it has something to do.
    return (yield from future.__await__())
