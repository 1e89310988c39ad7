"""Run a coroutine that never suspends, without an event loop.

Example:
    >>> async def four() -> int:
    ...     return 4
    >>> run_without_loop(four())
    4
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

WAITS = "a reward that was registered as a plain function waits for something; make it `async def`"


def run_without_loop(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never suspends; an event loop would cost more than most grades.

    Raises RuntimeError if it suspends.
    """
    try:
        coroutine.send(None)
    except StopIteration as stop:
        value: T = stop.value
        return value
    coroutine.close()
    raise RuntimeError(WAITS)
