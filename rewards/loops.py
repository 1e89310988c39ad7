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
    except ImportError:  # it is not made for every platform
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def when_closed(loop: asyncio.AbstractEventLoop, then: Callable[[], None]) -> Callable[[], None]:
    """Call back when a loop is closed, unless what is returned was called before: who waits in it will not go on.

    A loop says nothing of its end, and lets go then of what it was to call later.
    """
    call = _Call()
    ended = weakref.finalize(call, then)
    ended.atexit = False
    handle = weakref.ref(loop.call_later(_NEVER, call))  # only the loop holds the handle, and only this the call
    del call

    def forget() -> None:
        ended.detach()
        if (held := handle()) is not None:
            held.cancel()

    return forget


class _Call:
    """What a loop is to call after three years."""

    def __call__(self) -> None:
        pass
