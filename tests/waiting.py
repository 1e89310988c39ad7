"""Waiting for what a test expects, on a machine that may be as busy as it likes.

A test waits for the thing itself, with a limit that only a hang reaches, and asserts what came of it, never how long
it took. It looks less often the longer it takes: some looks walk through all processes, which others wait for to run.

Example:
    process.kill()
    until(lambda: not workers_of(process.pid), "its workers to end")
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator

PATIENCE = 120.0
"""Seconds for what takes a moment on a quiet machine."""


def _pauses(longest: float = 0.1) -> Iterator[float]:
    """Seconds between looks: a tenth of what has passed, within bounds; none once patience has ended."""
    began = time.monotonic()
    while (passed := time.monotonic() - began) < PATIENCE:
        yield min(max(0.01, passed / 10), longest)


def until(happened: Callable[[], object], what: str, *, longest: float = 0.1) -> None:
    """Wait until something is so. Raises AssertionError when it does not come about. longest: seconds between looks."""
    pauses = _pauses(longest)
    while not happened():
        pause = next(pauses, None)
        assert pause, f"waited {PATIENCE:g} s for {what}"
        time.sleep(pause)


async def happens(happened: Callable[[], object], what: str) -> None:
    """The same in an event loop, which goes on meanwhile."""
    pauses = _pauses()
    while not happened():
        pause = next(pauses, None)
        assert pause, f"waited {PATIENCE:g} s for {what}"
        await asyncio.sleep(pause)
