"""Waiting for what a test expects, on a machine that may be as busy as it likes.

A test waits for the thing itself, with a limit that only a hang reaches, and asserts what came of it, never how long
it took.

Example:
    process.kill()
    until(lambda: not workers_of(process.pid), "its workers to end")
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

PATIENCE = 120.0
"""Seconds for what takes a moment on a quiet machine."""


def until(happened: Callable[[], object], what: str) -> None:
    """Wait until something is so. Raises AssertionError when it does not come about."""
    limit = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < limit, f"waited {PATIENCE:g} s for {what}"
        time.sleep(0.01)


async def happens(happened: Callable[[], object], what: str) -> None:
    """The same in an event loop, which goes on meanwhile."""
    limit = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < limit, f"waited {PATIENCE:g} s for {what}"
        await asyncio.sleep(0.01)
