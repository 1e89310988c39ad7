"""Event loops: create one for grading workers (uvloop if installed, which makes running a program a tenth cheaper), and
get notified when a caller's loop closes.

Example:
    >>> import asyncio
    >>> with asyncio.Runner(loop_factory=new_event_loop) as runner:
    ...     runner.run(asyncio.sleep(0, "done"))
    'done'
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable

_NEVER = 1e8  # seconds: three years


def new_event_loop() -> asyncio.AbstractEventLoop:
    """A new event loop, not yet running."""
    try:
        import uvloop
    except ImportError:  # uvloop does not exist for every platform
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def when_closed(loop: asyncio.AbstractEventLoop, then: Callable[[], None]) -> Callable[[], None]:
    """Call `then` when a loop is closed. The returned function cancels this.

    Loops have no close hook, but a closing loop drops its scheduled calls: so this schedules a call in the far future,
    whose finalizer calls `then`.
    """
    call = _Call()
    ended = weakref.finalize(call, then)
    ended.atexit = False
    handle = weakref.ref(loop.call_later(_NEVER, call))  # the loop owns the handle, which owns the call
    del call

    def forget() -> None:
        ended.detach()
        if (held := handle()) is not None:
            held.cancel()

    return forget


class _Call:
    """The scheduled call, which never runs."""

    def __call__(self) -> None:
        pass
