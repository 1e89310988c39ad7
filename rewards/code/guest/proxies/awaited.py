"""In the checker: the program's coroutines and asynchronous iterators, awaited by tests on the checker's event loop.

While one is awaited, the program's loop and ours run in turns. If the program awaits something of the test, that
becomes a task here, and its result is sent with the next turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from typing import Any
from weakref import WeakKeyDictionary

from ..encoding.codec import Violation
from . import assertions, operators, proxies

_SHORTEST, _LONGEST = 0.0005, 0.01
_own: list[asyncio.AbstractEventLoop] = []  # the loop used by `poll`
_running: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[int, asyncio.Task[Any]]] = WeakKeyDictionary()


def _here() -> dict[int, asyncio.Task[Any]]:
    """The tasks that run for the program on the running loop."""
    return _running.setdefault(asyncio.get_running_loop(), {})


async def _awaited(value: Any) -> Any:
    return await value


def _start(starting: Any) -> None:
    if type(starting) is not tuple:
        raise Violation("nothing to await")
    for item in starting:
        if type(item) is not tuple or len(item) != 2 or type(item[0]) is not int or proxies.is_proxy(item[1]):
            raise Violation("nothing to await")
        _here()[item[0]] = asyncio.get_running_loop().create_task(_awaited(item[1]))


def poll(starting: Any, ended: Any, wait: Any) -> tuple[Any, ...]:
    """For a program that runs its own loop within a call: run our loop for what it awaits of the test.

    starting: what it begins to await, each with a number. ended: what it no longer awaits. Returns what is done.
    """
    if type(ended) is not tuple or type(wait) is not float:
        raise Violation("nothing to await")
    if asyncio._get_running_loop() is not None:
        raise RuntimeError("asyncio.run() cannot be called from a running event loop")

    async def turn() -> tuple[Any, ...]:
        _start(starting)
        running = _here()
        given_up = [running[token] for token in ended if token in running]
        for task in given_up:
            task.cancel()
        if given_up:
            await asyncio.wait(given_up, timeout=_LONGEST)
        elif running:
            await asyncio.wait(running.values(), timeout=min(wait, _LONGEST), return_when=asyncio.FIRST_COMPLETED)
        return tuple(done for done in _finished() if done[0] not in ended)

    if not _own:
        _own.append(asyncio.new_event_loop())
    return _own[0].run_until_complete(turn())


def _finished() -> tuple[Any, ...]:
    running = _here()
    done = [(token, task) for token, task in running.items() if task.done()]
    for token, _ in done:
        del running[token]
    return tuple((token, False, e) if (e := _error(task)) else (token, True, task.result()) for token, task in done)


def _error(task: asyncio.Task[Any]) -> BaseException | None:
    if task.cancelled():
        return asyncio.CancelledError()
    error = task.exception()
    assertions.note_assertion(error)
    return error


def _drive(self: Any) -> Generator[None, None, Any]:
    link = proxies.the_link()
    number = link.ask("drive", "start", self)
    if type(number) is not int:
        raise TypeError("an object of the program cannot be awaited")
    wait = 0.0  # tasks that start together run their first steps before any goes on
    finished, cancelled = False, None
    try:
        while True:
            try:
                answer = link.ask("drive", "pump", number, 0.0 if _here() else wait, _finished())
            except BaseException:  # whatever the error: the loop is over, and the error propagates
                finished = True
                raise
            if type(answer) is not tuple or len(answer) != 2:
                raise TypeError("an object of the program cannot be awaited")
            done, value = answer
            if done is None and cancelled is not None:
                finished = True
                raise cancelled
            if done is True:
                finished = True
                for part in proxies.made_parts(value):
                    proxies.mark_given(part)
                return value
            if value:
                _start(value)
            try:
                yield
            except asyncio.CancelledError as error:  # the program may clean up first, or continue
                cancelled = error
                link.ask("drive", "cancel", number)
            wait = min(_LONGEST, max(_SHORTEST, wait * 1.5))
    finally:
        if not finished and not link.lost:
            link.ask("drive", "cancel", number)


def _generator(self: Any) -> Generator[None, None, Any]:
    state = proxies.state_of(self)
    if "\0await" not in state:
        state["\0await"] = _drive(self)
    return state["\0await"]  # type: ignore[no-any-return]


def _send(self: Any, value: Any) -> Any:
    return _generator(self).send(value)


def _throw(self: Any, *error: Any) -> Any:
    return _generator(self).throw(*error)


def _close(self: Any) -> None:
    if "\0await" in proxies.state_of(self):
        _generator(self).close()


def _aiter(self: Any) -> Any:
    return proxies.ask("__aiter__", self)


def _anext(self: Any) -> Any:
    return proxies.ask("__anext__", self)


async def _aenter(self: Any) -> Any:
    return await proxies.ask("__aenter__", self)


async def _aexit(self: Any, kind: Any, error: Any, _trace: Any) -> bool:
    return operators.may_suppress(await proxies.ask("__aexit__", self, kind, error, None), error)


METHODS: dict[str, Callable[..., Any]] = {
    "__await__": _drive,
    "__aiter__": _aiter,
    "__anext__": _anext,
    "__aenter__": _aenter,
    "__aexit__": _aexit,
}
COROUTINE: dict[str, Callable[..., Any]] = {"send": _send, "throw": _throw, "close": _close, "__await__": _generator}
