"""Event loops: that of grading workers, which is uvloop's where it is installed (it makes running a program a tenth
cheaper), and the end of a caller's.

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
    """Call `then` when a loop is closed: whoever awaits something in it will not go on. The result undoes this.

    Loops have no hook for their end. But a closing loop drops its scheduled calls: so a call is scheduled that never
    comes, and its finalizer calls `then`.
    """
    call = _Call()
    ended = weakref.finalize(call, then)
    ended.atexit = False
    handle = weakref.ref(loop.call_later(_NEVER, call))  # the loop alone holds the handle, which alone holds the call
    del call

    def forget() -> None:
        ended.detach()
        if (held := handle()) is not None:
            held.cancel()

    return forget


class _Call:
    """What is scheduled and never comes."""

    def __call__(self) -> None:
        pass
