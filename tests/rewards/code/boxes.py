"""A real sandbox for the tests of the judges: one for all tests of a module, in an event loop of its own thread.

`tests/rewards/code/conftest.py` closes it behind the module.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import TypeVar

from rewards.code.languages import Toolchains
from rewards.code.sandboxes import GUESTS
from sandbox.namespaces import NamespaceSandbox
from sandbox.protocol import Sandbox
from tests.conftest import absent, need

T = TypeVar("T")
_SECONDS = 240.0  # of one judgement, on a busy machine


def isolation() -> str:
    """What a run of the namespaces says of itself on this machine."""
    return "namespaces (memory per process only)" if absent("cgroups") else "namespaces"


class Box:
    """A sandbox with the toolchains of this machine, its loop and its thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._sandbox = NamespaceSandbox(slots=4, guests=GUESTS, expose=Toolchains().roots())

    def do(self, work: Callable[[Sandbox], Awaitable[T]]) -> T:
        async def within() -> T:
            return await asyncio.wait_for(work(self._sandbox), _SECONDS)

        return asyncio.run_coroutine_threadsafe(within(), self._loop).result()

    def close(self) -> None:
        self.do(lambda sandbox: sandbox.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


_box: list[Box] = []  # none, or the one that is open


def inside(work: Callable[[Sandbox], Awaitable[T]]) -> T:
    """Run a coroutine function with the sandbox; where nothing isolates programs the test is skipped."""
    need("isolation")
    if not _box:
        _box.append(Box())
    return _box[0].do(work)


def close_box() -> None:
    """Close the sandbox, if one is open."""
    while _box:
        _box.pop().close()
