"""Close a sandbox that its user forgot to close, when its event loop ends or it is garbage-collected.

An event loop closes its asynchronous generators when it ends (`asyncio.run`, `shutdown_asyncgens`), and an unreferenced
one when it is collected. So a generator with a `finally` can await the sandbox's end, which a finalizer cannot. A loop
that is closed by hand does neither.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable


def close_with_loop(close: Callable[[], Awaitable[None]]) -> AsyncGenerator[None, None]:
    """Let the running event loop await `close` when it ends, or when the returned generator is collected.

    `close` must be idempotent. If it is a method of the generator's holder, only the cyclic collector frees them.
    """
    ending = _until_closed(close)
    with contextlib.suppress(StopIteration):  # run it up to its `yield`, so that the loop tracks it
        ending.asend(None).send(None)
    return ending


async def _until_closed(close: Callable[[], Awaitable[None]]) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await close()
