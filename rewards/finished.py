"""Run a coroutine that never waits: an event loop would cost more than the grade."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def finished(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never waits: an event loop would cost more than the grade."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        value: T = stop.value
        return value
    coroutine.close()
    raise RuntimeError("a reward that was registered as a plain function waits for something; make it `async def`")
