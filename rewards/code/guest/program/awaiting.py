"""In the candidate: its coroutines run as tasks on its own event loop, which runs while the checker waits.

If the program awaits something of the test (an asynchronous callback), that runs on the checker's loop. The two loops
take turns.

Tasks that a test starts together (`gather`) arrive one by one. Until all have run their first step, the clock of the
loop almost stands still, so that a short sleep of the first ends no sooner than the last begins.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from _thread import get_ident
from collections.abc import Callable, Generator
from typing import Any

_TURN = 0.001  # seconds that each of the two loops runs before the other's turn
_PACE = 0.05  # of the CPU time, for the clock while tasks start together
_loops: dict[int, _Loop] = {}  # of each thread that drives one
_tasks: dict[int, asyncio.Task[Any]] = {}
_numbers = itertools.count(1)
_begun: set[int] = set()  # tasks that have run their first step
_cancelled: set[int] = set()
_waiting: dict[int, asyncio.Future[Any]] = {}
_to_start: dict[int, list[tuple[int, Any]]] = {}  # of each thread


class _Loop(asyncio.SelectorEventLoop):
    """A loop whose clock almost stands still while tasks start together: so neither the time between their first steps
    counts, nor waiting for a core. It runs with the CPU time, because a program may wait for it without giving way.
    """

    _paused = 0.0  # the time when the last first step ended
    _offset: float | None = None  # of the clock to a share of the thread's CPU time

    def time(self) -> float:
        return time.monotonic() if self._offset is None else self._offset + _PACE * time.thread_time()

    def turn(self, task: asyncio.Task[Any], wait: float, first: bool = False) -> None:
        """Run until the task is done, for at most `wait` seconds. first: only its first step, as others start, too."""
        self._offset = (self._paused or time.monotonic()) - _PACE * time.thread_time() if first else None
        self.run_until_complete(asyncio.wait({task}, timeout=0 if task.done() or first else wait))
        self._paused = self.time() if first else 0.0


def _loop() -> _Loop:
    me = get_ident()
    if me not in _loops:
        _loops[me] = _Loop()
        asyncio.set_event_loop(_loops[me])
    return _loops[me]


async def _awaited(value: Any) -> Any:
    return await value


def start(value: Any) -> int:
    """Make a task of an awaitable. Returns its number."""
    number = next(_numbers)
    loop = _own_loop() or _loop()
    _tasks[number] = loop.create_task(value if asyncio.iscoroutine(value) else _awaited(value))
    return number


def _own_loop() -> asyncio.AbstractEventLoop | None:
    """The loop that the program runs in this thread just now, within a call that the checker waits for.

    Then the test awaits something in turn that the program awaits of it. That advances between the polls.
    """
    return asyncio._get_running_loop()


def _settle(finished: tuple[Any, ...]) -> None:
    for token, good, value in finished:
        future = _waiting.pop(token)
        if future.done():
            continue
        if good:
            future.set_result(value)
        else:
            future.set_exception(value)


def pump(number: int, wait: float, finished: tuple[Any, ...]) -> tuple[bool | None, Any]:
    """Run the loop until the task is done, for a bounded time. Returns its result, or else what the checker must await.

    None = it is done because the checker no longer waits.
    """
    task = _tasks[number]
    _settle(finished)
    if _own_loop() is None:
        _loop().turn(task, wait, first=number not in _begun)
    _begun.add(number)
    if task.done():
        _tasks[number] = None  # type: ignore[assignment]
        if number in _cancelled and task.cancelled():
            return None, None
        return True, task.result()
    return False, tuple(_to_start.pop(get_ident(), ()))


def cancel(number: int) -> None:
    """Cancel a task for which the checker no longer waits."""
    task = _tasks.get(number)
    if task is not None and not task.done():
        _cancelled.add(number)
        task.cancel()
        if _own_loop() is None:
            _loop().turn(task, 0.05)


def of_checker(stub: Any) -> Generator[Any, Any, Any]:
    """`__await__` of an object that the checker must await."""
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    token = id(future)
    _waiting[token] = future
    if loop is not _loops.get(get_ident()):
        _of_own_loop(loop, future, stub)
        return (yield from future.__await__())
    _to_start.setdefault(get_ident(), []).append((token, stub))
    # Return to the checker soon: it has work to do.
    return (yield from future.__await__())


def _of_own_loop(loop: asyncio.AbstractEventLoop, future: asyncio.Future[Any], stub: Any) -> None:
    """The program runs this loop within a call that the checker waits for: ask the checker to run its own loop."""
    token = id(future)

    def poll(starting: tuple[Any, ...] = ()) -> None:
        if not future.done():
            _settle(stub._back("poll", starting, (), _TURN))
        if not future.done():
            loop.call_later(_TURN, poll)

    def ended(_: object) -> None:
        if _waiting.pop(token, None) is not None and not loop.is_closed():
            stub._back("poll", (), (token,), 0.0)

    future.add_done_callback(ended)
    loop.call_soon(poll, ((token, stub),))


OPERATIONS: dict[str, Callable[..., Any]] = {"start": start, "pump": pump, "cancel": cancel}
